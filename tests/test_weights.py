"""The same numbers for both backends, from files that nobody has to trust."""

import json
import os
import pickle
import struct
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import put_oxford
from PIL import Image
from safetensors.numpy import save_file

from d2l_style.network import fetch, random_vgg, vgg, weights
from d2l_style.network.random_vgg import random_parameters
from d2l_style.network.weights import best, describe, load_parameters, resolve
from d2l_style.pictures import images
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer, network_of

IMG = Path(__file__).resolve().parents[1] / "img"


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)


@pytest.fixture
def no_mini(monkeypatch, tmp_path, no_carrier):
    """As long as no trained network is here at all."""
    path = tmp_path / "not-bundled.safetensors"
    monkeypatch.setattr(weights, "bundled", lambda: path)
    return path


# The names


def test_auto_takes_the_best_that_is_here(no_mini, narrow_parameters):
    assert resolve() == resolve("auto") == best() == "random"
    save_file(narrow_parameters, no_mini)
    assert resolve("auto") == resolve("auto", gpu=True) == best() == "mini"
    assert same(load_parameters("auto"), narrow_parameters)
    put_oxford()
    assert resolve("auto") == "mini"  # the quick one, on a CPU
    assert resolve("auto", gpu=True) == best() == "oxford"
    assert same(load_parameters("auto"), narrow_parameters)
    imagenet = {k: v + 1 for k, v in narrow_parameters.items()}
    save_file(imagenet, fetch.cached_vgg19())
    assert resolve("auto") == resolve("auto", gpu=True) == "imagenet"
    assert best() == "imagenet"
    assert same(load_parameters("auto"), imagenet)
    assert same(load_parameters("imagenet"), imagenet)
    assert same(load_parameters("mini"), narrow_parameters)


def test_oxfords_network_goes_before_random_weights(no_mini):
    """It is as slow as they are, and paints."""
    put_oxford()
    assert resolve("auto") == resolve("auto", gpu=True) == "oxford"


def test_auto_is_random_at_last(no_mini, monkeypatch, narrow_parameters):
    monkeypatch.setattr(
        weights, "random_parameters", lambda: narrow_parameters
    )
    assert load_parameters("auto") is narrow_parameters
    assert load_parameters("random") is narrow_parameters


@pytest.mark.parametrize(
    "kind", ["imagenet", "oxford", "mini", "random", "a.b", Path()]
)
def test_anything_but_auto_is_what_it_is(kind):
    assert resolve(kind) == resolve(kind, gpu=True) == kind


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("imagenet", ["trained on ImageNet"]),
        ("oxford", ["VGG-19", "Simonyan and Zisserman", "Gatys"]),
        ("mini", ["quick stand-in", "fetch vgg19'", "18.5 MB"]),
        ("random", ["random weights", "fetch vgg19'", "18.5 MB"]),
        ("my/net.safetensors", ["my/net.safetensors"]),
        (Path("net.safetensors"), ["net.safetensors"]),
    ],
)
def test_each_kind_is_described_in_one_line(kind, parts, no_carrier):
    said = describe(kind)
    assert all(part in said for part in ["Network: ", *parts])
    assert "\n" not in said


@pytest.mark.parametrize("kind", ["mini", "random"])
def test_where_the_real_one_is_here_nobody_is_sent_to_fetch_it(kind):
    put_oxford()
    assert "weights='oxford'" in describe(kind)
    assert "fetch" not in describe(kind)
    assert ("some minutes" in describe(kind)) == (kind == "mini")


def test_auto_is_described_as_what_it_stands_for(no_mini, narrow_parameters):
    assert describe("auto") == describe("random")
    put_oxford()
    save_file(narrow_parameters, no_mini)
    assert describe("auto") == describe("mini")
    assert describe("auto", gpu=True) == describe("oxford")
    save_file(narrow_parameters, fetch.cached_vgg19())
    assert describe("auto") == describe("imagenet")


def test_auto_prints_one_line(d2l, monkeypatch, capsys, narrow_parameters):
    monkeypatch.setattr(d2l, "load_parameters", lambda w: narrow_parameters)
    d2l.pretrained_vgg19()
    assert capsys.readouterr().out == describe("auto") + "\n"
    d2l.pretrained_vgg19("auto", verbose=False)
    d2l.pretrained_vgg19("random")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("gpu", [True, False])
