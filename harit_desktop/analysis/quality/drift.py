"""Drift: a probe that slowly goes its own way while its siblings agree.

Each channel keeps its own slow mean. How far a value has departed from it, in parts of how far
it usually does, is what probes of a zone share; what is beyond that only this probe does, and
a cumulative sum (Page 1954) of it tells drift long before any limit is passed. What moisture
and the nutrients do together is taken off: the probe really got more water, or less. A lone
probe is not evaluated: its soil may really change.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from harit_desktop.analysis.quality.rules import (
    DAILY,
    DAY_US,
    DRIFT_ALARM,
    DRIFT_AS_OLD,
    DRIFT_AWAY,
    DRIFT_BACK,
    DRIFT_BELIEVED,
    DRIFT_CLIMB,
    DRIFT_CLIMB_FROM,
    DRIFT_DAILY_MEMORY_US,
    DRIFT_DRIFTING,
    DRIFT_EVERY,
    DRIFT_FORGET,
    DRIFT_GAIN,
    DRIFT_LEARN,
    DRIFT_MEMORY,
    DRIFT_MOST,
    DRIFT_REACH,
    DRIFT_SCALE_MEMORY,
    DRIFT_SLACK,
    DRIFT_SWING,
    DRIFT_WARM_UP,
    RULES,
    WARM_UP,
    WATER,
)
from harit_desktop.analysis.quality.state import ChannelState, DeviceState
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.quality import Finding

_LEAST = tuple((0.25 * rule.floor, rule.coarsest) for rule in RULES)
_SWINGING = DRIFT_AWAY * DRIFT_SWING
_OTHER_WATER = {index: tuple(other for other in WATER if other != index) for index in WATER}
_TOP = 3.0 * DRIFT_ALARM
_UNSURE = 0.5 * DRIFT_ALARM
"""A sum above this keeps the usual distance from growing with the one that is judged."""


class Departures(NamedTuple):
    """How far each of some probes is from its mean, in parts of its usual swing; sorted.
    `turns` are the places beyond which the next window of half of them is the nearest.
    `oldest_us` says for how long the probes were followed, where a day's swing makes that
    matter: a mean that has not seen a whole day is nearer to one part of it, and two probes
    then seem to part though neither does."""

    away: list[float]
    turns: list[float]
    oldest_us: float = 0.0

    def beyond(self, own: float) -> float:
        """The distance of `own` from the one that is nearest but for the nearer half: a probe
        drifts if it leaves most of the others, not because one of them does."""
        away, turns, _ = self
        first = bisect_left(turns, own)
        below, above = own - away[first], own - away[first - len(turns) - 1]
        return below if below > -above else above


def departures(devices: Sequence[DeviceState], index: int) -> Departures:
    """Of those of the devices whose channel can be believed."""
    oldest_us = 0.0
    if index in DAILY and devices:
        ages_us = [_age_us(device) for device in devices]
        oldest_us = max(ages_us)
        least_us = DRIFT_AS_OLD * oldest_us
        devices = [one for one, age in zip(devices, ages_us, strict=True) if age >= least_us]
    quarter, coarsest = _LEAST[index]
    found: list[float] = []
    for device in devices:
        state = device.channels[index]
        if state.compared and not (
            state.watched and (not state.fresh or state.out or state.noisy or state.stuck)
        ):
            quantum = state.quantum
            least = quarter + 0.3 * (quantum if quantum < coarsest else coarsest)
            found.append((state.last - state.mean) / (state.swing + least))
    found.sort()
    half = (len(found) + 1) // 2
    return Departures(
        found,
        [0.5 * (low + high) for low, high in zip(found, found[half:], strict=False)],
        oldest_us,
    )


def _age_us(device: DeviceState) -> float:
    """For how long it was followed, as far as that matters: its mean needs a day to settle."""
    age_us = device.turn * device.interval_us
    return age_us if age_us < DAY_US else DAY_US


def _share(device: DeviceState) -> float:
    """By which the means of a daily channel follow: by time, where readings come fast."""
    share = DRIFT_EVERY * device.interval_us / DRIFT_DAILY_MEMORY_US
    if share > DRIFT_MEMORY:
        share = DRIFT_MEMORY
    first = DRIFT_EVERY / device.turn
    return first if first > share else share


class DriftTest:
    """Runs on every fourth value of a channel: drift takes days."""

    def compare(self, device: DeviceState, index: int, others: Departures) -> None:
        """`others` are the `departures` of the probes of the zone that were heard of late,
        without this one."""
        state = device.channels[index]
        watched = state.watched
        if watched and (not state.fresh or state.seen < WARM_UP):
            return
        if not state.compared:
            state.mean = state.last
        share, young, alone = 0.0, False, not others.away
        if index in DAILY:
            share, age_us = _share(device), _age_us(device)
            young = age_us < DRIFT_AS_OLD * others.oldest_us
            alone = alone or others.oldest_us < DRIFT_AS_OLD * age_us
        if alone:
            self._alone(state, share)
        elif not (
            (watched and (state.out or state.noisy or state.stuck or state.held))
            or state.repeats > 12 + 2.0 * state.usual_run
        ):
            self._judge(state, index, others, device.channels, share, young)

    def _alone(self, state: ChannelState, share: float) -> None:
        """The mean follows, so that there is one when a sibling comes."""
        count = state.compared
        if not share:
            share = 1.0 / (1 + count)
            if share < DRIFT_MEMORY:
                share = DRIFT_MEMORY
        own = state.last - state.mean
        state.mean += own * share
        state.swing += ((own if own > 0.0 else -own) - state.swing) * share
        if count == 0:
            state.compared = 1
        elif count >= DRIFT_WARM_UP:
            state.compared = DRIFT_WARM_UP - 1

    def _judge(
        self,
        state: ChannelState,
        index: int,
        others: Departures,
        channels: Sequence[ChannelState],
        share: float,
        young: bool,
    ) -> None:
        """`share` is that of the means, 0 where it follows from how often it was compared;
        one that is too `young` only learns."""
        least = _least(state, index)
        own, usual = state.last - state.mean, state.swing
        swing = usual + least
        apart = swing * others.beyond(own / swing)
        zone, size = own - apart, apart if apart > 0.0 else -apart
        count = state.compared = state.compared + 1
        if count < DRIFT_WARM_UP or young:
            self._learn(state, own, size, share or 1.0 / count)
            return
        scale = state.apart + least
        most = scale * (DRIFT_DRIFTING if state.drifting else DRIFT_BELIEVED)
        believed = own if size <= most else zone + (most if apart > 0.0 else -most)
        first = 1.0 / count
        slow = share or (first if first > DRIFT_MEMORY else DRIFT_MEMORY)
        state.mean += slow * believed
        state.swing = usual + slow * ((believed if believed > 0.0 else -believed) - usual)
        if state.above + state.below <= _UNSURE:
            slow = first if first > DRIFT_SCALE_MEMORY else DRIFT_SCALE_MEMORY
            most = 3.0 * scale
            state.apart += slow * ((size if size < most else most) - state.apart)
        # The further the zone has moved, the more its probes may differ in how far.
        limit = _limit(state, least) + DRIFT_GAIN * (zone if zone > 0.0 else -zone)
        state.parted, state.share = apart, apart / limit
        state.widest *= DRIFT_FORGET
        if size > DRIFT_CLIMB_FROM * limit or state.reach or state.above or state.below:
            shared = _shared(channels, index)
            self._sum(state, _without(shared, state.share) * DRIFT_AWAY)
            self._remember(state, size, limit)

    def _learn(self, state: ChannelState, own: float, size: float, share: float) -> None:
        if state.drifting:
            _rest(state)
        state.apart += (size - state.apart) / state.compared
        state.mean += share * own
        state.swing += share * (abs(own) - state.swing)

    def limit(self, state: ChannelState, index: int) -> float:
        """How far apart is still usual while the zone rests."""
        return _limit(state, _least(state, index))

    def _remember(self, state: ChannelState, size: float, limit: float) -> None:
        """How far apart the probes have been before, without lasting."""
        if size > DRIFT_CLIMB_FROM * limit:
            state.reach = max(state.reach, size)
        elif state.reach:
            if not state.drifting:
                state.widest = max(state.widest, min(state.reach, limit))
            state.reach = 0.0
            state.climb = 0

    def _sum(self, state: ChannelState, apart: float) -> None:
        """`apart` in parts of the limit, which is `DRIFT_AWAY`."""
        step = DRIFT_MOST if apart > DRIFT_MOST else -DRIFT_MOST if apart < -DRIFT_MOST else apart
        above, below = state.above + step - DRIFT_SLACK, state.below - step - DRIFT_SLACK
        state.above = 0.0 if above < 0.0 else _TOP if above > _TOP else above
        state.below = 0.0 if below < 0.0 else _TOP if below > _TOP else below
        if state.drifting:
            if apart * state.drifting < DRIFT_BACK:
                state.widest += DRIFT_LEARN * max(0.0, state.reach - state.widest)
                _rest(state)
        elif abs(apart) <= DRIFT_AWAY:
            state.climb += 1
        elif state.climb < DRIFT_CLIMB:
            return  # Apart at once: that is for the test of steps.
        elif state.above > DRIFT_ALARM:
            state.drifting = 1
        elif state.below > DRIFT_ALARM:
            state.drifting = -1

    def findings(self, device: DeviceState, values: Values, pair: bool) -> list[Finding]:
        """One for each channel that drifts and has a value, on every reading while it does."""
        code = "drift.pair" if pair else "drift.siblings"
        return [
            Finding(CHANNELS[i].key, Flag.SUSPECT, code, state.parted, self.limit(state, i))
            for i, state in enumerate(device.channels)
            if state.drifting and state.fresh and values[i] is not None
        ]

    def shifted(self, state: ChannelState, index: int, before: float) -> None:
        """A told step moved the channel: keep whichever level is nearer to what it was. One
        that leads back to the siblings ends a drift at once, and moves no mean: it ends a
        fault."""
        step, state.share = state.last - before, 0.0
        parted = state.parted + step
        leads_back = abs(parted) < 0.5 * abs(state.parted)
        if state.drifting:
            back = DRIFT_BACK / DRIFT_AWAY * self.limit(state, index)
            if parted * state.drifting < back:
                _rest(state)
        if state.drifting or leads_back:
            state.parted = parted
        if leads_back:
            return
        moved = state.mean + step
        if abs(state.last - moved) < abs(state.last - state.mean):
            state.mean = moved


def _rest(state: ChannelState) -> None:
    state.drifting = state.climb = 0
    state.reach = state.above = state.below = 0.0


def _shared(channels: Sequence[ChannelState], index: int) -> float:
    """How far apart, in limits, the probe's other water channels are: what they all do is
    water that only this probe got, not drift."""
    if index not in WATER:
        return 0.0
    first, second, third = _OTHER_WATER[index]
    return sorted((channels[first].share, channels[second].share, channels[third].share))[1]


def _without(shared: float, share: float) -> float:
    """`share` less what is shared, but never beyond zero or away from it."""
    if share * shared <= 0.0:
        return share
    rest = share - shared
    return rest if rest * share > 0.0 else 0.0


def _least(state: ChannelState, index: int) -> float:
    quarter, coarsest = _LEAST[index]
    return quarter + 0.3 * (state.quantum if state.quantum < coarsest else coarsest)


def _limit(state: ChannelState, least: float) -> float:
    limit = DRIFT_AWAY * (state.apart + least)
    swinging = _SWINGING * (state.swing + least)
    known = DRIFT_REACH * state.widest
    if swinging > limit:
        limit = swinging
    return known if known > limit else limit
