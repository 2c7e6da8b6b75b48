"""What a layer sees: fields against gradients, maps against NumPy."""

import io
from dataclasses import FrozenInstanceError
from itertools import combinations, pairwise

import numpy as np
import pytest
from conftest import WIDTHS, picture
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image
from test_imports import imported

from d2l_style.exercises.sight import (
    LAYERS,
    MOST,
    _show_map,
    feature_maps,
    receptive_field,
    show_features,
    strongest,
)
from d2l_style.network import vgg
from d2l_style.network.random_vgg import _conv, _max_pool
from d2l_style.pictures import images

SHAPE = (64, 96)
ALL = [layer.name for layer in vgg.CONVS]


# --- receptive fields ------------------------------------------------------


def averaging_parameters():
    """A VGG-19 of one channel, all weights positive, nothing cancels."""
    parameters, c_in = {}, 3
    for layer in vgg.CONVS:
        W = np.full((1, c_in, 3, 3), 1 / (9 * c_in), np.float32)
        parameters[f"features.{layer.index}.weight"] = W
        parameters[f"features.{layer.index}.bias"] = np.zeros(1, np.float32)
        c_in = 1
    return parameters


def gradient(d2l, net, array, index, i, j):
    """Return d(feature i, j of ``.features[index]``) / d(picture)."""

    def feature(X):
        (Y,), _ = d2l.extract_features(X, [index], [], net=net.features)
        return Y[0, 0, i, j]

    if hasattr(d2l, "torch"):
        X = d2l.torch.from_numpy(array).requires_grad_()
        feature(X).backward()
        return X.grad.numpy()
    X = d2l.np.array(array)
    X.attach_grad()
    with d2l.autograd.record():
        y = feature(X)
    y.backward()
    return X.grad.asnumpy()


def seen(d2l, net, index, i, j):
    """Return (top, bottom, left, right) of the pixels with a gradient.

    A pooling passes on only its greatest input, in a slope always the same
    corner. So two slopes, one up and one down, reach both ends of the field.
    """
    rows, columns = np.mgrid[:288, :304]
    slope = np.float32(1 + (rows + columns) / 100)
    touched = np.zeros(slope.shape, bool)
    for X in (slope, slope[::-1, ::-1]):
        X = np.tile(X, (1, 3, 1, 1))
        touched |= gradient(d2l, net, X, index, i, j).any(axis=(0, 1))
    down, right = touched.any(axis=1), touched.any(axis=0)
    return *np.flatnonzero(down)[[0, -1]], *np.flatnonzero(right)[[0, -1]]


@pytest.mark.parametrize("layer", ALL)
def test_field_is_where_the_gradient_is_not_zero(d2l, layer):
    net = d2l.VGG19(averaging_parameters())
    field, index = receptive_field(layer), vgg.conv_index(layer)
    i, j = 144 // field.stride, 152 // field.stride
    top, bottom, left, right = seen(d2l, net, index, i, j)
    assert bottom - top + 1 == right - left + 1 == field.size
    assert (top, left) == (field.first(i), field.first(j))
    neighbour = seen(d2l, net, index, i - 1, j - 1)
    assert (top - neighbour[0], left - neighbour[2]) == (field.stride,) * 2


def test_field_takes_a_name_or_an_index():
    assert receptive_field("conv4_4") == receptive_field(25)
    assert receptive_field("25") == receptive_field(25)


def test_fields_grow_with_depth():
    fields = [receptive_field(layer) for layer in ALL]
    assert all(a.size < b.size for a, b in pairwise(fields))
    with pytest.raises(FrozenInstanceError):
        fields[0].size = 1


@pytest.mark.parametrize("layer", ["relu1_1", "conv6_1", 1, -1, True, None])
def test_unknown_layer_is_named_with_the_valid_ones(layer):
    for call in (receptive_field, lambda x: feature_maps(picture(1), x)):
        with pytest.raises(ValueError, match=r"conv1_1 = 0, .*conv5_4 = 34"):
            call(layer)


# --- feature maps ----------------------------------------------------------


def in_numpy(img, parameters, layer, tap):
    """Return the maps by another way: no framework."""
    X = images.standardise(images.resize(img, SHAPE))
    X = X.transpose(1, 0, 2, 3)  # (c, n, h, w), as random_vgg has it
    for entry in vgg.LAYERS[: vgg.conv_index(layer) + (tap == "relu") + 1]:
        if entry.kind == "pool":
            X = _max_pool(X)
        elif entry.kind == "relu":
            X = np.maximum(X, 0)
        else:
            b = parameters[f"features.{entry.index}.bias"]
            W = parameters[f"features.{entry.index}.weight"]
            X = _conv(W, X) + b.reshape(-1, 1, 1, 1)
    return X[:, 0]


