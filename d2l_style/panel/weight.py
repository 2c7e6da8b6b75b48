"""A weight: a slider over powers of ten, its number, its share."""

import math

import ipywidgets as widgets

from d2l_style.language import _
from d2l_style.panel.parts import hint
from d2l_style.panel.quiet import Quiet

_EVERY = 0.05  # a step of the slider, in powers of ten
_SHARES = (-2, 1.995)  # from 0.01 to 99 per cent, in powers of ten


class WeightControl:
    """A number from 0 upwards, moved by its power of ten or by its share.

    ``value`` is the weight. In ``calibrated`` mode the slider moves the
    share, and ``on_share(share)``, set by the panel, answers with the weight
    that gives it, or None if there is none. ``changed()`` is called when the
    value has been changed.
    A ``narrow`` one leaves its ``name`` to the row that it stands in.
    """

    def __init__(self, name, exponents, sentence, changed, narrow=False):
        self._changed, self._quiet = changed, Quiet()
        self.on_share = None
        width = "84px" if narrow else "240px"
        self.slider = widgets.FloatLogSlider(
            1.0,
            base=10,
            min=exponents[0],
            max=exponents[1],
            step=_EVERY,
            readout=False,
            continuous_update=False,
            **hint(sentence),
            layout={"width": width},
        )
        in_per_cent = _("As a share of the gradient, in per cent.")
        self.share = widgets.FloatLogSlider(
            1.0,
            base=10,
            min=_SHARES[0],
            max=_SHARES[1],
            step=0.01,
            readout=False,
            continuous_update=False,
            **hint(f"{sentence} {in_per_cent}"),
            layout={"width": width, "display": "none"},
        )
        self.number = widgets.FloatText(
            1.0,
            **hint(sentence),
            continuous_update=False,
            layout={"width": "62px" if narrow else "100px"},
        )
        self.says = widgets.HTML(layout={"width": "60px"})
        self.slider.observe(self._slid, "value")
        self.share.observe(self._shared, "value")
        self.number.observe(self._typed, "value")
        parts = [self.slider, self.share, self.number, self.says]
        if not narrow:
            parts.insert(0, widgets.Label(name, layout={"width": "110px"}))
        for part in (self.slider, self.share, self.number):
            part.description = name
            part.add_class("d2l-bare")
        self.row = widgets.HBox(parts)

    @property
    def value(self):
        return self.number.value

    @value.setter
    def value(self, value):
        self._quietly(self.number, value)
        self._follow(value)

    @property
    def disabled(self):
        return self.number.disabled

    @disabled.setter
    def disabled(self, disabled):
        for part in (self.slider, self.share, self.number):
            part.disabled = disabled

    @property
    def calibrated(self):
        return self.share.layout.display != "none"

    @calibrated.setter
    def calibrated(self, calibrated):
        self.share.layout.display = None if calibrated else "none"
        self.slider.layout.display = "none" if calibrated else None

    def show_share(self, share):
        """Show the share, from 0 to 1, or None if it is not known."""
        if share is None:
            self.says.value = ""
            return
        self.says.value = f"{100 * share:.3g}\u00a0%"
        low, high = (10**power for power in _SHARES)
        self._quietly(self.share, min(max(100 * share, low), high))

    def _slid(self, change):
        if not self._quiet.on:
            self._take(float(f"{change['new']:.3g}"))

    def _shared(self, change):
        if self._quiet.on or not self.on_share:
            return
        value = self.on_share(change["new"] / 100)
        if value is not None:
            self._take(float(f"{value:.4g}"))

    def _typed(self, change):
        if not self._quiet.on:
            self._follow(change["new"])
            self._changed()

    def _take(self, value):
        self._quietly(self.number, value)
        self._follow(value)
        self._changed()

    def _follow(self, value):
        """Bring the slider to where the number is, as far as it goes."""
        low, high = self.slider.min, self.slider.max
        power = math.log10(value) if value > 0 else low
        self._quietly(self.slider, 10 ** min(max(power, low), high))

    def _quietly(self, widget, value):
        with self._quiet():
            widget.value = value
