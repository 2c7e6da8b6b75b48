"""Print dong-ho.jpg: a hen and her chicks, in the manner of Dong Ho.

    python draw_dong_ho.py [output.jpg]

Every ink has a wood block of its own. The blocks are carved first, with
Pillow; then each is inked unevenly and pressed, a little out of place, on
paper brushed with shell powder. The black key block comes last. Lengths
are in picture heights: x runs from 0 to 1.5, y from 0 (top) to 1.
"""

import contextlib

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

# In the order of printing: shell white, pagoda-flower yellow, brick red,
# verdigris, indigo, the black of burnt bamboo leaves.
INKS = {
    "w": ("#f7efdc", "#fffaf0"),
    "y": ("#e9a61c", "#f4bf3a"),
    "r": ("#b32a22", "#dc6849"),
    "g": ("#2f8560", "#74b795"),
    "b": ("#27447f", "#6384b8"),
    "k": ("#17130f", "#3a332c"),
}
TAKEN = 800  # how tall the map of bare paper is, in pixels
SLIP = 0.0055  # how far a block may lie out of place
HEAD = np.array([1.02, 0.245])
SHOULDER = np.array([0.93, 0.50])
STALKS = (  # their points, how many leaves they bear and how long
    (((0.10, 1.0), (0.16, 0.75), (0.10, 0.48), (0.17, 0.2)), 10, 0.165),
    (((0.33, 1.0), (0.30, 0.85), (0.24, 0.72)), 4, 0.13),
    (((1.47, 0.98), (1.36, 0.78), (1.40, 0.5), (1.30, 0.2)), 11, 0.165),
    (((1.38, 0.45), (1.24, 0.36), (1.20, 0.14)), 5, 0.12),
    (((1.46, 0.70), (1.34, 0.745), (1.25, 0.72), (1.14, 0.74)), 5, 0.10),
    (((0.20, 0.02), (0.29, 0.055), (0.385, 0.085)), 5, 0.085),
    (((0.31, 0.92), (0.38, 0.78), (0.365, 0.62)), 6, 0.085),
    (((1.19, 0.84), (1.14, 0.70), (1.165, 0.55)), 6, 0.075),
    (((0.98, 0.01), (1.03, 0.03), (1.07, 0.075)), 2, 0.06),
)
BODY = (
    (0.955, 0.20), (1.01, 0.17), (1.07, 0.20), (1.085, 0.26), (1.085, 0.34),
    (1.125, 0.45), (1.115, 0.56), (1.05, 0.67), (0.93, 0.745), (0.77, 0.775),
    (0.61, 0.75), (0.49, 0.67), (0.42, 0.56), (0.40, 0.46), (0.49, 0.44),
    (0.61, 0.445), (0.73, 0.435), (0.84, 0.385), (0.92, 0.29),
)  # fmt: skip
COMB = (
    (-0.070, -0.03), (-0.078, -0.088), (-0.045, -0.08), (-0.030, -0.122),
    (0.0, -0.09), (0.025, -0.128), (0.042, -0.085), (0.075, -0.093),
    (0.060, -0.03),
)  # fmt: skip
BEAK = (
    (0.055, -0.038), (0.10, -0.018), (0.155, 0.012), (0.10, 0.026),
    (0.06, 0.034),
)  # fmt: skip
CHICK = (
    (-0.60, -0.02), (-0.42, -0.03), (-0.18, -0.10), (0.04, -0.18),
    (0.14, -0.42), (0.34, -0.56), (0.56, -0.47), (0.62, -0.26),
    (0.53, -0.05), (0.52, 0.18), (0.34, 0.40), (0.02, 0.47), (-0.32, 0.34),
)  # fmt: skip


