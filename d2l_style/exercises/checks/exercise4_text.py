"""Exercise 4: style in words."""

from d2l_style.exercises.checks.answers import is_number, same
from d2l_style.exercises.text import judge
from d2l_style.exercises.verdict import checked, right, wrong
from d2l_style.language import N_, _

_GOAL = {"content": 0.95, "style": 0.8}  # shares of the text baseline


@checked
def salience(function):
    """Check ``function(count_a, count_b)``, the salience of a phrase."""
    counts = [(0, 0), (1, 0), (5, 0), (3, 3), (7, 2), (40, 39), (20, 1)]
    values = {}
    for a, b in counts:
        for pair in ((a, b), (b, a)):
            values[pair] = function(*pair)
            if not is_number(values[pair]):
                return wrong(
                    _(
                        "For the counts {pair} your function returns "
                        "{given!r}, which is no finite number.",
                        pair=pair,
                        given=values[pair],
                    )
                )
    for (a, b), value in values.items():
        fine = same(value, 1) if a == b else (value > 1) == (a > b)
        if not fine:
            return wrong(
                _(
                    "For the counts {pair} it is {given:.3g}. It should be 1 "
                    "for a phrase that both styles use equally often, above "
                    "1 if the first one uses it more, below 1 if less.",
                    pair=(a, b),
                    given=value,
                )
            )
        if value <= 0 or not same(value * values[b, a], 1):
            return wrong(
                _(
                    "Seen from the other style, a phrase twice as typical "
                    "here should be half as typical there: {x} for {pair}, "
                    "but {y} the other way round.",
                    x=f"{value:.3g}",
                    pair=(a, b),
                    y=f"{values[b, a]:.3g}",
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
    if not is_number(value):
        return wrong(_("A threshold is a number, not {given!r}.", given=value))
    (got,) = judge.tradeoff("english", [value])
    if got.content < _GOAL["content"]:
        verdict = wrong
        message = N_(
            "{content:.1%} of the content, {style:.1%} of the style: too "
            "much is deleted. Which phrases count as style now?"
        )
    elif got.style < _GOAL["style"]:
        verdict = wrong
        message = N_(
            "{content:.1%} of the content, {style:.1%} of the style: too "
            "little is deleted to change the style."
        )
    else:
        verdict = right
        message = N_(
            "Right: {content:.1%} of the content, {style:.1%} of the style."
        )
    return verdict(_(message, content=got.content, style=got.style))
