"""Paint cubist.jpg: guitar, bottle, paper and glass, taken apart.

    python draw_cubist.py [output.jpg]

Lengths are in picture heights: x runs from 0 to 1.5, y from 0 (top) to 1.
Everything is a plane: a polygon shaded from one side to the other, laid
in with short dry strokes, and cut off sharply where it ends.
"""

import numpy as np
from brushes import (
    Canvas,
    Noise,
    blur,
    grid,
    jpeg,
    mix,
    pairs,
    rgb,
    ribbon,
    smoothstep,
    spline,
    target,
    wheel,
)
from PIL import Image, ImageDraw

INK = "#16120f"
UMBER = ("#2a1c12", "#6d4524")
OCHRE = ("#6e4214", "#e2b04c")
STRAW = ("#b98a3a", "#f4dc94")
CREAM = ("#b8a074", "#f6ecd0")
GREY = ("#2e2d2b", "#c2bcae")
ASH = ("#3a3630", "#d8cdb2")
MOSS = ("#1c2c24", "#7c9078")
SLATE = ("#121e24", "#7fa0a4")
TEAL = ("#0c3a40", "#3f9a96")
RUST = ("#6a1c0c", "#cf5524")
NIGHT = ("#0e0d0e", "#3a3430")
# A few directions come back all over the picture and hold it together.
AXES = np.array([-1.22, -0.42, 0.30, 0.62, 1.40])

GUITAR = ((0.83, 0.605), 0.42, 1.16)  # its middle, its tilt, its size


