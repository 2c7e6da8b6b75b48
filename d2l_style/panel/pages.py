"""The panel's other pages: pictures, the recipe as text, snapshots."""

import html
from dataclasses import replace

import ipywidgets as widgets

from d2l_style.language import _
from d2l_style.network.weights import NAMES
from d2l_style.panel.bar import WRAP
from d2l_style.panel.parts import Compare, Download
from d2l_style.panel.quiet import Quiet
from d2l_style.pictures import images
from d2l_style.pictures.picker import PicturePickers
from d2l_style.pictures.png import jpeg_bytes, recipe_in_png
from d2l_style.pictures.upload import Upload, read
from d2l_style.recipe import Recipe

_SMALL = (120, 80)  # pixels, of thumbnails
KEPT = 24  # snapshots: each holds a picture and Adam's averages


class PicturesPage(PicturePickers):
    """Choose the content and the style picture, or bring one's own.

    Arguments as :class:`~d2l_style.pictures.picker.PicturePickers`.
    """

    def __init__(self, names, chosen, complain):
        self._quiet = Quiet()
        super().__init__(names, chosen, complain)

    def show(self, kind, name):
        """Show which picture is chosen without telling anybody."""
        with self._quiet():
            self.pickers[kind].value = name

    def _take(self, kind, name):
        if not self._quiet.on:
            super()._take(kind, name)


class RecipePage:
    """The recipe as Python, to copy; and back from text or a saved PNG."""

    def __init__(self, recipe, load, complain):
        self._recipe, self._load, self._complain = recipe, load, complain
        self.text = widgets.Textarea(
            description=_("recipe"),
            placeholder=_(
                "Press “{show_as_python}”, or paste a recipe here.",
                show_as_python=_("Show as Python"),
            ),
            layout={"width": "min(560px, 98%)", "height": "180px"},
        )
        self.show = widgets.Button(
            description=_("Show as Python"),
            tooltip=_(
                "The present choices as a call that a cell understands."
            ),
            layout={"width": "fit-content"},
        )
        self.load = widgets.Button(
            description=_("Use this text"),
            tooltip=_("Take over the recipe in the box: Python or JSON."),
            layout={"width": "fit-content"},
        )
        self.upload = Upload(
            accept="image/png",
            description=_("Recipe of a saved PNG"),
            shrink=False,  # the recipe would be lost
        )
        self.show.on_click(self._show)
        self.load.on_click(self._take)
        self.upload.observe(self._uploaded, "value")
        buttons = [self.show, self.load, self.upload]
        row = widgets.HBox(buttons, layout=WRAP)
        self.box = widgets.VBox([self.text, row])

    def _show(self, _button):
        self.text.value = self._recipe().to_python()

    def _take(self, _button):
        try:
            recipe = Recipe.from_text(self.text.value)
        except ValueError as error:
            self._complain(str(error))
            return
        self._load(recipe)

    def _uploaded(self, change):
        for file in change["new"]:
            try:
                recipe = read(file, recipe_in_png)
            except ValueError as error:
                self._complain(str(error))
                continue
            self.text.value = recipe.to_python()
            if recipe.weights in NAMES:
                self._load(recipe)
                continue
            sentence = _(
                "The recipe in this picture takes its network from the file "
                "{path}. If you trust that file, press “Use this text”.",
                path=recipe.weights,
            )
            self._complain(sentence)


class SnapshotsPage:
    """A strip of kept pictures, any two compared, and files to take away.

    ``go_back(snapshot)`` is called when one is asked for.
    """

    def __init__(self, go_back, png, gif):
        self._go_back, self.kept = go_back, []
        self._empty = widgets.HTML(
            _(
                "Press {keep} to put the present picture here, with its "
                "recipe.",
                keep=f"<b>{_('Keep')}</b>",
            )
        )
        self.strip = widgets.HBox(
            [self._empty], layout={"flex_flow": "row wrap", "grid_gap": "8px"}
        )
        self.png = Download(
            png,
            description=_("Save PNG"),
            tooltip=_("The present picture, with its recipe inside."),
        )
        self.gif = Download(
            gif,
            description=_("Save GIF"),
            tooltip=_("The run as a short film."),
        )
        self.left, self.right = (
            widgets.Dropdown(
                options=[],
                description=label,
                style={"description_width": "initial"},
                layout={"width": "200px"},
            )
            for label in (_("left"), _("right"))
        )
        self.compare = Compare()
        for side in (self.left, self.right):
            side.observe(self._compare, "value")
        self._pair = widgets.VBox(
            [widgets.HBox([self.left, self.right]), self.compare],
            layout={"display": "none"},
        )
        files = widgets.HBox([self.png, self.gif], layout={"grid_gap": "6px"})
        self.box = widgets.VBox([files, self.strip, self._pair])

    @property
    def full(self):
        return len(self.kept) >= KEPT

    def add(self, snapshot):
        """Put a snapshot into the strip."""
        number = len(self.kept)
        self.kept.append(snapshot)
        thumbnail = images.thumbnail(snapshot.img, _SMALL)
        back = widgets.Button(
            description=_("Go back"),
            tooltip=_("Go on from {name}.", name=snapshot.name),
            layout={"width": f"{_SMALL[0]}px"},
        )
        back.on_click(lambda _button: self._go_back(self.kept[number]))
        card = widgets.VBox(
            [
                widgets.Image(value=jpeg_bytes(thumbnail, 85), format="jpeg"),
                _named(snapshot),
                back,
            ]
        )
        cards = [c for c in self.strip.children if c is not self._empty]
        self.strip.children = (*cards, card)
        self._offer()

    def end(self):
        """Let go of the ways back; the pictures stay."""
        self.kept[:] = [replace(each, moment=None) for each in self.kept]

    def _offer(self):
        names = [snapshot.name for snapshot in self.kept]
        for side, k in ((self.left, -2), (self.right, -1)):
            side.options = names
            side.value = names[k] if len(names) > 1 else names[0]
        self._pair.layout.display = None if len(names) > 1 else "none"

    def _compare(self, _change):
        by_name = {snapshot.name: snapshot for snapshot in self.kept}
        for side, name in (("before", "left"), ("after", "right")):
            snapshot = by_name.get(getattr(self, name).value)
            if snapshot:
                setattr(self.compare, side, jpeg_bytes(snapshot.img))
                setattr(self.compare, f"{side}_label", snapshot.name)
        self.compare.position = self.compare.position or 50


def _named(snapshot):
    """Return a snapshot's name; its losses are said when pointed at."""
    sentence = ""
    if snapshot.losses:
        sentence = _(
            "content {content:.3g}, style {style:.3g}, TV {tv:.3g}",
            **snapshot.losses,
        )
    say = html.escape
    return widgets.HTML(
        f'<span title="{say(sentence)}">{say(snapshot.name)}</span>'
    )
