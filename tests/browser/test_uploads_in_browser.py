"""Photos of any size, from the reader's machine to Python.

The servers run with their own limit: a message of more than 10 MiB cuts the
connection. Nothing here may come near it.
"""

import base64
import json
import re

import numpy as np
import pytest
from PIL import Image, ImageCms

from browser.conftest import OUT, open_notebook, run_all, write_notebook
from d2l_style.pictures.images import open_image
from d2l_style.pictures.upload import MOST

pytestmark = pytest.mark.slow
NOTEBOOK = "uploads.ipynb"
CELL = """\
import json

import ipywidgets as widgets
from d2l_style.exercises.chooser import choose_pictures

chooser, told = choose_pictures(), widgets.Label()


def tell(change):
    name, img = chooser.names["content"], chooser.content_img
    corners = list(img.resize((2, 2)).tobytes())
    told.value = json.dumps([name, img.size, corners])


chooser.pictures.uploads["content"].observe(tell, "value")
widgets.VBox([told.add_class("told"), chooser])
"""
DARK = {"@jupyterlab/apputils-extension/themes": {"theme": "JupyterLab Dark"}}


def photo(path, shape, noise, orientation=1, **options):
    """Write a picture, a colour in each quarter, as a camera held so does."""
    h, w = shape
    colours = [[(200, 60, 60), (60, 180, 60)], [(60, 60, 200), (180, 180, 60)]]
    flat = Image.fromarray(np.uint8(colours)).resize((w, h), 0)
    grain = np.random.default_rng(0).integers(-noise, noise + 1, (h, w, 1))
    pixels = np.asarray(flat, np.int16) + grain.astype(np.int16)
    exif = Image.Exif()
    exif[0x0112] = orientation
    img = Image.fromarray(np.uint8(pixels.clip(0, 255)))
    img.save(path, exif=exif, **options)
    return path


