"""HEIC, as iPhones take photos: read where ``pillow-heif`` is installed."""

import io
import os

from d2l_style.language import invalid

_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm"}
_HEAD = 64  # bytes: the brands stand at the beginning


def is_heic(source):
    """Return whether a path or a binary file holds HEIC, by its first bytes.

    Other files of that family, as AVIF, do not count.
    """
    head = _head(source)
    size = int.from_bytes(head[:4], "big")
    brands = {head[i : i + 4] for i in range(8, min(size, len(head)), 4)}
    return head[4:8] == b"ftyp" and bool(brands & _BRANDS)


def let_pillow_read_heic(name):
    """Teach Pillow HEIC; ``ValueError``, calling it ``name``, if it cannot."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise invalid(
            "{name} is a HEIC picture, as phones take them. Save it as JPEG, "
            "PNG, WebP or AVIF, or install what reads it with 'pip install "
            "pillow-heif'.",
            name=name,
        ) from None
    register_heif_opener()


def _head(source):
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            return file.read(_HEAD)
    try:
        source.seek(0)
        head = source.read(_HEAD)
        source.seek(0)
        return head
    except (AttributeError, io.UnsupportedOperation):
        return b""  # a stream, of which nothing can be given back
