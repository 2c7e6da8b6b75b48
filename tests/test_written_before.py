"""What was written before December 2026 is still read: tests/old.

Made at commit 98a1c97: a run saved by each backend, a folder of a sweep, a
PNG with its recipe, a recipe as JSON, in which there was still an optimizer;
and the lines by which notebooks imported. The network is made of whole
numbers over powers of two, so that it is the same on every processor.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from d2l_style.exercises import sweep
from d2l_style.pictures.png import names_in_png, recipe_in_png
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer

OLD = Path(__file__).parent / "old"
RECIPE = Recipe(
    content_layers=["conv2_1"],
    style_layers=["conv1_1", 5],
    image_shape=(24, 36),
    weights="mini",
    num_epochs=3,
    style_weight=500,
    style_layer_weights=[1, 0.5],
)
IMPORTS = """
from d2l_style.exercises import YourTurn, checks, judge, sweep, text
from d2l_style.exercises.chooser import choose_pictures
from d2l_style.exercises.gallery import Gallery
from d2l_style.exercises.lines import lines
from d2l_style.exercises.questions import ask
from d2l_style.exercises.sight import show_features
from d2l_style.exercises.tradeoff import tradeoff
from d2l_style.images import fit
from d2l_style.recipe import Recipe
from d2l_style.sheet import contact_sheet
from d2l_style.transfer import StyleTransfer
from d2l_style.panel import StylePanel
"""


def picture(turn):
    i, j, c = np.indices((24, 36, 3))
    array = (i * 7 + j * 5 * turn + c * 40) % 256
    return Image.fromarray(array.astype(np.uint8))


@pytest.fixture
def old(tmp_path, monkeypatch):
    """A copy of tests/old, and in it."""
    shutil.copytree(OLD, tmp_path / "old")
    monkeypatch.chdir(tmp_path / "old")
    return tmp_path / "old"


def test_a_recipe_that_had_an_optimizer(old):
    text = (old / "recipe.json").read_text("utf-8")
    assert "optimizer" in json.loads(text)
    assert Recipe.from_json(text) == RECIPE
    assert Recipe.from_text(text) == RECIPE
    assert Recipe.from_text("Recipe(optimizer='adam', lr=0.2)").lr == 0.2


@pytest.mark.parametrize("given", ["'lbfgs'", "None", "3"])
def test_another_optimizer_is_not_silently_adam(given):
    with pytest.raises(ValueError, match="optimizer"):
        Recipe.from_text(f"Recipe(optimizer={given})")


def test_a_picture_with_its_recipe(old):
    assert recipe_in_png(old / "picture.png") == RECIPE
    names = {"content": "rainier", "style": "autumn-oak"}
    assert names_in_png(old / "picture.png") == names


@pytest.mark.parametrize("written_by", ["pytorch", "mxnet"])
def test_a_saved_run(old, backend, written_by):
    path = old / f"run-{written_by}.safetensors"
    pictures = picture(1), picture(3)
    transfer = StyleTransfer.load(path, *pictures, backend)
    assert transfer.epoch == 3
    assert transfer.recipe.replace(weights="mini") == RECIPE
    (epoch,) = transfer.run(1)
    assert epoch.number == 4
    with pytest.raises(ValueError, match="other pictures"):
        StyleTransfer.load(path, picture(2), picture(3), backend)


def test_a_folder_of_a_sweep(old, backend, monkeypatch):
    def refuse(*_args):
        raise AssertionError("this cell has its result already")

    monkeypatch.setattr("d2l_style.exercises.sweeps.run._run", refuse)
    results = sweep(
        picture(1),
        picture(3),
        RECIPE.replace(weights="network.safetensors"),
        {"style_weight": [1e2, 1e4]},
        old / "sweep",
        backend=backend,
        show=False,
    ).run()
    assert [r.recipe.style_weight for r in results] == [1e2, 1e4]
    assert [len(r.losses) for r in results] == [3, 3]


def test_the_lines_by_which_notebooks_import():
    exec(IMPORTS, {})
