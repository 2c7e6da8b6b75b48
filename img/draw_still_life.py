"""Draw still-life.jpg: a jug, fruit in a bowl and a cloth by a window.

    python draw_still_life.py [output.jpg]

A small ray tracer. Lengths are about 10 cm: x runs to the right, y up from
the table top, z away from us. The light comes through a window in the wall
at the left: the sun's, with sharp shadows, and the sky's, with soft ones.
Points, directions and colours are arrays of shape (n, 3).
"""

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

SEED = 11
EYE = np.array([0.0, 3.7, -11.5], np.float32)
FOCAL = 2.4
HORIZON = -0.02
EDGE = -1.8  # the table's front, z
BACK = 3.2  # the wall behind, z
LEFT = -3.3  # the wall with the window, x
SILL = np.array([(0.55, -4.6), (4.9, 2.55)])  # the window's (y, z) corners
SUN = np.array([-1.0, 0.58, -0.40]) / np.linalg.norm([-1.0, 0.58, -0.40])
SUN = SUN.astype(np.float32)
SUNLIGHT = rgb("#ffdcae") * 3.5
SKYLIGHT = rgb("#bcd0f2") * 2.6
INDOORS = rgb("#8a7f92") * 0.42
BOUNCE = rgb("#c98a58") * 0.38


def dot(a, b):
    """Scalar products along the last axis."""
    return (
        a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1] + a[..., 2] * b[..., 2]
    )


def unit(v):
    """The same directions with length 1."""
    return v / np.sqrt(dot(v, v) + 1e-12)[..., None]


class Shape:
    """Something on the table, inside a ball around its middle."""

    softest = 1.0  # larger lamps than this cast no shadow of it

    def __init__(self, middle, reach, skin):
        """skin: a function of the shape, points and normals; see Skins."""
        self.middle = np.asarray(middle, np.float32)
        self.reach, self.skin = reach, skin

    def passing(self, start, aim, grow=0.0):
        """Which rays come near; grow: how much they widen on their way."""
        to = self.middle - start
        along = dot(to, aim)
        gap = np.maximum(dot(to, to) - along * along, 0)
        wide = self.reach + grow * np.maximum(along, 0)
        return np.nonzero((gap < wide * wide) & (along > -self.reach))[0]

    def hit(self, start, aim):
        """Distances (n,) to the shape along rays, infinite for a miss."""
        far = np.full(len(start), np.inf, np.float32)
        k = self.passing(start, aim)
        far[k] = self.meet(start[k], aim[k])
        return far

    def shine(self, start, aim, soft):
        """How much light (n,) passes; soft: the lamp's size as we see it."""
        free = np.ones(len(start), np.float32)
        if soft > self.softest:
            return free
        k = self.passing(start, aim, soft)
        free[k] = self.dim(start[k], aim[k], soft)
        return free

    def crowd(self, points, normals):
        """How much (n,) the shape hides of the room around points."""
        hidden = np.zeros(len(points), np.float32)
        off = points - self.middle
        k = np.nonzero(dot(off, off) < (self.reach + 0.9) ** 2)[0]
        hidden[k] = self.hide(points[k], normals[k])
        return hidden


class Balls(Shape):
    """One ball or a bunch of them."""

    def __init__(self, middles, radii, skin):
        self.middles = np.asarray(middles, np.float32).reshape(-1, 3)
        self.radii = np.broadcast_to(np.float32(radii), len(self.middles))
        middle = self.middles.mean(axis=0)
        off = np.linalg.norm(self.middles - middle, axis=1) + self.radii
        super().__init__(middle, off.max(), skin)

    def each(self):
        """Pairs of a middle and a radius."""
        return zip(self.middles, self.radii, strict=True)

    def meet(self, start, aim):
        """Distances along rays that come near."""
        far = np.full(len(start), np.inf, np.float32)
        for middle, radius in self.each():
            to = middle - start
            along = dot(to, aim)
            deep = radius**2 - dot(to, to) + along * along
            t = along - np.sqrt(np.maximum(deep, 0))
            np.minimum(far, t, out=far, where=(deep > 0) & (t > 1e-3))
        return far

    def dim(self, start, aim, soft):
        """The light that passes beside the balls."""
        free = np.ones(len(start), np.float32)
        for middle, radius in self.each():
            to = middle - start
            along = dot(to, aim)
            gap = np.sqrt(np.maximum(dot(to, to) - along * along, 0)) - radius
            part = smoothstep(-1, 1, gap / (soft * np.maximum(along, 0.05)))
            np.minimum(free, part, out=free, where=along > 0)
        return free

    def hide(self, points, normals):
        """What the balls cover of the half sphere over each point."""
        seen = np.ones(len(points), np.float32)
        for middle, radius in self.each():
            to = middle - points
            far = np.sqrt(dot(to, to)) + 1e-6
            part = np.clip(dot(normals, to) / far, 0, 1)
            seen *= 1 - part * np.minimum((radius / far) ** 2, 1)
        return 1 - seen

    def distance(self, points):
        """How far (n,) points are from the nearest ball."""
        gaps = [np.linalg.norm(points - m, axis=1) - r for m, r in self.each()]
        return np.min(gaps, axis=0)

    def nearest(self, points):
        """Which ball each point lies on."""
        best = np.full(len(points), np.inf, np.float32)
        which = np.zeros(len(points), int)
        for k, (middle, radius) in enumerate(self.each()):
            off = points - middle
            gap = np.abs(dot(off, off) - radius**2)
            which[gap < best] = k
            best = np.minimum(best, gap)
        return which

    def normal(self, points):
        """Directions out of the balls."""
        return unit(points - self.middles[self.nearest(points)])


