"""Exercise 2: losses without their weights, and other weights."""

import random
from types import SimpleNamespace

from d2l_style.exercises.checks.answers import MORE, close, not_like, runner
from d2l_style.exercises.verdict import checked, right, wrong
from d2l_style.language import _
from d2l_style.recipe import Recipe

_WEIGHTS = ("content_weight", "style_weight", "tv_weight")
_MAY_CHANGE = ("content_weight", "tv_weight")
_LESS = 0.95  # of the noise: what counts as less
_STYLED = 0.5  # of the photo's own distance from the style, at most


@checked
def unweighted(function):
    """Check ``function(result)`` that gives losses without their weights."""
    rng = random.Random(1)
    for _n in range(5):
        plain = [rng.uniform(0.1, 2) for _term in range(3)]
        result = _result(plain, rng)
        given = function(result)
        try:
            given = [float(value) for value in given]
        except TypeError:
            given = []
        if len(given) != 3:
            return wrong(
                _(
                    "Return three numbers: the content, style and TV loss of "
                    "the last epoch."
                )
            )
        if not close(given, plain):
            return _why_weighted(given, plain, result)
    return right(
        _(
            "Right. Now runs with other weights can be compared: these "
            "numbers depend on the picture alone."
        )
    )


def _why_weighted(given, plain, result):
    weighted = result.losses[-1][:3]
    if close(given, weighted):
        return wrong(
            _("These are the losses with their weights still in them.")
        )
    if close(sorted(given), sorted(plain)):
        return wrong(
            _("The numbers are right, their order is not: content, style, TV.")
        )
    right_ones = [close([g], [p]) for g, p in zip(given, plain, strict=True)]
    if any(right_ones):
        return wrong(
            _(
                "{count} of the three losses are right. Look at the others: "
                "each has a weight of its own.",
                count=sum(right_ones),
            )
        )
    return wrong(
        _(
            "None of the three is right. How did the weight get into the "
            "loss, and what undoes that? Take the last epoch."
        )
    )


def _result(plain, rng):
    """Return what a sweep's result has of losses and recipe."""
    recipe = Recipe(
        **{name: 10 ** rng.uniform(-1, 4) for name in _WEIGHTS},
    )
    weights = [getattr(recipe, name) for name in _WEIGHTS]
    last = [p * w for p, w in zip(plain, weights, strict=True)]
    first = [value * rng.uniform(2, 9) for value in last]
    losses = [(*terms, sum(terms)) for terms in (first, last)]
    return SimpleNamespace(recipe=recipe, losses=tuple(losses))


@checked
def weights(recipe, *, base, content_img, style_img, backend):
    """Check a recipe with more content and less noise, still in the style."""
    complaint = not_like(recipe, base, _MAY_CHANGE)
    if complaint:
        return complaint
    run = runner(content_img, style_img, backend)
    ours, theirs, photo = run(base), run(recipe), run(base, num_epochs=0)
    if theirs.content < MORE * ours.content:
        missing = _("not clearly more of the photo's structure is kept")
    elif theirs.features <= ours.features:
        missing = _("its content features are no nearer to the photo's")
    elif theirs.noise > _LESS * ours.noise:
        missing = _("it is not clearly less noisy")
    elif not theirs.style < _STYLED * photo.style:
        missing = _("too little of the style is left")
    else:
        missing = None
    figures = _compared(ours, theirs)
    if missing:
        return wrong(
            _(
                "Not yet: {missing}. {figures}",
                missing=missing,
                figures=figures,
            )
        )
    return right(
        _(
            "Right: more content, less noise, and still a painting. {figures}",
            figures=figures,
        )
    )


def _compared(before, now):
    return _(
        "Before and now: content kept {a.content:.3f}, {b.content:.3f}; "
        "feature correlation {a.features:.3f}, {b.features:.3f}; noise "
        "{a.noise:.2f}, {b.noise:.2f}; distance from the style "
        "{a.style:.3f}, {b.style:.3f}.",
        a=before,
        b=now,
    )
