"""A folder of pictures that were worth keeping, each with its recipe.

    gallery = Gallery("../out/gallery")
    gallery.keep(transfer, "Oaks at dusk")
    gallery

A picture is one PNG file, ``001-oaks-at-dusk.png``. Its title, its recipe
and what else is known of it are inside, so it can be handed on alone.
"""

import html
import itertools
import math
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.font_manager import get_font
from PIL import Image, ImageDraw, ImageFont

from d2l_style.exercises.sweeps.store import Result
from d2l_style.language import _, invalid
from d2l_style.machine.files import writable_folder, write_new
from d2l_style.pictures import images
from d2l_style.pictures.contact_sheet import contact_sheet
from d2l_style.pictures.png import (
    data_url,
    facts_in_png,
    jpeg_bytes,
    png_bytes,
    recipe_in_png,
)
from d2l_style.recipe import BACKENDS, Recipe
from d2l_style.transfer import StyleTransfer

_LONGEST, _LONGEST_NAME = 200, 40  # letters: of a title, of it in file names
_CARD, _PLACE = (300, 220), (225, 225)  # pixels, at most
_LISTED = 5  # names of files that were passed over
_CSS = Path(__file__).parent / "static" / "gallery.css"
_FONT = Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf")
_BACKENDS = {"pytorch": "PyTorch", "mxnet": "MXNet"}


@dataclass(frozen=True)
class Kept:
    """A picture of a gallery.

    ``epochs`` is how many were run and ``backend`` which framework did it,
    None where the file does not say; ``path`` is the PNG file.
    """

    title: str
    recipe: Recipe
    epochs: int | None
    backend: str | None
    path: Path

    @property
    def image(self):
        """The picture, a ``PIL.Image`` in full size."""
        return images.open_image(self.path)

    @property
    def choices(self):
        """What differs from ``Recipe()``: ``["style_weight=1000", ...]``."""
        lines = self.recipe.to_python().splitlines()[1:-1]
        return [line.strip().removesuffix(",") for line in lines]

    @property
    def facts(self):
        """How it was made, in few words; empty if that is not known."""
        known = []
        if self.epochs is not None:
            known.append(_("{count} epochs", count=self.epochs))
        if self.backend:
            known.append(_BACKENDS[self.backend])
        return ", ".join(known)


class Gallery:
    """The pictures in ``folder``, which is made if it is not there.

    Iterating reads the folder anew, in the order of the file names: as
    :meth:`keep` numbers them, the oldest first. Files that are damaged or
    carry no recipe are left alone and passed over; ``passed_over()`` names
    them. Raises ``ValueError`` if the folder cannot be made.
    """

    def __init__(self, folder):
        self.folder = writable_folder(folder)

    def keep(self, source, title):
        """Save the picture of ``source``; return it as :class:`Kept`.

        ``source`` is a :class:`~d2l_style.transfer.StyleTransfer`, a panel,
        or a sweep's :class:`~.store.Result`. ``title``
        is any text; of more than 200 letters the first are taken, and an
        empty one becomes "untitled". No file is ever overwritten.

        Raises ``TypeError`` for anything else, and ``ValueError`` if the
        picture cannot be read or the folder cannot be written to.
        """
        title = _clean(title)
        img, recipe, facts = _taken(source)
        data = png_bytes(img, recipe, title=title, **facts)
        return _read(self._write(data, _slug(title)))

    def _write(self, data, slug):
        """Write a new file under the next number; return its path."""
        for number in itertools.count(self._last() + 1):
            path = self.folder / f"{number:03}-{slug}.png"
            try:
                write_new(path, data)
            except FileExistsError:
                continue
            except OSError as error:
                raise invalid(
                    "The picture cannot be kept in {folder} ({reason}). "
                    "Make room there, or choose another folder.",
                    folder=self.folder,
                    reason=error.strerror or error,
                ) from None
            return path

    def _last(self):
        """Return the highest number that a file name begins with, or 0."""
        heads = [path.name.partition("-")[0] for path in self._files()]
        return max((int(h) for h in heads if _is_number(h)), default=0)

    def _files(self):
        """Return the files in the folder that are not hidden, sorted."""
        if not self.folder.is_dir():
            return []
        files = [p for p in self.folder.iterdir() if p.is_file()]
        seen = [p for p in files if not p.name.startswith(".")]
        return sorted(seen, key=lambda p: p.name)

    def _read_folder(self):
        """Return what is there: (list of Kept, list of other paths)."""
        kept, others = [], []
        for path in self._files():
            try:
                kept.append(_read(path))
            except (ValueError, OSError):
                others.append(path)
        return kept, others

    def __iter__(self):
        return iter(self._read_folder()[0])

    def __len__(self):
        return len(self._read_folder()[0])

    def __bool__(self):
        return True  # an empty gallery is a gallery, too

    def passed_over(self):
        """Return the paths of files that are not pictures with a recipe."""
        return self._read_folder()[1]

    def sheet(self):
        """Return all pictures, small, with titles, as one ``PIL.Image``.

        Titles in a script that the bundled font does not have are left out;
        the number stays. Raises ``ValueError`` if the gallery is empty.
        """
        kept = list(self)
        if not kept:
            raise ValueError(self._empty())
        places = [_captioned(i, one) for i, one in enumerate(kept, start=1)]
        across = math.ceil(math.sqrt(len(places)))
        starts = range(0, len(places), across)
        return contact_sheet([places[i : i + across] for i in starts])

    def _empty(self):
        return _(
            "The gallery in {folder} is empty. Put a picture into it with "
            "keep(transfer, 'a title').",
            folder=self.folder,
        )

    def _notes(self, kept, others):
        notes = [] if kept else [self._empty()]
        if others:
            names = [path.name for path in others[:_LISTED]]
            names += ["…"] * (len(others) > _LISTED)
            notes.append(
                _(
                    "Passed over, as they are damaged or carry no recipe: "
                    "{names}.",
                    names=", ".join(names),
                )
            )
        return notes

    def __repr__(self):
        kept, others = self._read_folder()
        rows = [f"{one.path.name}  {one.title} ({one.facts})" for one in kept]
        return "\n".join([*rows, *self._notes(kept, others)])

    def _repr_html_(self):
        kept, others = self._read_folder()
        cards = "".join(map(_card, kept))
        notes = "".join(
            f'<p class="note">{html.escape(note)}</p>'
            for note in self._notes(kept, others)
        )
        return (
            f"<style>{_CSS.read_text('utf-8')}</style>"
            f'<div class="d2l-gallery"><div class="cards">{cards}</div>'
            f"{notes}</div>"
        )


