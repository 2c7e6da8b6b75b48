"""Meters for the exercise "change the weights": what a result kept and took.

A loss cannot compare two runs with different weights, since the weights are
in it, and it cannot say what a person would see. These meters look at the
result alone. Pictures are whatever :func:`~.images.as_image` takes,
every meter gives a float, and all of it is NumPy. ::

    for style_weight in (1e3, 1e4, 1e5):
        recipe = Recipe(style_weight=style_weight)
        transfer = StyleTransfer("valley.jpg", "oaks.jpg", recipe)
        list(transfer.run())
        print(style_weight, measure(transfer))

Each sees one side only. A result that is the content picture itself has the
best content and the worst style: read them together.
"""

import math
from dataclasses import dataclass

import numpy as np

from d2l_style.language import N_, _, invalid
from d2l_style.pictures import images
from d2l_style.transfer import StyleTransfer

LUMA = (0.299, 0.587, 0.114)  # red, green and blue in ITU-R BT.601
WINDOW, SIGMA = 11, 1.5  # pixels: the Gaussian window of the SSIM
K1, K2, L = 0.01, 0.03, 255  # its constants; L is the range of pixels
LEAST_NOISE = 3  # pixels in width and height: the size of Immerkaer's mask
MOST_BINS = 64  # per channel; their cube must fit into memory


@dataclass(frozen=True)
class Meters:
    """What :func:`measure` found in a result.

    ======== ================================================================
    content  :func:`content_kept`, -1 to 1; more is more of the content
    style    mean of :func:`gram_distances` over the style layers, 0 and up;
             less is more of the style. NaN without a style layer
    colour   :func:`colour_distance`, 0 to 1; less is more of its colours
    noise    :func:`noise`, 0 and up, in grey levels of 0 ... 255
    features mean of :func:`feature_correlation` over the content layers, -1
             to 1; more is more of the content. NaN without a content layer
    ======== ================================================================
    """

    content: float
    style: float
    colour: float
    noise: float
    features: float

    def __str__(self):
        """Return the five in a line, to three digits."""
        return "  ".join(f"{k} {v:.3g}" for k, v in vars(self).items())


def measure(transfer):
    """Return the :class:`Meters` of a run as it stands.

    ``transfer`` is a :class:`~d2l_style.transfer.StyleTransfer` of either
    backend, at any epoch; it is not changed. Costs three passes through its
    network. Content and style picture are compared as the network saw them,
    resized as the recipe's ``image_shape`` and ``style_fit`` say.
    ``content``, ``colour`` and ``noise`` look at the picture that is shown,
    clipped to 0 ... 255; ``style`` and ``features`` at the array that the
    losses see.

    Raises ``TypeError`` if it is no transfer, and ``ValueError`` if its
    picture has fewer than 11 pixels in height or width or its features are
    not finite. May be called while another thread runs the epochs.
    """
    if not isinstance(transfer, StyleTransfer):
        raise TypeError(
            _(
                "measure takes a StyleTransfer, not {given}. For a picture "
                "alone there are content_kept, colour_distance and noise.",
                given=type(transfer).__name__,
            )
        )
    with transfer.alone():  # picture, recipe and network of one moment
        return _meters(transfer)


def _meters(transfer):
    array = transfer.array()
    content, style = transfer.pictures_seen()
    result = images.to_image(array)
    kept = content_kept(result, content)  # the first to refuse small pictures
    contents_Y = transfer.features(images.standardise(content))[0]
    styles_Y = transfer.features(images.standardise(style))[1]
    contents_Y_hat, styles_Y_hat = transfer.features(array)
    distances = gram_distances(
        [gram(Y) for Y in styles_Y_hat], [gram(Y) for Y in styles_Y]
    )
    correlations = [
        feature_correlation(Y_hat, Y)
        for Y_hat, Y in zip(contents_Y_hat, contents_Y, strict=True)
    ]
    return Meters(
        content=kept,
        style=_mean(distances),
        colour=colour_distance(result, style),
        noise=noise(result),
        features=_mean(correlations),
    )


