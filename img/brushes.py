"""What the drawings share: colour, noise, oil paint, saving a picture.

Colours are float arrays in 0..1, red first. Images have the shape
(height, width, 3); rows grow downwards and angles turn with them, so an
angle of +90 degrees points down the picture.
"""

import functools
import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

MAX_BYTES = 400_000


def rgb(code):
    """Turn "#rrggbb" into a float array of shape (3,) in 0..1."""
    return np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def mix(a, b, t):
    """Blend a into b; t in 0..1, of any shape that broadcasts."""
    return a + (b - a) * t


def smoothstep(low, high, x):
    """Rise smoothly from 0 at low to 1 at high; low > high falls."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def ramp(x, *stops):
    """Look x up in a gradient.

    x: array of any shape; stops: (position, "#rrggbb") in rising order.
    Returns an array of shape x.shape + (3,).
    """
    where, channels = _stops(stops)
    return np.stack([np.interp(x, where, c) for c in channels], axis=-1)


@functools.cache
def _stops(stops):
    """Positions and the three colour channels of a gradient's stops."""
    codes = np.array([rgb(code) for _, code in stops])
    return [position for position, _ in stops], codes.T


def wheel(colour, rng, hue=0.04, light=0.06):
    """Nudge a colour (3,): warmer or colder, lighter or darker."""
    warm = rng.normal(0, hue)
    nudge = np.array([warm, warm * 0.2, -warm]) + rng.normal(0, light)
    return np.clip(colour + nudge, 0, 1)


