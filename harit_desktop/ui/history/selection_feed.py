"""Reads what the Selection panel says of a range: values first, then the quality day by day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.domain.errors import Problem
from harit_desktop.ui.history.history_data import HistoryData
from harit_desktop.ui.history.history_feed import read_series
from harit_desktop.ui.history.selection_stats import (
    STATISTICS_POINTS,
    DeviceQuality,
    DeviceStatistics,
    quality,
    statistics,
)
from harit_desktop.ui.history.spans import Span

if TYPE_CHECKING:
    from harit_desktop.domain.calibration import Corrections
    from harit_desktop.domain.quality import QualityDay
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle

MOST_EVENTS = 500
Found = tuple[DeviceStatistics, ...]
Judged = tuple[DeviceQuality, ...]


class SelectionFeed:
    """One range at a time; a newer one replaces it. Poll `statistics`, `quality`, `progress`."""

    def __init__(self, engine: Engine, data: HistoryData) -> None:
        self._engine = engine
        self._data = data
        self._values: QueryHandle[Found] | None = None
        self._quality: QueryHandle[Judged] | None = None
        self.span: Span | None = None
        self.statistics: Found = ()
        self.quality: Judged = ()
        self.problem: Problem | None = None

    def choose(self, span: Span | None, publisher_ids: Sequence[str]) -> None:
        """Asks about a range of these devices; None gives the range before up."""
        self.cancel()
        self.span = span
        self.statistics, self.quality, self.problem = (), (), None
        if span is None or not publisher_ids:
            return
        engine, ids = self._engine, tuple(publisher_ids)
        corrections = self._data.corrections
        intervals = {known: self._interval_us(known) for known in ids}
        stored = {known: self._data.stored_of(known) for known in ids}
        self._values = engine.queries.submit(
            "history.selection",
            lambda handle: _read_values(engine, ids, span, corrections, intervals, stored, handle),
        )
        self._quality = engine.queries.submit(
            "history.quality", lambda handle: _read_quality(engine, ids, span, handle)
        )

    def cancel(self) -> None:
        for handle in (self._values, self._quality):
            if handle is not None:
                handle.cancel()
        self._values = self._quality = None

    def poll(self) -> bool:
        """Takes what has come; whether something has."""
        changed = False
        if self._values is not None and self._values.done:
            handle, self._values = self._values, None
            self.statistics, changed = handle.value or (), True
            self.problem = handle.problem or self.problem
        if self._quality is not None and self._quality.done:
            judged, self._quality = self._quality, None
            self.quality, changed = judged.value or (), True
            self.problem = judged.problem or self.problem
        return changed

    @property
    def progress(self) -> float | None:
        """How much of the range was counted, 0..1; None when nothing is being counted."""
        return None if self._quality is None else self._quality.progress

    @property
    def busy(self) -> bool:
        return self._values is not None or self._quality is not None

    def _interval_us(self, publisher_id: str) -> float | None:
        device = self._data.devices.get(publisher_id)
        return device.interval_s * US_PER_S if device and device.interval_s else None


def _read_values(
    engine: Engine,
    ids: Sequence[str],
    span: Span,
    corrections: Corrections,
    intervals: dict[str, float | None],
    stored: dict[str, Span | None],
    handle: QueryHandle[Found],
) -> Found:
    found = []
    for publisher_id in ids:
        series = read_series(engine, publisher_id, span, STATISTICS_POINTS, handle)
        known = (intervals[publisher_id], stored[publisher_id])
        found.append(statistics(publisher_id, series, span, corrections, *known))
    return tuple(found)


def _read_quality(
    engine: Engine, ids: Sequence[str], span: Span, handle: QueryHandle[Judged]
) -> Judged:
    days = _days(span)
    found: list[DeviceQuality] = []
    for place, publisher_id in enumerate(ids):
        counted: list[QualityDay] = []
        for number, day in enumerate(days):
            counted += engine.history.quality_days(
                publisher_id, (day,), lambda: handle.token.cancelled
            )
            handle.report((place + (number + 1) / len(days)) / len(ids))
            if handle.token.cancelled:
                return tuple(found)
        events = engine.history.quality_events(publisher_id, span.from_us, span.to_us, MOST_EVENTS)
        found.append(quality(publisher_id, tuple(counted), tuple(events), False))
    return tuple(found)


def _days(span: Span) -> list[tuple[int, int]]:
    """The range in pieces of a day, both ends within it."""
    end_us = span.to_us + 1
    starts = range(span.from_us, end_us, US_PER_DAY)
    return [(start, min(start + US_PER_DAY, end_us)) for start in starts]
