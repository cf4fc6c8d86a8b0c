"""The test of noise: a channel that scatters far more than it usually does."""

from __future__ import annotations

import math

from harit_desktop.analysis.quality import rules
from harit_desktop.analysis.quality.events import EventBook, Note
from harit_desktop.analysis.quality.state import ChannelState, DeviceState
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.quality import Finding


def start_noise(
    device: DeviceState, index: int, onset_us: int, value: float, at_us: int, book: EventBook
) -> None:
    """The channel is noisy until several readings in a row are quiet."""
    state = device.channels[index]
    state.held, state.grouped, state.out, state.loud = "", False, 0, 0
    state.noisy, state.watched = rules.QUIET_AGAIN, True
    key, limit = CHANNELS[index].key, math.sqrt(state.noise_limit)
    book.note(device, Note("noise.high", onset_us, Flag.SUSPECT, key, value, limit), at_us)


class NoiseTest:
    """The scatter of the last values (mean square of second differences, forgotten within
    eight values) against the usual one; five in a row."""

    def judge(
        self,
        device: DeviceState,
        index: int,
        value: float,
        at_us: int,
        found: list[Finding],
        book: EventBook,
    ) -> bool:
        """Takes a value that is within its usual step. True while the channel is noisy."""
        state = device.channels[index]
        bend = value - state.last - (state.slope if state.fresh > 1 else 0.0)
        square = min(bend * bend, state.loudest)
        if state.noisy:
            self._go_on(state, index, value, square, found, device)
            return True
        if state.fresh < 2 or state.seen < rules.NOISE_WARM_UP:
            return False
        energy = state.energy + (square - state.energy) * rules.SHORT_MEMORY
        if energy <= state.noise_limit or state.seen - state.jump_at < rules.NOISE_PAUSE:
            state.loud = 0
            return False
        if not state.loud:
            state.loud_us = at_us
        state.loud += 1
        state.slope, state.last, state.seen = value - state.last, value, state.seen + 1
        state.energy, state.repeats = energy, 0
        state.watched = True
        if state.loud >= rules.LOUD_IN_A_ROW:
            onset_us = state.held_us if state.held else state.loud_us
            start_noise(device, index, onset_us, math.sqrt(energy), at_us, book)
            self._find(state, index, math.sqrt(energy), found)
        return True

    def _go_on(
        self,
        state: ChannelState,
        index: int,
        value: float,
        square: float,
        found: list[Finding],
        device: DeviceState,
    ) -> None:
        quiet = square <= 0.4 * state.noise_limit
        state.noisy = state.noisy - 1 if quiet else rules.QUIET_AGAIN
        state.slope, state.last, state.seen = value - state.last, value, state.seen + 1
        if state.noisy > rules.QUIET_AGAIN - 4:
            self._find(state, index, math.sqrt(square), found)
        if not state.noisy:
            state.energy, state.fresh, state.slope = state.usual_energy, 1, 0.0
            state.jump_at, state.jump_height = state.seen, 0.0

    def _find(self, state: ChannelState, index: int, value: float, found: list[Finding]) -> None:
        limit = math.sqrt(state.noise_limit)
        found.append(Finding(CHANNELS[index].key, Flag.SUSPECT, "noise.high", value, limit))
