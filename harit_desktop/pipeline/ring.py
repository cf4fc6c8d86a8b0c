"""The newest readings of one device, in numpy arrays of fixed size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.domain.device import INTERVAL_WINDOW, reporting_interval_s
from harit_desktop.domain.reading import AnalysedReading, Source

FIRST_CAPACITY = 64
"""Thousands of devices that report once must not cost thousands of full rings."""
AT_ONCE = 8
"""Readings from which filling the arrays at once is faster than one by one."""
MOST_REASONS = 256
"""Of the newest doubted readings the reasons are kept; the store has those of all."""

Reasons = tuple[tuple[str, str], ...]
"""(channel, stable code) of each channel of a reading that is doubted or refused."""


@dataclass(frozen=True, slots=True, eq=False)
class LivePoints:
    """Committed readings of one device in the order of their commit.

    `sequence` (n,) grows by one with every reading of any device; `time_us` (n,) int64 UTC
    microseconds; `values` (n, channels) float64 with NaN for an absent channel; `flags`
    (n, channels) uint8 quality flags; `index` (n,) float64 with NaN where withheld; `via_api`
    (n,) says which came through the API and not over MQTT. `reasons` has by sequence number why
    channels are doubted; the numbers of good readings are not in it.
    """

    sequence: NDArray[np.int64]
    time_us: NDArray[np.int64]
    values: NDArray[np.float64]
    flags: NDArray[np.uint8]
    index: NDArray[np.float64]
    via_api: NDArray[np.bool_]
    reasons: Mapping[int, Reasons] = field(default_factory=dict)


class ReadingRing:
    """Holds the newest `capacity` readings; the oldest are overwritten."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._count = 0
        self._reasons: dict[int, Reasons] = {}
        self._allocate(min(capacity, FIRST_CAPACITY))

    def _allocate(self, size: int) -> None:
        self._size = size
        self._sequence = np.zeros(size, np.int64)
        self._time_us = np.zeros(size, np.int64)
        self._values = np.full((size, CHANNEL_COUNT), np.nan)
        self._flags = np.zeros((size, CHANNEL_COUNT), np.uint8)
        self._index = np.full(size, np.nan)
        self._via_api = np.zeros(size, np.bool_)

    def _grow(self) -> None:
        kept = self.since(-1)
        self._allocate(min(self._capacity, self._size * 2))
        used = len(kept.sequence)
        self._sequence[:used], self._time_us[:used] = kept.sequence, kept.time_us
        self._values[:used], self._flags[:used] = kept.values, kept.flags
        self._index[:used], self._via_api[:used] = kept.index, kept.via_api

    def extend(self, sequences: Sequence[int], items: Sequence[AnalysedReading]) -> None:
        """Adds readings, each under its sequence number."""
        self._note_reasons(sequences, items)
        if len(items) < AT_ONCE:
            for sequence, item in zip(sequences, items, strict=True):
                self._append(sequence, item)
            return
        sequences, items = sequences[-self._capacity :], items[-self._capacity :]
        while self._size < self._capacity and self._count + len(items) > self._size:
            self._grow()
        slots = np.arange(self._count, self._count + len(items)) % self._size
        self._sequence[slots] = sequences
        self._time_us[slots] = [item.reading.timestamp_us for item in items]
        # In an array of floats None becomes NaN.
        self._values[slots] = np.array([item.reading.values for item in items], np.float64)
        self._flags[slots] = [item.analysis.flags for item in items]
        self._index[slots] = np.array([item.analysis.index for item in items], np.float64)
        self._via_api[slots] = [item.reading.source is Source.API for item in items]
        self._count += len(items)

    def _note_reasons(self, sequences: Sequence[int], items: Sequence[AnalysedReading]) -> None:
        for sequence, item in zip(sequences, items, strict=True):
            if item.analysis.reasons:
                self._reasons[sequence] = item.analysis.reasons
        excess = len(self._reasons) - MOST_REASONS
        if excess > 0:
            for oldest in list(self._reasons)[:excess]:
                del self._reasons[oldest]

    def _append(self, sequence: int, item: AnalysedReading) -> None:
        if self._count == self._size < self._capacity:
            self._grow()
        slot = self._count % self._size
        self._sequence[slot] = sequence
        self._time_us[slot] = item.reading.timestamp_us
        self._values[slot] = [np.nan if v is None else v for v in item.reading.values]
        self._flags[slot] = item.analysis.flags
        index = item.analysis.index
        self._index[slot] = np.nan if index is None else index
        self._via_api[slot] = item.reading.source is Source.API
        self._count += 1

    def since(self, sequence: int) -> LivePoints:
        """The readings after `sequence`, oldest first."""
        kept = min(self._count, self._size)
        order = (np.arange(self._count - kept, self._count)) % self._size
        order = order[self._sequence[order] > sequence]
        return LivePoints(
            self._sequence[order],
            self._time_us[order],
            self._values[order],
            self._flags[order],
            self._index[order],
            self._via_api[order],
            {known: reasons for known, reasons in self._reasons.items() if known > sequence},
        )

    def interval_s(self) -> float | None:
        """The reporting interval by the newest readings, in seconds."""
        kept = min(self._count, self._size, INTERVAL_WINDOW)
        order = np.arange(self._count - kept, self._count) % self._size
        return reporting_interval_s(self._time_us[order].tolist())
