"""Pictures that are kept with their recipes, and what else may lie there."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import picture
from PIL import Image, PngImagePlugin

from d2l_style.exercises.gallery import Gallery
from d2l_style.exercises.meters import Meters
from d2l_style.exercises.sweeps.store import Result
from d2l_style.pictures.png import (
    facts_in_png,
    names_in_png,
    png_bytes,
    recipe_in_png,
)
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer

RECIPE = Recipe(style_weight=5e3, image_shape=(60, 90), num_epochs=7)


@pytest.fixture
def gallery(tmp_path):
    return Gallery(tmp_path / "kept")


@pytest.fixture
def result(tmp_path):
    """A sweep's result, with a picture of 90 x 60."""
    path = tmp_path / "cell.png"
    picture(3, 60, 90).save(path)
    meters = Meters(0.5, 0.1, 0.3, 1.0, 0.9)
    losses = ((1.0, 2.0, 3.0, 6.0),) * 7
    return Result({}, RECIPE, "mxnet", losses, meters, 1.0, "", path)


def test_a_run_is_kept_with_its_recipe(
    gallery, backend, narrow_file, content_img, style_img
):
    recipe = Recipe(weights=narrow_file, image_shape=(32, 48), num_epochs=2)
    transfer = StyleTransfer(content_img, style_img, recipe, backend)
    list(transfer.run())
    kept = gallery.keep(transfer, "Oaks at dusk")
    assert kept.path.name == "001-oaks-at-dusk.png"
    assert (kept.title, kept.recipe) == ("Oaks at dusk", recipe)
    assert (kept.epochs, kept.backend) == (2, backend)
    assert np.array_equal(kept.image, transfer.image())
    assert list(gallery) == [kept]
    panel = SimpleNamespace(transfer=transfer)
    assert gallery.keep(panel, "the same").recipe == recipe


def test_a_result_of_a_sweep_is_kept(gallery, result):
    kept = gallery.keep(result, "A cell")
    assert (kept.recipe, kept.epochs, kept.backend) == (RECIPE, 7, "mxnet")
    assert kept.facts == "7 epochs, MXNet"
    assert kept.choices == [
        *("style_weight=5000", "image_shape=(60, 90)", "num_epochs=7")
    ]


def test_nothing_is_overwritten(gallery, result):
    first = gallery.keep(result, "same")
    before = first.path.read_bytes()
    names = [gallery.keep(result, "same").path.name for _ in range(3)]
    assert names == ["002-same.png", "003-same.png", "004-same.png"]
    assert first.path.read_bytes() == before
    first.path.unlink()
    assert gallery.keep(result, "same").path.name == "005-same.png"
    assert len(gallery) == 4


def test_a_file_that_comes_in_between_is_not_overwritten(
    gallery, result, monkeypatch
):
    gallery.keep(result, "same")
    monkeypatch.setattr(Gallery, "_last", lambda self: 0)
    assert gallery.keep(result, "same").path.name == "002-same.png"


@pytest.mark.parametrize(
    ("title", "seen", "name"),
    [
        ("<script>alert(1)</script>", None, "001-script-alert-1-script.png"),
        ("../../etc/passwd", None, "001-etc-passwd.png"),
        ("C:\\nul\0x", "C:\\nul x", "001-c-nul-x.png"),
        ("", "untitled", "001-untitled.png"),
        (" \n\t ", "untitled", "001-untitled.png"),
        ("...", None, "001-picture.png"),
        ("가을 참나무", None, "001-가을-참나무.png"),
        ("a" * 5000, "a" * 199 + "…", f"001-{'a' * 40}.png"),
        ("\ud800x", "x", "001-x.png"),
        ("two\nlines\u2028three", "two lines three", None),
        ("🌳" * 300, "🌳" * 199 + "…", "001-picture.png"),
    ],
)
def test_hostile_titles_are_safe(gallery, result, title, seen, name):
    kept = gallery.keep(result, title)
    assert kept.title == (title if seen is None else seen)
    assert kept.path.name == name or name is None
    assert [p.parent for p in gallery.folder.iterdir()] == [gallery.folder]
    assert [one.title for one in gallery] == [kept.title]
    assert "<script" not in gallery._repr_html_()
    assert gallery.sheet().size[0] > 0


@pytest.mark.parametrize("wrong", [None, 5, b"bytes", ["a"]])
def test_a_title_must_be_a_text(gallery, result, wrong):
    with pytest.raises(TypeError, match="A title must be a text"):
        gallery.keep(result, wrong)
    assert len(gallery) == 0


