"""The ways down to a low loss that are raced, all on one objective.

Each returns a generator of ``(evaluations, picture)``, as those of
``peers.py`` are. ``goal`` is the printed recipe of a backend: it says what
is minimised, and for how many epochs.
"""

from dataclasses import dataclass

from benchmarks import printed as baseline
from benchmarks.ways import as_readers_do
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer

# What a recipe minimises, besides what no preset changes.
_OBJECTIVE = ("tap", "antialias", "image_shape", "weights")


@dataclass(frozen=True)
class Race:
    """Who is raced on what: a backend, two pictures, a recipe."""

    backend: str
    pictures: tuple
    goal: Recipe


def printed(race):
    """The printed chapter's code and recipe, the framework as it comes."""
    as_readers_do(race.backend)
    make = getattr(baseline, f"printed_{race.backend}")
    epoch = make(*race.pictures, race.goal)
    yield 0, None
    for number in range(1, race.goal.num_epochs + 1):
        yield number, _as_numpy(epoch())


def preset_fast(race):
    """The preset ``fast``: other rates, fewer epochs, bfloat16."""
    own, book = Recipe.preset("fast"), Recipe.preset("as-printed")
    epochs = own.num_epochs * race.goal.num_epochs // book.num_epochs
    return _run(race, Recipe.preset("fast", **_same(race, epochs)))


def preset_paired(race):
    """The book's optimiser in our code, in bfloat16."""
    changes = _same(race, race.goal.num_epochs)
    return _run(race, Recipe.preset("paired", precision="fast", **changes))


def tutorial(race):
    """L-BFGS for as many evaluations as the printed recipe has epochs."""
    from benchmarks.peers import lbfgs

    return lbfgs(race.pictures, race.goal, race.goal.num_epochs)


def crowson(race):
    """Averaged Adam, as many iterations at full size as printed epochs."""
    from benchmarks.peers import averaged_adam

    epochs = race.goal.num_epochs
    return averaged_adam(
        race.pictures, race.goal, (2 * epochs // 5, epochs // 5, epochs)
    )


METHODS = {
    "pytorch": {
        "printed": printed,
        "preset fast": preset_fast,
        "preset paired, precision fast": preset_paired,
        "L-BFGS (PyTorch's tutorial)": tutorial,
        "averaged Adam, coarse to fine (crowsonkb)": crowson,
    },
    "mxnet": {"printed": printed, "preset fast": preset_fast},
}


def _same(race, epochs):
    same = {name: getattr(race.goal, name) for name in _OBJECTIVE}
    return {**same, "num_epochs": epochs}


def _run(race, recipe):
    transfer = StyleTransfer(*race.pictures, recipe, race.backend)
    yield 0, None
    for epoch in transfer.run():
        yield epoch.number, transfer.synthesis.array()


def _as_numpy(X):
    return X.asnumpy() if hasattr(X, "asnumpy") else X.detach().numpy()
