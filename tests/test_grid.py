"""The cells of a grid: which there are, what they are called, refusals."""

import numpy as np
import pytest
from conftest import picture

from d2l_style.exercises.sweeps.grid import cells
from d2l_style.recipe import Recipe

RECIPE = Recipe(
    content_layers=["conv2_1"],
    style_layers=["conv1_1"],
    image_shape=(32, 48),
    num_epochs=2,
    weights="mini",
)


@pytest.fixture
def grid_of(content_img, style_img):
    def grid_of(grid, recipe=RECIPE):
        return cells(content_img, style_img, recipe, grid)

    return grid_of


def labels(chosen, name):
    return [cell.labels[name] for cell in chosen]


def test_the_last_axis_is_the_fastest(grid_of):
    chosen = grid_of({"lr": [0.1, 0.3], "seed": [1, 2, 3]})
    assert labels(chosen, "lr") == ["0.1"] * 3 + ["0.3"] * 3
    assert labels(chosen, "seed") == ["1", "2", "3"] * 2
    assert [c.recipe.seed for c in chosen] == [1, 2, 3] * 2
    assert [c.recipe.lr for c in chosen] == [0.1] * 3 + [0.3] * 3


def test_what_is_not_varied_stays(grid_of, content_img):
    (cell,) = grid_of({"style_weight": [1e6]})
    assert cell.recipe == RECIPE.replace(style_weight=1e6)
    assert cell.content_img.tobytes() == content_img.tobytes()


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("style_weight", [1e3, 1e6, 0.5], ["1000", "1e+06", "0.5"]),
        ("seed", [1000001, 1000002], ["1000001", "1000002"]),
        ("lr", [0.12345678, 0.12345679], ["0.12345678", "0.12345679"]),
        ("lr", np.array([0.5, 1]), ["0.5", "1"]),
        ("antialias", [True, False], ["True", "False"]),
        ("image_shape", [(32, 48), (48, 32)], ["(32, 48)", "(48, 32)"]),
        (
            "style_layers",
            ["conv1_1", 5, ["conv1_1", 5], []],
            ["conv1_1", "conv2_1", "conv1_1, conv2_1", "none"],
        ),
    ],
)
def test_labels(grid_of, name, values, expected):
    assert labels(grid_of({name: values}), name) == expected


def test_an_iterator_of_layers_is_not_used_up(grid_of):
    (cell,) = grid_of({"style_layers": [iter(["conv1_1", "conv2_1"])]})
    assert cell.recipe.style_layers == (0, 5)
    assert cell.labels == {"style_layers": "conv1_1, conv2_1"}


def test_values_may_come_from_a_generator(grid_of):
    chosen = grid_of({"lr": (10.0**-i for i in range(3))})
    assert labels(chosen, "lr") == ["1", "0.1", "0.01"]


def test_a_single_layer_stands_for_a_list_of_one(grid_of):
    chosen = grid_of({"content_layers": {"a": "conv1_2", "b": 7}})
    assert [c.recipe.content_layers for c in chosen] == [(2,), (7,)]
    assert labels(chosen, "content_layers") == ["a", "b"]


def test_a_mapping_names_its_values(grid_of):
    chosen = grid_of({"style_layers": {"얕은": ["conv1_1"], 2: ["conv2_1"]}})
    assert labels(chosen, "style_layers") == ["얕은", "2"]
    assert [c.recipe.style_layers for c in chosen] == [(0,), (5,)]


def test_pictures_can_be_an_axis(grid_of, tmp_path):
    path = tmp_path / "새 그림.png"
    picture(4).save(path)
    chosen = grid_of({"style_img": [picture(3), path]})
    assert labels(chosen, "style_img") == ["1", "새 그림.png"]
    assert chosen[0].style_img.tobytes() == picture(3).tobytes()
    assert chosen[1].style_img.tobytes() == picture(4).tobytes()
    named = grid_of({"content_img": {"mine": str(path)}})
    assert labels(named, "content_img") == ["mine"]
    assert named[0].content_img.tobytes() == picture(4).tobytes()


