"""Pages behind titles: a bar to choose from, and the page that is chosen."""

from pathlib import Path
from uuid import uuid4

import anywidget
import ipywidgets as widgets
import traitlets

_STATIC = Path(__file__).parent / "static"


class TabBar(anywidget.AnyWidget):
    """The titles of pages; ``selected`` is the number of the one chosen.

    The pages lie in the box whose class is ``box``. The browser turns them
    by itself, so they turn while the kernel is busy.
    """

    _esm = (_STATIC / "tabs.js").read_text("utf-8")
    _css = (_STATIC / "tabs.css").read_text("utf-8")
    titles = traitlets.List(traitlets.Unicode()).tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
    box = traitlets.Unicode().tag(sync=True)


class Tabs(widgets.VBox):
    """Pages to choose from, {title: widget}; the first one is shown.

    In the place of ``widgets.Tab``, which Colab does not show and which
    takes its titles in another way in ipywidgets 7.
    """

    def __init__(self, pages):
        box = f"d2l-tabs-{uuid4().hex}"
        self.bar = TabBar(titles=[*pages], box=box)
        for number, page in enumerate(pages.values()):
            page.add_class("d2l-page")
            page.add_class(f"d2l-page-{number}")
        super().__init__([self.bar, *pages.values()])
        self.add_class("d2l-tabs")
        self.add_class(box)
