"""What others wrote stands in our sentences short, and without effect."""

import io
import os
import subprocess
import sys

import pytest
from conftest import ROOT, linux
from PIL import Image

from d2l_style.engine.base import Diverged
from d2l_style.exercises.verdict import checked
from d2l_style.language import _, invalid, shown
from d2l_style.machine.files import NotWritten
from d2l_style.panel.errors import in_a_sentence
from d2l_style.pictures import images
from d2l_style.recipe import Recipe

RED = "\x1b[31m"


class Nameless:
    def __repr__(self):
        raise RuntimeError("a bug")

    __str__ = __repr__


def test_what_is_short_and_seen_stays_as_it_was():
    places = {"lr": 0.1, "given": "it's", "size": (3, 4), "n": 1234567}
    text = "{lr:g} {given!r} {given} {size[0]}x{size[1]} {n:,} {lr:>6} {{}}"
    assert _(text, **places) == text.format(**places)
    for name in (
        "사진 ảnh 写真.jpg",
        "👩\u200d🔬 می\u200cخواهم.png",  # joiners belong to what is written
        "at 3.45\u202fPM\u3000\xa0.png",  # macOS, Korean keyboards
        "C:\\new\\table.png",
        "é e\u0301",
    ):
        assert _("{name}", name=name) == name
    assert _("{list}", list=list(range(50))) == str(list(range(50)))
    assert _("braces {stay}") == "braces {stay}"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (RED, r"\x1b[31m"),
        ("a\nb\r\tc\0\x7f\x9b", r"a\nb\r\tc\x00\x7f\x9b"),
        ("gpj.\u202eexe", r"gpj.\u202eexe"),
        ("\u2066\u200e\u061c\ufeff", r"\u2066\u200e\u061c\ufeff"),
        ("\udce9.png", r"\udce9.png"),  # a name that is no UTF-8
        ("\u2028\u2029", r"\u2028\u2029"),
    ],
)
def test_what_is_hidden_is_written_out(given, told):
    assert _("{a}, {a!s}", a=given) == f"{told}, {told}"
    assert str(invalid("{a!r}", a=given)) == repr(given)
    _("{a}", a=given).encode()


@pytest.mark.parametrize(
    "given",
    ["y" * 900_000, ["y"] * 300_000, RED * 300_000, {"y": "y" * 10**6}],
)
def test_what_is_long_is_quoted_in_part(given):
    for message in ("{a}", "{a!r}", "{a!s:>9}"):
        told = _(message, a=given)
        assert len(told) == 400
        assert "…" in told
        assert told.isprintable()
    assert _("{a}", a=f"/home/{'x' * 999}/a.png").endswith("xx/a.png")


def test_what_cannot_be_written_is_named_by_its_type():
    deep = []
    for _depth in range(100_000):
        deep = [deep]
    told = _("{a!r} {b:g} {c} {c!r}", a=deep, b=10**5000, c=Nameless())
    assert told == "<list> <int> <Nameless> <Nameless>"
    with pytest.raises(ValueError, match="lr must be .*, not <int>"):
        Recipe(lr=10**5000)


WRONG = [
    "\x1b" * 9000,
    ["\x1b"] * 9000,
    {"\u202e": 1},
    "9" * 9000,
    [[[]]] * 999,
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: str(wrong)[:9])
def test_no_choice_of_a_recipe_is_quoted_at_length(wrong):
    for name in vars(Recipe()).keys() - {"weights"}:  # any text is a path
        with pytest.raises((ValueError, TypeError)) as info:
            Recipe(**{name: wrong})
        assert str(info.value).isprintable()
        assert len(str(info.value)) < 1000
    with pytest.raises(ValueError, match="A recipe has no") as info:
        Recipe.from_text('{"%s": 1}' % ("k" * 100_000))
    assert len(str(info.value)) < 1000


NAME = f"a{RED}b\nc\u202ed" + "e" * 150 + ".png"


@linux
@pytest.mark.parametrize("content", [None, b"", b"GIF89a", "folder"])
def test_the_name_of_a_picture_moves_no_cursor(tmp_path, content):
    path = tmp_path / NAME
    if content == "folder":
        path.mkdir()
        (path / NAME).touch()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises((ValueError, OSError)) as info:
        images.open_image(path)
    assert r"a\x1b[31mb\nc\u202ed" in str(info.value)
    assert str(info.value).isprintable()


def test_a_file_that_calls_itself_what_it_likes():
    file = io.BytesIO(b"?")
    file.name = RED * 10_000
    with pytest.raises(ValueError, match="is not a picture") as info:
        images.open_image(file)
    assert str(info.value).isprintable()
    assert len(str(info.value)) < 600


@linux
@pytest.mark.torch
def test_the_command_line_writes_no_escape(tmp_path):
    content = tmp_path / NAME
    Image.new("RGB", (64, 64)).save(content)
    command = [sys.executable, "-m", "d2l_style", "transfer"]
    for pictures in ([f"{content}?", content], [content, ROOT]):
        done = subprocess.run(
            [*command, *map(str, pictures), "-o", str(tmp_path / "out.png")],
            capture_output=True,
            cwd=ROOT,
            env=os.environ | {"NO_COLOR": "1", "TERM": "dumb"},
        )
        assert done.returncode == 1
        assert b"\x1b" not in done.stdout + done.stderr
        assert len(done.stderr) < 1500


@pytest.mark.parametrize("kind", [OSError, ValueError, ImportError, Diverged])
def test_the_panel_says_what_any_library_says_in_bounds(kind):
    told = in_a_sentence(kind(RED + "no" * 100_000))
    assert told.startswith(r"\x1b[31mnono")
    assert len(told) == 2000
    told = in_a_sentence(KeyError(RED + "no" * 100_000))
    assert "KeyError" in told
    assert told.isprintable()
    assert len(told) < 500


def test_a_verdict_quotes_an_answers_error_in_bounds():
    def fails(_answer):
        raise RuntimeError(f"{RED}expected\n  scalar type" + "x" * 100_000)

    told = str(checked(fails)("mine"))
    assert r"RuntimeError: \x1b[31mexpected scalar type" in told
    assert len(told) < 600


def test_what_could_not_be_written_is_named_in_bounds():
    told = str(NotWritten(RED + "d" * 9000, "because " * 1000))
    assert len(told) < 900
    assert told.isprintable()


def test_shown_keeps_to_its_bound():
    for most in (10, 80, 400):
        for text in ("a" * most, "a" * (most + 1), "\x1b" * most):
            assert len(shown(text, most)) == most
    assert shown("abcdefghij", 9) == "abcde…hij"
