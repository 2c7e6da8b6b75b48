"""Draw stained-glass.jpg: a garden window, lit from behind.

    python draw_stained_glass.py [output.jpg]

Lengths are in picture heights: x runs from 0 to 1.5, y from 0 (top) to 1.
First every piece of glass is cut, the far ones first, as a number in a
map of labels. Then light passes through: each piece has its own colour,
streaks and thickness. Lead lies wherever two pieces meet.
"""

import numpy as np
from brushes import (
    Noise,
    blur,
    grid,
    jpeg,
    mix,
    pairs,
    ramp,
    rgb,
    ribbon,
    shrink,
    smoothstep,
    spline,
    target,
    to_bytes,
)
from PIL import Image, ImageDraw

SUN = np.array([1.03, 0.31])
PERCHES = np.array([(0.285, 0.40), (0.80, 0.43)])  # where birds sit
# Half the width of the lead about each kind of piece, in picture heights.
LEAD = {
    "sky": 0.0029,
    "land": 0.0034,
    "leaf": 0.0024,
    "bird": 0.0021,
    "eye": 0.0012,
}
LEAD |= {"tree": 0.0036, "sun": 0.0038, "frame": 0.0058}
SKY = (
    (0.10, "#ffd21f"),
    (0.20, "#ff9d12"),
    (0.30, "#f4622a"),
    (0.40, "#d8397a"),
    (0.52, "#8d3fc0"),
    (0.66, "#2f5fe0"),
    (0.85, "#1c8fd6"),
    (1.10, "#1e4fc4"),
    (1.40, "#2a2f9c"),
)
GREENS = ("#2f9e3a", "#58b52a", "#128a5c", "#8cc21e", "#0f7a4a", "#b7cf22")
BARK = ("#8a4a1c", "#6f3512", "#a8641e", "#7a3f30", "#94582a")
RUBY, GOLD, SNOW = "#c4122e", "#ffb81a", "#f1ecd2"


class Window:
    """The pieces of a window, and what is painted on them."""

    def __init__(self, height, width, rng):
        """height, width: in pixels; rng: a NumPy generator."""
        self.labels = np.zeros((height, width), np.int32)
        self.pieces, self.leads, self.rng = [], [], rng
        self.x, self.y = grid(height, width)
        self.paint = Image.new("L", (width, height), 0)
        self.pen = ImageDraw.Draw(self.paint)

    def piece(self, points, colour, kind):
        """Cut one piece along a polygon (n, 2); colour: "#rrggbb"."""
        label = self.new(rgb(colour), kind, self.rng)
        self.labels[self.inside(points)] = label
        flat = (np.asarray(points) * len(self.labels)).ravel().tolist()
        self.pen.polygon(flat, fill=0)

    def new(self, colour, kind, rng):
        """Register a piece of about this colour (3,): its label."""
        stray = rng.normal(0, 0.035, 3) + rng.normal(0, 0.035)
        colour = np.clip(colour + stray, 0.02, 0.98)
        streak = np.clip(colour + rng.normal(0, 0.15, 3), 0.02, 0.98)
        nature = rng.uniform((0, 0), (np.pi, 60)), rng.normal(0, 1, 2)
        self.pieces.append(np.concatenate([colour, streak, *nature]))
        self.leads.append(LEAD[kind])
        return len(self.pieces) - 1

    def inside(self, points):
        """Which pixels a polygon covers: bool (height, width)."""
        height, width = self.labels.shape
        mask = Image.new("1", (width, height))
        flat = (np.asarray(points) * height).ravel().tolist()
        ImageDraw.Draw(mask).polygon(flat, fill=1)
        return np.asarray(mask)

    def split(self, mask, cell, tint, kind):
        """Cut what lies in mask along the borders of integer cells.

        cell: int (height, width); tint: gives a colour (3,) for a NumPy
        generator, a cell's number and its mean x, y.
        """
        self.paint.paste(0, mask=Image.fromarray(mask))
        seed = int(self.rng.integers(1 << 30))
        for number in np.unique(cell[mask]):
            # A small picture may lack the smallest pieces, so that each
            # one needs a generator of its own.
            rng = np.random.default_rng([seed, abs(int(number))])
            here = mask & (cell == number)
            middle = self.x[here].mean(), self.y[here].mean()
            colour = tint(rng, number, *middle)
            self.labels[here] = self.new(colour, kind, rng)

    def line(self, points, width=0.004):
        """Paint a line, thick in its middle, thin at both ends."""
        points = spline(points, 6)
        taper = np.sin(np.linspace(0.25, np.pi - 0.12, len(points)))
        shape = ribbon(points, width * taper) * len(self.labels)
        self.pen.polygon(shape.ravel().tolist(), fill=255)

    def dot(self, at, radius):
        """Paint a round dot."""
        low, high = ((np.asarray(at) + r) for r in (-radius, radius))
        box = np.concatenate([low, high]) * len(self.labels)
        self.pen.ellipse(box.tolist(), fill=255)


