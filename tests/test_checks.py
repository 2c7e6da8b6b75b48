"""Every check takes another right answer, and sees through wrong ones."""

import math

import numpy as np
import pytest
from conftest import picture

from d2l_style.exercises import checks
from d2l_style.exercises.verdict import OPEN, RIGHT, WRONG, YourTurn
from d2l_style.recipe import Recipe


def refuse(*_args):
    raise YourTurn


# What all checks have in common

FUNCTIONS = (
    checks.receptive_field,
    checks.unweighted,
    checks.own_shape,
    checks.salience,
)


@pytest.mark.parametrize("check", FUNCTIONS)
def test_an_unwritten_answer_is_your_turn(check):
    assert check(refuse).kind == OPEN
    assert check(...).kind == OPEN
    assert check().kind == OPEN


@pytest.mark.parametrize("check", FUNCTIONS)
@pytest.mark.parametrize(
    "hostile",
    [
        None,
        3,
        "answer",
        lambda *_: None,
        lambda *_: "x",
        lambda *_: math.nan,
        lambda *_: [],
        lambda *_: {}["no such key"],
        lambda *_: (None, None, None),
        lambda *_: object(),
    ],
)
def test_nonsense_is_wrong_and_gets_a_sentence(check, hostile):
    verdict = check(hostile)
    assert verdict.kind == WRONG
    assert len(verdict.text) > 20


def test_an_error_of_the_answer_is_told():
    verdict = checks.salience(lambda a, b: a / b)
    assert "ZeroDivisionError" in verdict.text


# Exercise 1


def by_distance(kinds):
    """Walk back from one feature, as no solution of ours does."""
    size = 1
    for kind in reversed(kinds):
        size = size + 2 if kind == "conv" else 2 * size
    return size


def test_receptive_field_computed_backwards_is_right():
    assert checks.receptive_field(by_distance).kind == RIGHT


def no_stride(kinds):
    return 1 + sum(2 if kind == "conv" else 1 for kind in kinds)


def pool_sees_three(kinds):
    size, stride = 1, 1
    for kind in kinds:
        size += 2 * stride
        stride *= 2 if kind == "pool" else 1
    return size


def stride_first(kinds):
    size, stride = 1, 1
    for kind in kinds:
        stride *= 2 if kind == "pool" else 1
        size += (2 if kind == "conv" else 1) * stride
    return size


def from_zero(kinds):
    return by_distance(kinds) - 1


def doubles(kinds):
    return 3 ** kinds.count("conv") * 2 ** kinds.count("pool")


@pytest.mark.parametrize(
    "wrong", [no_stride, pool_sees_three, stride_first, from_zero, doubles]
)
def test_wrong_receptive_fields(wrong):
    assert checks.receptive_field(wrong).kind == WRONG


def test_the_hint_for_a_forgotten_stride_speaks_of_the_pooling():
    assert "pooling" in checks.receptive_field(no_stride).text


# Exercises 1 and 2: recipes that are run

BASE = Recipe(image_shape=(96, 144), num_epochs=60, weights="mini")


@pytest.fixture(scope="module")
def of_pictures():
    from d2l_style.pictures.samples import sample_images

    samples = sample_images()
    return {
        "content_img": samples["rainier"].open(),
        "style_img": samples["autumn-oak"].open(),
    }


@pytest.mark.parametrize(
    "layers",
    [
        {"content_layers": ["conv2_1"]},
        {"content_layers": ["conv2_1", "conv1_1"]},
        {"style_layers": ["conv3_1"]},
    ],
)
def test_layers_that_keep_more(layers, of_pictures, backend):
    answer = BASE.replace(**layers)
    verdict = checks.layers(answer, base=BASE, backend=backend, **of_pictures)
    assert verdict.kind == RIGHT, verdict


@pytest.mark.torch
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"content_layers": ["conv1_2"]},
        {"content_layers": ["conv5_1"]},
        {"content_layers": ["conv1_2"], "content_weight": 10},
        {"style_layers": []},
        {"style_weight": 1},
        {"num_epochs": 5},
    ],
)
def test_layers_that_do_not(changes, of_pictures):
    answer = BASE.replace(**changes)
    verdict = checks.layers(
        answer, base=BASE, backend="pytorch", **of_pictures
    )
    assert verdict.kind == WRONG, verdict


@pytest.mark.parametrize(
    "weights",
    [
        {"content_weight": 10, "tv_weight": 100},
        {"content_weight": 3, "tv_weight": 30},
    ],
)
def test_weights_that_do_it(weights, of_pictures, backend):
    answer = BASE.replace(**weights)
    verdict = checks.weights(answer, base=BASE, backend=backend, **of_pictures)
    assert verdict.kind == RIGHT, verdict


@pytest.mark.torch
@pytest.mark.parametrize(
    ("weights", "reason"),
    [
        ({}, "nothing has changed"),
        ({"content_weight": 10}, "less noisy"),
        ({"tv_weight": 1000}, "content features"),
        ({"tv_weight": 0}, "structure"),
        ({"style_weight": 1e3}, "Only content_weight, tv_weight"),
        ({"content_weight": 1e4, "tv_weight": 1e4}, "style is left"),
        ({"lr": 0.1, "tv_weight": 30}, "lr"),
    ],
)
def test_weights_that_do_not(weights, reason, of_pictures):
    answer = BASE.replace(**weights)
    verdict = checks.weights(
        answer, base=BASE, backend="pytorch", **of_pictures
    )
    assert verdict.kind == WRONG
    assert reason in verdict.text


