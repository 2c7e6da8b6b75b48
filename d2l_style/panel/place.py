"""Where a panel is shown: in which notebook, and of which kind."""

import os
from pathlib import Path

from d2l_style.machine.commands import in_notebook

FOLDER = ".d2l-style"


def in_jupyter():
    """Return whether this is the kernel of a notebook in Jupyter.

    Not in Voila, where many readers share a folder and nobody has a cell to
    run again, nor in VS Code and Colab, which name no notebook.
    """
    served = "JPY_SESSION_NAME" in os.environ  # says a Jupyter server
    voila = os.environ.get("SERVER_SOFTWARE", "").startswith("voila")
    return in_notebook() and served and not voila


def folder_of(backend):
    """Return where this notebook's panel keeps its run, beside it."""
    notebook = Path(os.environ["JPY_SESSION_NAME"]).stem
    return Path.cwd() / FOLDER / f"{notebook}-{backend}"
