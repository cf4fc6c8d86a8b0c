"""Paints a strip's frame: shades, grid, gaps, lines, markers and the value axis."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from harit_desktop.ui.charts.alarm_runs import NO_RUNS, AlarmRuns, alarm_runs
from harit_desktop.ui.charts.annotations import Annotator, diamond
from harit_desktop.ui.charts.envelope import Line
from harit_desktop.ui.charts.flag_painter import paint_flags
from harit_desktop.ui.charts.frame import Scale, StripFrame
from harit_desktop.ui.charts.strokes import (
    band_path,
    connections,
    hatch,
    line_path,
    lone_points,
    stroke,
)
from harit_desktop.ui.charts.value_axis import draw_value_axis
from harit_desktop.ui.fonts import app_font
from harit_desktop.ui.theme import CHART, SIZES, Tokens

DOT_PX = 3.5
OLD_DOT_ALPHA = 0.55
LONE_PX = 2.5
LONE_CONTEXT_PX = 1.5
"""Radii of a reading that no line leads to or from."""
MARKER_APART_PX = 14.0
API_POINT_PX = 4.0
API_APART_PX = 7.0
"""Width of the hollow circles of readings from the API, and how near two of them stand."""
SPIKE_PX = 6.0
SPIKE_BANDS = 4.0
"""A column this many pixels and usual band heights high holds an excursion."""


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
        self._tick = app_font(SIZES.tick, 400, text_scale)
        self.runs = self._alarm_runs()
        self._notes = Annotator(frame, self.scale, tokens, text_scale)

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
            color = self.tokens.color("context")
            self._line(painter, line, color, CHART.context_px, LONE_CONTEXT_PX)
        self._limits(painter)
        self._focus(painter)
        painter.restore()
        self._marks(painter)
        draw_value_axis(painter, self.frame, self.scale, self.width, self._tick, self.tokens)
        self._notes.notes(painter)
        self._notes.gap_labels(painter)

    @property
    def end_dot(self) -> QPointF | None:
        """Where the newest reading is drawn; None where there is none in view."""
        line = self.frame.focus
        if line is None or line.size == 0 or not (self.frame.live or self.frame.old):
            return None
        x = float(self.scale.x(line.time_us[-1:])[0])
        return QPointF(x, self.scale.y_of(float(line.mean[-1]))) if x >= 0 else None

    def _alarm_runs(self) -> AlarmRuns:
        line, limits = self.frame.focus, self.frame.limits
        if line is None or limits is None or line.size == 0:
            return NO_RUNS
        found = alarm_runs(line, limits.alarm_low, limits.alarm_high)
        since = self.frame.since
        if since is None or not found.ongoing or since.side != found.onsets[-1].side:
            return found
        return found._replace(onsets=(*found.onsets[:-1], since))

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
            rect = self.scale.gap_rect(gap)
            if rect.width() >= 1:
                painter.fillRect(rect, brush)

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

    def _line(
        self, painter: QPainter, line: Line, color: QColor, width_px: float, lone_px: float
    ) -> None:
        if line.size == 0:
            return
        x, y = self.scale.x(line.time_us), self.scale.y(line.mean)
        path = line_path(x, y, connections(x.size, line.starts))
        stroke(painter, path, color, width_px)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        for point in lone_points(x, line.starts):
            painter.drawEllipse(QPointF(x[point], y[point]), lone_px, lone_px)

    def _focus(self, painter: QPainter) -> None:
        line = self.frame.focus
        if line is None or line.size == 0:
            return
        ink = self.tokens.color("ink")
        if line.dense:
            self._extremes(painter, line)
        self._line(painter, line, ink, CHART.focus_px, LONE_PX)
        runs = self.runs
        if runs.onsets:
            x, y = self.scale.x(runs.time_us), self.scale.y(runs.value)
            path = line_path(x, y, runs.connect)
            stroke(painter, path, self.tokens.color("crit"), CHART.broken_px)
            self._lone_alarms(painter, line)
        self._api_points(painter, line)

    def _api_points(self, painter: QPainter, line: Line) -> None:
        """Hollow circles on the line, as many as can be told apart."""
        if line.via_api is None or not line.via_api.any():
            return
        x, y = self.scale.x(line.time_us)[line.via_api], self.scale.y(line.mean)[line.via_api]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setBrush(self.tokens.color("surface"))
        # On a grid that does not move, or circles would jump from reading to reading.
        slots = line.time_us[line.via_api] // (API_APART_PX * self.frame.view.us_per_px)
        _, first = np.unique(slots, return_index=True)
        beyond = self._is_alarming(line.mean[line.via_api])
        for at in first:
            painter.setPen(QPen(self.tokens.color("crit" if beyond[at] else "ink"), 1.0))
            painter.drawEllipse(QPointF(x[at], y[at]), API_POINT_PX / 2, API_POINT_PX / 2)

    def _is_alarming(self, value: NDArray[np.float64]) -> NDArray[np.bool_]:
        limits = self.frame.limits
        if limits is None:
            return np.zeros(value.shape, np.bool_)
        return (value < limits.alarm_low) | (value > limits.alarm_high)

    def _lone_alarms(self, painter: QPainter, line: Line) -> None:
        limits = self.frame.limits
        if limits is None:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.tokens.color("crit"))
        x, y = self.scale.x(line.time_us), self.scale.y(line.mean)
        for point in lone_points(x, line.starts):
            if not limits.alarm_low <= line.mean[point] <= limits.alarm_high:
                painter.drawEllipse(QPointF(x[point], y[point]), LONE_PX, LONE_PX)

    def _extremes(self, painter: QPainter, line: Line) -> None:
        """The band between lowest and highest value, and single excursions from it as lines:
        in the pale band a spike of one pixel could not be seen."""
        x, upper, lower = (
            self.scale.x(line.time_us),
            self.scale.y(line.high),
            self.scale.y(line.low),
        )
        # Antialiasing so ragged an area costs four times as much and shows nothing more.
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        area = band_path(x, upper, lower, line.starts)
        painter.fillPath(area, self.tokens.color("ink", CHART.band_alpha))
        height = lower - upper
        spikes = height > max(SPIKE_PX, SPIKE_BANDS * float(np.median(height)))
        if spikes.any():
            ends = np.column_stack([upper[spikes], lower[spikes]]).ravel()
            connect = np.tile(np.array([1, 0], np.int32), int(spikes.sum()))
            path = line_path(np.repeat(x[spikes], 2), ends, connect)
            stroke(painter, path, self.tokens.color("ink"), 1.0)

    def _marks(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        surface, crit = self.tokens.color("surface"), self.tokens.color("crit")
        taken = -MARKER_APART_PX
        for onset in self.runs.onsets:
            x = self.frame.view.x_of(onset.time_us)
            if not onset.known or x < 0 or x - taken < MARKER_APART_PX:
                continue
            taken = x
            at = QPointF(x, self.scale.inside(self.scale.y_of(onset.limit), CHART.critical_px / 2))
            painter.setPen(QPen(surface, CHART.marker_edge_px))
            painter.setBrush(crit)
            painter.drawPath(diamond(at, CHART.critical_px / 2))
        paint_flags(painter, self.frame, self.scale, self.tokens)
        if self.runs.ongoing:
            self._notes.running_alarm(painter, self.runs.onsets[-1])
        dot = self.end_dot
        if dot is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            name = "crit" if self.runs.ongoing else "ink"
            painter.setBrush(self.tokens.color(name, 1.0 if self.frame.live else OLD_DOT_ALPHA))
            painter.drawEllipse(QPointF(dot.x(), self.scale.inside(dot.y(), 0)), DOT_PX, DOT_PX)
