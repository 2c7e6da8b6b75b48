"""Paint night-swirls.jpg: a sleeping village under whirling stars, in oils.

    python draw_night_swirls.py [output.jpg]

Lengths are in picture heights: x runs from 0 to 1.5, y from 0 (top) to 1.
The air flows along the level lines of a stream function, which has a hill
or a hollow at each star, so that every stroke turns about them.
"""

import numpy as np
from brushes import (
    Canvas,
    Noise,
    jpeg,
    mix,
    ramp,
    rgb,
    smoothstep,
    target,
    wheel,
)

MOON = np.array([0.36, 0.235])
# Each whirl: x, y, reach, turning (its sign is its sense), brightness.
WHIRLS = np.array(
    [
        (0.36, 0.235, 0.170, 0.22, 1.0),
        (0.93, 0.300, 0.190, -0.23, 0.42),
        (0.70, 0.130, 0.085, 0.09, 0.62),
        (1.20, 0.110, 0.100, 0.11, 0.86),
        (0.09, 0.090, 0.085, -0.09, 0.72),
        (0.62, 0.400, 0.080, 0.08, 0.66),
        (0.10, 0.420, 0.085, 0.09, 0.70),
        (1.43, 0.300, 0.080, -0.08, 0.66),
        (0.98, 0.060, 0.050, 0.05, 0.60),
        (1.21, 0.460, 0.055, 0.05, 0.62),
        (0.31, 0.510, 0.050, -0.05, 0.55),
    ]
)
NIGHT = (
    (-0.2, "#070c34"),
    (0.1, "#0f1f78"),
    (0.3, "#173fb4"),
    (0.5, "#1f6fd8"),
    (0.68, "#2fa8cf"),
    (0.84, "#79d3c4"),
    (1.0, "#d8eec0"),
)
FLAME = (
    (0.0, "#2f9ec4"),
    (0.25, "#8fd0a4"),
    (0.45, "#e6dd5e"),
    (0.65, "#ffc61e"),
    (0.82, "#ffdf55"),
    (1.0, "#fffbd6"),
)
FAR = ((-1, "#0d1350"), (-0.2, "#2a2f9c"), (0.4, "#4f66d4"), (1, "#a9b8ec"))
SHORE = (
    (-1, "#081440"),
    (-0.35, "#0d3a5c"),
    (0.05, "#14665e"),
    (0.45, "#3f9a52"),
    (0.85, "#a9c447"),
    (1.3, "#f0df6a"),
)
EARTH = (
    (-0.5, "#2c3a8c"),
    (0.1, "#5f74bc"),
    (0.5, "#a9b48e"),
    (0.9, "#f0dd84"),
    (1.2, "#fff2b4"),
)
PINE = ((-1, "#040a22"), (-0.2, "#0a2c3c"), (0.4, "#186048"), (1, "#9cc45a"))
BARK = ((-1, "#070a2e"), (-0.1, "#2a2468"), (0.5, "#8a4a4e"), (1, "#f0b060"))


class Easel(Canvas):
    """A canvas that paints fewer strokes where it is small.

    No stroke can be thinner than a pixel or two; on a small canvas some
    are left out, so that the rest cover what all of them should.
    """

    def stroke(self, x, y, angle, size, colours, bend=0.0, load=1.0):
        least = len(self.paint) / 1.6
        chance = min(size[0] * least, 1) * min(size[1] * least, 1)
        if chance == 1 or self.rng.random() < chance:
            super().stroke(x, y, angle, size, colours, bend, load)


