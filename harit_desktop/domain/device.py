"""What is known of one device at this moment."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from statistics import median

import msgspec

from harit_desktop.domain.analysis import Analysis
from harit_desktop.domain.channels import Values
from harit_desktop.domain.clock import US_PER_S

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


class DeviceState(msgspec.Struct, frozen=True):
    """The newest reading of a device and how it reports.

    `interval_s` is the learned reporting interval (median of recent steps), None until
    three readings are known. `stored_readings` counts this run's stored readings.
    `via_api` says that the newest reading came through the API and not over MQTT.
    `clock_suspect` says that the probe sent an impossible time, so that `timestamp_us` is
    when the reading arrived.
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
