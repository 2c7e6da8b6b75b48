"""What may happen only as often as its share of the time allows."""

import time
from contextlib import contextmanager


class Throttle:
    """Lets something happen only as often as its share of time allows.

    ``least`` is how many seconds lie between two times; ``spent`` is how
    many seconds it has taken in all.
    """

    def __init__(self, share, least):
        self._share, self._least = share, least
        self._cost = self._last = self.spent = 0.0

    def begin(self):
        """Have the first time, too, wait until it is due."""
        self._last = time.perf_counter()

    def due(self):
        """Return whether its turn has come."""
        pause = max(self._least, self._cost / self._share)
        return time.perf_counter() - self._last >= pause

    @contextmanager
    def timed(self):
        """Measure what happens inside."""
        began = time.perf_counter()
        yield
        self._last = time.perf_counter()
        self._cost = self._last - began
        self.spent += self._cost
