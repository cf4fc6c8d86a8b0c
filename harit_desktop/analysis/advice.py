"""From rules to advice: what to do about a reading, most urgent first.

A channel that the quality tests doubt gets care of its sensor instead of a word about the
field. Of nitrogen, phosphorus and potassium there is only their trend, and that a laboratory
has to confirm them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from harit_desktop.analysis.advice_rules import (
    LimitRule,
    NutrientRule,
    PlainRule,
    ReasonRule,
    Rule,
    Rules,
    TrendRule,
)
from harit_desktop.analysis.trends import TREND_DAYS
from harit_desktop.domain.advice import Advice, Urgency
from harit_desktop.domain.analysis import Flag, Limits
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS, Values

_TOPICS: Mapping[str, tuple[str, ...]] = {
    "water": ("Moisture",),
    "ph": ("pH",),
    "temperature": ("Temperature",),
    "air": ("CO2",),
    "nutrient": ("N", "P", "K"),
}
_TO_COMPARE = ("P", "K", "N")
"""A Soil Health Card gives P and K as the curves take them, and N only by permanganate."""
_BY_URGENCY: Sequence[Urgency] = ("crit", "warn", "info")
_BELIEVED = (int(Flag.PASS), int(Flag.NOT_EVALUATED))

Params = dict[str, float | str]


class Seen(msgspec.Struct, frozen=True):
    """What advice is given about. `raw` is as sent, `values` as corrected.

    `limits` has one entry per catalogue channel. `trends` are changes in % over `TREND_DAYS`
    by channel key, `compared` the channels that a laboratory value was entered for.
    """

    raw: Values
    values: Values
    flags: Sequence[int]
    reasons: Mapping[str, str]
    limits: Sequence[Limits | None]
    trends: Mapping[str, float]
    compared: frozenset[str] = frozenset()
    clock_suspect: bool = False

    def believed(self, key: str) -> float | None:
        """The channel's value, None where it is absent or doubted."""
        position = CHANNEL_INDEX[key]
        return self.values[position] if self.flags[position] in _BELIEVED else None


def advise(seen: Seen, rules: Rules) -> tuple[Advice, ...]:
    """Advice by urgency; among equals a rule's second channel comes after the other rules."""
    placed = [(place, code, rule) for place, (code, rule) in enumerate(rules)]
    if any(_is_about_the_probe(rule, seen) for _, _, rule in placed):
        placed = [one for one in placed if _holds_in_air(one[1], one[2])]
    # What is too low is not low as well, so alarm limits are asked first.
    placed.sort(key=lambda one: _is_optimal(one[2]))
    found: list[tuple[int, int, int, Advice]] = []
    said: set[tuple[str, str, str]] = set()
    for place, code, rule in placed:
        topic, _, name = code.partition(".")
        repeat = 0
        for key, params in _fired(code, rule, seen):
            kind = (topic, name.removeprefix("too_"), key)
            if kind in said:
                continue
            said.add(kind)
            one = Advice(code, rule.urgency, key, params)
            found.append((_BY_URGENCY.index(rule.urgency), repeat, place, one))
            repeat += 1
    found.sort(key=lambda entry: entry[:3])
    return tuple(entry[3] for entry in found)


def _is_optimal(rule: Rule) -> bool:
    return isinstance(rule, LimitRule | NutrientRule) and rule.limit == "optimal"


def _is_about_the_probe(rule: Rule, seen: Seen) -> bool:
    return (
        isinstance(rule, ReasonRule)
        and rule.whole_probe
        and any(code in rule.reasons for code in seen.reasons.values())
    )


def _holds_in_air(code: str, rule: Rule) -> bool:
    """Whether a rule has something to say of a probe that does not measure the soil."""
    return code == "sensor.clock" or (isinstance(rule, ReasonRule) and rule.whole_probe)


def _fired(code: str, rule: Rule, seen: Seen) -> Iterator[tuple[str, Params]]:
    """(channel key, params) of each piece of advice that a rule gives."""
    topic, _, name = code.partition(".")
    if isinstance(rule, ReasonRule):
        yield from _doubted(rule, seen)
    elif isinstance(rule, PlainRule):
        yield from _uncompared(seen) if name == "calibrate" else _clock(seen)
    elif isinstance(rule, TrendRule):
        for key in _TOPICS[topic]:
            change = seen.trends.get(key)
            if change is None or seen.believed(key) is None:
                continue
            if (-change if name == "falling" else change) >= rule.percent:
                yield key, {"value": change, "days": TREND_DAYS}
    else:
        for key in _TOPICS[topic]:
            params = _outside(key, rule, name, seen)
            if params is not None:
                yield key, params


def _outside(key: str, rule: LimitRule | NutrientRule, name: str, seen: Seen) -> Params | None:
    """What a sentence about that channel names: value, and what is good; None if inside."""
    value, limits = seen.believed(key), seen.limits[CHANNEL_INDEX[key]]
    if value is None or limits is None:
        return None
    low, high, alarm_low, alarm_high = limits
    least, most = (low, high) if rule.limit == "optimal" else (alarm_low, alarm_high)
    if not (value < least if name.endswith("low") else value > most):
        return None
    channel, params = CHANNELS[CHANNEL_INDEX[key]], Params(value=value)
    if low > channel.sensor_min:
        params["low"] = low
    if high < channel.sensor_max:
        params["high"] = high
    return params


def _doubted(rule: ReasonRule, seen: Seen) -> Iterator[tuple[str, Params]]:
    keys = [channel.key for channel in CHANNELS if seen.reasons.get(channel.key) in rule.reasons]
    if rule.whole_probe:
        keys = keys[:1]
    for key in keys:
        value = seen.raw[CHANNEL_INDEX[key]]
        params: Params = {} if value is None or rule.whole_probe else {"value": value}
        yield "" if rule.whole_probe else key, params


def _uncompared(seen: Seen) -> Iterator[tuple[str, Params]]:
    """The first nutrient without a laboratory value: one to enter at a time is enough."""
    for key in _TO_COMPARE:
        value = seen.believed(key)
        judged = seen.limits[CHANNEL_INDEX[key]] is not None
        if value is not None and judged and key not in seen.compared:
            yield key, {"value": value}
            return


def _clock(seen: Seen) -> Iterator[tuple[str, Params]]:
    if seen.clock_suspect:
        yield "", {}
