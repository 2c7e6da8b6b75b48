"""How quickly the panel answers, and what its drawing costs.

    python -m benchmarks.panel [--backend mxnet] [--size 300x450]

Goals on two cores with the bundled network at 300 x 450: a new picture within
2 s of Start, a slider's effect within 0.5 s, Pause within two epochs, drawing
at most about a tenth of the time. Measured at the kernel; the browser's own
share is not in it.
"""

import statistics
import time

from benchmarks.command import show
from benchmarks.report import Table
from d2l_style.panel import StylePanel
from d2l_style.recipe import Recipe

GOALS = {
    "first picture after Start, s": 2,
    "slider's effect, s (median of 5)": 0.5,
    "epochs after Pause": 2,
    "share of drawing, %": 10,
}
QUICK = {"size": (96, 144), "seconds": 3.0}


def tables(backend="pytorch", weights="mini", size=(300, 450), seconds=20.0):
    """Return one table of what was measured beside the goals."""
    recipe = Recipe(image_shape=size, weights=weights, num_epochs=100_000)
    panel = StylePanel(recipe=recipe, backend=backend)
    panel.worker.settle(600)
    try:
        figures = measure(panel, seconds)
    finally:
        panel.close()
    title = f"{backend}, {weights}, {size[0]} x {size[1]} pixels"
    table = Table(title, ("", "measured", "goal"))
    for (name, goal), figure in zip(GOALS.items(), figures, strict=True):
        table.add(name, f"{figure:.2f}", goal)
    return [table]


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


if __name__ == "__main__":
    show(tables, __doc__, QUICK)
