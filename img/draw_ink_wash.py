"""Paint ink-wash.jpg: mountains in mist, two pines, a man in a boat.

    python draw_ink_wash.py [output.jpg]

Lengths are in picture heights: x runs from 0 to 1.5, y from 0 (top) to 1.
Ink is kept as a density for each of red, green and blue: where two washes
overlap their densities add up, and the paper shines through the sum.
"""

import numpy as np
from brushes import (
    Noise,
    blur,
    grid,
    jpeg,
    mix,
    pairs,
    rgb,
    ribbon,
    shrink,
    smoothstep,
    spline,
    target,
    to_bytes,
)
from PIL import Image, ImageDraw

PAPER = rgb("#efe3c8")
# How much of red, green, blue a full wash of each stick of ink swallows.
PINE_SOOT = np.array([2.55, 2.45, 2.30])
BLUE_SOOT = np.array([2.60, 2.28, 1.95])
OCHRE = np.array([0.30, 0.75, 1.60])
# Towers of rock: middle, top, half width, how dark; each row in one layer.
FAR = (
    (0.02, 0.40, 0.075, 0.15),
    (0.20, 0.31, 0.060, 0.17),
    (0.31, 0.42, 0.045, 0.14),
    (0.67, 0.42, 0.060, 0.15),
    (1.27, 0.35, 0.055, 0.17),
    (1.40, 0.25, 0.065, 0.20),
    (1.50, 0.38, 0.055, 0.15),
)
MIDDLE = (
    (0.43, 0.40, 0.050, 0.26),
    (0.57, 0.26, 0.075, 0.33),
    (0.71, 0.37, 0.050, 0.27),
    (1.30, 0.44, 0.060, 0.30),
    (1.20, 0.29, 0.065, 0.33),
)
NEAR = (
    (0.82, 0.27, 0.072, 0.66),
    (1.09, 0.20, 0.082, 0.74),
    (0.955, 0.065, 0.118, 0.92),
)


