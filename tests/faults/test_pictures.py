"""Files that were made to hurt: a picture or a sentence, in bounded memory."""

import io
import os
import random
import struct
import subprocess
import sys
import threading
import zlib

import numpy as np
import pytest
from conftest import ROOT, linux, picture
from PIL import Image, ImageCms, ImageFile

from d2l_style.pictures import colours, images
from d2l_style.pictures.png import facts_in_png, recipe_in_png
from d2l_style.pictures.samples import sample_images
from d2l_style.pictures.scans import scans

PEAK = """
import sys
from benchmarks.processes import peak_megabytes
from d2l_style.pictures import images
before = peak_megabytes()
kept = [images.open_image(path) for path in sys.argv[1:]]
print(peak_megabytes() - before, *kept[-1].size)
"""


def opened(*paths):
    """Return [MB that a fresh process takes to open them, width, height]."""
    command = [sys.executable, "-c", PEAK, *map(str, paths)]
    told = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [float(word) for word in told.stdout.split()]


def encoded(img, fmt, **options):
    file = io.BytesIO()
    img.save(file, fmt, **options)
    return file.getvalue()


def chunk(kind, data):
    crc = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + crc


# --- memory ------------------------------------------------------------------


@linux
@pytest.mark.parametrize(
    ("name", "mode", "most"),
    [("a.png", "1", 250), ("a.gif", "P", 300), ("a.jpg", "RGB", 150)],
)
def test_a_small_file_of_very_many_pixels(tmp_path, name, mode, most):
    """It took 670, 860 and 1,500 MB; 100 are kept, and were 400."""
    path = tmp_path / name
    Image.new(mode, (9999, 9999)).save(path)
    taken, *size = opened(path)
    assert taken < most
    assert size == [5000, 5000]
    again, *size = opened(path, path)
    assert again < most + 120


@linux
@pytest.mark.parametrize(
    ("name", "options", "most"),
    [
        ("a.bmp", {}, 110),  # 370: it was held four times
        ("a.tif", {"compression": "tiff_lzw"}, 200),
        ("a.jpg", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1"
                   b"\0\6\0\0\0\0\0\0"}, 215),
    ],
)  # fmt: skip
def test_a_photo_is_held_once_or_twice_while_it_is_opened(
    tmp_path, name, options, most
):
    path = tmp_path / name
    Image.new("RGB", (6000, 4000), "teal").save(path, **options)
    taken, *size = opened(path)
    assert taken < most
    assert sorted(size) == [4000, 6000]


@pytest.mark.parametrize("fmt", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP"])
def test_what_does_not_fit_is_refused_before_it_is_decoded(monkeypatch, fmt):
    def decoded(*_args):
        pytest.fail("it was decoded")

    file = io.BytesIO(encoded(Image.new("RGB", (400, 300)), fmt))
    monkeypatch.setattr(images, "free_bytes", lambda: 1e6)
    images.open_image(io.BytesIO(encoded(Image.new("RGB", (9, 9)), fmt)))
    monkeypatch.setattr(images, "free_bytes", lambda: 100_000)
    monkeypatch.setattr(ImageFile.ImageFile, "load", decoded)
    told = r"is too large: .* about .* MB of memory, and 0.1 MB are free\. M"
    with pytest.raises(ValueError, match=told):
        images.open_image(file)


def test_a_tile_larger_than_its_picture_counts():
    """Of 64 x 64 pixels, it took 400 MB to open."""
    assert tiled(256).size == (64, 64)
    with pytest.raises(ValueError, match="is too large: it has more than"):
        tiled(20_000)


def tiled(side):
    """Open a TIFF of one tile, which goes far beyond its picture."""
    press = zlib.compressobj()
    rows = [press.compress(bytes(side)) for _row in range(side)]
    data = b"".join([*rows, press.flush()])
    tags = [(256, 64), (257, 64), (258, 8), (259, 8), (262, 1), (277, 1)]
    tags += [(322, side), (323, side), (324, 134), (325, len(data))]
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags))
    entries = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags]
    file = head + b"".join(entries) + bytes(4) + data
    return images.open_image(io.BytesIO(file))


# --- the pixels --------------------------------------------------------------