@pytest.mark.parametrize("tap", ["relu", "conv"])
@pytest.mark.parametrize("layer", ["conv1_1", "conv3_2", "conv5_4"])
def test_maps_are_those_of_numpy(
    backend, layer, tap, content_img, narrow_file, narrow_parameters
):
    maps = feature_maps(
        content_img,
        layer,
        weights=narrow_file,
        backend=backend,
        image_shape=SHAPE,
        tap=tap,
    )
    expected = in_numpy(content_img, narrow_parameters, layer, tap)
    assert maps.dtype == np.float32
    assert (maps.min() < 0) == (tap == "conv")
    np.testing.assert_allclose(
        maps, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max()
    )


@pytest.mark.torch
@pytest.mark.mxnet
def test_both_backends_answer_the_same(content_img):
    a, b = (
        feature_maps(content_img, 25, backend=backend, image_shape=SHAPE)
        for backend in ("pytorch", "mxnet")
    )
    assert a.shape[1:] == (8, 12)
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * np.abs(a).max())


def test_own_net_goes_before_weights(
    d2l, backend, content_img, narrow_file, narrow_parameters
):
    how = {"backend": backend, "image_shape": SHAPE}
    net = d2l.VGG19(narrow_parameters)
    own = feature_maps(content_img, 5, net=net, weights="mini", **how)
    read = feature_maps(content_img, 5, weights=narrow_file, **how)
    assert own.shape == (WIDTHS[1], 32, 48)
    np.testing.assert_array_equal(own, read)


def test_a_picture_too_small_says_so(backend, content_img):
    for call in (feature_maps, show_features):
        with pytest.raises(ValueError, match="15x96 pixels are too few for"):
            call(content_img, "conv5_1", backend=backend, image_shape=(15, 96))


def test_a_picture_of_one_pixel_is_a_picture(backend, narrow_file):
    how = {"weights": narrow_file, "backend": backend, "image_shape": (16, 16)}
    one = Image.new("RGB", (1, 1), "red")
    assert feature_maps(one, "conv5_4", **how).shape == (WIDTHS[4], 1, 1)
    fig = show_features(one, ["conv5_4"], 2, **how)
    assert np.ptp(png(fig)) > 0


@pytest.mark.torch
@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (None, TypeError, "A picture must be"),
        (np.zeros((4, 4, 3)), TypeError, "float64 array"),
        ("nowhere.jpg", FileNotFoundError, "no picture at nowhere.jpg"),
    ],
)
def test_what_is_no_picture(given, error, words):
    for call in (feature_maps, show_features):
        with pytest.raises(error, match=words):
            call(given, "conv1_1", image_shape=SHAPE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tap", "sigmoid"),
        ("backend", "jax"),
        ("image_shape", (64,)),
        ("weights", None),
    ],
)
def test_choices_that_are_none(content_img, name, value):
    with pytest.raises(ValueError, match=f"{name} must be"):
        feature_maps(content_img, 0, **{name: value})


# --- the channels that are shown -------------------------------------------


def test_strongest_vary_most_however_loud_the_others():
    flat, ramp = np.full((2, 3), 100.0), np.arange(6.0).reshape(2, 3)
    maps = np.stack([flat, ramp, 3 * ramp, flat, ramp])
    assert strongest(maps, 5) == [2, 1, 4, 0, 3]
    assert strongest(maps, np.int64(2)) == [2, 1]


@pytest.mark.parametrize("k", [0, -1, 5, 1.0, "3", True, None, np.nan])
def test_k_is_a_number_of_channels(k):
    with pytest.raises(
        ValueError, match=r"k must .* from 1 to 4, not .*has 4"
    ):
        strongest(np.zeros((4, 2, 2)), k)


def test_a_row_has_room_for_so_many():
    with pytest.raises(ValueError, match=f"from 1 to {MOST}.*20 channels"):
        strongest(np.zeros((20, 2, 2)), MOST + 1)


# --- the figure ------------------------------------------------------------


def png(fig):
    out = io.BytesIO()
    fig.savefig(out, format="png")
    return Image.open(out).convert("RGB")


def rows_of(fig, k):
    return [fig.axes[i : i + k + 1] for i in range(0, len(fig.axes), k + 1)]


@pytest.fixture
def how(backend, narrow_file):
    return {"weights": narrow_file, "backend": backend, "image_shape": SHAPE}


