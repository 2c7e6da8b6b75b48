"""Any picture a person may hand in gives the right RGB pixels, or a reason."""

import contextlib
import io
import struct
import sys
import threading
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageFile, PngImagePlugin

from d2l_style.language import shown
from d2l_style.pictures import images
from d2l_style.pictures.heic import is_heic

RED, WHITE = (255, 0, 0), (255, 255, 255)


def opened(img, fmt="PNG", **options):
    """Save the PIL image, open it again, return its pixels (h, w, 3)."""
    return pixels(images.open_image(encoded(img, fmt, **options)))


def encoded(img, fmt="PNG", **options):
    file = io.BytesIO()
    img.save(file, fmt, **options)
    file.seek(0)
    return file


def pixels(img):
    assert img.mode == "RGB"
    return np.asarray(img)


def chunk(kind, data):
    crc = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)


def png(width, height, depth, colour, rows, *chunks):
    """Return a PNG file made by hand, of packed ``rows`` of bytes."""
    head = struct.pack(">2I5B", width, height, depth, colour, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    return io.BytesIO(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + b"".join(chunks)
        + chunk(b"IDAT", data)
        + chunk(b"IEND", b"")
    )


def colours(height=3, width=4, bands=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, bands), np.uint8).squeeze()


# Upright


UPRIGHT = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("fmt", ["PNG", "TIFF", "WebP"])
def test_exif_orientation(orientation, fmt):
    stored = colours()
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if fmt == "WebP" else {}
    img = encoded(Image.fromarray(stored), fmt, exif=exif, **options)
    turned = images.open_image(img)
    assert np.array_equal(pixels(turned), UPRIGHT[orientation](stored))
    assert turned.info == {}  # or another program would turn it again
    assert images.as_image(turned).size == turned.size


