"""Files from the browser: what arrives is taken, whatever it is."""

import io

import pytest
from conftest import picture
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("anywidget")

from d2l_style.pictures.images import open_image
from d2l_style.pictures.upload import _AT_ONCE, MOST, Upload, read, shown_name


def png(seed=1):
    out = io.BytesIO()
    picture(seed).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def upload():
    """A widget that notes what observers see and what it answers."""
    upload = Upload()
    upload.seen, upload.answers = [], []
    upload.observe(lambda change: upload.seen.append(change["new"]), "value")
    upload.send = lambda content, buffers=None: upload.answers.append(content)
    return upload


def arrive(upload, data=b"", **content):
    """Have a message come in as the browser sends it."""
    content = {"what": "file", "name": "a.png", "id": 1, **content}
    upload._handle_custom_msg(content, [memoryview(data)])


def alone(upload, data=b"", **content):
    arrive(upload, data, first=True, last=True, **content)
    return upload.seen[-2][0]  # () came behind it


def test_a_file_is_seen_once_and_answered(upload):
    file = alone(upload, png(), id=7)
    assert file["name"] == "a.png"
    assert read(file, open_image).tobytes() == picture(1).tobytes()
    assert [len(files) for files in upload.seen] == [1, 0]
    assert upload.answers == [{"what": "taken", "id": 7}]


def test_the_same_file_may_come_again(upload):
    for _ in range(2):
        alone(upload, png())
    assert [len(files) for files in upload.seen] == [1, 0, 1, 0]


def test_files_of_one_choice_are_seen_together(upload):
    arrive(upload, png(1), first=True, name="a")
    arrive(upload, png(2), name="b")
    assert upload.seen == []
    assert len(upload.answers) == 2  # the next one waits for the answer
    arrive(upload, png(3), last=True, name="c")
    assert [file["name"] for file in upload.seen[0]] == ["a", "b", "c"]


def test_a_choice_that_was_cut_off_leaves_nothing_behind(upload):
    arrive(upload, png(1), first=True, name="a")
    assert alone(upload, png(2), name="b")["name"] == "b"
    assert [len(files) for files in upload.seen] == [1, 0]


def test_a_choice_of_many_is_not_held_back_whole(upload):
    for _ in range(3 * _AT_ONCE):
        arrive(upload)
    assert [len(files) for files in upload.seen] == [_AT_ONCE, 0] * 3


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"too_large": 31_500_000}, r"a.png .* its 31\.5 MB .* WebP or AVIF"),
        ({"lost": True}, "a.png cannot be read. Is it a folder"),
        ({"too_large": 10**400}, "a.png is not a picture"),
        ({"too_large": "many"}, "a.png is not a picture"),
        ({"too_large": -1}, "a.png is not a picture"),
        ({"name": None}, "upload is not a picture"),
        ({"name": ["a"]}, "upload is not a picture"),
        ({"name": "\x00\n\u202e"}, "upload is not a picture"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(upload, content, told):
    file = alone(upload, **content)
    with pytest.raises(ValueError, match=told):
        read(file, open_image)


def test_a_recipe_of_any_size_is_read_in_a_cell(upload):
    upload.shrink = False
    file = alone(upload, too_large=MOST + 1)
    with pytest.raises(ValueError, match="StylePanel.from_png"):
        read(file, open_image)


@pytest.mark.parametrize(
    ("content", "buffers"),
    [
        (None, []),
        ("file", []),
        ([], None),
        ({}, []),
        ({"what": ["file"]}, []),
        ({"what": "taken", "id": 1}, []),
    ],
)
def test_other_messages_are_passed_over(upload, content, buffers):
    upload._handle_custom_msg(content, buffers)
    assert upload.seen == upload.answers == []


@pytest.mark.parametrize("buffers", [None, [], ["text"], [None], [5]])
def test_without_bytes_it_is_no_picture(upload, buffers):
    upload._handle_custom_msg({"what": "file", "last": True}, buffers)
    with pytest.raises(ValueError, match="is not a picture"):
        read(upload.seen[0][0], open_image)


def test_the_browser_is_answered_though_an_observer_fails(upload):
    def fail(change):
        raise ZeroDivisionError

    upload.observe(fail, "value")
    with pytest.raises(ZeroDivisionError):
        upload._take(upload, {"what": "file", "id": 3, "last": True}, [])
    assert upload.answers == [{"what": "taken", "id": 3}]
    assert upload.value == ()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("IMG_1.jpg", "IMG_1.jpg"),
        ("a\nb\t c.png", "a b c.png"),
        ("gnp.\u202ea.exe", "gnp.a.exe"),
        ("\u1112\u1161\u11ab.jpg", "한.jpg"),
        ("\ud800.png", ".png"),
        ("x" * 500 + ".jpeg", "x" * 69 + "…" + "xxxxx.jpeg"),
        (7, ""),
    ],
)
def test_a_name_can_be_shown(given, shown):
    assert shown_name(given) == shown


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
_KEYS = ("name", "id", "first", "last", "lost", "too_large")


@given(
    st.fixed_dictionaries(
        {"what": st.just("file")} | dict.fromkeys(_KEYS, _ANY)
    ),
    st.lists(st.binary().map(memoryview), max_size=2),
)
@settings(max_examples=200, deadline=None)
def test_no_message_breaks_it(content, buffers):
    upload = Upload()
    files = []
    upload.observe(lambda change: files.extend(change["new"]), "value")
    upload._take(upload, content, buffers)
    for file in files:
        with pytest.raises(ValueError, match=".+"):
            read(file, open_image)
        assert len(file["name"]) <= 80
    upload.close()
