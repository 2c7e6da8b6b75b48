"""How long it takes to a loss as low as the printed recipe's at its end.

    python -m benchmarks.equal_loss [--epochs N] [--size HxW] [--pairs N]

What counts is the total loss that the printed recipe minimises, measured in
float32 every few evaluations; the clock stands still meanwhile. An evaluation
is one pass forward and back: an epoch has one, L-BFGS twenty in each step,
and those on smaller pictures count as well. Each method runs in a process of
its own, and they take turns. VGG-19 has its full size and random weights; it
is tapped where the printed code of its framework taps it. mini is the bundled
network, made to be tapped behind its ReLUs, and is tapped there.

A dash: the method never came as low. The last column is the loss at its own
end, divided by that of the printed recipe.
"""

import time
from contextlib import ExitStack

from benchmarks import printed
from benchmarks.command import show
from benchmarks.judge import Judge
from benchmarks.methods import METHODS, Race
from benchmarks.processes import Row
from benchmarks.report import Table
from benchmarks.subjects import (
    FULL,
    MINI,
    backends_here,
    networks,
    pairs_for,
    paths_of,
)

QUICK = {"epochs": 20, "size": (48, 72), "pairs": 1}
RACES = (("pytorch", FULL), ("pytorch", MINI), ("mxnet", MINI))
_CHANGES = {FULL: {}, MINI: {"tap": "relu"}}  # of the printed recipe
COLUMNS = ("pictures", "method", "evaluations", "s", "ratio", "end/target")
_EVERY = 10  # evaluations from one judgement to the next
_TURN = 25  # evaluations


class Racer:
    """A method on its way: calling it goes on, and tells what it passed."""

    def __init__(self, race, method):
        self.steps = METHODS[race.backend][method](race)
        next(self.steps)  # it gets ready
        self.judge = Judge(race.pictures, race.goal, race.backend)
        self.evaluations = self.judged = self.seconds = 0
        self.points, self.picture = [], None

    def __call__(self, until):
        """Go on to so many evaluations; return (points, whether it ended).

        A point is (evaluations, seconds, loss).
        """
        while self.evaluations < until:
            start = time.perf_counter()
            step = next(self.steps, None)
            self.seconds += time.perf_counter() - start
            if step is None:
                self._judge()
                return self.points, True
            self.evaluations, self.picture = step
            if self.evaluations >= self.judged + _EVERY:
                self._judge()
        return self.points, False

    def _judge(self):
        if self.picture is None or self.judged == self.evaluations:
            return
        self.judged = self.evaluations
        loss = self.judge(self.picture)
        self.points.append((self.evaluations, self.seconds, loss))


def run(race):
    """Return {method: its points}, the methods taking turns."""
    points, until = {}, 0
    with ExitStack() as stack:
        rows = {
            method: stack.enter_context(Row(Racer, race, method))
            for method in METHODS[race.backend]
        }
        while rows:
            until += _TURN
            for method, row in list(rows.items()):
                points[method], ended = row(until)
                if ended:
                    del rows[method]
    return {method: points[method] for method in METHODS[race.backend]}


def arrival(points, target):
    """Return (evaluations, seconds) at the first loss as low as target."""
    for evaluations, seconds, loss in points:
        if loss <= target:
            return evaluations, seconds
    return None


def add_rows(table, pair, points):
    """Add a row for each method to the table of a race."""
    _, printed_seconds, target = points["printed"][-1]
    for method, passed in points.items():
        cells = "-", None, None
        # That the printed recipe's loss may rise again is no merit of it.
        arrived = arrival(
            passed[-1:] if method == "printed" else passed, target
        )
        if arrived:
            evaluations, seconds = arrived
            ratio = f"{seconds / printed_seconds:.3f}"
            cells = evaluations, f"{seconds:.1f}", ratio
        table.add(
            " + ".join(pair), method, *cells, f"{passed[-1][2] / target:.3f}"
        )


def table_of(backend, network, weights, epochs, shape, pairs):
    """Return the table of one backend and network, run on some pairs."""
    goal = printed.recipe_of(
        backend,
        weights=weights,
        image_shape=shape,
        num_epochs=epochs,
        **_CHANGES[network],
    )
    title = (
        f"{backend}, {network}, {shape[0]} x {shape[1]} pixels, as low as "
        f"the printed recipe after {epochs} epochs"
    )
    table = Table(title, COLUMNS)
    for pair in pairs:
        points = run(Race(backend, paths_of(pair), goal))
        add_rows(table, pair, points)
    return table


def tables(epochs=500, size=(300, 450), pairs=3):
    """Return a table for each of RACES; the full VGG-19 runs one pair."""
    here = backends_here()
    with networks() as weights:
        return [
            table_of(
                *(backend, network, weights[network], epochs, size),
                pairs_for(network, pairs),
            )
            for backend, network in RACES
            if backend in here
        ]


if __name__ == "__main__":
    show(tables, __doc__, QUICK)
