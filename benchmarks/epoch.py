"""Seconds per epoch and peak memory, beside the printed chapter.

    python -m benchmarks.epoch [--rounds N] [--epochs N] [--size HxW]

Each row runs in a process of its own, with a full-size VGG-19 of random
weights. The rows take turns, a few epochs each, so that a machine that is
busy for a while is busy for all of them. Read the ratios, not the seconds.
"""

import argparse
import multiprocessing
import resource
import statistics
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from d2l_style.animator import Animator
from d2l_style.doctor import missing_framework
from d2l_style.recipe import BACKENDS, Recipe
from d2l_style.transfer import StyleTransfer

ROOT = Path(__file__).parent.parent
PICTURES = (ROOT / "img/rainier.jpg", ROOT / "img/autumn-oak.jpg")
FRAMEWORKS = {"pytorch": "torch", "mxnet": "mxnet"}


def ours(backend, shape):
    """Return a function that runs one epoch as this project does."""
    recipe = Recipe(weights="random", image_shape=shape)
    transfer = StyleTransfer(*PICTURES, recipe, backend)
    animator = Animator.of_losses(500)

    def epoch():
        for one in transfer.run(1):
            animator.watch(one)
            if one.number % 10 == 0:
                animator.png()  # what a notebook would be sent

    return epoch


def printed(backend, shape):
    """Return a function that runs one epoch as the chapter prints it."""
    from benchmarks import printed as baseline

    make = getattr(baseline, f"printed_{backend}")
    recipe = baseline.recipe_of(backend, weights="random", image_shape=shape)
    return make(*PICTURES, recipe)


MAKERS = {"printed": printed, "ours": ours}


def worker(pipe, maker, backend, shape):
    """Run epochs when told to; answer with their seconds and peak memory."""
    epoch = MAKERS[maker](backend, shape)
    epoch()  # the first one allocates
    pipe.send("ready")
    while (count := pipe.recv()) is not None:
        seconds = []
        for _ in range(count):
            start = time.perf_counter()
            epoch()
            seconds.append(time.perf_counter() - start)
        pipe.send((seconds, peak_megabytes()))


def peak_megabytes():
    """Return the largest resident size of this process so far, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_maxrss * unit / 1e6


def measure(rows, rounds, epochs, shape):
    """Return {row: (list of seconds, peak MB)}, measured in turns."""
    context = multiprocessing.get_context("spawn")
    pipes, results = {}, {row: ([], 0) for row in rows}
    for backend, maker in rows:
        pipe, theirs = context.Pipe()
        context.Process(
            target=worker, args=(theirs, maker, backend, shape), daemon=True
        ).start()
        pipe.recv()
        pipes[backend, maker] = pipe
    for _ in range(rounds):
        for row, pipe in pipes.items():
            pipe.send(epochs)
            seconds, peak = pipe.recv()
            results[row] = (results[row][0] + seconds, peak)
    for pipe in pipes.values():
        pipe.send(None)
    return results


def table(results, shape):
    """Return the results as a table, each row beside its baseline."""
    out = Table(title=f"VGG-19, {shape[0]} x {shape[1]} pixels")
    for column in ("backend", "code", "s/epoch", "min - max", "ratio"):
        out.add_column(column, justify="right")
    out.add_column("peak MB", justify="right")
    out.add_column("ratio", justify="right")
    for (backend, maker), (seconds, peak) in results.items():
        base_seconds, base_peak = results[backend, "printed"]
        median = statistics.median(seconds)
        out.add_row(
            backend,
            maker,
            f"{median:.3f}",
            f"{min(seconds):.3f} - {max(seconds):.3f}",
            f"{median / statistics.median(base_seconds):.2f}",
            f"{peak:.0f}",
            f"{peak / base_peak:.2f}",
        )
    return out


def size(text):
    """Read a size such as 300x450 into (height, width)."""
    h, w = text.lower().split("x")
    return int(h), int(w)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--size", type=size, default=(300, 450))
    args = parser.parse_args()
    here = [b for b in BACKENDS if not missing_framework(FRAMEWORKS[b])]
    rows = [(backend, maker) for backend in here for maker in MAKERS]
    results = measure(rows, args.rounds, args.epochs, args.size)
    Console().print(table(results, args.size))


if __name__ == "__main__":
    main()
