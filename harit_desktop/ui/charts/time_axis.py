"""The shared time axis below the strips, with the chip that names the cursor's instant."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.ui.charts.frame import TimeView
from harit_desktop.ui.charts.time_ticks import Tick, TickKind
from harit_desktop.ui.charts.value_axis import axis_width
from harit_desktop.ui.fonts import app_font
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.theme import SIZES, Tokens
from harit_desktop.ui.words import clock_text, date_text, month_text

_APART_PX = 6.0
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_SECONDS_BELOW_US = 3600 * US_PER_S + 1


class TimeAxis(QWidget):
    """Ticks and labels of a view; painted again only when the view moves by a pixel."""

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tokens = tokens
        self._view: TimeView | None = None
        self._ticks: tuple[Tick, ...] = ()
        self._left_px = SIZES.strip_header
        self._cursor_us: int | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(100, round(SIZES.time_axis * max(1.0, text_scale())))

    def show_view(self, view: TimeView, ticks: tuple[Tick, ...], left_px: int) -> None:
        """Shows the ticks of a view whose plots begin at `left_px`."""
        self._view, self._ticks, self._left_px = view, ticks, left_px
        self.update()

    def set_cursor(self, time_us: int | None) -> None:
        if time_us != self._cursor_us:
            self._cursor_us = time_us
            self.update()

    def set_tokens(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self.updateGeometry()
        self.update()

    @property
    def cursor_text(self) -> str:
        """What the chip says; empty without a cursor."""
        if self._cursor_us is None or self._view is None:
            return ""
        span_us = self._view.end_us - self._view.start_us
        clock = clock_text(self._cursor_us, seconds=span_us < 2 * _SECONDS_BELOW_US)
        if span_us < 1.5 * US_PER_DAY:
            return clock
        return self.tr("{date} {time}").format(date=date_text(self._cursor_us), time=clock)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(0, 0, self._left_px, self.height(), self._tokens.color("window"))
        painter.fillRect(
            self._left_px, 0, self.width(), self.height(), self._tokens.color("surface")
        )
        if self._view is not None:
            painter.translate(self._left_px, 0)
            chip = self._chip_box(self._view)
            self._labels(painter, self._view, chip)
            self._chip(painter, chip)

    def _labels(self, painter: QPainter, view: TimeView, chip: QRectF) -> None:
        """Draws ticks and labels, but no label that would be cut by an edge or the chip."""
        font = app_font(SIZES.caption, 400, text_scale())
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        taken = 0.0
        for tick in self._ticks:
            x = view.x_of(tick.time_us)
            painter.setPen(QPen(self._tokens.color("line"), 1))
            painter.drawLine(int(x), 0, int(x), 3)
            text = _label(tick)
            width = metrics.horizontalAdvance(text)
            box = QRectF(x - width / 2, 2, width + 1, self.height() - 2)
            if box.left() < taken or box.right() > view.width_px + axis_width() / 2:
                continue
            taken = box.right() + _APART_PX
            if not box.intersects(chip):
                painter.setPen(self._tokens.color("text3"))
                painter.drawText(box, _CENTRE, text)

    def _chip_font(self) -> QFont:
        return app_font(SIZES.dense, 600, text_scale())

    def _chip_box(self, view: TimeView) -> QRectF:
        text = self.cursor_text
        if not text or self._cursor_us is None:
            return QRectF()
        width = QFontMetricsF(self._chip_font()).horizontalAdvance(text) + 14
        x = min(max(view.x_of(self._cursor_us), 0.0), float(view.width_px))
        left = min(max(x - width / 2, 0.0), view.width_px + axis_width() - width)
        return QRectF(round(left), 0, round(width), self.height())

    def _chip(self, painter: QPainter, box: QRectF) -> None:
        if box.isEmpty():
            return
        painter.fillRect(box, self._tokens.color("text1"))
        painter.setFont(self._chip_font())
        painter.setPen(self._tokens.color("surface"))
        painter.drawText(box, _CENTRE, self.cursor_text)


def _label(tick: Tick) -> str:
    if tick.kind is TickKind.MONTH:
        return month_text(tick.time_us)
    if tick.kind is TickKind.DAY:
        return date_text(tick.time_us)
    return clock_text(tick.time_us, seconds=tick.kind is TickKind.SECOND)