class Night:
    """The air, the hills and the water: colours and brush directions."""

    def __init__(self, seed):
        self.noise = Noise(seed)
        self.calm = self.breeze(*WHIRLS[:, :2].T)

    def breeze(self, x, y):
        """The stream function without whirls: waves across the sky."""
        wave = 0.035 * np.sin(5.2 * x + 2.2 * y + 0.6)
        return 0.62 * y + wave + 0.05 * self.noise.fractal(x * 2, y * 2, 2)

    def stream(self, x, y):
        """The stream function: the air flows along its level lines."""
        total = self.breeze(x, y)
        for whirl, calm in zip(WHIRLS, self.calm, strict=True):
            cx, cy, reach, turning, _ = whirl
            near = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / reach**2)
            # Without the breeze in it a whirl stays round its star.
            total = mix(total, calm, near) + turning * near
        return total

    def wind(self, x, y):
        """The way the air flows: angles like x, spiralling into whirls."""
        e = 1e-3
        right = self.stream(x + e, y) - self.stream(x - e, y)
        down = self.stream(x, y + e) - self.stream(x, y - e)
        return np.arctan2(-right, down)

    def glow(self, x, y):
        """How close to a star: 0 in the open air, 1 at its heart."""
        best = np.zeros_like(x)
        for cx, cy, reach, _, bright in WHIRLS:
            far = np.hypot(x - cx, y - cy) / reach
            best = np.maximum(best, bright * np.exp(-0.9 * far**1.3))
        return best

    def air(self, x, y, jitter):
        """Colours of the sky (..., 3); jitter like x, in tone."""
        band = np.sin(2 * np.pi * 9 * self.stream(x, y))
        drift = 0.35 * self.noise.fractal(x * 2.4 + 5, y * 2.4, 3)
        low = 0.22 * smoothstep(0.25, 0.62, y)
        whirl = np.exp(-((np.hypot(x - 0.93, y - 0.3) / 0.17) ** 2))
        tone = 0.30 + 0.15 * band + drift + low + 0.22 * whirl + jitter
        glow = self.glow(x, y) + 0.35 * jitter
        tone = tone + 0.45 * glow
        lit = smoothstep(0.28, 0.48, glow)[..., None]
        return mix(ramp(tone, *NIGHT), ramp(glow, *FLAME), lit)


def curve(wind, x, y, turn):
    """How fast the wind turns at x, y: radians per picture height."""
    step = 0.008
    dx, dy = step * np.cos(turn), step * np.sin(turn)
    ahead, behind = wind(x + dx, y + dy), wind(x - dx, y - dy)
    change = (ahead - behind + np.pi) % (2 * np.pi) - np.pi
    return change / (2 * step)


def scatter(rng, box, gap):
    """Points about gap apart in box (left, top, right, bottom), shuffled."""
    left, top, right, bottom = box
    across, down = np.arange(left, right, gap), np.arange(top, bottom, gap)
    points = np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)
    points += rng.uniform(0, gap, points.shape)
    return rng.permutation(points).T


def paint_air(canvas, night, rng, gap, size, links, load):
    """Lay chains of strokes that follow each other down the wind."""
    x, y = scatter(rng, (-0.1, -0.1, 1.6, 0.72), gap)
    jitter = rng.normal(0, 0.10, x.size)
    links = [
        link(night, rng, x, y, jitter, size, k - (links - 1) / 2)
        for k in range(links)
    ]
    for k in range(x.size):
        for x_, y_, turn, long, bend, tone, edge in links:
            canvas.stroke(
                x_[k],
                y_[k],
                turn[k] + rng.normal(0, 0.06),
                (long[k], size[1] * rng.uniform(0.8, 1.25)),
                (wheel(tone[k], rng, 0.02, 0.03), wheel(edge[k], rng)),
                bend=bend[k],
                load=load,
            )


