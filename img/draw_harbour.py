"""Draw harbour.jpg: a harbour at dusk, its lamps lying on the water.

    python draw_harbour.py [output.jpg]

The harbour is a small world in metres: x runs to the right, y up from the
water, z away from us. It is painted twice, far things first: as we see it,
and upside down, as a flat sea would show it. Waves then shake the second
picture. Places in the picture are in picture heights, y growing downwards.
"""

import numpy as np
from brushes import (
    Noise,
    blur,
    grid,
    jpeg,
    mix,
    ramp,
    rgb,
    smoothstep,
    target,
    to_bytes,
)
from PIL import Image, ImageDraw

SEED = 3
FINE = 3  # shapes are painted this much finer, then averaged
TALL = 1.2  # the painted part of the world, in picture heights
EYE = 6.0
FOCAL = 1.25
HORIZON = 0.50
SUN = np.array([0.5, 0.12, 0.86])  # towards the sunset
SUN_X = 1.0  # where it went down, in the picture
WARM = rgb("#ffa94a")
SHADE, ZENITH = rgb("#4a3f66"), rgb("#7d86c8")
SUNSET, HAZE = rgb("#ff9a5a"), rgb("#a4749a")
WALLS = ("#e0cba8", "#d08f66", "#cfa25e", "#bf7474", "#a3b1c6", "#e6dccf")
TILES = ("#9a4d3c", "#86402f", "#a5644a", "#74455a")
RIPPLES = ((0.3, 0.6), (0.65, 1), (1.5, 1.1), (4, 1), (13, 1.2))
SHORE = ((40, 100, 200, 400, 600, 680), (-30, -52, -70, -80, -66, -150))


