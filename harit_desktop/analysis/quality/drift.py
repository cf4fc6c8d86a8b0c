"""Drift: a probe that slowly goes its own way while its siblings agree.

Each channel keeps its own slow mean. The distance from it, less the median of such distances
in the zone, is what only this probe does; a cumulative sum (Page 1954) of that tells drift
long before any limit is passed. A lone probe is not evaluated: its soil may really change.
"""

from __future__ import annotations

from collections.abc import Sequence

from harit_desktop.analysis.quality import rules
from harit_desktop.analysis.quality.rules import RULES
from harit_desktop.analysis.quality.state import ChannelState, DeviceState
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.quality import Finding

_MOST_GAIN = 3.0
_UNSURE = 0.5 * rules.DRIFT_ALARM
"""A sum above this keeps the usual distance from growing with the one that is judged."""


class DriftTest:
    """Runs on every fourth reading of a probe: drift takes days."""

    def compare(self, device: DeviceState, siblings: Sequence[DeviceState]) -> None:
        """`siblings` are the probes of the zone that were heard of late, without `device`."""
        lists = [sibling.channels for sibling in siblings]
        index = -1
        for state in device.channels:
            index += 1
            if not state.fresh or state.seen < rules.WARM_UP:
                continue
            if not state.compared:
                state.mean = state.last
            others = []
            for channels in lists:
                other = channels[index]
                if other.compared and other.fresh and not (other.out or other.noisy or other.stuck):
                    others.append(other)
            if not others:
                self._alone(state)
            elif not (
                state.out
                or state.noisy
                or state.stuck
                or state.held
                or state.repeats > 12 + 2.0 * state.usual_run
            ):
                self._judge(state, index, others)

    def _alone(self, state: ChannelState) -> None:
        """The mean follows, so that there is one when a sibling comes."""
        own = state.last - state.mean
        share = max(rules.DRIFT_MEMORY, 1.0 / (1 + state.compared))
        state.mean += own * share
        state.swing += (abs(own) - state.swing) * share
        state.compared = max(1, min(state.compared, rules.DRIFT_WARM_UP - 1))

    def _judge(self, state: ChannelState, index: int, others: list[ChannelState]) -> None:
        least = _least(state, index)
        own = state.last - state.mean
        apart = _apart(own, state.swing + least, least, others)
        zone, size = own - apart, abs(apart)
        count = state.compared = state.compared + 1
        if count < rules.DRIFT_WARM_UP:
            share = 1.0 / count
            state.mean += share * own
            state.swing += share * (abs(own) - state.swing)
            state.apart += share * (size - state.apart)
            return
        scale = state.apart + least
        share = max(rules.DRIFT_MEMORY, 1.0 / count)
        most = scale * (rules.DRIFT_DRIFTING if state.drifting else rules.DRIFT_BELIEVED)
        believed = own if size <= most else zone + (most if apart > 0.0 else -most)
        state.mean += share * believed
        state.swing += share * (abs(believed) - state.swing)
        if state.above + state.below <= _UNSURE:
            share = max(rules.DRIFT_SCALE_MEMORY, 1.0 / count)
            state.apart += share * (min(size, 3.0 * scale) - state.apart)
        # The further the zone has moved, the more its probes may differ in how far.
        limit = self.limit(state, index) + rules.DRIFT_GAIN * abs(zone)
        state.parted = apart
        state.widest *= rules.DRIFT_FORGET
        if size > rules.DRIFT_CLIMB_FROM * limit or state.reach or state.above or state.below:
            self._sum(state, apart / limit * rules.DRIFT_AWAY)
            self._remember(state, size, limit)

    def limit(self, state: ChannelState, index: int) -> float:
        """How far apart is still usual while the zone rests."""
        least = _least(state, index)
        scale = max(state.apart + least, rules.DRIFT_SWING * (state.swing + least))
        return max(rules.DRIFT_AWAY * scale, rules.DRIFT_REACH * state.widest)

    def _remember(self, state: ChannelState, size: float, limit: float) -> None:
        """How far apart the probes have been before, without lasting."""
        if size > rules.DRIFT_CLIMB_FROM * limit:
            state.reach = max(state.reach, size)
        elif state.reach:
            if not state.drifting:
                state.widest = max(state.widest, min(state.reach, limit))
            state.reach = 0.0
            state.climb = 0

    def _sum(self, state: ChannelState, apart: float) -> None:
        """`apart` in parts of the limit, which is `DRIFT_AWAY`."""
        slack, most, top = rules.DRIFT_SLACK, rules.DRIFT_MOST, 3.0 * rules.DRIFT_ALARM
        state.above = max(0.0, min(top, state.above + min(apart, most) - slack))
        state.below = max(0.0, min(top, state.below + min(-apart, most) - slack))
        if state.drifting:
            if apart * state.drifting < rules.DRIFT_BACK:
                state.widest += rules.DRIFT_LEARN * max(0.0, state.reach - state.widest)
                state.drifting = state.climb = 0
                state.reach = state.above = state.below = 0.0
        elif abs(apart) <= rules.DRIFT_AWAY:
            state.climb += 1
        elif state.climb < rules.DRIFT_CLIMB:
            return  # Apart at once: that is for the test of steps.
        elif state.above > rules.DRIFT_ALARM:
            state.drifting = 1
        elif state.below > rules.DRIFT_ALARM:
            state.drifting = -1

    def findings(self, device: DeviceState, values: Values, pair: bool) -> list[Finding]:
        """One for each channel that drifts and has a value, on every reading while it does."""
        code = "drift.pair" if pair else "drift.siblings"
        return [
            Finding(CHANNELS[i].key, Flag.SUSPECT, code, state.parted, self.limit(state, i))
            for i, state in enumerate(device.channels)
            if state.drifting and state.fresh and values[i] is not None
        ]

    def shifted(self, state: ChannelState, before: float) -> None:
        """A told step moved the channel: keep whichever level is nearer to what it was."""
        moved = state.mean + state.last - before
        if abs(state.last - moved) < abs(state.last - state.mean):
            state.mean = moved


def _least(state: ChannelState, index: int) -> float:
    rule = RULES[index]
    grain = state.quantum if state.quantum < rule.coarsest else rule.coarsest
    return 0.25 * rule.floor + 0.3 * grain


def _apart(own: float, swing: float, least: float, others: Sequence[ChannelState]) -> float:
    """The distance from the sibling that is nearest but for the nearer half of them: a probe
    drifts if it leaves most of the others, not because one of them does.

    A sibling's distance from its mean counts by how far the two usually swing.
    """
    away = []
    for other in others:
        gain = swing / (other.swing + least)
        if gain > _MOST_GAIN:
            gain = _MOST_GAIN
        elif gain < 1.0 / _MOST_GAIN:
            gain = 1.0 / _MOST_GAIN
        away.append(own - gain * (other.last - other.mean))
    if len(away) > 1:
        away.sort(key=abs)
    return away[(len(away) - 1) // 2]
