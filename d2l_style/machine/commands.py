"""Commands as they are typed here: in this notebook, at this terminal.

What a message tells to type has to work as it stands, so it names the pip of
the Python that runs.
"""

import os
import re
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

_STAMP = "d2l-style-stamp.json"  # tools/setup_env.py leaves it


def shell():
    """Return IPython's shell if the code runs in one, else None."""
    ipython = sys.modules.get("IPython")
    return ipython and ipython.get_ipython()


def in_notebook():
    """Return whether a Jupyter kernel (or Colab's) shows what we display."""
    return hasattr(shell(), "kernel")


def install(*words):
    """Return the command that installs packages."""
    return " ".join([_pip(), "install", *words])


def uninstall(*packages):
    """Return the command that removes packages, asking nothing."""
    yes = [] if _by_uv() else ["-y"]  # which uv does not know, nor need
    return " ".join([_pip(), "uninstall", *yes, *packages])


def own(*words):
    """Return the command line's own command, as it is found from here."""
    name = "d2l-style"
    if not _is_beside(shutil.which(name)):
        name = f"{_python()} -m d2l_style"
    return " ".join([f"!{name}" if in_notebook() else name, *words])


def set_up(windows):
    """Return (folder, command): what to remove and to run to begin anew.

    None if this environment was not made by ``make``.
    """
    folder = Path(sys.prefix)
    if windows or not (folder / _STAMP).is_file():
        return None
    other = f" VENV={folder.name}" if folder.name != ".venv" else ""
    return folder, f"make lab{other}"


def _pip():
    if _by_uv():
        return "!uv pip" if in_notebook() else "uv pip"
    return "%pip" if in_notebook() else f"{_python()} -m pip"


def _is_beside(program):
    """Return whether a program is of this Python's environment."""
    here = os.path.normcase(os.path.dirname(sys.executable))
    return bool(program) and os.path.normcase(os.path.dirname(program)) == here


def _python():
    """Return this Python as a terminal calls it."""
    found = shutil.which("python") or ""
    if os.path.normcase(found) == os.path.normcase(sys.executable):
        return "python"
    return f'"{sys.executable}"' if " " in sys.executable else sys.executable


def _by_uv():
    """Return whether uv made this environment, and left pip out."""
    try:
        about = Path(sys.prefix, "pyvenv.cfg").read_text("utf-8")
    except (OSError, ValueError):
        return False
    return find_spec("pip") is None and bool(re.search(r"(?m)^uv\b", about))
