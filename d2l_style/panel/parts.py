"""The panel's own widgets: a comparison, a download button, tooltips.

Small ES modules in static/, carried by anywidget: nothing to build. They are
handed over as text: of a path anywidget remembers every widget, for good.
"""

from pathlib import Path

import anywidget
import ipywidgets as widgets
import traitlets

from d2l_style.language import _

_STATIC = Path(__file__).parent / "static"
_OLD = not hasattr(widgets.Checkbox, "tooltip")  # ipywidgets 7, as in Colab


def hint(sentence):
    """Return the tooltip of a widget with a description, as an argument."""
    return {"description_tooltip" if _OLD else "tooltip": sentence}


class Compare(anywidget.AnyWidget):
    """Two pictures in one place, with a line between them that moves.

    ``before`` and ``after`` are JPEG bytes, ``position`` is where the line
    stands, in per cent, and ``sentence`` what a screen reader says of it.
    """

    _esm = (_STATIC / "compare.js").read_text("utf-8")
    _css = (_STATIC / "compare.css").read_text("utf-8")
    before = traitlets.Bytes().tag(sync=True)
    after = traitlets.Bytes().tag(sync=True)
    before_label = traitlets.Unicode("").tag(sync=True)
    after_label = traitlets.Unicode("").tag(sync=True)
    position = traitlets.Float(0, min=0, max=100).tag(sync=True)
    sentence = traitlets.Unicode().tag(sync=True)

    @traitlets.default("sentence")
    def _tell(self):  # the places are filled in by compare.js
        return _("Left: {left}. Right: {right}. Move the line between them.")


class Download(anywidget.AnyWidget):
    """A button that downloads what ``make()`` returns when it is pressed.

    ``make`` returns (file name, MIME type, bytes), or None for nothing.
    """

    _esm = (_STATIC / "download.js").read_text("utf-8")
    description = traitlets.Unicode("").tag(sync=True)
    tooltip = traitlets.Unicode("").tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)

    def __init__(self, make, **kwargs):
        super().__init__(**kwargs)
        self._make = make
        self.on_msg(lambda _widget, _content, _buffers: self.press())

    def press(self):
        """Make the file and send it to the browser."""
        made = self._make()
        if made is not None:
            name, kind, data = made
            message = {"what": "file", "name": name, "type": kind}
            self.send(message, buffers=[data])
