"""Draw rainier.jpg: a valley below Mount Rainier in the golden hour.

    python draw_rainier.py [output.jpg]

The land is a real heightfield, seen from a point 0 km high: x runs to the
right, z away from us, heights go up, all in kilometres. Every pixel of
land looks up where its ray meets the ground, and is lit there by a low
sun at the right. Trees, road, lodge and mist are set on that ground.
"""

from dataclasses import dataclass

import numpy as np
from brushes import (
    Noise,
    blur,
    jpeg,
    mix,
    ramp,
    rgb,
    smoothstep,
    target,
    to_bytes,
)
from PIL import Image, ImageDraw

SUN = np.array([0.88, 0.33, -0.34]) / np.linalg.norm([0.88, 0.33, -0.34])
PEAK = np.array([1.5, 21.0])  # where the volcano stands, (x, z)
LODGE = np.array([0.185, 0.62])
ROAD = np.array(
    [
        (0.42, 0.62),
        (0.27, 0.655),
        (0.17, 0.70),
        (0.12, 0.84),
        (0.11, 0.98),
        (0.02, 1.12),
        (-0.10, 1.28),
        (-0.12, 1.50),
        (-0.02, 1.75),
        (0.03, 2.05),
    ]
)
SEED = 4
HAZE = rgb("#b9bfd4")
GLOW = rgb("#ffd9a8")


@dataclass
class View:
    """How the picture looks at the land."""

    height: int
    width: int

    @property
    def focal(self):
        """The focal length in pixels."""
        return 1.75 * self.height

    @property
    def horizon(self):
        """The row of the eye's own level."""
        return 0.40 * self.height

    def side(self, cols, z):
        """World x of pixel columns at the distance z."""
        return (cols + 0.5 - self.width / 2) / self.focal * z

    def spot(self, x, y, z):
        """Column and row where the point x, y, z is seen."""
        col = self.width / 2 + x / z * self.focal
        return col, self.horizon - y / z * self.focal


class Land:
    """Height and cover of the ground at any x, z."""

    def __init__(self, seed):
        self.rough = Noise(seed)
        self.soft = Noise(seed + 1)

    def height(self, x, z, detail=8):
        """Heights in km at x, z (same shape)."""
        layers = [
            self.meadow(x, z),
            self.spur(x, z, detail),
            self.ranges(x, z, detail),
            self.volcano(x, z, detail),
        ]
        return np.maximum.reduce(layers)

    def meadow(self, x, z):
        """The shelf we look over, which breaks off into the valley."""
        roll = self.soft.fractal(x * 2.2, z * 2.2, 3)
        rim = 2.1 + 0.35 * self.soft(x * 1.5 + 3, 0 * z + 0.5) - 0.35 * x
        drop = smoothstep(rim, rim + 2.2, z)
        shelf = -0.088 - 0.085 * z - 0.05 * x + 0.014 * roll
        knoll = 0.060 * np.exp(-((x + 0.13) ** 2) / 0.012)
        knoll = knoll * smoothstep(0.42, 0.12, z)
        return shelf + knoll - 0.75 * drop

    def spur(self, x, z, detail):
        """The dark wooded slope at the right."""
        gully = self.rough.ridged(x * 1.6 + 40, z * 1.6, min(detail, 6))
        crest = 0.62 * x - 0.10 * z - 0.55
        top = np.minimum(crest, 0.12 * x - 0.20)
        return top + 0.17 * (gully - 0.5) - 2 * smoothstep(2.7, 1.7, z)

    def ranges(self, x, z, detail):
        """Ridge behind ridge, higher the farther away."""
        bend = 0.8 * self.soft(x * 0.2, z * 0.2)
        peaks = self.rough.ridged(x * 0.21 + bend, z * 0.25 + 8.3, detail)
        lift = np.interp(z, (3, 6, 10, 16), (0.3, 1.0, 1.35, 1.75))
        floor = np.interp(z, (3, 5, 10, 16, 40), (-3, -1.1, -1, -0.95, -1.6))
        return floor + lift * peaks

    def volcano(self, x, z, detail):
        """The white mountain: a cone cut by glaciers."""
        dx, dz = x - PEAK[0], z - PEAK[1]
        far = np.hypot(dx, dz)
        turn = np.arctan2(dx, -dz)
        cut = self.rough.ridged(turn * 1.5 + 5, far * 0.22 + 2, detail)
        rock = self.rough.ridged(dx * 0.55 + 9, dz * 0.55 + 3, detail)
        cone = 3.3 * np.exp(-far / 5.2) - 0.3 - 0.1 * far
        top = np.minimum(cone, 2.62 - 0.10 * far)
        rough = np.clip(far / 2.5, 0.12, 1)
        return top + rough * (0.55 * (cut - 0.55) + 0.45 * (rock - 0.5))


