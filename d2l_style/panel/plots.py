"""The losses of a run as a picture, redrawn in place."""

import io

import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter

from d2l_style.network import vgg
from d2l_style.pictures.animator import COLOURS, STYLES

_SIZE, _DPI = (4.2, 4.0), 100  # inches, dots per inch as shown
_SHARP = 1.5  # drawn so many times larger
_LOSSES = ("content", "style", "TV", "total")
_FLOOR = 1e-12  # a logarithm needs something above zero
_MARK = {"color": "#555555", "linewidth": 0.8, "linestyle": (0, (2, 2))}
_ROOM = 50  # epochs, what the plot is wide at first
_LEAP = 10  # first epochs, which a linear axis does not have to hold


class LossPlot:
    """Two plots, one over the other: the losses, and style layer by layer.

    It lives on a figure of its own, so that it can be drawn in any thread
    and pyplot never hears of it.
    """

    size = tuple(round(side * _DPI) for side in _SIZE)  # pixels, (w, h)

    def __init__(self):
        self.fig = Figure(_SIZE, dpi=_DPI * _SHARP)
        FigureCanvasAgg(self.fig)
        self.losses, self.layers = self.fig.subplots(
            2, 1, sharex=True, height_ratios=(3, 2)
        )
        self.fig.subplots_adjust(0.12, 0.1, 0.96, 0.94, hspace=0.2)
        self._lines = {
            name: self.losses.plot(
                [], [], style, color=colour, label=name, linewidth=1.4
            )[0]
            for name, colour, style in zip(
                _LOSSES, COLOURS, STYLES, strict=True
            )
        }
        self._by_layer, self._marks = {}, []
        for ax in (self.losses, self.layers):
            ax.grid(alpha=0.25)
            ax.tick_params(labelsize=8)
        self.losses.legend(fontsize=8, ncols=4, loc="upper right")
        self.losses.set_title("losses", fontsize=9, loc="left")
        self.layers.set_title("style, by layer", fontsize=9, loc="left")
        self.layers.set_xlabel("epoch", fontsize=8)
        self.layers.xaxis.set_major_locator(
            MaxNLocator(6, integer=True, steps=(1, 2, 2.5, 5, 10))
        )

    def show(self, history, num_epochs, log=False):
        """Take over a :class:`~d2l_style.panel.session.History`."""
        curves = {
            "content": history.content,
            "style": history.style,
            "TV": history.tv,
            "total": history.total,
        }
        for name, line in self._lines.items():
            line.set_data(history.epochs, _raised(curves[name], log))
        self._show_layers(history, log)
        self._show_marks(history.marks)
        _scale(self.losses, self._lines.values(), log)
        _scale(self.layers, self._by_layer.values(), log)
        self.layers.set_xlim(0, _reach(history.epochs, num_epochs))

    def png(self):
        """Return the figure as PNG bytes."""
        out = io.BytesIO()
        self.fig.savefig(
            out,
            format="png",
            dpi=_DPI * _SHARP,
            pil_kwargs={"compress_level": 1},
        )
        return out.getvalue()

    def _show_layers(self, history, log):
        named = {i for parts in history.layers for i in parts}
        changed = named != self._by_layer.keys()
        for i in self._by_layer.keys() - named:
            self._by_layer.pop(i).remove()
        for i in sorted(named - self._by_layer.keys()):
            depth = vgg.CONVS.index(vgg.LAYERS[i]) / (len(vgg.CONVS) - 1)
            colour = colormaps["turbo"](0.05 + 0.85 * depth)
            (self._by_layer[i],) = self.layers.plot(
                [], [], color=colour, label=vgg.layer_name(i), linewidth=1.2
            )
        nothing = float("nan")  # where the layer was not in use
        for i, line in self._by_layer.items():
            values = [parts.get(i, nothing) for parts in history.layers]
            line.set_data(history.epochs, _raised(values, log))
        if changed and named:
            self.layers.legend(
                handles=[self._by_layer[i] for i in sorted(named)],
                fontsize=7,
                ncols=3,
                loc="upper right",
            )
        elif changed and self.layers.get_legend():
            self.layers.get_legend().remove()

    def _show_marks(self, marks):
        """Draw a line and a number where something was changed."""
        for artist in self._marks:
            artist.remove()
        self._marks = []
        for number, epoch in enumerate(mark.epoch for mark in marks):
            x = epoch + 0.5
            for ax in (self.losses, self.layers):
                self._marks.append(ax.axvline(x, **_MARK))
            self._marks.append(
                self.losses.text(
                    x,
                    1.01,
                    str(number + 1),
                    transform=self.losses.get_xaxis_transform(),
                    fontsize=7,
                    ha="center",
                )
            )


def _scale(ax, lines, log):
    """Fit the vertical axis to the lines.

    A linear one starts at zero and ends at the highest point after the
    first leap, which would press all that follows to the ground.
    """
    curves = [np.asarray(line.get_ydata(), float) for line in lines]
    skip = _LEAP if max(map(len, curves), default=0) > 2 * _LEAP else 0
    values = np.concatenate([[], *[curve[skip:] for curve in curves]])
    values = values[np.isfinite(values) & (values > _FLOOR)]
    ax.set_yscale("log" if log else "linear")
    if log:
        ax.yaxis.set_minor_formatter(NullFormatter())
    if not len(values):
        ax.set_ylim(0.1 if log else 0, 1000 if log else 1)
    elif log:
        ax.set_ylim(values.min() / 1.5, values.max() * 3)
    else:
        ax.set_ylim(0, 1.3 * values.max())


def _reach(epochs, num_epochs):
    """Return how many epochs the plot is wide: the run so far and some room.

    It grows by doubling, up to the whole run: a young curve is not squeezed
    into a corner, and the axis seldom jumps.
    """
    done, reach = epochs[-1] if epochs else 0, _ROOM
    while reach < 1.1 * done:
        reach *= 2
    return max(done, min(reach, num_epochs))


def _raised(values, log):
    return np.maximum(values, _FLOOR) if log else values