SIZES = [(1, 1), (7, 5), (48, 33), (90, 70)]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "CMYK"])
@pytest.mark.parametrize("profile", [False, True])
def test_strips_are_not_seen(monkeypatch, orientation, mode, profile):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112] = orientation
    img = picture(3).convert("RGB" if mode == "CMYK" else "RGBA")
    data = encoded(
        img.convert(mode),
        "JPEG" if mode == "CMYK" else "PNG",
        exif=exif,
        **({"icc_profile": srgb} if profile else {}),
    )
    whole = images.open_image(io.BytesIO(data))
    monkeypatch.setattr(colours, "_STRIP", 7 * img.width)
    strips = images.open_image(io.BytesIO(data))
    assert whole.size == strips.size
    assert whole.tobytes() == strips.tobytes()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("orientation", [1, 3, 5, 6, 7, 8])
def test_too_many_pixels_become_their_averages(monkeypatch, size, orientation):
    monkeypatch.setattr(colours, "_LEAST", 100)
    monkeypatch.setattr(colours, "_STRIP", 200)
    img = picture(4, *size[::-1])
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(img, "PNG", exif=exif)
    times = colours.shrinking(size)
    expected = images.as_rgb(img.reduce(times)) if times > 1 else img
    turn = colours._TURNS.get(orientation)
    expected = expected if turn is None else expected.transpose(turn)
    got = images.open_image(io.BytesIO(data))
    assert got.size == expected.size
    assert got.tobytes() == expected.tobytes()


def test_how_much_smaller():
    assert colours.shrinking((6000, 4000)) == 1  # a photo of 24 megapixels
    assert colours.shrinking((7999, 6000)) == 1
    assert colours.shrinking((8000, 6000)) == 2
    assert colours.shrinking((12_000, 9000)) == 3
    assert colours.shrinking((1, 1)) == colours.shrinking((0, 0)) == 1
    for megapixels in range(1, 1000):
        times = colours.shrinking((megapixels * 1000, 1000))
        left = megapixels / times**2
        assert times == 1 or 12 <= left < 27, megapixels


def test_a_large_jpeg_is_made_smaller_while_it_is_read(monkeypatch):
    monkeypatch.setattr(colours, "_LEAST", 1000)
    img = picture(5, 301, 401)  # 120 times as many: 10 times smaller
    data = encoded(img, "JPEG", quality=98, subsampling=0)
    seen = []
    load = ImageFile.ImageFile.load
    monkeypatch.setattr(
        ImageFile.ImageFile,
        "load",
        lambda self: seen.append(self.size) or load(self),
    )
    got = images.open_image(io.BytesIO(data))
    assert seen[0] == got.size == (51, 38)
    expected = np.asarray(img.reduce(8), float)
    assert np.abs(np.asarray(got, float) - expected).mean() < 4


@pytest.mark.parametrize("peak", [255, 4095])
@pytest.mark.parametrize("order", ["<", ">"])
def test_12_bits_in_16_are_not_black(peak, order):
    values = np.linspace(0, peak, 256).astype(np.uint16).reshape(16, 16)
    head = {"<": b"II*\0\x08\0\0\0", ">": b"MM\0*\0\0\0\x08"}[order]
    tags = [(256, 16), (257, 16), (258, 16), (259, 1), (262, 1), (273, 110),
            (277, 1), (278, 16), (279, 512)]  # fmt: skip
    entries = b"".join(
        struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in tags
    )
    count = struct.pack(f"{order}H", len(tags))
    data = (head + count + entries).ljust(122, b"\0")
    data = data.replace(
        struct.pack(f"{order}HHII", 273, 4, 1, 110),
        struct.pack(f"{order}HHII", 273, 4, 1, 122),
    )
    data += values.astype(f"{order}u2").tobytes()
    got = np.asarray(images.open_image(io.BytesIO(data)))[..., 0]
    np.testing.assert_allclose(got.ravel(), np.arange(256), atol=1)


def test_16_bits_stay_what_they_are():
    for peak in (4096, 20_000, 65_535):
        img = Image.fromarray(np.array([[0, peak]], np.uint16))
        got = np.asarray(images.open_image(io.BytesIO(encoded(img, "TIFF"))))
        assert got[0, 1, 0] == round(peak / 257)
    dark = Image.fromarray(np.array([[0, 4000]], np.uint16))
    got = np.asarray(images.open_image(io.BytesIO(encoded(dark, "PNG"))))
    assert got[0, 1, 0] == round(4000 / 257)  # in PNG white is always 65535


# --- time --------------------------------------------------------------------


