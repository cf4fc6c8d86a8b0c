"""Unusual for the hour: a value far from what this channel of this probe shows at this time
of day.

It is no quality flag. The number is believable and the soil really is so; a pump that runs at
the wrong hour and a heated night are worth telling all the same. A value that another test
holds against the probe never counts, nor does the level it leaves behind.

The hours are those of a fixed offset from UTC, not of a time zone: the sun knows no daylight
saving time, and a replay on a computer elsewhere has to say the same. The offset only moves
the borders of the hours, so that a timer set to six o'clock falls on one.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Final

from harit_desktop.analysis.quality.events import EventBook, Note
from harit_desktop.analysis.quality.rules import (
    HOUR_CUT,
    HOUR_DAYS,
    HOUR_FLOORS,
    HOUR_LEVEL,
    HOUR_LEVEL_AWAY,
    HOUR_MEMORY_DAYS,
    HOUR_OF_DAY_SPREAD,
    HOUR_WIDENING,
    MOISTURE,
    NUTRIENTS,
    RULES,
    UNUSUAL,
    UNUSUAL_IN_A_ROW,
    UNUSUAL_LEAST_US,
    WATER,
    WEATHER,
)
from harit_desktop.analysis.quality.state import ChannelState, DeviceState
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.quality import Finding

_HOUR_US: Final = 3600 * US_PER_S
_DAY_HOURS: Final = 24
_STILL: Final = 3
_ORDER: Final = (MOISTURE, *(i for i in range(len(CHANNELS)) if i not in WATER), *NUTRIENTS)
"""The first one that is unusual names the event: nutrients only follow the water."""
_TO_DEVIATION: Final = 1.25
"""From the mean distance of a normal distribution to its standard deviation."""

_FLOORS: Final = tuple(HOUR_FLOORS * rule.floor for rule in RULES)
_SHARES: Final = tuple(
    (min(1.0, HOUR_WIDENING / min(days, HOUR_MEMORY_DAYS)), 1.0 / min(days, HOUR_MEMORY_DAYS))
    for days in range(1, HOUR_MEMORY_DAYS + 2)
)
"""By days known before: the shares by which a spread widens, and by which all else follows."""


class HourTest:
    """24 centres and spreads a channel, each moved once a day by the first value of its hour.

    A centre follows its values by a share of their distance, which is cut off at some spreads
    (Huber's estimator made sequential, after Robbins and Monro); a spread follows those
    distances, upwards faster than downwards. Within an hour the bounds of its beginning and
    of the next hour's hold together: so much does the time of day move by itself.
    """

    def __init__(self) -> None:
        self.utc_offset_us = 0

    def judge(
        self,
        device: DeviceState,
        values: Values,
        at_us: int,
        found: Sequence[Finding],
        book: EventBook,
    ) -> None:
        """`found` are the findings of all other tests for this reading, which `device.calm`
        is about."""
        hour = (at_us + self.utc_offset_us) // _HOUR_US
        if hour != device.hour:
            self._turn(device, values, hour, {one.channel for one in found} if found else ())
        elif device.calm and not device.unusual:
            return
        if not device.unusual:
            for state, value in zip(device.channels, values, strict=True):
                if value is not None and not state.usual_low <= value <= state.usual_high:
                    break
            else:
                return
        flagged = {one.channel for one in found if one.code != "step.unsettled"}
        self._look(device, values, at_us, flagged, book)

    def _look(
        self,
        device: DeviceState,
        values: Values,
        at_us: int,
        flagged: set[str],
        book: EventBook,
    ) -> None:
        busy = False
        for index in _ORDER:
            state, value = device.channels[index], values[index]
            if value is not None and state.usual_low <= value <= state.usual_high:
                state.away, state.explained = 0, False
            elif CHANNELS[index].key in flagged or state.held or state.noisy or state.stuck:
                state.away, state.explained = 0, True
            elif state.repeats > _STILL + 2.0 * state.usual_run:
                state.away = 0  # It may be stuck; that takes longer to tell.
            elif value is not None and not state.explained:
                self._count(device, index, value, at_us, book)
            busy = busy or state.away > 0 or state.explained
        device.unusual = busy

    def _count(
        self, device: DeviceState, index: int, value: float, at_us: int, book: EventBook
    ) -> None:
        """A step counts from its beginning on, but is told of only when its kind is known."""
        state = device.channels[index]
        if not state.away:
            state.away_us = at_us
        state.away += 1
        lasts_us = at_us - state.away_us
        if not state.out and state.away >= UNUSUAL_IN_A_ROW and lasts_us >= UNUSUAL_LEAST_US:
            usual = _usual(state, device.hour % _DAY_HOURS)
            key = CHANNELS[index].key
            note = Note("unusual.hour", state.away_us, Flag.PASS, key, value, usual)
            book.note(device, note, at_us)

    def _turn(
        self, device: DeviceState, values: Values, hour: int, flagged: Collection[str]
    ) -> None:
        """A new hour: its bounds, and what its first value teaches about its next time."""
        if device.utc_offset_us != self.utc_offset_us:
            self._rotate(device)
        device.hour = hour
        now, after = hour % _DAY_HOURS, (hour + 1) % _DAY_HOURS
        index = -1
        for state, value in zip(device.channels, values, strict=True):
            index += 1
            if state.days:
                _bound(state, now, after)
            elif value is None:
                continue
            else:
                state.days = [0] * _DAY_HOURS
                state.centres, state.spreads = [0.0] * _DAY_HOURS, [0.0] * _DAY_HOURS
            if value is None or state.watched:
                continue
            if not flagged or CHANNELS[index].key not in flagged:
                _learn(state, index, now, value)

    def _rotate(self, device: DeviceState) -> None:
        """The hours have other names now: moves what is known of them, to the whole hour."""
        by = round((self.utc_offset_us - device.utc_offset_us) / _HOUR_US) % _DAY_HOURS
        device.utc_offset_us = self.utc_offset_us
        for state in device.channels:
            if by and state.days:
                state.days = state.days[-by:] + state.days[:-by]
                state.centres = state.centres[-by:] + state.centres[:-by]
                state.spreads = state.spreads[-by:] + state.spreads[:-by]


def _bound(state: ChannelState, hour: int, after: int) -> None:
    """Makes the limits of this hour; there are none while too little is known of it."""
    days = state.days
    if days[hour] < HOUR_DAYS or days[after] < HOUR_DAYS:
        state.usual_low, state.usual_high = -math.inf, math.inf
        return
    centres, spreads, level = state.centres, state.spreads, state.level
    centre, reach = centres[hour] + level, UNUSUAL * spreads[hour]
    low, high = centre - reach, centre + reach
    centre, reach = centres[after] + level, UNUSUAL * spreads[after]
    state.usual_low = low if low < centre - reach else centre - reach
    state.usual_high = high if high > centre + reach else centre + reach


def _learn(state: ChannelState, index: int, hour: int, value: float) -> None:
    days, spread, centre = state.days[hour], state.spreads[hour], state.centres[hour]
    away = value - state.level - centre
    if days >= HOUR_DAYS:
        most = HOUR_CUT * spread
        away = most if away > most else -most if away < -most else away
    up, down = _SHARES[days]
    state.centres[hour] = centre + down * away
    if days:
        wider = (_TO_DEVIATION * away if away > 0.0 else -_TO_DEVIATION * away) - spread
        spread += (down if wider < 0.0 else up) * wider
        # An hour that happened to be calm is not held to that: its days are few.
        usual, floor = state.day_spread, _FLOORS[index]
        least = HOUR_OF_DAY_SPREAD * usual
        if spread < least:
            spread = least
        if spread < floor:
            spread = floor
        state.day_spread = usual + (spread - usual) / 24
        state.spreads[hour] = spread
        if index in WEATHER:
            state.level += (HOUR_LEVEL_AWAY if state.away else HOUR_LEVEL) * away
    if days < HOUR_MEMORY_DAYS:
        state.days[hour] = days + 1


def _usual(state: ChannelState, hour: int) -> float:
    after = (hour + 1) % _DAY_HOURS
    return state.level + 0.5 * (state.centres[hour] + state.centres[after])
