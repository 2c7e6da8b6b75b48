"""Tell a user's change of a widget from one of our own."""

import threading
from contextlib import contextmanager


class Quiet(threading.local):
    """``with quiet():`` what this thread changes meanwhile is not news.

    Other threads are not concerned: while the computing thread shows a
    number, the reader's hand on a slider is heard.
    """

    on = False

    @contextmanager
    def __call__(self):
        before, self.on = self.on, True
        try:
            yield
        finally:
            self.on = before
