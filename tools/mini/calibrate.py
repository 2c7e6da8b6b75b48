"""Give every layer the scale that Oxford's VGG-19 has here, and export.

ReLU networks with biases are positively homogeneous layer by layer: with
weights times s / s_before and biases times s a layer answers s times as
strongly, and what the next layer sees is undone by its own factor. So the
scale of every layer is free, and it decides what a loss weighs. The small
network gets those with which pictures are as far apart, layer by layer, as
they are for its teacher, which prints the book's losses.
"""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

from d2l_style.machine.files import whole_file
from d2l_style.network import vgg
from tools.mini import distances
from tools.mini.student import Student

TAPS = tuple((c.index, after) for c in vgg.CONVS for after in (False, True))
PART = 8  # pictures at a time


def calibrated(parameters, teacher, X):
    """Return ``parameters`` with each layer's scale from the teacher's.

    Every picture of ``X``, (n, 3, h, w), is compared with the next one. Of
    the content layer it is the content loss that becomes the teacher's, of
    all others the style loss; the geometric mean over pictures and over both
    sides of the ReLU decides. Raises ``ValueError`` if a layer tells no
    pictures apart.
    """
    student = student_of(parameters).to(X.device)
    factors = factors_of(_distances(student, X), _distances(teacher, X))
    scaled, before = {}, 1.0
    for layer in vgg.CONVS:
        scale = factors[layer.index]
        if not 0 < scale < np.inf:
            raise ValueError(
                f"{layer.name} cannot be calibrated: its factor is {scale}. "
                "Train longer or with a smaller --lr."
            )
        W = parameters[f"features.{layer.index}.weight"]
        b = parameters[f"features.{layer.index}.bias"]
        scaled[f"features.{layer.index}.weight"] = np.float32(
            W * (scale / before)
        )
        scaled[f"features.{layer.index}.bias"] = np.float32(b * scale)
        before = scale
    return scaled


def factors_of(own, wanted):
    """Return {index: factor of its features} from two {tap: (n,)}."""
    factors = {}
    for layer in vgg.CONVS:
        logs = [
            torch.log(wanted[layer.index, after] / own[layer.index, after])
            for after in (False, True)
        ]
        # A content loss grows with the square of the features, a style loss
        # with their fourth power.
        power = 2 if layer.index == distances.CONTENT else 4
        factors[layer.index] = torch.cat(logs).mean().div(power).exp().item()
    return factors


@torch.no_grad()
def _distances(net, X):
    """Return {tap: (n,)}, how far each picture is from the next one."""
    grams, contents = {tap: [] for tap in TAPS}, []
    for part in X.split(PART):
        maps = net(part)
        for tap, G in distances.grams(maps, TAPS).items():
            grams[tap].append(G)
        contents.append(maps[distances.CONTENT])
    G = {tap: torch.cat(parts) for tap, parts in grams.items()}
    next_G = {tap: Z.roll(1, 0) for tap, Z in G.items()}
    Y = torch.cat(contents)
    return {
        **distances.style_distances(G, next_G),
        **distances.content_distances(Y, Y.roll(1, 0)),
    }


def student_of(parameters):
    """Return a :class:`Student` that holds ``parameters``."""
    widths = [
        len(parameters[f"features.{first}.bias"]) for first in distances.STYLES
    ]
    net = Student(widths)
    net.load(parameters)
    return net


def export(parameters, path, /, **facts):
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
                f"{name} is too large for float16. Train with a smaller --lr."
            )
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {key: json.dumps(value) for key, value in facts.items()}
    with whole_file(path) as part:
        save_file(halves, part, metadata=metadata)
