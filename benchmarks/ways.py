"""The ways to run an epoch that are compared: the printed code and ours."""

import os
from dataclasses import dataclass

from benchmarks.subjects import FRAMEWORKS, FULL
from d2l_style.machine.doctor import require
from d2l_style.pictures.animator import Animator
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer, backend_module


@dataclass(frozen=True)
class Way:
    """A backend, a network, and whose code runs it.

    ``code`` is the printed chapter's, "printed", the same on "all cores", or
    ours at one of the precisions, "exact" or "fast".
    """

    backend: str
    code: str
    network: str = FULL

    @property
    def printed(self):
        return self.code.startswith("printed")

    @property
    def name(self):
        return (
            self.code
            if self.network == FULL
            else f"{self.code}, {self.network}"
        )


def as_readers_do(backend):
    """Import a framework as it comes, before this package asks anything.

    ``d2l_style`` lets MXNet use all cores and has glibc keep what PyTorch
    gives back, unless it seems to have been told something already. The
    chapter's first cell imports torchvision too.
    """
    require(FRAMEWORKS[backend])
    if backend == "pytorch":
        import torchvision  # noqa: F401

        os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", "131072")  # as it is


def import_for(way):
    """Import all that the way needs, the framework as the way wants it."""
    if way.code == "printed":
        as_readers_do(way.backend)
    backend_module(way.backend)


def epoch_of(way, pictures, weights, shape):
    """Return a function that runs one epoch."""
    make = _printed if way.printed else _ours
    return make(way, pictures, weights=weights, image_shape=shape)


def _ours(way, pictures, **choices):
    recipe = Recipe(precision=way.code, **choices)
    transfer = StyleTransfer(*pictures, recipe, way.backend)
    animator = Animator.of_losses(500)

    def epoch():
        for one in transfer.run(1):
            animator.watch(one)
            if one.number % 10 == 0:
                animator.png()  # what a notebook would be sent

    return epoch


def _printed(way, pictures, **choices):
    from benchmarks import printed

    make = getattr(printed, f"printed_{way.backend}")
    return make(*pictures, printed.recipe_of(way.backend, **choices))
