"""Downloads from a server on this machine: the right file, or nothing."""

import hashlib
import io
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from servers import closed_address, serving

from d2l_style.network import download, fetch
from d2l_style.network.weights import describe, load_parameters, resolve

CONTENT = bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(autouse=True)
def short_patience(monkeypatch):
    monkeypatch.setattr(download, "SECONDS", 0.4)


def source(url, content=CONTENT, name="file.bin"):
    sha256 = hashlib.sha256(content).hexdigest()
    return fetch.Source(f"{url}/{name}", sha256, 0.01)


def test_the_right_file(tmp_path, capsys):
    with serving(**{"file.bin": CONTENT}) as server:
        path = fetch.download(source(server.url), tmp_path, False)
    assert path == tmp_path / "file.bin"
    assert path.read_bytes() == CONTENT
    assert os.listdir(tmp_path) == ["file.bin"]
    assert capsys.readouterr() == ("", "")


def test_progress_is_shown(tmp_path, capsys):
    with serving(**{"file.bin": CONTENT}) as server:
        fetch.download(source(server.url), tmp_path)
    out, err = capsys.readouterr()
    assert out == ""
    assert "10.2k" in err
    assert "100%" in err


def test_a_second_call_downloads_nothing(tmp_path):
    with serving(**{"file.bin": CONTENT}) as server:
        for _ in range(2):
            fetch.download(source(server.url), tmp_path, False)
        assert server.downloads == ["/file.bin"]


def test_a_damaged_file_is_downloaded_again(tmp_path):
    (tmp_path / "file.bin").write_bytes(b"damaged")
    with serving(**{"file.bin": CONTENT}) as server:
        path = fetch.download(source(server.url), tmp_path, False)
    assert path.read_bytes() == CONTENT


def test_a_login_page_is_not_the_file(tmp_path):
    with serving(**{"file.bin": b"<html>Welcome! Log in.</html>"}) as server:
        with pytest.raises(ValueError, match="login page") as error:
            fetch.download(source(server.url), tmp_path, False)
        assert f"{server.url}/file.bin" in str(error.value)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("answer", [403, 404, 500, "cut", "hang"])
def test_a_server_that_fails(tmp_path, answer):
    start = time.monotonic()
    with serving(**{"file.bin": answer}) as server:
        with pytest.raises(ConnectionError) as error:
            fetch.download(source(server.url), tmp_path, False)
        assert server.downloads
    assert time.monotonic() - start < 10
    message = str(error.value)
    assert message.startswith("file.bin could not be downloaded from http:")
    if isinstance(answer, int):
        assert str(answer) in message
    assert "D2L_STYLE_MIRROR" in message
    assert os.listdir(tmp_path) == []


def test_a_server_that_is_not_there(tmp_path):
    with pytest.raises(ConnectionError, match="Check the connection"):
        fetch.download(source(closed_address()), tmp_path, False)
    assert os.listdir(tmp_path) == []


def test_a_failure_keeps_what_was_there(tmp_path):
    (tmp_path / "file.bin").write_bytes(b"mine")
    with pytest.raises(ConnectionError):
        fetch.download(source(closed_address()), tmp_path, False)
    assert (tmp_path / "file.bin").read_bytes() == b"mine"


@pytest.mark.parametrize("path", ["/week3", "/week3/"])
def test_a_mirror_is_asked_instead(tmp_path, monkeypatch, path):
    with serving(**{"week3/file.bin": CONTENT}) as server:
        monkeypatch.setenv("D2L_STYLE_MIRROR", server.url + path)
        official = source("https://official.invalid/a/b")
        fetch.download(official, tmp_path, False)
        assert server.downloads == ["/week3/file.bin"]
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_mirror_is_held_to_the_same_hash(tmp_path, monkeypatch):
    with serving(**{"file.bin": b"another file"}) as server:
        monkeypatch.setenv("D2L_STYLE_MIRROR", server.url)
        with pytest.raises(ValueError, match="SHA-256"):
            fetch.download(source("https://official.invalid"), tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("mirror", ["laptop", "ftp://laptop", "http://"])
def test_a_mirror_that_is_no_address(tmp_path, monkeypatch, mirror):
    monkeypatch.setenv("D2L_STYLE_MIRROR", mirror)
    with pytest.raises(ConnectionError, match="D2L_STYLE_MIRROR"):
        fetch.download(source("https://official.invalid"), tmp_path, False)


def test_a_disk_that_is_full_is_not_blamed_on_the_network(
    tmp_path, monkeypatch
):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download, "_append", full)
    with (
        serving(**{"file.bin": CONTENT}) as server,
        pytest.raises(OSError, match="No space left") as error,
    ):
        fetch.download(source(server.url), tmp_path, False)
    assert not isinstance(error.value, ConnectionError)


