"""The Live page: seven strips of the focus device on one time axis."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from harit_desktop.domain.analysis import ProfileLimits
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.device_book import DeviceBook
from harit_desktop.domain.status import LinkState
from harit_desktop.pipeline.ring import LivePoints
from harit_desktop.ui.charts.context_row import ContextRow
from harit_desktop.ui.charts.frame import Limits
from harit_desktop.ui.charts.live_data import LiveData
from harit_desktop.ui.charts.series import SeriesData, of_points, reasons_of
from harit_desktop.ui.charts.strip import Strip
from harit_desktop.ui.charts.strip_stack import StripStack
from harit_desktop.ui.charts.strip_texts import (
    channel_now,
    description,
    header_text,
    strip_name,
    value_name,
    with_calibration,
)
from harit_desktop.ui.charts.trend import UNKNOWN, Trend, trend
from harit_desktop.ui.theme import LIGHT, Tokens
from harit_desktop.ui.words import clock_text

SHORTEST_FRAME_US = 250_000
LONGEST_FRAME_US = 2 * US_PER_S
TREND_EVERY_US = US_PER_S // 2
DESCRIBED_EVERY_US = US_PER_S
"""So often a screen reader is given all texts anew; of a new state it is at once."""
STRIPS_A_TICK = 2
"""Of those that move on with the time, where they are drawn in turn; one where a pixel is so
much time that they seldom do."""


class LivePage(QWidget):
    """Shows what it is told and asks for the series that it lacks.

    Only `tick` draws: at most four times a second, where something has moved by a pixel or
    was told anew, and never while hidden. With `in_turn` strips that only move on do so in a
    few ticks, all to the same instant: the window answers in between.
    """

    series_wanted = Signal(str)
    """The page lacks this device's series for the range that is set: call `set_series`."""
    missed_changed = Signal(int)
    """So many readings of the focus came while the display was frozen."""
    freeze_asked = Signal()
    """The space key was pressed in a strip."""
    reasons_wanted = Signal(str, object, object)
    """Why is the row of a device at this instant flagged, which stands for so much time (both in
    microseconds)? Call `set_reasons`."""

    def __init__(self, parent: QWidget | None = None, tokens: Tokens = LIGHT) -> None:
        super().__init__(parent)
        self.setObjectName("page.live")
        self.setAccessibleName(self.tr("Live"))
        self._data = LiveData()
        self._limits: dict[str, Limits] = {}
        self._book = DeviceBook()
        self._link = LinkState.OFF
        self._simulated = False
        self.in_turn = False
        self._now_us = 0
        self._frozen_us: int | None = None
        self._cut_us: int | None = None
        self._missed = 0
        self._drawn_us = 0
        self._draw_soon = True
        self._moved = False
        self._headers_s = -1
        self._described_us = 0
        self._describes = 0
        self._trends_us = 0
        self._trends: tuple[object, list[Trend]] = (None, [])
        self._context_row = ContextRow(tokens)
        self.stack = StripStack(self._data, tokens)
        self.stack.freeze_asked.connect(self.freeze_asked)
        self.stack.resized.connect(self._draw_shortly)
        self.stack.why_asked.connect(self._ask_why)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._context_row)
        column.addWidget(self.stack, 1)

    def set_range(self, key: str) -> None:
        """Chooses "15m", "1h", "24h", "7d", "30d" or "all"; ValueError for anything else."""
        if key != self._data.range_key:
            self._data.set_range(key)
            self._start_afresh()

    def set_focus(self, publisher_id: str | None) -> None:
        """Chooses the device that is drawn in ink; None for none."""
        if publisher_id != self._data.focus:
            self._data.focus = publisher_id
            self.stack.drop_cursor()
            self._start_afresh()

    def set_series(self, publisher_id: str, series: SeriesData, partial: bool = False) -> None:
        """Replaces a device's readings by those fetched; live ones that are newer stay.
        With `partial` a part of the store did not answer, and older ones stay as well."""
        self._data.replace(publisher_id, series, partial)
        if publisher_id in self._data.shown():
            self._start_afresh()

    def append_points(self, publisher_id: str, points: LivePoints) -> None:
        """Adds live readings of any device, in any order of time."""
        added = of_points(points)
        if added.size == 0 or not self._data.append(publisher_id, added):
            return
        for time_us, reasons in reasons_of(points):
            self._data.reasons.add(publisher_id, time_us, dict(reasons))
        if self._frozen_us is not None:
            if publisher_id == self._data.focus:
                self._missed += added.size
                self.missed_changed.emit(self._missed)
        elif publisher_id in self._data.shown():
            self._moved = self._moved or self.stack.has_moved(publisher_id, added)
            self.stack.settle_cursor()

    def set_devices(self, devices: Sequence[DeviceState], now_us: int) -> None:
        """Takes the newest state of every device: headers, ages, context devices."""
        before = self._data.shown()
        self._data.set_devices(devices)
        self._now_us = now_us
        if self._data.shown() != before:
            self._draw_soon = True
        self._refresh_headers()

    def set_corrections(self, corrections: Corrections) -> None:
        """Takes the calibrations by which everything is shown from now on."""
        self._data.set_corrections(corrections)
        self._start_afresh()

    def set_book(self, book: DeviceBook) -> None:
        """Takes the names that people gave their devices, and which they hid."""
        self._book = book
        self._data.hidden = frozenset(
            record.publisher_id for record in book.records.values() if record.hidden
        )
        self._draw_soon = True
        self._refresh_headers()

    def set_reasons(
        self, publisher_id: str, row_us: int, found: Sequence[Mapping[str, str]]
    ) -> None:
        """Takes the reason codes, by channel, of the readings behind a row of the charts."""
        self._data.reasons.add_bucket(publisher_id, row_us, found)
        self.stack.explain_cursor()

    def set_unusual(self, publisher_id: str, found: Sequence[tuple[str, int]]) -> None:
        """Takes (channel, instant) of what was believed and yet unusual at a device."""
        if self._data.set_unusual(publisher_id, found):
            self._draw_soon = True

    def set_limits(self, limits: ProfileLimits) -> None:
        """Takes the profile's (optimal low, optimal high, alarm low, alarm high) by channel."""
        taken = {key: Limits(*values) for key, values in limits.items()}
        if taken != self._limits:
            self._limits = taken
            self._start_afresh()

    def set_link(self, state: LinkState) -> None:
        """Takes the subscriber's connection: a drop is hatched from its first second on."""
        if state != self._link:
            self._link = state
            self._refresh_headers()
            self._draw_soon = True

    def set_away(self, text: str) -> None:
        """Takes that a part of the store does not answer, in words; "" where all does."""
        if text != self._data.away_text:
            self._data.away_text = text
            self._refresh_headers()
            self._draw_soon = True

    def read_again(self) -> None:
        """Asks for every series in view anew; what is drawn stays until it comes."""
        self._data.doubt()
        for publisher_id in self._data.shown():
            self.series_wanted.emit(publisher_id)

    def set_simulated(self, simulated: bool) -> None:
        """Marks every strip as made-up; a focus device that is simulated is marked anyway."""
        if simulated != self._simulated:
            self._simulated = simulated
            self._draw_soon = True

    def set_frozen(self, frozen: bool) -> None:
        """Stops or resumes drawing; readings are taken all the same."""
        if frozen == self.frozen:
            return
        self._frozen_us = self._now_us if frozen else None
        # A probe's clock may be ahead: what is already drawn stays.
        self._cut_us = max(self._now_us, self._data.newest_us()) if frozen else None
        self._data.until_us = self._cut_us
        self._missed = 0
        self.missed_changed.emit(0)
        self._start_afresh()

    def set_tokens(self, tokens: Tokens) -> None:
        """Takes the colours of a theme, and the text size that the application has now."""
        self.stack.set_tokens(tokens)
        self._context_row.flags.set_tokens(tokens)
        self._draw_soon = True

    def tick(self, now_us: int, busy: bool = False) -> None:
        """Moves on with the time: asks for series, refreshes headers, draws if needed. In a
        `busy` moment strips that are drawn in turn wait for the next tick."""
        self._now_us = now_us
        for publisher_id in self._data.wanted():
            self.series_wanted.emit(publisher_id)
        if not self.isVisible():
            return
        if now_us // US_PER_S != self._headers_s:
            self._refresh_headers()
        if self._draw_soon:
            self._draw()
        elif busy and self.in_turn:
            return
        elif self.stack.is_drawing:
            self._go_on(self._strips_a_tick())
        elif self._frozen_us is None and self._is_due(now_us):
            self._draw(self._strips_a_tick() if self.in_turn else None)

    def cursor_to_latest(self) -> None:
        """Puts the cursor on the newest reading and keeps it there."""
        self.stack.jump_cursor(True)

    @property
    def frozen(self) -> bool:
        return self._frozen_us is not None

    @property
    def focus(self) -> str | None:
        return self._data.focus

    def span_us(self) -> int:
        """How much time the strips show now."""
        return self._data.span_us(self._now_us)

    def strip(self, key: str) -> Strip:
        """The strip of a channel; KeyError for a key that is not in the catalogue."""
        return self.stack.strips[CHANNEL_INDEX[key]]

    def _ask_why(self) -> None:
        time_us, focus = self.stack.asks_why(), self._data.focus
        data = None if focus is None else self._data.data(focus)
        if time_us is not None and data is not None:
            self.reasons_wanted.emit(focus, time_us, data.bucket_us)

    def _focus_name(self) -> str:
        """The focus device as its owner calls it; "" for none."""
        focus = self._data.focus or ""
        record = self._book.records.get(focus)
        return focus if record is None or not record.name else record.name

    def _start_afresh(self) -> None:
        self._trends, self._described_us = (None, []), 0
        self.stack.fit_afresh()
        self._refresh_headers()
        self._draw_soon = True

    def _draw_shortly(self) -> None:
        """After a change of size, once the layout has settled."""
        if not self._draw_soon:
            self._draw_soon = True
            QTimer.singleShot(0, self, self._draw_if_shown)

    def _draw_if_shown(self) -> None:
        if self._draw_soon and self.isVisible():
            self._draw()

    def _is_due(self, now_us: int) -> bool:
        """Whether enough time has passed and something would look different.

        A frame lasts about a pixel of time, so that what the clock moves and what a reading
        moves are drawn at once. The numbers beside the strips do not wait for it.
        """
        patience_us = min(max(self.stack.view.us_per_px, SHORTEST_FRAME_US), LONGEST_FRAME_US)
        if 0 <= now_us - self._drawn_us < patience_us:
            return False
        return self._moved or self.stack.view_at(now_us) != self.stack.view

    def _strips_a_tick(self) -> int:
        return 1 if self.stack.view.us_per_px >= LONGEST_FRAME_US else STRIPS_A_TICK

    def _draw(self, strips: int | None = None) -> None:
        """Draws all strips, or begins with so many of them."""
        if self._frozen_us is None:
            self._data.trim(self._now_us)
            now_us = self._now_us
        else:
            now_us = self._frozen_us
        device = self._data.focus_device
        simulated = self._simulated or (device is not None and device.simulated)
        self.stack.begin(now_us, self._limits, simulated, self._cut_us)
        self._drawn_us, self._draw_soon, self._moved = self._now_us, False, False
        self._go_on(len(self.stack.strips) if strips is None else strips)

    def _go_on(self, strips: int) -> None:
        self.stack.go_on(strips)
        if not self.stack.is_drawing:
            self._context_row.flags.show_kinds(self.stack.flag_kinds())

    def _refresh_headers(self) -> None:
        """Values, trends, states and spoken texts of the strips; cheap where nothing changed."""
        frozen_at = "" if self._frozen_us is None else clock_text(self._frozen_us, seconds=True)
        others = bool(self._data.context())
        away = self._data.partial_text()
        device_name = self._focus_name()
        self._context_row.show_text(
            device_name or None, others, frozen_at, bool(self._limits), away
        )
        if self._frozen_us is not None:
            return
        focus, device = self._data.focus or "", self._data.focus_device
        trends = self._fresh_trends()
        span_s = self._data.span_us(self._now_us) / US_PER_S
        heard = 0 < self._now_us - self._described_us < DESCRIBED_EVERY_US
        for i, strip in enumerate(self.stack.strips):
            limits = self._limits.get(strip.channel.key)
            silent = self._data.never_sent(i)
            now = channel_now(strip.channel, device, self._link, limits, self._now_us, silent)
            now = with_calibration(now, self._data.sent.get(focus), self._data.corrections)
            changed = strip.property("state") != now.state
            if changed:
                self._draw_soon = True
            strip.show_header(header_text(now, trends[i]))
            if heard and not changed and i != self._describes:
                continue
            name = strip_name(strip.channel, device_name)
            told = description(now, trends[i], span_s, strip.chart.alarms, strip.chart.flag_kinds)
            strip.describe(name, name, value_name(now), told)
        self._headers_s = self._now_us // US_PER_S
        # Of many readings a second each strip has its turn.
        self._describes = (self._describes + 1) % len(self.stack.strips)
        if not heard:
            self._described_us = self._now_us

    def _fresh_trends(self) -> list[Trend]:
        """The trends, computed after a change of the focus device's readings, but not with
        each of many: they are about the last hours."""
        focus = self._data.focus
        version = (focus, None if focus is None else self._data.version(focus))
        soon = 0 < self._now_us - self._trends_us < TREND_EVERY_US
        if self._trends[0] != version and not (soon and self._trends[1]):
            traces = [self.stack.focus_trace(i) for i in range(len(self.stack.strips))]
            made = [
                UNKNOWN if of is None else trend(of, i, self._now_us, self._data.alike_since(i))
                for i, of in enumerate(traces)
            ]
            self._trends, self._trends_us = (version, made), self._now_us
        return self._trends[1]

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._draw_soon = True

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.LanguageChange, QEvent.Type.LocaleChange):
            self._context_row.flags.set_words()
            self._start_afresh()
