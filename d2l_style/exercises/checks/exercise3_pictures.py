"""Exercise 3: pictures of any shape, and a gallery of one's own."""

import math
import numbers

from PIL import Image

from d2l_style.exercises.verdict import YourTurn, checked, right, wrong
from d2l_style.language import _


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
            _("Return (h, w), two whole numbers, not {given!r}.", given=given)
        )
    wide, aspect = size[0] / size[1], w / h
    about = {"size": size, "given": (h, w)}
    if not math.isclose(aspect, wide, rel_tol=0.03):
        if math.isclose(1 / aspect, wide, rel_tol=0.03):
            return wrong(
                _(
                    "A picture of {size[0]} x {size[1]} pixels, wide x high, "
                    "is turned on its side. Which comes first in (h, w), and "
                    "which in img.size?",
                    **about,
                )
            )
        return wrong(
            _(
                "A picture of {size[0]} x {size[1]} pixels, wide x high, "
                "becomes {given[1]} x {given[0]}: it is squeezed.",
                **about,
            )
        )
    if not math.isclose(h * w, shape[0] * shape[1], rel_tol=0.03):
        return wrong(
            _(
                "The shape is right. But the number of pixels, {pixels}, "
                "should be about that of image_shape, {wanted}.",
                pixels=h * w,
                wanted=shape[0] * shape[1],
            )
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
                "it three.",
                count=len(pictures),
            )
        )
    if len({item.recipe for item in shown}) < 2:
        return wrong(
            _(
                "All were made by the same recipe. Turn something: a weight, "
                "a layer, the start."
            )
        )
    return right(_("A fine gallery. Show it to somebody."))
