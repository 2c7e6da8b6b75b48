"""Draw bojagi.jpg: a patchwork wrapping cloth hung against the light.

    python draw_bojagi.py [output.jpg]

A bojagi is sewn from remnants of ramie and silk. Every patch lets some
light through, a seam is four layers thick, and a pleat three: so colours
are transmittances here, and layers multiply. The cloth has coordinates
of its own, in picture heights; folds say which point of it is seen where.
"""

from dataclasses import dataclass, field

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

SEAM = 0.0150  # how wide a seam is
PITCH = 0.0052  # from one thread of the weave to the next
STITCH = 0.0100  # from one stitch to the next
SUN = np.array([0.50, 0.36])
PALE = ("#fbf3de", "#f9e7b4", "#d3e6d2", "#fbccd6", "#dcd2ec", "#fff6e4")
WARM = ("#f5b32e", "#d9402f", "#f08aa8", "#f8d05a", "#c22438", "#ea7d8f")
COOL = ("#34539f", "#43a086", "#96c9b4", "#7a559f", "#6b97c9", "#2b817b")
DEEP = ("#2a357e", "#8a2142", "#4f3079", "#205a63", "#252b5c", "#a9282f")


@dataclass
class Piece:
    """A convex piece of cloth, whole or sewn from two."""

    corners: np.ndarray  # (n, 2)
    point: np.ndarray = None  # where the seam starts
    normal: np.ndarray = None  # points to the second part
    parts: list = field(default_factory=list)
    leaf: int = -1

    @property
    def middle(self):
        """The mean of the corners."""
        return self.corners.mean(axis=0)

    @property
    def area(self):
        """The area in square picture heights."""
        x, y = (self.corners - self.corners[0]).T
        return abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2

    @property
    def fineness(self):
        """How fine a seam it needs: 1 when large, 0.5 when tiny."""
        return np.clip(np.sqrt(self.area) / 0.17, 0.5, 1)

    def axes(self):
        """Unit vectors along the longest side and across it."""
        sides = np.roll(self.corners, -1, axis=0) - self.corners
        long = sides[np.argmax((sides**2).sum(axis=1))]
        long = long / np.hypot(*long)
        return long, np.array([-long[1], long[0]])

    def span(self, axis):
        """The least and greatest extent along an axis."""
        reach = self.corners @ axis
        return reach.min(), reach.max()

    def cut(self, point, normal):
        """Cut along a line and sew again; returns the two parts."""
        self.point, self.normal = point, normal / np.hypot(*normal)
        away = (self.corners - self.point) @ self.normal
        halves = [[], []]
        for k, corner in enumerate(self.corners):
            after = (k + 1) % len(away)
            halves[int(away[k] > 0)].append(corner)
            if (away[k] > 0) != (away[after] > 0):
                part = away[k] / (away[k] - away[after])
                crossing = mix(corner, self.corners[after], part)
                halves[0].append(crossing)
                halves[1].append(crossing)
        self.parts = [Piece(np.array(half)) for half in halves]
        return self.parts

    def cut_across(self, axis, part, tilt=0.0):
        """Cut across an axis, part (0..1) of the way along it."""
        low, high = self.span(axis)
        side = np.array([-axis[1], axis[0]])
        middle = np.mean(self.span(side))
        point = axis * mix(low, high, part) + side * middle
        return self.cut(point, axis + tilt * side)

    def leaves(self):
        """All uncut pieces below."""
        if not self.parts:
            return [self]
        return [leaf for part in self.parts for leaf in part.leaves()]


def busy(point):
    """How small the patches are here, 0..1: a stream crosses the cloth."""
    x, y = point
    stream = y - 0.86 + 0.52 * x + 0.13 * np.sin(5.2 * x)
    knot = np.exp(-((x - 1.28) ** 2 + (y - 0.72) ** 2) / 0.05)
    left = np.exp(-((x - 0.06) ** 2 + (y - 0.16) ** 2) / 0.03)
    return np.clip(np.exp(-((stream / 0.13) ** 2)) + knot + left, 0, 1)