def link(night, rng, x, y, jitter, size, steps):
    """Follow the wind from x, y for some steps, back if negative.

    Returns the strokes there: x, y, angle, length, bend, two colours.
    """
    # Short strides keep a chain on its circle round a star.
    for _ in range(int(abs(steps) * 4)):
        stride = np.sign(steps) * 0.23 * size[0]
        turn = night.wind(x, y)
        x, y = x + stride * np.cos(turn), y + stride * np.sin(turn)
    turn = night.wind(x, y)
    tight = curve(night.wind, x, y, turn)
    long = np.minimum(size[0], 1.1 / (np.abs(tight) + 1e-6))
    long = np.maximum(long, 0.4 * size[0]) * rng.uniform(0.8, 1.15, x.size)
    bend = np.clip(tight * long**2 / (4 * size[1]), -1.5, 1.5)
    tone = night.air(x, y, jitter)
    edge = night.air(x, y, jitter + rng.normal(0.06, 0.09, x.size))
    return x, y, turn, long, bend, tone, edge


def paint_stars(canvas, rng):
    """Ring every star with light, yellow and green, around a white heart."""
    for cx, cy, reach, _, bright in WHIRLS:
        core = reach * mix(0.16, 0.24, bright)
        if bright < 0.5:
            disc(canvas, rng, (cx, cy), core, ("#79d3c4", "#d8eec0"))
            continue
        disc(canvas, rng, (cx, cy), 1.6 * core, ("#ffb81e", "#ffe05a"))
        rings = np.arange(3.6, 0.5, -0.014 / core)
        for k, ring in enumerate(rings):
            heat = 1.14 - 0.29 * ring - 0.15 * (k % 2)
            keep = mix(0.95, 0.55, ring / 3.6)
            halo(canvas, rng, (cx, cy), core * ring, heat, keep)
        disc(canvas, rng, (cx, cy), 0.9 * core, ("#fff19c", "#fffdf0"))
    # The moon is a sickle of light about its orange shaded side.
    disc(canvas, rng, MOON, 0.056, ("#fff6c4", "#ffffff"))
    shaded = MOON + [0.022, -0.015]
    disc(canvas, rng, shaded, 0.040, ("#e98a10", "#ffb42a"))


def halo(canvas, rng, centre, radius, heat, keep):
    """One broken ring of dabs; keep: the share of dabs laid."""
    long = min(0.042, 1.3 * radius)
    count = max(int(radius * 2 * np.pi / (0.9 * long)), 4)
    around = np.arange(count) * 2 * np.pi / count + rng.uniform(0, 6)
    around = around + rng.normal(0, 0.25 / count, count)
    for a in around[rng.random(count) < keep]:
        radius_ = radius + rng.normal(0, 0.003)
        tone = heat + rng.normal(0, 0.09)
        wide = 0.0135 * rng.uniform(0.7, 1.35)
        canvas.stroke(
            centre[0] + radius_ * np.cos(a),
            centre[1] + radius_ * np.sin(a),
            a + np.pi / 2 + rng.normal(0.12, 0.1),
            (long * rng.uniform(0.7, 1.25), wide),
            (ramp(tone, *FLAME), ramp(tone + 0.12, *FLAME)),
            bend=np.clip(long**2 / (4 * wide * radius), 0, 1.2),
            load=1.7,
        )


def disc(canvas, rng, centre, radius, codes):
    """Fill a round with thick paint, round and round."""
    for _ in range(int(30 + 30000 * radius**2)):
        a, r = rng.uniform(0, 2 * np.pi), radius * np.sqrt(rng.random())
        canvas.stroke(
            centre[0] + r * np.cos(a),
            centre[1] + r * np.sin(a),
            a + np.pi / 2,
            (0.026, 0.013),
            [wheel(rgb(code), rng, 0.02, 0.03) for code in codes],
            bend=0.5,
            load=1.5,
        )


def far_edge(x):
    """The skyline of the far hills: y like x."""
    return 0.615 - 0.045 * np.sin(4.1 * x + 0.3) - 0.018 * np.sin(9.7 * x)


def shore(x):
    """The near bank's upper edge: y like x; it climbs to the right."""
    return 0.835 - 0.17 * smoothstep(0.42, 1.25, x) + 0.01 * np.sin(11 * x)


