"""Paint pointillism.jpg: a summer afternoon by the river, dot by dot.

    python draw_pointillism.py [output.jpg]

Lengths are in picture heights: x runs from 0 to 1.5, y from 0 (top) to 1.
A plain sketch says which colour is where. Thousands of round dots then
divide each colour into purer ones, which the eye mixes again. The sun
stands high at the left, so shadows fall to the right, and are violet.
"""

import itertools

import numpy as np
from brushes import (
    Canvas,
    Noise,
    blur,
    grid,
    jpeg,
    mix,
    ramp,
    rgb,
    smoothstep,
    spline,
    target,
)
from PIL import Image, ImageDraw

SUNLIGHT, SKYLIGHT = rgb("#ffb01e"), rgb("#3a4fe0")
LEAF = (
    (-1, "#1b2a78"),
    (-0.4, "#1d5a6e"),
    (0.0, "#2f8a4a"),
    (0.4, "#86b83a"),
    (0.8, "#e2d84a"),
    (1.2, "#ffe98a"),
)
GRASS = (
    (-1, "#2a3f9a"),
    (-0.5, "#2f7a6a"),
    (-0.1, "#5fa63e"),
    (0.3, "#a9c83a"),
    (0.7, "#ecd850"),
    (1.1, "#ffeb9a"),
)
COOL = (
    (-0.7, "#241a7c"),
    (-0.25, "#23509a"),
    (0.1, "#177a5a"),
    (0.45, "#4a4ac0"),
    (0.8, "#8f52c4"),
)
# The near bank's edge, from the distance to the lower right corner.
EDGE = np.array(
    [(0.20, 0.475), (0.42, 0.515), (0.60, 0.60), (0.80, 0.74), (1.02, 0.90),
     (1.16, 1.02)]
)  # fmt: skip


