"""How a channel usually moves: the baseline, and the short way of the usual value.

`advance` is on the path of every message. It touches each value once, keeps the running
figures, and names the channels for which a limit was passed; only for those are the tests
asked. The limits are made by `learn`, every few values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from harit_desktop.analysis.quality import rules
from harit_desktop.analysis.quality.rules import (
    MEMORY,
    RELEARN,
    RULES,
    SHORT_MEMORY,
    WARM_UP,
    ChannelRule,
)
from harit_desktop.analysis.quality.state import ChannelState
from harit_desktop.domain.channels import Values

_FORGET_RUN = 0.05
_WIDE_MEMORY = 0.05
_FORGET_LONGEST = 0.999
_MOST_USUAL = 15.0


def advance(channels: Sequence[ChannelState], values: Values, interval_us: float) -> list[int]:
    """Takes every usual value into its channel's baseline; the indices of the others.

    Those were not taken, and are for the tests to judge.
    """
    others: list[int] = []
    index = -1
    for state, value in zip(channels, values, strict=True):
        index += 1
        if value is None or state.watched:
            others.append(index)
            continue
        slope = value - state.last
        bend = slope - state.slope
        gate = state.gate
        if not -gate <= (bend if state.smooth else slope) <= gate:
            others.append(index)
            continue
        square = bend * bend
        if square > state.loudest:
            square = state.loudest
        energy = state.energy
        energy += (square - energy) * SHORT_MEMORY
        if energy > state.noise_limit:
            others.append(index)
            continue
        if slope == 0.0:
            if state.repeats >= state.run_limit:
                others.append(index)
                continue
            state.repeats += 1
            state.step -= state.step * MEMORY
        else:
            if state.repeats > 0:
                end_run(state)
            size = slope if slope > 0.0 else -slope
            if size < state.quantum:
                state.quantum = size
            if size > state.two_grains:
                state.wide += 1
            state.step += (size - state.step) * MEMORY
            state.last = value
        usual = state.usual_energy
        most = _MOST_USUAL * usual
        state.usual_energy = usual + ((square if square < most else most) - usual) * MEMORY
        state.energy = energy
        state.slope = slope
        state.seen += 1
        left = state.until_learn - 1
        if left == 0:
            learn(state, RULES[index], interval_us)
        else:
            state.until_learn = left
            state.loud = 0
    return others


def take(state: ChannelState, value: float, index: int, interval_us: float) -> None:
    """What `advance` does to a usual value, for a value on the slow way; also the warm-up."""
    slope = value - state.last
    bend = slope - state.slope if state.fresh > 1 else slope
    square = bend * bend
    if slope == 0.0:
        state.repeats += 1
    elif state.repeats:
        end_run(state)
    size = abs(slope)
    if 1e-9 < size < state.quantum:
        state.quantum = size
    if state.seen < WARM_UP:
        share = 1.0 / max(1, state.seen)
        state.step += (size - state.step) * share
        state.usual_energy += (square - state.usual_energy) * share
        state.energy = state.usual_energy
    else:
        gate = state.gate
        state.step += (min(size, gate) - state.step) * MEMORY
        floor = rules.RULES[index].floor
        square = min(square, _MOST_USUAL * state.usual_energy + 0.01 * floor * floor)
        state.usual_energy += (square - state.usual_energy) * MEMORY
        state.energy += (square - state.energy) * SHORT_MEMORY
    state.last, state.slope = value, slope
    state.seen += 1
    state.fresh = min(3, state.fresh + 1)
    state.until_learn -= 1
    if state.until_learn <= 0:
        learn(state, RULES[index], interval_us)


def end_run(state: ChannelState) -> None:
    """A stretch of equal values is over."""
    run = state.repeats
    state.repeats = 0
    state.runs += 1
    state.usual_run += (run - state.usual_run) * max(_FORGET_RUN, 1.0 / state.runs)
    if run > state.longest_run:
        state.longest_run = float(run)


def resolution(state: ChannelState, rule: ChannelRule) -> float:
    """The channel's resolution: the smallest step seen, the coarsest believed until then."""
    return min(state.quantum, rule.coarsest)


def learn(state: ChannelState, rule: ChannelRule, interval_us: float) -> None:
    """Makes the limits that `advance` compares with.

    A channel that moves smoothly (temperature through a day) is judged by how it bends, any
    other by how it steps: whichever is usually smaller.
    """
    state.until_learn = RELEARN
    state.longest_run *= _FORGET_LONGEST**RELEARN
    if state.quantum < math.inf:
        state.quantum *= 1.001
    grain = resolution(state, rule)
    by_step = rules.STEPS * state.step
    by_bend = rules.BENDS * math.sqrt(state.usual_energy)
    # Water comes in steps: that it had bent little says nothing.
    by_bend = max(by_bend, by_step) if rule.water and state.wide_share > 0.02 else by_bend
    state.smooth = by_bend < by_step and state.wide_share > rules.SMOOTH_WIDE_SHARE
    state.gate = max(
        rule.floor, rules.GRAINS_LEAST * grain, rules.GRAINS * grain + min(by_step, by_bend)
    )
    state.two_grains = 1.5 * grain
    state.wide_share += (state.wide / RELEARN - state.wide_share) * _WIDE_MEMORY
    state.wide = 0
    state.noise_limit = max(
        rules.LOUD_RATIO * state.usual_energy,
        rules.LOUD_RESOLUTIONS * grain * grain,
        rules.LOUD_FLOORS * rule.floor * rule.floor,
    )
    state.loudest = rules.LOUD_MOST * state.noise_limit
    state.run_limit = _run_limit(state, interval_us)


def _run_limit(state: ChannelState, interval_us: float) -> float:
    """How long the channel may stand still. Infinite where that says nothing: a value that
    only ever moves by its resolution may rest between two steps for as long as it likes."""
    if (
        state.seen < rules.FLAT_WARM_UP
        or state.wide_share < rules.FLAT_WIDE_SHARE
        or (state.runs < rules.FLAT_RUNS and state.wide_share < 0.1)
    ):
        return math.inf
    return max(
        rules.FLAT_LEAST,
        6.0 * state.usual_run + 12.0,
        4.0 * state.longest_run - 22.0,
        rules.FLAT_LEAST_US / interval_us if interval_us > 0.0 else 0.0,
    )
