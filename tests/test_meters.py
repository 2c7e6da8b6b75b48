"""The meters of the exercise: against references, invariants, real runs."""

import inspect
import math

import numpy as np
import pytest
from conftest import picture
from PIL import Image, ImageFilter
from test_imports import imported, python

from d2l_style.exercises.meters import (
    Meters,
    colour_distance,
    content_kept,
    feature_correlation,
    gram,
    gram_distances,
    measure,
    noise,
)
from d2l_style.pictures import images
from d2l_style.pictures.samples import sample_images
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer

SHAPE = (48, 72)
PICTURE_METERS = [
    content_kept,
    colour_distance,
    lambda result, _: noise(result),
]


@pytest.fixture
def make(content_img, style_img, narrow_file):
    """Return a function that makes a transfer with the narrow network."""

    def transfer(backend, **changes):
        changes = {"weights": narrow_file, "image_shape": SHAPE, **changes}
        return StyleTransfer(
            content_img, style_img, Recipe(**changes), backend
        )

    return transfer


def grey(values):
    """Return an (h, w) array of any range as a grey picture in RGB."""
    values = np.uint8(np.clip(values, 0, 255) + 0.5)
    return Image.fromarray(values).convert("RGB")


def luma(img):
    r, g, b = np.moveaxis(np.asarray(img, np.float64), 2, 0)
    return 0.299 * r + 0.587 * g + 0.114 * b


def noisy(img, sigma, seed=0):
    """Return the picture with the same normal noise in R, G and B."""
    rng = np.random.default_rng(seed)
    grain = rng.normal(0, sigma, (img.height, img.width, 1))
    return Image.fromarray(np.uint8((np.asarray(img) + grain).clip(0, 255)))


def random_features(seed=0, shape=(1, 6, 8, 9)):
    values = np.random.default_rng(seed).standard_normal(shape)
    return values.astype(np.float32)


# --- content ---------------------------------------------------------------


@pytest.mark.parametrize("size", [(90, 70), (11, 11), (12, 40), (255, 17)])
def test_content_is_the_reference_ssim(size):
    metrics = pytest.importorskip("skimage.metrics")
    a = picture(1, size[1], size[0])
    pairs = (picture(5, size[1], size[0]), noisy(a, 20), a)
    for b in pairs:
        expected = metrics.structural_similarity(
            luma(a),
            luma(b),
            gaussian_weights=True,
            use_sample_covariance=False,
            data_range=255,
        )
        assert content_kept(a, b) == pytest.approx(expected, abs=1e-9)


def test_content_of_one_window_is_its_equation():
    rng = np.random.default_rng(3)
    a, b = (rng.integers(0, 256, (11, 11)) for _ in range(2))
    i = np.arange(-5, 6)
    w = np.exp(-(i[:, None] ** 2 + i**2) / (2 * 1.5**2))
    w /= w.sum()
    ma, mb = (w * a).sum(), (w * b).sum()
    va, vb = (w * (a - ma) ** 2).sum(), (w * (b - mb) ** 2).sum()
    cov = (w * (a - ma) * (b - mb)).sum()
    C1, C2 = 2.55**2, 7.65**2
    expected = (2 * ma * mb + C1) * (2 * cov + C2)
    expected /= (ma**2 + mb**2 + C1) * (va + vb + C2)
    assert content_kept(grey(a), grey(b)) == pytest.approx(expected)


def test_more_blur_keeps_less_content(content_img):
    kept = [
        content_kept(
            content_img.filter(ImageFilter.GaussianBlur(radius)), content_img
        )
        for radius in (0, 1, 2, 4, 8)
    ]
    assert kept[0] == 1
    assert kept == sorted(kept, reverse=True)
    assert len(set(kept)) == 5
    assert kept[-1] < 0.7


def test_light_and_dark_exchanged_is_below_zero():
    rng = np.random.default_rng(1)
    values = rng.integers(60, 196, (40, 40))
    assert content_kept(grey(values), grey(255 - values)) < -0.5


