"""Alerts: what a person wants to be told, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta


class Severity(StrEnum):
    WARNING = "warning"
    CRITICAL = "critical"


class RuleKind(StrEnum):
    """What a rule watches."""

    RANGE = "range"
    """A believable value below `low` or above `high`."""
    RATE = "rate"
    """A change of more than `high` (or less than `low`, below zero) within an hour."""
    UNUSUAL = "unusual"
    """A value that is unusual for this hour of the day (event `unusual.hour`)."""
    STUCK = "stuck"
    """A quality event that means a faulty probe: stuck, frozen, drifting, in the air."""
    SILENT = "silent"
    """No reading for longer than three of the device's own intervals, or `high` seconds."""
    SYSTEM = "system"
    """The program's own: broker, database, spool, disk, clock."""


class AlertRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One rule. `channel` "" and `publisher_id` "" mean every one.

    `low` and `high` are in the channel's unit (a RATE in units an hour, SILENT in seconds);
    both None in a RANGE rule mean the alarm limits of the profile. A condition must hold for
    `on_delay_s` and `on_readings` readings before it is told, and is over once the value came
    back by `hysteresis_percent` of the range's width and stayed for `off_delay_s`. Of a device
    that reports less often than once a minute two readings are enough.
    """

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    kind: RuleKind = RuleKind.RANGE
    name: Annotated[str, Meta(max_length=80)] = ""
    enabled: bool = True
    severity: Severity = Severity.WARNING
    channel: str = ""
    publisher_id: Annotated[str, Meta(max_length=64)] = ""
    low: float | None = None
    high: float | None = None
    on_delay_s: Annotated[float, Meta(ge=0, le=86_400)] = 60.0
    on_readings: Annotated[int, Meta(ge=1, le=1000)] = 3
    off_delay_s: Annotated[float, Meta(ge=0, le=86_400)] = 300.0
    hysteresis_percent: Annotated[float, Meta(ge=0, le=50)] = 5.0


# N, P and K of a probe that nobody calibrated are wrong by more than their whole good range:
# alerts about them would only teach people to look away.
DEFAULT_RULES: tuple[AlertRule, ...] = (
    AlertRule(id="moisture", channel="Moisture", severity=Severity.CRITICAL),
    AlertRule(id="ph", channel="pH"),
    AlertRule(id="temperature", channel="Temperature"),
    AlertRule(id="co2", channel="CO2"),
    AlertRule(id="faulty", kind=RuleKind.STUCK),
    AlertRule(id="silent", kind=RuleKind.SILENT),
    AlertRule(id="system", kind=RuleKind.SYSTEM),
)


class AlertState(StrEnum):
    ACTIVE_NEW = "active_new"
    ACTIVE_ACKNOWLEDGED = "active_acknowledged"
    ENDED_NEW = "ended_new"
    """It is over and nobody has seen it yet."""
    ENDED = "ended"


class Alert(msgspec.Struct, frozen=True):
    """One alert from its onset to its end.

    `code` with `params` says what it is about (words come later), `value` and `limit` are
    those of the onset, None where there are none. `worst` is the value furthest beyond the
    limit so far. `flood` counts the alerts that this one stands for, 0 for itself alone.
    `muted_until_us` silences banner, sound and messages for its rule and device.
    `told_us` is when people were told of it, None while that waits for the end of a mute or
    of the quiet hours. `flood_id` is the alert that stands for this one.
    """

    id: int
    rule_id: str
    kind: RuleKind
    severity: Severity
    publisher_id: str
    channel: str
    code: str
    params: Mapping[str, str | float]
    value: float | None
    limit: float | None
    worst: float | None
    raised_us: int
    ended_us: int | None = None
    acknowledged_us: int | None = None
    acknowledged_by: str = ""
    seen_us: int | None = None
    muted_until_us: int | None = None
    note: str = ""
    flood: int = 0
    told_us: int | None = None
    flood_id: int | None = None

    @property
    def state(self) -> AlertState:
        if self.ended_us is None:
            new = self.acknowledged_us is None
            return AlertState.ACTIVE_NEW if new else AlertState.ACTIVE_ACKNOWLEDGED
        told = self.acknowledged_us is not None or self.seen_us is not None
        return AlertState.ENDED if told else AlertState.ENDED_NEW

    def is_muted(self, now_us: int) -> bool:
        return self.muted_until_us is not None and now_us < self.muted_until_us


class AlertChange(StrEnum):
    """A transition; each is kept with its time and person."""

    RAISED = "raised"
    WORSE = "worse"
    ACKNOWLEDGED = "acknowledged"
    MUTED = "muted"
    NOTED = "noted"
    SEEN = "seen"
    ENDED = "ended"


class AlertTransition(msgspec.Struct, frozen=True):
    """`person` is "" for what the program itself did."""

    alert_id: int
    at_us: int
    change: AlertChange
    person: str = ""
    note: str = ""


class AlertBoard(msgspec.Struct, frozen=True):
    """What is to be shown now: every alert that is not ENDED, the worst and newest first.

    `version` grows with every change. `telling` is the one for the banner, None while nothing
    is new, unmuted and outside the quiet hours. `sink_problems` name what could not be sent.
    """

    version: int = 0
    alerts: tuple[Alert, ...] = ()
    telling: Alert | None = None
    sent: int = 0
    sink_problems: tuple[str, ...] = ()


class TriedRule(msgspec.Struct, frozen=True):
    """What a rule would have told over a stretch of stored readings."""

    readings: int
    alerts: tuple[tuple[str, str, int, int | None], ...]
    """(device, channel, raised_us, ended_us) of each."""
