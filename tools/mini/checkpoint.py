"""A training run's state in one safetensors file: no pickle is read."""

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from d2l_style.machine.files import whole_file

FORMAT = "vgg19-mini checkpoint 2"


def save(path, tensors, facts):
    """Write tensors and ``facts`` (JSON), at once or not at all."""
    tensors = {name: t.detach().contiguous() for name, t in tensors.items()}
    metadata = {"format": FORMAT, "facts": json.dumps(facts)}
    with whole_file(path) as part:
        save_file(tensors, part, metadata=metadata)


def load(path):
    """Return (tensors, facts) of a checkpoint.

    Raises ``FileNotFoundError`` or ``ValueError`` with a sentence.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no checkpoint {path}. Start a run without --resume."
        )
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            names = list(file.keys())
            tensors = {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"{path} is broken ({error}). Name another checkpoint, or start "
            "anew without --resume."
        ) from None
    if metadata.get("format") != FORMAT:
        raise ValueError(
            f"{path} is no checkpoint of this program. Its checkpoints are "
            "called checkpoint.safetensors."
        )
    return tensors, json.loads(metadata["facts"])


def group(tensors, prefix):
    """Return the tensors called ``prefix.*``, without the prefix."""
    prefix += "."
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