def test_a_jpeg_of_a_phone_held_upright():
    stored = np.zeros((16, 32, 3), np.uint8)
    stored[:, :16] = RED  # on the left; turned clockwise it is on top
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = opened(Image.fromarray(stored), "JPEG", exif=exif, quality=95)
    assert turned.shape == (32, 16, 3)
    assert turned[4, 8].tolist() == pytest.approx(RED, abs=3)
    assert turned[28, 8].tolist() == pytest.approx((0, 0, 0), abs=3)


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_orientation_that_does_not_exist_is_none(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    img = Image.fromarray(colours())
    assert np.array_equal(opened(img, exif=exif), colours())


@pytest.mark.parametrize(
    "exif", [b"", b"Exif\0\0", b"Exif\0\0MM\0*\0\0", b"Exif\0\0rubbish" * 9]
)
def test_damaged_exif_is_no_reason_to_fail(exif):
    img = Image.new("RGB", (8, 8), RED)
    file = encoded(img, "JPEG", exif=exif, quality=95)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pixels(images.open_image(file)).shape == (8, 8, 3)


def test_no_error_of_exif_is_a_reason_to_fail(monkeypatch):
    def damaged(img):
        raise struct.error

    monkeypatch.setattr(Image.Image, "getexif", damaged)
    assert np.array_equal(opened(Image.fromarray(colours())), colours())


# Modes


def test_rgb_stays_as_it_is():
    assert np.array_equal(opened(Image.fromarray(colours())), colours())


def test_grey():
    grey = colours(bands=1)
    expected = np.stack([grey] * 3, axis=2)
    assert np.array_equal(opened(Image.fromarray(grey)), expected)


def test_one_bit():
    img = Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1")
    assert opened(img).tolist() == [[[0, 0, 0], [255, 255, 255]]]


def palette_image():
    img = Image.new("P", (3, 1))
    img.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    img.putdata([2, 0, 1])
    return img


@pytest.mark.parametrize("fmt", ["PNG", "GIF", "BMP", "TIFF"])
def test_palette(fmt):
    expected = [[[70, 80, 90], [10, 20, 30], [40, 50, 60]]]
    assert opened(palette_image(), fmt).tolist() == expected


@pytest.mark.parametrize("fmt", ["PNG", "GIF"])
def test_palette_with_a_transparent_colour_is_on_white(fmt):
    row = opened(palette_image(), fmt, transparency=0)[0].tolist()
    assert row == [[70, 80, 90], [255, 255, 255], [40, 50, 60]]


def test_palette_with_half_transparent_colours_makes_no_noise():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        row = opened(palette_image(), transparency=bytes([0, 128, 255]))[0]
    assert row[0].tolist() == [70, 80, 90]
    assert row[1].tolist() == [255, 255, 255]
    # 40, 50, 60 at 128 / 255 on white
    assert row[2].tolist() == pytest.approx([147, 152, 157], abs=1)


def on_white(colour, alpha):
    colour, alpha = np.float64(colour), np.float64(alpha)[..., None] / 255
    return colour * alpha + 255 * (1 - alpha)


@pytest.mark.parametrize("fmt", ["PNG", "TIFF", "WebP"])
def test_rgba_is_on_white(fmt):
    a = colours(bands=4)
    a[0, :2, 3] = 0, 255
    options = {"lossless": True, "exact": True} if fmt == "WebP" else {}
    result = opened(Image.fromarray(a), fmt, **options)
    expected = on_white(a[..., :3], a[..., 3])
    assert np.abs(result - expected).max() <= 1
    assert result[0, 0].tolist() == [255, 255, 255]
    assert np.array_equal(result[0, 1], a[0, 1, :3])


def test_grey_with_alpha_is_on_white():
    a = colours(bands=2)
    img = Image.merge("LA", [Image.fromarray(a[..., i]) for i in (0, 1)])
    expected = on_white(np.stack([a[..., 0]] * 3, axis=2), a[..., 1])
    assert np.abs(opened(img) - expected).max() <= 1


@pytest.mark.parametrize("mode", ["PA", "RGBa", "La"])
def test_rarer_ways_to_keep_alpha(mode):
    img = Image.new("RGBA", (2, 1), (40, 40, 40, 255))
    img.putpixel((1, 0), (40, 40, 40, 51))
    img = img.convert({"PA": "P", "La": "LA"}.get(mode, "RGBA"))
    if mode == "PA":
        img = Image.new("PA", (2, 1), (0, 255))
        img.putpalette([40, 40, 40])
        img.putpixel((1, 0), (0, 51))
    row = pixels(images.as_image(img.convert(mode)))[0].tolist()
    assert row == [[40] * 3, pytest.approx([212] * 3, abs=1)]


def test_fully_transparent_is_white():
    img = Image.new("RGBA", (2, 2), (9, 9, 9, 0))
    assert (opened(img) == 255).all()


@pytest.mark.parametrize(
    ("depth", "colour", "row", "key", "expected"),
    [
        (8, 0, b"\x07\x09", ">H 7", [WHITE, (9, 9, 9)]),
        (4, 0, b"\x35", ">H 3", [WHITE, (85, 85, 85)]),
        (2, 0, b"\x90", ">H 2", [WHITE, (85, 85, 85)]),
        (1, 0, b"\x40", ">H 1", [(0, 0, 0), WHITE]),
        (1, 0, b"\x40", ">H 0", [WHITE, WHITE]),
        (16, 0, b"\x07\x07\x64\x64", ">H 1799", [WHITE, (100, 100, 100)]),
        (8, 2, bytes(range(6)), ">3H 0 1 2", [WHITE, (3, 4, 5)]),
        (8, 2, bytes(range(6)), ">3H 0 1 3", [(0, 1, 2), (3, 4, 5)]),
        (
            16,
            2,
            b"\1\1\2\2\3\3\4\4\5\5\6\6",
            ">3H 257 514 771",
            [WHITE, (4, 5, 6)],
        ),
        (
            16,
            2,
            b"\1\1\2\2\3\3\4\4\5\5\6\6",
            ">3H 65281 65282 65283",  # other colours with the same low byte
            [(1, 2, 3), (4, 5, 6)],
        ),
    ],
)
def test_png_with_one_transparent_colour(depth, colour, row, key, expected):
    code, *values = key.split()
    key = chunk(b"tRNS", struct.pack(code, *map(int, values)))
    file = png(2, 1, depth, colour, [row], key)
    assert pixels(images.open_image(file))[0].tolist() == [
        list(c) for c in expected
    ]
    file.seek(0)
    with Image.open(file) as img:  # as the book's cells open it
        before = dict(img.info)
        again = pixels(images.as_image(img))
        assert img.info == before
    assert again[0].tolist() == [list(c) for c in expected]


@pytest.mark.parametrize("values", [[0, 257, 25700, 32896, 65535]])
@pytest.mark.parametrize("fmt", ["PNG", "TIFF"])
def test_16_bit_grey_has_the_right_brightness(values, fmt):
    img = Image.fromarray(np.array([values], np.uint16))
    row = opened(img, fmt)[0]
    assert row[:, 0].tolist() == [0, 1, 100, 128, 255]
    assert (row == row[:, :1]).all()


def test_a_dark_16_bit_png_stays_dark():
    img = Image.fromarray(np.array([[0, 40, 200]], np.uint16))
    assert opened(img)[0, :, 0].tolist() == [0, 0, 1]


def test_16_bit_colour():
    row = struct.pack(">6H", 65535, 0, 25700, 257, 514, 771)
    file = png(2, 1, 16, 2, [row])
    assert pixels(images.open_image(file)).tolist() == [
        [[255, 0, 100], [1, 2, 3]]
    ]


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        (np.float32, [0, 0.5, 1], [0, 128, 255]),
        (np.float32, [0, 0.5, 1.02], [0, 128, 255]),  # a highlight
        (np.float32, [0, 100, 255], [0, 100, 255]),
        (np.float32, [0, 25700, 65535], [0, 100, 255]),
        (np.float32, [-1, np.nan, np.inf, 1], [0, 0, 255, 255]),
        (np.float32, [np.nan, -np.inf], [0, 0]),
        (np.float32, [0, 5e5, 1e6], [0, 128, 255]),
        (np.int32, [0, 100, 255], [0, 100, 255]),
        (np.int32, [0, 25700, 65535], [0, 100, 255]),
        (np.int32, [-9, 2**30, 2**31 - 1], [0, 128, 255]),
        (np.int32, [0, 0], [0, 0]),
    ],
)
def test_32_bit_tiff(dtype, values, expected):
    img = Image.fromarray(np.array([values], dtype))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert opened(img, "TIFF")[0, :, 1].tolist() == expected


