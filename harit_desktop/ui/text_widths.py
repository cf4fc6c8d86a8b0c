"""Widths that hold text, at the user's text size."""

from harit_desktop.ui.panels.text_scale import text_scale


def scaled(width_px: int) -> int:
    """A width of the design at 100 % text size, as wide as the text needs it now."""
    return round(width_px * text_scale())
