"""Reads extra channels for the History page: one slot of the query pool per device and channel."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from harit_desktop.domain.errors import Problem
from harit_desktop.ui.extras.extra_series import ExtraRequest, ExtraSeries
from harit_desktop.ui.history.spans import Span

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle

RETRY_S = 2.0

Pair = tuple[str, str]


class _Reading(NamedTuple):
    request: ExtraRequest
    handle: QueryHandle[Any]
    asked_us: int


class ExtraFeed:
    """Fills the series with what is shown; `poll` never waits.

    `problem` says why the newest read failed, None while all goes well.
    """

    def __init__(
        self, engine: Engine, series: ExtraSeries, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._series = series
        self._clock_s = clock_s
        self._reading: dict[Pair, _Reading] = {}
        self._failed_s: dict[Pair, float] = {}
        self.problem: Problem | None = None

    @property
    def busy(self) -> bool:
        """Whether an answer is awaited."""
        return bool(self._reading)

    def cancel(self) -> None:
        """Gives up what is being read, as when the page is left."""
        for reading in self._reading.values():
            reading.handle.cancel()
        self._reading.clear()

    def poll(
        self,
        shown: Mapping[str, Sequence[str]],
        intervals_us: Mapping[str, float],
        view: Span,
        width_px: int,
        now_us: int,
    ) -> bool:
        """Takes what has come, asks for what is missing; whether something new is there.

        `shown` are the keys that are drawn by device, `intervals_us` how often devices report,
        where that is known."""
        changed = self._take(intervals_us)
        self._series.keep_only(shown)
        for request in self._series.wanted(shown, view, width_px, now_us):
            self._ask(request, view, now_us)
        for pair in [pair for pair in self._reading if pair[1] not in shown.get(pair[0], ())]:
            self._reading.pop(pair).handle.cancel()
        if not shown:
            self.problem = None
            self._failed_s.clear()
        return changed

    def _take(self, intervals_us: Mapping[str, float]) -> bool:
        changed = False
        for pair, reading in list(self._reading.items()):
            if not reading.handle.done:
                continue
            del self._reading[pair]
            if reading.handle.value is not None:
                time_us, values = reading.handle.value
                interval_us = intervals_us.get(pair[0])
                self._series.take(reading.request, time_us, values, reading.asked_us, interval_us)
                self._failed_s.pop(pair, None)
                changed = True
            elif reading.handle.problem is not None:
                self._failed_s[pair] = self._clock_s()
                self.problem = reading.handle.problem
                changed = True
        if changed and not self._failed_s:
            self.problem = None
        return changed

    def _ask(self, request: ExtraRequest, view: Span, now_us: int) -> None:
        pair = request.publisher_id, request.key
        known = self._reading.get(pair)
        if known is not None and known.request.span.holds(view):
            return
        if self._clock_s() - self._failed_s.get(pair, -RETRY_S) < RETRY_S:
            return
        history = self._engine.history
        handle: QueryHandle[Any] = self._engine.queries.submit(
            f"history.extras.{request.key}.{request.publisher_id}",
            lambda handle: history.extras_series(
                *request[:2],
                request.span.from_us,
                request.span.to_us,
                request.max_points,
                lambda: handle.token.cancelled,
            ),
        )
        self._reading[pair] = _Reading(request, handle, now_us)
