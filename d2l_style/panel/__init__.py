"""The live panel of ipywidgets: ``d2l.StylePanel()``."""

from d2l_style.panel.panel import StylePanel

__all__ = ["StylePanel"]
