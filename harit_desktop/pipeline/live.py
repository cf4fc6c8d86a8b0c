"""The live model: what the newest readings are, bounded, for views to poll.

The pipeline thread writes after each commit; any thread reads. A view remembers the
last sequence number it has drawn and asks for what came after it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from harit_desktop.domain.device import MAX_DEVICES, DeviceState
from harit_desktop.domain.reading import AnalysedReading, TimeSource

if TYPE_CHECKING:
    # Imported where the first ring is made: numpy would delay the window by 0.1 s.
    from harit_desktop.pipeline.ring import LivePoints, ReadingRing

RING_CAPACITY = 4096


@dataclass(slots=True)
class _Known:
    """A device: its newest state, and its points once it reported in this run."""

    state: DeviceState
    ring: ReadingRing | None = None


class LiveModel:
    """Newest state and recent points of every device.

    Holds at most `max_devices` devices (the one silent for longest gives way) and
    `ring_capacity` points of each.
    """

    def __init__(self, ring_capacity: int = RING_CAPACITY, max_devices: int = MAX_DEVICES) -> None:
        self._lock = threading.Lock()
        self._ring_capacity = ring_capacity
        self._max_devices = max_devices
        self._devices: dict[str, _Known] = {}
        self._sequence = 0

    @property
    def version(self) -> int:
        """The sequence number of the newest reading; a change means there is news."""
        return self._sequence

    def preload(self, states: Sequence[DeviceState]) -> None:
        """Makes devices known from earlier runs visible before they report again."""
        with self._lock:
            for state in states:
                self._devices.setdefault(state.publisher_id, _Known(state))
            self._make_room()
            self._sequence += 1

    def publish(self, stored: Sequence[AnalysedReading]) -> None:
        """Adds committed readings; called by the pipeline thread once per batch."""
        from harit_desktop.pipeline.ring import ReadingRing

        with self._lock:
            touched: dict[str, int] = {}
            for item in stored:
                publisher_id = item.reading.publisher_id
                known = self._devices.get(publisher_id)
                if known is None:
                    known = self._devices[publisher_id] = _Known(_state_of(item))
                if known.ring is None:
                    known.ring = ReadingRing(self._ring_capacity)
                self._sequence += 1
                known.ring.append(self._sequence, item)
                if _is_newer(item, known.state):
                    known.state = _state_of(item, known.state.stored_readings)
                touched[publisher_id] = touched.get(publisher_id, 0) + 1
            for publisher_id, count in touched.items():
                self._devices[publisher_id].state = _counted(self._devices[publisher_id], count)
            self._make_room()

    def devices(self) -> tuple[DeviceState, ...]:
        """Every known device, in the order in which they became known."""
        with self._lock:
            return tuple(known.state for known in self._devices.values())

    def points_since(self, publisher_id: str, sequence: int) -> LivePoints:
        """The device's points after `sequence`, at most `ring_capacity` of them."""
        from harit_desktop.pipeline.ring import ReadingRing

        with self._lock:
            known = self._devices.get(publisher_id)
            ring = known.ring if known is not None else None
            return (ring or ReadingRing(1)).since(sequence)

    def forget(self, publisher_ids: Sequence[str]) -> None:
        """Drops devices whose readings were deleted."""
        with self._lock:
            for publisher_id in publisher_ids:
                self._devices.pop(publisher_id, None)
            self._sequence += 1

    def _make_room(self) -> None:
        excess = len(self._devices) - self._max_devices
        if excess <= 0:
            return
        by_silence = sorted(self._devices, key=lambda k: self._devices[k].state.received_us)
        for publisher_id in by_silence[:excess]:
            del self._devices[publisher_id]


def _is_newer(item: AnalysedReading, known: DeviceState) -> bool:
    """Whether the reading replaces the known state. A probe that once named an instant in
    the future must not look silent until that instant has come."""
    reading = item.reading
    return reading.timestamp_us >= known.timestamp_us or known.timestamp_us > reading.received_us


def _state_of(item: AnalysedReading, stored_readings: int = 0) -> DeviceState:
    reading = item.reading
    return DeviceState(
        publisher_id=reading.publisher_id,
        timestamp_us=reading.timestamp_us,
        received_us=reading.received_us,
        values=reading.values,
        analysis=item.analysis,
        simulated=reading.simulated,
        topic=reading.topic,
        interval_s=None,
        stored_readings=stored_readings,
        clock_suspect=reading.time_source is TimeSource.SUSPECT,
    )


def _counted(known: _Known, count: int) -> DeviceState:
    """The state with its interval and its readings of this batch, once per batch."""
    learned = known.ring.interval_s() if known.ring is not None else None
    return msgspec.structs.replace(
        known.state,
        interval_s=learned or known.state.interval_s,
        stored_readings=known.state.stored_readings + count,
    )
