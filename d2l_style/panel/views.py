"""What the panel shows of a run: picture, curves, progress, changes."""

import html
import io

import ipywidgets as widgets
from PIL import Image

from d2l_style.language import _
from d2l_style.machine.throttle import Throttle
from d2l_style.panel.parts import Compare, hint
from d2l_style.panel.plots import LossPlot
from d2l_style.panel.snapshots import Film
from d2l_style.pictures import images
from d2l_style.pictures.png import jpeg_bytes
from d2l_style.pictures.samples import KINDS

_PICTURE, _PLOT = 0.04, 0.05  # shares of the time that drawing may take
_OFTEN, _SELDOM = 0.1, 0.3  # seconds between two drawings, at least
_LISTED = 8  # changes under the plot
_THUMBNAIL = (140, 94)


class Views:
    """The panel's pictures and plots; ``box`` holds them all.

    :meth:`update` is cheap to call after every epoch: it draws when there
    is time to. Everything is updated in place.
    """

    def __init__(self):
        self.compare = Compare(
            before=_blank((450, 300)),
            before_label=_("content"),
            after_label=_("result"),
        )
        self.plot = LossPlot()
        w, h = self.plot.size
        self.curves = widgets.Image(
            value=_blank((w, h), "PNG", "#ffffff"),
            format="png",
            width=w,
            height=h,
            layout={"max_width": "100%", "object_fit": "contain"},
        )
        self.curves.add_class("d2l-plot")
        self.log = widgets.Checkbox(
            True,
            description=_("logarithmic"),
            indent=False,
            **hint(_("Show the losses on a logarithmic scale.")),
            layout={"width": "auto"},
        )
        self.changes = widgets.HTML()
        self.changes.add_class("d2l-changes")
        self.pictures = {
            kind: widgets.Image(
                value=_blank(_THUMBNAIL),
                format="jpeg",
                layout={"width": "auto"},
            )
            for kind in KINDS
        }
        self.film = Film()
        self._seen = self._drawn = None  # the pictures, the curves shown
        self._picture = Throttle(_PICTURE, _OFTEN)
        self._curves = Throttle(_PLOT, _SELDOM)
        self.box = self._laid_out()

    def _laid_out(self):
        names = {"content": _("content"), "style": _("style")}
        small = [
            widgets.VBox([picture, widgets.Label(names[kind])])
            for kind, picture in self.pictures.items()
        ]
        left = widgets.VBox(
            [self.compare, widgets.HBox(small)], layout={"flex": "1 1 380px"}
        )
        right = widgets.VBox([self.curves, self.log, self.changes])
        return widgets.HBox(
            [left, right],
            layout={"flex_flow": "row wrap", "grid_gap": "4px 16px"},
        )

    def update(self, session, force=False):
        """Show where a session is, as far as there is time to draw."""
        if force:
            self._show_pictures(session.transfer)
        if force or self._picture.due():
            with self._picture.timed():
                self.show_picture(session.transfer)
        if force or self._curves.due():
            with self._curves.timed():
                self.show_curves(session)

    @property
    def seconds_spent(self):
        """How long drawing has taken since the beginning."""
        return self._picture.spent + self._curves.spent

    def show_picture(self, transfer):
        """Show the synthesized picture as it is now."""
        data = jpeg_bytes(transfer.image())
        self.film.add(transfer.epoch, data)
        self.compare.after = data
        self.compare.after_label = _("epoch {epoch}", epoch=transfer.epoch)

    def end(self):
        """Let go of what drawing needs; what is drawn stays."""
        self.plot = self._held = None

    def _show_pictures(self, transfer):
        """Show the content and the style picture, if they are others."""
        recipe, pictures = transfer.recipe, transfer.pictures
        seen = recipe.image_shape, recipe.antialias, *map(id, pictures)
        if seen == self._seen:
            return
        self._seen, self._held = seen, pictures  # held: an id is not reused
        content, _style = transfer.pictures_seen()
        self.compare.before = jpeg_bytes(content)
        for kind, img in zip(KINDS, pictures, strict=True):
            small = images.thumbnail(img, _THUMBNAIL)
            self.pictures[kind].value = jpeg_bytes(small, 85)

    def show_curves(self, session):
        """Draw the losses, and list what has been changed, if they are new."""
        history, num_epochs = session.history, session.recipe.num_epochs
        last = history.epochs[-1:], history.total[-1:], history.marks[-1:]
        new = (*last, len(history.marks), num_epochs, self.log.value)
        if new == self._drawn:
            return
        self._drawn = new
        self.plot.show(history, num_epochs, self.log.value)
        self.curves.value = self.plot.png()
        marks = list(enumerate(history.marks, start=1))[-_LISTED:]
        lines = [
            _(
                "{number} (epoch {epoch}) {change}",
                number=f"<b>{number}</b>",
                epoch=mark.epoch,
                change=html.escape(mark.text),
            )
            for number, mark in marks
        ]
        self.changes.value = "<br>".join(lines)


def _blank(size, kind="JPEG", colour="#cccccc"):
    """Return what stands in a picture's place while the network loads."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()
