"""Threads that wait for more to do, since each costs memory for good.

MXNet keeps about the size of a network for every thread that has ever
computed in it, PyTorch a team of OpenMP threads.
"""

import queue
import threading
import traceback

_idle = []


def in_a_thread(function):
    """Call ``function()`` in a thread that is idle, or a new one.

    Returns its :class:`Call`.
    """
    try:
        calls = _idle.pop()
    except IndexError:
        calls = queue.SimpleQueue()
        threading.Thread(
            target=_serve, args=[calls], name="d2l-style-panel", daemon=True
        ).start()
    call = Call(function)
    calls.put(call)
    return call


class Call:
    """A function that is being called; ``over`` is set when it has ended."""

    def __init__(self, function):
        self.function, self.over = function, threading.Event()
        self.thread = None

    @property
    def here(self):
        """Whether this is asked in the thread in which it is called."""
        return threading.get_ident() == self.thread


def _serve(calls):
    while True:
        call = calls.get()
        call.thread = threading.get_ident()
        try:
            call.function()
        except Exception:  # as of any thread; this one lives on
            traceback.print_exc()
        call.function = None  # it holds on to a panel
        _idle.append(calls)
        call.over.set()
        del call
