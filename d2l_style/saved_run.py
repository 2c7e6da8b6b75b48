"""A run in a file: safetensors, which holds arrays and text and no code."""

import hashlib
import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save

from d2l_style.language import _, invalid
from d2l_style.machine.files import write_whole
from d2l_style.recipe import Recipe


def write_run(path, state, recipe, backend, pictures, facts=None):
    """Write a run so that :func:`read_run` finds it, whole or not at all.

    ``state`` is a dict of NumPy arrays. Of the two ``pictures``, PIL images,
    only their SHA-256 and sizes are kept. ``facts``, which JSON can hold,
    are there for :func:`facts_of_run`. Raises ``OSError`` if it cannot.
    """
    metadata = {"recipe": recipe.to_json(), "backend": backend}
    metadata |= _fingerprint(pictures)
    metadata["facts"] = json.dumps(facts or {})
    write_whole(path, save(state, metadata))


def read_run(path, pictures):
    """Return ``(state, recipe, backend)`` of a run with these pictures.

    Raises ``FileNotFoundError`` without the file, and ``ValueError`` if it
    holds no run or one with other pictures.
    """
    metadata, state = _read(path)
    mine = _fingerprint(pictures)
    # Older files have no sizes.
    if any(metadata.get(key, mine[key]) != mine[key] for key in mine):
        raise invalid(
            "{path} was saved with other pictures. Hand in the same content "
            "and style pictures to go on.",
            path=path,
        )
    return state, Recipe.from_json(metadata["recipe"]), metadata["backend"]


def facts_of_run(path):
    """Return ``(recipe, facts)`` of a run, its arrays unread.

    Raises as :func:`read_run` does.
    """
    metadata = _metadata(path)
    recipe = Recipe.from_json(metadata["recipe"])
    try:
        facts = json.loads(metadata.get("facts", "{}"))
    except ValueError:
        facts = None
    if not isinstance(facts, dict):
        raise _no_run(path)
    return recipe, facts


def _fingerprint(pictures):
    hashes = [hashlib.sha256(img.tobytes()).hexdigest() for img in pictures]
    sizes = [img.size for img in pictures]
    return {"pictures": json.dumps(hashes), "sizes": json.dumps(sizes)}


def _read(path):
    metadata = _metadata(path)
    try:
        return metadata, load_file(path)
    except SafetensorError:
        raise _no_run(path) from None


def _metadata(path):
    if Path(path).is_dir():
        raise invalid(
            "{path} is a folder. Name the file of a saved run in it.",
            path=path,
        )
    if not Path(path).is_file():
        raise FileNotFoundError(
            _("There is no saved run at {path}.", path=path)
        )
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
    except SafetensorError:
        raise _no_run(path) from None
    if {"recipe", "backend", "pictures"} - metadata.keys():
        raise _no_run(path)
    return metadata


def _no_run(path):
    return invalid(
        "{path} is not a run that was saved by d2l-style, or it is damaged.",
        path=path,
    )
