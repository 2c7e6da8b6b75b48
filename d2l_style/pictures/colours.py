"""Whatever a picture holds, as RGB: upright, in sRGB, on white.

Strip by strip, so that of a large picture there is never more in memory than
what was decoded and what is kept.
"""

import math
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

_STRIP = 2**20  # pixels, about
_LEAST = 12_000_000  # pixels that are left of those that are too many
_TURNS = {  # what EXIF calls them
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def as_rgb(img, ours=False):
    """Return a PIL image upright, in sRGB, on white, in mode RGB.

    One of 48 megapixels and more comes back smaller: see :func:`shrinking`.
    ``ours`` says that nobody else holds it, so that it need not be copied.
    """
    packing = img.tile[0][3] if getattr(img, "tile", None) else None
    img.load()
    turn, times, to_srgb = _turn(img), shrinking(img.size), _colours(img)
    as_it_is = img.mode == "RGB" and (turn, times, to_srgb) == (1, 1, None)
    if as_it_is and not img.has_transparency_data:
        return _bare(img if ours else img.copy())
    key_scale, white = _KEY_SCALES.get(str(packing), 1), _white(img)
    size = [-(-side // times) for side in img.size]
    canvas = Image.new("RGB", size[::-1] if turn >= 5 else size)
    for top, strip in _strips(img, times):
        strip = _painted(strip, key_scale, white, to_srgb)
        strip = strip.reduce(times) if times > 1 else strip
        canvas.paste(*_upright(strip, top // times, size[1], turn))
    return canvas


def shrinking(size):
    """Return how many times smaller a picture is kept than it is.

    Once below 48 megapixels. Above, squares of 2 x 2, 3 x 3, ... pixels
    become one, the largest that leave 12 megapixels: hardly a run is as
    large, and each picture in memory takes 4 bytes a pixel.
    """
    return max(1, math.isqrt(math.prod(size) // _LEAST))


def _bare(img):
    """Return the pixels alone: what was said of them holds no longer."""
    bare = Image.Image()._new(img.im)  # nothing public shares them
    bare.info = {}
    return bare


def _turn(img):
    """Return an image's orientation, from 1 (as it is) to 8, as in EXIF."""
    try:
        turn = img.getexif().get(0x0112)
    except Exception:  # damaged EXIF data are no reason to fail
        return 1
    return turn if turn in list(_TURNS) else 1


def _upright(strip, top, height, turn):
    """Return a strip turned, and where it belongs: (left, top).

    ``top`` is where it was, in a picture of that ``height``.
    """
    if turn in (3, 4, 6, 7):  # what was at the top goes to the other end
        top = height - top - strip.height
    place = (top, 0) if turn >= 5 else (0, top)
    return (strip.transpose(_TURNS[turn]) if turn > 1 else strip), place


def _strips(img, times=1):
    """Yield (top, strip) down an image, of rows that ``times`` divides."""
    rows = times * max(1, _STRIP // (times * max(1, img.width)))
    for top in range(0, img.height, rows):
        bottom = min(top + rows, img.height)
        yield top, img.crop((0, top, img.width, bottom))


def _painted(img, key_scale, white, to_srgb):
    """Return (a strip of) an image in RGB, on white."""
    alpha = _opacity(img, key_scale)
    img = _simple(img, white)
    img = to_srgb(img) if to_srgb else img.convert("RGB")
    if alpha is not None:
        img = Image.composite(img, Image.new("RGB", img.size, "white"), alpha)
    return img


# A PNG may name one transparent colour. Pillow brings the pixels to 8 bits
# and leaves the name: by packing, what it has to be multiplied with.
_KEY_SCALES = {"L;2": 85, "L;4": 17, "RGB;16B": 1 / 256}


def _opacity(img, key_scale):
    """Return how opaque each pixel is, in mode L; None if all are."""
    key = img.info.get("transparency")
    if key is not None and img.mode.startswith("I"):
        return Image.fromarray(np.uint8(np.asarray(img) != key) * 255)
    if not img.has_transparency_data:
        return None
    if key is not None and key_scale != 1:
        key = np.multiply(key, key_scale).astype(int).tolist()
        img.info["transparency"] = key if img.mode == "L" else tuple(key)
    if img.mode == "La":
        img = img.convert("LA")
    return img.convert("RGBA").getchannel("A")


def _simple(img, white):
    """Return the colours of an image of any mode in that of _simple_mode."""
    img.info.pop("transparency", None)
    if _is_deep(img):
        return _grey(img, white)
    if img.mode in ("La", "RGBa"):  # their colours are multiplied by alpha
        img = img.convert(img.mode.upper())
    return img.convert(_simple_mode(img))


def _simple_mode(img):
    if img.mode in ("CMYK", "LAB"):
        return img.mode
    grey = _is_deep(img) or img.mode in ("1", "L", "LA", "La")
    return "L" if grey else "RGB"


def _is_deep(img):
    return img.mode.startswith(("I", "F"))


def _grey(img, white):
    """Return an image in a mode of 16 or 32 bits in mode L."""
    values = np.asarray(img).astype(np.float32) / white
    values = np.nan_to_num(values, nan=0, posinf=1, neginf=0)
    return Image.fromarray(np.uint8(values.clip(0, 1) * 255 + 0.5))


def _white(img):
    """Return what is white in an image of 16 or 32 bits.

    In 16 bits it is 65535; but TIFF files may hold 8 or 12 bits in them,
    and do not say so. With 32 bits no file says what it is. There it is the
    first of these that holds the brightest pixel (with room above 1 for the
    highlights of HDR pictures), else that pixel.
    """
    steps = [(255, 255), (4095, 4095), (65535, 65535)]
    if img.mode in ("I", "F"):
        steps.insert(0, (16, 1))
    elif not _is_deep(img) or img.format != "TIFF":
        return 65535
    arrays = (np.asarray(strip) for _top, strip in _strips(img))
    peak = max(
        (a.max(initial=0, where=np.isfinite(a)) for a in arrays), default=0
    )
    return next((white for top, white in steps if peak <= top), peak)


def _colours(img):
    """Return what brings a strip, once simple, to sRGB; None if plainly."""
    mode, profile = _simple_mode(img), img.info.get("icc_profile")
    try:
        if mode == "LAB":
            source = ImageCms.createProfile("LAB")
        elif profile:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
        else:
            return None
        srgb = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(source, srgb, mode, "RGB")
    except (ImageCms.PyCMSError, OSError):
        return None  # a broken profile is no reason to fail
    return lambda strip: ImageCms.applyTransform(strip, transform)
