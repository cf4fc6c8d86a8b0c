"""The plot of one strip of the History page: a drawn frame with selection and cursor over it.

The frame is drawn once into a pixmap; cursor and selection move over it without a line being
drawn again.
"""

from typing import NamedTuple

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from harit_desktop.ui.charts.value_axis import axis_width
from harit_desktop.ui.fonts import app_font
from harit_desktop.ui.history.compare_frame import CompareFrame
from harit_desktop.ui.history.compare_painter import ComparePainter
from harit_desktop.ui.history.spans import Span
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.theme import CHART, SIZES, Tokens

_DOT_PX = 3.5
_SAMPLE_PX = 20
_PAD_PX = 6
_TURN = 120.0
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class ChipRow(NamedTuple):
    """One device at the cursor: its slot, what is written, and the value that is marked."""

    slot: int
    text: str
    value: float | None


class HistoryChart(QWidget):
    """`chart.history.<Channel>`; property `points` counts the rows of the lead in view."""

    hovered = Signal(float)
    unhovered = Signal()
    pressed = Signal()
    dragged = Signal(float, float)
    """From here to there, in pixels; while the button is down."""
    drag_ended = Signal()
    clicked = Signal(float)
    zoomed = Signal(float, float)
    """So many turns of the wheel at this x, forward is nearer."""
    panned = Signal(float)
    zoomed_out = Signal(float)
    menu_asked = Signal(QPoint, float)

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tokens = tokens
        self._frame: CompareFrame | None = None
        self._picture: QPixmap | None = None
        self._cursor_us: int | None = None
        self._rows: tuple[ChipRow, ...] = ()
        self._selection: Span | None = None
        self._press: QPointF | None = None
        self._dragging = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setProperty("points", 0)

    @property
    def frame_shown(self) -> CompareFrame | None:
        return self._frame

    def plot_width(self) -> int:
        """The width of the plot without the value axis, in logical pixels."""
        return max(1, self.width() - axis_width())

    def show_frame(self, frame: CompareFrame) -> None:
        """Draws a frame; cursor and selection stay."""
        self._frame = frame
        self._picture = None
        self.update()

    def set_tokens(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._picture = None
        self.update()

    def set_cursor_at(self, time_us: int | None, rows: tuple[ChipRow, ...]) -> None:
        if (time_us, rows) != (self._cursor_us, self._rows):
            self._cursor_us, self._rows = time_us, rows
            self.update()

    def set_selection(self, selection: Span | None) -> None:
        if selection != self._selection:
            self._selection = selection
            self.update()

    # -- painting ----------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._frame is None:
            painter.fillRect(self.rect(), self._tokens.color("surface"))
            return
        if self._picture is None:
            self._picture = self._drawn(self._frame)
        painter.drawPixmap(0, 0, self._picture)
        self._paint_selection(painter, self._frame)
        self._paint_cursor(painter, self._frame)

    def _drawn(self, frame: CompareFrame) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        painter = QPainter(picture)
        made = ComparePainter(frame, self._tokens, self.width(), self.height(), text_scale())
        made.paint(painter)
        painter.end()
        return picture

    def _paint_selection(self, painter: QPainter, frame: CompareFrame) -> None:
        if self._selection is None:
            return
        view = frame.view
        left = max(0.0, view.x_of(self._selection.from_us))
        right = min(float(view.width_px), view.x_of(self._selection.to_us))
        if right <= left:
            return
        painter.fillRect(
            QRectF(left, 0, right - left, self.height()),
            self._tokens.color("ink", CHART.selection_alpha),
        )
        painter.setPen(QPen(self._tokens.color("ink"), 1.0))
        for time_us in self._selection:
            x = view.x_of(time_us)
            if 0 <= x <= view.width_px:
                painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))

    def _paint_cursor(self, painter: QPainter, frame: CompareFrame) -> None:
        if self._cursor_us is None:
            return
        view = frame.view
        x = view.x_of(self._cursor_us)
        if not 0 <= x <= view.width_px:
            return
        painter.setPen(QPen(self._tokens.color("text2"), CHART.cursor_px))
        painter.drawLine(int(x), 0, int(x), self.height())
        scale = ComparePainter(frame, self._tokens, self.width(), self.height(), 1.0).scale
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setBrush(self._tokens.color("surface"))
        for row in self._rows:
            if row.value is not None:
                painter.setPen(QPen(self._tokens.color(self._tokens.device(row.slot).color), 1.5))
                y = scale.inside(scale.y_of(row.value), 0)
                painter.drawEllipse(QPointF(x, y), _DOT_PX, _DOT_PX)
        self._paint_chip(painter, x, view.width_px)

    def _paint_chip(self, painter: QPainter, x: float, width_px: int) -> None:
        """What each device reads, in as many columns as the strip's height needs."""
        if not self._rows:
            return
        font = app_font(SIZES.dense, 400, text_scale())
        metrics = QFontMetricsF(font)
        sample = _SAMPLE_PX if len(self._rows) > 1 else 0
        line_px = metrics.height() + 1
        rows = max(1, min(len(self._rows), int((self.height() - 6) // line_px)))
        columns = -(-len(self._rows) // rows)
        cell = max(metrics.horizontalAdvance(row.text) for row in self._rows) + sample + 2 * _PAD_PX
        width, height = cell * columns, line_px * rows + 4
        left = x + 6 if x + 6 + width <= width_px else max(0.0, x - 6 - width)
        box = QRectF(round(left), round((self.height() - height) / 2), round(width), round(height))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(self._tokens.color("line"), 1))
        painter.setBrush(self._tokens.color("surface", CHART.chip_alpha))
        painter.drawRect(box)
        painter.setFont(font)
        for place, row in enumerate(self._rows):
            at = QRectF(
                box.left() + _PAD_PX + place // rows * cell,
                box.top() + 2 + place % rows * line_px,
                cell,
                line_px,
            )
            if sample:
                paint_sample(painter, at.left(), at.center().y(), 14, self._tokens, row.slot)
            painter.setPen(self._tokens.color("text2" if row.value is None else "text1"))
            painter.drawText(at.adjusted(sample, 0, 0, 0), _LEFT, row.text)

    # -- the mouse ---------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._press, self._dragging = event.position(), False
            self.pressed.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        self.hovered.emit(x)
        if self._press is None:
            return
        far = abs(x - self._press.x()) >= QApplication.startDragDistance() / 2
        if self._dragging or far:
            self._dragging = True
            width = float(self.plot_width())
            self.dragged.emit(*(min(max(0.0, at), width) for at in (self._press.x(), x)))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._press is None:
            return
        self._press = None
        if self._dragging:
            self.drag_ended.emit()
        else:
            self.clicked.emit(event.position().x())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.zoomed_out.emit(event.position().x())

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta()
        # With Shift, and on touch pads, the turn comes sideways.
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier or not turn.y():
            self.panned.emit((turn.y() or turn.x()) / _TURN)
        else:
            self.zoomed.emit(turn.y() / _TURN, event.position().x())
        event.accept()

    def leaveEvent(self, event: object) -> None:
        self.unhovered.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_asked.emit(event.globalPos(), float(event.pos().x()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._picture = None


def paint_sample(
    painter: QPainter, x: float, y: float, width: float, tokens: Tokens, slot: int
) -> None:
    """A short piece of a device's line."""
    style = tokens.device(slot)
    pen = QPen(tokens.color(style.color), 2.0)
    if style.dash:
        pen.setDashPattern([part * 0.75 for part in style.dash])
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setPen(pen)
    painter.drawLine(QPointF(x, y), QPointF(x + width, y))
