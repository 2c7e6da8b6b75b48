"""What to do about a framework that is not here, too old, or fails.

Each answer is a sentence or two for the machine it is asked of.
"""

import platform
import re
import sys
from dataclasses import dataclass
from importlib import metadata

from d2l_style.language import _
from d2l_style.machine import commands

TITLES = {"torch": "PyTorch", "mxnet": "MXNet"}
_OTHER = {"torch": "mxnet", "mxnet": "torch"}
# import name: what to install
_PACKAGES = {"torch": ("torch", "torchvision"), "mxnet": ("mxnet==1.9.1",)}
# What pip would leave behind that fits the old PyTorch alone.
_TOGETHER = ("torch", "torchvision", "torchaudio", "torchtext")
_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
_OF_CUDA = re.compile(
    r"lib(cuda|cudart|cublas|cudnn|cufft|curand|cusolver|cusparse|cupti|nccl"
    r"|nvrtc|nvToolsExt|nvJitLink|nvshmem)\w*\.so"
)
_OF_WINDOWS = re.compile(r"WinError (126|127|1114)\b|DLL load failed")
_REDISTRIBUTABLE = "https://aka.ms/vs/17/release/vc_redist.{}.exe"
# What to install for a library, with apt-get and with dnf.
_LIBRARIES = {
    "libgomp": ("libgomp1", "libgomp"),
    "libquadmath": ("libquadmath0", "libquadmath"),
}
_LINKED = {"torch": ("libgomp",), "mxnet": tuple(_LIBRARIES)}


@dataclass(frozen=True)
class Machine:
    """What decides which packages there are: ``Linux``, ``x86_64``, 3.12."""

    system: str
    processor: str
    python: tuple

    @classmethod
    def here(cls):
        processor = platform.machine().lower()
        return cls(platform.system(), processor, sys.version_info[:2])

    @property
    def intel(self):
        return self.processor in ("x86_64", "amd64")


@dataclass(frozen=True)
class _Fault:
    """A framework, what its import raised, and the machine it did on."""

    name: str
    error: Exception
    machine: Machine

    @property
    def text(self):
        return str(self.error)


def how_to_install(name, machine):
    """Say how to install a framework, or that there is none."""
    if nowhere := _nowhere(name, machine):
        return nowhere
    command = commands.install(*_packages(name, machine))
    return _("Install it with '{command}'.", command=command)


def other_backend(name):
    """Say that the other framework does the same."""
    return _(
        "The other backend does the same: 'from d2l_style import {other} as "
        "d2l'.",
        other=_OTHER[name],
    )


def wrong_version(name, version, machine):
    """Say what to do about a version that will not do; "" if it will."""
    wanted = _wanted(name, version)
    if not wanted:
        return ""
    sentence = _(
        "{title} {wanted} is needed, and {version} is installed.",
        title=TITLES[name],
        wanted=wanted,
        version=version,
    )
    if nowhere := _nowhere(name, machine):
        return f"{sentence} {nowhere} {other_backend(name)}"
    return f"{sentence} {_replace(name, _packages(name, machine))}"


def mend(name, error, machine):
    """Say what to do about a framework whose import raised ``error``."""
    fault = _Fault(name, error, machine)
    return next(filter(None, (rule(fault) for rule in _RULES)))


def _wanted(name, version):
    """Return which version is needed; "" if this one will do."""
    parts = re.match(r"(\d+)\.(\d+)", version)
    if not parts:
        return ""
    found = tuple(map(int, parts.groups()))
    if name == "mxnet":
        return "" if found == (1, 9) else "1.9.1"
    # What was built before NumPy 2 cannot hand its arrays over.
    beside = metadata.version("numpy").startswith("1.")
    oldest = (2, 2) if beside else (2, 3)
    wanted = "{}.{}".format(*oldest)
    return "" if found >= oldest else _("{version} or newer", version=wanted)


def _packages(name, machine):
    """Return the words behind ``pip install``."""
    # MXNet asks for a NumPy that these Pythons have not, and needs it not.
    alone = name == "mxnet" and machine.python >= (3, 13)
    return ("--no-deps",) * alone + _PACKAGES[name]


def _nowhere(name, machine):
    """Say why there is no such framework for a machine; "" if there is."""
    mac = machine.system == "Darwin"
    if name == "torch" and mac and machine.intel:
        return _(
            "There is no current PyTorch for Macs with an Intel processor."
        )
    if name == "mxnet" and machine.system == "Windows":
        return _(
            "There is no MXNet for Windows itself. It works in WSL2, the "
            "Linux inside Windows, which 'wsl --install' sets up."
        )
    if name == "mxnet" and mac and not machine.intel:
        return _("There is no MXNet for Macs with Apple silicon.")
    if name == "mxnet" and not machine.intel:
        return _(
            "There is no MXNet for {machine} processors.",
            machine=machine.processor,
        )
    return ""


