"""Pictures to try: the project's, the book's, and what packages carry.

    samples = d2l.sample_images()
    samples["harbour"].open()

Nothing is downloaded. The project's pictures are those of img/, the book's
are there after ``d2l-style fetch images``.
"""

import html
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from d2l_style.language import N_, _, invalid
from d2l_style.network.fetch import BOOK_IMAGES, has
from d2l_style.pictures import images
from d2l_style.pictures.png import data_url, jpeg_bytes

KINDS = (N_("content"), N_("style"))
_SENTENCES = ("title", "author", "licence", "alt")  # in the reader's language
_THUMBNAIL = (150, 100)  # pixels
_AUTHORS = {"author": N_("the d2l-style authors"), "licence": "CC BY 4.0"}
_BOOK = {"author": "Dive into Deep Learning", "licence": "CC BY-SA 4.0"}
# What the book's two files show: the same names as two of our drawings.
_OF_BOOK = {
    "rainier": {
        "kind": "content",
        "title": N_("Mount Rainier, the book's photo"),
        "alt": N_(
            "Photo of a snow-covered mountain above forested ridges, with "
            "tall firs in the foreground."
        ),
    },
    "autumn-oak": {
        "kind": "style",
        "title": N_("Autumn oaks, the book's painting"),
        "alt": N_(
            "Oil painting of oak trees in autumn colours, in strong orange, "
            "yellow and blue strokes."
        ),
    },
}
# Package and file of photos that other packages carry.
_OF_PACKAGES = {
    ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"): {
        "title": N_("Grace Hopper"),
        "author": "United States Navy",
        "licence": N_("public domain"),
        "alt": N_(
            "Portrait of Rear Admiral Grace Hopper in dark uniform and white "
            "cap, before a flag."
        ),
    },
    ("skimage", "data/chelsea.png"): {
        "title": N_("Chelsea the cat"),
        "author": "Stefan van der Walt",
        "licence": "CC0",
        "alt": N_("The face of a ginger tabby cat, looking past the viewer."),
    },
    ("skimage", "data/coffee.png"): {
        "title": N_("A cup of coffee"),
        "author": "Rachel Michetti",
        "licence": "CC0",
        "alt": N_(
            "A cup of espresso and a spoon on a saucer, on a wooden table."
        ),
    },
    ("skimage", "data/astronaut.png"): {
        "title": N_("Eileen Collins"),
        "author": "NASA",
        "licence": N_("public domain"),
        "alt": N_(
            "Astronaut Eileen Collins in an orange suit, a model of the "
            "shuttle and a flag behind her."
        ),
    },
    ("sklearn", "datasets/images/china.jpg"): {
        "title": N_("A temple in China"),
        "author": "danielbuechele on flickr",
        "licence": "CC BY 2.0",
        "alt": N_(
            "A temple with curved roofs, red columns and painted beams."
        ),
    },
    ("sklearn", "datasets/images/flower.jpg"): {
        "title": N_("A dahlia"),
        "author": "vultilion on flickr",
        "licence": "CC BY 2.0",
        "alt": N_("A single orange dahlia, close, before dark leaves."),
    },
}


@dataclass(frozen=True)
class Sample:
    """A picture to try.

    ``kind`` is ``"content"`` or ``"style"``, what it is best at; ``source``
    is ``"d2l-style"``, ``"the book"`` or a package's name; ``alt`` says
    what is seen, for who cannot see it.
    """

    name: str
    kind: str
    title: str
    author: str
    licence: str
    alt: str
    source: str
    path: Path

    def open(self):
        """Return it as an RGB ``PIL.Image``."""
        return images.open_image(self.path)

    def thumbnail(self, size=_THUMBNAIL):
        """Return it reduced to fit into ``size`` = (width, height)."""
        changed = self.path.stat().st_mtime_ns
        return _thumbnail(self.path, size, changed).copy()

    def _repr_html_(self):
        return f'<div style="display:flex">{_card(self)}</div>'