class Board(Canvas):
    """A canvas that takes paint plane by plane."""

    def __init__(self, height, width, seed):
        """height, width: in pixels; the same seed plans the same picture."""
        rng, self.plan = (np.random.default_rng([seed, k]) for k in (0, 1))
        super().__init__(height, width, rgb("#6b4a26"), rng)
        # Small pictures need fewer strokes, so only the plan may decide
        # what is where.
        self.noise = Noise(seed)
        self.x, self.y = grid(height, width)

    def mask(self, points):
        """How much of each pixel a polygon covers, and where it lies.

        Returns floats in 0..1 for the part of the canvas in the slices.
        """
        height, width = self.paint.shape
        points = np.asarray(points) * height
        low = np.clip(points.min(0) - 2, 0, [width - 1, height - 1])
        high = np.clip(points.max(0) + 3, 1, [width, height])
        (left, top), (right, bottom) = low.astype(int), high.astype(int)
        size = (max(right - left, 1), max(bottom - top, 1))
        image = Image.new("L", (size[0] * 3, size[1] * 3))
        flat = ((points - [left, top]) * 3).ravel().tolist()
        ImageDraw.Draw(image).polygon(flat, fill=255)
        image = image.resize(size, Image.Resampling.BOX)
        part = slice(top, top + size[1]), slice(left, left + size[0])
        return np.asarray(image, np.float32) / 255, part

    def hairs(self, part, turn, fine=90.0):
        """Streaks of a dry brush going at an angle: about -1..1."""
        x, y = self.x[part], self.y[part]
        cos, sin = np.cos(turn), np.sin(turn)
        u, v = cos * x + sin * y, cos * y - sin * x
        return self.noise.fractal(u * 7, v * fine, 2)

    def plane(self, points, tones, fall=None, fade=0.0, turn=None, size=1.0):
        """Paint one plane.

        tones: two "#rrggbb", dark and light; fall: the angle in which the
        dark turns light (default: away from the first edge); fade: how
        much of its far side stays open; turn: the angle of the strokes;
        size: of the strokes, 1 is usual.
        """
        points = np.asarray(points, float)
        if fall is None:
            edge = points[1] - points[0]
            fall = np.arctan2(edge[0], -edge[1])
            middle = points.mean(0) - points[0]
            if middle @ [np.cos(fall), np.sin(fall)] < 0:
                fall += np.pi
        turn = fall + np.pi / 2 if turn is None else turn
        mask, part = self.mask(points)
        self.shade(points)
        way = points @ [np.cos(fall), np.sin(fall)]
        at = np.cos(fall) * self.x[part] + np.sin(fall) * self.y[part]
        t = np.clip((at - way.min()) / np.ptp(way), 0, 1)
        old = self.colour[part].copy(), self.paint[part].copy()
        reach = self.reach(part)
        around = self.colour[reach].copy(), self.paint[reach].copy()
        self.lay(mask, part, t, tones, turn, size)
        new = self.colour[part].copy(), self.paint[part].copy()
        self.colour[reach], self.paint[reach] = around
        hair = self.hairs(part, turn)
        keep = smoothstep(
            -0.25, 0.25, 1.15 - fade * 1.9 * t + 0.5 * hair - 0.2
        )
        alpha = mask * np.clip(keep, 0, 1)
        self.colour[part] = mix(old[0], new[0], alpha[..., None])
        # The edge of the knife stands up a little where a plane ends.
        rim = mask * (1 - blur(mask, max(len(self.paint) // 260, 1)))
        lift = 0.004 * len(self.paint) * np.clip(rim, 0, 0.5)
        self.paint[part] = mix(old[1], new[1] + lift, alpha)

    def reach(self, part):
        """A part of the canvas with a margin as long as a stroke."""
        pad = int(0.12 * len(self.paint)) + 2
        return tuple(slice(max(s.start - pad, 0), s.stop + pad) for s in part)

    def shade(self, points, strength=0.42):
        """Darken what lies just left of and below a plane."""
        height = len(self.paint)
        mask, part = self.mask(np.asarray(points) + [-0.010, 0.012])
        soft = blur(mask, max(height // 80, 1))[..., None]
        self.colour[part] *= 1 - strength * soft * [0.9, 0.95, 1.0]

    def lay(self, mask, part, t, tones, turn, size):
        """Fill a plane with short strokes, shaded by t in 0..1."""
        rng, height = self.rng, len(self.paint)
        dark, light = (rgb(code) for code in tones)
        rows, cols = np.nonzero(mask > 0.02)
        if not len(rows):
            return
        long, wide = 0.058 * size, 0.0165 * size
        least = max(long * wide * height**2, 10)  # in pixels
        count = int(3.4 * mask.sum() / least) + 4
        tone = smoothstep(0.0, 0.9, t)
        # A thin first coat, darker, so that dry strokes leave depth.
        coat = mix(0.74 * dark, 0.84 * light, tone[..., None])
        self.colour[part] = mix(
            self.colour[part], coat, 0.92 * mask[..., None]
        )
        for k in rng.integers(0, len(rows), count):
            row, col = rows[k], cols[k]
            value = tone[row, col] + rng.normal(0, 0.10)
            colour = mix(dark, light, value)
            self.stroke(
                (col + part[1].start + 0.5) / height,
                (row + part[0].start + 0.5) / height,
                turn + rng.normal(0, 0.10) + np.pi * rng.integers(2),
                (long * rng.uniform(0.6, 1.3), wide * rng.uniform(0.6, 1.2)),
                (
                    wheel(colour, rng, 0.02, 0.03),
                    wheel(colour, rng, 0.03, 0.06),
                ),
                bend=rng.normal(0, 0.15),
                load=0.9,
            )

    def slide(self, points, offset, tones, depth=0.5):
        """Move what lies in a polygon a little, and shade it anew.

        offset: x and y; tones: a gradient to multiply with; depth: how
        strongly.
        """
        points = np.asarray(points, float)
        mask, part = self.mask(points)
        height, width = self.paint.shape
        dy, dx = (round(o * height) for o in offset[::-1])
        rows = np.clip(
            np.arange(part[0].start, part[0].stop) - dy, 0, height - 1
        )
        cols = np.clip(
            np.arange(part[1].start, part[1].stop) - dx, 0, width - 1
        )
        rows, cols = rows[: mask.shape[0]], cols[: mask.shape[1]]
        moved = self.colour[np.ix_(rows, cols)]
        edge = points[1] - points[0]
        normal = np.array([-edge[1], edge[0]]) / np.hypot(*edge)
        way = (points - points[0]) @ normal
        x, y = self.x[part] - points[0, 0], self.y[part] - points[0, 1]
        t = np.abs(x * normal[0] + y * normal[1]) / np.abs(way).max()
        hair = self.hairs(part, np.arctan2(edge[1], edge[0]))
        t = np.clip(t + 0.18 * hair, 0, 1)[..., None]
        glaze = mix(*(rgb(code) for code in tones), t)
        self.shade(points, 0.25)
        fresh = mix(moved, glaze, depth * (1 - t) ** 1.2)
        self.colour[part] = mix(self.colour[part], fresh, mask[..., None])
        moved = self.paint[np.ix_(rows, cols)]
        self.paint[part] = mix(self.paint[part], moved, mask)

    def tint(self, points, code, alpha, part_alpha=None):
        """Glaze or print a colour over a polygon, flat and thin."""
        mask, part = self.mask(points)
        mask = mask * alpha
        if part_alpha is not None:
            mask = mask * part_alpha(part)
        self.colour[part] = mix(self.colour[part], rgb(code), mask[..., None])

    def line(self, points, width=0.0065, code=INK, dry=0.5):
        """A drawn contour, thick and thin, dry where it is thin."""
        points = np.asarray(points, float)
        if len(points) == 2:
            points = mix(*points[:, None], np.linspace(0, 1, 9)[:, None])
        ends = points[-1] - points[0]
        turn = np.arctan2(ends[1], ends[0])
        swell = np.sin(np.linspace(0.5, np.pi - 0.25, len(points)))

        def broken(part):
            hair = self.hairs(part, turn, 160)
            return smoothstep(-0.55, 0.0, hair + 0.75 - dry)

        self.tint(ribbon(points, width * swell), code, 0.93, broken)


def scatter(board, many, reach, palettes, spot):
    """Facets with edges along the axes, light towards the middle.

    reach: the shortest and longest half side; spot: gives a middle.
    """
    rng = board.plan
    for _ in range(many):
        middle = np.array(spot())
        a, b = rng.choice(len(AXES), 2, replace=False)
        one, two = (
            np.array([np.cos(AXES[i]), np.sin(AXES[i])]) * rng.uniform(*reach)
            for i in (a, b)
        )
        squeeze = rng.uniform(0.35, 1.0, 2)
        corners = [one + two, two - one * squeeze[0]]
        corners += [-one - two * squeeze[1], one - two]
        points = middle + corners
        dark, light = palettes[rng.integers(len(palettes))]
        far = np.hypot(*(middle - [0.78, 0.48]) / [1.0, 0.75])
        dim = np.clip(0.55 * far - 0.22, 0, 0.6)
        shades = [mix(rgb(c), rgb("#1c1a18"), dim) for c in (dark, light)]
        codes = ["#" + bytes(np.uint8(255 * c)).hex() for c in shades]
        roll = rng.integers(4)
        board.plane(np.roll(points, roll, 0), codes, fade=rng.uniform(0.4, 1))
        if rng.random() < 0.5:
            end = mix(points[roll], points[(roll + 1) % 4], 1.2)
            board.line([points[roll], end], rng.uniform(0.003, 0.008))


def backdrop(board):
    """Large facets all over, darker to the corners."""
    rng = board.plan

    def anywhere():
        return rng.uniform((-0.05, -0.05), (1.55, 1.05))

    walls = (UMBER, ASH, SLATE, GREY, OCHRE, SLATE, ASH, MOSS)
    scatter(board, 46, (0.14, 0.34), walls, anywhere)
    middle = (GREY, CREAM, STRAW, OCHRE, TEAL, SLATE, UMBER)

    def inside():
        return rng.normal((0.75, 0.42), (0.36, 0.24))

    scatter(board, 36, (0.07, 0.20), middle, inside)


def wood(board, points, turn, code="#4a2810", step=42.0, alpha=0.75):
    """Comb wood grain into a plane: long fibres about a few knots."""
    rng = board.plan
    shift = rng.uniform(0, 40)
    knot = np.mean(points, 0) + rng.normal(0, 0.05, 2)

    def grain(part):
        x, y = board.x[part] - knot[0], board.y[part] - knot[1]
        cos, sin = np.cos(turn), np.sin(turn)
        u, v = cos * x + sin * y, cos * y - sin * x
        warp = 0.035 * board.noise.fractal(u * 3 + shift, v * 7, 3)
        eye = 0.045 * np.exp(-((u / 0.10) ** 2 + (v / 0.05) ** 2))
        ring = (v + warp + eye * np.sign(v)) * step
        saw = np.mod(ring + shift, 1)
        hair = board.noise.fractal(u * 9, v * 130, 2)
        band = smoothstep(0.25, 0.9, saw) * smoothstep(1.0, 0.92, saw)
        return np.clip(band + 0.45 * hair * band, 0, 1)

    board.tint(points, code, alpha, grain)


def sand(board, points, amount=1.0):
    """Mix sand into the paint of a plane: grains that catch the light."""
    mask, part = board.mask(points)
    x, y = board.x[part], board.y[part]
    coarse = board.noise.fractal(x * 75, y * 75, 2)
    grain = smoothstep(0.05, 0.5, coarse)
    height = len(board.paint)
    board.paint[part] += 0.0045 * height * amount * mask * grain
    pit = smoothstep(-0.1, -0.5, coarse) * mask * 0.5 * amount
    board.colour[part] *= 1 - pit[..., None]


def local(at, turn, size=1.0):
    """A function that moves points from a frame of their own."""
    cos, sin = np.cos(turn), np.sin(turn)
    turned = np.array([[cos, sin], [-sin, cos]]) * size

    def put(points):
        return np.asarray(points, float) @ turned + np.asarray(at)

    return put


def box(a, b, c, d):
    """The corners of the rectangle from a, b to c, d."""
    return [(a, b), (c, b), (c, d), (a, d)]


def paper(board, at, turn, size, columns=3):
    """A sheet of newsprint: bars for words, too small to be read."""
    rng, put = board.plan, local(at, turn)
    wide, tall = size
    board.plane(put(box(0, 0, wide, tall)), CREAM, fall=turn + 0.8, turn=turn)
    edge = 0.05 * wide
    for low, high, least in ((0.022, 0.060, 0.008), (0.068, 0.078, 0.02)):
        x = edge  # a headline of blocks, and a rule below it
        while x < wide * 0.86:
            step = rng.uniform(least, 3 * least)
            top = low + 0.012 * (rng.random() < 0.3)
            board.tint(put(box(x, top, x + step, high)), INK, 0.88)
            x += step + (0.005 if rng.random() < 0.75 else 0.022)
    span = (wide - edge) / columns
    for column in range(columns):
        left = edge + column * span
        for y in np.arange(0.095, tall - 0.015, 0.0125):
            x, end = left, left + span - 0.6 * edge
            end -= rng.random() ** 6 * span
            while x < end - 0.004:
                step = min(rng.gamma(3, 0.006), end - x)
                high = y + rng.uniform(0.005, 0.0075)
                shape = put(box(x, y, x + step, high))
                board.tint(shape, "#2c2620", rng.uniform(0.5, 0.85))
                x += step + rng.uniform(0.003, 0.007)
    board.line(put([(0, 0), (0, tall)]), 0.006)
    board.line(put([(0, tall), (wide * 1.1, tall)]), 0.008)


def table(board):
    """The table top, tipped towards us, and its cloth."""
    top = [(0.02, 0.80), (0.62, 0.70), (0.70, 1.02), (-0.05, 1.02)]
    board.plane(top, ("#7a4212", "#c98a3a"), fall=-0.6, turn=0.1)
    wood(board, top, -0.12)
    top = [(0.55, 0.735), (1.22, 0.70), (1.30, 1.02), (0.62, 1.02)]
    board.plane(top, ("#5a2c10", "#b0702c"), fall=0.4, turn=-0.1)
    wood(board, top, 0.06, step=34)
    top = [(1.16, 0.72), (1.52, 0.80), (1.52, 1.02), (1.22, 1.02)]
    board.plane(top, OCHRE, fall=2.6, turn=0.3)
    wood(board, top, 0.32)
    for points, tones in (
        ([(0.96, 0.80), (1.14, 0.76), (1.22, 1.02), (1.04, 1.02)], CREAM),
        ([(1.14, 0.76), (1.25, 0.84), (1.30, 1.02), (1.20, 1.02)], GREY),
        ([(1.25, 0.84), (1.40, 0.78), (1.42, 1.02), (1.28, 1.02)], CREAM),
    ):
        board.plane(points, tones, turn=1.4)
        board.line(points[:2], 0.006)
        board.line(points[1:3], 0.006)
    board.line([(-0.02, 0.80), (1.26, 0.685)], 0.009)


def bottle(board):
    """A bottle: one half solid and dark, the other half only drawn."""
    x, top, foot = 0.395, 0.085, 0.79
    neck, body = 0.036, 0.112
    side = [(neck, top), (neck, top + 0.19), (neck + 0.012, top + 0.24)]
    side += [(body, top + 0.335), (body, foot - 0.03), (body - 0.02, foot)]
    side = np.array(side)
    left = np.concatenate([[[0, top]], side * [-1, 1], [[0, foot]]])
    right = np.concatenate([[[0, top - 0.03]], side - [0, 0.03], [[0, foot]]])
    wall = [(x - 0.02, 0.03), (x + 0.21, 0.06), (x + 0.17, 0.62), (x, 0.70)]
    board.plane(wall, ("#8f9a8c", "#ece4c8"), fall=0.1, turn=1.45)
    board.plane(right + [x, 0], ("#0b3a3a", "#58a89a"), fall=0.0, turn=1.55)
    board.plane(left + [x, 0], ("#071b1e", "#1f6a66"), fall=np.pi, turn=1.55)
    shine = [(-0.085, 0.45), (-0.068, 0.43), (-0.066, 0.72), (-0.083, 0.70)]
    board.plane(np.array(shine) + [x, 0], ("#9ac4b4", "#e8f0d8"), size=0.5)
    tag = [(-0.13, 0.50), (0.135, 0.475), (0.145, 0.64), (-0.12, 0.665)]
    board.plane(np.array(tag) + [x, 0], STRAW, fall=0.4, turn=-0.09)
    for k, wide in enumerate((0.15, 0.09, 0.18)):
        y = 0.525 + 0.038 * k
        bar = [(-0.09, y), (-0.09 + wide, y - 0.015)]
        bar += [(-0.09 + wide, y + 0.002), (-0.09, y + 0.018)]
        board.tint(np.array(bar) + [x, 0], ("#7a1f10", INK, INK)[k], 0.85)
    for half in (left, right):
        board.line(half[1:-1] + [x, 0], 0.009)
    turn = np.linspace(0, 2 * np.pi, 40)
    for y, wide in ((top, 0.052), (foot - 0.02, 0.125)):
        ring = np.stack([wide * np.cos(turn), 0.36 * wide * np.sin(turn)], 1)
        board.line(ring + [x + 0.01, y], 0.007)
    cork = [(-0.03, 0.02), (0.035, 0.015), (0.032, 0.085), (-0.028, 0.09)]
    board.plane(np.array(cork) + [x, 0], RUST, turn=1.5, size=0.6)


def guitar_side():
    """Half the outline of a guitar's body, from heel to foot: (n, 2)."""
    half = pairs(
        "0 -0.245  0.075 -0.255  0.128 -0.2  0.122 -0.12  0.088 -0.055  "
        "0.098 0.02  0.158 0.1  0.172 0.19  0.13 0.27  0.06 0.3  0 0.3"
    )
    return spline(half, 6)


def guitar(board):
    """The guitar, in slices that have slid along each other."""
    put, turn = local(*GUITAR), GUITAR[1]
    side = guitar_side()
    ghost = side * [1.12, 1.04] + [0.05, 0.035]
    board.plane(put(ghost), NIGHT, fall=turn, turn=turn + 1.4)
    left, right = side * [-1, 1], side + [0.0, -0.045]
    board.plane(
        put(left), ("#8a4a14", "#eab653"), fall=turn + 0.2, turn=turn + 1.5
    )
    wood(board, put(left), turn + 1.57, alpha=0.6)
    board.plane(
        put(right), ("#c46a24", "#6a2410"), fall=turn + 0.3, turn=turn + 1.5
    )
    slip = right[right[:, 1] > 0.02] + [0.025, 0.02]
    slip = np.concatenate([slip, [(0.03, 0.30), (0.03, 0.04)]])
    board.plane(
        put(slip), ("#e8c27a", "#9a5a1e"), fall=turn - 0.2, turn=turn + 1.2
    )
    sand(board, put(slip))
    strip = [(-0.052, -0.30), (0.034, -0.28), (0.050, 0.25), (-0.040, 0.33)]
    board.plane(put(strip), CREAM, fall=turn + 0.1, turn=turn + 1.57)
    upper = [(-0.15, -0.17), (-0.04, -0.24), (-0.03, -0.02), (-0.10, 0.0)]
    board.plane(put(upper), TEAL, fall=turn + 3.0, turn=turn + 0.9, fade=0.4)
    for outline in (left, right):
        board.line(put(outline), 0.011, dry=0.35)
    board.line(put(ghost[8:-6]), 0.006)
    rose(board, put)
    bridge = [(-0.085, 0.165), (0.075, 0.15), (0.078, 0.182), (-0.082, 0.20)]
    board.plane(put(bridge), NIGHT, size=0.6, turn=turn)
    neck(board, put, turn)


def rose(board, put):
    """The sound hole: two halves that do not meet."""
    turn = np.linspace(0, np.pi, 24)
    half = np.stack([np.sin(turn), np.cos(turn)], 1)
    for radius, tones in ((0.075, STRAW), (0.058, NIGHT)):
        board.plane(put(half * radius * [-1, 1]), tones, size=0.6)
    for radius, tones in ((0.070, UMBER), (0.052, ("#d9cba0", "#f8f0d8"))):
        board.plane(put(half * radius + [0.012, -0.035]), tones, size=0.6)
    board.line(put(half * 0.085 * [-1, 1]), 0.006)
    board.line(put(half * 0.084 + [0.012, -0.035]), 0.006)


def neck(board, put, turn):
    """The neck with its frets, the head with its pegs, the strings."""
    blade = [(-0.034, -0.52), (0.026, -0.52), (0.034, -0.20), (-0.040, -0.16)]
    board.plane(
        put(blade), ("#1c120c", "#5a3418"), fall=turn, turn=turn + 1.57
    )
    other = [(0.026, -0.50), (0.060, -0.46), (0.064, -0.24), (0.034, -0.20)]
    board.plane(put(other), STRAW, fall=turn, turn=turn + 1.57)
    for y in (-0.47, -0.42, -0.375, -0.335, -0.30, -0.27):
        board.line(put([(-0.036, y), (0.030, y - 0.006)]), 0.006, "#d8b878")
    head = [(-0.05, -0.51), (-0.062, -0.63), (0.03, -0.66), (0.05, -0.52)]
    board.plane(put(head), RUST, fall=turn + 2.2, turn=turn + 1.2)
    for k in range(3):
        for x in (-0.078, 0.06):
            peg = box(x - 0.018, -0.62 + 0.04 * k, x + 0.018, -0.60 + 0.04 * k)
            board.plane(put(peg), CREAM if x < 0 else NIGHT, size=0.4)
    for k, x in enumerate(np.linspace(-0.024, 0.020, 5)):
        code = INK if k % 2 else "#f2e6c4"
        board.line(put([(x * 0.8, -0.52), (x * 1.3, 0.17)]), 0.0036, code, 0.2)


def score(board):
    """A sheet of music: staves, notes without a tune."""
    rng, turn = board.plan, -0.30
    put = local((1.02, 0.16), turn)
    board.plane(put(box(0, 0, 0.36, 0.25)), CREAM, fall=0.8, turn=turn)
    for top in (0.045, 0.145):
        for k in range(5):
            y = top + 0.0135 * k
            board.line(put([(0.02, y), (0.345, y)]), 0.0032, dry=0.1)
        for x in np.arange(0.05, 0.33, 0.052) + rng.uniform(0, 0.012):
            y = top + 0.0068 * rng.integers(0, 9)
            around = np.linspace(0, 2 * np.pi, 16)
            head = np.stack(
                [0.0125 * np.cos(around), 0.009 * np.sin(around)], 1
            )
            board.tint(put(head + [x, y]), INK, 0.95)
            board.line(put([(x + 0.011, y), (x + 0.011, y - 0.05)]), 0.0042)
    board.line(put([(0, 0), (0, 0.25)]), 0.007)
    board.line(put([(-0.02, 0.25), (0.40, 0.25)]), 0.006)


def goblet(board):
    """A wine glass: bowl, stem and foot, each seen from elsewhere."""
    x = 1.245
    turn = np.linspace(0, np.pi, 24)
    bowl = [(-0.085, 0.47), (0.0, 0.46), (0.0, 0.67), (-0.035, 0.64)]
    board.plane(np.array(bowl) + [x, 0], ("#2a5a5c", "#bcd6c8"), turn=1.4)
    bowl = [(0.0, 0.45), (0.10, 0.455), (0.055, 0.635), (0.0, 0.68)]
    board.plane(
        np.array(bowl) + [x, 0], ("#f4efdc", "#6f938e"), fall=0, turn=1.7
    )
    wine = pairs("-0.066 0.535  0.082 0.52  0.05 0.635  0 0.675  -0.038 0.635")
    board.plane(np.array(wine) + [x, 0], ("#4a0f10", "#a8321c"), fall=-0.4)
    stem = [(-0.012, 0.66), (0.014, 0.66), (0.010, 0.80), (-0.012, 0.80)]
    board.plane(np.array(stem) + [x, 0], CREAM, fall=0, size=0.5)
    foot = np.stack([0.085 * np.cos(turn), 0.035 * np.sin(turn)], 1)
    board.plane(foot + [x, 0.795], ("#e8e0c0", "#4a6664"), fall=1.2, size=0.6)
    ring = np.linspace(0, 2 * np.pi, 40)
    ring = np.stack([0.094 * np.cos(ring), 0.026 * np.sin(ring)], 1)
    board.line(ring + [x + 0.006, 0.462], 0.008)
    for side in ((-0.086, -0.036), (0.10, 0.052)):
        board.line([(x + side[0], 0.47), (x + side[1], 0.64)], 0.009)
    board.line(foot + [x, 0.797], 0.008)


def fruit(board, at, radius, tones):
    """A pear in two halves, lit from different sides."""
    half = np.array([(0, -1.5), (0.3, -1.4), (0.45, -0.8), (0.95, 0.0)])
    half = np.concatenate([half, [(0.9, 0.6), (0.4, 1.0), (0, 1.0)]])
    half = spline(half, 6) * radius
    put = local(at, 0.2)
    board.plane(put(half), tones, fall=2.9, turn=1.9, size=0.7)
    other = half[half[:, 1] > -radius] * [-1, 1] + [0, 0.012]
    board.plane(put(other), tones[::-1], fall=0.3, turn=1.2, size=0.7)
    board.line(put(half[8:-12]), 0.009, dry=0.6)
    board.line(put(half[14:] * [-1, 1] + [0, 0.012]), 0.007, dry=0.6)
    board.line(put([(0, -1.45 * radius), (0.02, -2.0 * radius)]), 0.009)


def splinters(board):
    """Break the objects: wedges along the axes slide out of line."""
    rng = board.plan
    tones = (NIGHT, (CREAM[1], CREAM[0]), UMBER, (STRAW[1], OCHRE[0]), SLATE)
    for x, y, long, wide, axis in (
        (0.40, 0.34, 0.20, 0.09, 1),
        (0.30, 0.66, 0.17, 0.08, 2),
        (0.70, 0.50, 0.16, 0.10, 0),
        (0.92, 0.72, 0.20, 0.07, 3),
        (1.02, 0.42, 0.17, 0.09, 4),
        (0.80, 0.80, 0.18, 0.06, 1),
        (1.24, 0.56, 0.15, 0.07, 0),
        (1.16, 0.24, 0.16, 0.08, 4),
        (0.55, 0.70, 0.15, 0.07, 0),
        (0.96, 0.22, 0.14, 0.06, 2),
        (0.42, 0.54, 0.13, 0.06, 3),
        (1.32, 0.86, 0.16, 0.07, 1),
    ):
        turn, other = AXES[axis], AXES[(axis + 2) % len(AXES)]
        one = long * np.array([np.cos(turn), np.sin(turn)])
        two = wide * np.array([np.cos(other), np.sin(other)])
        squeeze = rng.uniform(0.3, 0.9)
        corners = [-one - two, one - two, one * squeeze + two, -one + two]
        points = np.array([x, y]) + corners
        offset = one / long * rng.choice([-1, 1]) * rng.uniform(0.025, 0.045)
        board.slide(points, offset, tones[rng.integers(len(tones))], 0.6)
        board.line(points[:2], rng.uniform(0.005, 0.009), dry=0.6)


def echoes(board):
    """Draw parts of the contours again, after everything has moved."""
    put, side = local(*GUITAR), guitar_side()
    board.line(put(side[14:52] * [-1, 1]), 0.012, dry=0.3)
    board.line(put(side[4:40] + [0.0, -0.045]), 0.010, dry=0.3)
    board.line([(0.508, 0.41), (0.508, 0.70)], 0.010, dry=0.4)
    board.line([(0.282, 0.42), (0.28, 0.76)], 0.010, dry=0.4)
    for x in (-0.018, 0.002, 0.022):
        board.line(put([(0.8 * x, -0.50), (1.3 * x, 0.17)]), 0.0038, dry=0.3)


def accents(board):
    """Small planes and long lines that tie the objects together."""
    rng = board.plan

    def between():
        return rng.normal((0.75, 0.55), (0.34, 0.22))

    tones = (TEAL, RUST, CREAM, NIGHT, STRAW, SLATE)
    scatter(board, 16, (0.025, 0.075), tones, between)
    for points in (
        [(0.02, 0.36), (0.74, 0.10)],
        [(0.60, 0.02), (0.70, 0.50)],
        [(1.12, 0.74), (1.46, 0.28)],
        [(1.10, 0.02), (1.48, 0.52)],
        [(0.05, 0.66), (0.33, 0.52)],
    ):
        board.line(points, 0.006, dry=0.75)


def draw(height=800, width=1200, seed=14):
    """Paint the picture: uint8 (height, width, 3)."""
    board = Board(height, width, seed)
    board.plane(box(-0.1, -0.1, 1.6, 1.1), UMBER, turn=AXES[2], size=1.4)
    backdrop(board)
    score(board)
    table(board)
    paper(board, (0.08, 0.60), -0.16, (0.42, 0.30))
    bottle(board)
    goblet(board)
    guitar(board)
    paper(board, (0.52, 0.80), 0.22, (0.26, 0.17), columns=2)
    fruit(board, (1.08, 0.90), 0.062, ("#2c4a2c", "#b8a848"))
    fruit(board, (0.28, 0.90), 0.058, ("#7a2410", "#e8862a"))
    splinters(board)
    echoes(board)
    accents(board)
    far = np.hypot(board.x - 0.75, 1.3 * (board.y - 0.5))
    board.colour *= 1 - 0.24 * smoothstep(0.55, 1.0, far)[..., None]
    return board.varnished(0.5, 0.22)


if __name__ == "__main__":
    target(__file__, ".jpg").write_bytes(jpeg(draw()))
