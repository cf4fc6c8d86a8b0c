"""What the types of a profile cannot say: numbers that make a curve."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import isfinite

from harit_desktop.analysis.judgement import MIN_USABLE_CHANNELS
from harit_desktop.analysis.schema import ClassicProfile, ConditionChannels, Profile

_LIMITS = "alarm low < optimal low < optimal high < alarm high"

Corners = tuple[str, tuple[float, ...], str]
"""Where, numbers that have to rise, and the rule in words."""


def complaint(profile: Profile) -> str | None:
    """The first thing that makes no sense, in English with the channel; None for a good one."""
    corners: list[Corners]
    if isinstance(profile, ClassicProfile):
        corners = [
            (key, (r.alarm[0], *r.optimal, r.alarm[1]), _LIMITS)
            for key, r in profile.channels.items()
        ]
    else:
        if not _can_judge(profile.channels):
            return "four channels besides CO2 are needed, Moisture or pH among them"
        corners = list(_condition_corners(profile.channels))
    if not corners:
        return "no channel"
    for where, numbers, rule in corners:
        rising = all(left < right for left, right in pairwise(numbers))
        if not rising or not all(map(isfinite, numbers)):
            return f"{where}: {rule} is needed"
    return None


def _can_judge(channels: ConditionChannels) -> bool:
    """Whether a complete reading can have an index; CO2 may have no part in it."""
    keys = (channels.moisture, channels.ph)
    others = (channels.nitrogen, channels.phosphorus, channels.potassium, channels.temperature)
    count = sum(found is not None for found in (*keys, *others))
    return count >= MIN_USABLE_CHANNELS and any(found is not None for found in keys)


def _condition_corners(channels: ConditionChannels) -> Iterator[Corners]:
    for key, found in (("Temperature", channels.temperature), ("pH", channels.ph)):
        if found is not None:
            yield key, (found.alarm[0], *found.optimal, found.alarm[1]), _LIMITS
    supplies = [("P", channels.phosphorus), ("K", channels.potassium)]
    if channels.nitrogen is not None:
        nitrogen = channels.nitrogen
        for key, supply in (("N.nitrate", nitrogen.nitrate), ("N.kmno4", nitrogen.kmno4)):
            yield key, (0.0, supply.low, supply.enough), "0 < low < enough"
    for key, nutrient in supplies:
        if nutrient is not None:
            yield key, (0.0, nutrient.low, nutrient.enough), "0 < low < enough"
    if channels.co2 is not None:
        air = channels.co2
        yield "CO2", (0.0, air.optimal_high, air.alarm_high), "0 < optimal_high < alarm_high"
    if channels.moisture is not None:
        share = channels.moisture.saturation
        wet = share.wet or (100.0, 101.0)
        yield "Moisture.saturation", (*share.dry, *wet), "dry < wet, each low < high,"
