"""Whether a run goes wrong, and which choice is to blame."""

from d2l_style.language import N_, _
from d2l_style.recipe import Recipe

SOON = 20  # epochs after which a step that is too long shows
LATE = 100  # epochs after which a loss should be below what it began with
# Measured on runs of 80 and 100 epochs, from content, style and noise: with
# lr up to 1 no epoch had more than 8 times the first loss; 3 had 450 times,
# and left a picture of grain. No loss was above 8 times the other two as
# long as all three had a say; at 70 times they had none.
_LEAPT, _DROWNED = 30, 50
_LONG = 1.0  # a learning rate beyond the book's, 0.3 in PyTorch, 0.9 in MXNet

_DROWNS = N_(
    "{name}={value:g} leaves the other losses no say: its loss is "
    "{largest:.3g} in the end, theirs {rest:.3g} together. Choose less; the "
    "book has {book:g}."
)
_RISEN = N_(
    "The loss has risen, from {first:.3g} to {last:.3g}: with "
    "{name}={value:g} the picture it began with was better. Choose less; the "
    "book has {book:g}."
)


def trouble(totals, last, recipe, ended=True):
    """Return a sentence on what goes wrong with a run, "" if nothing does.

    ``totals`` are the total losses of all epochs since the recipe last
    changed, ``last`` the weighted losses of the last one, {"content": ...,
    "style": ..., "tv": ...}. The weights are judged once the run has
    ``ended``.
    """
    if len(totals) < SOON:
        return ""
    if recipe.lr > _LONG and max(totals[:SOON]) > _LEAPT * totals[0]:
        return _(
            "lr={lr:g} is too much: in the first {count} epochs the loss "
            "leapt from {first:.3g} to {worst:.3g}, and what is left is "
            "grain. Begin again with less; the book has {book:g}.",
            lr=recipe.lr,
            count=SOON,
            first=totals[0],
            worst=max(totals[:SOON]),
            book=Recipe.lr,
        )
    if not ended:
        return ""
    largest = max(last, key=last.get)
    rest = sum(last.values()) - last[largest]
    drowned = 0 < rest * _DROWNED < last[largest]
    risen = len(totals) >= LATE and totals[-1] > totals[0]
    name = f"{largest}_weight"
    value, book = getattr(recipe, name), getattr(Recipe, name)
    if not (drowned or risen and value > book):
        return ""
    return _(
        _DROWNS if drowned else _RISEN,
        name=name,
        value=value,
        book=book,
        largest=last[largest],
        rest=rest,
        first=totals[0],
        last=totals[-1],
    )
