"""The painted parts of the soil-health panel: band bar and sparkline."""

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from harit_desktop.domain.analysis import BAND_FLOORS, Band, band_of
from harit_desktop.ui.fonts import app_font
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.theme_tokens import SIZES, Tokens
from harit_desktop.ui.words import count

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
        self._span: tuple[float, float] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_span(self, span: tuple[float, float] | None) -> None:
        """Marks between which points the index may be; None where nobody can say."""
        if span != self._span:
            self._span = span
            self.update()

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
        if self._span is not None:
            self._whiskers(painter, *map(self._x, self._span))
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

    def _whiskers(self, painter: QPainter, left: float, right: float) -> None:
        """A line with two ends above the bar, on which the pointer stands."""
        middle = self._POINTER_PX - 3.5
        low, high = round(max(1.0, left)) + 0.5, round(min(self.width() - 2.0, right)) - 0.5
        painter.setPen(QPen(self.tokens.color("text3"), 1))
        painter.drawLine(QPointF(low, middle), QPointF(high, middle))
        for x in (low, high):
            painter.drawLine(QPointF(x, middle - 3), QPointF(x, middle + 3))

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
        self._after_us = 0
        self._told: object = None
        self._held: object = None
        self.setFixedHeight(26)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(86, 26)

    def minimumSizeHint(self) -> QSize:
        """Gives way to the word beside it, which says more."""
        return QSize(30, 26)

    def set_points(
        self, times_us: Sequence[int], index: Sequence[float], band: Band, after_us: int = 0
    ) -> None:
        """Takes the index over time (NaN where withheld); `band` colours its last point. What
        was judged otherwise, up to `after_us`, is pale and not joined with the rest. The same
        sequences are not read again."""
        told = (id(times_us), id(index), band, after_us)
        if told == self._told:
            return
        # Kept, so that no other sequence can have the identity of these.
        self._told, self._held = told, (times_us, index)
        pairs = zip(times_us, index, strict=True)
        self._points = [(float(at), float(value)) for at, value in pairs if value == value]
        self._band, self._after_us = band, after_us
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if len(self._points) < 2:
            return
        points = self._placed()
        older = sum(at <= self._after_us for at, _ in self._points)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for part, color in ((points[:older], "line"), (points[older:], "text3")):
            painter.setPen(QPen(self.tokens.color(color), 1))
            painter.drawPath(self._path(part))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.tokens.color(self.tokens.band(self._band.value)))
        painter.drawEllipse(points[-1], 3, 3)

    def _path(self, points: Sequence[QPointF]) -> QPainterPath:
        """The line through points, broken where nothing is known for long."""
        path = QPainterPath(points[0]) if points else QPainterPath()
        widest = self.width() / self._GAP_PARTS
        for before, after in pairwise(points):
            if after.x() - before.x() > widest:
                path.moveTo(after)
            else:
                path.lineTo(after)
        return path

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
