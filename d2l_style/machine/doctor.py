"""Says in one sentence what this machine lacks, and what to do about it.

``python -m d2l_style.machine.doctor torch mxnet`` says it of both frameworks.
"""

import importlib
import sys
from contextlib import contextmanager, nullcontext

from d2l_style.language import _
from d2l_style.machine import commands, remedies
from d2l_style.machine.console import steady_streams
from d2l_style.machine.numpy_aliases import lent_names
from d2l_style.machine.remedies import TITLES, Machine

# What a framework raises that is damaged, or made for another machine.
_FAILURES = (ImportError, OSError, AttributeError, RuntimeError, ValueError)
_LONGEST = 300  # characters of its own words in a sentence


def require(name, purpose=""):
    """Import and return the framework ``name`` (``torch`` or ``mxnet``).

    ``purpose`` is a sentence that says what it is needed for. Raises
    ``ImportError`` with that sentence, why the framework cannot be had here,
    and what to do.
    """
    try:
        with lent_names() if name == "mxnet" else nullcontext():
            module = importlib.import_module(name)
    except _FAILURES as error:
        sys.modules.pop(name, None)
        raise ImportError(_explain(name, purpose, error)) from error
    version = str(getattr(module, "__version__", ""))
    if wrong := remedies.wrong_version(name, version, Machine.here()):
        raise ImportError(_joined(purpose, wrong))
    return module


@contextmanager
def needs_widgets():
    """Say what is to be installed if an import in the block lacks it."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ImportError(
            _(
                "The live panel needs {name}, which is not installed. Install "
                "what notebooks need: '{command}'.",
                name=error.name,
                command=commands.install("ipywidgets", "anywidget"),
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
    machine = Machine.here()
    if getattr(error, "name", None) != name:
        failing = _(
            "{title} is needed, but its import fails ({reason}).",
            title=TITLES[name],
            reason=_reason(error),
        )
        return _joined(purpose, failing, remedies.mend(name, error, machine))
    missing = _(
        "{title} is needed, but it is not installed.", title=TITLES[name]
    )
    other = "" if purpose else remedies.other_backend(name)
    install = remedies.how_to_install(name, machine)
    return _joined(purpose, missing, install, other)


def _joined(*sentences):
    return " ".join(filter(None, sentences))


def _reason(error):
    """Return what an error says, in one line that can be read."""
    text = " ".join(str(error).split()).rstrip(".")
    return f"{text[:_LONGEST]}…" if len(text) > _LONGEST else text


def main(names):
    steady_streams()
    for sentence in filter(None, map(missing_framework, names)):
        print(sentence)


if __name__ == "__main__":
    main(sys.argv[1:])
