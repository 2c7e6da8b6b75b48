"""A button that brings files from the reader's machine, of any size.

A message of more than 10 MiB cuts the connection between browser and Python.
So the browser makes large pictures smaller before they travel, and sends
each file in a message of its own, the next one when the last has arrived.
"""

import io
import unicodedata
from pathlib import Path

import anywidget
import traitlets

from d2l_style.language import HIDDEN, _

_STATIC = Path(__file__).parent / "static"
MOST = 8_000_000  # bytes that one message may carry
_LIGHT = 4_000_000  # up to here a picture travels as it is
# Pixels, the longer side of what is made smaller. Oxford's VGG-19 on pictures
# of 3032 x 4548 takes 16 GB, and Safari on an iPad paints no 17 megapixels.
_SIDE = 4608
_AT_ONCE = 8  # files held until the last one of a choice is there
_NAME = 80  # letters


class Upload(anywidget.AnyWidget):
    """A button, and a place to drop files on; ``value`` is what arrives.

    ``value`` is a tuple of {"name": ..., "content": bytes-like}, as that of
    ipywidgets' ``FileUpload``: all files of one choice, then () again. What
    could not be sent has a sentence under "wrong"; :func:`read` raises it.
    Without ``shrink`` nothing is made smaller.
    """

    _esm = (_STATIC / "upload.js").read_text("utf-8")
    _css = (_STATIC / "upload.css").read_text("utf-8")
    description = traitlets.Unicode("").tag(sync=True)
    tooltip = traitlets.Unicode("").tag(sync=True)
    accept = traitlets.Unicode("").tag(sync=True)
    multiple = traitlets.Bool(False).tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)
    shrink = traitlets.Bool(True).tag(sync=True)
    limits = traitlets.Dict().tag(sync=True)
    sentences = traitlets.Dict().tag(sync=True)
    value = traitlets.Tuple()

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._arrived = []
        self.on_msg(self._take)

    @traitlets.default("limits")
    def _bound(self):
        return {"most": MOST, "light": _LIGHT, "side": _SIDE}

    @traitlets.default("sentences")
    def _tell(self):  # the places are filled in by upload.js
        return {
            "drop": _("or drop files here"),
            "shrinking": _("Making {name} smaller ({k} of {n})"),
            "sending": _("Sending {name} ({k} of {n})"),
            "busy": _("Python is busy. It takes {name} when it has time."),
        }

    def _take(self, _widget, content, buffers):
        """Take one message of the browser, whatever stands in it."""
        if not isinstance(content, dict) or content.get("what") != "file":
            return
        try:
            if content.get("first") is True:  # another choice was cut off
                self._arrived.clear()
            self._arrived.append(self._file(content, buffers))
            if content.get("last") is True or len(self._arrived) >= _AT_ONCE:
                self._hand_on()
        finally:
            number = content.get("id")
            if isinstance(number, int):
                self.send({"what": "taken", "id": number})

    def _file(self, content, buffers):
        name = shown_name(content.get("name"))
        data = buffers[0] if buffers else b""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            data = b""
        wrong = self._wrong(name, content)
        return {"name": name, "content": data, "wrong": wrong}

    def _wrong(self, name, content):
        """Return why the browser sends a name alone, in a sentence."""
        if content.get("lost"):
            return _(
                "{name} cannot be read. Is it a folder, or was it moved?",
                name=name,
            )
        size = content.get("too_large")
        if not isinstance(size, int) or not MOST < size < 1e15:
            return None
        places = {"name": name, "size": size / 1e6, "most": MOST / 1e6}
        if self.shrink:
            return _(
                "{name} cannot be sent: this browser cannot read it to make "
                "it smaller, and its {size:.1f} MB are too many to travel "
                "as they are (at most {most:.0f} MB). Save it as JPEG, PNG, "
                "WebP or AVIF; if it is one of these, it may be cut off: "
                "save or download it again.",
                **places,
            )
        return _(
            "{name} cannot be sent: it has {size:.1f} MB, and at most "
            "{most:.0f} MB can travel. In a cell, d2l.StylePanel.from_png "
            "opens one of any size.",
            **places,
        )

    def _hand_on(self):
        files, self._arrived = tuple(self._arrived), []
        try:
            self.value = files
        finally:
            self.value = ()  # the same files may be chosen again


def read(file, reader):
    """Return ``reader`` of an uploaded file, which knows its name.

    Raises ``ValueError`` as ``reader`` does, and if the browser could not
    send it.
    """
    if file.get("wrong"):
        raise ValueError(file["wrong"])
    data = io.BytesIO(file["content"])
    data.name = file["name"] or _("upload")  # what an error calls it
    return reader(data)


def shown_name(name):
    """Return a file's name as it may be shown; "" for what is none.

    Without what cannot be seen or turns the text round, and not too long:
    a picture's name stands below its thumbnail and in other files' names.
    """
    if not isinstance(name, str):
        return ""
    name = " ".join(name[: 10 * _NAME].split())
    name = "".join(c for c in name if unicodedata.category(c) not in HIDDEN)
    name = unicodedata.normalize("NFC", name)  # macOS takes letters apart
    if len(name) > _NAME:
        name = f"{name[: _NAME - 11]}…{name[-10:]}"
    return name.strip()
