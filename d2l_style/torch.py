"""The chapter in PyTorch: ``from d2l_style import torch as d2l``.

The book's functions under the book's names, then :class:`Synthesis`, which
runs them. ``mxnet.py`` holds the same names in the same order. What the
book's cells take from global variables are keyword-only arguments here.
Pictures are standardised (1, 3, h, w) float32 tensors called ``X``.
"""

import contextlib

import numpy as np

# Names that the book's cells use besides the functions below.
from PIL import Image  # noqa: F401

from d2l_style import forecast, images, vgg, zoo
from d2l_style.animator import Animator, plt, set_figsize  # noqa: F401
from d2l_style.beforehand import keep_memory
from d2l_style.doctor import require, require_panel
from d2l_style.language import set_language  # noqa: F401
from d2l_style.recipe import Recipe, lr_at  # noqa: F401
from d2l_style.samples import sample_images  # noqa: F401
from d2l_style.synthesis import SynthesisBase
from d2l_style.weights import describe, load_parameters, resolve

keep_memory()
torch = require("torch")
nn = torch.nn
# The function below Adam: the class brings PyTorch's whole compiler with it.
from torch.optim.adam import adam  # noqa: E402

from d2l_style.objective_torch import Objective, fast_gram  # noqa: E402

zoo.watch_torchvision(
    lambda weights: pretrained_vgg19(weights, inplace=True),
    lambda: has_gpu(),
)

rgb_mean = torch.tensor(images.RGB_MEAN)
rgb_std = torch.tensor(images.RGB_STD)

matmul = torch.matmul
abs = torch.abs  # noqa: A001 (the book's name)


def size(X):
    """Return the number of elements of a tensor."""
    return X.numel()


def reshape(X, shape):
    """Return the tensor with another shape, the same elements in order."""
    return X.reshape(shape)


def try_gpu(i=0):
    """Return CUDA device ``i`` if there is one, else Apple's, else the CPU."""
    if torch.cuda.device_count() > i:
        return torch.device(f"cuda:{i}")
    if i == 0 and torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def has_gpu():
    """Return whether :func:`try_gpu` finds one."""
    return try_gpu().type != "cpu"


def StylePanel(content_img=None, style_img=None, recipe=None, **kwargs):
    """Return a live panel; see :class:`d2l_style.panel.StylePanel`."""
    return require_panel().StylePanel(
        content_img, style_img, recipe, "pytorch", **kwargs
    )


# Pictures and network


def preprocess(img, image_shape, *, antialias=True, fit="squeeze", at_least=1):
    """Return a picture as a standardised (1, 3, h, w) tensor.

    ``img`` is a PIL image, a path or a (h, w, 3) uint8 array,
    ``image_shape`` is (h, w) in pixels; what else there is to say, and what
    is raised, see :func:`d2l_style.images.fit`.
    """
    img = images.as_image(img)
    img = images.fit(img, image_shape, fit, antialias, at_least)
    return torch.from_numpy(images.standardise(img))


def postprocess(img):
    """Return a (1, 3, h, w) tensor as a PIL image, clipped to its range."""
    return images.to_image(img.detach().float().cpu().numpy())


class VGG19(nn.Module):
    """The convolutional part of VGG-19, of any width, as ``.features``.

    ``parameters`` is what :func:`d2l_style.weights.load_parameters` returns.
    With ``inplace`` the ReLUs overwrite their input, as torchvision's do.
    """

    def __init__(self, parameters, inplace=False):
        super().__init__()
        self.features = nn.Sequential(
            *(_layer(layer, parameters, inplace) for layer in vgg.LAYERS)
        )

    def forward(self, X):
        return self.features(X)


def _layer(layer, parameters, inplace):
    if layer.kind == "relu":
        return nn.ReLU(inplace=inplace)
    if layer.kind == "pool":
        return nn.MaxPool2d(kernel_size=2, stride=2)
    name = f"features.{layer.index}"
    W, b = (parameters[f"{name}.{kind}"] for kind in ("weight", "bias"))
    return _conv(torch.from_numpy(W), torch.from_numpy(b))