def sew(piece, rng):
    """Cut a piece into remnants until they are small enough, in place."""
    least = mix(0.34, 0.080, busy(piece.middle)) * rng.uniform(0.7, 1.35)
    low, high = piece.span(piece.axes()[0])
    if piece.area < least**2 and high - low < 2.4 * least:
        finish(piece, rng)
        return
    axis, _ = piece.axes()
    tilt = rng.normal(0, 0.22 if rng.random() < 0.3 else 0.035)
    for part in piece.cut_across(axis, rng.uniform(0.28, 0.72), tilt):
        sew(part, rng)


def finish(piece, rng):
    """Leave a piece whole, or sew one of the old patterns from it."""
    many = len(piece.corners)
    kind = rng.random()
    small = piece.area < 0.016
    if many == 4 and small and kind < 0.30:
        envelope(piece)
    elif many == 4 and kind < (0.55 if small else 0.22):
        first, _, third, _ = piece.corners[np.arange(4) - rng.integers(2)]
        along = third - first
        piece.cut(first, np.array([-along[1], along[0]]))
    elif kind < 0.48 and not small:
        strips(piece, rng, int(rng.integers(3, 6)))
    elif kind < 0.66 and many == 4:
        border(piece, rng)


def envelope(piece):
    """Four triangles that meet in the middle, like an envelope."""
    a, b, c, d = piece.corners
    across, other = c - a, d - b
    for half in piece.cut(a, np.array([-across[1], across[0]])):
        half.cut(b, np.array([-other[1], other[0]]))


def strips(piece, rng, count):
    """Narrow strips side by side."""
    axis = piece.axes()[int(rng.random() < 0.35)]
    for left in range(count, 1, -1):
        part = rng.uniform(0.75, 1.25) / left
        piece = piece.cut_across(axis, part, rng.normal(0, 0.02))[1]


def border(piece, rng):
    """Cut strips off the sides, one after the other, as in a log cabin."""
    for turn in range(4):
        axis = piece.axes()[turn % 2]
        part = rng.uniform(0.16, 0.30)
        if turn // 2:
            piece = piece.cut_across(axis, 1 - part, 0.01)[0]
        else:
            piece = piece.cut_across(axis, part, -0.01)[1]
        if piece.area < 0.003:
            break


