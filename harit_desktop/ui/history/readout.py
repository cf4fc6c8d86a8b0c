"""The time cursor of the History page: where it stands, and what each device reads there."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harit_desktop.ui.charts.envelope import Trace
from harit_desktop.ui.charts.frame import TimeView
from harit_desktop.ui.history.history_data import HistoryData
from harit_desktop.ui.history.spans import Span

NEAR_PX = 3.0


class Readout(NamedTuple):
    """What one device reads at the cursor; `value` is None in a gap."""

    publisher_id: str
    slot: int
    value: float | None


class HistoryCursor:
    """An instant, or none; steps go by the readings of the leading device."""

    def __init__(self, data: HistoryData) -> None:
        self._data = data
        self.time_us: int | None = None
        self.by_mouse = False

    def drop(self) -> None:
        self.time_us, self.by_mouse = None, False

    def hover(self, x: float, view: TimeView, lead: str | None) -> None:
        """Follows the mouse, on a reading where one is near."""
        at_us = view.time_at(x)
        times = self._times(view, lead)
        if times.size:
            near = int(times[_nearest(times, at_us)])
            at_us = near if abs(near - at_us) <= NEAR_PX * view.us_per_px else at_us
        self.time_us, self.by_mouse = at_us, True

    def step(self, readings: int, view: TimeView, lead: str | None) -> None:
        """Moves by readings; from the newest in view where there is no cursor."""
        times = self._times(view, lead)
        if times.size == 0:
            return
        at = times.size - 1 if self.time_us is None else _nearest(times, self.time_us) + readings
        self.time_us = int(times[min(max(at, 0), times.size - 1)])
        self.by_mouse = False

    def jump(self, newest: bool, view: TimeView, lead: str | None) -> None:
        """To the newest or the oldest reading in view."""
        times = self._times(view, lead)
        if times.size:
            self.time_us, self.by_mouse = int(times[-1 if newest else 0]), False

    def settle(self, view: TimeView) -> None:
        """Goes where the view has left it behind."""
        if self.time_us is not None and not view.start_us <= self.time_us <= view.end_us:
            self.drop()

    def read(self, channel: int, view: TimeView) -> tuple[Readout, ...]:
        """What each compared device reads at the cursor."""
        span = Span(view.start_us, view.end_us)
        return self.read_of(lambda known: self._data.trace(known, channel, span), view)

    def read_of(
        self, trace_of: Callable[[str], Trace | None], view: TimeView
    ) -> tuple[Readout, ...]:
        """`read` of what `trace_of` gives for a device's id."""
        if self.time_us is None:
            return ()
        found = []
        for publisher_id in self._data.compared():
            of = trace_of(publisher_id)
            value = None
            if of is not None and of.time_us.size:
                value = _value_at(of.time_us, of.value, of.gap_after, self.time_us, view)
            found.append(Readout(publisher_id, self._data.slots[publisher_id], value))
        return tuple(found)

    def _times(self, view: TimeView, lead: str | None) -> NDArray[np.int64]:
        series = None if lead is None else self._data.series(lead)
        if series is None:
            return np.empty(0, np.int64)
        first = np.searchsorted(series.time_us, view.start_us)
        last = np.searchsorted(series.time_us, view.end_us, side="right")
        return series.time_us[first:last]


def _value_at(
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    gap_after: NDArray[np.intp],
    at_us: int,
    view: TimeView,
) -> float | None:
    near = _nearest(times, at_us)
    if abs(int(times[near]) - at_us) <= NEAR_PX * view.us_per_px:
        return float(values[near])
    before = int(np.searchsorted(times, at_us, side="right")) - 1
    if before < 0 or before == times.size - 1 or before in gap_after:
        return None
    return float(values[near])


def _nearest(times: NDArray[np.int64], at_us: int) -> int:
    after = int(np.searchsorted(times, at_us))
    if after == 0:
        return 0
    if after == times.size:
        return after - 1
    return after if times[after] - at_us < at_us - times[after - 1] else after - 1
