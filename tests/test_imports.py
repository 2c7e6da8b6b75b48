"""What is imported when, and what is said where a framework is missing."""

import importlib
import json
import os
import platform
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from d2l_style.machine import doctor, remedies
from d2l_style.machine.numpy_aliases import _ALIASES, _UNUSED, lent_names

BLOCK = """
    import sys
    class Blocker:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in {blocked!r}:
                raise ModuleNotFoundError(f"No module named {{name!r}}",
                                          name=name)
    sys.meta_path.insert(0, Blocker())
"""


def python(code, *blocked):
    """Run code in a new Python, without the blocked packages; its output."""
    block = textwrap.dedent(BLOCK).format(blocked=set(blocked))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", block + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


IMPORTED = """
    import json
    print(json.dumps([m for m in ("torch", "torchvision", "mxnet")
                      if m in sys.modules]))
"""


def imported(code):
    return json.loads(python(code + textwrap.dedent(IMPORTED)))


def test_the_package_imports_neither_framework():
    assert imported("import d2l_style") == []


def test_what_both_share_imports_neither_framework():
    code = """
    from d2l_style import choices, cli, images, recipe, sheet, transfer
    from d2l_style.engine import base, forecast, gradient_shares
    from d2l_style.machine import doctor, numpy_aliases, tuning
    from d2l_style.network import fetch, oxford, pretrained, weights, wheel
    from d2l_style.pictures import animator, images, png, samples
    """
    assert imported(textwrap.dedent(code)) == []


@pytest.mark.torch
def test_the_pytorch_backend_imports_no_mxnet():
    modules = imported("from d2l_style import torch as d2l")
    assert "torch" in modules
    assert "mxnet" not in modules


@pytest.mark.torch
def test_a_run_in_pytorch_imports_no_torchvision_and_no_compiler():
    """Together they took longer than a whole run, and 190 MB."""
    run = """
        import sys
        from d2l_style.recipe import Recipe
        from d2l_style.transfer import StyleTransfer
        recipe = Recipe(image_shape=(32, 48), weights="mini", tap="conv")
        transfer = StyleTransfer({0!r}, {0!r}, recipe)
        numbers = [epoch.number for epoch in transfer.run(2)]
        slow = {{"torchvision", "torch._dynamo", "sympy"}} & {{*sys.modules}}
        print(numbers, sorted(slow))
    """.format("img/rainier.jpg")
    assert python(run) == "[1, 2] []\n"


@pytest.mark.mxnet
def test_the_mxnet_backend_imports_no_pytorch():
    assert imported("from d2l_style import mxnet as d2l") == ["mxnet"]


@pytest.mark.mxnet
def test_numpy_is_as_before_after_the_import():
    code = """
        import numpy, types
        before = dict(vars(numpy))
        from d2l_style import mxnet as d2l
        after = vars(numpy)
        print(sorted(
            name for name in {*before, *after}
            if before.get(name) is not after.get(name)
            and not isinstance(after.get(name), types.ModuleType)
        ))
    """
    assert python(code) == "[]\n"


@pytest.mark.mxnet
def test_numpy_is_as_before_after_an_import_that_fails():
    code = """
        import ctypes, numpy
        before = set(vars(numpy))
        def no_library(*args, **kwargs):
            raise OSError("libgomp.so.1: cannot open shared object file")
        ctypes.CDLL = no_library
        from d2l_style.machine.doctor import missing_framework
        for _ in range(2):
            print(missing_framework("mxnet"))
        print(sorted(set(vars(numpy)) ^ before))
    """
    first, second, changed = python(code).splitlines()
    assert first == second
    assert "libgomp.so.1: cannot open" in first
    assert "'sudo apt-get install libgomp1 libquadmath0'" in first
    assert changed == "[]"


def test_names_are_lent_and_taken_back():
    names = {*_ALIASES, *_UNUSED}
    before = dict(vars(np))
    lacking = {name for name in names if name not in before}
    assert lacking >= {"PZERO", "msort", "pmt"} - set(before)
    assert lacking
    with lent_names():
        assert all(name in vars(np) for name in names)
        kept = names - lacking
        assert all(vars(np)[name] is before[name] for name in kept)
        with lent_names():  # within itself
            pass
        assert all(name in vars(np) for name in names)
    assert vars(np).keys() == before.keys()
    with pytest.raises(KeyError), lent_names():
        raise KeyError
    assert vars(np).keys() == before.keys()


# Without a framework


@pytest.mark.parametrize(
    ("missing", "title", "other"),
    [("torch", "PyTorch", "mxnet"), ("mxnet", "MXNet", "torch")],
)
def test_a_missing_framework_is_one_sentence(missing, title, other):
    code = f"""
        try:
            from d2l_style import {missing} as d2l
        except ImportError as error:
            print(error)
    """
    said = python(code, missing, "torchvision")
    assert said.startswith(f"{title} is needed, but it is not installed. ")
    assert f"'from d2l_style import {other} as d2l'" in said
    assert said.count("\n") == 1


