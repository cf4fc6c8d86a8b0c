"""What the quality tests say: a finding about one channel, an event of one probe, a verdict."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from harit_desktop.domain.analysis import Flag


class Finding(msgspec.Struct, frozen=True):
    """What one test holds against one channel's value; `code` is stable (see the quality package).

    `limit` is what was passed, in the unit that the code's table entry names.
    """

    channel: str
    flag: Flag
    code: str
    value: float
    limit: float


class Change(StrEnum):
    """What happened to an event."""

    RAISED = "raised"
    AGAIN = "again"
    """It had cleared less than the merging time ago and goes on as the same event."""
    CLEARED = "cleared"


class QualityEvent(msgspec.Struct, frozen=True):
    """A fault of one probe, from its first suspect reading on.

    `kind` groups codes that mean one fault and is what events merge by. `onset_us` is the
    time of the reading in which this stretch began, which may lie some readings back: a
    spike is known for one only when it is over. `first_us` is the onset of the whole event
    and `count` the number of its stretches. `flag` is PASS for what is no fault, such as a
    wetting front or a repeated delivery. `channels` is empty for the reading as a whole.
    """

    publisher_id: str
    kind: str
    code: str
    change: Change
    first_us: int
    onset_us: int
    at_us: int
    count: int
    flag: Flag
    channels: tuple[str, ...]
    value: float
    limit: float


class Verdict(NamedTuple):
    """One flag number per catalogue channel, the reasons of those that are not a pass,
    and what changed in the probe's events."""

    flags: tuple[int, ...]
    findings: tuple[Finding, ...]
    events: tuple[QualityEvent, ...] = ()


class StoredEvent(msgspec.Struct, frozen=True):
    """An event as the store keeps it; `cleared_us` is None while it goes on."""

    id: int
    event: QualityEvent
    cleared_us: int | None


class QualityDay(msgspec.Struct, frozen=True):
    """The quality of one device's readings from `from_us` up to `to_us`, usually a local day.

    `good` counts the readings without a suspect or failed channel; the tuples count per
    catalogue channel. `reasons` has (channel, code, readings), the most frequent first.
    `silent_s` sums the gaps of more than three usual intervals between readings.
    """

    publisher_id: str
    from_us: int
    to_us: int
    readings: int
    good: int
    suspect: tuple[int, ...]
    failed: tuple[int, ...]
    missing: tuple[int, ...]
    reasons: tuple[tuple[str, str, int], ...]
    silent_s: float