class Stage:
    """What has been painted so far, as seen or as mirrored by the sea."""

    def __init__(self, height, width, flip, noise):
        """flip: 1 for the world itself, -1 for its mirror image."""
        self.unit, self.flip, self.noise = height * FINE, flip, noise
        self.eye = np.array([0, EYE * flip, 0])
        tall = int(height * TALL)
        x, y = (tall / height * axis for axis in grid(tall, width))
        sky = to_bytes(sky_light(x, np.abs(HORIZON - y), noise))
        size = (width * FINE, tall * FINE)
        self.art = Image.fromarray(sky).resize(size)
        self.glow = Image.new("RGB", size)
        self.mask = Image.new("L", size)
        layers = self.art, self.glow, self.mask
        self.pens = [ImageDraw.Draw(layer) for layer in layers]
        self.middle = size[0] / 2

    def spots(self, points):
        """Columns and rows, (n, 2), where points (n, 3) are seen."""
        x, y, z = np.asarray(points, float).T
        scale = FOCAL * self.unit / z
        row = HORIZON * self.unit - (self.flip * y - EYE) * scale
        return np.stack([self.middle + x * scale, row], axis=1)

    def near(self, z):
        """Whether things of a hand's breadth can be seen at z."""
        return FOCAL * self.unit / z > 10

    def inked(self, colour, glow):
        """Pair every layer's pen with its ink."""
        inks = [
            tuple(int(255 * min(max(c * part, 0), 1) + 0.5) for c in colour)
            for part in (1, glow)
        ]
        return zip(self.pens, [*inks, 255], strict=True)

    def fill(self, points, colour, glow=0.0):
        """Paint one flat shape; glow: how much light of its own it has."""
        spots = self.spots(points).ravel().tolist()
        for pen, ink in self.inked(colour, glow):
            pen.polygon(spots, fill=ink)

    def face(self, points, colour, normal, glow=0.0):
        """Paint a lit shape if its outside is towards us."""
        points = np.asarray(points, float)
        middle = points.mean(axis=0)
        if np.dot(normal, self.eye - middle) > 0:
            self.fill(points, dusk(colour, normal, middle), glow)

    def line(self, a, b, thick, colour, glow=0.0, least=0.0009):
        """Paint a rope or a pole of so many metres, from a to b."""
        (ax, ay), (bx, by) = self.spots([a, b])
        wide = max(thick * FOCAL / (a[2] + b[2]) * 2, least) * self.unit
        for pen, ink in self.inked(colour, glow):
            pen.line((ax, ay, bx, by), fill=ink, width=max(round(wide), 1))

    def lamp(self, point, size, colour=WARM):
        """Hang up a small round light."""
        (x, y), wide = self.spots([point])[0], size * FOCAL / point[2]
        wide = max(wide, 0.0016) * self.unit
        for pen, ink in self.inked(colour, 1):
            pen.ellipse((x - wide, y - wide, x + wide, y + wide), fill=ink)

    def light(self, strength=2.0):
        """The picture with its lamps, and what covers it, at final size."""
        size = tuple(s // FINE for s in self.art.size)
        box = Image.Resampling.BOX
        art, glow, mask = (
            np.asarray(layer.resize(size, box), np.float32) / 255
            for layer in (self.art, self.glow, self.mask)
        )
        shone = sum(
            part * blur(glow, max(int(radius * size[1]), 1))
            for radius, part in ((0.01, 0.6), (0.03, 0.9), (0.09, 1.9))
        )
        rough = 1 + mask[..., None] * self.grime(*size)
        art = art * rough * (1 + 1.5 * shone * mask[..., None])
        return art + strength * glow, mask[..., None]

    def grime(self, width, height):
        """Stains and wear, which no painted shape is without."""
        x, y = grid(height, width)
        stain = self.noise.fractal(x * 130, y * 150, 3, 0.8)
        return 0.07 * np.clip(stain, -1.2, 1.2)[..., None]


def sky_light(x, up, noise):
    """The evening sky: colours (..., 3), up: heights over the horizon."""
    air = ramp(
        up + 0.015 * noise.fractal(x * 3, up * 9, 3),
        (0.0, "#ff9a3c"),
        (0.04, "#fb8a4a"),
        (0.10, "#ea7a68"),
        (0.18, "#b56a98"),
        (0.28, "#73609f"),
        (0.42, "#48549a"),
        (0.6, "#2e427f"),
        (0.8, "#1f2f60"),
    )
    near = np.exp(-(((x - SUN_X) / 0.42) ** 2) - (up / 0.17) ** 2)
    away = smoothstep(0.2, 1.0, np.abs(x - SUN_X))[..., None]
    air = mix(air, air * rgb("#c9b3e6"), 0.5 * away)
    air = mix(air, rgb("#ffe08e"), 0.95 * near[..., None])
    return clouds(air, x, up, noise)


def clouds(air, x, up, noise):
    """Draw long banks of cloud over the air, lit from below."""
    far = 1 / (up + 0.10)
    u, v = (x - 0.75) * far * 0.9 + 40, far * 1.5
    u = u + 0.6 * v
    bend = 0.35 * noise.fractal(u * 0.7 + 9, v * 0.7, 3)
    bank = noise.fractal(u + bend, v + bend, 7, 0.58)
    below = noise.fractal(u + bend + 0.12, v + bend + 0.24, 7, 0.58)
    cover = smoothstep(-0.12, 0.34, bank) * smoothstep(0.01, 0.06, up)
    fire = np.exp(-(((x - SUN_X) / 0.65) ** 2))
    lit = np.clip(0.38 + 1.5 * (bank - below) - 0.5 * bank, 0, 1)
    lit = np.clip(lit * (0.6 + 0.8 * fire), 0, 1)
    glow = ramp(up, (0, "#ffcb70"), (0.14, "#ff9a58"), (0.3, "#ff7f7c"),
                (0.5, "#cf7fb4"))  # fmt: skip
    dark = ramp(up, (0, "#a85c70"), (0.2, "#5f447f"), (0.5, "#2b2f72"))
    return mix(air, mix(dark, glow, lit[..., None]), 0.9 * cover[..., None])


def dusk(colour, normal, point):
    """A surface's colour at its place: sky, sunset, lamps and haze."""
    nx, ny, nz = normal
    long = (nx * nx + ny * ny + nz * nz) ** 0.5 + 1e-9
    up = 0.5 + 0.5 * ny / long
    sun = max(nx * SUN[0] + ny * SUN[1] + nz * SUN[2], 0) / long
    light = SHADE + (ZENITH - SHADE) * up + 1.15 * sun * SUNSET
    # The lamps along the quay light what stands low in the town.
    if point[0] < -25:
        low = np.exp(-max(point[1], 0) / 9)
        light = light + 0.75 * low * max(nx - nz, 0) / long * WARM
    haze = 1 - np.exp(-max(point[2] - 60, 0) / 1500)
    return mix(np.minimum(colour * light, 1), HAZE, haze)


def shore(z):
    """Where the left bank meets the water: x at z."""
    return np.interp(z, *SHORE)


def hill(x, z, noise):
    """Height of the left bank at x, z (same shape)."""
    x, z = np.asarray(x, float), np.asarray(z, float)
    inland = shore(z) - x
    lumps = 1 + 0.22 * noise.fractal(x / 70, z / 70, 3)
    slope = smoothstep(4, 125, inland)
    tall = np.interp(z, (150, 330, 480, 640), (88, 92, 80, 34))
    return 2.5 + tall * slope * lumps


def ridge(stage, z, tall, colour, noise):
    """Paint a distant range, fading down into the mist on the water."""
    x = np.linspace(-0.75, 0.75, 200) * z / FOCAL
    rough = noise.fractal(np.linspace(0, 5, 200) + z, np.full(200, 0.3), 5)
    top = tall * (0.6 + 0.55 * rough)
    for part in np.linspace(1, 0.05, 20):
        edge = np.stack([x, np.maximum(top * part, 1), 0 * x + z], axis=1)
        foot = edge[::-1] * [1, 0, 1]
        mist = mix(rgb("#f0a07c"), colour, 0.35 + 0.65 * part)
        stage.fill(np.concatenate([edge, foot]), mist)


def ground(stage, noise):
    """Paint the wooded hill behind the town, far strips first."""
    steps = np.concatenate([np.arange(0, 40, 5), np.arange(40, 420, 12)])
    for z in np.arange(680, 60, -9.0):
        x = shore(z) - steps
        y = hill(x, 0 * x + z, noise)
        near = hill(x, 0 * x + z - 9, noise)
        slope = np.gradient(y, x)
        leaf = noise.fractal(x / 9, 0 * x + z / 9, 3)
        for k in range(len(x) - 1):
            a, b = x[k], x[k + 1]
            shape = [
                (a, y[k], z), (b, y[k + 1], z),
                (b, near[k + 1], z - 9), (a, near[k], z - 9),
            ]  # fmt: skip
            tone = rgb("#6d7a52") * (0.75 + 0.5 * leaf[k])
            normal = (-slope[k], 1, -0.35 + 0.5 * leaf[k])
            stage.fill(shape, dusk(tone, normal, shape[0]))


def box(stage, at, size, turn, colours, sink=0.0):
    """Paint an upright box; returns its four foot corners, (4, 3).

    at: the middle of its foot; size: (wide, tall, deep); colours: walls
    and top, or None to leave the top open.
    """
    corners = foot(at, size, turn)
    rise = np.array([0, size[1], 0])
    drop = np.array([0, sink, 0])
    for k in range(4):
        a, b = corners[k], corners[(k + 1) % 4]
        out = np.array([b[2] - a[2], 0, a[0] - b[0]])
        stage.face([a - drop, b - drop, b + rise, a + rise], colours[0], out)
    if colours[1] is not None:
        stage.face(corners + rise, colours[1], (0, 1, 0))
    return corners


def foot(at, size, turn):
    """The corners of a turned rectangle on the ground, (4, 3)."""
    cos, sin = np.cos(turn), np.sin(turn)
    sides = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) / 2
    across, deep = (sides * [size[0], size[2]]).T
    x = across * cos - deep * sin
    return at + np.stack([x, 0 * x, across * sin + deep * cos], axis=1)