def test_a_row_for_each_layer(how, content_img):
    layers = ["conv3_1", "conv1_1", 19, "conv3_1"]
    rows = rows_of(show_features(content_img, layers, 3, **how), 3)
    assert len(rows) == 4
    for layer, (first, *others) in zip(layers, rows, strict=True):
        maps = feature_maps(content_img, layer, **how)
        name, facts = (text.get_text() for text in first.texts)
        field = receptive_field(layer)
        assert name == vgg.layer_name(vgg.conv_index(layer))
        assert "{} × {} features".format(*maps.shape[1:]) in facts
        assert f"every {field.stride} px" in facts
        assert f"{field.size} × {field.size} px" in facts
        for ax, channel in zip(others, strongest(maps, 3), strict=True):
            shown = ax.images[0].get_array()
            np.testing.assert_allclose(shown, maps[channel], rtol=1e-5)
            assert ax.get_title(loc="left") == f"channel {channel}"


def test_field_is_drawn_at_true_scale_in_the_right_place(how):
    img = picture(3, *SHAPE)  # shown as it is
    first, _ = show_features(img, "conv3_1", 1, **how).axes
    field = receptive_field("conv3_1")
    top, left = field.first(16 // 2), field.first(24 // 2)
    box = (left, top, left + field.size, top + field.size)
    expected = np.subtract(box, 0.5)[[0, 2, 3, 1]]  # pixel 0 is at 0
    assert first.images[1].get_extent() == pytest.approx(expected)
    np.testing.assert_array_equal(first.images[1].get_array(), img.crop(box))
    assert first.get_xlim() == (-0.5, 95.5)
    assert first.get_ylim() == (63.5, -0.5)


def test_field_larger_than_the_picture_is_cut(how, content_img):
    first, second = show_features(content_img, "conv5_4", 1, **how).axes
    assert first.images[1].get_extent() == [-0.5, 95.5, 63.5, -0.5]
    assert second.images[0].get_array().shape == (4, 6)


def test_maps_lie_over_the_picture(how, content_img):
    how["image_shape"] = (70, 100)  # 8 does not divide them
    first, second = show_features(content_img, "conv4_1", 1, **how).axes
    assert second.images[0].get_extent() == [-0.5, 95.5, 63.5, -0.5]
    assert second.get_xlim() == first.get_xlim() == (-0.5, 99.5)


@pytest.mark.parametrize("least", [0, -3, 5])
def test_one_answer_among_many_is_still_seen(least):
    Y = np.full((30, 40), least, np.float32)
    Y[3, 4] = least + 1
    ax = Figure().subplots()
    _show_map(ax, Y, 1, Image.new("RGB", (40, 30)))
    colours = ax.images[0].to_rgba(Y)
    assert (colours[3, 4] != colours[0, 0]).any()


@pytest.mark.torch
@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("shape", [(64, 96), (96, 64), (16, 320), (320, 16)])
def test_words_stay_in_the_figure_and_apart(
    narrow_file, content_img, shape, k
):
    fig = show_features(
        content_img, LAYERS, k, weights=narrow_file, image_shape=shape
    )
    fig.canvas.draw()
    boxes = [
        text.get_window_extent()
        for text in fig.findobj(Text)
        if text.get_text() and text.get_visible()
    ]
    assert len(boxes) == 1 + len(LAYERS) * (2 + k)
    for box in boxes:
        assert box.x0 >= 0 <= box.y0
        assert box.x1 <= fig.bbox.x1
        assert box.y1 <= fig.bbox.y1
    for a, b in combinations(boxes, 2):
        assert not a.overlaps(b)


@pytest.mark.torch
def test_a_notebook_shows_it_sharply(narrow_file, content_img, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    fig = show_features(
        content_img, ["conv1_1"], 2, weights=narrow_file, image_shape=SHAPE
    )
    fig._ipython_display_()
    (image,) = shown
    size = Image.open(io.BytesIO(image.data)).size
    assert size == pytest.approx((2 * image.width, 2 * image.height), abs=2)


@pytest.mark.torch
@pytest.mark.parametrize("layers", [[], None, {"conv1_1"}, "conv9_9", [2.5]])
def test_layers_are_a_list_of_convolutions(layers, content_img):
    with pytest.raises(ValueError, match="conv1_1"):
        show_features(content_img, layers, image_shape=SHAPE)


@pytest.mark.parametrize("k", [0, WIDTHS[0] + 1])
def test_figure_of_too_few_channels(how, content_img, k):
    with pytest.raises(ValueError, match="conv1_1 has 4 channels"):
        show_features(content_img, ["conv1_1", "conv5_1"], k, **how)


def test_sight_imports_neither_framework():
    assert imported("import d2l_style.exercises.sight") == []
