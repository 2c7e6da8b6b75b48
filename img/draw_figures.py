"""Draw the two figures, style-transfer.svg and neural-style.svg.

    python draw_figures.py [output folder]

An SVG shown as an image cannot see whether the page is light or dark, so
every figure lies on its own light card. Lengths are in pixels.
"""

import math
import random
import sys
from pathlib import Path

INK, GREY, BACK = "#22303c", "#5b6770", "#c2255c"
CONTENT, STYLE, TV = "#0b7285", "#c4500b", "#6741d9"
FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif"
WARM = ("#b5231c", "#ee4a12", "#ff8412", "#ffbb2a", "#8f1433")
BLUE = ("#2347b8", "#2277dd", "#4db4ee", "#8fd3e8")
NIGHT, SNOW = ("#3a2350", "#4a2f9c", "#5e1650"), ("#fff0c0", "#ffd36b")
MIXED = ("#5a3fa8", "#7a55c9", "#c21f4e", "#ffd36b", "#fff0c0")


def tag(name, *inside, **attributes):
    """One element; underscores in names become hyphens."""
    pairs = "".join(
        f' {key.strip("_").replace("_", "-")}="{value}"'
        for key, value in attributes.items()
    )
    body = "".join(inside)
    return (
        f"<{name}{pairs}>{body}</{name}>\n" if body else f"<{name}{pairs}/>\n"
    )


def path(d, fill="none", **attributes):
    """A path; d as in SVG."""
    return tag("path", d=d, fill=fill, **attributes)


def text(x, y, words, size=15, fill=INK, **attributes):
    """Words centred on x, their baseline at y."""
    attributes.setdefault("text_anchor", "middle")
    return tag(
        "text", words, x=x, y=y, font_size=size, fill=fill, **attributes
    )


def box(x, y, width, height, fill, edge, *inside):
    """A rounded box with its middle at x, y, and what stands in it."""
    frame = tag(
        "rect",
        x=x - width / 2,
        y=y - height / 2,
        width=width,
        height=height,
        rx=9,
        fill=fill,
        stroke=edge,
        stroke_width=2,
    )
    return frame + "".join(inside)


def arrow(d, back=False):
    """A forward arrow along d, or a dashed one for a gradient."""
    look = {"stroke": INK, "marker_end": "url(#to)"}
    if back:
        look = {"stroke": BACK, "marker_end": "url(#fro)"}
        look["stroke_dasharray"] = "5 4"
    return path(d, stroke_width=2, **look)


def head(name, colour):
    """An arrow head to end a path with."""
    point = path("M0 0 10 5 0 10z", fill=colour)
    size = {"markerWidth": 9, "markerHeight": 9, "viewBox": "0 0 10 10"}
    place = {"refX": 9, "refY": 5, "orient": "auto"}
    units = {"markerUnits": "userSpaceOnUse"}
    return tag("marker", point, id=name, **size, **place, **units)


def figure(width, height, title, desc, *parts):
    """The whole file: a card of this size with the parts on it."""
    frame = tag("rect", width=180, height=120, rx=8)
    defs = tag(
        "defs",
        head("to", INK),
        head("fro", BACK),
        tag("clipPath", frame, id="frame"),
    )
    card = tag(
        "rect",
        x=1,
        y=1,
        width=width - 2,
        height=height - 2,
        rx=16,
        fill="#fbfaf6",
        stroke="#d5d0c4",
    )
    return tag(
        "svg",
        "\n",
        tag("title", title, id="title"),
        tag("desc", desc, id="desc"),
        defs,
        card,
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        width=width,
        height=height,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_labelledby="title desc",
        font_family=FONT,
    )


def thumbnail(x, y, art, scale=1.0):
    """Place a 180 by 120 drawing with its upper left corner at x, y."""
    move = f"translate({x} {y}) scale({scale})"
    edge = tag(
        "rect", width=180, height=120, rx=8, fill="none", stroke="#6b7280"
    )
    clipped = tag("g", art, clip_path="url(#frame)")
    return tag("g", clipped, edge, transform=move)


def fir(x, y, tall, fill):
    """A fir with its foot at x, y: three tiers of boughs."""
    tiers = ""
    for k in range(3):
        top, half = y - tall * (1 - 0.24 * k), tall * (0.13 + 0.06 * k)
        tiers += (
            f"M{x} {top:.1f}l{half:.1f} {tall * 0.44:.1f}h{-2 * half:.1f}z"
        )
    return path(tiers, fill=fill)


