"""What the checks of several exercises need."""

import math
import numbers

from d2l_style.exercises.meters import measure
from d2l_style.exercises.verdict import wrong
from d2l_style.language import _
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer

MORE = 1.15  # how much more content counts: less could be chance


def is_number(value):
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return real and math.isfinite(value)


def same(x, y):
    return math.isclose(x, y, rel_tol=1e-4)  # float32 will do


def close(xs, ys):
    return all(same(x, y) for x, y in zip(xs, ys, strict=True))


def not_like(recipe, base, allowed):
    """Say what else was changed, or that nothing was; else None."""
    if not isinstance(recipe, Recipe):
        return wrong(
            _(
                "The answer should be a Recipe, such as base.replace(...), "
                "not {given}.",
                given=type(recipe).__name__,
            )
        )
    changed = base.changes(recipe)
    others = [name for name in changed if name not in allowed]
    if others:
        return wrong(
            _(
                "Only {allowed} may change here, and {others} did.",
                allowed=", ".join(allowed),
                others=", ".join(others),
            )
        )
    if not changed:
        return wrong(_("This is the base recipe: nothing has changed."))
    return None


def runner(content_img, style_img, backend):
    """Return a function that runs a recipe and measures what comes out."""

    def run(recipe, num_epochs=None):
        transfer = StyleTransfer(content_img, style_img, recipe, backend)
        for _epoch in transfer.run(num_epochs):
            pass
        return measure(transfer)

    return run
