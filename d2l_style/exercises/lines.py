"""How the meters change along one axis of a grid: small multiples."""

import math

import numpy as np

from d2l_style.exercises.plots.axes import set_scale
from d2l_style.exercises.plots.figure import DPI, SharpFigure
from d2l_style.exercises.plots.values import (
    COLOURS,
    better,
    check_axis,
    check_column,
    for_matplotlib,
    reading,
    results_of,
    short_name,
    spans_decades,
)
from d2l_style.language import invalid

_HEIGHT, _EACH = 2.6, 3.0  # inches: of the figure, of the width of a panel
_TICKS = 7  # values named below a panel, at most
_LETTERS = 16  # of a value's name, in a line
_FEW = len(COLOURS)  # lines that are told apart
_MARKERS = ("o", "s", "D")
_INK, _PALE = "#222222", "#666666"


def lines(results, axis, meters=("content", "style", "noise")):
    """Return a figure: a panel for each meter against one axis of a grid.

    ``results`` is a sweep or a list of its results, ``axis`` a name in their
    labels, ``meters`` names as :func:`~.tradeoff.tradeoff` takes for x and
    y. Values of the axis that are numbers stand where they belong, on a log
    scale if they span more than 1.5 decades (0 then stands a step before the
    least); others stand side by side in the order of the results. The rest
    of the grid is a line for each combination; of more than 6 the lines are
    grey, and their mean is in colour.

    A notebook shows the matplotlib ``Figure``; ``savefig`` keeps it. Without
    any result it holds a sentence. Raises ``ValueError`` or ``TypeError``
    with what would be valid.
    """
    results = results_of(results)
    meters = [meters] if isinstance(meters, str) else list(meters)
    if not meters:
        raise invalid("meters is empty: name at least one.")
    check_axis(results, axis, "axis")
    for meter in meters:
        check_column(results, meter, "meters")
    fig = SharpFigure(
        figsize=(_EACH * len(meters), _HEIGHT), dpi=DPI, layout="constrained"
    )
    if results:
        _draw(fig, results, axis, meters)
    else:
        sentence = "There is no result to show yet: run the sweep."
        fig.text(0.5, 0.5, sentence, ha="center", color=_PALE)
    return fig


def _draw(fig, results, axis, meters):
    values = list(dict.fromkeys(result.labels[axis] for result in results))
    at = positions(values)
    series = _series(results, axis, at)
    panels = fig.subplots(1, len(meters), squeeze=False)[0]
    for ax, meter in zip(panels, meters, strict=True):
        _panel(ax, meter, series)
        _name_values(ax, at)
    fig.supxlabel(for_matplotlib(axis), color=_INK, size=9)
    if 1 < len(series) <= _FEW:
        rest = [name for name in results[0].labels if name != axis]
        _legend(fig, panels[0], ", ".join(rest))


def positions(values):
    """Return where the values of an axis stand: {value: x}.

    ``values`` are texts. Numbers of 0 and up that span more than 1.5 decades
    stand at their log10, 0 as far before the least as the next is after it;
    other numbers stand at themselves, and texts at 0, 1, 2 ...
    """
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        numbers = [math.nan]
    if not all(map(math.isfinite, numbers)):
        return {value: i for i, value in enumerate(values)}
    above = sorted({x for x in numbers if x > 0})
    if min(numbers) < 0 or not above or not spans_decades(above):
        return dict(zip(values, numbers, strict=True))
    step = math.log10(above[1] / above[0])
    at = [math.log10(x or above[0] / 10**step) for x in numbers]
    return dict(zip(values, at, strict=True))


def _series(results, axis, at):
    """Return {the rest of the labels: [(x, result), ...]}, x rising."""
    found = {}
    for result in results:
        rest = [str(v) for k, v in result.labels.items() if k != axis]
        place = (at[result.labels[axis]], result)
        found.setdefault(", ".join(map(_short, rest)), []).append(place)
    return {k: sorted(v, key=lambda pair: pair[0]) for k, v in found.items()}


def _panel(ax, meter, series):
    """Draw one meter: a line for each of the series."""
    every = {}
    for i, (name, own) in enumerate(series.items()):
        points = [(x, reading(result, meter)) for x, result in own]
        points = [(x, y) for x, y in points if not math.isnan(y)]
        for x, y in points:
            every.setdefault(x, []).append(y)
        if points:
            _line(ax, points, i if len(series) <= _FEW else None, name)
    if len(series) > _FEW and every:
        _line(ax, [(x, np.mean(every[x])) for x in sorted(every)], 0, "")
    _frame(ax, meter, [y for ys in every.values() for y in ys])


def _line(ax, points, number, name):
    """Draw a line in the colour of its number; None is one of many, grey."""
    if number is None:
        look = {"color": "#999999", "linewidth": 0.8, "alpha": 0.6}
    else:
        look = {
            "color": COLOURS[number],
            "marker": _MARKERS[number % len(_MARKERS)],
            "linewidth": 1.6,
            "markersize": 4.5,
            "zorder": 3,
        }
    ax.plot(*zip(*points, strict=True), label=for_matplotlib(name), **look)


def _frame(ax, meter, values):
    if values:
        set_scale(ax, "y", values)
    else:
        ax.set_yticks([])
        ax.text(
            *(0.5, 0.5, "no value"),
            ha="center",
            color=_PALE,
            transform=ax.transAxes,
        )
    ax.margins(x=0.08, y=0.1)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color("#bbbbbb")
    ax.grid(axis="y", alpha=0.25)
    ax.tick_params(labelsize=8, colors=_PALE, length=3)
    ax.set_title(
        for_matplotlib(f"{short_name(meter)} {better(meter)}"),
        loc="left",
        size=9,
        color=_INK,
        weight="bold",
    )


def _name_values(ax, at):
    """Name the values below a panel, as many as there is room for."""
    places = sorted(at.items(), key=lambda item: item[1])
    every = math.ceil(len(places) / _TICKS)
    shown = places[::every]
    names = [
        for_matplotlib(_short(name).replace(", ", "\n")) for name, _x in shown
    ]
    ax.set_xticks([x for _name, x in shown], names)


def _legend(fig, ax, title):
    fig.legend(
        *ax.get_legend_handles_labels(),
        loc="outside right center",
        fontsize=8,
        frameon=False,
        title=for_matplotlib(title),
        title_fontsize=8,
    )


def _short(text):
    text = str(text)
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"
