"""A student that begins as a part of its teacher.

Layer by layer: choose the teacher's channels that say most about all of its
channels, then let the student's layer compute them, as well as it can, from
what the student's layer before it sees (least squares, as in ThiNet: Luo,
Wu and Lin, 2017; and He, Zhang and Sun, 2017). What is chosen is the same
before and after the ReLU, so the student answers on both sides.
"""

import torch
from torch.nn import functional as F

from d2l_style.network import vgg
from tools.mini.student import least_squares, rows

SAMPLES = 40_000  # places that a layer is fitted to


@torch.no_grad()
def inherit(student, teacher, batches):
    """Set the student's parameters from the teacher's, over ``batches``.

    ``batches`` is a list of (n, 3, h, w) pictures. Every layer is brought to
    an RMS of 1 after its ReLU, which the next one takes back.
    """
    seen = [X.float() for X in batches]
    taught = [teacher(X) for X in batches]
    for i, layer in enumerate(student.features):
        if i in (conv.index for conv in vgg.CONVS):
            wanted = [maps[i].float() for maps in taught]
            chosen = chosen_channels(wanted, layer.out_channels)
            _fit(layer, seen, [Y[:, chosen] for Y in wanted])
        seen = [layer(X) for X in seen]


def chosen_channels(maps, count):
    """Return the ``count`` channels from which all others follow best.

    Greedily: each time the channel that explains most of what is left of
    all, in their own units (a pivoted Cholesky decomposition of their second
    moments, after the ReLU).
    """
    Y = torch.cat([rows({0: Z})[0, True] for Z in maps]).double()
    left = Y.T @ Y / len(Y)
    chosen = []
    for _ in range(count):
        gain = left.square().sum(0) / left.diagonal().clamp(min=1e-12)
        gain[left.diagonal() <= 1e-9 * left.diagonal().max()] = -1
        if chosen:
            gain[chosen] = -2
        k = int(gain.argmax())
        chosen.append(k)
        column = left[:, k].clone()
        left -= torch.outer(column, column) / column[k].clamp(min=1e-12)
    return chosen


def _fit(conv, inputs, wanted):
    """Solve for the convolution, and scale it."""
    A, Y = _samples(inputs, wanted)
    solved = least_squares(A, Y)
    scale = (A @ solved).relu().square().mean().sqrt().clamp(min=1e-12)
    W = (solved[:-1] / scale).T.reshape(conv.weight.shape)
    conv.weight.copy_(W)
    conv.bias.copy_(solved[-1] / scale)


def _samples(inputs, wanted):
    """Return patches with a 1 behind, and what shall come of them."""
    each = SAMPLES // sum(len(X) for X in inputs) + 1
    patches, answers = [], []
    for X, Y in zip(inputs, wanted, strict=True):
        P = F.unfold(X, 3, padding=1)  # (n, 9 c, places)
        at = torch.randperm(P.shape[2], device=P.device)[:each]
        patches.append(P[:, :, at].permute(0, 2, 1).flatten(0, 1))
        answers.append(Y.flatten(2)[:, :, at].permute(0, 2, 1).flatten(0, 1))
    A = torch.cat(patches).double()
    return F.pad(A, (0, 1), value=1.0), torch.cat(answers).double()
