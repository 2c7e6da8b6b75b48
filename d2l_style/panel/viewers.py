"""Whether anybody looks at a panel: its page sends a pulse."""

from contextlib import suppress
from pathlib import Path
from time import monotonic

import anywidget

from d2l_style.machine.commands import shell

_STATIC = Path(__file__).parent / "static"
# Seconds without a pulse until nobody looks. Browsers slow down the clocks
# of tabs that are hidden.
_PATIENCE, _HIDDEN = 60, 180


class Pulse(anywidget.AnyWidget):
    """Sends a pulse from each page that shows it; ``seen()`` is told.

    Where no page ever sent one (a notebook that is run without a browser),
    nobody is missed.
    """

    _esm = (_STATIC / "pulse.js").read_text("utf-8")

    def __init__(self, seen=lambda: None, **kwargs):
        super().__init__(layout={"height": "0", "margin": "0"}, **kwargs)
        self._last, self._patience, self._cell_runs = None, _PATIENCE, False
        self._seen = seen
        self.on_msg(lambda _widget, content, _buffers: self.felt(content))
        self._events = getattr(shell(), "events", None)
        for event, told in self._cells():
            self._events.register(event, told)

    def _cells(self):
        if self._events is None:
            return ()
        return (
            ("pre_run_cell", self._cell_begins),
            ("post_run_cell", self._cell_ends),
        )

    def end(self):
        """Listen to cells no longer."""
        for event, told in self._cells():
            with suppress(ValueError):  # the reader took it off
                self._events.unregister(event, told)
        self._events = None

    def felt(self, content):
        """Take in a pulse."""
        hidden = isinstance(content, dict) and content.get("hidden") is True
        self._patience = _HIDDEN if hidden else _PATIENCE
        self._last = monotonic()
        self._seen()

    def _cell_begins(self, *_):
        """From now on pulses may have to wait: a cell runs."""
        self._cell_runs = True

    def _cell_ends(self, *_):
        """Whoever ran a cell is there."""
        self._cell_runs = False
        if self._last is not None:
            self._last = monotonic()

    @property
    def missing(self):
        """Whether nobody has looked for a minute."""
        if self._last is None or self._cell_runs:
            return False
        return monotonic() - self._last > self._patience