class Cloth:
    """The sewn cloth: how much light passes where."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        corners = [(-0.3, -0.3), (2.1, -0.3), (2.1, 1.3), (-0.3, 1.3)]
        self.whole = Piece(np.array(corners))
        sew(self.whole, rng)
        self.noise = Noise(seed + 1)
        self.dye(rng)

    def dye(self, rng):
        """Choose each patch's colour, grain, pitch and place in the bolt."""
        patches = self.whole.leaves()
        middles = np.array([patch.middle for patch in patches])
        sizes = np.sqrt([patch.area for patch in patches])
        colours, grain = [], []
        for k, patch in enumerate(patches):
            patch.leaf = k
            away = np.hypot(*(middles[:k] - middles[k]).T)
            near = np.flatnonzero(away < 0.625 * (sizes[:k] + sizes[k] + 0.1))
            colours.append(pick(patch, [colours[n] for n in near], rng))
            along, _ = patch.axes()
            grain.append(np.arctan2(along[1], along[0]))
        many = len(patches)
        self.colour = np.array([rgb(code) for code in colours])
        self.colour += rng.normal(0, 0.025, (many, 1))
        self.colour = np.clip(self.colour, 0.02, 0.985).astype(np.float32)
        self.grain = np.array(grain) + rng.normal(0, 0.02, many)
        self.pitch = PITCH * rng.choice([0.72, 1.0, 1.35], many)
        self.bolt = rng.uniform(0, 200, many)
        self.figured = rng.choice(4, many, p=(0.36, 0.18, 0.26, 0.20))

    def find(self, u, v):
        """Walk every point (n,) down to its patch.

        Returns the patch of each point (n,) and what the nearest seam
        is like (5, n): how far away, with its sign; the place along it;
        its unit normal's two parts; how wide it is.
        """
        leaf = np.zeros(u.shape, np.int32)
        near = np.full((5, *u.shape), 9.0, np.float32)
        stack = [(self.whole, np.arange(u.size))]
        while stack:
            piece, which = stack.pop()
            if not piece.parts:
                leaf[which] = piece.leaf
                continue
            nx, ny = piece.normal
            du, dv = u[which] - piece.point[0], v[which] - piece.point[1]
            away = nx * du + ny * dv
            closer = np.abs(away) < np.abs(near[0, which])
            at = which[closer]
            near[0, at] = away[closer]
            near[1, at] = (nx * dv - ny * du)[closer]
            near[2, at], near[3, at] = nx, ny
            near[4, at] = SEAM * piece.fineness
            stack.append((piece.parts[0], which[away <= 0]))
            stack.append((piece.parts[1], which[away > 0]))
        return leaf, near

    def light(self, u, v, pixel):
        """Light that passes at cloth points u, v (n,): (n, 3) in 0..1.

        pixel: the width of a pixel, for soft edges.
        """
        pull = 0.0022 * self.noise(u * 16, v * 16)
        leaf, near = self.find(u + pull, v - 0.7 * pull)
        passed = self.colour[leaf] * self.weave(u, v, leaf)[:, None]
        seam = np.flatnonzero(np.abs(near[0]) < 1.6 * near[4])
        away, along, nx, ny, wide = near[:, seam]
        # What lies under a seam is found on its other side.
        over = u[seam] - 2 * away * nx, v[seam] - 2 * away * ny
        other = self.colour[self.find(*over)[0]]
        passed[seam] = self.stitch(
            passed[seam], other, away / wide, along, pixel / wide
        )
        return passed

    def weave(self, u, v, leaf):
        """How open the threads are: about 0.7..1.15."""
        cos, sin = np.cos(self.grain[leaf]), np.sin(self.grain[leaf])
        pitch, bolt = self.pitch[leaf], self.bolt[leaf]
        wander = 0.25 * self.noise(u * 30 + bolt, v * 30)
        warp = (cos * u + sin * v) / pitch + wander
        weft = (cos * v - sin * u) / pitch + wander
        total = 1 + figure(self.figured[leaf], warp * pitch, weft * pitch)
        for across, run in ((warp, weft), (weft, warp)):
            # Hand-spun thread: no two alike, and each swells and thins.
            thread = self.noise(across * 0.9 + bolt, run * 0.022 + bolt)
            slub = self.noise(across * 0.55 - bolt, run * 0.05 + bolt)
            gap = 0.5 + 0.5 * np.cos(2 * np.pi * across)
            total += 0.085 * thread + 0.11 * (gap - 0.6)
            total -= 0.22 * smoothstep(0.42, 0.70, slub)
        return total * (1 + 0.05 * self.noise(u * 7 + bolt, v * 7))

    def stitch(self, own, other, away, along, soft):
        """Light (n, 3) that passes on and near a seam.

        away: distance from the seam's middle, and soft: a pixel, both in
        seam widths (n,); along: the place along it, in picture heights.
        """
        far = np.abs(away)
        inside = smoothstep(0.5 + soft, 0.5 - soft, far)
        layers = own**0.8 * other**0.8 * 0.90
        layers = mix(layers, own, 0.15)
        passed = mix(own, layers, inside[:, None])
        edge = smoothstep(0.11 + soft, 0.03, np.abs(far - 0.5))
        passed = passed * mix(1.0, 0.35 + 0.4 * own, edge[:, None])
        # Stitches pull the cloth: it lies a little thinner between them.
        phase = along / STITCH + 1.6 * away
        phase = phase + 0.25 * self.noise(along * 25, away * 0)
        beat = np.abs(phase - np.round(phase))
        tick = smoothstep(0.28, 0.16, beat)
        tick = tick * smoothstep(0.15 + soft, 0.09, np.abs(far - 0.42))
        thread = mix(layers, 1.0, 0.5)
        pucker = smoothstep(1.6, 0.5, far) * (far > 0.5)
        pucker = 1 + 0.07 * pucker * np.cos(2 * np.pi * phase)
        passed = passed * pucker[:, None]
        return mix(passed, thread, 0.8 * tick[:, None])


