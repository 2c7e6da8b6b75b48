"""A frozen classifier of torchvision, read at several depths in one pass."""

from collections import OrderedDict
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

PER_SCALE = 4  # at most so many feature maps of one size are targets
_SKIPPED = (nn.MaxPool2d, nn.AvgPool2d, nn.Dropout, nn.AdaptiveAvgPool2d)
_UNFINISHED = (nn.Conv2d, nn.BatchNorm2d)


class Teacher(nn.Module):
    """``forward(X)`` returns the chosen feature maps, standardised.

    ``scales[i]`` says how many pixels one position of map i covers, ``widths``
    how many channels it has, ``names`` which layer it comes from. Until
    :meth:`measure` has been called the maps are as they are.
    """

    def __init__(self, features, taps=None, dtype=torch.float32):
        """Read ``features`` (a sequence of layers) after layers ``taps``.

        Without ``taps``: after each block, or each ReLU that ends a plain
        convolution, up to :data:`PER_SCALE` of one size, evenly chosen.
        """
        super().__init__()
        self.layers = features.eval().requires_grad_(False)
        self.layers.to(memory_format=torch.channels_last, dtype=dtype)
        self.dtype = dtype
        self.pad = nn.ReflectionPad2d(_missing_padding(features))
        seen = self._probe()
        self.taps = _chosen(seen) if taps is None else list(taps)
        unknown = [i for i in self.taps if i not in seen]
        if unknown or not self.taps:
            raise ValueError(
                f"The teacher has no layers {unknown} to learn from. Choose "
                f"from {', '.join(map(str, seen))}."
            )
        self.scales = [seen[i][0] for i in self.taps]
        self.widths = [seen[i][1] for i in self.taps]
        self.names = [f"{i}:{type(features[i]).__name__}" for i in self.taps]
        del self.layers[max(self.taps) + 1 :]
        self.means = [torch.zeros(1, c, 1, 1) for c in self.widths]
        self.stds = [torch.ones(1, c, 1, 1) for c in self.widths]

    @torch.no_grad()
    def forward(self, X):
        maps, answers = self._maps(X, self.taps), []
        for i, mean, std in zip(self.taps, self.means, self.stds, strict=True):
            scale = (1 / std).to(self.dtype)
            shift = (-mean / std).to(self.dtype)
            answers.append(torch.addcmul(shift, maps[i], scale))
        return answers

    def _maps(self, X, wanted):
        X, maps = self.pad(X.to(self.dtype)), {}
        for i, layer in enumerate(self.layers):
            X = layer(X)
            if i in wanted:
                maps[i] = X
            following = self.layers[i + 1 : i + 2]
            if i in wanted and any(_inplace(layer) for layer in following):
                maps[i] = X.clone()
        return maps

    @torch.no_grad()
    def _probe(self):
        """Return {index: (scale, channels)} of all layers worth reading."""
        side = 256
        usable = [
            i
            for i, layer in enumerate(self.layers)
            if not isinstance(layer, (*_SKIPPED, *_UNFINISHED))
        ]
        maps = self._maps(torch.zeros(1, 3, side, side), usable)
        found = {}
        for i, Y in maps.items():
            scale = 2 ** round(torch.tensor(side / Y.shape[-1]).log2().item())
            found[i] = (scale, Y.shape[1])
        return found

    @torch.no_grad()
    def measure(self, batches):
        """Take each channel's mean and deviation from some batches."""
        sums = [[0.0, 0.0, 0] for _ in self.taps]
        for X in batches:
            maps = self._maps(X, self.taps)
            for total, i in zip(sums, self.taps, strict=True):
                Y = maps[i].double()
                total[0] = total[0] + Y.sum(dim=(0, 2, 3), keepdim=True)
                total[1] = total[1] + (Y**2).sum(dim=(0, 2, 3), keepdim=True)
                total[2] += Y[:, 0].numel()
        for k, (first, second, count) in enumerate(sums):
            mean = first / count
            std = (second / count - mean**2).clamp(min=0).sqrt()
            # A channel that hardly ever answers must not become all noise.
            least = 0.1 * std.square().mean().sqrt() + 1e-8
            self.means[k] = mean.float()
            self.stds[k] = torch.maximum(std, least).float()

    def statistics(self):
        """Return what :meth:`measure` found, as named tensors."""
        return {
            f"{kind}.{k}": values
            for kind, several in (("mean", self.means), ("std", self.stds))
            for k, values in enumerate(several)
        }

    def set_statistics(self, tensors):
        """Take back what :meth:`statistics` returned."""
        count = len(self.taps)
        self.means = [tensors[f"mean.{k}"] for k in range(count)]
        self.stds = [tensors[f"std.{k}"] for k in range(count)]