class Solid(Shape):
    """Anything that can tell how far (n,) points are from it."""

    careful = 0.9  # how much of that distance a ray may go at once
    paces = 20  # how many steps towards the light

    def meet(self, start, aim):
        """Walk along rays that come near until they touch."""
        to = self.middle - start
        along = dot(to, aim)
        half = np.sqrt(np.maximum(self.reach**2 - dot(to, to) + along**2, 0))
        t, end = np.maximum(along - half, 1e-3), along + half
        left = np.arange(len(start))
        for _ in range(90):
            gap = self.distance(start[left] + t[left, None] * aim[left])
            t[left] += self.careful * gap
            left = left[(gap > 8e-4) & (t[left] < end[left])]
            if not left.size:
                break
        t[left] = np.inf
        return np.where(t < end, t, np.inf)

    def dim(self, start, aim, soft):
        """Walk towards the light and note the narrowest passage."""
        along = dot(self.middle - start, aim)
        t = np.maximum(along - self.reach, 0.05)
        least = np.ones(len(start), np.float32)
        left = np.arange(len(start))
        for _ in range(self.paces):
            s = t[left]
            gap = self.distance(start[left] + s[:, None] * aim[left])
            least[left] = np.minimum(least[left], gap / (soft * s))
            s = s + np.clip(0.8 * np.abs(gap), 0.06, 0.7)
            t[left] = s
            left = left[(least[left] > -1) & (s < along[left] + self.reach)]
            if not left.size:
                break
        return smoothstep(-1, 1, least)

    def hide(self, points, normals):
        """Feel along the normals for walls nearer than they should be."""
        total = 0.0
        for far, part in ((0.06, 0.3), (0.18, 0.3), (0.4, 0.25), (0.8, 0.15)):
            gap = self.distance(points + far * normals)
            total = total + part * np.clip(1 - gap / far, 0, 1)
        return np.clip(total, 0, 0.95)

    def normal(self, points):
        """The direction in which the distance grows fastest."""
        total = 0.0
        for sign in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
            step = np.array(sign, np.float32)
            gap = self.distance(points + 0.004 * step)
            total = total + gap[:, None] * step
        return unit(total)


class Lathe(Solid):
    """A turned thing: jug, bowl, pear."""

    cells = 60  # of the distance table, per unit

    def __init__(self, outline, foot, skin, turn=None, size=1.0, spout=0.0):
        """outline: points (radius, height), from the axis to the axis;
        foot: where its (0, 0) stands; turn: rotation matrix (3, 3)."""
        self.outline = smooth(np.array(outline) * size)
        self.foot = np.asarray(foot, np.float32)
        self.turn = np.eye(3) if turn is None else np.asarray(turn)
        self.turn = self.turn.astype(np.float32)
        self.spout, self.top = spout, self.outline[:, 1].max()
        heart = self.turn @ np.array([0, self.top / 2, 0])
        reach = np.hypot(self.outline[:, 0], self.outline[:, 1] - self.top / 2)
        bound = reach.max() * (1 + 0.25 * spout) + 0.05
        super().__init__(self.foot + heart, bound, skin)
        self.table = self.measure()

    def measure(self):
        """Signed distances from the outline, on a grid of (r, y)."""
        self.size = self.outline.max(axis=0) + 0.3
        many = (self.size + [0, 0.3]) * self.cells
        r, y = np.mgrid[0 : int(many[0]), 0 : int(many[1])] / self.cells
        y -= 0.3
        best, inside = np.full(r.shape, np.inf), np.zeros(r.shape, bool)
        for (ar, ay), (br, by) in zip(
            self.outline, self.outline[1:], strict=False
        ):
            dr, dy = br - ar, by - ay
            t = ((r - ar) * dr + (y - ay) * dy) / (dr * dr + dy * dy + 1e-12)
            t = np.clip(t, 0, 1)
            best = np.minimum(best, np.hypot(r - ar - t * dr, y - ay - t * dy))
            if ay != by:
                cross = ar + (y - ay) / dy * dr
                inside ^= ((ay > y) != (by > y)) & (r < cross)
        return np.where(inside, -best, best).astype(np.float32)

    def local(self, points):
        """Points in the thing's own upright frame."""
        return (points - self.foot) @ self.turn

    def distance(self, points):
        """Look the distance up, blending the four nearest cells."""
        x, y, z = self.local(points).T
        r = np.sqrt(x * x + z * z)
        if self.spout:
            lean = np.clip(-x / (r + 1e-6), 0, 1) ** 8
            lip = smoothstep(0.72, 1, y / self.top)
            r = r / (1 + self.spout * lean * lip)
        i, j = r * self.cells, (y + 0.3) * self.cells
        m, n = self.table.shape
        ci, cj = np.clip(i, 0, m - 1.01), np.clip(j, 0, n - 1.01)
        out = np.hypot(i - ci, j - cj) / self.cells
        a, b = ci.astype(np.int32), cj.astype(np.int32)
        fi, fj = ci - a, cj - b
        at, flat = a * n + b, self.table.ravel()
        low = mix(flat[at], flat[at + n], fi)
        high = mix(flat[at + 1], flat[at + n + 1], fi)
        return mix(low, high, fj) + out