def figure(kind, a, b):
    """Denser and thinner silk: 0 plain, 1 stripes, 2 flowers, 3 lozenges.

    a, b: places along the two threads, in picture heights.
    """
    stripes = 0.10 * smoothstep(-0.3, 0.3, np.cos(a * 2 * np.pi / 0.042))
    row = np.floor(b / 0.05)
    da = (a / 0.062 + 0.5 * (row % 2)) % 1 - 0.5
    db = (b / 0.05) % 1 - 0.5
    far, turn = np.hypot(da, 0.85 * db), np.arctan2(db, da)
    petals = 0.27 + 0.07 * np.cos(5 * turn + 2.1 * row)
    flower = smoothstep(petals, petals - 0.06, far)
    flower = flower - 1.3 * smoothstep(0.11, 0.07, far)
    wave = np.cos(a * 150) + np.cos(b * 170)
    lozenge = 0.5 * smoothstep(0.15, 0.5, np.abs(wave))
    return np.choose(kind, (0, -stripes, -0.17 * flower, -0.18 * lozenge))


def pick(patch, near, rng):
    """Choose a dye: pale for large patches, strong for small ones.

    near: the dyes of the neighbours, not to be repeated.
    """
    x, y = patch.middle
    large = smoothstep(0.10, 0.24, np.sqrt(patch.area))
    cold = smoothstep(-0.5, 0.5, 0.9 * (x - 0.8) + 0.7 * (y - 0.55))
    weights = {
        PALE: 0.15 + 0.75 * large,
        WARM: (0.9 - 0.55 * large) * mix(1.0, 0.45, cold),
        COOL: (0.85 - 0.35 * large) * mix(0.4, 1.0, cold),
        DEEP: 0.30 * mix(0.4, 1.2, cold),
    }
    chance = np.array([w for dyes, w in weights.items() for _ in dyes])
    codes = [code for dyes in weights for code in dyes]
    chance = chance * [0.02 if code in near else 1 for code in codes]
    return str(rng.choice(codes, p=chance / chance.sum()))


def drape(x, y, noise):
    """How far the cloth bulges towards us: like x, in picture heights."""
    across = 0.93 * x + 0.36 * y + 0.10 * noise(x * 1.1 + 4, y * 1.1)
    along = 0.93 * y - 0.36 * x
    folds = noise(across * 3.4 + 2, along * 0.55)
    small = noise(across * 8 + 9, along * 1.3 + 3)
    crease = np.exp(-((noise(across * 1.7 + 7, along * 0.5 + 5) / 0.16) ** 2))
    return 0.090 * folds + 0.010 * small + 0.018 * crease


def pleat_edges(y, noise):
    """The pleat's left and right edge at the heights y."""
    left = 1.02 + 0.13 * y + 0.02 * np.sin(4 * y)
    wide = 0.06 + 0.035 * y + 0.012 * noise(y * 4, 0 * y + 2)
    return left, left + wide