def valley():
    """The content: mountain, ridges, meadow, road, lodge and firs."""
    land = [
        ("M0 0H180V120H0z", "#cfe3f1"),
        ("M0 38q45-14 90 0t90-6V70H0z", "#f7dfc4"),
        ("M24 72 70 36 86 22 96 20 108 26 170 72z", "#8c97b5"),
        (
            "M58 45 86 22 96 20 108 26 132 45 116 40 104 48 94 38 80 48z",
            "#ffffff",
        ),
        ("M96 20 108 26 132 45 170 72H112L104 48z", "#5f6c92"),
        ("M0 66 30 52 62 66 96 60 130 70 180 58V90H0z", "#6f8a8a"),
        ("M110 84 180 46V96H110z", "#33524f"),
        ("M0 80Q90 66 180 84V120H0z", "#b9b25a"),
        (
            "M72 76q44 6 24 14t28 12l56 3v5l-60-4q-44-6-28-14t-22-15z",
            "#e9dfca",
        ),
        ("M126 104V93l10-9 10 9v11z", "#d9742c"),
        ("M136 84h26l8 9h-24z", "#6b4a42"),
        ("M146 93h24v11h-24z", "#8a4a2a"),
        ("M132 95h7v6h-7zM151 96h5v4h-5zM160 96h5v4h-5z", "#ffe9a8"),
    ]
    firs = [(88, 84, 9), (112, 88, 11), (66, 92, 15), (84, 108, 20)]
    firs += [(108, 114, 16), (170, 118, 22), (8, 124, 62)]
    firs += [(52, 126, 50), (28, 128, 86)]
    art = "".join(path(d, fill=fill) for d, fill in land)
    return art + "".join(fir(*where, "#21453c") for where in firs)


def dab(chance, x, y, angle, long, colours):
    """One touch of the brush, its colour left to chance."""
    angle += chance.gauss(0, 0.24)
    long *= chance.uniform(0.8, 1.2)
    dx, dy = long * math.cos(angle), long * math.sin(angle)
    d = f"M{x - dx / 2:.0f} {y - dy / 2:.0f}l{dx:.1f} {dy:.1f}"
    return tag("path", d=d, stroke=chance.choice(colours))


def brush(width, touches):
    """Group touches of a round brush this wide."""
    return tag("g", touches, stroke_width=width, stroke_linecap="round")


def dabs(chance, step, long, plan):
    """Cover a thumbnail; plan(x, y) gives an angle and colours."""
    touches = ""
    for row in range(0, 126, step):
        for col in range(0, 186, step):
            x, y = (v + chance.gauss(0, step / 3) for v in (col, row))
            angle, colours = plan(x, y)
            touches += dab(chance, x, y, angle, long, colours)
    return brush(round(0.6 * step, 1), touches)


def oak():
    """The style: an oak in thick dabs."""
    chance = random.Random(5)

    def scene(x, y):
        if y > 84 + 0.08 * x:
            return 0.1, WARM[1:4] if chance.random() < 0.8 else MIXED[:2]
        return math.atan2(y - 60, x - 140) + math.pi / 2, BLUE

    wood = (
        "M76 106q8-20 3-38L54 40M79 68l4-40M81 72q22-12 40-38"
        "M66 54 34 44M82 50 66 22M104 54l26-2"
    )
    art = path("M0 0H180V120H0z", fill="#2277dd")
    art += path("M0 82 180 98V120H0z", fill="#ee4a12")
    art += dabs(chance, 9, 9, scene)
    art += path("M72 107-10 124 60 122z", fill="#6a4cc4")
    bark = {"stroke_linecap": "round", "stroke_linejoin": "round"}
    art += path(wood, stroke="#4a2038", stroke_width=8, **bark)
    art += path(wood, stroke="#fbe29a", stroke_width=4, **bark)
    leaves = ""
    for _ in range(95):
        turn, far = chance.uniform(0, 2 * math.pi), chance.random() ** 0.6
        x, y = 80 + 66 * far * math.cos(turn), 30 + 28 * far * math.sin(turn)
        leaves += dab(chance, x, y, -0.4, 5, WARM)
    return art + brush(4.5, leaves)


