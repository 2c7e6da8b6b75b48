"""A folder of results: each one a picture and its facts, and one table.

    0f3a….png    the picture, with its recipe inside
    0f3a….json   the recipe, the losses of every epoch, the meters
    results.csv  a row for each result

A result is there once its .json is: that is written last, and whole. The
name is made from all that decides the result, so the same cell is found
again by any sweep that has it.
"""

import csv
import hashlib
import io
import json
import math
import warnings
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from d2l_style.exercises.meters import Meters
from d2l_style.language import _
from d2l_style.machine.files import (
    NotWritten,
    keeping_in,
    writable_folder,
    write_whole,
)
from d2l_style.network.weights import fingerprint, load_parameters
from d2l_style.pictures import images
from d2l_style.recipe import Recipe

TABLE = "results.csv"
_LOSSES = ("content", "style", "tv", "total")
# What reading a file that is damaged, or another's, may raise.
_DAMAGED = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)


@dataclass(frozen=True)
class Result:
    """What one cell of a sweep came to.

    ========== ============================================================
    labels     {axis: text}, the cell's place in the grid
    recipe     the :class:`~d2l_style.recipe.Recipe` that was run
    backend    ``"pytorch"`` or ``"mxnet"``
    losses     the weighted losses of every epoch, a tuple of tuples
               (content, style, tv, total)
    meters     :class:`~d2l_style.exercises.meters.Meters`, or None where the
               picture is too small for them or no longer finite
    seconds    what its epochs took
    error      why the run ended early, a sentence; empty if it did not
    path       where the picture is, a PNG file
    ========== ============================================================
    """

    labels: dict
    recipe: Recipe
    backend: str
    losses: tuple
    meters: Meters | None
    seconds: float
    error: str
    path: Path

    @property
    def image(self):
        """The picture, a ``PIL.Image`` of the recipe's size."""
        return images.open_image(self.path)

    def row(self):
        """Return the result as one flat row of a table: {column: value}."""
        last = self.losses[-1] if self.losses else [math.nan] * len(_LOSSES)
        losses = zip(_LOSSES, last, strict=True)
        meters = asdict(self.meters) if self.meters else {}
        return {
            **self.labels,
            **{f"{name}_loss": value for name, value in losses},
            **{f.name: meters.get(f.name, math.nan) for f in fields(Meters)},
            "epochs": len(self.losses),
            "seconds": round(self.seconds, 3),
            "backend": self.backend,
            "error": self.error,
            "picture": self.path.name,
        }


class Store:
    """The results in ``folder``, which is made if it is not there.

    Raises ``ValueError`` if ``folder`` is not, and cannot become, a folder
    that one can write to; so do the methods that write.
    """

    def __init__(self, folder):
        self.folder = writable_folder(folder)

    def load(self, key, cell):
        """Return the :class:`Result` of a cell called ``key``, or None.

        A damaged one counts as not there: it will be made again.
        """
        path = self._path(key, "png")
        try:
            text = self._path(key, "json").read_text("utf-8")
            return _result(json.loads(text), path, cell)
        except _DAMAGED:
            return None

    def save(self, key, picture, facts):
        """Keep a result: its picture as PNG bytes, its facts as a dict."""
        self._write(self._path(key, "png"), picture)
        text = json.dumps(facts, indent=1)
        self._write(self._path(key, "json"), text.encode())

    def write_table(self, results):
        """Write :meth:`Result.row` of each into ``results.csv``.

        A table that cannot be written, one that is open in another program
        perhaps, ends nobody's work: there is a warning.
        """
        rows = [result.row() for result in results]
        out = io.StringIO(newline="")
        table = csv.DictWriter(out, rows[0])
        table.writeheader()
        table.writerows(rows)
        try:
            write_whole(self.folder / TABLE, out.getvalue().encode())
        except NotWritten as error:
            sentence = _(
                "{error} The results themselves are kept. If another program "
                "has the table open, close it and run the sweep's cell "
                "again: that writes the table, and computes nothing twice.",
                error=error,
            )
            warnings.warn(sentence, stacklevel=3)

    def _path(self, key, kind):
        return self.folder / f"{key}.{kind}"

    def _write(self, path, data):
        with keeping_in(self.folder):
            write_whole(path, data)


def _result(facts, path, cell):
    """Return a kept result; raise one of ``_DAMAGED`` if it is not whole."""
    recipe = Recipe.from_json(json.dumps(facts["recipe"]))
    losses = tuple(tuple(map(float, epoch)) for epoch in facts["losses"])
    meters = facts["meters"]
    whole = (
        # The network may lie elsewhere today; the key knows what is in it.
        recipe.replace(weights=cell.recipe.weights) == cell.recipe
        and images.open_image(path).size == recipe.image_shape[::-1]
        and all(len(epoch) == len(_LOSSES) for epoch in losses)
    )
    if not whole:
        raise ValueError(path)
    return Result(
        labels=cell.labels,
        recipe=cell.recipe,
        backend=str(facts["backend"]),
        losses=losses,
        meters=None if meters is None else _meters(meters),
        seconds=float(facts["seconds"]),
        error=str(facts["error"]),
        path=path,
    )


def _meters(values):
    return Meters(**{name: float(v) for name, v in values.items()})


def key_of(cell, backend, network, pictures):
    """Return the name of a cell's result: 20 hex digits.

    Made from the recipe, the backend, and the fingerprints of its network
    and of its two pictures, content first.
    """
    # Not from where the network lies: a moved one gives the same result.
    recipe = cell.recipe.replace(weights="auto").to_json()
    # Old folders are found again: their recipes had one optimizer, Adam.
    before, after = recipe.split(' "adam_epsilon"')
    recipe = f'{before} "optimizer": "adam",\n "adam_epsilon"{after}'
    text = "\n".join([recipe, backend, network, *pictures])
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def network_fingerprint(weights):
    """Return the SHA-256 of a network's parameters, in hex.

    Raises ``ValueError`` and ``FileNotFoundError`` as
    :func:`d2l_style.network.weights.load_parameters` does.
    """
    return fingerprint(load_parameters(weights))


def picture_fingerprint(img):
    """Return the SHA-256 of a picture's size and pixels, in hex."""
    digest = hashlib.sha256(repr(img.size).encode())
    digest.update(img.tobytes())
    return digest.hexdigest()
