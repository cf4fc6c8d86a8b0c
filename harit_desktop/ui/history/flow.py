"""A row of widgets that goes on in a new line where the room ends.

Not a QLayout: its items belong to Qt and to Python at once, and Python's collector would
free them a second time.
"""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QMargins, QRect, QSize
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget


class FlowBox(QFrame):
    """Lines from left to right, each as high as its highest widget; nothing is cut.

    Call `place` after a change of the widgets' texts.
    """

    def __init__(self, margins: QMargins, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._margins = margins
        self._apart_px = 8
        self._lines_px = 4
        self._widgets: list[QWidget] = []
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_widgets(self, widgets: Sequence[QWidget]) -> None:
        """Shows these, in this order."""
        self._widgets = list(widgets)
        for widget in self._widgets:
            if widget.parentWidget() is not self:
                widget.setParent(self)
                widget.show()
        self.place()

    def place(self) -> None:
        """Puts every widget where it belongs, and takes as much height as that needs."""
        height = self._put(self.width())
        # Fixed: through two nested layouts a height for the width comes one change late.
        if height != self.minimumHeight() or height != self.maximumHeight():
            self.setFixedHeight(height)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint()

    def minimumSizeHint(self) -> QSize:
        widest = max((widget.sizeHint().width() for widget in self._shown()), default=0)
        sides = self._margins.left() + self._margins.right()
        return QSize(widest + sides, self.minimumHeight())

    def _shown(self) -> list[QWidget]:
        return [widget for widget in self._widgets if not widget.isHidden()]

    def _put(self, width: int) -> int:
        right = width - self._margins.right()
        x, y, height = self._margins.left(), self._margins.top(), 0
        line: list[tuple[QWidget, QRect]] = []
        for widget in self._shown():
            size = widget.sizeHint().expandedTo(widget.minimumSize())
            size = size.boundedTo(widget.maximumSize())
            if line and x + size.width() > right:
                self._settle(line, height)
                x, y, height, line = self._margins.left(), y + height + self._lines_px, 0, []
            line.append((widget, QRect(x, y, size.width(), size.height())))
            x += size.width() + self._apart_px
            height = max(height, size.height())
        self._settle(line, height)
        return y + height + self._margins.bottom()

    @staticmethod
    def _settle(line: Sequence[tuple[QWidget, QRect]], height: int) -> None:
        for widget, rect in line:
            widget.setGeometry(rect.translated(0, (height - rect.height()) // 2))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.place()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.place()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange) and self._widgets:
            self.place()
