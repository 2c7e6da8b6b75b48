"""Being told to end: Ctrl-C, SIGTERM, a terminal that is closed."""

import signal
import threading
from contextlib import contextmanager

# Windows lacks some, Linux others.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


class Ended(KeyboardInterrupt):
    """Somebody wants the program to end; ``code`` is its exit status."""

    def __init__(self, number=signal.SIGINT):
        super().__init__()
        self.code = 128 + number


@contextmanager
def like_control_c():
    """Have every way of being told to end raise :class:`Ended`."""

    def end(number, _frame):
        raise Ended(number)

    with _handled_by(end):
        yield


@contextmanager
def held_back(at_most=None):
    """Let the block go on when told to end; yield whether it was.

    That is a function which returns the :class:`Ended` or None. Once told
    ``at_most`` times the block ends where it is, as it would without.
    """
    told = []

    def hold(number, _frame):
        told.append(Ended(number))
        if at_most is not None and len(told) > at_most:
            raise told[0]

    with _handled_by(hold):
        yield lambda: told[0] if told else None


@contextmanager
def _handled_by(handler):
    """Handle the signals that are not ignored, as nohup has some."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python hands signals to the main thread alone
        return
    numbers = [getattr(signal, n) for n in _NAMES if hasattr(signal, n)]
    before = {number: signal.getsignal(number) for number in numbers}
    ours = [n for n in numbers if before[n] not in (signal.SIG_IGN, None)]
    try:
        for number in ours:
            signal.signal(number, handler)
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])
