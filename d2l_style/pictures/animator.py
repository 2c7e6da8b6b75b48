"""Losses beside the evolving image, updated in place, in any notebook."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from d2l_style.language import N_, _
from d2l_style.machine.commands import in_notebook

_STEPS = (1, 2, 2.5, 5, 10)  # between ticks, times a power of ten
_DPI = 100  # of the figure as shown; drawn at twice that for sharp screens
COLOURS = ("#1f77b4", "#c2185b", "#2e7d32", "#ef6c00")
STYLES = ("-", "--", "-.", ":")  # distinct without colour, too


def set_figsize(figsize=(3.5, 2.5)):
    """Set the size of the next figures, (width, height) in inches."""
    plt.rcParams["figure.figsize"] = figsize


class _LiveAxes(Axes):
    """Axes that show one image at a time: a new one replaces the last."""

    name = "d2l_style.live"
    _shown = None

    def imshow(self, X, **kwargs):
        X = np.asarray(X)
        old, self._shown = self._shown, None
        if old is not None and old.get_shape() == X.shape and not kwargs:
            old.set_data(X)
            self._shown = old
            return old
        if old is not None:
            old.remove()
        self._shown = super().imshow(X, **kwargs)
        self.set_axis_off()
        return self._shown


class Animator:
    """Plot points as they come, in one figure that is updated in place.

    The arguments are the book's: labels, limits (a pair or None), scales
    (``"linear"`` or ``"log"``), the ``legend``'s names, line formats
    ``fmts``, ``nrows`` x ``ncols`` axes and ``figsize`` in inches. The lines
    go into ``axes[0]``; ``axes[1].imshow(img)`` shows the latest image.

    In a notebook the figure appears with the first point and stands there,
    complete, when the cell ends. Elsewhere nothing is shown; :meth:`save`
    works everywhere.
    """

    def __init__(
        self,
        xlabel=None,
        ylabel=None,
        legend=None,
        xlim=None,
        ylim=None,
        xscale="linear",
        yscale="linear",
        fmts=STYLES,
        nrows=1,
        ncols=1,
        figsize=(3.5, 2.5),
    ):
        self.fig = Figure(figsize=figsize, dpi=_DPI, layout="constrained")
        axes = self.fig.subplots(
            nrows, ncols, squeeze=False, subplot_kw={"axes_class": _LiveAxes}
        )
        self.axes = list(axes.flat)
        ax = self.axes[0]
        ax.set(xlabel=xlabel, ylabel=ylabel, xscale=xscale, yscale=yscale)
        if yscale == "linear":
            # As many ticks as the height allows would change the width of
            # their labels while the layout is being computed from it.
            ax.yaxis.set_major_locator(MaxNLocator(6, steps=_STEPS))
        if xlim is not None:
            ax.set_xlim(xlim)
        if ylim is not None:
            ax.set_ylim(ylim)
        ax.grid(alpha=0.3)
        self.legend, self.fmts = legend or [], fmts
        self._lines, self._handle = [], None

    @classmethod
    def of_losses(cls, num_epochs, **kwargs):
        """Return the chapter's animator: three losses, then the image."""
        return cls(
            xlabel=N_("epoch"),  # English in the figure
            ylabel="loss",
            xlim=[min(10, num_epochs - 1), num_epochs],
            legend=[N_("content"), N_("style"), N_("TV")],
            ncols=2,
            figsize=(7, 2.5),
            **kwargs,
        )

    def add(self, x, y):
        """Add one point to every line and show the figure as it is now.

        ``x`` and ``y`` are a number or a list with one for each line.
        """
        ys = y if hasattr(y, "__len__") else [y]
        xs = x if hasattr(x, "__len__") else [x] * len(ys)
        self._grow(len(ys))
        for line, x_i, y_i in zip(self._lines, xs, ys, strict=True):
            if x_i is not None and y_i is not None:
                old_x, old_y = line.get_data(orig=True)
                line.set_data([*old_x, float(x_i)], [*old_y, float(y_i)])
        self.axes[0].relim()
        self.axes[0].autoscale_view()  # leaves limits that were given
        self.show()

    def watch(self, epoch, every=10):
        """Show an :class:`~d2l_style.transfer.Epoch` if its turn has come."""
        if epoch.number % every == 0:
            self.axes[1].imshow(epoch.image())
            self.add(epoch.number, [epoch.content, epoch.style, epoch.tv])

    def show(self):
        """Update the figure in the notebook; elsewhere do nothing."""
        if not in_notebook():
            return
        from IPython.display import display

        data = {
            "image/png": base64.b64encode(self.png()).decode(),
            "text/plain": self._in_words(),
        }
        width, height = self.fig.get_size_inches() * _DPI
        metadata = {"image/png": {"width": int(width), "height": int(height)}}
        if self._handle is None:
            self._handle = display(
                data, metadata=metadata, raw=True, display_id=True
            )
        else:
            self._handle.update(data, metadata=metadata, raw=True)

    def png(self):
        """Return the figure as PNG bytes, at twice its nominal size."""
        out = io.BytesIO()
        self.fig.savefig(
            out,
            format="png",
            dpi=2 * _DPI,
            pil_kwargs={"compress_level": 1},
        )
        return out.getvalue()

    def save(self, path):
        """Write the figure to a file; its ending says the format."""
        self.fig.savefig(path, dpi=2 * _DPI)

    def _in_words(self):
        """Say the latest point, for who cannot see the figure."""
        latest = (
            f"{_(line.get_label())} {line.get_ydata()[-1]:.4g}"
            for line in self._lines
            if len(line.get_ydata())
        )
        return f"{_(self.axes[0].get_xlabel())}: {', '.join(latest)}"

    def _grow(self, count):
        ax = self.axes[0]
        while len(self._lines) < count:
            i = len(self._lines)
            label = self.legend[i] if i < len(self.legend) else None
            (line,) = ax.plot(
                [],
                [],
                self.fmts[i % len(self.fmts)],
                color=COLOURS[i % len(COLOURS)],
                label=label,
            )
            self._lines.append(line)
            if label:
                ax.legend(fontsize="small")
