"""The painted parts of the soil-health panel: band bar, sparkline, contribution row."""

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from harit_desktop.domain.analysis import BAND_FLOORS, Band, Contribution, band_of
from harit_desktop.ui.fonts import app_font
from harit_desktop.ui.icons import status_pixmap
from harit_desktop.ui.panels.health_texts import points_spoken, points_text
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.theme_tokens import SIZES, Tokens
from harit_desktop.ui.words import channel_short_name, count

_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class BandBar(QWidget):
    """The scale of 0 to 100 in its five bands; only the band of the index is filled."""

    _POINTER_PX = 8
    _BAR_PX = 10
    _GAP_PX = 2

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self.tokens = tokens
        self._index: int | None = None
        self._stale = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_index(self, index: int | None, stale: bool) -> None:
        """Points to an index; nothing is filled for None, and grey stands for an old one."""
        if (index, stale) != (self._index, self._stale):
            self._index, self._stale = index, stale
            self.update()

    def sizeHint(self) -> QSize:
        text = QFontMetricsF(app_font(SIZES.caption, 600, text_scale())).height()
        return QSize(200, round(self._POINTER_PX + self._BAR_PX + 3 + text))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        floors = sorted(floor for floor, _ in BAND_FLOORS)
        current = None if self._index is None else band_of(self._index)
        for floor, ceiling in zip(floors, [*floors[1:], 100], strict=True):
            band = band_of(floor)
            left, right = round(self._x(floor)), round(self._x(ceiling))
            gap = self._GAP_PX if ceiling < 100 else 0
            color = self.tokens.color("line")
            if band is current:
                color = self.tokens.color("text3" if self._stale else self.tokens.band(band.value))
            painter.fillRect(left, self._POINTER_PX, right - left - gap, self._BAR_PX, color)
            self._label(painter, floor, band is current)
        self._label(painter, 100, False)
        if self._index is not None:
            self._pointer(painter, self._x(self._index))

    def _x(self, points: float) -> float:
        return points / 100 * self.width()

    def _label(self, painter: QPainter, points: int, strong: bool) -> None:
        font = app_font(SIZES.caption, 600 if strong else 400, text_scale())
        width = QFontMetricsF(font).horizontalAdvance(count(points)) + 2
        left = min(self._x(points), self.width() - width)
        top = self._POINTER_PX + self._BAR_PX + 2
        painter.setFont(font)
        painter.setPen(self.tokens.color("text1" if strong else "text2"))
        painter.drawText(QRectF(left, top, width, self.height() - top), _LEFT, count(points))

    def _pointer(self, painter: QPainter, x: float) -> None:
        x = min(max(x, 6.0), self.width() - 6.0)
        tip = self._POINTER_PX + 2.0
        shape = QPolygonF([QPointF(x - 6, 1), QPointF(x + 6, 1), QPointF(x, tip)])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.tokens.color("window"), 1.5))
        painter.setBrush(self.tokens.color("text1"))
        painter.drawPolygon(shape)


class Sparkline(QWidget):
    """The index over a day, without axes: only whether it holds, climbs or falls."""

    _LEAST_SPAN = 20.0
    """Smallest height in points: a change of one must not look like a cliff."""
    _GAP_PARTS = 12

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self.tokens = tokens
        self._points: list[tuple[float, float]] = []
        self._band = Band.UNKNOWN
        self.setFixedSize(86, 26)

    def set_points(self, times_us: Sequence[int], index: Sequence[float], band: Band) -> None:
        """Takes the index over time (NaN where withheld); `band` colours its last point."""
        pairs = zip(times_us, index, strict=True)
        self._points = [(float(at), float(value)) for at, value in pairs if value == value]
        self._band = band
        self.update()

    def set_band(self, band: Band) -> None:
        if band is not self._band:
            self._band = band
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if len(self._points) < 2:
            return
        points = self._placed()
        path = QPainterPath(points[0])
        widest = self.width() / self._GAP_PARTS
        for before, after in pairwise(points):
            if after.x() - before.x() > widest:
                path.moveTo(after)
            else:
                path.lineTo(after)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.tokens.color("text3"), 1))
        painter.drawPath(path)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.tokens.color(self.tokens.band(self._band.value)))
        painter.drawEllipse(points[-1], 3, 3)

    def _placed(self) -> list[QPointF]:
        start, end = self._points[0][0], self._points[-1][0]
        values = [value for _, value in self._points]
        middle = (min(values) + max(values)) / 2
        span = max(max(values) - min(values), self._LEAST_SPAN)
        width, height = self.width() - 7, self.height() - 8
        return [
            QPointF(
                1 + (at - start) / max(1.0, end - start) * width,
                4 + (0.5 - (value - middle) / span) * height,
            )
            for at, value in self._points
        ]


class ContributionRow(QWidget):
    """`health.contrib.<Channel>`: name, bar on a track as long as the maximum, points."""

    def __init__(self, channel: str, tokens: Tokens) -> None:
        super().__init__()
        self.tokens = tokens
        self._part: Contribution | None = None
        self._most = 1.0
        self._stale = False
        self.setObjectName(f"health.contrib.{channel}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_part(self, part: Contribution, most: float, stale: bool) -> None:
        """Shows a contribution on a scale that ends at `most` points."""
        if (part, most, stale) == (self._part, self._most, self._stale):
            return
        self._part, self._most, self._stale = part, max(most, 1e-9), stale
        self.setAccessibleName(points_spoken(part))
        self.setProperty("state", _part_state(part, stale))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(220, round(26 * max(1.0, text_scale())))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        part = self._part
        if part is None:
            return
        painter = QPainter(self)
        severity = severity_of(part)
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
        painter.drawText(QRectF(self.rect()), _RIGHT, points_text(part))

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
            sign = status_pixmap(severity, self.tokens, 13, ratio)
            painter.drawPixmap(QPointF(0, (self.height() - 13) / 2), sign)
            left = 18.0
        width = max(60.0, min(100.0 * text_scale(), self.width() * 0.38))
        painter.setFont(font)
        painter.setPen(color)
        metrics = QFontMetricsF(font)
        name = channel_short_name(part.channel)
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, width - left - 4)
        painter.drawText(QRectF(left, 0, width - left, self.height()), _LEFT, shown)
        return width

    def _track(
        self, painter: QPainter, part: Contribution, severity: str, left: float, right: float
    ) -> None:
        if part.score is None or right - left < 8:
            return
        scale = (right - left) / self._most
        bar = 6
        top = (self.height() - bar) // 2
        track = QRectF(left, top, round(part.maximum * scale), bar)
        painter.fillRect(track, self.tokens.color("line"))
        token = severity or ("context" if self._stale else "text3")
        filled = round(max(part.earned, 0.0) * scale)
        painter.fillRect(
            QRectF(left, top, max(filled, 2 if severity else 0), bar), self.tokens.color(token)
        )


def severity_of(part: Contribution) -> str:
    """ "crit" for a channel that has lost all of its score, "warn" for one that is outside
    its range, "" for one inside or left out."""
    if not part.critical or part.score is None:
        return ""
    return "crit" if part.score <= 0 else "warn"


def _part_state(part: Contribution, stale: bool) -> str:
    if part.score is None:
        return "empty"
    if severity_of(part) == "crit":
        return "error"
    return "stale" if stale else "live"
