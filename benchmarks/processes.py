"""Work in processes of its own, so that no measurement sees another.

The process that starts them must stay small: a child's largest size so far,
as the system counts it, begins with that of its parent.
"""

import multiprocessing
import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

_SPAWN = multiprocessing.get_context("spawn")
_made = None  # in a row's process: what was made there


class Row:
    """Something that is made once in a process of its own and called there.

    ``make(*args)`` runs in the new process; calling the row calls what it
    returned. What goes in and out is pickled, and so are exceptions.
    """

    def __init__(self, make, *args):
        self._pool = ProcessPoolExecutor(1, _SPAWN)
        try:
            self._pool.submit(_make, make, args).result()
        except BaseException:
            self._pool.shutdown()
            raise

    def __call__(self, *args):
        return self._pool.submit(_call, args).result()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._pool.shutdown()


def apart(function, *args):
    """Return ``function(*args)``, computed in a process of its own."""
    with ProcessPoolExecutor(1, _SPAWN) as pool:
        return pool.submit(function, *args).result()


def peak_megabytes():
    """Return the largest resident size of this process so far, in MB."""
    if sys.platform == "linux":
        # There ru_maxrss outlives exec: it may be what the parent once had.
        status = Path("/proc/self/status").read_text("ascii", "replace")
        return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_maxrss * unit / 1e6


def _make(make, args):
    global _made
    _made = make(*args)


def _call(args):
    return _made(*args)
