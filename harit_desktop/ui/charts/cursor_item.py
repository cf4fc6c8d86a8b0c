"""Draws the cursor of one strip: line, marked reading and readout chip."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from harit_desktop.ui.charts.frame import Scale
from harit_desktop.ui.charts.plot_painter import DOT_PX
from harit_desktop.ui.fonts import app_font
from harit_desktop.ui.theme import CHART, SIZES, Tokens


@dataclass(frozen=True)
class CursorMark:
    """The cursor in one strip: the instant, the reading there (None in a gap), its text."""

    time_us: int
    value: float | None
    text: str


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