def upright(left, right, low, high):
    """The corners of a pane between two feet, from low to high."""
    ends = ((left, low), (right, low), (right, high), (left, high))
    return [(p[0], y, p[2]) for p, y in ends]


def windows(stage, a, b, low, tall, rng, lit=0.42, shop=False):
    """Paint rows of windows on the wall over the foot from a to b."""
    dice = np.random.default_rng(rng.integers(1 << 30))
    out = np.array([b[2] - a[2], 0, a[0] - b[0]])
    if np.dot(out, stage.eye - a) <= 0:
        return
    many = max(int(np.hypot(*(b - a)[[0, 2]]) / 2.3), 1)
    shutter = rgb(("#2f5f58", "#5c3440", "#3a4a78")[dice.integers(3)])
    for floor in range(int(tall / 3)):
        for k in range(many):
            left, right = (mix(a, b, (k + t) / many) for t in (0.28, 0.72))
            y, door = low + 0.9 + floor * 3, shop and floor == 0
            high = y + 1.6
            if door:
                left, right, y = mix(left, a, 0.12), mix(right, b, 0.12), low
            on = dice.random() < (0.85 if door else lit)
            tint = ramp(dice.random(), (0, "#ff9434"), (1, "#ffdf96"))
            tone = tint * dice.uniform(0.6, 1) if on else rgb("#262a55")
            window(stage, (left, right, y, high), tone, shutter, on)
            if door:
                awning(stage, left, right, high, out, shutter)


def window(stage, at, tone, shutter, lit):
    """One window; near ones have a frame, shutters and a cross."""
    left, right, low, high = at
    if not stage.near(left[2]):
        stage.fill(upright(left, right, low, high), tone, 0.85 * lit)
        return
    wide = right - left
    frame = (left - 0.12 * wide, right + 0.12 * wide, low - 0.2, high + 0.15)
    stage.fill(upright(*frame), dusk(rgb("#efe3d0"), (0.7, 0, -0.7), left))
    stage.fill(upright(left, right, low, high), tone, 0.85 * lit)
    middle = mix(left, right, 0.5)
    for p, q in (
        (middle + [0, low - left[1], 0], middle + [0, high - left[1], 0]),
        (left + [0, mix(low, high, 0.6) - left[1], 0],
         right + [0, mix(low, high, 0.6) - left[1], 0]),
    ):  # fmt: skip
        stage.line(p, q, 0.09, rgb("#5a4448"), least=0.0004)
    dark = dusk(shutter, (0.7, 0, -0.7), left)
    for edge, step in ((left, -0.5), (right, 0.5)):
        leaf = edge + 0.12 * np.sign(step) * wide
        stage.fill(upright(leaf, leaf + step * 0.6 * wide, low, high), dark)


def awning(stage, left, right, high, out, colour):
    """A striped blind over a shop."""
    fall = out / np.linalg.norm(out) * 1.5
    for k in range(6):
        p, q = mix(left, right, k / 6), mix(left, right, (k + 1) / 6)
        top, low = [0, high + 0.8 - p[1], 0], [0, high - p[1], 0]
        tone = rgb("#f0dcc0") if k % 2 else colour * 1.5
        stage.fill(
            [p + top, q + top, q + low + fall, p + low + fall],
            dusk(np.clip(tone, 0, 1), (0.5, 0.7, -0.5), p),
        )


def house(stage, at, size, turn, rng, shop=False):
    """Build a house with a pitched roof, its ridge along its front."""
    wall = rgb(WALLS[rng.integers(len(WALLS))]) * rng.uniform(0.8, 1.1)
    tile = rgb(TILES[rng.integers(len(TILES))]) * rng.uniform(0.8, 1.25)
    corners = box(stage, at, size, turn, (wall, None), sink=6)
    up = np.array([0, size[1], 0])
    peak = up + [0, rng.uniform(0.28, 0.4) * size[2], 0]
    ends = [mix(corners[0], corners[3], 0.5), mix(corners[1], corners[2], 0.5)]
    side = corners[1] - corners[0]
    for a, b, end in ((0, 3, ends[0]), (1, 2, ends[1])):
        gable = [corners[a] + up, corners[b] + up, end + peak]
        stage.face(gable, wall, side if a else -side)
    for k in (0, 1):
        walls = corners[k], corners[k + 1], at[1], size[1]
        windows(stage, *walls, rng, shop=shop)
    eave = 0.06 * (corners[:, None] - np.array(ends)[None]).mean(axis=1)
    low, top = corners + eave + up * 0.98, [end + peak for end in ends]
    for a, b in ((2, 3), (0, 1)):
        out = corners[a] - corners[3 - a]
        slope = out / np.linalg.norm(out) + [0, 1.4, 0]
        tops = (top[1], top[0]) if a == 0 else (top[0], top[1])
        stage.face([low[a], low[b], *tops], tile, slope)
        if np.dot(slope, stage.eye - low[a]) > 0 and stage.near(at[2]):
            courses(stage, low[a], low[b], *tops, dusk(tile, slope, at))


