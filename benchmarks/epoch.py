"""Seconds per epoch and peak memory, beside the printed chapter.

    python -m benchmarks.epoch [--rounds N] [--epochs N] [--size HxW]

Each row runs in a process of its own; VGG-19 has its full size and random
weights, mini is the bundled network. Ratios are to the printed code with
VGG-19, the framework as a reader gets it: MXNet left alone takes half of the
processors. The rows take turns, a few epochs each, so that a machine that is
busy for a while is busy for all of them. Read the ratios, not the seconds.

Memory is the largest that a process had, everything in it; what it had
before the network was made stands beside it. Where no processor multiplies
bfloat16 in hardware, fast is the same as exact.
"""

import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass, field

from benchmarks.command import show
from benchmarks.processes import Row, peak_megabytes
from benchmarks.report import Table
from benchmarks.subjects import MINI, PAIRS, backends_here, networks, paths_of
from benchmarks.ways import Way, epoch_of, import_for

QUICK = {"rounds": 2, "epochs": 1, "size": (96, 144)}
WAYS = (
    Way("pytorch", "printed"),
    Way("pytorch", "exact"),
    Way("pytorch", "fast"),
    Way("pytorch", "exact", MINI),
    Way("pytorch", "fast", MINI),
    Way("mxnet", "printed"),
    Way("mxnet", "printed, all cores"),
    Way("mxnet", "exact"),
    Way("mxnet", "exact", MINI),
)
COLUMNS = (
    *("backend", "code", "s/epoch", "min-max", "ratio"),
    *("imports MB", "peak MB", "ratio"),
)


@dataclass
class Cost:
    """What epochs took: their seconds, and MB before and at the most."""

    seconds: list = field(default_factory=list)
    imports: float = 0
    peak: float = 0

    @property
    def median(self):
        return statistics.median(self.seconds)

    @property
    def range(self):
        return f"{min(self.seconds):.3f}-{max(self.seconds):.3f}"


def timed(way, weights, shape):
    """Return a function of a count that runs so many epochs: their Cost."""
    import_for(way)
    imports = peak_megabytes()
    epoch = epoch_of(way, paths_of(PAIRS[0]), weights, shape)
    epoch()  # the first one allocates

    def run(count):
        seconds = [seconds_of(epoch) for _ in range(count)]
        return Cost(seconds, imports, peak_megabytes())

    return run


def seconds_of(function):
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def in_turns(makers, rounds, epochs):
    """Return {key: Cost} of rows that take turns.

    ``makers`` holds the arguments of :func:`timed`; ``epochs(key)`` is how
    many epochs a row runs in each of its turns.
    """
    costs = {key: Cost() for key in makers}
    with ExitStack() as stack:
        rows = {
            key: stack.enter_context(Row(timed, *args))
            for key, args in makers.items()
        }
        for _ in range(rounds):
            for key, row in rows.items():
                cost = row(epochs(key))
                cost.seconds += costs[key].seconds
                costs[key] = cost
    return costs


def measure(ways, weights, rounds, epochs, shape):
    """Return {way: Cost}, measured in turns; ``weights`` go by network."""
    makers = {way: (way, weights[way.network], shape) for way in ways}
    return in_turns(makers, rounds, lambda _way: epochs)


def table_of(costs, shape):
    """Return the costs as a table, each row beside its baseline."""
    table = Table(f"{shape[0]} x {shape[1]} pixels", COLUMNS)
    for way, cost in costs.items():
        base = costs[Way(way.backend, "printed")]
        table.add(
            *(way.backend, way.name, f"{cost.median:.3f}", cost.range),
            f"{cost.median / base.median:.2f}",
            *(f"{cost.imports:.0f}", f"{cost.peak:.0f}"),
            f"{cost.peak / base.peak:.2f}",
        )
    return table


def tables(rounds=5, epochs=4, size=(300, 450)):
    """Return one table, a row for each of WAYS that can be had here."""
    here = backends_here()
    ways = [way for way in WAYS if way.backend in here]
    with networks() as weights:
        costs = measure(ways, weights, rounds, epochs, size)
    return [table_of(costs, size)]


if __name__ == "__main__":
    show(tables, __doc__, QUICK)
