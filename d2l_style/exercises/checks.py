"""Is the answer right, and if not, what to look at again.

A check looks at what an answer does, not at how it is written: functions are
called, recipes are run and measured. It takes any answer that holds, and of
others it says what they miss, never what the answer is. All return a
:class:`~d2l_style.exercises.verdict.Verdict`.
"""

import math
import numbers
import random
from dataclasses import fields
from types import SimpleNamespace

from PIL import Image

from d2l_style.exercises.meters import measure
from d2l_style.exercises.sight import field_after
from d2l_style.exercises.sight import receptive_field as _true_field
from d2l_style.exercises.text import judge
from d2l_style.exercises.verdict import YourTurn, checked, right, wrong
from d2l_style.language import _
from d2l_style.network import vgg
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer

_WEIGHTS = ("content_weight", "style_weight", "tv_weight")
_TWO_WEIGHTS = ("content_weight", "tv_weight")
_LAYERS = ("content_layers", "style_layers")
# How much of a change counts: less could be chance.
_MORE, _LESS = 1.15, 0.95
_SEEN = (vgg.conv_index("conv1_2"),)  # shown in the notebook's first grid
_STYLED = 0.5  # of the photo's own distance from the style, at most
_GOAL = {"content": 0.95, "style": 0.8}  # shares of the text baseline


# Exercise 1: layers


@checked
def receptive_field(function):
    """Check ``function(kinds)``, kinds a list of ``"conv"`` and ``"pool"``."""
    one, two = function(["conv"]), function(["conv", "conv"])
    if not _is_number(one):
        return wrong(
            _(
                "For ['conv'] your function returns {given!r}. It should "
                "return a number of pixels."
            ).format(given=one)
        )
    if one != 3:
        return wrong(
            _(
                "One convolution of 3 x 3 sees 3 pixels; your function says "
                "{given}. What does it begin with?"
            ).format(given=one)
        )
    if two != 5:
        return wrong(
            _(
                "Right for one convolution, not for two. The second one "
                "looks at three features side by side: what do the outer two "
                "see that the middle one does not?"
            )
        )
    if function(["conv", "conv", "pool"]) != 6:
        return wrong(
            _(
                "Convolutions are right, the pooling is not. It looks at two "
                "features side by side: how much more do two see than one?"
            )
        )
    for kinds in _towers():
        if function(list(kinds)) != field_after(kinds).size:
            return wrong(
                _(
                    "Right as far as the first pooling. After it, how far "
                    "apart are the pixels that two neighbouring features "
                    "stand for? And after the second?"
                )
            )
    return right(
        _(
            "Right, for VGG-19 and for towers that nobody has built. conv5_1 "
            "sees {size} pixels: half the height of the chapter's picture."
        ).format(size=_true_field("conv5_1").size)
    )


def _towers():
    """Yield VGG-19 up to each of its layers, and others, as lists of kinds."""
    layers = [layer.kind for layer in vgg.LAYERS if layer.kind != "relu"]
    yield from (layers[:n] for n in range(1, len(layers) + 1))
    rng = random.Random(0)
    for _n in range(20):
        yield rng.choices(["conv", "pool"], k=rng.randint(1, 12))


@checked
def layers(recipe, *, base, content_img, style_img, backend):
    """Check a recipe that keeps more content by other layers alone."""
    complaint = _not_like(recipe, base, _LAYERS)
    if complaint:
        return complaint
    if recipe.content_layers == _SEEN and recipe.style_layers == (
        base.style_layers
    ):
        return wrong(
            _("That one is in the grid above. Find another way to the goal.")
        )
    if not recipe.style_layers:
        return wrong(
            _(
                "Without a style layer all of the content is kept, and there "
                "is no style. Keep at least one."
            )
        )
    run = _runner(content_img, style_img, backend)
    ours, theirs = run(base), run(recipe)
    figures = {"before": ours.content, "now": theirs.content}
    if theirs.content < _MORE * ours.content:
        return wrong(
            _(
                "The structural similarity to the photo was {before:.3f} and "
                "is {now:.3f}: not clearly more. Which layers know where "
                "things are? Which choice repaints the most?"
            ).format(**figures)
        )
    return right(
        _(
            "Right: the structural similarity to the photo rose from "
            "{before:.3f} to {now:.3f}, with the same weights."
        ).format(**figures)
    )