def of_scans(count):
    """Return a JPEG that goes over its picture ``count`` times."""
    data = encoded(Image.new("L", (64, 64)), "JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")
    scan = data[at : data.rindex(b"\xff\xd9")]
    return data[:at] + scan * (count - data.count(b"\xff\xda") + 1) + data[-2:]


def test_a_jpeg_of_endless_scans_is_refused_by_their_number():
    assert images.open_image(io.BytesIO(of_scans(100))).size == (64, 64)
    for refused in (101, 5000):
        with pytest.raises(ValueError, match="more than 100 scans, .* long"):
            images.open_image(io.BytesIO(of_scans(refused)))


@pytest.mark.parametrize("block", [5, 64, 1000, 2**20])
@pytest.mark.parametrize("progressive", [False, True])
def test_scans_are_counted_whatever_lies_about_them(
    monkeypatch, block, progressive
):
    monkeypatch.setattr("d2l_style.pictures.scans._BLOCK", block)
    data = encoded(picture(6), "JPEG", progressive=progressive)
    expected = data.count(b"\xff\xda")
    assert expected == (10 if progressive else 1)
    inside = b"\xff\xe1\x03\xea" + b"\xff\xda" * 500  # a thumbnail, say
    behind = b"\xff\xda\0\0" * 500  # a phone's film
    for file in (data, data[:2] + inside + data[2:] + behind):
        assert scans(io.BytesIO(file), 100) == expected
    cut_off = data[: len(data) // 2]
    assert scans(io.BytesIO(cut_off), 100) <= expected
    assert scans(io.BytesIO(b"\xff" * 3000), 100) == 0
    assert scans(io.BytesIO(b"\xff\xda\0\2" * 3000), 100) == 101


@linux
def test_what_never_ends_is_not_waited_for(tmp_path):
    """A pipe kept the lock, and with it every other picture, for ever."""
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    kinds = {}

    def try_all():
        for path in (pipe, "/dev/zero", "/dev/null", str(pipe)):
            for read in (images.open_image, images.as_image, recipe_in_png):
                try:
                    read(path)
                except ValueError as error:
                    kinds[str(path), read] = str(error)

    thread = threading.Thread(target=try_all, daemon=True)
    thread.start()
    thread.join(30)
    assert len(kinds) == 9
    assert all("is a device or a pipe. " in text for text in kinds.values())


@linux
def test_a_stream_is_read_before_others_have_to_wait():
    source, sink = (os.fdopen(fd, mode, 0) for fd, mode in
                    zip(os.pipe(), ("rb", "wb"), strict=True))  # fmt: skip
    data = encoded(Image.new("RGB", (4, 4), "teal"), "PNG")
    with source, sink:
        got = []
        thread = threading.Thread(
            target=lambda: got.append(images.open_image(source)), daemon=True
        )
        thread.start()
        assert images.open_image(io.BytesIO(data)).size == (4, 4)
        sink.write(data)
        sink.close()
        thread.join(30)
    assert got[0].size == (4, 4)


# --- a recipe inside ---------------------------------------------------------


def test_a_png_is_opened_once_for_its_recipe(monkeypatch):
    opened, real = [], Image.open
    monkeypatch.setattr(
        Image, "open", lambda *a, **k: opened.append(1) or real(*a, **k)
    )
    data = encoded(Image.new("RGB", (4, 4)), "PNG")
    assert facts_in_png(io.BytesIO(data)) == {}
    assert opened == [1]


def test_a_recipe_that_complains_endlessly_is_quoted_in_part():
    data = encoded(Image.new("RGB", (4, 4)), "PNG")
    layers = ", ".join(["0"] * 300_000)
    text = b'{"style_layers": [' + layers.encode() + b"]}"
    note = b"d2l-style recipe\0\1\0\0\0" + zlib.compress(text)
    data = data[:33] + chunk(b"iTXt", note) + data[33:]
    with pytest.raises(ValueError, match="style layer is given twice") as info:
        recipe_in_png(io.BytesIO(data))
    assert len(str(info.value)) < 1000


def test_a_thumbnail_of_a_sample_is_what_it_was():
    sample = next(iter(sample_images().values()))
    with Image.open(sample.path) as img:
        img.draft("RGB", (300, 200))
        img.thumbnail((150, 100), Image.Resampling.LANCZOS)
        assert sample.thumbnail().tobytes() == img.convert("RGB").tobytes()


# --- damaged at random -------------------------------------------------------


def every_format():
    """Return files of all formats that are promised, of small pictures."""
    img = picture(7, 24, 32)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112] = 6
    deep = Image.fromarray(np.arange(768, dtype=np.uint16).reshape(24, 32))
    files = [
        encoded(img, "JPEG", exif=exif, icc_profile=srgb),
        encoded(img, "JPEG", progressive=True),
        encoded(img.convert("CMYK"), "JPEG"),
        encoded(img.convert("L"), "JPEG"),
        encoded(deep, "PNG"),
        encoded(deep, "TIFF"),
        encoded(img.convert("P"), "PNG", bits=4, transparency=3),
        encoded(img.convert("P"), "PNG", bits=2),
        interlaced(),
        encoded(img, "GIF", save_all=True, append_images=[img.rotate(90)]),
        encoded(img, "BMP"),
        encoded(img.convert("P"), "BMP"),
        encoded(Image.new("F", (32, 24), 0.5), "TIFF"),
    ]
    files += [encoded(img.convert(mode), "PNG") for mode in ("1", "L", "RGBA")]
    files += [
        encoded(img, "TIFF", compression=how)
        for how in ("raw", "tiff_lzw", "tiff_deflate", "jpeg", "packbits")
    ]
    for options in ({"lossless": True}, {"exif": exif}, {"save_all": True}):
        files.append(encoded(img.convert("RGBA"), "WEBP", **options))
    Image.init()
    if "AVIF" in Image.SAVE:  # Pillow has it from 11.3 on
        files.append(encoded(img, "AVIF"))
    return files