def smooth(points, parts=8):
    """Draw a curve through points (n, d), bending softly at each."""
    ends = np.concatenate([points[:1], points, points[-1:]])
    t = np.arange(parts)[:, None] / parts
    curve = []
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        bend = (2 * a - 5 * b + 4 * c - d) * t * t
        curl = (3 * b - a - 3 * c + d) * t**3
        curve.append(0.5 * (2 * b + (c - a) * t + bend + curl))
    curve = np.concatenate([*curve, points[-1:]])
    if points.shape[1] == 2:
        curve[:, 0] = np.maximum(curve[:, 0], 0)
    return curve


class Tube(Solid):
    """A bent rod: a handle, a stalk."""

    softest = 0.1

    def __init__(self, points, thick, skin, parts=3):
        """points: (n, 3) along it; thick: radii at its two ends."""
        self.points = smooth(np.array(points, np.float32), parts)
        self.points = self.points.astype(np.float32)
        self.thick = np.linspace(*thick, len(self.points), dtype=np.float32)
        middle = (self.points.max(axis=0) + self.points.min(axis=0)) / 2
        far = np.linalg.norm(self.points - middle, axis=1).max()
        super().__init__(middle, far + max(thick), skin)

    def distance(self, points):
        """How far the nearest piece is."""
        best = np.full(len(points), np.inf, np.float32)
        for k in range(len(self.points) - 1):
            a, b = self.points[k], self.points[k + 1]
            t = np.clip((points - a) @ (b - a) / dot(b - a, b - a), 0, 1)
            off = points - a - t[:, None] * (b - a)
            wide = mix(self.thick[k], self.thick[k + 1], t)
            best = np.minimum(best, np.sqrt(dot(off, off)) - wide)
        return best


class Cloth(Solid):
    """A square cloth, one corner of it hanging over the table's edge."""

    careful = 0.55
    half = 2.15

    def __init__(self, middle, turn, skin, seed):
        """middle: (x, z) on the table; turn: how it lies, radians."""
        self.at, self.angle = middle, turn
        self.noise = Noise(seed)
        super().__init__((middle[0], -0.3, middle[1]), 3.3, skin)

    def weave(self, points):
        """Places on the cloth: across and along its stripes."""
        x, y, z = points.T
        down = np.maximum(z - EDGE, 0) + np.minimum(y, 0)
        x, s = x - self.at[0], down - (self.at[1] - EDGE)
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return cos * x + sin * s, cos * s - sin * x

    def distance(self, points):
        """How far the folded cloth is; it also fills the table below."""
        x, y, z = points.T
        out, up = EDGE - z, y
        block = np.hypot(np.maximum(out, 0), np.maximum(up, 0))
        block = block + np.minimum(np.maximum(out, up), 0)
        u, v = self.weave(points)
        hang = smoothstep(0.05, -1.9, y)
        wave = np.sin(5.2 * x + 1.3 * np.sin(1.7 * x) + 0.8 * y)
        fold = 0.02 + hang * (0.12 + 0.1 * wave)
        crease = self.noise(u * 0.9 + 3, v * 0.55) + 0.5 * self.noise(
            u * 1.9 - v * 0.6, v * 1.3 + u * 0.5
        )
        ridge = np.clip(1 - 3.2 * np.abs(crease), 0, 1) ** 2
        fold = fold + 0.085 * smoothstep(-0.35, 0.0, y) * ridge
        edge = np.maximum(np.abs(u), np.abs(v)) - self.half
        edge = edge + 0.03 * self.noise(u * 1.2, v * 1.2 + 9)
        return np.maximum(block - fold, edge)


def tilt(lean, towards):
    """Rotation (3, 3) that leans an upright thing; angles in radians."""
    c, s = np.cos(towards), np.sin(towards)
    around = np.array([(c, 0, -s), (0, 1, 0), (s, 0, c)])
    c, s = np.cos(lean), np.sin(lean)
    fall = np.array([(c, s, 0), (-s, c, 0), (0, 0, 1)])
    return around @ fall @ around.T


