"""Two meters of many results against each other, each with its picture.

    tradeoff(layers.results, "content", "style", colour="content_weight")

A notebook shows a scatter. Point at a result, or walk through them with the
Tab key, and its picture, labels and meters appear beside it. All of it is
HTML and CSS, so it works in a page that was saved, too.
"""

import html
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from d2l_style.exercises.lines import lines
from d2l_style.exercises.plots.axes import new_axes, places, svg
from d2l_style.exercises.plots.figure import DPI
from d2l_style.exercises.plots.values import (
    COLOURS,
    METERS,
    check_axis,
    check_column,
    for_matplotlib,
    in_short,
    long_name,
    reading,
    results_of,
    short_name,
)
from d2l_style.exercises.sweeps.store import Result
from d2l_style.language import _
from d2l_style.pictures import images
from d2l_style.pictures.png import data_url, jpeg_bytes

__all__ = ["Tradeoff", "lines", "tradeoff"]

_THUMBNAIL = (260, 180)  # pixels, at most
_SHAPES = ("disc", "square", "diamond")
_MARKERS = {"disc": "o", "square": "s", "diamond": "D"}
_CSS = Path(__file__).parent / "static" / "tradeoff.css"


def tradeoff(results, x="content", y="style", colour=None):
    """Return a :class:`Tradeoff`: two meters of results, as a scatter.

    ``results`` is a sweep or a list of its results. ``x`` and ``y`` are
    names of :class:`~d2l_style.exercises.meters.Meters` or of any column of
    numbers in :meth:`~d2l_style.exercises.sweeps.store.Result.row`; a scale is
    logarithmic where its values span more than 1.5 decades. ``colour`` is
    an axis of the grid: points of one of its values share a colour and are
    joined in the order of the results.

    Results that lack one of the two are left out, and the plot says so.
    Raises ``ValueError`` or ``TypeError`` with what would be valid.
    """
    results = results_of(results)
    check_column(results, x, "x")
    check_column(results, y, "y")
    if colour is not None:
        check_axis(results, colour, "colour")
    return Tradeoff(results, x, y, colour)


@dataclass(frozen=True)
class Point:
    """A result at its place; ``group`` is its value of the colour axis."""

    result: Result
    x: float
    y: float
    group: str


@dataclass(frozen=True)
class Look:
    """How a group is drawn. Groups differ in shape as well as in colour."""

    colour: str
    shape: str
    hollow: bool

    @classmethod
    def of(cls, number):
        """Return the look of the group with this number, from 0."""
        return cls(
            COLOURS[number % len(COLOURS)],
            _SHAPES[number % len(_SHAPES)],
            number // len(COLOURS) % 2 == 1,
        )


