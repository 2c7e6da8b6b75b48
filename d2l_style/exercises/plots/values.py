"""What plots read of a sweep's results: numbers, names, log or linear."""

import math
from dataclasses import fields

from d2l_style.exercises.meters import Meters
from d2l_style.exercises.sweeps.store import Result
from d2l_style.language import N_, _, invalid

METERS = tuple(field.name for field in fields(Meters))
_LONGEST = 60  # letters of a name in a figure
DECADES = 1.5  # values that span more are drawn on a log scale
# Okabe and Ito's colours, told apart by colour-blind readers too. Black and
# yellow are left out: one cannot be seen on black, the other on white.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def results_of(given):
    """Return the results in a sweep or an iterable, a list of Result.

    A sweep gives those that it has: nothing is run. Raises ``TypeError``
    for what is neither.
    """
    found = getattr(given, "results", given)
    try:
        found = list(found)
    except TypeError:
        found = [None]
    if not all(isinstance(result, Result) for result in found):
        raise TypeError(
            _(
                "results must be a sweep or a list of its results, not "
                "{given}. Hand in sweep(...).results.",
                given=type(given).__name__,
            )
        )
    return found


def reading(result, name):
    """Return a meter or a column of a result as a float, NaN without one."""
    try:
        value = float(result.row()[name])
    except (KeyError, TypeError, ValueError, OverflowError):
        return math.nan
    return value if math.isfinite(value) else math.nan


def check_column(results, name, argument):
    """Raise ``ValueError`` if no result has a number called ``name``.

    Meters pass in any case: results may be too small for them.
    """
    valid = _numeric(results)
    if results and name not in valid:
        raise invalid(
            "{argument} must be one of {valid}, not {given!r}.",
            argument=argument,
            valid=", ".join(valid),
            given=name,
        )


def _numeric(results):
    columns = {name: None for result in results for name in result.row()}
    others = [
        name
        for name in columns
        if name not in METERS
        and any(not math.isnan(reading(r, name)) for r in results)
    ]
    return [*METERS, *others]


def check_axis(results, name, argument):
    """Raise ``ValueError`` if a result has no label called ``name``."""
    axes = list(dict.fromkeys(k for r in results for k in r.labels))
    if results and not all(name in r.labels for r in results):
        raise invalid(
            "{argument} must be an axis of the grid, one of {valid}, not "
            "{given!r}.",
            argument=argument,
            valid=", ".join(axes) or "-",
            given=name,
        )


def spans_decades(values):
    """Return whether positive values span so much that log suits them."""
    low, high = min(values), max(values)
    return low > 0 and math.log10(high) - math.log10(low) > DECADES


def short_name(name):
    """Return what a meter or column is called: "content kept".

    In English, as matplotlib, whose font lacks Korean letters, shall draw
    it; HTML looks it up with ``_``.
    """
    return {
        "content": N_("content kept"),
        "style": N_("distance from the style"),
        "colour": N_("distance from its colours"),
        "noise": N_("noise"),
        "features": N_("features kept"),
        "content_loss": N_("content loss, weighted"),
        "style_loss": N_("style loss, weighted"),
        "tv_loss": N_("TV loss, weighted"),
        "total_loss": N_("total loss"),
        "epochs": N_("epochs"),
        "seconds": N_("seconds"),
    }.get(name, str(name))


def long_name(name):
    """Return the name of a scale, with an arrow to its better end."""
    return {
        "content": N_("content kept (SSIM, more is better) →"),
        "style": N_("← distance from the style (Gram, less is better)"),
        "colour": N_("← distance from its colours (less is better)"),
        "noise": N_("← noise (grey levels, less is better)"),
        "features": N_("features kept (correlation, more is better) →"),
    }.get(name, short_name(name))


def better(name):
    """Return an arrow to the better end of an upright scale, if it has."""
    arrows = {"content": "↑", "features": "↑"}
    return arrows.get(name, "↓" if name in METERS else "")


def in_short(value):
    """Return a number in few digits: 0.0381, 1e5, 250."""
    if value == round(value) and abs(value) < 1e4:
        return f"{value:.0f}"
    return f"{value:.3g}".replace("e+0", "e").replace("e-0", "e-")


def for_matplotlib(text):
    """Return a text as matplotlib shall write it: letter by letter, short.

    Between two $ it would look for formulas; what is empty or begins with _
    it would leave out of a legend.
    """
    text = str(text)
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    hidden = not text or text.startswith("_")
    return "\N{ZERO WIDTH SPACE}" * hidden + text.replace("$", r"\$")
