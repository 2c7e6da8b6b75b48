"""The language of messages: chosen, inherited, and never a reason to fail."""

import ast
import re
from concurrent.futures import ThreadPoolExecutor
from string import Formatter

import pytest
from conftest import ROOT

from d2l_style import language as lang
from d2l_style.network.weights import describe
from d2l_style.pictures.animator import Animator
from d2l_style.pictures.samples import sample_images
from d2l_style.recipe import Recipe
from tools.messages import of_package

PACKAGE = ROOT / "d2l_style"
MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.fixture(autouse=True)
def _english_afterwards(monkeypatch):
    monkeypatch.setattr(lang, "_chosen", None)
    monkeypatch.delenv(lang.VARIABLE, raising=False)


def test_english_unless_asked_for_another():
    assert lang.language() == "en"
    assert lang._("A message") == "A message"


@pytest.mark.parametrize("wish", ["ko", "ko_KR.UTF-8", "KO"])
def test_the_environment_chooses(monkeypatch, wish):
    monkeypatch.setenv(lang.VARIABLE, wish)
    assert lang.language() == "ko"


@pytest.mark.parametrize("wish", ["", "xx", "../../etc", "日本語"])
def test_a_wish_that_cannot_be_met_is_english(monkeypatch, wish):
    monkeypatch.setenv(lang.VARIABLE, wish)
    assert lang.language() == "en"


def test_set_language_wins(monkeypatch):
    monkeypatch.setenv(lang.VARIABLE, "ko")
    lang.set_language("vi")
    assert lang.language() == "vi"


@pytest.mark.parametrize("wrong", ["de", "", None, "KO", 3, ["ko"]])
def test_another_language_is_refused_and_nothing_changes(wrong):
    lang.set_language("ko")
    with pytest.raises(ValueError, match="'en', 'ko', 'vi'"):
        lang.set_language(wrong)
    assert lang.language() == "ko"


@pytest.mark.parametrize("chosen", lang.LANGUAGES)
def test_a_message_without_translation_stays_english(chosen):
    lang.set_language(chosen)
    assert lang._("No such message {here}.") == "No such message {here}."


# --- how the messages are written -------------------------------------------


def calls(tree):
    """Return the name and the arguments of every call of ``_`` and ``N_``."""
    named = [
        (node.func.id, node.args)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    ours = ("_", "N_", "invalid")
    return [(name, args) for name, args in named if name in ours]


@pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_messages_are_written_so_that_they_are_found(path):
    """No f-string, and no variable ``_`` in the place of the function."""
    tree = ast.parse(path.read_text("utf-8"))
    for name, args in calls(tree):
        line = args[0].lineno
        assert len(args) == 1, line
        assert not isinstance(args[0], (ast.JoinedStr, ast.BinOp)), line
        assert name != "N_" or isinstance(args[0], ast.Constant), line
    if any(name == "_" for name, _args in calls(tree)):
        assert [
            node.lineno
            for node in ast.walk(tree)
            if isinstance(node, ast.Name)
            and (node.id, type(node.ctx)) == ("_", ast.Store)
        ] == []


def test_the_places_of_messages_have_names():
    for message in of_package():
        for _text, place, _spec, _conversion in Formatter().parse(message):
            if place is not None:  # {name}, {meters.noise} or {size[0]}
                assert place[:1].isidentifier(), message


# --- in another language -----------------------------------------------------


@pytest.fixture
def bracketed(monkeypatch):
    """A language in which every message stands in brackets."""
    known = {message: f"⟦{message}⟧" for message in of_package()}
    monkeypatch.setattr(lang, "_catalogue", lambda language: known)


def outside_brackets(text):
    """Return what is left of a text without its messages."""
    depth, left = 0, ""
    for char in text:
        depth += (char == "⟦") - (char == "⟧")
        left += char if depth == 0 and char != "⟧" else ""
    assert depth == 0
    return left.strip()


@pytest.mark.parametrize(
    "kind", ["imagenet", "oxford", "mini", "random", "my.file"]
)
def test_the_network_is_described(bracketed, kind):
    assert describe(kind).startswith("⟦")
    assert outside_brackets(describe(kind)) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"lr": 0},
        {"lr": "fast"},
        {"seed": -1},
        {"num_epochs": 1.5},
        {"tap": "gelu"},
        {"antialias": 1},
        {"weights": None},
        {"image_shape": (300,)},
        {"image_shape": (4, 4)},
        {"image_shape": 300},
        {"style_layers": "conv1_1"},
        {"style_layers": ["conv9_9"]},
        {"style_layers": [0, 0]},
        {"content_layers": [0, 0]},
        {"style_layers": [], "content_layers": []},
        {"style_layer_weights": [1]},
    ],
    ids=str,
)
def test_a_wrong_recipe_is_refused_in_it(bracketed, wrong):
    with pytest.raises(ValueError, match="^⟦") as info:
        Recipe(**wrong)
    assert outside_brackets(str(info.value)) == ""


def test_a_name_is_put_into_the_translated_sentence(bracketed):
    told = "⟦lr must be a finite number above 0 and at most 1e+30, not -1.⟧"
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        Recipe(lr=-1)


def test_samples_are_shown_in_it(bracketed):
    """Those whose words are in the code; the drawings' are in a file."""
    found = sample_images()
    hopper = found["grace-hopper"]
    for text in (hopper.title, hopper.alt, hopper.licence):
        assert text.startswith("⟦")
    assert (hopper.kind, hopper.source) == ("content", "matplotlib")
    assert hopper.author == "United States Navy"
    assert "(⟦content⟧)" in hopper._repr_html_()
    assert "hopper" not in str(found.of_kind("style"))


def test_a_figure_is_english_and_its_words_are_not(bracketed):
    """The fonts that come with Matplotlib lack the letters of Korean."""
    animator = Animator.of_losses(20)
    animator.add(10, [1, 2, 3])
    assert animator.axes[0].get_xlabel() == "epoch"
    assert animator._in_words() == "⟦epoch⟧: ⟦content⟧ 1, ⟦style⟧ 2, ⟦TV⟧ 3"


def test_a_label_of_ones_own_stays(bracketed):
    animator = Animator(xlabel="cats", legend=["{dogs}"])
    animator.add(1, 2)
    assert animator._in_words() == "cats: {dogs} 2"


def test_another_thread_says_it_too(bracketed):
    with ThreadPoolExecutor() as pool:
        error = pool.submit(Recipe.from_text, "no recipe").exception()
    assert outside_brackets(str(error)) == ""
