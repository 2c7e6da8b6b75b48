"""What is measured on: pictures, networks, the frameworks of this machine."""

import tempfile
from contextlib import contextmanager
from pathlib import Path

from safetensors.numpy import save_file

from benchmarks.processes import apart
from d2l_style.machine.doctor import missing_framework
from d2l_style.network.random_vgg import random_parameters
from d2l_style.recipe import BACKENDS

ROOT = Path(__file__).parent.parent
FRAMEWORKS = {"pytorch": "torch", "mxnet": "mxnet"}
PAIRS = (
    ("rainier", "autumn-oak"),
    ("harbour", "night-swirls"),
    ("still-life", "cubist"),
)
FULL, MINI = "VGG-19", "mini"


def paths_of(pair):
    """Return the paths of a pair of PAIRS."""
    return tuple(ROOT / f"img/{name}.jpg" for name in pair)


def pairs_for(network, most):
    """Return the pairs of PAIRS to run; the full VGG-19 has time for one."""
    return PAIRS[: 1 if network == FULL else most]


def backends_here():
    """Return the backends whose frameworks can be imported."""
    return [b for b in BACKENDS if not apart(missing_framework, FRAMEWORKS[b])]


@contextmanager
def networks():
    """Hold {name: what a Recipe takes as weights}: the full VGG-19 and mini.

    The full one has random weights and lies in a file, so that reading it,
    and not making it, is what a process remembers of it.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "random.safetensors")
        apart(_save_random, path)
        yield {FULL: path, MINI: "mini"}


def _save_random(path):
    save_file(random_parameters(), path)