def courses(stage, a, b, c, d, tone):
    """Rows of round tiles running down a roof from d-c to a-b."""
    many = int(np.linalg.norm(b - a) / 0.55)
    for k in range(many):
        low, top = mix(a, b, (k + 0.5) / many), mix(d, c, (k + 0.5) / many)
        bright = 0.72 if k % 2 else 1.15
        stage.line(low, top, 0.16, np.clip(tone * bright, 0, 1), least=0.0004)
    stage.line(d, c, 0.3, np.clip(tone * 1.3, 0, 1), least=0.0006)


def tree(stage, at, wide, tall, rng):
    """Paint a tree of small clumps, dark ones below, lit ones above."""
    turn = np.linspace(0, 2 * np.pi, 9)[:-1]
    ring = np.stack([np.cos(turn), np.sin(turn), 0 * turn], axis=1)
    many = 34 if stage.near(at[2]) else 10
    for k in range(many):
        rise = k / (many - 1)
        girth = wide * np.sqrt(max(1 - (1.9 * rise - 0.9) ** 2, 0.02))
        across = rng.uniform(-1, 1) * girth
        middle = at + [across, tall * (0.12 + 0.85 * rise), 0]
        tone = 0.55 + 0.5 * rise + 0.25 * across / wide + rng.normal(0, 0.13)
        size = np.array([0.34, 0.26, 0]) * min(wide, 4) * rng.uniform(0.7, 1.2)
        clump = middle + ring * size * rng.uniform(0.75, 1.2, (8, 1))
        leaf = rgb("#56683f") * max(tone, 0.3)
        stage.fill(clump, dusk(leaf, (0.3, 0.8, -0.6), at))


def town(stage, noise, rng):
    """Terraces of houses and trees on the hill, the farthest first."""
    sites = []
    for inland in np.arange(12, 150, 10.5):
        for z in np.arange(95, 640, 11.0):
            spot = np.array([inland, z]) + rng.normal(0, 2.2, 2)
            gone = smoothstep(60, 150, spot[0]) + 0.22 + 0.3 * (z > 540)
            sites.append((*spot, rng.random() < gone))
    for inland, z, wild in sorted(sites, key=lambda s: -s[1] - 0.6 * s[0]):
        x = shore(z) - inland
        at = np.array([x, hill(x, z, noise), z])
        dice = np.random.default_rng(rng.integers(1 << 30))
        if wild:
            thin = dice.random() < 0.3
            wide, tall = (1.6, 11) if thin else dice.uniform((4, 6), (6, 9))
            tree(stage, at, wide, tall, dice)
            continue
        tall = 6.5 if inland > 40 else 9.5
        size = dice.uniform((7, 0.75 * tall, 7), (11, 1.3 * tall, 10))
        turn = 0.75 + dice.normal(0, 0.18)
        house(stage, at, size, turn, dice, inland < 18)
        if dice.random() < 0.5:
            stage.lamp(at + [5, 4.5, -6], 0.28)
        if abs(inland - 33) < 6 and abs(z - 262) < 6:
            campanile(stage, at, dice)


def campanile(stage, at, rng):
    """The church tower, lit from its foot."""
    stone = rgb("#ffb660")
    for k in range(24):
        y, flood = at + np.array([0, 1.5 * k, 0]), 2.1 - 0.05 * k
        course = stone * flood * (0.94 + 0.08 * (k % 2))
        box(stage, y, (7, 1.6, 7), 0.75, (course, None))
        if k in (8, 15):
            corners = box(stage, y, (7.8, 0.7, 7.8), 0.75, (stone * 1.2,) * 2)
            windows(stage, corners[0], corners[1], y[1] + 1, 3, rng, 0.5)
    top = at + np.array([0, 36, 0])
    box(stage, top, (8, 1, 8), 0.75, (stone, stone))
    corners = box(stage, top, (5.6, 6, 5.6), 0.75, (stone * 0.9, stone))
    windows(stage, corners[0], corners[1], top[1] + 1.4, 3, rng, 1)
    windows(stage, corners[1], corners[2], top[1] + 1.4, 3, rng, 1)
    peak = top + np.array([0, 15, 0])
    for k in range(4):
        a, b = corners[k], corners[(k + 1) % 4]
        out = np.array([b[2] - a[2], 2, a[0] - b[0]])
        up = np.array([0, 6, 0])
        stage.face([a + up, b + up, peak], rgb("#7b5a6a"), out)


def quay(stage, rng):
    """The stone edge of the town, its lamps and their pools of light."""
    for z in np.arange(660, 60, -4.0):
        a = np.array([shore(z + 4) + 4, 0, z + 4])
        b = np.array([shore(z) + 4, 0, z])
        walk = [a + [-12, 2.5, 0], a + [0, 2.5, 0], b + [0, 2.5, 0]]
        stage.fill([*walk, b + [-12, 2.5, 0]], rgb("#b98a66") * 0.8)
        for k in range(4):
            low, high = np.array([0, 0.63 * k, 0]), np.array([0, 0.63, 0])
            stone = rgb("#a08a86") * rng.uniform(0.55, 0.85) * (0.55 + k / 6)
            stage.fill(
                [a + low, b + low, b + low + high, a + low + high], stone
            )
    for z in np.arange(655, 70, -13.0):
        x = shore(z) + 2.5
        stage.line((x, 2.5, z), (x, 7.2, z), 0.16, rgb("#2a2136"))
        stage.lamp((x, 7.4, z), 0.38)


