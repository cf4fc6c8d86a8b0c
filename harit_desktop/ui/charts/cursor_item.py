"""Draws the cursor of one strip: line, marked reading and readout chip."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from harit_desktop.domain.analysis import Flag
from harit_desktop.ui.charts.flag_painter import PAINTERS
from harit_desktop.ui.charts.frame import Scale
from harit_desktop.ui.charts.plot_painter import DOT_PX
from harit_desktop.ui.fonts import app_font
from harit_desktop.ui.theme import CHART, SIZES, Tokens

_GLYPH_PX = 14
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_TOP_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)


@dataclass(frozen=True)
class CursorMark:
    """The cursor in one strip: the instant, the reading there (None in a gap or where it is
    faulty), its text; its quality flag and what is said of that, "" where there is nothing."""

    time_us: int
    value: float | None
    text: str
    flag: int = Flag.PASS
    note: str = ""


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
        self._note_font = app_font(SIZES.caption)

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
        self._note_font = app_font(SIZES.caption, 500, scale_text)
        x = min(max(scale.view.x_of(mark.time_us), 0.0), plot.right())
        y = plot.center().y() if mark.value is None else scale.y_of(mark.value)
        self._at = QPointF(x, min(max(y, plot.top()), plot.bottom()))
        self._chip = chip_rect(self._chip_size(mark, plot), self._at, plot, end_dot)
        line = QRectF(x - DOT_PX - 2, plot.top(), 2 * DOT_PX + 4, plot.height())
        self._rect = line.united(self._chip).adjusted(-1, -1, 1, 1)

    def _chip_size(self, mark: CursorMark, plot: QRectF) -> QSizeF:
        metrics = QFontMetricsF(self._font)
        width, height = metrics.horizontalAdvance(mark.text) + 16, metrics.height() + 7
        if not mark.note:
            return QSizeF(width, height)
        notes = QFontMetricsF(self._note_font)
        said = _GLYPH_PX + notes.horizontalAdvance(mark.note) + 16
        return QSizeF(max(width, min(said, plot.width() / 2)), height + notes.height())

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
        # A text of the plot that shone through would be read as part of this one.
        painter.setBrush(tokens.color("surface"))
        painter.drawRect(self._chip.toRect().adjusted(0, 0, -1, -1))
        painter.setFont(self._font)
        painter.setPen(tokens.color("text1" if self._mark.value is not None else "text2"))
        if self._mark.note:
            self._draw_note(painter, tokens)
        else:
            painter.drawText(self._chip, int(Qt.AlignmentFlag.AlignCenter), self._mark.text)
        if self._mark.value is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            painter.setPen(QPen(tokens.color("ink"), 1.5))
            painter.setBrush(tokens.color("surface"))
            painter.drawEllipse(self._at, DOT_PX, DOT_PX)

    def _draw_note(self, painter: QPainter, tokens: Tokens) -> None:
        """The value above, and under it the flag by its shape and in words."""
        assert self._mark is not None
        box = self._chip.adjusted(8, 3, -8, -3)
        notes = QFontMetricsF(self._note_font)
        painter.drawText(box, _TOP_LEFT, self._mark.text)
        line = QRectF(box.left(), box.bottom() - notes.height(), box.width(), notes.height())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        paint = PAINTERS[Flag(self._mark.flag)]
        paint(painter, QPointF(line.left() + 5, line.center().y() + 0.5), tokens)
        painter.setFont(self._note_font)
        flagged = self._mark.flag != Flag.PASS
        painter.setPen(tokens.color("warn" if flagged else "text1"))
        words = line.adjusted(_GLYPH_PX, 0, 0, 0)
        said = notes.elidedText(self._mark.note, Qt.TextElideMode.ElideRight, words.width() + 1)
        painter.drawText(words, _LEFT, said)


def chip_rect(size: QSizeF, at: QPointF, plot: QRectF, end_dot: QPointF | None) -> QRectF:
    """A readout right of a point, or left of it where it would leave the plot or hide the
    dot of the newest reading."""
    width, height = size.width(), size.height()
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
