"""How quickly the panel answers, and what its drawing costs.

    python -m benchmarks.panel [--backend mxnet] [--size 300 450]

Goals on two cores with the bundled network at 300 x 450: a new picture within
2 s of Start, a slider's effect within 0.5 s, Pause within two epochs, drawing
at most about a tenth of the time. Measured at the kernel; the browser's own
share is not in it.
"""

import argparse
import statistics
import time

from rich.console import Console
from rich.table import Table

from d2l_style.panel import StylePanel
from d2l_style.recipe import BACKENDS, Recipe

GOALS = {
    "first picture after Start, s": 2,
    "slider's effect, s (median of 5)": 0.5,
    "epochs after Pause": 2,
    "share of drawing, %": 10,
}


def main(argv=None):
    """Print a table of what was measured beside the goals."""
    args = _parser().parse_args(argv)
    recipe = Recipe(
        image_shape=tuple(args.size), weights=args.weights, num_epochs=100_000
    )
    panel = StylePanel(recipe=recipe, backend=args.backend)
    panel.worker.settle(600)
    try:
        figures = measure(panel, args.seconds)
    finally:
        panel.close()
    table = Table("", "measured", "goal")
    for (name, goal), figure in zip(GOALS.items(), figures, strict=True):
        table.add_row(name, f"{figure:.2f}", str(goal))
    Console().print(table)


def measure(panel, seconds):
    """Return the figures in the order of GOALS."""
    return (
        first_picture(panel),
        statistics.median(slider(panel, k) for k in range(5)),
        pause(panel),
        drawing(panel, seconds),
    )


def first_picture(panel):
    """Return the seconds from Start to the first new picture."""
    before, began = panel.views.compare.after, time.perf_counter()
    panel.start()
    _wait(lambda: panel.views.compare.after != before)
    return time.perf_counter() - began


def slider(panel, k):
    """Return the seconds until a moved weight is marked and drawn."""
    time.sleep(0.5)
    marks, began = len(panel.session.history.marks), time.perf_counter()
    panel.controls.weights["style_weight"].slider.value = 1e3 * 2 ** (k + 1)
    _wait(lambda: len(panel.session.history.marks) > marks)
    mark = panel.session.history.marks[-1].text
    _wait(lambda: mark.split("→")[1] in panel.views.changes.value)
    return time.perf_counter() - began


def pause(panel):
    """Return how many epochs are still run after Pause."""
    epoch = panel.transfer.epoch
    panel.pause()
    panel.worker.settle(60)
    return panel.transfer.epoch - epoch


def drawing(panel, seconds):
    """Return the share of drawing in a run of some seconds, in per cent."""
    panel.start()
    panel.worker.settle(60)
    began, spent = time.perf_counter(), panel.views.seconds_spent
    time.sleep(seconds)
    spent = panel.views.seconds_spent - spent
    took = time.perf_counter() - began
    panel.pause()
    return 100 * spent / took


def _wait(condition):
    while not condition():
        time.sleep(0.002)


def _parser():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", choices=BACKENDS, default="pytorch")
    parser.add_argument("--weights", default="mini")
    parser.add_argument(
        "--size", type=int, nargs=2, default=(300, 450), metavar=("H", "W")
    )
    parser.add_argument("--seconds", type=float, default=20)
    return parser


if __name__ == "__main__":
    main()