def grid(height, width):
    """Pixel centres in picture heights: x and y, each (height, width)."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return (x + 0.5) / height, (y + 0.5) / height


class Noise:
    """Gradient noise over the whole plane, repeating every 256 cells."""

    SIDE = 256

    def __init__(self, seed):
        """seed: an int; the same seed gives the same plane."""
        turn = np.random.default_rng(seed).uniform(0, 2 * np.pi, self.SIDE**2)
        self.gx = np.cos(turn).astype(np.float32)
        self.gy = np.sin(turn).astype(np.float32)

    def __call__(self, x, y):
        """Noise at x, y (same shape, in cells): smooth, within -1..1."""
        x, y = np.float32(x), np.float32(y)
        left, top = np.floor(x), np.floor(y)
        fx, fy = x - left, y - top
        i, j = left.astype(np.int32), top.astype(np.int32)
        corner = [
            [self._pull(i + a, j + b, fx - a, fy - b) for a in (0, 1)]
            for b in (0, 1)
        ]
        sx, sy = (t * t * t * (t * (t * 6 - 15) + 10) for t in (fx, fy))
        return 1.4 * mix(mix(*corner[0], sx), mix(*corner[1], sx), sy)

    def _pull(self, i, j, dx, dy):
        """The dot product of one lattice gradient with the offset."""
        at = (j % self.SIDE) * self.SIDE + i % self.SIDE
        return self.gx[at] * dx + self.gy[at] * dy

    def octaves(self, x, y, count):
        """Yield count layers, each twice as fine, turned and moved."""
        for n in range(count):
            yield self(x, y)
            # Turning by an odd angle hides the lattice's two axes.
            x, y = 1.6 * x - 1.2 * y + 17.3, 1.2 * x + 1.6 * y + 5.1 * n

    def fractal(self, x, y, count=5, gain=0.5):
        """Clouds, patches: a sum of octaves, about -1..1."""
        total, weight = 0.0, 1.0
        for layer in self.octaves(x, y, count):
            total, weight = total + weight * layer, weight * gain
        return total

    def ridged(self, x, y, count=6, gain=0.5):
        """Mountains: sharp crests and smooth gullies, about 0..1."""
        total, weight, carry, norm = 0.0, 1.0, 1.0, 0.0
        for layer in self.octaves(x, y, count):
            crest = (1 - np.abs(layer)) ** 2
            # Detail grows on crests and leaves the valley floors calm.
            total = total + weight * crest * carry
            carry = np.clip(1.5 * crest, 0, 1)
            norm, weight = norm + weight, weight * gain
        return total / norm


def brush_tip(rng, across=48, along=192):
    """Make one brush print: how it covers, its streaks, its thickness.

    Returns three float32 arrays (across, along), each in 0..1.
    """
    v = np.linspace(-1, 1, across)[:, None]
    u = np.linspace(-1, 1, along)[None, :]
    hair = Noise(int(rng.integers(1 << 30)))
    shift = rng.uniform(0, 200, 2)
    fine = hair(v * 6 + shift[0] + 0 * u, u * 0.9 + shift[1] + 0 * v)
    broad = hair(v * 2.3 + shift[1] + 0 * u, u * 0.7 + shift[0] + 0 * v)
    streak = np.clip(0.5 + 0.55 * fine + 0.45 * broad, 0, 1)
    round_ = 1 - 0.42 * np.abs(v) ** 2.5
    start = smoothstep(-1, -0.9, u / round_ + 0.06 * fine)
    # The brush runs dry: towards the end only the full hairs still mark.
    end = smoothstep(0, 0.2, streak - 1.2 * smoothstep(0.45, 1.05, u / round_))
    side = smoothstep(1, 0.80, np.abs(v) + 0.12 * broad)
    cover = start * end * side
    rim = 0.35 * smoothstep(0.55, 0.9, np.abs(v))
    blob = 0.5 * smoothstep(-0.55, -0.9, u)
    thick = np.clip(0.4 + 0.32 * streak + rim + blob, 0, 1.4) / 1.4
    return [layer.astype(np.float32) for layer in (cover, streak, thick)]


class Canvas:
    """An oil painting: what colour lies where, and how thick."""

    def __init__(self, height, width, ground, rng, tips=14):
        """ground: the primer's colour (3,); rng: a NumPy generator."""
        self.colour = np.empty((height, width, 3), np.float32)
        self.colour[:] = ground
        self.paint = np.zeros((height, width), np.float32)
        self.rng = rng
        self.tips = [brush_tip(rng) for _ in range(tips)]

    def stroke(self, x, y, angle, size, colours, bend=0.0, load=1.0):
        """Pull one loaded brush across the canvas.

        x, y: the middle, in picture heights; angle: radians;
        size: (length, width) in picture heights; colours: two colours
        (3,), not quite mixed on the brush; bend: sideways sag in stroke
        widths; load: how thick the paint is (1 is usual).
        """
        scale = self.colour.shape[0]
        x, y = x * scale, y * scale
        half_l, half_w = (max(s * scale / 2, 0.8) for s in size)
        cos, sin = np.cos(angle), np.sin(angle)
        wide = half_w * (1 + abs(bend))
        reach_x = abs(cos) * half_l + abs(sin) * wide + 1
        reach_y = abs(sin) * half_l + abs(cos) * wide + 1
        box = self._box(x, y, reach_x, reach_y)
        if box is None:
            return
        rows, cols = box
        dx = np.arange(cols.start, cols.stop, dtype=np.float32) + 0.5 - x
        dy = np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5 - y
        dy = dy[:, None]
        u = (cos * dx + sin * dy) / half_l
        v = (cos * dy - sin * dx) / half_w - bend * (u * u - 0.33)
        self._press(rows, cols, u, v, colours, load * half_w)

    def _box(self, x, y, reach_x, reach_y):
        """The part of the canvas a stroke can touch, or None."""
        height, width = self.paint.shape
        top, bottom = max(int(y - reach_y), 0), int(y + reach_y) + 1
        left, right = max(int(x - reach_x), 0), int(x + reach_x) + 1
        bottom, right = min(bottom, height), min(right, width)
        if top >= bottom or left >= right:
            return None
        return slice(top, bottom), slice(left, right)

    def _press(self, rows, cols, u, v, colours, depth):
        """Lay a random brush print at stroke coordinates u, v."""
        cover, streak, thick = self.tips[self.rng.integers(len(self.tips))]
        across, along = cover.shape
        i = np.clip((v + 1) * (across / 2), 0, across - 1).astype(np.intp)
        j = np.clip((u + 1) * (along / 2), 0, along - 1).astype(np.intp)
        inside = (np.abs(u) < 1) & (np.abs(v) < 1)
        alpha = cover[i, j] * inside
        first, second = (np.asarray(c, np.float32) for c in colours)
        fresh = first + (second - first) * streak[i, j][..., None]
        patch = self.colour[rows, cols]
        patch += (fresh - patch) * alpha[..., None]
        paint = self.paint[rows, cols]
        paint += (0.35 * paint + depth * thick[i, j] - paint) * alpha

    def varnished(self, strength=0.5, gloss=0.3):
        """Light the relief from the upper left; uint8 (height, width, 3).

        strength: how much the slopes of the paint shade it; gloss: how
        bright the wet highlights get.
        """
        down, right = np.gradient(blur(self.paint, 1))
        facing = np.tanh(0.45 * right + 0.6 * down)
        lit = self.colour * (1 + strength * facing)[..., None]
        shine = gloss * np.clip(facing, 0, 1) ** 3
        return to_bytes(mix(lit, 1, shine[..., None]))