def _conv(W, b):
    """Return a convolution with these weights themselves, not copies."""
    conv = nn.Conv2d(W.shape[1], len(W), 3, padding=1, device="meta")
    conv.weight, conv.bias = nn.Parameter(W), nn.Parameter(b)
    return conv


def pretrained_vgg19(weights="auto", *, inplace=False, verbose=True):
    """Return VGG-19 with ``.features[i]`` as in the book.

    The choices and errors are those of
    :func:`d2l_style.weights.load_parameters`. What ``"auto"`` stands for
    depends on whether there is a GPU; it prints one line that says which
    network it is, unless ``verbose`` is False.
    """
    kind = resolve(weights, has_gpu())
    if weights == "auto" and verbose:
        print(describe(kind))
    return VGG19(load_parameters(kind), inplace).eval()


# Features and their targets


def extract_features(X, content_layers, style_layers, *, net):
    """Return the outputs of ``net``'s layers: (contents, styles), two lists.

    The layers are indices into ``net``; each feature is (1, c, h', w'), in
    the order in which its index is given.
    """
    wanted = {*content_layers, *style_layers}
    features = {}
    for i in range(max(wanted, default=-1) + 1):
        X = net[i](X)
        if i in wanted:
            features[i] = X
    contents = [features[i] for i in content_layers]
    styles = [features[i] for i in style_layers]
    return contents, styles


def get_contents(
    image_shape,
    device,
    *,
    content_img,
    net,
    content_layers,
    antialias=True,
):
    """Return ``(content_X, contents_Y)``: the picture and its features."""
    content_X = preprocess(content_img, image_shape, antialias=antialias)
    content_X = content_X.to(device)
    with torch.no_grad():
        contents_Y, _ = extract_features(
            content_X, content_layers, [], net=net
        )
    return content_X, contents_Y


def get_styles(
    image_shape,
    device,
    *,
    style_img,
    net,
    style_layers,
    antialias=True,
    style_fit="squeeze",
):
    """Return ``(style_X, styles_Y)``: the picture and its features.

    ``style_fit`` is that of a Recipe. With ``"keep"`` the picture has its
    own shape: a Gram matrix is (c, c) for any, and is divided by its h w.
    Raises ``ValueError`` if it is too narrow for ``net`` then.
    """
    style_X = preprocess(
        style_img,
        image_shape,
        antialias=antialias,
        fit=style_fit,
        at_least=vgg.smallest_side(len(net) - 1),
    )
    style_X = style_X.to(device)
    with torch.no_grad():
        _, styles_Y = extract_features(style_X, [], style_layers, net=net)
    return style_X, styles_Y


# The three losses


def content_loss(Y_hat, Y):
    """Return mean((Y_hat - Y)^2) over all elements; Y is a fixed target."""
    return torch.square(Y_hat - Y.detach()).mean()


def gram(X):
    """Return the Gram matrix (c, c) of features (1, c, h, w).

    X X^T / (c h w), with X read as a (c, h w) matrix: how strongly each two
    channels respond together (Gatys, Ecker and Bethge, 2016).
    """
    num_channels, n = X.shape[1], size(X) // X.shape[1]
    X = reshape(X, (num_channels, n))
    return matmul(X, X.T) / (num_channels * n)


def style_loss(Y_hat, gram_Y):
    """Return mean((gram(Y_hat) - gram_Y)^2); gram_Y is a fixed target."""
    return torch.square(gram(Y_hat) - gram_Y.detach()).mean()


def tv_loss(Y_hat):
    """Return the total variation of a (1, 3, h, w) image.

    Half the sum of the mean absolute differences between vertical and
    between horizontal neighbours, on the standardised image.
    """
    down = abs(Y_hat[:, :, 1:, :] - Y_hat[:, :, :-1, :]).mean()
    right = abs(Y_hat[:, :, :, 1:] - Y_hat[:, :, :, :-1]).mean()
    return 0.5 * (down + right)