class Tradeoff:
    """A scatter of results; see :func:`tradeoff`, which makes it.

    ``points`` are the :class:`Point` that are drawn, ``left_out`` the
    results that are not.
    """

    def __init__(self, results, x, y, colour=None):
        self.x, self.y, self.colour = x, y, colour
        self.points, self.left_out = [], []
        for result in results:
            here = (reading(result, x), reading(result, y))
            if any(map(math.isnan, here)):
                self.left_out.append(result)
            else:
                group = result.labels[colour] if colour else ""
                self.points.append(Point(result, *here, group))

    @cached_property
    def looks(self):
        """The groups in the order of the results: {value: Look}."""
        groups = dict.fromkeys(point.group for point in self.points)
        return {group: Look.of(i) for i, group in enumerate(groups)}

    def figure(self):
        """Return the plain scatter, a matplotlib ``Figure``.

        Raises ``ValueError`` if there is no point.
        """
        if not self.points:
            raise ValueError(self._notes()[0])
        fig, ax = self._axes()
        for group, look in self.looks.items():
            own = [point for point in self.points if point.group == group]
            ax.plot(
                [point.x for point in own],
                [point.y for point in own],
                "-" if self.colour else "",
                color=look.colour,
                linewidth=1,
                marker=_MARKERS[look.shape],
                markersize=6,
                markerfacecolor="white" if look.hollow else look.colour,
                label=for_matplotlib(group),
            )
        names = [for_matplotlib(long_name(n)) for n in (self.x, self.y)]
        ax.set(xlabel=names[0], ylabel=names[1])
        if self.colour:
            title = for_matplotlib(self.colour)
            ax.legend(title=title, fontsize="small", frameon=False)
        return fig

    def save(self, path):
        """Write the plain scatter to a file; its ending says the format.

        Raises ``ValueError`` if there is no point.
        """
        self.figure().savefig(path, dpi=2 * DPI)

    def _axes(self):
        xs = [point.x for point in self.points]
        return new_axes(xs, [point.y for point in self.points])

    def _notes(self):
        """Say what is not to be seen, a list of sentences."""
        notes = []
        if not self.points:
            notes.append(_("There is no result to show yet: run the sweep."))
        if self.left_out:
            notes.append(
                _(
                    "Left out, as they lack one of the two: {count}.",
                    count=len(self.left_out),
                )
            )
        return notes

    def __repr__(self):
        head = f"{short_name(self.x)}, {short_name(self.y)}"
        rows = [
            f"{in_short(p.x):>8}  {in_short(p.y):>8}  {_labels(p.result)}"
            for p in self.points
        ]
        return "\n".join([head, *rows, *self._notes()])

    # For notebooks

    def _repr_html_(self):
        notes = [
            f'<p class="note">{html.escape(n)}</p>' for n in self._notes()
        ]
        parts = [f"<style>{_CSS.read_text('utf-8')}</style>"]
        if self.points:
            hint = _("Point at a result, or walk from one to the next by Tab.")
            parts += [self._key(), self._body()]
            parts.append(f'<p class="note">{html.escape(hint)}</p>')
        return f'<div class="d2l-tradeoff">{"".join(parts + notes)}</div>'

    def _key(self):
        if not self.colour:
            return ""
        items = "".join(
            f'<span style="--colour:{look.colour}">{_mark(look)}'
            f"{html.escape(group)}</span>"
            for group, look in self.looks.items()
        )
        title = html.escape(self.colour)
        return f'<div class="key"><b>{title}</b>{items}</div>'

    def _body(self):
        say = html.escape
        return (
            f'<div class="body"><div class="down">{say(_(long_name(self.y)))}'
            f'</div><div class="plot">{self._plot()}</div>'
            f'<div class="across">{say(_(long_name(self.x)))}</div></div>'
        )

    def _plot(self):
        fig, ax = self._axes()
        xs = [point.x for point in self.points]
        ys = [point.y for point in self.points]
        at = places(fig, ax, xs, ys)
        source = f"url({data_url(svg(fig), 'svg+xml')})"
        axes = f"-webkit-mask-image:{source};mask-image:{source}"
        points = zip(self.points, at, strict=True)
        return (
            f'<div class="axes" style="{axes}"></div>{self._joined(at)}'
            + "".join(self._point(point, *place) for point, place in points)
        )

    def _joined(self, at):
        """Return the lines through the points of each group, as SVG."""
        if not self.colour:
            return ""
        through = {group: [] for group in self.looks}
        for point, (left, top) in zip(self.points, at, strict=True):
            through[point.group].append(f"{left:.3f},{top:.3f}")
        drawn = "".join(
            f'<polyline stroke="{self.looks[group].colour}" '
            f'points="{" ".join(places)}"/>'
            for group, places in through.items()
        )
        return (
            '<svg viewBox="0 0 100 100" preserveAspectRatio="none" '
            f'aria-hidden="true">{drawn}</svg>'
        )

    def _point(self, point, left, top):
        look = self.looks[point.group]
        said = html.escape(f"{_labels(point.result)}; {_meters(point.result)}")
        return (
            f'<div class="point" tabindex="0" role="img" aria-label="{said}" '
            f'style="--colour:{look.colour}"><div class="spot" '
            f'style="left:{left:.3f}%;top:{top:.3f}%">{_mark(look)}</div>'
            f'<div class="card" style="{_beside(left, top)}">'
            f"{_picture(point.result)}{self._facts(point.result)}</div></div>"
        )

    def _facts(self, result):
        labels = [(k, str(v), "label") for k, v in result.labels.items()]
        drawn = dict.fromkeys((self.x, self.y))
        names = [*drawn, *(name for name in METERS if name not in drawn)]
        numbers = [
            (_(short_name(n)), _number(result, n), "drawn" * (n in drawn))
            for n in names
            if n not in result.labels
        ]
        return _table(labels) + _table(numbers)


def _table(rows):
    cells = "".join(
        f'<dt class="{kind}">{html.escape(name)}</dt>'
        f'<dd class="{kind}">{html.escape(text)}</dd>'
        for name, text, kind in rows
    )
    return f"<dl>{cells}</dl>" if rows else ""


def _number(result, name):
    value = reading(result, name)
    return "\N{EN DASH}" if math.isnan(value) else in_short(value)


def _beside(left, top):
    """Return where a card stands: at the side with room, never outside."""
    side = f"left:{left + 2.5:.3f}%"
    if left > 50:
        side = f"right:{100 - left + 2.5:.3f}%"
    return f"{side};top:{top:.3f}%;transform:translateY(-{top:.3f}%)"


def _mark(look):
    hollow = " hollow" if look.hollow else ""
    return f'<span class="mark {look.shape}{hollow}"></span>'


def _picture(result):
    try:
        small = images.thumbnail(result.image, _THUMBNAIL)
    except (OSError, ValueError):
        gone = _("The picture is no longer in the folder.")
        return f"<p>{html.escape(gone)}</p>"
    return f'<img alt="" src="{data_url(jpeg_bytes(small, 85))}">'


def _labels(result):
    return ", ".join(f"{k} {v}" for k, v in result.labels.items())


def _meters(result):
    """Say the meters of a result, for who cannot see the card."""
    said = (f"{_(short_name(n))} {_number(result, n)}" for n in METERS)
    return ", ".join(said)
