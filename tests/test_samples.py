"""The pictures to try, and the sheet that shows pictures side by side."""

import re
import shutil
import tomllib

import numpy as np
import pytest
from conftest import ROOT, picture
from PIL import Image

from d2l_style.network import fetch
from d2l_style.pictures import samples
from d2l_style.pictures.contact_sheet import contact_sheet
from d2l_style.pictures.samples import picture_folder, sample_images

OF_README = {"contact-sheet", "networks", "readme"}  # not drawn: results
DRAWN = sorted(
    {path.stem for path in (ROOT / "img").glob("*.jpg")} - OF_README
)


def test_every_drawing_is_listed_with_all_that_is_to_say():
    found = sample_images()
    ours = [s for s in found.values() if s.source == "d2l-style"]
    assert sorted(s.name for s in ours) == DRAWN
    assert {(s.author, s.licence) for s in ours} == {
        ("the d2l-style authors", "CC BY 4.0")
    }
    for sample in found.values():
        assert sample.kind in samples.KINDS
        for text in (sample.title, sample.author, sample.licence):
            assert text.strip() == text != ""
        assert 30 < len(sample.alt) < 220
        assert sample.alt.endswith(".")


def test_there_is_enough_to_choose_from():
    found = sample_images()
    kinds = [s.kind for s in found.values() if s.source == "d2l-style"]
    assert kinds.count("content") >= 3
    assert kinds.count("style") >= 8


def test_every_sample_opens():
    for sample in sample_images().values():
        img = sample.open()
        assert img.mode == "RGB"
        assert min(img.size) >= 200
        assert sample.thumbnail((60, 40)).width <= 60


def test_photos_of_packages_are_there():
    hopper = sample_images()["grace-hopper"]
    assert hopper.source == "matplotlib"
    assert "public domain" in hopper.licence


def test_chosen_by_kind():
    styles = sample_images().of_kind("style")
    assert "autumn-oak" in styles
    assert "rainier" not in styles
    with pytest.raises(ValueError, match="'content' or 'style'"):
        sample_images().of_kind("photo")


@pytest.mark.parametrize("name", ["nothing", None, 3, ["rainier"]])
def test_an_unknown_name_says_what_there_is(name):
    with pytest.raises(KeyError, match="There are: rainier"):
        sample_images()[name]


def test_shown_as_a_table_with_words_for_the_pictures():
    found = sample_images()
    assert "rainier" in repr(found)
    page = found._repr_html_()
    assert page.count("<img alt=") == len(found)
    assert page.count("<figure") == page.count("</figure>") == len(found)
    assert found["rainier"].alt in found["rainier"]._repr_html_()


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder img/ of small pictures, found from the folder beside it."""
    img = tmp_path / "img"
    img.mkdir()
    shutil.copy(ROOT / "img/pictures.toml", img)
    for seed, name in enumerate(("rainier", "autumn-oak")):
        picture(seed).save(img / f"{name}.jpg")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    return img


def test_the_folder_beside_the_notebooks_comes_first(clone, monkeypatch):
    assert picture_folder() == clone
    monkeypatch.chdir(clone.parent)
    assert picture_folder() == clone


def test_what_is_missing_is_left_out(clone):
    (clone / "rainier.jpg").unlink()
    found = sample_images()
    assert "rainier" not in found
    assert "autumn-oak" in found


def test_the_books_pictures_are_named_as_such(clone, monkeypatch):
    """After `fetch images` both can be had, and nothing is called ours."""
    (clone / ".drawn").mkdir()
    shutil.copy(clone / "rainier.jpg", clone / ".drawn/rainier.jpg")
    picture(7).save(clone / "rainier.jpg")
    monkeypatch.setattr(
        samples, "has", lambda folder, source: source.name == "rainier.jpg"
    )
    found = sample_images()
    assert found["rainier-book"].licence == "CC BY-SA 4.0"
    assert found["rainier-book"].path == clone / "rainier.jpg"
    assert found["rainier"].path == clone / ".drawn/rainier.jpg"
    assert found["autumn-oak"].source == "d2l-style"


def test_the_books_facts_fit_the_books_files():
    names = {source.name for source in fetch.BOOK_IMAGES}
    assert {f"{name}.jpg" for name in samples._OF_BOOK} == names


def test_no_folder_of_pictures_leaves_those_of_packages(monkeypatch):
    monkeypatch.setattr(samples, "picture_folder", lambda: None)
    found = sample_images()
    assert "grace-hopper" in found
    assert "rainier" not in found


def test_the_list_of_drawings_can_be_read_and_names_files():
    text = (ROOT / "img/pictures.toml").read_text("utf-8")
    facts = tomllib.loads(text)
    assert sorted(facts) == DRAWN
    for own in facts.values():
        assert set(own) == {"kind", "title", "alt", "script"}


def test_the_licence_of_drawings_is_in_license():
    parts = re.split(r"(.+)\n=+\n", (ROOT / "LICENSE").read_text("utf-8"))
    text = dict(zip(parts[1::2], parts[2::2], strict=True))
    name = "Prose and pictures: Creative Commons Attribution 4.0 International"
    assert "the pictures in img/" in text[name]
    assert "the d2l-style authors" in text[name]
    assert "CC BY 4.0" in text[name]


# --- the sheet -------------------------------------------------------------


def colour(name, w=40, h=30):
    return Image.new("RGB", (w, h), name)


def test_pictures_keep_their_pixels_and_places():
    img = picture(3)
    sheet = contact_sheet(
        [[img, colour("red")], [None, colour("blue")]], gap=5
    )
    assert sheet.size == (5 + 2 * 95, 5 + 2 * 75)
    assert np.array_equal(sheet.crop((5, 5, 95, 75)), img)
    assert sheet.getpixel((5 + 95 + 45, 5 + 35)) == (255, 0, 0)
    assert sheet.getpixel((5 + 95 + 45, 5 + 75 + 35)) == (0, 0, 255)
    assert sheet.getpixel((20, 110)) == (255, 255, 255)


def test_names_have_room():
    bare = contact_sheet([[colour("red")]])
    named = contact_sheet([[colour("red")]], ["a row"], ["a column"])
    assert named.width > bare.width
    assert named.height > bare.height
    ink = np.asarray(named.convert("L")) < 60
    assert ink.sum() > 20
    assert not ink[:, :2].any()
    assert not ink[:2].any()


@pytest.mark.parametrize(
    ("pictures", "rows", "columns", "told"),
    [
        ([], (), (), "at least one picture"),
        ([[None]], (), (), "at least one picture"),
        ([[colour("red")]], ["a", "b"], (), "1 rows, and 2 names"),
        ([[colour("red")]], (), ["a", "b"], "1 columns, and 2 names"),
    ],
)
def test_what_makes_no_sheet_is_a_sentence(pictures, rows, columns, told):
    with pytest.raises(ValueError, match=told):
        contact_sheet(pictures, rows, columns)
