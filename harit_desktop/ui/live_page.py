"""The Live page: seven strips of the focus device on one time axis."""

from collections.abc import Mapping, Sequence
from time import perf_counter

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.status import LinkState
from harit_desktop.pipeline.ring import LivePoints
from harit_desktop.ui.charts.alarm_runs import alarm_runs
from harit_desktop.ui.charts.context_row import ContextRow
from harit_desktop.ui.charts.cursor import TimeCursor
from harit_desktop.ui.charts.frame import Limits, StripFrame, TimeView, view_until
from harit_desktop.ui.charts.live_data import LiveData
from harit_desktop.ui.charts.series import SeriesData, of_points
from harit_desktop.ui.charts.strip import Strip
from harit_desktop.ui.charts.strip_frames import FrameBuilder, points_in_view
from harit_desktop.ui.charts.strip_texts import (
    ChannelNow,
    channel_now,
    description,
    header_text,
    strip_name,
    value_name,
)
from harit_desktop.ui.charts.time_axis import TimeAxis
from harit_desktop.ui.charts.time_ticks import time_ticks
from harit_desktop.ui.charts.trend import UNKNOWN, Trend, trend
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.theme import LIGHT, SIZES, Tokens

SHORTEST_FRAME_US = 250_000
LONGEST_FRAME_US = 2 * US_PER_S
WIDE_FROM_PX = 1200
_MOVED_PX = 1.0

__all__ = ["LivePage", "Limits", "SeriesData"]


