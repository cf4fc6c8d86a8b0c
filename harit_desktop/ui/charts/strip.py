"""One strip of the recorder: header and plot of a channel, focusable as a whole."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from harit_desktop.domain.channels import Channel
from harit_desktop.ui.charts.strip_chart import StripChart
from harit_desktop.ui.charts.strip_header import HeaderText, StripHeader
from harit_desktop.ui.theme import SIZES, Tokens

MANY_STEPS = 10
_LEAST_HEIGHT_PX = 40
"""Lower than drawn, so that below tall banners the strips shrink and cover nothing."""
KEYBOARD_REASONS = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


class FocusRing(QWidget):
    """The 2 px ring around a strip that has the keyboard; hidden otherwise."""

    def __init__(self, tokens: Tokens, parent: QWidget) -> None:
        super().__init__(parent)
        self.tokens = tokens
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QPen(self.tokens.color("focus"), SIZES.focus_ring))
        painter.drawRect(self.rect().adjusted(1, 1, -1, -1))


class Strip(QWidget):
    """`strip.<Channel>`: a header beside a chart, with the keys that move the cursor.

    The accessible name says what is measured where, the description the newest value, its
    trend and its state.
    """

    cursor_stepped = Signal(int)
    """Move the cursor by this many readings."""
    cursor_jumped = Signal(bool)
    """Move the cursor to the newest (True) or the oldest reading."""
    cursor_dropped = Signal()
    strip_left = Signal(int)
    """The keyboard goes to the strip below (1) or above (-1)."""
    freeze_asked = Signal()

    def __init__(self, channel: Channel, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.channel = channel
        self.setObjectName(f"strip.{channel.key}")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumHeight(_LEAST_HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self._tokens = tokens
        self.header = StripHeader(channel, tokens)
        self.chart = StripChart(tokens)
        self.chart.setObjectName(f"chart.{channel.key}")
        row = QHBoxLayout(self)
        # One pixel at the top for the line between strips.
        row.setContentsMargins(0, 1, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.header)
        row.addWidget(self.chart, 1)
        self._ring = FocusRing(tokens, self)
        self.chart.pressed.connect(self._take_focus)
        self.set_state("empty")

    def set_header_width(self, width_px: int) -> None:
        self.header.setFixedWidth(width_px)

    def show_header(self, text: HeaderText) -> None:
        self.header.show_text(text)
        self.set_state(text.state)

    def set_state(self, state: str) -> None:
        """Makes the state readable without pixels, on the strip and on its chart."""
        if self.property("state") != state:
            self.setProperty("state", state)
            self.chart.setProperty("state", state)

    def describe(self, name: str, chart_name: str, value_name: str, description: str) -> None:
        """Sets the texts for a screen reader where they changed."""
        for widget, text in (
            (self, name),
            (self.chart, chart_name),
            (self.header.value, value_name),
            (self.header.trend, self.header.trend.text()),
        ):
            if widget.accessibleName() != text:
                widget.setAccessibleName(text)
        if self.accessibleDescription() != description:
            self.setAccessibleDescription(description)

    def set_tokens(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._ring.tokens = tokens
        self.header.set_tokens(tokens)
        self.chart.set_tokens(tokens)
        self.update()

    def _take_focus(self) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        many = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        steps = MANY_STEPS if many else 1
        key = event.key()
        if key == Qt.Key.Key_Left:
            self.cursor_stepped.emit(-steps)
        elif key == Qt.Key.Key_Right:
            self.cursor_stepped.emit(steps)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.cursor_jumped.emit(key == Qt.Key.Key_End)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.strip_left.emit(1 if key == Qt.Key.Key_Down else -1)
        elif key == Qt.Key.Key_Escape:
            self.cursor_dropped.emit()
        elif key == Qt.Key.Key_Space:
            self.freeze_asked.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        # After a click the mouse shows where it is, and a window may give focus by itself.
        if event.reason() in KEYBOARD_REASONS:
            self._ring.show()
            self._ring.raise_()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._ring.hide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._ring.setGeometry(self.rect())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(0, 0, self.width(), 1, self._tokens.color("line"))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.chart.set_tokens(self._tokens)
