"""What is said to do where a framework fails, on the reader's own platform.

Stubs stand in the frameworks' place and raise what people have seen; they are
imported by a Python of their own, that has NumPy and no other package.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from conftest import ROOT

from d2l_style.machine import commands, remedies
from d2l_style.machine.remedies import Machine

LINUX = ("Linux", "x86_64")
ARM = ("Linux", "aarch64")
WINDOWS = ("Windows", "AMD64")
SILICON = ("Darwin", "arm64")
INTEL_MAC = ("Darwin", "x86_64")
CODE = """
import platform, sys
sys.stdout.reconfigure(encoding="utf-8")
from d2l_style.machine.doctor import missing_framework
platform.system, platform.machine = lambda: {!r}, lambda: {!r}
print(missing_framework({!r}))
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A folder with what reading a sentence takes: NumPy and polib."""
    folder = tmp_path_factory.mktemp("bare")
    for name in ("numpy", "polib"):
        found = Path(importlib.util.find_spec(name).origin)
        found = found.parent if found.stem == "__init__" else found
        about = metadata.distribution(name)._path
        libraries = found.with_name(f"{name}.libs")
        for path in (found, about, libraries):
            if path.exists():
                (folder / path.name).symlink_to(path)
    return folder


class Stub:
    """A package that is imported in the place of a framework."""

    def __init__(self, folder, bare):
        self.folder, self.bare = folder, bare

    def write(self, name, code, packages=()):
        package = self.folder / name
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text(code, "utf-8")
        for title, version in dict(packages).items():
            about = self.folder / f"{title.replace('-', '_')}-{version}"
            about = about.with_name(f"{about.name}.dist-info")
            about.mkdir()
            head = f"Metadata-Version: 2.1\nName: {title}\n"
            text = f"{head}Version: {version}\n"
            (about / "METADATA").write_text(text, "utf-8")
            (about / "top_level.txt").write_text(title[:5], "utf-8")

    def said(self, name, system, processor, language="en"):
        """Return what is said where the stub is imported."""
        path = [str(self.folder), str(self.bare), str(ROOT)]
        code = CODE.format(system, processor, name)
        done = subprocess.run(
            [sys.executable, "-S", "-c", code],
            capture_output=True,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(path),
                "D2L_STYLE_LANG": language,
            },
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture
def stub(tmp_path, bare):
    return Stub(tmp_path / "stubs", bare)


def lib(name):
    text = f"{name}: cannot open shared object file: No such file or directory"
    return f"raise OSError({text!r})"


DLOPEN = (
    "dlopen(/Users/kim/env/lib/python3.11/site-packages/mxnet/libmxnet.so, "
    "0x0006): tried: '/Users/kim/env/lib/python3.11/site-packages/mxnet/"
    "libmxnet.so' (not a mach-o file)"
)
FBGEMM = (
    "[WinError 126] The specified module could not be found. Error loading "
    r'"C:\env\Lib\site-packages\torch\lib\fbgemm.dll" or one of its '
    "dependencies."
)
KOREAN = FBGEMM.replace(
    "The specified module could not be found.",
    "지정된 모듈을 찾을 수 없습니다.",
)
PIP = r"(?:\S*python\S*) -m pip"

# name: (framework, platform, code of the stub, what pip calls it, said)
SEEN = {
    "mxnet-cuda": (
        "mxnet",
        LINUX,
        lib("libcudart.so.11.0"),
        {"mxnet-cu112": "1.9.1"},
        [
            "was built for NVIDIA's CUDA",
            f"'{PIP} uninstall -y mxnet-cu112', then '{PIP} install mxnet==1",
        ],
    ),
    "mxnet-cuda-and-plain": (
        "mxnet",
        LINUX,
        lib("libcuda.so.1"),
        {"mxnet-cu112": "1.9.1", "mxnet": "1.9.1"},
        ["uninstall -y mxnet mxnet-cu112'"],
    ),
    "mxnet-cuda-old": (
        "mxnet",
        LINUX,
        lib("libcudnn.so.7"),
        {"mxnet-cu102": "1.7.0"},
        [
            "1.9.1 is needed, and 1.7.0 is installed",
            "uninstall -y mxnet-cu102'",
        ],
    ),
    "mxnet-silicon": (
        "mxnet",
        SILICON,
        f"raise OSError({DLOPEN!r})",
        {"mxnet": "1.6.0"},
        [
            "There is no MXNet for Macs with Apple silicon",
            f"'{PIP} uninstall -y mxnet'",
            "'from d2l_style import torch as d2l'",
        ],
    ),
    "mxnet-arm": (
        "mxnet",
        ARM,
        lib("/env/mxnet/libmxnet.so"),
        {"mxnet": "1.6.0"},
        ["no MXNet for aarch64", f"'{PIP} uninstall -y mxnet'"],
    ),
    "mxnet-windows": (
        "mxnet",
        WINDOWS,
        "raise RuntimeError('Cannot find the MXNet library.\\nList of ...')",
        {"mxnet": "1.6.0"},
        ["WSL2", "uninstall -y mxnet'", "torch as d2l"],
    ),
    "mxnet-old": (
        "mxnet",
        LINUX,
        "raise AttributeError(\"module 'numpy' has no attribute 'bool'\")",
        {"mxnet": "1.6.0"},
        ["1.9.1 is needed, and 1.6.0 is installed", "install mxnet==1.9.1'"],
    ),
    "mxnet-libgomp": (
        "mxnet",
        LINUX,
        lib("libgomp.so.1"),
        {"mxnet": "1.9.1"},
        [
            "'sudo apt-get install libgomp1 libquadmath0'",
            "'sudo dnf install libgomp libquadmath'",
        ],
    ),
    "mxnet-broken": (
        "mxnet",
        INTEL_MAC,
        "raise ImportError('cannot import name x')",
        {"mxnet": "1.9.1"},
        [f"'{PIP} uninstall -y mxnet', then", "ask with this message"],
    ),
    "torch-libgomp": (
        "torch",
        ARM,
        lib("libgomp.so.1"),
        {"torch": "2.9.0"},
        ["apt-get install libgomp1'", "'sudo dnf install libgomp'"],
    ),
    "torch-cuda": (
        "torch",
        LINUX,
        lib("libcudart.so.13"),
        {"torch": "2.9.0", "torchvision": "0.24.0"},
        [
            "uninstall -y torch torchvision'",
            "--index-url https://download.pytorch.org/whl/cpu torch torchv",
        ],
    ),
    "torch-cuda-not-found": (
        "torch",
        LINUX,
        "raise ValueError('libcublas.so.*[0-9] not found in the system path')",
        {"torch": "2.9.0"},
        ["was built for NVIDIA's CUDA", "--index-url https://download.pyto"],
    ),
    "torch-fbgemm": (
        "torch",
        WINDOWS,
        f"raise OSError({FBGEMM!r})",
        {"torch": "2.4.0"},
        ["vc_redist.x64.exe", f"'{PIP} install --upgrade torch torchvision'"],
    ),
    "torch-fbgemm-korean": (
        "torch",
        WINDOWS,
        f"raise OSError({KOREAN!r})",
        {"torch": "2.4.0"},
        ["vc_redist.x64.exe"],
    ),
    "torch-dll-arm": (
        "torch",
        ("Windows", "ARM64"),
        "raise ImportError('DLL load failed while importing _C: ...')",
        {"torch": "2.9.0"},
        ["vc_redist.arm64.exe"],
    ),
    "torch-old": (
        "torch",
        LINUX,
        "__version__ = '1.13.1+cu117'",
        {"torch": "1.13.1", "torchvision": "0.14.1", "torchaudio": "0.13.1"},
        [
            r"PyTorch 2\.\d or newer is needed, and 1.13.1\+cu117 is install",
            f"'{PIP} uninstall -y torch torchaudio torchvision', then",
            f"'{PIP} install torch torchvision'",
        ],
    ),
    "torch-old-intel-mac": (
        "torch",
        INTEL_MAC,
        "__version__ = '1.13.1'",
        {"torch": "1.13.1"},
        ["no current PyTorch for Macs with an Intel", "mxnet as d2l"],
    ),
    "torch-broken-windows": (
        "torch",
        WINDOWS,
        "raise AttributeError('partially initialized module torch')",
        {"torch": "2.9.0"},
        ["uninstall -y torch', then", "ask with this message"],
    ),
    "torch-without-a-package": (
        "torch",
        LINUX,
        "import typing_extension_s",
        {"torch": "2.9.0"},
        [f"'{PIP} install typing_extension_s'"],
    ),
}


@pytest.mark.parametrize("case", SEEN)
def test_what_people_have_seen(stub, case):
    name, platform, code, packages, parts = SEEN[case]
    stub.write(name, code, packages)
    said = stub.said(name, *platform)
    for part in parts:
        assert re.search(part, said), said
    assert "\n" not in said
    assert "make " not in said
    assert said.endswith((".", "d2l'."))


@pytest.mark.parametrize("language", ["ko", "vi"])
@pytest.mark.parametrize("case", SEEN)
def test_commands_are_the_same_in_every_language(stub, case, language):
    name, platform, code, packages, _parts = SEEN[case]
    stub.write(name, code, packages)
    english = stub.said(name, *platform)
    said = stub.said(name, *platform, language)
    quoted = r"'[^' ]* ?(?:-m pip|sudo|from|wsl) [^']*'|https:\S+exe"
    assert set(re.findall(quoted, said)) == set(re.findall(quoted, english))
    assert said != english


def test_a_framework_that_fits_is_not_spoken_of(stub):
    stub.write("torch", "__version__ = '2.9.0'", {"torch": "2.9.0"})
    assert stub.said("torch", *LINUX) == "None"
    stub.write("torch", "__version__ = '10.0.1a0'")
    assert stub.said("torch", *LINUX) == "None"


@pytest.mark.parametrize(
    ("numpy", "version", "fits"),
    [
        ("1.26.4", "2.2.0", True),
        ("1.26.4", "2.1.2", False),
        ("2.4.6", "2.2.2", False),
        ("2.4.6", "2.3.0+cpu", True),
        ("2.4.6", "unknown", True),
    ],
)
def test_an_old_pytorch_beside_numpy(monkeypatch, numpy, version, fits):
    monkeypatch.setattr(remedies.metadata, "version", lambda name: numpy)
    machine = Machine("Linux", "x86_64", (3, 12))
    said = remedies.wrong_version("torch", version, machine)
    assert (said == "") == fits
    assert fits or f"{version} is installed" in said


# --- commands ----------------------------------------------------------------


class Shell:
    kernel = None


@pytest.fixture
def notebook(monkeypatch):
    """A Jupyter kernel runs this."""
    ipython = type(sys)("IPython")
    ipython.get_ipython = Shell
    monkeypatch.setitem(sys.modules, "IPython", ipython)


@pytest.fixture
def uv(monkeypatch, tmp_path):
    """An environment that uv made: without pip."""
    (tmp_path / "pyvenv.cfg").write_text("home = /x\nuv = 0.9.1\n", "utf-8")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(commands, "find_spec", lambda name: None)


def test_in_a_notebook_it_is_a_cell(notebook):
    assert commands.install("torch") == "%pip install torch"
    assert commands.uninstall("a", "b") == "%pip uninstall -y a b"
    machine = Machine("Linux", "x86_64", (3, 12))
    error = ModuleNotFoundError("No module named 'x'", name="x")
    said = remedies.mend("torch", error, machine)
    assert said.endswith("'%pip install x'. Then restart the kernel.")


def test_with_uv_it_is_uvs(uv):
    assert commands.install("torch") == "uv pip install torch"
    assert commands.uninstall("torch") == "uv pip uninstall torch"


def test_with_uv_in_a_notebook(uv, notebook):
    assert commands.install("torch") == "!uv pip install torch"


def test_an_active_environment_is_called_by_its_short_name(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: sys.executable)
    assert commands.install("torch") == "python -m pip install torch"


def test_the_command_line_is_called_as_it_is_found_here(monkeypatch):
    beside = os.path.join(os.path.dirname(sys.executable), "d2l-style")
    for found in (None, "/usr/bin/d2l-style"):
        monkeypatch.setattr(shutil, "which", lambda name, at=found: at)
        said = commands.own("fetch", "vgg19")
        assert said == f"{sys.executable} -m d2l_style fetch vgg19"
    monkeypatch.setattr(shutil, "which", lambda name: beside)
    assert commands.own("fetch", "vgg19") == "d2l-style fetch vgg19"


def test_the_command_line_in_a_notebook(notebook, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    said = commands.own("fetch", "vgg19")
    assert said == f"!{sys.executable} -m d2l_style fetch vgg19"


def test_a_path_with_spaces_is_quoted(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/Users/Kim Ha/python")
    said = commands.install("torch")
    assert said == '"/Users/Kim Ha/python" -m pip install torch'


def test_what_make_made_is_made_anew_by_make(monkeypatch, tmp_path):
    from tools.setup_env import STAMP

    for name, command in {
        ".venv": "make lab",
        "env": "make lab VENV=env",
    }.items():
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.setattr(sys, "prefix", str(folder))
        assert commands.set_up(windows=False) is None
        (folder / STAMP).write_text("{}", "utf-8")
        assert commands.set_up(windows=False) == (folder, command)
        assert commands.set_up(windows=True) is None
        machine = Machine("Linux", "x86_64", (3, 12))
        said = remedies.mend("mxnet", ImportError("x"), machine)
        assert f"remove the folder {folder} and run '{command}'" in said