def _mean(numbers):
    return float(np.mean(numbers)) if numbers else math.nan


# Pictures


def content_kept(result, content):
    """Return the structural similarity of two pictures, -1 to 1.

    1 means that they are equal, 0 that they have no structure in common;
    below 0 light and dark are exchanged. It is the mean over all places of ::

        (2 mx my + C1) (2 cxy + C2)
        ---------------------------------
        (mx^2 + my^2 + C1) (vx + vy + C2)

    of the luminance, 0.299 R + 0.587 G + 0.114 B in 0 ... 255. The means
    mx, my, variances vx, vy and covariance cxy are taken under a Gaussian
    window of 11 x 11 pixels, sigma 1.5, wherever it fits whole. C1 =
    (0.01 * 255)^2, C2 = (0.03 * 255)^2. Colours do not count.

    ``result`` (h, w) is any picture. ``content`` is resized to (h, w) if it
    has another size. Raises ``ValueError`` if h or w is below 11, and errors
    as :func:`d2l_style.pictures.images.as_image` does.

    Source: Z. Wang, A. C. Bovik, H. R. Sheikh and E. P. Simoncelli, "Image
    Quality Assessment: From Error Visibility to Structural Similarity", IEEE
    Transactions on Image Processing 13(4), 2004.
    """
    result, content = images.as_image(result), images.as_image(content)
    _check_size(result, WINDOW, _TOO_SMALL["content"])
    if content.size != result.size:
        content = images.resize(content, result.size[::-1])
    return float(_similarities(_luminance(result), _luminance(content)).mean())


def _similarities(x, y):
    """Return the SSIM map (h - 10, w - 10) of two (h, w) arrays."""
    mx, my = _windowed(x), _windowed(y)
    vx, vy = _windowed(x * x) - mx * mx, _windowed(y * y) - my * my
    cxy = _windowed(x * y) - mx * my
    C1, C2 = (K1 * L) ** 2, (K2 * L) ** 2
    light = (2 * mx * my + C1) / (mx * mx + my * my + C1)
    return light * (2 * cxy + C2) / (vx + vy + C2)


def _windowed(x):
    """Return the Gaussian means (h - 10, w - 10) of an (h, w) array."""
    offsets = np.arange(WINDOW) - WINDOW // 2
    weights = np.exp(-(offsets**2) / (2 * SIGMA**2))
    weights /= weights.sum()
    for _axis in range(2):  # down, then across
        n = len(x) - WINDOW + 1
        x = sum(w * x[i : i + n] for i, w in enumerate(weights)).T
    return x


def colour_distance(result, style, bins=8):
    """Return how much the colours of two pictures differ, 0 to 1.

    0 means that each colour has the same share of both, 1 that they have no
    colour in common. Where they are does not count. Each channel is cut
    into ``bins`` equal parts. p and q are the shares of all pixels in each
    of the bins^3 boxes of RGB, and the distance is ::

        1 - sum(min(p, q)) = sum(|p - q|) / 2

    The pictures may differ in size, as shares do not depend on it. A colour
    just across the border of a box counts as another one.

    ``bins`` is a whole number from 2 to 64, else ``ValueError``; errors of
    pictures are those of :func:`d2l_style.pictures.images.as_image`.

    Source: histogram intersection, M. J. Swain and D. H. Ballard, "Color
    Indexing", International Journal of Computer Vision 7(1), 1991; it is
    also the total variation distance of p and q.
    """
    _check_bins(bins)
    p, q = _shares(result, bins), _shares(style, bins)
    return float(min(np.abs(p - q).sum() / 2, 1.0))


