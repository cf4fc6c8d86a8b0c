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
from harit_desktop.domain.reading import AnalysedReading, Source, TimeSource

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
        """Makes devices visible that the store knows: from earlier runs, and those that
        another program or instance writes for. What is known to be newer stays; a reading
        that was judged anew takes its new judgement."""
        with self._lock:
            changed = False
            for state in states:
                known = self._devices.get(state.publisher_id)
                if known is None:
                    self._devices[state.publisher_id] = _Known(state)
                elif state.received_us > known.state.received_us or _judged_anew(
                    known.state, state
                ):
                    count = known.state.stored_readings
                    known.state = msgspec.structs.replace(state, stored_readings=count)
                else:
                    continue
                changed = True
            self._make_room()
            self._sequence += changed

    def publish(self, stored: Sequence[AnalysedReading]) -> None:
        """Adds committed readings; called by the pipeline thread once per batch."""
        from harit_desktop.pipeline.ring import ReadingRing

        with self._lock:
            added: dict[str, tuple[list[int], list[AnalysedReading]]] = {}
            for sequence, item in enumerate(stored, start=self._sequence + 1):
                sequences, items = added.setdefault(item.reading.publisher_id, ([], []))
                sequences.append(sequence)
                items.append(item)
            for publisher_id, (sequences, items) in added.items():
                known = self._devices.get(publisher_id)
                if known is None:
                    known = self._devices[publisher_id] = _Known(_state_of(items[0]))
                if known.ring is None:
                    known.ring = ReadingRing(self._ring_capacity)
                known.ring.extend(sequences, items)
                _follow(known, items)
            # Last, for a reader looks at it without the lock.
            self._sequence += len(stored)
            self._make_room()

    def devices(self) -> tuple[DeviceState, ...]:
        """Every known device, in the order in which they became known."""
        with self._lock:
            return tuple(known.state for known in self._devices.values())

    def newest_us(self) -> int | None:
        """The instant of the newest real reading, by the earlier of its own and our clock."""
        with self._lock:
            states = [known.state for known in self._devices.values()]
        times = [min(s.timestamp_us, s.received_us) for s in states if not s.simulated]
        return max(times, default=None)

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


def _follow(known: _Known, items: Sequence[AnalysedReading]) -> None:
    """Brings the state up to the newest of the readings; builds it once for all of them."""
    newest: AnalysedReading | None = None
    time_us = known.state.timestamp_us
    for item in items:
        reading = item.reading
        # A probe that once named an instant in the future must not look silent until that
        # instant has come.
        if reading.timestamp_us >= time_us or time_us > reading.received_us:
            newest, time_us = item, reading.timestamp_us
    if newest is not None:
        known.state = _state_of(newest, known.state.stored_readings)
    known.state = _counted(known, len(items))


def _judged_anew(known: DeviceState, stored: DeviceState) -> bool:
    """Whether it is the same reading with another judgement."""
    if (known.timestamp_us, known.received_us) != (stored.timestamp_us, stored.received_us):
        return False
    before, now = known.analysis, stored.analysis
    return (before.index, before.profile) != (now.index, now.profile)


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
        via_api=reading.source is Source.API,
    )


def _counted(known: _Known, count: int) -> DeviceState:
    """The state with its interval and its readings of this batch, once per batch."""
    learned = known.ring.interval_s() if known.ring is not None else None
    return msgspec.structs.replace(
        known.state,
        interval_s=learned or known.state.interval_s,
        stored_readings=known.state.stored_readings + count,
    )