def test_cmyk_jpeg():
    img = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # red ink
    red = opened(img, "JPEG", quality=95)
    assert red[8, 8].tolist() == pytest.approx(RED, abs=6)
    ink = opened(Image.new("CMYK", (16, 16), (0, 0, 0, 255)), "JPEG")
    assert ink[8, 8].tolist() == pytest.approx((0, 0, 0), abs=6)
    bare = opened(Image.new("CMYK", (16, 16), 0), "TIFF")
    assert bare[8, 8].tolist() == [255, 255, 255]


def test_lab_tiff():
    # The Lab values of sRGB's red, green, white and black.
    lab = [(54, 81, 70), (88, -79, 81), (100, 0, 0), (0, 0, 0)]
    img = Image.new("LAB", (4, 1))
    for x, (L, a, b) in enumerate(lab):
        img.putpixel((x, 0), (round(L * 2.55), a + 128, b + 128))
    row = opened(img, "TIFF")[0]
    expected = [RED, (0, 255, 0), WHITE, (0, 0, 0)]
    for colour, wanted in zip(row.tolist(), expected, strict=True):
        assert colour == pytest.approx(wanted, abs=15)


@pytest.mark.parametrize("mode", ["YCbCr", "HSV"])
def test_other_colour_spaces(mode):
    img = Image.new("RGB", (2, 2), (200, 100, 50)).convert(mode)
    result = pixels(images.as_image(img))[0, 0]
    assert result.tolist() == pytest.approx((200, 100, 50), abs=3)


@pytest.mark.parametrize("fmt", ["GIF", "WebP", "PNG", "TIFF"])
def test_an_animation_gives_its_first_frame(fmt):
    frames = [Image.new("RGB", (4, 4), c) for c in (RED, "blue", "lime")]
    options = {"lossless": True} if fmt == "WebP" else {}
    file = encoded(
        frames[0], fmt, save_all=True, append_images=frames[1:], **options
    )
    with Image.open(file) as img:
        assert img.n_frames == 3
    assert (pixels(images.open_image(file)) == RED).all()


def test_a_transparent_gif_is_on_white():
    frame = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    frame.putpixel((1, 0), (0, 0, 255, 255))
    other = Image.new("RGBA", (2, 1), (0, 255, 0, 255))
    row = opened(frame, "GIF", save_all=True, append_images=[other])[0]
    assert row.tolist() == [[255, 255, 255], [0, 0, 255]]


# ICC profiles


def srgb_profile():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    return profile.tobytes()


def swapped_profile():
    """Return a profile in which red and green have changed places."""
    names = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}
    data = bytearray(srgb_profile())
    (count,) = struct.unpack(">I", data[128:132])
    for at in range(132, 132 + 12 * count, 12):
        name = bytes(data[at : at + 4])
        data[at : at + 4] = names.get(name, name)
    return bytes(data)


@pytest.mark.parametrize("fmt", ["PNG", "TIFF", "JPEG", "WebP"])
def test_a_profile_is_followed(fmt):
    img = Image.new("RGB", (8, 8), RED)
    options = {"WebP": {"lossless": True}, "JPEG": {"quality": 100}}
    result = opened(
        img, fmt, icc_profile=swapped_profile(), **options.get(fmt, {})
    )
    assert result[4, 4].tolist() == pytest.approx((0, 255, 0), abs=4)


def test_a_profile_is_followed_once():
    file = encoded(
        Image.new("RGB", (2, 2), RED), icc_profile=swapped_profile()
    )
    once = images.open_image(file)
    assert np.array_equal(pixels(images.as_image(once)), pixels(once))


def test_a_profile_with_alpha_and_palette():
    profile = swapped_profile()
    img = Image.new("RGBA", (2, 1), (255, 0, 0, 255))
    img.putpixel((1, 0), (255, 0, 0, 0))
    row = opened(img, icc_profile=profile)[0].tolist()
    assert row == [pytest.approx((0, 255, 0), abs=4), list(WHITE)]
    img = Image.new("P", (1, 1), 0)
    img.putpalette(RED)
    row = opened(img, icc_profile=profile)[0].tolist()
    assert row == [pytest.approx((0, 255, 0), abs=4)]