def test_the_official_sources():
    assert fetch.VGG19.name == "vgg19-dcbb9e9d.pth"
    assert fetch.VGG19.sha256.startswith("dcbb9e9d")
    names = [s.name for s in fetch.BOOK_IMAGES]
    assert names == ["rainier.jpg", "autumn-oak.jpg"]
    for s in (fetch.VGG19, *fetch.BOOK_IMAGES):
        assert s.url.startswith("https://")
    for s in (fetch.VGG19, fetch.OXFORD, fetch.OXFORD_WHEEL):
        assert len(s.sha256) == 64


def test_where_the_cache_is(monkeypatch, own_cache):
    assert fetch.cache_dir() == own_cache
    monkeypatch.delenv("D2L_STYLE_CACHE")
    assert fetch.cache_dir().name == "d2l-style"
    assert fetch.cache_dir().is_absolute()


# Torchvision's VGG-19


def state_dict(parameters):
    """Return what torchvision's file holds, of a narrow network."""
    import torch

    tensors = {k: torch.from_numpy(v) for k, v in parameters.items()}
    tensors["classifier.0.weight"] = torch.zeros(4, 4)
    tensors["classifier.0.bias"] = torch.zeros(4)
    return tensors


def saved(thing, **options):
    import torch

    file = io.BytesIO()
    torch.save(thing, file, **options)
    return file.getvalue()


@pytest.mark.torch
@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
def test_vgg19_is_kept_as_features_only(narrow_parameters, own_cache, new):
    content = saved(
        state_dict(narrow_parameters), _use_new_zipfile_serialization=new
    )
    assert resolve("auto") != "imagenet"
    with serving(**{"vgg19.pth": content}) as server:
        official = source(server.url, content, "vgg19.pth")
        path = fetch.fetch_torchvision_vgg19(official, progressbar=False)
        assert (
            fetch.fetch_torchvision_vgg19(official, progressbar=False) == path
        )
        assert server.downloads == ["/vgg19.pth"]
    assert path == own_cache / "vgg19-imagenet.safetensors"
    assert os.listdir(own_cache) == [path.name]  # the big file is gone
    assert load_file(path).keys() == narrow_parameters.keys()
    assert resolve("auto") == "imagenet"
    assert "ImageNet" in describe("auto")
    for weights in ("imagenet", "auto"):
        loaded = load_parameters(weights)
        for name, array in narrow_parameters.items():
            assert np.array_equal(loaded[name], array)


@pytest.mark.torch
def test_vgg19_in_half_precision_and_any_order(narrow_parameters):
    tensors = state_dict(narrow_parameters)
    weight = tensors["features.2.weight"].half()
    weight = weight.permute(1, 0, 2, 3).contiguous().permute(1, 0, 2, 3)
    tensors["features.2.weight"] = weight
    content = saved(tensors)
    with serving(**{"vgg19.pth": content}) as server:
        fetch.fetch_torchvision_vgg19(
            source(server.url, content, "vgg19.pth"), False
        )
    loaded = load_parameters("imagenet")["features.2.weight"]
    assert np.array_equal(loaded, weight.float().numpy())