def strokes(canvas, rng, points, angle, size, tone, stops, load=1.2):
    """Lay one stroke per point.

    points: (x, y) arrays; angle, tone: arrays like x; stops: a gradient.
    """
    other = ramp(tone + rng.normal(0.15, 0.2, len(tone)), *stops)
    looks = zip(*points, angle, ramp(tone, *stops), other, strict=True)
    for x, y, turn, first, second in looks:
        canvas.stroke(
            x,
            y,
            turn + rng.normal(0, 0.10),
            (size[0] * rng.uniform(0.7, 1.2), size[1] * rng.uniform(0.8, 1.2)),
            (wheel(first, rng, 0.02, 0.02), second),
            bend=rng.normal(0, 0.3),
            load=load,
        )


def paint_hills(canvas, night, rng):
    """Far hills in folded ridges, each stroke running down its flank."""
    x, y = scatter(rng, (-0.05, 0.54, 1.55, 0.80), 0.0095)
    down = y - far_edge(x)
    keep = down > 0.004
    x, y, down = x[keep], y[keep], down[keep]
    order = np.argsort(y + rng.normal(0, 0.03, y.size))
    x, y, down = x[order], y[order], down[order]
    fold = night.noise.fractal(x * 5, y * 8 - x * 2, 2)
    bands = np.sin(150 * down + 14 * fold)
    near = smoothstep(0.9, 0.1, np.abs(x - MOON[0]))
    tone = 0.5 * bands + 0.9 * fold + 0.5 * near - 0.3
    slope = -np.arctan(0.19 * np.cos(4.1 * x + 0.3))
    size = (0.045, 0.0125)
    strokes(canvas, rng, (x, y), slope + 1.1 * fold, size, tone, FAR)
    outline(canvas, rng, far_edge, (-0.02, 1.52))


def outline(canvas, rng, edge, span):
    """Draw a skyline once more, in broken ultramarine."""
    x = np.arange(*span, 0.034)
    turn = np.arctan2(edge(x + 0.01) - edge(x - 0.01), 0.02)
    tone = rng.uniform(-1, -0.4, x.size)
    size = (0.048, 0.009)
    strokes(canvas, rng, (x, edge(x)), turn, size, tone, FAR)


def paint_water(canvas, night, rng):
    """The bay: level strokes, and the moon's light broken on them."""
    x, y = scatter(rng, (-0.05, 0.695, 1.1, 0.90), 0.0115)
    order = np.argsort(y)
    x, y = x[order], y[order]
    off = np.abs(x - MOON[0] - 0.02 * np.sin(40 * y))
    path = np.exp(-((off / (0.045 + 0.35 * (y - 0.69))) ** 2))
    ripple = 0.30 * np.sin(130 * y + 9 * night.noise(x * 3, y * 3))
    tone = 0.26 + ripple + rng.normal(0, 0.10, x.size) + 0.30 * path
    lit = path + rng.normal(0, 0.22, x.size) > 0.62
    level = 0.05 * np.sin(9 * x + 30 * y)
    size = (0.055, 0.0125)
    points = np.stack([x, y])
    strokes(canvas, rng, points, level, size, tone, NIGHT)
    heat = 0.62 + 0.3 * rng.random(x.size)
    size = (0.034, 0.0105)
    shine = points[:, lit], level[lit], size, heat[lit], FLAME, 1.8
    strokes(canvas, rng, *shine)


