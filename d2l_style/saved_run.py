"""A run in a file: safetensors, which holds arrays and text and no code."""

import hashlib
import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file

from d2l_style.language import _, invalid
from d2l_style.machine.files import whole_file
from d2l_style.recipe import Recipe


def write_run(path, state, recipe, backend, pictures):
    """Write a run so that :func:`read_run` finds it, whole or not at all.

    ``state`` is a dict of NumPy arrays. Of the two ``pictures``, PIL images,
    only their SHA-256 and sizes are kept.
    """
    metadata = {"recipe": recipe.to_json(), "backend": backend}
    metadata |= _fingerprint(pictures)
    with whole_file(path) as part:
        save_file(state, part, metadata)


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


def _fingerprint(pictures):
    hashes = [hashlib.sha256(img.tobytes()).hexdigest() for img in pictures]
    sizes = [img.size for img in pictures]
    return {"pictures": json.dumps(hashes), "sizes": json.dumps(sizes)}


def _read(path):
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
        if missing := {"recipe", "backend", "pictures"} - metadata.keys():
            raise KeyError(missing)
        return metadata, load_file(path)
    except (SafetensorError, KeyError):
        raise invalid(
            "{path} is not a run that was saved by d2l-style, or it is "
            "damaged.",
            path=path,
        ) from None
