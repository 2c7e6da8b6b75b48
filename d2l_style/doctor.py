"""Says in one sentence what this machine lacks, and what to do about it."""

import importlib
import platform
import sys

from d2l_style.numpy_names import lent_names

_TITLES = {"torch": "PyTorch", "mxnet": "MXNet"}
_OTHER = {"torch": "mxnet", "mxnet": "torch"}
# import name: what to install
_PACKAGES = {"torch": "torch torchvision", "mxnet": "mxnet==1.9.1"}


def require(name, purpose=""):
    """Import and return the framework ``name`` (``torch`` or ``mxnet``).

    Raises ``ImportError`` with a sentence that says why it cannot be had
    here and what to do.
    """
    try:
        with lent_names():
            return importlib.import_module(name)
    except (ImportError, OSError, AttributeError) as error:
        sys.modules.pop(name, None)
        raise ImportError(_explain(name, purpose, error)) from error


def require_panel():
    """Import and return the live panel, or say what it lacks."""
    try:
        return importlib.import_module("d2l_style.panel")
    except ModuleNotFoundError as error:
        raise ImportError(
            f"The live panel needs {error.name}, which is not installed. "
            "Install what notebooks need: 'pip install ipywidgets anywidget'."
        ) from error


def missing_framework(name):
    """Return None if the framework can be imported, else the sentence."""
    try:
        require(name)
    except ImportError as error:
        return str(error)
    return None


def _explain(name, purpose, error):
    title, other = _TITLES[name], _OTHER[name]
    need = f"{title} is needed {purpose}" if purpose else f"{title} is needed"
    installed = getattr(error, "name", None) != name
    if installed:
        return f"{need}, but its import fails ({error}). {_mend(error)}"
    missing = f"{need}, but it is not installed. {_install(name)}"
    if purpose:
        return missing
    return (
        f"{missing} The other backend does the same: 'from d2l_style import "
        f"{other} as d2l'."
    )


def _mend(error):
    text = str(error)
    if "libgomp" in text or "libquadmath" in text:
        return (
            "Install the system libraries: "
            "'sudo apt-get install libgomp1 libquadmath0'."
        )
    if "distutils" in text:
        return "Install setuptools: 'pip install setuptools'."
    if isinstance(error, ModuleNotFoundError) and "." not in error.name:
        return f"Install what is missing: 'pip install {error.name}'."
    return "Run 'make lab' again, or ask with this message at hand."


def _install(name, system=None, machine=None, version=None):
    system = system or platform.system()
    machine = (machine or platform.machine()).lower()
    version = version or sys.version_info[:2]
    intel = machine in ("x86_64", "amd64")
    if name == "torch" and system == "Darwin" and intel:
        return "There is no current PyTorch for Macs with an Intel processor."
    if name == "mxnet" and system == "Windows":
        return "MXNet has no wheel for Windows: use it inside WSL2."
    if name == "mxnet" and not intel:
        return f"MXNet has no wheel for {machine} processors."
    if name == "mxnet" and version >= (3, 13):
        return "Install it with 'pip install --no-deps mxnet==1.9.1'."
    return f"Install it with 'pip install {_PACKAGES[name]}'."