def interlaced():
    """Return a PNG in Adam's seven passes."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4),
              (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]  # fmt: skip
    a = np.asarray(picture(7, 24, 32))
    rows = b"".join(
        b"\0" + row.tobytes()
        for x, y, dx, dy in passes
        for row in a[y::dy, x::dx]
    )
    head = struct.pack(">2I5B", 32, 24, 8, 2, 0, 0, 1)
    body = (b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    data = b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in body)
    assert np.array_equal(images.open_image(io.BytesIO(data)), a)
    return data


def damaged(files, dice):
    """Return one of the files with something wrong."""
    data = bytearray(dice.choice(files))
    how = dice.randrange(6)
    if how == 0:
        del data[dice.randrange(len(data)) :]
    elif how == 1:  # another's head
        other, cut = dice.choice(files), dice.randrange(8, 200)
        data[:cut] = other[:cut]
    elif how == 2:  # a piece twice, or gone
        a, b = sorted(dice.choices(range(len(data)), k=2))
        data[a:b] = data[a:b] * dice.choice((0, 2, 30))
    else:  # mostly near the beginning, where sizes stand
        for _time in range(dice.randrange(1, 12)):
            at = int(len(data) * dice.random() ** dice.choice((1, 4)))
            data[at] = dice.choice((0, 1, 0x7F, 0xFF, dice.randrange(256)))
    return bytes(data)


def check_damaged(count, seed):
    dice, files = random.Random(seed), every_format()
    pictures = 0
    for _time in range(count):
        file = io.BytesIO(damaged(files, dice))
        file.name = "a\x1b[31m.jpg"
        try:
            img = images.open_image(file, max_pixels=4_000_000)
        except ValueError as error:
            text = str(error)
            assert text.isprintable(), text
            assert len(text) < 900, text
            assert text.startswith(r"a\x1b[31m.jpg "), text
            assert text.endswith("."), text
        else:
            assert img.mode == "RGB"
            assert img.info == {}
            pictures += 1
    return pictures


def test_whole_files_are_pictures():
    for data in every_format():
        assert images.open_image(io.BytesIO(data)).size in {(32, 24), (24, 32)}


def test_damaged_files_give_a_picture_or_one_sentence():
    pictures = check_damaged(600, seed=1)
    assert 50 < pictures < 500


FUZZ = """
import sys
from benchmarks.processes import peak_megabytes
from faults.test_pictures import check_damaged, every_format
every_format()
before = peak_megabytes()
for seed in range(2, 12):
    check_damaged(3000, seed)
print(peak_megabytes() - before)
"""


@linux
@pytest.mark.slow
def test_many_damaged_files_take_bounded_memory():
    """4 megapixels are 16 MB, and decoders of strips take as much again."""
    paths = [str(ROOT), str(ROOT / "tests")]
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FUZZ],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr[-2000:]
    assert float(told.stdout) < 300