class Malicious:
    """A pickle that makes a file when it is read."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.torch
@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
def test_a_malicious_pickle_is_not_run(tmp_path, own_cache, new):
    mark = tmp_path / "hacked"
    content = saved(
        {"features.0.weight": Malicious(mark)},
        _use_new_zipfile_serialization=new,
    )
    with serving(**{"vgg19.pth": content}) as server:
        official = source(server.url, content, "vgg19.pth")
        with pytest.raises(ValueError, match="vgg19.pth"):
            fetch.fetch_torchvision_vgg19(official, False)
    assert not mark.exists()
    assert os.listdir(own_cache) == []
    import torch

    torch.load(io.BytesIO(content), weights_only=False)
    assert mark.exists()  # it would have run


@pytest.mark.torch
def test_a_file_of_something_else_is_refused(own_cache):
    content = b"not a file of PyTorch"
    with serving(**{"vgg19.pth": content}) as server:
        official = source(server.url, content, "vgg19.pth")
        with pytest.raises(ValueError, match="vgg19.pth"):
            fetch.fetch_torchvision_vgg19(official, False)
    assert os.listdir(own_cache) == []


@pytest.mark.torch
@pytest.mark.parametrize("answer", [404, b"login", "cut"])
def test_a_failed_vgg19_leaves_nothing(own_cache, answer):
    with serving(**{"vgg19.pth": answer}) as server:
        official = source(server.url, CONTENT, "vgg19.pth")
        with pytest.raises((ConnectionError, ValueError)):
            fetch.fetch_torchvision_vgg19(official, False)
    assert os.listdir(own_cache) == []
    assert resolve("auto") != "imagenet"


@pytest.mark.torch
def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("D2L_STYLE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(OSError, match="Set D2L_STYLE_CACHE") as error:
        fetch.fetch_torchvision_vgg19(
            source("https://official.invalid"), False
        )
    assert not isinstance(error.value, ConnectionError)


def test_without_pytorch_nothing_is_downloaded(own_cache):
    """The reader learns it before the 548 MB, not after."""
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from d2l_style.network import fetch\n"
        "official = fetch.Source('http://x.invalid/a', '', 1)\n"
        "try: fetch.fetch_torchvision_vgg19(official)\n"
        "except ImportError as error: print(error)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert said.stdout.startswith(
        "Reading the official VGG-19 file takes PyTorch, once. PyTorch is "
        "needed, but it is not installed."
    )
    assert "other backend" not in said.stdout  # it cannot do this
    assert said.stderr == ""
    assert os.listdir(own_cache) == []


def test_a_fetched_vgg19_needs_no_pytorch(own_cache, narrow_parameters):
    save_file(narrow_parameters, fetch.cached_vgg19())
    assert fetch.fetch_torchvision_vgg19(
        source("https://official.invalid")
    ) == (own_cache / "vgg19-imagenet.safetensors")


# The book's pictures


BOOK = {"rainier.jpg": b"the book's photo", "oak.jpg": b"the book's painting"}
DRAWN = {"rainier.jpg": b"our valley", "oak.jpg": b"our oaks"}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "img"
    folder.mkdir()
    for name, content in DRAWN.items():
        (folder / name).write_bytes(content)
    (folder / "other.svg").write_bytes(b"a figure")
    return folder


def sources(server):
    return [source(server.url, BOOK[name], name) for name in BOOK]


def shown(folder):
    return {name: (folder / name).read_bytes() for name in DRAWN}


def test_pictures_come_and_go(folder, own_cache):
    for _ in range(2):  # and once more from the start
        with serving(**BOOK) as server:
            paths = fetch.fetch_images(folder, sources(server), False)
        assert paths == [folder / name for name in BOOK]
        assert shown(folder) == BOOK
        assert (folder / "other.svg").read_bytes() == b"a figure"
        restored = fetch.restore_images(folder, sources(server))
        assert restored == paths
        assert shown(folder) == DRAWN
    assert os.listdir(own_cache) == []


def test_pictures_fetched_twice_are_downloaded_once(folder):
    with serving(**BOOK) as server:
        for _ in range(2):
            assert len(fetch.fetch_images(folder, sources(server), False)) == 2
            assert shown(folder) == BOOK
        assert len(server.downloads) == 2
    fetch.restore_images(folder, sources(server))
    assert shown(folder) == DRAWN


def test_a_picture_that_was_put_there_by_hand_is_no_drawing(folder):
    (folder / "oak.jpg").write_bytes(BOOK["oak.jpg"])
    with serving(**BOOK) as server:
        fetch.fetch_images(folder, sources(server), False)
        assert server.downloads == ["/rainier.jpg"]
    restored = fetch.restore_images(folder, sources(server))
    assert restored == [folder / "rainier.jpg"]


def test_the_drawings_are_kept_whatever_comes_between(folder):
    with serving(**BOOK) as server:
        fetch.fetch_images(folder, sources(server), False)
        (folder / "oak.jpg").write_bytes(b"my own photo")
        fetch.fetch_images(folder, sources(server), False)
    assert shown(folder) == BOOK
    fetch.restore_images(folder, sources(server))
    assert shown(folder) == DRAWN


def test_pictures_restored_twice(folder):
    with serving(**BOOK) as server:
        fetch.fetch_images(folder, sources(server), False)
    assert len(fetch.restore_images(folder, sources(server))) == 2
    assert fetch.restore_images(folder, sources(server)) == []
    assert shown(folder) == DRAWN


def test_restoring_before_fetching_changes_nothing(folder):
    with serving() as server:
        assert fetch.restore_images(folder, sources(server)) == []
    assert shown(folder) == DRAWN


@pytest.mark.parametrize("second", [404, "cut", b"login page"])
def test_a_failing_second_download_changes_nothing(folder, second, own_cache):
    before = sorted(os.listdir(folder))
    with (
        serving(**{**BOOK, "oak.jpg": second}) as server,
        pytest.raises((ConnectionError, ValueError), match="oak.jpg"),
    ):
        fetch.fetch_images(folder, sources(server), False)
    assert shown(folder) == DRAWN
    assert sorted(os.listdir(folder)) == before
    assert os.listdir(own_cache) == []


def test_pictures_into_an_empty_folder(tmp_path):
    with serving(**BOOK) as server:
        fetch.fetch_images(tmp_path, sources(server), False)
    assert shown(tmp_path) == BOOK
    assert fetch.restore_images(tmp_path, sources(server)) == []
    assert shown(tmp_path) == BOOK


@pytest.mark.parametrize("do", [fetch.fetch_images, fetch.restore_images])
def test_pictures_without_a_folder(tmp_path, do):
    with pytest.raises(FileNotFoundError, match="'img' in a clone"):
        do(tmp_path / "none")
    assert not Path(tmp_path / "none").exists()