def paint_bank(canvas, night, rng):
    """The near bank: grass and vines in rolling rows under the moon."""
    for gap, size in ((0.016, (0.085, 0.026)), (0.0092, (0.040, 0.0115))):
        x, y = scatter(rng, (-0.05, 0.62, 1.55, 1.04), gap)
        down = y - shore(x)
        keep = down > 0
        x, y, down = x[keep], y[keep], down[keep]
        order = np.argsort(y + rng.normal(0, 0.02, y.size))
        x, y, down = x[order], y[order], down[order]
        roll = night.noise.fractal(x * 3 - y * 2, y * 5 + x, 2)
        rows = np.sin(330 * down / (0.7 + 2.2 * down) + 16 * roll)
        crest = 0.5 * smoothstep(0.035, 0.0, down)
        tone = 0.55 * rows + 0.9 * roll + crest - 0.05
        tone = tone - 0.35 * smoothstep(0.90, 1.02, y)
        turn = -0.45 * smoothstep(0.3, 0.9, x) + 1.2 * roll
        strokes(canvas, rng, (x, y), turn, size, tone, SHORE)
    outline(canvas, rng, shore, (-0.02, 1.52))


def lane(t):
    """The lane from the corner up to the village: x, y, half width."""
    x = mix(0.42, 0.86, t) + 0.13 * np.sin(4.4 * t + 0.4) * (1 - t)
    return x, mix(1.05, 0.755, t**0.8), mix(0.075, 0.012, t**0.7)


def paint_lane(canvas, rng):
    """Pale earth that takes the moonlight, in strokes along the lane."""
    t = np.sort(rng.random(760) ** 0.75)
    x, y, half = lane(t)
    ahead, behind = lane(t + 0.02), lane(np.maximum(t - 0.02, 0))
    turn = np.arctan2(ahead[1] - behind[1], ahead[0] - behind[0])
    side = rng.uniform(-1, 1, t.size)
    tone = 0.40 - 0.4 * side + rng.normal(0, 0.30, t.size)
    for k in range(t.size):
        canvas.stroke(
            x[k] + side[k] * half[k],
            y[k] + 0.1 * side[k] * half[k],
            turn[k] + rng.normal(0, 0.15),
            (0.03 + 0.7 * half[k], 0.006 + 0.085 * half[k]),
            (ramp(tone[k], *EARTH), ramp(tone[k] + 0.2, *EARTH)),
            bend=rng.normal(0, 0.3),
            load=0.9,
        )


def paint_flowers(canvas, rng):
    """Poppies and pale weeds, dabbed into the near grass."""
    x = rng.uniform(0, 1.5, 170)
    y = shore(x) + 0.04 + rng.random(170) ** 0.6 * 0.22
    codes = ["#e8391f", "#f0641f", "#ffb52e", "#8f7fe0"]
    # The lane stays free of weeds.
    along = np.clip((1.05 - y) / 0.295, 0, 1) ** 1.25
    middle, _, half = lane(along)
    free = np.abs(x - middle) > half + 0.03
    for k in np.argsort(y):
        if not free[k]:
            continue
        size = mix(0.008, 0.017, smoothstep(0.75, 1.0, y[k]))
        tone = wheel(rgb(rng.choice(codes)), rng)
        canvas.stroke(
            x[k],
            y[k],
            rng.normal(-1.2, 0.5),
            (size * 1.5, 0.8 * size),
            (tone, mix(tone, rgb("#ffd98a"), 0.3)),
            load=2.0,
        )


def fill(canvas, rng, corners, angle, colours, wide, load=1.2):
    """Cover a convex quadrilateral with strokes.

    corners: (4, 2), in turn; angle: radians; colours: two (3,).
    """
    corners = np.asarray(corners, float)
    long = np.ptp(corners, axis=0).max()
    area = np.prod(np.ptp(corners, axis=0))
    count = int(np.clip(2.4 * area / wide**2, 6, 60))
    s, t = rng.uniform(0.12, 0.88, (2, count))[..., None]
    a, b, c, d = corners
    spots = mix(mix(a, b, s), mix(d, c, s), t)
    for spot in spots[np.argsort(spots[:, 1])]:
        canvas.stroke(
            *spot,
            angle + rng.normal(0, 0.1),
            (min(0.6 * long, 3.2 * wide), wide),
            [wheel(c, rng, 0.02, 0.035) for c in colours],
            load=load,
        )


