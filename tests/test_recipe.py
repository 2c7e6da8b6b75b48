"""A recipe is checked when it is made, and says what would be valid."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2l_style.network import vgg
from d2l_style.recipe import BACKENDS, CHOICES, PRESETS, Recipe, lr_at


def test_layer_table_is_vgg19():
    assert len(vgg.LAYERS) == 37
    assert len(vgg.CONVS) == 16
    book = [0, 5, 10, 19, 28]
    assert [vgg.layer_name(i) for i in book] == [
        f"conv{block}_1" for block in range(1, 6)
    ]
    assert vgg.layer_name(25) == "conv4_4"
    assert vgg.layer_name(26) == "relu4_4"
    assert vgg.layer_name(36) == "pool5"


@pytest.mark.torch
def test_layer_table_is_torchvisions():
    torchvision = pytest.importorskip("torchvision")
    features = torchvision.models.vgg19(weights=None).features
    kinds = {"Conv2d": "conv", "ReLU": "relu", "MaxPool2d": "pool"}
    assert [kinds[type(m).__name__] for m in features] == [
        layer.kind for layer in vgg.LAYERS
    ]


@pytest.mark.parametrize("conv", vgg.CONVS, ids=lambda conv: conv.name)
def test_layers_by_name_and_by_index(conv):
    assert vgg.conv_index(conv.name) == conv.index
    assert vgg.conv_index(conv.index) == conv.index
    assert vgg.conv_index(str(conv.index)) == conv.index


@pytest.mark.parametrize(
    "layer", [1, -1, 37, "conv6_1", "relu1_1", "", None, True, 0.5, [0], "-5"]
)
def test_other_layers_are_refused_with_the_valid_ones(layer):
    with pytest.raises(ValueError, match="conv4_4 = 25"):
        vgg.conv_index(layer)


def test_taps():
    recipe = Recipe()
    assert recipe.style_taps == [1, 6, 11, 20, 29]
    assert recipe.content_taps == [26]
    assert recipe.replace(tap="conv").style_taps == [0, 5, 10, 19, 28]
    inplace = recipe.replace(tap="inplace")
    assert inplace.style_taps == [1, 6, 11, 20, 28]
    assert inplace.content_taps == [26]
    shallow = inplace.replace(style_layers=[0], content_layers=[25])
    assert shallow.content_taps == [25]
    with pytest.raises(ValueError, match="'relu'"):
        vgg.tapped([0], "pool", 0)


def test_presets():
    paired = Recipe.preset("paired", "mxnet")
    assert paired == Recipe.preset("paired", "pytorch") == Recipe()
    english = Recipe.preset("as-printed", "pytorch")
    assert (english.tap, english.lr, english.antialias) == (
        "inplace",
        0.3,
        True,
    )
    gluon = Recipe.preset("as-printed", "mxnet")
    assert (gluon.tap, gluon.lr, gluon.antialias) == ("conv", 0.9, False)
    assert (english.adam_epsilon, gluon.adam_epsilon) == ("pytorch", "mxnet")
    vietnamese = Recipe.preset("as-printed-vi", "pytorch")
    assert vietnamese.style_weight * vietnamese.style_repeats == 1e4
    assert vietnamese.style_weight == 1e3
    for name in PRESETS:
        assert Recipe.preset(name, "mxnet", num_epochs=3).num_epochs == 3
    with pytest.raises(ValueError, match="'as-printed-vi'"):
        Recipe.preset("printed")
    with pytest.raises(ValueError, match="'pytorch', 'mxnet'"):
        Recipe.preset("paired", "jax")


BAD = [
    ("content_layers", [1], "not a convolution"),
    ("content_layers", "conv4_4", "must be a list"),
    ("content_layers", 25, "must be a list"),
    ("style_layers", [0, "conv1_1"], "given twice"),
    ("content_weight", -1, "at least 0"),
    ("content_weight", math.nan, "finite"),
    ("style_weight", math.inf, "finite"),
    ("style_weight", "much", "finite number"),
    ("tv_weight", None, "finite number"),
    ("tv_weight", True, "finite number"),
    ("style_layer_weights", [1, 2], "2 entries for 5"),
    ("style_layer_weights", [1, 1, 1, 1, -1], "at least 0"),
    ("style_repeats", 0, "at least 1"),
    ("tap", "pool", "'relu', 'conv', 'inplace'"),
    ("tap", ["relu"], "'relu', 'conv', 'inplace'"),
    ("image_shape", (300,), "height, width"),
    ("image_shape", 300, "must be a list"),
    ("image_shape", (300, -1), "at least 1"),
    ("image_shape", (300.5, 450), "whole number"),
    ("image_shape", (15, 450), "16 pixels"),
    ("image_shape", "300x450", "must be a list"),
    ("antialias", "yes", "True or False"),
    ("style_fit", "stretch", "'squeeze', 'crop', 'keep'"),
    ("style_fit", "", "'squeeze', 'crop', 'keep'"),
    ("style_fit", "Crop", "'squeeze', 'crop', 'keep'"),
    ("style_fit", None, "'squeeze', 'crop', 'keep'"),
    ("style_fit", True, "'squeeze', 'crop', 'keep'"),
    ("style_fit", ["keep"], "'squeeze', 'crop', 'keep'"),
    ("init", "gray", "'content', 'noise', 'style'"),
    ("adam_epsilon", 1e-8, "'pytorch', 'mxnet'"),
    ("beta1", -0.1, "at least 0 and at most 0.99999, not -0.1"),
    ("beta1", None, "at most 0.99999, not None"),
    ("beta2", 1, "at most 0.99999, not 1"),
    ("beta2", float("nan"), "at most 0.99999, not nan"),
    ("lr_schedule", "cosine", "'steps', 'linear'"),
    ("lr_schedule", True, "'steps', 'linear'"),
    ("precision", "half", "'exact', 'fast'"),
    ("precision", None, "'exact', 'fast'"),
    ("lr", 0, "above 0"),
    ("lr", -0.3, "above 0"),
    ("num_epochs", 0, "at least 1"),
    ("num_epochs", 2.5, "whole number"),
    ("num_epochs", 10**400, "finite"),
    ("lr_decay_epoch", 0, "at least 1"),
    ("lr_decay", 0, "above 0"),
    ("weights", "", "'auto'"),
    ("weights", None, "'auto'"),
    ("weights", 3, "'auto'"),
    ("seed", -1, "at least 0"),
]


@pytest.mark.parametrize(("name", "value", "says"), BAD)
def test_bad_choices_say_what_is_valid(name, value, says):
    with pytest.raises(ValueError, match=says):
        Recipe(**{name: value})


def test_no_layer_at_all():
    with pytest.raises(ValueError, match="nothing to optimise"):
        Recipe(content_layers=[], style_layers=[])


def test_recipes_are_frozen_and_equal_by_value():
    assert Recipe(style_layers=["conv1_1"]) == Recipe(style_layers=(0,))
    with pytest.raises(AttributeError):
        Recipe().lr = 1


def test_replace_checks_again_and_knows_its_names():
    recipe = Recipe(style_layer_weights=[1, 2, 3, 4, 5])
    assert recipe.replace(lr=1).style_layer_weights == (1, 2, 3, 4, 5)
    assert recipe.replace(style_layers=[0, 5]).style_layer_weights == ()
    with pytest.raises(ValueError, match="above 0"):
        recipe.replace(lr=0)
    with pytest.raises(ValueError, match="It has: content_layers"):
        recipe.replace(learning_rate=1)


def test_schedule():
    rates = [lr_at(epoch, 0.3, 50) for epoch in (0, 49, 50, 149, 499)]
    expected = [0.3, 0.3, 0.24, 0.3 * 0.8**2, 0.3 * 0.8**9]
    assert rates == pytest.approx(expected)
    assert Recipe(lr=1, lr_decay_epoch=2, lr_decay=0.5).lr_at(5) == 0.25


def test_the_linear_schedule_holds_then_falls_and_never_ends():
    recipe = Recipe(lr=1, lr_schedule="linear", num_epochs=100)
    rates = [recipe.lr_at(epoch) for epoch in (0, 60, 80, 99, 100, 10_000)]
    assert rates == pytest.approx([1, 1, 0.5, 0.025, 0.02, 0.02])
    assert Recipe(lr_schedule="linear", num_epochs=1).lr_at(0) == 0.3


def test_fast_minimises_what_paired_does():
    fast, paired = Recipe.preset("fast"), Recipe.preset("paired")
    changed = ("precision", "lr", "beta2", "lr_schedule", "num_epochs")
    back = {name: getattr(paired, name) for name in changed}
    assert fast != paired
    assert fast.replace(**back) == paired


@given(
    st.builds(
        Recipe,
        content_layers=st.sets(st.sampled_from([0, 2, 5, 25]), min_size=1),
        style_weight=st.floats(0, 1e9),
        image_shape=st.tuples(st.integers(16, 4000), st.integers(16, 4000)),
        tap=st.sampled_from(["relu", "conv", "inplace"]),
        seed=st.integers(0, 2**60),
        antialias=st.booleans(),
        style_fit=st.sampled_from(list(CHOICES["style_fit"].options)),
        beta2=st.floats(0, 0.999),
        precision=st.sampled_from(["exact", "fast"]),
        lr_schedule=st.sampled_from(["steps", "linear"]),
    )
)
def test_json_there_and_back(recipe):
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert Recipe.from_text(recipe.to_python()) == recipe


def test_every_preset_squeezes_the_style_picture():
    for backend in BACKENDS:
        for name in PRESETS:
            assert Recipe.preset(name, backend).style_fit == "squeeze"


def test_a_recipe_from_before_style_fit_is_still_read():
    values = json.loads(Recipe(lr=0.1, style_fit="keep").to_json())
    del values["style_fit"]
    assert Recipe.from_json(json.dumps(values)) == Recipe(lr=0.1)
    assert Recipe.from_text("Recipe(lr=0.1)").style_fit == "squeeze"


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", "null", '{"lr": -1}', '{"learning": 1}', "NaN"],
)
def test_json_that_is_no_recipe(text):
    with pytest.raises(ValueError, match="recipe|lr must be"):
        Recipe.from_json(text)


@given(st.dictionaries(st.text(max_size=8), st.integers(), min_size=1))
def test_an_object_of_unknown_names_is_a_sentence(values):
    with pytest.raises(ValueError, match=r"A recipe has no .*\.$"):
        Recipe.from_json(json.dumps({f"_{k}": v for k, v in values.items()}))