class Sheet:
    """A sheet of rice paper that takes ink."""

    def __init__(self, height, width, seed):
        """height, width: in pixels; seed: an int."""
        self.rng, self.noise = np.random.default_rng(seed), Noise(seed)
        self.x, self.y = grid(height, width)
        self.ink = np.zeros((height, width, 3), np.float32)
        self.eddies = {}

    @property
    def size(self):
        """Width and height in pixels."""
        return self.ink.shape[1::-1]

    def wash(self, layer, soot=PINE_SOOT):
        """Let a layer of ink (height, width) in 0..1 sink in."""
        self.ink += layer[..., None] * soot.astype(np.float32)

    def lift(self, mask):
        """Keep the paper clear of older ink where mask is 1."""
        self.ink *= 1 - mask[..., None]

    def fill(self, *shapes):
        """Cover of polygons and ribbons: float32 (height, width)."""
        width, height = self.size
        image = Image.new("L", (width * 2, height * 2))
        pen = ImageDraw.Draw(image)
        for shape in shapes:
            flat = (np.asarray(shape) * 2 * height).ravel().tolist()
            pen.polygon(flat, fill=255)
        image = image.resize(self.size, Image.Resampling.BOX)
        return np.asarray(image, np.float32) / 255

    def stir(self, layer, amount, cell=14.0):
        """Push a layer about by noise; amount: in picture heights."""
        height, width = layer.shape
        if cell not in self.eddies:
            x, y = self.x * cell, self.y * cell
            eddies = (self.noise.fractal(x + k, y + k, 4) for k in (11, 47))
            self.eddies[cell] = np.array(list(eddies))
        dx, dy = self.eddies[cell] * (amount * height)
        rows = np.clip(np.arange(height)[:, None] + dy, 0, height - 1)
        cols = np.clip(np.arange(width) + dx, 0, width - 1)
        return layer[rows.astype(np.intp), cols.astype(np.intp)]

    def bleed(self, layer, radius, share=0.6):
        """Ink creeping into wet paper: frayed, soft, dark at its rim."""
        pixels = max(int(radius * len(layer)), 1)
        soft = self.stir(blur(layer, pixels), radius * 0.9, 26.0)
        rim = np.clip(layer - blur(layer, max(pixels // 2, 1)), 0, 1)
        return mix(layer, soft, share) + 0.5 * rim

    def stroke(self, points, widths, dark=1.0, dry=0.3, layer=None):
        """Pull a brush along points (n, 2): the layer it leaves.

        widths: the brush's width, one or one for each point; dry: 0 is a
        full wet brush, 1 a nearly dry one whose hairs leave white.
        """
        if layer is None:
            layer = np.zeros(self.ink.shape[:2], np.float32)
        points = np.asarray(points, float)
        widths = np.broadcast_to(widths, len(points)) / 2
        steps = np.hypot(*np.diff(points, axis=0).T)
        gone = np.concatenate([[0], np.cumsum(steps)])
        shift = self.rng.uniform(0, 200)
        for k in range(len(steps)):
            ends = points[k : k + 2], widths[k : k + 2], gone[k : k + 2]
            self._touch(layer, ends, (gone[-1], shift, dark, dry))
        return layer

    def _touch(self, layer, ends, brush):
        """One short straight stretch of a stroke, into the layer."""
        (a, b), (wide, wide_b), (start, stop) = ends
        total, shift, dark, dry = brush
        scale, reach = len(layer), max(wide, wide_b) * 1.1
        low = ((np.minimum(a, b) - reach) * scale).astype(int) - 1
        high = ((np.maximum(a, b) + reach) * scale).astype(int) + 2
        low, high = (np.clip(v, 0, self.size) for v in (low, high))
        part = slice(low[1], high[1]), slice(low[0], high[0])
        x, y = self.x[part] - a[0], self.y[part] - a[1]
        if not x.size or stop == start:
            return
        dx, dy = (b - a) / (stop - start)
        along, across = dx * x + dy * y, dx * y - dy * x
        t = along / (stop - start)
        half = np.maximum(mix(wide, wide_b, np.clip(t, 0, 1)), 0.35 / scale)
        v, u = across / half, (start + along) / max(total, 1e-6)
        soft = 0.7 / (half * scale) + 0.04
        # Hairs are of one thickness, so a broad brush shows more of them.
        hair = self.noise.fractal(
            across * 230 + shift, (start + along) * 11 + shift, 2
        )
        body = smoothstep(1 + soft, 1 - soft, np.abs(v) + 0.10 * dry * hair)
        lack = dry * (0.55 + 0.75 * u) + 0.25 * dry * np.abs(v)
        flow = smoothstep(-0.22, 0.22, hair + 0.85 - 1.35 * lack)
        tone = dark * (1 - 0.3 * u) * body * flow
        inside = (t > -0.08 - 0.2 * wide) & (t < 1.08)
        layer[part] = np.maximum(layer[part], tone * inside)


def tower(sheet, plan, foot, soot, detail):
    """One tower of rock rising from the mist, which is left white."""
    middle, top, wide, _ = plan
    height = len(sheet.x)
    left, right = ((middle + k * wide) * height for k in (-2.0, 2.0))
    cols = slice(max(int(left), 0), max(int(right), 1))
    rows = slice(
        max(int((top - 0.03) * height), 0), int((foot + 0.2) * height)
    )
    x, y = sheet.x[rows, cols], sheet.y[rows, cols]
    layer, kept = np.zeros((2, *sheet.x.shape), np.float32)
    shape = karst(x, y, sheet.noise, plan, foot)
    layer[rows, cols], kept[rows, cols] = flank(
        x, y, sheet.noise, plan, shape, detail
    )
    sheet.lift(kept)
    sheet.wash(sheet.bleed(layer, 0.006, 0.35), soot)
    return layer


def karst(x, y, noise, plan, foot):
    """The form of a tower, three images shaped like x.

    down: 0 at the top, 1 at the foot; side: -1..1 across; gap: how far
    inside the outline, in picture heights.
    """
    middle, top, wide, _ = plan
    shift = 100 * middle
    down = (y - top) / (foot - top)
    bend = 0.030 * noise.fractal(y * 5 + shift, 0 * x + shift, 3)
    crag = noise.fractal(x * 9 + shift, y * 16, 4)
    dome = np.sqrt(np.clip(1 - (1 - np.clip(down / 0.38, 0, 1)) ** 2, 0, 1))
    half = wide * dome * (0.70 + 0.5 * np.clip(down, 0, 1.4)) + 1e-4
    side = (x - middle - bend * smoothstep(0, 0.3, down)) / half
    gap = (1 - np.abs(side)) * half + 0.26 * wide * crag
    return down, side, gap


def flank(x, y, noise, plan, shape, detail):
    """Ink on a tower, and how far it hides older ink: like x."""
    shift, dark = 100 * plan[0], plan[3]
    down, side, gap = shape
    wet = smoothstep(-0.2, 0.5, noise.fractal(x * 3 + 31, y * 3 + shift, 3))
    soft = mix(0.0022, 0.016, wet)
    mask = smoothstep(-soft, soft, gap) * smoothstep(-0.02, 0.02, down)
    drift = 0.10 * noise.fractal(x * 3.5 + shift, y * 7, 4)
    haze = smoothstep(1.0, 0.38, down + 1.5 * drift)
    body = 0.55 + 0.3 * side
    if detail:
        body = cliffs(x, y, noise, side, gap, shift)
    rim = np.exp(-((gap / 0.0055) ** 2)) * smoothstep(0.8, 0.2, wet)
    tone = 0.76 * body + 0.40 * smoothstep(0.30, 0.0, down) + 0.55 * rim
    pool = 0.16 * noise.fractal(x * 11, y * 11 + shift, 4)
    ink = dark * mask * haze * np.clip(tone + pool, 0.05, 1.5)
    return ink, 0.96 * mask * smoothstep(1.25, 0.85, down)


def cliffs(x, y, noise, side, gap, shift):
    """Light and dark faces of a cliff, falling along its form."""
    lean = side * 1.7 + 0.40 * noise.fractal(x * 14, y * 14, 3)
    face = noise.fractal(lean + shift, y * 5.5 + side, 4)
    scratch = noise.fractal(side * 8 + shift, y * 11 + x * 8, 3)
    dark = smoothstep(-0.05, 0.26, face + 0.35 * side)
    axe = smoothstep(0.12, 0.40, scratch + 0.2 * face)
    axe = axe * (0.35 + 0.65 * dark)
    ledge = smoothstep(0.2, 0.6, noise.fractal(x * 7 + 9, y * 19, 3))
    ledge = ledge * smoothstep(0, 0.1, gap)
    return 0.16 + 0.66 * dark + 0.60 * axe + 0.25 * ledge


def moss(sheet, layer, many, size, dark):
    """Dot bushes where a mountain's ink is dark, thickest near its top."""
    rng, height = sheet.rng, len(layer)
    edge = np.clip(layer - np.roll(layer, max(height // 50, 1), 0), 0, None)
    chance = blur(edge, max(height // 200, 1)) ** 1.4
    # A coarse copy has the same cells at every size of the picture.
    rows, cols = 50, 75
    at = np.linspace(0, height - 1, rows).astype(int)
    on = np.linspace(0, layer.shape[1] - 1, cols).astype(int)
    heap = np.cumsum(chance[np.ix_(at, on)].ravel())
    picks = np.searchsorted(heap / heap[-1], rng.random(many))
    picks = np.clip(picks, 0, rows * cols - 1)
    y, x = np.divmod(picks, cols)
    x = (x + rng.uniform(-0.4, 0.4, many)) / (cols - 1) * 1.5
    y = (y + rng.uniform(-0.4, 0.6, many)) / (rows - 1)
    turn = np.linspace(0, 2 * np.pi, 9)
    ring = np.stack([1.5 * np.cos(turn), np.sin(turn)], 1)
    radii = size * rng.gamma(3, 0.33, many)
    spots = [ring * r + [a, b] for a, b, r in zip(x, y, radii, strict=True)]
    for part, strength in ((spots[::2], 0.6), (spots[1::2], 1.0)):
        dots = sheet.stir(sheet.fill(*part), 0.004, 60)
        sheet.wash(sheet.bleed(dots * dark * strength, 0.004, 0.4))


def mist(sheet, level, tall, strength, shift):
    """Thin the ink in a drifting bank of mist."""
    x, y = sheet.x, sheet.y
    drift = sheet.noise.fractal(x * 2.2 + shift, y * 7 + shift, 4)
    bank = np.exp(-(((y - level - 0.05 * drift) / tall) ** 2))
    sheet.lift(strength * bank * smoothstep(-0.7, 0.1, drift))


def mountains(sheet):
    """Three ranges, each nearer and darker, with mist between them."""
    haze = sheet.noise.fractal(sheet.x * 1.6, sheet.y * 3.4, 4)
    veil = 0.055 * smoothstep(-0.1, 0.7, haze) * smoothstep(0.75, 0.1, sheet.y)
    sheet.wash(veil, BLUE_SOOT)
    for plan in FAR:
        tower(sheet, plan, 0.60, BLUE_SOOT, False)
    mist(sheet, 0.57, 0.07, 0.8, 3)
    for plan in MIDDLE:
        tower(sheet, plan, 0.63, BLUE_SOOT, True)
    mist(sheet, 0.59, 0.06, 0.75, 17)
    for plan in NEAR:
        layer = tower(sheet, plan, 0.68, PINE_SOOT, True)
        moss(sheet, layer, 170, 0.0034, 0.55)
    mist(sheet, 0.63, 0.05, 0.8, 29)
    mist(sheet, 0.415, 0.040, 0.62, 41)
    grove(sheet, 0.60, 0.665, 0.09, 13, 0.30)
    grove(sheet, 0.98, 0.685, 0.13, 22, 0.62)
    grove(sheet, 0.78, 0.700, 0.06, 10, 0.45)


def grove(sheet, middle, foot, wide, many, dark):
    """Wet trees at the foot of a mountain, running into the mist."""
    rng, dabs = sheet.rng, []
    turn = np.linspace(0, 2 * np.pi, 10)
    ring = np.stack([np.cos(turn), np.sin(turn)], 1)
    for _ in range(many):
        x = middle + wide * rng.uniform(-1, 1)
        tall = rng.uniform(0.025, 0.075)
        for t in np.linspace(0, 1, 9):
            at = np.array([x + rng.normal(0, 0.10 * tall), foot - tall * t])
            size = tall * (0.26 - 0.17 * t) * rng.uniform(0.6, 1.3)
            dabs.append(at + ring * size * [1.5, 0.6])
    layer = sheet.fill(*dabs) * smoothstep(foot + 0.012, foot - 0.03, sheet.y)
    layer = layer * (
        0.55 + 0.6 * sheet.noise.fractal(sheet.x * 9, sheet.y * 9)
    )
    layer = np.clip(sheet.stir(layer, 0.008, 60), 0, 1)
    sheet.wash(sheet.bleed(dark * 0.6 * layer, 0.022, 0.9), BLUE_SOOT)
    sheet.wash(sheet.bleed(dark * layer, 0.006, 0.6))


def water(sheet):
    """A still river: pale reflections and a few dry sweeps."""
    rng, x, y = sheet.rng, sheet.x, sheet.y
    for middle, wide, dark in ((0.95, 0.13, 0.16), (0.57, 0.09, 0.08)):
        sway = 0.03 * sheet.noise(x * 2, y * 40) + 0.01 * np.sin(y * 150)
        beam = np.exp(-(((x - middle + sway) / wide) ** 2))
        fade = smoothstep(0.70, 0.76, y) * smoothstep(0.93, 0.78, y)
        ripple = 0.6 + 0.5 * sheet.noise.fractal(x * 4, y * 60, 2)
        sheet.wash(dark * beam * fade * ripple, BLUE_SOOT)
    for _ in range(22):
        a = rng.uniform((0.45, 0.735), (1.45, 0.97))
        long = rng.uniform(0.06, 0.22) * (a[1] - 0.5) * 2
        t = np.linspace(0, 1, 7)
        path = a + np.stack([long * t, 0.003 * np.sin(5 * t)], 1)
        wide = 0.010 * (a[1] - 0.62) / 0.3 * np.sin(np.pi * (0.1 + 0.85 * t))
        sheet.wash(sheet.stroke(path, wide, rng.uniform(0.06, 0.2), 0.85))


def rock(sheet, points, dark=0.9, lean=0.5):
    """A boulder: pale wash, hacked faces, a thick and thin outline."""
    rng, points = sheet.rng, np.asarray(points, float)
    shape = spline(points, 8, closed=True)
    jag = np.array(
        [sheet.noise.fractal(*(shape.T * 11 + k), 3) for k in (3, 70)]
    )
    shape = shape + 0.032 * jag.T
    mask = sheet.stir(sheet.fill(shape), 0.006, 20)
    low, high = shape.min(0), shape.max(0)
    sheet.lift(0.97 * mask)
    deep = (sheet.y - low[1]) / (high[1] - low[1])
    right = (sheet.x - low[0]) / (high[0] - low[0])
    u, v = sheet.x * 9 - 5 * lean * sheet.y, sheet.y * 5
    cloud = sheet.noise.fractal(u, v, 4)
    slab = smoothstep(-0.02, 0.10, cloud + 0.5 * right - 0.25)
    slab = slab * (0.45 + 0.55 * smoothstep(0.7, 0.1, cloud))
    tone = 0.07 + 0.38 * slab + 0.30 * smoothstep(0.3, 1.0, deep + 0.3 * cloud)
    sheet.wash(sheet.bleed(dark * tone * mask, 0.006, 0.4))
    sheet.wash(0.10 * mask * smoothstep(0.7, 0.1, deep), OCHRE)
    faces = np.zeros_like(mask)
    span = high - low
    for _ in range(int(34 * np.sqrt(span[0] * span[1]) / 0.3)):
        a = low + span * rng.uniform((0.08, 0.06), (0.95, 0.8))
        fall = np.array([lean + rng.normal(0, 0.38), 1.0])
        long = rng.uniform(0.16, 0.45) * span[1]
        t = np.linspace(0, 1, 6)[:, None]
        path = a + fall * long * t + [rng.normal(0.02, 0.03), 0] * t**2
        wide = rng.uniform(0.12, 0.34) * span[1]
        wide = wide * np.array([0.15, 0.6, 0.95, 1.0, 0.75, 0.3])
        shade = dark * rng.uniform(0.25, 0.85)
        sheet.stroke(path, np.minimum(wide, 0.075), shade, 0.80, faces)
    sheet.wash(faces * mask)
    many = len(shape)
    swell = 0.5 + 0.5 * np.sin(np.linspace(0, 9, many) + points[0, 0] * 9)
    line = sheet.stroke(shape, 0.004 + 0.011 * swell, dark, 0.62)
    sheet.wash(sheet.bleed(line, 0.003, 0.25))
    dots = shape[rng.integers(0, many // 2, 26)] + rng.normal(
        0, 0.008, (26, 2)
    )
    turn = np.linspace(0, 2 * np.pi, 8)
    ring = np.stack([np.cos(turn), np.sin(turn)], 1)
    dots = [ring * rng.uniform(0.002, 0.007) + d for d in dots]
    dots = sheet.stir(sheet.fill(*dots), 0.006, 60)
    sheet.wash(sheet.bleed(dots * dark, 0.004, 0.4))


def limb(sheet, path, start, end, dark=0.95):
    """A trunk or bough: two dry edges, bark scales, a wash inside."""
    rng = sheet.rng
    points = spline(path, 9)
    many = len(points)
    points = points + np.cumsum(rng.normal(0, 0.0011, (many, 2)), 0)
    widths = mix(start, end, np.linspace(0, 1, many) ** 0.8)
    body = ribbon(points, widths)
    mask = sheet.fill(body)
    sheet.lift(0.95 * mask)
    sheet.wash(0.26 * dark * mask)
    if start > 0.02:
        bark(sheet, points, widths, dark)
    layer = sheet.stroke(points, widths * 0.9, 0.55 * dark, 0.95)
    for side, thick in ((body[:many], 0.30), (body[many:][::-1], 0.16)):
        wide = thick * widths * rng.uniform(0.6, 1.5, many) + 0.002
        layer = sheet.stroke(side, wide, dark, 0.5, layer)
    sheet.wash(sheet.bleed(layer, 0.002, 0.25))
    return points


def roots(sheet, foot, size, dark):
    """Roots that grip the rock, and the grass about them."""
    rng, layer = sheet.rng, np.zeros_like(sheet.x)
    for side in (-1.5, -0.8, 0.2, 0.9, 1.6):
        path = [
            (0.24 * side, rng.uniform(-1.6, -0.7)),
            (0.42 * side, -0.1),
            (side, 0.45),
        ]
        path = spline(foot + np.array(path) * size, 6)
        t = np.linspace(0, 1, len(path))
        taper = 0.30 * size * np.sin(np.pi * t**0.6) + 0.001
        sheet.stroke(path, taper, dark, 0.45, layer)
    for x in rng.uniform(-1.7, 1.7, 22):
        low = np.array([x, rng.normal(0.45, 0.3)])
        tip = low + [rng.normal(0, 0.25), -rng.uniform(0.4, 0.9)]
        path = foot + size * np.array([low, mix(low, tip, 0.5), tip])
        sheet.stroke(path, [0.004, 0.004, 0.001], 0.9 * dark, 0.2, layer)
    sheet.wash(sheet.bleed(layer, 0.002, 0.25))


def bark(sheet, points, widths, dark):
    """Scales of bark: broken rings up a trunk."""
    rng, rings = sheet.rng, []
    turn = np.linspace(0.3, 5.2, 9)
    for k in range(1, len(points) - 1):
        for _ in range(3):
            at = points[k] + rng.normal(0, 0.20, 2) * widths[k]
            r = widths[k] * rng.uniform(0.10, 0.24)
            start = rng.uniform(0, 6)
            arc = np.stack(
                [np.cos(turn + start), 1.3 * np.sin(turn + start)], 1
            )
            rings.append(ribbon(at + arc * r, 0.0032))
    sheet.wash(0.8 * dark * sheet.fill(*rings))


def fan(at, size, rng, spread=1.35):
    """One tuft of pine: needles as thin ribbons, spread like a fan."""
    needles = []
    aim = -np.pi / 2 + rng.normal(0, 0.22)
    for turn in np.linspace(-spread, spread, rng.integers(15, 21)):
        turn = aim + turn + rng.normal(0, 0.05)
        long = size * rng.uniform(0.8, 1.1) * (1 - 0.12 * abs(turn - aim))
        out = np.array([np.cos(turn), np.sin(turn)])
        sag = np.array([0, 0.10 * size])
        tip = at + long * out
        path = [at, mix(at, tip, 0.55) - 0.4 * sag, tip + 0.2 * sag]
        needles.append(ribbon(path, [0.0014, 0.0036, 0.0009]))
    return needles


def needles(sheet, spots, size, dark):
    """Flat cushions of tufts: a wash below, pale ones, then dark ones."""
    rng = sheet.rng
    turn = np.linspace(0, 2 * np.pi, 14)
    ring = np.stack([1.25 * np.cos(turn), 0.55 * np.sin(turn)], 1)
    cushions = [ring * size + s - [0, 0.45 * size] for s in spots]
    under = sheet.stir(sheet.fill(*cushions), 0.012, 16)
    sheet.wash(sheet.bleed(0.20 * under, 0.014, 0.8), BLUE_SOOT)
    for share, tone in ((0.9, 0.26), (0.7, 0.45), (0.6, 1.0)):
        tufts = []
        for spot in spots:
            if rng.random() < share:
                tufts += fan(
                    spot + rng.normal(0, 0.30, 2) * size * [1, 0.6], size, rng
                )
        sheet.wash(sheet.bleed(dark * tone * sheet.fill(*tufts), 0.002, 0.2))


def pine(sheet, path, start, boughs, size, dark=0.95):
    """A pine: trunk, boughs ((where, path), ...), needles upon them."""
    trunk = limb(sheet, path, start, 0.3 * start, dark)
    roots(sheet, trunk[0], start, dark)
    spots = [trunk[-1], trunk[-4] + [0.03, 0], trunk[-4] - [0.03, 0]]
    for where, bough in boughs:
        root = trunk[int(where * (len(trunk) - 1))]
        points = root + np.array([(0, 0), *bough])
        points = limb(sheet, points, 0.42 * start, 0.10 * start, dark)
        for k in range(6, len(points) - 3, 6):
            spots.append(points[k] + sheet.rng.normal(0, 0.008, 2))
        spots.append(points[-1] + [0, -0.004])
    spots = sorted(spots, key=lambda s: s[1])
    needles(sheet, spots, size, dark)


def bank(sheet):
    """The near shore at the left, with rocks and two pines."""
    rock(
        sheet,
        pairs(
            "-0.06 0.7  0.06 0.66  0.15 0.7  0.19 0.8  0.14 0.9  -0.06 0.92"
        ),
        0.75,
    )
    pine(
        sheet,
        [(0.10, 0.74), (0.085, 0.60), (0.125, 0.48), (0.10, 0.37)],
        0.026,
        (
            (0.45, [(-0.05, -0.03), (-0.12, -0.02)]),
            (0.62, [(0.05, -0.03), (0.10, -0.025), (0.15, -0.04)]),
            (0.80, [(-0.04, -0.03), (-0.09, -0.03)]),
            (0.92, [(0.04, -0.02), (0.09, -0.02)]),
        ),
        0.034,
        0.62,
    )
    rock(
        sheet,
        pairs(
            "0.04 0.88  0.14 0.8  0.28 0.79  0.38 0.86  0.43 0.95  "
            "0.36 1.05  0.02 1.05"
        ),
        0.95,
    )
    pine(
        sheet,
        pairs(
            "0.22 0.86  0.205 0.74  0.265 0.6  0.25 0.47  0.315 0.35  "
            "0.33 0.22"
        ),
        0.050,
        (
            (0.38, [(0.07, -0.035), (0.13, -0.015), (0.21, -0.045)]),
            (0.50, [(-0.07, -0.04), (-0.13, -0.02), (-0.19, -0.04)]),
            (0.64, [(0.08, -0.04), (0.14, -0.025), (0.24, -0.02)]),
            (0.74, [(-0.06, -0.03), (-0.12, -0.04), (-0.16, -0.03)]),
            (0.86, [(0.07, -0.02), (0.14, -0.03)]),
            (0.93, [(-0.05, -0.02), (-0.10, -0.03)]),
        ),
        0.046,
    )
    rock(
        sheet,
        pairs("-0.08 0.93  0.04 0.885  0.12 0.93  0.16 1.06  -0.08 1.06"),
        1.0,
    )
    rock(
        sheet,
        pairs("0.44 0.965  0.5 0.93  0.56 0.955  0.585 1  0.44 1.01"),
        0.8,
    )


def islet(sheet):
    """A wooded ledge at the right with the pavilion."""
    rock(
        sheet,
        pairs(
            "1.08 0.745  1.13 0.69  1.24 0.665  1.36 0.68  1.44 0.62  "
            "1.56 0.6  1.56 0.79  1.3 0.785"
        ),
        0.7,
    )
    pavilion(sheet, np.array([1.235, 0.672]), 0.062)
    pine(
        sheet,
        [(1.40, 0.68), (1.415, 0.60), (1.385, 0.54), (1.40, 0.47)],
        0.020,
        (
            (0.45, [(-0.04, -0.02), (-0.09, -0.015)]),
            (0.60, [(0.04, -0.02), (0.09, -0.02)]),
            (0.80, [(-0.04, -0.02), (-0.07, -0.015)]),
        ),
        0.028,
        0.75,
    )


def pavilion(sheet, foot, size):
    """Posts, a rail and a roof with turned-up eaves."""

    def put(points):
        return foot + np.asarray(points, float) * size

    floor = put([(-0.8, -0.12), (0.8, -0.12), (0.92, 0.06), (-0.92, 0.06)])
    room = put([(-0.62, -1.0), (0.62, -1.0), (0.62, -0.1), (-0.62, -0.1)])
    left = [(-1.12, -1.06), (-0.7, -1.12), (-0.25, -1.5), (0.0, -1.86)]
    eave = [(1.12, -1.06), (0.55, -0.94), (0.0, -0.91), (-0.55, -0.94)]
    right = [(-x, y) for x, y in left[::-1]][1:]
    roof = np.concatenate([spline(put(left + right), 6), spline(put(eave), 6)])
    sheet.lift(sheet.fill(floor, room, roof))
    sheet.wash(0.10 * sheet.fill(room), OCHRE)
    sheet.wash(0.42 * sheet.fill(roof) + 0.16 * sheet.fill(floor))
    layer = np.zeros_like(sheet.x)
    for x in (-0.6, -0.2, 0.2, 0.6):
        post = put([(x, -0.98), (x, -0.5), (x, -0.08)])
        sheet.stroke(post, 0.0050, 0.9, 0.2, layer)
    for y in (-0.34, -0.12, 0.06):
        rail = put([(-0.75, y), (0, y), (0.75, y)])
        sheet.stroke(rail, 0.0040, 0.8, 0.3, layer)
    for x in (-0.8, -0.5, -0.22, 0.0, 0.22, 0.5, 0.8):
        rib = put([(0.10 * x, -1.75), (0.55 * x, -1.32), (x, -0.99)])
        sheet.stroke(spline(rib, 4), 0.0036, 0.75, 0.4, layer)
    sheet.stroke(spline(put(left), 5), 0.008, 1.0, 0.3, layer)
    sheet.stroke(spline(put(right), 5), 0.008, 1.0, 0.3, layer)
    sheet.stroke(spline(put(eave), 5), 0.0075, 1.0, 0.3, layer)
    knob = put([(0, -1.84), (0.0, -2.0), (0, -2.12)])
    sheet.stroke(knob, [0.010, 0.008, 0.003], 1.0, 0.1, layer)
    sheet.wash(sheet.bleed(layer, 0.002, 0.2))


def boat(sheet, at, size):
    """A fisherman under his hat, in a narrow boat, with a long rod."""

    def put(points):
        return np.asarray(at) + np.asarray(points, float) * size

    hull = pairs("-1.15 -0.16  -0.7 0.04  0 0.1  0.75 0.03  1.2 -0.2")
    low = [(1.0, -0.02), (0.6, 0.19), (0.0, 0.25), (-0.6, 0.19)]
    shape = np.concatenate([spline(put(hull), 6), spline(put(low), 6)])
    sheet.lift(sheet.fill(shape))
    sheet.wash(0.12 * sheet.fill(shape), OCHRE)
    layer = 0.45 * sheet.fill(shape)
    sheet.stroke(spline(put(hull), 6), 0.0080, 1.0, 0.25, layer)
    sheet.stroke(spline(put(low), 6), 0.0060, 0.95, 0.4, layer)
    robe = pairs(
        "-0.48 0.06  -0.5 -0.22  -0.34 -0.44  -0.18 -0.4  -0.04 -0.14  "
        "-0.02 0.07"
    )
    layer = np.maximum(layer, 0.68 * sheet.fill(spline(put(robe), 5, True)))
    hat = [(-0.58, -0.44), (-0.30, -0.72), (-0.04, -0.44), (-0.30, -0.39)]
    layer = np.maximum(layer, 0.95 * sheet.fill(put(hat)))
    sheet.stroke(
        put([(-0.2, -0.26), (0.02, -0.20), (0.14, -0.28)]),
        0.0065,
        0.8,
        0.3,
        layer,
    )
    rod = [(0.02, -0.18), (0.7, -0.62), (1.35, -0.92), (1.75, -0.98)]
    taper = np.linspace(0.0036, 0.0014, 19)
    sheet.stroke(spline(put(rod), 6), taper, 0.95, 0.1, layer)
    sheet.stroke(
        put([(1.75, -0.98), (1.77, 0.0), (1.76, 0.42)]),
        0.0012,
        0.6,
        0.0,
        layer,
    )
    sheet.wash(sheet.bleed(layer, 0.002, 0.2))
    for k, wide in enumerate((1.2, 0.9, 0.6, 0.3)):
        y = 0.34 + 0.10 * k
        t = np.linspace(-wide, wide, 9)
        ripple = put(np.stack([t, y + 0.015 * np.sin(9 * t)], 1))
        sheet.wash(sheet.stroke(ripple, 0.011 - 0.002 * k, 0.30, 0.8))


def reeds(sheet):
    """Blades and plumes at the lower right, drawn in single strokes."""
    rng, layer = sheet.rng, np.zeros_like(sheet.x)
    for _ in range(42):
        x = rng.normal(1.27, 0.075)
        long, lean = rng.uniform(0.06, 0.19), rng.normal(-0.18, 0.35)
        t = np.linspace(0, 1, 8)
        path = np.stack([x + lean * long * t**1.6, 1.01 - long * t], 1)
        wide = 0.0085 * np.sin(np.pi * np.clip(0.25 + 0.75 * t, 0, 1)) + 0.001
        sheet.stroke(path, wide, rng.uniform(0.35, 1.0), 0.45, layer)
    sheet.wash(sheet.bleed(layer, 0.002, 0.25))


def birds(sheet):
    """A line of geese crossing the empty sky."""
    rng, layer = sheet.rng, np.zeros_like(sheet.x)
    for k in range(8):
        at = np.array([0.62 + 0.026 * k, 0.150 - 0.016 * k])
        at = at + rng.normal(0, 0.005, 2)
        size = rng.uniform(0.009, 0.014)
        for side in (-1, 1):
            lift = rng.uniform(0.5, 0.9)
            wing = [
                (0, 0),
                (side * 0.55, -lift * 0.75),
                (side * 1.2, -lift * 0.5),
            ]
            path = at + np.array(wing) * size
            sheet.stroke(spline(path, 4), 0.0036, 0.8, 0.1, layer)
    sheet.wash(layer)


def flying_white(sheet):
    """Broad half-dry sweeps of the near shore and the river's edge."""
    for path, wide, dark in (
        (
            [(0.40, 0.985), (0.56, 0.965), (0.76, 0.972), (0.98, 0.955)],
            0.055,
            0.6,
        ),
        (
            [(1.02, 0.80), (1.18, 0.79), (1.36, 0.80), (1.52, 0.79)],
            0.045,
            0.75,
        ),
        (
            [(1.02, 0.93), (1.18, 0.905), (1.34, 0.915), (1.53, 0.895)],
            0.030,
            0.30,
        ),
        (
            [(0.20, 0.80), (0.30, 0.775), (0.42, 0.785), (0.52, 0.775)],
            0.020,
            0.35,
        ),
    ):
        points = spline(path, 8)
        t = np.linspace(0.005, 0.97, len(points))
        widths = wide * np.sin(np.pi * t**0.6)
        sheet.wash(sheet.stroke(points, widths, dark, 0.74))


def blooms(sheet):
    """Drops that fell on wet paper: pale stains with a frayed rim."""
    rng, x, y = sheet.rng, sheet.x, sheet.y
    for _ in range(7):
        at = rng.uniform((0.5, 0.05), (1.45, 0.6))
        radius = rng.uniform(0.02, 0.06)
        fray = 0.30 * sheet.noise.fractal(x * 22, y * 22, 4)
        far = np.hypot(x - at[0], (y - at[1]) * 1.15) / radius + fray
        rim = np.exp(-(((far - 1) / 0.10) ** 2)) * (far < 1.3)
        sheet.ink *= 1 - 0.30 * smoothstep(1.0, 0.5, far)[..., None]
        sheet.wash(0.018 * rim, BLUE_SOOT)


def paper(sheet):
    """Rice paper: its colour (h, w, 3), and its fibres (h, w) about 0."""
    rng = np.random.default_rng(5)
    layers = []
    for many, wide in ((1500, 0.0011), (260, 0.0026)):
        threads = []
        for _ in range(many):
            turn, long = rng.uniform(0, np.pi), rng.uniform(0.01, 0.06)
            step = np.array([np.cos(turn), np.sin(turn)]) * long
            bend = np.array([-step[1], step[0]]) * rng.normal(0, 0.25)
            at = rng.uniform((0, 0), (1.5, 1))
            path = [at - step, at - 0.3 * step + bend, at + 0.4 * step + bend]
            threads.append(ribbon(spline([*path, at + step], 3), wide))
        layers.append(sheet.fill(*threads))
    pulp = sheet.noise.fractal(sheet.x * 60, sheet.y * 60, 3)
    fibre = 0.8 * layers[0] - 0.9 * layers[1] + 0.35 * pulp
    mottle = sheet.noise.fractal(sheet.x * 2 + 70, sheet.y * 2, 4)
    far = np.hypot((sheet.x - 0.75) / 0.75, (sheet.y - 0.5) / 0.5)
    age = 0.025 + 0.028 * mottle + 0.05 * smoothstep(0.9, 1.5, far)
    age = age + 0.020 * fibre
    return PAPER * np.exp(-age[..., None] * [0.8, 1.2, 2.2]), fibre


def seal(sheet, picture):
    """Press a small red seal: abstract strokes cut out of a square."""
    at, size = np.array([1.400, 0.105]), 0.048
    block = [(0, 0), (1, 0.02), (0.98, 1.2), (0.02, 1.18)]
    cuts = [
        [(0.12, 0.56), (0.34, 0.16), (0.50, 0.46), (0.68, 0.22), (0.90, 0.56)],
        [(0.30, 0.56), (0.36, 0.40), (0.44, 0.58)],
        [(0.14, 0.74), (0.38, 0.68), (0.62, 0.78), (0.86, 0.70)],
        [(0.14, 0.90), (0.38, 0.84), (0.62, 0.94), (0.86, 0.86)],
        [(0.30, 1.04), (0.50, 1.00), (0.70, 1.06)],
    ]
    red = sheet.fill(at + np.array(block) * size)
    cut = sheet.fill(
        *(ribbon(at + np.array(c) * size, 0.085 * size) for c in cuts)
    )
    worn = sheet.noise.fractal(sheet.x * 90, sheet.y * 90, 3)
    cover = sheet.stir(red * (1 - cut), 0.0012, 120)
    cover = cover * smoothstep(-0.75, -0.2, worn) * 0.92
    picture *= mix(1, rgb("#c8281c"), cover[..., None])


def draw(height=800, width=1200, seed=6):
    """Paint the picture: uint8 (height, width, 3)."""
    fine = max(1, -(-200 // height))
    sheet = Sheet(height * fine, width * fine, seed)
    mountains(sheet)
    birds(sheet)
    water(sheet)
    blooms(sheet)
    islet(sheet)
    boat(sheet, (0.80, 0.835), 0.085)
    flying_white(sheet)
    bank(sheet)
    reeds(sheet)
    picture, fibre = paper(sheet)
    grain = sheet.noise.fractal(sheet.x * 95, sheet.y * 95, 2)
    grain = np.clip(1 + 0.16 * fibre + 0.13 * grain, 0.4, 1.6)
    picture = picture * np.exp(-sheet.ink * grain[..., None])
    seal(sheet, picture)
    return to_bytes(shrink(picture, height))


if __name__ == "__main__":
    target(__file__, ".jpg").write_bytes(jpeg(draw()))
