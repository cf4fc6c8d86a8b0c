"""The test of steps: spike, drop and jump are three ends of one beginning.

When a value leaves the usual, nobody can know yet what it is: the reading is suspect as
"unsettled". If it comes back within two readings it was a spike. If it stays it is a drop,
which soil cannot do as fast as that, or a jump. A rise of water that the nutrients or other
channels follow at once is a wetting front, no fault. A second step close to the first is
neither: it is noise. A front that is gone within two readings was a spike, too: nobody could
know when it came, and the readings after it are good.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from harit_desktop.analysis.quality import rules
from harit_desktop.analysis.quality.events import EventBook, Note
from harit_desktop.analysis.quality.noise import start_noise
from harit_desktop.analysis.quality.rules import GAS, MOISTURE, NUTRIENTS, RULES, WATER
from harit_desktop.analysis.quality.state import ChannelState, DeviceState
from harit_desktop.analysis.quality.usual import resolution
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.quality import Finding

_COMPANION = 0.4
_COMPANION_STEPS = 2.0
_BY_WATER = 1.5
_LIVELY = 4.5
_ALSO_A_STEP = 0.5


class StepTest:
    """Spike, drop, jump. Also tells noise that goes beyond the usual steps."""

    def unusual(self, state: ChannelState, value: float) -> bool:
        slope = value - state.last
        if state.fresh < 1 or state.seen < rules.WARM_UP:
            return False
        move = slope - state.slope if state.smooth and state.fresh > 1 else slope
        gate = state.gate
        if -gate <= move <= gate:
            return False
        # What has been lively for some readings may go on so.
        gate = max(gate, _LIVELY * math.sqrt(state.energy))
        since = state.seen - state.jump_at
        if slope < 0.0 and since < rules.DRAINAGE:
            gate += 0.5 * state.jump_height * 0.9**since
        return abs(move) > gate and abs(slope) > _ALSO_A_STEP * gate

    def wetting(self, device: DeviceState, values: Values) -> bool:
        """Water rises, and something that follows water rises with it."""
        rising = [
            index
            for index in WATER
            if (value := values[index]) is not None
            and device.channels[index].fresh
            and value - device.channels[index].last
            > max(
                _COMPANION * RULES[index].floor + resolution(device.channels[index], RULES[index]),
                _COMPANION_STEPS * device.channels[index].step,
            )
        ]
        return len(rising) > 1 and (MOISTURE in rising or values[MOISTURE] is None)

    def explained(self, device: DeviceState, index: int, value: float, wetting: bool) -> bool:
        """By water that comes in now or has just come in."""
        state = device.channels[index]
        step = value - state.last
        if index in WATER:
            since = state.seen - device.channels[MOISTURE].jump_at
            return step > 0.0 and (wetting or (since < 3 and index != MOISTURE))
        return wetting and (index == GAS or abs(step) < _BY_WATER * state.gate)

    def begin(
        self, state: ChannelState, index: int, value: float, at_us: int, found: list[Finding]
    ) -> None:
        state.out, state.watched = 1, True
        state.reference = state.last
        state.reference_slope = state.slope if state.smooth else 0.0
        state.peak, state.since_us = value, at_us
        found.append(
            Finding(CHANNELS[index].key, Flag.SUSPECT, "step.unsettled", value, state.gate)
        )

    def jump(self, state: ChannelState, value: float, at_us: int) -> None:
        """The new level is taken as it is, unless the next readings take it back."""
        state.rise_at, state.since_us = state.seen, at_us
        state.reference, state.peak = state.last, value
        state.jump_at, state.jump_height = state.seen, abs(value - state.last)
        state.last, state.slope, state.fresh = value, 0.0, 1
        state.repeats = state.out = 0
        state.energy = state.usual_energy
        state.seen += 1

    def taken_back(
        self, device: DeviceState, index: int, value: float, at_us: int, book: EventBook
    ) -> bool:
        """Whether the channel is back where it was before water seemed to come. Soil does not
        get rid of water as fast as that: it was a spike of several channels at once."""
        state = device.channels[index]
        if state.seen - state.rise_at > rules.TAKEN_BACK:
            return False
        at_once = at_us - state.since_us < rules.TAKEN_BACK_US
        near = rules.RETURNED if at_once else rules.TAKEN_BACK_NEAR
        near *= abs(state.peak - state.reference)
        if abs(value - state.reference) >= near + 0.5 * resolution(state, RULES[index]):
            return False
        state.rise_at = state.jump_at = -rules.LONG_AGO
        state.jump_height = 0.0
        state.seen += 1
        self._end(state, value)
        self._hold(device, index, "spike.returned", state.peak, at_us, book)
        return True

    def follow(
        self,
        device: DeviceState,
        index: int,
        value: float,
        at_us: int,
        found: list[Finding],
        book: EventBook,
    ) -> None:
        """The next reading after a step."""
        state = device.channels[index]
        height = state.peak - state.reference - state.reference_slope
        away = value - state.reference - state.reference_slope * (state.out + 1)
        near = rules.RETURNED * abs(height) + 0.5 * resolution(state, RULES[index])
        state.seen += 1
        if abs(away) < near:
            self._end(state, value)
            self._hold(device, index, "spike.returned", state.peak, at_us, book)
            return
        state.out += 1
        unsure = state.out < rules.SETTLED or abs(value - state.peak) > 0.5 * abs(height)
        if unsure and state.out < 2 * rules.SETTLED:
            found.append(
                Finding(CHANNELS[index].key, Flag.SUSPECT, "step.unsettled", value, state.gate)
            )
            return
        self._end(state, value)
        state.jump_at, state.jump_height = state.seen, abs(height)
        if height < 0.0:
            found.append(
                Finding(CHANNELS[index].key, Flag.SUSPECT, "step.unsettled", value, state.gate)
            )
            self._hold(device, index, "drop.stayed", value, at_us, book)
        else:
            code = "jump.wetting" if index in WATER else "jump.alone"
            note = Note(code, state.since_us, Flag.PASS, CHANNELS[index].key, value, state.gate)
            book.note(device, note, at_us)

    def _end(self, state: ChannelState, value: float) -> None:
        state.last, state.slope, state.fresh, state.out = value, 0.0, 1, 0
        state.energy = state.usual_energy
        state.repeats = 0

    def _hold(
        self, device: DeviceState, index: int, code: str, value: float, at_us: int, book: EventBook
    ) -> None:
        """Waits some readings whether it was the first beat of noise."""
        state = device.channels[index]
        if state.held:
            start_noise(device, index, state.held_us, value, at_us, book)
            return
        state.held, state.held_at = code, state.seen
        state.held_us, state.held_value = state.since_us, value
        state.watched = True

    def settle(self, device: DeviceState, index: int, at_us: int, book: EventBook) -> None:
        """Tells a held spike or drop once enough quiet readings followed."""
        state = device.channels[index]
        if state.held and not state.out and state.seen - state.held_at >= rules.HOLD:
            code = "cross.step" if state.grouped else state.held
            flag = Flag.FAIL if code == "spike.returned" else Flag.SUSPECT
            key = CHANNELS[index].key
            note = Note(code, state.held_us, flag, key, state.held_value, state.gate)
            book.note(device, note, at_us)
            state.held, state.grouped = "", False

    def group(self, device: DeviceState, begun: Sequence[int]) -> None:
        """Steps of the nutrients and of water in one reading are one event."""
        if len(set(begun) & set(NUTRIENTS)) >= 2 and MOISTURE in begun:
            for index in begun:
                device.channels[index].grouped = True