def house(canvas, rng, x, y, wide, tall, lit):
    """One house with its gable to the left, its foot at x, y.

    lit: how many windows still show a lamp.
    """
    gable, ridge, eave = 0.42 * wide, y - 1.55 * tall, y - tall
    wall = rgb(rng.choice(["#3f78dc", "#8a7ce0", "#2f8ac8", "#e0b878"]))
    tiles = rgb(rng.choice(["#8a2c4e", "#c2481f", "#4a2a86", "#a8322a"]))
    fine = max(0.24 * tall, 0.009)
    peak = x + 0.5 * gable
    front = [(x, eave), (x + gable, eave), (x + gable, y), (x, y)]
    side = [(x + gable, eave), (x + wide, eave), (x + wide, y)]
    side.append((x + gable, y))
    roof = [(peak, ridge), (x + wide - 0.1 * gable, ridge)]
    roof += [(x + wide + 0.01, eave), (x + gable, eave)]
    cap = [(peak, ridge), (peak, ridge), (x + gable, eave), (x, eave)]
    fill(
        canvas,
        rng,
        side,
        0.0,
        (mix(wall, rgb("#141a6e"), 0.75), wall * 0.6),
        fine,
    )
    pale = mix(wall, rgb("#d8f0d0"), 0.55)
    fill(canvas, rng, front, np.pi / 2, (wall, pale), fine)
    fill(canvas, rng, cap, np.pi / 2, (wall, pale), fine)
    light = mix(tiles, rgb("#ff9a5a"), 0.35)
    fill(canvas, rng, roof, 0.9, (tiles, light), fine)
    ink = (rgb("#0a0f38"), rgb("#16205c"))
    edges = [((x, eave), (peak, ridge)), ((peak, ridge), roof[1])]
    edges += [((peak, ridge), (x + gable, eave)), ((x, eave), (x, y))]
    edges += [(roof[1], roof[2]), (roof[3], roof[2])]
    for a, b in edges:
        line(canvas, a, b, ink, 0.0058)
    for k in range(lit):
        at = (x + gable + (k + 0.7) * 0.27 * wide, y - 0.5 * tall)
        window(canvas, rng, *at, 0.34 * tall)


def line(canvas, a, b, colours, wide):
    """One thin stroke from a to b."""
    (ax, ay), (bx, by) = a, b
    long = np.hypot(bx - ax, by - ay) * 1.15
    angle = np.arctan2(by - ay, bx - ax)
    middle = (ax + bx) / 2, (ay + by) / 2
    canvas.stroke(*middle, angle, (long, wide), colours, load=1.2)


def window(canvas, rng, x, y, tall):
    """A lamp behind a pane: two thick dabs of orange and yellow."""
    size = max(tall, 0.014)
    for code, part in (("#e8731a", 1.25), ("#ffd83e", 0.85)):
        tone = wheel(rgb(code), rng, 0.02, 0.03)
        shape = (size * part, 0.75 * size * part)
        canvas.stroke(x, y, np.pi / 2, shape, (tone, tone), load=1.8)


def church(canvas, rng, x, y):
    """A square bell tower with a low tent roof, beside a long nave."""
    house(canvas, rng, x + 0.03, y, 0.13, 0.045, 2)
    stone, pale = rgb("#5f8adc"), rgb("#d0ecd0")
    left = [(x, y - 0.12), (x + 0.024, y - 0.12), (x + 0.024, y), (x, y)]
    right = [(a + 0.024, b) for a, b in left]
    fill(canvas, rng, left, np.pi / 2, (stone, pale), 0.011)
    fill(
        canvas, rng, right, np.pi / 2, (rgb("#23308c"), rgb("#3f56b0")), 0.011
    )
    tip = (x + 0.024, y - 0.172)
    roof = [tip, tip, (x + 0.055, y - 0.119), (x - 0.007, y - 0.119)]
    fill(canvas, rng, roof, 1.2, (rgb("#8f3a3c"), rgb("#d06a44")), 0.010)
    ink = (rgb("#0a0f38"), rgb("#16205c"))
    for a, b in ((roof[3], tip), (tip, roof[2]), (roof[3], roof[2])):
        line(canvas, a, b, ink, 0.006)
    line(canvas, (x, y - 0.12), (x, y), ink, 0.006)
    line(canvas, (x + 0.05, y - 0.12), (x + 0.05, y), ink, 0.006)
    window(canvas, rng, x + 0.012, y - 0.092, 0.022)


