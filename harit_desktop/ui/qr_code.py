"""A QR code, dark on white in every theme, because many phones read no other."""

from __future__ import annotations

import math

import segno
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QLabel, QWidget

from harit_desktop.ui.text_widths import scaled

QUIET_MODULES = 4
"""ISO/IEC 18004: so much white belongs around the symbol."""
_SIDE_PX = 180


def modules_of(text: str) -> list[list[bool]]:
    """The symbol's rows, True for dark, without the white around it.

    Level M, which 15 % of dirt or glare leave readable. Raises ValueError where the text is
    longer than any symbol holds (2331 bytes).
    """
    code = segno.make_qr(text, error="m", boost_error=False)
    return [[bool(module) for module in row] for row in code.matrix]


class QrCode(QLabel):
    """Shows one text; screen readers get the words that go with it."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.text_shown = ""

    def show_text(self, text: str, spoken: str) -> None:
        """Draws `text`; `spoken` is its accessible name and tool tip."""
        self.setAccessibleName(spoken)
        self.setToolTip(spoken)
        if text == self.text_shown:
            return
        self.text_shown = text
        self.setPixmap(drawn(modules_of(text), scaled(_SIDE_PX), self.devicePixelRatioF()))

    def clear(self) -> None:
        """Shows nothing; what was shown is kept nowhere."""
        self.text_shown = ""
        self.setToolTip("")
        self.setAccessibleName("")
        super().clear()


def drawn(modules: list[list[bool]], side_px: float, ratio: float) -> QPixmap:
    """About `side_px` wide; a module is a whole number of the screen's own pixels."""
    count = len(modules) + 2 * QUIET_MODULES
    module_px = max(1, math.ceil(side_px * ratio / count))
    picture = QPixmap(count * module_px, count * module_px)
    picture.fill(QColor("white"))
    painter = QPainter(picture)
    for y, row in enumerate(modules, start=QUIET_MODULES):
        for x, dark in enumerate(row, start=QUIET_MODULES):
            if dark:
                place = QRectF(x * module_px, y * module_px, module_px, module_px)
                painter.fillRect(place, QColor("black"))
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture
