"""Paints a strip's frame: shades, grid, gaps, lines, markers and the value axis."""

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from harit_desktop.ui.charts.alarm_runs import NO_RUNS, AlarmRuns, Onset, alarm_runs
from harit_desktop.ui.charts.envelope import Line
from harit_desktop.ui.charts.frame import Scale, StripFrame
from harit_desktop.ui.charts.strokes import (
    band_path,
    connections,
    hatch,
    line_path,
    lone_points,
    stroke,
)
from harit_desktop.ui.fonts import app_font
from harit_desktop.ui.theme import CHART, SIZES, Tokens
from harit_desktop.ui.words import duration_text, moment_text

DOT_PX = 3.5
NARROW_GAP_PX = 12
MARKER_APART_PX = 14.0


class PlotPainter:
    """Draws one frame on a painter whose origin is the plot's top left corner.

    `text_scale` is the user's text size as a factor. One object draws one frame at one size.
    """

    def __init__(
        self,
        frame: StripFrame,
        tokens: Tokens,
        width: float,
        height: float,
        text_scale: float,
    ) -> None:
        self.frame = frame
        self.tokens = tokens
        self.plot_width = float(frame.view.width_px)
        self.width = width
        self.height = height
        self.scale = Scale(frame.view, frame.low, frame.high, height)
        self._caption = app_font(SIZES.caption, 400, text_scale)
        self._strong = app_font(SIZES.caption, 600, text_scale)
        self._tick = app_font(SIZES.tick, 400, text_scale)
        self.runs = self._alarm_runs()
        self._taken: list[QRectF] = []

    def paint(self, painter: QPainter) -> None:
        painter.fillRect(QRectF(0, 0, self.width, self.height), self.tokens.color("surface"))
        painter.save()
        painter.setClipRect(
            QRectF(0, self.scale.top, self.plot_width, self.scale.bottom - self.scale.top)
        )
        self._shades(painter)
        self._grid(painter)
        self._gaps(painter)
        for line in self.frame.context:
            self._line(painter, line, self.tokens.color("context"), CHART.context_px)
        self._limits(painter)
        self._focus(painter)
        painter.restore()
        self._marks(painter)
        self._axis(painter)
        self._gap_labels(painter)
        self._notes(painter)

    @property
    def end_dot(self) -> QPointF | None:
        """Where the newest reading is drawn; None where there is none in view."""
        line = self.frame.focus
        if line is None or line.size == 0 or not self.frame.live:
            return None
        return QPointF(
            float(self.scale.x(line.time_us[-1:])[0]), self.scale.y_of(float(line.mean[-1]))
        )

    def _alarm_runs(self) -> AlarmRuns:
        line, limits = self.frame.focus, self.frame.limits
        if line is None or limits is None or line.size == 0:
            return NO_RUNS
        return alarm_runs(line, limits.alarm_low, limits.alarm_high)

    def _shades(self, painter: QPainter) -> None:
        limits = self.frame.limits
        if limits is None:
            return
        top, bottom = self.scale.top, self.scale.bottom
        neutral = self.tokens.color("text3", CHART.outside_alpha)
        broken = self.tokens.color("crit", CHART.outside_broken_alpha)
        sides = self.runs.sides
        for side, optimal, alarm in (
            (1, limits.optimal_high, limits.alarm_high),
            (-1, limits.optimal_low, limits.alarm_low),
        ):
            edge = bottom if side < 0 else top
            inner = min(max(self.scale.y_of(optimal), top), bottom)
            outer = min(max(self.scale.y_of(alarm), top), bottom) if side in sides else edge
            self._fill(painter, inner, outer, neutral)
            if side in sides:
                self._fill(painter, outer, edge, broken)

    def _fill(self, painter: QPainter, y: float, until: float, color: QColor) -> None:
        if round(y) != round(until):
            painter.fillRect(
                QRectF(0, round(min(y, until)), self.plot_width, round(abs(until - y))), color
            )

    def _grid(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(self.tokens.color("grid"), 1))
        for tick in self.frame.ticks:
            x = int(self.frame.view.x_of(tick.time_us))
            painter.drawLine(x, int(self.scale.top), x, int(self.scale.bottom))

    def _gaps(self, painter: QPainter) -> None:
        ratio = painter.device().devicePixelRatioF()
        brush = hatch(self.tokens.text3, CHART.gap_alpha, ratio)
        for gap in self.frame.gaps:
            rect = self._gap_rect(gap.start_us, gap.end_us)
            if rect.width() >= 1:
                painter.fillRect(rect, brush)

    def _gap_rect(self, start_us: int, end_us: int) -> QRectF:
        view = self.frame.view
        left = max(0.0, view.x_of(start_us))
        right = min(self.plot_width, view.x_of(end_us))
        return QRectF(
            left, self.scale.top, max(0.0, right - left), self.scale.bottom - self.scale.top
        )

    def _limits(self, painter: QPainter) -> None:
        limits = self.frame.limits
        if limits is None:
            return
        sides = self.runs.sides
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for side, limit in ((-1, limits.alarm_low), (1, limits.alarm_high)):
            color = self.tokens.color("crit" if side in sides else "text3")
            pen = QPen(color, CHART.limit_px)
            pen.setDashPattern(list(CHART.limit_dash))
            painter.setPen(pen)
            y = round(self.scale.y_of(limit))
            if self.scale.top <= y <= self.scale.bottom:
                painter.drawLine(0, y, int(self.plot_width), y)

    def _line(self, painter: QPainter, line: Line, color: QColor, width_px: float) -> None:
        if line.size == 0:
            return
        x, y = self.scale.x(line.time_us), self.scale.y(line.mean)
        path = line_path(x, y, connections(x.size, line.starts))
        stroke(painter, path, color, width_px)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        for point in lone_points(x, line.starts):
            painter.drawEllipse(QPointF(x[point], y[point]), width_px * 0.7, width_px * 0.7)

    def _focus(self, painter: QPainter) -> None:
        line = self.frame.focus
        if line is None or line.size == 0:
            return
        ink = self.tokens.color("ink")
        if line.dense:
            x = self.scale.x(line.time_us)
            area = band_path(x, self.scale.y(line.high), self.scale.y(line.low), line.starts)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            painter.fillPath(area, self.tokens.color("ink", CHART.band_alpha))
        self._line(painter, line, ink, CHART.focus_px)
        runs = self.runs
        if runs.onsets:
            x, y = self.scale.x(runs.time_us), self.scale.y(runs.value)
            path = line_path(x, y, runs.connect)
            stroke(painter, path, self.tokens.color("crit"), CHART.broken_px)

    def _marks(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        surface, crit = self.tokens.color("surface"), self.tokens.color("crit")
        self._failed(painter)
        taken = -MARKER_APART_PX
        for onset in self.runs.onsets:
            x = self.frame.view.x_of(onset.time_us)
            if not onset.known or x < 0 or x - taken < MARKER_APART_PX:
                continue
            taken = x
            at = QPointF(x, self._inside(self.scale.y_of(onset.limit), CHART.critical_px / 2))
            painter.setPen(QPen(surface, CHART.marker_edge_px))
            painter.setBrush(crit)
            painter.drawPath(diamond(at, CHART.critical_px / 2))
        if self.runs.ongoing:
            self._since(painter, self.runs.onsets[-1])
        dot = self.end_dot
        if dot is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(crit if self.runs.ongoing else self.tokens.color("ink"))
            painter.drawEllipse(QPointF(dot.x(), self._inside(dot.y(), 0)), DOT_PX, DOT_PX)

    def _inside(self, y: float, margin: float) -> float:
        return min(max(y, self.scale.top + margin), self.scale.bottom - margin)

    def _failed(self, painter: QPainter) -> None:
        """A refused value is no number: a cross at the edge tells when it came."""
        painter.setPen(QPen(self.tokens.color("warn"), 1.5))
        taken = -MARKER_APART_PX
        for time_us, value in self.frame.failed:
            x = self.frame.view.x_of(time_us)
            if not 0 <= x <= self.plot_width or x - taken < MARKER_APART_PX / 2:
                continue
            taken = x
            y = self.scale.top + 5 if value > self.frame.high else self.scale.bottom - 5
            painter.drawLine(QPointF(x - 3, y - 3), QPointF(x + 3, y + 3))
            painter.drawLine(QPointF(x - 3, y + 3), QPointF(x + 3, y - 3))

    def _since(self, painter: QPainter, onset: Onset) -> None:
        """Names the running alarm beside its onset, on the side away from the line."""
        text = since_text(onset, self.frame.view.end_us)
        metrics = QFontMetricsF(self._strong)
        glyph = 14.0
        width = metrics.horizontalAdvance(text) + glyph
        x = max(0.0, self.frame.view.x_of(onset.time_us))
        left = x - CHART.critical_px / 2 - 3 - width
        if left < 4:
            left = min(x + CHART.critical_px, self.plot_width - width - 4)
        half = metrics.height() / 2
        y = self._inside(self.scale.y_of(onset.limit) - onset.side * (half + 3), half)
        box = QRectF(left, y - half, width, 2 * half)
        crit = self.tokens.color("crit")
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(crit)
        painter.drawPath(diamond(QPointF(left + 5, y), 5))
        painter.setPen(crit)
        painter.setFont(self._strong)
        painter.drawText(box.adjusted(glyph, 0, 4, 0), _LEFT, text)
        self._taken.append(box)

    def _axis(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        right, bottom = int(self.plot_width), int(self.scale.bottom)
        painter.setPen(QPen(self.tokens.color("line"), 1))
        painter.drawLine(0, bottom, right, bottom)
        painter.drawLine(right, int(self.scale.top), right, bottom)
        metrics = QFontMetricsF(self._tick)
        half = metrics.height() / 2
        painter.setFont(self._tick)
        for value, text in self.frame.value_ticks:
            y = round(self.scale.y_of(value))
            if not self.scale.top + half - 2 <= y <= self.scale.bottom - half + 2:
                continue
            painter.setPen(QPen(self.tokens.color("line"), 1))
            painter.drawLine(right, y, right + 4, y)
            painter.setPen(self.tokens.color("text3"))
            painter.drawText(QRectF(right + 7, y - half, 60, 2 * half), _LEFT, text)
        self._unit(painter)

    def _unit(self, painter: QPainter) -> None:
        if not self.frame.unit:
            return
        metrics = QFontMetricsF(self._tick)
        length = self.scale.bottom - self.scale.top
        painter.save()
        painter.translate(self.width - metrics.height() / 2 - 3, self.scale.top + length / 2)
        painter.rotate(-90)
        painter.setPen(self.tokens.color("text3"))
        painter.setFont(self._tick)
        box = QRectF(-length / 2, -metrics.height() / 2, length, metrics.height())
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), self.frame.unit)
        painter.restore()

    def _gap_labels(self, painter: QPainter) -> None:
        metrics = QFontMetricsF(self._caption)
        least = NARROW_GAP_PX if self.frame.labelled_gaps else CHART.gap_label_from_px
        for gap in sorted(self.frame.gaps, key=lambda gap: gap.start_us - gap.end_us):
            rect = self._gap_rect(gap.start_us, gap.end_us)
            if rect.width() < least:
                return
            text = no_data_text(gap.duration_s)
            width = metrics.horizontalAdvance(text) + 6
            if width > rect.width() and not self.frame.labelled_gaps:
                continue
            left = min(max(rect.center().x() - width / 2, 2.0), self.plot_width - width - 2)
            top = self._free_side(left, width, metrics.height(), (True, False))
            box = QRectF(left, top, width, metrics.height())
            if not any(box.intersects(other) for other in self._taken):
                self._chip(painter, box, text, self._caption)

    def _notes(self, painter: QPainter) -> None:
        metrics = QFontMetricsF(self._caption)
        height = metrics.height()
        if self.frame.simulated_text:
            width = metrics.horizontalAdvance(self.frame.simulated_text) + 6
            top = self._free_side(3, width, height, (False, True))
            box = QRectF(3, top, width, height)
            self._chip(painter, box, self.frame.simulated_text, self._caption)
        if self.frame.empty_text:
            width = metrics.horizontalAdvance(self.frame.empty_text) + 12
            middle = (self.scale.top + self.scale.bottom - height) / 2
            box = QRectF((self.plot_width - width) / 2, middle, width, height)
            self._chip(painter, box, self.frame.empty_text, self._caption)

    def _free_side(
        self, left: float, width: float, height: float, at_top: tuple[bool, bool]
    ) -> float:
        """The y of a note at the top or the bottom, where fewer lines pass.

        `at_top` orders the two by preference. The focus line counts for all grey ones.
        """
        tops = {True: self.scale.top + 1, False: self.scale.bottom - height - 2}
        lines = ([self.frame.focus] if self.frame.focus else []) + list(self.frame.context)
        crossed = dict.fromkeys(at_top, 0)
        for line in lines:
            x = self.scale.x(line.time_us)
            y = self.scale.y(line.mean[(x > left - 6) & (x < left + width + 6)])
            weight = len(lines) if line is self.frame.focus else 1
            for side in at_top:
                hit = (y > tops[side] - 3) & (y < tops[side] + height + 3)
                crossed[side] += weight * bool(hit.any())
        return tops[min(at_top, key=lambda side: crossed[side])]

    def _chip(self, painter: QPainter, box: QRectF, text: str, font: QFont) -> None:
        painter.fillRect(box, self.tokens.color("surface", CHART.chip_alpha))
        painter.setPen(self.tokens.color("text2"))
        painter.setFont(font)
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), text)
        self._taken.append(box)


_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


def diamond(at: QPointF, reach: float) -> QPainterPath:
    """The shape of a critical marker around a point."""
    path = QPainterPath()
    path.addPolygon(
        QPolygonF(
            [
                QPointF(at.x(), at.y() - reach),
                QPointF(at.x() + reach, at.y()),
                QPointF(at.x(), at.y() + reach),
                QPointF(at.x() - reach, at.y()),
            ]
        )
    )
    path.closeSubpath()
    return path


def since_text(onset: Onset, now_us: int) -> str:
    """Names a running alarm: "Low since 12:14"."""
    tr = QCoreApplication.translate
    if not onset.known:
        text = (
            tr("Charts", "Low since before {time}")
            if onset.side < 0
            else tr("Charts", "High since before {time}")
        )
    else:
        text = (
            tr("Charts", "Low since {time}")
            if onset.side < 0
            else tr("Charts", "High since {time}")
        )
    return text.format(time=moment_text(onset.time_us, now_us))


def no_data_text(duration_s: float) -> str:
    """Names a gap: "no data 42 min"."""
    template = QCoreApplication.translate("Charts", "no data {duration}")
    return template.format(duration=duration_text(duration_s))