class Skins:
    """Colour, gloss and small bumps of everything, from its points."""

    def __init__(self, seed):
        self.noise, self.fine = Noise(seed), Noise(seed + 1)

    def rough(self, points, scale, count=3):
        """Noise (n,) through space, without a grain."""
        x, y, z = (points * scale).T
        return 0.6 * (
            self.noise.fractal(x + 0.5 * z, y + 0.3 * z, count)
            + self.fine.fractal(z - 0.5 * x + 7, y - 0.4 * x, count)
        )

    def bumped(self, points, normals, scale, strength):
        """Normals as on a surface with dents."""
        low = self.rough(points, scale, 2)
        steps = 0.25 / scale * np.eye(3, dtype=np.float32)
        rise = [self.rough(points + step, scale, 2) - low for step in steps]
        return unit(normals - strength * np.stack(rise, axis=1))

    def glaze(self, shape, points, normals):
        """Stoneware under a blue-green glaze that ran down its side."""
        at = points - np.array([-1.35, 0, 1.0], np.float32)
        turn = np.arctan2(at[:, 2], at[:, 0])
        run = 0.16 * self.noise(turn * 2.6 + 9, 0 * turn + 2)
        run = run + 0.30 * np.clip(self.noise(turn * 4.5, 0 * turn), 0, 1)
        y = at[:, 1]
        line = y - 1.2 + run
        glazed = smoothstep(-0.012, 0.012, line)
        cloud = self.rough(points, 2.2, 4)
        blue = ramp(
            0.5 * cloud + 0.33 * (y - 1.9),
            (-0.8, "#0a4a5c"),
            (-0.2, "#0f6d7a"),
            (0.15, "#2a9495"),
            (0.5, "#63b8a8"),
            (0.9, "#a8d8bd"),
        )
        # Where the glaze ends it gathers in a dark bead.
        bead = np.exp(-(((line - 0.05) / 0.05) ** 2)) * glazed
        blue = mix(blue, rgb("#06384a"), 0.75 * bead[:, None])
        clay = ramp(
            self.rough(points, 9, 3), (-0.8, "#a5673f"), (0.7, "#d9a877")
        )
        speck = smoothstep(0.42, 0.55, self.rough(points, 17, 2))[:, None]
        clay = mix(clay, rgb("#54301f"), 0.7 * speck)
        blue = mix(blue, rgb("#0a3542"), 0.5 * speck)
        rings = 0.05 * np.sin(y * 34 + cloud)
        normals = unit(normals + rings[:, None] * np.array([0, 1, 0]))
        colour = mix(clay, blue, glazed[:, None])
        return colour, mix(0.08, 1.0, glazed), normals

    def china(self, shape, points, normals):
        """White tin glaze with painted bands and leaves in cobalt."""
        at = shape.local(points)
        turn, y = np.arctan2(at[:, 2], at[:, 0]), at[:, 1]
        wobble = 0.02 * self.noise(turn * 5, y * 3)
        line = y + wobble
        k = turn * 14 / (2 * np.pi)
        leaf = np.abs((k - np.floor(k) - 0.5) * 2)
        tall = np.abs(line - 0.62) / 0.19
        paint = smoothstep(0.9, 0.75, leaf**1.3 + tall**1.6)
        vein = smoothstep(0.05, 0.12, np.abs(leaf - 0.03))
        paint = paint * mix(0.35, 1, vein)
        for height, wide in ((0.36, 0.03), (0.30, 0.012), (0.88, 0.035)):
            band = smoothstep(wide, wide - 0.012, np.abs(line - height))
            paint = np.maximum(paint, band)
        rim = smoothstep(1.03, 1.05, y)
        paint = np.maximum(paint, rim) * mix(
            0.7, 1, smoothstep(-0.5, 0.3, self.rough(points, 6))
        )
        cobalt = mix(rgb("#2b4fae"), rgb("#122a74"), paint[:, None])
        white = rgb("#f1e9da") * (1 + 0.05 * self.rough(points, 3)[:, None])
        colour = mix(white, cobalt, paint[:, None])
        return colour, np.full(len(points), 0.85), normals

    def orange(self, shape, points, normals):
        """Peel: dimples and a waxy gloss."""
        dents = self.bumped(points, normals, 17, 0.22)
        tone = self.rough(points + shape.middle, 2.0)
        colour = ramp(
            tone, (-0.8, "#d64e04"), (0.1, "#e86008"), (0.8, "#f27a12")
        )
        pore = smoothstep(0.3, 0.7, self.rough(points, 16, 2))[:, None]
        return mix(colour, rgb("#c84a04"), 0.5 * pore), 0.16, dents

    def pear(self, shape, points, normals):
        """Green to yellow, a red cheek, freckles and a brown end."""
        at = shape.local(points)
        tall = at[:, 1] / shape.top
        patch = self.rough(points, 1.6)
        ripe = 0.4 * patch + 0.5 - 0.5 * tall
        colour = ramp(
            ripe, (-0.1, "#8c8430"), (0.25, "#b89838"), (0.6, "#daa446")
        )
        side = at[:, 0] * shape.blush[0] + at[:, 2] * shape.blush[1]
        red = smoothstep(-0.02, 0.5, side + 0.3 * patch)
        streak = 0.75 + 0.3 * self.rough(points * [1, 0.3, 1], 7)
        colour = mix(colour, rgb("#c4452a"), (0.9 * red * streak)[:, None])
        dots = smoothstep(0.45, 0.62, self.rough(points, 15, 2))
        ends = smoothstep(0.12, 0.0, np.hypot(at[:, 0], at[:, 2]))
        brown = np.maximum(0.6 * dots, ends)[:, None]
        colour = mix(colour, rgb("#7c5a26"), brown)
        return colour, 0.30, self.bumped(points, normals, 3, 0.12)

    def grape(self, shape, points, normals):
        """Dark skins under a pale bloom, rubbed off in places."""
        which = shape.nearest(points)
        tones = np.array(
            [rgb(c) for c in ("#301440", "#3c143c", "#221644", "#4a1834")]
        )
        colour = tones[which % 4]
        bloom = smoothstep(-0.5, 0.5, self.rough(points, 5))
        bloom = 0.36 * bloom * np.clip(0.5 + normals[:, 1], 0, 1)
        colour = mix(colour, rgb("#8a93b8"), bloom[:, None])
        return colour, 0.42 - bloom, self.bumped(points, normals, 5, 0.03)

    def linen(self, shape, points, normals):
        """Cream cloth with red and blue stripes, woven."""
        u, v = shape.weave(points)
        stripe = np.zeros(len(points))
        k = np.mod(u + 5, 0.86)
        red = smoothstep(0.012, 0.0, np.abs(k - 0.43) - 0.13)
        for at in (0.2, 0.66):
            line = smoothstep(0.01, 0.0, np.abs(k - at) - 0.022)
            stripe = np.maximum(stripe, line)
        hem = np.maximum(np.abs(u), np.abs(v)) - shape.half + 0.12
        stripe = np.maximum(stripe, smoothstep(0.012, 0, np.abs(hem) - 0.02))
        thread = 0.5 * np.sin(u * 95) * np.sin(v * 95)
        thread = thread + self.noise(u * 22, v * 3) + self.noise(u * 3, v * 22)
        cream = rgb("#ece0c6") * (1 + 0.045 * thread[:, None])
        colour = mix(cream, rgb("#b2342c"), 0.92 * red[:, None])
        colour = mix(colour, rgb("#2c4583"), 0.9 * stripe[:, None])
        return colour * (1 + 0.05 * thread[:, None]), 0.0, normals

    def stalk(self, shape, points, normals):
        """Dry brown wood."""
        bark = self.rough(points, 14)
        return ramp(bark, (-0.7, "#4a2f18"), (0.7, "#8b6a3a")), 0.1, normals

    def twig(self, shape, points, normals):
        """Green twigs of the grapes."""
        tone = self.rough(points, 8)
        return ramp(tone, (-0.7, "#5b6a2a"), (0.7, "#93a04a")), 0.15, normals

    def table(self, points, normals):
        """Old walnut boards with a dull polish."""
        x, y, z = points.T
        down = np.maximum(z - EDGE, 0) + np.minimum(y, 0)
        board = np.floor((down + 0.35) / 1.15)
        shift = board * 7.3
        ring = self.noise.fractal(x * 0.35 + shift, down * 2.4 + shift, 3)
        grain = self.fine.fractal(x * 1.3 + shift, down * 22, 3)
        tone = 0.55 * np.sin(9 * ring) + 0.5 * grain
        colour = ramp(
            tone,
            (-1.0, "#3d2012"),
            (-0.3, "#63371c"),
            (0.3, "#8a532b"),
            (1.0, "#b57a44"),
        )
        colour = colour * (1 + 0.12 * np.sin(board * 2.7))[:, None]
        gap = np.abs((down + 0.35) / 1.15 - board - 0.5)
        seam = smoothstep(0.488, 0.497, gap)[:, None]
        dents = normals + (0.02 * grain)[:, None] * np.array([0, 0, 1])
        return mix(colour, rgb("#1c0f0a"), 0.85 * seam), 0.4, unit(dents)

    def plaster(self, points, normals):
        """An ochre wall, trowelled long ago."""
        x, y, z = points.T
        along = x + z
        patch = self.noise.fractal(along * 0.55, y * 0.55, 5)
        trowel = self.fine.fractal(along * 4, y * 4, 5, 0.6)
        colour = ramp(
            0.8 * patch + 0.32 * trowel,
            (-0.9, "#84705a"),
            (-0.2, "#ab9372"),
            (0.3, "#c3ab84"),
            (0.9, "#d6c298"),
        )
        return colour, 0.0, self.bumped(points, normals, 6, 0.11)


