"""Where notebooks written before December 2026 find their functions."""

from d2l_style.pictures.images import as_image, fit, open_image, resize

__all__ = ["as_image", "fit", "open_image", "resize"]