def test_srgb_profile_changes_nothing():
    result = opened(Image.fromarray(colours()), icc_profile=srgb_profile())
    assert np.abs(result.astype(int) - colours()).max() <= 1


@pytest.mark.parametrize(
    "profile", [b"rubbish", b"\0" * 200, srgb_profile()[:300]]
)
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "CMYK"])
def test_a_broken_profile_is_no_reason_to_fail(profile, mode):
    img = Image.new("RGB", (4, 4), (90, 90, 90)).convert(mode)
    fmt = "TIFF" if mode == "CMYK" else "PNG"
    result = opened(img, fmt, icc_profile=profile)
    assert result[0, 0].tolist() == [90, 90, 90]


@pytest.mark.parametrize("mode", ["L", "1", "LA", "I;16", "CMYK"])
def test_a_profile_of_another_colour_space_is_left_aside(mode):
    if mode == "I;16":
        img = Image.fromarray(np.full((2, 2), 65535, np.uint16))
    else:
        img = Image.new("RGB", (2, 2), "white").convert(mode)
    fmt = "TIFF" if mode == "CMYK" else "PNG"
    assert (opened(img, fmt, icc_profile=srgb_profile()) == 255).all()


# From anywhere


@pytest.mark.parametrize(
    "name", ["a b.png", "ünï çødé.png", "山.png", "100%.png", "no_ending"]
)
@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_from_a_path(tmp_path, name, kind):
    path = tmp_path / name
    Image.fromarray(colours()).save(path, "PNG")
    for open_picture in (images.open_image, images.as_image):
        assert np.array_equal(pixels(open_picture(kind(path))), colours())


def test_from_a_file_that_stays_open(tmp_path):
    file = encoded(Image.fromarray(colours()))
    for _ in range(2):
        assert np.array_equal(pixels(images.open_image(file)), colours())
    path = tmp_path / "a.png"
    path.write_bytes(file.getvalue())
    with path.open("rb") as file:
        assert np.array_equal(pixels(images.open_image(file)), colours())


def test_from_an_image_that_stays_as_it_is():
    img = Image.fromarray(colours(bands=4))
    img.info["icc_profile"] = srgb_profile()
    before = img.tobytes(), dict(img.info)
    result = images.as_image(img)
    result.putpixel((0, 0), (1, 2, 3))
    assert (img.tobytes(), img.info) == before


@pytest.mark.parametrize("bands", [1, 3, 4])
def test_from_an_array(bands):
    a = colours(bands=bands)
    if bands == 4:
        a[..., 3] = 255
    expected = a if bands > 1 else np.stack([a] * 3, axis=2)
    assert np.array_equal(pixels(images.as_image(a)), expected[..., :3])


def test_from_an_array_in_any_order_in_memory():
    a = colours(6, 8)[::-1, ::2]
    assert np.array_equal(pixels(images.as_image(a)), a)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4, 3), bool),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 3), np.int64),
        np.zeros((3, 4, 5), np.uint8),
        np.zeros((1, 4, 4, 3), np.uint8),
        np.zeros((4, 4, 1), np.uint8),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 0, 3), np.uint8),
    ],
    ids=lambda a: f"{a.dtype} {a.shape}",
)
def test_other_arrays_are_refused_by_shape_and_type(array):
    with pytest.raises(TypeError) as error:
        images.as_image(array)
    for part in ("(h, w, 3) uint8", str(array.dtype), str(array.shape)):
        assert part in str(error.value)


@pytest.mark.parametrize("thing", [None, 5, [[1]], b"a.png", {"a": 1}])
def test_other_things_are_refused_by_type(thing):
    with pytest.raises(TypeError, match=type(thing).__name__):
        images.as_image(thing)


@pytest.mark.mxnet
def test_from_an_mxnet_array(tmp_path):
    from d2l_style.mxnet import mxnet
    from d2l_style.mxnet import np as mnp

    path = tmp_path / "a.png"
    Image.fromarray(colours()).save(path)
    for img in (
        mxnet.image.imread(str(path)),
        mnp.array(colours(), dtype="uint8"),
        mxnet.nd.array(colours(), dtype="uint8"),
    ):
        assert (pixels(images.as_image(img)) == colours()).all()
    with pytest.raises(TypeError, match=r"float32 array of shape \(2, 2, 3\)"):
        images.as_image(mnp.zeros((2, 2, 3)))


# HEIC

HEIC = b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(40)


@pytest.mark.parametrize("as_path", [True, False])
def test_heic_is_named_where_nothing_reads_it(tmp_path, monkeypatch, as_path):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    path = tmp_path / "IMG_1.jpg"  # however it is called
    path.write_bytes(HEIC)
    with path.open("rb") as file:
        told = "IMG_1.jpg is a HEIC picture.* JPEG, PNG, WebP or AVIF"
        with pytest.raises(ValueError, match=told):
            images.open_image(path if as_path else file)


