"""The tests in their order, for one reading of one probe."""

from __future__ import annotations

from collections.abc import Sequence

from harit_desktop.analysis.quality import rules
from harit_desktop.analysis.quality.cross import FrozenTest, InAirTest
from harit_desktop.analysis.quality.drift import DriftTest
from harit_desktop.analysis.quality.events import EventBook, Note
from harit_desktop.analysis.quality.flatline import FlatlineTest
from harit_desktop.analysis.quality.noise import NoiseTest, start_noise
from harit_desktop.analysis.quality.rules import MOISTURE, WATER
from harit_desktop.analysis.quality.state import DeviceState
from harit_desktop.analysis.quality.steps import StepTest
from harit_desktop.analysis.quality.usual import advance, take
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.quality import Finding


class ProbeTests:
    """Holds no state of its own: all is in the `DeviceState`s."""

    def __init__(self) -> None:
        self._steps, self._noise, self._flat = StepTest(), NoiseTest(), FlatlineTest()
        self._frozen, self._air, self.drift = FrozenTest(), InAirTest(), DriftTest()

    def judge(
        self, device: DeviceState, values: Values, at_us: int, book: EventBook
    ) -> list[Finding]:
        """The findings of a reading; `values` are without those that a range test failed."""
        found: list[Finding] = []
        if values == device.values:
            if self._frozen.judge(device, values, found):
                device.calm = False
                if device.in_air:
                    self._air.judge(device, values, found)
                return found
        else:
            if device.same:
                self._frozen.moved(device)
            device.values = values
        others = advance(device, values)
        if others:
            self._look(device, values, others, at_us, found, book)
        return found

    def _look(
        self,
        device: DeviceState,
        values: Values,
        others: Sequence[int],
        at_us: int,
        found: list[Finding],
        book: EventBook,
    ) -> None:
        if MOISTURE in others and self._air.judge(device, values, found):
            device.in_air = True
            others = [index for index in others if index not in WATER]
        elif device.in_air:
            device.in_air = False
            for index in WATER:
                device.channels[index].forget_moment()
        wetting = self._steps.wetting(device, values)
        begun: list[int] = []
        for index in others:
            value = values[index]
            if value is not None and self._one(device, index, value, at_us, wetting, found, book):
                begun.append(index)
        if len(begun) > 1:
            self._steps.group(device, begun)

    def _one(
        self,
        device: DeviceState,
        index: int,
        value: float,
        at_us: int,
        wetting: bool,
        found: list[Finding],
        book: EventBook,
    ) -> bool:
        """One channel on the slow way. True if a step began."""
        state = device.channels[index]
        begun = False
        if not state.fresh:
            state.last, state.slope, state.fresh, state.seen = value, 0.0, 1, state.seen + 1
        elif state.out:
            before = state.reference
            self._steps.follow(device, index, value, at_us, found, book)
            if not state.out:
                self.drift.shifted(state, index, before)
        elif self._flat.judge(device, index, value, found) or self._steps.taken_back(
            device, index, value, at_us, book
        ):
            pass
        elif not state.noisy and self._steps.unusual(state, value):
            if self._steps.explained(device, index, value, wetting):
                self._steps.jump(state, value, at_us)
                if index == MOISTURE:
                    note = Note(
                        "jump.wetting", at_us, Flag.PASS, CHANNELS[index].key, value, state.gate
                    )
                    book.note(device, note, at_us)
            elif state.held:
                start_noise(device, index, state.held_us, value, at_us, book)
                self._noise.judge(device, index, value, at_us, found, book)
            else:
                begun = True
                self._steps.begin(state, index, value, at_us, found)
        elif self._noise.judge(device, index, value, at_us, found, book):
            pass
        else:
            take(state, value, index, device.interval_us)
        if state.held:
            self._steps.settle(device, index, at_us, book)
        state.watched = bool(
            state.out
            or state.noisy
            or state.held
            or state.stuck
            or state.fresh < 2
            or state.seen < rules.WARM_UP
        )
        return begun
