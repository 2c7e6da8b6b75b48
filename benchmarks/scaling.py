"""How time and memory grow with the number of pixels.

    python -m benchmarks.scaling [--smallest HxW] [--sizes N] [--rounds N]

Each size doubles the sides of the last one. VGG-19 has its full size and
random weights; every cell is a process of its own. The sizes of a row take
turns, so that a machine that is busy for a while is busy for all of them. The
exponent is p in seconds = c pixels^p, fitted by least squares to the
logarithms: at 1 the time grows just as the pixels do.
"""

import numpy as np

from benchmarks.command import show
from benchmarks.epoch import in_turns
from benchmarks.report import Table
from benchmarks.subjects import FULL, backends_here, networks
from benchmarks.ways import Way

QUICK = {"smallest": (48, 72), "sizes": 3, "rounds": 2}
WAYS = (
    Way("pytorch", "exact"),
    Way("pytorch", "fast"),
    Way("mxnet", "exact"),
)


def exponent(pixels, seconds):
    """Return p of seconds = c pixels^p, by least squares on logarithms."""
    return np.polyfit(np.log(pixels), np.log(seconds), 1)[0]


def shapes(smallest, count):
    """Return ``count`` shapes, each twice the last one in both sides."""
    return [tuple(side << k for side in smallest) for k in range(count)]


def measure(way, weights, sizes, rounds):
    """Return {(way, shape): Cost}; larger sizes run fewer epochs in a turn."""
    makers = {(way, shape): (way, weights, shape) for shape in sizes}
    epochs = {shape: max(1, 8 >> k) for k, shape in enumerate(sizes)}
    return in_turns(makers, rounds, lambda key: epochs[key[1]])


def table_of(title, of, costs, exponents=None):
    """Return ``of(cost)`` of every cell, the sizes side by side."""
    sizes = list(dict.fromkeys(shape for _, shape in costs))
    columns = ["backend", "code", *(f"{h} x {w}" for h, w in sizes)]
    table = Table(title, (*columns, "exponent") if exponents else columns)
    for way in dict.fromkeys(way for way, _ in costs):
        cells = [of(costs[way, shape]) for shape in sizes]
        last = [f"{exponents[way]:.2f}"] if exponents else []
        table.add(way.backend, way.code, *cells, *last)
    return table


def exponents_of(costs):
    """Return {way: exponent of its seconds}."""
    points = {}
    for (way, (h, w)), cost in costs.items():
        points.setdefault(way, []).append((h * w, cost.median))
    return {
        way: exponent(*zip(*pairs, strict=True))
        for way, pairs in points.items()
    }


def tables(smallest=(150, 225), sizes=4, rounds=4):
    """Return two tables, seconds and memory."""
    here = backends_here()
    costs = {}
    with networks() as weights:
        for way in WAYS:
            if way.backend in here:
                costs |= measure(
                    way, weights[FULL], shapes(smallest, sizes), rounds
                )
    seconds = table_of(
        "Seconds per epoch, median",
        lambda cost: f"{cost.median:.3f}",
        costs,
        exponents_of(costs),
    )
    peak = table_of("Peak MB", lambda cost: f"{cost.peak:.0f}", costs)
    return [seconds, peak]


if __name__ == "__main__":
    show(tables, __doc__, QUICK)
