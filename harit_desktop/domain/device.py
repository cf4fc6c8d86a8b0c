"""What is known of one device at this moment."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from statistics import median

import msgspec

from harit_desktop.domain.analysis import Analysis
from harit_desktop.domain.channels import Values
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.extras import EXTRA_CHANNELS

MAX_DEVICES = 200
"""How many devices a view knows at most; the one silent for longest gives way."""
INTERVAL_WINDOW = 16
"""From how many newest readings the reporting interval is learned."""
STALE_FLOOR_S = 30.0
USUAL_INTERVAL_S = 60.0
"""How often a probe is taken to report until its own interval is known."""
OLD_AFTER_S = 15 * 60.0
AHEAD_AFTER_S = 60.0
"""A clock that is wrong by less than this is not worth a word."""
RATE_WINDOW_S = 10
"""Over how many seconds the messages of a device are counted."""

_PLACES = {extra.key: place for place, extra in enumerate(EXTRA_CHANNELS)}


class ExtraValue(msgspec.Struct, frozen=True):
    """The newest value of an extra channel, in the unit of its catalogue, and when it was
    measured."""

    key: str
    value: float
    time_us: int


class PublisherWord(msgspec.Struct, frozen=True):
    """What a publisher said of itself, or its broker by its last will.

    One that was `retained` lay at the broker for an unknown time before it was received.
    `topic_root` begins the topics of all that the publisher sends, "" where that is not known.
    """

    publisher_id: str
    online: bool
    received_us: int
    retained: bool = False
    topic_root: str = ""

    def covers(self, publisher_id: str, topic: str) -> bool:
        """Whether it speaks of a device with this id, whose readings come on this topic: of
        itself, of a probe of its own, or of one that it passes on."""
        own, root = self.publisher_id, self.topic_root
        if own and (publisher_id == own or publisher_id.startswith(f"{own}/")):
            return True
        return bool(root) and (topic == root or topic.startswith(f"{root}/"))


class DeviceState(msgspec.Struct, frozen=True):
    """The newest reading of a device and how it reports.

    `interval_s` is the learned reporting interval (median of recent steps), None until
    three readings are known. `stored_readings` counts this run's stored readings.
    `via_api` says that the newest reading came through the API and not over MQTT.
    `clock_suspect` says that the probe sent an impossible time, so that `timestamp_us` is
    when the reading arrived. `extras` are the newest value of each extra channel that is known
    of the device, in the order of the catalogue. `word` is what the device's publisher last said
    of itself. `messages_per_s` are those of the last `RATE_WINDOW_S` seconds before
    `received_us`.
    """

    publisher_id: str
    timestamp_us: int
    received_us: int
    values: Values
    analysis: Analysis
    simulated: bool
    topic: str
    interval_s: float | None
    stored_readings: int
    clock_suspect: bool = False
    via_api: bool = False
    extras: tuple[ExtraValue, ...] = ()
    word: PublisherWord | None = None
    messages_per_s: float = 0.0

    def extra(self, key: str) -> ExtraValue | None:
        """The newest value of an extra channel."""
        return next((extra for extra in self.extras if extra.key == key), None)

    def says_offline(self) -> bool:
        """Whether its publisher says that it is away, and no reading has come since."""
        word = self.word
        return word is not None and not word.online and word.received_us >= self.received_us

    def silent_after_s(self) -> float:
        """Seconds without a reading after which the device counts as stale."""
        return max(3 * (self.interval_s or USUAL_INTERVAL_S), STALE_FLOOR_S)

    def age_s(self, now_us: int) -> float:
        """Seconds since the newest reading arrived, never negative."""
        return max(0.0, (now_us - self.received_us) / US_PER_S)

    def arrived_late(self) -> bool:
        """Whether the newest reading was measured long before it reached this program, so
        that its arrival says nothing about the present state of the soil."""
        return (self.received_us - self.timestamp_us) / US_PER_S > OLD_AFTER_S

    def is_ahead(self, now_us: int) -> bool:
        """Whether the newest reading bears a time that has not come yet."""
        return (self.timestamp_us - now_us) / US_PER_S > AHEAD_AFTER_S

    def is_stale(self, now_us: int) -> bool:
        return self.age_s(now_us) > self.silent_after_s()


def reporting_interval_s(times_us: Sequence[int]) -> float | None:
    """Median step between the instants of a device's newest readings, in any order.

    None below three of them, or where all are the same.
    """
    if len(times_us) < 3:
        return None
    ordered = sorted(times_us)
    steps_us = [b - a for a, b in itertools.pairwise(ordered) if b > a]
    return median(steps_us) / US_PER_S if steps_us else None


def newest_extras(
    known: Sequence[ExtraValue], found: Sequence[ExtraValue]
) -> tuple[ExtraValue, ...]:
    """The newer of both values of each extra channel, in the order of the catalogue; those
    found where they are as old."""
    newest: dict[str, ExtraValue] = {}
    for extra in (*known, *found):
        before = newest.get(extra.key)
        # A later version's store may have channels that this one does not know.
        if extra.key in _PLACES and (before is None or extra.time_us >= before.time_us):
            newest[extra.key] = extra
    return tuple(sorted(newest.values(), key=lambda extra: _PLACES[extra.key]))
