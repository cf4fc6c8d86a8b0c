"""One channel in the list of reasons: what it earned of its maximum, and what is to be known
of its value."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from harit_desktop.domain.analysis import Contribution, Flag
from harit_desktop.ui.fonts import app_font
from harit_desktop.ui.icons import status_pixmap
from harit_desktop.ui.panels.health_texts import points_spoken, points_text
from harit_desktop.ui.panels.row_notes import FLAG_NAMES, NO_NOTE, RowNote
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.theme_tokens import SIZES, Tokens
from harit_desktop.ui.words import channel_short_name

_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_LINE_PX = 26
_NOTE_PX = 10
"""What a second line adds: it moves up into the air below the first."""
_SIGN_PX = 13
_MARK_LINE_PX = 1.5


class ContributionRow(QWidget):
    """`health.contrib.<Channel>`: name, bar on a track as long as the maximum, points; a note
    below the name where there is one. Property `flag` names a quality flag."""

    def __init__(self, channel: str, tokens: Tokens) -> None:
        super().__init__()
        self.tokens = tokens
        self._part: Contribution | None = None
        self._most = 1.0
        self._stale = False
        self._note = NO_NOTE
        self._severity = ""
        self.setObjectName(f"health.contrib.{channel}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_part(
        self,
        part: Contribution,
        most: float,
        stale: bool,
        note: RowNote = NO_NOTE,
        severity: str = "",
    ) -> None:
        """Shows a contribution on a scale that ends at `most` points; `severity` is what
        `severity_of` gives."""
        shown = (self._part, self._most, self._stale, self._note, self._severity)
        if (part, most, stale, note, severity) == shown:
            return
        taller = bool(note.text) != bool(self._note.text)
        self._part, self._most, self._stale = part, max(most, 1e-9), stale
        self._note, self._severity = note, severity
        self.setAccessibleName(points_spoken(part))
        self.setAccessibleDescription(note.text)
        self.setToolTip(f"<qt>{escape(note.tip).replace(chr(10), '<br>')}</qt>" if note.tip else "")
        self.setProperty("state", _part_state(part, stale, severity))
        self.setProperty("flag", FLAG_NAMES.get(note.flag, ""))
        if taller:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        height = _LINE_PX + (_NOTE_PX if self._note.text else 0)
        return QSize(220, round(height * max(1.0, text_scale())))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        part = self._part
        if part is None:
            return
        painter = QPainter(self)
        severity = self._severity
        color = self.tokens.color(severity or ("text3" if self._stale else "text1"))
        strong = app_font(SIZES.dense, 600 if severity else 400, text_scale())
        if part.score is None:
            strong.setItalic(True)
            color = self.tokens.color("text3")
        numbers = QFontMetricsF(strong).horizontalAdvance(points_text(part)) + 2
        track_left = self._name(painter, part, severity, strong, color)
        track_right = self.width() - max(numbers, self._number_width()) - 10
        self._track(painter, part, severity, track_left, track_right)
        painter.setFont(strong)
        painter.setPen(color)
        painter.drawText(QRectF(0, 0, self.width(), self._line()), _RIGHT, points_text(part))
        if self._note.text:
            self._draw_note(painter)

    def _line(self) -> float:
        """The height of the first line."""
        return _LINE_PX * max(1.0, text_scale())

    def _number_width(self) -> float:
        """Room for the widest points, so that the tracks of all rows begin and end alike."""
        return QFontMetricsF(app_font(SIZES.dense, 600, text_scale())).horizontalAdvance(
            "00.0 / 00.0"
        )

    def _name(
        self, painter: QPainter, part: Contribution, severity: str, font: QFont, color: QColor
    ) -> float:
        left = 0.0
        if severity:
            ratio = self.devicePixelRatioF()
            sign = status_pixmap(severity, self.tokens, _SIGN_PX, ratio)
            painter.drawPixmap(QPointF(0, (self._line() - _SIGN_PX) / 2), sign)
            left = 18.0
        width = max(60.0, min(100.0 * text_scale(), self.width() * 0.41))
        painter.setFont(font)
        painter.setPen(color)
        metrics = QFontMetricsF(font)
        name = channel_short_name(part.channel)
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, width - left - 4)
        painter.drawText(QRectF(left, 0, width - left, self._line()), _LEFT, shown)
        return width

    def _draw_note(self, painter: QPainter) -> None:
        """The second line: a mark of its own shape for a flag, and the words."""
        font = app_font(SIZES.caption, 400, text_scale())
        metrics = QFontMetricsF(font)
        top = self._line() - 6 * max(1.0, text_scale())
        height = metrics.height()
        left, color = 0.0, "text3"
        if self._note.flag:
            color = "text3" if self._note.flag == Flag.MISSING else "warn"
            self._mark(painter, QPointF(6.5, top + height / 2), color)
            left = 16.0
        shown = metrics.elidedText(
            self._note.text, Qt.TextElideMode.ElideRight, self.width() - left
        )
        painter.setFont(font)
        painter.setPen(self.tokens.color(color))
        painter.drawText(QRectF(left, top, self.width() - left, height), _LEFT, shown)

    def _mark(self, painter: QPainter, at: QPointF, color: str) -> None:
        """The shape of a flag, as in the charts: a hollow triangle for suspect, a cross for
        faulty; a broken ring where there is no value. Other shapes than those of what is bad
        for the crop: whether a value is to be believed is another question."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self.tokens.color(color), _MARK_LINE_PX))
        if self._note.flag == Flag.SUSPECT:
            up, side = QPointF(0, -4.5), QPointF(5, 3.5)
            painter.drawPolygon(QPolygonF([at + up, at + side, at + QPointF(-5, 3.5)]))
        elif self._note.flag == Flag.FAIL:
            for end in (QPointF(3.5, 3.5), QPointF(3.5, -3.5)):
                painter.drawLine(at - end, at + end)
        else:
            for start in range(0, 360, 90):
                painter.drawArc(QRectF(at.x() - 4, at.y() - 4, 8, 8), start * 16, 55 * 16)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _track(
        self, painter: QPainter, part: Contribution, severity: str, left: float, right: float
    ) -> None:
        if part.score is None or right - left < 8:
            return
        scale = (right - left) / self._most
        bar = 6
        top = (self._line() - bar) // 2
        track = QRectF(left, top, round(part.maximum * scale), bar)
        painter.fillRect(track, self.tokens.color("line"))
        token = severity or ("context" if self._stale else "text3")
        filled = round(max(part.earned, 0.0) * scale)
        painter.fillRect(
            QRectF(left, top, max(filled, 2 if severity else 0), bar), self.tokens.color(token)
        )


def severity_of(part: Contribution, alarming: frozenset[str] | None = None) -> str:
    """ "crit" for a channel beyond its alarm limits, "warn" for one that is outside its range,
    "" for one inside or left out. As in the strips: no supply of a nutrient is an alarm.

    Without the `alarming` channels, one that has lost all of its score counts as one.
    """
    if not part.critical or part.score is None:
        return ""
    beyond = part.score <= 0 if alarming is None else part.channel in alarming
    return "crit" if beyond else "warn"


def _part_state(part: Contribution, stale: bool, severity: str) -> str:
    if part.score is None:
        return "empty"
    if severity == "crit":
        return "error"
    return "stale" if stale else "live"