def arrangement(seed):
    """Everything on the table."""
    skins = Skins(seed)
    jug = [
        (0, 0), (0.55, 0), (0.62, 0.05), (0.64, 0.14), (0.88, 0.6),
        (1.02, 1.1), (0.95, 1.6), (0.68, 2.05), (0.5, 2.4), (0.52, 2.7),
        (0.64, 2.98), (0.67, 3.06), (0.62, 3.07), (0.55, 2.95), (0.42, 2.6),
        (0.4, 2.3), (0, 2.2),
    ]  # fmt: skip
    dish = [
        (0, 0), (0.62, 0), (0.66, 0.04), (0.64, 0.2), (0.95, 0.3),
        (1.4, 0.58), (1.7, 0.98), (1.74, 1.07), (1.68, 1.09), (1.6, 1.0),
        (1.3, 0.66), (0.9, 0.42), (0, 0.34),
    ]  # fmt: skip
    spot = np.array([1.05, 0.06, 0.55])
    bowl = Lathe(dish, spot, skins.china)
    shapes = [
        Lathe(jug, (-1.35, 0, 1.0), skins.glaze, spout=0.34),
        Tube(
            [(-0.88, 2.72, 1.0), (-0.45, 2.82, 0.9), (-0.02, 2.45, 0.8),
             (-0.02, 1.9, 0.8), (-0.42, 1.3, 0.92)],
            (0.15, 0.12), skins.glaze, 9,
        ),
        bowl,
        Cloth((0.35, -0.35), 0.62, skins.linen, seed),
    ]  # fmt: skip
    for at, radius in (
        ((0.45, 1.05, 0.2), 0.52), ((1.35, 1.02, -0.25), 0.50),
        ((0.95, 1.0, 1.15), 0.52), ((0.72, 1.62, 0.78), 0.48),
        ((-2.35, 0.5, 0.15), 0.5),
    ):  # fmt: skip
        shapes.append(Balls(at, radius, skins.orange))
    for foot, lean, towards, size in (
        ((1.75, 0.72, 0.55), 0.35, 0.3, 1.12),
        ((1.12, 1.02, 0.55), 0.25, 2.6, 1.12),
        ((-1.72, 0.5, -0.62), 1.3, -0.35, 1.1),
    ):
        shapes += pear(foot, lean, towards, size, skins)
    fruit = [shape for shape in shapes[4:] if not isinstance(shape, Tube)]
    shapes += grapes([bowl, *fruit], skins, seed)
    return shapes, skins


