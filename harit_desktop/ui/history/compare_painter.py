"""Paints a strip of the History page: bands, dashed lines, runs beyond limits, gaps."""

import numpy as np
from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from harit_desktop.ui.charts.alarm_runs import AlarmRuns
from harit_desktop.ui.charts.annotations import Annotator, no_data_text
from harit_desktop.ui.charts.flag_painter import paint_flags
from harit_desktop.ui.charts.frame import Scale
from harit_desktop.ui.charts.strokes import (
    connections,
    hatch,
    line_path,
    lone_points,
    stroke,
)
from harit_desktop.ui.charts.value_axis import draw_value_axis
from harit_desktop.ui.fonts import app_font
from harit_desktop.ui.history.bands import bars, fill_bars
from harit_desktop.ui.history.compare_frame import ComparedLine, CompareFrame
from harit_desktop.ui.history.dashes import dashed
from harit_desktop.ui.theme import CHART, SIZES, Tokens

LONE_PX = 2.2
MARKER_APART_PX = 14.0
NARROW_GAP_PX = 12
NAMED_FROM_SLOT = 4
"""Of more devices than this colour and dash cannot be told apart by every eye: they are named
at the end of their lines."""
_END_PART = 0.16
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)


class ComparePainter:
    """Draws one frame at one size; its origin is the top left corner of the plot."""

    def __init__(
        self,
        frame: CompareFrame,
        tokens: Tokens,
        width: float,
        height: float,
        text_scale: float,
    ) -> None:
        self.frame = frame
        self.tokens = tokens
        self.width, self.height = width, height
        self.plot_width = float(frame.view.width_px)
        self.scale = Scale(frame.view, frame.low, frame.high, height)
        self._text_scale = text_scale
        self._tick = app_font(SIZES.tick, 400, text_scale)
        self._caption = app_font(SIZES.caption, 400, text_scale)
        self._taken: list[QRectF] = []

    @property
    def _sides(self) -> frozenset[int]:
        return frozenset().union(*(one.runs.sides for one in self.frame.lines))

    def paint(self, painter: QPainter) -> None:
        painter.fillRect(QRectF(0, 0, self.width, self.height), self.tokens.color("surface"))
        painter.save()
        top, bottom = self.scale.top, self.scale.bottom
        painter.setClipRect(QRectF(0, top, self.plot_width, bottom - top))
        self._shades(painter)
        self._grid(painter)
        self._gaps(painter)
        if not self.frame.quick:
            for one in self.frame.lines:
                self._band(painter, one)
        self._limits(painter)
        # The first device last: it lies above the others.
        for one in reversed(self.frame.lines):
            self._line(painter, one)
        painter.restore()
        if not self.frame.quick:
            self._marks(painter)
        draw_value_axis(painter, self.frame, self.scale, self.width, self._tick, self.tokens)
        notes = Annotator(self.frame, self.scale, self.tokens, self._text_scale)
        notes.notes(painter)
        self._gap_labels(painter)
        self._end_labels(painter)

    # -- below the lines ---------------------------------------------------------------

    def _shades(self, painter: QPainter) -> None:
        """Only what is beyond a limit that was passed is shaded: with several lines on it, a
        grey ground would make all of them harder to follow."""
        limits = self.frame.limits
        if limits is None:
            return
        broken = self.tokens.color("crit", CHART.outside_broken_alpha)
        for side, alarm in ((1, limits.alarm_high), (-1, limits.alarm_low)):
            if side in self._sides:
                y = min(max(self.scale.y_of(alarm), self.scale.top), self.scale.bottom)
                edge = self.scale.bottom if side < 0 else self.scale.top
                rect = QRectF(0, round(min(y, edge)), self.plot_width, round(abs(edge - y)))
                painter.fillRect(rect, broken)

    def _grid(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(self.tokens.color("grid"), 1))
        for tick in self.frame.ticks:
            x = int(self.frame.view.x_of(tick.time_us))
            painter.drawLine(x, int(self.scale.top), x, int(self.scale.bottom))
        pen = QPen(self.tokens.color("info"), 1)
        pen.setDashPattern([2.0, 3.0])
        painter.setPen(pen)
        for time_us in self.frame.notes_us:
            x = int(self.frame.view.x_of(time_us))
            painter.drawLine(x, int(self.scale.top), x, int(self.scale.bottom))

    def _gaps(self, painter: QPainter) -> None:
        ratio = painter.device().devicePixelRatioF()
        brush = hatch(self.tokens.text3, CHART.gap_alpha, ratio)
        for gap in self.frame.gaps:
            rect = self.scale.gap_rect(gap)
            if rect.width() >= 1:
                painter.fillRect(rect, brush)

    def _limits(self, painter: QPainter) -> None:
        limits = self.frame.limits
        if limits is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for side, limit in ((-1, limits.alarm_low), (1, limits.alarm_high)):
            color = self.tokens.color("crit" if side in self._sides else "text3")
            pen = QPen(color, CHART.limit_px)
            pen.setDashPattern(list(CHART.limit_dash))
            painter.setPen(pen)
            y = round(self.scale.y_of(limit))
            if self.scale.top <= y <= self.scale.bottom:
                painter.drawLine(0, y, int(self.plot_width), y)

    # -- the lines ---------------------------------------------------------------------

    def _color(self, one: ComparedLine, alpha: float = 1.0) -> QColor:
        return self.tokens.color(self.tokens.device(one.slot).color, alpha)

    def _band(self, painter: QPainter, one: ComparedLine) -> None:
        if not one.line.dense:
            return
        x = self.scale.x(one.line.time_us)
        upper, lower = self.scale.y(one.line.high), self.scale.y(one.line.low)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        found = bars(x, upper, lower, one.line.starts)
        fill_bars(painter, found, self._color(one, CHART.band_alpha))

    def _line(self, painter: QPainter, one: ComparedLine) -> None:
        x, y = self.scale.x(one.line.time_us), self.scale.y(one.line.mean)
        color = self._color(one)
        pattern = tuple(CHART.compare_px * part for part in self.tokens.device(one.slot).dash)
        joins = connections(x.size, one.line.starts)
        if one.runs.onsets and not self.frame.quick:
            self._beyond(painter, one.runs)
        path = line_path(*dashed(x, y, joins, pattern))
        stroke(painter, path, color, 1.0 if self.frame.quick else CHART.compare_px)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        for point in lone_points(x, one.line.starts):
            painter.drawEllipse(QPointF(x[point], y[point]), LONE_PX, LONE_PX)

    def _beyond(self, painter: QPainter, runs: AlarmRuns) -> None:
        """What is beyond a limit, broad and red under the device's own line: one still sees
        whose it is."""
        used = runs.connect.astype(bool)
        used[1:] |= runs.connect[:-1].astype(bool)
        x, y = self.scale.x(runs.time_us[used]), self.scale.y(runs.value[used])
        path = line_path(x, y, runs.connect[used])
        stroke(painter, path, self.tokens.color("crit"), CHART.compare_px + 2)

    # -- above the lines ---------------------------------------------------------------

    def _marks(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        reach = CHART.critical_px / 2
        onsets = sorted(onset for one in self.frame.lines for onset in one.runs.onsets)
        taken = -MARKER_APART_PX
        painter.setBrush(self.tokens.color("crit"))
        painter.setPen(QPen(self.tokens.color("surface"), CHART.marker_edge_px))
        for onset in onsets:
            x = self.frame.view.x_of(onset.time_us)
            if onset.known and x >= 0 and x - taken >= MARKER_APART_PX:
                taken = x
                y = self.scale.inside(self.scale.y_of(onset.limit), reach)
                diamond = [(0.0, -reach), (reach, 0.0), (0.0, reach), (-reach, 0.0)]
                painter.drawPolygon([QPointF(x + dx, y + dy) for dx, dy in diamond])
        paint_flags(painter, self.frame, self.scale, self.tokens)

    def _gap_labels(self, painter: QPainter) -> None:
        """Names gaps, the widest first, where the words have room and cover no others."""
        metrics = QFontMetricsF(self._caption)
        first = self.frame.labelled_gaps
        least = NARROW_GAP_PX if first else CHART.gap_label_from_px
        for named in sorted(self.frame.named_gaps, key=lambda n: n.gap.start_us - n.gap.end_us):
            rect = self.scale.gap_rect(named.gap)
            if rect.width() < least:
                return
            for text in gap_label(named.gap.duration_s, named.reason):
                width = metrics.horizontalAdvance(text) + 8
                if width <= rect.width() or (first and width <= rect.width() + 160):
                    break
            else:
                continue
            left = min(max(rect.center().x() - width / 2, 2.0), self.plot_width - width - 2)
            top = self._free_top(left, width, metrics.height())
            box = QRectF(left, top, width, metrics.height())
            if not any(box.intersects(other) for other in self._taken):
                self._chip(painter, box, text)

    def _free_top(self, left: float, width: float, height: float) -> float:
        """At the top of the strip, or at its bottom where more lines pass above."""
        tops = (self.scale.top + 1, self.scale.bottom - height - 2)
        crossed = []
        for top in tops:
            count = 0
            for one in self.frame.lines:
                x = self.scale.x(one.line.time_us)
                y = self.scale.y(one.line.mean[(x > left - 4) & (x < left + width + 4)])
                count += bool(((y > top - 2) & (y < top + height + 2)).any())
            crossed.append(count)
        return tops[int(np.argmin(crossed))]

    def _end_labels(self, painter: QPainter) -> None:
        metrics = QFontMetricsF(self._caption)
        for one in self.frame.lines:
            if one.slot < NAMED_FROM_SLOT:
                continue
            most = min(110.0, self.plot_width * _END_PART)
            text = metrics.elidedText(one.name, Qt.TextElideMode.ElideRight, most)
            width = metrics.horizontalAdvance(text) + 8
            x = float(self.scale.x(one.line.time_us[-1:])[0])
            y = self.scale.inside(self.scale.y_of(float(one.line.mean[-1])), metrics.height() / 2)
            left = max(2.0, min(x, self.plot_width) - width - 4)
            box = QRectF(left, y - metrics.height() / 2, width, metrics.height())
            while any(box.intersects(other) for other in self._taken):
                box.translate(0, box.height())
                if box.bottom() > self.scale.bottom:
                    break
            self._chip(painter, box, text, self._color(one))

    def _chip(self, painter: QPainter, box: QRectF, text: str, color: QColor | None = None) -> None:
        painter.fillRect(box, self.tokens.color("surface", CHART.chip_alpha))
        painter.setPen(color or self.tokens.color("text2"))
        painter.setFont(self._caption)
        painter.drawText(box, _CENTRE, text)
        self._taken.append(box)


def gap_label(duration_s: float, reason: str) -> tuple[str, ...]:
    """What may be said of a gap, the fullest first."""
    plain = no_data_text(duration_s)
    if not reason:
        return (plain,)
    both = QCoreApplication.translate("Charts", "{gap} · {reason}")
    return both.format(gap=plain, reason=reason), reason, plain
