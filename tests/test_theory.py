"""What the meters say of real runs is what the theory says."""

from itertools import pairwise

import pytest

from d2l_style.exercises import sweep
from d2l_style.pictures.samples import sample_images
from d2l_style.recipe import Recipe

pytestmark = pytest.mark.slow
BASE = Recipe(image_shape=(96, 144), num_epochs=60, weights="mini")


@pytest.fixture
def meters(backend, tmp_path):
    """A function: sweep one choice, return the meters in its order."""
    samples = sample_images()
    pictures = samples["rainier"].open(), samples["autumn-oak"].open()

    def of(name, values):
        swept = sweep(
            *pictures, BASE, {name: values}, tmp_path, backend=backend
        )
        return [result.meters for result in swept.run()]

    return of


def rising(values):
    return all(a < b for a, b in pairwise(values))


def test_more_content_weight_keeps_more_content_and_less_style(meters):
    found = meters("content_weight", [0.1, 1, 10, 100])
    assert rising([m.features for m in found])
    assert rising([m.content for m in found[1:]])
    assert rising([m.style for m in found])


def test_more_style_weight_reaches_more_style(meters):
    found = meters("style_weight", [1e2, 1e3, 1e4])
    assert rising([-m.style for m in found])
    assert rising([-m.features for m in found])


def test_more_tv_weight_leaves_less_noise(meters):
    found = meters("tv_weight", [1, 10, 100, 1000])
    assert rising([-m.noise for m in found])


def test_no_layer_but_the_deep_ones_forgets_the_places(meters):
    found = meters("content_layers", ["conv1_2", "conv2_1", "conv3_1"])
    assert rising([-m.content for m in found])
