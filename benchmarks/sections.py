"""The sections: modules with ``tables``, ``QUICK`` and a docstring."""

import importlib

NAMES = (
    *("epoch", "equal_loss", "scaling", "agreement"),
    *("imports", "drawing", "panel", "sweep"),
)


def measured(name, quick):
    """Run a section; return its docstring and its tables."""
    module = importlib.import_module(f"benchmarks.{name}")
    return module.__doc__, module.tables(**(module.QUICK if quick else {}))