# Exercise 2: weights


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
        if not _close(given, plain):
            return _why_weighted(given, plain, result)
    return right(
        _(
            "Right. Now runs with other weights can be compared: these "
            "numbers depend on the picture alone."
        )
    )


def _why_weighted(given, plain, result):
    weighted = result.losses[-1][:3]
    if _close(given, weighted):
        return wrong(
            _("These are the losses with their weights still in them.")
        )
    if _close(sorted(given), sorted(plain)):
        return wrong(
            _("The numbers are right, their order is not: content, style, TV.")
        )
    right_ones = [_close([g], [p]) for g, p in zip(given, plain, strict=True)]
    if any(right_ones):
        return wrong(
            _(
                "{count} of the three losses are right. Look at the others: "
                "each has a weight of its own."
            ).format(count=sum(right_ones))
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
    complaint = _not_like(recipe, base, _TWO_WEIGHTS)
    if complaint:
        return complaint
    run = _runner(content_img, style_img, backend)
    ours, theirs, photo = run(base), run(recipe), run(base, num_epochs=0)
    if theirs.content < _MORE * ours.content:
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
            _("Not yet: {missing}. {figures}").format(
                missing=missing, figures=figures
            )
        )
    return right(
        _(
            "Right: more content, less noise, and still a painting. {figures}"
        ).format(figures=figures)
    )


def _compared(before, now):
    return _(
        "Before and now: content kept {a.content:.3f}, {b.content:.3f}; "
        "feature correlation {a.features:.3f}, {b.features:.3f}; noise "
        "{a.noise:.2f}, {b.noise:.2f}; distance from the style "
        "{a.style:.3f}, {b.style:.3f}."
    ).format(a=before, b=now)


# Exercise 3: pictures


@checked
def own_shape(function):
    """Check ``function(img, image_shape)``: (h, w) of the picture's shape."""
    for size in ((1200, 400), (300, 900), (640, 640), (1717, 1200)):
        img = Image.new("RGB", size)
        for shape in ((300, 450), (150, 225)):
            complaint = _misshapen(function(img, shape), size, shape)
            if complaint:
                return complaint
    return right(
        _(
            "Right: no picture is squeezed, and each costs as much to look "
            "at as before."
        )
    )


def _misshapen(given, size, shape):
    try:
        h, w = given
    except (TypeError, ValueError):
        h = w = None
    whole = isinstance(h, numbers.Integral) and isinstance(w, numbers.Integral)
    if not whole or min(h, w) < 1:
        return wrong(
            _("Return (h, w), two whole numbers, not {given!r}.").format(
                given=given
            )
        )
    wide, aspect = size[0] / size[1], w / h
    about = {"size": size, "given": (h, w)}
    if not math.isclose(aspect, wide, rel_tol=0.03):
        if math.isclose(1 / aspect, wide, rel_tol=0.03):
            return wrong(
                _(
                    "A picture of {size[0]} x {size[1]} pixels, wide x high, "
                    "is turned on its side. Which comes first in (h, w), and "
                    "which in img.size?"
                ).format(**about)
            )
        return wrong(
            _(
                "A picture of {size[0]} x {size[1]} pixels, wide x high, "
                "becomes {given[1]} x {given[0]}: it is squeezed."
            ).format(**about)
        )
    if not math.isclose(h * w, shape[0] * shape[1], rel_tol=0.03):
        return wrong(
            _(
                "The shape is right. But the number of pixels, {pixels}, "
                "should be about that of image_shape, {wanted}."
            ).format(pixels=h * w, wanted=shape[0] * shape[1])
        )
    return None


@checked
def gallery(shown):
    """Check a :class:`~d2l_style.exercises.gallery.Gallery` of one's own."""
    pictures = {item.image.tobytes() for item in shown}
    if not pictures:
        raise YourTurn
    if len(pictures) < 3:
        return wrong(
            _(
                "There are {count} different pictures in your gallery. Make "
                "it three."
            ).format(count=len(pictures))
        )
    if len({item.recipe for item in shown}) < 2:
        return wrong(
            _(
                "All were made by the same recipe. Turn something: a weight, "
                "a layer, the start."
            )
        )
    return right(_("A fine gallery. Show it to somebody."))