def test_auto_asks_the_framework_for_a_gpu(
    d2l, backend, monkeypatch, capsys, narrow_parameters, gpu
):
    put_oxford()
    asked = []
    monkeypatch.setattr(d2l, "has_gpu", lambda: gpu)
    monkeypatch.setattr(
        d2l, "load_parameters", lambda w: asked.append(w) or narrow_parameters
    )
    d2l.pretrained_vgg19()
    kind = "oxford" if gpu else "mini"
    assert asked == [kind]
    assert capsys.readouterr().out == describe(kind) + "\n"
    assert network_of(Recipe(), backend) == kind
    assert network_of(Recipe(weights="random"), backend) == "random"


def test_a_gpu_is_what_try_gpu_finds(d2l, monkeypatch):
    def found(device_type):
        device = SimpleNamespace(type=device_type, device_type=device_type)
        monkeypatch.setattr(d2l, "try_gpu", lambda: device)
        return d2l.has_gpu()

    assert (found("cuda"), found("gpu"), found("cpu")) == (True, True, False)


def missing(kind, *parts):
    with pytest.raises(FileNotFoundError) as error:
        load_parameters(kind)
    for part in parts:
        assert part in str(error.value)
    assert str(error.value).endswith(".")


def test_weights_that_are_not_here(no_mini, tmp_path):
    missing(
        "imagenet",
        str(fetch.cached_vgg19()),
        "fetch vgg19 --torchvision'",
    )
    missing("oxford", "fetch vgg19'", "18.5 MB")
    missing("mini", str(no_mini), "weights='random'")
    missing("ImageNet", "'imagenet', 'oxford', 'mini'", ".safetens")
    missing(tmp_path / "none.safetensors", str(tmp_path), ".safetensors")
    missing(tmp_path, f"{tmp_path} is a folder", ".safetensors")
    missing("", "'auto'")


def test_mini_is_bundled_and_has_the_plan():
    parameters = load_parameters("mini")
    widths = [len(parameters[f"features.{c.index}.bias"]) for c in vgg.CONVS]
    assert widths == [16] * 2 + [32] * 2 + [64] * 4 + [128] * 8
    assert weights.bundled().stat().st_size < 3e6
    assert resolve() == "mini"  # be the real one here or not


def test_minis_losses_are_nearly_those_of_vgg19(oxford_file):
    """On pictures that it was not trained on, in both taps."""
    pair = [
        images.standardise(
            images.resize(images.open_image(IMG / f"{name}.jpg"), (96, 144))
        )[0]
        for name in ("harbour", "night-swirls")
    ]
    mini, vgg19 = (
        style_losses(load_parameters(weights), *pair)
        for weights in ("mini", "oxford")
    )
    assert len(vgg19) == 2 * len(Recipe().style_layers)
    for tap, loss in vgg19.items():
        assert 0.5 < mini[tap] / loss < 2, (tap, mini[tap], loss)


def style_losses(parameters, A, B):
    """Return {(layer, tap): 1e4 mean((gram - gram')^2)} of two pictures."""
    X, found = np.stack([A, B], axis=1), {}
    for layer in vgg.LAYERS[: vgg.conv_index("conv5_1") + 1]:
        if layer.kind == "pool":
            X = random_vgg._max_pool(X)
        elif layer.kind == "conv":
            name = f"features.{layer.index}"
            X = random_vgg._conv(parameters[f"{name}.weight"], X)
            X += parameters[f"{name}.bias"].reshape(-1, 1, 1, 1)
            for tap, Y in ("conv", X), ("relu", np.maximum(X, 0)):
                if layer.index not in Recipe().style_layers:
                    continue
                a, b = (random_vgg._gram(Y[:, k]) for k in (0, 1))
                found[layer.name, tap] = 1e4 * np.mean((a - b) ** 2)
            X = np.maximum(X, 0)
    return found


# Random weights


@pytest.fixture(scope="module")
def full_parameters():
    return load_parameters("random")


def test_random_is_a_whole_vgg19(full_parameters):
    c_in = 3
    for layer in vgg.CONVS:
        c_out = vgg.WIDTHS[layer.block - 1]
        W = full_parameters[f"features.{layer.index}.weight"]
        b = full_parameters[f"features.{layer.index}.bias"]
        assert W.shape == (c_out, c_in, 3, 3)
        assert b.shape == (c_out,)
        assert W.dtype == b.dtype == np.float32
        assert np.isfinite(W).all()
        c_in = c_out
    assert len(full_parameters) == 2 * len(vgg.CONVS)


def test_random_is_the_same_every_time(narrow_parameters):
    widths = [
        len(narrow_parameters[f"features.{i}.bias"])
        for i in (0, 5, 10, 19, 28)
    ]
    again = random_parameters(seed=1, widths=widths)
    assert same(again, narrow_parameters)
    other = random_parameters(seed=2, widths=widths)
    assert not same(other, narrow_parameters)


