"""What drawing costs, and whether it grows with the number of updates.

    python -m benchmarks.drawing [--updates N]

Compares one update of the animator (every ten epochs) with ten epochs of a
full-size VGG-19 at 300 x 450.
"""

import statistics

import numpy as np

from benchmarks.command import show
from benchmarks.epoch import seconds_of
from benchmarks.report import Table
from benchmarks.subjects import PAIRS, backends_here, paths_of
from benchmarks.ways import Way, epoch_of
from d2l_style.pictures.animator import Animator

QUICK = {"updates": 20}


def drawn(count):
    """Return the seconds of each of ``count`` updates, drawn and encoded."""
    animator = Animator.of_losses(10 * count)
    rng = np.random.default_rng(0)

    def update(i):
        img = rng.integers(0, 256, (300, 450, 3), np.uint8)
        animator.axes[1].imshow(img)
        animator.add(10 * i, [3 / i, 2 / i, 1 / i])
        animator.png()

    return [seconds_of(lambda i=i: update(i)) for i in range(1, count + 1)]


def epoch_seconds(backend):
    """Return the median seconds of an epoch."""
    way = Way(backend, "exact")
    epoch = epoch_of(way, paths_of(PAIRS[0]), "random", (300, 450))
    epoch()
    return statistics.median(seconds_of(epoch) for _ in range(5))


def tables(updates=50):
    """Return one table: the first updates and the last."""
    seconds = drawn(updates)
    backend = backends_here()[0]
    epoch = epoch_seconds(backend)
    table = Table(
        f"One update of the figure, {backend}, {epoch:.2f} s an epoch",
        ("updates", "ms, median", "of the run"),
    )
    for name, part in (("first 10", seconds[:10]), ("last 10", seconds[-10:])):
        median = statistics.median(part)
        share = median / (median + 10 * epoch)
        table.add(name, f"{1000 * median:.0f}", f"{share:.1%}")
    return [table]


if __name__ == "__main__":
    show(tables, __doc__, QUICK)