def compute_loss(
    X,
    contents_Y_hat,
    styles_Y_hat,
    contents_Y,
    styles_Y_gram,
    *,
    content_weight=1,
    style_weight=1e4,
    tv_weight=10,
    style_layer_weights=(),
    style_repeats=1,
):
    """Return ``(contents_l, styles_l, tv_l, l)``, all weighted.

    The first two are lists with one scalar per layer. ``l`` is the sum of
    all terms, with those of style entering ``style_repeats`` times.
    """
    contents_l = [
        content_loss(Y_hat, Y) * content_weight
        for Y_hat, Y in zip(contents_Y_hat, contents_Y, strict=True)
    ]
    factors = style_layer_weights or [1.0] * len(styles_Y_hat)
    styles_l = [
        style_loss(Y_hat, Y) * (style_weight * factor)
        for Y_hat, Y, factor in zip(
            styles_Y_hat, styles_Y_gram, factors, strict=True
        )
    ]
    tv_l = tv_loss(X) * tv_weight
    l = sum(contents_l) + style_repeats * sum(styles_l) + tv_l  # noqa: E741
    return contents_l, styles_l, tv_l, l


# The image, the only thing that is trained


class SynthesizedImage(nn.Module):
    """A module whose one parameter, ``weight``, is the image itself."""

    def __init__(self, img_shape):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(*img_shape))

    def forward(self):
        return self.weight


def get_inits(X, device, lr, styles_Y):
    """Return ``(image, styles_Y_gram, trainer)``.

    The image starts as a copy of ``X`` on ``device``; ``trainer`` is Adam
    over it with learning rate ``lr``.
    """
    gen_img = SynthesizedImage(X.shape).to(device)
    with torch.no_grad():
        gen_img.weight.copy_(X)
    trainer = torch.optim.Adam(gen_img.parameters(), lr=lr)
    return gen_img(), [gram(Y) for Y in styles_Y], trainer


def measure(
    X,
    contents_Y,
    styles_Y_gram,
    *,
    net,
    content_layers,
    style_layers,
    **loss_weights,
):
    """Return the losses of the image ``X``; leave their gradient in it.

    The losses are those of :func:`compute_loss`, which also takes
    ``loss_weights``.
    """
    X.grad = None
    contents_Y_hat, styles_Y_hat = extract_features(
        X, content_layers, style_layers, net=net
    )
    losses = compute_loss(
        X,
        contents_Y_hat,
        styles_Y_hat,
        contents_Y,
        styles_Y_gram,
        **loss_weights,
    )
    losses[-1].backward()
    return losses


def train(
    X,
    contents_Y,
    styles_Y,
    device,
    lr,
    num_epochs,
    lr_decay_epoch,
    *,
    net,
    content_layers,
    style_layers,
    animator=None,
    **loss_weights,
):
    """Run the chapter's training loop and return the image, (1, 3, h, w).

    Every ``lr_decay_epoch`` epochs the learning rate is multiplied by 0.8;
    every 10 epochs ``animator`` (by default a new :class:`Animator`) shows
    the image and the three losses. ``loss_weights`` are the keyword
    arguments of :func:`compute_loss`.
    """
    X, styles_Y_gram, trainer = get_inits(X, device, lr, styles_Y)
    animator = animator or Animator.of_losses(num_epochs)
    for epoch in range(num_epochs):
        trainer.param_groups[0]["lr"] = lr_at(epoch, lr, lr_decay_epoch)
        contents_l, styles_l, tv_l, _ = measure(
            X,
            contents_Y,
            styles_Y_gram,
            net=net,
            content_layers=content_layers,
            style_layers=style_layers,
            **loss_weights,
        )
        trainer.step()
        if (epoch + 1) % 10 == 0:
            animator.axes[1].imshow(postprocess(X))
            animator.add(
                epoch + 1,
                [sum(contents_l).item(), sum(styles_l).item(), tv_l.item()],
            )
    return X