def test_content_is_resized_to_the_result(content_img):
    result = images.resize(content_img, (30, 50))
    assert content_kept(result, content_img) == 1
    assert content_kept(content_img, result) < 1  # it is not symmetric then


# --- colour ----------------------------------------------------------------


def test_colour_of_known_shares():
    red, blue = (Image.new("RGB", (4, 4), name) for name in ("red", "blue"))
    both = Image.new("RGB", (4, 4), "red")
    both.paste(blue.crop((0, 0, 4, 1)))
    assert colour_distance(red, red) == 0
    assert colour_distance(red, blue) == 1
    assert colour_distance(both, red) == pytest.approx(1 / 4)
    assert colour_distance(both, blue) == pytest.approx(3 / 4)


def test_colours_count_jointly():
    """Each channel has the same histogram in both; no colour is shared."""
    a, b = np.zeros((2, 2, 2, 3), np.uint8)
    a[0], a[1] = (255, 0, 0), (0, 255, 255)
    b[0], b[1] = (255, 255, 0), (0, 0, 255)
    assert colour_distance(a, b) == 1


@pytest.mark.parametrize("bins", [2, 3, 8, 64])
def test_colour_is_the_reference_histogram(content_img, style_img, bins):
    edges = [np.arange(bins + 1) * 256 / bins] * 3
    p, q = (
        np.histogramdd(np.asarray(img).reshape(-1, 3), edges)[0]
        / (img.width * img.height)
        for img in (content_img, style_img)
    )
    expected = 1 - np.minimum(p, q).sum()
    found = colour_distance(content_img, style_img, bins)
    assert found == pytest.approx(expected)
    assert found == colour_distance(style_img, content_img, bins)


def test_colour_depends_neither_on_size_nor_on_place(content_img, style_img):
    distance = colour_distance(content_img, style_img)
    larger = np.asarray(content_img).repeat(3, axis=0).repeat(2, axis=1)
    assert colour_distance(larger, style_img) == pytest.approx(distance)
    turned = content_img.transpose(Image.Transpose.ROTATE_90)
    assert colour_distance(turned, style_img) == pytest.approx(distance)


@pytest.mark.parametrize(
    "bins", [0, 1, 65, -8, 8.0, True, None, "8", math.nan]
)
def test_bins_that_make_no_histogram(content_img, bins):
    with pytest.raises(ValueError, match="whole number from 2 to 64"):
        colour_distance(content_img, content_img, bins)


# --- noise -----------------------------------------------------------------


@pytest.mark.parametrize("sigma", [2, 5, 10, 20])
@pytest.mark.parametrize("size", [(200, 300), (64, 96)])
def test_noise_of_known_deviation(sigma, size):
    h, w = size
    light = 90 + 60 * np.linspace(0, 1, w) + 20 * np.linspace(0, 1, h)[:, None]
    grain = np.random.default_rng(4).normal(0, sigma, size)
    assert noise(grey(light + grain)) == pytest.approx(sigma, rel=0.1)


def test_noise_is_the_papers_sum():
    values = np.random.default_rng(2).integers(0, 256, (5, 6))
    N = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
    total = sum(
        abs((N * values[i : i + 3, j : j + 3]).sum())
        for i in range(3)
        for j in range(4)
    )
    expected = math.sqrt(math.pi / 2) * total / (6 * (6 - 2) * (5 - 2))
    assert noise(grey(values)) == pytest.approx(expected)


def test_straight_edges_are_no_noise():
    values = np.zeros((20, 30))
    values[:, 12:] = 200
    assert noise(grey(values)) == pytest.approx(0, abs=1e-9)
    assert noise(grey(values.T)) == pytest.approx(0, abs=1e-9)
    assert noise(grey(np.full((3, 3), 77))) == pytest.approx(0, abs=1e-9)


# --- features --------------------------------------------------------------


def test_correlation_is_numpys():
    a, b = random_features(1), random_features(2)
    mixed = a + b
    expected = np.corrcoef(a.ravel(), mixed.ravel())[0, 1]
    assert feature_correlation(a, mixed) == pytest.approx(expected, abs=1e-6)