def painted_valley():
    """The synthesized image: the valley, in the dabs of the oak."""
    chance = random.Random(8)

    def scene(x, y):
        if y > 80 + 0.04 * x:
            return 0.1, WARM[1:4] if chance.random() < 0.85 else MIXED[:2]
        if y > max(66, 108 - 0.34 * x):
            return -0.4, NIGHT if x > 110 else (*NIGHT, MIXED[2])
        if y > 20 + 0.72 * abs(x - 98):
            side = x > 98 + chance.gauss(0, 3)
            if y < 48:
                return 0.8 * (1 if side else -1), MIXED[:2] if side else SNOW
            return 0.7 * (1 if side else -1), NIGHT if side else MIXED[:3]
        glow = BLUE[2:] if y > 40 else BLUE
        return math.atan2(y - 60, x - 140) + math.pi / 2, glow

    art = path("M0 0H180V120H0z", fill="#2277dd")
    art += path("M26 72 98 20 170 72 180 60V90H0z", fill="#5a3fa8")
    art += path("M98 20 72 40 98 48 122 38z", fill="#ffd36b")
    art += path("M0 78 180 86V120H0z", fill="#ee4a12")
    art += dabs(chance, 6, 6.5, scene)
    art += path("M126 104V93l10-9 10 9v11z", fill="#ffbb2a")
    art += path("M136 84h26l8 9v11h-24V93z", fill="#8f1433")
    for x, y, tall in [(66, 92, 15), (88, 108, 20), (170, 118, 22)]:
        art += fir(x, y, tall, "#3a2350")
    leaves = ""
    for x, y, tall in [(8, 124, 62), (52, 126, 50), (28, 128, 86)]:
        art += fir(x, y, tall, "#3a2350")
        for k in range(9):
            down = tall * (0.2 + 0.09 * k)
            where = x + chance.uniform(-0.2, 0.24) * down, y - tall + down
            leaves += dab(chance, *where, 0.5, 4, (*WARM[1:4], "#5a3fa8"))
    return art + brush(2.6, leaves)


def style_transfer():
    """Figure 1: content and style go in, a synthesized image comes out."""
    columns = [
        (30, valley(), "Content image", "what to show"),
        (290, oak(), "Style image", "how to paint it"),
        (550, painted_valley(), "Synthesized image", "both at once"),
    ]
    parts = []
    for x, art, name, note in columns:
        parts.append(thumbnail(x, 30, art))
        parts.append(text(x + 90, 178, name, 17, font_weight=600))
        parts.append(text(x + 90, 201, note, 15, GREY))
    plus = path("M235 90h30M250 75v30", stroke=INK, stroke_width=4)
    long = path("M490 90h34", stroke=INK, stroke_width=4)
    tip = path("M522 80 540 90 522 100z", fill=INK)
    return figure(
        760,
        226,
        "Neural style transfer",
        "A content image, a mountain valley, and a style image, an oak in "
        "thick brush strokes, are combined into a synthesized image: the "
        "same valley in the colours and strokes of the oak.",
        *parts,
        plus,
        long,
        tip,
    )


COLUMN = {"content": 92, "synthesized": 390, "style": 688}
ROW = {1: 226, 2: 316, 3: 406}
HALF = 68  # half the width of a layer and of an image


def lock(x, y):
    """A small padlock with its middle at x, y: frozen."""
    bow = path(f"M{x - 3} {y}v-3a3 3 0 0 1 6 0v3", stroke=GREY, stroke_width=2)
    return bow + tag(
        "rect", x=x - 5, y=y - 1, width=10, height=8, rx=1.5, fill=GREY
    )


def layer(x, number, used):
    """One frozen layer; used: whether this column's output is measured."""
    role, colour, tint = ("style", STYLE, "#fdebdd")
    if number == 2:
        role, colour, tint = ("content", CONTENT, "#dff2f4")
    y = ROW[number]
    name = lock(x - 38, y - 9) + text(x + 8, y - 5, f"Layer {number}", 15)
    if not used:
        name = lock(x - 38, y - 1) + text(x + 8, y + 5, f"Layer {number}", 15)
        return box(x, y, 2 * HALF, 52, "#f0eee8", "#a8a498", name)
    note = text(x, y + 15, f"{role} features", 14, colour)
    return box(x, y, 2 * HALF, 52, tint, colour, name, note)


