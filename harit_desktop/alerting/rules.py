"""Which rules hold for a device and channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harit_desktop.alerting.conditions import Bounds
from harit_desktop.domain.alert import AlertRule, RuleKind
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.domain.device import STALE_FLOOR_S

AlarmLimits = Mapping[str, tuple[float | None, float | None]]
"""The profile's alarm limits by channel."""

UNKNOWN_PATIENCE_S = US_PER_DAY / US_PER_S
"""How long a device may be silent whose own interval is not known yet: one that was heard once
or twice may well report once a day."""

_SPANS = {channel.key: channel.min_span for channel in CHANNELS}


def rules_for(
    rules: Sequence[AlertRule], kind: RuleKind, publisher_id: str, channel: str
) -> list[AlertRule]:
    """The rules of a kind that hold for a device and channel: its own, else the general.

    Of each, those that name the channel take the place of those for every channel.
    """
    fitting = [
        rule
        for rule in rules
        if rule.kind is kind
        and rule.enabled
        and rule.channel in ("", channel)
        and rule.publisher_id in ("", publisher_id)
    ]
    own = [rule for rule in fitting if rule.publisher_id] or fitting
    return [rule for rule in own if rule.channel] or own


def patience_s(rule: AlertRule, interval_s: float | None) -> float:
    """Seconds without a reading after which a rule about silence speaks, without its delay:
    its own, else three intervals of the device. `interval_s` None is not known yet."""
    if rule.high:
        return rule.high
    return UNKNOWN_PATIENCE_S if interval_s is None else max(3 * interval_s, STALE_FLOOR_S)


def bounds_of(rule: AlertRule, channel: str, limits: AlarmLimits) -> Bounds | None:
    """The limits of a rule about values for a channel; None where there is nothing to break."""
    low, high = rule.low, rule.high
    of_profile = limits.get(channel, (None, None))
    if low is None and high is None and rule.kind is RuleKind.RANGE:
        low, high = of_profile
    if low is None and high is None:
        return None
    return Bounds(low, high, rule.hysteresis_percent, _scale(rule, channel, of_profile))


def _scale(rule: AlertRule, channel: str, of_profile: tuple[float | None, float | None]) -> float:
    if rule.kind is RuleKind.RATE:
        return max(abs(rule.low or 0.0), abs(rule.high or 0.0))
    least, most = of_profile
    if least is not None and most is not None:
        return abs(most - least)
    return _SPANS.get(channel, 0.0)