def test_correlation_ignores_contrast_and_sees_sign():
    a = random_features(1)
    assert feature_correlation(a, a) == pytest.approx(1)
    assert feature_correlation(3 * a + 5, a) == pytest.approx(1)
    assert feature_correlation(-a, a) == pytest.approx(-1)
    assert abs(feature_correlation(random_features(2), a)) < 0.2
    assert feature_correlation(np.float32(1e30) * a, a) == pytest.approx(1)


def test_correlation_with_what_is_constant_is_not_defined():
    a = random_features()
    for value in (0, 0.1, -3):
        flat = np.full_like(a, value)
        assert math.isnan(feature_correlation(flat, a))
        assert math.isnan(feature_correlation(a, flat))


def test_gram_is_the_backends(d2l):
    a = random_features(3)
    X = d2l.torch.from_numpy(a) if hasattr(d2l, "torch") else d2l.np.array(a)
    np.testing.assert_allclose(gram(a), d2l.gram(X).tolist(), rtol=1e-4)


def test_gram_distances_are_relative():
    A = gram(random_features(1))
    B = gram(random_features(2))
    assert gram_distances([A], [A]) == [0]
    assert gram_distances([0 * A, 3 * A], [A, A]) == pytest.approx([1, 2])
    expected = math.sqrt(((B - A) ** 2).sum() / (A**2).sum())
    assert gram_distances([B, A], [A, A]) == pytest.approx([expected, 0])
    scaled = gram_distances([7 * B], [7 * A])
    assert scaled == pytest.approx([expected])
    assert math.isnan(gram_distances([A], [0 * A])[0])
    assert gram_distances([], []) == []


# --- hostile input ---------------------------------------------------------


@pytest.mark.parametrize(
    ("meter", "size"),
    [
        (content_kept, (10, 40)),
        (content_kept, (40, 10)),
        (PICTURE_METERS[2], (2, 40)),
        (PICTURE_METERS[2], (40, 2)),
    ],
)
def test_too_small_a_picture_says_how_large(meter, size):
    small = Image.new("RGB", size)
    told = rf"at least (11|3) pixels .* has {size[1]}x{size[0]}.* larger"
    with pytest.raises(ValueError, match=told):
        meter(small, Image.new("RGB", (40, 40)))


def test_the_least_sizes_are_enough():
    assert content_kept(Image.new("RGB", (11, 11)), picture(1)) < 1
    assert noise(Image.new("RGB", (3, 3))) == 0
    assert colour_distance(Image.new("RGB", (1, 1)), picture(1)) > 0


@pytest.mark.parametrize("meter", PICTURE_METERS)
def test_what_is_no_picture(meter, content_img, tmp_path):
    text = tmp_path / "text.jpg"
    text.write_text("This is no picture.")
    with pytest.raises(FileNotFoundError, match="no picture at"):
        meter(str(tmp_path / "none.jpg"), content_img)
    with pytest.raises(ValueError, match="not a picture"):
        meter(text, content_img)
    for thing in (None, 3, np.zeros((20, 20, 3)), [[0]]):
        with pytest.raises(TypeError, match="A picture must be"):
            meter(thing, content_img)


@pytest.mark.parametrize("meter", PICTURE_METERS)
def test_any_picture_is_taken_and_left_alone(meter, content_img, tmp_path):
    path = tmp_path / "content.png"
    content_img.save(path)
    before = content_img.tobytes()
    expected = meter(content_img, content_img)
    assert isinstance(expected, float)
    for form in (
        path,
        str(path),
        np.asarray(content_img),
        content_img.convert("RGBA"),
    ):
        assert meter(form, content_img) == expected
    assert content_img.tobytes() == before


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (None, "NumPy arrays"),
        ([[1, 2]], "NumPy arrays"),
        (np.array([["a"]]), "NumPy arrays"),
        (np.zeros((1, 2, 3, 3), complex), "real numbers"),
        (np.zeros((2, 3, 3)), r"shape \(1, c, h, w\)"),
        (np.zeros((2, 3, 4, 4)), r"shape \(1, c, h, w\)"),
        (np.zeros((1, 0, 4, 4)), r"shape \(1, c, h, w\)"),
        (np.full((1, 2, 3, 3), np.nan), "diverged"),
        (np.full((1, 2, 3, 3), np.inf), "diverged"),
    ],
)
def test_what_are_no_features(broken, told):
    with pytest.raises(ValueError, match=told):
        gram(broken)
    with pytest.raises(ValueError, match=told):
        feature_correlation(broken, random_features())
    with pytest.raises(ValueError, match=told):
        feature_correlation(random_features(), broken)


