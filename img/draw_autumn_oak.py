"""Paint autumn-oak.jpg: three oaks on a hill of leaves, in thick oils.

    python draw_autumn_oak.py [output.jpg]

Lengths are in picture heights: x runs from 0 to 1.5, y from 0 (top) to 1.
The sun stands low at the right, so shadows fall to the left.
"""

import numpy as np
from brushes import (
    Canvas,
    Noise,
    grid,
    jpeg,
    mix,
    ramp,
    rgb,
    smoothstep,
    target,
    wheel,
)

SUN = np.array([1.06, 0.47])
LIGHT_BARK = (
    (-1, "#3a2350"),
    (-0.45, "#8a4b3a"),
    (0.1, "#d79a4e"),
    (0.6, "#fbe29a"),
    (1, "#fff6cf"),
)
DARK_BARK = (
    (-1, "#120f2b"),
    (-0.3, "#2a1838"),
    (0.3, "#5a2430"),
    (0.75, "#c7602a"),
    (1, "#ffc35e"),
)
SHADOW = ((-1, "#4a2f9c"), (0, "#6a4cc4"), (1, "#8f6fe0"))
ORANGE = ("#5e1024", "#b5231c", "#ee4a12", "#ff8412", "#ffc52e")
CRIMSON = ("#4a0c34", "#8f1433", "#d3202a", "#f4512a", "#ff9a3c")
GOLD = ("#7a2a12", "#d4560f", "#fb9a0e", "#ffcb1f", "#fff08a")


def crest(x):
    """The hill's upper edge: y of shape x.shape; higher at the left."""
    return 0.52 + 0.12 * x + 0.03 * np.sin(3.1 * x + 0.4)


def sky(x, y, noise):
    """Underpaint the sky: colours (..., 3) at x, y."""
    glow = np.hypot((x - SUN[0]) * 0.8, y - SUN[1])
    drift = 0.10 * noise.fractal(x * 3, y * 5, 3)
    return ramp(
        glow + drift,
        (0.0, "#fff3b8"),
        (0.12, "#ffe08a"),
        (0.22, "#b5e3dc"),
        (0.38, "#4db4ee"),
        (0.62, "#2277dd"),
        (0.95, "#2347b8"),
        (1.2, "#2b2f96"),
    )


def hills(x, y, noise):
    """Underpaint the distant woods: colours (..., 3) at x, y."""
    patch = 1.2 * noise.fractal(x * 7, y * 9, 3)
    near = smoothstep(0.0, 0.12, y - far_edge(x, noise))
    blue = ramp(patch, (-0.6, "#5a3fa8"), (0, "#7a55c9"), (0.6, "#b06ad0"))
    red = ramp(
        patch,
        (-0.6, "#7a1250"),
        (-0.1, "#c21f4e"),
        (0.3, "#e8476a"),
        (0.7, "#ff8a5c"),
    )
    return mix(blue, red, near[..., None])


def far_edge(x, noise):
    """The skyline of the distant woods: y of shape x.shape."""
    bumps = noise.fractal(x * 5, 0 * x + 3.7, 4)
    return 0.49 + 0.07 * bumps + 0.04 * x


def ground(x, y, noise):
    """Underpaint the fallen leaves: colours (..., 3) at x, y."""
    down = y - crest(x)
    sheet = noise.fractal(x * 3.2 + y * 2, y * 9 - x, 4)
    warm = smoothstep(1.0, 0.1, np.hypot((x - 0.85) * 0.9, down * 1.2))
    leaf = ramp(
        sheet + 0.75 * warm - 0.35,
        (-0.7, "#8c1a3c"),
        (-0.35, "#d42a22"),
        (0.0, "#f4561a"),
        (0.3, "#ff8c1a"),
        (0.55, "#ffbb2a"),
        (0.9, "#ffe873"),
    )
    moss = smoothstep(0.30, 0.55, noise.fractal(x * 2.4 + 9, y * 7 + x, 3))
    low = moss * smoothstep(0.12, 0.3, down)
    leaf = mix(leaf, rgb("#6f9a2a"), 0.8 * low[..., None])
    cool = smoothstep(0.22, 0.5, noise.fractal(x * 2 + 31, y * 8 - x, 3))
    return mix(leaf, rgb("#7a4fc4"), 0.75 * cool[..., None])