def pick(rng, codes):
    """One of several "#rrggbb", by chance."""
    return codes[rng.integers(len(codes))]


def placed(points, at, size, turn=0.0, flip=1):
    """Move points (n, 2) from their own frame into the picture."""
    cos, sin = np.cos(turn), np.sin(turn)
    points = np.asarray(points, float) * [size, size * flip]
    return points @ np.array([[cos, sin], [-sin, cos]]) + np.asarray(at)


def lens(a, b, width, sag=0.0):
    """A leaf or feather from a to b: an outline (n, 2)."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    t = np.linspace(0, 1, 17)[:, None]
    across = np.array([-(b - a)[1], (b - a)[0]])
    middle = mix(a, b, t) + sag * across * np.sin(np.pi * t)
    return ribbon(middle, 2 * width * np.sin(np.pi * t[:, 0] ** 0.75) ** 0.9)


def blob(radius, rng, corners=9, rough=0.12):
    """A round pebble about 0, 0: an outline (n, 2)."""
    turn = np.arange(corners) / corners * 2 * np.pi
    reach = radius * (1 + rng.uniform(-rough, rough, corners))
    ring = np.stack([np.cos(turn), np.sin(turn)], 1)
    return spline(ring * reach[:, None], 6, closed=True)


def sky(window, noise):
    """Rings of rays about the sun, each ring turned a little."""
    dx, dy = window.x - SUN[0], window.y - SUN[1]
    turn = np.arctan2(dy, dx) / (2 * np.pi) + 0.5
    wave = 0.030 * noise(window.x * 3, window.y * 3)
    far = np.hypot(dx, dy) + wave
    far = far * (1 + 0.05 * np.sin(turn * 14 * np.pi + 5 * far))
    edges = [0.185, 0.275, 0.38, 0.50, 0.64, 0.80, 0.98, 1.2]
    ring = np.digitize(far, edges)
    many = np.array([15, 19, 21, 24, 26, 28, 30, 30, 32])[ring]
    swirl = turn + 0.10 * far + 0.37 * ring + 0.3 * wave
    cell = ring * 64 + np.floor(np.mod(swirl, 1) * many).astype(int)

    def tint(rng, number, x, y):
        far = np.hypot(x - SUN[0], y - SUN[1])
        return ramp(np.array(far + rng.normal(0, 0.055)), *SKY)

    window.split(np.ones(cell.shape, bool), cell, tint, "sky")
    sun(window)


def sun(window):
    """Sixteen flames about a disc of petals with a roundel."""
    rng = window.rng
    for k in range(16):
        turn = k / 16 * 2 * np.pi
        out = np.array([np.cos(turn), np.sin(turn)])
        tip = SUN + out * (0.20 if k % 2 else 0.165)
        colour = "#ff7a12" if k % 2 else "#ffc21a"
        window.piece(lens(SUN, tip, 0.026, 0.10), colour, "sun")
    for k in range(10):
        turn = np.linspace(k, k + 1, 7) / 10 * 2 * np.pi
        arc = np.stack([np.cos(turn), np.sin(turn)], 1) * 0.112
        colour = pick(rng, ("#ffdf45", "#ffc928", "#fff08a"))
        window.piece(SUN + np.concatenate([arc, [[0, 0]]]), colour, "sun")
        for r in (0.078, 0.092):
            window.line(SUN + arc[1:-1] * r / 0.112, 0.0035)
    window.piece(SUN + blob(0.056, rng, rough=0.03), "#ffe27a", "sun")
    for r in (0.020, 0.036):
        turn = np.linspace(0.4, 5.8, 24) + 30 * r
        circle = np.stack([np.cos(turn), np.sin(turn)], 1) * r
        window.line(SUN + circle, 0.004)


def cloud(window, at, size):
    """A bank of opal lobes, painted with curls."""
    rng = window.rng
    lobes = [(-1.5, 0.1, 0.5), (1.4, 0.15, 0.45), (-0.8, -0.15, 0.6)]
    lobes += [(0.75, -0.1, 0.62), (0.0, -0.3, 0.7), (-0.2, 0.25, 0.5)]
    for dx, dy, r in lobes:
        middle = np.array(at) + size * np.array([dx, dy])
        shape = blob(size * r, rng) * [1.35, 0.8]
        code = pick(rng, ("#e9dff2", "#f6e3dc", "#c9d8f4", "#f2cfe0"))
        window.piece(middle + shape, code, "sky")
        turn = np.linspace(3.3, 7.6, 9)
        curl = np.stack([1.3 * np.cos(turn), 0.8 * np.sin(turn)], 1)
        shrink = np.linspace(0.68, 0.30, 9)[:, None]
        window.line(middle + curl * shrink * size * r, 0.0042)


def hill(window, edge, palette, step, lean):
    """Land below y = edge(x), cut into leaning fields."""
    rng = window.rng
    down = window.y - edge(window.x)
    drift = window.x + lean * down + 0.25 * down**2
    row = np.digitize(down, [0.035, 0.085, 0.16])
    cell = row * 999 + np.floor(drift / step / (1 + row / 2) + row * 0.4)
    cell = cell.astype(int)

    def tint(rng, number, x, y):
        return rgb(pick(rng, palette))

    window.split(down > 0, cell, tint, "land")
    for x in np.arange(-0.3, 1.6, step / 4):
        y = edge(x) + rng.uniform(0.004, 0.014)
        t = np.linspace(0, 1, 4)
        side, fall = rng.normal(0.25 * lean, 0.5), rng.uniform(0.015, 0.05)
        blade = np.stack([x - side * fall * t * t, y + fall * t], 1)
        window.line(blade, 0.0034)


def pond(window, noise):
    """Bands of water across the lower right, with painted ripples."""
    rng, x, y = window.rng, window.x, window.y
    shore = 0.80 - 0.07 * smoothstep(0.62, 1.15, x) + 0.012 * np.sin(15 * x)
    bank = 0.62 + 0.55 * np.abs(y - 0.83) - 0.15 * (y - 0.8)
    wet = (y > shore) & (x > bank)
    level = y + 0.013 * np.sin(9 * x + 40 * y) + 0.02 * noise(x * 4, y * 4)
    row = np.floor((level - 0.7) / 0.043).astype(int)
    column = np.floor((x + 0.37 * row) / (0.17 + 0.03 * (row % 3)))
    blues = ("#1265c8", "#0f8fd0", "#19b5c9", "#2a45b8", "#4fd0d8")
    warm = ("#f7b733", "#f28a3a", "#ffd980")

    def tint(rng, number, x, y):
        glint = abs(x - SUN[0]) < rng.uniform(0.06, 0.14)
        return rgb(pick(rng, warm if glint else blues))

    window.split(wet, row * 64 + column.astype(int), tint, "land")
    for _ in range(70):
        at = rng.uniform((0.66, 0.78), (1.5, 0.97))
        t = np.linspace(-1, 1, 7)
        wave = np.stack([0.045 * t, 0.006 * np.sin(4 * t)], 1)
        window.line(at + wave * rng.uniform(0.5, 1.2), 0.0032)


def bough(window, path, start, end, cuts):
    """Cut a tapering branch along a path (n, 2) into pieces."""
    points = spline(path, 10)
    widths = mix(start, end, np.linspace(0, 1, len(points)) ** 0.8)
    marks = np.linspace(0, len(points) - 1, cuts + 1).astype(int)
    for a, b in zip(marks, marks[1:], strict=False):
        shape = ribbon(points[a : b + 1], widths[a : b + 1])
        window.piece(shape, pick(window.rng, BARK), "tree")
    for side in np.linspace(-0.34, 0.34, max(int(start / 0.02), 1)):
        along = ribbon(points, widths * 2 * abs(side))
        half = len(points)
        stripe = along[:half] if side > 0 else along[half:][::-1]
        rough = window.rng.normal(0, 0.05 * start, stripe[2:-1:3].shape)
        window.line(stripe[2:-1:3] + rough, 0.0050)
    return points


def tree(window):
    """The tree of life: roots, a turning trunk, sweeping boughs."""
    fork = (0.545, 0.50)
    for x, y in ((0.24, 0.90), (0.38, 0.955), (0.60, 0.965), (0.75, 0.865)):
        knee = mix(0.50, x, 0.45), mix(0.80, y, 0.55)
        bough(window, [(0.50, 0.76), knee, (x, y)], 0.060, 0.012, 3)
    trunk = [(0.49, 0.87), (0.475, 0.76), (0.50, 0.64), fork, (0.54, 0.40)]
    tips = []
    for path, start, cuts in (
        ([fork, (0.44, 0.43), (0.30, 0.43), (0.20, 0.52), (0.13, 0.50)], 1, 5),
        ([(0.51, 0.58), (0.42, 0.55), (0.33, 0.60), (0.27, 0.57)], 0.55, 3),
        ([(0.52, 0.46), (0.42, 0.33), (0.26, 0.29), (0.11, 0.34)], 0.9, 5),
        ([(0.54, 0.42), (0.47, 0.27), (0.34, 0.17), (0.17, 0.17)], 0.8, 5),
        ([(0.54, 0.41), (0.55, 0.26), (0.49, 0.13), (0.38, 0.075)], 0.8, 4),
        ([(0.545, 0.43), (0.60, 0.28), (0.68, 0.17), (0.80, 0.11)], 0.85, 5),
        ([(0.55, 0.47), (0.64, 0.37), (0.76, 0.33), (0.86, 0.24)], 0.8, 5),
        ([fork, (0.64, 0.48), (0.76, 0.49), (0.90, 0.44)], 0.9, 4),
    ):
        tips.append(bough(window, path, 0.054 * start, 0.014, cuts))
    bough(window, trunk, 0.125, 0.070, 6)
    return tips


def leaves(window, tips):
    """Leaves on both sides of every bough, and round fruit."""
    rng = window.rng
    for points in tips:
        for k in range(7, len(points), 6):
            for side in (-1, 1):
                leaf(window, points, k, side)
        leaf(window, points, len(points) - 1, 0)
    for points in tips:
        at = points[rng.integers(16, len(points) - 6)] + [0.012, 0.042]
        window.piece(at + blob(0.024, rng, rough=0.05), RUBY, "leaf")
        arc = at + [[-0.013, 0.002], [-0.009, -0.010], [0.002, -0.014]]
        window.line(arc, 0.004)


def leaf(window, points, k, side):
    """One leaf beside points[k], painted with its veins."""
    rng = window.rng
    along = points[k] - points[max(k - 2, 0)]
    turn = np.arctan2(along[1], along[0])
    turn += side * rng.uniform(0.55, 1.05) + rng.normal(0, 0.1)
    size = rng.uniform(0.075, 0.110)
    out = np.array([np.cos(turn), np.sin(turn)])
    foot = points[k] + 0.006 * out
    tip = foot + size * out
    if min(np.hypot(*(tip - bird)) for bird in PERCHES) < 0.135:
        return
    shine = np.exp(-(((tip - SUN) ** 2).sum()) / 0.16)
    code = pick(rng, GREENS)
    if rng.random() < 0.12 + 0.5 * shine:
        code = pick(rng, ("#f2b41c", "#e2841a", "#d9d02a"))
    sag = rng.normal(0, 0.08)
    window.piece(lens(foot, tip, 0.23 * size, sag), code, "leaf")
    window.line([foot, mix(foot, tip, 0.5), mix(foot, tip, 0.9)], 0.0042)
    for t in (0.28, 0.46, 0.64):
        for way in (-0.75, 0.75):
            aim = np.array([np.cos(turn + way), np.sin(turn + way)])
            spot = mix(foot, tip, t)
            window.line([spot, spot + 0.21 * size * aim], 0.0026)


def feathers(window, root, tips, codes, width, put):
    """Feathers from one root, the last on top, each with its quill."""
    for k, tip in enumerate(tips):
        shape = lens(root, tip, width, 0.08)
        window.piece(put(shape), codes[k % len(codes)], "bird")
        quill = [mix(np.array(root), np.array(tip), t) for t in (0.3, 0.9)]
        window.line(put(quill), 0.0036)
        for t in np.linspace(0.45, 0.85, 4):
            spot = mix(np.array(root), np.array(tip), t)
            along = (np.array(tip) - root) / np.hypot(*np.subtract(tip, root))
            reach = 0.55 * width * np.sin(np.pi * t**0.75)
            for way in (-1, 1):
                out = way * np.array([-along[1], along[0]]) + 0.8 * along
                window.line(put([spot, spot + reach * out]), 0.0024)


def perched(window, at, size, codes, flip=1, turn=0.0):
    """A long-tailed bird; codes: body, breast, wing, tail, crest."""

    def put(points):
        return placed(np.asarray(points) * [flip, 1], at, size, turn)

    body, breast, wing, tail, crest = codes
    ends = [(-0.62, 1.22), (-1.15, 0.62), (-0.95, 0.98)]
    feathers(window, (-0.25, 0.06), ends, tail, 0.13, put)
    ends = [(0.22, -0.56), (0.52, -0.56)]
    feathers(window, (0.36, -0.22), ends, crest, 0.06, put)
    shape = pairs(
        "0.36 -0.12  0.2 -0.2  -0.1 -0.14  -0.4 0.1  -0.2 0.2  0.08 0.24  "
        "0.32 0.1"
    )
    window.piece(put(spline(shape, 6, closed=True)), body, "bird")
    shape = pairs("0.36 -0.08  0.18 -0.02  -0.05 0.21  0.1 0.23  0.33 0.1")
    window.piece(put(spline(shape, 6, closed=True)), breast, "bird")
    ends = [(-0.42, 0.26), (-0.66, 0.14), (-0.62, -0.04)]
    feathers(window, (0.20, -0.06), ends, wing, 0.095, put)
    window.piece(
        put([(0.45, -0.27), (0.70, -0.17), (0.45, -0.13)]), GOLD, "bird"
    )
    window.piece(
        put(blob(0.135, window.rng, rough=0) + [0.38, -0.2]), body, "bird"
    )
    window.piece(put(blob(0.045, window.rng) + [0.41, -0.23]), SNOW, "eye")
    window.dot(put([(0.42, -0.23)])[0], 0.026 * size)
    for x, y in ((0.2, 0.06), (0.1, 0.14), (0.24, 0.13), (0.27, 0.02)):
        arc = [(x - 0.05, y), (x, y + 0.035), (x + 0.05, y)]
        window.line(put(arc), 0.0034)


def flying(window, at, size, turn, flip=1):
    """A white dove with both wings open."""

    def put(points):
        return placed(np.asarray(points) * [flip, 1], at, size, turn)

    whites = (SNOW, "#dfe9f2", "#f6e2c4")
    ends = [(-0.90, 0.26), (-0.95, -0.02)]
    feathers(window, (-0.20, 0.02), ends, whites, 0.11, put)
    ends = [(-0.72, -0.42), (-0.60, -0.75), (-0.28, -1.0)]
    feathers(window, (0.16, -0.04), ends, whites, 0.14, put)
    shape = pairs(
        "0.38 -0.1  0.15 -0.15  -0.2 -0.07  -0.42 0.03  -0.15 0.14  "
        "0.18 0.13  0.38 0.03"
    )
    window.piece(put(spline(shape, 6, closed=True)), SNOW, "bird")
    ends = [(-0.44, 0.55), (-0.16, 0.82), (0.18, 0.95)]
    feathers(window, (0.18, 0.02), ends, whites, 0.14, put)
    window.piece(put([(0.50, -0.12), (0.68, -0.06), (0.5, 0.0)]), GOLD, "bird")
    window.piece(
        put(blob(0.12, window.rng, rough=0) + [0.44, -0.06]), SNOW, "bird"
    )
    window.dot(put([(0.47, -0.08)])[0], 0.030 * size)


def fish(window, at, size, turn, flip=1, code="#f2571c"):
    """A carp with painted scales."""

    def put(points):
        return placed(np.asarray(points) * [flip, 1], at, size, turn)

    fan = [(-0.80, -0.22), (-0.76, 0.24)]
    feathers(window, (-0.36, 0.0), fan, ("#ffb01f", "#f28a1c"), 0.11, put)
    fin = [(-0.22, -0.14), (-0.18, -0.30), (0.05, -0.34), (0.22, -0.15)]
    window.piece(put(spline(fin, 6, closed=True)), "#ffb01f", "bird")
    fin = [(0.0, 0.12), (-0.16, 0.32), (-0.02, 0.34), (0.14, 0.14)]
    window.piece(put(spline(fin, 6, closed=True)), "#ff9a2a", "bird")
    shape = pairs(
        "0.5 0  0.27 -0.17  -0.1 -0.18  -0.42 -0.04  -0.42 0.05  -0.1 0.17  "
        "0.27 0.15"
    )
    window.piece(put(spline(shape, 6, closed=True)), code, "bird")
    head = "0.52 0  0.36 -0.125  0.22 -0.15  0.28 0  0.22 0.14  0.36 0.11"
    head = spline(pairs(head), 6, closed=True)
    window.piece(put(head), SNOW, "bird")
    window.dot(put([(0.38, -0.04)])[0], 0.032 * size)
    for i, x in enumerate(np.arange(-0.28, 0.2, 0.095)):
        for y in np.arange(-0.12, 0.13, 0.08) + 0.04 * (i % 2):
            if abs(y) < 0.15 - 0.25 * max(-x, 0):
                arc = [(x, y - 0.04), (x - 0.045, y), (x, y + 0.04)]
                window.line(put(arc), 0.0032)


def flower(window, foot, at, size, codes):
    """A bloom on its stem: two rows of petals about a gold eye."""
    rng = window.rng
    foot, at = np.array(foot), np.array(at)
    stem = spline([foot, mix(foot, at, 0.5) + [0.015, 0], at], 8)
    window.piece(ribbon(stem, 0.014), "#1f8a3a", "leaf")
    for side in (-1, 1):
        tip = mix(foot, at, 0.62) + [side * 0.07, -0.01]
        shape = lens(mix(foot, at, 0.15), tip, 0.014, 0.12 * side)
        window.piece(shape, pick(rng, GREENS), "leaf")
    for row, many in ((1.0, 6), (0.52, 5)):
        for k in range(many):
            turn = (k + 0.4 * (row < 1)) / many * 2 * np.pi + rng.normal(
                0, 0.06
            )
            out = np.array([np.cos(turn), 0.88 * np.sin(turn)])
            tip = at + size * row * out
            shape = lens(
                at, tip, size * row * (0.33 if row == 1 else 0.30), 0.05
            )
            window.piece(shape, codes[int(row < 1)], "leaf")
            for bend in (-0.16, 0.0, 0.16):
                side = np.array([-out[1], out[0]]) * size * row * bend
                ends = [
                    mix(at, tip, 0.45) + side * 0.7,
                    mix(at, tip, 0.85) + side,
                ]
                window.line(ends, 0.003)
    window.piece(at + blob(0.17 * size, rng), GOLD, "leaf")
    for k in range(7):
        turn = k / 7 * 2 * np.pi
        spot = at + 0.11 * size * np.array([np.cos(turn), np.sin(turn)])
        window.dot(spot, 0.020 * size)


def frame(window, width=0.040):
    """A border of blocks, gold at every third, and its corner squares."""
    rng, x, y = window.rng, window.x, window.y
    right = window.labels.shape[1] / window.labels.shape[0]
    gap = np.minimum(np.minimum(x, right - x), np.minimum(y, 1 - y))
    upright = np.minimum(x, right - x) < np.minimum(y, 1 - y)
    along = np.where(upright, y, x - right / 2)
    side = 2 * upright + np.where(upright, x > right / 2, y > 0.5)
    step = np.floor(along / 0.0625 + 40).astype(int)
    corner = (np.minimum(x, right - x) < width) & (
        np.minimum(y, 1 - y) < width
    )
    cell = np.where(corner, 9000 + side % 2, side * 200 + step)
    cell = np.where(corner, 9000 + 2 * (x > 0.5) + (y > 0.5), cell)
    codes = (RUBY, "#7d1650", "#1d3fae", GOLD, "#1d3fae", "#7d1650")

    def tint(rng, number, x, y):
        return rgb(codes[number % len(codes)])

    window.split(gap < width, cell, tint, "frame")
    for sx in (0, 1):
        for sy in (0, 1):
            at = np.array([sx * right, sy]) + width / 2 * (
                1 - 2 * np.array([sx, sy])
            )
            window.piece(at + blob(0.013, rng, rough=0), RUBY, "frame")


def cut(height, width, seed):
    """Cut and paint the whole window: a Window."""
    rng, noise = np.random.default_rng(seed), Noise(seed)
    window = Window(height, width, rng)
    sky(window, noise)
    cloud(window, (1.33, 0.17), 0.075)
    cloud(window, (0.24, 0.235), 0.060)
    hill(
        window,
        lambda x: 0.60 - 0.07 * np.sin(3.3 * x + 0.6),
        ("#5a3fb0", "#7a4cc4", "#3f58c0", "#8f58b8"),
        0.15,
        1.2,
    )
    hill(
        window,
        lambda x: 0.665 + 0.05 * np.sin(4.1 * x - 0.3),
        ("#128a78", "#1fa08a", "#2f8f5a", "#0f6f7a"),
        0.13,
        -1.0,
    )
    hill(
        window,
        lambda x: 0.735 - 0.045 * np.sin(3.6 * x + 0.5),
        GREENS,
        0.12,
        0.8,
    )
    pond(window, noise)
    tips = tree(window)
    leaves(window, tips)
    return window


def stock(window):
    """Everything alive in front of the tree, and the frame."""
    blue = ("#19b8c8", "#ff9a2c", ("#7fe0d0", "#2fc4d0", "#bff0d8"))
    blue += (("#12a8a0", "#f4c430", "#4fd0d8"), ("#ff5a1c", GOLD))
    perched(window, PERCHES[0], 0.25, blue)
    red = ("#e01a2a", "#ffe08a", ("#2f9fd8", "#7fd0e8", "#1c6fd0"))
    red += (("#b0123a", "#2f8fd8", "#e0301c"), ("#2fb5c0", "#1c7fd0"))
    perched(window, PERCHES[1], 0.185, red, flip=-1)
    flying(window, (1.285, 0.47), 0.160, 0.25, -1)
    flying(window, (0.90, 0.13), 0.115, -0.2)
    fish(window, (1.07, 0.87), 0.22, 0.15)
    fish(window, (1.335, 0.87), 0.17, -0.2, -1, "#e8324a")
    fish(window, (0.77, 0.915), 0.155, -0.25, 1, "#ffc83a")
    rose, iris = ("#e0287a", "#ff7fb0"), ("#5a2fd0", "#9a6cf0")
    poppy, sunny = ("#e0281c", "#ff6a2a"), ("#f2a01c", "#ffd84a")
    for foot, at, size, codes in (
        ((0.10, 0.98), (0.130, 0.665), 0.078, iris),
        ((0.20, 0.98), (0.270, 0.775), 0.088, poppy),
        ((0.20, 1.0), (0.110, 0.855), 0.086, sunny),
        ((0.30, 1.0), (0.285, 0.945), 0.060, rose),
        ((0.47, 1.0), (0.455, 0.885), 0.070, sunny),
        ((1.40, 1.0), (1.395, 0.70), 0.082, rose),
    ):
        flower(window, foot, at, size, codes)
    frame(window)


def nearest(seeds, reach):
    """For each pixel the flat index of a close seed, and its distance.

    seeds: bool (height, width); reach: how far to look, in pixels. Jumps
    of halving length pass the best seed known from pixel to pixel.
    """
    height, width = seeds.shape
    rows, cols = np.mgrid[0:height, 0:width].astype(np.int32)
    at_row = np.where(seeds, rows, -(1 << 14))
    at_col = np.where(seeds, cols, -(1 << 14))
    gap = (at_row - rows) ** 2 + (at_col - cols) ** 2
    jump = 1 << int(np.ceil(np.log2(max(reach, 2))))
    while jump := jump // 2:
        for dy in (-jump, 0, jump):
            for dx in (-jump, 0, jump):
                here, there = shifted(dy, dx)
                row, col = at_row[there], at_col[there]
                new = (row - rows[here]) ** 2 + (col - cols[here]) ** 2
                better = new < gap[here]
                gap[here][better] = new[better]
                at_row[here][better] = row[better]
                at_col[here][better] = col[better]
    found = np.clip(at_row, 0, None) * width + np.clip(at_col, 0, None)
    return found, np.sqrt(gap.astype(np.float32))


def shifted(dy, dx):
    """Two pairs of slices: an image and the same image moved."""

    def ends(step):
        return slice(max(-step, 0), -step if step > 0 else None)

    return (ends(dy), ends(dx)), (ends(-dy), ends(-dx))


def seams(labels):
    """Where pieces meet, and where three of them do: two bool images."""
    right = np.pad(labels[:, 1:], ((0, 0), (0, 1)), "edge")
    down = np.pad(labels[1:], ((0, 1), (0, 0)), "edge")
    cross = np.pad(down[:, 1:], ((0, 0), (0, 1)), "edge")
    seam = (labels != right) | (labels != down)
    kinds = (labels != right).astype(int) + (labels != down)
    kinds += (cross != right).astype(int) + (cross != down)
    return seam, kinds >= 3


def glass(window, noise, edge):
    """Light through the pieces: float (height, width, 3).

    edge: each pixel's distance from the lead, in picture heights.
    """
    x, y, labels = window.x, window.y, window.labels
    pieces = np.array(window.pieces, np.float32)
    turn, shift, slope, thick = (column[labels] for column in pieces.T[6:])
    cos, sin = np.cos(turn), np.sin(turn)
    warp = 0.02 * noise.fractal(x * 9, y * 9, 2)
    u, v = cos * x + sin * y + warp, cos * y - sin * x + warp
    streak = noise.fractal(u * 5 + shift, v * 26 + shift, 3)
    swirl = noise.fractal(x * 15 + shift, y * 15, 3)
    tilt = 4.5 * slope * (u - (cos + sin) * 0.4)
    tilt = np.tanh(tilt - blur(tilt, max(len(x) // 12, 1)))
    depth = 1 + 0.13 * thick
    # Thin glass is pale, thick glass deep: light dies off by a power.
    ripple = noise(u * 34 + 2.5 * swirl, v * 44 + shift)
    depth = depth + 0.60 * streak + 0.26 * swirl + 0.30 * tilt
    depth = depth + 0.16 * ripple
    depth = depth + 0.55 * smoothstep(0.030, 0.0, edge)
    blend = smoothstep(-0.2, 0.6, streak + 0.4 * swirl)[..., None]
    colour = mix(pieces[labels, :3], pieces[labels, 3:6], blend)
    colour = colour ** np.clip(depth, 0.35, 2.6)[..., None]
    return colour * outside(x, y, noise)[..., None]


def outside(x, y, noise):
    """How bright the day is behind the window: an image about 1."""
    glow = np.exp(-((x - SUN[0]) ** 2 + (y - SUN[1]) ** 2) / 0.10)
    leafy = noise.fractal(x * 2.3 + 7, y * 2.3, 3)
    ripple = noise(x * 38 + 3 * noise(x * 9, y * 9), y * 38)
    return 1.06 + 0.36 * glow + 0.26 * leafy + 0.07 * ripple - 0.16 * y


def bubbles(window, picture):
    """Trap air in the glass: bright drops with dark rims, in place."""
    rng, height = window.rng, len(window.labels)
    layers = [Image.new("L", window.paint.size) for _ in range(2)]
    pens = [ImageDraw.Draw(layer) for layer in layers]
    for _ in range(1500):
        x, y = rng.uniform((0, 0), window.paint.size)
        r = height * rng.gamma(2.0, 0.0009)
        a, b = r * rng.uniform(1, 1.9), r
        pens[0].ellipse((x - a, y - b, x + a, y + b), fill=150)
        pens[0].ellipse((x - 0.6 * a, y - 0.6 * b, x + a, y + b), fill=0)
        a, b = 0.6 * a, 0.6 * b
        pens[1].ellipse((x - a, y - b, x + a, y + b), fill=120)
    dark, light = (np.asarray(i, np.float32)[..., None] / 255 for i in layers)
    picture *= 1 - 0.6 * dark
    picture += (0.35 + 0.65 * picture - picture) * light


def painted(window, picture, noise):
    """Fire brown lines and a thin uneven matting, in place."""
    x, y = window.x, window.y
    brush = smoothstep(-1.0, -0.2, noise.fractal(x * 70, y * 70, 2))
    lines = np.asarray(window.paint, np.float32) / 255
    ink = blur(lines, 1) * (0.80 + 0.12 * brush)
    picture *= mix(1, rgb("#2a1410"), ink[..., None])


def lead(window, found, gap, joint, noise):
    """Lead: how much of it covers a pixel, and its shade: two images."""
    x, y, height = window.x, window.y, len(window.labels)
    ways = [np.roll(window.labels, -1, axis) for axis in (0, 1)]
    weight = np.array(window.leads)
    own = np.max([weight[i] for i in (window.labels, *ways)], axis=0)
    wide = own.ravel()[found] * (1 + 0.22 * noise(x * 9, y * 9))
    wide = wide + 0.0020 * smoothstep(0.008, 0.002, joint)
    wide = wide * (1 + 0.10 * noise(x * 40, y * 40))
    cover = smoothstep(0.6, -0.6, (gap - wide) * height)
    bulge = np.sqrt(np.clip(1 - (gap / (wide + 1e-6)) ** 2, 0, 1))
    down, right = np.gradient(blur(bulge * wide, 1) * height)
    shade = 0.085 - 0.075 * (0.7 * down + 0.7 * right)
    shade = shade + 0.03 * noise.fractal(x * 30, y * 30, 3)
    return cover, np.clip(shade, 0.012, 0.4)


def render(window, seed):
    """Hang the window in the light: float (height, width, 3)."""
    noise, height = Noise(seed + 1), len(window.labels)
    seam, joints = seams(window.labels)
    found, gap = nearest(seam, 0.06 * height)
    _, joint = nearest(joints, 0.03 * height)
    gap, joint = gap / height, joint / height
    cover, shade = lead(window, found, gap, joint, noise)
    picture = glass(window, noise, gap)
    bubbles(window, picture)
    painted(window, picture, noise)
    metal = shade[..., None] * np.array([0.92, 0.96, 1.10])
    light = picture * (1 - cover[..., None])
    # Bright glass spills over the lead beside it, as it does in the eye.
    near = blur(light, max(height // 160, 1))
    wide = blur(light, max(height // 28, 1))
    picture = mix(picture, metal, cover[..., None])
    picture = picture + 0.16 * near + 0.16 * wide**1.5
    return picture / (0.90 + 0.22 * picture.max(axis=-1, keepdims=True))


def draw(height=800, width=1200, seed=5):
    """Draw the picture: uint8 (height, width, 3)."""
    fine = max(2, -(-400 // height))
    window = cut(height * fine, width * fine, seed)
    stock(window)
    return to_bytes(shrink(render(window, seed), height))


if __name__ == "__main__":
    target(__file__, ".jpg").write_bytes(jpeg(draw()))