class Sketch:
    """The colours under the dots, and where fine dots are needed."""

    def __init__(self, seed, side):
        """side: how many rows the sketch has."""
        self.side = side
        self.x, self.y = grid(side, side * 3 // 2)
        self.noise = Noise(seed)
        self.image = self.sky()
        self.fine, self.land = np.zeros((2, *self.x.shape), np.float32)
        fold = self.noise.fractal(self.x * 50, self.y * 26, 2)
        self.fold = 0.45 * fold[..., None]

    def sky(self):
        """Warm near the horizon, with a few bright heaps of cloud."""
        x, y = self.x, self.y
        air = ramp(
            y + 0.05 * self.noise(x * 2, y * 3),
            (0.0, "#2f74d8"),
            (0.18, "#5fa4ea"),
            (0.32, "#a4d2ee"),
            (0.40, "#ffe9b4"),
            (0.45, "#ffc98a"),
        )
        heap = self.noise.fractal(x * 2.3 + 3, y * 5.5 + 1, 4)
        cloud = smoothstep(0.12, 0.35, heap) * smoothstep(0.42, 0.25, y)
        under = self.noise.fractal(x * 2.3 + 3, y * 5.5 + 1.35, 3)
        shade = smoothstep(-0.1, 0.5, under)[..., None]
        tone = mix(rgb("#fff6dc"), rgb("#c9b0e0"), shade)
        return mix(air, tone, 0.9 * cloud[..., None])

    def mask(self, points):
        """Which pixels lie in the polygon: (height, width) of 0 and 1."""
        tall, wide = self.x.shape
        layer = Image.new("L", (wide, tall))
        flat = [
            (float(px * self.side), float(py * self.side)) for px, py in points
        ]
        ImageDraw.Draw(layer).polygon(flat, fill=255)
        return np.asarray(layer, np.float32) / 255

    def fill(self, where, colour, fine=0.0):
        """Colour a mask; fine: 0..1, how small the dots should be."""
        where = where[..., None]
        self.image = mix(self.image, colour, where)
        self.fine = mix(self.fine, fine, where[..., 0])

    def solid(self, points, light, dark, fine=1.0):
        """A polygon that is light at its left and dark at its right."""
        points = np.asarray(points)
        left, right = points[:, 0].min(), points[:, 0].max()
        t = smoothstep(left, right, self.x)[..., None]
        t = np.clip(t + self.fold, 0, 1)
        self.fill(self.mask(points), mix(rgb(light), rgb(dark), t), fine)

    def near(self, x, y, wide, tall):
        """The part of the sketch within wide and tall of x, y."""
        (left, top), (right, low) = (
            np.clip(
                np.multiply((x + k * wide, y + k * tall), self.side), 0, 9e9
            )
            for k in (-1, 1)
        )
        return slice(int(top), int(low) + 2), slice(int(left), int(right) + 2)

    def blob(self, x, y, wide, tall, ragged=0.2):
        """A ragged round: its mask, and how much light meets it, -1..1."""
        where, light = np.zeros_like(self.x), np.zeros_like(self.x)
        part = self.near(x, y, 1.5 * wide, 1.5 * tall)
        px, py = self.x[part], self.y[part]
        u, v = (px - x) / wide, (py - y) / tall
        edge = self.noise.fractal(px / wide * 2.2 + 7 * x, py / wide * 2.2, 3)
        clump = self.noise.fractal(px * 22, py * 22 + x, 2)
        light[part] = -0.75 * u - 0.55 * v + 0.55 * clump + 0.1
        where[part] = smoothstep(1.03, 0.97, np.hypot(u, v) + ragged * edge)
        return where, light


def far_foot(x):
    """Where the far bank meets the water: y like x."""
    return 0.462 + 0.05 * smoothstep(0.5, 1.5, x)


def far_bank(s):
    """Blue hills, a village and a row of poplars across the river."""
    x, y = s.x, s.y
    hill = 0.425 - 0.035 * np.sin(3.0 * x + 0.5) - 0.012 * np.sin(9 * x)
    tone = 0.5 * s.noise.fractal(x * 6, y * 14, 3) + 0.4 * (y - hill) / 0.05
    hills = ramp(tone, (-0.5, "#7f8fe0"), (0.3, "#9aa8e4"), (0.9, "#c4b4e0"))
    s.fill(smoothstep(-0.004, 0.004, y - hill), hills)
    wood = 0.445 - 0.03 * np.abs(s.noise.fractal(x * 9, 0 * x, 3)) - 0.004
    light = 0.9 * s.noise.fractal(x * 16, y * 24, 3) + 0.1
    s.fill(smoothstep(-0.003, 0.003, y - wood), ramp(light, *LEAF) * 0.7 + 0.2)
    strip = smoothstep(0.0, 0.004, y - far_foot(x) + 0.004 + 0.012 * x)
    s.fill(strip, ramp(0.5 + 0.5 * s.noise(x * 9, y * 30), *GRASS))
    for hx, tall in (
        (0.48, 0.036),
        (0.54, 0.050),
        (0.62, 0.036),
        (0.68, 0.042),
    ):
        village_house(s, hx, 0.462, tall)
    for k, px in enumerate((1.44, 1.30, 1.175, 1.065, 0.97, 0.89, 0.82)):
        poplar(s, px, 0.40 * 0.86**k, k)


def village_house(s, x, foot, tall):
    """A cream wall and an orange roof."""
    wide, eave = 1.3 * tall, foot - 0.6 * tall
    wall = [(x, eave), (x + wide, eave), (x + wide, foot), (x, foot)]
    roof = [(x - 0.004, eave), (x + 0.25 * wide, foot - tall)]
    roof += [(x + 0.8 * wide, foot - tall), (x + wide + 0.004, eave)]
    s.solid(wall, "#fff2cc", "#d8b8d8", 0.7)
    s.solid(roof, "#ff9a4a", "#d0503a", 0.7)


def poplar(s, x, tall, k):
    """One poplar: a tall flame, sunny at its left."""
    foot = far_foot(x)
    lean = 0.01 * np.sin(5.0 * k)
    trunk = [(x - 0.005, foot), (x + 0.005, foot), (x, foot - 0.4 * tall)]
    s.solid(trunk, "#8a5a6a", "#3a2a6a", 0.4)
    part = s.near(x, foot - tall / 2, 0.3 * tall, 0.6 * tall)
    px, py = s.x[part], s.y[part]
    up = np.clip((foot - py) / tall, 0, 1)
    bulge = np.clip(np.sin(np.pi * up**0.72), 0, 1)
    half = np.maximum(0.125 * tall * bulge**0.6, 1e-4)
    edge = 0.35 * s.noise.fractal(px * 26 + 3 * k, py * 20, 2)
    u = (px - x - lean * up) / half
    inside, light = np.zeros_like(s.x), np.zeros_like(s.x)
    inside[part] = smoothstep(1.05, 0.95, np.abs(u) + edge)
    inside[part] *= (up > 0.06) & (up < 0.99)
    light[part] = (
        0.15 - 0.6 * u + 0.7 * s.noise.fractal(px * 24, py * 13 + k, 2)
    )
    s.fill(inside, ramp(light, *LEAF), 0.35)


def water(s):
    """The river mirrors all that stands above it, broken by ripples."""
    x, y = s.x, s.y
    foot = far_foot(x)
    ripple = s.noise.fractal(x * 5, y * 55, 2)
    mirror = 2 * foot - y - 0.012 + 0.012 * ripple
    rows = np.clip(mirror * s.side, 0, s.side - 1).astype(int)
    sway = (x + 0.01 * ripple * smoothstep(0.45, 0.7, y)) * s.side
    cols = np.clip(sway, 0, x.shape[1] - 1).astype(int)
    seen = s.image[rows, cols] * [0.82, 0.92, 1.0]
    deep = mix(
        rgb("#8fc4ee"), rgb("#3f86de"), smoothstep(0.5, 1.0, y)[..., None]
    )
    tone = mix(
        seen, deep, mix(0.12, 0.62, smoothstep(0.5, 0.95, y))[..., None]
    )
    glint = smoothstep(0.28, 0.55, s.noise.fractal(x * 7 + 4, y * 60, 2))
    tone = mix(tone, rgb("#fff0c8"), 0.75 * glint[..., None])
    s.fill(smoothstep(-0.002, 0.003, y - foot), tone, 0.1)


def meadow(s):
    """The near bank: sunny grass, a violet shade over the foreground."""
    x, y = s.x, s.y
    edge = spline(EDGE)
    shape = [(-0.1, 0.475), *edge, (1.2, 1.1), (-0.1, 1.1)]
    lip = s.mask([(px, py + 0.016 * (py - 0.3) / 0.5) for px, py in shape])
    roll = s.noise.fractal(x * 5 - 2 * y, y * 14, 3)
    near = smoothstep(0.5, 0.9, y)
    sunny = ramp(0.45 - 0.2 * near + 0.75 * roll, *GRASS)
    sand = ramp(roll, (-0.6, "#b8682e"), (0.2, "#e8a84e"), (0.8, "#ffdf9a"))
    s.fill(lip, sand, 0.1)
    s.fill(s.mask([(px - 0.012, py) for px, py in shape]), sunny, 0.1)
    path(s)
    s.land = lip
    dim = ramp(1.2 * s.noise.fractal(x * 9, y * 24 + 5, 3), *COOL)
    s.fill(shade(s) * lip, dim, 0.1)


def path(s):
    """A pale footpath that follows the bank."""
    middle = spline(EDGE - [0.10, 0.0]) - [0.02, 0.0]
    near = (middle[:, 1] - 0.45) * 0.10
    left, right = (
        middle - near[:, None] * [1.4, 0],
        middle + near[:, None] * [0.4, 0],
    )
    where = blur(s.mask([*left, *right[::-1]]), 2)
    grain = 0.5 * s.noise.fractal(s.x * 9, s.y * 26, 3)
    tone = ramp(grain, (-0.5, "#e8a878"), (0, "#ffd9a0"), (0.5, "#fff2cc"))
    s.fill(where, tone, 0.1)


def shade(s):
    """Where the big tree keeps the sun off: a mask with ragged gaps."""
    x, y = s.x, s.y
    front = 0.845 + 0.04 * np.sin(4.2 * x + 0.5) + 0.05 * x
    front = front + 0.3 * smoothstep(0.62, 0.98, x)
    gaps = s.noise.fractal(x * 6, y * 15 + 3, 3)
    flecks = smoothstep(0.34, 0.42, s.noise.fractal(x * 8 + 2, y * 20, 2))
    return smoothstep(-0.012, 0.012, y - front + 0.045 * gaps) * (1 - flecks)


def big_tree(s):
    """A leaning willow at the left, its crown along the upper edge."""
    trunk = [(0.02, 0.93), (0.055, 0.70), (0.05, 0.45), (0.10, 0.20)]
    trunk += [(0.15, 0.20), (0.115, 0.45), (0.125, 0.70), (0.18, 0.95)]
    bough = [(0.075, 0.36), (0.20, 0.20), (0.36, 0.10), (0.37, 0.115)]
    bough += [(0.22, 0.235), (0.105, 0.44)]
    for wood in (bough, trunk):
        s.solid(spline(wood), "#c07a5a", "#2a1f6a", 0.5)
    for x, y, wide, tall in (
        (0.02, 0.10, 0.20, 0.17),
        (0.44, 0.03, 0.20, 0.10),
        (0.22, 0.05, 0.22, 0.15),
        (0.05, 0.27, 0.13, 0.09),
        (0.36, 0.13, 0.11, 0.055),
        (0.58, 0.00, 0.14, 0.06),
    ):
        where, light = s.blob(x, y, wide, tall, 0.32)
        s.fill(where, ramp(light - 0.12, *LEAF), 0.3)


def sail_boat(s, x, y, tall, sail, dark, hull):
    """A boat under full sail, with its broken image in the water."""
    main = [(x, y - tall), (x + 0.42 * tall, y - 0.10 * tall)]
    main += [(x, y - 0.07 * tall)]
    jib = [
        (x - 0.02 * tall, y - 0.9 * tall),
        (x - 0.03 * tall, y - 0.1 * tall),
    ]
    jib += [(x - 0.28 * tall, y - 0.08 * tall)]
    body = [
        (x - 0.30 * tall, y - 0.06 * tall),
        (x + 0.40 * tall, y - 0.07 * tall),
    ]
    body += [
        (x + 0.33 * tall, y + 0.01 * tall),
        (x - 0.22 * tall, y + 0.01 * tall),
    ]
    for points, stretch in ((main, 0.85), (jib, 0.85)):
        flip = [
            (px, 2 * y - py * 1.0 + (y - py) * (stretch - 1))
            for px, py in points
        ]
        ripple = smoothstep(-0.25, 0.05, s.noise.fractal(s.x * 6, s.y * 60, 2))
        s.fill(
            s.mask(flip) * ripple, mix(rgb(sail), rgb("#7fa8e8"), 0.35), 0.3
        )
    s.solid(jib, sail, dark)
    s.solid(main, sail, dark)
    s.solid(body, hull, "#5a1f4a")


def rower(s, x, y, size):
    """A skiff with a man at the oars and a woman under a parasol."""
    ripple = smoothstep(-0.3, 0.0, s.noise.fractal(s.x * 6, s.y * 60, 2))
    image = s.blob(x, y + 0.35 * size, 1.2 * size, 0.36 * size, 0.1)[0]
    s.fill(image * ripple, rgb("#3a2f9a"), 0.3)
    hull = [
        (x - 1.3 * size, y - 0.12 * size),
        (x - 0.9 * size, y + 0.22 * size),
    ]
    hull += [
        (x + 0.9 * size, y + 0.24 * size),
        (x + 1.35 * size, y - 0.16 * size),
    ]
    hull += [(x, y + 0.02 * size)]
    oar = [
        (x - 0.3 * size, y - 0.25 * size),
        (x - 1.5 * size, y + 0.42 * size),
    ]
    oar += [
        (x - 1.45 * size, y + 0.48 * size),
        (x - 0.24 * size, y - 0.2 * size),
    ]
    s.solid(hull, "#ff8a3a", "#a82a3a")
    s.solid(oar, "#ffe0a0", "#e0a860")
    body(s, x - 0.35 * size, y, 0.75 * size, "#fff2dc", "#8f9ae0")
    hat(s, x - 0.35 * size, y - 0.83 * size, 0.2 * size, "#ffd84a")
    body(s, x + 0.45 * size, y, 0.7 * size, "#f088b8", "#7a3a9a")
    parasol(
        s, x + 0.5 * size, y - 0.75 * size, 0.62 * size, "#ff5a3a", "#b0205a"
    )


def body(s, x, y, tall, light, dark):
    """A seated figure seen from afar: a cone and a head."""
    cone = [(x - 0.28 * tall, y), (x - 0.14 * tall, y - 0.7 * tall)]
    cone += [(x + 0.12 * tall, y - 0.7 * tall), (x + 0.32 * tall, y)]
    s.solid(spline(cone), light, dark)
    face(s, x, y - 0.86 * tall, 0.17 * tall)


def hat(s, x, y, wide, colour):
    """A straw hat: a brim and a crown."""
    brim = [(x - 1.3 * wide, y), (x, y - 0.35 * wide), (x + 1.3 * wide, y)]
    brim += [(x, y + 0.35 * wide)]
    s.solid(spline([*brim, brim[0]]), colour, "#e8a83a")
    crown = [(x - 0.6 * wide, y), (x - 0.5 * wide, y - 0.8 * wide)]
    crown += [(x + 0.5 * wide, y - 0.8 * wide), (x + 0.6 * wide, y)]
    s.solid(crown, colour, "#e8a83a")


def parasol(s, x, y, wide, light, dark):
    """An open parasol: a dome in light and dark gores, and its stick."""
    stick = [(x - 0.02, y - 0.2 * wide), (x - 0.016, y - 0.2 * wide)]
    stick += [(x - 0.028, y + 1.3 * wide), (x - 0.033, y + 1.3 * wide)]
    s.solid(stick, "#7a3a2a", "#4a1f4a")
    a = np.linspace(np.pi, 2 * np.pi, 17)
    rim = np.stack([x + wide * np.cos(a), y + 0.62 * wide * np.sin(a)], axis=1)
    scallop = np.linspace(1, -1, 9)
    sag = 0.10 * wide * np.abs(np.cos(np.linspace(0, 4 * np.pi, 9)))
    lower = np.stack([x + wide * scallop, y - 0.12 * wide + sag], axis=1)
    s.solid([*rim, *lower], light, dark)
    for k in (5, 10):
        gore = [
            rim[8],
            rim[8] + [0.01, 0],
            lower[k // 2 + 2],
            lower[k // 2 + 1],
        ]
        s.solid(gore, dark, dark, 1)


def shadow(s, x, y, long):
    """A violet shadow that lies to the right of a figure's feet."""
    where = s.blob(x + 0.5 * long, y + 0.03 * long, 0.62 * long, 0.09 * long)[
        0
    ]
    s.fill(0.85 * where * s.land, mix(s.image, rgb("#3a3ab8"), 0.72), 0.5)


def woman(s, x, y, tall, dress, dark, shade_=None):
    """A standing woman with a bustle, seen from the side, facing right."""
    shadow(s, x, y, 0.9 * tall)
    skirt = [(-0.17, 0.0), (-0.20, -0.22), (-0.17, -0.42), (-0.05, -0.50)]
    skirt += [(0.055, -0.50), (0.09, -0.25), (0.13, 0.0), (0.0, 0.012)]
    waist = [(-0.06, -0.48), (-0.085, -0.62), (-0.06, -0.76), (0.02, -0.78)]
    waist += [(0.085, -0.66), (0.06, -0.48)]
    arm = [(0.0, -0.74), (0.15, -0.60), (0.14, -0.56), (-0.02, -0.64)]
    for part in (skirt, waist):
        line = spline([*part, part[0]])
        s.solid(line * tall + [x, y], dress, dark)
    s.solid(np.array(arm) * tall + [x, y], dark, dress)
    face(s, x + 0.01 * tall, y - 0.85 * tall, 0.072 * tall)
    hat(s, x + 0.005 * tall, y - 0.905 * tall, 0.065 * tall, "#ffd24a")
    if shade_:
        parasol(s, x + 0.04 * tall, y - 0.93 * tall, 0.32 * tall, *shade_)


def angler(s, x, y, tall):
    """A man in shirt sleeves and a straw hat, fishing to the right."""
    shadow(s, x, y, 0.9 * tall)
    legs = [(-0.08, 0), (-0.085, -0.30), (-0.07, -0.50), (0.07, -0.50)]
    legs += [(0.085, -0.25), (0.08, 0), (0.01, 0), (0.0, -0.22), (-0.02, 0)]
    shirt = [(-0.085, -0.47), (-0.11, -0.66), (-0.06, -0.80), (0.05, -0.81)]
    shirt += [(0.10, -0.66), (0.085, -0.47)]
    arm = [(0.03, -0.76), (0.13, -0.62), (0.24, -0.60), (0.24, -0.55)]
    arm += [(0.10, -0.56), (0.0, -0.68)]
    rod = [(0.16, -0.555), (1.30, -0.98), (1.30, -0.97), (0.16, -0.53)]
    line = [(1.294, -0.98), (1.306, -0.98), (1.346, -0.02), (1.336, -0.02)]
    for part, light, dark in (
        (rod, "#8a3a2a", "#c8702a"),
        (line, "#fff4d0", "#fff4d0"),
        (legs, "#5a7ae0", "#23208a"),
        (shirt, "#fffbee", "#a89ae8"),
        (arm, "#ffe9d0", "#c8a0d8"),
    ):
        s.solid(np.array(part) * tall + [x, y], light, dark)
    face(s, x + 0.01 * tall, y - 0.865 * tall, 0.075 * tall)
    hat(s, x + 0.01 * tall, y - 0.92 * tall, 0.085 * tall, "#ffd24a")


def face(s, x, y, size):
    """A head without features, rosy in the light and brown in shade."""
    where, light = s.blob(x, y, 0.75 * size, size, 0)
    skin = ramp(light, (-0.8, "#a85a5a"), (0.2, "#f0a070"), (0.8, "#ffd0a0"))
    s.fill(where, skin, 1)


def dog(s, x, y, tall):
    """A small brown dog that trots to the left."""
    shadow(s, x, y, 1.1 * tall)
    outline = [(-0.95, -0.72), (-0.72, -0.98), (-0.5, -0.88), (-0.35, -0.66)]
    outline += [(0.4, -0.68), (0.75, -1.0), (0.78, -0.9), (0.55, -0.5)]
    outline += [(0.58, 0), (0.42, 0), (0.36, -0.36), (-0.22, -0.34)]
    outline += [(-0.28, 0), (-0.44, 0), (-0.5, -0.5), (-0.9, -0.62)]
    s.solid(np.array(outline) * tall + [x, y], "#8a3a1a", "#2a1440")


def people(s):
    """Who spends the afternoon here, from far to near."""
    woman(s, 0.36, 0.575, 0.085, "#fff2e0", "#b0a8e8", ("#ffd04a", "#e07a2a"))
    woman(s, 0.33, 0.58, 0.088, "#4a5ae0", "#2a1a80")
    shadow(s, 0.27, 0.735, 0.14)
    body(s, 0.245, 0.745, 0.125, "#ff8a5a", "#a8285a")
    hat(s, 0.245, 0.745 - 0.122, 0.026, "#ffe07a")
    body(s, 0.335, 0.752, 0.12, "#fff4e0", "#c0a8e0")
    parasol(s, 0.35, 0.648, 0.085, "#fffbe8", "#a8b0f4")
    angler(s, 0.735, 0.785, 0.23)
    woman(s, 0.50, 0.875, 0.285, "#b45ae0", "#33248c", ("#ff6a1a", "#d01f3a"))
    woman(s, 0.60, 0.895, 0.165, "#fffaf0", "#a8b4f8")
    dog(s, 0.325, 0.868, 0.066)


def scene(seed, side=480):
    """Sketch the whole afternoon, the farthest things first."""
    s = Sketch(seed, side)
    far_bank(s)
    water(s)
    sail_boat(s, 1.10, 0.635, 0.21, "#fffaf0", "#ffd9a0", "#e85a2a")
    sail_boat(s, 0.80, 0.515, 0.09, "#ffb04a", "#e8602a", "#7a2a5a")
    meadow(s)
    rower(s, 1.29, 0.82, 0.10)
    people(s)
    big_tree(s)
    return s


def turned(colours, angle):
    """Turn the hues of colours (n, 3) by angles (n,): radians."""
    grey = colours.mean(axis=1, keepdims=True)
    chroma = colours - grey
    side = np.cross(np.full(3, 3**-0.5), chroma)
    angle = angle[:, None]
    return grey + chroma * np.cos(angle) + side * np.sin(angle)


def divided(colours, rng, play=1.0):
    """Split colours (n, 3) into purer ones that mix to about the same.

    Most dots keep the hue, some take the sun's orange or the sky's blue,
    and a few answer with the complementary colour. play: how far they
    may stray, 0..1.
    """
    count = len(colours)
    grey = colours.mean(axis=1, keepdims=True)
    pure = grey + 1.35 * (colours - grey)
    pure = turned(pure, rng.normal(0, 0.28 * play, count))
    lit = smoothstep(0.36, 0.66, grey + rng.normal(0, 0.08, grey.shape))
    glow = mix(SKYLIGHT, SUNLIGHT, lit)
    lift = mix(-0.02, 0.14, lit)
    kind = rng.random(count)[:, None]
    pure = np.where(kind < 0.22 * play, mix(pure, glow, 0.62) + lift, pure)
    other = turned(pure, np.full(count, np.pi)) * [1, 0.94, 1.05]
    pure = np.where(kind > 1 - 0.10 * play, mix(pure, other, 0.9), pure)
    pale = (kind > 0.62) & (kind < 0.72)
    pure = np.where(pale, mix(pure, 1, 0.35), pure)
    return np.clip(pure + rng.normal(0, 0.06, (count, 1)), 0, 1)


def lattice(rng, gap):
    """Points about gap apart in a shaken honeycomb: (n, 2), shuffled."""
    rows = np.arange(-0.02, 1.02, gap * 0.866)
    cols = np.arange(-0.02, 1.52, gap)
    x, y = np.meshgrid(cols, rows)
    x = x + 0.5 * gap * (np.arange(rows.size)[:, None] % 2)
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    return rng.permutation(points + rng.normal(0, 0.16 * gap, points.shape))


def dot(canvas, x, y, radius, squash, angle, colour):
    """Touch the canvas once with a round brush: a small button of paint."""
    scale = canvas.paint.shape[0]
    x, y, radius = x * scale, y * scale, radius * scale
    top, left = max(int(y - radius - 1), 0), max(int(x - radius - 1), 0)
    rows = slice(top, max(int(y + radius + 2), 0))
    cols = slice(left, max(int(x + radius + 2), 0))
    paint = canvas.paint[rows, cols]
    if not paint.size:
        return
    dy = np.arange(top, top + paint.shape[0])[:, None] + 0.5 - y
    dx = np.arange(left, left + paint.shape[1]) + 0.5 - x
    u = np.cos(angle) * dx + np.sin(angle) * dy
    v = (np.cos(angle) * dy - np.sin(angle) * dx) * squash
    far = np.sqrt(u * u + v * v)
    alpha = np.clip(radius - far + 0.5, 0, 1)
    patch = canvas.colour[rows, cols]
    patch += (colour - patch) * (0.95 * alpha)[..., None]
    bump = radius * np.sqrt(np.clip(1.1 - (far / radius) ** 2, 0, 1))
    paint += (0.3 * paint + 0.32 * bump - paint) * alpha


def lay_dots(canvas, s, vivid, rng, gap, radius, fine=None, play=1.0):
    """Cover the canvas with dots; fine: only where the sketch asks for it."""
    points = lattice(rng, gap)
    rows = np.clip(points[:, 1] * s.side, 0, s.side - 1).astype(int)
    cols = np.clip(points[:, 0] * s.side, 0, s.side * 3 // 2 - 1).astype(int)
    if fine is not None:
        keep = s.fine[rows, cols] > fine
        points, rows, cols = points[keep], rows[keep], cols[keep]
    colours = divided(vivid[rows, cols], rng, play)
    sizes = radius * rng.uniform(0.8, 1.15, len(points))
    squash = rng.uniform(1.0, 1.25, len(points))
    turns = rng.uniform(0, np.pi, len(points))
    # No dot is smaller than a pixel: a small canvas takes fewer of them.
    least = 0.9 / len(canvas.paint)
    taken = rng.random(len(points)) < (sizes / least) ** 2
    looks = zip(points, sizes, squash, turns, colours, strict=True)
    for (x, y), size, *look in itertools.compress(looks, taken):
        dot(canvas, x, y, max(size, least), *look)


def contrasted(image, radius):
    """Lighten light beside dark, and darken dark beside light."""
    soft = blur(image, radius)
    return np.clip(image + 0.45 * (image - soft), 0, 1)


def draw(height=800, width=1200, seed=3):
    """Paint the picture: uint8 (height, width, 3)."""
    rng = np.random.default_rng(seed)
    s = scene(seed, 480 if height > 240 else 240)
    vivid = contrasted(s.image, s.side // 40)
    canvas = Canvas(height, width, rgb("#efe2c4"), rng, tips=1)
    under = Image.fromarray((np.clip(s.image, 0, 1) * 255).astype(np.uint8))
    under = under.resize((width, height), Image.Resampling.BICUBIC)
    canvas.colour[:] = mix(np.asarray(under) / 255, canvas.colour, 0.35)
    lay_dots(canvas, s, vivid, rng, 0.0155, 0.0096)
    lay_dots(canvas, s, vivid, rng, 0.0145, 0.0078)
    lay_dots(canvas, s, vivid, rng, 0.0085, 0.0050, 0.25, 0.8)
    lay_dots(canvas, s, vivid, rng, 0.0062, 0.0040, 0.6, 0.5)
    return canvas.varnished(0.35, 0.12)


if __name__ == "__main__":
    target(__file__, ".jpg").write_bytes(jpeg(draw()))
