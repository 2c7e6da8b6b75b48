"""Pictures that nobody took or drew: flat shapes, mosaics, strokes, stripes.

A network that has seen photographs alone is blind to much of what a strong
painting has: hard edges, flat saturated colours, outlines, one texture all
over. Where it painted a stained-glass window, VGG-19 saw ten times the style
loss that the small network believed in; with a photograph as style, hardly
more. Pictures of chance teach it (Lee, Mumford and Huang's dead leaves, 2001;
Baradad et al., 'Learning to See by Looking at Noise', 2021). What one shows
depends on its number alone.
"""

import numpy as np
from PIL import Image, ImageDraw

SIDE = 640  # pixels
FINER = 2  # drawn at this many times the size, for smooth edges


def pictures(count, seed=0, side=SIDE):
    """Return ``count`` pictures, (3, side, side) uint8 arrays."""
    return [picture(i, seed, side) for i in range(count)]


def picture(number, seed=0, side=SIDE):
    """Return one of them: the kinds take turns."""
    rng = np.random.default_rng((seed, number))
    draw = KINDS[number % len(KINDS)]
    img = draw(rng, side * FINER).resize((side, side), Image.Resampling.BOX)
    return np.ascontiguousarray(np.asarray(img).transpose(2, 0, 1))


def leaves(rng, side):
    """Shapes of all sizes that hide each other, some with an outline."""
    colours = _palette(rng)
    img = Image.new("RGB", (side, side), _colour(rng, colours))
    draw = ImageDraw.Draw(img)
    corners = int(rng.choice([0, 0, 3, 4, 5]))  # 0 stands for ellipses
    ink = _ink(rng)
    for radius in _radii(rng, side, 1500):
        x, y = rng.uniform(0, side, 2)
        points = _shape(rng, x, y, radius, corners)
        draw.polygon(points, fill=_colour(rng, colours))
        if ink:
            width = max(2, int(radius * 0.12))
            draw.line([*points, points[0]], fill=ink, width=width)
    return img


def mosaic(rng, side):
    """Cells around points, flat or shaded, often with lead between them."""
    n = int(np.exp(rng.uniform(np.log(60), np.log(3000))))
    points = rng.uniform(0, 1, (n, 2))
    if rng.random() < 0.3:  # tiles: nearly on a lattice
        k = int(np.sqrt(n))
        lattice = np.stack(np.meshgrid(*2 * [np.arange(k)]), -1) + 0.5
        points = lattice.reshape(-1, 2) / k + rng.normal(
            0, 0.1 / k, (k * k, 2)
        )
    places = _places(side) + 0.02 * _fields(rng, side, 2, 4)
    far, cell = _nearest_two(points, places.reshape(-1, 2))
    colours = _painted(rng, points)[cell[:, 0]].reshape(side, side, 3)
    scale = 1 / np.sqrt(len(points))
    if rng.random() < 0.5:
        light = 1 - 0.5 * far[:, 0].reshape(side, side, 1) / scale
        colours = colours * light
    if ink := _ink(rng, 0.7):
        lead = (
            np.diff(far).reshape(side, side, 1)
            < rng.uniform(0.05, 0.25) * scale
        )
        colours = np.where(lead, np.float64(ink), colours)
    return _image(colours)


