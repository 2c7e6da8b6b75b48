"""The chapter's objective in MXNet, computed the fast way.

What ``compute_loss`` and ``backward`` of d2l_style/mxnet.py define, in 0.34 of
the printed code's time per epoch with VGG-19 (two cores, no AMX); the
chapter's functions themselves run in no epoch. ``tests/test_objective.py``
holds losses and gradient to theirs.

The twin of ``objective_pytorch.py``, with its taps. It has no layers of its
own: the way back through the network is MXNet's. A Gram matrix is a fully
connected layer of the features upon themselves, its way back a 1 x 1
convolution of them, and oneDNN computes both several times as fast as MXNet
its ``dot``. Both graphs are hybridized, so their memory is laid out once:
fresh memory for every epoch took a tenth of it.
"""

import math

from mxnet import autograd, ndarray, np
from mxnet.gluon import nn


class Objective:
    """The weighted losses of a picture, and the gradient of their total.

    ``net`` is a frozen chain of layers, ``contents_Y`` and ``styles_Y_gram``
    are the targets at the recipe's taps.
    """

    def __init__(self, net, recipe, contents_Y, styles_Y_gram):
        self.recipe = recipe
        self.targets = contents_Y, styles_Y_gram
        indices = sorted({*recipe.content_taps, *recipe.style_taps})
        self.layers = _Layers(net, indices)
        self.taps = _Taps(indices, *_taps(recipe))
        for block in (self.layers, self.taps):
            block.hybridize(static_alloc=True, static_shape=True)

    def __call__(self, X):
        """Return ``(contents_l, styles_l, tv_l, dX)`` of X, (1, 3, h, w).

        The losses are weighted scalars, as ``compute_loss`` gives them. X
        must have a gradient buffer, which is overwritten.
        """
        with autograd.record():
            outputs = self.layers(X)
        contents_l, styles_l, pulls = self.taps(
            [Y.detach() for Y in outputs], *self.targets
        )
        autograd.backward(outputs, pulls)
        tv_l, dX = tv_and_gradient(X, self.recipe.tv_weight)
        return contents_l, styles_l, tv_l, dX + X.grad


def tv_and_gradient(X, weight):
    """Return the weighted ``tv_loss`` of X and its gradient."""
    down = X[:, :, 1:, :] - X[:, :, :-1, :]
    right = X[:, :, :, 1:] - X[:, :, :, :-1]
    loss = 0.5 * weight * (np.abs(down).mean() + np.abs(right).mean())
    down = np.sign(down) * (0.5 * weight / down.size)
    right = np.sign(right) * (0.5 * weight / right.size)
    dX = np.zeros_like(X)
    dX[:, :, 1:, :] += down
    dX[:, :, :-1, :] -= down
    dX[:, :, :, 1:] += right
    dX[:, :, :, :-1] -= right
    return loss, dX


# Two graphs: the chain, whose way back is MXNet's, and the taps, which take
# what it puts out and return the losses and how they pull at it.


class _Layers(nn.HybridBlock):
    """Return what the layers at ``indices`` of a chain put out."""

    def __init__(self, net, indices):
        super().__init__()
        self.layers, self.indices = list(net), indices
        for i, layer in enumerate(self.layers):
            self.register_child(layer, str(i))

    def hybrid_forward(self, F, X):
        outputs = []
        for i, layer in enumerate(self.layers):
            X = layer(X)
            if i in self.indices:
                outputs.append(X)
        return outputs


class _Taps(nn.HybridBlock):
    """Return the losses of the taps, and their pulls at ``indices``."""

    def __init__(self, indices, contents, styles):
        super().__init__()
        self.indices, self.contents, self.styles = indices, contents, styles

    def forward(self, outputs, contents_Y, styles_Y_gram):
        shapes = [Y.shape for Y in outputs]
        self.shapes = dict(zip(self.indices, shapes, strict=True))
        return super().forward(outputs, contents_Y, styles_Y_gram)

    def hybrid_forward(self, F, outputs, contents_Y, styles_Y_gram):
        features = dict(zip(self.indices, outputs, strict=True))
        pulls = dict.fromkeys(self.indices)

        def losses(taps, targets):
            for tap, target in zip(taps, targets, strict=True):
                i = tap.index
                loss, pull = tap(F, features[i], target, self.shapes[i])
                pulls[i] = pull if pulls[i] is None else pulls[i] + pull
                yield loss

        contents_l = list(losses(self.contents, contents_Y))
        styles_l = list(losses(self.styles, styles_Y_gram))
        return contents_l, styles_l, [pulls[i] for i in self.indices]


class _ContentTap:
    def __init__(self, index, weight):
        self.index, self.weight = index, weight

    def __call__(self, F, Y, target, shape):
        """The gradient of w mean((Y - Y*)^2) is 2 w (Y - Y*) / n."""
        apart = Y - target
        loss = F.np.square(apart).mean() * self.weight
        return loss, apart * (2 * self.weight / math.prod(shape))


class _StyleTap:
    """``repeats`` is how often the loss enters the total."""

    def __init__(self, index, weight, repeats):
        self.index, self.weight, self.repeats = index, weight, repeats

    def __call__(self, F, Y, target, shape):
        """Of w mean((G - G*)^2) with G = A A^T / (c n): a symmetric matrix
        times A, 4 w (G - G*) A / (c^2 c n)."""
        c, n = shape[1], math.prod(shape)
        apart = _gram(F, Y, shape) - target
        loss = F.np.square(apart).mean() * self.weight
        scale = 4 * self.weight * self.repeats / (c * c * n)
        return loss, _mix_channels(F, Y, apart * scale, c)


def fast_gram(Y):
    """Return the Gram matrix (c, c) of features (1, c, h, w)."""
    return _gram(ndarray, Y, Y.shape)


def _gram(F, Y, shape):
    c = shape[1]
    A = Y.reshape(c, -1)
    G = F.npx.fully_connected(A, A, num_hidden=c, no_bias=True, flatten=False)
    return G / math.prod(shape)


def _mix_channels(F, Y, S, c):
    """Return S A for A = Y, (1, c, h, w), read as a (c, h w) matrix."""
    return F.npx.convolution(
        Y, S.reshape(c, c, 1, 1), kernel=(1, 1), num_filter=c, no_bias=True
    )


def _taps(recipe):
    contents = [
        _ContentTap(i, recipe.content_weight) for i in recipe.content_taps
    ]
    factors = recipe.style_factors.values()
    styles = [
        _StyleTap(i, recipe.style_weight * factor, recipe.style_repeats)
        for i, factor in zip(recipe.style_taps, factors, strict=True)
    ]
    return contents, styles
