"""A file from the web: the right one, whole and in time, or none."""

import hashlib
import os
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import requests
from tqdm import tqdm

from d2l_style.language import _, invalid
from d2l_style.machine.files import naming
from d2l_style.network.cache import PART

SECONDS = 30  # without a byte from the server, before giving up
SLOWEST = 60  # seconds for a piece of the file; 4 KB a second
_PIECE = 2**18  # bytes


@dataclass(frozen=True)
class Source:
    """A file on the web: its address, SHA-256 and size in megabytes."""

    url: str
    sha256: str
    megabytes: float

    @property
    def name(self):
        return self.url.rsplit("/", 1)[-1]

    @property
    def most(self):
        """More bytes than these, and it is another file."""
        return int((self.megabytes + 1) * 2**20)


def has(folder, source):
    path = Path(folder, source.name)
    return path.is_file() and _sha256(path) == source.sha256


def download(source, folder, progressbar=True):
    """Download ``source`` into ``folder`` and return the path.

    A file that is there with the right hash is not downloaded again. One
    that was cut stays as ``name.part`` if the server can go on from there,
    and the next call does. Raises ``ConnectionError`` if the server cannot
    be reached, refuses, falls silent or is far too slow, ``ValueError`` if
    what came is not the file that was asked for, ``OSError`` if it cannot be
    written; then nothing else is left behind.
    """
    path = Path(folder, source.name)
    if has(folder, source):
        return path
    mirror = os.environ.get("D2L_STYLE_MIRROR")
    url = f"{mirror.rstrip('/')}/{source.name}" if mirror else source.url
    part = path.with_name(f"{path.name}{PART}")
    begun = part.exists()
    if not (begun and _sha256(part) == source.sha256):
        try:
            _receive(url, source, part, progressbar)
        except (requests.RequestException, TimeoutError) as error:
            raise _failed(url, source, error, part.exists()) from None
    if _sha256(part) == source.sha256:
        with naming(path):
            os.replace(part, path)
        return path
    part.unlink()
    if begun:  # two halves that do not fit
        return download(source, folder, progressbar)
    raise invalid(
        "{url} answered with something that is not {name} (its "
        "SHA-256 differs). Often this is the login page of a Wi-Fi "
        "network: open a browser, log in and try again.",
        url=url,
        name=source.name,
    )


def in_time(seconds, step, *args):
    """Return ``step(*args)``, or raise ``TimeoutError`` if it takes longer.

    A socket's own timeout begins anew with each byte. The step goes on in a
    thread that nobody waits for.
    """
    answer = Future()

    def run():
        try:
            answer.set_result(step(*args))
        except BaseException as error:
            answer.set_exception(error)

    Thread(target=run, daemon=True).start()
    return answer.result(seconds)


def _receive(url, source, part, progressbar):
    """Write what the server sends to ``part``, behind what is there."""
    start = part.stat().st_size if part.exists() else 0
    response = in_time(SLOWEST, _ask, url, start)
    if response.status_code == 416:  # the server has no more than we have
        return
    response.raise_for_status()
    if response.status_code != 206:
        start = 0
    try:
        _write(response, source, part, start, progressbar)
    except BaseException as error:
        cut = (requests.RequestException, TimeoutError, KeyboardInterrupt)
        if not (isinstance(error, cut) and _can_go_on(response)):
            part.unlink(missing_ok=True)
        raise


def _ask(url, start):
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    return requests.get(url, headers=headers, stream=True, timeout=SECONDS)


def _can_go_on(response):
    """Return whether the server would send the rest alone."""
    return "bytes" in response.headers.get("Accept-Ranges", "")


def _write(response, source, part, start, progressbar):
    length = response.headers.get("Content-Length", "")
    total = start + int(length) if length.isdecimal() else None
    bar = {"unit": "B", "unit_scale": True, "ncols": 79}
    bar |= {"initial": start, "total": total, "disable": not progressbar}
    if not start:
        part.unlink(missing_ok=True)
    with naming(part.with_suffix("")):
        file = open(part, "ab", buffering=0)  # noqa: SIM115
    with file, tqdm(**bar) as bar:
        if (total or 0) > source.most:
            raise _too_long(response, source)
        for piece in _pieces(response):
            if file.tell() + len(piece) > source.most:
                raise _too_long(response, source)
            with naming(part.with_suffix("")):
                _append(file, piece)
            bar.update(len(piece))


def _pieces(response):
    pieces = response.iter_content(_PIECE)
    try:
        while piece := in_time(SLOWEST, next, pieces, b""):
            yield piece
    except TimeoutError:
        # To close what a thread still reads from would wait for the thread.
        with suppress(Exception):
            response.raw.shutdown()
        raise


def _append(file, piece):
    left = memoryview(piece)
    while left:  # a disk that is nearly full takes a part
        left = left[file.write(left) :]


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _too_long(response, source):
    return invalid(
        "{url} answered with more than {name} has ({size} MB), so it is "
        "something else and was not kept. Set D2L_STYLE_MIRROR to a folder "
        "on a server you can trust that holds the file.",
        url=response.url,
        name=source.name,
        size=source.megabytes,
    )


def _failed(url, source, error, kept):
    slow = isinstance(error, TimeoutError)
    sentence = _(
        "{name} could not be downloaded from {url}: {reason}. Check "
        "the connection and try again, or set D2L_STYLE_MIRROR to a "
        "folder on a server you can reach that holds the file.",
        name=source.name,
        url=url,
        reason=_("it sends far too slowly") if slow else error,
    )
    if kept:
        goes_on = _("What has come is kept: the next try goes on from there.")
        sentence = f"{sentence} {goes_on}"
    return ConnectionError(sentence)