def cast(view, land, steps=1500):
    """Find the ground behind every pixel.

    Returns distances (height, width), infinite where there is only sky.
    """
    z = np.geomspace(0.10, 32, steps, dtype=np.float32)
    x = view.side(np.arange(view.width, dtype=np.float32), z[:, None])
    deep = np.broadcast_to(z[:, None], x.shape)
    rise = land.height(x, deep) / z[:, None] * view.focal
    rise = np.maximum.accumulate(rise, axis=0)
    need = view.horizon - np.arange(view.height) - 0.5
    hit = np.empty((view.height, view.width), np.float32)
    for col, column in enumerate(rise.T):
        hit[:, col] = meet(column, need, np.log(z))
    return np.exp(hit)


def meet(column, need, log_z):
    """Log distance at which a rising column reaches each needed rise."""
    k = np.searchsorted(column, need)
    inside = np.clip(k, 1, len(column) - 1)
    low, high = column[inside - 1], column[inside]
    part = np.clip((need - low) / np.maximum(high - low, 1e-6), 0, 1)
    found = mix(log_z[inside - 1], log_z[inside], part)
    return np.where(k < len(column), found, np.inf)


def normals(land, x, z):
    """Unit normals (..., 3) of the ground; detail fades with distance."""
    step = 0.0012 * z
    here = land.height(x, z)
    dx = (land.height(x + step, z) - here) / step
    dz = (land.height(x, z + step) - here) / step
    normal = np.stack([-dx, np.ones_like(dx), -dz], axis=-1)
    return normal / np.linalg.norm(normal, axis=-1, keepdims=True), here


def sunshine(land, x, y, z, steps=16):
    """How much of the sun each point sees past the land: 0..1."""
    free = np.ones_like(x)
    for reach in np.geomspace(0.03, 6, steps):
        along = reach * (0.4 + 0.09 * z)
        over = land.height(x + SUN[0] * along, z + SUN[2] * along, 4)
        gap = (y + SUN[1] * along - over) / along
        free = np.minimum(free, smoothstep(-0.05, 0.06, gap))
    return free


def cloud_shade(land, x, z):
    """Sun that the clouds let through, 0..1: patches on the ranges."""
    patch = land.soft.fractal(x * 0.28 + 3.1, z * 0.19 + 1.7, 3)
    far = smoothstep(-0.40, 0.0, patch)
    return np.where(z < 2.4, 1.0, mix(1.0, far, smoothstep(20, 12, z)))


def cover(land, x, y, z, normal):
    """The ground's own colour (n, 3) and how wooded it is (n,)."""
    fine = land.soft.fractal(x * 9, z * 9, 8, 0.66)
    flat = normal[:, 1]
    grass = ramp(fine, (-0.9, "#465326"), (0, "#77783a"), (0.8, "#b59a58"))
    wood = ramp(fine, (-0.6, "#16281f"), (0.2, "#2c4028"), (0.8, "#4a5530"))
    stone = ramp(fine, (-0.6, "#6a5a58"), (0.2, "#a08a78"), (0.8, "#c9ae94"))
    high = y + 0.22 * fine
    trees = smoothstep(0.10, -0.25, high) * smoothstep(0.55, 0.8, flat)
    glade = smoothstep(0.05, 0.4, land.soft.fractal(x * 1.3, z * 1.3 + 9, 4))
    slope = np.abs(land.spur(x, z, 8) - y) < 1e-5
    trees = np.where(slope, 1.0, trees * (1 - 0.75 * glade))
    meadow = (z < 2.6) | slope
    ground = np.where(meadow[:, None], grass, mix(stone, grass, 0.35))
    colour = mix(ground, wood, trees[:, None])
    icy = smoothstep(0.35, 0.85, high) * smoothstep(0.50, 0.74, flat)
    icy = np.where(slope, 0, icy)
    return mix(colour, rgb("#f4f1f2"), icy[:, None]), trees


