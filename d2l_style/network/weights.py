"""Where the network's parameters come from, checked before use.

Both backends build their network from the dict that
:func:`load_parameters` returns, so they compute with the same numbers.
"""

import hashlib
import os
from importlib.resources import files
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from d2l_style.language import N_, _, invalid
from d2l_style.machine import commands
from d2l_style.network import oxford, vgg
from d2l_style.network.fetch import cached_vgg19
from d2l_style.network.random_vgg import random_parameters

NAMES = ("auto", "imagenet", "oxford", "mini", "random")
_NAMES_IN_FILE = frozenset(
    f"features.{layer.index}.{kind}"
    for layer in vgg.CONVS
    for kind in ("weight", "bias")
)
# What safetensors and NumPy raise at files and types that they cannot read.
_UNREADABLE = (TypeError, ValueError, KeyError, AttributeError, OSError)
_SENTENCES = {
    "imagenet": N_("Network: VGG-19 trained on ImageNet, as in the book."),
    "oxford": N_(
        "Network: Oxford's VGG-19, by Simonyan and Zisserman, as in Gatys' "
        "paper."
    ),
    "mini": N_("Network: vgg19-mini, a quick stand-in for the book's VGG-19."),
    "random": N_(
        "Network: VGG-19 with random weights. It transfers colours, but no "
        "brush strokes."
    ),
}
# What is said of the real network where it is here, and not in use.
_REAL_ONE = {
    "mini": N_(
        "The real one is here as weights='oxford': some minutes on a CPU "
        "where this one takes half a minute."
    ),
    "random": N_("The real one is here as weights='oxford'."),
}


def best():
    """Return the best network that is on this machine, however slow.

    Torchvision's VGG-19 if it has been fetched, else Oxford's, else the
    bundled small one, else random weights.
    """
    if cached_vgg19().exists():
        return "imagenet"
    if oxford.carrier():
        return "oxford"
    return "mini" if bundled().is_file() else "random"


def resolve(weights="auto", gpu=False):
    """Return which of the real choices ``"auto"`` stands for on this machine.

    The :func:`best` that is here, but for Oxford's VGG-19 only with a
    ``gpu``: on a CPU the bundled network paints in a tenth of the time.
    Anything but ``"auto"`` is returned unchanged.
    """
    if weights != "auto":
        return weights
    kind = best()
    quick = kind == "oxford" and not gpu and bundled().is_file()
    return "mini" if quick else kind


def describe(weights, gpu=False):
    """Say which network this is, and how to have the real one."""
    kind = resolve(weights, gpu)
    if kind not in _SENTENCES:
        return _("Network: {path}.", path=os.fspath(kind))
    sentence = _(_SENTENCES[kind])
    if kind not in _REAL_ONE:
        return sentence
    if oxford.carrier():
        return f"{sentence} {_(_REAL_ONE[kind])}"
    brings = _(
        "'{command}' brings the real one (18.5 MB).",
        command=commands.own("fetch", "vgg19"),
    )
    return f"{sentence} {brings}"


def load_parameters(weights="auto"):
    """Return VGG-19's convolution parameters as float32 NumPy arrays.

    ``weights`` is one of

    - ``"auto"``: see :func:`resolve`;
    - ``"imagenet"``: torchvision's VGG-19, which
      ``d2l-style fetch vgg19 --torchvision`` has put into the cache;
    - ``"oxford"``: the VGG-19 of Gatys' paper, see :mod:`~.network.oxford`;
    - ``"mini"``: the small trained network inside this package;
    - ``"random"``: :func:`d2l_style.network.random_vgg.random_parameters`;
    - the path of a safetensors file with torchvision's names.

    The dict maps ``features.0.weight`` (c_out, c_in, 3, 3),
    ``features.0.bias`` (c_out,) ... to arrays. Raises ``FileNotFoundError``
    if the weights are not there and ``ValueError`` if a file does not hold
    such a network; nothing is downloaded, and of pickles only Oxford's is
    read, behind its SHA-256.
    """
    kind = resolve(weights)
    if kind == "random":
        return random_parameters()
    if kind == "imagenet":
        gets = _(
            "'{command}' gets torchvision's VGG-19 (548 MB).",
            command=commands.own("fetch", "vgg19", "--torchvision"),
        )
        return read_safetensors(_existing(cached_vgg19(), gets))
    if kind == "oxford":
        return oxford.parameters(_oxford())
    if kind == "mini":
        return read_safetensors(
            _existing(
                bundled(),
                _(
                    "It is a part of d2l-style: install that again. Or use "
                    "weights='random'."
                ),
            )
        )
    return read_safetensors(
        _existing(
            Path(kind),
            _(
                "weights must be the path of a .safetensors file, or one of "
                "{valid}.",
                valid=", ".join(map(repr, NAMES)),
            ),
        )
    )


