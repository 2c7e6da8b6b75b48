"""The folder of what has been fetched, and room in it to work in."""

import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs

from d2l_style.language import _

try:
    import fcntl
except ImportError:  # Windows has none
    fcntl = None

WORK = "part-"  # how folders begin that hold what is not finished
PART = ".part"  # how a download ends that may go on from where it was cut
_HOUR = 3600
_WEEK = 7 * 24 * _HOUR


def cache_dir():
    """Return the folder that holds what has been fetched."""
    given = os.environ.get("D2L_STYLE_CACHE")
    return Path(given or platformdirs.user_cache_dir("d2l-style"))


@contextmanager
def scratch():
    """A folder inside the cache that is gone afterwards, come what may.

    But for downloads that were cut: they stay for a week, and whoever works
    in the cache next has them in the new folder. What processes have left
    that were killed is removed; folders that others work in are let alone.
    """
    try:
        cache_dir().mkdir(parents=True, exist_ok=True)
        folder, hold = _new_folder()
    except OSError as error:
        raise OSError(
            _(
                "The cache {folder} cannot be used: {reason}. Set "
                "D2L_STYLE_CACHE to a folder that you may write to.",
                folder=cache_dir(),
                reason=error.strerror,
            )
        ) from None
    try:
        with suppress(OSError):  # what others own stays
            _take_over(folder)
        yield folder
    finally:
        with suppress(OSError):
            _clear(folder)
        _let_go(hold)


def _new_folder():
    """Return a new folder and the hold on it."""
    while True:
        folder = Path(tempfile.mkdtemp(dir=cache_dir(), prefix=WORK))
        hold = _hold(folder)
        if folder.exists():  # or else it was swept before we held it
            return folder, hold
        _let_go(hold)


def _take_over(folder):
    """Fetch cut downloads from folders that nobody works in; end those."""
    for other in cache_dir().glob(f"{WORK}*"):
        hold = None if other == folder else _hold(other)
        if hold is None:
            continue
        for part in other.glob(f"*{PART}"):
            if _age(part) < _WEEK:
                os.replace(part, folder / part.name)
        shutil.rmtree(other, ignore_errors=True)
        _let_go(hold)
    for part in cache_dir().glob(".*.part.*"):  # see machine/files.py
        if _age(part) > _HOUR:
            part.unlink(missing_ok=True)


def _clear(folder):
    """Remove all but cut downloads, and the folder if there are none."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.suffix != PART:
            path.unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _age(path):
    """Return the seconds since a file or folder was written to."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0


def _hold(folder):
    """Keep others away from a folder until the process ends; None if one
    is there already.

    The system takes the hold away from a process that is killed. Windows
    knows no such hold on a folder: one is taken for left after a day.
    """
    if fcntl is None:
        return -1 if _age(folder) > 24 * _HOUR else None
    try:
        hold = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(hold)
        return None
    return hold


def _let_go(hold):
    if hold is not None and hold >= 0:
        os.close(hold)