def haze(colour, z, y, glow):
    """Fade colours (n, 3) into the air; low air is thicker."""
    air = 1 - np.exp(-np.maximum(z - 0.5, 0) / 14 * np.exp(-y / 1.1))
    tint = mix(HAZE, GLOW, glow[..., None])
    return mix(colour, tint, np.clip(air, 0, 0.93)[..., None])


def light_land(view, land, deep):
    """Colour all land pixels; also return what the trees need to know.

    deep: distances (height, width). Returns the colours (height, width,
    3, zero in the sky), sunlight and woodedness (both height, width).
    """
    rows, cols = np.nonzero(np.isfinite(deep))
    z = deep[rows, cols]
    x = view.side(cols, z).astype(np.float32)
    normal, y = normals(land, x, z)
    sun = sunshine(land, x, y, z) * cloud_shade(land, x, z)
    albedo, trees = cover(land, x, y, z, normal)
    albedo = pave(albedo, x, z)
    facing = np.clip(normal @ SUN, 0, 1) * sun
    sky = 0.5 + 0.5 * normal[:, 1]
    lit = albedo * (
        2.2 * facing[:, None] * rgb("#ffbe78")
        + 0.8 * sky[:, None] * rgb("#8d9fda")
    )
    lit = haze(lit, z, y, 0.55 * smoothstep(-0.4, 0.5, x / z))
    picture = np.zeros((*deep.shape, 3), np.float32)
    picture[rows, cols] = lit
    light, wood = np.zeros(deep.shape), np.zeros(deep.shape)
    light[rows, cols], wood[rows, cols] = facing, trees
    return picture, light, wood


def road_distance(x, z):
    """Distance in km from points x, z (n,) to the road."""
    t = np.linspace(0, 1, len(ROAD))
    many = np.linspace(0, 1, 80)
    smooth = [np.interp(many, t, ROAD[:, k]) for k in (0, 1)]
    for _ in range(6):
        for line in smooth:
            line[1:-1] = (line[:-2] + 2 * line[1:-1] + line[2:]) / 4
    best = np.full(x.shape, np.inf)
    for a, b in zip(np.c_[*smooth], np.c_[*smooth][1:], strict=False):
        dx, dz = b - a
        part = ((x - a[0]) * dx + (z - a[1]) * dz) / (dx * dx + dz * dz)
        part = np.clip(part, 0, 1)
        gap = np.hypot(x - a[0] - part * dx, z - a[1] - part * dz)
        best = np.minimum(best, gap)
    return best


def pave(albedo, x, z):
    """Lay the road over the ground's colours (n, 3)."""
    near = np.flatnonzero((z > 0.5) & (z < 2.2))
    gap = road_distance(x[near], z[near])
    verge = smoothstep(0.011, 0.007, gap)[:, None]
    tar = smoothstep(0.0065, 0.0052, gap)[:, None]
    albedo[near] = mix(albedo[near], rgb("#b59a72"), verge)
    albedo[near] = mix(albedo[near], rgb("#8d8a98"), tar)
    return albedo


def sky(view, seed):
    """Evening air and two decks of cloud: float (height, width, 3)."""
    rows, cols = np.mgrid[0 : view.height, 0 : view.width]
    up = np.clip((view.horizon - rows) / view.horizon, 0, 1)
    side = (cols / view.width).astype(np.float32)
    air = ramp(
        up,
        (0.0, "#ffcf9c"),
        (0.18, "#fbdcc2"),
        (0.42, "#c3cfe0"),
        (0.7, "#86acd6"),
        (1.0, "#5b86bf"),
    )
    air = mix(air, rgb("#ffe2b0"), 0.8 * (side * (1 - up) ** 1.2)[..., None])
    noise = Noise(seed + 2)
    # Seen from below, a deck of cloud shrinks towards the horizon.
    deck = 1 / (up + 0.22)
    across = (side - 0.5) * 3
    for lift, cut, soft in ((0.0, 0.10, 0.5), (9.0, -0.08, 0.6)):
        u, v = across * deck * 1.1 + lift, deck * 2.6 + lift
        thick = cloud(noise, u, v)
        sunward = cloud(noise, u + 0.16, v + 0.10)
        body = smoothstep(cut, cut + soft, thick)
        shine = np.clip(0.55 + 1.7 * (thick - sunward), 0, 1)
        shine = shine * mix(1, 0.55, smoothstep(0.2, 0.9, thick))
        tone = ramp(
            shine,
            (0.0, "#77799f"),
            (0.35, "#a99db6"),
            (0.6, "#eec3ae"),
            (1.0, "#fff0d4"),
        )
        fade = body * smoothstep(0.02, 0.3, up) * 0.92
        air = mix(air, tone, fade[..., None])
    return air


