"""Judge candidates for vgg19-mini by what they were not trained on.

    python -m tools.judge_mini A.safetensors B.safetensors --teacher FILE \\
        --book FOLDER

A table: how much of the teacher's layers that were not targets, on pictures
kept out of training, a linear map from a candidate's features explains (R2,
1 is all of it). And a sheet, out/judge.jpg, of what the candidates paint
with the book's weights: the eye has the last word. ``random`` stands for the
same plan with random weights. ``--book`` names a folder that holds the
book's two pictures; without it only the project's own are used.
"""

import argparse
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from d2l_style import images, vgg
from d2l_style.doctor import require
from d2l_style.random_vgg import random_parameters
from d2l_style.recipe import Recipe
from d2l_style.samples import sample_images
from d2l_style.sheet import contact_sheet
from d2l_style.transfer import StyleTransfer, backend_module
from d2l_style.weights import load_parameters

torch = require("torch")
F = torch.nn.functional

from tools.mini import augment, pictures, teacher  # noqa: E402
from tools.mini.student import WIDTHS  # noqa: E402

SHEET = Path(__file__).resolve().parent.parent / "out" / "judge.jpg"
BOOK = ("rainier.jpg", "autumn-oak.jpg")
PAIRS = (
    ("rainier", "autumn-oak"),
    ("harbour", "night-swirls"),
    ("still-life", "stained-glass"),
    ("harbour", "ink-wash"),
)
# Layers of SqueezeNet inside its modules, whose outputs were the targets.
UNSEEN = ("features.4.squeeze", "features.8.squeeze", "classifier.1")
PROBED = ("relu1_1", "relu2_1", "relu3_1", "relu4_4", "relu5_1")
PLACES = 14  # a map is compared at so many places down and across
RIDGE = 1e-2


def main(argv=None):
    """Run the program: print the table, write the sheet."""
    args = parser().parse_args(argv)
    torch.set_num_threads(args.threads)
    nets = {name: net_of(name) for name in args.candidates}
    if args.teacher:
        print_table(nets, args)
    if not args.no_sheet:
        args.sheet.parent.mkdir(parents=True, exist_ok=True)
        paint(nets, args).save(args.sheet, quality=90)
        print(f"{args.sheet} shows what they paint.")


def parser():
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.judge_mini", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("candidates", nargs="+", help="safetensors files, mini or random")
    add("--teacher", type=Path, help="its file; without it, no table")
    add("--arch", default="squeezenet1_0", help="torchvision's name of it")
    add("--unseen", nargs="+", default=UNSEEN, help="its layers to predict")
    add("--book", type=Path, help="a folder with the book's two pictures")
    add("--epochs", type=int, default=300)
    add("--size", type=int, nargs=2, default=(300, 450), metavar=("H", "W"))
    add("--threads", type=int, default=torch.get_num_threads())
    add("--sheet", type=Path, default=SHEET)
    add("--no-sheet", action="store_true", help="the table only")
    return parser


def net_of(name):
    """Return the network called ``name``."""
    if name == "random":
        parameters = random_parameters(widths=WIDTHS)
    else:
        parameters = load_parameters(name)
    return backend_module("pytorch").VGG19(parameters).eval()


# What the features know


def print_table(nets, args):
    """Print the R2 of each candidate's layers on held-out pictures."""
    trained = augment.views(pictures.load(pictures.find()))
    judged = augment.views(
        [np.asarray(img).transpose(2, 0, 1) for img in held_out(args.book)]
    )
    master = teacher.classifier(args.arch, args.teacher).eval()
    known, asked = (
        [inner_map(master, name, X) for name in args.unseen]
        for X in (trained, judged)
    )
    table = Table("network", "features", *args.unseen)
    for title, net in nets.items():
        for layer in PROBED:
            X, X_new = (feature_map(net, layer, Z) for Z in (trained, judged))
            scores = [
                explained(X, Y, X_new, Y_new)
                for Y, Y_new in zip(known, asked, strict=True)
            ]
            table.add_row(_short(title), layer, *(f"{s:.3f}" for s in scores))
    Console().print(table)


def held_out(book=None):
    """Return pictures that no candidate was trained on."""
    own = [
        sample.open()
        for sample in sample_images().values()
        if sample.source == "d2l-style" and sample.path.name not in BOOK
    ]
    return own + [images.open_image(book / name) for name in BOOK if book]


@torch.no_grad()
def inner_map(net, name, X):
    """Return what the submodule ``name`` puts out, a row for each place."""
    kept = []
    with net.get_submodule(name).register_forward_hook(
        lambda _module, _inputs, Y: kept.append(_places(Y.clone()))
    ):
        for part in X.split(8):
            net(part)
    return torch.cat(kept)


@torch.no_grad()
def feature_map(net, layer, X):
    """Return the features of ``layer``, a row for each place."""
    until = next(entry.index for entry in vgg.LAYERS if entry.name == layer)
    layers = net.features[: until + 1]
    return torch.cat([_places(layers(part)) for part in X.split(8)])


def _places(Y):
    """Return maps (n, c, h, w) as (n PLACES^2, c), in double precision."""
    Y = F.interpolate(Y, (PLACES, PLACES), mode="area")
    return Y.permute(0, 2, 3, 1).flatten(0, 2).double()


def explained(X, Y, X_new, Y_new):
    """Return the R2 with which X_new predicts Y_new, by the fit of X to Y.

    A ridge regression on standardised features; 1 - error / variance, all
    channels of Y counting the same.
    """
    mean, std = Y.mean(0), Y.std(0) + 1e-6
    Y, Y_new = (Y - mean) / std, (Y_new - mean) / std
    mean, std = X.mean(0), X.std(0) + 1e-6
    X, X_new = (X - mean) / std, (X_new - mean) / std
    A = X.T @ X + RIDGE * len(X) * torch.eye(X.shape[1], dtype=X.dtype)
    error = Y_new - X_new @ torch.linalg.solve(A, X.T @ Y)
    variance = (Y_new - Y_new.mean(0)).square().mean()
    return 1 - (error.square().mean() / variance).item()


# What they paint


def paint(nets, args):
    """Return the sheet: what goes in, then a row for each candidate."""
    pairs, recipe = pairs_of(args.book), recipe_of(args)
    grid = [[pair_as_one(*pair, recipe.image_shape) for pair in pairs]]
    jobs = [(net, pair) for net in nets.values() for pair in pairs]
    painted = []
    for net, pair in track(jobs, "painting"):
        transfer = StyleTransfer(*pair, recipe, net=net)
        for _ in transfer.run():
            pass
        painted.append(transfer.image())
    n = len(pairs)
    grid += [painted[i : i + n] for i in range(0, len(painted), n)]
    return contact_sheet(grid, ["pictures", *map(_short, nets)])


def recipe_of(args):
    """Return the chapter's recipe at the size and epochs asked for."""
    return Recipe(num_epochs=args.epochs, image_shape=tuple(args.size))


def pairs_of(book=None):
    """Return the (content, style) pictures that are painted."""
    samples = sample_images()
    pairs = [tuple(samples[name].open() for name in pair) for pair in PAIRS]
    if book:
        pairs.insert(0, tuple(images.open_image(book / n) for n in BOOK))
    return pairs


def pair_as_one(content, style, image_shape):
    """Return the content picture with the style in its corner."""
    h, w = image_shape
    both = images.resize(content, image_shape)
    both.paste(images.resize(style, (h // 2, w // 2)), (w // 2, h // 2))
    return both


def _short(name):
    path = Path(name)
    return path.stem if path.suffix else name


if __name__ == "__main__":
    main()
