"""The gradient of a group's objective, written down as a computation.

What a transfer follows is the way back through the network. To teach the
student its direction, that way has itself to be differentiated. Autograd can
do so (create_graph), but its second derivatives of convolutions take ten
times as long as these lines, which use first derivatives only.
"""

from torch import nn
from torch.nn import functional as F

from tools.mini import distances
from tools.mini.distances import CONTENT, DEEPEST


def forward(features, X):
    """Return ({index: map}, marks): the convolutions' maps, and the rest.

    The marks are what the way back needs: where ReLUs let through and where
    poolings found their maxima.
    """
    maps, marks = {}, {}
    for i, layer in enumerate(features[: DEEPEST + 1]):
        if isinstance(layer, nn.MaxPool2d):
            size = X.shape[2:]
            X, indices = F.max_pool2d(X, 2, return_indices=True)
            marks[i] = indices, size
        elif isinstance(layer, nn.ReLU):
            marks[i] = (X > 0).detach()
            X = X.relu()
        else:
            X = maps[i] = layer(X)
    return maps, marks


def gradient(features, maps, marks, group, grams, content_Y, scales):
    """Return the gradient of ``group.objective`` at its X, (n, 3, h, w).

    ``maps`` and ``marks`` are what :func:`forward` returned; ``grams`` and
    ``content_Y`` are the targets; ``scales`` bring the student's distances
    to the teacher's. TV is left out.
    """
    pulls = _pulls(maps, group, grams, content_Y, scales)
    dY = None
    for i in range(DEEPEST, -1, -1):
        layer = features[i]
        if isinstance(layer, nn.MaxPool2d):
            indices, size = marks[i]
            dY = F.max_unpool2d(dY, indices, 2, output_size=size)
        elif isinstance(layer, nn.ReLU):
            dY = dY * marks[i]
        else:
            if i in pulls:
                dY = pulls[i] if dY is None else dY + pulls[i].to(dY.dtype)
            dY = F.conv_transpose2d(dY, layer.weight, padding=1)
    return dY


def _pulls(maps, group, grams, content_Y, scales):
    """Return {index: dY}, how the losses pull at the maps themselves.

    Of w mean((G - G*)^2) with G = A A^T / (c n): 4 w (G - G*) A / (c^2 c n);
    of w mean((Y - Y*)^2): 2 w (Y - Y*) / size.
    """
    pulls = {}
    for (index, after), G in distances.grams(maps, group.taps).items():
        Y = maps[index].float()
        A = (Y.relu() if after else Y).flatten(2)  # (n, c, places)
        _n, c, places = A.shape
        difference = G - grams[index, after]
        w = group.weights[index, after] * scales.factor(index)
        factor = 4 * w / (c * c * c * places)
        dA = factor.reshape(-1, 1, 1) * (difference @ A)
        pulls[index] = _behind_relu(dA.view_as(Y), Y, after)
    Y, target = maps[CONTENT].float(), content_Y.float()
    if group.after:
        target = target.relu()
    w = group.weights["content"] * scales.factor(CONTENT)
    factor = (2 * w / Y[0].numel()).reshape(-1, 1, 1, 1)
    dY = factor * ((Y.relu() if group.after else Y) - target)
    pulls[CONTENT] = _behind_relu(dY, Y, group.after)
    return pulls


def _behind_relu(dY, Y, after):
    return dY * (Y > 0).detach() if after else dY