def test_heic_is_read_where_pillow_heif_is_installed():
    pytest.importorskip("pillow_heif").register_heif_opener()
    img = Image.new("RGB", (64, 48), RED)
    img.paste(WHITE, (0, 0, 32, 48))
    file = encoded(img, "HEIF", quality=95)
    del Image.OPEN["HEIF"]  # as in a new Python
    opened = images.open_image(file)
    assert opened.size == (64, 48)
    assert min(opened.getpixel((8, 24))) > 240
    assert opened.getpixel((56, 24))[1] < 20


def test_a_damaged_heic_is_named():
    pytest.importorskip("pillow_heif")
    file = io.BytesIO(HEIC)
    file.name = "IMG_1.HEIC"
    with pytest.raises(ValueError, match="IMG_1.HEIC (is not|cannot)"):
        images.open_image(file)


@pytest.mark.parametrize(
    "head",
    [b"", b"\0", HEIC[:8], b"\xff\xff\xff\xffftyp", b"\0\0\0\x10ftypavif"],
)
def test_what_is_no_heic(head):
    assert not is_heic(io.BytesIO(head))


# What cannot work


def refused(source, *parts, error=ValueError, **options):
    with pytest.raises(error) as info:
        images.open_image(source, **options)
    message = str(info.value)
    for part in (*parts, shown(str(source))):
        assert part in message
    assert message.endswith(".")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("fmt", ["PNG", "JPEG", "GIF", "WebP", "TIFF", "BMP"])
@pytest.mark.parametrize("part", [0.3, 0.7, 0.95])
def test_a_truncated_file(tmp_path, fmt, part):
    data = encoded(Image.fromarray(colours(60, 80)), fmt).getvalue()
    path = tmp_path / "cut off.bin"
    path.write_bytes(data[: int(len(data) * part)])
    refused(path, "can")
    try:
        img = Image.open(path)
    except OSError:
        return  # nothing that could be handed in
    with img, pytest.raises(ValueError, match="cut off.bin cannot be read"):
        images.as_image(img)


