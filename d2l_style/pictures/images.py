"""Any picture a person may hand in, as an RGB image of the right size."""

import math
import os
import threading
import warnings
from contextlib import contextmanager
from heapq import nsmallest
from io import BytesIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from d2l_style.language import _, invalid
from d2l_style.machine.memory import free_bytes, in_bytes
from d2l_style.network.vgg import RGB_MEAN, RGB_STD
from d2l_style.pictures.colours import as_rgb, shrinking
from d2l_style.pictures.heic import is_heic, let_pillow_read_heic
from d2l_style.pictures.scans import scans

MAX_PIXELS = 100_000_000  # 100 megapixels
_MAX_SCANS = 100  # of a JPEG

# Pillow before 11.3 has no AVIF, and HEIF comes with pillow-heif.
_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP", "HEIF")
_ENDINGS = "jpg jpeg png webp gif tif tiff bmp"
# Measured, at the most: bytes for a pixel that a format's decoder takes.
_BESIDE = {"WEBP": 12, "AVIF": 12, "HEIF": 12, "TIFF": 8, "GIF": 2}
_SPARE = 0.95  # of the free memory may be taken
_SHOWN = 3  # pictures, of a folder that is no picture
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_ONE_AT_A_TIME = threading.Lock()


def open_image(source, max_pixels=MAX_PIXELS):
    """Open a picture from a path or a binary file, as RGB in sRGB.

    Upright (EXIF orientation), colours converted by its ICC profile,
    transparency on white, the first frame of an animation, 16 and 32 bits
    reduced to 8, made smaller from 48 megapixels on (:func:`shrinking`).
    Returns a ``PIL.Image.Image`` in mode RGB. Raises as :func:`reading`.
    """
    with reading(source, max_pixels) as img:
        return as_rgb(img, ours=True)


