"""The small VGG-19 and the linear heads through which it is taught."""

import torch
from torch import nn
from torch.nn import functional as F

from d2l_style.network import vgg

WIDTHS = (16, 32, 64, 128, 128)
RIDGE = 1e-3  # of the inputs' mean square
PLACES = 20  # a map is compared at so many rows and columns, or all it has


class Student(nn.Module):
    """VGG-19's plan at other widths; ``features`` has its indices."""

    def __init__(self, widths=WIDTHS):
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
                layers.append(nn.ReLU())
            else:
                layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
        self.features = nn.Sequential(*layers)
        self.to(memory_format=torch.channels_last)

    def forward(self, X, deepest=vgg.CONVS[-1].index):
        """Return {index: map} of the convolutions, before their ReLUs."""
        return conv_maps(self.features, X, deepest)

    def load(self, parameters):
        """Take the parameters of a network of these widths, arrays.

        Raises ``ValueError`` if they are of other widths.
        """
        try:
            self.load_state_dict(
                {name: torch.tensor(p) for name, p in parameters.items()}
            )
        except RuntimeError as error:
            raise ValueError(
                "The network does not have these widths: "
                f"{str(error).splitlines()[-1].strip()} Set --widths."
            ) from None


def conv_maps(features, X, deepest=vgg.CONVS[-1].index):
    """Return {index: (n, c, h, w)} of the convolutions up to ``deepest``."""
    maps = {}
    for i, layer in enumerate(features[: deepest + 1]):
        X = layer(X)
        if isinstance(layer, nn.Conv2d):
            maps[i] = X
    return maps


class Heads(nn.Module):
    """Two 1x1 convolutions per layer: before its ReLU and after it.

    Each predicts the teacher's map of the same layer, on the same side of
    the ReLU. ``forward`` returns {(index, after): rows} as :func:`rows`.
    """

    def __init__(self, widths, teacher_widths):
        super().__init__()
        self.linear = nn.ModuleDict(
            {
                _key(layer.index, after): nn.Linear(
                    widths[layer.block - 1], teacher_widths[layer.block - 1]
                )
                for layer in vgg.CONVS
                for after in (False, True)
            }
        )

    def forward(self, maps, step=0):
        return {
            tap: self.linear[_key(*tap)](Y)
            for tap, Y in rows(maps, step).items()
        }

    @torch.no_grad()
    def fit(self, student, teacher, batches):
        """Begin with what least squares find over some batches."""
        seen, wanted = {}, {}
        for step, X in enumerate(batches):
            for tap, Y in rows(student(X), step).items():
                seen.setdefault(tap, []).append(Y)
            for tap, Y in teacher.targets(teacher(X), step).items():
                wanted.setdefault(tap, []).append(Y)
        for tap, parts in seen.items():
            linear = self.linear[_key(*tap)]
            A = F.pad(torch.cat(parts).double(), (0, 1), value=1.0)
            Y = torch.cat(wanted[tap]).double()
            solved = least_squares(A, Y)
            linear.weight.copy_(solved[:-1].T)
            linear.bias.copy_(solved[-1])


def least_squares(A, Y):
    """Return the W that makes |A W - Y|^2 least, with a slight ridge."""
    gram = A.T @ A
    gram.diagonal().add_(RIDGE * gram.diagonal().mean())
    return torch.linalg.solve(gram, A.T @ Y)


def rows(maps, step=0):
    """Return {(index, after): (n places, c)} of maps, on both sides.

    ``after`` is False before the ReLU and True after it. Of large maps
    every s-th row and column is read, others at every step: neighbours have
    much the same to say.
    """
    found = {}
    for index, Y in maps.items():
        s = max(1, Y.shape[-1] // PLACES)
        Y = Y[:, :, step % s :: s, step // s % s :: s]
        Y = Y.permute(0, 2, 3, 1).flatten(0, 2)
        found[index, False], found[index, True] = Y, Y.relu()
    return found


def _key(index, after):
    return f"{'relu' if after else 'conv'}{index}"