def test_tensors_are_told_apart(d2l):
    X = d2l.torch.ones(1, 2, 3, 3) if hasattr(d2l, "torch") else d2l.np.ones(3)
    with pytest.raises(ValueError, match=r"\.numpy\(\).*\.asnumpy\(\)"):
        gram(X)


def test_features_of_different_shapes():
    a = random_features()
    # The same number of elements: nothing may be reshaped in silence.
    b = a.reshape(1, 8, 6, 9)
    with pytest.raises(ValueError, match="same layer"):
        feature_correlation(a, b)


@pytest.mark.parametrize(
    ("G", "A", "told"),
    [
        ([np.eye(3)], [], "1 Gram matrices of the result and 0"),
        ([np.eye(3)], [np.eye(4)], "different shapes"),
        ([np.ones((3, 4))], [np.eye(3)], r"shape \(c, c\)"),
        (np.eye(3), np.eye(3), r"shape \(c, c\)"),
        ([np.eye(3) * np.nan], [np.eye(3)], "diverged"),
        ([[[1.0]]], [np.eye(1)], "NumPy arrays"),
    ],
)
def test_what_are_no_gram_matrices(G, A, told):
    with pytest.raises(ValueError, match=told):
        gram_distances(G, A)


# --- a run -----------------------------------------------------------------


def test_a_fresh_run_has_all_of_the_content(make, backend):
    found = measure(make(backend))
    assert isinstance(found, Meters)
    assert found.content == 1
    assert found.features == pytest.approx(1)
    assert found.style > 0
    assert found.colour > 0


def test_the_style_picture_has_all_of_the_style(make, backend):
    found = measure(make(backend, init="style"))
    assert found.style == found.colour == 0
    assert found.content < 0.9


@pytest.mark.parametrize("antialias", [True, False])
def test_pictures_are_compared_as_the_network_saw_them(
    make, backend, antialias
):
    changes = {"antialias": antialias, "image_shape": (32, 48)}
    assert measure(make(backend, **changes)).content == 1
    found = measure(make(backend, init="style", **changes))
    assert found.style == found.colour == 0


def test_a_cropped_style_picture_is_compared_as_it_was_seen(make, backend):
    found = measure(make(backend, init="style", style_fit="crop"))
    assert found.style == found.colour == 0


def test_style_is_compared_with_the_whole_picture_in_its_own_shape(
    make, backend, style_img
):
    # The deepest layer is one of content: style alone could be shallower.
    choices = {"style_fit": "keep", "style_layers": (0, 5)}
    transfer = make(backend, init="style", **choices)
    found, synthesis = measure(transfer), transfer.synthesis
    assert found.content < 0.9
    content, style = synthesis.pictures_seen()
    assert (content.size, style.size) == ((72, 48), (53, 65))
    whole = images.resize(style_img, (65, 53))
    assert found.colour == colour_distance(transfer.image(), whole) > 0
    _, styles = synthesis.features(synthesis.array())
    targets = [np.array(A.tolist()) for A in synthesis.styles_Y_gram]
    expected = gram_distances([gram(Y) for Y in styles], targets)
    assert found.style == pytest.approx(np.mean(expected), rel=1e-3)
    assert found.style > 0


