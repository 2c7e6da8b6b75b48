"""Lend NumPy the names that MXNet 1.9.1 looks for while it is imported.

MXNet's last release was written for NumPy 1.23. Later versions of NumPy
removed aliases that MXNet reads at import, and only then. They are put back
for that moment and taken away again, so that nobody else sees them; a name
that NumPy still has is never touched (NumPy 2 has a ``bool`` of its own).
"""

import builtins
from contextlib import contextmanager

import numpy

_ALIASES = {
    "bool": builtins.bool,
    "PZERO": 0.0,
    "NZERO": -0.0,
    "NAN": numpy.nan,
    "NaN": numpy.nan,
    "Inf": numpy.inf,
    "Infinity": numpy.inf,
    "infty": numpy.inf,
    "PINF": numpy.inf,
    "NINF": -numpy.inf,
    "alltrue": numpy.all,
    "sometrue": numpy.any,
    "product": numpy.prod,
    "cumproduct": numpy.cumprod,
    "in1d": numpy.isin,
    "msort": numpy.sort,
    "trapz": getattr(numpy, "trapezoid", None),
    "round_": numpy.round,
    "row_stack": numpy.vstack,
}
# MXNet only lists these financial functions; it never calls them here.
_UNUSED = ("mirr", "npv", "pmt", "ppmt", "pv", "rate")


@contextmanager
def lent_names():
    """Within this context, NumPy has the names of its version 1.23."""
    names = {**_ALIASES, **dict.fromkeys(_UNUSED)}
    missing = [name for name in names if name not in vars(numpy)]
    for name in missing:
        setattr(numpy, name, names[name])
    try:
        yield
    finally:
        for name in missing:
            delattr(numpy, name)