def pear(foot, lean, towards, size, skins):
    """A pear and its stalk."""
    outline = [
        (0, 0.06), (0.12, 0.02), (0.3, 0.02), (0.47, 0.18), (0.52, 0.42),
        (0.46, 0.68), (0.32, 0.92), (0.25, 1.1), (0.2, 1.24), (0.1, 1.31),
        (0, 1.28),
    ]  # fmt: skip
    turn = tilt(lean, towards)
    body = Lathe(outline, foot, skins.pear, turn, size)
    body.blush = (np.array([0.6, 0.4, -0.7]) @ turn)[[0, 2]]
    bend = [(0, 1.2, 0), (0.02, 1.42, 0), (0.09, 1.58, 0.03), (0.12, 1.64, 0)]
    path = np.array(bend) * size @ turn.T + foot
    return [body, Tube(path, (0.035, 0.05), skins.stalk)]


def grapes(others, skins, seed):
    """A bunch that hangs out of the bowl down to the cloth."""
    rng = np.random.default_rng(seed)
    stem = smooth(np.array([
        (1.75, 1.4, 0.0), (1.95, 1.4, -0.5), (2.15, 1.0, -1.0),
        (2.2, 0.45, -1.15), (1.9, 0.2, -1.3), (1.2, 0.15, -1.4),
    ]))  # fmt: skip
    many = 76
    spread = np.interp(np.linspace(0, 1, many), (0, 0.4, 1), (0.3, 0.4, 0.15))
    at = stem[np.linspace(0, len(stem) - 1, many).astype(int)]
    at = at + unit(rng.normal(0, 1, (many, 3))) * spread[:, None]
    radii = rng.uniform(0.145, 0.185, many)
    home = at.copy()
    for _ in range(120):
        gap = at[:, None] - at[None]
        far = np.sqrt(dot(gap, gap)) + np.eye(many)
        push = np.maximum((radii[:, None] + radii) * 0.96 - far, 0) / far
        home[:, 1] -= 0.0008
        np.fill_diagonal(push, 0)
        at = at + 0.4 * (push[..., None] * gap).sum(axis=1)
        at = at + 0.03 * (home - at)
        for other in others:
            here = at.astype(np.float32)
            deep = np.maximum(radii - other.distance(here), 0)
            at = at + deep[:, None] * other.normal(here)
        at[:, 1] = np.maximum(at[:, 1], radii + 0.04)
    twig = smooth(stem[::8] + [0, 0.12, 0], 2)
    return [
        Balls(at, radii, skins.grape),
        Tube(twig[:8], (0.05, 0.03), skins.twig),
    ]