class LivePage(QWidget):
    """Shows what it is told and asks for the series that it lacks.

    `tick` is the only thing that draws in passing; it draws at most four times a second,
    and only where something has moved by a pixel. Nothing is drawn while hidden.
    """

    series_wanted = Signal(str)
    """The page lacks this device's series for the range that is set: call `set_series`."""
    missed_changed = Signal(int)
    """So many readings of the focus came while the display was frozen."""
    freeze_asked = Signal()
    """The space key was pressed in a strip."""

    def __init__(self, parent: QWidget | None = None, tokens: Tokens = LIGHT) -> None:
        super().__init__(parent)
        self.setObjectName("page.live")
        self._tokens = tokens
        self._data = LiveData()
        self._frames = FrameBuilder(self._data)
        self._cursor = TimeCursor(self._data)
        self._limits: dict[str, Limits] = {}
        self._link = LinkState.OFF
        self._simulated = False
        self._now_us = 0
        self._frozen_us: int | None = None
        self._missed = 0
        self._view = TimeView(0, 1, 1)
        self._drawn_us = 0
        self._drawn: dict[str, tuple[int, tuple[float, ...]]] = {}
        self._draw_soon = True
        self._moved = False
        self._trends: tuple[object, list[Trend]] = (None, [UNKNOWN] * len(CHANNELS))
        self.last_draw_ms = 0.0
        self.draw_count = 0
        self._context_row = ContextRow()
        self._strips = [Strip(channel, tokens) for channel in CHANNELS]
        self._axis = TimeAxis(tokens)
        self._lay_out()
        self._connect()
        self.set_tokens(tokens)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._context_row)
        for strip in self._strips:
            column.addWidget(strip, 1)
        column.addWidget(self._axis)

    def _connect(self) -> None:
        for strip in self._strips:
            strip.chart.hovered.connect(self._hover)
            strip.chart.unhovered.connect(self._unhover)
            strip.cursor_stepped.connect(self._step_cursor)
            strip.cursor_jumped.connect(self._jump_cursor)
            strip.cursor_dropped.connect(self._drop_cursor)
            strip.strip_left.connect(self._leave_strip)
            strip.freeze_asked.connect(self.freeze_asked)
        self._strips[0].chart.resized.connect(self._resized)

    # What the window tells the page.

    def set_range(self, key: str) -> None:
        """Chooses "15m", "1h", "24h", "7d", "30d" or "all"; ValueError for anything else."""
        if key != self._data.range_key:
            self._data.set_range(key)
            self._start_afresh()

    def set_focus(self, publisher_id: str | None) -> None:
        """Chooses the device that is drawn in ink; None for none."""
        if publisher_id != self._data.focus:
            self._data.focus = publisher_id
            self._cursor.drop()
            self._start_afresh()

    def set_series(self, publisher_id: str, series: SeriesData) -> None:
        """Replaces a device's readings by those fetched; live ones that are newer stay."""
        self._data.replace(publisher_id, series)
        if publisher_id in self._data.shown():
            self._frames.reset()
            self._draw_soon = True

    def append_points(self, publisher_id: str, points: LivePoints) -> None:
        """Adds live readings of any device, in any order of time."""
        added = of_points(points)
        if added.size == 0 or not self._data.append(publisher_id, added):
            return
        if self._frozen_us is not None:
            if publisher_id == self._data.focus:
                self._missed += added.size
                self.missed_changed.emit(self._missed)
        elif publisher_id in self._data.shown() and self._has_moved(publisher_id, added):
            self._moved = True

    def set_devices(self, devices: Sequence[DeviceState], now_us: int) -> None:
        """Takes the newest state of every device: headers, ages, context devices."""
        before = self._data.shown()
        self._data.set_devices(devices)
        self._now_us = now_us
        if self._data.shown() != before:
            self._draw_soon = True
        self._refresh_headers()

    def set_limits(self, limits: Mapping[str, tuple[float, float, float, float]]) -> None:
        """Takes the profile's (optimal low, optimal high, alarm low, alarm high) by channel."""
        self._limits = {key: Limits(*values) for key, values in limits.items()}
        self._start_afresh()

    def set_link(self, state: LinkState) -> None:
        if state != self._link:
            self._link = state
            self._draw_soon = True
            self._refresh_headers()

    def set_simulated(self, simulated: bool) -> None:
        """Marks every strip as made-up; a focus device that is simulated is marked anyway."""
        if simulated != self._simulated:
            self._simulated = simulated
            self._draw_soon = True

    def set_frozen(self, frozen: bool) -> None:
        """Stops or resumes drawing; readings are taken all the same."""
        if frozen == (self._frozen_us is not None):
            return
        self._frozen_us = self._now_us if frozen else None
        self._missed = 0
        self.missed_changed.emit(0)
        self._draw_soon = True
        self._refresh_context()
        if not frozen:
            self._refresh_headers()

    def set_tokens(self, tokens: Tokens) -> None:
        """Takes the colours of a theme, and the text size that the application has now."""
        self._tokens = tokens
        for strip in self._strips:
            strip.set_tokens(tokens)
        self._axis.set_tokens(tokens)
        self._size_headers()
        self._draw_soon = True

    def tick(self, now_us: int) -> None:
        """Moves on with the time: asks for series, refreshes headers, draws if needed."""
        self._now_us = now_us
        for publisher_id in self._data.wanted():
            self.series_wanted.emit(publisher_id)
        if not self.isVisible():
            return
        self._refresh_headers()
        if self._draw_soon or (self._frozen_us is None and self._is_due(now_us)):
            self._draw()

    def cursor_to_latest(self) -> None:
        """Puts the cursor on the newest reading and keeps it there."""
        self._jump_cursor(True)

    @property
    def missed_points(self) -> int:
        """Readings of the focus that came since the display was frozen."""
        return self._missed

    @property
    def frozen(self) -> bool:
        return self._frozen_us is not None

    @property
    def focus(self) -> str | None:
        return self._data.focus

    def shown_devices(self) -> list[str]:
        """The focus and the context devices: those whose series the page draws."""
        return self._data.shown()

    def span_us(self) -> int:
        """How much time the strips show now."""
        return self._data.span_us(self._now_us)

    def strip(self, key: str) -> Strip:
        return self._strips[CHANNEL_INDEX[key]]

    # Drawing.

    def _start_afresh(self) -> None:
        self._frames.reset()
        self._draw_soon = True
        self._refresh_headers()

    def _is_due(self, now_us: int) -> bool:
        """Whether enough time has passed and something would look different.

        A new reading moves a line by less than a pixel of time, so where a pixel is minutes
        wide the frames come more slowly.
        """
        patience_us = min(max(self._view.us_per_px / 4, SHORTEST_FRAME_US), LONGEST_FRAME_US)
        if 0 <= now_us - self._drawn_us < patience_us:
            return False
        return self._moved or self._view_at(now_us) != self._view

    def _view_at(self, now_us: int) -> TimeView:
        width_px = self._strips[0].chart.plot_width()
        return view_until(now_us, self._data.span_us(now_us), width_px)

    def _has_moved(self, publisher_id: str, added: SeriesData) -> bool:
        """Whether new readings would move a line by a pixel since it was drawn."""
        drawn = self._drawn.get(publisher_id)
        if drawn is None:
            return True
        column, ends = drawn
        if self._view.column_of(int(added.time_us.max())) != column:
            return True
        for i, strip in enumerate(self._strips):
            for value in (added.values[:, i].min(), added.values[:, i].max()):
                if abs(strip.chart.y_of(float(value)) - ends[i]) >= _MOVED_PX:
                    return True
        return False

    def _draw(self) -> None:
        """Draws all strips at the present instant, or at the one where they were frozen."""
        began_s = perf_counter()
        now_us = self._now_us if self._frozen_us is None else self._frozen_us
        if self._frozen_us is None:
            self._data.trim(now_us)
        view = self._view = self._view_at(now_us)
        ticks = tuple(time_ticks(view.start_us, view.end_us))
        for i, strip in enumerate(self._strips):
            strip.chart.show_frame(self._frame(i, view, ticks, now_us))
            points = points_in_view(self._focus_trace(i), view)
            strip.chart.setProperty("points", points)
        self._axis.show_view(view, ticks, self._strips[0].header.width())
        self._cursor.settle(view)
        self._place_cursor()
        self._drawn_us, self._draw_soon, self._moved = self._now_us, False, False
        self._remember_ends()
        self._refresh_context()
        self.draw_count += 1
        self.last_draw_ms = (perf_counter() - began_s) * 1000

    def _frame(self, i: int, view: TimeView, ticks: tuple, now_us: int) -> StripFrame:
        strip = self._strips[i]
        device = self._data.focus_device
        simulated = self._simulated or (device is not None and device.simulated)
        return self._frames.frame(
            i,
            view,
            ticks,
            self._limits,
            str(strip.property("state")),
            strip.chart.height(),
            (self._empty_text(i), self.tr("Simulated data") if simulated else ""),
        )

    def _empty_text(self, i: int) -> str:
        trace = self._focus_trace(i)
        if trace is None or trace.time_us.size == 0:
            return self.tr("Waiting for the first reading")
        return self.tr("No reading in this time range")

    def _focus_trace(self, i: int) -> object:
        focus = self._data.focus
        return None if focus is None else self._data.trace(focus, i)
