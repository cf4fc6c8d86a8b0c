"""How a channel usually moves: the baseline, and the short way of the usual value.

`advance` is on the path of every message. It touches each value once, keeps the running
figures, and names the channels for which a limit was passed; only for those are the tests
asked. The limits are made by `learn`, every few values.
"""

from __future__ import annotations

import math

from harit_desktop.analysis.quality import rules
from harit_desktop.analysis.quality.rules import (
    MEMORY,
    RELEARN,
    RULES,
    SHORT_MEMORY,
    WARM_UP,
    ChannelRule,
)
from harit_desktop.analysis.quality.state import ChannelState, DeviceState
from harit_desktop.domain.channels import Values

_FORGET_RUN = 0.05
_WIDE_MEMORY = 0.05
_FORGET_LONGEST_RUN = 0.999**RELEARN
_MOST_USUAL = 15.0


def advance(device: DeviceState, values: Values) -> list[int]:
    """Takes every usual value into its channel's baseline; the indices of the others.

    Those were not taken, and are for the tests to judge. Says in `device.calm` whether there
    are none and all values are usual for the hour, too.
    """
    others: list[int] = []
    calm = True
    index = -1
    for state, value in zip(device.channels, values, strict=True):
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
        if not state.usual_low <= value <= state.usual_high:
            calm = False
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
            learn(state, RULES[index], device.interval_us)
        else:
            state.until_learn = left
            state.loud = 0
    device.calm = calm and not others
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
    state.longest_run *= _FORGET_LONGEST_RUN
    quantum, floor = state.quantum, rule.floor
    quantum = state.quantum = quantum * 1.001
    grain = quantum if quantum < rule.coarsest else rule.coarsest
    usual, wide_share = state.usual_energy, state.wide_share
    by_step = rules.STEPS * state.step
    by_bend = rules.BENDS * math.sqrt(usual)
    if rule.water and wide_share > 0.02 and by_bend < by_step:
        by_bend = by_step  # Water comes in steps: that it had bent little says nothing.
    state.smooth = by_bend < by_step and wide_share > rules.SMOOTH_WIDE_SHARE
    gate = rules.GRAINS * grain + (by_bend if by_bend < by_step else by_step)
    least = rules.GRAINS_LEAST * grain
    gate = least if least > gate else gate
    state.gate = floor if floor > gate else gate
    state.two_grains = 1.5 * grain
    state.wide_share = wide_share + (state.wide / RELEARN - wide_share) * _WIDE_MEMORY
    state.wide = 0
    limit, by_grain = rules.LOUD_RATIO * usual, rules.LOUD_RESOLUTIONS * grain * grain
    limit = by_grain if by_grain > limit else limit
    by_floor = rules.LOUD_FLOORS * floor * floor
    state.noise_limit = limit = by_floor if by_floor > limit else limit
    state.loudest = rules.LOUD_MOST * limit
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
