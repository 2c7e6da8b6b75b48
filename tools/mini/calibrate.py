"""Give every layer the scale that the book's weights expect, and export.

ReLU networks with biases are positively homogeneous layer by layer: with
weights times s / s_before and biases times s a layer answers s times as
strongly, and what the next layer sees is undone by its own factor. So the
scale of every layer is free, and it decides what a style loss weighs.
"""

import json
import os
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

from d2l_style import vgg
from tools.mini.student import Student

FACTORS = (0.45, 0.25, 0.22, 0.3, 0.3)  # blocks 1 to 5, found by looking


def calibrated(parameters, X, factors=FACTORS, pool="max"):
    """Return ``parameters`` rescaled: the RMS is f * sqrt(channels).

    The RMS is that of the features after each convolution's ReLU over the
    pictures ``X``, (n, 3, h, w); f is the block's entry in ``factors``. Both
    dicts hold float32 arrays under torchvision's names. Raises
    ``ValueError`` if a layer answers to none of the pictures.
    """
    scaled, before = {}, 1.0
    for layer, rms in rms_of_layers(parameters, X, pool).items():
        W = parameters[f"features.{layer.index}.weight"]
        b = parameters[f"features.{layer.index}.bias"]
        if not rms > 0 or not np.isfinite(rms):
            raise ValueError(
                f"{layer.name} cannot be calibrated: its RMS is {rms}. Train "
                "longer or with a smaller --lr."
            )
        scale = factors[layer.block - 1] * np.sqrt(len(W)) / rms
        scaled[f"features.{layer.index}.weight"] = np.float32(
            W * (scale / before)
        )
        scaled[f"features.{layer.index}.bias"] = np.float32(b * scale)
        before = scale
    return scaled


@torch.no_grad()
def rms_of_layers(parameters, X, pool="max"):
    """Return {layer: RMS after its ReLU} of all convolutions."""
    net = student_of(parameters, pool)
    squares = dict.fromkeys(vgg.CONVS, 0.0)
    for part in X.split(8):
        maps = net(part, wanted=[layer.index + 1 for layer in vgg.CONVS])
        for layer in vgg.CONVS:
            Y = maps[layer.index + 1].double()
            squares[layer] += Y.square().mean().item() * len(part)
    return {layer: (s / len(X)) ** 0.5 for layer, s in squares.items()}


def student_of(parameters, pool="max"):
    """Return a :class:`Student` that holds ``parameters``."""
    widths = [
        len(parameters[f"features.{layer.index}.bias"])
        for layer in vgg.CONVS
        if layer.name.endswith("_1")
    ]
    net = Student(widths, pool)
    net.load_state_dict(
        {name: torch.tensor(array) for name, array in parameters.items()}
    )
    return net


def export(parameters, path, **facts):
    """Write ``parameters`` as float16 safetensors, at once or not at all.

    ``facts`` go into the file's metadata, as JSON. Raises ``ValueError`` if
    a number is too large for float16.
    """
    halves = {}
    for name, array in parameters.items():
        with np.errstate(over="ignore"):
            halves[name] = array.astype(np.float16)
        if not np.isfinite(halves[name]).all():
            raise ValueError(
                f"{name} is too large for float16. Choose smaller or more "
                "even factors with --f."
            )
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    metadata = {key: json.dumps(value) for key, value in facts.items()}
    save_file(halves, unfinished, metadata=metadata)
    os.replace(unfinished, path)
