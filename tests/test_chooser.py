"""The chooser: what is clicked or uploaded is what the cells get."""

import io
from datetime import UTC, datetime

import numpy as np
import pytest
from conftest import picture

pytest.importorskip("anywidget")

from d2l_style.exercises.chooser import choose_pictures
from d2l_style.pictures.samples import sample_images


@pytest.fixture(scope="module")
def samples():
    return sample_images()


def file_of(name, content):
    return {
        "name": name,
        "type": "image/png",
        "size": len(content),
        "content": memoryview(content),
        "last_modified": datetime.now(UTC),
    }


def as_png(img):
    out = io.BytesIO()
    img.save(out, "PNG")
    return out.getvalue()


def upload(chooser, kind, *files):
    chooser.pictures.uploads[kind].value = [file_of(*f) for f in files]


def test_it_begins_with_the_chapters_pictures(samples):
    chooser = choose_pictures()
    assert np.array_equal(chooser.content_img, samples["rainier"].open())
    assert np.array_equal(chooser.style_img, samples["autumn-oak"].open())
    for kind, name in chooser.names.items():
        assert chooser.pictures.pickers[kind].value == name
        offered = [i["name"] for i in chooser.pictures.pickers[kind].items]
        assert sorted(offered) == sorted(samples)


def test_a_click_chooses(samples):
    chooser = choose_pictures("harbour", "bojagi")
    before = chooser.content_img
    chooser.pictures.pickers["style"].value = "cubist"
    assert np.array_equal(chooser.style_img, samples["cubist"].open())
    assert chooser.content_img is before
    assert chooser.names == {"content": "harbour", "style": "cubist"}


@pytest.mark.parametrize("wrong", ["no-such", "", None, 5, ["rainier"]])
def test_an_unknown_name_is_refused_with_those_there_are(wrong):
    with pytest.raises(ValueError, match="Choose one of: .*rainier"):
        choose_pictures(wrong)
    with pytest.raises(ValueError, match="no style picture"):
        choose_pictures(style=wrong)


def test_several_uploads_are_offered_and_the_last_is_chosen():
    chooser = choose_pictures()
    files = [("a.png", as_png(picture(i))) for i in (1, 2)]
    upload(chooser, "content", *files)
    assert np.array_equal(chooser.content_img, picture(2))
    assert chooser.names["content"] == "a.png (2)"
    upload(chooser, "content", ("b.png", as_png(picture(3))))
    assert np.array_equal(chooser.content_img, picture(3))
    chooser.pictures.pickers["content"].value = "a.png"
    assert np.array_equal(chooser.content_img, picture(1))


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("notes.txt", b"no picture", "notes.txt is not a picture"),
        ("empty.png", b"", "empty.png is not a picture"),
        ("cut.png", as_png(picture(2))[:200], "cut.png cannot be read"),
        ("<img src=x>", b"x", "&lt;img src=x&gt; is not a picture"),
        ("", b"x", "upload is not a picture"),
    ],
)
def test_a_hostile_upload_is_a_sentence(name, content, told):
    chooser = choose_pictures()
    before = (chooser.content_img, chooser.names)
    upload(chooser, "content", (name, content))
    assert told in chooser.message.value
    assert (chooser.content_img, chooser.names) == before
    upload(chooser, "content", ("good.png", as_png(picture(1))))
    assert chooser.message.value == ""


def test_what_is_wrong_stands_above_the_thumbnails():
    chooser = choose_pictures()
    upload(chooser, "content", ("notes.txt", b"no picture"))
    above, below = chooser.children
    assert "notes.txt" in above.value
    assert below is chooser.pictures.box


def test_an_upload_is_named_in_any_language(monkeypatch):
    other = {"The picture": "그림"}
    monkeypatch.setattr("d2l_style.language._catalogue", lambda _: other)
    chooser = choose_pictures()
    upload(chooser, "content", ("notes.txt", b"no picture"))
    assert "notes.txt" in chooser.message.value
    assert "그림" not in chooser.message.value


def test_good_files_are_taken_and_bad_ones_named():
    chooser = choose_pictures()
    good = ("good.png", as_png(picture(1)))
    upload(chooser, "style", ("a", b"x"), good, ("b", b"y"))
    assert np.array_equal(chooser.style_img, picture(1))
    assert "a is not a picture" in chooser.message.value
    assert "b is not a picture" in chooser.message.value


def test_a_name_that_is_not_offered_changes_nothing():
    chooser = choose_pictures()
    before = chooser.style_img
    chooser.pictures.pickers["style"].value = "<script>"
    assert chooser.style_img is before
    assert chooser.pictures.pickers["style"].value == "autumn-oak"
    assert "There is no picture" in chooser.message.value
    assert "<script>" not in chooser.message.value


def test_an_upload_may_be_called_like_a_sample(samples):
    chooser = choose_pictures()
    upload(chooser, "content", ("rainier", as_png(picture(1))))
    assert chooser.names["content"] == "rainier (2)"
    chooser.pictures.pickers["content"].value = "rainier"
    assert np.array_equal(chooser.content_img, samples["rainier"].open())
