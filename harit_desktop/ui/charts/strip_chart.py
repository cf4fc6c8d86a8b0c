"""The plot of one strip: a PlotWidget that draws prepared frames and a cursor.

pyqtgraph's own curves, axes and automatic ranges are left out: a frame is already reduced
to the pixels, and one item drawn from a cached pixmap lets the cursor move without
drawing a line again.
"""

from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QFont,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QGraphicsItem, QSizePolicy, QStyleOptionGraphicsItem, QWidget

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.ui.charts.frame import BOTTOM_PX, TOP_PX, Scale, StripFrame
from harit_desktop.ui.charts.plot_painter import DOT_PX, PlotPainter
from harit_desktop.ui.fonts import app_font
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.theme import CHART, SIZES, Tokens


@dataclass(frozen=True)
class CursorMark:
    """The cursor in one strip: the instant, the reading there (None in a gap), its text."""

    time_us: int
    value: float | None
    text: str


class FrameItem(QGraphicsItem):
    """Draws the frame into a pixmap that Qt keeps until the next frame."""

    def __init__(self) -> None:
        super().__init__()
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self._rect = QRectF(0, 0, 1, 1)
        self.painter: PlotPainter | None = None

    def set_rect(self, rect: QRectF) -> None:
        self.prepareGeometryChange()
        self._rect = rect

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,
        widget: QWidget | None = None,
    ) -> None:
        if self.painter is not None:
            self.painter.paint(painter)


class CursorItem(QGraphicsItem):
    """The vertical line, the marked reading and its readout chip."""

    def __init__(self) -> None:
        super().__init__()
        self._rect = QRectF()
        self._plot = QRectF()
        self._chip = QRectF()
        self._mark: CursorMark | None = None
        self._at = QPointF()
        self._tokens: Tokens | None = None
        self._font = app_font(SIZES.dense)

    def place(
        self,
        mark: CursorMark | None,
        scale: Scale,
        plot: QRectF,
        end_dot: QPointF | None,
        tokens: Tokens,
        scale_text: float,
    ) -> None:
        """Moves the cursor; the chip keeps inside the plot and off the newest reading."""
        self.prepareGeometryChange()
        self._mark, self._tokens, self._plot = mark, tokens, plot
        if mark is None:
            self._rect = self._chip = QRectF()
            return
        self._font = app_font(SIZES.dense, 400, scale_text)
        x = min(max(scale.view.x_of(mark.time_us), 0.0), plot.right())
        y = plot.center().y() if mark.value is None else scale.y_of(mark.value)
        self._at = QPointF(x, min(max(y, plot.top()), plot.bottom()))
        self._chip = chip_rect(mark.text, self._font, self._at, plot, end_dot)
        line = QRectF(x - DOT_PX - 2, plot.top(), 2 * DOT_PX + 4, plot.height())
        self._rect = line.united(self._chip).adjusted(-1, -1, 1, 1)

    @property
    def chip(self) -> QRectF:
        """Where the readout is, in pixels of the plot; empty while there is no cursor."""
        return self._chip

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,
        widget: QWidget | None = None,
    ) -> None:
        if self._mark is None or self._tokens is None:
            return
        tokens = self._tokens
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(tokens.color("text2"), CHART.cursor_px))
        x = int(self._at.x())
        painter.drawLine(x, int(self._plot.top()), x, int(self._plot.bottom()))
        painter.setPen(QPen(tokens.color("line"), 1))
        painter.setBrush(tokens.color("surface", CHART.chip_alpha))
        painter.drawRect(self._chip.toRect().adjusted(0, 0, -1, -1))
        painter.setFont(self._font)
        painter.setPen(tokens.color("text1" if self._mark.value is not None else "text2"))
        painter.drawText(self._chip, int(Qt.AlignmentFlag.AlignCenter), self._mark.text)
        if self._mark.value is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            painter.setPen(QPen(tokens.color("ink"), 1.5))
            painter.setBrush(tokens.color("surface"))
            painter.drawEllipse(self._at, DOT_PX, DOT_PX)


