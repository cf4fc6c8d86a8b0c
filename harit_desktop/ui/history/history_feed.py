"""Reads for the History page: one slot of the query pool per device, the newest request wins."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.gaps import GapReason
from harit_desktop.domain.notes import ChartNote
from harit_desktop.ui.charts.series import SeriesData
from harit_desktop.ui.history.gap_texts import GapEnds, reasons_by_gap
from harit_desktop.ui.history.history_data import (
    AHEAD_US,
    COARSER,
    OVERVIEW_POINTS,
    HistoryData,
    Request,
)
from harit_desktop.ui.history.spans import Span

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle

RETRY_S = 2.0
PATIENCE_S = 0.25
"""While the view moves, a read that runs is not given up for a newer one before so long."""
OVERVIEW_EVERY_US = 60 * US_PER_S
NOTES_EVERY_S = 5.0
NOTES_SOON_S = 0.4
MOST_GAPS = 100
MOST_REASONS = 2000


def read_series(
    engine: Engine,
    publisher_id: str,
    span: Span,
    max_points: int,
    handle: QueryHandle[Any],
    bucket_us: int = 0,
) -> SeriesData:
    """A device's stored readings in the shape of the charts, in buckets of a given size if
    not 0. For the query pool only."""
    found = engine.history.series(
        publisher_id,
        span.from_us,
        span.to_us,
        max_points,
        lambda: handle.token.cancelled,
        bucket_us,
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


class _Reading(NamedTuple):
    request: Request
    handle: QueryHandle[SeriesData]
    asked_s: float
    asked_us: int


class HistoryFeed:
    """Fills a HistoryData with what its page needs; `poll` never waits.

    `problem` says why the newest read failed, None while all goes well. Nothing is asked
    after `cancel` until the next poll.
    """

    def __init__(
        self, engine: Engine, data: HistoryData, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._data = data
        self._clock_s = clock_s
        self._reading: dict[str, _Reading] = {}
        self._overview: tuple[str, QueryHandle[SeriesData], int] | None = None
        self._failed_s: dict[str, float] = {}
        self._notes: QueryHandle[Sequence[ChartNote]] | None = None
        self._notes_due_s = 0.0
        self._notes_span: Span | None = None
        self._gaps: tuple[str, tuple[GapEnds, ...], QueryHandle[Sequence[GapReason]]] | None = None
        self._gaps_failed_s = -RETRY_S
        self.problem: Problem | None = None
        self.notes: tuple[ChartNote, ...] = ()
        self.reasons: dict[str, dict[GapEnds, tuple[GapReason, ...]]] = {}

    @property
    def busy(self) -> bool:
        """Whether an answer is awaited."""
        return bool(self._reading) or self._overview is not None

    @property
    def incomplete(self) -> bool:
        """Whether a part of what is in view is awaited."""
        return any(not one.request.wide for one in self._reading.values())

    def waiting_s(self) -> float:
        """For how long what is in view has been awaited; 0 where nothing is."""
        began = [one.asked_s for one in self._reading.values() if not one.request.wide]
        return self._clock_s() - min(began) if began else 0.0

    def cancel(self) -> None:
        """Gives up what is being read, as when the page is left."""
        for reading in self._reading.values():
            reading.handle.cancel()
        if self._overview is not None:
            self._overview[1].cancel()
        self._reading, self._overview = {}, None

    def poll(self, view: Span, width_px: int, now_us: int, moving: bool) -> bool:
        """Takes what has come, asks for what is missing; whether something new is there."""
        changed = self._take(view)
        changed |= self._take_overview(now_us)
        changed |= self._take_notes()
        self._ask(view, width_px, now_us, moving)
        self._ask_overview(now_us)
        self._ask_notes(view)
        return changed

    def notes_changed(self) -> None:
        """A note was written or removed: reads them soon."""
        self._notes_due_s = self._clock_s() + NOTES_SOON_S

    # -- series ------------------------------------------------------------------------

    def _take(self, view: Span) -> bool:
        changed = False
        for publisher_id, reading in list(self._reading.items()):
            if not reading.handle.done:
                continue
            del self._reading[publisher_id]
            if reading.handle.value is not None:
                self._data.take(reading.request, reading.handle.value, reading.asked_us)
                self._failed_s.pop(publisher_id, None)
                changed |= _is_seen(reading.request, view)
            elif reading.handle.problem is not None:
                self._failed_s[publisher_id] = self._clock_s()
                self.problem = reading.handle.problem
                changed = True
        if self.problem is not None and not self._failed_s:
            self.problem, changed = None, True
        return changed

    def _ask(self, view: Span, width_px: int, now_us: int, moving: bool) -> None:
        now_s = self._clock_s()
        for request in self._data.wanted(view, width_px, now_us, not moving):
            known = self._reading.get(request.publisher_id)
            if known is not None and (
                _serves(known.request, request) or (moving and now_s - known.asked_s < PATIENCE_S)
            ):
                continue
            if now_s - self._failed_s.get(request.publisher_id, -RETRY_S) < RETRY_S:
                continue
            if request.wide and self._reading:
                # What is not in view yet is read singly: the window draws meanwhile.
                continue
            handle = self._submit(request, f"history.series.{request.publisher_id}")
            began_s = now_s if known is None or known.request.wide else known.asked_s
            self._reading[request.publisher_id] = _Reading(request, handle, began_s, now_us)
        for gone in [known for known in self._reading if known not in self._data.slots]:
            self._reading.pop(gone).handle.cancel()

    def _submit(self, request: Request, slot: str) -> QueryHandle[SeriesData]:
        engine = self._engine
        return engine.queries.submit(
            slot,
            lambda handle: read_series(
                engine,
                request.publisher_id,
                request.span,
                request.max_points,
                handle,
                request.bucket_us,
            ),
        )

    # -- the whole history -------------------------------------------------------------

    def _take_overview(self, now_us: int) -> bool:
        if self._overview is None or not self._overview[1].done:
            return False
        publisher_id, handle, asked_us = self._overview
        self._overview = None
        if handle.value is None:
            if handle.problem is not None:
                self._failed_s[publisher_id] = self._clock_s()
                self.problem = handle.problem
            return handle.problem is not None
        self._data.take_overview(publisher_id, handle.value, asked_us)
        return True

    def _ask_overview(self, now_us: int) -> None:
        # After what is in view, which would come later for it.
        if self._overview is not None or self.incomplete:
            return
        now_s = self._clock_s()
        for publisher_id in self._data.wanted_overviews(now_us, OVERVIEW_EVERY_US):
            if now_s - self._failed_s.get(publisher_id, -RETRY_S) >= RETRY_S:
                whole = Request(publisher_id, Span(0, now_us + AHEAD_US), OVERVIEW_POINTS, True)
                handle = self._submit(whole, "history.overview")
                self._overview = (publisher_id, handle, now_us)
                return

    # -- notes -------------------------------------------------------------------------

    def _take_notes(self) -> bool:
        if self._notes is None or not self._notes.done:
            return False
        handle, self._notes = self._notes, None
        if handle.value is None or tuple(handle.value) == self.notes:
            return False
        self.notes = tuple(handle.value)
        return True

    def _ask_notes(self, view: Span) -> None:
        now_s = self._clock_s()
        known = self._notes_span is not None and self._notes_span.holds(view)
        if self._notes is not None or (known and now_s < self._notes_due_s):
            return
        self._notes_due_s = now_s + NOTES_EVERY_S
        wide = Span(max(0, view.from_us - view.length_us), view.to_us + view.length_us)
        self._notes_span = wide
        engine = self._engine
        self._notes = engine.queries.submit(
            "history.notes", lambda _: tuple(engine.history.notes(wide.from_us, wide.to_us))
        )

    # -- why there are gaps ------------------------------------------------------------

    def poll_gaps(self, publisher_id: str | None, gaps: Sequence[GapEnds]) -> bool:
        """Asks for the reasons of a device's gaps that are in view; whether some came."""
        changed = self._take_gaps()
        if publisher_id is None or self._gaps is not None:
            return changed
        known = self.reasons.get(publisher_id, {})
        missing = tuple(gap for gap in gaps if gap not in known)[:MOST_GAPS]
        if not missing or self._clock_s() - self._gaps_failed_s < RETRY_S:
            return changed
        engine = self._engine

        def read(query: QueryHandle[Sequence[GapReason]]) -> Sequence[GapReason]:
            token = query.token
            return tuple(engine.history.gap_reasons(publisher_id, missing, lambda: token.cancelled))

        handle = engine.queries.submit("history.gaps", read)
        self._gaps = (publisher_id, missing, handle)
        return changed

    def _take_gaps(self) -> bool:
        if self._gaps is None or not self._gaps[2].done:
            return False
        publisher_id, gaps, handle = self._gaps
        self._gaps = None
        if handle.value is None:
            self._gaps_failed_s = self._clock_s()
            return False
        found: Mapping[GapEnds, tuple[GapReason, ...]] = reasons_by_gap(gaps, handle.value)
        known = self.reasons.setdefault(publisher_id, {})
        if len(known) > MOST_REASONS:
            known.clear()
        known.update(found)
        return True


def _is_seen(answered: Request, view: Span) -> bool:
    """Whether an answer shows in a view: a piece beside it only mends the bucket it cuts."""
    cut_us = answered.bucket_us
    return not cut_us or answered.span.meets(Span(view.from_us + cut_us, view.to_us - cut_us))


def _serves(running: Request, wanted: Request) -> bool:
    """Whether a read that runs will show what is wanted, or the first piece of it."""
    if running.bucket_us:
        return running.bucket_us == wanted.bucket_us
    coarse = running.span.length_us / running.max_points
    fine = wanted.span.length_us / wanted.max_points
    return running.span.holds(wanted.matters) and coarse <= COARSER * fine