def spline(points, closed=False, steps=8):
    """A smooth curve through points (n, 2): (about n * steps, 2)."""
    p = np.asarray(points, float)
    if closed:
        p = np.concatenate([p[-1:], p, p[:2]])
    else:
        p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    a, b, c, d = (p[k : len(p) - 3 + k, None] for k in range(4))
    bends = (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    curve = (2 * b + (c - a) * t + bends).reshape(-1, 2) / 2
    return curve if closed else np.concatenate([curve, p[-2:-1]])


def polar(at, angle, far):
    """The points at a bearing and distance from a point: (..., 2)."""
    turn = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return np.asarray(at) + turn * np.asarray(far)[..., None]


def arch(start, angle, length, bend=0.0, steps=9):
    """A stem or quill that leaves start at an angle and turns by bend."""
    turns = angle + bend * np.linspace(0, 1, steps - 1)
    hops = polar((0, 0), turns, np.full(steps - 1, length / (steps - 1)))
    return np.concatenate([[start], start + np.cumsum(hops, axis=0)])


def normals(line):
    """Unit normals (n, 2) along a line (n, 2)."""
    along = np.gradient(line, axis=0)
    along /= np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    return np.stack([-along[:, 1], along[:, 0]], axis=1)


class Blocks:
    """The carved blocks: a mask for each ink, and one of what is taken.

    The last has the same size for every picture, so that whatever fills
    the gaps finds the same gaps.
    """

    def __init__(self, height, width, seed):
        """height, width: of the masks, in pixels."""
        self.scale, size = height, (width, height)
        self.masks = {key: Image.new("L", size) for key in INKS}
        self.pens = {k: ImageDraw.Draw(m) for k, m in self.masks.items()}
        self.taken = Image.new("L", (TAKEN * 3 // 2, TAKEN))
        self.rng, noise = np.random.default_rng(seed), Noise(seed)
        # Looking the hand's tremor up in a table is quicker than noise.
        y, x = (np.mgrid[-60:360, -60:510] / 300).astype(np.float32)
        self.tremor = 0.0035 * np.stack(
            [noise(x * 7, y * 7), noise(x * 7 + 60, y * 7)], axis=-1
        )
        self.swell = noise(x * 13 + 9, y * 13)

    def cell(self, points):
        """Where points (n, 2) are in the tables: rows and columns."""
        at = (points * 300 + 60.5).astype(int)
        return np.clip(at[:, 1], 0, 419), np.clip(at[:, 0], 0, 569)

    def pixels(self, points, scale):
        """Where the knife goes, by hand: [x, y, x, y...] in pixels."""
        points = np.asarray(points, float)
        moved = points + self.tremor[self.cell(points)]
        return (moved * scale).ravel().tolist()

    def fill(self, points, inks, value=255):
        """Leave a shape standing on some blocks, over what is there."""
        spots = self.pixels(points, self.scale)
        for ink in inks:
            self.pens[ink].polygon(spots, fill=value)

    def area(self, points, inks, width=0.0):
        """Clear a shape on all blocks, fill it on some, outline it."""
        self.fill(points, INKS, 0)
        self.fill(points, inks)
        self.take(points)
        if width:
            self.line(np.concatenate([points, points[:2]]), width, 0.75)

    def take(self, points):
        """Remember that a shape is no longer bare."""
        spots = self.pixels(points, TAKEN)
        ImageDraw.Draw(self.taken).polygon(spots, fill=255)

    def free(self, at, radius):
        """Whether everything within a radius of a point is bare."""
        box = np.concatenate([at - radius, at + radius]) * TAKEN
        return self.taken.crop(box.astype(int).tolist()).getbbox() is None

    def line(self, points, width, taper=0.25, ink="k"):
        """A carved line that swells and thins; its ends are pointed."""
        points = np.asarray(points, float)
        t = np.linspace(0, 1, len(points))
        swell = self.swell[self.cell(points)]
        ends = np.clip(4 * np.minimum(t, 1 - t), 0, 1)
        half = width / 2 * (1 + 0.5 * swell) * mix(taper, 1, ends)
        side = normals(points) * half[:, None]
        edge = np.concatenate([points + side, (points - side)[::-1]])
        self.fill(edge, [ink])

    def dot(self, at, radius, ink="k"):
        """A round spot."""
        self.fill(polar(at, np.linspace(0, 6, 12), np.full(12, radius)), [ink])

    @contextlib.contextmanager
    def within(self, points):
        """Whatever is carved meanwhile stays inside this shape."""
        before = [(mask, mask.copy()) for mask in self.masks.values()]
        before.append((self.taken, self.taken.copy()))
        yield
        for mask, old in before:
            outside = Image.new("L", mask.size, 255)
            spots = self.pixels(points, mask.height)
            ImageDraw.Draw(outside).polygon(spots, fill=0)
            mask.paste(old, mask=outside)

    def plume(self, spine, width, inks, inner="", barbs=6, line=0.0045, tip=1):
        """A feather, petal or leaf about a spine (n, 2).

        inner: inks of a smaller shape inside; tip: 1 is round, 2 pointed.
        """
        t = np.linspace(0, 1, len(spine))
        half = width / 2 * np.sqrt(4 * t * (1 - t)) * (1 - t**3) ** (tip - 1)
        half = half * (0.75 + 0.4 * t) if tip == 1 else half
        side = normals(spine) * half[:, None]
        edge = np.concatenate([spine + side, (spine - side)[::-1]])
        self.area(edge, inks, line)
        if inner:
            part = len(spine) * 3 // 4
            round_ = np.sqrt(np.linspace(1, 0, part - 1))[:, None]
            few, mid = 0.6 * round_ * side[1:part], spine[1:part]
            self.fill(np.concatenate([mid + few, (mid - few)[::-1]]), inner)
        self.veins(spine, side, barbs, 0.7 * line)

    def veins(self, spine, side, count, width):
        """A quill and the barbs that leave it on both sides."""
        many = len(spine)
        if count:
            self.line(spine[: max(many * 5 // 6, 3)], width * 1.3)
        for t in np.linspace(0.15, 0.78, count):
            k, far = int(t * many), min(int((t + 0.16) * many), many - 1)
            for sign in (-0.78, 0.78):
                end = spine[far] + sign * side[far]
                mid = mix(spine[k], end, 0.55) + 0.12 * sign * side[far]
                self.line(np.array([spine[k], mid, end]), width, 0.2)


def sun(blocks, at, radius):
    """A red sun with rays and a wheel of petals in it."""
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    for k in range(40):
        bearing = k * np.pi / 20
        long = radius * (0.42 if k % 2 else 0.26)
        ray = arch(polar(at, bearing, 1.03 * radius), bearing, long, 0.5, 7)
        blocks.plume(ray, 0.017, "r" if k % 2 else "y", "", 0, 0.004, 2)
    for part, inks in ((1.0, "r"), (0.78, "y")):
        ring = polar(at, turn, np.full(60, part * radius))
        blocks.area(ring, inks, 0.0065)
    for bearing in np.arange(26) * np.pi / 13:
        tick = polar(at, np.full(2, bearing), radius * np.array([0.82, 0.96]))
        blocks.line(tick, 0.006, 0.4)
    for ring, far in enumerate((0.75, 0.46)):
        for bearing in np.arange(12) * np.pi / 6 + 0.26 * ring:
            quill = arch(at, bearing - 0.2, far * radius, 0.4)
            blocks.plume(quill, 0.36 * far * radius, "ry"[ring], "", 0)
    heart(blocks, at, 0.2 * radius)


def cloud(blocks, at, size, flip):
    """A bank of curls, each a spiral."""
    for dx, dy, part, inks in (
        (-0.95, 0.15, 0.55, "b"), (0.95, 0.10, 0.6, "g"),
        (-0.4, -0.05, 0.75, "w"), (0.35, 0.0, 0.8, "b"), (0.0, 0.3, 0.6, "w"),
    ):  # fmt: skip
        middle = np.array(at) + size * np.array([flip * dx, dy])
        curl(blocks, middle, size * part, inks, flip)


def curl(blocks, at, radius, inks, flip=1):
    """A round cloud with a spiral carved into it."""
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    blocks.area(polar(at, turn, np.full(40, radius)), inks, 0.0065)
    winds = np.linspace(0.3, 1, 44)
    turn = flip * (winds * 13 + 1)
    blocks.line(polar(at, turn, radius * (winds - 0.22)), 0.005, 0.3)


def ground(blocks, rng):
    """Tufts of grass, row before row, with stones between them."""
    for row, y in enumerate(np.linspace(0.89, 1.02, 4)):
        for k in rng.permutation(14):
            x = (k - 0.5 * (row % 2)) * 0.118 + rng.normal(0, 0.008)
            at = np.array([x, y + rng.normal(0, 0.006)])
            inks = (("g", "y"), ("y", ""), ("b", "w"), ("g", ""), ("w", "g"))
            if (2 * k + 3 * row) % 7 == 0:
                stone(blocks, at - (0, 0.02), 0.045)
            else:
                tuft(blocks, at, 0.115, inks[(2 * k + 3 * row) % 5])


def tuft(blocks, at, length, inks):
    """A fan of pointed blades, the outer ones behind."""
    for turn in (-1.2, 1.2, -0.85, 0.85, -0.5, 0.5, -0.17, 0.17):
        tall = length * (1 - 0.18 * abs(turn))
        blade = arch(at, 0.7 * turn - np.pi / 2, tall, 0.8 * turn, 11)
        blocks.plume(blade, 0.030, *inks, 0, 0.0048, 2)
        blocks.line(blade[2:9], 0.0035)


def stone(blocks, at, radius):
    """A stone with rings like a snail's."""
    blocks.area(polar(at, np.linspace(0, 6, 20), np.full(20, radius)), "r")
    curl(blocks, at, radius, "r")


def chrysanthemum(blocks, at, radius, inks, rng):
    """A flower of many narrow petals, in four rings."""
    start = rng.uniform(0, 6)
    for ring, far in enumerate((1.0, 0.78, 0.56, 0.36)):
        many = ((17, 15, 12, 8) if radius > 0.07 else (12, 10, 8, 6))[ring]
        for k in rng.permutation(many):
            bearing = start + (k + 0.5 * ring) * 2 * np.pi / many
            quill = arch(at, bearing - 0.2, radius * far, 0.45)
            wide = 5.4 * radius * far / many
            outer, inner = inks[ring % len(inks)]
            blocks.plume(quill, wide, outer, inner, 0, 0.0046)
    heart(blocks, at, 0.17 * radius)


def heart(blocks, at, radius):
    """A yellow middle, dotted."""
    ring = polar(at, np.linspace(0, 6, 16), np.full(16, radius))
    blocks.area(ring, "y", 0.004)
    for k in range(7):
        far = 0.0 if k == 0 else 0.6 * radius
        blocks.dot(polar(at, k * 1.05, far), 0.16 * radius)


def peony(blocks, at, radius, inks, rng):
    """A round flower of ruffled petals, with rays on each."""
    start = rng.uniform(0, 6)
    for ring, far in enumerate((1.0, 0.78, 0.55, 0.34)):
        many = (8, 7, 6, 4)[ring]
        for k in rng.permutation(many):
            bearing = start + (k + 0.5 * ring) * 2 * np.pi / many
            ink = inks[(ring + k % 2) % len(inks)]
            petal(blocks, at, bearing, radius * far, 4.1 / many, ink)
    heart(blocks, at, 0.14 * radius)


def petal(blocks, at, bearing, radius, spread, inks):
    """A petal like a fan with a scalloped rim."""
    s = np.linspace(-1, 1, 31)
    far = radius * (1 - 0.22 * s**2 + 0.06 * np.abs(np.sin(4.7 * s + 1.57)))
    rim = polar(at, bearing + spread * s, far)
    blocks.area(np.concatenate([[at], rim]), inks, 0.0055)
    blocks.line(polar(at, bearing + 0.8 * spread * s, 0.84 * far), 0.0035)
    for turn in np.linspace(-0.7, 0.7, 6):
        lines = np.full(3, bearing + spread * turn)
        far = radius * np.array([0.35, 0.6, 0.76 - 0.1 * turn**2])
        blocks.line(polar(at, lines, far), 0.0042, 0.2)


def leaf(blocks, start, angle, length, bend, inks="g", shade="b"):
    """A pointed leaf, one half of it darker, with veins."""
    spine = arch(start, angle, length, bend, 15)
    t = np.linspace(0, 1, 15)
    saw = 1 + 0.14 * np.sin(t * 34)
    half = 0.24 * length * np.sin(np.pi * t**0.75) ** 0.8 * saw
    side = normals(spine) * half[:, None]
    edge = np.concatenate([spine + side, (spine - side)[::-1]])
    blocks.area(edge, inks, 0.0058)
    blocks.fill(np.concatenate([spine, (spine - 0.9 * side)[::-1]]), shade)
    blocks.veins(spine, side, 6, 0.0042)


def stem(blocks, points, leaves, length, rng):
    """A stalk with leaves left and right by turns."""
    line = spline(points)
    side = normals(line)
    edge = np.concatenate([line + 0.008 * side, (line - 0.008 * side)[::-1]])
    blocks.area(edge, "gy", 0.005)
    for n, k in enumerate(np.linspace(3, len(line) - 3, leaves).astype(int)):
        sign = 1 if n % 2 else -1
        way = np.arctan2(*(side[k] * sign)[::-1])
        along = np.gradient(line, axis=0)[k]
        up = np.arctan2(*along[::-1])
        lean = (way - up + np.pi) % (2 * np.pi) - np.pi
        inks, shade = (("g", "b"), ("gy", "g"), ("g", "y"))[n % 3]
        long = length * rng.uniform(0.8, 1.2)
        turn, bend = up + 0.68 * lean, -0.5 * lean
        leaf(blocks, line[k], turn, long, bend, inks, shade)


def plants(blocks, rng):
    """Chrysanthemums at the left, peonies at the right."""
    for points, many, long in STALKS:
        stem(blocks, points, many, long, rng)
    gold = (("y", "r"), ("y", ""), ("w", "y"))
    red = (("r", ""), ("w", "r"), ("r", "y"))
    chrysanthemum(blocks, (0.135, 0.185), 0.135, red, rng)
    chrysanthemum(blocks, (0.12, 0.56), 0.115, gold, rng)
    chrysanthemum(blocks, (0.255, 0.76), 0.09, red, rng)
    chrysanthemum(blocks, (0.365, 0.625), 0.058, gold, rng)
    chrysanthemum(blocks, (1.165, 0.545), 0.055, red, rng)
    chrysanthemum(blocks, (0.385, 0.085), 0.052, gold, rng)
    chrysanthemum(blocks, (1.07, 0.075), 0.045, gold[1:], rng)
    peony(blocks, (1.355, 0.20), 0.145, ("r", "w", "r"), rng)
    peony(blocks, (1.385, 0.56), 0.115, ("y", "w", "r"), rng)
    peony(blocks, (1.195, 0.095), 0.075, ("w", "y", "r"), rng)


def tail(blocks):
    """Drooping plumes, every other one behind."""
    root = np.array([0.50, 0.50])
    styles = (("b", "g"), ("r", "y"), ("g", "w"), ("y", "r"))
    turns = np.linspace(3.25, 4.75, 11)
    for n in (*range(1, 11, 2), *range(0, 11, 2)):
        quill = arch(root, turns[n], 0.40 + 0.03 * (n % 2), -0.95, 19)
        blocks.plume(quill, 0.085, *styles[(n * 3) % 4], 9, 0.0065)


def plumage(blocks):
    """Feathers in rings about the head, the farthest first."""
    shape = spline(BODY, closed=True)
    blocks.area(shape, "w", 0.011)
    styles = (("y", "r"), ("w", "y"), ("r", ""), ("w", "r"), ("y", "g"))
    saddle = (("r", "y"), ("y", "r"), ("w", "r"))
    rings = []
    far, n = 0.10, 0
    while far < 0.75:
        long = np.interp(far, (0.1, 0.25, 0.7), (0.055, 0.062, 0.085))
        rings.append((far, long, n))
        far, n = far + 0.60 * long, n + 1
    with blocks.within(shape):
        for far, long, n in rings[::-1]:
            wide = np.interp(far, (0.1, 0.25, 0.7), (0.026, 0.045, 0.066))
            step = 0.92 * wide / far
            start = 0.5 * step * (n % 2)
            for k, bearing in enumerate(np.arange(0.9 + start, 3.4, step)):
                base = polar(HEAD, bearing, far - long)
                quill = arch(base, bearing, long * 1.3)
                inks = saddle[(n + k) % 3] if bearing > 2.2 else styles[n % 5]
                blocks.plume(quill, wide * 1.15, *inks, 3, 0.0048)
    blocks.line(np.concatenate([shape, shape[:2]]), 0.011, 0.8)


def wing(blocks):
    """Four tiers of feathers about the shoulder."""
    tiers = (
        (0.20, 0.30, 10, 0.085, (("b", "g"), ("b", ""), ("g", "y"))),
        (0.13, 0.20, 9, 0.070, (("r", "y"), ("y", "r"))),
        (0.06, 0.145, 8, 0.058, (("g", "w"), ("b", "w"))),
        (0.00, 0.085, 7, 0.050, (("y", ""), ("r", "y"))),
    )
    for near, long, many, wide, styles in tiers:
        for k, turn in enumerate(np.linspace(1.75, 3.28, many)):
            grow = 0.62 + 0.38 * k / (many - 1)
            start = polar(SHOULDER, turn, near * grow)
            quill = arch(start, turn - 0.1, long * grow, 0.35, 17)
            barbs = 8 if long > 0.18 else 5
            blocks.plume(quill, wide, *styles[k % len(styles)], barbs, 0.0062)
    curl(blocks, SHOULDER, 0.042, "w")


def head(blocks):
    """Comb, beak, wattle and eye."""
    blocks.area(spline(HEAD + COMB, closed=True), "r", 0.008)
    for x in (-0.045, -0.01, 0.03):
        blocks.line(HEAD + [(x, -0.055), (x * 1.2, -0.10)], 0.0045)
    turn = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    face = polar(HEAD, turn, np.full(30, 0.072))
    blocks.area(face, "y", 0.008)
    blocks.area(spline(HEAD + BEAK, closed=True), "yr", 0.007)
    blocks.line(HEAD + [(0.062, 0.002), (0.10, 0.006), (0.14, 0.011)], 0.005)
    for dx, long in ((0.03, 0.13), (0.062, 0.10)):
        drop = arch(HEAD + (dx, 0.03), 1.5, long, 0.2)
        blocks.plume(drop, 0.045, "r", "", 0, 0.007)
    ring = polar(HEAD + (0.012, -0.012), turn, np.full(30, 0.027))
    blocks.area(ring, "w", 0.006)
    blocks.dot(HEAD + (0.016, -0.012), 0.014)
    for k in range(9):
        tick = polar(HEAD, np.full(2, 1.9 + 0.28 * k), np.array([0.05, 0.068]))
        blocks.line(tick, 0.005)


def leg(blocks, hip, foot):
    """A scaly leg and four toes."""
    shin = np.linspace(hip, foot, 9)
    blocks.line(shin, 0.034, 0.8)
    for turn, long in ((0.25, 0.085), (0.7, 0.08), (1.5, 0.06), (2.8, 0.06)):
        toe = arch(np.array(foot), turn, long, -0.35, 8)
        blocks.plume(toe, 0.022, "y", "", 0, 0.006)
    side = normals(shin)[0] * 0.011
    edge = np.concatenate([shin + side, (shin - side)[::-1]])
    blocks.area(edge, "y", 0.006)
    for spot in shin[1:-1]:
        blocks.line(np.array([spot - side, spot + side]), 0.005, 0.6)


def chick(blocks, at, size, flip, inks, tilt=0.0):
    """A chick of about a size; flip -1 looks left, tilt looks up."""
    cos, sin = np.cos(tilt), np.sin(tilt)

    def place(points):
        x, y = np.asarray(points, float).T
        x, y = cos * x + sin * y, cos * y - sin * x
        return np.array(at) + size * np.stack([flip * x, y], axis=1)

    for x in (-0.05, 0.22):
        foot = [(x, 0.4), (x + 0.02, 0.62), (x + 0.2, 0.66)]
        blocks.line(np.array(at) + size * np.array(foot) * [flip, 1], 0.011)
        heel = np.array([foot[1], (x - 0.12, 0.68)]) * [flip, 1]
        blocks.line(np.array(at) + size * heel, 0.010, 0.5)
    shape = place(spline(CHICK, closed=True))
    fluff, mark = inks
    blocks.area(shape, fluff, 0.0085)
    with blocks.within(shape):
        for ring in range(7):
            for turn in np.arange(0.6 + 0.1 * (ring % 2), 3.7, 0.21):
                far = 0.26 + 0.12 * ring
                s = np.linspace(-0.09, 0.09, 5)
                bearing, reach = turn + 0.3 / far * s, far - 6 * s**2
                down = polar((0.38, -0.30), bearing, reach)
                blocks.line(place(down), 0.0042, 0.4)
    wings = arch(np.array([0.22, 0.0]), 2.75, 0.55, 0.5, 13)
    inner = "r" if mark == "y" else "y"
    blocks.plume(place(wings), 0.36 * size, mark, inner, 4, 0.006)
    beak = [(0.58, -0.42), (0.84, -0.34), (0.60, -0.27)]
    blocks.area(place(beak), "yr", 0.006)
    eye = np.array([0.42, -0.38])
    ring = polar(eye, np.linspace(0, 6, 14), np.full(14, 0.085))
    blocks.area(place(ring), "w", 0.005)
    blocks.dot(place([eye])[0], 0.045 * size)
    blocks.line(np.concatenate([shape, shape[:2]]), 0.0085, 0.8)


def brood(blocks):
    """All the chicks."""
    for x, y, size, flip, inks, tilt in (
        (0.635, 0.385, 0.135, 1, ("y", "r"), 0.1),
        (0.81, 0.345, 0.125, -1, ("w", "g"), 0.2),
        (1.235, 0.62, 0.145, -1, ("y", "g"), 0.45),
        (1.165, 0.845, 0.16, -1, ("w", "r"), 0.3),
        (1.36, 0.865, 0.155, -1, ("y", "b"), -0.6),
        (0.42, 0.83, 0.155, 1, ("r", "y"), 0.25),
        (0.615, 0.87, 0.15, -1, ("y", "b"), -0.85),
        (0.955, 0.875, 0.135, 1, ("gy", "r"), 0.5),
        (0.20, 0.92, 0.13, 1, ("w", "b"), 0.0),
    ):
        chick(blocks, (x, y), size, flip, inks, tilt)


def butterfly(blocks, at, size):
    """A butterfly with open wings, seen from above."""
    for turn, part, inks in (
        (-0.5, 0.75, "br"), (-2.6, 0.75, "br"), (0.75, 0.6, "yr"),
        (2.4, 0.6, "yr"), (-0.9, 1.0, "rw"), (-2.2, 1.0, "rw"),
    ):  # fmt: skip
        wing_ = arch(at, turn, size * part, 0.1, 13)
        blocks.plume(wing_, 0.62 * size * part, *inks, 4, 0.0055)
        blocks.dot(wing_[9], 0.09 * size * part)
    body = arch(at - (0, 0.32 * size), np.pi / 2, 0.95 * size, 0.1)
    blocks.plume(body, 0.15 * size, "g", "", 0, 0.005)
    for turn in (-1.2, -1.95):
        feeler = arch(body[0], turn, 0.5 * size, (turn + 1.57) * 2)
        blocks.line(feeler, 0.005)


def fillers(blocks, rng):
    """Sprigs and tendrils wherever the paper is still bare."""
    scatter(blocks, 0.062, 300, rng)
    scatter(blocks, 0.046, 20, rng)
    for _ in range(4000):
        vine(blocks, rng.uniform((0.05, 0.05), (1.45, 0.95)), rng)
    for radius, tries in ((0.030, 2500), (0.021, 2500)):
        scatter(blocks, radius, tries, rng)


def scatter(blocks, radius, tries, rng):
    """Set sprigs of one size where they find room."""
    for _ in range(tries):
        at = rng.uniform((0.04, 0.04), (1.46, 0.96))
        if blocks.free(at, 0.93 * radius):
            sprig(blocks, at, radius, rng)


def vine(blocks, at, rng):
    """A tendril that creeps on while the paper before it is free."""
    turn, bend = rng.uniform(0, 2 * np.pi), rng.choice([-1, 1]) * 0.22
    path, inks = [at], (("g", "b"), ("g", ""), ("b", "g"))[rng.integers(3)]
    while len(path) < 12 and blocks.free(path[-1], 0.023):
        path.append(polar(path[-1], turn, 0.022))
        turn, bend = turn + bend, bend * 1.06
    if len(path) < 5:
        return
    line = spline(path[:-1])
    blocks.line(line, 0.007, 0.3)
    side = normals(line)
    blocks.take(np.concatenate([line + 0.01 * side, line[::-1]]))
    for n, k in enumerate(range(2, len(line), 7)):
        way = side[k] * (1 if n % 2 else -1)
        angle = np.arctan2(way[1], way[0])
        blade = arch(line[k], angle, 0.034, 0.7 * (1 if n % 2 else -1), 9)
        blocks.plume(blade, 0.023, *inks, 0, 0.0045, 2)
    ring = polar(line[-1], np.linspace(0, 6, 12), np.full(12, 0.0095))
    blocks.area(ring, "r", 0.004)


def sprig(blocks, at, radius, rng):
    """A small flower, a cloud's curl or a tuft of leaves, to fill a gap."""
    start, kind = rng.uniform(0, 6), rng.integers(4)
    if kind == 3 and radius > 0.04:
        curl(blocks, at, 0.8 * radius, rng.choice([*"byw"]), 1)
        return
    many = (4, 5, 5, 6)[kind]
    inks = (("g", "b"), ("r", "y"), ("b", "w"), ("y", "r"))[kind]
    for k in range(many):
        quill = arch(at, start + k * 2 * np.pi / many, radius, 0.5)
        wide = radius * (0.62 if kind else 0.5)
        barbs = 2 if radius > 0.03 else 0
        blocks.plume(quill, wide, *inks, barbs, 0.0045, 1 if kind else 2)
    middle = polar(at, np.linspace(0, 6, 10), np.full(10, 0.22 * radius))
    blocks.area(middle, "y" if kind else "r", 0.004)


def frame(blocks):
    """An uneven border; nothing stands outside it."""
    low, right, bottom = 0.022, 1.478, 0.978
    x, y = np.linspace(low, right, 40), np.linspace(low, bottom, 40)
    for line in (
        (x, 0 * x + low), (x, 0 * x + bottom),
        (0 * y + low, y), (0 * y + right, y),
    ):  # fmt: skip
        blocks.line(np.stack(line, axis=1), 0.013, 0.8)


def carve(height, width, seed):
    """Carve the whole picture: Blocks of height by width pixels."""
    blocks = Blocks(height, width, seed)
    rng = blocks.rng
    edge = np.array([(0.02, 0.02), (1.48, 0.02), (1.48, 0.98), (0.02, 0.98)])
    with blocks.within(edge):
        sun(blocks, np.array([0.70, 0.175]), 0.125)
        cloud(blocks, (0.90, 0.09), 0.06, 1)
        cloud(blocks, (0.52, 0.12), 0.055, -1)
        ground(blocks, rng)
        plants(blocks, rng)
        leg(blocks, (0.74, 0.74), (0.73, 0.90))
        leg(blocks, (0.86, 0.74), (0.85, 0.91))
        tail(blocks)
        plumage(blocks)
        wing(blocks)
        head(blocks)
        brood(blocks)
        butterfly(blocks, np.array([1.20, 0.39]), 0.085)
        fillers(blocks, rng)
    frame(blocks)
    return blocks


def paper(x, y, noise):
    """Paper brushed with shell powder: (height, width, 3)."""
    # Each pull of the wide pine-needle brush is a swath with its own bow.
    swath = 0.45 * x + y * 3.1 + 0.35 * noise(x * 1.3, y * 1.3)
    lane = np.floor(swath)
    part = swath - lane
    bow = y + (0.15 + 0.10 * np.sin(2.4 * lane)) * np.sin(x * 3 + 1.9 * lane)
    start = x * 1.8 + 7.3 * lane
    hair = noise(start * 2, bow * 95)
    hair += 0.7 * noise(start * 4, bow * 210 + lane)
    powder = noise.fractal(x * 3 + lane, y * 3, 4) + 0.5 * (part - 0.5)
    rim = smoothstep(0.0, 0.22, part) * smoothstep(1.0, 0.94, part)
    shell = smoothstep(-0.25, 1.15, hair + powder) * mix(0.5, 1, rim)
    ground_ = ramp(powder, (-0.8, "#d79a4a"), (0, "#e5b062"), (0.8, "#eabb72"))
    sheet = mix(ground_, rgb("#fbf0d6"), 0.85 * shell[..., None])
    glint = noise(x * 230, y * 230) + 0.3 * hair + 0.2 * powder
    return mix(sheet, 1.0, 0.9 * smoothstep(0.60, 0.80, glint)[..., None])


def pressed(mask, x, y, noise, slip):
    """How much ink a block leaves: like mask (twice the size of x)."""
    height, width = mask.shape
    dx = slip[0] + 0.0012 * noise(x * 5, y * 5)
    dy = slip[1] + 0.0012 * noise(x * 5 + 40, y * 5)
    rows = np.clip((y - dy) * height, 0, height - 1).astype(np.intp)
    cols = np.clip((x - dx) * height, 0, width - 1).astype(np.intp)
    total = 0.0
    for down in (0, 1):
        for right in (0, 1):
            row = np.clip(rows + down, 0, height - 1)
            col = np.clip(cols + right, 0, width - 1)
            total = total + mask[row, col]
    return total / 1020


def inked(cover, x, y, noise, lift, most):
    """Uneven ink: cover (height, width) with wood grain and bare spots.

    lift: where on the noise this block lies; most: how bare a spot gets.
    Returns how opaque the ink lies and how pale it is, both 0..1.
    """
    ring = y * 38 + 2.2 * noise(x * 0.9 + lift, y * 2.5)
    wood = noise(x * 1.2 + lift, ring) + 0.6 * noise(x * 4, ring * 3 + lift)
    patch = noise.fractal(x * 7 + lift, y * 7, 4)
    salt = noise(x * 150 + lift, y * 150)
    core = blur(cover, max(cover.shape[0] // 170, 1))
    pale = np.clip(0.30 * core + 0.55 * wood + 0.55 * patch + 0.05, 0, 1)
    bare = smoothstep(0.40, 1.0, 0.50 * wood + 0.5 * patch + 0.7 * salt)
    return cover * (0.96 - most * bare), pale


def printed(blocks, x, y, seed):
    """Press all blocks on paper: float (height, width, 3)."""
    rng, noise = np.random.default_rng(seed), Noise(seed)
    sheet = paper(x, y, noise)
    for n, (key, (full, thin)) in enumerate(INKS.items()):
        turn = rng.uniform(0, 2 * np.pi)
        most = 0.4 if key == "k" else 0.7
        slip = SLIP * np.array([np.cos(turn), np.sin(turn)]) * (key != "k")
        mask = np.asarray(blocks.masks[key], np.float32)
        cover = pressed(mask, x, y, noise, slip)
        cover, pale = inked(cover, x, y, noise, 11.0 * n, most)
        ink = mix(rgb(full), rgb(thin), pale[..., None])
        # The paper's streaks show through, and inks darken one another.
        glaze = mix(ink, ink * (0.35 + 0.75 * sheet), 0.55)
        sheet = mix(sheet, glaze, cover[..., None])
    return sheet


def draw(height=800, width=1200, seed=7):
    """Print the picture: uint8 (height, width, 3)."""
    # Fine lines need pixels: a small picture is a large one made smaller.
    finer = -(-280 // height)
    tall, wide = height * finer, width * finer
    blocks = carve(2 * tall, 2 * wide, seed)
    x, y = grid(tall, wide)
    sheet = printed(blocks, x, y, seed + 1)
    tiles = sheet.reshape(height, finer, width, finer, 3)
    return to_bytes(tiles.mean(axis=(1, 3)))


if __name__ == "__main__":
    target(__file__, ".jpg").write_bytes(jpeg(draw()))