def underpainting(height, width, noise):
    """The whole scene without trees, and the way its brush should go.

    Returns colours (height, width, 3) and angles in radians and zones
    (0 sky, 1 woods, 2 ground), both (height, width).
    """
    x, y = grid(height, width)
    zone = (y > far_edge(x, noise)).astype(int)
    zone[y > crest(x)] = 2
    scenes = [paint(x, y, noise) for paint in (sky, hills, ground)]
    turns = [sky_turn(x, y, noise), wood_turn(x, y, noise)]
    turns.append(ground_turn(x, y, noise))
    colour = np.choose(zone[..., None], scenes)
    return colour, np.choose(zone, turns), zone


def sky_turn(x, y, noise):
    """Rings about the sun, stirred into eddies: angles like x."""
    ring = np.arctan2(y - SUN[1], x - SUN[0]) + np.pi / 2
    return ring + 1.5 * noise.fractal(x * 2.2, y * 2.2 + 7, 2)


def wood_turn(x, y, noise):
    """Crowns of distant trees: strokes rise and lean: angles like x."""
    return -1.4 + 1.7 * noise.fractal(x * 7, y * 7, 2)


def ground_turn(x, y, noise):
    """Along the slope, rolling a little: angles like x."""
    slope = np.arctan(0.12 + 0.093 * np.cos(3.1 * x + 0.4))
    fall = 0.5 * smoothstep(0.05, 0.5, y - crest(x))
    return slope + fall * (x - 0.75) + 0.5 * noise.fractal(x * 4, y * 6, 2)


def lay_in(canvas, scene, count, size, rng, zones=(0, 1, 2), jitter=0.05):
    """Cover the zones with count strokes of about size (length, width)."""
    colour, turn, zone = scene
    height, width = zone.shape
    rows = rng.integers(0, height, count)
    cols = rng.integers(0, width, count)
    for row, col in zip(rows, cols, strict=True):
        if zone[row, col] not in zones:
            continue
        first = wheel(colour[row, col], rng, jitter, jitter)
        second = wheel(colour[row, col], rng, jitter * 1.5, jitter * 1.5)
        grow = rng.uniform(0.7, 1.3)
        canvas.stroke(
            (col + 0.5) / height,
            (row + 0.5) / height,
            turn[row, col] + rng.normal(0, 0.15),
            (size[0] * grow, size[1] * rng.uniform(0.75, 1.2)),
            (first, second),
            bend=rng.normal(0, 0.35),
        )


def limb(start, angle, length, radius, rng, bow=0.0):
    """One crooked branch: points (9, 2), radii (9,), its last angle."""
    points, angles = [np.array(start)], [angle]
    for _ in range(8):
        angle = angle + bow / 8 + rng.normal(0, 0.13)
        step = length / 8 * np.array([np.cos(angle), np.sin(angle)])
        points.append(points[-1] + step)
        angles.append(angle)
    return np.array(points), radius * np.linspace(1, 0.68, 9), angles[-1]


def grow(start, angle, length, radius, rng, level=0, levels=6):
    """Grow an oak: a list of (points (9, 2), radii (9,), level)."""
    bow = rng.normal(0, 0.35) + 0.25 * np.cos(angle) * (level < 3)
    points, radii, angle = limb(start, angle, length, radius, rng, bow)
    if level == 0:
        radii = radii * (1 + 0.7 * np.exp(-np.arange(9) / 0.9))
    branches = [(points, radii, level)]
    if level + 1 == levels:
        return branches
    for fork in forks(level, rng):
        # Wood wants up: a fork that hangs is turned back to the light.
        aim = angle + fork
        aim = mix(aim, -np.pi / 2, 0.12 if np.sin(aim) < 0.1 else 0.5)
        thin = radius * 0.68 * rng.uniform(0.68, 0.88)
        far = length * rng.uniform(0.66, 0.92)
        from_ = points[-1] if abs(fork) < 0.9 else points[5]
        branches += grow(from_, aim, far, thin, rng, level + 1, levels)
    return branches


