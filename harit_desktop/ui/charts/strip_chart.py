"""The plot of one strip: a PlotWidget that draws prepared frames and a cursor.

pyqtgraph's own curves, axes and automatic ranges are left out: a frame is already reduced
to the pixels, and one item drawn from a cached pixmap lets the cursor move without
drawing a line again.
"""

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QGraphicsItem, QSizePolicy, QStyleOptionGraphicsItem, QWidget

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.ui.charts.cursor_item import CursorItem, CursorMark
from harit_desktop.ui.charts.frame import BOTTOM_PX, TOP_PX, Scale, StripFrame
from harit_desktop.ui.charts.plot_painter import PlotPainter
from harit_desktop.ui.charts.value_axis import axis_width
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.theme import Tokens


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
        item.layout.setContentsMargins(0, TOP_PX, axis_width(), BOTTOM_PX)
        item.vb.disableAutoRange()

    @property
    def frame_shown(self) -> StripFrame | None:
        return self._frame

    @property
    def chip(self) -> QRectF:
        return self._cursor.chip

    def plot_width(self) -> int:
        """The width of the plot area without the value axis, in logical pixels."""
        return max(1, self.width() - axis_width())

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

    @property
    def flag_kinds(self) -> frozenset[Flag]:
        """Which quality marks the frame shows."""
        return self._frame.flags.kinds() if self._frame else frozenset()

    def set_tokens(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self.setBackgroundBrush(tokens.color("surface"))
        self.getPlotItem().layout.setContentsMargins(0, TOP_PX, axis_width(), BOTTOM_PX)
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