def test_random_is_the_same_on_every_machine(full_parameters):
    """Another network would make another picture of the same recipe."""
    W = full_parameters["features.0.weight"].ravel()
    expected = [1.66408277, -0.91636086, -0.02312316, -1.46848202]
    assert (W[1:5] / W[0]).tolist() == pytest.approx(expected, rel=1e-5)


def test_random_is_balanced_at_the_books_weights(d2l, full_parameters):
    recipe = Recipe(weights="random", image_shape=(150, 225))
    net = d2l.VGG19(full_parameters)
    backend = "mxnet" if d2l.__name__.endswith("mxnet") else "pytorch"
    pictures = IMG / "rainier.jpg", IMG / "autumn-oak.jpg"
    run = StyleTransfer(*pictures, recipe, backend, net=net)
    losses = next(run.run(1)).losses
    assert len(losses.styles) == 5
    assert max(losses.styles) < 10 * min(losses.styles)
    assert 1 < losses.total < 50
    assert losses.content < 1e-6 * losses.total
    assert 0.1 * losses.style < losses.tv < losses.style


# Files that are not what they should be


def refused(path, *parts):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"\.$") as error:
            load_parameters(path)
    for part in (str(path), *parts):
        assert part in str(error.value)
    assert "\n" not in str(error.value)


@pytest.fixture
def save(tmp_path, narrow_parameters):
    """Save the narrow network with some of its tensors changed."""

    def save_changed(changes=None, without=()):
        tensors = {**narrow_parameters, **(changes or {})}
        for name in without:
            del tensors[name]
        path = tmp_path / "changed.safetensors"
        save_file(tensors, path)
        return path

    return save_changed


def test_a_good_file(save, narrow_parameters):
    path = save()
    for kind in (path, str(path)):
        assert same(load_parameters(kind), narrow_parameters)


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_floats_become_float32(save, narrow_parameters, dtype):
    path = save({k: v.astype(dtype) for k, v in narrow_parameters.items()})
    for name, array in load_parameters(path).items():
        assert array.dtype == np.float32
        assert np.allclose(array, narrow_parameters[name], rtol=1e-3)


@pytest.mark.parametrize("part", [0, 4, 8, 100, 0.5, -1])
def test_a_truncated_file(save, part):
    path = save()
    data = path.read_bytes()
    end = int(len(data) * part) if isinstance(part, float) else part
    path.write_bytes(data[:end])
    refused(path, "cannot be read as safetensors")


@pytest.mark.parametrize(
    "content",
    [
        b"Not a network.",
        b"\0" * 100,
        b"\xff" * 100,  # a header of 2**64 - 1 bytes
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 4) + b"\xff\xfe\xfd\xfc",
        b"PK\3\4" + b"\0" * 100,
    ],
)
def test_a_file_of_something_else(tmp_path, content):
    path = tmp_path / "net.safetensors"
    path.write_bytes(content)
    refused(path, "safetensors")


def by_hand(path, dtype, shape, size, name="features.0.weight"):
    """Write a safetensors file with one tensor of ``size`` zero bytes."""
    entry = {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}
    header = json.dumps({name: entry}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * size)
    return path


@pytest.mark.parametrize(
    ("dtype", "shape", "size"),
    [
        ("F32", [4, 3, 3, 3], 100),  # too little
        ("F32", [2**40, 3, 3, 3], 432),  # more than any memory
        ("F32", [-4, 3, 3, 3], 432),
        ("XYZ", [4, 3, 3, 3], 432),
    ],
)
def test_a_header_that_lies(tmp_path, dtype, shape, size):
    path = by_hand(tmp_path / "net.safetensors", dtype, shape, size)
    refused(path, "cannot be read as safetensors")


@pytest.mark.parametrize(("dtype", "size"), [("BF16", 216), ("F8_E4M3", 108)])
def test_floats_that_numpy_does_not_have(tmp_path, dtype, size):
    path = by_hand(tmp_path / "net.safetensors", dtype, [4, 3, 3, 3], size)
    refused(path, "float16, float32 or float64")


def test_other_tensors_are_left_out(tmp_path, narrow_parameters, save):
    extra = {"classifier.0.weight": np.zeros((2, 2), np.int64)}
    assert same(load_parameters(save(extra)), narrow_parameters)
    path = by_hand(tmp_path / "a.safetensors", "BF16", [2], 4, "classifier.0")
    refused(path, "there is no features.0.weight")


