"""What the tests say: a finding about one channel, an event of one probe, a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

import msgspec

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.reading import Reading


class Finding(msgspec.Struct, frozen=True):
    """What one test holds against one channel's value; `code` is stable (see `rules.CODES`).

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
    """It had cleared less than `rules.MERGE_US` ago and goes on as the same event."""
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


class QualityTest(Protocol):
    """One test. May keep state per device; then readings come in the order of storing."""

    def findings(self, reading: Reading) -> Sequence[Finding]:
        """Empty for a good reading; at most one finding per channel that has a value."""
        ...


class Verdict(NamedTuple):
    """One flag number per catalogue channel, the reasons of those that are not a pass,
    and what changed in the probe's events."""

    flags: tuple[int, ...]
    findings: tuple[Finding, ...]
    events: tuple[QualityEvent, ...] = ()
