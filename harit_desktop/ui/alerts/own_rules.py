"""Alert limits of one device: rules that take the place of the general ones for it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from msgspec.structs import replace

from harit_desktop.alerting.rules import AlarmLimits, bounds_of, rules_for
from harit_desktop.domain.alert import AlertRule, RuleKind

Pair = tuple[float | None, float | None]
"""Below and above what an alert is told; None is no limit on that side."""

NO_LIMITS: Pair = (None, None)
_ID_BYTES = 6


def own_limits(rules: Sequence[AlertRule], publisher_id: str, channel: str) -> Pair:
    """The limits that a device has of its own."""
    rule = _own(rules, publisher_id, channel)
    return NO_LIMITS if rule is None or not rule.enabled else (rule.low, rule.high)


def general_limits(
    rules: Sequence[AlertRule], publisher_id: str, channel: str, alarms: AlarmLimits
) -> Pair | None:
    """The limits that hold where a device has none of its own; None where nothing is told."""
    for rule in _general(rules, publisher_id, channel):
        bounds = bounds_of(rule, channel, alarms)
        if bounds is not None:
            return bounds.low, bounds.high
    return None


def with_limits(
    rules: Sequence[AlertRule], publisher_id: str, channel: str, limits: Pair
) -> tuple[AlertRule, ...]:
    """The rules with these limits for a device and channel; NO_LIMITS takes them away.

    A new rule has the delays and the severity of the one whose place it takes.
    """
    own = _own(rules, publisher_id, channel)
    if limits == NO_LIMITS:
        return tuple(rule for rule in rules if rule is not own)
    low, high = limits
    if own is not None:
        changed = replace(own, low=low, high=high, enabled=True)
        return tuple(changed if rule is own else rule for rule in rules)
    general = next(iter(_general(rules, publisher_id, channel)), AlertRule(id="new"))
    made = replace(
        general,
        id=f"device-{secrets.token_hex(_ID_BYTES)}",
        name="",
        channel=channel,
        publisher_id=publisher_id,
        low=low,
        high=high,
    )
    return (*rules, made)


def _own(rules: Sequence[AlertRule], publisher_id: str, channel: str) -> AlertRule | None:
    found = [
        rule
        for rule in rules
        if rule.kind is RuleKind.RANGE
        and (rule.publisher_id, rule.channel) == (publisher_id, channel)
        and (rule.low, rule.high) != NO_LIMITS
    ]
    # The one that is in force, where somebody keeps another that is switched off.
    return next((rule for rule in found if rule.enabled), next(iter(found), None))


def _general(rules: Sequence[AlertRule], publisher_id: str, channel: str) -> list[AlertRule]:
    own = _own(rules, publisher_id, channel)
    others = [rule for rule in rules if rule is not own]
    return rules_for(others, RuleKind.RANGE, publisher_id, channel)
