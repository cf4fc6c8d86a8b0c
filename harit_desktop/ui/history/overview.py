"""The overview below the strips: all that is stored, with a window that can be moved."""

from enum import Enum

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from harit_desktop.ui.charts.envelope import Trace, line
from harit_desktop.ui.charts.frame import TimeView
from harit_desktop.ui.charts.strokes import connections, line_path, stroke
from harit_desktop.ui.charts.time_ticks import time_ticks
from harit_desktop.ui.charts.value_axis import axis_width
from harit_desktop.ui.fonts import app_font
from harit_desktop.ui.history.history_texts import range_words, span_name, tick_text
from harit_desktop.ui.history.spans import SHORTEST_US, Span
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.theme import SIZES, Tokens, set_look
from harit_desktop.ui.words import channel_name

PLOT_PX = 40
_EDGE_PX = 5
_LEAST_PX = 6
"""The window is drawn at least so wide, or a quarter of an hour of a year could not be found."""
_PAD = 0.1
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)


class _Grip(Enum):
    NONE = 0
    MOVE = 1
    BEGIN = 2
    END = 3


class Overview(QWidget):
    """`history.overview`: one channel of the leading device over the whole time.

    The window is moved by dragging, by its edges made longer or shorter; a click elsewhere
    centres it there. Left and right move it by a tenth, with Ctrl by its length, + and - zoom.
    """

    moved = Signal(object, str)
    """Show this stretch; the gesture's name."""
    back_asked = Signal()

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tokens = tokens
        self._trace: Trace | None = None
        self._key = ""
        self._whole = Span(0, SHORTEST_US)
        self._shown = Span(0, SHORTEST_US)
        self._left_px = SIZES.strip_header
        self._picture: QPixmap | None = None
        self._grip = _Grip.NONE
        self._held_us = 0
        self.setObjectName("history.overview")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        set_look(self, class_="panel")

    def sizeHint(self) -> QSize:
        return QSize(100, round((PLOT_PX + SIZES.time_axis + 2) * max(1.0, text_scale())))

    def show_trace(self, key: str, of: Trace | None, whole: Span) -> None:
        """Draws a channel from the first to the last reading stored."""
        if (key, id(of), whole) != (self._key, id(self._trace), self._whole):
            self._key, self._trace, self._whole = key, of, whole
            self._picture = None
            self._tell()
            self.update()

    def show_window(self, shown: Span, left_px: int) -> None:
        """Marks the stretch that the strips show; their plots begin at `left_px`."""
        if left_px != self._left_px:
            self._left_px, self._picture = left_px, None
        if shown != self._shown:
            self._shown = shown
            self._tell()
        self.update()

    def set_tokens(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._picture = None
        self.updateGeometry()
        self.update()

    def _tell(self) -> None:
        name = self.tr("Overview, {time}").format(time=span_name(self._whole))
        if self.accessibleName() != name:
            self.setAccessibleName(name)
        told = self.tr("Shown: {range}").format(range=range_words(self._shown))
        if self.accessibleDescription() != told:
            self.setAccessibleDescription(told)

    # -- painting ----------------------------------------------------------------------

    def _view(self) -> TimeView:
        width_px = max(1, self.width() - self._left_px - axis_width())
        return TimeView(
            self._whole.from_us, max(self._whole.to_us, self._whole.from_us + 1), width_px
        )

    def _window(self) -> QRectF:
        view = self._view()
        ends = (view.x_of(self._shown.from_us), view.x_of(self._shown.to_us))
        left, right = (min(max(0.0, end), float(view.width_px)) for end in ends)
        if right - left < _LEAST_PX:
            middle = min(max((left + right) / 2, _LEAST_PX / 2), view.width_px - _LEAST_PX / 2)
            left, right = middle - _LEAST_PX / 2, middle + _LEAST_PX / 2
        return QRectF(self._left_px + left, 3, right - left, self._plot_px() - 4)

    def _plot_px(self) -> int:
        return self.height() - round(SIZES.time_axis * max(1.0, text_scale()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._picture is None:
            self._picture = self._drawn()
        painter.drawPixmap(0, 0, self._picture)
        accent = self._tokens.color("accent")
        window = self._window()
        painter.fillRect(window, self._tokens.color("accent", 0.13))
        for x in (window.left(), window.right() - 2):
            painter.fillRect(QRectF(round(x), window.top(), 2, window.height()), accent)
        if self.hasFocus():
            painter.setPen(QPen(self._tokens.color("focus"), SIZES.focus_ring))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def _drawn(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        tokens = self._tokens
        picture.fill(tokens.color("window"))
        painter = QPainter(picture)
        painter.fillRect(
            self._left_px, 0, self.width() - self._left_px, self.height(), tokens.color("surface")
        )
        painter.fillRect(0, 0, self.width(), 1, tokens.color("line"))
        self._draw_words(painter)
        painter.translate(self._left_px, 0)
        self._draw_ticks(painter)
        if self._trace is not None and self._trace.time_us.size:
            self._draw_line(painter, self._trace)
        painter.end()
        return picture

    def _draw_words(self, painter: QPainter) -> None:
        lines = [(span_name(self._whole), 600, "text1", SIZES.dense)]
        if self._key:
            lines.append((channel_name(self._key), 400, "text2", SIZES.caption))
        lines.append((self.tr("drag to move"), 400, "text2", SIZES.caption))
        y = 3.0
        for text, weight, color, size in lines:
            font = app_font(size, weight, text_scale())
            metrics = QFontMetricsF(font)
            painter.setFont(font)
            painter.setPen(self._tokens.color(color))
            room = QRectF(12, y, self._left_px - 16, metrics.height())
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(room, _LEFT, shown)
            y += metrics.height() + 1

    def _draw_ticks(self, painter: QPainter) -> None:
        view = self._view()
        font = app_font(SIZES.caption, 400, text_scale())
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        top = self._plot_px()
        painter.setPen(QPen(self._tokens.color("line"), 1))
        painter.drawLine(0, top, view.width_px, top)
        taken = 0.0
        for tick in time_ticks(view.start_us, view.end_us):
            x = view.x_of(tick.time_us)
            text = tick_text(tick)
            width = metrics.horizontalAdvance(text)
            if x - width / 2 < taken or x + width / 2 > view.width_px + axis_width() / 2:
                continue
            taken = x + width / 2 + 6
            painter.setPen(QPen(self._tokens.color("line"), 1))
            painter.drawLine(int(x), top, int(x), top + 3)
            painter.setPen(self._tokens.color("text3"))
            painter.drawText(
                QRectF(x - width / 2, top + 2, width + 1, metrics.height()), _CENTRE, text
            )

    def _draw_line(self, painter: QPainter, of: Trace) -> None:
        view = self._view()
        drawn = line(of, view.start_us, view.end_us, view.width_px)
        if drawn.size == 0:
            return
        low, high = float(drawn.mean.min()), float(drawn.mean.max())
        room = (high - low) * _PAD or 0.5
        low, high = low - room, high + room
        top, bottom = 4.0, float(self._plot_px() - 4)
        x = (drawn.time_us - view.start_us) / view.us_per_px
        y = bottom - (drawn.mean - low) / (high - low) * (bottom - top)
        joins = connections(x.size, drawn.starts)
        stroke(painter, line_path(x, np.asarray(y), joins), self._tokens.color("text2"), 1.0)

    # -- mouse and keys ----------------------------------------------------------------

    def _grip_at(self, x: float) -> _Grip:
        window = self._window()
        if window.width() > 4 * _EDGE_PX:
            if abs(x - window.left()) <= _EDGE_PX:
                return _Grip.BEGIN
            if abs(x - window.right()) <= _EDGE_PX:
                return _Grip.END
        reach = _EDGE_PX if window.width() <= 4 * _EDGE_PX else 0
        return _Grip.MOVE if window.left() - reach <= x <= window.right() + reach else _Grip.NONE

    def _time_at(self, x: float) -> int:
        return self._view().time_at(x - self._left_px)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if event.button() != Qt.MouseButton.LeftButton or x < self._left_px:
            return
        self._grip = self._grip_at(x)
        at_us = self._time_at(x)
        if self._grip is _Grip.NONE:
            half_us = self._shown.length_us // 2
            self.moved.emit(Span(at_us - half_us, at_us + half_us), "")
            self._grip = _Grip.MOVE
            self._held_us = half_us
        else:
            self._held_us = at_us - self._shown.from_us

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if self._grip is _Grip.NONE:
            self._show_shape(self._grip_at(x))
            return
        at_us = self._time_at(x)
        shown = self._shown
        if self._grip is _Grip.MOVE:
            from_us = at_us - self._held_us
            wished = Span(from_us, from_us + shown.length_us)
        elif self._grip is _Grip.BEGIN:
            wished = Span(min(at_us, shown.to_us - SHORTEST_US), shown.to_us)
        else:
            wished = Span(shown.from_us, max(at_us, shown.from_us + SHORTEST_US))
        self.moved.emit(wished, "overview")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = _Grip.NONE

    def _show_shape(self, grip: _Grip) -> None:
        shapes = {
            _Grip.MOVE: Qt.CursorShape.SizeAllCursor,
            _Grip.BEGIN: Qt.CursorShape.SizeHorCursor,
            _Grip.END: Qt.CursorShape.SizeHorCursor,
        }
        self.setCursor(shapes.get(grip, Qt.CursorShape.ArrowCursor))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        shown = self._shown
        whole = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        step_us = shown.length_us if whole else shown.length_us // 10
        side = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        zoom = {Qt.Key.Key_Plus: 0.8, Qt.Key.Key_Equal: 0.8, Qt.Key.Key_Minus: 1.25}.get(
            Qt.Key(event.key())
        )
        if side is not None:
            moved = Span(shown.from_us + side * step_us, shown.to_us + side * step_us)
            self.moved.emit(moved, "overview keys")
        elif zoom is not None:
            middle_us = (shown.from_us + shown.to_us) // 2
            half_us = int(shown.length_us * zoom / 2)
            self.moved.emit(Span(middle_us - half_us, middle_us + half_us), "overview keys")
        elif event.key() == Qt.Key.Key_Backspace:
            self.back_asked.emit()
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End):
            at_us = self._whole.from_us
            if event.key() == Qt.Key.Key_End:
                at_us = self._whole.to_us - shown.length_us
            self.moved.emit(Span(at_us, at_us + shown.length_us), "")
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: object) -> None:
        self.update()

    def focusOutEvent(self, event: object) -> None:
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._picture = None