class Malicious:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_pickle_is_never_read(tmp_path):
    mark = tmp_path / "hacked"
    path = tmp_path / "net.safetensors"
    path.write_bytes(pickle.dumps(Malicious(mark)))
    refused(path, "cannot be read as safetensors")
    assert not mark.exists()
    pickle.loads(path.read_bytes())
    assert mark.exists()  # it would have worked


@pytest.mark.torch
def test_a_file_of_pytorch_is_never_read(tmp_path):
    import torch

    mark = tmp_path / "hacked"
    path = tmp_path / "net.pth"
    torch.save({"features.0.weight": Malicious(mark)}, path)
    refused(path, "cannot be read as safetensors")
    assert not mark.exists()


@pytest.mark.parametrize(
    "name", ["features.0.weight", "features.16.bias", "features.34.weight"]
)
def test_a_missing_layer(save, name):
    refused(save(without=[name]), f"there is no {name}", "torchvision")


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("features.0.weight", (), "(channels, 3, 3, 3)"),
        ("features.0.weight", (4,), "(channels, 3, 3, 3)"),
        ("features.0.weight", (4, 3, 5, 5), "(channels, 3, 3, 3)"),
        ("features.0.weight", (4, 1, 3, 3), "(channels, 3, 3, 3)"),
        ("features.0.weight", (0, 3, 3, 3), "(channels, 3, 3, 3)"),
        ("features.0.weight", (4, 3, 3, 3, 1), "(channels, 3, 3, 3)"),
        ("features.2.weight", (4, 5, 3, 3), "(channels, 4, 3, 3)"),
        ("features.0.weight", (5, 3, 3, 3), "(5,)"),
        ("features.0.bias", (), "(4,)"),
        ("features.0.bias", (0,), "(4,)"),
        ("features.0.bias", (4, 1), "(4,)"),
    ],
)
def test_a_wrong_shape(save, name, shape, expected):
    path = save({name: np.zeros(shape, np.float32)})
    refused(path, "features.0" if "5," in expected else name, expected)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["features.5.weight", "features.34.bias"])
def test_a_value_that_is_not_finite(save, narrow_parameters, name, value):
    array = narrow_parameters[name].copy()
    array.flat[-1] = value
    refused(save({name: array}), name, "not finite")


def test_a_value_too_large_for_float32(save, narrow_parameters):
    array = narrow_parameters["features.0.bias"].astype(np.float64)
    array[0] = 1e300
    refused(save({"features.0.bias": array}), "features.0.bias", "not finite")


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint8, bool])
def test_a_type_that_holds_no_weights(save, dtype):
    array = np.ones((4, 3, 3, 3), dtype)
    path = save({"features.0.weight": array})
    refused(path, "features.0.weight", str(np.dtype(dtype)))


def test_a_damaged_cache_names_the_file():
    fetch.cached_vgg19().write_bytes(b"damaged")
    with pytest.raises(ValueError, match="vgg19-imagenet.safetensors"):
        load_parameters("imagenet")


# The network


def test_the_network_has_the_books_indices(d2l, narrow_file):
    net = d2l.pretrained_vgg19(narrow_file)
    kinds = [type(layer).__name__.lower() for layer in net.features]
    short = {"conv2d": "conv", "activation": "relu", "maxpool2d": "pool"}
    assert [short.get(kind, kind) for kind in kinds] == [
        layer.kind for layer in vgg.LAYERS
    ]


@pytest.mark.torch
@pytest.mark.mxnet
def test_both_backends_build_the_same_network(narrow_file):
    from d2l_style import mxnet, torch

    img = Image.open(IMG / "rainier.jpg")
    layers = [layer.index for layer in vgg.CONVS] + [36]
    outputs = []
    for d2l in (torch, mxnet):
        net = d2l.pretrained_vgg19(narrow_file).features
        X = d2l.preprocess(img, (48, 72))
        features, _ = d2l.extract_features(X, layers, [], net=net)
        outputs.append(features)
    for i, (a, b) in enumerate(zip(*outputs, strict=True)):
        a, b = a.detach().numpy(), b.asnumpy()
        assert a.shape == b.shape
        assert np.abs(a - b).max() < 1e-4 * np.abs(a).max(), layers[i]


def test_the_network_holds_the_numbers_of_the_file(
    d2l, backend, narrow_file, narrow_parameters
):
    net = d2l.pretrained_vgg19(narrow_file)
    for layer in vgg.CONVS:
        conv = net.features[layer.index]
        for kind in ("weight", "bias"):
            array = getattr(conv, kind).data
            array = (
                array.numpy() if backend == "pytorch" else array().asnumpy()
            )
            name = f"features.{layer.index}.{kind}"
            assert np.array_equal(array, narrow_parameters[name])