def cloud(noise, u, v):
    """Cloud thickness at u, v on the deck: about -1..1."""
    warp = 0.5 * noise.fractal(u * 0.7 + 5, v * 0.7, 2)
    return noise.fractal(u + warp, v * 1.25 + 0.5 * warp, 6, 0.52)


def fir(rng, tall):
    """Draw one fir: light, bark and cover, float32 (tall, wide, 3).

    light runs from 0 (deep shade) to 1 (full sun from the right).
    """
    wide = int(tall * 0.42)
    art = Image.new("RGBA", (wide * 2, tall * 2), (0, 0, 0, 0))
    pen = ImageDraw.Draw(art)
    trunk = wide + np.cumsum(rng.normal(0, 0.35, tall * 2))
    for y in range(20, tall * 2, 4):
        half = 0.6 + 6 * y / (tall * 2)
        for k, tone in enumerate((30, 50, 85, 130)):
            left = trunk[y] - half + k * half / 2
            box = (left, y, left + half / 2 + 1, y + 5)
            pen.rectangle(box, fill=(tone, 255, 0, 255))
    boughs = plan_boughs(rng, tall * 2)
    for y, reach, turn in boughs:
        draw_bough(pen, rng, trunk[int(y)], y, reach, turn)
    small = art.resize((wide, tall), Image.Resampling.BOX)
    return np.asarray(small, np.float32)[..., [0, 1, 3]] / 255


def plan_boughs(rng, tall):
    """Heights, lengths and bearings of boughs, hindmost first: (n, 3)."""
    y, rows = 26.0, []
    full = 0.185 * tall * rng.uniform(0.8, 1.1)
    while y < tall * 0.95:
        down = y / tall
        reach = full * (0.05 + 0.95 * down**0.8)
        for turn in rng.uniform(0, 2 * np.pi, 9):
            if rng.random() < 0.86:
                rows.append((y, reach * rng.uniform(0.55, 1.15), turn))
        y += tall * (0.011 + 0.012 * down) * rng.uniform(0.7, 1.3)
    rows = np.array(rows)
    rows[:, 0] = np.clip(rows[:, 0] + rng.normal(0, 5, len(rows)), 6, None)
    # Bearing pi/2 points at us; the far side of each tree comes first.
    return rows[np.argsort(np.sin(rows[:, 2]) - rows[:, 0] / tall * 0.6)]


def draw_bough(pen, rng, x, y, reach, turn):
    """One drooping bough, feathered with needles."""
    out, near = np.cos(turn) * reach, np.sin(turn)
    sag = reach * rng.uniform(0.16, 0.34)
    count = max(int(reach / 4), 3)
    for t in np.linspace(0.08, 1, count):
        px = x + out * t
        py = y + sag * (t**1.2) - 0.35 * sag * t**4 + 0.22 * near * reach * t
        sunny = 0.36 + 0.34 * np.cos(turn) * t + 0.16 * near + 0.22 * (t - 0.6)
        size = (4 + 0.13 * reach * (1 - 0.55 * t)) * rng.uniform(0.7, 1.25)
        for _ in range(3):
            lean = np.sign(out) * rng.uniform(0.1, 1.0) + rng.normal(0, 0.35)
            dx, dy = size * lean, size * rng.uniform(-0.15, 0.75)
            tone = sunny + rng.normal(0, 0.12) - 0.15 * (dy > 0)
            tone = min(max(tone, 0), 1)
            fill = (int(255 * tone), 0, 0, 255)
            pen.line((px, py, px + dx, py + dy), fill=fill, width=3)


class Wood:
    """A few firs, kept at every size they are asked for."""

    def __init__(self, seed, tall, kinds=5):
        rng = np.random.default_rng(seed)
        self.firs = [fir(rng, tall) for _ in range(kinds)]
        self.sizes = {}

    def at(self, kind, tall):
        """Fir number kind, tall pixels high: (tall, wide, 3)."""
        kind = kind % len(self.firs)
        if (kind, tall) not in self.sizes:
            self.sizes[kind, tall] = shrink(self.firs[kind], tall)
        return self.sizes[kind, tall]


