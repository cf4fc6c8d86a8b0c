"""The live model: what the newest readings are, bounded, for views to poll.

The pipeline thread writes after each commit; any thread reads. A view remembers the
last sequence number it has drawn and asks for what came after it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.reading import AnalysedReading

RING_CAPACITY = 4096
MAX_DEVICES = 200
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


class _Ring:
    """The newest readings of one device in numpy arrays, oldest overwritten."""

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


class LiveModel:
    """Newest state and recent points of every device.

    Holds at most `MAX_DEVICES` devices (the one silent for longest gives way) and
    `RING_CAPACITY` points of each.
    """

    def __init__(self, ring_capacity: int = RING_CAPACITY, max_devices: int = MAX_DEVICES) -> None:
        self._lock = threading.Lock()
        self._ring_capacity = ring_capacity
        self._max_devices = max_devices
        self._rings: dict[str, _Ring] = {}
        self._states: dict[str, DeviceState] = {}
        self._sequence = 0

    @property
    def version(self) -> int:
        """The sequence number of the newest reading; a change means there is news."""
        return self._sequence

    def preload(self, states: Sequence[DeviceState]) -> None:
        """Makes devices known from earlier runs visible before they report again."""
        with self._lock:
            for state in states[: self._max_devices]:
                self._states.setdefault(state.publisher_id, state)
            self._sequence += 1

    def publish(self, stored: Sequence[AnalysedReading]) -> None:
        """Adds committed readings; called by the pipeline thread once per batch."""
        with self._lock:
            touched: dict[str, AnalysedReading] = {}
            counts: dict[str, int] = {}
            for item in stored:
                publisher_id = item.reading.publisher_id
                self._sequence += 1
                self._ring(publisher_id).append(self._sequence, item)
                counts[publisher_id] = counts.get(publisher_id, 0) + 1
                newest = touched.get(publisher_id)
                if newest is None or item.reading.timestamp_us >= newest.reading.timestamp_us:
                    touched[publisher_id] = item
            for publisher_id, item in touched.items():
                self._update_state(publisher_id, item, counts[publisher_id])

    def devices(self) -> tuple[DeviceState, ...]:
        """Every known device, in the order in which they became known."""
        with self._lock:
            return tuple(self._states.values())

    def points_since(self, publisher_id: str, sequence: int) -> LivePoints:
        """The device's points after `sequence`, at most `RING_CAPACITY` of them."""
        with self._lock:
            ring = self._rings.get(publisher_id)
            return (ring or _Ring(1)).since(sequence)

    def forget(self, publisher_ids: Sequence[str]) -> None:
        """Drops devices whose readings were deleted."""
        with self._lock:
            for publisher_id in publisher_ids:
                self._rings.pop(publisher_id, None)
                self._states.pop(publisher_id, None)
            self._sequence += 1

    def _ring(self, publisher_id: str) -> _Ring:
        ring = self._rings.get(publisher_id)
        if ring is None:
            if len(self._rings) >= self._max_devices:
                oldest = min(self._rings, key=lambda known: self._states[known].received_us)
                del self._rings[oldest], self._states[oldest]
            ring = self._rings[publisher_id] = _Ring(self._ring_capacity)
        return ring

    def _update_state(self, publisher_id: str, item: AnalysedReading, count: int) -> None:
        before = self._states.get(publisher_id)
        reading = item.reading
        late = before is not None and reading.timestamp_us < before.timestamp_us
        if late and before is not None:
            self._states[publisher_id] = _counted(before, before.stored_readings + count)
            return
        self._states[publisher_id] = DeviceState(
            publisher_id=publisher_id,
            timestamp_us=reading.timestamp_us,
            received_us=reading.received_us,
            values=reading.values,
            analysis=item.analysis,
            simulated=reading.simulated,
            topic=reading.topic,
            interval_s=self._rings[publisher_id].interval_s(),
            stored_readings=count + (before.stored_readings if before else 0),
        )


def _counted(state: DeviceState, stored_readings: int) -> DeviceState:
    return msgspec.structs.replace(state, stored_readings=stored_readings)
