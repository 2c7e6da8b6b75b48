"""Run both backends without a browser and write pictures to out/.

    python -m tools.demo [--epochs N] [--size HxW]

Writes out/pytorch.png and out/mxnet.png, each with content, style, result
and losses in one figure, and says what is missing if a framework is.
"""

import argparse
from pathlib import Path

from rich.progress import track

from d2l_style.machine.console import steady_streams
from d2l_style.network.weights import describe, resolve
from d2l_style.pictures import images
from d2l_style.pictures.animator import Animator
from d2l_style.recipe import BACKENDS, Recipe
from d2l_style.transfer import StyleTransfer

ROOT = Path(__file__).parent.parent
OUT = ROOT / "out"
# Epochs and size that take about a minute on two cores with each network.
QUICK = dict.fromkeys(("random", "imagenet", "oxford"), (60, (200, 300)))
FULL = (200, (300, 450))


def demo(backend, recipe):
    """Run one backend and write ``out/<backend>.png``; return its path."""
    pictures = [
        images.open_image(ROOT / "img" / name)
        for name in ("rainier.jpg", "autumn-oak.jpg")
    ]
    transfer = StyleTransfer(*pictures, recipe, backend)
    animator = Animator(
        xlabel="epoch",
        ylabel="loss",
        yscale="log",
        legend=["content", "style", "TV"],
        nrows=2,
        ncols=2,
        figsize=(9, 6),
    )
    losses, result, *views = animator.axes
    for ax, img, title in zip(
        views, pictures, ("content", "style"), strict=True
    ):
        ax.imshow(images.resize(img, recipe.image_shape))
        ax.set_title(title)
    losses.set_title(f"losses, {backend}")
    result.set_title("result")
    epochs = transfer.run()
    for epoch in track(epochs, backend, recipe.num_epochs):
        animator.watch(epoch)
    path = OUT / f"{backend}.png"
    animator.save(path)
    transfer.image().save(OUT / f"{backend}-result.png")
    return path


def main():
    steady_streams()
    network = resolve()  # the same for both frameworks, GPU or not
    epochs, size = QUICK.get(network, FULL)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument(
        "--size",
        type=lambda text: tuple(map(int, text.split("x"))),
        default=size,
        metavar="HxW",
    )
    args = parser.parse_args()
    OUT.mkdir(exist_ok=True)
    print(describe("auto"))
    recipe = Recipe(
        num_epochs=args.epochs, image_shape=args.size, weights=network
    )
    for backend in BACKENDS:
        try:
            print(f"{demo(backend, recipe)} shows the run.")
        except ImportError as error:
            print(f"{backend}: {error}")


if __name__ == "__main__":
    main()
