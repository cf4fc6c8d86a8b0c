"""The chart of an alert: the channel around its onset, with the limit that was broken."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from harit_desktop.domain.alert import Alert
from harit_desktop.domain.calibration import Segment
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.ui.alerts.alert_words import level_text
from harit_desktop.ui.charts.envelope import Line, Trace, line, trace
from harit_desktop.ui.charts.frame import LEAD_PX, Limits, Scale, StripFrame, TimeView
from harit_desktop.ui.charts.gaps import Gap
from harit_desktop.ui.charts.plot_painter import PlotPainter
from harit_desktop.ui.charts.series import SeriesData
from harit_desktop.ui.charts.time_axis import TimeAxis
from harit_desktop.ui.charts.time_ticks import Tick, time_ticks
from harit_desktop.ui.charts.value_axis import axis_width
from harit_desktop.ui.charts.value_range import ValueRange, value_ticks
from harit_desktop.ui.fonts import app_font
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.theme import CHART, SIZES, Tokens, set_look
from harit_desktop.ui.words import channel_name, channel_value, number

_NEVER = 1e12
"""A limit that no value breaks."""
_MIN_HEIGHT_PX = 90
_LABEL_EDGE_PX = 6
_BESIDE_PX = 4


class OnsetChart(QWidget):
    """Draws one channel from `start_us` to `end_us`; the time axis stands below."""

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("chart.alert")
        # Drawn and described, not operated: the History page is for looking around.
        self.plot = _Plot(tokens)
        self.axis = TimeAxis(tokens)
        set_look(self, class_="surface")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.plot, 1)
        column.addWidget(self.axis)
        self.plot.resized.connect(self._lay_axis)

    @property
    def points(self) -> int:
        """Readings in the chart."""
        return self.plot.points

    def show_alert(self, alert: Alert, channel: str, start_us: int, end_us: int) -> None:
        """Sets what is to be drawn; the readings come later."""
        self.plot.show_alert(alert, channel, start_us, end_us)
        self._lay_axis()

    def set_series(self, series: SeriesData, segments: Sequence[Segment] = ()) -> None:
        """Takes the readings, and how the channel is calibrated."""
        self.plot.set_series(series, segments)
        self.setProperty("points", self.points)

    def latest(self) -> float | None:
        """The newest value that is drawn."""
        return self.plot.latest()

    def set_tokens(self, tokens: Tokens) -> None:
        self.plot.set_tokens(tokens)
        self.axis.set_tokens(tokens)
        self._lay_axis()

    def describe(self, device: str) -> None:
        """Says what is drawn to who cannot see it."""
        alert, channel = self.plot.alert, self.plot.channel
        if alert is None:
            return
        tr = QCoreApplication.translate
        self.setAccessibleName(
            tr("Alerts", "{channel} of {device} around the alert").format(
                channel=channel_name(channel), device=device
            )
        )
        low_high = self.plot.extremes()
        if low_high is None:
            text = tr("Alerts", "No stored readings of this time")
        else:
            text = tr("Alerts", "From {low} to {high}, limit {limit}").format(
                low=channel_value(channel, low_high[0]),
                high=channel_value(channel, low_high[1]),
                limit=level_text(channel, alert.limit),
            )
        self.setAccessibleDescription(text)

    def _lay_axis(self) -> None:
        view = self.plot.view
        if view is not None:
            self.axis.show_view(view, self.plot.ticks, 0)


class _Plot(QWidget):
    """The plot with its value axis."""

    resized = Signal()

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self._tokens = tokens
        self._trace: Trace | None = None
        self._span_us = (0, 1)
        self.alert: Alert | None = None
        self.channel = ""
        self.setMinimumHeight(_MIN_HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._loaded = False

    @property
    def points(self) -> int:
        return 0 if self._trace is None else int(self._trace.time_us.size)

    @property
    def view(self) -> TimeView | None:
        width = self.width() - axis_width()
        if width <= LEAD_PX:
            return None
        start_us, end_us = self._span_us
        lead_us = (end_us - start_us) * LEAD_PX // (width - LEAD_PX)
        return TimeView(start_us, end_us + lead_us, width)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        return tuple(time_ticks(*self._span_us))

    def show_alert(self, alert: Alert, channel: str, start_us: int, end_us: int) -> None:
        other = self.alert is None or (self.alert.id, self.channel) != (alert.id, channel)
        self.alert, self.channel = alert, channel
        self._span_us = (start_us, max(start_us + US_PER_S, end_us))
        if other:
            self._trace, self._loaded = None, False
        self.update()

    def set_series(self, series: SeriesData, segments: Sequence[Segment]) -> None:
        self._trace = trace(series, CHANNEL_INDEX[self.channel], segments=segments)
        self._loaded = True
        self.update()

    def set_tokens(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self.update()

    def latest(self) -> float | None:
        return None if not self.points or self._trace is None else float(self._trace.value[-1])

    def extremes(self) -> tuple[float, float] | None:
        drawn = self._line()
        if drawn is None or not drawn.size:
            return None
        return float(drawn.low.min()), float(drawn.high.max())

    def sizeHint(self) -> QSize:
        return QSize(420, 180)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        view = self.view
        if view is None or self.alert is None:
            painter.fillRect(self.rect(), self._tokens.color("surface"))
            return
        frame = self._frame(view)
        made = PlotPainter(frame, self._tokens, self.width(), self.height(), text_scale())
        made.paint(painter)
        self._limit_label(painter, made.scale)
        if not made.runs.ongoing and not made.runs.onsets:
            self._onset_line(painter, made.scale)

    # -- details -------------------------------------------------------------------------

    def _line(self) -> Line | None:
        view = self.view
        if self._trace is None or view is None:
            return None
        return line(self._trace, view.start_us, view.end_us, view.width_px)

    def _limits(self) -> Limits | None:
        """Only the limit that was broken; nothing for what has none in the channel's unit."""
        alert = self.alert
        if alert is None or alert.limit is None:
            return None
        if alert.code == "value.low":
            return Limits(alert.limit, _NEVER, alert.limit, _NEVER)
        if alert.code == "value.high":
            return Limits(-_NEVER, alert.limit, -_NEVER, alert.limit)
        return None

    def _frame(self, view: TimeView) -> StripFrame:
        drawn = self._line()
        channel = CHANNELS[CHANNEL_INDEX[self.channel]]
        there = drawn if drawn is not None and drawn.size else None
        low, high = self._range(there, channel.start, channel.min_span)
        span = ValueRange(channel.min_span)
        span.follow(low, high, 0)
        edge = (span.high - span.low) * _LABEL_EDGE_PX * text_scale() / max(20, self.height())
        positions, decimals = value_ticks(span.low + edge, span.high - edge, 5)
        running = self.alert is not None and self.alert.ended_us is None
        return StripFrame(
            view=view,
            ticks=self.ticks,
            low=span.low,
            high=span.high,
            value_ticks=tuple((at, number(at, decimals)) for at in positions),
            unit=channel.unit,
            focus=there,
            gaps=self._gaps(view),
            limits=self._limits(),
            live=running and there is not None,
            labelled_gaps=True,
            empty_text="" if there is not None else self._empty_text(),
            # A mark in a free corner: of an alert about more than one channel, which is drawn.
            simulated_text="" if self._is_named() else channel_name(self.channel),
        )

    def _is_named(self) -> bool:
        """Whether the heading of the pane says which channel is drawn."""
        return self.alert is None or self.alert.channel == self.channel

    def _empty_text(self) -> str:
        if not self._loaded:
            return QCoreApplication.translate("Alerts", "Reading the stored values…")
        return QCoreApplication.translate("Alerts", "No stored readings of this time")

    def _range(self, drawn: Line | None, start: float, span: float) -> tuple[float, float]:
        limit = None if self._limits() is None or self.alert is None else self.alert.limit
        if drawn is None:
            middle = start if limit is None else limit
            return middle - span / 2, middle + span / 2
        low, high = float(drawn.low.min()), float(drawn.high.max())
        return (low, high) if limit is None else (min(low, limit), max(high, limit))

    def _gaps(self, view: TimeView) -> tuple[Gap, ...]:
        found = self._trace
        if found is None or not found.time_us.size:
            return ()
        gaps = [
            Gap(int(begin), int(end))
            for begin, end in found.silences
            if end > view.start_us and end - begin >= view.us_per_px
        ]
        alert = self.alert
        if alert is not None and alert.code == "device.silent":
            over_us = view.end_us if alert.ended_us is None else alert.ended_us
            if not any(gap.start_us <= alert.raised_us < gap.end_us for gap in gaps):
                gaps.append(Gap(alert.raised_us, over_us))
        return tuple(gaps)

    def _limit_label(self, painter: QPainter, scale: Scale) -> None:
        """Names the limit at the left end of its line."""
        alert = self.alert
        if alert is None or self._limits() is None or alert.limit is None:
            return
        text = QCoreApplication.translate("Alerts", "limit {limit}").format(
            limit=level_text(self.channel, alert.limit)
        )
        font = app_font(SIZES.caption, 400, text_scale())
        metrics = QFontMetricsF(font)
        above = -1 if alert.code == "value.low" else 1
        y = scale.y_of(alert.limit) + above * (metrics.height() / 2 + 2)
        y = scale.inside(y, metrics.height() / 2)
        box = QRectF(
            _BESIDE_PX,
            y - metrics.height() / 2,
            metrics.horizontalAdvance(text) + 4,
            metrics.height(),
        )
        painter.setFont(font)
        painter.fillRect(box.adjusted(-2, 0, 0, 0), self._tokens.color("surface", CHART.chip_alpha))
        painter.setPen(self._tokens.color("crit"))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter), text)

    def _onset_line(self, painter: QPainter, scale: Scale) -> None:
        """When it began, where no crossing of a limit shows it."""
        # A silence is hatched from its beginning.
        if self.alert is None or self.alert.code == "device.silent":
            return
        x = round(scale.view.x_of(self.alert.raised_us))
        if 0 <= x <= scale.view.width_px:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(self._tokens.color("crit"), 1, Qt.PenStyle.DashLine))
            painter.drawLine(x, int(scale.top), x, int(scale.bottom))
