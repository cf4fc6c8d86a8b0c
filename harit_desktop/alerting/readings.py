"""Rules about values: what a reading changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from harit_desktop.alerting.conditions import HourlyChange, Turn, Watch
from harit_desktop.alerting.rules import AlarmLimits, bounds_of, rules_for
from harit_desktop.domain.alert import Alert, AlertRule, RuleKind
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.reading import AnalysedReading

Correct = Callable[[str, Values, int], Values]
"""Publisher, values as stored, instant: the values that calibrations make of them."""


def as_sent(publisher_id: str, values: Values, at_us: int) -> Values:
    """No calibration."""
    return values


VALUE_KINDS = (RuleKind.RANGE, RuleKind.RATE)
MOST_WATCHED = 1000
"""Devices; ids come from outside, and each costs memory."""
_BELIEVED = (int(Flag.PASS), int(Flag.NOT_EVALUATED))


class ValueTurn(NamedTuple):
    """What a value changed for a rule; `value` is the change per hour for a RATE."""

    rule: AlertRule
    publisher_id: str
    channel: str
    turn: Turn
    onset_us: int
    at_us: int
    value: float
    limit: float | None


class _Watched(NamedTuple):
    rule: AlertRule
    position: int
    channel: str
    watch: Watch
    hourly: HourlyChange | None


class ValueRules:
    """The rules about values, and what they remember of each device.

    A rule for one device takes the place of those of its kind and channel for all devices.
    Readings of a device come in the order of their time; `newest_us` is its newest one's.
    """

    def __init__(
        self,
        rules: Sequence[AlertRule],
        limits: AlarmLimits,
        correct: Correct,
        before: ValueRules | None = None,
    ) -> None:
        """`before` are the rules until now: their readings are not judged again."""
        self._rules = [rule for rule in rules if rule.kind in VALUE_KINDS and rule.enabled]
        self._limits, self._correct = limits, correct
        self._devices: dict[str, list[_Watched]] = {}
        self._newest_us: dict[str, int] = {} if before is None else dict(before._newest_us)

    def resume(self, alert: Alert) -> AlertRule | None:
        """Goes on with an open alert; its rule as it is now. None where that is no more."""
        for watched in self._of(alert.publisher_id):
            if (watched.rule.id, watched.channel) == (alert.rule_id, alert.channel):
                if watched.rule.kind is not alert.kind:
                    continue
                watched.watch.resume(alert.worst)
                return watched.rule
        return None

    def newest_us(self, publisher_id: str) -> int | None:
        return self._newest_us.get(publisher_id)

    def feed(self, item: AnalysedReading) -> Iterator[ValueTurn]:
        """What a reading changes. One that is not newer than the device's newest changes
        nothing."""
        reading = item.reading
        publisher_id, at_us = reading.publisher_id, reading.timestamp_us
        if at_us <= self._newest_us.get(publisher_id, at_us - 1):
            return
        watches = self._of(publisher_id)
        if publisher_id not in self._devices:
            return
        # Put at the end: the first of them is the one unheard for longest.
        self._newest_us.pop(publisher_id, None)
        self._newest_us[publisher_id] = at_us
        if not watches:
            return
        values = self._correct(publisher_id, reading.values, at_us)
        for rule, position, channel, watch, hourly in watches:
            value = values[position]
            if value is None or item.analysis.flags[position] not in _BELIEVED:
                continue
            if hourly is not None:
                value = hourly.feed(value, at_us)
                if value is None:
                    continue
            turn = watch.feed(value, at_us)
            if turn is not None:
                onset_us, limit = watch.onset_us, watch.limit
                yield ValueTurn(rule, publisher_id, channel, turn, onset_us, at_us, value, limit)

    def _of(self, publisher_id: str) -> list[_Watched]:
        known = self._devices.get(publisher_id)
        if known is None:
            if len(self._devices) >= MOST_WATCHED and not self._forget_one():
                return []
            known = self._devices[publisher_id] = list(self._made_for(publisher_id))
        return known

    def _forget_one(self) -> bool:
        """The device unheard for longest gives way, but none with an open alert."""
        for publisher_id in [*self._newest_us, *self._devices]:
            watches = self._devices.get(publisher_id)
            if watches is not None and not any(one.watch.active for one in watches):
                del self._devices[publisher_id]
                self._newest_us.pop(publisher_id, None)
                return True
        return False

    def _made_for(self, publisher_id: str) -> Iterator[_Watched]:
        for position, channel in enumerate(CHANNELS):
            for kind in VALUE_KINDS:
                for rule in rules_for(self._rules, kind, publisher_id, channel.key):
                    bounds = bounds_of(rule, channel.key, self._limits)
                    if bounds is not None:
                        hourly = HourlyChange() if kind is RuleKind.RATE else None
                        watch = Watch(rule, bounds)
                        yield _Watched(rule, position, channel.key, watch, hourly)
