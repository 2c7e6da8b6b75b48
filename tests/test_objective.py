"""The objective by hand against autograd on the chapter's own functions."""

import numpy as np
import pytest

from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer

CHOICES = {
    "the book's": {},
    "before the ReLUs": {"tap": "conv"},
    "as printed": {"tap": "inplace"},
    "odd size": {"image_shape": (49, 77)},
    "one layer for both": {"content_layers": [5], "style_layers": [5, 7]},
    "before a pool": {"content_layers": [16], "style_layers": [2, 25]},
    "before a pool, conv": {"style_layers": [2, 25], "tap": "conv"},
    "no style": {"style_layers": []},
    "no content": {"content_layers": [], "content_weight": 3},
    "first layer alone": {"content_layers": [0], "style_layers": []},
    "deepest": {"content_layers": [34], "style_layers": [34, 0]},
    "weights": {
        "content_weight": 3,
        "style_weight": 1e5,
        "tv_weight": 0.5,
        "style_layer_weights": [1, 0, 2, 0.5, 10],
        "style_repeats": 7,
    },
    "smallest": {"image_shape": (16, 16)},
}


@pytest.fixture
def make(backend, content_img, style_img, narrow_file):
    def synthesis(**changes):
        changes = {"image_shape": (48, 72), "init": "noise", **changes}
        recipe = Recipe(weights=narrow_file, **changes)
        transfer = StyleTransfer(content_img, style_img, recipe, backend)
        return transfer.synthesis

    return synthesis


def as_numpy(Y):
    return Y.asnumpy() if hasattr(Y, "asnumpy") else Y.detach().numpy()


def by_autograd(d2l, synthesis):
    """Return (losses, gradient) as the chapter's cells compute them."""
    recipe, X = synthesis.recipe, with_gradient(synthesis.X)
    losses = d2l.compute_gradient(
        X,
        synthesis.contents_Y,
        synthesis.styles_Y_gram,
        net=synthesis.net,
        content_layers=recipe.content_taps,
        style_layers=recipe.style_taps,
        **recipe.loss_weights,
    )
    contents_l, styles_l, tv_l, total = losses
    numbers = [l.item() for l in (*contents_l, *styles_l, tv_l, total)]  # noqa: E741
    return numbers, as_numpy(X.grad).copy()


def with_gradient(X):
    """Return a copy of X that autograd leaves a gradient in."""
    if hasattr(X, "attach_grad"):
        X = X.copy()
        X.attach_grad()
        return X
    return X.clone().requires_grad_()


def by_hand(synthesis):
    contents_l, styles_l, tv_l, dX = synthesis.objective(synthesis.X)
    repeats = synthesis.recipe.style_repeats
    total = sum(contents_l) + repeats * sum(styles_l) + tv_l
    numbers = [l.item() for l in (*contents_l, *styles_l, tv_l, total)]  # noqa: E741
    return numbers, as_numpy(dX).copy()


@pytest.mark.parametrize("choice", CHOICES)
def test_losses_and_gradient_are_those_of_autograd(make, d2l, choice):
    synthesis = make(**CHOICES[choice])
    expected, gradient = by_autograd(d2l, synthesis)
    for _ in range(2):  # nothing is left behind by the first
        numbers, dX = by_hand(synthesis)
        np.testing.assert_allclose(numbers, expected, rtol=1e-4)
        assert np.abs(dX - gradient).max() <= 1e-4 * np.abs(gradient).max()


def test_new_weights_are_taken_over_without_new_targets(make, d2l):
    synthesis = make()
    grams, net = synthesis.styles_Y_gram, synthesis.net
    synthesis.retarget(synthesis.recipe.replace(style_weight=5, lr=0.2))
    assert synthesis.styles_Y_gram is grams
    assert synthesis.net is net
    expected, gradient = by_autograd(d2l, synthesis)
    numbers, dX = by_hand(synthesis)
    np.testing.assert_allclose(numbers, expected, rtol=1e-4)
    assert np.abs(dX - gradient).max() <= 1e-4 * np.abs(gradient).max()


def test_new_layers_and_pictures_need_new_targets(make, style_img):
    synthesis = make()
    grams = synthesis.styles_Y_gram
    synthesis.retarget(synthesis.recipe, content_img=style_img)
    assert synthesis.styles_Y_gram is not grams
    grams = synthesis.styles_Y_gram
    synthesis.retarget(synthesis.recipe.replace(style_layers=[0, 2, 5]))
    assert synthesis.styles_Y_gram is not grams


@pytest.fixture
def in_bfloat16(monkeypatch):
    """Let PyTorch use bfloat16 on any processor, be it slow there."""
    from d2l_style.engine import pytorch as engine

    monkeypatch.setattr(engine, "has_fast_bfloat16", lambda device: True)


def cosine(a, b):
    return np.vdot(a, b) / np.linalg.norm(a) / np.linalg.norm(b)


@pytest.mark.torch
@pytest.mark.parametrize("choice", CHOICES)
def test_in_bfloat16_nearly(
    in_bfloat16, content_img, style_img, narrow_file, choice
):
    syntheses = [
        StyleTransfer(
            content_img,
            style_img,
            Recipe(
                weights=narrow_file,
                precision=precision,
                **{
                    "image_shape": (48, 72),
                    "init": "noise",
                    **CHOICES[choice],
                },
            ),
        ).synthesis
        for precision in ("exact", "fast")
    ]
    assert syntheses[1].net[0].weight.dtype.itemsize == 2
    (exact, gradient), (fast, dX) = map(by_hand, syntheses)
    np.testing.assert_allclose(fast, exact, rtol=3e-2)
    assert cosine(dX, gradient) > 0.95
    for synthesis in syntheses:  # float32 wherever numbers are kept
        state = synthesis.state()
        assert {v.dtype.name for v in state.values()} <= {"float32", "int64"}
        features = synthesis.features(synthesis.array())
        assert all(Y.dtype == np.float32 for kind in features for Y in kind)
        assert len(synthesis.gradients(synthesis.array())) == len(exact) - 1
