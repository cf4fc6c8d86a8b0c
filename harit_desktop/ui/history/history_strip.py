"""One strip of the History page: what is measured beside its plot, with the keys."""

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from harit_desktop.domain.channels import Channel
from harit_desktop.domain.extras import ExtraChannel
from harit_desktop.ui.charts.strip import KEYBOARD_REASONS, MANY_STEPS, FocusRing
from harit_desktop.ui.extras.names import quantity_name, quantity_short_name
from harit_desktop.ui.history.history_chart import HistoryChart
from harit_desktop.ui.panels.elided_label import ElidedLabel
from harit_desktop.ui.theme import Tokens, set_look

LEAST_HEIGHT_PX = 44
ZOOM_KEYS = {
    Qt.Key.Key_Plus: 1.0,
    Qt.Key.Key_Equal: 1.0,
    Qt.Key.Key_Minus: -1.0,
}


class HistoryStrip(QWidget):
    """`strip.history.<Channel>`: focusable as a whole.

    Left and right move the cursor by a reading, with Ctrl by ten, with Shift they move the
    view; S begins a range that they extend, Enter ends it; + and - zoom.
    """

    cursor_stepped = Signal(int)
    cursor_jumped = Signal(bool)
    strip_left = Signal(int)
    escaped = Signal()
    entered = Signal()
    selection_begun = Signal()
    zoom_asked = Signal(float)
    pan_asked = Signal(float)
    back_asked = Signal()
    menu_asked = Signal(QPoint)

    def __init__(
        self, channel: Channel | ExtraChannel, tokens: Tokens, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.channel = channel
        self._tokens = tokens
        self.setObjectName(f"strip.history.{channel.key}")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumHeight(LEAST_HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.chart = HistoryChart(tokens)
        self.chart.setObjectName(f"chart.history.{channel.key}")
        self.header = QWidget()
        self.header.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        set_look(self.header, class_="panel")
        self._name = ElidedLabel()
        set_look(self._name, class_="dense strong")
        self._unit = QLabel()
        self._unit.setTextFormat(Qt.TextFormat.PlainText)
        set_look(self._unit, class_="caption muted")
        self._lay_out()
        self._ring = FocusRing(tokens, self)
        self.chart.pressed.connect(lambda: self.setFocus(Qt.FocusReason.MouseFocusReason))
        self.set_words()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self.header)
        column.setContentsMargins(12, 5, 8, 0)
        column.setSpacing(1)
        column.addWidget(self._name)
        column.addWidget(self._unit)
        column.addStretch(1)
        row = QHBoxLayout(self)
        # One pixel at the top for the line between strips.
        row.setContentsMargins(0, 1, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.header)
        row.addWidget(self.chart, 1)

    def set_words(self) -> None:
        """Names channel and unit in the present language."""
        self._name.setText(quantity_short_name(self.channel.key))
        self._unit.setText(self.channel.unit or self.tr("no unit"))
        both = self.tr("{channel} in {unit}") if self.channel.unit else "{channel}"
        name = quantity_name(self.channel.key)
        self.header.setToolTip(both.format(channel=name, unit=self.channel.unit))

    def set_header_width(self, width_px: int) -> None:
        self.header.setFixedWidth(width_px)

    def describe(self, name: str, chart_name: str, description: str) -> None:
        """Sets the texts for a screen reader where they changed."""
        for widget, text in ((self, name), (self.chart, chart_name)):
            if widget.accessibleName() != text:
                widget.setAccessibleName(text)
        if self.accessibleDescription() != description:
            self.setAccessibleDescription(description)

    def set_tokens(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._ring.tokens = tokens
        self.chart.set_tokens(tokens)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = event.key(), event.modifiers()
        steps = MANY_STEPS if modifiers & Qt.KeyboardModifier.ControlModifier else 1
        plain = {
            Qt.Key.Key_Up: lambda: self.strip_left.emit(-1),
            Qt.Key.Key_Down: lambda: self.strip_left.emit(1),
            Qt.Key.Key_Home: lambda: self.cursor_jumped.emit(False),
            Qt.Key.Key_End: lambda: self.cursor_jumped.emit(True),
            Qt.Key.Key_Escape: self.escaped.emit,
            Qt.Key.Key_Return: self.entered.emit,
            Qt.Key.Key_Enter: self.entered.emit,
            Qt.Key.Key_S: self.selection_begun.emit,
            Qt.Key.Key_Backspace: self.back_asked.emit,
        }
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            side = 1 if key == Qt.Key.Key_Right else -1
            if modifiers & Qt.KeyboardModifier.ShiftModifier:
                self.pan_asked.emit(float(-side * steps))
            else:
                self.cursor_stepped.emit(side * steps)
        elif key in ZOOM_KEYS:
            self.zoom_asked.emit(ZOOM_KEYS[Qt.Key(key)])
        elif key in plain:
            plain[Qt.Key(key)]()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu key; the chart takes what the mouse asks."""
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self.menu_asked.emit(self.chart.mapToGlobal(QPoint(20, self.height() // 2)))
        else:
            super().contextMenuEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in KEYBOARD_REASONS:
            self._ring.show()
            self._ring.raise_()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._ring.hide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._ring.setGeometry(self.rect())
        self._unit.setVisible(self.height() >= 40)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(0, 0, self.width(), 1, self._tokens.color("line"))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.LanguageChange, QEvent.Type.LocaleChange):
            self.set_words()
