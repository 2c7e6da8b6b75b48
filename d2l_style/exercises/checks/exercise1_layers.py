"""Exercise 1: receptive fields, and other layers."""

import random

from d2l_style.exercises.checks.answers import (
    MORE,
    is_number,
    not_like,
    runner,
)
from d2l_style.exercises.sight import field_after
from d2l_style.exercises.sight import receptive_field as _true_field
from d2l_style.exercises.verdict import checked, right, wrong
from d2l_style.language import _
from d2l_style.network import vgg

_LAYERS = ("content_layers", "style_layers")
_SEEN = (vgg.conv_index("conv1_2"),)  # shown in the notebook's first grid


@checked
def receptive_field(function):
    """Check ``function(kinds)``, kinds a list of ``"conv"`` and ``"pool"``."""
    one, two = function(["conv"]), function(["conv", "conv"])
    if not is_number(one):
        return wrong(
            _(
                "For ['conv'] your function returns {given!r}. It should "
                "return a number of pixels.",
                given=one,
            )
        )
    if one != 3:
        return wrong(
            _(
                "One convolution of 3 x 3 sees 3 pixels; your function says "
                "{given}. What does it begin with?",
                given=one,
            )
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
            "sees {size} pixels: half the height of the chapter's picture.",
            size=_true_field("conv5_1").size,
        )
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
    complaint = not_like(recipe, base, _LAYERS)
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
    run = runner(content_img, style_img, backend)
    ours, theirs = run(base), run(recipe)
    figures = {"before": ours.content, "now": theirs.content}
    if theirs.content < MORE * ours.content:
        return wrong(
            _(
                "The structural similarity to the photo was {before:.3f} and "
                "is {now:.3f}: not clearly more. Which layers know where "
                "things are? Which choice repaints the most?",
                **figures,
            )
        )
    return right(
        _(
            "Right: the structural similarity to the photo rose from "
            "{before:.3f} to {now:.3f}, with the same weights.",
            **figures,
        )
    )
