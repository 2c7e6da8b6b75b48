"""What drawing costs, and whether it grows with the number of updates.

    python -m benchmarks.drawing [--updates N]

Compares one update of the animator (every ten epochs) with ten epochs of a
full-size VGG-19 at 300 x 450.
"""

import argparse
import statistics
import time

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.epoch import ours
from d2l_style.animator import Animator
from d2l_style.doctor import missing_framework


def seconds_of(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def updates(count):
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
    epoch = ours(backend, (300, 450))
    epoch()
    return statistics.median(seconds_of(epoch) for _ in range(5))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--updates", type=int, default=50)
    drawn = updates(parser.parse_args().updates)
    backend = "mxnet" if missing_framework("torch") else "pytorch"
    epoch = epoch_seconds(backend)
    table = Table(title=f"One update of the figure, {backend}, 300 x 450")
    table.add_column("updates")
    table.add_column("ms, median", justify="right")
    table.add_column("of the run", justify="right")
    for name, part in (("first 10", drawn[:10]), ("last 10", drawn[-10:])):
        median = statistics.median(part)
        share = median / (median + 10 * epoch)
        table.add_row(name, f"{1000 * median:.0f}", f"{share:.1%}")
    Console().print(table)
    print(f"One epoch takes {epoch:.2f} s.")


if __name__ == "__main__":
    main()
