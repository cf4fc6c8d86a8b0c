"""Fills the Live page: stored series through the query pool, new points from the live model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.status import ApiState, EngineStatus
from harit_desktop.ui.flag_feed import FlagFeed
from harit_desktop.ui.panels.store_texts import away_text, uses_server
from harit_desktop.ui.time_ranges import DEFAULT_RANGE, range_start_us

if TYPE_CHECKING:
    from harit_desktop.domain.calibration import Corrections
    from harit_desktop.domain.device_book import DeviceBook
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle
    from harit_desktop.ui.charts.series import SeriesData
    from harit_desktop.ui.live_page import LivePage

MAX_POINTS = 2000
SETTLED_AFTER_US = 6 * US_PER_S
"""A server that failed a view is left alone for five seconds: until then an answer may still
come from the journal alone, although the server is there again."""


def load_series(
    engine: Engine, publisher_id: str, from_us: int, to_us: int, handle: QueryHandle[SeriesData]
) -> SeriesData:
    """One device's stored readings in the shape of the charts. For the query pool only."""
    from harit_desktop.ui.charts.series import SeriesData

    found = engine.history.series(
        publisher_id, from_us, to_us, MAX_POINTS, lambda: handle.token.cancelled
    )
    return SeriesData.from_arrays(
        found.time_us,
        found.values,
        found.flags,
        found.index,
        found.low,
        found.high,
        found.bucket_us,
    )


class LiveFeed(QObject):
    """Asks for one series at a time, the focused device first.

    Without the store server a series holds what the journal has. It is marked as such, and
    when the server is there again all in view is asked for anew.

    The live points after the sequence noted before a query are given to the page as well:
    what was committed in between is in both, and the page keeps one of each.
    """

    def __init__(self, engine: Engine, page: LivePage) -> None:
        super().__init__(page)
        self._engine = engine
        self._page = page
        self._wanted: dict[str, None] = {}
        self._loading: tuple[str, QueryHandle[SeriesData]] | None = None
        self._sequences: dict[str, int] = {}
        self._stamps: dict[str, tuple[int, int]] = {}
        self._failed: dict[str, None] = {}
        self._away: bool | None = None
        self._settles_us: int | None = None
        self._asked_away = False
        self._api_used = False
        self._filled_us: int | None = None
        self._range_key = DEFAULT_RANGE
        self._flags = FlagFeed(engine, page)
        self._corrections: Corrections | None = None
        self._book: DeviceBook | None = None
        self.focus = ""
        page.in_turn = True
        page.series_wanted.connect(self._want)

    def set_range(self, key: str) -> None:
        """Shows another range; what was being read for the old one is given up."""
        if key == self._range_key:
            return
        self._range_key = key
        if self._loading is not None:
            self._loading[1].cancel()
            self._loading = None
        self._wanted, self._failed = {}, {}
        self._page.set_range(key)

    def follow(self, status: EngineStatus, now_us: int) -> None:
        """Takes whether the store server, if one is used, answers."""
        self._follow_api(status, now_us)
        text = away_text(status)
        self._page.set_away(text)
        before, self._away = self._away, bool(text)
        if self._away:
            self._settles_us = None
        elif before is not False and uses_server(status):
            self._settles_us = now_us + SETTLED_AFTER_US
            if before:
                self._page.read_again()
        elif self._settles_us is not None and now_us >= self._settles_us:
            self._settles_us = None
            self._page.read_again()

    def _follow_api(self, status: EngineStatus, now_us: int) -> None:
        """Readings of the API give way to what the broker delivers when it is back."""
        in_use = status.api.state is ApiState.IN_USE
        if self._api_used and not in_use:
            self._filled_us = now_us + SETTLED_AFTER_US
        self._api_used = in_use
        if self._filled_us is not None and now_us >= self._filled_us and not in_use:
            self._filled_us = None
            self._page.read_again()

    def _is_unsure(self) -> bool:
        """Whether what is asked now may be answered by the journal alone."""
        return bool(self._away) or self._settles_us is not None

    def poll(self, devices: Sequence[DeviceState], now_us: int, new_second: bool) -> None:
        """Gives the page what has arrived and asks for what it wants next."""
        self._follow_book()
        self._take_series()
        self._take_points(devices)
        if new_second:
            # A profile takes effect a moment after the settings that name it.
            self._page.set_limits(self._engine.judgement.limits())
        if self._failed and new_second:
            self._wanted |= self._failed
            self._failed = {}
        self._ask_next(now_us)
        self._flags.poll(self.focus, range_start_us(self._range_key, now_us) or 0, now_us)

    def _follow_book(self) -> None:
        """Takes names and calibrations that were changed. Both are replaced, never altered."""
        corrections, book = self._engine.corrections, self._engine.book
        if corrections is not self._corrections:
            self._corrections = corrections
            self._page.set_corrections(corrections)
        if book is not self._book:
            self._book = book
            self._page.set_book(book)

    def _want(self, publisher_id: str) -> None:
        self._wanted[publisher_id] = None

    def _take_series(self) -> None:
        if self._loading is None or not self._loading[1].done:
            return
        publisher_id, handle = self._loading
        self._loading = None
        if handle.value is not None:
            self._page.set_series(
                publisher_id, handle.value, partial=self._asked_away or self._is_unsure()
            )
        else:
            # The store may be locked or still opening; the page asks only once.
            self._failed[publisher_id] = None

    def _take_points(self, devices: Sequence[DeviceState]) -> None:
        for device in devices:
            stamp = (device.received_us, device.stored_readings)
            if self._stamps.get(device.publisher_id) == stamp:
                continue
            self._stamps[device.publisher_id] = stamp
            since = self._sequences.get(device.publisher_id, 0)
            points = self._engine.live.points_since(device.publisher_id, since)
            if len(points.sequence):
                self._sequences[device.publisher_id] = int(points.sequence[-1])
                self._page.append_points(device.publisher_id, points)

    def _ask_next(self, now_us: int) -> None:
        if self._loading is not None or not self._wanted:
            return
        publisher_id = self.focus if self.focus in self._wanted else next(iter(self._wanted))
        del self._wanted[publisher_id]
        self._asked_away = self._is_unsure()
        from_us = range_start_us(self._range_key, now_us) or 0
        # A probe whose clock is ahead is stored under the time it sent, up to a day ahead.
        to_us = now_us + US_PER_DAY
        handle = self._engine.queries.submit(
            "live", lambda h: load_series(self._engine, publisher_id, from_us, to_us, h)
        )
        self._loading = (publisher_id, handle)
