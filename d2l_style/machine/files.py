"""Folders that one may write to, files that are there whole or not at all."""

import os
import tempfile
import uuid
from contextlib import contextmanager
from pathlib import Path

from d2l_style.language import _, invalid

_SHOWN = 40  # letters of a name in the temporary one


class NotWritten(OSError):
    """A file could not be written; as text it is a sentence."""

    def __init__(self, path, reason, errno=None):
        super().__init__(errno, reason)
        self.path = path

    def __str__(self):
        return _(
            "{out} cannot be written: {reason}.",
            out=self.path,
            reason=self.strerror,
        )


@contextmanager
def whole_file(path):
    """Yield where to write; what is there in the end takes ``path``'s place.

    In one go and after it has reached the disk, so that nobody ever reads
    half of it. If the block raises, ``path`` stays as it was. The name to
    write to is an empty file of ours with the ending of ``path``, by which
    formats are told. Where ``path`` is a link, the file it leads to is
    replaced. Raises :class:`NotWritten` for what the file system refuses.
    """
    with naming(path), _part_of(path) as (part, target):
        yield part
        _flush(part)
        os.replace(part, target)


def write_whole(path, data):
    """Write bytes as :func:`whole_file` does."""
    with whole_file(path) as part:
        part.write_bytes(data)


def write_new(path, data):
    """Write bytes where no file is yet, whole or not at all.

    Raises ``FileExistsError`` if there is one, and as :func:`whole_file`.
    """
    path = Path(path)
    path.touch(exist_ok=False)  # nobody else takes the name meanwhile
    try:
        write_whole(path, data)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@contextmanager
def _part_of(path):
    """Yield (a new file beside it, the file that it shall replace)."""
    if "\0" in os.fspath(path):
        raise NotWritten(path, _("no file can have such a name"))
    target = Path(os.path.realpath(path))
    there = target.exists() or target.is_symlink()  # links in a circle
    if there and not target.is_file():  # a device, a pipe
        raise NotWritten(path, _("it is no file"))
    name = f".{target.stem[:_SHOWN]}.{uuid.uuid4().hex[:12]}.part"
    part = target.with_name(name + target.suffix)
    part.touch(exist_ok=False)
    try:
        yield part, target
    finally:
        part.unlink(missing_ok=True)


def _flush(path):
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


@contextmanager
def naming(path):
    """Say which file it was that could not be written."""
    try:
        yield
    except NotWritten:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise NotWritten(path, reason, error.errno) from None


@contextmanager
def about(path):
    """Name the file in what is wrong with what was read from it."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def writable_folder(folder):
    """Return a folder as a ``Path``, made if it is not there.

    Raises ``ValueError`` if it is not, and cannot become, a folder that one
    can write to.
    """
    folder = Path(folder)
    with keeping_in(folder):
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()  # may we write?
    return folder


@contextmanager
def keeping_in(folder):
    """Turn what the file system refuses in the block into a sentence."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a NUL in its name
        raise invalid(
            "Results cannot be kept in {folder} ({reason}). Choose "
            "another folder.",
            folder=folder,
            reason=getattr(error, "strerror", None) or error,
        ) from None
