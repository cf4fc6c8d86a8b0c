"""The live model: what the newest readings are, bounded, for views to poll.

The pipeline thread writes after each commit; any thread reads. A view remembers the
last sequence number it has drawn and asks for what came after it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.reading import AnalysedReading

if TYPE_CHECKING:
    # Imported where the first ring is made: numpy would delay the window by 0.1 s.
    from harit_desktop.pipeline.ring import LivePoints, ReadingRing

RING_CAPACITY = 4096
MAX_DEVICES = 200


class LiveModel:
    """Newest state and recent points of every device.

    Holds at most `MAX_DEVICES` devices (the one silent for longest gives way) and
    `RING_CAPACITY` points of each.
    """

    def __init__(self, ring_capacity: int = RING_CAPACITY, max_devices: int = MAX_DEVICES) -> None:
        self._lock = threading.Lock()
        self._ring_capacity = ring_capacity
        self._max_devices = max_devices
        self._rings: dict[str, ReadingRing] = {}
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
            from harit_desktop.pipeline.ring import ReadingRing

            ring = self._rings.get(publisher_id)
            return (ring or ReadingRing(1)).since(sequence)

    def forget(self, publisher_ids: Sequence[str]) -> None:
        """Drops devices whose readings were deleted."""
        with self._lock:
            for publisher_id in publisher_ids:
                self._rings.pop(publisher_id, None)
                self._states.pop(publisher_id, None)
            self._sequence += 1

    def _ring(self, publisher_id: str) -> ReadingRing:
        ring = self._rings.get(publisher_id)
        if ring is None:
            if len(self._rings) >= self._max_devices:
                oldest = min(self._rings, key=lambda known: self._states[known].received_us)
                del self._rings[oldest], self._states[oldest]
            from harit_desktop.pipeline.ring import ReadingRing

            ring = self._rings[publisher_id] = ReadingRing(self._ring_capacity)
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
