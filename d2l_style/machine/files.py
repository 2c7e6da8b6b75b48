"""Folders that one may write to, files that are there whole or not at all."""

import os
import tempfile
import uuid
from contextlib import contextmanager
from pathlib import Path

from d2l_style.language import invalid


@contextmanager
def whole_file(path):
    """Yield where to write; what is there in the end takes ``path``'s place.

    In one go, so that nobody ever reads half of it. If the block raises,
    ``path`` stays as it was. The name to write to has the ending of ``path``,
    by which formats are told, and is nobody else's.
    """
    path = Path(path)
    unique = uuid.uuid4().hex[:12]
    part = path.with_name(f".{path.stem}.{unique}.part{path.suffix}")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


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
    except OSError as error:
        raise invalid(
            "Results cannot be kept in {folder} ({reason}). Choose "
            "another folder.",
            folder=folder,
            reason=error.strerror or error,
        ) from None
