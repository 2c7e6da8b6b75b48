"""The picture being optimised, in PyTorch."""

import contextlib

import numpy as np

from d2l_style import torch as d2l
from d2l_style.engine.base import UNWEIGHTED, SynthesisBase
from d2l_style.machine import memory

torch, nn = d2l.torch, d2l.nn
# The function below Adam: the class brings PyTorch's whole compiler with it.
from torch.optim.adam import adam  # noqa: E402

from d2l_style.engine.objective_autograd import (  # noqa: E402
    AutogradObjective,
)
from d2l_style.engine.objective_pytorch import (  # noqa: E402
    Objective,
    fast_gram,
)


class Synthesis(SynthesisBase):
    """:class:`~d2l_style.engine.base.SynthesisBase` in PyTorch."""

    _backend = "pytorch"
    _gram = staticmethod(fast_gram)
    _default_device = staticmethod(d2l.try_gpu)

    @property
    def _objective(self):
        return AutogradObjective if self._apples else Objective

    @property
    def _apples(self):
        return self.device.type == "mps"

    def _computing(self, recipe):
        if self.device.type != "cuda":
            return contextlib.nullcontext()
        return exact_products(recipe.precision != "fast")

    def _load(self, weights):
        net = d2l.pretrained_vgg19(weights, verbose=False)
        return net.to(memory_format=torch.channels_last)

    def _make_net(self, recipe):
        taps = {*recipe.content_taps, *recipe.style_taps}
        dtype = self._dtype(recipe)
        net = frozen(self.pretrained_net, taps, dtype, copy=self.given_net)
        if self._apples:  # convolutions in channels_last are slow there
            net = net.to(memory_format=torch.contiguous_format)
        return net.to(self.device)

    def _dtype(self, recipe):
        fast = recipe.precision == "fast" and has_fast_bfloat16(self.device)
        return torch.bfloat16 if fast else torch.float32

    def _itemsize(self, recipe):
        return self._dtype(recipe).itemsize

    def _free_bytes(self):
        if self.device.type == "cuda":
            return torch.cuda.mem_get_info(self.device)[0]
        return memory.free_bytes()

    @torch.no_grad()
    def _outputs(self, net, array):
        X = torch.from_numpy(array).to(self.device, net[0].weight.dtype)
        for i, layer in enumerate(net):
            X = layer(X)
            yield i, X

    def _begin(self, array, mean=None, variance=None, adam_steps=0):
        nothing = np.zeros_like(array, np.float32)
        self.X = self._tensor(array)
        self.mean = self._tensor(nothing if mean is None else mean)
        self.variance = self._tensor(nothing if mean is None else variance)

    def _tensor(self, array):
        """Return a copy of an array, in float32 on the device."""
        return torch.tensor(array, dtype=torch.float32, device=self.device)

    def _losses_and_gradient(self):
        contents_l, styles_l, tv_l, self.X.grad = self.objective(self.X)
        # One transfer for all numbers: on a GPU each costs a wait.
        return torch.stack([*contents_l, *styles_l, tv_l]).tolist()

    def _gradients(self, array):
        X = torch.from_numpy(array).to(self.device).requires_grad_()
        contents_l, styles_l, tv_l, _ = d2l.compute_loss(
            X,
            *self._features(X),
            [Y.float() for Y in self.contents_Y],
            self.styles_Y_gram,
            **UNWEIGHTED,
        )
        return [
            torch.autograd.grad(l, X, retain_graph=True)[0].cpu().numpy()
            for l in (*contents_l, *styles_l, tv_l)  # noqa: E741
        ]

    def _features(self, X):
        taps = self.recipe.content_taps, self.recipe.style_taps
        X = X.to(self.net[0].weight.dtype)
        features = d2l.extract_features(X, *taps, net=self.net)
        return tuple([Y.float() for Y in kind] for kind in features)

    @torch.no_grad()
    def _feature_arrays(self, array):
        features = self._features(torch.from_numpy(array).to(self.device))
        return tuple([Y.cpu().numpy() for Y in kind] for kind in features)

    def _descend(self, lr, epsilon):
        adam(
            *([self.X], [self.X.grad], [self.mean], [self.variance], []),
            [torch.tensor(self.adam_steps - 1.0)],  # it counts this one
            lr=lr,
            beta1=self.recipe.beta1,
            beta2=self.recipe.beta2,
            eps=epsilon,
            weight_decay=0,
            amsgrad=False,
            maximize=False,
        )

    def _as_numpy(self, parameter):
        return parameter.detach().float().cpu().numpy()

    def _array(self):
        return self.X.cpu().numpy().copy()

    def _adam(self):
        return tuple(
            average.cpu().numpy().copy()
            for average in (self.mean, self.variance)
        )


def frozen(pretrained_net, taps, dtype=torch.float32, *, copy=True):
    """Return a fast, frozen network up to the deepest tap.

    The weights want no gradient and lie in channels_last order, in which
    the CPU's convolutions are quickest. A ReLU works in place where nobody
    reads its input. In float32 the numbers stay the same, and so does the
    original. Without ``copy``, weights that need no change are shared with
    it.
    """
    layers = []
    for i in range(max(taps) + 1):
        layer = pretrained_net.features[i]
        if isinstance(layer, nn.Conv2d):
            layer = _frozen_conv(layer, dtype, copy)
        elif isinstance(layer, nn.ReLU):
            layer = nn.ReLU(inplace=i - 1 not in taps)
        layers.append(layer)
    return nn.Sequential(*layers)


def _frozen_conv(conv, dtype, copy):
    W = conv.weight.detach().to(
        dtype, copy=copy, memory_format=torch.channels_last
    )
    b = conv.bias.detach().to(dtype, copy=copy)
    return d2l.convolution(W, b).requires_grad_(False)


def has_fast_bfloat16(device):
    """Return whether ``device`` multiplies bfloat16 matrices in hardware.

    On a CPU that means AMX: with AVX-512's bfloat16 instructions alone,
    convolutions took 1.5 times as long as in float32.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    capabilities = getattr(torch.cpu, "get_capabilities", dict)
    return device.type == "cpu" and bool(capabilities().get("amx_bf16"))


@contextlib.contextmanager
def exact_products(exact):
    """Keep CUDA from rounding what it multiplies to TF32, or let it.

    cuDNN's convolutions do it unasked.
    """
    products, convolutions = torch.backends.cuda.matmul, torch.backends.cudnn
    before = products.allow_tf32, convolutions.allow_tf32
    products.allow_tf32 = convolutions.allow_tf32 = not exact
    try:
        yield
    finally:
        products.allow_tf32, convolutions.allow_tf32 = before
