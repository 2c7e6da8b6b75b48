"""Says in one sentence what this machine lacks, and what to do about it.

``python -m d2l_style.machine.doctor torch mxnet`` says it of both frameworks.
"""

import importlib
import platform
import sys
from contextlib import contextmanager, nullcontext

from d2l_style.language import _
from d2l_style.machine.numpy_aliases import lent_names

_TITLES = {"torch": "PyTorch", "mxnet": "MXNet"}
_OTHER = {"torch": "mxnet", "mxnet": "torch"}
# import name: what to install
_PACKAGES = {"torch": "torch torchvision", "mxnet": "mxnet==1.9.1"}


def require(name, purpose=""):
    """Import and return the framework ``name`` (``torch`` or ``mxnet``).

    ``purpose`` is a sentence that says what it is needed for. Raises
    ``ImportError`` with that sentence, why the framework cannot be had here,
    and what to do.
    """
    try:
        with lent_names() if name == "mxnet" else nullcontext():
            return importlib.import_module(name)
    except (ImportError, OSError, AttributeError) as error:
        sys.modules.pop(name, None)
        raise ImportError(_explain(name, purpose, error)) from error


@contextmanager
def needs_widgets():
    """Say what is to be installed if an import in the block lacks it."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ImportError(
            _(
                "The live panel needs {name}, which is not installed. Install "
                "what notebooks need: 'pip install ipywidgets anywidget'.",
                name=error.name,
            )
        ) from error


def missing_framework(name):
    """Return None if the framework can be imported, else the sentence."""
    try:
        require(name)
    except ImportError as error:
        return str(error)
    return None


def _explain(name, purpose, error):
    sentences = [purpose] if purpose else []
    if getattr(error, "name", None) != name:
        sentences += [_failing(name, error), _mend(error)]
    else:
        sentences += [_missing(name), _install(name)]
        sentences += [] if purpose else [_other_backend(name)]
    return " ".join(sentences)


def _failing(name, error):
    return _(
        "{title} is needed, but its import fails ({reason}).",
        title=_TITLES[name],
        reason=error,
    )


def _missing(name):
    return _(
        "{title} is needed, but it is not installed.", title=_TITLES[name]
    )


def _other_backend(name):
    return _(
        "The other backend does the same: 'from d2l_style import {other} as "
        "d2l'.",
        other=_OTHER[name],
    )


def _mend(error):
    text = str(error)
    if "libgomp" in text or "libquadmath" in text:
        return _(
            "Install the system libraries: "
            "'sudo apt-get install libgomp1 libquadmath0'."
        )
    if "distutils" in text:
        return _("Install setuptools: 'pip install setuptools'.")
    if isinstance(error, ModuleNotFoundError) and "." not in error.name:
        return _(
            "Install what is missing: 'pip install {name}'.", name=error.name
        )
    return _("Run 'make lab' again, or ask with this message at hand.")


def _install(name, system=None, machine=None, version=None):
    system = system or platform.system()
    machine = (machine or platform.machine()).lower()
    version = version or sys.version_info[:2]
    intel = machine in ("x86_64", "amd64")
    if name == "torch" and system == "Darwin" and intel:
        return _(
            "There is no current PyTorch for Macs with an Intel processor."
        )
    if name == "mxnet" and system == "Windows":
        return _("MXNet has no wheel for Windows: use it inside WSL2.")
    if name == "mxnet" and not intel:
        return _(
            "MXNet has no wheel for {machine} processors.", machine=machine
        )
    packages = _PACKAGES[name]
    if name == "mxnet" and version >= (3, 13):
        packages = f"--no-deps {packages}"
    return _("Install it with 'pip install {packages}'.", packages=packages)


def main(names):
    for sentence in filter(None, map(missing_framework, names)):
        print(sentence)


if __name__ == "__main__":
    main(sys.argv[1:])
