"""A VGG-19 out of a safetensors file that nobody has to trust."""

import json
import math
import os

import numpy as np

from d2l_style.language import invalid
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
_HEAD = 100_000_000  # bytes that a table of tensors has at most
# What JSON and NumPy raise at files and types that they cannot read.
_UNREADABLE = (
    TypeError,
    ValueError,
    KeyError,
    AttributeError,
    OSError,
    RecursionError,
)


def is_whole(path):
    """Return whether there is a safetensors file as long as it should be."""
    try:
        with open(path, "rb") as file:
            _table(file)
        return True
    except _UNREADABLE:
        return False


def read_safetensors(path):
    """Read a VGG-19 of any width from a safetensors file, checked.

    Extra tensors (a classifier) are left out. Raises ``ValueError`` naming
    the file and what is wrong: not safetensors, a missing layer, a shape
    that does not fit, a value that is not finite.
    """
    try:
        with open(path, "rb") as file:
            table = _table(file)
            wanted = _NAMES.intersection(table)
            tensors = {name: _read(file, **table[name]) for name in wanted}
    except _UNREADABLE as e:
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


def _table(file):
    """Return {name: what the head of a safetensors file says of it}.

    Where it lies is counted from the beginning of the file. Not by mmap, as
    the format's own library has it: where a file is cut meanwhile, that ends
    Python.
    """
    size = os.fstat(file.fileno()).st_size
    length = int.from_bytes(file.read(8), "little")
    if not 0 < length < min(size, _HEAD):
        raise _damaged()
    table = json.loads(file.read(length))
    table.pop("__metadata__", None)
    for entry in table.values():
        entry["data_offsets"] = [
            8 + length + at for at in entry["data_offsets"]
        ]
    if size != max(entry["data_offsets"][1] for entry in table.values()):
        raise _damaged()
    return table


def _damaged():
    return invalid("it is cut off, damaged, or another kind of file")


def _read(file, dtype, shape, data_offsets):
    begin, end = data_offsets
    dtype = np.dtype(_TYPES[dtype])
    if math.prod(shape) * dtype.itemsize != end - begin:
        raise _damaged()
    file.seek(begin)
    return np.frombuffer(file.read(end - begin), dtype).reshape(shape)


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