_UNWEIGHTED = {"content_weight": 1, "style_weight": 1, "tv_weight": 1}


class Synthesis(SynthesisBase):
    """:class:`~d2l_style.synthesis.SynthesisBase` in PyTorch."""

    _backend = "pytorch"

    def _default_device(self):
        return try_gpu()

    def _load(self, weights):
        net = pretrained_vgg19(weights, verbose=False)
        return net.to(memory_format=torch.channels_last)

    def _make_net(self, recipe):
        taps = {*recipe.content_taps, *recipe.style_taps}
        dtype = self._dtype(recipe)
        net = frozen(self.pretrained_net, taps, dtype, copy=self._given_net)
        return net.to(self.device)

    def _dtype(self, recipe):
        fast = recipe.precision == "fast" and has_fast_bfloat16(self.device)
        return torch.bfloat16 if fast else torch.float32

    def _itemsize(self, recipe):
        return self._dtype(recipe).itemsize

    def _free_bytes(self):
        if self.device.type == "cuda":
            return torch.cuda.mem_get_info(self.device)[0]
        return forecast.free_bytes()

    @torch.no_grad()
    def _look(self, net, array, recipe):
        """Yield (i, what net[i] puts out) for a standardised picture."""
        with exact_products(recipe.precision != "fast"):
            X = torch.from_numpy(array).to(self.device, net[0].weight.dtype)
            for i, layer in enumerate(net):
                X = layer(X)
                yield i, X

    _gram = staticmethod(fast_gram)

    def _make_objective(self, recipe):
        return Objective(self.net, recipe, self.contents_Y, self.styles_Y_gram)

    def _begin(self, array, mean=None, variance=None, adam_steps=0):
        nothing = np.zeros_like(array, np.float32)
        self.X = self._tensor(array)
        self.mean = self._tensor(nothing if mean is None else mean)
        self.variance = self._tensor(nothing if mean is None else variance)

    def _tensor(self, array):
        """Return a copy of an array, in float32 on the device."""
        return torch.tensor(array, dtype=torch.float32, device=self.device)

    def _measure(self):
        with exact_products(self.recipe.precision != "fast"):
            contents_l, styles_l, tv_l, self.X.grad = self.objective(self.X)
        # One transfer for all numbers: on a GPU each costs a wait.
        numbers = torch.stack([*contents_l, *styles_l, tv_l]).tolist()
        return self._losses(numbers)

    def _gradients(self, array):
        X = torch.from_numpy(array).to(self.device).requires_grad_()
        contents_l, styles_l, tv_l, _ = compute_loss(
            X,
            *self._features(X),
            [Y.float() for Y in self.contents_Y],
            self.styles_Y_gram,
            **_UNWEIGHTED,
        )
        return [
            torch.autograd.grad(l, X, retain_graph=True)[0].cpu().numpy()
            for l in (*contents_l, *styles_l, tv_l)  # noqa: E741
        ]

    def _features(self, X):
        taps = self.recipe.content_taps, self.recipe.style_taps
        X = X.to(self.net[0].weight.dtype)
        features = extract_features(X, *taps, net=self.net)
        return tuple([Y.float() for Y in kind] for kind in features)

    @torch.no_grad()
    def _feature_arrays(self, array):
        contents_Y, styles_Y = self._features(
            torch.from_numpy(array).to(self.device)
        )
        return tuple(
            [Y.cpu().numpy() for Y in kind] for kind in (contents_Y, styles_Y)
        )

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

    def array(self):
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
    return _conv(W, b).requires_grad_(False)


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

    cuDNN's convolutions do it unasked. Elsewhere this changes nothing.
    """
    if not torch.cuda.is_available():
        yield
        return
    products, convolutions = torch.backends.cuda.matmul, torch.backends.cudnn
    before = products.allow_tf32, convolutions.allow_tf32
    products.allow_tf32 = convolutions.allow_tf32 = not exact
    try:
        yield
    finally:
        products.allow_tf32, convolutions.allow_tf32 = before