def load(arch="vgg19", path=None, taps=None, dtype=torch.float32):
    """Return the :class:`Teacher` of torchvision's name ``arch``.

    Its weights come from the safetensors file ``path`` (torchvision's names)
    or, without one, from torchvision, which downloads them. Raises
    ``ValueError`` or ``FileNotFoundError`` with a sentence.
    """
    return Teacher(_sequence(classifier(arch, path), arch), taps, dtype)


def classifier(arch="vgg19", path=None):
    """Return torchvision's whole network ``arch``; see :func:`load`."""
    from torchvision import models

    if arch not in models.list_models(module=models):
        raise ValueError(
            f"torchvision has no classifier {arch!r}. Try vgg19, vgg16 or "
            "squeezenet1_0."
        )
    net = models.get_model(arch, weights=None if path else "DEFAULT")
    if path:
        _fill(net, arch, Path(path))
    return net


def _fill(net, arch, path):
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no teacher's file {path}. Leave --teacher out to let "
            "torchvision download one."
        )
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"{path} cannot be read as safetensors ({error})."
        ) from None
    wanted = net.state_dict()
    bad = [
        name
        for name, tensor in wanted.items()
        if name not in tensors or tensors[name].shape != tensor.shape
        if not name.endswith("num_batches_tracked")
    ]
    if bad:
        raise ValueError(
            f"{path} does not fit torchvision's {arch}: {bad[0]} is missing "
            f"or has another shape ({len(bad)} of {len(wanted)} tensors do). "
            "Name the right network with --arch."
        )
    net.load_state_dict(
        {name: tensors.get(name, old) for name, old in wanted.items()}
    )


def _sequence(net, arch):
    """Return the layers before the classifier as one sequence."""
    features = getattr(net, "features", None)
    if isinstance(features, nn.Sequential):
        return nn.Sequential(*features)
    if hasattr(net, "layer1"):  # a ResNet and its kin
        layers = [net.conv1, net.bn1, net.relu, net.maxpool]
        for name in ("layer1", "layer2", "layer3", "layer4"):
            layers += list(getattr(net, name))
        return nn.Sequential(*layers)
    raise ValueError(
        f"The layers of {arch} do not follow each other in a way that this "
        "program knows. Try vgg19, resnet50 or squeezenet1_0."
    )


def _missing_padding(features):
    """Return how many pixels the first convolution takes off each side.

    They are given to it before, so that its map lies over the picture.
    """
    convs = (m for m in features.modules() if isinstance(m, nn.Conv2d))
    first = next(convs, None)
    if first is None:
        return 0
    return max(0, (first.kernel_size[0] - 1) // 2 - first.padding[0])


def _chosen(seen):
    """Return up to PER_SCALE layers of each scale, evenly, with the last."""
    by_scale = OrderedDict()
    for i, (scale, _) in seen.items():
        by_scale.setdefault(scale, []).append(i)
    chosen = []
    for indices in by_scale.values():
        count = min(PER_SCALE, len(indices))
        steps = range(1, count + 1)
        chosen += [indices[k * len(indices) // count - 1] for k in steps]
    return chosen


def _inplace(layer):
    return getattr(layer, "inplace", False)
