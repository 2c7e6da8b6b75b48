"""Print woodblock-waves.jpg: a ship between two curling waves.

    python draw_woodblock_waves.py [output.jpg]

Lengths are in picture heights: x runs from 0 to 1.5, y from 0 (top) to 1.
Like a Japanese print the picture has colour blocks, wiped by hand from dark
to light, and a key block with the lines. Both are printed on soft paper and
show the grain of their wood.
"""

import numpy as np
from brushes import (
    Noise,
    grid,
    jpeg,
    mix,
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

PAPER, INK = rgb("#f3e6c8"), rgb("#101f42")
FOAM, MIST = rgb("#faf3e2"), rgb("#a9cbd6")
DEEP = ("#0c2350", "#123a7a")
BLUE = ("#123f86", "#2c6fb4")
PALE = ("#3f86bc", "#9cc9d4")
WHITE = ("#a9cbd6", "#f7efdc")
# Three lines of the great wave, from its foot to the tip of its lip:
# along its back, through its body and up its hollow.
BACK = [(1.62, 0.60), (1.42, 0.37), (1.22, 0.20), (1.02, 0.12), (0.84, 0.145)]
BACK += [(0.71, 0.24), (0.655, 0.37)]
BODY = [(1.30, 1.05), (1.31, 0.72), (1.21, 0.44), (1.05, 0.27), (0.88, 0.215)]
BODY += [(0.74, 0.27), (0.655, 0.37)]
HOLLOW = [(0.55, 0.92), (0.85, 0.86), (1.03, 0.70), (1.06, 0.50), (0.96, 0.33)]
HOLLOW += [(0.79, 0.28), (0.655, 0.37)]


class Blocks:
    """The colour blocks and the key block, cut much finer than printed."""

    def __init__(self, height, width, seed):
        self.fine = max(2, -(-800 // height))
        self.scale = height * self.fine
        self.size = (width * self.fine, height * self.fine)
        self.colour = np.empty((*self.size[::-1], 3), np.float32)
        self.colour[:] = PAPER
        self.key = Image.new("L", self.size)
        self.pen = ImageDraw.Draw(self.key)
        self.rng = np.random.default_rng(seed)
        self.noise = Noise(seed)

    def _pixels(self, points):
        """Where points lie on the blocks, as Pillow wants them."""
        return [
            (float(x), float(y)) for x, y in np.asarray(points) * self.scale
        ]

    def area(self, points, stops, clean=True):
        """Print one colour area, wiped from its top to its bottom.

        stops: codes from top to bottom; clean: cut away the lines below.
        """
        points = np.asarray(points)
        low = np.maximum((points.min(axis=0) * self.scale).astype(int) - 1, 0)
        high = (points.max(axis=0) * self.scale).astype(int) + 2
        high = np.minimum(high, self.size)
        if (low >= high).any():
            return
        mask = Image.new("1", tuple(int(n) for n in high - low))
        flat = self._pixels(points - low / self.scale)
        ImageDraw.Draw(mask).polygon(flat, fill=1)
        inside = np.asarray(mask)
        patch = self.colour[low[1] : high[1], low[0] : high[0]]
        rows = np.linspace(0, 1, inside.shape[0])
        where = np.linspace(0, 1, len(stops))
        tones = ramp(rows, *zip(where, stops, strict=True))
        tones = np.broadcast_to(tones[:, None], patch.shape)
        patch[inside] = tones[inside]
        if clean:
            self.pen.polygon(self._pixels(points), fill=0)

    def line(self, points, wide=0.004, taper=0.75):
        """Cut a key line that swells and thins like a brush stroke."""
        points = np.asarray(points, float)
        s = np.linspace(0, 1, len(points))
        swell = 1 - taper * np.abs(2 * s - 1) ** 2.5
        swell = swell * (1 + 0.25 * self.noise(points[:, 0] * 14, s * 5))
        outline = ribbon(points, wide * swell)
        self.pen.polygon(self._pixels(outline), fill=255)

    def cluster(self, shapes, stops=("#fcf6e8", "#f3ead4"), wide=0.0042):
        """Print shapes as one: a common outline, nothing between them."""
        edge = max(int(wide * self.scale), 1)
        for shape in shapes:
            flat = self._pixels(shape)
            self.pen.line([*flat, flat[0]], fill=255, width=2 * edge)
            for x, y in flat[::3]:
                box = (x - edge, y - edge, x + edge, y + edge)
                self.pen.ellipse(box, fill=255)
        for shape in shapes:
            self.area(shape, stops)


def ring(x, y, wide, tall=None, count=40):
    """An ellipse: (count, 2)."""
    a = np.linspace(0, 2 * np.pi, count, endpoint=False)
    tall = wide if tall is None else tall
    return np.stack([x + wide * np.cos(a), y + tall * np.sin(a)], axis=1)


def claw(x, y, angle, long, wide, curl):
    """One finger of foam: a hook that thins out, with a bead at its end."""
    s = np.linspace(0, 1, 22)
    turn = angle + curl * (0.2 * s + 1.7 * s**3)
    step = long / 21
    px = x + np.cumsum(np.cos(turn)) * step
    py = y + np.cumsum(np.sin(turn)) * step
    half = wide * (0.22 + 0.78 * (1 - s) ** 0.8)
    nx, ny = -np.sin(turn) * half, np.cos(turn) * half
    left = np.stack([px + nx, py + ny], axis=1)
    right = np.stack([px - nx, py - ny], axis=1)
    return np.vstack([left, right[::-1]]), (px, py, turn)


def hand(rng, x, y, angle, long, curl):
    """A claw with smaller claws along its outer side: a list of shapes."""
    main, (px, py, turn) = claw(x, y, angle, long, 0.13 * long, curl)
    shapes = [main]
    for k, part in ((4, 0.50), (9, 0.46), (14, 0.36)):
        size = long * part * rng.uniform(0.8, 1.2)
        # Small claws start outside the bend and hook the same way.
        away = turn[k] - curl * rng.uniform(0.7, 1.2)
        small, (sx, sy, _) = claw(px[k], py[k], away, size, 0.17 * size, curl)
        shapes += [small, ring(sx[-1], sy[-1], 0.09 * size, count=12)]
    return [*shapes, ring(px[-1], py[-1], 0.05 * long, count=14)]


class Wave:
    """A curling wave: three lines from foot to lip, moved and scaled."""

    def __init__(self, tip, scale):
        """tip: where the lip ends; scale: (x, y), x < 0 curls rightwards."""
        place = [
            np.array(tip) + (np.array(line) - BACK[-1]) * scale
            for line in (BACK, BODY, HOLLOW)
        ]
        self.lines = [spline(line, 24) for line in place]
        self.curl = -1 if scale[0] > 0 else 1
        self.size = abs(scale[1])

    def at(self, t):
        """The line at t: 0 along the back, 1 up the hollow: (n, 2)."""
        back, body, hollow = self.lines
        return (
            back * (2 * (t - 0.5) * (t - 1))
            + body * (4 * t * (1 - t))
            + hollow * (2 * t * (t - 0.5))
        )

    def spot(self, t, u):
        """A point of the line at t and the line's angle there."""
        line = self.at(t)
        k = int(np.clip(u, 0, 1) * (len(line) - 2))
        dx, dy = line[k + 1] - line[k]
        return line[k], np.arctan2(dy, dx)


def print_wave(b, wave):
    """Print a wave: striped body, lines, foam and claws."""
    feet = [wave.at(t)[0] for t in np.linspace(1, 0, 20)]
    body = np.vstack([wave.at(0), wave.at(1)[::-1], feet])
    b.area(body, DEEP)
    edges = [0, 0.07, 0.15, 0.20, 0.31, 0.35, 0.46, 0.49, 0.60, 0.635]
    edges += [0.74, 0.78, 0.87, 0.91, 1]
    tones = [DEEP, BLUE, WHITE, DEEP, PALE, BLUE, WHITE, DEEP, PALE, BLUE]
    tones += [WHITE, BLUE, PALE, BLUE]
    for low, high, tone in zip(edges[:-1], edges[1:], tones, strict=True):
        stripe = np.vstack([wave.at(low), wave.at(high)[::-1]])
        b.area(stripe, (tone[1], tone[0], tone[0]), clean=False)
    for t in edges[1:-1]:
        b.line(wave.at(t)[4:-6], 0.0026 * wave.size**0.5)
    streaks(b, wave)
    b.line(wave.at(0), 0.006 * wave.size**0.5, 0.4)
    b.line(wave.at(1), 0.006 * wave.size**0.5, 0.4)
    foam(b, wave)


def streaks(b, wave):
    """Runs of foam and shadow that rise with the water, cut by hand."""
    rng, n = b.rng, len(wave.at(0))
    for _ in range(int(60 * wave.size**0.5)):
        t, start = rng.uniform(0.02, 0.98), rng.uniform(0.02, 0.7)
        line = wave.at(t)[int(start * n) :][: int(rng.uniform(0.1, 0.3) * n)]
        s = np.linspace(0, 1, len(line))[:, None]
        thick = 0.0042 * wave.size**0.5 * s * (1 - s) ** 0.4
        shape = np.vstack([line - thick, (line + thick)[::-1]])
        tone = [WHITE, WHITE, PALE, DEEP][rng.integers(4)]
        b.area(shape, tone, clean=False)
        if rng.random() < 0.5:
            b.line(line + 1.3 * thick, 0.0018, 0.9)


def foam(b, wave):
    """Claws under the lip and before the crest, then the cap of foam."""
    rng, curl, size = b.rng, wave.curl, wave.size
    edge = 0.0036 * size**0.4
    rows = [(0.24, u, 1.25, 0.115) for u in (0.66, 0.73, 0.80, 0.87, 0.94)]
    rows += [(0.12, u, 0.75, 0.125) for u in (0.70, 0.78, 0.85, 0.92, 0.98)]
    rows += [(0.10, 1, lean, 0.13) for lean in (0.45, -0.05, -0.5)]
    front = np.linspace(0.42, 0.98, 12)
    rows += [(0.02, u, -0.75, mix(0.035, 0.10, u**3)) for u in front]
    for t, u, lean, long in rows:
        (x, y), angle = wave.spot(t, u)
        angle += curl * (lean + rng.normal(0, 0.15))
        long = size * long * rng.uniform(0.8, 1.25)
        b.cluster(hand(rng, x, y, angle, long, curl), wide=edge)
    b.cluster(list(cap(rng, wave)), wide=edge)
    veins(b, wave)


def cap(rng, wave):
    """The foam on a crest: a band with scalloped edges, as shapes."""
    n = len(wave.at(0))
    first, turn = int(0.36 * n), int(0.62 * n)
    inner = np.vstack([wave.at(0.04)[first:turn], wave.at(0.26)[turn:]])
    yield np.vstack([wave.at(-0.01)[first:], inner[::-1]])
    for u in np.linspace(0.36, 1, 34):
        grown = smoothstep(0.3, 0.75, u)
        for t in (-0.01, mix(0.04, 0.26, smoothstep(0.45, 0.68, u))):
            (x, y), _ = wave.spot(t, u + rng.normal(0, 0.006))
            big = wave.size * mix(0.006, 0.021, grown) * rng.uniform(0.6, 1.35)
            yield ring(x, y, big, count=24)


def veins(b, wave):
    """Blue shadows and short lines inside the foam."""
    rng, size = b.rng, wave.size
    n = len(wave.at(0))
    for t in (0.03, 0.075, 0.12, 0.165, 0.21):
        for u in np.arange(mix(0.55, 0.70, t / 0.21), 0.97, 0.075):
            k = int((u + rng.uniform(0, 0.03)) * n)
            far = k + int(rng.uniform(0.04, 0.09) * n)
            line = wave.at(t + rng.normal(0, 0.008))[k:far]
            if len(line) < 4:
                continue
            s = np.sin(np.linspace(0, np.pi, len(line)))[:, None]
            thick = 0.0055 * size * s * rng.uniform(0.4, 1.2)
            shade = np.vstack([line - thick, (line + thick)[::-1]])
            b.area(shade, ("#c3dbe0", "#8fbccc"), clean=False)
            if rng.random() < 0.6:
                b.line(line + thick, 0.0022 * size**0.5, 0.9)
    for _ in range(70):
        u, t = rng.uniform(0.5, 0.98), rng.uniform(0, 0.2)
        (x, y), angle = wave.spot(t * smoothstep(0.45, 0.7, u), u)
        bow = angle + np.linspace(-1.3, 1.3, 9)
        r = size * rng.uniform(0.006, 0.012)
        arc = np.stack([x + r * np.cos(bow), y + r * np.sin(bow)], axis=1)
        b.line(arc, 0.0022 * size**0.4, 0.9)


def sky(b):
    """Night-blue above, bare paper, then the glow of the evening."""
    tall, wide = b.colour.shape[:2]
    x, y = grid(tall, wide)
    streak = 0.012 * b.noise.fractal(x * 1.5, y * 40, 3)
    b.colour[:] = ramp(
        y + streak,
        (0.0, "#0f2f6c"),
        (0.05, "#1f4f94"),
        (0.17, "#8fb9c8"),
        (0.25, "#efe2c4"),
        (0.36, "#f6dcae"),
        (0.50, "#f2a878"),
        (0.57, "#e8745a"),
    )


def sun(b):
    """A red disc behind bars of mist."""
    b.area(
        ring(0.44, 0.30, 0.095, count=120), ("#c8281e", "#e0432a", "#f08a5a")
    )
    for x, y, long, thick in (
        (0.31, 0.340, 0.52, 0.010),
        (0.52, 0.366, 0.38, 0.007),
        (0.12, 0.285, 0.30, 0.015),
        (0.19, 0.312, 0.20, 0.009),
    ):
        bar(b, x, y, long, thick)


def bar(b, x, y, long, thick):
    """A bar of mist with rounded ends."""
    a = np.linspace(-np.pi / 2, np.pi / 2, 12)
    right = np.stack(
        [x + long / 2 + thick * np.cos(a), y + thick * np.sin(a)], 1
    )
    left = np.stack(
        [x - long / 2 - thick * np.cos(a), y - thick * np.sin(a)], 1
    )
    shape = np.vstack([right, left])
    b.area(shape, ("#f9efd8", "#f4d2b0"))


def mountains(b):
    """Two craggy islands on the horizon, dark above and misty below."""
    for left, right, top, tones in (
        (0.36, 0.76, 0.42, ("#6f7fb0", "#b79ab0", "#e8b49a")),
        (0.62, 1.12, 0.36, ("#1f3f7c", "#4f74a4", "#c9b4b4")),
    ):
        x = np.linspace(left, right, 120)
        s = (x - left) / (right - left)
        hull = np.sin(np.pi * s) ** 1.3
        crag = 0.75 + 0.6 * (b.noise.ridged(x * 9 + top * 31, 0 * x, 4) - 0.5)
        y = 0.575 - (0.575 - top) * hull * crag
        edge = np.stack([x, y], axis=1)
        b.area([*edge, (right, 0.58), (left, 0.58)], tones)
        b.line(edge, 0.0035)
        # Bare rock above, its lower edge torn by gullies.
        gully = b.noise.ridged(x * 22, 0 * x + top, 3)
        low = y + (0.575 - y) * (0.10 + 0.55 * gully**2)
        rock = np.vstack([edge, np.stack([x, low], axis=1)[::-1]])
        b.area(rock, (tones[0], tones[0], tones[1]), clean=False)
        for k in range(8, 112, 7):
            drop = 0.05 * hull[k] * b.rng.uniform(0.4, 1.3)
            lean = b.rng.normal(0.008, 0.012)
            crease = [(x[k], y[k]), (x[k] + 0.3 * lean, y[k] + 0.5 * drop)]
            crease.append((x[k] + lean, y[k] + drop))
            b.line(spline(crease, 8), 0.0022, 0.9)


def swell(b, y, rise, phase, tones, lines=4):
    """One band of sea across the picture, with lines that follow its edge."""
    x = np.linspace(-0.03, 1.53, 260)
    top = np.stack([x, crest(x, y, rise, phase)], axis=1)
    b.area([*top, (1.53, 1.03), (-0.03, 1.03)], tones)
    b.line(top, 0.004, 0.2)
    for k in range(1, lines + 1):
        for start in b.rng.uniform(-0.1, 1.4, 7):
            band = (x > start) & (x < start + b.rng.uniform(0.12, 0.4))
            if band.sum() < 8:
                continue
            lag = 0.25 * k * rise
            below = top[band] + [0, (0.011 + 0.3 * rise) * k + lag * 0.2]
            s = np.linspace(0, np.pi, len(below))[:, None]
            thick = np.hstack([0 * s, 0.0055 * (0.6 + rise * 14) * np.sin(s)])
            streak = np.vstack([below - thick, (below + thick)[::-1]])
            b.area(streak, b.rng.choice([WHITE, PALE, DEEP]), clean=False)
            b.line(below + thick, 0.002)


def lace(b, y, rise, phase, spans, size):
    """Foam that breaks along a swell's edge, with claws running ahead."""
    rng = b.rng
    for left, right in spans:
        shapes = []
        for x in np.arange(left, right, 0.30 * size):
            s = (x - left) / (right - left)
            big = (
                size * np.sin(np.pi * min(s * 1.2, 1)) * rng.uniform(0.2, 0.42)
            )
            top = crest(x, y, rise, phase) + rng.normal(0, 0.1 * size)
            shapes.append(ring(x, top, big + 0.002, 0.7 * big + 0.002))
            if s > 0.35:
                long = size * rng.uniform(0.7, 1.3) * s
                lean = rng.uniform(-0.9, -0.1)
                shapes += hand(rng, x, top - 0.1 * size, lean, long, 1)
        b.cluster(shapes, wide=0.0024)
        for x in np.arange(left, right, 0.4 * size):
            top = crest(x, y, rise, phase)
            arc = ring(x, top + 0.05 * size, 0.24 * size, 0.16 * size)[2:16]
            b.line(arc, 0.0018, 0.9)


def crest(x, y, rise, phase):
    """The upper edge of a swell: y like x."""
    second = 0.5 * rise * np.sin(13.1 * x + 2 * phase)
    return y + rise * np.sin(6.3 * x + phase) + second


def ship(b, x, y, size):
    """A coaster under one square sail, climbing out of the trough."""

    def put(points):
        lean = np.array([[0.96, 0.27], [-0.27, 0.96]])
        return np.array(points) @ lean * size + [x, y]

    hull = [(-0.80, -0.32), (-0.66, -0.06), (-0.45, 0.12), (0.40, 0.13)]
    hull += [(0.62, 0.0), (0.86, -0.34), (0.80, -0.36), (0.56, -0.14)]
    hull += [(0.30, -0.06), (-0.30, -0.06), (-0.56, -0.14), (-0.74, -0.34)]
    sail = [(-0.34, -1.12), (-0.42, -0.9), (-0.45, -0.6), (-0.33, -0.22)]
    sail += [(0.28, -0.22), (0.40, -0.6), (0.37, -0.9), (0.30, -1.12)]
    mast = [(-0.02, -1.24), (0.02, -1.24), (0.02, 0.0), (-0.02, 0.0)]
    b.cluster([put(mast)], ("#7a3f22", "#7a3f22"), 0.002)
    b.cluster([put(sail)], ("#fbf3df", "#f3dfb8", "#e8b98a"), 0.003)
    for k in np.linspace(-0.25, 0.22, 6):
        seam = spline([(k, -1.1), (k * 1.25, -0.65), (k * 0.95, -0.24)], 8)
        b.line(put(seam), 0.0022)
    band = [(-0.375, -1.0), (-0.43, -0.82), (0.38, -0.82), (0.335, -1.0)]
    b.cluster([put(band)], ("#d0301e", "#b0201e"), 0.0018)
    for k in (-0.50, -0.38, 0.36, 0.47):
        coat = [(k - 0.06, -0.02), (k, -0.24), (k + 0.07, -0.02)]
        b.cluster([put(coat)], ("#3a5f9a", "#1f3a6a"), 0.0018)
        hat = [(k - 0.075, -0.21), (k, -0.31), (k + 0.075, -0.21)]
        b.cluster([put(hat)], ("#f0d08a", "#d8a85a"), 0.0018)
    b.cluster(
        [put(spline([*hull, hull[0]], 6))], ("#d8994a", "#8a4a22"), 0.003
    )
    b.line(put(spline([(-0.68, -0.16), (0.0, 0.03), (0.72, -0.18)], 8)), 0.003)
    for k in np.linspace(-0.4, 0.4, 6):
        b.line(put([(k, 0.02), (k * 0.96, 0.12)]), 0.002)


def spray(b, wave, count):
    """Drops thrown forward from the lip."""
    rng = b.rng
    shapes = []
    for _ in range(count):
        (x, y), angle = wave.spot(rng.uniform(0, 0.1), rng.uniform(0.5, 1))
        out = angle - wave.curl * rng.uniform(0.0, 1.0)
        far = wave.size * (0.03 + rng.gamma(1.6, 0.045))
        big = 0.0065 * wave.size**0.4 * rng.uniform(0.35, 1.0)
        at = x + far * np.cos(out), y + far * np.sin(out) + 0.3 * far**2
        shapes.append(ring(*at, big, count=14))
    b.cluster(shapes, wide=0.0015)


def plovers(b):
    """Small birds in a loose line over the water."""
    for k in range(9):
        x, y = 0.10 + 0.045 * k + b.rng.normal(0, 0.012), 0.18 - 0.012 * k
        y += b.rng.normal(0, 0.014)
        s = 0.016 * b.rng.uniform(0.8, 1.2)
        wing = [(-1.2, -0.4), (-0.5, -0.75), (0, 0), (0.5, -0.9), (1.3, -0.6)]
        line = np.array(spline(wing, 6)) * s + [x, y]
        b.line(line, 0.0055, 0.95)


def seal(b, x, y, size):
    """The printer's red seal: scales of the sea, cut in white."""
    tall = 1.6 * size
    box = [(x, y), (x + size, y), (x + size, y + tall), (x, y + tall)]
    b.area(box, ("#cf2f20", "#b8241c"))
    for row in range(4):
        for col in (0.25, 0.75) if row % 2 else (0.0, 0.5, 1.0):
            at = (
                x + mix(0.25, 0.75, col) * size,
                y + (0.36 + 0.36 * row) * size,
            )
            for part in (0.20, 0.11):
                half = ring(*at, part * size)[20:]
                thick = np.array([0, 0.022 * size])
                arc = np.vstack([half - thick, (half + thick)[::-1]])
                b.area(arc, ("#f6e6cc", "#f6e6cc"))


def printed(b, height, width):
    """Pull the print: paper, colours with their grain, then the lines."""
    colour = shrink(b.colour, height)
    key = shrink(np.asarray(b.key, np.float32), height)[..., 0] / 255
    x, y = grid(height, width)
    # The colour blocks never lie quite where the lines do.
    slip = round(height / 500)
    colour = np.pad(colour, ((slip, 0), (0, slip), (0, 0)), "edge")
    colour = colour[: height or None, slip:]
    ink = smoothstep(0.02, 0.5, np.abs(colour - PAPER).mean(axis=2))
    bare, dark = wood(b, x, y)
    colour = colour * (1 - (0.02 + 0.14 * ink) * dark)[..., None]
    colour = mix(colour, PAPER, (0.55 * ink * bare)[..., None])
    colour = mix(colour, INK, (key * (0.94 - 0.25 * bare))[..., None])
    return to_bytes(colour * fibres(b, x, y)[..., None])


def wood(b, x, y):
    """Where the grain leaves paper bare, and where ink gathers: 0..1."""
    warp = b.noise.fractal(x * 0.9 + 3, y * 2.6, 3)
    rings = np.sin(2 * np.pi * (26 * y + 3.2 * warp))
    fine = b.noise.fractal(x * 4, y * 150, 2)
    patchy = 0.5 + 0.7 * b.noise.fractal(x * 3, y * 5 + 8, 3)
    grain = smoothstep(0.1, 1.0, 0.6 * rings + 0.7 * fine)
    mottle = smoothstep(0.25, 0.8, b.noise.fractal(x * 60, y * 60, 2))
    bare = np.clip(grain * np.clip(patchy, 0.15, 1) + 0.14 * mottle, 0, 1)
    return bare, smoothstep(0.2, 1.0, -0.8 * rings - 0.5 * fine)


def fibres(b, x, y):
    """The paper's own light and dark: around 1, like x."""
    wisp = b.noise.fractal(x * 40 + 5 * b.noise(x * 9, y * 9), y * 70, 2)
    age = b.noise.fractal(x * 1.7, y * 1.7 + 4, 3)
    edge = smoothstep(0.0, 0.05, np.minimum(np.minimum(x, 1.5 - x), y))
    return 1 + 0.03 * wisp + 0.03 * age - 0.04 * (1 - edge)


def draw(height=800, width=1200, seed=9):
    """Print the picture: uint8 (height, width, 3)."""
    b = Blocks(height, width, seed)
    sky(b)
    sun(b)
    mountains(b)
    swell(b, 0.575, 0.004, 0.5, ("#4f8fb8", "#2c6fb4", "#123f86"), 3)
    swell(b, 0.625, 0.010, 2.0, ("#8fc0cc", "#2c6fb4", "#0c2350"), 4)
    ship(b, 0.735, 0.675, 0.155)
    swell(b, 0.70, 0.020, 4.1, ("#9cc9d4", "#2c6fb4", "#0c2350"), 4)
    swell(b, 0.775, 0.022, 0.3, ("#7fb4c8", "#1f5a9f", "#0c2350"), 4)
    lace(b, 0.775, 0.022, 0.3, [(0.62, 0.84)], 0.035)
    left = Wave((0.47, 0.58), (-0.60, 0.60))
    right = Wave((0.655, 0.37), (1.0, 1.0))
    print_wave(b, left)
    print_wave(b, right)
    for tip, scale in (
        ((0.90, 0.80), (0.34, 0.34)),
        ((0.255, 0.84), (-0.3, 0.3)),
    ):
        small = Wave(tip, scale)
        print_wave(b, small)
        spray(b, small, 26)
    swell(b, 0.89, 0.026, 1.2, ("#9cc9d4", "#1f5a9f", "#0c2350"), 4)
    lace(b, 0.89, 0.026, 1.2, [(0.02, 0.24), (0.47, 0.80), (1.06, 1.3)], 0.05)
    swell(b, 0.955, 0.020, 3.6, ("#6fa8c4", "#123f86", "#0c2350"), 3)
    lace(b, 0.955, 0.020, 3.6, [(0.22, 0.52), (0.86, 1.12)], 0.055)
    spray(b, left, 60)
    spray(b, right, 110)
    plovers(b)
    seal(b, 1.425, 0.045, 0.042)
    return printed(b, height, width)


if __name__ == "__main__":
    target(__file__, ".jpg").write_bytes(jpeg(draw()))
