"""Judge networks by what they paint, in the eyes of VGG-19.

    python -m tools.judge_mini mini A.safetensors --book FOLDER

Every candidate paints some pairs of pictures with the preset ``paired``.
Each result is measured by that preset's objective on Oxford's VGG-19, beside
the content picture, from which a run begins, and the picture that VGG-19
paints itself. The gap is what is left of the way from the one to the other:
(L(candidate) - L(VGG-19)) / (L(content) - L(VGG-19)). And a sheet,
out/judge.jpg: the eye has the last word. ``random`` stands for the same plan
with random weights. Candidates were trained on the pictures of the first
pair, and on none of the others; ``--book`` names a folder with the book's
two pictures, which come first then.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.judge import Judge
from d2l_style.machine.doctor import require
from d2l_style.network.random_vgg import random_parameters
from d2l_style.network.weights import load_parameters
from d2l_style.pictures import images
from d2l_style.pictures.contact_sheet import contact_sheet
from d2l_style.pictures.samples import sample_images
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer

torch = require("torch")

from d2l_style.torch import VGG19  # noqa: E402
from tools.mini.student import WIDTHS  # noqa: E402

SHEET = Path(__file__).resolve().parent.parent / "out" / "judge.jpg"
BOOK = ("rainier.jpg", "autumn-oak.jpg")
PAIRS = (
    ("rainier", "autumn-oak"),
    ("harbour", "night-swirls"),
    ("still-life", "stained-glass"),
)
TEACHER = "VGG-19"


@dataclass
class Painted:
    """A picture and its Losses, by VGG-19's own objective."""

    picture: object
    losses: object


def main(argv=None):
    """Run the program: print the table, write the sheet."""
    args = parser().parse_args(argv)
    torch.set_num_threads(args.threads)
    recipe = Recipe(num_epochs=args.epochs, image_shape=tuple(args.size))
    pairs = pairs_of(args.book)
    judged = [judge(pair, args.candidates, recipe) for pair in pairs]
    Console().print(table_of(judged))
    args.sheet.parent.mkdir(parents=True, exist_ok=True)
    sheet_of(judged, pairs, recipe).save(args.sheet, quality=90)
    print(f"{args.sheet} shows what they paint.")


def parser():
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.judge_mini", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("candidates", nargs="+", help="safetensors files, mini or random")
    add("--book", type=Path, help="a folder with the book's two pictures")
    add("--epochs", type=int, default=500)
    add("--size", type=int, nargs=2, default=(300, 450), metavar=("H", "W"))
    add("--threads", type=int, default=torch.get_num_threads())
    add("--sheet", type=Path, default=SHEET)
    return parser


def pairs_of(book=None):
    """Return the (content, style) pictures that are painted."""
    samples = sample_images()
    pairs = [tuple(samples[name].open() for name in pair) for pair in PAIRS]
    if book:
        pairs.insert(0, tuple(images.open_image(book / n) for n in BOOK))
    return pairs


def judge(pair, candidates, recipe):
    """Return {name: Painted} of a pair: content, VGG-19, candidates."""
    by_vgg19 = recipe.replace(weights="oxford")
    eye, painted = Judge(pair, by_vgg19, "pytorch"), {}

    def add(name, run):
        array = run.state()["image"]
        painted[name] = Painted(run.image(), eye.losses(array))

    teacher = StyleTransfer(*pair, by_vgg19)
    add("content", teacher)
    for name in track((TEACHER, *candidates), "painting"):
        run = teacher
        if name != TEACHER:
            run = StyleTransfer(*pair, recipe, net=net_of(name))
        for _epoch in run.run():
            pass
        add(name, run)
    return painted


def net_of(name):
    """Return the network called ``name``."""
    if name == "random":
        return VGG19(random_parameters(widths=WIDTHS))
    return VGG19(load_parameters(name))


def gap(painted, name):
    """Return what is left of the way from content to VGG-19's picture."""
    best = painted[TEACHER].losses.total
    whole = painted["content"].losses.total - best
    return (painted[name].losses.total - best) / whole


def table_of(judged):
    """Return the table of all pairs."""
    table = Table("pair", "picture of", "content", "style", "TV", "gap")
    for number, painted in enumerate(judged, start=1):
        for name, result in painted.items():
            losses = result.losses
            numbers = (losses.content, losses.style, losses.tv)
            told = "" if name == "content" else f"{gap(painted, name):.3f}"
            table.add_row(
                str(number),
                _short(name),
                *(f"{x:.2f}" for x in numbers),
                told,
            )
    return table


def sheet_of(judged, pairs, recipe):
    """Return the sheet: a column for each pair, a row for each picture."""
    names = list(judged[0])
    styles = [images.resize(style, recipe.image_shape) for _, style in pairs]
    rows = [[painted[name].picture for painted in judged] for name in names]
    return contact_sheet(
        [rows[0], styles, *rows[1:]],
        ["content", "style", *map(_short, names[1:])],
    )


def _short(name):
    path = Path(name)
    return path.stem if path.suffix else name


if __name__ == "__main__":
    main()