def shrink(tree, tall):
    """Resize a fir (h, w, 3), its light weighed by its cover."""
    wide = max(round(tree.shape[1] * tall / tree.shape[0]), 2)
    alpha = tree[..., 2]
    layers = [tree[..., 0] * alpha, tree[..., 1] * alpha, alpha]
    how = Image.Resampling.BOX
    if tall > 24:
        how = Image.Resampling.LANCZOS
    small = [
        np.asarray(Image.fromarray(a).resize((wide, tall), how))
        for a in layers
    ]
    cover_ = np.clip(small[2], 0, 1)
    light, bark = (a / np.maximum(cover_, 1e-3) for a in small[:2])
    return np.stack([np.clip(light, 0, 1), np.clip(bark, 0, 1), cover_], -1)


def plant(picture, tree, col, row, sun, air, flip):
    """Set one fir with its foot at col, row.

    sun: 0..1, how much light falls on it; air: (colour (3,), amount).
    """
    tree = tree[:, ::-1] if flip else tree
    tall, wide = tree.shape[:2]
    left, top = int(col - wide / 2), int(row - tall)
    height, width = picture.shape[:2]
    x0, x1 = max(left, 0), min(left + wide, width)
    y0, y1 = max(top, 0), min(top + tall, height)
    if x0 >= x1 or y0 >= y1:
        return
    part = tree[y0 - top : y1 - top, x0 - left : x1 - left]
    colour = mix(needles(part[..., 0], sun), *air)
    spot = picture[y0:y1, x0:x1]
    spot += (colour - spot) * part[..., 2:]


def shadow(picture, col, row, tall, depth):
    """Lay the shadow of a fir on the grass to its left, in place."""
    long, thick = int(1.7 * tall), max(int(0.07 * tall), 1)
    row = row - thick // 2
    spot = picture[row : row + thick, max(col - long, 0) : col + 1]
    fade = np.linspace(0, 1, long + 1)[-spot.shape[1] :] if spot.size else 0
    spot *= 1 - depth * np.asarray(fade)[..., None]


def needles(light, sun):
    """Colours of a fir for its light 0..1, in shade or in sun."""
    value = light * (0.42 + 0.92 * sun)
    return ramp(
        value,
        (0.0, "#060d14"),
        (0.22, "#10231f"),
        (0.42, "#2b4325"),
        (0.62, "#70712c"),
        (0.82, "#c39b40"),
        (1.0, "#f2cd76"),
    )


def forest(view, land, deep, wood, light, count, rng):
    """Choose where firs stand: rows of (z, col, row, tall, sun)."""
    land_here = np.isfinite(deep)
    deep = np.where(land_here, deep, 40)
    x = view.side(np.arange(view.width), deep)
    clump = land.soft.fractal(x * 5 + 20, deep * 5, 3)
    meadow = 0.9 * smoothstep(0.1, 0.5, clump) + 0.012
    chance = np.where(deep < 2.4, meadow, wood * (deep < 9))
    chance = np.where(land_here, chance, 0)
    yard = np.hypot(x - LODGE[0], 0.5 * (deep - LODGE[1] + 0.03))
    open_ = (road_gap(x, deep) > 0.014) & (yard > 0.055)
    # A near fir covers many pixels, so it may claim fewer of them.
    chance = chance * open_ * np.clip(deep / 5, 0.02, 1) ** 1.6
    flat = chance.ravel() / chance.sum()
    picks = rng.choice(flat.size, count, p=flat)
    rows, cols = np.divmod(picks, view.width)
    z = deep[rows, cols]
    tall = 0.021 * rng.uniform(0.55, 1.25, count) / z * view.focal
    sun = np.sqrt(np.clip(light[rows, cols] * 1.6, 0, 1))
    return np.stack([z, cols, rows, tall, sun], axis=1)


def road_gap(x, deep):
    """Road distance (height, width), computed only near the road."""
    gap = np.full(deep.shape, 9.0)
    near = (deep > 0.5) & (deep < 2.3)
    gap[near] = road_distance(x[near], deep[near])
    return gap


