"""The chapter's objective in PyTorch, computed the fast way.

What ``compute_loss`` and ``backward`` of d2l_style/torch.py define, in half of
the printed code's time per epoch with VGG-19 (two cores, no AMX); the
chapter's functions themselves run in no epoch. ``tests/test_objective.py``
holds losses and gradient to theirs.

Most of the gain is the network's: frozen, in channels_last order, autograd
takes 0.54 to 0.59 of the printed time. The rest is that VGG is a plain chain
of three kinds of layers and only the picture wants a gradient, so the way
back can be written down, and keeps less, copies nothing and adds up in place:
0.45 to 0.51. ``objective_mxnet.py`` is its twin.
"""

import torch
from torch import nn
from torch.nn import functional as F

_NHWC = torch.channels_last  # in which the CPU's convolutions are quickest
_PIECE = 8192  # rows
# Stride, padding, dilation, not transposed, output padding, one group.
_PLAIN = [1, 1], [1, 1], [1, 1], False, [0, 0], 1


class Objective:
    """The weighted losses of a picture, and the gradient of their total.

    ``net`` is a frozen chain of Conv2d, ReLU and MaxPool2d in channels_last
    order, in float32 or bfloat16; ``contents_Y`` and ``styles_Y_gram`` are
    the targets at the recipe's taps. Losses, Gram matrices and the gradient
    are float32, whatever the network computes in.
    """

    def __init__(self, net, recipe, contents_Y, styles_Y_gram):
        self.recipe, self.dtype = recipe, net[0].weight.dtype
        taps = _taps(recipe, contents_Y, styles_Y_gram)
        self.contents, self.styles = taps
        self.layers = _layers(net, *taps)

    @torch.no_grad()
    def __call__(self, X):
        """Return ``(contents_l, styles_l, tv_l, dX)`` of X, (1, 3, h, w).

        The losses are weighted scalars, as ``compute_loss`` gives them.
        """
        Y = X.to(self.dtype).contiguous(memory_format=_NHWC)
        for layer in self.layers:
            Y = layer.forward(Y)
        dY = None
        for layer in reversed(self.layers):
            dY = layer.back(dY)
            layer.kept = None
        tv_l, dX = tv_and_gradient(X, self.recipe.tv_weight)
        return (
            [tap.loss for tap in self.contents],
            [tap.loss for tap in self.styles],
            tv_l,
            dX.add_(dY),
        )


def tv_and_gradient(X, weight):
    """Return the weighted ``tv_loss`` of X and its gradient."""
    down = X[:, :, 1:, :] - X[:, :, :-1, :]
    right = X[:, :, :, 1:] - X[:, :, :, :-1]
    loss = 0.5 * weight * (down.abs().mean() + right.abs().mean())
    down = down.sign_().mul_(0.5 * weight / down.numel())
    right = right.sign_().mul_(0.5 * weight / right.numel())
    dX = torch.zeros_like(X)
    dX[:, :, 1:, :] += down
    dX[:, :, :-1, :] -= down
    dX[:, :, :, 1:] += right
    dX[:, :, :, :-1] -= right
    return loss, dX


# The layers. Each keeps between forward and back what it needs for the way
# back, and no more. A gradient belongs to its layer, which may overwrite it.


class _Layer:
    kept = None


class _Conv(_Layer):
    def __init__(self, conv):
        self.W, self.b = conv.weight, conv.bias

    def forward(self, X):
        self.kept = X.shape
        return F.conv2d(X, self.W, self.b, padding=1)

    def back(self, dY):
        # The way back to X does not look at X: its place is never touched.
        X = dY.new_empty(0).resize_(self.kept, memory_format=_NHWC)
        dX, _dW, _db = torch.ops.aten.convolution_backward(
            dY, X, self.W, None, *_PLAIN, [True, False, False]
        )
        return dX.contiguous(memory_format=_NHWC)


class _ReLU(_Layer):
    def __init__(self, inplace):
        self.inplace = inplace

    def forward(self, X):
        self.kept = X  # positive where Y is; a style tap keeps it anyhow
        return X.relu_() if self.inplace else X.relu()

    def back(self, dY):
        return _where_positive(dY, self.kept)