def paint_village(canvas, rng):
    """Houses stepping down the slope to the bay, the farthest first."""
    rows = [
        (0.695, 0.76, 1.22, 0.027, 0.066),
        (0.740, 0.64, 1.20, 0.034, 0.086),
        (0.795, 0.58, 1.14, 0.043, 0.108),
    ]
    for k, (y, start, end, tall, wide) in enumerate(rows):
        if k == 1:
            church(canvas, rng, 0.84, 0.725)
        x = start
        while x < end:
            size = rng.uniform(0.8, 1.15)
            foot = y + 0.35 * (shore(x) - shore(0.9)) + rng.normal(0, 0.004)
            house(
                canvas,
                rng,
                x,
                foot,
                wide * size,
                tall * size,
                int(rng.integers(0, 3)),
            )
            x += wide * size * rng.uniform(1.02, 1.5)
            if rng.random() < 0.5:
                bush(canvas, rng, x - 0.01, foot, tall * 0.9)


def paint_boat(canvas, rng, x, y, long):
    """A fishing boat at anchor, its lamp shining down into the water."""
    hull = (rgb("#120c3a"), rgb("#3a1f4e"))
    for k, part in enumerate((1.0, 0.9, 0.7)):
        at = (x, y + 0.006 * k)
        size = (long * part, 0.012)
        canvas.stroke(*at, 0.02, size, hull, bend=-0.9, load=1.4)
    line(canvas, (x, y), (x - 0.004, y - 1.1 * long), hull, 0.006)
    rim = (rgb("#f08a3a"), rgb("#ffc06a"))
    canvas.stroke(x, y - 0.005, 0.02, (long, 0.005), rim, bend=-1.2)
    window(canvas, rng, x - 0.004, y - 0.8 * long, 0.016)
    for k in range(4):
        tone = wheel(rgb("#ffc63a"), rng)
        at = (x + rng.normal(0, 0.004), y + 0.024 + 0.011 * k)
        canvas.stroke(*at, 0, (0.026, 0.0075), (tone, tone), load=1.6)


def bush(canvas, rng, x, y, size):
    """A dark round tree, dabbed in arcs about its middle."""
    for _ in range(24):
        a, r = rng.uniform(0, 2 * np.pi), np.sqrt(rng.random())
        dx, dy = 0.55 * size * r * np.cos(a), 0.7 * size * r * np.sin(a)
        lit = -0.5 * dx / size - 0.6 * dy / size
        canvas.stroke(
            x + dx,
            y - 0.6 * size + dy,
            a + np.pi / 2,
            (0.55 * size, 0.2 * size),
            (ramp(lit - 0.3, *PINE), ramp(lit + 0.2, *PINE)),
            bend=-0.5,
            load=1.3,
        )