def grow_forest(picture, view, sites, trees, rng, span):
    """Plant the sites between two distances, the farthest first."""
    low, high = span
    chosen = sites[(sites[:, 0] >= low) & (sites[:, 0] < high)]
    for z, col, row, tall, sun in chosen[np.argsort(-chosen[:, 0])]:
        tree = trees.at(int(rng.integers(99)), max(int(tall), 3))
        amount = 1 - np.exp(-max(z - 0.5, 0) / 14)
        flip = tall < 30 and rng.random() < 0.3
        shade = sun * rng.uniform(0.75, 1.05)
        if z < 1.4:
            shadow(picture, int(col), int(row), tall, 0.55 * sun)
        plant(picture, tree, col, row + 1, shade, (HAZE, amount), flip)


def mist(picture, view, deep, span, strength, seed):
    """Let a bank of mist drift over the meadow's left, in place."""
    rows, cols = np.mgrid[0 : view.height, 0 : view.width] / view.height
    drift = Noise(seed + 5).fractal(cols * 2.2 + span[0], rows * 6.5, 5)
    z = np.minimum(deep, 30)
    band = smoothstep(span[0], span[0] * 1.25, z)
    middle, tall = span[1:]
    bank = np.exp(-(((rows - middle) / tall) ** 2))
    bank = bank * mix(0.25, 1, smoothstep(1.1, 0.2, cols))
    amount = strength * band * bank * smoothstep(-0.45, 0.2, drift)
    warm = smoothstep(0.0, 1.0, cols)[..., None]
    tint = mix(rgb("#c3c9dc"), rgb("#ffe3c0"), warm)
    picture += (tint - picture) * np.clip(amount, 0, 0.92)[..., None]


def lodge(picture, view, land):
    """Build the lodge on the meadow, in place, drawn four times finer."""
    x, z = LODGE
    y = land.height(*(np.array([v], np.float32) for v in LODGE))[0]
    col, row = view.spot(x, y, z)
    unit = 0.034 / z * view.focal
    side = int(unit * 3)
    left, top = int(col - side / 2), int(row - side * 0.62)
    box = (left, top, left + side, top + side)
    old = Image.fromarray(to_bytes(picture)).crop(box)
    art = old.resize((side * 4, side * 4), Image.Resampling.BICUBIC)
    build(ImageDraw.Draw(art, "RGBA"), side * 2, side * 2.48, unit * 4)
    new = np.asarray(art.resize((side, side), Image.Resampling.LANCZOS))
    rows, cols = view.height - top, view.width - left
    spot = picture[top : top + side, left : left + side]
    spot[:] = new[:rows, :cols] / 255


def build(pen, x, y, unit):
    """Draw the lodge's parts; x, y: its foot; unit: half its length."""

    def shape(fill, *points):
        spots = [(x + a * unit, y - b * unit) for a, b in points]
        pen.polygon(spots, fill=fill)

    def panes(fill, many, a, b, wide, tall, step):
        for k in range(many):
            left = a + k * step
            right, top = left + wide, b + tall
            shape(fill, (left, b), (right, b), (right, top), (left, top))

    for k in range(5):  # its shadow on the grass, softer farther out
        far = -1.15 - 0.09 * k
        shape("#14180f50", (far, -0.03), (0.9, -0.05), (0.9, 0.1), (far, 0.06))
    shape("#4a2b22", (-0.92, 0), (0.1, 0), (0.1, 0.27), (-0.92, 0.27))
    shape("#3a221e", (-0.92, 0), (0.1, 0), (0.1, 0.07), (-0.92, 0.07))
    shape("#b5602a", (0.52, 0), (0.92, 0.04), (0.92, 0.3), (0.52, 0.3))
    panes("#f2b355", 6, -0.84, 0.11, 0.08, 0.085, 0.15)
    panes("#ffdf9a", 2, 0.63, 0.12, 0.07, 0.10, 0.14)
    shape("#594a4c", (-1, 0.24), (0.22, 0.24), (0.14, 0.58), (-0.84, 0.58))
    shape("#967061", (0.1, 0.25), (1, 0.27), (0.84, 0.58), (0.1, 0.58))
    for k in range(1, 6):  # courses of shingles
        b = 0.24 + 0.34 * k / 6
        a = -1 + 0.16 * k / 6
        shape("#3c323850", (a, b), (0.9, b), (0.9, b + 0.018), (a, b + 0.018))
    shape("#c7906a", (-0.85, 0.565), (0.85, 0.565), (0.84, 0.6), (-0.84, 0.6))
    for a, fill in ((-0.5, "#463234"), (-0.43, "#b27a58")):
        shape(fill, (a, 0.5), (a + 0.07, 0.5), (a + 0.07, 0.76), (a, 0.76))
    shape("#4d3c40", (-0.02, 0.24), (0.31, 0.68), (0.36, 0.62), (0.1, 0.18))
    wall = [(0.08, -0.02), (0.54, -0.02), (0.54, 0.26), (0.31, 0.6)]
    shape("#d9742c", *wall, (0.08, 0.26))
    shape("#e98f3c", (0.31, -0.02), *wall[1:])
    for k in range(5):  # boards
        b = 0.02 + 0.06 * k
        shape("#7a361850", (0.08, b), (0.54, b), (0.54, b + 0.012), (0.08, b))
    shape("#e3b07c", (0.31, 0.68), (0.63, 0.22), (0.57, 0.2), (0.31, 0.59))
    panes("#5a2c1c", 3, 0.13, 0.05, 0.09, 0.15, 0.135)
    panes("#ffeeb4", 3, 0.145, 0.065, 0.06, 0.12, 0.135)
    panes("#5a2c1c", 1, 0.255, 0.29, 0.11, 0.14, 0.1)
    panes("#ffeeb4", 1, 0.27, 0.305, 0.08, 0.11, 0.1)


