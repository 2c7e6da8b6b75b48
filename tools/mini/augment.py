"""Batches of crops from a few pictures, no two alike.

What a batch is depends on its number alone: ``batch(step)`` draws from a
generator that is seeded with (seed, step). So a resumed run sees what an
uninterrupted one would have seen, and there is no state to keep.

A pyramid holds every picture at several sizes. Each crop is a window of one
of them, turned, stretched and flipped by one bilinear lookup for the whole
batch; colours are changed by one 3x3 matrix for each crop.
"""

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from d2l_style.network import vgg

SCALES = (0.7, 1.4)  # pyramid pixels per pixel of the crop: one octave
ROOM = 2  # a window is this many times as wide as the crop in it
_GREY = np.float32([0.299, 0.587, 0.114])
_MEAN = torch.tensor(vgg.RGB_MEAN).reshape(1, 3, 1, 1)
_STD = torch.tensor(vgg.RGB_STD).reshape(1, 3, 1, 1)


class Crops:
    """An endless supply of standardised (n, 3, size, size) batches."""

    def __init__(self, pictures, size=96, seed=0, device="cpu"):
        """``pictures`` are (3, h, w) uint8 arrays, at least one."""
        self.size, self.seed, self.window = size, seed, ROOM * size
        pyramids = [_pyramid(p, self.window) for p in pictures]
        # A large picture has more to show, a grey one less.
        weights = np.array(
            [
                np.sqrt(p[-1][0].size) * (1 if _colourful(p[0]) else 0.5)
                for p in pyramids
            ]
        )
        self.weights = weights / weights.sum()
        self.pyramids = [
            [torch.from_numpy(level).to(device) for level in levels]
            for levels in pyramids
        ]

    def batch(self, step, n=32):
        """Return batch number ``step``, float32 in channels_last order."""
        rng = np.random.default_rng((self.seed, step))
        X = _turned(self._windows(rng, n), self.size, rng)
        X = _sharpened(X, rng)
        X = _recoloured(X, rng)
        X = _mixed(X, rng)
        X = _noisy(X, rng)
        X = (X - _MEAN.to(X.device)) / _STD.to(X.device)
        return X.contiguous(memory_format=torch.channels_last)

    def _windows(self, rng, n):
        side, chosen = self.window, []
        for i in rng.choice(len(self.pyramids), n, p=self.weights):
            levels = self.pyramids[i]
            level = levels[rng.integers(len(levels))]
            top = rng.integers(level.shape[1] - side + 1)
            left = rng.integers(level.shape[2] - side + 1)
            chosen.append(level[:, top : top + side, left : left + side])
        return torch.stack(chosen).float().div_(255)