def chip_rect(text: str, font: QFont, at: QPointF, plot: QRectF, end_dot: QPointF | None) -> QRectF:
    """A readout right of a point, or left of it where it would leave the plot or hide the
    dot of the newest reading."""
    metrics = QFontMetricsF(font)
    width, height = metrics.horizontalAdvance(text) + 16, metrics.height() + 7
    gap = DOT_PX + 1
    top = min(max(at.y() - height / 2, plot.top()), max(plot.top(), plot.bottom() - height))
    right = QRectF(at.x() + gap, top, width, height)
    keep_off = (
        QRectF()
        if end_dot is None
        else QRectF(end_dot.x() - DOT_PX - 2, plot.top(), 2 * DOT_PX + 4, plot.height())
    )
    if right.right() <= plot.right() and not right.intersects(keep_off):
        return right
    return QRectF(max(plot.left(), at.x() - gap - width), top, width, height)


class StripChart(pg.PlotWidget):
    """`chart.<Channel>`: property `points` counts the focus readings in view, `state` names
    what the strip shows."""

    hovered = Signal(float)
    """The mouse is over this x of the plot area."""
    unhovered = Signal()
    pressed = Signal()
    resized = Signal()

    _frame: StripFrame | None = None

    def __init__(self, tokens: Tokens) -> None:
        super().__init__(background=None)
        self._tokens = tokens
        self._mark: CursorMark | None = None
        self._canvas = FrameItem()
        self._cursor = CursorItem()
        self._bare_plot()
        self.scene().addItem(self._canvas)
        self.scene().addItem(self._cursor)
        self._canvas.setZValue(10)
        self._cursor.setZValue(11)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setProperty("points", 0)

    def _bare_plot(self) -> None:
        item = self.getPlotItem()
        for side in ("left", "bottom"):
            item.hideAxis(side)
        item.hideButtons()
        item.setMenuEnabled(False)
        item.setMouseEnabled(False, False)
        item.layout.setContentsMargins(0, TOP_PX, SIZES.value_axis, BOTTOM_PX)
        item.vb.disableAutoRange()

    @property
    def frame_shown(self) -> StripFrame | None:
        return self._frame

    @property
    def chip(self) -> QRectF:
        return self._cursor.chip

    def plot_width(self) -> int:
        """The width of the plot area without the value axis, in logical pixels."""
        return max(1, self.width() - SIZES.value_axis)

    def y_of(self, value: float) -> float:
        """Where a value lies in the frame shown, in pixels; 0 without a frame."""
        return self._scale().y_of(value) if self._frame else 0.0

    def end_dot(self) -> QPointF | None:
        return self._canvas.painter.end_dot if self._canvas.painter else None

    def show_frame(self, frame: StripFrame) -> None:
        """Draws a frame, with the cursor where it was."""
        self._frame = frame
        self.getViewBox().setRange(
            xRange=(frame.view.start_us / US_PER_S, frame.view.end_us / US_PER_S),
            yRange=(frame.low, frame.high),
            padding=0,
        )
        self._redraw()

    @property
    def alarms(self) -> int:
        """How many runs beyond the alarm limits the frame shows."""
        return len(self._canvas.painter.runs.onsets) if self._canvas.painter else 0

    def set_tokens(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self.setBackgroundBrush(tokens.color("surface"))
        self._redraw()

    def set_cursor(self, mark: CursorMark | None) -> None:
        if mark != self._mark:
            self._mark = mark
            self._place_cursor()

    def _redraw(self) -> None:
        if self._frame is None:
            return
        rect = QRectF(self.viewport().rect())
        self._canvas.set_rect(rect)
        self._canvas.painter = PlotPainter(
            self._frame, self._tokens, rect.width(), rect.height(), text_scale()
        )
        self._canvas.update()
        self._place_cursor()

    def _place_cursor(self) -> None:
        if self._frame is None:
            return
        scale = self._scale()
        plot = QRectF(0, scale.top, self._frame.view.width_px, scale.bottom - scale.top)
        self._cursor.place(self._mark, scale, plot, self.end_dot(), self._tokens, text_scale())
        self._cursor.update()

    def _scale(self) -> Scale:
        assert self._frame is not None
        return Scale(self._frame.view, self._frame.low, self._frame.high, self.viewport().height())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        # pyqtgraph also calls this itself, without an event, from its constructor.
        if event is not None:
            self._redraw()
            self.resized.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.hovered.emit(event.position().x())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def enterEvent(self, event: QEnterEvent) -> None:
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        self.unhovered.emit()