def blur(layer, radius):
    """Soften a layer (height, width) twice with a box of radius pixels."""
    for axis in (0, 1, 0, 1):
        layer = np.moveaxis(layer, axis, 0)
        pad = [(radius + 1, radius)] + [(0, 0)] * (layer.ndim - 1)
        total = np.cumsum(np.pad(layer, pad, "edge"), 0, dtype=np.float64)
        span = 2 * radius + 1
        layer = np.moveaxis((total[span:] - total[:-span]) / span, 0, axis)
    return layer.astype(np.float32)


def to_bytes(image):
    """Round a float image in 0..1 to uint8."""
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def jpeg(image):
    """Encode a uint8 image as the best JPEG within MAX_BYTES."""
    for quality in range(93, 20, -2):
        file = io.BytesIO()
        Image.fromarray(image).save(
            file, "JPEG", quality=quality, optimize=True, progressive=True
        )
        if file.tell() <= MAX_BYTES:
            break
    return file.getvalue()


def target(script, suffix):
    """Where a script writes: its first argument, or beside itself."""
    if len(sys.argv) > 1:
        return Path(sys.argv[1])
    name = Path(script).stem.removeprefix("draw_").replace("_", "-")
    return Path(script).with_name(name + suffix)


def spline(points, steps=12, closed=False):
    """A smooth curve through points (n, 2): more points (m, 2).

    steps: how many points each stretch becomes; closed: join the ends.
    """
    p = np.asarray(points, float)
    if closed:
        p = np.concatenate([p[-1:], p, p[:2]])
    else:
        p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    t = np.arange(steps)[None, :, None] / steps
    a, b, c, d = (p[i : len(p) - 3 + i, None] for i in range(4))
    curve = b + t * (c - a) / 2 + t**2 * (a - 2.5 * b + 2 * c - d / 2)
    curve = curve + t**3 * (1.5 * (b - c) + (d - a) / 2)
    curve = curve.reshape(-1, 2)
    return curve if closed else np.concatenate([curve, p[-2:-1]])


def ribbon(points, widths):
    """The outline (2 n, 2) of a line through points (n, 2).

    widths: one width, or one for each point.
    """
    points = np.asarray(points, float)
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    side = np.stack([-along[:, 1], along[:, 0]], axis=1)
    side *= np.broadcast_to(widths, len(points))[:, None] / 2
    return np.concatenate([points + side, (points - side)[::-1]])


def shrink(picture, height):
    """Average a float picture, drawn finer, down to a height in pixels.

    The picture's sides must be the same multiple of the smaller one's.
    """
    fine = len(picture) // height
    width = picture.shape[1] // fine
    picture = picture.reshape(height, fine, width, fine, -1)
    return picture.mean(axis=(1, 3))


def pairs(text):
    """Read points (n, 2) from "x y  x y ...", as drawings list them."""
    return np.array(text.split(), float).reshape(-1, 2)
