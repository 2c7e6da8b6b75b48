"""A VGG-19 of random weights, calibrated so that the book's weights work.

Random features transfer colour and coarse texture (He, Wang and Hopcroft,
'A Powerful Generative Model Using Random Weights for the Deep Image
Representation', 2016), but only if their scale fits. Layer by layer the
weights are scaled until the Gram matrices of two made-up pictures, one cool
and smooth, one warm and rough, differ by a given amount. A ReLU network
without biases is positively homogeneous: the next layer undoes the scale, so
this changes what a loss weighs, not what the network sees. All of it is done
in NumPy, so that both backends get the same numbers.

Biases stay zero. Standardising every channel as well (tried) makes deep
layers answer to noise, and the pictures come out as noise.
"""

import numpy as np

from d2l_style.network import vgg

# What mean((gram(a) - gram(b))^2) of the two pictures becomes in each block.
# Chosen so that real pictures, whose colours differ less, give style losses
# of one order in all blocks at the book's weights.
GRAM_DISTANCES = (1.5e-4, 4e-4, 8e-4, 1e-3, 1.2e-3)
_PICTURE = (128, 192)  # height and width of the made-up pictures


def random_parameters(seed=0, widths=vgg.WIDTHS):
    """Return VGG-19's calibrated random parameters.

    ``widths`` are the channels of blocks 1 to 5, for a narrower network.
    Returns a dict from torchvision's names (``features.0.weight`` ...) to
    float32 arrays, the same for the same seed on every platform up to the
    rounding of its matrix product.
    """
    bits = np.random.PCG64(seed)  # its raw stream is stable for good
    X = _pictures(bits)  # (3, 2, h, w)
    parameters, scale = {}, 1.0
    for layer in vgg.LAYERS:
        if layer.kind == "pool":
            X = _max_pool(X)
        elif layer.kind == "conv":
            c_out = widths[layer.block - 1]
            W = _uniform(bits, (c_out, len(X), 3, 3))
            X = np.maximum(_conv(W, X), 0)
            W, X = W / X.std(), X / X.std()  # large numbers would overflow
            distance = GRAM_DISTANCES[layer.block - 1]
            new_scale = _scale(X, distance)
            name = f"features.{layer.index}"
            parameters[f"{name}.weight"] = np.float32(W * new_scale / scale)
            parameters[f"{name}.bias"] = np.zeros(c_out, np.float32)
            scale = new_scale
    return parameters


def _uniform(bits, shape):
    """Return float32 numbers, uniform in [-1, 1), from raw random bits."""
    count = int(np.prod(shape))
    raw = bits.random_raw((count + 1) // 2).view(np.int32)[:count]
    return (raw.astype(np.float32) * np.float32(2.0**-31)).reshape(shape)


def _pictures(bits):
    """Return two standardised pictures, (3, 2, h, w): cool, then warm."""
    cool = _noise_picture(bits, 1.4, (-0.6, 0.1, 0.7), 0.7)
    warm = _noise_picture(bits, 0.8, (0.9, -0.1, -0.9), 1.1)
    return np.stack([cool, warm], axis=1)


def _noise_picture(bits, slope, colour, contrast):
    """Return noise whose amplitude falls as 1/f^slope, (3, h, w).

    Pictures of the world have such spectra (Field, 1987). ``colour`` is the
    mean of R, G and B, ``contrast`` their deviation, in standardised units.
    """
    h, w = _PICTURE
    f = np.hypot(np.fft.fftfreq(h)[:, None], np.fft.rfftfreq(w)[None])
    f[0, 0] = np.inf
    noise = np.fft.irfft2(
        np.fft.rfft2(_uniform(bits, (3, h, w))) / f**slope, s=(h, w)
    )
    grey = noise.mean(axis=0)
    noise = 0.35 * noise + 0.65 * grey  # channels of a photo go together
    noise *= contrast / noise.std()
    return np.float32(noise + np.reshape(colour, (3, 1, 1)))


def _scale(X, distance):
    """Return the factor that brings X's Gram distance to ``distance``.

    The Gram matrix grows with the square of the features, its squared
    difference with their fourth power.
    """
    gram_a, gram_b = _gram(X[:, 0]), _gram(X[:, 1])
    return (distance / np.mean((gram_a - gram_b) ** 2)) ** 0.25


def _gram(X):
    X = X.reshape(len(X), -1)
    return X @ X.T / X.size


def _conv(W, X):
    """Convolve (c_in, n, h, w) with (c_out, c_in, 3, 3), padding 1."""
    c, n, h, w = X.shape
    padded = np.pad(X, ((0, 0), (0, 0), (1, 1), (1, 1)))
    columns = np.empty((c, 3, 3, n, h, w), np.float32)
    for i in range(3):
        for j in range(3):
            columns[:, i, j] = padded[:, :, i : i + h, j : j + w]
    Y = W.reshape(len(W), -1) @ columns.reshape(c * 9, -1)
    return Y.reshape(-1, n, h, w)


def _max_pool(X):
    c, n, h, w = X.shape
    X = X[:, :, : h // 2 * 2, : w // 2 * 2]
    return X.reshape(c, n, h // 2, 2, w // 2, 2).max(axis=(3, 5))