def stack(name, art, note, used):
    """A column: an image over its layers, joined by forward arrows.

    used: the numbers of the layers whose output enters a loss.
    """
    x = COLUMN[name]
    title = text(x, 38, f"{name.capitalize()} image", 16, font_weight=600)
    changes = name == "synthesized"
    parts = [title, text(x, 58, note, 14, BACK if changes else GREY)]
    parts.append(thumbnail(x - HALF, 72, art, 2 * HALF / 180))
    if changes:
        around = {"x": x - HALF - 3, "y": 69, "width": 142, "height": 97}
        look = {"fill": "none", "stroke": BACK, "stroke_width": 3}
        parts.append(tag("rect", rx=9, **around, **look))
    shift = -14 if changes else 0
    for top, bottom in ((168, 200), (252, 290), (342, 380)):
        parts.append(arrow(f"M{x + shift} {top}V{bottom}"))
        if changes:
            parts.append(arrow(f"M{x + 14} {bottom}V{top}", back=True))
    return "".join(parts + [layer(x, n, n in used) for n in ROW])


def loss(x, y, colour, *lines):
    """A loss: a filled box with its name on one or two lines."""
    first, tall = y + 5 - 9 * (len(lines) - 1), 44 + 9 * len(lines)
    words = [
        text(x, first + 18 * k, line, 14, "#ffffff", font_weight=600)
        for k, line in enumerate(lines)
    ]
    return box(x, y, 108, tall, colour, colour, *words)


def left_loss(y, colour, *lines, content):
    """A loss at the left of the synthesized column, at the height y."""
    x, edge = 241, COLUMN["synthesized"] - HALF
    edge -= 0 if content else 5
    parts = [loss(x, y, colour, *lines)]
    if content:
        parts.append(arrow(f"M{COLUMN['content'] + HALF} {y}H{x - 54}"))
    parts.append(arrow(f"M{edge} {y - 9}H{x + 54}"))
    parts.append(arrow(f"M{x + 54} {y + 9}H{edge}", back=True))
    return "".join(parts)


def style_loss():
    """The style loss, fed from above (layer 1) and below (layer 3)."""
    x, y = 539, ROW[2]
    near, far = COLUMN["synthesized"] + HALF, COLUMN["style"] - HALF
    parts = [loss(x, y, STYLE, "Style loss")]
    for number, sign in ((1, -1), (3, 1)):
        row, edge = ROW[number], y + 27 * sign
        # The gradient's bend lies inside the forward arrow's.
        outer, inner = row + 8 * sign, row - 8 * sign
        parts.append(arrow(f"M{near} {outer}H{x - 12}V{edge}"))
        parts.append(arrow(f"M{far} {row}H{x + 28}V{edge}"))
        parts.append(arrow(f"M{x - 32} {edge}V{inner}H{near}", back=True))
    return "".join(parts)


def legend(y):
    """What the two kinds of arrow and the padlock mean."""
    words = {"text_anchor": "start"}
    return "".join(
        [
            path(f"M24 {y - 28}H756", stroke="#d5d0c4"),
            arrow(f"M30 {y - 5}h36"),
            text(76, y, "forward", 14, **words),
            arrow(f"M160 {y - 5}h36", back=True),
            text(206, y, "gradient, back to the image", 14, **words),
            lock(432, y - 7),
            text(
                446, y, "frozen: the same layers in all columns", 14, **words
            ),
        ]
    )


def neural_style():
    """Figure 2: where the three losses of style transfer are measured."""
    return figure(
        780,
        496,
        "Measuring the losses with a frozen CNN",
        "The content, synthesized and style images each pass through the "
        "same frozen three-layer CNN. The outputs of layer 2 for the content "
        "and synthesized images give the content loss; the outputs of layers "
        "1 and 3 for the style and synthesized images give the style loss; "
        "the total variation loss is measured on the synthesized image "
        "itself. Solid arrows go forward. Dashed arrows carry the gradient "
        "back to the synthesized image, the only thing that changes.",
        stack("content", valley(), "fixed", {2}),
        stack(
            "synthesized",
            painted_valley(),
            "the only thing that changes",
            {1, 2, 3},
        ),
        stack("style", oak(), "fixed", {1, 3}),
        left_loss(118, TV, "Total", "variation", "loss", content=False),
        left_loss(ROW[2], CONTENT, "Content loss", content=True),
        style_loss(),
        legend(472),
    )


FIGURES = {
    "style-transfer.svg": style_transfer,
    "neural-style.svg": neural_style,
}

if __name__ == "__main__":
    here = Path(__file__).parent
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else here
    for name, draw in FIGURES.items():
        (folder / name).write_text(draw(), encoding="utf-8", newline="\n")
