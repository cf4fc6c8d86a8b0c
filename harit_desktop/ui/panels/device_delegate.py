"""Paints the rows of the device list."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from harit_desktop.domain.analysis import Band
from harit_desktop.ui.fonts import app_font
from harit_desktop.ui.icons import status_pixmap
from harit_desktop.ui.panels.device_rows import ROW_ROLE, DeviceRow
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.theme_tokens import SIZES, Tokens

_LEFT_PX = 36
_RIGHT_PX = 12
_BAR_PX = 3
_CAPTION_ROOM_PX = 8
_COLOURED_BANDS = (Band.POOR, Band.CRITICAL)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class DeviceDelegate(QStyledItemDelegate):
    """Two lines: glyph, name and index; age or reason, and the band's word.

    Colour only where something is wrong, and never without its glyph and its word.
    """

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self.tokens = tokens

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        row: DeviceRow | None = index.data(ROW_ROLE)
        height = round(SIZES.device_row_height * max(1.0, text_scale()))
        captioned = row is not None and row.caption is not None
        return QSize(120, height + (_caption_height() if captioned else 0))

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        row: DeviceRow | None = index.data(ROW_ROLE)
        if row is None:
            return
        painter.save()
        option = QStyleOptionViewItem(option)
        if row.caption is not None:
            self._caption(painter, option.rect, row.caption)
            option.rect = option.rect.adjusted(0, _caption_height(), 0, 0)
        rect: QRect = option.rect
        self._background(painter, option)
        ratio = painter.device().devicePixelRatioF()
        glyph = status_pixmap(row.state, self.tokens, SIZES.icon, ratio)
        lines = self._lines(rect)
        icon_y = lines[0].center().y() - SIZES.icon // 2 + 1
        painter.drawPixmap(QPointF(rect.left() + 12, icon_y), glyph)
        right = self._numbers(painter, lines, row)
        self._texts(painter, lines, right, row, option)
        painter.restore()

    def _caption(self, painter: QPainter, rect: QRect, caption: str) -> None:
        """The name of a zone above its first device."""
        box = QRect(rect.left() + 12, rect.top(), rect.width() - 12 - _RIGHT_PX, _caption_height())
        font = app_font(SIZES.caption, 600, text_scale())
        end = Qt.TextElideMode.ElideRight
        self._elided(painter, box, box.width(), caption, font, "text2", end)

    def _background(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        rect: QRect = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, self.tokens.color("accentsoft"))
            bar = QRect(rect.left(), rect.top(), _BAR_PX, rect.height())
            painter.fillRect(bar, self.tokens.color("accent"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, self.tokens.color("sunken"))
        keyboard = option.state & QStyle.StateFlag.State_KeyboardFocusChange
        if option.state & QStyle.StateFlag.State_HasFocus and keyboard:
            painter.setPen(QPen(self.tokens.color("focus"), SIZES.focus_ring))
            painter.drawRect(rect.adjusted(1, 1, -1, -1))

    def _lines(self, rect: QRect) -> tuple[QRect, QRect]:
        """The rectangles of the two lines, centred in the row."""
        scale = text_scale()
        first = QFontMetrics(app_font(SIZES.heading_large, 600, scale)).height()
        second = QFontMetrics(app_font(SIZES.dense, 400, scale)).height()
        top = rect.top() + (rect.height() - first - second) // 2
        left, width = rect.left() + _LEFT_PX, rect.width() - _LEFT_PX - _RIGHT_PX
        return QRect(left, top, width, first), QRect(left, top + first, width, second)

    def _numbers(
        self, painter: QPainter, lines: tuple[QRect, QRect], row: DeviceRow
    ) -> tuple[int, int]:
        """Draws index and band at the right; returns the widths that they take."""
        scale = text_scale()
        index_font = app_font(SIZES.heading_large, 600, scale)
        painter.setFont(index_font)
        painter.setPen(self.tokens.color("text3" if row.state == "stale" else "text1"))
        painter.drawText(lines[0], _RIGHT, row.index)
        coloured = row.state == "error" or row.band in _COLOURED_BANDS
        coloured = coloured and row.state != "stale"
        band_font = app_font(SIZES.dense, 600 if coloured else 400, scale)
        color = QColor(self.tokens.band(row.band.value) if coloured else self.tokens.text2)
        painter.setFont(band_font)
        painter.setPen(color)
        painter.drawText(lines[1], _RIGHT, row.band_shown)
        return (
            QFontMetrics(index_font).horizontalAdvance(row.index) + 8,
            QFontMetrics(band_font).horizontalAdvance(row.band_shown) + 8,
        )

    def _texts(
        self,
        painter: QPainter,
        lines: tuple[QRect, QRect],
        taken: tuple[int, int],
        row: DeviceRow,
        option: QStyleOptionViewItem,
    ) -> None:
        scale = text_scale()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        colors = {"stale": "warn", "warn": "warn", "error": "crit"}
        name_font = app_font(SIZES.body, 600 if selected else 500, scale)
        detail_font = app_font(SIZES.dense, 400, scale)
        widths = [lines[0].width() - taken[0], lines[1].width() - taken[1]]
        fits = QFontMetrics(detail_font).horizontalAdvance(row.detail) <= widths[1]
        detail = row.detail if fits else row.brief
        if row.simulated:
            wanted = [
                QFontMetrics(name_font).horizontalAdvance(row.name),
                QFontMetrics(detail_font).horizontalAdvance(detail),
            ]
            line, width = self._mark(painter, lines, widths, wanted)
            widths[line] -= width
        middle, end = Qt.TextElideMode.ElideMiddle, Qt.TextElideMode.ElideRight
        # The names of a fleet differ at their ends.
        self._elided(painter, lines[0], widths[0], row.name, name_font, "text1", middle)
        color = colors.get(row.state, "text2")
        self._elided(painter, lines[1], widths[1], detail, detail_font, color, end)

    def _mark(
        self,
        painter: QPainter,
        lines: tuple[QRect, QRect],
        widths: list[int],
        wanted: list[int],
    ) -> tuple[int, int]:
        """Draws "Simulated" after the name, or a shorter form there or in the second line,
        where the first would cut the name; returns its line and the width that it takes."""
        font = app_font(SIZES.caption, 400, text_scale())
        long, short = self.tr("Simulated"), self.tr("Sim")
        taken = {text: QFontMetrics(font).horizontalAdvance(text) + 6 for text in (long, short)}
        places = ((long, 0), (short, 0), (short, 1))
        roomy = ((t, n) for t, n in places if wanted[n] + taken[t] <= widths[n])
        text, number = next(roomy, (short, 0))
        line = lines[number]
        before = max(0, min(wanted[number], widths[number] - taken[text]))
        painter.setFont(font)
        painter.setPen(self.tokens.color("text2"))
        box = QRect(line.left() + before + 6, line.top() + 1 - number, taken[text], line.height())
        self._draw(painter, box, text)
        return number, taken[text]

    def _elided(
        self,
        painter: QPainter,
        line: QRect,
        width: int,
        text: str,
        font: QFont,
        color: str,
        mode: Qt.TextElideMode,
    ) -> None:
        painter.setFont(font)
        painter.setPen(self.tokens.color(color))
        box = QRect(line.left(), line.top(), max(0, width), line.height())
        shown = QFontMetrics(font).elidedText(text, mode, box.width())
        self._draw(painter, box, shown)

    @staticmethod
    def _draw(painter: QPainter, box: QRect, text: str) -> None:
        painter.drawText(box, _LEFT, text)


def _caption_height() -> int:
    return QFontMetrics(app_font(SIZES.caption, 600, text_scale())).height() + _CAPTION_ROOM_PX