def span(a, b, count, sag):
    """Points (count, 3) on a cable hanging from a to b."""
    t = np.linspace(0, 1, count)[:, None]
    return mix(np.array(a), np.array(b), t) - [0, 4 * sag, 0] * t * (1 - t)


def bridge(stage):
    """A suspension bridge over the strait, its towers lit from below."""
    feet = np.array([(-75, 640), (-6, 470), (112, 262), (190, 125)], float)
    along = (feet[2] - feet[1]) / np.hypot(*(feet[2] - feet[1]))
    side = np.array([along[1], -along[0]]) * 7
    deck, top = 27.0, 84.0
    for edge in (1, -1):  # the far side first
        if edge == -1:
            roadway(stage, feet, side, deck)
        rail = [(x, deck, z) for x, z in feet + edge * side]
        mast = [(x, top, z) for x, z in feet + edge * side]
        cables = [
            span(rail[0], mast[1], 24, 8),
            span(mast[1], mast[2], 56, 50),
            span(mast[2], rail[3], 26, 8),
        ]
        steel = rgb("#7a4a58") if edge == -1 else rgb("#5c4062")
        for cable in cables:
            for p, q in zip(cable, cable[1:], strict=False):
                stage.line(p, q, 0.85, steel)
                low = np.array([q[0], deck, q[2]])
                stage.line(q, low, 0.2, steel * 0.95, least=0.0007)
            for p in cable[1:-1:2]:
                stage.lamp(p, 0.22, rgb("#ffd9a0"))
        for k in (1, 2):
            pylon(stage, feet[k] + edge * side, top)
    for k in (1, 2):
        for y in (deck - 5, deck + 16, top - 6):
            crossbeam(stage, feet[k], side, y)


def pylon(stage, at, top):
    """One leg of a tower on its stone pier, panel upon panel."""
    turn, (x, z) = 0.5, at
    for y, wide, tone in ((0, 12, "#4a3c50"), (0.8, 11, "#a8908c")):
        stone = rgb(tone)
        box(stage, np.array([x, y, z]), (wide, 4.2, wide), turn, (stone,) * 2)
    parts = 44
    for k in range(parts):
        y = 5 + (top - 5) * k / parts
        wide = 5.4 - 1.8 * k / parts
        flood = 1.0 + 1.3 * np.exp(-(y - 5) / 13) + np.exp(-abs(y - 31) / 8)
        red = rgb("#b84c3c") * flood * (0.62 if k % 4 == 0 else 1)
        foot_ = np.array([x, y, z])
        box(stage, foot_, (wide, 2.4, wide), turn, (red, red))
        corners = foot(foot_, (wide, 0, wide), turn)
        for n, rim in ((0, "#7c3444"), (1, "#ffb07a"), (3, "#e8845e")):
            tone = rgb(rim) * min(flood, 1.15)
            stage.line(corners[n], corners[n] + [0, 2, 0], 0.35, tone)
    for k in (0, 1):
        low = foot(np.array([x, 6.4, z]), (12, 0, 12), turn)[k]
        stage.lamp(low, 0.35)


def crossbeam(stage, at, side, y):
    """Join the two legs of a tower."""
    a, b = ((*(at + s * side),) for s in (-1, 1))
    shape = [(p[0], y + h, p[1]) for p, h in ((a, 0), (b, 0), (b, 4), (a, 4))]
    stage.fill(shape, dusk(rgb("#c9624c") * 1.3, (0.4, 0, -1), shape[0]))


def roadway(stage, feet, side, deck):
    """The deck: a dark underside, a lit edge, lamps and a few cars."""
    for a, b in zip(feet, feet[1:], strict=False):
        for t in np.arange(0, 1, 0.02):
            p, q = mix(a, b, t), mix(a, b, t + 0.021)
            ends = ((p - side), (q - side), (q + side), (p + side))
            flat = [(x, deck - 2.6, z) for x, z in ends]
            stage.fill(flat, rgb("#4d3550"))
            (px, pz), (qx, qz) = p - side, q - side
            low = deck - 2.6
            wall = [(px, low, pz), (qx, low, qz), (qx, deck, qz)]
            wall.append((px, deck, pz))
            paint = rgb("#d07a5e") * 1.1
            stage.fill(wall, dusk(paint, (-0.5, 0, -1), wall[0]))
        for t in np.arange(0.02, 1, 0.062):
            x, z = mix(a, b, t) - side
            stage.line((x, deck, z), (x, deck + 5, z), 0.2, rgb("#54404f"))
            stage.lamp((x, deck + 5, z), 0.42)