def read_safetensors(path):
    """Read a VGG-19 of any width from a safetensors file, checked.

    Extra tensors (a classifier) are left out. Raises ``ValueError`` naming
    the file and what is wrong: not safetensors, a missing layer, a shape
    that does not fit, a value that is not finite.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            wanted = _NAMES_IN_FILE.intersection(file.keys())
            tensors = {name: file.get_tensor(name) for name in wanted}
    except (SafetensorError, *_UNREADABLE) as e:
        raise invalid(
            "{path} cannot be read as safetensors ({reason}). Weights "
            "must be a safetensors file in float16, float32 or float64.",
            path=path,
            reason=e,
        ) from None
    try:
        return checked(tensors)
    except ValueError as e:
        raise ValueError(f"{path}: {e}") from None


def checked(tensors):
    """Return the VGG-19 features in ``tensors`` as float32, or complain.

    Raises ``ValueError`` if a layer is missing, has the wrong shape or holds
    a value that is not finite.
    """
    parameters, c_in = {}, 3
    for layer in vgg.CONVS:
        name = f"features.{layer.index}"
        W = _tensor(tensors, f"{name}.weight", layer.name)
        b = _tensor(tensors, f"{name}.bias", layer.name)
        c_out = len(W) if W.ndim else 0
        if W.shape != (c_out, c_in, 3, 3) or c_out == 0:
            raise invalid(
                "{name} ({layer}) has shape {given}; expected (channels, "
                "{c_in}, 3, 3).",
                name=f"{name}.weight",
                layer=layer.name,
                given=W.shape,
                c_in=c_in,
            )
        if b.shape != (c_out,):
            raise invalid(
                "{name} ({layer}) has shape {given}; expected ({c_out},).",
                name=f"{name}.bias",
                layer=layer.name,
                given=b.shape,
                c_out=c_out,
            )
        parameters[f"{name}.weight"], parameters[f"{name}.bias"] = W, b
        c_in = c_out
    return parameters


def _tensor(tensors, name, layer):
    if name not in tensors:
        raise invalid(
            "there is no {name} ({layer}). Expected the names of "
            "torchvision's VGG-19, features.0.weight to features.34.bias.",
            name=name,
            layer=layer,
        )
    array = np.asarray(tensors[name])
    if array.dtype.kind != "f":
        raise invalid(
            "{name} ({layer}) holds {dtype}, not floats.",
            name=name,
            layer=layer,
            dtype=array.dtype,
        )
    with np.errstate(over="ignore"):
        array = array.astype(np.float32)
    if not np.isfinite(array).all():
        raise invalid(
            "{name} ({layer}) holds values that are not finite.",
            name=name,
            layer=layer,
        )
    return array


def fingerprint(parameters):
    """Return the SHA-256 of a network's parameters, in hex.

    ``parameters`` is a dict as :func:`load_parameters` returns it.
    """
    digest = hashlib.sha256()
    for name, array in sorted(parameters.items()):
        digest.update(name.encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def bundled():
    """Return where the bundled network is, be it there or not."""
    return files("d2l_style") / "data" / "vgg19-mini.safetensors"


def _oxford():
    path = oxford.carrier()
    if path is None:
        raise FileNotFoundError(
            _(
                "Oxford's VGG-19 is not on this machine: '{command}' brings "
                "it (18.5 MB).",
                command=commands.own("fetch", "vgg19"),
            )
        )
    return path


def _existing(path, advice):
    if not path.is_file():
        missing = _("There is no file {path}.", path=path)
        if path.is_dir():
            missing = _("{path} is a folder.", path=path)
        raise FileNotFoundError(f"{missing} {advice}")
    return path
