"""How long imports take, beside those of the bare frameworks.

    python -m benchmarks.imports [--rounds N]

Each import runs in a fresh Python, whose own start is not counted. The
imports take turns; one round before the first is not counted, since it reads
the files from the disk.
"""

import statistics
import subprocess
import sys

from benchmarks.command import show
from benchmarks.report import Table
from benchmarks.subjects import ROOT, backends_here

QUICK = {"rounds": 1}
# NumPy no longer has some names that MXNet asks for when it is imported.
_BARE_MXNET = """\
from d2l_style.machine.numpy_aliases import lent_names
with lent_names():
    import mxnet"""
IMPORTS = {
    "pytorch": {
        "bare torch, torchvision": "import torch, torchvision",
        "from d2l_style import torch": "from d2l_style import torch",
    },
    "mxnet": {
        "bare mxnet": _BARE_MXNET,
        "from d2l_style import mxnet": "from d2l_style import mxnet",
    },
}
_TIMED = """\
import time
start = time.perf_counter()
{code}
print(time.perf_counter() - start)"""


def seconds_of(code):
    """Return the seconds that some lines take in a fresh Python."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _TIMED.format(code=code)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise ImportError(done.stderr.strip().splitlines()[-1])
    return float(done.stdout.split()[-1])


def measure(codes, rounds):
    """Return {name: list of seconds} of {name: code}, in turns."""
    seconds = {name: [] for name in codes}
    for _ in range(rounds + 1):
        for name, code in codes.items():
            seconds[name].append(seconds_of(code))
    return {name: values[1:] for name, values in seconds.items()}


def tables(rounds=7):
    """Return one table, a row for each import that can be had here."""
    codes = {"import d2l_style": "import d2l_style"}
    for backend in backends_here():
        codes |= IMPORTS[backend]
    table = Table("Seconds of an import", ("import", "median", "min-max"))
    for name, seconds in measure(codes, rounds).items():
        table.add(
            name,
            f"{statistics.median(seconds):.3f}",
            f"{min(seconds):.3f}-{max(seconds):.3f}",
        )
    return [table]


if __name__ == "__main__":
    show(tables, __doc__, QUICK)
