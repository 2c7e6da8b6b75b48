"""Paint every content picture in every style and put them on one sheet.

    python -m tools.contact_sheet [--weights mini] [--backend mxnet]

Columns are the contents, rows the styles of img/. Writes
out/contact-sheet.jpg; --contents and --styles choose by name, --width
reduces the sheet to so many pixels.
"""

import argparse
from pathlib import Path

from PIL import Image
from rich.progress import track

from d2l_style.machine.console import steady_streams
from d2l_style.network.weights import describe
from d2l_style.pictures import images
from d2l_style.pictures.contact_sheet import contact_sheet
from d2l_style.pictures.samples import sample_images
from d2l_style.recipe import BACKENDS, Recipe
from d2l_style.transfer import StyleTransfer, backend_module

SHEET = Path(__file__).resolve().parent.parent / "out" / "contact-sheet.jpg"


def main(argv=None):
    """Run the program and write the sheet."""
    steady_streams()
    samples = sample_images()
    args = parser(samples).parse_args(argv)
    recipe = Recipe(
        num_epochs=args.epochs,
        image_shape=tuple(args.size),
        weights=args.weights,
    )
    print(describe(args.weights))
    args.sheet.parent.mkdir(parents=True, exist_ok=True)
    sheet = painted(samples, args.contents, args.styles, recipe, args.backend)
    if args.width:
        sheet.thumbnail((args.width, sheet.height), Image.Resampling.LANCZOS)
    sheet.save(args.sheet, quality=85, optimize=True, progressive=True)
    print(f"{args.sheet} shows {len(args.contents) * len(args.styles)} runs.")


def parser(samples):
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.contact_sheet",
        description=__doc__.splitlines()[0],
    )
    add = parser.add_argument
    for kind in ("content", "style"):
        own = samples.of_kind(kind).values()
        names = [s.name for s in own if s.source == "d2l-style"]
        add(
            f"--{kind}s",
            nargs="+",
            choices=list(samples),
            default=names,
            metavar="NAME",
            help=f"by default {', '.join(names)}",
        )
    add("--weights", default="auto")
    add("--backend", choices=BACKENDS, default="pytorch")
    add("--epochs", type=int, default=200)
    add("--size", type=int, nargs=2, default=(200, 300), metavar=("H", "W"))
    add("--width", type=int, help="of the sheet, in pixels")
    add("--sheet", type=Path, default=SHEET)
    return parser


def painted(samples, contents, styles, recipe, backend):
    """Return the sheet of all pairs, with what goes in at its margins."""
    net = backend_module(backend).pretrained_vgg19(
        recipe.weights, verbose=False
    )
    shown = {
        name: images.resize(samples[name].open(), recipe.image_shape)
        for name in (*contents, *styles)
    }
    grid = [[None, *(shown[name] for name in contents)]]
    grid += [[shown[name]] for name in styles]
    jobs = [(i, name) for i in range(len(styles)) for name in contents]
    for i, name in track(jobs, "painting"):
        transfer = StyleTransfer(
            samples[name].open(),
            samples[styles[i]].open(),
            recipe,
            backend,
            net=net,
        )
        for _ in transfer.run():
            pass
        grid[i + 1].append(transfer.image())
    return contact_sheet(grid, ["", *styles], ["", *contents])


if __name__ == "__main__":
    main()
