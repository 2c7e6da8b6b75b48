"""Where notebooks written before December 2026 find their function."""

from d2l_style.pictures.contact_sheet import contact_sheet

__all__ = ["contact_sheet"]