# Exercise 4: text


@checked
def salience(function):
    """Check ``function(count_a, count_b)``, the salience of a phrase."""
    counts = [(0, 0), (1, 0), (5, 0), (3, 3), (7, 2), (40, 39), (20, 1)]
    values = {}
    for a, b in counts:
        for pair in ((a, b), (b, a)):
            values[pair] = function(*pair)
            if not _is_number(values[pair]):
                return wrong(
                    _(
                        "For the counts {pair} your function returns "
                        "{given!r}, which is no finite number."
                    ).format(pair=pair, given=values[pair])
                )
    for (a, b), value in values.items():
        fine = _same(value, 1) if a == b else (value > 1) == (a > b)
        if not fine:
            return wrong(
                _(
                    "For the counts {pair} it is {given:.3g}. It should be 1 "
                    "for a phrase that both styles use equally often, above "
                    "1 if the first one uses it more, below 1 if less."
                ).format(pair=(a, b), given=value)
            )
        if value <= 0 or not _same(value * values[b, a], 1):
            return wrong(
                _(
                    "Seen from the other style, a phrase twice as typical "
                    "here should be half as typical there: {x} for {pair}, "
                    "but {y} the other way round."
                ).format(
                    x=f"{value:.3g}", pair=(a, b), y=f"{values[b, a]:.3g}"
                )
            )
    if values[40, 39] >= values[1, 0] or values[1, 0] >= values[20, 1]:
        return wrong(
            _(
                "How much does a count prove? 40 times here and 39 there is "
                "nearly equal; once here and never there may be chance, and "
                "20 times here and once there can hardly be."
            )
        )
    if not values[5, 0] > values[1, 0]:
        return wrong(
            _(
                "A phrase seen five times here and never there is more "
                "typical than one seen once. Yours makes no difference."
            )
        )
    return right(_("Right, and it does not fail where a count is zero."))


@checked
def threshold(value):
    """Check a threshold that reaches :data:`_GOAL` in English."""
    if not _is_number(value):
        return wrong(
            _("A threshold is a number, not {given!r}.").format(given=value)
        )
    (got,) = judge.tradeoff("english", [value])
    if got.content < _GOAL["content"]:
        verdict, said = (
            wrong,
            _(
                "{content:.1%} of the content, {style:.1%} of the style: too "
                "much is deleted. Which phrases count as style now?"
            ),
        )
    elif got.style < _GOAL["style"]:
        verdict, said = (
            wrong,
            _(
                "{content:.1%} of the content, {style:.1%} of the style: too "
                "little is deleted to change the style."
            ),
        )
    else:
        verdict, said = (
            right,
            _(
                "Right: {content:.1%} of the content, {style:.1%} of the "
                "style."
            ),
        )
    return verdict(said.format(content=got.content, style=got.style))


# What several need


def _is_number(value):
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return real and math.isfinite(value)


def _same(x, y):
    return math.isclose(x, y, rel_tol=1e-4)  # float32 will do


def _close(xs, ys):
    return all(_same(x, y) for x, y in zip(xs, ys, strict=True))


def _not_like(recipe, base, allowed):
    """Say what else was changed, or that nothing was; else None."""
    if not isinstance(recipe, Recipe):
        return wrong(
            _(
                "The answer should be a Recipe, such as base.replace(...), "
                "not {given}."
            ).format(given=type(recipe).__name__)
        )
    changed = [
        f.name
        for f in fields(Recipe)
        if getattr(recipe, f.name) != getattr(base, f.name)
    ]
    others = [name for name in changed if name not in allowed]
    if others:
        return wrong(
            _("Only {allowed} may change here, and {others} did.").format(
                allowed=", ".join(allowed), others=", ".join(others)
            )
        )
    if not changed:
        return wrong(_("This is the base recipe: nothing has changed."))
    return None


def _runner(content_img, style_img, backend):
    """Return a function that runs a recipe and measures what comes out."""

    def run(recipe, num_epochs=None):
        transfer = StyleTransfer(content_img, style_img, recipe, backend)
        for _epoch in transfer.run(num_epochs):
            pass
        return measure(transfer)

    return run