@contextmanager
def reading(source, max_pixels=MAX_PIXELS, at_least=None):
    """Yield a picture from a path or a binary file, not yet decoded.

    A JPEG may come smaller, not below ``at_least`` = (width, height), or
    else what :func:`shrinking` leaves. Raises ``FileNotFoundError`` if there
    is no such file, and ``ValueError`` naming the file and the reason if it
    is no picture, is cut off, has more than ``max_pixels`` pixels or takes
    more memory than there is: here, or in the block when it is decoded.
    """
    name = _name(source)
    if isinstance(source, (str, os.PathLike)):
        _check_path(source, name)
    with _naming(name):
        source = _at_hand(source)
        heic = is_heic(source)
    if heic:
        let_pillow_read_heic(name)
    with _pixel_limit(name, max_pixels):
        with _naming(name):
            img = Image.open(source, formats=formats())
        with img:
            pixels, beside = _at_once(img, max_pixels), _beside(img, name)
            times = shrinking(img.size)
            smaller = [max(1, side // times) for side in img.size]
            img.draft(None, at_least or smaller)
            _check_memory(img, pixels * beside, name)
            with _naming(name):
                yield img


def _at_hand(source):
    """Return a file whose bytes are there: nobody waits for them later."""
    seekable = getattr(source, "seekable", lambda: True)
    return source if seekable() else BytesIO(source.read())


def _at_once(img, max_pixels):
    """Return how many pixels a decoder holds: a TIFF's tile may have more."""
    tags = getattr(img, "tag_v2", {})
    tile = [tags.get(tag) for tag in (322, 323)]  # width, height
    if not all(isinstance(side, int) for side in tile):
        return math.prod(img.size)
    if math.prod(tile) > max_pixels:
        raise Image.DecompressionBombError
    return max(math.prod(tile), math.prod(img.size))


def _beside(img, name):
    """Return how many bytes for a pixel decoding takes beside the picture."""
    if img.format not in ("JPEG", "MPO"):
        return _BESIDE.get(img.format, 0)
    with _naming(name):
        found = scans(img.fp, _MAX_SCANS)
    if found > _MAX_SCANS:
        raise invalid(
            "{name} cannot be read: it is a JPEG of more than {most} scans, "
            "which would take very long. Open it in another program and "
            "save it again.",
            name=name,
            most=_MAX_SCANS,
        )
    return 2 * len(img.getbands()) if found > 1 else 0


def _check_memory(img, beside, name):
    """Refuse what takes more memory than is free, ``beside`` its pixels."""
    w, h = img.size
    kept = 4 * w * h / shrinking(img.size) ** 2
    decoded = (1 if img.mode in ("1", "L", "P") else 4) * w * h
    need, free = decoded + beside + kept, free_bytes()
    if need > _SPARE * free:
        raise invalid(
            "{name} is too large: opening it takes about {need} of memory, "
            "and {free} are free. Make it smaller.",
            name=name,
            need=in_bytes(need),
            free=in_bytes(free),
        )


def formats():
    """Return the names of the formats that are read: those we promise.

    Pillow knows 40 more, one of which starts Ghostscript: a file from a
    stranger shall not choose among them by its first bytes.
    """
    Image.init()
    return [name for name in _FORMATS if name in Image.OPEN]


def as_image(img):
    """Return a picture in any common form as a ``PIL.Image`` in mode RGB.

    Takes a path, a PIL image, a (h, w, 3) uint8 array of NumPy or one of
    MXNet (what ``image.imread`` returns). Raises ``TypeError`` for others
    and ``ValueError`` as :func:`open_image` does.
    """
    if isinstance(img, (str, os.PathLike)):
        return open_image(img)
    if hasattr(img, "asnumpy"):
        img = img.asnumpy()
    if isinstance(img, np.ndarray):
        _check_array(img)
        img = Image.fromarray(img)
    if isinstance(img, Image.Image):
        with _naming(_name(img)):
            return as_rgb(img)
    raise TypeError(
        _(
            "A picture must be a path, a PIL image or a (h, w, 3) uint8 "
            "array, not {given}.",
            given=type(img).__name__,
        )
    )


def resize(img, image_shape, antialias=True, box=None):
    """Resize to ``image_shape`` = (h, w) bilinearly.

    With ``antialias`` each new pixel averages all old ones that it covers;
    without, it looks at the nearest four, as OpenCV and so MXNet do. Only
    what lies in ``box`` = (left, top, right, bottom) is taken, in pixels and
    their fractions; None is the whole picture.
    """
    h, w = image_shape
    if antialias:
        return img.resize((w, h), Image.Resampling.BILINEAR, box)
    return img.transform(
        (w, h),
        Image.Transform.EXTENT,
        box or (0, 0, *img.size),
        Image.Resampling.BILINEAR,
    )


def fit(img, image_shape, how="squeeze", antialias=True, at_least=1):
    """Resize to ``image_shape`` = (h, w), or to as many pixels.

    ``how`` is ``"squeeze"`` (to ``image_shape``, whatever becomes of round
    things), ``"crop"`` (the largest part in the middle that has its aspect
    ratio, to ``image_shape``) or ``"keep"`` (all of the picture, to the
    shape that :func:`fitted_shape` gives with ``at_least``). ``antialias``
    is that of :func:`resize`. Raises ``ValueError`` for another ``how`` and
    as :func:`fitted_shape` does.
    """
    if how == "squeeze":
        return resize(img, image_shape, antialias)
    if how == "crop":
        return resize(img, image_shape, antialias, _middle(img, image_shape))
    if how == "keep":
        shape = fitted_shape(img, image_shape, at_least)
        return resize(img, shape, antialias)
    raise invalid(
        "A picture can be fitted by 'squeeze', 'crop' or 'keep', not "
        "{given!r}.",
        given=how,
    )


def fill(img, image_shape, how="squeeze", antialias=True):
    """Return :func:`fit`, but always in ``image_shape``.

    Where a picture has to lie over another one, ``"keep"`` cannot be had:
    it is cropped instead, which bends nothing either.
    """
    how = "crop" if how == "keep" else how
    return fit(img, image_shape, how, antialias)


def fitted_shape(img, image_shape, at_least=1):
    """Return (h, w) of the picture's own aspect ratio.

    It has as many pixels as ``image_shape`` = (h, w), as nearly as whole
    ones allow: the shorter side is rounded first, the longer one makes up
    for it. Raises ``ValueError`` if a side is below ``at_least`` pixels. ::

        recipe = Recipe(image_shape=fitted_shape(content_img, (300, 450)))
    """
    pixels = math.prod(image_shape)
    ratio = min(img.size) / max(img.size)
    short = max(1, round(math.sqrt(pixels * ratio)))
    long = max(1, round(pixels / short))
    h, w = (short, long) if img.height <= img.width else (long, short)
    if min(h, w) < at_least:
        raise invalid(
            "In its own shape this picture would be {h}x{w} pixels, and "
            "the layers need at least {need} in height and width. Crop "
            "it (style_fit='crop'), or choose a larger image_shape or "
            "shallower layers.",
            h=h,
            w=w,
            need=at_least,
        )
    return h, w


def _middle(img, image_shape):
    """Return the box of the largest part with the ratio of image_shape."""
    h, w = image_shape
    scale = min(img.width / w, img.height / h)
    width, height = min(img.width, w * scale), min(img.height, h * scale)
    return (
        (img.width - width) / 2,
        (img.height - height) / 2,
        (img.width + width) / 2,
        (img.height + height) / 2,
    )


def thumbnail(img, size):
    """Return a smaller copy that fits into ``size`` = (width, height)."""
    small = img.copy()
    small.thumbnail(size)
    return small


def standardise(img):
    """Return an RGB image as a standardised (1, 3, h, w) float32 array.

    (x / 255 - mean) / std for each channel, x in 0 ... 255.
    """
    X = np.asarray(img, np.float32) / 255
    X = (X - np.float32(RGB_MEAN)) / np.float32(RGB_STD)  # (h, w, 3)
    return np.ascontiguousarray(X.transpose(2, 0, 1)[None])


def to_image(X):
    """Return a standardised (1, 3, h, w) array as an RGB ``PIL.Image``.

    The inverse of :func:`standardise`; values outside [0, 1] and infinite
    ones are clipped, NaN becomes black.
    """
    X = X[0].transpose(1, 2, 0) * np.float32(RGB_STD) + np.float32(RGB_MEAN)
    X = np.nan_to_num(X, nan=0.0, posinf=1.0, neginf=0.0)
    return Image.fromarray(np.uint8(X.clip(0, 1) * 255 + 0.5))


def noise_image(image_shape, seed=0):
    """Return a standardised (1, 3, h, w) float32 array of normal noise."""
    bits = np.random.Generator(np.random.PCG64(seed))
    return bits.standard_normal((1, 3, *image_shape), np.float32)


def file_name(path):
    """Return a path's last part, to be shown and written down.

    Names from another system may have bytes that are letters in no encoding
    here: those become ``?``.
    """
    return os.path.basename(path).encode("utf-8", "replace").decode()


def _name(source):
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    for attribute in ("filename", "name"):  # of PIL's images, of files
        if name := getattr(source, attribute, None):
            return name
    return _("The picture")  # in the place of its name


def _check_path(path, name):
    if not os.path.exists(path):
        raise FileNotFoundError(_("There is no picture at {name}.", name=name))
    if os.path.isdir(path):
        raise _a_folder(path, name)
    if not os.path.isfile(path):  # some never end, from some nothing comes
        raise invalid(
            "{name} is a device or a pipe. Name the file of a picture.",
            name=name,
        )


def _a_folder(path, name):
    """Return the error for a folder that was given as a picture."""
    some = pictures_in(path, _SHOWN + 1)
    names = [os.path.basename(one) for one in some]
    if len(names) > _SHOWN:
        names[-1] = "…"
    if some:
        return invalid(
            "{name} is a folder, with {names} in it. Name one picture, like "
            "{example}.",
            name=name,
            names=", ".join(names),
            example=some[0],
        )
    return invalid(
        "{name} is a folder, and no picture was found in it. Name the file "
        "of a picture.",
        name=name,
    )


def pictures_in(folder, at_most):
    """Return the paths of the first pictures in a folder, by their names.

    Empty if there are none, or if it may not be read.
    """
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    kinds = tuple(f".{kind}" for kind in _ENDINGS.split())
    pictures = [n for n in names if n.lower().endswith(kinds) and n[0] != "."]
    first = nsmallest(at_most, pictures)
    return [os.path.join(folder, picture) for picture in first]


def _check_array(array):
    of_picture = array.ndim == 3 and array.shape[2] in (3, 4)
    if (
        array.dtype == np.uint8
        and array.size
        and (of_picture or array.ndim == 2)
    ):
        return
    raise TypeError(
        _(
            "A picture must be a path, a PIL image or a (h, w, 3) uint8 "
            "array, not a {dtype} array of shape {shape}.",
            dtype=array.dtype,
            shape=array.shape,
        )
    )


@contextmanager
def _naming(name):
    """Turn what Pillow raises into a ``ValueError`` that names the file."""
    try:
        yield
    except _BOMBS:
        raise  # for _pixel_limit
    except UnidentifiedImageError:
        raise invalid(
            "{name} is not a picture that can be read. JPEG, PNG, WebP, "
            "GIF, TIFF and BMP files work.",
            name=name,
        ) from None
    except MemoryError:
        raise invalid(
            "{name} cannot be read: there is not enough memory for it. "
            "Make it smaller.",
            name=name,
        ) from None
    except Exception as error:  # decoders raise all sorts on damaged files
        if getattr(error, "errno", None):
            raise invalid(
                "{name} cannot be read: {reason}.",
                name=name,
                reason=error.strerror,
            ) from None
        raise invalid(
            "{name} cannot be read: {reason}. The file may be damaged or "
            "cut off; save or download it again.",
            name=name,
            reason=str(error) or type(error).__name__,
        ) from None


@contextmanager
def _pixel_limit(name, max_pixels):
    """Let Pillow refuse what has more pixels, here and nowhere else.

    Pillow's limit is global: one thread at a time. Its warnings (of odd but
    readable files) are not shown.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, max_pixels
        try:
            yield
        except _BOMBS:
            raise invalid(
                "{name} is too large: it has more than {max_pixels:,} "
                "pixels. Make it smaller, or raise the limit with "
                "max_pixels= (on the command line: --max-pixels).",
                name=name,
                max_pixels=max_pixels,
            ) from None
        finally:
            Image.MAX_IMAGE_PIXELS = limit