def test_a_run_is_measured_by_the_parts(make, backend, content_img):
    transfer = make(backend, style_layers=(0, 5), content_layers=(10, 19))
    list(transfer.run(5))
    found, synthesis = measure(transfer), transfer.synthesis
    result = transfer.image()
    assert found.content == content_kept(result, content_img)
    assert found.noise == noise(result)
    contents, styles = synthesis.features(synthesis.array())
    grams = [np.array(A.tolist()) for A in synthesis.styles_Y_gram]
    expected = gram_distances([gram(Y) for Y in styles], grams)
    assert found.style == pytest.approx(np.mean(expected), rel=1e-3)
    targets = [np.array(Y.tolist()) for Y in synthesis.contents_Y]
    correlations = [
        feature_correlation(Y_hat, Y)
        for Y_hat, Y in zip(contents, targets, strict=True)
    ]
    assert correlations[0] != correlations[1]
    assert found.features == pytest.approx(np.mean(correlations), rel=1e-5)


def test_measuring_leaves_the_run_alone(make, backend):
    measured, left = make(backend), make(backend)
    for _ in range(3):
        list(measured.run(1))
        measure(measured)
    list(left.run(3))
    a, b = measured.state(), left.state()
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])


def test_without_layers_there_is_nothing_to_compare(make, backend):
    found = measure(make(backend, content_layers=()))
    assert math.isnan(found.features)
    assert found.style > 0
    found = measure(make(backend, style_layers=()))
    assert math.isnan(found.style)
    assert found.features == pytest.approx(1)


@pytest.mark.torch
@pytest.mark.mxnet
@pytest.mark.parametrize("tap", ["relu", "conv", "inplace"])
def test_both_backends_agree(make, tap):
    a, b = make("pytorch", tap=tap), make("mxnet", tap=tap)
    list(a.run(5))
    b.restore(a.state())
    found = [[*vars(measure(transfer)).values()] for transfer in (a, b)]
    np.testing.assert_allclose(*found, rtol=1e-4)
    for kind_a, kind_b in zip(
        *(t.synthesis.features(a.synthesis.array()) for t in (a, b)),
        strict=True,
    ):
        for Y_a, Y_b in zip(kind_a, kind_b, strict=True):
            assert isinstance(Y_a, np.ndarray)
            assert Y_a.dtype == Y_b.dtype == np.float32
            np.testing.assert_allclose(Y_a, Y_b, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("shape", [(3, 48, 72), (1, 3, 48, 71), (1, 1, 8, 8)])
def test_features_of_an_array_that_does_not_fit(make, backend, shape):
    with pytest.raises(ValueError, match=r"should be \(1, 3, 48, 72\)"):
        make(backend).synthesis.features(np.zeros(shape, np.float32))


def test_a_run_too_small_to_measure(make, backend):
    shallow = {"content_layers": (0,), "style_layers": (0,)}
    transfer = make(backend, image_shape=(8, 20), **shallow)
    with pytest.raises(ValueError, match="11 pixels .* 8x20.*image_shape"):
        measure(transfer)


@pytest.mark.parametrize("thing", [None, "run.safetensors", picture(1)])
def test_what_is_no_run(thing):
    with pytest.raises(TypeError, match="measure takes a StyleTransfer"):
        measure(thing)


def test_real_weights_do_what_the_exercise_says(backend):
    found = sample_images()
    pair = found["rainier"].path, found["autumn-oak"].path

    def measured(**changes):
        recipe = Recipe(weights="mini", image_shape=(64, 96), **changes)
        transfer = StyleTransfer(*pair, recipe, backend)
        list(transfer.run(30))
        return measure(transfer)

    book, much_content, smooth = (
        measured(),
        measured(content_weight=100),
        measured(tv_weight=500),
    )
    assert much_content.content > book.content + 0.1
    assert much_content.features > book.features + 0.05
    assert much_content.style > book.style
    assert smooth.noise < book.noise / 2


# --- the module ------------------------------------------------------------


def test_the_meters_import_neither_framework():
    assert imported("from d2l_style.exercises import meters") == []


def test_the_meters_need_numpy_alone():
    python("import d2l_style.exercises.meters", "scipy", "skimage")


def test_every_meter_says_where_it_comes_from():
    for meter in (
        content_kept,
        colour_distance,
        noise,
        feature_correlation,
        gram,
        gram_distances,
    ):
        assert "Source: " in inspect.getdoc(meter)
        assert "ValueError" in inspect.getdoc(meter)
