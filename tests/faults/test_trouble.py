"""A run that goes wrong says so, and names the choice that did it."""

import pytest

from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer
from d2l_style.trouble import LATE, SOON, trouble

pytestmark = pytest.mark.torch
SMALL = {"image_shape": (64, 96), "num_epochs": 30, "weights": "mini"}


def told(content_img, style_img, **changes):
    recipe = Recipe(**SMALL).replace(**changes)
    run = StyleTransfer(content_img, style_img, recipe)
    epochs = list(run.run())
    names = ("content", "style", "tv")
    last = {name: getattr(epochs[-1], name) for name in names}
    return trouble([epoch.total for epoch in epochs], last, recipe)


@pytest.mark.parametrize(
    ("name", "value", "sign"),
    [
        ("lr", 50, "lr=50 is too much"),
        ("lr", 4, "lr=4 is too much"),
        ("style_weight", 1e12, "style_weight=1e+12 leaves the other"),
        ("content_weight", 1e12, "content_weight=1e+12 leaves the other"),
        ("tv_weight", 1e8, "tv_weight=1e+08 leaves the other"),
    ],
)
def test_what_did_it_is_named(content_img, style_img, name, value, sign):
    sentence = told(content_img, style_img, **{name: value})
    assert sign in sentence
    assert f"the book has {getattr(Recipe, name):g}" in sentence


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"lr": 0.9},
        {"init": "noise"},
        {"init": "style"},
        {"style_weight": 1e6},
        {"tv_weight": 0},
        {"content_weight": 0, "tv_weight": 0},
        {"style_weight": 0, "init": "noise", "tv_weight": 0},
    ],
    ids=str,
)
def test_nothing_is_said_of_a_healthy_run(content_img, style_img, changes):
    assert told(content_img, style_img, **changes) == ""


def test_the_risen_loss_of_a_picture_that_was_best_at_first():
    totals = [10.0] * LATE + [12.0]
    last = {"content": 11.0, "style": 0.5, "tv": 0.5}
    sentence = trouble(totals, last, Recipe(content_weight=500))
    assert "risen, from 10 to 12" in sentence
    assert "content_weight=500" in sentence
    assert trouble(totals, last, Recipe()) == ""
    weighed = Recipe(content_weight=500)
    assert trouble(totals, last, weighed, ended=False) == ""
    assert trouble(totals[-SOON:], last, weighed) == ""
    assert trouble(totals[:5], last, Recipe(lr=50)) == ""


def test_a_panel_says_it_once_and_while_it_runs(content_img, style_img):
    from d2l_style.panel import StylePanel

    recipe = Recipe(**SMALL).replace(lr=50, num_epochs=500)
    p = StylePanel(content_img, style_img, recipe)
    for _epoch in range(SOON):
        p.worker.tell(p._epoch)
    p.worker.settle(60)
    assert "lr=50 is too much" in p.bar.messages.value
    p.bar.say("")
    p.worker.tell(p._epoch)
    p.worker.settle(60)
    assert p.bar.messages.value == ""
    p.controls.settings["lr"].value = 0.3
    for _epoch in range(SOON + 1):
        p.worker.tell(p._epoch)
    p.worker.settle(60)
    assert "too much" not in p.bar.messages.value
    p.close()