def other_colours():
    """Return a profile in which red means blue: who passes it over is seen."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}
    return re.sub(b"[rb]XYZ", lambda found: swapped[found[0]], srgb, count=2)


def clear(path, opaque):
    """Make half of a PNG transparent."""
    with Image.open(opaque) as img:
        img = img.convert("RGBA")
    img.paste((0, 0, 0, 0), (0, 0, img.width // 2, img.height))
    img.save(path)
    return path


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Files as phones and scanners write them, and some that are none."""
    to = tmp_path_factory.mktemp("photos")
    files = {
        "eleven.jpg": photo(to / "eleven.jpg", (3100, 4200), 60, quality=96),
        "forty.jpg": photo(to / "forty.jpg", (7000, 8000), 60, 6, quality=94),
        "noise.png": photo(to / "noise.png", (2000, 3000), 60),
        "small.png": photo(to / "small.png", (90, 120), 0),
        "scan.tif": photo(to / "scan.tif", (1000, 1500), 9),
        "large.tif": photo(to / "large.tif", (2000, 3000), 9),
    }
    files["clear.png"] = clear(to / "clear.png", files["noise.png"])
    files["profile.jpg"] = photo(
        to / "profile.jpg",
        (2448, 3264),
        30,
        quality=93,
        icc_profile=other_colours(),
    )
    for name, orientation in (("a.jpg", 1), ("b.jpg", 3), ("c.jpg", 8)):
        files[name] = photo(
            to / name, (2448, 3264), 30, orientation, quality=93
        )
    for name, data in {
        "fake.jpg": b"no picture",
        "cut.jpg": files["eleven.jpg"].read_bytes()[:9_000_000],
        "IMG_1.HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    }.items():
        files[name] = to / name
        files[name].write_bytes(data)
    return files


class UploadPage:
    """A chooser in a notebook, and what Python has of it."""

    def __init__(self, page, photos):
        self.page, self.photos, self.errors = page, photos, []
        self.button = page.get_by_role("button", name="content: your own")
        self.sent = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("websocket", self._listen)

    def _listen(self, socket):
        socket.on("framesent", lambda data: self.sent.append(len(data)))

    def choose(self, *names):
        with self.page.expect_file_chooser() as chooser:
            self.button.click()
        chooser.value.set_files([self.photos[name] for name in names])

    def drop(self, name):
        """Let a small file fall on the place beside the button."""
        data = base64.b64encode(self.photos[name].read_bytes()).decode()
        self.page.locator(".d2l-upload").first.evaluate(
            """async (place, [name, data]) => {
                const found = await fetch(`data:;base64,${data}`);
                const dataTransfer = new DataTransfer();
                dataTransfer.items.add(new File([await found.blob()], name));
                for (const what of ["dragenter", "dragover", "drop"])
                    place.dispatchEvent(new DragEvent(what, {
                        dataTransfer, bubbles: true, cancelable: true }));
            }""",
            [name, data],
        )

    def arrived(self, name):
        """Wait for a picture; return its size and the corners' colours."""
        told = self.page.locator(".told", has_text=f'["{name}"')
        told.wait_for()
        _name, size, corners = json.loads(told.inner_text())
        return tuple(size), np.array(corners).reshape(4, 3)

    def is_the_photo(self, name, longest=None):
        """The picture that arrives is the file's: upright, its colours."""
        size, corners = self.arrived(name)
        img = open_image(self.photos[name])
        scale = (longest or max(img.size)) / max(img.size)
        assert size == tuple(round(side * scale) for side in img.size)
        wanted = np.array(img.resize((2, 2))).reshape(4, 3)
        assert np.abs(corners - wanted).max() <= 6

    def says(self, text):
        self.page.get_by_role("alert").filter(has_text=text).wait_for()

    def screenshot(self, name):
        OUT.mkdir(exist_ok=True)
        self.page.screenshot(path=OUT / f"uploads-{name}.png")

    def drive(self, where):
        """Bring all that a learner may bring, with one button."""
        self.choose("eleven.jpg")
        self.is_the_photo("eleven.jpg")
        self.choose("forty.jpg")
        self.page.get_by_text("Making forty.jpg smaller (1 of 1)").wait_for()
        self.screenshot(f"{where}-smaller")
        self.is_the_photo("forty.jpg", longest=3456)
        self.choose("a.jpg", "b.jpg", "c.jpg")
        self.is_the_photo("c.jpg")
        for each in ("a.jpg", "b.jpg", "c.jpg"):
            self.page.get_by_title(each, exact=True).first.wait_for()
        for name in ("noise.png", "clear.png", "profile.jpg", "scan.tif"):
            self.choose(name)
            self.is_the_photo(name)
        self.drop("small.png")
        self.is_the_photo("small.png")
        self.choose("fake.jpg")
        self.says("fake.jpg is not a picture that can be read")
        self.choose("cut.jpg")
        self.says("cut.jpg cannot be sent: this browser cannot read it")
        self.choose("large.tif", "b.jpg", "IMG_1.HEIC")
        self.says("large.tif cannot be sent")
        self.says("IMG_1.HEIC is a HEIC picture")
        self.page.get_by_title("b.jpg (2)").first.wait_for()
        self.screenshot(where)
        assert self.page.locator(".d2l-upload progress:visible").count() == 0
        assert 1_000_000 < max(self.sent) < 1.1 * MOST
        assert not self.errors


@pytest.fixture
def upload_page(page, folder, photos):
    write_notebook(folder, NOTEBOOK, CELL)
    return UploadPage(page, photos)


@pytest.mark.parametrize("settings", [{}, DARK], ids=["light", "dark"])
def test_photos_of_any_size_in_jupyterlab(lab, upload_page, settings):
    with lab(settings) as url:
        open_notebook(upload_page.page, url, NOTEBOOK)
        run_all(upload_page.page)
        upload_page.drive("dark" if settings else "lab")


def test_photos_of_any_size_in_voila(voila, upload_page):
    with voila(NOTEBOOK) as url:
        upload_page.page.goto(url)
        upload_page.drive("voila")