def strokes(rng, side):
    """Brush strokes along a field of directions, over and over."""
    n = int(np.exp(rng.uniform(np.log(1500), np.log(12000))))
    places = rng.uniform(0, 1, (n, 2))
    colours = _painted(rng, places)
    turn = _fields(rng, side // 8, 1, int(rng.integers(2, 7)))[..., 0] * 3
    length = side * rng.uniform(0.5, 3) / np.sqrt(n)
    width = max(2, int(length * rng.uniform(0.15, 0.5)))
    img = Image.new("RGB", (side, side), _rgb(colours[0]))
    draw = ImageDraw.Draw(img)
    for (x, y), colour in zip(places * side, colours, strict=True):
        line = [(x, y)]
        for _ in range(4):
            at = (int(np.clip(v // 8, 0, len(turn) - 1)) for v in (y, x))
            angle = turn[tuple(at)]
            x, y = (
                x + length / 4 * np.cos(angle),
                y + length / 4 * np.sin(angle),
            )
            line.append((x, y))
        draw.line(line, fill=_rgb(colour), width=width, joint="curve")
    return img


def dots(rng, side):
    """Round dots of paint, close together."""
    n = int(np.exp(rng.uniform(np.log(1500), np.log(15000))))
    places = rng.uniform(0, 1, (n, 2))
    colours = _painted(rng, places)
    img = Image.new("RGB", (side, side), _rgb(_palette(rng)[0]))
    draw = ImageDraw.Draw(img)
    radius = side * rng.uniform(0.4, 0.9) / np.sqrt(n)
    sizes = radius * np.exp(rng.normal(0, 0.2, n))
    for (x, y), r, colour in zip(places * side, sizes, colours, strict=True):
        box = (x - r, y - r, x + r, y + r)
        draw.ellipse(box, fill=_rgb(colour))
    return img


def stripes(rng, side):
    """Waves of two or more colours, as hard-edged as a woodcut or softer."""
    fields = _fields(rng, side, 3, int(rng.integers(2, 6)))
    waves = rng.uniform(4, 40)
    angle = rng.uniform(0, np.pi)
    along = _places(side) @ np.array([np.cos(angle), np.sin(angle)])
    phase = 2 * np.pi * waves * (along + rng.uniform(0, 0.15) * fields[..., 0])
    hardness = np.exp(rng.uniform(0, 3))
    share = 0.5 + 0.5 * np.tanh(hardness * (np.sin(phase) + fields[..., 1]))
    colours = _painted(rng, _places(side).reshape(-1, 2), mixed=False)
    colours = colours.reshape(side, side, 3)
    ground = np.float64(_ink(rng, 0.6) or _palette(rng)[0])
    return _image(share[..., None] * colours + (1 - share[..., None]) * ground)


def marble(rng, side):
    """Noise of all sizes, in bands of colours or smooth."""
    rough = rng.uniform(0.5, 1.6)
    field = sum(
        _fields(rng, side, 1, cells)[..., 0] / cells**rough
        for cells in (2, 4, 8, 16, 32, 64, 128)
    )
    colours = _palette(rng)
    level = (field - field.min()) / np.ptp(field) * rng.uniform(1, 4)
    level = (level % 1) * (len(colours) - 1)
    low = np.int64(level)
    part = level - low
    if rng.random() < 0.6:
        part = np.float64(part > 0.5)
    high = np.minimum(low + 1, len(colours) - 1)
    part = part[..., None]
    return _image(colours[low] * (1 - part) + colours[high] * part)


KINDS = (mosaic, strokes, leaves, dots, stripes, marble)


def _palette(rng):
    """Return some colours that go together or do not, (n, 3)."""
    n = int(rng.integers(3, 10))
    hues = rng.uniform(0, 1) + rng.normal(0, rng.uniform(0.05, 0.5), n)
    phase = 2 * np.pi * (hues[:, None] + np.array([0, 1 / 3, 2 / 3]))
    strength = rng.uniform(0.2, 1.2) * 127
    light = rng.uniform(20, 235, (n, 1))
    return (light + strength * np.cos(phase)).clip(0, 255)


def _colour(rng, colours):
    return _rgb(colours[rng.integers(len(colours))] + rng.normal(0, 8, 3))


def _ink(rng, share=0.5):
    """Return a colour of outlines, dark as a rule, or None."""
    if rng.random() > share:
        return None
    light = rng.uniform(0, 60) if rng.random() < 0.8 else rng.uniform(200, 255)
    return _rgb(light + rng.normal(0, 10, 3))


def _rgb(colour):
    """Return a colour as Pillow takes it."""
    return tuple(int(v) for v in colour.clip(0, 255))


def _nearest_two(points, places):
    """Return (distances, indices) of the two nearest points, (n, 2) each."""
    try:
        from scipy.spatial import cKDTree
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "Inventing pictures takes SciPy, which scikit-image brings: "
            'pip install -e ".[torch,train]".'
        ) from None
    return cKDTree(points).query(places, k=2, workers=2)


def _painted(rng, places, mixed=True):
    """Return colours of a palette at places (n, 2), in patches or mixed."""
    colours = _palette(rng)
    cells = int(rng.integers(2, 8))
    fields = _fields(rng, 256, len(colours), cells)
    at = np.int64(places.clip(0, 1 - 1e-9) * 256)
    score = fields[at[:, 1], at[:, 0]]
    mix = rng.uniform(0, 1.5) if mixed else 0
    chosen = (score + mix * rng.normal(0, 1, score.shape)).argmax(1)
    return colours[chosen] + rng.normal(0, rng.uniform(0, 20), (len(at), 3))


def _fields(rng, side, n, cells):
    """Return ``n`` smooth random fields, (side, side, n), about -1 to 1."""
    found = []
    for _ in range(n):
        coarse = Image.fromarray(
            np.float32(rng.normal(0, 0.6, (cells + 3,) * 2))
        )
        fine = coarse.resize((side, side), Image.Resampling.BICUBIC)
        found.append(np.asarray(fine))
    return np.stack(found, -1)


def _radii(rng, side, n):
    """Return radii, large ones first, of which small ones are many."""
    least = rng.uniform(0.008, 0.03) * side
    radii = least / rng.uniform(0, 1, n) ** rng.uniform(0.4, 0.8)
    return np.sort(radii.clip(max=side / 4))[::-1]


def _shape(rng, x, y, radius, corners):
    """Return the corners of a polygon or of an ellipse, turned at will."""
    n = corners or 24
    turn = rng.uniform(0, 2 * np.pi)
    angles = turn + np.sort(rng.uniform(0, 2 * np.pi, n))
    if not corners:
        angles = np.linspace(0, 2 * np.pi, n, endpoint=False)
    flat = rng.uniform(0.3, 1)
    u, v = radius * np.cos(angles), flat * radius * np.sin(angles)
    cos, sin = np.cos(turn), np.sin(turn)
    points = np.stack([x + cos * u - sin * v, y + sin * u + cos * v], 1)
    return [tuple(point) for point in points]


def _places(side):
    """Return the places of all pixels, (side, side, 2), (x, y) in 0 to 1."""
    line = (np.arange(side) + 0.5) / side
    return np.stack(np.meshgrid(line, line), -1)


def _image(colours):
    return Image.fromarray(np.uint8(colours.clip(0, 255)))
