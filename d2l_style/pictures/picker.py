"""Choose pictures: thumbnails to click, and a button for one's own.

The panel's page of pictures and the exercises share these widgets.
"""

import itertools
from pathlib import Path

import anywidget
import ipywidgets as widgets
import traitlets

from d2l_style.language import _
from d2l_style.pictures import images
from d2l_style.pictures.png import data_url, jpeg_bytes
from d2l_style.pictures.samples import KINDS, sample_images
from d2l_style.pictures.upload import Upload, read

_STATIC = Path(__file__).parent / "static"
_OFFERED = (180, 120)  # pixels, of thumbnails


class Picker(anywidget.AnyWidget):
    """Thumbnails to choose one picture from; ``value`` is its name."""

    _esm = (_STATIC / "picker.js").read_text("utf-8")
    _css = (_STATIC / "picker.css").read_text("utf-8")
    label = traitlets.Unicode("").tag(sync=True)
    items = traitlets.List().tag(sync=True)
    value = traitlets.Unicode("").tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)

    def add(self, name, thumbnail, title="", alt=""):
        """Add a picture, or put it in the place of the one of that name."""
        item = {
            "name": name,
            "title": title,
            "alt": alt,
            "src": data_url(jpeg_bytes(thumbnail, 85)),
        }
        others = [i for i in self.items if i["name"] != name]
        self.items = [*others, item]


class PicturePickers:
    """A picker and an upload button for each kind of picture.

    ``names`` are those chosen at first, {"content": ..., "style": ...};
    ``chosen(kind, name, img)`` is called with a ``PIL.Image``,
    ``complain(text)`` with what is wrong with a picture. Of several files
    uploaded at once the last good one is chosen.
    """

    def __init__(self, names, chosen, complain):
        self._chosen, self._complain, self._own = chosen, complain, {}
        self._samples = sample_images()
        self.pickers, self.uploads, rows = {}, {}, []
        for kind in KINDS:
            self.pickers[kind] = self._picker(kind, names[kind])
            self.uploads[kind] = self._upload(kind)
            rows += [self.pickers[kind], self.uploads[kind]]
        self.box = widgets.VBox(rows)

    def _picker(self, kind, name):
        labels = {
            "content": _("content picture"),
            "style": _("style picture"),
        }
        picker = Picker(label=labels[kind])
        every = self._samples.values()
        for sample in sorted(every, key=lambda sample: sample.kind != kind):
            title = f"{sample.title} ({sample.author}, {sample.licence})"
            small = sample.thumbnail(_OFFERED)
            picker.add(sample.name, small, title, sample.alt)
        picker.value = name
        picker.observe(lambda change: self._take(kind, change["new"]), "value")
        return picker

    def _upload(self, kind):
        descriptions = {
            "content": _("content: your own"),
            "style": _("style: your own"),
        }
        upload = Upload(
            accept="image/*,.heic,.heif,.avif",  # some systems do not know
            multiple=True,
            description=descriptions[kind],
            tooltip=_("JPEG, PNG, WebP, AVIF, GIF, TIFF or BMP, of any size"),
        )
        upload.observe(
            lambda change: self._uploaded(kind, change["new"]), "value"
        )
        return upload

    def add(self, kind, name, img):
        """Offer a picture that is no sample."""
        self._own[kind, name] = img
        small = images.thumbnail(img, _OFFERED)
        self.pickers[kind].add(name, small, name, name)

    def end(self):
        """Take no choice any more, and let go of the pictures."""
        for widget in (*self.pickers.values(), *self.uploads.values()):
            widget.disabled = True
        self._own.clear()

    def _new_name(self, kind, name):
        """Return ``name``, or "name (2)" if another picture is called so."""
        taken = {item["name"] for item in self.pickers[kind].items}
        numbers = itertools.count(2)
        new = name
        while new in taken:
            new = f"{name} ({next(numbers)})"
        return new

    def _take(self, kind, name):
        """Open the picture that was chosen, and hand it on."""
        try:
            img = self._own.get((kind, name))
            img = img or self._samples[name].open()
        except (KeyError, ValueError, OSError) as error:
            self._complain(str(error).strip('"'))
            return
        self._chosen(kind, name, img)

    def _uploaded(self, kind, files):
        wrong = []
        for file in files:
            try:
                img = read(file, images.open_image)
            except ValueError as error:
                wrong.append(str(error))
                continue
            name = self._new_name(kind, file["name"] or _("upload"))
            self.add(kind, name, img)
            self.pickers[kind].value = name
        if wrong:
            self._complain("\n".join(wrong))
