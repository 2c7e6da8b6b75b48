"""Any picture a person may hand in, as an RGB image of the right size."""

import os
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

# The mean and deviation of ImageNet's RGB channels, pixels in [0, 1].
RGB_MEAN = (0.485, 0.456, 0.406)
RGB_STD = (0.229, 0.224, 0.225)
MAX_PIXELS = 100_000_000  # 100 megapixels: 300 MB as RGB


def open_image(source, max_pixels=MAX_PIXELS):
    """Open a picture from a path or a binary file, as RGB in sRGB.

    Upright (EXIF orientation), colours converted by its ICC profile,
    transparency on white, the first frame of an animation, 16 bits reduced
    to 8. Returns a ``PIL.Image.Image`` in mode RGB.

    Raises ``FileNotFoundError`` if there is no such file, and ``ValueError``
    naming the file and the reason if it is no picture, is cut off, or has
    more than ``max_pixels`` pixels.
    """
    name = _name(source)
    if isinstance(source, (str, os.PathLike)) and not Path(source).exists():
        raise FileNotFoundError(f"There is no picture at {name}.")
    try:
        with _pillow_limit_off(), Image.open(source) as img:
            _check_pixels(name, img.size, max_pixels)
            img.load()
            return as_rgb(img)
    except UnidentifiedImageError:
        raise ValueError(
            f"{name} is not a picture that can be read. JPEG, PNG, WebP, "
            "GIF, TIFF and BMP files work."
        ) from None
    except (OSError, SyntaxError, EOFError, MemoryError) as error:
        raise ValueError(
            f"{name} cannot be read: {error}. The file may be damaged or cut "
            "off; save or download it again."
        ) from None


def as_image(img):
    """Return a picture in any common form as a ``PIL.Image`` in mode RGB.

    Takes a path, a PIL image, a (h, w, 3) uint8 array of NumPy or one of
    MXNet (what ``image.imread`` returns). Raises ``TypeError`` for others
    and ``ValueError`` as :func:`open_image` does.
    """
    if isinstance(img, (str, os.PathLike)):
        return open_image(img)
    if isinstance(img, Image.Image):
        return as_rgb(img)
    if hasattr(img, "asnumpy"):
        img = img.asnumpy()
    if isinstance(img, np.ndarray) and img.dtype == np.uint8:
        return as_rgb(Image.fromarray(img))
    raise TypeError(
        "A picture must be a path, a PIL image or a (h, w, 3) uint8 array, "
        f"not {type(img).__name__}."
    )


def as_rgb(img):
    """Return a loaded PIL image upright, in sRGB, on white, in mode RGB."""
    profile = img.info.get("icc_profile")
    img = ImageOps.exif_transpose(img)
    img = _eight_bit(img)
    if img.mode == "P":
        img = img.convert("RGBA" if "transparency" in img.info else "RGB")
    alpha = img.getchannel("A") if img.mode in ("RGBA", "LA") else None
    if alpha is None and "transparency" in img.info:
        img = img.convert("RGBA")
        alpha = img.getchannel("A")
    if alpha is not None:
        img = img.convert("L" if img.mode == "LA" else "RGB")
    img = _to_srgb(img, profile)
    if alpha is not None:
        white = Image.new("RGB", img.size, "white")
        img = Image.composite(img, white, alpha)
    return img


def _eight_bit(img):
    """Reduce grey modes of more than 8 bits to mode L."""
    if not img.mode.startswith(("I", "F")):
        return img
    values = np.asarray(img, np.float64)
    values = values * (255 if img.mode == "F" else 1 / 257)
    values = np.nan_to_num(values, posinf=255, neginf=0)
    return Image.fromarray(values.round().clip(0, 255).astype(np.uint8))


def _to_srgb(img, profile):
    """Convert to RGB by the ICC profile; without a usable one, plainly."""
    try:
        if img.mode == "LAB":
            source = ImageCms.createProfile("LAB")
        elif profile:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
        else:
            return img.convert("RGB")
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(img, source, srgb, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return img.convert("RGB")  # a broken profile is no reason to fail


def resize(img, image_shape, antialias=True):
    """Resize to ``image_shape`` = (h, w) bilinearly.

    With ``antialias`` each new pixel averages all old ones that it covers;
    without, it looks at the nearest four, as OpenCV and so MXNet do.
    """
    h, w = image_shape
    if antialias:
        return img.resize((w, h), Image.Resampling.BILINEAR)
    return img.transform(
        (w, h),
        Image.Transform.EXTENT,
        (0, 0, *img.size),
        Image.Resampling.BILINEAR,
    )


def standardise(img):
    """Return an RGB image as a standardised (1, 3, h, w) float32 array.

    (x / 255 - mean) / std for each channel, x in 0 ... 255.
    """
    X = np.asarray(img, np.float32) / 255
    X = (X - np.float32(RGB_MEAN)) / np.float32(RGB_STD)  # (h, w, 3)
    return np.ascontiguousarray(X.transpose(2, 0, 1)[None])


def to_image(X):
    """Return a standardised (1, 3, h, w) array as an RGB ``PIL.Image``.

    The inverse of :func:`standardise`; values outside [0, 1] are clipped,
    those that are not finite become black.
    """
    X = X[0].transpose(1, 2, 0) * np.float32(RGB_STD) + np.float32(RGB_MEAN)
    X = np.nan_to_num(X, nan=0.0, posinf=1.0, neginf=0.0)
    return Image.fromarray(np.uint8(X.clip(0, 1) * 255 + 0.5))


def noise_image(image_shape, seed=0):
    """Return a standardised (1, 3, h, w) float32 array of normal noise."""
    bits = np.random.Generator(np.random.PCG64(seed))
    return bits.standard_normal((1, 3, *image_shape), np.float32)


def _name(source):
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    return getattr(source, "name", None) or "The picture"


def _check_pixels(name, size, max_pixels):
    if size[0] * size[1] > max_pixels:
        raise ValueError(
            f"{name} is too large: {size[0]} x {size[1]} pixels, and the "
            f"limit is {max_pixels:,} in all. Make it smaller, or raise the "
            "limit with max_pixels= (on the command line: --max-pixels)."
        )


@contextmanager
def _pillow_limit_off():
    """Switch off Pillow's own limit, which ``max_pixels`` replaces."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit
