"""What was read of extra channels: a series by device and channel, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.ui.charts.envelope import DRAWABLE, Trace
from harit_desktop.ui.charts.gaps import breaks
from harit_desktop.ui.history.spans import Span

MARGIN_PART = 0.75
"""Beyond each side of the view so much of its length is read as well, for panning."""
COARSER = 1.6
"""Zoomed in by more than this, means are read anew."""
FRESH_FOR_US = 5 * US_PER_S
_NOTHING = np.empty(0, np.int64)


class ExtraRequest(NamedTuple):
    """A series to be read: from when to when, in at most so many points."""

    publisher_id: str
    key: str
    span: Span
    max_points: int


@dataclass(frozen=True)
class _Loaded:
    trace: Trace
    span: Span
    us_per_point: float
    thinned: bool
    read_us: int


class ExtraSeries:
    """Knows no widget. `doubt` has everything read again; what is there is shown until then."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[str, str], _Loaded] = {}

    def take(
        self,
        request: ExtraRequest,
        time_us: NDArray[np.int64],
        values: NDArray[np.float64],
        read_us: int,
        interval_us: float | None = None,
    ) -> None:
        """Keeps the answer to a request that was made at `read_us`."""
        made = _trace(time_us, values, interval_us)
        per_point_us = request.span.length_us / max(1, request.max_points)
        # Means are at most as many as were asked for, single values mostly far fewer.
        thinned = time_us.size > request.max_points // 2
        loaded = _Loaded(made, request.span, per_point_us, thinned, read_us)
        self._loaded[request.publisher_id, request.key] = loaded

    def trace(self, publisher_id: str, key: str) -> Trace | None:
        """What is known of a channel of a device; None before it was read."""
        known = self._loaded.get((publisher_id, key))
        return None if known is None else known.trace

    def is_loaded(self, publisher_id: str, key: str) -> bool:
        return (publisher_id, key) in self._loaded

    def keep_only(self, wanted: Mapping[str, Sequence[str]]) -> None:
        """Gives up what is not drawn any more."""
        for publisher_id, key in [
            pair for pair in self._loaded if pair[1] not in wanted.get(pair[0], ())
        ]:
            del self._loaded[publisher_id, key]

    def doubt(self) -> None:
        for pair, loaded in list(self._loaded.items()):
            stale = _Loaded(loaded.trace, loaded.span, loaded.us_per_point, loaded.thinned, 0)
            self._loaded[pair] = stale

    def forget(self) -> None:
        """Another store is open."""
        self._loaded.clear()

    def wanted(
        self, shown: Mapping[str, Sequence[str]], view: Span, width_px: int, now_us: int
    ) -> list[ExtraRequest]:
        """What must be read to show a view of these channels by device."""
        beside_us = int(MARGIN_PART * view.length_us)
        span = Span(max(0, view.from_us - beside_us), view.to_us + beside_us)
        points = int(max(100, width_px) * (1 + 2 * MARGIN_PART))
        us_per_px = view.length_us / max(1, width_px)
        return [
            ExtraRequest(publisher_id, key, span, points)
            for publisher_id, keys in shown.items()
            for key in keys
            if self._lacks(self._loaded.get((publisher_id, key)), view, us_per_px, now_us)
        ]

    @staticmethod
    def _lacks(known: _Loaded | None, view: Span, us_per_px: float, now_us: int) -> bool:
        if known is None or not known.span.holds(view) or known.read_us == 0:
            return True
        if known.thinned and known.us_per_point > COARSER * us_per_px:
            return True
        patience_us = max(FRESH_FOR_US, int(us_per_px))
        return view.to_us > known.read_us and now_us - known.read_us > patience_us


def _trace(
    time_us: NDArray[np.int64], values: NDArray[np.float64], interval_us: float | None
) -> Trace:
    good = np.abs(values) < DRAWABLE
    if not good.all():
        time_us, values = time_us[good], values[good]
    gaps = breaks(time_us, interval_us)
    silences = np.column_stack([time_us[gaps], time_us[gaps + 1]])
    empty = np.empty(0, np.float64)
    return Trace(time_us, values, None, None, gaps, _NOTHING, empty, silences=silences)
