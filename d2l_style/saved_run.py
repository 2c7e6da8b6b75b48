"""A run in a file: safetensors, which holds arrays and text and no code."""

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.numpy import load, save

from d2l_style.engine.state import AVERAGES, checked
from d2l_style.language import _, invalid
from d2l_style.machine.files import about, write_whole
from d2l_style.recipe import BACKENDS, Recipe

_UNREADABLE = (SafetensorError, OSError, TypeError, ValueError, LookupError)
_PRINT = "network_sha256"  # in the metadata
_HEADER = 100_000_000  # bytes, at most, besides the arrays: curves are long


@dataclass(frozen=True)
class Network:
    """Which network a run has: its name, "" for one handed in as ``net=``,
    and its fingerprint, as :func:`~.weights.fingerprint` makes it."""

    name: str
    fingerprint: str


@dataclass(frozen=True)
class SavedRun:
    """What :func:`write_run` wrote: all of a run but its two pictures.

    In ``recipe``, "auto" has become the network that it was for this run.
    ``network`` is None in files from before December 2026.
    """

    path: Path
    state: dict
    recipe: Recipe
    backend: str
    network: Network | None

    def check_network(self, network):
        """Raise ``ValueError`` if a run would go on with another network."""
        mine = self.network
        if mine is None or mine.fingerprint == network.fingerprint:
            return
        if not self.network.name:
            raise invalid(
                "{path} was saved with a network of its own. Hand in the same "
                "one as net= to go on.",
                path=self.path,
            )
        raise invalid(
            "{path} was saved with another network, {name} as it was then. "
            "Hand that in as net=, or begin a new run.",
            path=self.path,
            name=self.network.name,
        )


def write_run(path, state, recipe, backend, pictures, network, facts=None):
    """Write a run so that :func:`read_run` finds it, whole or not at all.

    ``state`` is a dict of NumPy arrays, ``network`` a :class:`Network`. Of
    the two ``pictures``, PIL images, only their SHA-256 and sizes are kept.
    ``facts``, which JSON can hold, are there for :func:`facts_of_run`.
    Raises ``OSError`` if it cannot.
    """
    metadata = {"recipe": recipe.to_json(), "backend": backend}
    metadata |= _fingerprint(pictures)
    metadata |= {"network": network.name, _PRINT: network.fingerprint}
    metadata["facts"] = json.dumps(facts or {})
    write_whole(path, save(state, metadata))


def read_run(path, pictures):
    """Return the :class:`SavedRun` in a file, checked, with these pictures.

    Raises ``FileNotFoundError`` without the file, and ``ValueError`` if it
    holds no run or one with other pictures.
    """
    metadata, recipe = _metadata(path)
    mine = _fingerprint(pictures)
    # Older files have no sizes.
    if any(metadata.get(key, mine[key]) != mine[key] for key in mine):
        raise invalid(
            "{path} was saved with other pictures. Hand in the same content "
            "and style pictures to go on.",
            path=path,
        )
    network = None
    if _PRINT in metadata:
        network = Network(metadata.get("network", ""), metadata[_PRINT])
        if recipe.weights == "auto" and network.name:
            recipe = recipe.replace(weights=network.name)
    state = _state(path, recipe)
    return SavedRun(path, state, recipe, metadata["backend"], network)


def facts_of_run(path):
    """Return ``(recipe, facts)`` of a run, its arrays unread.

    Raises as :func:`read_run` does.
    """
    metadata, recipe = _metadata(path)
    try:
        facts = json.loads(metadata.get("facts", "{}"))
    except (ValueError, RecursionError):
        facts = None
    if not isinstance(facts, dict):
        raise _no_run(path)
    return recipe, facts


def _fingerprint(pictures):
    hashes = [hashlib.sha256(img.tobytes()).hexdigest() for img in pictures]
    sizes = [img.size for img in pictures]
    return {"pictures": json.dumps(hashes), "sizes": json.dumps(sizes)}


def _state(path, recipe):
    """Return the run's state, once it is known that it can be one."""
    try:
        # Read, not mapped: a file that is cut meanwhile ends the process.
        state = load(Path(path).read_bytes())
    except _UNREADABLE:
        raise _no_run(path) from None
    with about(path):
        return checked(state, recipe.image_shape)


def _metadata(path):
    """Return (metadata, recipe) of a run: texts, and a Recipe."""
    _check_path(path)
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
    except _UNREADABLE:
        raise _no_run(path) from None
    if {"recipe", "backend", "pictures"} - metadata.keys():
        raise _no_run(path)
    with about(path):
        recipe = Recipe.from_json(metadata["recipe"])
    most = len(AVERAGES) * 3 * 8 * math.prod(recipe.image_shape) + _HEADER
    too_large = Path(path).stat().st_size > most
    if metadata["backend"] not in BACKENDS or too_large:
        raise _no_run(path)
    return metadata, recipe


def _check_path(path):
    if Path(path).is_dir():
        raise invalid(
            "{path} is a folder. Name the file of a saved run in it.",
            path=path,
        )
    if not Path(path).is_file():
        raise FileNotFoundError(
            _("There is no saved run at {path}.", path=path)
        )


def _no_run(path):
    return invalid(
        "{path} is not a run that was saved by d2l-style, or it is damaged.",
        path=path,
    )
