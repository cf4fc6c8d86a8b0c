"""The live model: what the newest readings are, bounded, for views to poll.

The pipeline thread writes after each commit; any thread reads. A view remembers the
last sequence number it has drawn and asks for what came after it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.device import (
    MAX_DEVICES,
    RATE_WINDOW_S,
    DeviceState,
    ExtraValue,
    PublisherWord,
    newest_extras,
)
from harit_desktop.domain.reading import AnalysedReading, Source, TimeSource

if TYPE_CHECKING:
    # Imported where the first ring is made: numpy would delay the window by 0.1 s.
    from harit_desktop.pipeline.ring import LivePoints, ReadingRing

RING_CAPACITY = 4096
RATE_BATCHES = 200
"""Of so many batches the messages of a device are counted at most."""


@dataclass(slots=True)
class _Known:
    """A device: its newest state, its points once it reported in this run, and the batches of
    the last seconds with how many messages each had of it."""

    state: DeviceState
    ring: ReadingRing | None = None
    batches: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=RATE_BATCHES))


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
        self._words: dict[str, PublisherWord] = {}
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
                    self._devices[state.publisher_id] = _Known(self._with_word(state))
                elif state.received_us > known.state.received_us or _judged_anew(
                    known.state, state
                ):
                    known.state = _told_on(state, known.state)
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
                    state = self._with_word(_state_of(items[0]))
                    known = self._devices[publisher_id] = _Known(state)
                if known.ring is None:
                    known.ring = ReadingRing(self._ring_capacity)
                known.ring.extend(sequences, items)
                _follow(known, items)
            # Last, for a reader looks at it without the lock.
            self._sequence += len(stored)
            self._make_room()

    def hear(
        self,
        words: Sequence[PublisherWord],
        counts: Mapping[str, int],
        received_us: int,
    ) -> None:
        """Takes what publishers said of themselves, and how many messages of each device a
        batch had that ended at `received_us`; called by the pipeline thread once per batch,
        after `publish`."""
        with self._lock:
            for publisher_id, count in counts.items():
                known = self._devices.get(publisher_id)
                if known is not None:
                    known.batches.append((received_us, count))
                    rate = _rate_per_s(known.batches, received_us)
                    known.state = msgspec.structs.replace(known.state, messages_per_s=rate)
            if not words:
                return
            for word in words:
                before = self._words.pop(word.publisher_id, None)
                if before is not None and before.received_us > word.received_us:
                    # One of the store, of an earlier run.
                    self._words[word.publisher_id] = before
                    continue
                self._words[word.publisher_id] = word
                for known in self._devices.values():
                    if word.covers(known.state.publisher_id, known.state.topic):
                        known.state = msgspec.structs.replace(known.state, word=word)
            while len(self._words) > self._max_devices:
                del self._words[next(iter(self._words))]
            self._sequence += 1

    def learn_extras(self, publisher_id: str, extras: Sequence[ExtraValue]) -> None:
        """Takes the newest values of extra channels that the store has of a device; what was
        measured later stays."""
        with self._lock:
            known = self._devices.get(publisher_id)
            if known is None or not extras:
                return
            newest = newest_extras(extras, known.state.extras)
            if newest != known.state.extras:
                known.state = msgspec.structs.replace(known.state, extras=newest)
                self._sequence += 1

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

    def _with_word(self, state: DeviceState) -> DeviceState:
        """A device that just became known, with what its publisher said before."""
        for word in reversed(self._words.values()):
            if word.covers(state.publisher_id, state.topic):
                return msgspec.structs.replace(state, word=word)
        return state

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
    before, time_us = known.state, known.state.timestamp_us
    extras: list[ExtraValue] = []
    for item in items:
        reading = item.reading
        if reading.extras:
            extras += [
                ExtraValue(key, value, reading.timestamp_us) for key, value in reading.extras
            ]
        # A probe that once named an instant in the future must not look silent until that
        # instant has come.
        if reading.timestamp_us >= time_us or time_us > reading.received_us:
            newest, time_us = item, reading.timestamp_us
    if newest is not None:
        known.state = _told_on(_state_of(newest), before)
    if extras:
        merged = newest_extras(before.extras, extras)
        known.state = msgspec.structs.replace(known.state, extras=merged)
    known.state = _counted(known, len(items))


def _told_on(state: DeviceState, before: DeviceState) -> DeviceState:
    """A newer state of a device with what readings do not tell."""
    return msgspec.structs.replace(
        state,
        stored_readings=before.stored_readings,
        extras=before.extras,
        word=before.word,
        messages_per_s=before.messages_per_s,
    )


def _rate_per_s(batches: deque[tuple[int, int]], now_us: int) -> float:
    """Messages a second over the window; batches before it are let go."""
    since_us = now_us - RATE_WINDOW_S * US_PER_S
    while batches and batches[0][0] < since_us:
        batches.popleft()
    return sum(count for _, count in batches) / RATE_WINDOW_S


def _judged_anew(known: DeviceState, stored: DeviceState) -> bool:
    """Whether it is the same reading with another judgement."""
    if (known.timestamp_us, known.received_us) != (stored.timestamp_us, stored.received_us):
        return False
    before, now = known.analysis, stored.analysis
    return (before.index, before.profile) != (now.index, now.profile)


def _state_of(item: AnalysedReading) -> DeviceState:
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
        stored_readings=0,
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
