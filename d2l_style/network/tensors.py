"""A VGG-19 out of a safetensors file that nobody has to trust."""

from pathlib import Path

import numpy as np
from safetensors import SafetensorError, deserialize, safe_open

from d2l_style.language import invalid
from d2l_style.machine.files import about
from d2l_style.network import vgg

_NAMES = frozenset(
    f"features.{layer.index}.{kind}"
    for layer in vgg.CONVS
    for kind in ("weight", "bias")
)
_TYPES = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "BOOL": "?"} | {
    f"{kind.upper()}{8 * size}": f"<{kind}{size}"
    for kind in "iu"
    for size in (1, 2, 4, 8)
}
_MOST = 2 * 10**9  # bytes; in float64, with its classifier, VGG-19 has 1.2
# What safetensors and NumPy raise at files and types that they cannot read.
_UNREADABLE = (
    SafetensorError,
    TypeError,
    ValueError,
    KeyError,
    AttributeError,
    OSError,
)


def is_whole(path):
    """Return whether there is a safetensors file as long as it should be."""
    try:
        with safe_open(path, framework="numpy"):
            return True
    except _UNREADABLE:
        return False


def read_safetensors(path):
    """Read a VGG-19 of any width from a safetensors file, checked.

    Extra tensors (a classifier) are left out. Raises ``ValueError`` naming
    the file and what is wrong: not safetensors, a missing layer, a shape
    that does not fit, a value that is not finite.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _MOST:
            raise invalid("it is larger than any VGG-19")
        # Not mapped: where a file is cut meanwhile, that ends Python.
        found = dict(deserialize(path.read_bytes()))
        wanted = _NAMES.intersection(found)
        tensors = {name: _array(**found[name]) for name in wanted}
    except _UNREADABLE as e:
        raise invalid(
            "{path} cannot be read as safetensors ({reason}). Weights "
            "must be a safetensors file in float16, float32 or float64.",
            path=path,
            reason=e,
        ) from None
    with about(path):
        return checked(tensors)


def _array(dtype, shape, data):
    return np.frombuffer(data, _TYPES[dtype]).reshape(shape)


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
