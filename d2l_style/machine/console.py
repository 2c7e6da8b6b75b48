"""What is printed, where the terminal lacks letters, or is gone."""

import os
import sys
from contextlib import contextmanager


def steady_streams():
    """Print ``?`` for letters that the terminal lacks, and go on.

    Also where nobody reads any more: a closed pipe, a closed stream, a full
    disk end the printing, not the program.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # it was closed before we came
            setattr(sys, name, _nowhere())
        elif isinstance(stream, _Steady):
            continue
        elif hasattr(stream, "reconfigure"):  # a notebook's has no encoding
            stream.reconfigure(errors="replace")
            setattr(sys, name, _Steady(stream))


def _nowhere():
    return open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


class _Steady:
    """A text stream that drops what can no longer be written."""

    def __init__(self, stream):
        self._stream = stream

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def write(self, text):
        """Write a text as far as somebody reads it; return its length."""
        with self._dropping():
            self._stream.write(text)
        return len(text)

    def flush(self):
        with self._dropping():
            self._stream.flush()

    @contextmanager
    def _dropping(self):
        try:
            yield
        except (OSError, ValueError):  # ValueError: it is closed
            self._leave()

    def _leave(self):
        """Have the rest go nowhere, what still waits to be written too."""
        nowhere = _nowhere()
        try:
            os.dup2(nowhere.fileno(), self._stream.fileno())
        except (OSError, ValueError):  # it has no number, or is closed
            self._stream = nowhere
