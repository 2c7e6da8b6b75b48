"""The losses that runs of the book print, beside those that come out here.

    python -m benchmarks.printed_losses [--weights oxford] [--pictures FOLDER]

Others have published what the chapter's code printed for them on the book's
own two pictures: style weight 1e3, content weight 1, TV weight 10, Adam with
learning rate 0.01, times 0.1 every 200 epochs. PyTorch first at 150 x 225,
then at 300 x 450 from that result made larger; MXNet, which reads its
features before the ReLU, at 600 x 900. Their networks were torchvision's and
Gluon's. Nothing here was fitted to the third table, which takes long and is
left out unless ``--third 1`` asks for it. The two pictures must be the
book's own (``d2l-style fetch images``).
"""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.command import show
from benchmarks.report import Table
from benchmarks.subjects import ROOT
from d2l_style.network.fetch import BOOK_IMAGES, has
from d2l_style.pictures import images
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer

QUICK = {"epochs": 51}  # the first row of each table
LOSSES = ("content", "style", "tv")


@dataclass(frozen=True)
class Printed:
    """What somebody's run printed: {epoch index: (content, style, TV)}.

    The losses are those before the step of that epoch, counted from 0.
    ``goes_on`` says that it began from the result of the one before.
    """

    title: str
    backend: str
    changes: dict
    losses: dict
    goes_on: bool = False


PRINTED = (
    Printed(
        "PyTorch, 150 x 225, from the content picture",
        "pytorch",
        {"image_shape": (150, 225), "tap": "inplace"},
        {
            50: (0.24, 1.11, 1.33),
            100: (0.24, 0.81, 1.20),
            150: (0.23, 0.73, 1.12),
            200: (0.23, 0.68, 1.06),
            250: (0.23, 0.68, 1.05),
            300: (0.23, 0.67, 1.04),
            450: (0.23, 0.67, 1.03),
        },
    ),
    Printed(
        "PyTorch, 300 x 450, from the first one's result",
        "pytorch",
        {"image_shape": (300, 450), "tap": "inplace"},
        {
            50: (0.34, 0.63, 0.79),
            100: (0.30, 0.50, 0.74),
            150: (0.29, 0.46, 0.72),
            200: (0.28, 0.43, 0.70),
            250: (0.27, 0.43, 0.69),
            300: (0.27, 0.42, 0.69),
        },
        goes_on=True,
    ),
    Printed(
        "MXNet, 600 x 900, from the content picture",
        "mxnet",
        {"image_shape": (600, 900), "tap": "conv", "antialias": False},
        {
            1: (2.55, 140.17, 1.32),
            2: (6.18, 119.68, 1.34),
            5: (15.80, 74.33, 1.39),
            10: (14.43, 48.24, 1.48),
            20: (11.24, 28.77, 1.63),
            30: (9.61, 20.29, 1.73),
            40: (8.53, 15.78, 1.80),
            49: (7.83, 13.38, 1.84),
            60: (7.21, 11.45, 1.88),
        },
    ),
)
_RECIPE = Recipe(style_weight=1e3, lr=0.01, lr_decay_epoch=200, lr_decay=0.1)


def tables(weights="oxford", pictures=str(ROOT / "img"), epochs=500, third=0):
    """Return the tables: an epoch's losses, printed and here.

    Runs end after ``epochs`` epochs, or after the last one printed.
    """
    pair = book_pictures(pictures)
    runs = PRINTED if third else PRINTED[:2]
    measured = run(runs, pair, weights, epochs)
    return [
        _table(printed, losses)
        for printed, losses in zip(runs, measured, strict=True)
    ]


def book_pictures(folder):
    """Return the paths of the book's two pictures in ``folder``."""
    folder = Path(folder)
    missing = [s.name for s in BOOK_IMAGES if not has(folder, s)]
    if missing:
        raise FileNotFoundError(
            f"The book's {' and '.join(missing)} are not in {folder}. "
            "'d2l-style fetch images' brings them, --pictures names another "
            "folder."
        )
    return [folder / source.name for source in BOOK_IMAGES]


def run(several, pictures, weights="oxford", epochs=500, net=None):
    """Return {epoch: (content, style, TV)} of each of ``several``.

    The second begins from the first one's picture. ``net`` takes the place
    of ``weights``.
    """
    measured, before = [], None
    for printed in several:
        recipe = _RECIPE.replace(**printed.changes, weights=weights)
        transfer = StyleTransfer(*pictures, recipe, printed.backend, net=net)
        if printed.goes_on:
            _begin_from(transfer, before)
        last = min(epochs, max(printed.losses) + 1)
        measured.append(
            {
                epoch.number - 1: (epoch.content, epoch.style, epoch.tv)
                for epoch in transfer.run(last)
            }
        )
        before = transfer.image()
    return measured


def _begin_from(transfer, img):
    """Let the run begin from ``img``, made as large as it has to be."""
    img = images.resize(img, transfer.recipe.image_shape)
    state = transfer.state()
    transfer.restore({**state, "image": images.standardise(img)})


def _table(printed, measured):
    names = [n for loss in LOSSES for n in (loss, f"{loss}, printed")]
    table = Table(printed.title, ("epoch", *names))
    for epoch, losses in printed.losses.items():
        if epoch in measured:
            pairs = zip(measured[epoch], losses, strict=True)
            table.add(epoch, *(f"{x:.2f}" for pair in pairs for x in pair))
    return table


if __name__ == "__main__":
    show(tables, __doc__, QUICK)