def views(pictures, size=224):
    """Return what a viewer would see: (n, 3, size, size), standardised.

    Of every picture the middle, once as a whole and once at twice the size.
    """
    chosen = []
    for picture in pictures:
        for short in (size, 2 * size):
            level = _resized(picture, short)
            top, left = ((s - size) // 2 for s in level.shape[1:])
            chosen.append(level[:, top : top + size, left : left + size])
    X = torch.from_numpy(np.stack(chosen)).float().div_(255)
    X = (X - _MEAN) / _STD
    return X.contiguous(memory_format=torch.channels_last)


def _pyramid(picture, window):
    """Return the picture with short sides window, 2 window ... its own.

    Two levels, an octave apart, and the octave of :data:`SCALES`: crops
    span two octaves. A small picture is enlarged to one window.
    """
    own = min(picture.shape[1:])
    shorts = [window]
    if own > 1.3 * window:
        shorts.append(min(own, 2 * window))
    if own > 3 * window:
        shorts.append(min(own, 4 * window))
    return [_resized(picture, short) for short in shorts]


def _resized(picture, short):
    img = Image.fromarray(picture.transpose(1, 2, 0))
    scale = short / min(img.size)
    w, h = (max(short, round(side * scale)) for side in img.size)
    img = img.resize((w, h), Image.Resampling.BICUBIC)
    return np.ascontiguousarray(np.asarray(img).transpose(2, 0, 1))


def _colourful(picture):
    return np.ptp(np.int16(picture), axis=0).mean() > 4


def _turned(windows, size, rng):
    """Cut (n, 3, size, size) crops: any angle, scale, stretch, flip."""
    n = len(windows)
    scale = np.exp(rng.uniform(*np.log(SCALES), n)) * size / windows.shape[-1]
    stretch = np.exp(rng.normal(0, 0.1, n))
    angle = np.where(
        rng.random(n) < 0.5, rng.uniform(0, 2 * np.pi, n), rng.normal(0, 0.1)
    )
    mirror = rng.choice((-1, 1), n)
    sx, sy = scale * stretch * mirror, scale / stretch
    cos, sin = np.cos(angle), np.sin(angle)
    # How far the crop's middle can move before a corner leaves the window.
    reach = 1 - np.abs(cos) * np.maximum(np.abs(sx), sy)
    reach = np.maximum(reach - np.abs(sin) * np.maximum(np.abs(sx), sy), 0)
    shift = rng.uniform(-1, 1, (2, n)) * reach
    affine = np.array(
        [[cos * sx, -sin * sy, shift[0]], [sin * sx, cos * sy, shift[1]]]
    ).transpose(2, 0, 1)
    grid = F.affine_grid(
        _on(windows, affine),
        (n, 3, size, size),
        align_corners=False,
    )
    return F.grid_sample(
        windows, grid, padding_mode="reflection", align_corners=False
    )


def _sharpened(X, rng):
    """Give some crops back the sharpness that turning took, and more."""
    n = len(X)
    amount = rng.uniform(0, 2, n) * (rng.random(n) < 0.4)
    blurred = F.avg_pool2d(X, 3, 1, padding=1, count_include_pad=False)
    X = X + _on(X, amount).reshape(-1, 1, 1, 1) * (X - blurred)
    return X.clamp_(0, 1)


def _recoloured(X, rng):
    """Change saturation, hue, channels, gamma, contrast and brightness."""
    n = len(X)
    keep = rng.random(n) < 0.15  # crops whose colours stay
    saturation = np.where(rng.random(n) < 0.1, 0, rng.uniform(0.5, 1.8, n))
    grey = np.broadcast_to(_GREY, (3, 3))
    matrix = grey + saturation[:, None, None] * (np.eye(3) - grey)
    matrix = _hues(rng.normal(0, 0.25, n)) @ matrix
    shuffled = np.argsort(rng.random((n, 3)), axis=1)
    order = np.where(rng.random((n, 1)) < 0.35, shuffled, np.arange(3))
    matrix = np.take_along_axis(matrix, order[:, :, None], axis=1)
    contrast = np.exp(rng.normal(0, 0.25, n)) * np.where(
        rng.random(n) < 0.05, -1, 1
    )
    matrix = matrix * contrast[:, None, None]
    tint = rng.normal(0, 0.08, (n, 3)) + rng.normal(0, 0.08, (n, 1))
    gamma = np.exp(rng.normal(0, 0.2, n))
    matrix[keep], tint[keep], gamma[keep] = np.eye(3), 0, 1
    column = (-1, 1, 1, 1)
    X = X ** _on(X, gamma).reshape(column)
    middle = X.mean(dim=(1, 2, 3), keepdim=True)
    X = torch.einsum("nij,njhw->nihw", _on(X, matrix), X - middle)
    X = X + middle + _on(X, tint)[:, :, None, None]
    return X.clamp_(0, 1)


def _hues(angles):
    """Return rotations of RGB about the grey axis, (n, 3, 3)."""
    cos, sin = np.cos(angles)[:, None, None], np.sin(angles)[:, None, None]
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    return cos * np.eye(3) + sin * cross + (1 - cos) / 3


def _mixed(X, rng):
    """Lay another crop over some: evenly, or behind a straight edge."""
    n, size = len(X), X.shape[-1]
    kind = rng.random((n, 1, 1))
    evenly = rng.uniform(0.1, 0.5, (n, 1, 1))
    angle = rng.uniform(0, 2 * np.pi, (n, 1, 1))
    offset = rng.uniform(-0.5, 0.5, (n, 1, 1)) * size
    side = torch.arange(size, device=X.device) - (size - 1) / 2
    y, x = side[:, None], side
    cos, sin = _on(X, np.cos(angle)), _on(X, np.sin(angle))
    behind = (cos * x + sin * y > _on(X, offset)).float()
    kind, evenly = _on(X, kind), _on(X, evenly)
    share = torch.where(kind < 0.2, evenly, behind * (kind < 0.4))
    return torch.lerp(X, X.roll(1, dims=0), share[:, None])


def _noisy(X, rng):
    """Add normal noise to half of the crops, much of it to a few."""
    n = len(X)
    chosen = rng.random(n) < 0.5
    sigma = rng.exponential(0.04, n).clip(0, 0.25) * chosen
    # Drawn where the crops are: normal numbers by the million take a
    # processor longer than all the rest.
    generator = torch.Generator(X.device)
    generator.manual_seed(int(rng.integers(2**62)))
    noise = torch.randn(X.shape, generator=generator, device=X.device)
    return X + noise * _on(X, sigma).reshape(-1, 1, 1, 1)


def _on(X, array):
    """Return an array as a float32 tensor on the device of X."""
    return torch.from_numpy(np.float32(array)).to(X.device)