# Into a file and out of it


def _taken(source):
    """Return the picture, recipe and facts of what is to be kept."""
    if isinstance(source, Result):
        facts = {"epochs": len(source.losses), "backend": source.backend}
        return source.image, source.recipe, facts
    transfer = getattr(source, "transfer", source)  # a panel has one
    if not isinstance(transfer, StyleTransfer):
        raise TypeError(
            _(
                "A gallery keeps a StyleTransfer, a panel or a result of a "
                "sweep, not {given}.",
                given=type(source).__name__,
            )
        )
    with transfer.alone():  # picture and recipe of one moment
        facts = {"epochs": transfer.epoch, "backend": transfer.backend}
        return transfer.image(), transfer.recipe, facts


def _read(path):
    """Return the file as :class:`Kept`; ``ValueError`` if it is none."""
    recipe, facts = recipe_in_png(path), facts_in_png(path)
    epochs, backend = facts.get("epochs", ""), facts.get("backend")
    return Kept(
        title=_clean(facts.get("title") or path.stem),
        recipe=recipe,
        epochs=int(epochs) if _is_number(epochs) else None,
        backend=backend if backend in BACKENDS else None,
        path=path,
    )


def _clean(title):
    """Return a title in one line, without what cannot be printed."""
    if not isinstance(title, str):
        raise TypeError(
            _("A title must be a text, not {given!r}.", given=title)
        )
    kinds = {"Cc": " ", "Cs": "", "Zl": " ", "Zp": " "}
    letters = (
        kinds.get(unicodedata.category(letter), letter)
        for letter in title[: 2 * _LONGEST]
    )
    return _cut(" ".join("".join(letters).split()), _LONGEST) or _("untitled")


def _cut(text, longest):
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _slug(title):
    """Return a title as part of a file name, on any system."""
    letters = (c if c.isalnum() else "-" for c in title.lower())
    words = "".join(letters).split("-")
    return "-".join(filter(None, words))[:_LONGEST_NAME] or "picture"


def _is_number(text):
    return text.isascii() and text.isdigit() and len(text) <= 9


# To be looked at


def _card(one):
    small = images.thumbnail(one.image, _CARD)
    source = data_url(jpeg_bytes(small, 88))
    say = html.escape
    choices = "".join(f"<code>{say(choice)}</code>" for choice in one.choices)
    return (
        f'<figure><img alt="" src="{source}"><figcaption>'
        f'<bdi class="title" title="{say(one.title)}">{say(one.title)}</bdi>'
        f'<div class="facts">{say(one.facts)}</div>'
        f'<div class="choices">{choices}</div></figcaption></figure>'
    )


def _captioned(number, one):
    """Return a small picture with its number and title below it."""
    small = images.thumbnail(one.image, _PLACE)
    font = ImageFont.truetype(_FONT, 12)
    place = Image.new("RGB", (_PLACE[0], small.height + 20), "white")
    place.paste(small, ((_PLACE[0] - small.width) // 2, 0))
    caption = str(number)
    if _has_letters(one.title):
        caption = _fitted(f"{number}  {one.title}", font, _PLACE[0])
    middle = (_PLACE[0] // 2, small.height + 10)
    ImageDraw.Draw(place).text(middle, caption, "#222222", font, anchor="mm")
    return place


def _has_letters(text):
    """Return whether the font has all letters of a text."""
    known = get_font(str(_FONT)).get_charmap()
    return all(ord(letter) in known for letter in text)


def _fitted(text, font, width):
    """Return as much of a text as is ``width`` pixels wide."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"