class Room:
    """Table, walls and window: everything flat."""

    def __init__(self, skins):
        self.skins = skins

    def meet(self, start, aim):
        """Distances and normals of the planes a ray runs into.

        Returns distances (n,) and which plane (n,): 0 table top, 1 its
        front, 2 the wall behind, 3 the wall with the window.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            spans = [
                (0 - start[:, 1]) / aim[:, 1],
                (EDGE - start[:, 2]) / aim[:, 2],
                (BACK - start[:, 2]) / aim[:, 2],
                (LEFT - start[:, 0]) / aim[:, 0],
            ]
        for k, t in enumerate(spans):
            at = start + np.where(np.isfinite(t), t, 0)[:, None] * aim
            miss = ~(t > 1e-3)
            if k == 0:
                miss |= (at[:, 2] < EDGE) | (at[:, 2] > BACK)
            if k == 1:
                miss |= at[:, 1] > 0
            t[miss] = np.inf
        spans = np.stack(spans)
        return spans.min(axis=0), spans.argmin(axis=0)

    def paint(self, which, points, aim):
        """Colour, gloss, normals and own light of points on the planes."""
        normals = np.array([(0, 1, 0), (0, 0, -1), (0, 0, -1), (1, 0, 0)])
        normals = normals[which].astype(np.float32)
        colour, gloss = np.ones_like(points), np.zeros(len(points), np.float32)
        glow = np.zeros_like(points)
        wood = which < 2
        parts = (
            (wood, self.skins.table), (~wood, self.skins.plaster),
        )  # fmt: skip
        for k, skin in parts:
            if k.any():
                found = skin(points[k], normals[k])
                colour[k], gloss[k], normals[k] = found
        gloss[which == 1] = 0
        colour[which == 1] *= 0.72
        # A worn edge catches the light.
        worn = np.maximum(EDGE + 0.07 - points[:, 2], points[:, 1] + 0.07)
        worn = wood * smoothstep(0, 0.07, worn) * (points[:, 2] < EDGE + 0.07)
        round_ = np.array([0, 0.75, -0.65], np.float32)
        normals = unit(mix(normals, round_, worn[:, None])).astype(np.float32)
        k = np.nonzero(which == 3)[0]
        colour[k], glow[k] = window(points[k], aim[k], colour[k])
        return colour, gloss, normals, glow


def panes(y, z, soft):
    """How much light comes through the window at y, z; soft: blur (n,)."""
    (low, near), (high, far) = SILL
    light = smoothstep(-soft, soft, np.minimum(y - low, high - y))
    light = light * smoothstep(-soft, soft, np.minimum(z - near, far - z))
    for at, edge, count in ((y, (low, high), 4), (z, (near, far), 7)):
        step = (edge[1] - edge[0]) / count
        gap = np.abs(np.mod(at - edge[0] + step / 2, step) - step / 2)
        light = light * smoothstep(-soft, soft, gap - 0.06)
    return light


def garden(y, z):
    """What is seen through the window, out of focus: colours (n, 3)."""
    noise = Noise(5)
    leaves = noise.fractal(z * 0.8 + 3, y * 0.8, 3)
    tall = y - 1.9 + 0.9 * leaves + 0.25 * z
    green = ramp(
        leaves + 0.5 * noise(z * 2.1, y * 2.1),
        (-0.8, "#3f6a34"), (0, "#8fb04a"), (0.7, "#d8dc84"),
    )  # fmt: skip
    sky = ramp(y, (1.5, "#fff3dc"), (5, "#cfe4ff"))
    return mix(green * 0.85, sky * 1.35, smoothstep(-0.5, 0.6, tall)[:, None])


def window(points, aim, wall):
    """The wall with the window: colours and own light (n, 3)."""
    y, z = points[:, 1], points[:, 2]
    hole = panes_open(y, z)
    deep = points + aim * (-0.3 / np.minimum(aim[:, 0], -1e-3))[:, None]
    dy, dz = deep[:, 1], deep[:, 2]
    bars = panes(dy, dz, np.full(len(y), 0.006))
    inside = panes_open(dy, dz)
    frame = rgb("#d9d2c6") * 0.62
    view = mix(frame, garden(dy, dz), bars[:, None])
    side = rgb("#e9dcc4") * np.where(dz > SILL[1, 1], 0.95, 0.8)[:, None]
    glow = np.where(inside[:, None], view, side)
    trim = ~hole & panes_open(y, z, 0.14)
    wall = np.where(trim[:, None], rgb("#e4dccb"), wall)
    groove = panes_open(y, z, 0.075) & ~panes_open(y, z, 0.055)
    wall = np.where(groove[:, None], rgb("#8d8272"), wall)
    wall = np.where(hole[:, None], 0, wall)
    return wall, np.where(hole[:, None], glow, 0)


def panes_open(y, z, wider=0.0):
    """Whether y, z lie in the window's opening."""
    (low, near), (high, far) = SILL + [[-wider], [wider]]
    return (y > low) & (y < high) & (z > near) & (z < far)


class Picture:
    """Traces rays through the room."""

    def __init__(self, seed):
        self.shapes, skins = arrangement(seed)
        self.room = Room(skins)

    def find(self, start, aim):
        """Distance and number of what each ray meets; planes count from 50."""
        far, which = self.room.meet(start, aim)
        which = which + 50
        for k, shape in enumerate(self.shapes):
            t = shape.hit(start, aim)
            which[t < far] = k
            far = np.minimum(far, t)
        return far, which

    def colours(self, start, aim, bounces=1):
        """What rays see: colours (n, 3) and which shape (n,)."""
        far, which = self.find(start, aim)
        points = start + np.minimum(far, 99)[:, None] * aim
        colour, glow = np.zeros_like(points), np.zeros_like(points)
        normal, gloss = np.zeros_like(points), np.zeros(len(points))
        flat = which >= 50
        if flat.any():
            found = self.room.paint(which[flat] - 50, points[flat], aim[flat])
            colour[flat], gloss[flat], normal[flat], glow[flat] = found
        geometric = normal.copy()
        for k, shape in enumerate(self.shapes):
            on = which == k
            if on.any():
                geometric[on] = shape.normal(points[on])
                found = shape.skin(shape, points[on], geometric[on])
                colour[on], gloss[on], normal[on] = found
        light = self.light(points, normal, geometric, bounces)
        seen = np.clip(colour, 0, 1) ** 1.55 * light + glow
        return self.polish(seen, points, aim, normal, gloss, bounces), which

    def light(self, points, normals, geometric, fine):
        """The light that falls on each point: (n, 3); fine: soft shadows."""
        start = points + 0.012 * geometric
        sun = sunbeam(points) * np.clip(dot(normals, SUN), 0, 1)
        middle = np.array([LEFT, 2.9, 0.4], np.float32)
        off = middle - points
        far2 = dot(off, off)
        aim = off / np.sqrt(far2)[:, None]
        facing = np.clip(0.25 + dot(normals, aim), 0, 1.25) / 1.25
        sky = facing * np.clip(aim[:, 0] * -1, 0.05, 1) * 14 / (far2 + 5)
        hidden = np.ones(len(points))
        towards = np.broadcast_to(SUN, points.shape)
        for shape in self.shapes:
            k = np.nonzero(sun > 0.004)[0]
            sun[k] *= shape.shine(start[k], towards[k], 0.035)
            if fine:
                sky *= shape.shine(start, aim, 0.33)
            hidden *= 1 - shape.crowd(start, normals)
        hidden *= corners(points, normals)
        up = 0.5 + 0.5 * normals[:, 1]
        room = INDOORS * (0.55 + 0.45 * up)[:, None]
        warm = np.clip(
            0.45 - 0.35 * normals[:, 1] + 0.35 * normals[:, 0], 0, 1
        )
        room = (room + BOUNCE * warm[:, None]) * hidden[:, None]
        soft = (sky * mix(0.45, 1, hidden))[:, None] * SKYLIGHT
        return sun[:, None] * SUNLIGHT + soft + room

    def polish(self, seen, points, aim, normals, gloss, bounces):
        """Add what shiny things mirror."""
        k = np.nonzero(gloss > 0.05)[0]
        if not (k.size and bounces):
            return seen
        cosine = np.clip(-dot(aim[k], normals[k]), 0, 1)
        back = aim[k] + 2 * cosine[:, None] * normals[k]
        start = points[k] + 0.02 * normals[k]
        mirrored, _ = self.colours(start, unit(back), bounces - 1)
        share = gloss[k] * (0.045 + 0.75 * (1 - cosine) ** 5)
        seen[k] = mix(seen[k], mirrored, np.clip(share, 0, 0.8)[:, None])
        # The sun itself and the bright sky leave a highlight.
        spark = np.clip(dot(back, SUN), 0, 1) ** (30 + 300 * gloss[k])
        spark = spark * gloss[k] * sunbeam(points[k])
        seen[k] += (0.9 * spark)[:, None] * SUNLIGHT
        seen[k] += (1.3 * gloss[k] * sheen(start, back))[:, None] * SKYLIGHT
        return seen


