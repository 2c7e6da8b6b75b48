"""The installed set.

constraints.txt, environment.yml and pyproject.toml have to agree, and so do
the platforms that the markers there and doctor's words know of.
"""

import itertools
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from d2l_style.machine import doctor, remedies
from d2l_style.machine.remedies import Machine
from tools import setup_env

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
PINS = (ROOT / "constraints.txt").read_text("utf-8")
SYSTEMS = {  # sys.platform, platform.system(), platform.machine(); what it has
    "linux": ("linux", "Linux", "x86_64", {"torch", "mxnet"}),
    "linux-arm": ("linux", "Linux", "aarch64", {"torch"}),
    "apple": ("darwin", "Darwin", "arm64", {"torch"}),
    "intel-mac": ("darwin", "Darwin", "x86_64", {"mxnet"}),
    "windows": ("win32", "Windows", "AMD64", {"torch"}),
}


# --- the three lists -------------------------------------------------------


def pins():
    lines = PINS.splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


def pinned_version(pin):
    (one,) = pin.specifier
    assert one.operator == "==", pin
    assert "*" not in one.version, pin
    return Version(one.version)


def environment_of(system, minor=11):
    name, platform_system, machine, _ = SYSTEMS[system]
    return default_environment() | {
        "python_version": f"3.{minor}",
        "python_full_version": f"3.{minor}.1",
        "sys_platform": name,
        "platform_system": platform_system,
        "os_name": "nt" if system == "windows" else "posix",
        "platform_machine": machine,
    }


def environments():
    """Marker environments of the Pythons and systems that are promised."""
    for minor, system in itertools.product((11, 12, 13), SYSTEMS):
        yield environment_of(system, minor)


def holding(requirements, environment):
    """Those whose markers hold."""
    return [
        need
        for need in map(Requirement, map(str, requirements))
        if need.marker is None or need.marker.evaluate(environment)
    ]


def pins_in(environment):
    """Name to version where the markers hold, each name at most once."""
    found = holding(pins(), environment)
    versions = {canonicalize_name(p.name): pinned_version(p) for p in found}
    assert len(versions) == len(found), "a name is pinned twice"
    return versions


def test_every_package_is_installed():
    """A folder that is left out is missed only where it was installed."""
    listed = PROJECT["tool"]["setuptools"]["packages"]
    folders = (ROOT / "d2l_style").rglob("__init__.py")
    found = [".".join(f.relative_to(ROOT).parts[:-1]) for f in folders]
    assert sorted(listed) == sorted([*found, "d2l_style.img"])


def test_constraints_are_exact_and_sorted():
    names = [pin.name for pin in pins() if pinned_version(pin)]
    assert names == sorted(names)
    assert names == [canonicalize_name(name) for name in names]


def test_every_requirement_has_a_pin_that_satisfies_it():
    requirements = [
        *PROJECT["build-system"]["requires"],
        *PROJECT["project"]["dependencies"],
        *itertools.chain(*EXTRAS.values()),
    ]
    for environment in environments():
        pinned = pins_in(environment)
        for need in holding(requirements, environment):
            name = canonicalize_name(need.name)
            if name != PROJECT["project"]["name"]:
                assert name in pinned, f"{need} has no pin in constraints.txt"
                assert need.specifier.contains(pinned[name]), need


def test_numpy_is_what_mxnet_takes_until_there_is_none():
    for environment in environments():
        numpy = pins_in(environment)["numpy"]
        old = Version(environment["python_version"]) < Version("3.13")
        assert (numpy < Version("2")) == old


CONDA_NAMES = {"matplotlib-base": "matplotlib", "pytorch-cpu": "torch"}