class _PoolReLU(_Layer):
    """max(relu(X)) = relu(max(X)), on a quarter of the numbers."""

    def forward(self, X):
        Y, indices = F.max_pool2d(X, 2, return_indices=True)
        self.kept = X.shape[2:], indices, Y.relu_()
        return Y

    def back(self, dY):
        size, indices, Y = self.kept
        dY = _where_positive(dY, Y)
        return torch.ops.aten.max_unpool2d(dY, indices, size)


class _Pool(_Layer):
    def forward(self, X):
        Y, indices = F.max_pool2d(X, 2, return_indices=True)
        self.kept = X.shape[2:], indices
        return Y

    def back(self, dY):
        size, indices = self.kept
        return torch.ops.aten.max_unpool2d(dY, indices, size)


class _ContentTap(_Layer):
    def __init__(self, index, Y, weight):
        self.index, self.target, self.weight = index, Y, weight

    def forward(self, Y):
        self.kept = Y - self.target
        self.loss = self.kept.float().square().mean() * self.weight
        return Y

    def back(self, dY):
        """The gradient of w mean((Y - Y*)^2) is 2 w (Y - Y*) / n."""
        own = self.kept.mul_(2 * self.weight / self.kept.numel())
        return own if dY is None else dY.add_(own)


class _StyleTap(_Layer):
    """``repeats`` is how often the loss enters the total."""

    def __init__(self, index, gram_Y, weight, repeats):
        self.index, self.target = index, gram_Y
        self.weight, self.repeats = weight, repeats

    def forward(self, Y):
        G = fast_gram(Y).sub_(self.target)
        self.loss = G.square().mean() * self.weight
        self.kept = Y, G
        return Y

    def back(self, dY):
        """Of w mean((G - G*)^2) with G = A^T A / (c n): a symmetric matrix
        times A, 4 w A (G - G*) / (c^2 c n)."""
        Y, G = self.kept
        A, c = _rows(Y), len(G)
        factor = 4 * self.weight * self.repeats / (c * c * A.numel())
        S = (G * factor).to(A.dtype)
        own = A @ S if dY is None else _rows(dY).addmm_(A, S)
        _, c, h, w = Y.shape
        return own.view(1, h, w, c).permute(0, 3, 1, 2)


def fast_gram(Y):
    """Return the Gram matrix (c, c) of features (1, c, h, w), in float32.

    Features of 16 bits are widened piece by piece, each of which stays in
    the processor's cache.
    """
    A = _rows(Y)
    if A.dtype == torch.float32:
        G = A.T @ A
    else:
        G = torch.zeros(A.shape[1], A.shape[1], device=A.device)
        for a in A.split(_PIECE):
            a = a.float()
            G.addmm_(a.T, a)
    return G.div_(A.numel())


def _rows(Y):
    """Return (1, c, h, w) as a (h w, c) matrix: no copy in channels_last."""
    return Y.permute(0, 2, 3, 1).reshape(-1, Y.shape[1])


def _where_positive(dY, Y):
    threshold_backward = torch.ops.aten.threshold_backward.grad_input
    return threshold_backward(dY, Y, 0, grad_input=dY)


def _taps(recipe, contents_Y, styles_Y_gram):
    contents = [
        _ContentTap(i, Y, recipe.content_weight)
        for i, Y in zip(recipe.content_taps, contents_Y, strict=True)
    ]
    styles = [
        _StyleTap(i, G, recipe.style_weight * factor, recipe.style_repeats)
        for i, G, factor in zip(
            recipe.style_taps,
            styles_Y_gram,
            recipe.style_factors.values(),
            strict=True,
        )
    ]
    return contents, styles


def _layers(net, contents, styles):
    """Return the chain's layers with the taps among them."""
    tapped, layers = {}, []
    for tap in (*styles, *contents):
        tapped.setdefault(tap.index, []).append(tap)
    for i, module in enumerate(net):
        pool_next = i + 1 < len(net) and isinstance(net[i + 1], nn.MaxPool2d)
        if isinstance(module, nn.Conv2d):
            layers.append(_Conv(module))
        elif isinstance(module, nn.MaxPool2d):
            layers.append(_Pool() if i - 1 in tapped else _PoolReLU())
        elif i in tapped or not pool_next:
            layers.append(_ReLU(inplace=i - 1 not in tapped))
        layers += tapped.get(i, [])
    return layers
