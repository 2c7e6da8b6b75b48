"""The small VGG-19, the linear heads that train it, and their loss."""

import torch
from torch import nn
from torch.nn import functional as F

from d2l_style import vgg

WIDTHS = (16, 32, 64, 128, 128)
POOLS = {"max": nn.MaxPool2d, "avg": nn.AvgPool2d}
SPARSE_FROM = 12
LOSSES = ("mse", "huber", "cosine")
# Where heads sit: behind the first and the last convolution of each block,
# which are where the book reads style and content.
DEPTHS = tuple(
    layer.index + 1
    for layer, following in zip(vgg.CONVS, (*vgg.CONVS[1:], None), strict=True)
    if layer.name.endswith("_1")
    or following is None
    or following.block != layer.block
)


class Student(nn.Module):
    """VGG-19's plan at other widths; ``features`` has its indices."""

    def __init__(self, widths=WIDTHS, pool="max"):
        super().__init__()
        layers, c_in = [], 3
        for layer in vgg.LAYERS[:-1]:  # nobody sees behind the last pool
            if layer.kind == "conv":
                c_out = widths[layer.block - 1]
                conv = nn.Conv2d(c_in, c_out, 3, padding=1)
                nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
                nn.init.zeros_(conv.bias)
                layers.append(conv)
                c_in = c_out
            elif layer.kind == "relu":
                layers.append(nn.ReLU(inplace=True))
            else:
                layers.append(POOLS[pool](kernel_size=2, stride=2))
        self.features = nn.Sequential(*layers)
        self.to(memory_format=torch.channels_last)

    def forward(self, X, wanted=DEPTHS):
        """Return {index: feature map} of the layers ``wanted``."""
        maps = {}
        for i, layer in enumerate(self.features):
            X = layer(X)
            if i in wanted:
                maps[i] = X
        return maps


def pairs(scales):
    """Return {depth: [teacher's map, ...]}: who learns from which.

    Each depth learns from the teacher's maps of its own scale. Where there
    are none it learns from those of the nearest, at the coarser of the two.
    """
    found = {}
    for depth in DEPTHS:
        own = 2 ** vgg.pools_before(depth)
        nearest = min(
            scales, key=lambda s: (abs(s.bit_length() - own.bit_length()), s)
        )
        found[depth] = [k for k, s in enumerate(scales) if s == nearest]
    return found


class Heads(nn.Module):
    """One 1x1 convolution per depth predicts all maps it learns from."""

    def __init__(self, widths, teacher):
        super().__init__()
        self.pairs = pairs(teacher.scales)
        self.teacher_widths = teacher.widths
        self.convs = nn.ModuleDict()
        for depth, targets in self.pairs.items():
            c_in = widths[vgg.LAYERS[depth].block - 1]
            c_out = sum(teacher.widths[k] for k in targets)
            self.convs[str(depth)] = nn.Conv2d(c_in, c_out, 1)
        self.to(memory_format=torch.channels_last)

    def forward(self, maps, targets, step=0):
        """Yield (prediction, target) of every depth and map.

        Both have the size of the coarser; the finer is averaged. Of maps
        that are :data:`SPARSE_FROM` wide or more every second row and column
        is compared, others with every step: neighbours have much the same
        to say, and a quarter of the work is left.
        """
        for depth, several in self.pairs.items():
            Y_hat = maps[depth]
            size = min(Y_hat.shape[-2:], targets[several[0]].shape[-2:])
            Y_hat = self.convs[str(depth)](_some(Y_hat, size, step))
            widths = [self.teacher_widths[k] for k in several]
            parts = Y_hat.split(widths, dim=1)
            for k, part in zip(several, parts, strict=True):
                yield part, _some(targets[k], size, step)


def _some(X, size, step):
    """Return X at ``size``, at the positions that ``step`` looks at."""
    if X.shape[-2:] != size:
        X = F.adaptive_avg_pool2d(X, size)
    if min(size) < SPARSE_FROM:
        return X
    return X[:, :, step % 2 :: 2, step // 2 % 2 :: 2]


def loss(Y_hat, Y, shape="mse", gram_weight=0.0):
    """Return how far the prediction ``Y_hat`` is from ``Y``, a scalar.

    ``shape`` is ``mse``, ``huber`` (large errors count linearly) or
    ``cosine`` (one minus the cosine at each position). ``gram_weight`` adds
    the mean squared difference of the correlations of channels.
    """
    Y_hat, Y = Y_hat.float(), Y.float()
    if shape == "mse":
        total = F.mse_loss(Y_hat, Y)
    elif shape == "huber":
        total = F.smooth_l1_loss(Y_hat, Y) * 2  # mse near zero
    else:
        total = 1 - F.cosine_similarity(Y_hat, Y, dim=1).mean()
    if gram_weight:
        total = total + gram_weight * F.mse_loss(_gram(Y_hat), _gram(Y))
    return total


def _gram(X):
    """Return the correlations (n, c, c) of standardised maps."""
    X = X.flatten(2)
    return X @ X.transpose(1, 2) / X.shape[-1]
