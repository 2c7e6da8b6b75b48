"""Questions before the run: complete, and answered with a sentence."""

import pytest

pytest.importorskip("ipywidgets", reason="ipywidgets is not installed")

from d2l_style.exercises.questions import QUESTIONS, ask  # noqa: E402
from d2l_style.exercises.verdict import (  # noqa: E402
    YourTurn,
    right,
    wrong,
    your_turn,
)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_question_has_one_right_answer_and_a_reply_to_each(question):
    assert sum(option.right for option in question.options) == 1
    assert len({o.text for o in question.options}) >= 3
    assert len({o.reply for o in question.options}) == len(question.options)
    assert all(len(option.reply) > 20 for option in question.options)


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_choice_is_answered(name):
    _prompt, choice, reply = ask(name).children
    assert choice.value is None
    assert reply.value == ""
    for i, option in enumerate(QUESTIONS[name].options):
        choice.value = i
        assert ("✓" if option.right else "✗") in reply.value
    choice.value = None
    assert reply.value


def test_the_right_answer_is_not_always_at_the_same_place():
    places = {
        [o.right for o in q.options].index(True) for q in QUESTIONS.values()
    }
    assert len(places) == 3


@pytest.mark.parametrize("name", ["", "layers", None, 3, "../x"])
def test_an_unknown_question_is_told(name):
    with pytest.raises(ValueError, match="content-layer"):
        ask(name)


def test_verdicts_show_their_text_and_run_nothing():
    said = right("<script>alert(1)</script>")._repr_html_()
    assert "<script>" not in said
    assert "&lt;script&gt;" in said
    assert str(wrong("No.")) == "✗ No."
    assert str(your_turn()).startswith("✎ Your turn")


def test_your_turn_is_shown_as_a_sentence():
    (shown,) = YourTurn()._render_traceback_()
    assert "Your turn" in shown
    assert "\n" not in shown
