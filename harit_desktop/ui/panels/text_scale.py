"""The user's text size, for widgets that paint text themselves."""

from PySide6.QtWidgets import QApplication

from harit_desktop.ui.theme_tokens import SIZES


def text_scale() -> float:
    """The text size as a factor of the 100 % sizes, read from the application's font."""
    px = QApplication.font().pixelSize()
    # A font set in points (no theme applied) has no pixel size.
    return px / SIZES.body if px > 0 else 1.0