def sunbeam(points):
    """How much sun comes through the panes to each point: (n,)."""
    t = (LEFT - points[:, 0]) / SUN[0]
    y, z = (points[:, k] + t * SUN[k] for k in (1, 2))
    return panes(y, z, 0.02 + 0.009 * np.maximum(t, 0))


def sheen(start, back):
    """The window's own mirror image in a glaze: (n,)."""
    t = (LEFT - start[:, 0]) / np.minimum(back[:, 0], -1e-3)
    y, z = (start[:, k] + t * back[:, k] for k in (1, 2))
    seen = panes(y, z, np.full(len(t), 0.12)) * (back[:, 0] < -0.01)
    return 0.18 * seen


def corners(points, normals):
    """Less light where walls and table meet: (n,)."""
    x, y, z = points.T
    wall = 1 - 0.5 * np.exp(-np.abs(BACK - z) / 0.5) * (normals[:, 1] > 0.5)
    table = 1 - 0.5 * np.exp(-np.abs(y) / 0.5) * (z > BACK - 0.1)
    left = 1 - 0.35 * np.exp(-np.abs(x - LEFT) / 0.5)
    under = np.where((z < EDGE + 0.01) & (y < 0), 0.75, 1)
    return wall * table * left * under


def rays(rows, cols, height, width):
    """Start and direction of the rays through places in the picture."""
    x = (cols - width / 2) / height / FOCAL
    y = (HORIZON - rows / height) / FOCAL
    aim = unit(np.stack([x, y, np.ones_like(x)], axis=1).astype(np.float32))
    return np.broadcast_to(EYE, aim.shape), aim


def trace(picture, rows, cols, height, width):
    """Colours and shapes seen at places in the picture, a part at a time."""
    parts = [
        picture.colours(*rays(rows[k : k + 60000], cols[k : k + 60000],
                              height, width))
        for k in range(0, len(rows), 60000)
    ]  # fmt: skip
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def jagged(seen, which):
    """Pixels at the edge of a shape or of a sharp shadow: True there."""
    tone = np.sqrt(np.clip(seen, 0, 1)).mean(axis=-1)
    rough = np.zeros(which.shape, bool)
    for axis in (0, 1):
        for step in (1, -1):
            rough |= np.roll(which, step, axis) != which
            rough |= np.abs(np.roll(tone, step, axis) - tone) > 0.1
    return rough


def grade(picture):
    """Finish like a photograph: bloom, a soft shoulder, rich darks."""
    height = picture.shape[0]
    glow = np.clip(picture - 0.85, 0, 1.5)
    for radius, part in ((0.006, 0.10), (0.03, 0.10)):
        picture = picture + part * blur(glow, max(int(radius * height), 1))
    picture = 1 - np.exp(-1.25 * np.clip(picture, 0, None))
    picture = picture ** (1 / 1.9)
    picture = mix(picture, smoothstep(0.02, 0.98, picture), 0.6)
    grey = picture.mean(axis=-1, keepdims=True)
    return mix(grey, picture, 1.15)


def draw(height=800, width=1200, seed=SEED):
    """Draw the picture: uint8 (height, width, 3)."""
    picture = Picture(seed)
    rows, cols = (a.ravel() + 0.5 for a in np.mgrid[0:height, 0:width])
    seen, which = trace(picture, rows, cols, height, width)
    again = np.nonzero(
        jagged(
            seen.reshape(height, width, 3), which.reshape(height, width)
        ).ravel()
    )[0]
    total = 0.0
    for down, right in (
        (-0.37, -0.13),
        (-0.13, 0.37),
        (0.13, -0.37),
        (0.37, 0.13),
    ):
        at = rows[again] + down, cols[again] + right
        total = total + np.minimum(trace(picture, *at, height, width)[0], 2)
    seen[again] = total / 4
    return to_bytes(grade(seen.reshape(height, width, 3)))


if __name__ == "__main__":
    target(__file__, ".jpg").write_bytes(jpeg(draw()))
