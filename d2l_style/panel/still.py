"""What a panel leaves in its cell: a picture that needs no kernel.

A widget lives as long as its kernel. The notebook's file keeps a JPEG of the
picture, the curves and the recipe below the panel, brought up to date as the
run goes on: it is what one sees after a restart, in a notebook opened again,
on GitHub and in nbviewer. Beside the living panel, a style of the panel's own
hides it.
"""

import io
import textwrap

from PIL import Image, ImageDraw, ImageFont

from d2l_style.machine.throttle import Throttle
from d2l_style.pictures.contact_sheet import FONT, INK, PAPER
from d2l_style.pictures.png import jpeg_bytes

_SECONDS = 10.0  # between two pictures
_SHARE = 0.02  # of the time that they may take
_PICTURE, _PLOT, _GAP = (480, 400), (420, 400), 10  # pixels
_WIDTH = 110  # letters in a line
# Before the panel: without its kernel JupyterLab writes an error in its place.
STYLE = """<span class="d2l-left"></span><style>
.jp-OutputArea-child:has(.d2l-left) + .jp-OutputArea-child
> .jp-OutputArea-output:not(:has(*)) { display: none; }
</style>"""


class Still:
    """The picture that stays; shown once, then updated in place."""

    def __init__(self):
        self._handle = self._shown = None
        self._throttle = Throttle(_SHARE, _SECONDS)

    def show(self):
        """Make a place for it in the output of the cell that is running."""
        from IPython.display import display

        nothing = {"text/plain": ""}
        self._handle = display(nothing, raw=True, display_id=True)

    def update(self, session, curves, force=False):
        """Bring it up to date if it is time; ``curves`` are PNG bytes."""
        now = session.reached()
        if self._handle is None or now in (None, self._shown):
            return
        if force or self._throttle.due():
            with self._throttle.timed():
                self._handle.update(bundle(session, curves), raw=True)
            self._shown = now


def bundle(session, curves):
    """Return {MIME type: data} of a session as it is."""
    recipe = session.recipe.to_python()
    sheet = picture(session, curves)
    return {"image/jpeg": jpeg_bytes(sheet, 85), "text/plain": recipe}


def picture(session, curves):
    """Return picture, curves and recipe as one ``PIL.Image``."""
    img = _fitted(session.transfer.image(), _PICTURE)
    plot = _fitted(Image.open(io.BytesIO(curves)).convert("RGB"), _PLOT)
    text = "\n".join(words(session))
    font = ImageFont.truetype(FONT, 13)
    top = max(img.height, plot.height) + _GAP
    blank = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    bottom = blank.multiline_textbbox((0, top), text, font)[3]
    width = img.width + _GAP + plot.width
    whole = Image.new("RGB", (width, round(bottom) + _GAP), PAPER)
    whole.paste(img, (0, 0))
    whole.paste(plot, (img.width + _GAP, 0))
    ImageDraw.Draw(whole).multiline_text((0, top), text, INK, font)
    return whole


def _fitted(img, box):
    """Return a picture as large as (w, h) takes, larger or smaller."""
    scale = min(box[0] / img.width, box[1] / img.height)
    size = [max(1, round(scale * side)) for side in img.size]
    return img.resize(size, Image.Resampling.LANCZOS)


def words(session):
    """Return the lines below the picture, in English as all that is drawn."""
    done, recipe = session.transfer.epoch, session.recipe
    losses = session.history.last()
    numbers = [
        f"{'TV' if name == 'tv' else name} {value:.3g}"
        for name, value in losses.items()
    ]
    head = f"epoch {done} of {recipe.num_epochs}: {', '.join(numbers)}"
    code = " ".join(recipe.to_python().split())
    code = code.replace("( ", "(").replace(", )", ")")
    last = "This picture needs no kernel. To go on, run the cell again."
    return [head, *textwrap.wrap(code, _WIDTH), last]
