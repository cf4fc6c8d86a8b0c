"""Alerts as they begin, made of what raised them."""

from __future__ import annotations

from harit_desktop.alerting.faults import FaultTurn
from harit_desktop.alerting.readings import ValueTurn
from harit_desktop.alerting.surroundings import Standing
from harit_desktop.domain.alert import Alert, RuleKind

MOST_NAMED = 7


def of_value(turn: ValueTurn) -> Alert:
    """Of a value beyond its limit."""
    rule, limit = turn.rule, turn.limit
    below = limit is not None and turn.value < limit
    if rule.kind is RuleKind.RATE:
        code = "rate.falling" if below else "rate.rising"
    else:
        code = "value.low" if below else "value.high"
    return Alert(
        id=0,
        rule_id=rule.id,
        kind=rule.kind,
        severity=rule.severity,
        publisher_id=turn.publisher_id,
        channel=turn.channel,
        code=code,
        params={},
        value=turn.value,
        limit=limit,
        worst=turn.value,
        raised_us=turn.onset_us,
    )


def of_fault(turn: FaultTurn) -> Alert:
    """Of a faulty probe, or of what is unusual."""
    rule, event = turn.rule, turn.event
    return Alert(
        id=0,
        rule_id=rule.id,
        kind=rule.kind,
        severity=rule.severity,
        publisher_id=event.publisher_id,
        channel=turn.channel,
        code=event.code,
        params={"kind": event.kind, "channels": ",".join(event.channels[:MOST_NAMED])},
        value=_finite(event.value),
        limit=_finite(event.limit),
        worst=_finite(event.value),
        raised_us=event.onset_us,
    )


def of_standing(standing: Standing) -> Alert:
    """Of a silent device, or of something that is wrong with the program's ways."""
    return Alert(
        id=0,
        rule_id=standing.rule.id,
        kind=standing.rule.kind,
        severity=standing.severity,
        publisher_id=standing.publisher_id,
        channel="",
        code=standing.code,
        params=standing.params,
        value=None,
        limit=None,
        worst=None,
        raised_us=standing.since_us,
    )


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None