RUNS = """
    import sys
    from PIL import Image
    from d2l_style.recipe import Recipe
    from d2l_style.transfer import StyleTransfer
    from d2l_style.machine.doctor import missing_framework
    recipe = Recipe(weights={weights!r}, image_shape=(32, 48), num_epochs=2)
    pictures = [Image.new("RGB", (60, 40), c) for c in ("navy", "orange")]
    run = StyleTransfer(*pictures, recipe, {backend!r})
    print([epoch.number for epoch in run.run()], run.image().size)
    print(missing_framework({missing!r}) is None)
"""


@pytest.mark.torch
def test_pytorch_works_without_mxnet_and_torchvision(narrow_file):
    code = RUNS.format(weights=narrow_file, backend="pytorch", missing="mxnet")
    said = python(code, "mxnet", "torchvision")
    assert said == "[1, 2] (48, 32)\nFalse\n"


@pytest.mark.mxnet
def test_mxnet_works_without_pytorch(narrow_file):
    code = RUNS.format(weights=narrow_file, backend="mxnet", missing="torch")
    assert python(code, "torch", "torchvision") == "[1, 2] (48, 32)\nFalse\n"


# The sentences


def raising(error):
    """Return an import_module that fails at the frameworks alone."""
    real = importlib.import_module

    def import_module(name, *args):
        if name in ("torch", "mxnet"):
            raise error
        return real(name, *args)

    return import_module


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (
            OSError("libquadmath.so.0: cannot open shared object file"),
            "'sudo apt-get install libgomp1 libquadmath0'",
        ),
        (
            ModuleNotFoundError(
                "No module named 'distutils'", name="distutils"
            ),
            "pip install setuptools'",
        ),
        (
            ModuleNotFoundError("No module named 'graphviz'", name="graphviz"),
            "pip install graphviz'",
        ),
        (
            ModuleNotFoundError("No module named 'mxnet.x'", name="mxnet.x"),
            "ask with this message",
        ),
        (AttributeError("module 'numpy' has no attribute 'x'"), "ask with"),
        (ImportError("cannot import name 'x'"), "ask with this message"),
    ],
    ids=str,
)
def test_a_framework_that_does_not_import(monkeypatch, error, advice):
    monkeypatch.setattr(doctor.importlib, "import_module", raising(error))
    said = doctor.missing_framework("mxnet")
    assert said.startswith(f"MXNet is needed, but its import fails ({error})")
    assert advice in said
    with pytest.raises(ImportError) as info:
        doctor.require("mxnet", "This test takes MXNet.")
    assert str(info.value) == f"This test takes MXNet. {said}"
    assert info.value.__cause__ is error


def test_an_error_that_is_none_of_these_is_not_hidden(monkeypatch):
    monkeypatch.setattr(
        doctor.importlib, "import_module", raising(ZeroDivisionError())
    )
    with pytest.raises(ZeroDivisionError):
        doctor.missing_framework("mxnet")


@pytest.mark.parametrize(
    ("name", "system", "machine", "version", "sentence"),
    [
        ("torch", "Linux", "x86_64", (3, 11), "pip install torch torchv"),
        ("torch", "Linux", "aarch64", (3, 13), "pip install torch torchv"),
        ("torch", "Windows", "AMD64", (3, 12), "pip install torch torchv"),
        ("torch", "Darwin", "arm64", (3, 12), "pip install torch torchv"),
        ("torch", "Darwin", "x86_64", (3, 12), "no current PyTorch for Macs"),
        ("mxnet", "Linux", "x86_64", (3, 12), "pip install mxnet==1.9.1'"),
        ("mxnet", "Darwin", "x86_64", (3, 11), "pip install mxnet==1.9.1'"),
        ("mxnet", "Linux", "x86_64", (3, 13), "install --no-deps mxnet=="),
        ("mxnet", "Linux", "x86_64", (3, 14), "install --no-deps mxnet=="),
        ("mxnet", "Linux", "aarch64", (3, 12), "no MXNet for aarch64"),
        ("mxnet", "Darwin", "arm64", (3, 13), "no MXNet for Macs with"),
        ("mxnet", "Windows", "AMD64", (3, 12), "in WSL2"),
        ("mxnet", "Windows", "ARM64", (3, 13), "in WSL2"),
    ],
)
def test_what_to_do_on_each_platform(name, system, machine, version, sentence):
    machine = remedies.Machine(system, machine.lower(), version)
    said = remedies.how_to_install(name, machine)
    assert sentence in said
    assert said.endswith(".")


def test_what_to_do_here_is_of_this_platform(monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    monkeypatch.setattr(platform, "machine", lambda: "AMD64")
    monkeypatch.setitem(sys.modules, "mxnet", None)
    assert "WSL2" in doctor.missing_framework("mxnet")