@pytest.mark.parametrize("check", [checks.layers, checks.weights])
def test_what_is_no_recipe_is_told_so(check, of_pictures):
    said = check({"a": 1}, base=BASE, backend="pytorch", **of_pictures)
    assert "Recipe" in said.text
    unwritten = check(..., base=BASE, backend="pytorch", **of_pictures)
    assert unwritten.kind == OPEN


# Exercise 2: losses without weights


def by_logarithm(result):
    weights = (
        result.recipe.content_weight,
        result.recipe.style_weight,
        result.recipe.tv_weight,
    )
    losses = result.losses[-1]
    return [
        math.exp(math.log(losses[i]) - math.log(weights[i])) for i in range(3)
    ]


def test_another_way_to_take_the_weights_out():
    assert checks.unweighted(by_logarithm).kind == RIGHT


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda r: r.losses[-1][:3], "still in them"),
        (lambda r: r.losses[-1], "three numbers"),
        (lambda r: by_logarithm(r)[::-1], "order"),
        (lambda r: [x / r.losses[-1][3] for x in r.losses[-1][:3]], "None"),
        (lambda r: by_logarithm(r)[:2] + [r.losses[-1][2]], "2 of the three"),
        (
            lambda r: [
                x / w
                for x, w in zip(
                    r.losses[0],
                    (
                        r.recipe.content_weight,
                        r.recipe.style_weight,
                        r.recipe.tv_weight,
                    ),
                    strict=False,
                )
            ],
            "last epoch",
        ),
    ],
)
def test_wrong_ways_to_take_them_out(wrong, hint):
    verdict = checks.unweighted(wrong)
    assert verdict.kind == WRONG
    assert hint in verdict.text


# Exercise 3


def by_side(img, image_shape):
    area = image_shape[0] * image_shape[1]
    w = math.sqrt(area * img.width / img.height)
    return int(area / w), int(w)


def test_a_shape_found_otherwise_is_right():
    assert checks.own_shape(by_side).kind == RIGHT


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda img, shape: shape, "squeezed"),
        (lambda img, shape: by_side(img, shape)[::-1], "on its side"),
        (lambda img, shape: img.size[::-1], "number of pixels"),
        (
            lambda img, shape: (
                shape[0],
                round(shape[0] * img.width / img.height),
            ),
            "number of pixels",
        ),
        (lambda img, shape: (100.5, 200.5), "whole numbers"),
        (lambda img, shape: (0, 10), "whole numbers"),
    ],
)
def test_wrong_shapes(wrong, hint):
    verdict = checks.own_shape(wrong)
    assert verdict.kind == WRONG
    assert hint in verdict.text


class Hung:
    def __init__(self, seed, recipe):
        self.image, self.recipe = picture(seed, 8, 8), recipe


def test_a_gallery_of_three_is_right():
    other = Recipe(tv_weight=3)
    hung = [Hung(1, Recipe()), Hung(2, other), Hung(3, Recipe())]
    assert checks.gallery(hung).kind == RIGHT


def test_an_empty_gallery_is_your_turn():
    assert checks.gallery([]).kind == OPEN


@pytest.mark.parametrize(
    ("hung", "hint"),
    [
        ([Hung(1, Recipe()), Hung(2, Recipe(tv_weight=1))], "three"),
        ([Hung(1, Recipe(tv_weight=i)) for i in range(5)], "three"),
        ([Hung(i, Recipe()) for i in range(5)], "same recipe"),
    ],
)
def test_galleries_that_lack_something(hung, hint):
    verdict = checks.gallery(hung)
    assert verdict.kind == WRONG
    assert hint in verdict.text


# Exercise 4


def test_numbers_of_numpy_are_numbers():
    def ratio(a, b):
        return np.float32((a + 1) / (b + 1))

    def field(kinds):
        return np.int64(by_distance(kinds))

    def shape(img, image_shape):
        return np.array(by_side(img, image_shape))

    assert checks.salience(ratio).kind == RIGHT
    assert checks.receptive_field(field).kind == RIGHT
    assert checks.own_shape(shape).kind == RIGHT
    assert checks.threshold(np.float64(5.8)).kind == RIGHT


@pytest.mark.parametrize("smoothing", [0.5, 1, 7])
def test_any_smoothing_will_do(smoothing):
    def ratio(a, b):
        return math.exp(math.log(a + smoothing) - math.log(b + smoothing))

    assert checks.salience(ratio).kind == RIGHT


@pytest.mark.parametrize(
    "wrong",
    [
        lambda a, b: a / b,
        lambda a, b: a - b,
        lambda a, b: (b + 1) / (a + 1),
        lambda a, b: (a + 1) / (a + b + 2),
        lambda a, b: 2.0 if a > b else 0.5 if a < b else 1.0,
        lambda a, b: a / b if b else 1000,
        lambda a, b: math.log((a + 1) / (b + 1)),
        lambda a, b: (a + 1e-9) / (b + 1e-9),
        lambda a, b: math.exp(a - b) if abs(a - b) < 9 else 1e9,
    ],
)
def test_what_is_no_salience(wrong):
    assert checks.salience(wrong).kind == WRONG


@pytest.mark.parametrize("value", [5.2, 5.8])
def test_any_threshold_between_will_do(value):
    assert checks.threshold(value).kind == RIGHT


@pytest.mark.parametrize(
    "value", [1.5, 3.9, 8, 50, 0, -1, math.nan, "6", None]
)
def test_thresholds_that_miss_the_goal(value):
    assert checks.threshold(value).kind == WRONG


def test_a_threshold_still_to_be_chosen():
    assert checks.threshold(...).kind == OPEN