def forks(level, rng):
    """The angles at which a branch divides: two or three."""
    spread = rng.uniform(0.42, 0.72)
    turns = [-spread, spread * rng.uniform(0.8, 1.2)]
    if level == 0 or rng.random() < 0.3:
        turns.append(rng.normal(0, 0.15))
    return turns


def paint_limb(canvas, points, radii, bark, rng, widest=0.016):
    """Stroke a branch along its length, lit from the right.

    widest: the broadest stroke allowed, in picture heights.
    """
    for a, b, radius in zip(points, points[1:], radii, strict=False):
        along = b - a
        length = np.hypot(*along)
        angle = np.arctan2(along[1], along[0])
        normal = np.array([-along[1], along[0]]) / length
        if normal[0] - 0.4 * normal[1] < 0:
            normal = -normal
        count = int(np.clip(radius * 8 / widest, 1, 22))
        sides = np.linspace(-0.85, 0.85, count) if count > 1 else [0.2]
        for side in rng.permutation(sides):
            tone = ramp(side + rng.normal(0, 0.28), *bark)
            at = mix(a, b, rng.uniform(0.2, 0.8)) + normal * side * radius
            wide = min(max(2.6 * radius / count, 0.0042), widest)
            canvas.stroke(
                *at,
                angle + rng.normal(0, 0.12),
                (length * rng.uniform(1.2, 1.9), wide),
                (wheel(tone, rng, 0.03), wheel(tone, rng, 0.06)),
                bend=rng.normal(0, 0.3),
                load=1.5,
            )


def paint_tree(canvas, branches, bark, rng):
    """Paint the thin branches first, the trunk last."""
    for points, radii, _ in sorted(branches, key=lambda b: -b[2]):
        paint_limb(canvas, points, radii, bark, rng)


def cast(branches, base):
    """Lay the branches down on the slope: the same list, as a shadow."""
    flat = []
    for points, radii, level in branches:
        off = points - base
        lean = np.stack([0.45 * off[:, 0], 0.10 * off[:, 0]], axis=1)
        fall = -off[:, 1:] * np.array([-0.95, 0.30])
        flat.append((base + lean + fall, radii * 0.8, level))
    return flat


def paint_shadow(canvas, branches, base, rng):
    """Drag violet over the leaves where the tree keeps the sun off."""
    for points, radii, level in cast(branches, base):
        if level < 5:
            paint_limb(canvas, points[::2], radii[::2], SHADOW, rng, 0.03)


def crown(branches, rng, least):
    """Where leaves gather: middles (n, 2) along the outer branches."""
    outer = [p for p, _, level in branches if level >= least]
    spots = [p[rng.integers(3, 9)] for p in outer]
    return np.array(spots) + rng.normal(0, 0.018, (len(spots), 2))


def paint_leaves(canvas, middles, palette, rng, count, spread, size):
    """Dab leaves about each middle: dark below, sunlit towards the sun."""
    stops = list(zip(np.linspace(-1, 1, 5), palette, strict=True))
    tone = rng.normal(0, 0.25, len(middles))
    which = rng.integers(0, len(middles), count * len(middles))
    offsets = rng.normal(0, 1, (len(which), 2)) * spread
    lit = (offsets[:, 0] - 1.3 * offsets[:, 1]) / spread[0] / 1.6
    # Dark leaves go down first, so that the light ones stay on top.
    for k in np.argsort(lit + rng.normal(0, 0.5, len(lit))):
        value = 0.55 * lit[k] + tone[which[k]] + rng.normal(0, 0.3)
        first = wheel(ramp(value, *stops), rng, 0.03, 0.03)
        second = wheel(ramp(value + 0.35, *stops), rng, 0.03, 0.03)
        long = size * rng.uniform(0.6, 1.4)
        canvas.stroke(
            *(middles[which[k]] + offsets[k]),
            rng.normal(0.15, 0.7) + np.pi * rng.integers(2),
            (long, long * rng.uniform(0.4, 0.65)),
            (first, second),
            bend=rng.normal(0, 0.4),
            load=1.3 if size < 0.025 else 0.8,
        )


