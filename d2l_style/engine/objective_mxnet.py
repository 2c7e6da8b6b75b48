"""The objective and its gradient in MXNet, by hand where that is quicker.

The twin of ``objective_torch.py``. The way back through the network is left
to MXNet. How each loss pulls at the features is written down: a Gram matrix
is a fully connected layer of the features upon themselves, its way back a
1 x 1 convolution of them, and oneDNN computes both several times as fast as
MXNet its ``dot``. Network and pulls are two hybridized graphs, whose memory is
laid out once: fresh memory for every epoch took a tenth of it.
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
        self.contents_Y, self.styles_Y_gram = contents_Y, styles_Y_gram
        self.taps = sorted({*recipe.content_taps, *recipe.style_taps})
        self.features = _Features(net, self.taps)
        self.pulls = _Pulls(recipe, self.taps)
        for block in (self.features, self.pulls):
            block.hybridize(static_alloc=True, static_shape=True)

    def __call__(self, X):
        """Return ``(contents_l, styles_l, tv_l, dX)`` of X, (1, 3, h, w).

        The losses are weighted scalars, as ``compute_loss`` gives them. X
        must have a gradient buffer, which is overwritten.
        """
        with autograd.record():
            outputs = self.features(X)
        contents_l, styles_l, pulls = self.pulls(
            [Y.detach() for Y in outputs], self.contents_Y, self.styles_Y_gram
        )
        autograd.backward(outputs, pulls)
        tv_l, dX = tv_and_gradient(X, self.recipe.tv_weight)
        return contents_l, styles_l, tv_l, dX + X.grad


class _Features(nn.HybridBlock):
    """Return what the layers at ``taps`` of a chain put out."""

    def __init__(self, net, taps):
        super().__init__()
        self.layers, self.taps = list(net), taps
        for i, layer in enumerate(self.layers):
            self.register_child(layer, str(i))

    def hybrid_forward(self, F, X):
        outputs = []
        for i, layer in enumerate(self.layers):
            X = layer(X)
            if i in self.taps:
                outputs.append(X)
        return outputs


class _Pulls(nn.HybridBlock):
    """Return the losses at the taps, and how they pull at the features."""

    def __init__(self, recipe, taps):
        super().__init__()
        self.recipe, self.taps = recipe, taps

    def forward(self, outputs, contents_Y, styles_Y_gram):
        self.shapes = {
            i: Y.shape for i, Y in zip(self.taps, outputs, strict=True)
        }
        return super().forward(outputs, contents_Y, styles_Y_gram)

    def hybrid_forward(self, F, outputs, contents_Y, styles_Y_gram):
        features = dict(zip(self.taps, outputs, strict=True))
        pulls = dict.fromkeys(self.taps)
        contents_l = self._contents(F, features, contents_Y, pulls)
        styles_l = self._styles(F, features, styles_Y_gram, pulls)
        return contents_l, styles_l, [pulls[i] for i in self.taps]

    def _contents(self, F, features, contents_Y, pulls):
        """The gradient of w mean((Y - Y*)^2) is 2 w (Y - Y*) / n."""
        losses, weight = [], self.recipe.content_weight
        for i, Y in zip(self.recipe.content_taps, contents_Y, strict=True):
            apart = features[i] - Y
            losses.append(F.np.square(apart).mean() * weight)
            n = math.prod(self.shapes[i])
            _add(pulls, i, apart * (2 * weight / n))
        return losses

    def _styles(self, F, features, styles_Y_gram, pulls):
        """Of w mean((G - G*)^2) with G = A A^T / (c n): a symmetric matrix
        times A, 4 w (G - G*) A / (c^2 c n)."""
        losses, recipe = [], self.recipe
        for i, gram_Y, factor in zip(
            recipe.style_taps,
            styles_Y_gram,
            recipe.style_factors.values(),
            strict=True,
        ):
            Y, shape, weight = features[i], self.shapes[i], recipe.style_weight
            c, n = shape[1], math.prod(shape)
            apart = _gram(F, Y, shape) - gram_Y
            losses.append(F.np.square(apart).mean() * (weight * factor))
            scale = 4 * weight * factor * recipe.style_repeats / (c * c * n)
            _add(pulls, i, _mix_channels(F, Y, apart * scale, c))
        return losses


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


def _add(pulls, i, pull):
    pulls[i] = pull if pulls[i] is None else pulls[i] + pull
