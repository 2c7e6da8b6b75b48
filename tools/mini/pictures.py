"""The training pictures: those that packages carry, and two of img/.

The book's two pictures stay out of training, whatever they are called.
"""

import hashlib
from importlib.resources import files
from pathlib import Path

import numpy as np

from d2l_style.network.fetch import BOOK_IMAGES
from d2l_style.pictures import images

ROOT = Path(__file__).resolve().parents[2]
# Package, folder, names: photos and drawings that have something to see.
PACKAGES = (
    (
        "skimage",
        "data",
        "astronaut.png brick.png camera.png cell.png chelsea.png "
        "clock_motion.png coffee.png coins.png color.png grass.png "
        "gravel.png hubble_deep_field.jpg ihc.png logo.png moon.png "
        "motorcycle_left.png motorcycle_right.png page.png retina.jpg "
        "rocket.jpg text.png",
    ),
    ("sklearn", "datasets/images", "china.jpg flower.jpg"),
    (
        "matplotlib",
        "mpl-data/sample_data",
        "grace_hopper.jpg Minduka_Present_Blue_Pack.png",
    ),
)
# Of img/ only these: the network is judged by the others.
OWN = ("rainier.jpg", "autumn-oak.jpg")
LONGEST = 2048  # pixels: larger pictures are reduced, for the memory's sake


def find():
    """Return the training pictures that are here: {name: path}, sorted.

    Packages that are not installed are passed over.
    """
    found = {f"img/{name}": ROOT / "img" / name for name in OWN}
    for package, folder, names in PACKAGES:
        try:
            home = Path(str(files(package))) / folder
        except ModuleNotFoundError:
            continue
        for name in names.split():
            if (home / name).is_file():
                found[f"{package}/{name}"] = home / name
    return dict(sorted(found.items()))


def sha256(path):
    """Return the SHA-256 of a file, refusing the book's pictures.

    Raises ``ValueError`` if it is one of them, ``FileNotFoundError`` if
    there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no picture at {path}.")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest in {source.sha256 for source in BOOK_IMAGES}:
        raise ValueError(
            f"{path} is one of the book's two pictures, by which the network "
            "is judged: they stay out of training. Leave it out."
        )
    return digest


def hashes(paths):
    """Return {name: SHA-256} of ``paths``, a dict {name: path}."""
    return {name: sha256(path) for name, path in paths.items()}


def load(paths):
    """Return the pictures ``paths`` as a list of (3, h, w) uint8 arrays.

    Raises ``ValueError`` if there is none or one is of the book.
    """
    if not paths:
        raise ValueError(
            "There are no training pictures. Install those of the extra "
            "'train': pip install scikit-image scikit-learn."
        )
    loaded = []
    for path in paths.values():
        sha256(path)
        img = images.open_image(path)
        img.thumbnail((LONGEST, LONGEST))
        loaded.append(np.asarray(img).transpose(2, 0, 1))
    return loaded


def changes(before, now):
    """Return one sentence on how the pictures differ, "" if they do not.

    Both arguments are what :func:`hashes` returns.
    """
    told = [
        f"{word} {', '.join(sorted(names))}"
        for word, names in (
            ("without", before.keys() - now.keys()),
            ("new", now.keys() - before.keys()),
            (
                "changed",
                {n for n in before.keys() & now.keys() if before[n] != now[n]},
            ),
        )
        if names
    ]
    if not told:
        return ""
    return (
        "The training pictures are not those that the run began with: "
        f"{'; '.join(told)}. It goes on with those that are here now."
    )
