"""Where the network's parameters come from, checked before use.

Both backends build their network from the dict that
:func:`load_parameters` returns, so they compute with the same numbers.
"""

import hashlib
import os
from importlib.resources import files
from pathlib import Path

from d2l_style.language import N_, _
from d2l_style.machine import commands
from d2l_style.network import oxford
from d2l_style.network.fetch import cached_vgg19
from d2l_style.network.random_vgg import random_parameters
from d2l_style.network.tensors import is_whole, read_safetensors

NAMES = ("auto", "imagenet", "oxford", "mini", "random")
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


def there():
    """Return the networks that are on this machine and whole, best first.

    Torchvision's VGG-19 if it has been fetched, then Oxford's, then the
    bundled small one, then random weights.
    """
    found = {
        "imagenet": is_whole(cached_vgg19()),
        "oxford": oxford.is_whole(oxford.carrier()),
        "mini": bundled().is_file(),
        "random": True,
    }
    return [name for name, here in found.items() if here]


def best():
    """Return the best network that is on this machine, however slow."""
    return there()[0]


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
    found = there()
    sentences = [_(_SENTENCES[kind]), *_damaged(found)]
    if kind in _REAL_ONE and "oxford" in found:
        sentences.append(_(_REAL_ONE[kind]))
    elif kind in _REAL_ONE and oxford.carrier() is None:
        sentences.append(
            _(
                "'{command}' brings the real one (18.5 MB).",
                command=commands.own("fetch", "vgg19"),
            )
        )
    return " ".join(sentences)


def _damaged(found):
    """Say of each network that is here, and not whole, what brings it."""
    if "imagenet" not in found and cached_vgg19().exists():
        yield _is_damaged(cached_vgg19(), "--torchvision")
    if "oxford" not in found and oxford.carrier():
        yield _is_damaged(oxford.carrier())


def _is_damaged(path, *options):
    return _(
        "{path} is damaged and not in use: '{command}' brings it again.",
        path=path,
        command=commands.own("fetch", "vgg19", *options),
    )


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
        return _ours(cached_vgg19(), gets)
    if kind == "oxford":
        return oxford.parameters(_oxford())
    if kind == "mini":
        advice = _(
            "It is a part of d2l-style: install that again. Or use "
            "weights='random'."
        )
        return _ours(bundled(), advice)
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


def _ours(path, advice):
    """Read a file that the reader did not name; say where to have it from."""
    path = _existing(path, advice)
    try:
        return read_safetensors(path)
    except ValueError as error:
        raise ValueError(f"{error} {advice}") from None


def _existing(path, advice):
    if not path.is_file():
        missing = _("There is no file {path}.", path=path)
        if path.is_dir():
            missing = _("{path} is a folder.", path=path)
        raise FileNotFoundError(f"{missing} {advice}")
    return path
