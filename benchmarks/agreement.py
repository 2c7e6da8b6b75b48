"""Whether bfloat16 paints what float32 paints, and as well.

    python -m benchmarks.agreement [--epochs N] [--size HxW] [--pairs N]

The preset fast, once with precision fast and once exact, all else equal. The
final losses of both are measured in float32. SSIM compares the two pictures
(Wang et al., 2004: 1 is the same picture); it needs scikit-image,
``pip install scikit-image``, and stays empty without. Where no processor
multiplies bfloat16 in hardware the two are the same.

Read SSIM beside its last column: the same of two exact runs, one of which
begins with noise of 1e-5 on its picture, less than a thousandth of a grey
level. The losses say how much of which stroke, not where it lies, and
rounding decides that.
"""

import numpy as np

from benchmarks.command import show
from benchmarks.judge import Judge
from benchmarks.processes import apart
from benchmarks.report import Table
from benchmarks.subjects import networks, pairs_for, paths_of
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer

QUICK = {"epochs": 20, "size": (96, 144), "pairs": 1}
COLUMNS = (
    *("network", "pictures", "loss, exact", "loss, fast", "difference"),
    *("SSIM", "SSIM, exact twice"),
)
EPOCHS = Recipe.preset("fast").num_epochs
NOISE = 1e-5


def paint(pictures, recipe, noise=0):
    """Return (picture as a uint8 array, final loss) of a whole run."""
    transfer = StyleTransfer(*pictures, recipe)
    if noise:
        state = transfer.state()
        shape = state["image"].shape
        state["image"] += np.float32(
            noise * np.random.default_rng(0).standard_normal(shape)
        )
        transfer.restore(state)
    for _epoch in transfer.run():
        pass
    loss = Judge(pictures, recipe, "pytorch")(transfer.synthesis.array())
    return np.asarray(transfer.image()), loss


def ssim(a, b):
    """Return the structural similarity, or None without scikit-image."""
    try:
        from skimage.metrics import structural_similarity
    except ImportError:
        return None
    return structural_similarity(a, b, channel_axis=2)


def add_row(table, network, pair, recipe):
    """Paint at both precisions and add what came of it."""
    (exact, exact_loss), (fast, fast_loss), (again, _loss) = (
        apart(paint, paths_of(pair), recipe.replace(precision=p), noise)
        for p, noise in (("exact", 0), ("fast", 0), ("exact", NOISE))
    )
    table.add(
        *(network, " + ".join(pair), f"{exact_loss:.4f}", f"{fast_loss:.4f}"),
        f"{fast_loss / exact_loss - 1:+.2%}",
        *(_number(ssim(exact, other)) for other in (fast, again)),
    )


def _number(value):
    return None if value is None else f"{value:.4f}"


def tables(epochs=EPOCHS, size=(300, 450), pairs=3):
    """Return one table; the full VGG-19 runs one pair of pictures."""
    title = f"{size[0]} x {size[1]} pixels, {epochs} epochs, pytorch"
    table = Table(title, COLUMNS)
    with networks() as weights:
        for network, path in weights.items():
            recipe = Recipe.preset(
                "fast", weights=path, image_shape=size, num_epochs=epochs
            )
            for pair in pairs_for(network, pairs):
                add_row(table, network, pair, recipe)
    return [table]


if __name__ == "__main__":
    show(tables, __doc__, QUICK)
