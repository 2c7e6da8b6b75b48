"""Pictures side by side in one picture: rows and columns with names."""

from pathlib import Path

import matplotlib
from PIL import Image, ImageDraw, ImageFont

from d2l_style.language import N_, invalid

PAPER, INK = "#ffffff", "#222222"
FONT = Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf")

_ROWS = N_("There are {count} rows, and {names} names for them.")
_COLUMNS = N_("There are {count} columns, and {names} names for them.")


def contact_sheet(pictures, rows=(), columns=(), *, gap=6, size=None):
    """Return a grid of pictures as one RGB ``PIL.Image``.

    ``pictures`` is a list of rows, each a list of PIL images or None for an
    empty place; ``rows`` and ``columns`` name them (a name may have several
    lines). Every picture gets the place of the largest, centred, and keeps
    its size; ``size`` is the height of the letters in pixels, by default a
    sixteenth of a place. Raises ``ValueError`` if there is no picture, or
    more or fewer names than rows or columns.
    """
    across = max((len(row) for row in pictures), default=0)
    _check(rows, len(pictures), _ROWS)
    _check(columns, across, _COLUMNS)
    all_of_them = [img for row in pictures for img in row if img is not None]
    if not all_of_them:
        raise invalid("A contact sheet needs at least one picture.")
    w = max(img.width for img in all_of_them)
    h = max(img.height for img in all_of_them)
    font = ImageFont.truetype(FONT, size or max(11, min(h, w) // 14))
    left = gap + _extent(rows, font)[0]
    top = gap + _extent(columns, font)[1]
    sheet = Image.new(
        "RGB",
        (left + across * (w + gap), top + len(pictures) * (h + gap)),
        PAPER,
    )
    for i, row in enumerate(pictures):
        for j, img in enumerate(row):
            if img is not None:
                x = left + j * (w + gap) + (w - img.width) // 2
                y = top + i * (h + gap) + (h - img.height) // 2
                sheet.paste(img, (x, y))
    draw = ImageDraw.Draw(sheet)
    for i, name in enumerate(rows):
        middle = top + i * (h + gap) + h // 2
        _write(draw, (left - gap, middle), name, font, "rm")
    for j, name in enumerate(columns):
        middle = left + j * (w + gap) + w // 2
        _write(draw, (middle, top // 2), name, font, "mm")
    return sheet


def _check(names, count, complaint):
    if names and len(names) != count:
        raise invalid(complaint, count=count, names=len(names))


def _write(draw, place, name, font, anchor):
    draw.text(place, name, INK, font, anchor=anchor, align="center")


def _extent(names, font):
    """Return the width and height that the longest of the names needs."""
    draw = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    boxes = [draw.textbbox((0, 0), name, font) for name in names]
    if not boxes:
        return 0, 0
    margin = font.size // 2
    return (
        round(max(box[2] for box in boxes)) + margin,
        round(max(box[3] for box in boxes)) + margin,
    )