class Samples(Mapping):
    """:class:`Sample` by name, in the order in which they are listed."""

    def __init__(self, samples):
        self._samples = {sample.name: sample for sample in samples}

    def __getitem__(self, name):
        try:
            return self._samples[name]
        except (KeyError, TypeError):
            raise KeyError(
                _(
                    "There is no picture {name!r}. There are: {valid}.",
                    name=name,
                    valid=", ".join(self._samples),
                )
            ) from None

    def __iter__(self):
        return iter(self._samples)

    def __len__(self):
        return len(self._samples)

    def of_kind(self, kind):
        """Return those of ``kind``, ``"content"`` or ``"style"``."""
        if kind not in KINDS:
            raise invalid(
                "kind must be 'content' or 'style', not {given!r}.",
                given=kind,
            )
        return Samples(s for s in self.values() if s.kind == kind)

    def __repr__(self):
        width = max(map(len, self), default=0)
        return "\n".join(
            f"{s.name:{width}}  {s.kind:7}  {s.title} ({s.author}, "
            f"{s.licence})"
            for s in self.values()
        )

    def _repr_html_(self):
        cards = "".join(map(_card, self.values()))
        return f'<div style="display:flex;flex-wrap:wrap">{cards}</div>'


def sample_images():
    """Return the pictures that are on this machine, as :class:`Samples`.

    A mapping from names to :class:`Sample`; shown in a notebook, it is a
    table of thumbnails with title, author and licence.
    """
    return Samples([*_own(picture_folder()), *_of_packages()])


def picture_folder():
    """Return the folder of the project's pictures, or None.

    Beside the notebooks, in the folder one works in, in the clone that was
    installed, or inside the installed package.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in ("../img", "img", package.parent / "img", package / "img"):
        if Path(folder, "pictures.toml").is_file():
            return Path(folder).resolve()
    return None


@lru_cache(maxsize=100)  # of some 60 KB each
def _thumbnail(path, size, _changed):
    twice = (2 * size[0], 2 * size[1])
    with images.reading(path, at_least=twice) as img:
        img.thumbnail(size, Image.Resampling.LANCZOS)
        return images.as_rgb(img)


def _own(folder):
    """Yield the samples in img/; where the book's are, the drawings too."""
    if folder is None:
        return
    drawn = tomllib.loads((folder / "pictures.toml").read_text("utf-8"))
    book = {source.name: source for source in BOOK_IMAGES}
    for name, facts in drawn.items():
        path = folder / f"{name}.jpg"
        if path.name in book and has(folder, book[path.name]):
            facts_of_book = _OF_BOOK[name] | _BOOK
            yield _sample(f"{name}-book", "the book", path, facts_of_book)
            path = folder / ".drawn" / path.name
        if path.is_file():
            yield _sample(name, "d2l-style", path, facts | _AUTHORS)


def _of_packages():
    """Yield the photos that installed packages carry."""
    for (package, file), facts in _OF_PACKAGES.items():
        spec = find_spec(package)  # finds it without the seconds of import
        for home in (spec and spec.submodule_search_locations) or ():
            path = Path(home, file)
            if path.is_file():
                name = path.stem.replace("_", "-")
                yield _sample(name, package, path, facts)


def _sample(name, source, path, facts):
    """Return a sample, described in the language in force."""
    sentence = {
        key: _(text) for key, text in facts.items() if key in _SENTENCES
    }
    kind = facts.get("kind", "content")
    return Sample(name, kind, source=source, path=path, **sentence)


def _card(sample):
    """Return a sample as HTML: its picture, its name, whose it is."""
    source = data_url(jpeg_bytes(sample.thumbnail(), 85))
    say = html.escape
    return (
        f'<figure style="margin:4px;width:{_THUMBNAIL[0]}px">'
        f'<img alt="{say(sample.alt)}" title="{say(sample.alt)}" '
        f'src="{source}" '
        'style="margin:0 auto;display:block">'
        f'<figcaption style="font-size:80%;line-height:1.3">'
        f"<code>{say(sample.name)}</code> ({say(_(sample.kind))})<br>"
        f"{say(sample.title)}<br>"
        f"<small>{say(sample.author)}, {say(sample.licence)}</small>"
        "</figcaption></figure>"
    )
