"""A label that cuts its text with an ellipsis instead of widening its panel."""

from html import escape

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QStyle, QWidget


class ElidedLabel(QLabel):
    """Plain text on one line; what does not fit stands in the tool tip.

    `text()` stays whole, so that tests and screen readers see all of it.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None, keep_px: int = 0) -> None:
        """`keep_px` is a width below which the text is not cut to make room for others."""
        super().__init__(parent)
        self._keep_px = keep_px
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)

    def setText(self, text: str) -> None:
        if text != self.text():
            super().setText(text)
            self._follow_width()

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        least = max(self.fontMetrics().averageCharWidth() * 4, self._keep_px)
        return QSize(min(hint.width(), least), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._follow_width()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rect = self.contentsRect()
        shown = self.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideRight, rect.width()
        )
        style: QStyle = self.style()
        style.drawItemText(
            painter,
            rect,
            int(self.alignment()),
            self.palette(),
            self.isEnabled(),
            shown,
            self.foregroundRole(),
        )

    def _follow_width(self) -> None:
        """Sets the tool tip only where text is cut: an empty one would hide the parent's."""
        cut = self.fontMetrics().horizontalAdvance(self.text()) > self.contentsRect().width()
        # A tool tip guesses whether it is rich text, and device names come from outside.
        self.setToolTip(f"<qt>{escape(self.text())}</qt>" if cut else "")
