"""Two frameworks, the same numbers."""

import numpy as np
import pytest
from conftest import ROOT
from safetensors.numpy import save_file

from d2l_style.network.random_vgg import random_parameters
from d2l_style.network.weights import load_parameters
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer

pytestmark = [pytest.mark.torch, pytest.mark.mxnet]

SMALL = {"image_shape": (48, 72)}


@pytest.fixture
def pair(content_img, style_img, narrow_file):
    """Return a function that makes one transfer per backend."""

    def make(preset="paired", weights=narrow_file, **changes):
        recipes = {
            backend: Recipe.preset(
                preset, backend, weights=weights, **{**SMALL, **changes}
            )
            for backend in ("pytorch", "mxnet")
        }
        return [
            StyleTransfer(content_img, style_img, recipe, backend)
            for backend, recipe in recipes.items()
        ]

    return make


def losses_after(transfer, epochs, last=1):
    """Run; return the mean (content, style, TV, total) of the last epochs."""
    rows = [
        (epoch.content, epoch.style, epoch.tv, epoch.total)
        for epoch in transfer.run(epochs)
    ]
    return np.mean(rows[-last:], axis=0)


def assert_start_and_fifty_agree(torch_run, mxnet_run):
    a, b = losses_after(torch_run, 1), losses_after(mxnet_run, 1)
    np.testing.assert_allclose(a[1:], b[1:], rtol=1e-4)
    assert max(a[0], b[0]) < 1e-6 * a[3]
    # Single epochs jitter by up to half of what is allowed here.
    a, b = (losses_after(run, 49, last=5) for run in (torch_run, mxnet_run))
    np.testing.assert_allclose(a, b, rtol=1e-2)


@pytest.fixture(scope="module")
def medium_file(tmp_path_factory):
    """A network wide enough for its losses to be smooth, as a file."""
    path = tmp_path_factory.mktemp("weights") / "medium.safetensors"
    save_file(random_parameters(1, (16, 32, 64, 64, 64)), path)
    return str(path)


def test_paired_runs_agree(medium_file):
    """At a tenth of the learning rate: the smaller the network and the
    picture, the sooner Adam's sign-like first steps amplify rounding."""
    assert_start_and_fifty_agree(*real_pair(medium_file, (96, 144), lr=0.03))


def test_paired_runs_agree_with_oxfords_vgg19(oxford_file):
    assert_start_and_fifty_agree(*real_pair("oxford", (48, 72), lr=0.03))


@pytest.mark.slow
@pytest.mark.parametrize("weights", ["random", "oxford"])
def test_paired_runs_agree_with_the_full_vgg19(weights, request):
    """As the chapter runs it; smaller pictures drift by a per cent more."""
    if weights == "oxford":
        request.getfixturevalue("oxford_file")
    assert_start_and_fifty_agree(*real_pair(weights, (300, 450)))


def real_pair(weights, image_shape, **changes):
    recipe = Recipe(weights=weights, image_shape=image_shape, **changes)
    pictures = (ROOT / "img/rainier.jpg", ROOT / "img/autumn-oak.jpg")
    return [
        StyleTransfer(*pictures, recipe, backend)
        for backend in ("pytorch", "mxnet")
    ]


def test_paired_runs_agree_with_the_bundled_network():
    """At a tenth of the learning rate, since narrow networks drift soon."""
    pictures = [ROOT / "img" / f"{n}.jpg" for n in ("harbour", "bojagi")]
    recipe = Recipe(weights="mini", image_shape=(96, 144), lr=0.03)
    assert_start_and_fifty_agree(
        *(StyleTransfer(*pictures, recipe, b) for b in ("pytorch", "mxnet"))
    )


@pytest.mark.parametrize("epsilon", ["pytorch", "mxnet"])
def test_adam_agrees_in_both_conventions(pair, epsilon):
    """With gradients near epsilon the conventions differ, the runs do not."""
    tiny = {"content_weight": 0, "style_weight": 0, "tv_weight": 1e-4}
    a, b = pair(adam_epsilon=epsilon, init="noise", **tiny)
    other, _ = pair(
        adam_epsilon={"pytorch": "mxnet", "mxnet": "pytorch"}[epsilon],
        init="noise",
        **tiny,
    )
    for run in (a, b, other):
        losses_after(run, 1)
    arrays = [run.synthesis.array() for run in (a, b, other)]
    assert np.abs(arrays[0] - arrays[1]).max() < 1e-4
    assert np.abs(arrays[0] - arrays[2]).max() > 1e-3


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("fit", ["squeeze", "crop", "keep"])
def test_every_fit_of_the_style_picture_agrees(pair, fit, antialias):
    runs = pair(style_fit=fit, antialias=antialias, init="noise")
    a, b = (losses_after(run, 1) for run in runs)
    np.testing.assert_allclose(a, b, rtol=1e-4)
    a, b = (run.synthesis.styles_Y_gram for run in runs)
    for G, A in zip(a, b, strict=True):
        np.testing.assert_allclose(G.tolist(), A.tolist(), rtol=1e-3)


@pytest.mark.parametrize("preset", ["as-printed", "as-printed-vi"])
def test_printed_tabs_disagree(pair, preset):
    a, b = (losses_after(run, 1) for run in pair(preset))
    assert abs(a[1] - b[1]) > 0.05 * a[1]


def test_editions_minimise_the_same(pair):
    english, _ = pair("as-printed")
    vietnamese, _ = pair("as-printed-vi")
    a, b = losses_after(english, 1), losses_after(vietnamese, 1)
    assert a[3] == pytest.approx(b[3], rel=1e-6)
    assert a[1] == pytest.approx(10 * b[1], rel=1e-6)


@pytest.mark.parametrize("weights", ["narrow", "mini", "oxford"])
def test_features_agree_layer_by_layer(
    content_img, narrow_parameters, weights, request
):
    from d2l_style import mxnet as d2l_mxnet
    from d2l_style import torch as d2l_torch

    if weights == "oxford":
        request.getfixturevalue("oxford_file")
    parameters = narrow_parameters
    if weights != "narrow":
        parameters = load_parameters(weights)
    layers = list(range(37))
    features = []
    for d2l in (d2l_torch, d2l_mxnet):
        X = d2l.preprocess(content_img, (64, 96))
        net = d2l.VGG19(parameters).features
        outputs, _ = d2l.extract_features(X, layers, [], net=net)
        features.append([as_numpy(Y) for Y in outputs])
    for a, b in zip(*features, strict=True):
        assert np.abs(a - b).max() <= 1e-3 * np.abs(a).max()


def as_numpy(Y):
    return Y.asnumpy() if hasattr(Y, "asnumpy") else Y.detach().numpy()


@pytest.mark.parametrize("term", ["content", "style", "tv", "all"])
def test_gradients_agree(pair, term):
    weights = {f"{name}_weight": 0 for name in ("content", "style", "tv")}
    if term == "all":
        weights = {}
    else:
        weights[f"{term}_weight"] = 1e4
    gradients = []
    for run in pair(init="noise", **weights):
        next(run.run(1))
        gradients.append(as_numpy(run.synthesis.X.grad))
    a, b = gradients
    assert np.abs(a).max() > 0
    assert np.abs(a - b).max() <= 1e-3 * np.abs(a).max()


@pytest.mark.parametrize("term", ["content", "style", "tv", "all"])
def test_gradients_equal_finite_differences(narrow_parameters, term):
    import torch

    from d2l_style import torch as d2l

    torch.manual_seed(0)
    net = d2l.VGG19(narrow_parameters).double().features
    layers = {"content_layers": [8], "style_layers": [1, 6]}
    target = torch.randn(1, 3, 8, 9, dtype=torch.float64)
    with torch.no_grad():
        contents_Y, styles_Y = d2l.extract_features(target, **layers, net=net)
    grams = [d2l.gram(Y) for Y in styles_Y]

    def loss(X):
        features = d2l.extract_features(X, **layers, net=net)
        contents_l, styles_l, tv_l, l = d2l.compute_loss(  # noqa: E741
            X, *features, contents_Y, grams
        )
        parts = {"content": sum(contents_l), "style": sum(styles_l)}
        return {**parts, "tv": tv_l, "all": l}[term]

    X = torch.randn(1, 3, 8, 9, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(loss, X, eps=1e-6, atol=1e-7, rtol=1e-4)


def test_a_run_goes_on_in_the_other_backend(
    pair, content_img, style_img, tmp_path
):
    a, b = pair()
    losses_after(a, 20)
    a.save(tmp_path / "run.safetensors")
    moved = StyleTransfer.load(
        tmp_path / "run.safetensors", content_img, style_img, "mxnet"
    )
    assert moved.epoch == 20
    np.testing.assert_allclose(
        losses_after(a, 10), losses_after(moved, 10), rtol=1e-2
    )
