"""The axes of a scatter of results, drawn by matplotlib without pyplot."""

import io
import math

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from d2l_style.exercises.plots.figure import DPI
from d2l_style.exercises.plots.values import in_short, spans_decades

SIZE = (6.5, 6.5 / 1.6)  # inches; the style sheet has the same ratio
_MARGIN = 0.07  # of the axes, around the points


def new_axes(xs, ys):
    """Return a figure and its axes, scaled to points that are not drawn.

    ``xs`` and ``ys`` are lists of finite floats. A scale is logarithmic
    where its values span more than 1.5 decades.
    """
    fig = Figure(figsize=SIZE, dpi=DPI, layout="constrained")
    ax = fig.subplots()
    set_scale(ax, "x", xs)
    set_scale(ax, "y", ys)
    ax.plot(xs, ys, visible=False)
    ax.margins(_MARGIN)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(color="black", alpha=0.12)
    ax.tick_params(colors="black", labelsize=9)
    return fig, ax


def set_scale(ax, which, values):
    """Make the ``"x"`` or ``"y"`` scale suit values; ticks are plain."""
    axis = getattr(ax, f"{which}axis")
    if spans_decades(values):
        ax.set(**{f"{which}scale": "log"})
        decades = math.log10(max(values)) - math.log10(min(values))
        axis.set_major_locator(LogLocator(subs=_subs(decades)))
        axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda v, _: in_short(v)))


def _subs(decades):
    return (1, 2, 5) if decades < 2.5 else (1,)


def places(fig, ax, xs, ys):
    """Return where points lie in the figure: (left, top) in per cent."""
    fig.draw_without_rendering()  # only then the layout is known
    width, height = fig.bbox.size
    dots = ax.transData.transform(list(zip(xs, ys, strict=True)))
    return [(100 * x / width, 100 * (1 - y / height)) for x, y in dots]


def svg(fig):
    """Return a figure as SVG bytes on a transparent ground."""
    out = io.BytesIO()
    fig.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    return out.getvalue()