def trunk(canvas, rng, points, radius):
    """Stroke a crooked trunk through points (n, 2), from the foot up."""
    t = np.linspace(0, 1, 34)
    knots = np.linspace(0, 1, len(points))
    fit = np.polyfit(knots, np.asarray(points), len(points) - 1)
    x, y = (np.polyval(fit[:, k], t) for k in (0, 1))
    turn = np.arctan2(np.gradient(y), np.gradient(x))
    for k in range(t.size):
        wide = radius * (1.3 - 0.75 * t[k])
        for side in rng.permutation([-0.85, -0.4, 0.1, 0.65]):
            tone = 0.05 - 0.8 * side + rng.normal(0, 0.32)
            canvas.stroke(
                x[k] - side * wide * np.sin(turn[k]),
                y[k] + side * wide * np.cos(turn[k]),
                turn[k] + rng.normal(0, 0.12),
                (0.06, max(0.55 * wide, 0.009)),
                (ramp(tone - 0.3, *BARK), ramp(tone + 0.1, *BARK)),
                load=1.5,
            )


def paint_pines(canvas, rng):
    """Wind-bent umbrella pines on the right, dark against the stars."""
    far = [(1.45, 1.04), (1.42, 0.86), (1.45, 0.68), (1.43, 0.58)]
    near = [(1.22, 1.04), (1.29, 0.86), (1.27, 0.66), (1.35, 0.43)]
    fork = [(1.275, 0.68), (1.25, 0.60), (1.19, 0.54), (1.165, 0.50)]
    trunk(canvas, rng, far, 0.018)
    for pad in ((1.36, 0.60, 0.11, 0.05), (1.49, 0.56, 0.12, 0.06)):
        cloud(canvas, rng, *pad)
    trunk(canvas, rng, fork, 0.013)
    trunk(canvas, rng, near, 0.028)
    for pad in (
        (1.13, 0.485, 0.11, 0.050),
        (1.24, 0.440, 0.12, 0.060),
        (1.46, 0.415, 0.13, 0.070),
        (1.34, 0.360, 0.17, 0.085),
    ):
        cloud(canvas, rng, *pad)


def cloud(canvas, rng, x, y, wide, tall):
    """One pad of a pine's crown: needles swirl, lit from the moon side."""
    count = int(13000 * wide * tall) + 40
    a, r = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.random(count))
    dx, dy = wide * r * np.cos(a), tall * r * np.sin(a)
    # Flat below, domed above.
    dy = np.where(dy > 0, 0.45 * dy, dy)
    lit = -0.45 * dx / wide - 0.9 * dy / tall - 0.35
    lit = lit + rng.normal(0, 0.28, count)
    for k in np.argsort(lit + rng.normal(0, 0.4, count)):
        sweep = np.arctan2(dy[k] / tall, dx[k] / wide) + np.pi / 2
        canvas.stroke(
            x + dx[k],
            y + dy[k],
            sweep + rng.normal(0, 0.35),
            (0.034, 0.0090),
            (ramp(lit[k] - 0.2, *PINE), ramp(lit[k] + 0.15, *PINE)),
            bend=rng.normal(-0.5, 0.3),
            load=1.5,
        )


def draw(height=800, width=1200, seed=11):
    """Paint the picture: uint8 (height, width, 3)."""
    rng, night = np.random.default_rng(seed), Night(seed)
    # The canvas picks its brushes by itself: what falls outside a small
    # canvas must not change where the next stroke goes.
    own = np.random.default_rng(seed + 1)
    canvas = Easel(height, width, rgb("#14246e"), own)
    paint_air(canvas, night, rng, 0.026, (0.085, 0.034), 1, 0.7)
    paint_air(canvas, night, rng, 0.034, (0.062, 0.0150), 4, 1.3)
    paint_stars(canvas, rng)
    paint_hills(canvas, night, rng)
    paint_water(canvas, night, rng)
    paint_bank(canvas, night, rng)
    paint_lane(canvas, rng)
    paint_village(canvas, rng)
    paint_flowers(canvas, rng)
    paint_boat(canvas, rng, 0.47, 0.775, 0.075)
    paint_boat(canvas, rng, 0.17, 0.735, 0.05)
    paint_pines(canvas, rng)
    return canvas.varnished()


if __name__ == "__main__":
    target(__file__, ".jpg").write_bytes(jpeg(draw()))
