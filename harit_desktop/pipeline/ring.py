"""The newest readings of one device, in numpy arrays of fixed size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.reading import AnalysedReading

INTERVAL_WINDOW = 16


@dataclass(frozen=True, slots=True, eq=False)
class LivePoints:
    """Committed readings of one device in the order of their commit.

    `sequence` (n,) grows by one with every reading of any device; `time_us` (n,) int64 UTC
    microseconds; `values` (n, channels) float64 with NaN for an absent channel; `flags`
    (n, channels) uint8 quality flags; `index` (n,) float64 with NaN where withheld.
    """

    sequence: NDArray[np.int64]
    time_us: NDArray[np.int64]
    values: NDArray[np.float64]
    flags: NDArray[np.uint8]
    index: NDArray[np.float64]


class ReadingRing:
    """Holds the newest `capacity` readings; the oldest are overwritten."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._count = 0
        self._sequence = np.zeros(capacity, np.int64)
        self._time_us = np.zeros(capacity, np.int64)
        self._values = np.full((capacity, CHANNEL_COUNT), np.nan)
        self._flags = np.zeros((capacity, CHANNEL_COUNT), np.uint8)
        self._index = np.full(capacity, np.nan)

    def append(self, sequence: int, item: AnalysedReading) -> None:
        slot = self._count % self._capacity
        self._sequence[slot] = sequence
        self._time_us[slot] = item.reading.timestamp_us
        self._values[slot] = [np.nan if v is None else v for v in item.reading.values]
        self._flags[slot] = item.analysis.flags
        index = item.analysis.index
        self._index[slot] = np.nan if index is None else index
        self._count += 1

    def since(self, sequence: int) -> LivePoints:
        kept = min(self._count, self._capacity)
        order = (np.arange(self._count - kept, self._count)) % self._capacity
        order = order[self._sequence[order] > sequence]
        return LivePoints(
            self._sequence[order],
            self._time_us[order],
            self._values[order],
            self._flags[order],
            self._index[order],
        )

    def interval_s(self) -> float | None:
        """Median step between the newest readings, in seconds."""
        kept = min(self._count, self._capacity, INTERVAL_WINDOW)
        if kept < 3:
            return None
        order = np.arange(self._count - kept, self._count) % self._capacity
        steps = np.diff(np.sort(self._time_us[order]))
        steps = steps[steps > 0]
        return float(np.median(steps)) / US_PER_S if steps.size else None