def _replace(name, packages):
    sentence = _(
        "Replace it: '{remove}', then '{install}'.",
        remove=commands.uninstall(*_installed(name)),
        install=commands.install(*packages),
    )
    return _and_restart(sentence)


def _and_restart(sentence):
    """Add what a notebook needs before a new package counts."""
    if not commands.in_notebook():
        return sentence
    restart = _("Then restart the kernel.")
    return f"{sentence} {restart}"


def _bringing(name):
    """Return what pip calls the packages that something is imported from."""
    return set(metadata.packages_distributions().get(name, ()))


def _installed(name):
    """Return what pip has to remove with a framework."""
    found = _bringing(name) or {name}
    if name == "torch":
        there = {one.metadata["Name"] for one in metadata.distributions()}
        found |= there.intersection(_TOGETHER)
    return sorted(found)


# What may be wrong, the first that fits: each says what to do, or "".


def _for_another_machine(fault):
    """pip takes MXNet 1.6.0 anywhere: it says of itself that it may."""
    nowhere = _nowhere(fault.name, fault.machine)
    if fault.name != "mxnet" or not nowhere:
        return ""
    sentence = _(
        "What pip has put in its place was built for other machines. Remove "
        "it: '{command}'.",
        command=commands.uninstall(*_installed("mxnet")),
    )
    return f"{nowhere} {sentence} {other_backend('mxnet')}"


def _of_another_version(fault):
    versions = map(metadata.version, sorted(_bringing(fault.name)))
    version = next(versions, "")
    return wrong_version(fault.name, version, fault.machine)


def _without_cuda(fault):
    if not _OF_CUDA.search(fault.text):
        return ""
    packages = _packages(fault.name, fault.machine)
    if fault.name == "torch":
        packages = ("--index-url", _CPU_INDEX, *packages)
    sentence = _(
        "This {title} was built for NVIDIA's CUDA, which is not here, or not "
        "in that version.",
        title=TITLES[fault.name],
    )
    return f"{sentence} {_replace(fault.name, packages)}"


def _without_libraries(fault):
    missing = "cannot open shared object" in fault.text
    if not missing or not any(name in fault.text for name in _LIBRARIES):
        return ""
    names = zip(*(_LIBRARIES[n] for n in _LINKED[fault.name]), strict=True)
    debian, fedora = map(" ".join, names)
    sentence = _(
        "Install the system's libraries that it needs, in a terminal: 'sudo "
        "apt-get install {debian}' (Debian, Ubuntu) or 'sudo dnf install "
        "{fedora}' (Fedora, Red Hat).",
        debian=debian,
        fedora=fedora,
    )
    return _and_restart(sentence)


def _without_redistributable(fault):
    if not _OF_WINDOWS.search(fault.text):
        return ""
    kind = "x64" if fault.machine.intel else "arm64"
    # PyTorch 2.4.0 needs a file that newer redistributables leave out.
    upgrade = commands.install("--upgrade", *_PACKAGES[fault.name])
    return _(
        "Windows lacks Microsoft's Visual C++ Redistributable, or has an old "
        "one. Install {address}, start Windows again, and try once more. If "
        "that does not help, install a newer {title}: '{command}'.",
        address=_REDISTRIBUTABLE.format(kind),
        title=TITLES[fault.name],
        command=upgrade,
    )


def _without_a_package(fault):
    error = fault.error
    if "distutils" in fault.text:
        name = "setuptools"
    elif isinstance(error, ModuleNotFoundError) and "." not in error.name:
        name = error.name
    else:
        return ""
    sentence = _(
        "Install what is missing: '{command}'.", command=commands.install(name)
    )
    return _and_restart(sentence)


def _anew(fault):
    begin = commands.set_up(fault.machine.system == "Windows")
    if begin:
        how = _(
            "Make the environment anew: remove the folder {folder} and run "
            "'{command}'.",
            folder=begin[0],
            command=begin[1],
        )
    else:
        how = _replace(fault.name, _packages(fault.name, fault.machine))
    ask = _("If that does not help, ask with this message at hand.")
    return f"{how} {ask}"


_RULES = (
    _for_another_machine,
    _of_another_version,
    _without_cuda,
    _without_libraries,
    _without_redistributable,
    _without_a_package,
    _anew,
)
