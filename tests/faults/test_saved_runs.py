"""Saved runs and states from strangers: checked whole, or refused whole."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from d2l_style.network import weights
from d2l_style.network.random_vgg import random_parameters
from d2l_style.recipe import CHOICES, Recipe
from d2l_style.saved_run import Network, facts_of_run, read_run, write_run
from d2l_style.transfer import StyleTransfer

SHAPE = (32, 48)
NETWORK = Network("mini", "0" * 64)


def state(**changes):
    """Return a state as a run of ``SHAPE`` gives it, with some changes."""
    arrays = {
        name: np.zeros((1, 3, *SHAPE), np.float32)
        for name in ("image", "mean", "variance")
    }
    counts = {"epoch": np.array(4), "adam_steps": np.array(4)}
    return arrays | counts | changes


@pytest.fixture(scope="module")
def pair():
    from PIL import Image

    return [Image.new("RGB", SHAPE[::-1], name) for name in ("red", "blue")]


@pytest.fixture(scope="module")
def good(tmp_path_factory, pair):
    """The path of a run that loads."""
    path = tmp_path_factory.mktemp("good") / "run.safetensors"
    recipe = Recipe(image_shape=SHAPE)
    write_run(path, state(), recipe, "pytorch", pair, NETWORK, {"epoch": 4})
    return path


def rewritten(good, path, arrays=(), **metadata):
    """Write a saved run with other arrays, other metadata; None: without."""
    with safe_open(good, framework="numpy") as file:
        told = file.metadata() | metadata
    merged = load_file(good) | dict(arrays)
    save_file(
        {k: v for k, v in merged.items() if v is not None},
        path,
        {k: v for k, v in told.items() if v is not None},
    )
    return path


def test_what_was_written_is_read(good, pair):
    run = read_run(good, pair)
    assert run.recipe == Recipe(image_shape=SHAPE, weights="mini")
    assert (run.network, run.backend) == (NETWORK, "pytorch")
    assert run.state["epoch"] == run.state["adam_steps"] == 4


HOSTILE_ARRAYS = {
    "no epoch": {"epoch": None},
    "no image": {"image": None},
    "no variance": {"variance": None},
    "steps below 0": {"adam_steps": np.array(-1)},
    "an epoch below 0": {"epoch": np.array(-5)},
    "more steps than epochs": {"adam_steps": np.array(5)},
    "an epoch without end": {"epoch": np.array(np.inf)},
    "half an epoch": {"epoch": np.array(4.5)},
    "a vector of epochs": {"epoch": np.arange(5, 9)},
    "epochs beyond all years": {"epoch": np.array(2**62)},
    "a boolean": {"epoch": np.array(True)},
    "another size": {"image": np.zeros((1, 3, 48, 32), np.float32)},
    "another rank": {"mean": np.zeros(SHAPE, np.float32)},
    "nothing in it": {"mean": np.zeros((1, 3, 0, 48), np.float32)},
    "whole numbers": {"image": np.zeros((1, 3, *SHAPE), np.int64)},
}


@pytest.mark.parametrize("name", HOSTILE_ARRAYS)
def test_hostile_arrays_are_a_sentence(good, pair, tmp_path, name):
    path = rewritten(good, tmp_path / "run", HOSTILE_ARRAYS[name])
    with pytest.raises(ValueError, match="does not fit") as error:
        read_run(path, pair)
    assert str(path) in str(error.value)


DEEP = "[" * 100_000
HOSTILE_METADATA = {
    "no recipe": {"recipe": None},
    "no backend": {"backend": None},
    "a third backend": {"backend": "jax"},
    "deep pictures": {"pictures": DEEP},
    "a deep recipe": {"recipe": DEEP},
    "a recipe that is a list": {"recipe": "[]"},
    "a recipe of the future": {"recipe": '{"magic": 3}'},
    "a size of a million": {"recipe": '{"image_shape": [1000000, 3]}'},
    "not a number": {"recipe": '{"lr": NaN}'},
}


@pytest.mark.parametrize("name", HOSTILE_METADATA)
def test_hostile_metadata_is_a_sentence(good, pair, tmp_path, name):
    path = rewritten(good, tmp_path / "run", **HOSTILE_METADATA[name])
    with pytest.raises(ValueError, match="run") as error:
        read_run(path, pair)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("facts", [DEEP, "[]", "null", "{", "9" * 9999, ""])
def test_hostile_facts_are_a_sentence(good, tmp_path, facts):
    path = rewritten(good, tmp_path / "run", facts=facts)
    with pytest.raises(ValueError, match="damaged"):
        facts_of_run(path)


def test_a_file_larger_than_any_run_is_not_read(good, pair, tmp_path):
    path = tmp_path / "run"
    path.write_bytes(good.read_bytes())
    with path.open("ab") as file:
        file.truncate(10**10)  # a hole: it takes no room on the disk
    with pytest.raises(ValueError, match="damaged"):
        read_run(path, pair)


@pytest.mark.parametrize("cut", [0, 1, 7, 8, 9, 100, 999, -1, -4000])
def test_a_file_that_was_cut_is_a_sentence(good, pair, tmp_path, cut):
    path = tmp_path / "run"
    path.write_bytes(good.read_bytes()[:cut])
    with pytest.raises(ValueError, match="damaged"):
        read_run(path, pair)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
ARRAYS = st.sampled_from(
    [
        *(None, np.array(3), np.array(-3), np.array(0.5), np.zeros(3)),
        *(np.zeros((1, 3, *SHAPE), kind) for kind in ("f2", "f8", "i1")),
        *(np.full((1, 3, *SHAPE), v, "f4") for v in (np.nan, np.inf, 1e38)),
    ]
)


@settings(
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    arrays=st.dictionaries(
        st.sampled_from([*state(), "more"]), ARRAYS, max_size=3
    ),
    recipe=st.dictionaries(
        st.sampled_from([*CHOICES, "optimizer", "more"]), JSON, max_size=3
    )
    | JSON,
    metadata=st.dictionaries(
        st.sampled_from(
            ["backend", "network", "network_sha256", "facts", "more"]
        ),
        st.text(st.characters(exclude_categories=["Cs"])) | st.none(),
        max_size=2,
    ),
)
def test_any_file_is_a_run_or_a_sentence(
    good, pair, tmp_path, arrays, recipe, metadata
):
    path = tmp_path / "run"
    if isinstance(recipe, dict):
        recipe = json.loads(Recipe(image_shape=SHAPE).to_json()) | recipe
    told = {"recipe": json.dumps(recipe), **metadata}
    rewritten(good, path, arrays, **told)
    try:
        run = read_run(path, pair)
    except ValueError:
        return
    assert run.backend in ("pytorch", "mxnet")
    assert run.state["image"].shape == (1, 3, *run.recipe.image_shape)
    assert 0 <= run.state["adam_steps"] <= run.state["epoch"]


# Going on: the whole run, or none of it


@pytest.fixture
def transfer(backend, pair, narrow_file):
    recipe = Recipe(image_shape=SHAPE, weights=narrow_file)
    run = StyleTransfer(*pair, recipe, backend)
    for _epoch in run.run(2):
        pass
    return run


@pytest.mark.parametrize("name", HOSTILE_ARRAYS)
@pytest.mark.parametrize("recipe", [None, "another"])
def test_restore_is_all_or_nothing(transfer, name, recipe):
    hostile = {
        k: v for k, v in state(**HOSTILE_ARRAYS[name]).items() if v is not None
    }
    if recipe:
        recipe = transfer.recipe.replace(style_layers=["conv1_1"])
    unchanged_by(transfer, ValueError, hostile, recipe)


@pytest.mark.parametrize("hostile", [None, 3, [], "state"])
def test_restore_of_what_is_no_state(transfer, hostile):
    unchanged_by(transfer, ValueError, hostile, None)


@pytest.mark.parametrize("recipe", [3, "Recipe()", {}])
def test_restore_with_what_is_no_recipe(transfer, recipe):
    unchanged_by(transfer, TypeError, transfer.state(), recipe)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, OSError])
def test_restore_that_is_broken_off(transfer, monkeypatch, error):
    def broken(*args):
        raise error

    monkeypatch.setattr(type(transfer.synthesis), "_begin", broken)
    recipe = transfer.recipe.replace(style_layers=["conv1_1"], tv_weight=3)
    unchanged_by(transfer, error, transfer.state(), recipe)


def unchanged_by(transfer, error, *hostile):
    before, recipe = transfer.state(), transfer.recipe
    with pytest.raises(error):
        transfer.restore(*hostile)
    assert transfer.recipe is recipe
    for name, array in transfer.state().items():
        assert np.array_equal(array, before[name]), name


# The network it was run with


@pytest.mark.parametrize("value", [3, None, "Recipe()"])
def test_a_recipe_is_compared_with_recipes_alone(value):
    with pytest.raises(TypeError, match="must be a Recipe"):
        Recipe().changes(value)


def test_one_fingerprint_in_both_frameworks(backend, pair):
    recipe = Recipe(image_shape=SHAPE, weights="mini")
    loaded = weights.load_parameters("mini")
    network = StyleTransfer(*pair, recipe, backend).network()
    assert network == Network("mini", weights.fingerprint(loaded))


def test_auto_stays_the_network_that_it_was(
    backend, pair, tmp_path, monkeypatch
):
    """After 'fetch vgg19 --torchvision', say, "auto" is another one."""
    path = tmp_path / "run"
    StyleTransfer(*pair, Recipe(image_shape=SHAPE), backend).save(path)
    monkeypatch.setattr(weights, "best", lambda: "random")
    assert weights.resolve("auto") == "random"
    loaded = StyleTransfer.load(path, *pair)
    assert loaded.recipe.weights == "mini"


def test_another_network_in_the_same_file_is_refused(
    transfer, pair, tmp_path, narrow_file
):
    import shutil

    file, path = tmp_path / "own.safetensors", tmp_path / "run"
    shutil.copy(narrow_file, file)
    transfer.edit(weights=str(file))
    transfer.save(path)
    assert StyleTransfer.load(path, *pair).epoch == 2
    save_file(random_parameters(seed=1, widths=(4, 4, 4, 4, 4)), file)
    with pytest.raises(ValueError, match="another network") as error:
        StyleTransfer.load(path, *pair)
    assert "own.safetensors" in str(error.value)


def test_a_network_of_ones_own_has_to_be_handed_in_again(
    backend, d2l, pair, tmp_path
):
    net = d2l.pretrained_vgg19("mini")
    recipe, path = Recipe(image_shape=SHAPE, weights="random"), tmp_path / "r"
    StyleTransfer(*pair, recipe, backend, net=net).save(path)
    assert StyleTransfer.load(path, *pair, net=net).epoch == 0
    with pytest.raises(ValueError, match="net="):
        StyleTransfer.load(path, *pair)
    with pytest.raises(ValueError, match="net="):
        StyleTransfer.load(path, *pair, net=d2l.pretrained_vgg19("random"))
