"""Where the result goes: tried before the run, found in any case after it."""

import contextlib
import io
import itertools
import os
import tempfile
from pathlib import Path

from PIL import Image

from d2l_style.language import _, invalid
from d2l_style.machine.files import whole_file, write_new, write_whole


def check(out, image_shape, pictures):
    """Complain before the run rather than after it.

    ``pictures`` are the paths that go in. Raises ``ValueError`` and
    ``OSError`` with what to do; ``out`` stays as it is.
    """
    there = [p for p in pictures if os.path.exists(p)]
    if os.path.exists(out) and any(out.samefile(p) for p in there):
        raise invalid(
            "{out} is one of the two pictures that go in. Name another "
            "file for the result.",
            out=out,
        )
    if os.path.isdir(out):
        raise invalid(
            "{out} is a folder. Name the picture, like {example}.",
            out=out,
            example=out / "out.png",
        )
    if not os.path.isdir(out.parent):
        raise FileNotFoundError(
            _(
                "There is no folder {folder} to write {name} into.",
                folder=out.parent,
                name=out.name,
            )
        )
    h, w = image_shape
    data = encoded(Image.new("RGB", (w, h)), out)
    # As many bytes as a picture has that cannot be compressed.
    with contextlib.suppress(_OnlyTried), whole_file(out) as part:
        part.write_bytes(data.ljust(3 * h * w, b"\0"))
        raise _OnlyTried


class _OnlyTried(Exception):
    """The picture could be written, and was not to stay."""


def save(img, out, spare=False):
    """Write a picture, to ``out`` if that can be; return where.

    Else under a free name here, at home, or among temporary files. With
    ``spare`` a file that is there already is spared. Raises ``OSError`` if
    there is no room anywhere.
    """
    data, refused = encoded(img, out), None
    for place in _places(out, spare):
        try:
            if place == out and not spare:
                write_whole(place, data)
            else:
                write_new(place, data)
        except OSError as error:
            refused = refused or error
            continue
        if refused:
            print(refused)
        return place
    raise refused


def _places(out, spare):
    yield _free(out) if spare else out
    for folder in (Path.cwd(), Path.home(), Path(tempfile.gettempdir())):
        yield _free(folder / out.name)


def _free(path):
    """Return a path where nothing is yet: out.png, out-2.png ..."""
    numbered = (path.with_stem(f"{path.stem}-{n}") for n in itertools.count(2))
    names = itertools.chain([path], numbered)
    return next(name for name in names if not os.path.lexists(name))


def encoded(img, out):
    """Return the bytes of a picture in the format that ``out`` ends in."""
    kind = Image.registered_extensions().get(out.suffix.lower())
    lossy = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
    data = io.BytesIO()
    try:
        img.save(data, kind, **lossy)
    except (KeyError, ValueError, OSError):  # Pillow raises all three
        raise invalid(
            "{out} must end in .png, .jpg or another format of pictures.",
            out=out,
        ) from None
    return data.getvalue()