def test_the_sentence_about_a_truncated_file(tmp_path):
    data = encoded(Image.fromarray(colours(60, 80)), "JPEG").getvalue()
    path = tmp_path / "holiday.jpg"
    path.write_bytes(data[: len(data) // 2])
    refused(path, "truncated", "cut off", "download it again")


@pytest.mark.parametrize(
    "content", [b"", b"Not a picture at all.", b"<html></html>", b"\0" * 999]
)
def test_no_picture(tmp_path, content):
    path = tmp_path / "notes.jpg"
    path.write_bytes(content)
    refused(path, "is not a picture", "JPEG, PNG")


def test_no_picture_without_a_name():
    with pytest.raises(ValueError, match="^The picture is not a picture"):
        images.open_image(io.BytesIO(b"x"))


def test_a_text_file_opened_as_text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("hello")
    with path.open() as file, pytest.raises(ValueError, match=r"a\.txt"):
        images.open_image(file)


def test_a_folder(tmp_path):
    (tmp_path / "notes.txt").touch()
    (tmp_path / ".hidden.jpg").touch()
    refused(tmp_path, "is a folder, and no picture was found in it")


def test_a_folder_of_photos_names_the_first(tmp_path):
    for name in ("d.png", "b.jpg", "c.JPG", "a.txt", "사진 ảnh.webp", "e.gif"):
        (tmp_path / name).touch()
    first = str(tmp_path / "b.jpg")
    refused(tmp_path, "with b.jpg, c.JPG, d.png, … in it. Name one picture")
    refused(tmp_path, f"Name one picture, like {first}.")
    for name in ("e.gif", "사진 ảnh.webp"):
        (tmp_path / name).unlink()
    refused(tmp_path, "with b.jpg, c.JPG, d.png in it.")


def test_a_folder_that_may_not_be_read(tmp_path, monkeypatch):
    def forbidden(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(images.os, "listdir", forbidden)
    refused(tmp_path, "is a folder, and no picture was found in it")


@pytest.mark.parametrize("name", ["none.jpg", "a" * 5000, "nul\0.jpg"])
def test_a_missing_file(tmp_path, name):
    path = f"{tmp_path}/{name}"
    refused(path, "There is no picture", error=FileNotFoundError)
    with pytest.raises(FileNotFoundError):
        images.as_image(path)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    Image.fromarray(colours()).save(path)

    def forbidden(*args, **kwargs):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Image, "open", forbidden)
    message = refused(path, "Permission denied")
    assert "damaged" not in message


def test_a_memory_that_does_not_suffice(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    Image.fromarray(colours()).save(path)

    def too_much(*args):
        raise MemoryError

    monkeypatch.setattr(ImageFile.ImageFile, "load", too_much)
    refused(path, "not enough memory")


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(png(60_000, 60_000, 1, 0, [b"\0"]).getvalue())
    refused(path, "too large", "100,000,000", "max_pixels")
    assert path.stat().st_size < 100


def test_a_bomb_inside_an_icon(tmp_path):
    inner = png(20_000, 20_000, 1, 0, [b"\0"]).getvalue()
    entry = struct.pack("<4B2H2I", 16, 16, 0, 0, 1, 32, len(inner), 22)
    path = tmp_path / "bomb.ico"
    path.write_bytes(struct.pack("<3H", 0, 1, 1) + entry + inner)
    refused(path, "not a picture that can be read")


def test_only_formats_that_are_promised_are_opened(tmp_path, monkeypatch):
    from PIL import EpsImagePlugin

    def started(*_args, **_kwargs):
        pytest.fail("Ghostscript was started")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", started)
    script = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n"
    path = tmp_path / "eps-named-photo.jpg"
    path.write_bytes(script)
    refused(path, "not a picture that can be read")
    img = Image.fromarray(colours(4, 5))
    for kind in ("PPM", "PCX", "TGA", "SGI", "ICO", "JPEG2000"):
        with contextlib.suppress(OSError):  # not every Pillow has JPEG 2000
            img.save(tmp_path / "odd.jpg", kind)
            refused(tmp_path / "odd.jpg", "not a picture that can be read")


def test_the_limit_is_exact_and_can_be_raised():
    file = encoded(Image.fromarray(colours(4, 5)))
    assert images.open_image(file, max_pixels=20).size == (5, 4)
    for limit in (19, 10, 9, 1, 0):
        with pytest.raises(ValueError, match="too large"):
            images.open_image(file, max_pixels=limit)


def test_the_limit_can_be_raised_above_pillows_own(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    file = encoded(Image.fromarray(colours(5, 5)))
    with pytest.raises(Image.DecompressionBombError):
        Image.open(file)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert images.open_image(file, max_pixels=25).size == (5, 5)
    assert Image.MAX_IMAGE_PIXELS == 10


def test_pillows_own_limit_is_unchanged_afterwards(tmp_path):
    before = Image.MAX_IMAGE_PIXELS
    assert before
    images.open_image(encoded(Image.fromarray(colours())))
    assert before == Image.MAX_IMAGE_PIXELS
    with pytest.raises(ValueError, match="too large"):
        images.open_image(encoded(Image.fromarray(colours())), max_pixels=1)
    assert before == Image.MAX_IMAGE_PIXELS
    with pytest.raises(ValueError, match="not a picture"):
        images.open_image(io.BytesIO(b"?"))
    assert before == Image.MAX_IMAGE_PIXELS


def test_pillows_warnings_are_not_shown(monkeypatch):
    monkeypatch.setattr(
        images, "as_rgb", lambda *_, **__: warnings.warn("odd", stacklevel=1)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        images.open_image(encoded(Image.fromarray(colours())))
        with pytest.raises(UserWarning, match="odd"):
            warnings.warn("odd", stacklevel=1)  # those of others are


def test_pillows_own_limit_is_unchanged_by_threads():
    """Each would restore what the other has set."""
    before = Image.MAX_IMAGE_PIXELS

    class Slow(io.BytesIO):
        def read(self, *args):
            threading.Event().wait(0.001)
            return super().read(*args)

    data = encoded(Image.fromarray(colours(40, 40))).getvalue()
    threads = [
        threading.Thread(target=images.open_image, args=(Slow(data),))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert before == Image.MAX_IMAGE_PIXELS


def test_a_huge_text_in_a_png_is_refused_by_name(tmp_path):
    path = tmp_path / "text.png"
    text = zlib.compress(b"a" * (PngImagePlugin.MAX_TEXT_CHUNK + 9))
    note = chunk(b"zTXt", b"note\0\0" + text)
    path.write_bytes(png(1, 1, 8, 0, [b"\0"], note).getvalue())
    refused(path, "cannot be read")


SEEDS = {
    "PNG": {"pnginfo": PngImagePlugin.PngInfo()},
    "JPEG": {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"},
    "GIF": {},
    "WebP": {},
    "TIFF": {"compression": "tiff_lzw"},
    "BMP": {},
    "ICO": {},
    "PPM": {},
    "TGA": {},
}
FILES = [
    encoded(Image.fromarray(colours(20, 20)), fmt, **options).getvalue()
    for fmt, options in SEEDS.items()
] + [
    encoded(palette_image(), icc_profile=swapped_profile()).getvalue(),
    encoded(Image.fromarray(colours(9, 9, 4)), "TIFF").getvalue(),
    encoded(Image.new("CMYK", (9, 9)), "JPEG").getvalue(),
    encoded(Image.new("F", (9, 9)), "TIFF").getvalue(),
]
QUICK = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def either_a_picture_or_a_sentence(data):
    try:
        img = images.open_image(io.BytesIO(data), max_pixels=1_000_000)
    except ValueError as error:
        assert str(error).startswith("The picture ")  # noqa: PT017
        assert str(error).endswith(".")  # noqa: PT017
    else:
        assert img.mode == "RGB"


@given(st.binary(max_size=300))
@QUICK
def test_random_bytes_give_a_sentence(data):
    either_a_picture_or_a_sentence(data)


@given(
    st.sampled_from(FILES),
    st.lists(
        st.tuples(st.integers(0, 1999), st.integers(0, 255)),
        min_size=1,
        max_size=8,
    ),
    st.integers(0, 1999),
)
@QUICK
def test_damaged_files_give_a_picture_or_a_sentence(data, changes, cut):
    data = bytearray(data)
    for at, byte in changes:
        data[at % len(data)] = byte
    either_a_picture_or_a_sentence(bytes(data[: max(12, len(data) - cut)]))


# Sizes


@pytest.mark.parametrize(
    ("old", "new"),
    [((40, 60), (13, 17)), ((10, 12), (33, 50)), ((9, 9), (9, 9))],
)
def test_antialiased_resize_is_pillows(old, new):
    img = Image.fromarray(colours(*old))
    expected = img.resize(new[::-1], Image.Resampling.BILINEAR)
    result = images.resize(img, new)
    assert result.size == new[::-1]
    assert result.tobytes() == expected.tobytes()


def test_antialiasing_averages_all_pixels_that_are_covered():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::8] = 255
    img = Image.fromarray(stripes)
    smooth = pixels(images.resize(img, (8, 8)))
    assert np.ptp(smooth[:, 1:-1].astype(int)) <= 2
    assert smooth.mean() == pytest.approx(stripes.mean(), abs=3)
    sparse = pixels(images.resize(img, (8, 8), antialias=False))
    assert sparse.max() == 0  # it looks between the stripes only


@pytest.mark.mxnet
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((40, 60), (20, 30)),  # OpenCV has a path of its own for halves
        ((40, 60), (13, 17)),
        ((97, 131), (40, 41)),
        ((341, 512), (150, 225)),
        ((10, 12), (33, 50)),
        ((64, 64), (16, 16)),
        ((5, 7), (1, 1)),
        ((50, 50), (50, 50)),
    ],
)
def test_resize_without_antialiasing_is_mxnets(old, new):
    from d2l_style.mxnet import mxnet
    from d2l_style.mxnet import np as mnp

    a = colours(*old)
    array = mnp.array(a, dtype="uint8")
    theirs = mxnet.image.imresize(array, new[1], new[0], interp=1).asnumpy()
    ours = pixels(images.resize(Image.fromarray(a), new, antialias=False))
    assert np.abs(ours.astype(int) - theirs).max() <= 1


# Shapes

WIDE, TALL, DOT = (10, 2000), (2000, 10), (1, 1)  # (h, w)


def ramp(h, w):
    """Return a picture whose red says the column, whose green the row."""
    rows, columns = np.mgrid[0:h, 0:w]
    red, green = columns * 255 // max(1, w - 1), rows * 255 // max(1, h - 1)
    return Image.fromarray(np.uint8(np.stack([red, green, 0 * red], axis=2)))


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("old", [(40, 60), (60, 40), WIDE, TALL, DOT])
def test_squeezing_is_a_plain_resize(old, antialias):
    img = Image.fromarray(colours(*old))
    squeezed = images.fit(img, (30, 45), "squeeze", antialias)
    plain = images.resize(img, (30, 45), antialias)
    assert squeezed.tobytes() == plain.tobytes()
    assert images.fit(img, (30, 45)).tobytes() == (
        images.resize(img, (30, 45)).tobytes()
    )


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize(
    ("old", "box"),
    [
        ((80, 60), (0, 20, 60, 60)),  # (left, top, right, bottom)
        ((40, 100), (20, 0, 80, 40)),
        ((40, 60), (0, 0, 60, 40)),
    ],
)
def test_cropping_takes_the_middle(old, box, antialias):
    img = ramp(*old)
    cropped = pixels(images.fit(img, (20, 30), "crop", antialias))
    expected = pixels(images.resize(img.crop(box), (20, 30), antialias))
    assert cropped.shape == (20, 30, 3)
    # Only at its edges may it look at pixels beyond the box.
    np.testing.assert_array_equal(cropped[1:-1, 1:-1], expected[1:-1, 1:-1])
    assert np.abs(cropped.astype(int) - expected).max() <= 3


@pytest.mark.parametrize("antialias", [True, False])
def test_a_picture_of_the_right_ratio_is_the_same_in_every_fit(antialias):
    img = Image.fromarray(colours(200, 300))
    fitted = [
        images.fit(img, (48, 72), how, antialias).tobytes()
        for how in ("squeeze", "crop", "keep")
    ]
    assert fitted[0] == fitted[1] == fitted[2]


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((80, 64), (410, 329)),
        ((64, 80), (329, 410)),
        ((600, 900), (300, 450)),
        ((900, 600), (450, 300)),
        (WIDE, (26, 5192)),
        (TALL, (5192, 26)),
        (DOT, (367, 368)),
        ((1, 10**6), (1, 135_000)),
    ],
)
def test_its_own_shape_has_as_many_pixels(old, new, antialias):
    img = Image.new("RGB", old[::-1], (9, 8, 7))
    kept = images.fit(img, (300, 450), "keep", antialias)
    assert kept.size == new[::-1]
    assert kept.getextrema() == ((9, 9), (8, 8), (7, 7))
    assert images.fitted_shape(img, (300, 450)) == new


@given(*[st.integers(1, 5000)] * 4)
def test_its_own_shape_is_as_near_as_whole_pixels_allow(h, w, height, width):
    img = type("Sized", (), {"height": h, "width": w, "size": (w, h)})
    shape = images.fitted_shape(img, (height, width))
    short, long = (shape[0], shape[1]) if h <= w else shape[::-1]
    assert short >= 1
    assert abs(short * long - height * width) <= short / 2
    ideal = (height * width * min(h, w) / max(h, w)) ** 0.5
    assert short == 1 or abs(short - ideal) <= 0.5 + 1e-6


@pytest.mark.parametrize("old", [WIDE, TALL, DOT, (1, 300), (300, 1)])
@pytest.mark.parametrize("how", ["squeeze", "crop"])
def test_the_most_unlikely_pictures_fill_the_shape(old, how):
    img = Image.new("RGB", old[::-1], (9, 8, 7))
    for antialias in (True, False):
        filled = images.fill(img, (30, 45), how, antialias)
        assert filled.size == (45, 30)
        assert filled.getextrema() == ((9, 9), (8, 8), (7, 7))


def test_what_has_to_fill_a_shape_is_cropped_rather_than_kept():
    img = ramp(80, 60)
    assert images.fill(img, (20, 30), "keep").tobytes() == (
        images.fit(img, (20, 30), "crop").tobytes()
    )


def test_a_picture_that_gets_too_narrow_says_what_to_do():
    img = Image.new("RGB", (2000, 1))
    says = r"be 1x4320 pixels.* need at least 16 .*style_fit='crop'.*\.$"
    with pytest.raises(ValueError, match=says):
        images.fit(img, (48, 90), "keep", at_least=16)
    with pytest.raises(ValueError, match="at least 16"):
        images.fitted_shape(img.rotate(90, expand=True), (48, 90), 16)
    assert images.fit(img, (48, 90), "crop", at_least=16).size == (90, 48)


@pytest.mark.parametrize("how", ["", "Keep", "stretch", None, 3, ["crop"]])
def test_another_fit_says_which_there_are(how):
    with pytest.raises(ValueError, match="'squeeze', 'crop' or 'keep'"):
        images.fit(Image.new("RGB", (4, 4)), (2, 2), how)


# Standardised arrays


def every_value():
    a = np.empty((16, 16, 3), np.uint8)
    a[..., 0] = np.arange(256).reshape(16, 16)
    a[..., 1] = a[..., 0][::-1]
    a[..., 2] = a[..., 0].T
    return a


def test_standardise_and_to_image_are_inverse():
    X = images.standardise(Image.fromarray(every_value()))
    assert X.shape == (1, 3, 16, 16)
    assert X.dtype == np.float32
    assert X.flags.c_contiguous
    assert np.array_equal(pixels(images.to_image(X)), every_value())
    assert np.array_equal(
        pixels(images.to_image(X.astype(np.float64))), every_value()
    )


def test_standardise_is_the_books_formula():
    X = images.standardise(Image.new("RGB", (1, 1), (255, 0, 51)))
    expected = [(1 - 0.485) / 0.229, -0.456 / 0.224, (0.2 - 0.406) / 0.225]
    assert X.ravel().tolist() == pytest.approx(expected, rel=1e-5)


def test_to_image_clips_and_makes_no_noise():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = [-99, 99, np.inf, -np.inf, np.nan]
        X = np.tile(np.float32(values), (1, 3, 1, 1))
        row = pixels(images.to_image(X))[0, :, 0].tolist()
    assert row == [0, 255, 255, 0, 0]


def test_noise_is_normal_and_the_same_for_the_same_seed():
    X = images.noise_image((40, 50), seed=3)
    assert X.shape == (1, 3, 40, 50)
    assert X.dtype == np.float32
    assert abs(X.mean()) < 0.05
    assert abs(X.std() - 1) < 0.05
    assert np.array_equal(X, images.noise_image((40, 50), seed=3))
    assert not np.array_equal(X, images.noise_image((40, 50), seed=4))
