"""An accelerator beside the processor: the same losses, how much sooner.

    python -m benchmarks.gpu [--device cuda] [--epochs 21]

For PyTorch; five minutes. Every run is made twice: on the accelerator and,
in float32, on the processor. How far the losses are apart stands beside the
seconds per epoch, and what a forecast says beside what the run takes. Then
the panel paints in its thread, and a picture that cannot fit is refused.
Without an accelerator, ``--device cpu`` rehearses it.
"""

import time

import torch

from benchmarks.command import show
from benchmarks.report import Table
from benchmarks.subjects import PAIRS, paths_of
from d2l_style import torch as d2l
from d2l_style.engine.forecast import TooLarge
from d2l_style.panel import StylePanel
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer

SIZES = ((150, 225), (300, 450))
QUICK = {"epochs": 2, "networks": "mini", "largest": (48, 72)}
OFF = ("network", "precision", "size", "numbers", "first loss off", "last off")
COST = (
    *("network", "precision", "size", "CPU s/epoch", "device", "times"),
    *("forecast", "MB said", "MB taken"),
)
HUGE = (20_000, 20_000)


def tables(device="", networks="mini,oxford", epochs=21, largest=(300, 450)):
    """Return the tables: losses, cost, and what else was seen."""
    device = torch.device(device) if device else d2l.try_gpu()
    sizes = {min(size, largest) for size in SIZES}
    recipes = [
        Recipe.preset(preset).replace(weights=weights, image_shape=size)
        for weights in networks.split(",")
        for preset in ("paired", "fast")
        for size in sorted(sizes)
    ]
    name = f"{_name(device)}, {epochs} epochs"
    off, cost = Table(f"{name}: losses", OFF), Table(f"{name}: cost", COST)
    for recipe in recipes:
        h, w = recipe.image_shape
        row = (recipe.weights, recipe.precision, f"{h} x {w}")
        losses, costs = compared(recipe, device, epochs)
        off.add(*row, *losses)
        cost.add(*row, *costs)
    rest = Table("What else", ("", "seen"))
    rest.add("panel", panel_of(recipes[-1], device, epochs))
    rest.add("refusal", refusal(recipes[-1], device))
    return [off, cost, rest]


def compared(recipe, device, epochs):
    """Return cells of both tables: a run on ``device`` beside the CPU's."""
    pair = paths_of(PAIRS[0])
    transfer = StyleTransfer(*pair, recipe, device=device)
    forecast = transfer.forecast()
    before = _allocated(device)
    losses, seconds = run(transfer, epochs)
    taken = (_peak(device) - before) / 1e6
    exact = recipe.replace(precision="exact")
    cpu = StyleTransfer(*pair, exact, device=torch.device("cpu"))
    wanted, slow = run(cpu, epochs)
    return (
        str(transfer.synthesis.net[0].weight.dtype).removeprefix("torch."),
        *(f"{abs(losses[k] / wanted[k] - 1):.1e}" for k in (0, -1)),
    ), (
        *(f"{slow:.3f}", f"{seconds:.4f}", f"{slow / seconds:.1f}"),
        *(f"{forecast.seconds:.4f}", f"{forecast.bytes / 1e6:.0f}"),
        f"{taken:.0f}" if device.type == "cuda" else None,
    )


def run(transfer, epochs):
    """Return (total losses, seconds per epoch) of a run."""
    began = time.perf_counter()
    losses = [epoch.total for epoch in transfer.run(epochs)]
    return losses, (time.perf_counter() - began) / epochs


def panel_of(recipe, device, epochs):
    """Return in words how the panel's own thread painted."""
    recipe = recipe.replace(num_epochs=epochs)
    panel = StylePanel(*paths_of(PAIRS[0]), recipe=recipe, device=device)
    try:
        panel.worker.settle(600)
        began = time.perf_counter()
        panel.start()
        panel.worker.settle(600)
        while panel.state == "running":
            time.sleep(0.01)
        seconds = time.perf_counter() - began
        place = panel.transfer.synthesis.device
        done = panel.transfer.epoch
        return f"{panel.state}: {done} epochs in {seconds:.1f} s on {place}"
    finally:
        panel.close()


def refusal(recipe, device):
    """Return the sentence that refuses a picture too large to fit."""
    try:
        huge = recipe.replace(image_shape=HUGE)
        StyleTransfer(*paths_of(PAIRS[0]), huge, device=device)
    except TooLarge as error:
        return str(error)
    raise AssertionError(f"{HUGE} was not refused")


def _name(device):
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return str(device)


def _allocated(device):
    """Return the bytes taken on a CUDA device; its peak counts from here."""
    if device.type != "cuda":
        return 0
    torch.cuda.reset_peak_memory_stats(device)
    return torch.cuda.memory_allocated(device)


def _peak(device):
    on_cuda = device.type == "cuda"
    return torch.cuda.max_memory_allocated(device) if on_cuda else 0


if __name__ == "__main__":
    show(tables, __doc__, QUICK)
