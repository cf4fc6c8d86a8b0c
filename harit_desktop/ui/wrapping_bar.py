"""A bar above a page: tools on the left, facts on the right, or below where it is narrow."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QWidget

from harit_desktop.ui.theme import set_look

_SPACING_PX = 8
_MARGINS_PX = (12, 7, 12, 7)


class WrappingBar(QFrame):
    """Never keeps its page wider than the wider of its two halves needs to be."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_look(self, class_="bar")
        self._layout = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._layout.setContentsMargins(*_MARGINS_PX)
        self._layout.setSpacing(_SPACING_PX)
        self._halves = [QWidget(), QWidget()]
        self.tools, self.facts = (QHBoxLayout(half) for half in self._halves)
        for row, half in zip((self.tools, self.facts), self._halves, strict=True):
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(_SPACING_PX)
            self._layout.addWidget(half)
        self._layout.setStretch(0, 1)

    def minimumSizeHint(self) -> QSize:
        """As narrow as it can be once it is wrapped, whichever way it stands now."""
        left, _, right, _ = _MARGINS_PX
        width = max(half.minimumSizeHint().width() for half in self._halves)
        return QSize(width + left + right, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._wrap()

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            # A text has grown, or the text size.
            self._wrap()
        return done

    def _wrap(self) -> None:
        left, _, right, _ = _MARGINS_PX
        tools, facts = (half.sizeHint().width() for half in self._halves)
        needed = tools + _SPACING_PX + facts + left + right
        direction = QBoxLayout.Direction
        wanted = direction.TopToBottom if needed > self.width() else direction.LeftToRight
        if wanted != self._layout.direction():
            self._layout.setDirection(wanted)