def test_cells_share_their_pictures(grid_of):
    chosen = grid_of({"seed": range(5)})
    assert len({id(cell.style_img) for cell in chosen}) == 1


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({}, "maps names to lists"),
        (None, "maps names to lists"),
        ("lr", "maps names to lists"),
        ([("lr", [1])], "maps names to lists"),
        ({"lr": []}, "no value for lr"),
        ({"lr": {}}, "no value for lr"),
        ({"lr": iter(())}, "no value for lr"),
        ({"style_wieght": [1]}, "cannot vary 'style_wieght'.*style_weight"),
        ({None: [1]}, "cannot vary None"),
        ({"backend": ["mxnet"]}, "cannot vary 'backend'"),
        ({"lr": "0.1"}, "values of lr must be a list"),
        ({"lr": b"0.1"}, "values of lr must be a list"),
        ({"lr": 0.1}, "values of lr must be a list"),
        ({"lr": None}, "values of lr must be a list"),
        ({"style_layers": "conv1_1"}, "values of style_layers must be a"),
        ({"style_img": "a.jpg"}, "values of style_img must be a list"),
        ({"lr": [1, 2, 1.0]}, "Two values of lr are called 1[.]"),
        ({"style_layers": ["conv1_1", 0]}, "are called conv1_1"),
        ({"lr": {1: 0.1, "1": 0.2}}, "Two values of lr are called 1[.]"),
        ({"lr": [0]}, "lr must be a finite number above 0"),
        ({"lr": [float("nan")]}, "lr must be a finite number"),
        ({"lr": [10**400]}, "lr must be a finite number"),
        ({"lr": [0.1, None]}, "lr must be a finite number"),
        ({"lr": [[0.1]]}, "lr must be a finite number"),
        ({"style_layers": ["conv9_9"]}, "not a convolution of VGG-19"),
        ({"style_layers": [None]}, "not a convolution of VGG-19"),
        ({"style_layers": [{"conv1_1": 2}]}, "not a convolution of VGG-19"),
        ({"style_layers": {"x": 0.5}}, "not a convolution of VGG-19"),
        ({"image_shape": (32, 48)}, "image_shape must be a list"),
        ({"image_shape": [(1, 1)]}, "too few"),
        ({"content_layers": [[]], "style_layers": [[]]}, "No layer is chosen"),
        ({"style_img": ["there/is/none.jpg"]}, "no picture at"),
    ],
)
def test_refused(grid_of, grid, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        grid_of(grid)


def test_a_folder_of_photos_is_no_list_of_them(grid_of, tmp_path):
    (tmp_path / "a.jpg").touch()
    like = f"{tmp_path} is a folder. Give style_img a list of pictures in it"
    for folder in (tmp_path, str(tmp_path)):
        with pytest.raises(ValueError, match=like) as info:
            grid_of({"style_img": folder})
        assert str([str(tmp_path / "a.jpg")]) in str(info.value)
    for name in ("none", tmp_path / "a.jpg"):
        with pytest.raises(ValueError, match="must be a list or a mapping"):
            grid_of({"style_img": name})


@pytest.mark.parametrize("value", [3, None, b"", np.zeros((2, 2))])
def test_what_is_no_picture_is_refused(grid_of, value):
    with pytest.raises(TypeError, match="A picture must be"):
        grid_of({"style_img": [value]})


@pytest.mark.parametrize("recipe", [None, {}, "paired"])
def test_what_is_no_recipe_is_refused(grid_of, recipe):
    with pytest.raises(TypeError, match="must be a Recipe"):
        grid_of({"lr": [1]}, recipe)


def test_a_style_that_would_be_too_narrow_is_refused(content_img):
    recipe = RECIPE.replace(style_fit="keep", content_layers=["conv5_1"])
    strip = picture(1, 2, 400)
    with pytest.raises(ValueError, match="In its own shape"):
        cells(content_img, content_img, recipe, {"style_img": [strip]})