@pytest.mark.parametrize(
    "wrong", [None, "cell.png", picture(1), SimpleNamespace(transfer=None)]
)
def test_what_cannot_be_kept_is_refused(gallery, wrong):
    with pytest.raises(TypeError, match="a panel or a result of a sweep"):
        gallery.keep(wrong, "a title")
    assert not list(gallery.folder.iterdir())


def test_a_folder_that_cannot_be_one_is_refused(tmp_path, result):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValueError, match="Choose another folder"):
        Gallery(tmp_path / "file")
    gallery = Gallery(tmp_path / "gone")
    gallery.folder.rmdir()
    assert len(gallery) == 0
    with pytest.raises(ValueError, match="cannot be kept in"):
        gallery.keep(result, "a title")


def foreign_files(folder):
    """Fill a folder with what is no picture of a gallery."""
    whole = png_bytes(picture(1), RECIPE, title="cut")
    (folder / "001-cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "<b>notes.txt").write_text("not a picture")
    (folder / "empty.png").write_bytes(b"")
    picture(2).save(folder / "plain.png")
    picture(2).save(folder / "photo.jpg")
    info = PngImagePlugin.PngInfo()
    info.add_itxt("d2l-style recipe", '{"style_weight": "much"}')
    picture(2).save(folder / "wrong.png", pnginfo=info)
    info = PngImagePlugin.PngInfo()
    info.add_itxt("d2l-style recipe", '{"content_layers": 5, "seed": null}')
    picture(2).save(folder / "wronger.png", pnginfo=info)
    return 7


def test_foreign_and_damaged_files_are_passed_over(gallery, result):
    count = foreign_files(gallery.folder)
    (gallery.folder / "sub.png").mkdir()
    (gallery.folder / ".hidden").write_text("x")
    kept = gallery.keep(result, "good")
    assert kept.path.name == "002-good.png"
    assert list(gallery) == [kept]
    assert len(gallery.passed_over()) == count
    html = gallery._repr_html_()
    assert "Passed over" in html
    assert "<b>notes" not in html
    assert "&lt;b&gt;notes.txt" in html
    assert "Passed over" in repr(gallery)
    assert html.count("<figure>") == 1


def test_facts_from_a_stranger_are_not_believed(gallery):
    img = picture(1)
    for name, facts in {
        "a": {"title": "<img src=x onerror=alert(1)>", "epochs": "9" * 5000},
        "b": {"epochs": "-1", "backend": "<b>"},
        "c": {"title": "x\0y" * 5000, "epochs": "², "},
    }.items():
        path = gallery.folder / f"{name}.png"
        path.write_bytes(png_bytes(img, RECIPE, **facts))
    a, b, c = gallery
    assert (a.epochs, b.epochs, c.epochs) == (None, None, None)
    assert (b.title, b.backend) == ("b", None)
    assert len(c.title) == 200
    html = gallery._repr_html_()
    assert "<img src=x" not in html
    assert "&lt;img src=x" in html


def test_an_empty_gallery_says_how_to_fill_it(gallery):
    assert len(gallery) == 0
    assert gallery
    assert "keep(transfer" in repr(gallery)
    assert "keep(transfer" in gallery._repr_html_()
    with pytest.raises(ValueError, match="is empty"):
        gallery.sheet()


def test_the_sheet_has_a_place_for_each_and_its_title(gallery, result):
    one = np.asarray(gallery.keep(result, "one") and gallery.sheet())
    titled = np.asarray(gallery.sheet().crop((0, 60, one.shape[1], 90)))
    assert (titled < 100).any()  # letters
    for i in range(4):
        gallery.keep(result, str(i))
    h, w, _ = np.asarray(gallery.sheet()).shape
    assert (h > 1.8 * one.shape[0], w > 2.8 * one.shape[1]) == (True, True)


def test_a_png_gives_its_facts_back(tmp_path):
    data = png_bytes(picture(1), RECIPE, title="가 <b>", content="oak")
    source = io.BytesIO(data)
    assert facts_in_png(source) == {"title": "가 <b>", "content": "oak"}
    assert names_in_png(io.BytesIO(data)) == {"content": "oak"}
    assert recipe_in_png(io.BytesIO(data)) == RECIPE
    plain = tmp_path / "plain.png"
    Image.new("RGB", (9, 9)).save(plain)
    assert facts_in_png(plain) == {}