def through_cloth(x, y, cloth, noise, pixel):
    """Light that the draped and pleated cloth lets through.

    x, y: (height, width); returns colours (height, width, 3).
    """
    bulge = drape(x, y, noise)
    down, right = np.gradient(bulge, pixel)
    u, v = x + 0.20 * right * 0.2, y + 0.20 * down * 0.2
    left, end = pleat_edges(y, noise)
    wide = end - left
    u = np.where(x > left, u + 2 * wide, u)
    passed = cloth.light(u.ravel(), v.ravel(), pixel).reshape(*x.shape, 3)
    # Seen along its slope, cloth is thicker: colours deepen, not grey.
    slope = np.hypot(right, down)
    thick = np.sqrt(1 + 5.5 * slope**2)
    rows, cols = np.nonzero((x > left) & (x < end))
    a, b = x[rows, cols], y[rows, cols]
    turn = end[rows, cols]
    for back in (a, 2 * turn - a):
        more = cloth.light(back.astype(np.float32), b, pixel)
        passed[rows, cols] *= more**0.25
    edge = np.minimum(np.abs(x - left), np.abs(x - end))
    passed *= (1 - 0.35 * smoothstep(0.006, 0.0, edge))[..., None]
    shade = ramp(
        np.tanh(1.3 * right + 0.7 * down),
        (-1, "#6d5c8e"),
        (-0.4, "#b7a2b8"),
        (0, "#e3d9d8"),
        (0.5, "#fff3dc"),
        (1, "#fffdf2"),
    )
    return np.clip(passed, 0.004, 1) ** thick[..., None] * shade * 1.2


def daylight(x, y, noise):
    """The light behind the cloth: (height, width, 3)."""
    far = np.hypot((x - SUN[0]) * 0.85, y - SUN[1])
    far = far + 0.05 * noise.fractal(x * 2, y * 2 + 30, 3)
    light = ramp(
        far,
        (0.0, "#fffdf4"),
        (0.25, "#fff6dd"),
        (0.6, "#fff6e6"),
        (0.95, "#f3e6dc"),
        (1.25, "#d0c4d6"),
    )
    glow = 0.16 * np.exp(-((far / 0.36) ** 2))
    leaves = branch(x, y)[..., None]
    return light * (1.08 + glow)[..., None] * mix(1, rgb("#9a97ba"), leaves)


def branch(x, y):
    """The blurred shadow of leaves in the sun behind: 0..1, like x."""
    shade = np.zeros_like(x)
    rng = np.random.default_rng(4)
    for _ in range(46):
        at = rng.uniform(-0.1, 1.6), rng.uniform(-0.1, 1.1)
        turn = 0.75 + rng.normal(0, 0.45)
        cos, sin = np.cos(turn), np.sin(turn)
        along = cos * (x - at[0]) + sin * (y - at[1])
        across = cos * (y - at[1]) - sin * (x - at[0]) + 1.2 * along**2
        long = rng.uniform(0.06, 0.14)
        away = np.hypot(along / long, across / (0.17 * long))
        shade = np.maximum(shade, smoothstep(1.5, 0.55, away))
    return shade


def draw(height=800, width=1200, seed=35):
    """Draw the picture: uint8 (height, width, 3)."""
    # Threads need pixels: a small picture is a large one made smaller.
    finer = -(-400 // height)
    x, y = grid(height * finer, width * finer)
    noise, cloth = Noise(seed + 2), Cloth(seed)
    pixel = 1 / (height * finer)
    passed = through_cloth(x, y, cloth, noise, pixel)
    image = daylight(x, y, noise) * passed
    glow = blur(np.clip(image - 0.7, 0, None), max(height * finer // 45, 1))
    image = image + 0.35 * glow
    image = image / (0.93 + 0.13 * image)
    image = mix(image.mean(axis=2, keepdims=True), image, 1.1)
    tiles = image.reshape(height, finer, width, finer, 3)
    return to_bytes(tiles.mean(axis=(1, 3)))


if __name__ == "__main__":
    target(__file__, ".jpg").write_bytes(jpeg(draw()))