def fallen(canvas, count, rng, noise):
    """Scatter loose leaves on the ground, larger towards the front."""
    colours = [rgb(c) for c in (*ORANGE[2:], *CRIMSON[2:], *GOLD[2:])]
    colours += [rgb(c) for c in ("#ffe890", "#ff6fa0", "#9fb83a")]
    x = rng.uniform(0, 1.5, count)
    y = crest(x) + 0.02 + rng.uniform(0, 0.45, count) ** 1.1
    turn = ground_turn(x, y, noise)
    for k in np.argsort(y):
        near = smoothstep(0.55, 1.0, y[k])
        long = mix(0.010, 0.030, near) * rng.uniform(0.6, 1.5)
        tone = colours[rng.integers(len(colours))]
        canvas.stroke(
            x[k],
            y[k],
            turn[k] + rng.normal(0, 0.5),
            (long, long * 0.5),
            (wheel(tone, rng), wheel(tone, rng, 0.08, 0.1)),
            bend=rng.normal(0, 0.4),
            load=1.6,
        )


def trees(rng):
    """The three oaks: (base, branches, bark, palette), back to front."""
    plans = [
        ((0.86, 0.672), -1.50, 0.12, 0.012, 6, DARK_BARK, GOLD),
        ((1.25, 0.84), -1.45, 0.19, 0.030, 6, DARK_BARK, CRIMSON),
        ((0.36, 0.80), -1.35, 0.24, 0.050, 7, LIGHT_BARK, ORANGE),
    ]
    for base, angle, length, radius, levels, bark, palette in plans:
        base = np.array(base)
        wood = grow(base, angle, length, radius, rng, 0, levels)
        yield base, wood, bark, palette


def draw(height=900, width=1200, seed=5):
    """Paint the picture: uint8 (height, width, 3)."""
    rng, noise = np.random.default_rng(seed), Noise(seed)
    canvas = Canvas(height, width, rgb("#b8542e"), rng)
    scene = underpainting(height, width, noise)
    lay_in(canvas, scene, 900, (0.19, 0.07), rng)
    lay_in(canvas, scene, 2200, (0.11, 0.036), rng)
    lay_in(canvas, scene, 2400, (0.075, 0.022), rng, jitter=0.07)
    lay_in(canvas, scene, 900, (0.05, 0.016), rng, jitter=0.10)
    oaks = list(trees(rng))
    for base, wood, _, _ in oaks:
        paint_shadow(canvas, wood, base, rng)
    fallen(canvas, 600, rng, noise)
    for base, wood, bark, palette in oaks:
        size = mix(0.012, 0.024, smoothstep(0.66, 0.8, base[1]))
        spread = np.array([2.2, 1.2]) * size
        outer = crown(wood, rng, 4)
        rng.shuffle(outer)
        back, front = np.split(outer, [len(outer) // 3])
        paint_leaves(canvas, back, palette, rng, 6, spread, 1.8 * size)
        paint_leaves(canvas, back, palette, rng, 12, spread, size)
        paint_tree(canvas, wood, bark, rng)
        foot = base + np.array([[-0.05, 0.012], [0.0, 0.02], [0.05, 0.01]])
        heap = np.array([0.045, 0.008]) * size / 0.024
        paint_leaves(canvas, foot, ORANGE, rng, 22, heap, 0.8 * size)
        paint_leaves(canvas, front[::4], palette, rng, 6, spread, 1.6 * size)
        paint_leaves(canvas, front[::4], palette, rng, 22, spread, size)
    return canvas.varnished()


if __name__ == "__main__":
    target(__file__, ".jpg").write_bytes(jpeg(draw()))
