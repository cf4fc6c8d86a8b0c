"""The key of the quality marks that are in view: each shape with its word."""

from collections.abc import Iterator

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from harit_desktop.domain.analysis import Flag
from harit_desktop.ui.charts.flag_painter import PAINTERS
from harit_desktop.ui.fonts import app_font
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.quality_texts import flag_word
from harit_desktop.ui.theme import SIZES, Tokens
from harit_desktop.ui.words import joined

ORDER = (Flag.SUSPECT, Flag.FAIL, Flag.PASS)
_GLYPH_PX = 15
_APART_PX = 10
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class FlagLegend(QWidget):
    """`live.context.flags`; takes no room while nothing is flagged."""

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("live.context.flags")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self._tokens = tokens
        self._kinds: frozenset[Flag] = frozenset()
        self.hide()

    def show_kinds(self, kinds: frozenset[Flag]) -> None:
        """Takes which marks are in view; PASS stands for what is unusual."""
        if kinds != self._kinds:
            self._kinds = kinds
            self.setVisible(bool(kinds))
            self.set_words()

    def set_tokens(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self.set_words()

    def set_words(self) -> None:
        """Follows a change of language or text size."""
        self.setAccessibleName(joined([word for _, word in self._entries()]))
        self.updateGeometry()
        self.update()

    def _entries(self) -> Iterator[tuple[Flag, str]]:
        for flag in ORDER:
            if flag in self._kinds:
                yield flag, self.tr("unusual") if flag == Flag.PASS else flag_word(flag)

    def sizeHint(self) -> QSize:
        metrics = self._metrics()
        widths = [_GLYPH_PX + metrics.horizontalAdvance(word) for _, word in self._entries()]
        return QSize(round(sum(widths) + _APART_PX * len(widths)), round(metrics.height()) + 4)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(app_font(SIZES.caption, 400, text_scale()))
        x, middle = 0.0, self.height() / 2
        for flag, word in self._entries():
            PAINTERS[flag](painter, QPointF(x + 6, middle + 0.5), self._tokens)
            width = self._metrics().horizontalAdvance(word) + 1
            painter.setPen(self._tokens.color("text2"))
            painter.drawText(QRectF(x + _GLYPH_PX, 0, width, self.height()), _LEFT, word)
            x += _GLYPH_PX + width + _APART_PX

    def _metrics(self) -> QFontMetricsF:
        return QFontMetricsF(app_font(SIZES.caption, 400, text_scale()))