def conda_pins():
    """Name on PyPI to version, of both halves of environment.yml."""
    text = (ROOT / "environment.yml").read_text("utf-8")
    *conda, pip_section = yaml.safe_load(text)["dependencies"]
    pairs = [entry.partition("=")[::2] for entry in conda if entry != "pip"]
    found = {CONDA_NAMES.get(name, name): Version(v) for name, v in pairs}
    for line in pip_section["pip"]:
        if not line.startswith("-"):
            need = Requirement(line)
            found[canonicalize_name(need.name)] = pinned_version(need)
    python = found.pop("python")
    environment = environment_of("linux") | {"python_version": str(python)}
    return found, environment, pip_section["pip"]


def test_environment_yml_has_the_same_pins():
    found, environment, pip_section = conda_pins()
    pinned = pins_in(environment)
    assert {name: pinned.get(name) for name in found} == found
    assert "-e ." in pip_section


def test_environment_yml_has_all_that_make_lab_installs():
    found, environment, _ = conda_pins()
    extras = [EXTRAS[name] for name in ("lab", "torch", "mxnet", "vgg19")]
    wanted = itertools.chain(PROJECT["project"]["dependencies"], *extras)
    for need in holding(wanted, environment):
        assert canonicalize_name(need.name) in found, need


# --- the frameworks of each platform ---------------------------------------


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("minor", [11, 12, 13, 14])
def test_frameworks_of_each_platform(system, minor):
    environment, has = environment_of(system, minor), SYSTEMS[system][-1]

    def names(*lines):
        return {need.name for need in holding(lines, environment)}

    torch = {"torch", "torchvision"} if "torch" in has else set()
    assert names(*EXTRAS["torch"]) == torch
    mxnet, *needs = EXTRAS["mxnet"]
    assert names(setup_env.alone(mxnet)) == has & {"mxnet"}
    assert names(mxnet) == (has & {"mxnet"} if minor < 13 else set())
    others = {"requests", "graphviz"} | (
        {"setuptools"} if minor > 11 else set()
    )
    assert names(*needs) == others


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_framework_that_is_left_out_is_explained(
    system, monkeypatch, capsys
):
    """doctor, which the script asks last, knows what the markers know."""

    _, platform_system, machine, has = SYSTEMS[system]
    for name in ("torch", "mxnet"):
        monkeypatch.setitem(sys.modules, name, None)  # not to be imported
    monkeypatch.setattr(platform, "system", lambda: platform_system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    doctor.main(["torch", "mxnet"])
    torch, mxnet = capsys.readouterr().out.splitlines()
    assert ("pip install" in torch) == ("torch" in has)
    assert ("pip install" in mxnet) == ("mxnet" in has)
    monkeypatch.setitem(sys.modules, "torch", sys)
    doctor.main(["torch"])
    assert capsys.readouterr().out == ""


def test_binder_installs_what_libmxnet_links():
    packages = (ROOT / "apt.txt").read_text("utf-8").split()
    error = OSError("libgomp.so.1: cannot open shared object file")
    said = remedies.mend("mxnet", error, Machine("Linux", "x86_64", (3, 12)))
    assert f"sudo apt-get install {' '.join(packages)}'" in said


# --- the Makefile ----------------------------------------------------------


@pytest.mark.parametrize("target", ["lab", "demo", "test"])
def test_make_brings_the_carrier(target):
    text = (ROOT / "Makefile").read_text("utf-8")
    found = re.search(rf"^env-{target}:\n\t\$\(SETUP\) (.*)$", text, re.M)
    assert "vgg19" in found[1].split(",")


def test_make_help_names_every_target():
    make = shutil.which("make") or pytest.skip("no make here")
    text = (ROOT / "Makefile").read_text("utf-8")
    targets = re.search(r"^TARGETS = (.*)$", text, re.MULTILINE)[1].split()
    command = [make, "-C", ROOT, "--no-print-directory", "help"]
    shown = subprocess.check_output(command, text=True).splitlines()[1:]
    assert [line.split()[0] for line in shown] == targets
    assert all(len(line.split()) > 1 for line in shown)
