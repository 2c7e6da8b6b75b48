"""The chapter in PyTorch: ``from d2l_style import torch as d2l``.

The book's functions under the book's names. ``mxnet.py`` holds the same names
in the same order. What the book's cells take from global variables are
keyword-only arguments here. ``engine/pytorch.py`` computes the same, quicker.
Pictures are standardised (1, 3, h, w) float32 tensors called ``X``.
"""

# Names that the book's cells use besides the functions below.
from PIL import Image  # noqa: F401

from d2l_style.language import set_language  # noqa: F401
from d2l_style.machine.doctor import needs_widgets, require
from d2l_style.machine.tuning import keep_memory
from d2l_style.network import pretrained, vgg
from d2l_style.network.weights import describe, load_parameters, resolve
from d2l_style.pictures import images
from d2l_style.pictures.animator import Animator, plt, set_figsize  # noqa: F401
from d2l_style.pictures.samples import sample_images  # noqa: F401
from d2l_style.recipe import Recipe, lr_at  # noqa: F401

keep_memory()
torch = require("torch")
nn = torch.nn
pretrained.watch_torchvision(
    lambda weights: pretrained_vgg19(weights, inplace=True),
    lambda: has_gpu(),
)

rgb_mean = torch.tensor(vgg.RGB_MEAN)
rgb_std = torch.tensor(vgg.RGB_STD)

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
    with needs_widgets():
        from d2l_style.panel import StylePanel
    return StylePanel(content_img, style_img, recipe, "pytorch", **kwargs)


# Pictures and network


def preprocess(img, image_shape, *, antialias=True, fit="squeeze", at_least=1):
    """Return a picture as a standardised (1, 3, h, w) tensor.

    ``img`` is a PIL image, a path or a (h, w, 3) uint8 array,
    ``image_shape`` is (h, w) in pixels; what else there is to say, and what
    is raised, see :func:`d2l_style.pictures.images.fit`.
    """
    img = images.as_image(img)
    img = images.fit(img, image_shape, fit, antialias, at_least)
    return torch.from_numpy(images.standardise(img))


def postprocess(img):
    """Return a (1, 3, h, w) tensor as a PIL image, clipped to its range."""
    return images.to_image(img.detach().float().cpu().numpy())


class VGG19(nn.Module):
    """The convolutional part of VGG-19, of any width, as ``.features``.

    ``parameters`` is what :func:`~.weights.load_parameters` returns.
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
    return convolution(torch.from_numpy(W), torch.from_numpy(b))


def convolution(W, b):
    """Return a convolution with these weights themselves, not copies."""
    conv = nn.Conv2d(W.shape[1], len(W), 3, padding=1, device="meta")
    conv.weight, conv.bias = nn.Parameter(W), nn.Parameter(b)
    return conv


def pretrained_vgg19(weights="auto", *, inplace=False, verbose=True):
    """Return VGG-19 with ``.features[i]`` as in the book.

    The choices and errors are those of
    :func:`~.weights.load_parameters`. What ``"auto"`` stands for
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


def compute_gradient(
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
        contents_l, styles_l, tv_l, _ = compute_gradient(
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