def _shares(img, bins):
    """Return the share of the pixels in each box of RGB, (bins^3,)."""
    pixels = np.asarray(images.as_image(img)).reshape(-1, 3)
    r, g, b = (pixels.astype(np.int32) * bins // 256).T
    counts = np.bincount((r * bins + g) * bins + b, minlength=bins**3)
    return counts / len(pixels)


def noise(result):
    """Return the standard deviation of a picture's noise, in grey levels.

    0 is no noise; the luminance, 0.299 R + 0.587 G + 0.114 B, lies in
    0 ... 255. The mask N is the difference of two Laplacians. It gives 0 on
    flat and evenly rising light and along straight level and upright edges.
    ::

            [ 1 -2  1]
        N = [-2  4 -2]    sqrt(pi / 2) sum(|I * N|) / (6 (w - 2) (h - 2))
            [ 1 -2  1]

    It supposes normal noise, independent from pixel to pixel. Fine texture,
    brush strokes among it, counts as noise too. So compare results of the
    same pictures and size.

    ``result`` (h, w) is any picture. Raises ``ValueError`` if h or w is
    below 3, and errors as :func:`d2l_style.pictures.images.as_image` does.

    Source: J. Immerkaer, "Fast Noise Variance Estimation", Computer Vision
    and Image Understanding 64(2), 1996.
    """
    img = images.as_image(result)
    _check_size(img, LEAST_NOISE, _TOO_SMALL["noise"])
    I = _luminance(img)  # noqa: E741 (the paper's name)
    # N is the second difference [1, -2, 1], taken down and across.
    differences = np.diff(np.diff(I, 2, axis=0), 2, axis=1)
    return float(math.sqrt(math.pi / 2) * np.abs(differences).mean() / 6)


def _luminance(img):
    """Return the luminance of an RGB image, (h, w) float64, 0 ... 255."""
    return np.asarray(img, np.float64) @ np.array(LUMA)


# Features


def feature_correlation(features, target):
    """Return Pearson's correlation of two feature arrays, -1 to 1.

    ``features`` and ``target`` are NumPy arrays (1, c, h, w) of one shape.
    With x and y for all their numbers, less their means ::

        sum(x y) / sqrt(sum(x^2) sum(y^2))

    1 means that the network sees the same things in the same places, up to
    contrast. Some channels answer more strongly than others in any picture,
    so unrelated pictures are above 0 too. NaN where one of the two is
    constant, for which it is not defined. Raises ``ValueError`` if the
    shapes differ or numbers are not finite.

    Source: K. Pearson, "Notes on Regression and Inheritance in the Case of
    Two Parents", Proceedings of the Royal Society of London 58, 1895.
    """
    features, target = _features(features), _features(target)
    _check_same(features, target, _OF_FEATURES)
    if np.ptp(features) == 0 or np.ptp(target) == 0:
        return math.nan
    x, y = (Y.ravel() / np.abs(Y).max() for Y in (features, target))
    x, y = x - x.mean(), y - y.mean()
    r = x @ y / (np.linalg.norm(x) * np.linalg.norm(y))
    return float(np.clip(r, -1, 1))


def gram(X):
    """Return the Gram matrix (c, c) of features (1, c, h, w), float64.

    X X^T / (c h w), with X read as a (c, h w) matrix: how strongly each two
    channels respond together. ``X`` is a NumPy array; the result has the
    units of its numbers squared. Raises ``ValueError`` if it has another
    shape or numbers are not finite.

    Source: L. A. Gatys, A. S. Ecker and M. Bethge, "Image Style Transfer
    Using Convolutional Neural Networks", CVPR 2016; divided by c h w as in
    the chapter.
    """
    X = _features(X)
    rows = X.reshape(X.shape[1], -1)
    return rows @ rows.T / rows.size


def gram_distances(styles_Y_gram_hat, styles_Y_gram):
    """Return how far Gram matrices are from their targets, a list of floats.

    Two lists with one (c, c) array per layer, the result's matrices G and
    the style's A. For each layer ::

        ||G - A|| / ||A||,    ||A|| = sqrt(sum(A^2)), Frobenius' norm

    0 means equal, 1 as far off as a picture without any answer; there is no
    upper bound. Relative to A, the layers can be compared and averaged. NaN
    where A is all zeros, and an empty list for empty lists. Raises
    ``ValueError`` if the lists have different lengths, shapes differ, or
    numbers are not finite.

    Source: the style loss of Gatys, Ecker and Bethge (2016), see
    :func:`gram`, is the same distance squared and divided by constants.
    """
    if len(styles_Y_gram_hat) != len(styles_Y_gram):
        raise invalid(
            "There are {result} Gram matrices of the result and {style} "
            "of the style: give one of each for every style layer.",
            result=len(styles_Y_gram_hat),
            style=len(styles_Y_gram),
        )
    return [
        _gram_distance(_matrix(G), _matrix(A))
        for G, A in zip(styles_Y_gram_hat, styles_Y_gram, strict=True)
    ]


def _gram_distance(G, A):
    _check_same(G, A, _OF_GRAMS)
    if not A.any():
        return math.nan
    return float(np.linalg.norm(G - A) / np.linalg.norm(A))


# What is handed in


def _features(array):
    array = _finite(array, _OF_FEATURES)
    if array.ndim != 4 or len(array) != 1 or not array.size:
        raise invalid(
            "Features must be an array of shape (1, c, h, w), not {given}."
            " Hand in what a layer gives for one picture.",
            given=array.shape,
        )
    return array


def _matrix(array):
    array = _finite(array, _OF_GRAMS)
    if array.ndim != 2 or len(set(array.shape)) != 1 or not array.size:
        raise invalid(
            "A Gram matrix must have the shape (c, c), not {given}. Hand "
            "in what gram gives for each layer.",
            given=array.shape,
        )
    return array


@dataclass(frozen=True)
class _Complaints:
    """What may be wrong with features, or with Gram matrices."""

    kind: str
    infinite: str
    shapes: str


_OF_FEATURES = _Complaints(
    kind=N_(
        "Features must be NumPy arrays of real numbers, not {given}. Convert "
        "tensors with .detach().cpu().numpy() in PyTorch, .asnumpy() in MXNet."
    ),
    infinite=N_(
        "Features hold infinite numbers or NaN: the run has diverged. Lower "
        "lr or the weights and begin again."
    ),
    shapes=N_(
        "Features of different shapes cannot be compared: {a} and {b}. Take "
        "both from the same layer, and from pictures of the same size."
    ),
)
_OF_GRAMS = _Complaints(
    kind=N_(
        "Gram matrices must be NumPy arrays of real numbers, not {given}. "
        "Convert tensors with .detach().cpu().numpy() in PyTorch, .asnumpy() "
        "in MXNet."
    ),
    infinite=N_(
        "Gram matrices hold infinite numbers or NaN: the run has diverged. "
        "Lower lr or the weights and begin again."
    ),
    shapes=N_(
        "Gram matrices of different shapes cannot be compared: {a} and {b}. "
        "Take both from the same layer."
    ),
)
_TOO_SMALL = {
    "content": N_(
        "Structural similarity needs at least {least} pixels in height and "
        "width; the picture has {h}x{w}. Hand in a larger one, or choose a "
        "larger image_shape for the run."
    ),
    "noise": N_(
        "The estimate of noise needs at least {least} pixels in height and "
        "width; the picture has {h}x{w}. Hand in a larger one, or choose a "
        "larger image_shape for the run."
    ),
}


def _finite(array, complaints):
    real = isinstance(array, np.ndarray) and array.dtype.kind in "fiu"
    if not real:
        raise invalid(complaints.kind, given=_kind(array))
    if not np.isfinite(array).all():
        raise invalid(complaints.infinite)
    return array.astype(np.float64)


def _kind(array):
    """Return the type of the numbers, or of what is no array."""
    if isinstance(array, np.ndarray):
        return array.dtype
    return type(array).__name__


def _check_same(a, b, complaints):
    if a.shape != b.shape:
        raise invalid(complaints.shapes, a=a.shape, b=b.shape)


def _check_size(img, least, complaint):
    if min(img.size) < least:
        raise invalid(complaint, least=least, h=img.height, w=img.width)


def _check_bins(bins):
    whole = isinstance(bins, (int, np.integer)) and not isinstance(bins, bool)
    if not whole or not 2 <= bins <= MOST_BINS:
        raise invalid(
            "bins must be a whole number from 2 to {most}, not {given!r}.",
            most=MOST_BINS,
            given=bins,
        )
