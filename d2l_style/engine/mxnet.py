"""The picture being optimised, in MXNet."""

from contextlib import ExitStack

import numpy

from d2l_style import mxnet as d2l
from d2l_style.engine import forecast
from d2l_style.engine.base import UNWEIGHTED, SynthesisBase
from d2l_style.machine import memory

np, nn = d2l.np, d2l.nn
from mxnet import autograd, util  # noqa: E402

from d2l_style.engine.objective_mxnet import (  # noqa: E402
    Objective,
    fast_gram,
)


class Synthesis(SynthesisBase):
    """:class:`~d2l_style.engine.base.SynthesisBase` in MXNet."""

    _backend = "mxnet"
    _gram = staticmethod(fast_gram)
    _objective, _default_device = Objective, staticmethod(d2l.try_gpu)

    def _computing(self, recipe):
        """MXNet's NumPy semantics: other threads start without."""
        semantics = ExitStack()
        semantics.enter_context(util.np_shape(True))
        semantics.enter_context(util.np_array(True))
        return semantics

    def _load(self, weights):
        return d2l.pretrained_vgg19(weights, verbose=False)

    def _make_net(self, recipe):
        taps = {*recipe.content_taps, *recipe.style_taps}
        return frozen(self.pretrained_net, taps, self.device)

    def _held(self, recipe):
        if self.adam_steps == 0:
            return 0
        return forecast.bytes_needed(*self._needs(recipe))

    def _free_bytes(self):
        on_cpu = self.device.device_type == "cpu"
        return memory.free_bytes() if on_cpu else None

    def _outputs(self, net, array):
        X = np.array(array, ctx=self.device)
        for i, layer in enumerate(net):
            X = layer(X)
            yield i, X

    def _begin(self, array, mean=None, variance=None, adam_steps=0):
        X = np.array(array, dtype="float32")
        self.X, _, self.trainer = d2l.get_inits(X, self.device, 1.0, [])
        if mean is None:
            return
        updater, adam = self.trainer._updaters[0], self.trainer.optimizer
        updater.states[0] = adam.create_state_multi_precision(0, self.X)
        updater.states_synced[0] = True
        for old, new in zip(updater.states[0], (mean, variance), strict=True):
            old[:] = numpy.asarray(new)  # the state is a legacy NDArray
        adam.begin_num_update = adam.num_update = adam_steps

    def _losses_and_gradient(self):
        contents_l, styles_l, tv_l, dX = self.objective(self.X)
        self.X.grad[:] = dX
        # One transfer for all numbers: each waits for the engine.
        return np.stack([*contents_l, *styles_l, tv_l]).tolist()

    def _gradients(self, array):
        X = np.array(array, ctx=self.device)
        X.attach_grad()
        with autograd.record():
            contents_l, styles_l, tv_l, _ = d2l.compute_loss(
                X,
                *self._features(X),
                self.contents_Y,
                self.styles_Y_gram,
                **UNWEIGHTED,
            )
        gradients = []
        for l in (*contents_l, *styles_l, tv_l):  # noqa: E741
            l.backward(retain_graph=True)
            gradients.append(X.grad.asnumpy())
        return gradients

    def _features(self, X):
        taps = self.recipe.content_taps, self.recipe.style_taps
        return d2l.extract_features(X, *taps, net=self.net)

    def _feature_arrays(self, array):
        features = self._features(np.array(array, ctx=self.device))
        return tuple([Y.asnumpy() for Y in kind] for kind in features)

    def _descend(self, lr, epsilon):
        adam = self.trainer.optimizer
        adam.beta1, adam.beta2 = self.recipe.beta1, self.recipe.beta2
        adam.epsilon = epsilon
        self.trainer.set_learning_rate(lr)
        self.trainer.step(1)

    def _as_numpy(self, parameter):
        return parameter.data().asnumpy().astype("float32", copy=False)

    def _array(self):
        return self.X.asnumpy()

    def _adam(self):
        states = self.trainer._updaters[0].states
        if 0 in states:
            return tuple(state.asnumpy() for state in states[0])
        return numpy.zeros(self.X.shape, "f4"), numpy.zeros(self.X.shape, "f4")


def frozen(pretrained_net, taps, device):
    """Return a frozen copy of the network up to the deepest tap.

    The weights want no gradient (``grad_req='null'``). The numbers stay the
    same, and so does the original.
    """
    net = nn.HybridSequential()
    for i in range(max(taps) + 1):
        layer = pretrained_net.features[i]
        net.add(_copy(layer) if isinstance(layer, nn.Conv2D) else layer)
    net.collect_params().setattr("grad_req", "null")
    net.collect_params().reset_ctx(device)
    return net


def _copy(conv):
    W, b = conv.weight.data(), conv.bias.data()
    return d2l.convolution(W.asnumpy(), b.asnumpy())