def foreground(picture, view, trees, rng):
    """Tall firs at the left and a dark fringe along the lower edge."""
    height = view.height
    fringe = [
        (k / 46, 1.10, rng.uniform(0.16, 0.36) * (1.15 - k / 60), 0.5)
        for k in rng.permutation(46)
    ]
    near = [
        (0.03, 1.06, 0.62, 0.55),
        (0.21, 1.08, 0.45, 0.75),
        (0.47, 1.10, 0.50, 0.8),
        (0.36, 1.12, 0.80, 1.0),
        (0.12, 1.15, 0.66, 0.8),
        (1.50, 1.12, 0.42, 0.7),
        (1.42, 1.14, 0.30, 0.8),
    ]
    for k, (x, foot, tall, sun) in enumerate(fringe + near):
        tree = trees.at(k, int(tall * height))
        where = (x * height * (1.5 if k < len(fringe) else 1), foot * height)
        plant(picture, tree, *where, sun, (HAZE, 0.02), k % 3 == 0)


def grade(picture):
    """Finish like a print: soft bloom, gentle contrast, warm lights."""
    glow = blur(np.clip(picture - 0.55, 0, None), picture.shape[0] // 60)
    picture = picture + 0.35 * glow
    picture = picture / (0.90 + 0.18 * picture)
    curve = mix(picture, smoothstep(-0.02, 1.02, picture), 0.45)
    grey = curve.mean(axis=-1, keepdims=True)
    return mix(grey, curve, 1.12)


def draw(height=800, width=1200, seed=SEED):
    """Draw the picture: uint8 (height, width, 3)."""
    rng = np.random.default_rng(seed)
    view, land = View(height, width), Land(seed)
    trees = Wood(seed, tall=max(int(0.7 * height), 120))
    deep = cast(view, land)
    picture, light, wood = light_land(view, land, deep)
    picture = np.where(np.isfinite(deep)[..., None], picture, sky(view, seed))
    sites = forest(view, land, deep, wood, light, height * 33, rng)
    grow_forest(picture, view, sites, trees, rng, (2.0, 99))
    mist(picture, view, deep, (2.2, 0.58, 0.055), 1.3, seed)
    grow_forest(picture, view, sites, trees, rng, (1.1, 2.0))
    mist(picture, view, deep, (1.0, 0.65, 0.055), 1.3, seed)
    grow_forest(picture, view, sites, trees, rng, (0.7, 1.1))
    mist(picture, view, deep, (0.6, 0.73, 0.06), 1.1, seed)
    lodge(picture, view, land)
    grow_forest(picture, view, sites, trees, rng, (0.2, 0.7))
    foreground(picture, view, trees, rng)
    return to_bytes(grade(picture))


if __name__ == "__main__":
    target(__file__, ".jpg").write_bytes(jpeg(draw()))
