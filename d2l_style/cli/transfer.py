"""``d2l-style transfer``: a run from the command line."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from d2l_style.cli import out as results
from d2l_style.cli.bar import run_with_bar
from d2l_style.cli.unfinished import Unfinished
from d2l_style.engine.base import Diverged
from d2l_style.engine.forecast import about, in_bytes
from d2l_style.language import N_, _, invalid
from d2l_style.machine.signals import held_back
from d2l_style.network.weights import describe
from d2l_style.pictures import images
from d2l_style.recipe import BACKENDS, CHOICES, PRESETS, Recipe
from d2l_style.transfer import StyleTransfer, network_of

HELP = (
    _("Paint CONTENT in the style of STYLE and write the result to OUT."),
    _("Ctrl-C ends the run early and keeps the picture made so far."),
    _(
        "--resume goes on with a run that was ended, by Ctrl-C or by a power "
        "cut: as it was begun, but for the options that are given again."
    ),
)
Backend = StrEnum("Backend", BACKENDS)
Preset = StrEnum("Preset", PRESETS)
StyleFit = StrEnum("StyleFit", list(CHOICES["style_fit"].options))
# What a preset leaves to the reader.
_OWN = ("weights", "image_shape", "style_fit")


def _choice(name, default=False, of_book=""):
    """Return the option of a choice; ``of_book`` is what the book has."""
    help = _(CHOICES[name].help)
    if of_book:
        help = f"{help} {_('{value} in the book.', value=of_book)}"
    return typer.Option(help=help, show_default=default)


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
        Backend | None,
        typer.Option(
            help=_("Which framework computes."), show_default="pytorch"
        ),
    ] = None,
    weights: Annotated[str | None, _choice("weights", "auto")] = None,
    size: Annotated[
        str | None,
        typer.Option(
            help=_("Height x width in pixels, like 300x450; own: CONTENT's."),
            show_default="300x450",
        ),
    ] = None,
    own_shape: Annotated[
        bool,
        typer.Option(
            "--own-shape",
            help=_(
                "CONTENT's own proportions, with as many pixels as --size."
            ),
        ),
    ] = False,
    style_fit: Annotated[
        StyleFit | None, _choice("style_fit", "squeeze")
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(help=_("How many epochs; 500 in the book, 250 in fast.")),
    ] = None,
    style_layers: Annotated[
        str | None, _choice("style_layers", of_book="0,5,10,19,28")
    ] = None,
    content_layers: Annotated[
        str | None, _choice("content_layers", of_book="conv4_4")
    ] = None,
    content_weight: Annotated[
        float | None, _choice("content_weight", of_book="1")
    ] = None,
    style_weight: Annotated[
        float | None, _choice("style_weight", of_book="1e4")
    ] = None,
    tv_weight: Annotated[
        float | None, _choice("tv_weight", of_book="10")
    ] = None,
    lr: Annotated[float | None, _choice("lr", of_book="0.3")] = None,
    preset: Annotated[
        Preset | None,
        typer.Option(
            help=_("Which edition of the chapter."), show_default="paired"
        ),
    ] = None,
    max_pixels: Annotated[
        int, typer.Option(help=_("The largest picture that is opened."))
    ] = images.MAX_PIXELS,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help=_("Go on with the unfinished run of OUT.")
        ),
    ] = False,
):
    """Paint a picture as the options say, and write it to ``out``."""
    paths, backend = (content, style), backend and str(backend)
    pictures = [images.open_image(path, max_pixels) for path in paths]
    asked = {
        "num_epochs": epochs,
        "content_weight": content_weight,
        "style_weight": style_weight,
        "tv_weight": tv_weight,
        "lr": lr,
        "style_layers": _layers(style_layers),
        "content_layers": _layers(content_layers),
        "weights": weights,
        "style_fit": style_fit and str(style_fit),
        "image_shape": _size(size, pictures[0]),
    }
    changes = {name: v for name, v in asked.items() if v is not None}
    fitted = pictures[0] if own_shape else None
    unfinished = Unfinished(out)
    run = unfinished.load(pictures, backend) if resume else None
    backend = run.backend if run else backend or "pytorch"
    old = run.recipe if run else Recipe()
    recipe = _recipe(old, preset, backend, changes, fitted)
    results.check(out, recipe.image_shape, paths)
    print(describe(network_of(recipe, backend)))
    if run:
        run.edit(recipe)
    else:
        unfinished.say()
        run = StyleTransfer(*pictures, recipe, backend)
    _paint(run, out, unfinished)


def _recipe(old, preset, backend, changes, fitted):
    """Return a recipe that is another one with what was asked for.

    A ``preset`` takes the place of the other one's choices, but for those it
    leaves to the reader; ``fitted`` is the picture whose shape it shall have.
    """
    if preset:
        own = {name: getattr(old, name) for name in _OWN}
        old = Recipe.preset(str(preset), backend, **own)
    if fitted:
        near = changes.get("image_shape", old.image_shape)
        changes = {**changes, "image_shape": images.fitted_shape(fitted, near)}
    return old.replace(**changes)


def _paint(run, out, unfinished):
    """Run to the end, or as far as it goes, and keep what came of it."""
    begun = run.epoch
    try:
        _say_forecast(run)
        warning = run_with_bar(run, unfinished)
    except KeyboardInterrupt as ended:
        with held_back():  # nobody shall end this, too
            _leave(run, out, unfinished, begun)
        raise typer.Exit(getattr(ended, "code", 130)) from None
    except Diverged:
        if run.epoch > begun:
            place = results.save(run.image(), out, spare=True)
            print(_("{out} holds the picture.", out=place))
        unfinished.remove()
        raise
    with held_back():
        place = results.save(run.image(), out)
        unfinished.remove()
    if warning:
        print(warning)
    print(_("{out} holds the picture.", out=place))


def _leave(run, out, unfinished, begun):
    if run.epoch == begun:
        print(_("Stopped before the first epoch. Nothing was written."))
        return
    place = results.save(run.image(), out)
    unfinished.write(run)
    message = N_(
        "Stopped after {count} epochs. {out} holds the picture; --resume "
        "goes on from there."
    )
    print(_(message, count=run.epoch, out=place))


def _say_forecast(run):
    forecast, recipe = run.forecast(), run.recipe
    h, w = recipe.image_shape
    left = max(0, recipe.num_epochs - run.epoch)
    print(
        _(
            "{h}x{w} pixels, {count} epochs: {time} and {size} of memory.",
            h=h,
            w=w,
            count=left,
            time=about(forecast.seconds * left),
            size=in_bytes(forecast.bytes),
        )
    )


def _layers(text):
    """Return the layers in a comma-separated list; empty means none."""
    if text is None:
        return None
    return [part.strip() for part in text.split(",") if part.strip()]


def _size(text, content):
    """Return the (h, w) in a text like 300x450; None if it is None."""
    if text is None:
        return None
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