def hull(stage, boat, colours):
    """Paint a boat's planks; returns a way to place things on her deck.

    boat: x, z, turn, long, wide, free (how high her side is);
    colours: from the waterline to the gunwale.
    """
    x, z, turn, long, wide, free = boat

    def put(along, up, across):
        along, up, across = np.broadcast_arrays(along, up, across)
        cos, sin = np.cos(turn), np.sin(turn)
        across = across * wide / 2
        return np.stack(
            [
                x + along * cos - across * sin,
                up,
                z + along * sin + across * cos,
            ],
            axis=-1,
        )

    s = np.linspace(-1, 1, 25 if z < 100 else 13)[:, None]
    q = np.linspace(0, 1, 10)[None]
    beam = np.where(s < 0, 1 - 0.25 * s * s, 1 - np.abs(s) ** 2.3)
    beam = beam * (0.72 + 0.28 * q**0.7)
    rise = free * (1 + 0.55 * np.clip(s, 0, 1) ** 2 + 0.1 * s * s)
    reach = s * long / 2 * (0.9 + 0.1 * q)
    sides = [put(reach, rise * q, edge * beam) for edge in (1, -1)]
    rim = np.concatenate([sides[0][:, -1], sides[1][::-1, -1]])
    for inside in (True, False):
        for edge, mesh in zip((1, -1), sides, strict=True):
            strakes(stage, mesh, edge, colours, inside)
        transom = np.concatenate([sides[0][0], sides[1][0, ::-1]])
        back = put(-1, 0, 0) - put(0, 0, 0)
        stage.face(transom, rgb(colours[2]) * 0.9, -back if inside else back)
        if inside and stage.flip > 0:
            stage.fill(rim - [0, 0.12 * free, 0], deck_light(rim))
    for edge in (1, -1):
        side, out = sides[(1 - edge) // 2], put(0, 0, edge) - put(0, 0, 0)
        if np.dot(out, stage.eye - side[6, 5]) > 0:
            trim(stage, side, free)
    return put


def trim(stage, side, free):
    """The gunwale's rail, a rubbing strake, old tyres as fenders."""
    for row, tone in ((-1, "#f0e0c4"), (6, "#3a2a38")):
        wood = dusk(rgb(tone), (0.2, 0.5, -0.8), side[6, row])
        for p, q in zip(side[:-1, row], side[1:, row], strict=True):
            stage.line(p, q, 0.07 * min(free, 1.2), wood)
    if free > 1.1 and len(side) > 13:
        for k in (4, 9, 14):
            p = mix(side[k, 4], side[k, 6], 0.5)
            stage.line(side[k, -1], p, 0.05, rgb("#1c1626"))
            stage.line(p - [0, 0.28, 0], p + [0, 0.2, 0], 0.34, rgb("#1c1626"))


def deck_light(rim):
    """The colour of a wooden deck under the evening sky."""
    return dusk(rgb("#b58c68"), (0, 1, 0), rim[0])


def strakes(stage, mesh, edge, colours, inside):
    """Paint the planks of one side: those that face us, or face away."""
    bands = np.array([rgb(c) for c in colours])
    a, b = mesh[:-1, :-1], mesh[1:, :-1]
    c, d = mesh[1:, 1:], mesh[:-1, 1:]
    out = np.cross(c - a, d - b) * (edge if inside else -edge)
    seen = (out * (stage.eye - (a + c) / 2)).sum(axis=-1) > 0
    for i, j in np.argwhere(seen):
        tone = bands[j * len(bands) // seen.shape[1]]
        wear = 0.55 if inside else 0.7 + 0.04 * j + 0.13 * (j % 2)
        tone = dusk(tone * wear, out[i, j], a[i, j])
        stage.fill([a[i, j], b[i, j], c[i, j], d[i, j]], tone)


def rig(stage, put, mast, long, free, sail):
    """A mast, its stays, the boom with the sail folded on it."""
    wood, rope = rgb("#c9a98a") * 0.8, rgb("#3a2c44")
    step, tip = put(0.08 * long, free, 0), put(0.06 * long, mast, 0)
    for along, across in ((0.49, 0), (-0.49, 0), (0.02, 0.95), (0.02, -0.95)):
        rim = put(along * long, free * (1.4 if along > 0.3 else 1.05), across)
        stage.line(rim, tip, 0.03, rope)
    for part in (0.45, 0.72):
        y = free + (mast - free) * part
        cross = put(0.07 * long, y, 0.5), put(0.07 * long, y, -0.5)
        stage.line(*cross, 0.05, rope)
    stage.line(step, tip, 0.15, wood)
    gone = np.linspace(0, 1, 9)
    boom = [put(0.08 * long - 0.42 * long * t, free + 1.2, 0) for t in gone]
    for p, q, t in zip(boom, boom[1:], gone, strict=False):
        stage.line(p, q, 0.34 - 0.2 * t, sail * (0.75 + 0.25 * np.cos(9 * t)))
    stage.line(boom[0], boom[-1], 0.1, wood * 0.7)
    stage.lamp(tip, 0.07, rgb("#fff0d0"))


def cabin(stage, put, turn, at, size, free, colours, lit=True):
    """A deckhouse with a row of windows, most of them lit."""
    base = put(at, free * 0.9, 0)
    wall, roof = (rgb(c) for c in colours)
    corners = box(stage, base, size, turn, (wall, None))
    wide = np.array([1.16, 0.09, 1.22]) * size
    lid = base + np.array([0, size[1], 0])
    roofing = lid, wide, turn, (roof, roof * 1.1)
    for k in range(4):
        a, b = corners[k], corners[(k + 1) % 4]
        out = np.array([b[2] - a[2], 0, a[0] - b[0]])
        if np.dot(out, stage.eye - a) <= 0:
            continue
        many = max(round(np.hypot(*(b - a)[[0, 2]]) / 0.8), 1)
        for n in range(many):
            left, right = (mix(a, b, (n + t) / many) for t in (0.18, 0.82))
            low, high = np.array([[0, 0.5, 0], [0, 0.85, 0]]) * size[1]
            pane = [left + low, right + low, right + high, left + high]
            stage.fill(pane, rgb("#f0a040" if lit else "#3b3f6c"), 0.45 * lit)
            shelf = [left + low, right + low, right + mix(low, high, 0.4)]
            shelf.append(left + mix(low, high, 0.5 - 0.2 * (n % 2)))
            stage.fill(shelf, rgb("#a8612c" if lit else "#2c3058"), 0.2 * lit)
    box(stage, *roofing)


def sailboat(stage, x, z, turn, long, colours, lit=True):
    """A yacht at her mooring."""
    free = 0.1 * long + 0.15
    put = hull(stage, (x, z, turn, long, 0.3 * long, free), colours)
    size = (0.36 * long, 0.07 * long + 0.1, 0.15 * long)
    cabin(stage, put, turn, 0, size, free, ("#e9e2da", "#c9c6d6"), lit)
    rig(stage, put, 1.3 * long, long, free, rgb("#6f86c6"))


def trawler(stage, x, z, turn, long, colours):
    """A fishing boat: high bow, wheelhouse aft, a mast with a lamp."""
    free = 0.15 * long
    put = hull(stage, (x, z, turn, long, 0.34 * long, free), colours)
    house_at, tall = -0.2 * long, 0.24 * long
    size = (0.22 * long, tall, 0.17 * long)
    cabin(stage, put, turn, house_at, size, free, ("#efe4d2", "#b5503f"))
    step, tip = put(0.16 * long, free, 0), put(0.16 * long, 0.72 * long, 0)
    gaff = put(-0.12 * long, 0.62 * long, 0)
    rope = rgb("#3a2c44")
    bow, stern = put(0.5 * long, 1.5 * free, 0), put(-0.5 * long, free, 0)
    for rim in (bow, stern, gaff):
        stage.line(rim, tip, 0.04, rope)
    stage.line(put(0.14 * long, free * 1.6, 0), gaff, 0.16, rgb("#a9784f"))
    stage.line(step, tip, 0.22, rgb("#b98a60"))
    stage.lamp(put(0.15 * long, 0.6 * long, 0), 0.2)
    stage.lamp(put(house_at, free + tall + 0.3, 0), 0.12, rgb("#ff6a50"))


def skiff(stage, x, z, turn, colours):
    """An open rowing boat with two thwarts."""
    put = hull(stage, (x, z, turn, 4.2, 1.6, 0.6), colours)
    if stage.flip > 0:
        for along in (-1.0, 0.4):
            ends = [(along, 0.8), (along + 0.4, 0.8), (along + 0.4, -0.8)]
            ends.append((along, -0.8))
            seat = [put(a, 0.52, c) for a, c in ends]
            stage.fill(seat, dusk(rgb("#d8a878"), (0, 1, 0), seat[0]))


def jetty(stage, a, b, lamps):
    """A wooden landing stage on piles; lamps: where, from 0 at a to 1."""
    a, b = np.array(a), np.array(b)
    long = np.linalg.norm(b - a)
    side = np.cross([0, 1, 0], b - a) / long * 1.15
    drop, wood = np.array([0, 0.35, 0]), rgb("#b08a6c")
    steps = np.linspace(0, 1, int(long / 0.26))
    dice = np.random.default_rng(7)
    if b[2] > a[2]:
        steps = steps[::-1]
    for t in np.linspace(0, 1, int(long / 2.6)):
        for s in (-1, 1):
            pile(stage, mix(a, b, t) + 0.93 * s * side)
    under = np.array([a - side, b - side, b + side, a + side]) - drop
    stage.fill(under, rgb("#150f22"))
    for t, u in zip(steps, steps[1:], strict=False):
        p, q = mix(a, b, t), mix(a, b, mix(t, u, 0.84))
        pool = sum(1 / (1 + (long * (t - lamp) / 2.2) ** 2) for lamp in lamps)
        tone = wood * dice.uniform(0.6, 1.05)
        tone = tone * (0.85 + 0.9 * pool * rgb("#ffb870"))
        for s in (-side, side):
            edge = [p + s, q + s, q + s - drop, p + s - drop]
            stage.fill(edge, dusk(tone * 0.7, (0, -0.6, -1), p))
        if stage.flip > 0:
            plank = [p - side, q - side, q + side, p + side]
            stage.fill(plank, dusk(tone, (0, 1, 0), p))
    for t in lamps:
        p = mix(a, b, t) + 0.85 * side
        stage.line(p, p + [0, 3.4, 0], 0.13, rgb("#2a2136"))
        stage.lamp(p + [0, 3.5, 0], 0.2)


def pile(stage, at):
    """A round post from the water to above the planks."""
    for k in range(6):
        shift = np.array([0.15 - 0.06 * k, 0, 0])
        tone = rgb("#8a6a5c") * (0.35 + 0.16 * k)
        low, top = (at + shift) * [1, 0, 1], at + shift + [0, 0.5, 0]
        stage.line(low, top, 0.1, dusk(tone, (0, 0, -1), at))


def fleet(stage):
    """The boats and the jetty, far ones first."""
    white = ("#7d3340", "#f1ebe2", "#f1ebe2", "#e2dccf", "#35508f")
    blue = ("#8d3a34", "#27497f", "#27497f", "#2f5a99", "#efe6d5")
    red = ("#27333f", "#b23a30", "#b23a30", "#c8483a", "#f0dfc0")
    green = ("#8d3a34", "#2d7d77", "#2d7d77", "#359087", "#f3e8cf")
    for x, z, turn, long in (
        (-30, 330, 2.0, 13), (-48, 250, 1.1, 11), (-22, 215, 1.3, 11),
        (-44, 165, 1.2, 12), (-30, 140, 1.8, 10), (14, 150, 2.4, 11),
        (30, 330, 0.5, 12), (46, 120, 2.7, 11), (-36, 112, 1.0, 11),
    ):  # fmt: skip
        sailboat(stage, x, z, turn, long, white if z % 20 else blue, z % 3 > 0)
    trawler(stage, -31, 86, 0.35, 12, green)
    sailboat(stage, 21, 78, 2.75, 11, white)
    jetty(stage, (-44, 1, 70), (-9.5, 1, 52), (0.28, 0.62, 0.97))
    sailboat(stage, -14.5, 60, 1.0, 9.5, blue)
    trawler(stage, -19, 47, 0.1, 10.5, red)
    skiff(stage, -7.6, 40, -0.7, green)
    sailboat(stage, 13.6, 40, 2.72, 10.5, blue)
    skiff(stage, -2.2, 27, 0.35, red)
    skiff(stage, 4.0, 25.5, 2.7, white)
    jetty(stage, (7.6, 0.9, 25), (10.8, 0.9, 11.5), (0.02, 0.45))
    for x, z in ((5.6, 24.8), (-0.6, 27.6)):
        rope = span((x, 0.7, z), (7.2, 1.0, 23 if x > 0 else 24.6), 12, 0.12)
        for p, q in zip(rope, rope[1:], strict=False):
            stage.line(p, q, 0.04, rgb("#d9c3a0") * 0.7)


def world(height, width, flip, seed):
    """Paint the whole scene; flip: 1 upright, -1 in the mirror."""
    noise, rng = Noise(seed), np.random.default_rng(seed)
    stage = Stage(height, width, flip, noise)
    ridge(stage, 9000, 620, rgb("#a86a94"), noise)
    ridge(stage, 5200, 260, rgb("#7d5790"), noise)
    ridge(stage, 2600, 70, rgb("#5c4682"), noise)
    ground(stage, noise)
    town(stage, noise, rng)
    quay(stage, rng)
    bridge(stage)
    fleet(stage)
    return stage.light()


def waves(x, y, noise):
    """Slopes of the water towards us and sideways, at picture places."""
    z = EYE * FOCAL / np.maximum(y - HORIZON, 1e-3)
    side = (x - 0.75) * z / FOCAL
    step = z * z / (EYE * FOCAL) / 500  # what a fine pixel spans
    slopes = []
    for shift in (0.0, 57.3):
        slope = 0.0
        for size, tall in RIPPLES:
            seen = smoothstep(0.6, 0.15, step / size)
            u, v = side / size / 2 + shift + 3 * size, z / size + shift
            slope = slope + seen * tall * noise(u, v)
        slopes.append(slope)
    return slopes


def water(mirror, height, width, noise):
    """Shake the mirror image as the sea does: colours of the picture."""
    x, y = grid(height, width)
    towards, sideways = waves(x, y, noise)
    low = np.maximum(y - HORIZON, 0)
    calm = 0.75 + 0.45 * noise.fractal(x * 1.3, 1 / (low + 0.05) * 0.35, 3)
    reach = calm * (0.010 + 0.042 * smoothstep(0, 0.3, low))
    total = 0.0
    parts = np.linspace(-1, 1, 17)
    for part in 1.1 * parts + 0.7 * parts**3:
        # Ripples too small to draw smear what they show, mostly downwards.
        rows = y + reach * (
            towards + mix(0.42, 0.26, smoothstep(0.1, 0.4, low)) * part
        )
        rows = HORIZON + np.abs(rows - HORIZON)
        cols = x + (0.05 + low) * reach * (1.1 * sideways + 0.25 * part)
        total = total + look(mirror, rows, cols, height)
    grazing = smoothstep(0.02, 0.5, low)[..., None]
    seen = total / len(parts) * mix(0.96, 0.62, grazing)
    tilt = np.clip(0.5 + 0.4 * towards, 0, 1)[..., None]
    deep = mix(rgb("#0c1640"), rgb("#2c4a86"), tilt)
    seen = seen * mix(1, mix(0.72, 1.12, tilt), grazing)
    return seen + deep * mix(0.05, 0.4, grazing)


def look(image, rows, cols, height):
    """Colours of the image at places in picture heights."""
    i = np.clip((rows * height).astype(int), 0, image.shape[0] - 1)
    j = np.clip((cols * height).astype(int), 0, image.shape[1] - 1)
    return image[i, j]


def grade(picture):
    """Finish like a photograph: glowing lamps, a soft shoulder, contrast."""
    height = picture.shape[0]
    bright = np.clip(picture - 0.95, 0, 2.5)
    for radius, strength in ((0.004, 0.5), (0.012, 0.45), (0.04, 0.4)):
        picture = picture + strength * blur(
            bright, max(int(radius * height), 1)
        )
    picture = 1 - np.exp(-1.5 * np.clip(picture - 0.02, 0, None))
    picture = mix(picture, smoothstep(0.0, 0.95, picture), 0.75)
    grey = picture.mean(axis=-1, keepdims=True)
    x, y = grid(*picture.shape[:2])
    vignette = 1 - 0.35 * smoothstep(0.5, 1, np.hypot(x - 0.75, y - 0.5))
    vignette = vignette[..., None]
    return mix(grey, picture, 1.1) * vignette


def scene(height, width, seed):
    """The harbour before it is graded: colours, lamps far above 1."""
    noise = Noise(seed + 9)
    above, solid = world(height, width, 1, seed)
    mirror, _ = world(height, width, -1, seed)
    sea = water(mirror, height, width, noise)
    above, solid = above[:height], solid[:height]
    wet = (np.arange(height) + 0.5 > HORIZON * height)[:, None, None]
    return mix(above, sea, wet * (1 - solid))


def draw(height=800, width=1200, seed=SEED):
    """Draw the picture: uint8 (height, width, 3)."""
    # Ropes and windows need pixels, so a small picture is a shrunken one.
    many = max(-(-150 // height), 1)
    large = to_bytes(grade(scene(height * many, width * many, seed)))
    small = Image.fromarray(large).reduce(many) if many > 1 else large
    return np.asarray(small)


if __name__ == "__main__":
    target(__file__, ".jpg").write_bytes(jpeg(draw()))
