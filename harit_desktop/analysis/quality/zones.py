"""The probes of one zone, and what those that the others are compared with show."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from harit_desktop.analysis.quality import rules
from harit_desktop.analysis.quality.drift import Departures, DriftTest, departures
from harit_desktop.analysis.quality.state import DeviceState
from harit_desktop.domain.channels import CHANNELS

_NONE_MADE: Final[list[Departures | None]] = [None] * len(CHANNELS)
_DRY: Final = tuple(index for index in range(len(CHANNELS)) if index not in rules.WATER)
_TURNS: Final = (
    rules.WATER,
    *(_DRY[turn :: rules.DRIFT_EVERY - 1] for turn in range(rules.DRIFT_EVERY - 1)),
)
"""The channels that are compared at each turn: no reading pays for all of them. Those of water
have one turn, for each is judged by what the others of them do (see `drift`)."""


class Zone:
    """A probe is compared with the first `rules.SIBLINGS` others, by their ids, that are known
    well enough and were heard of late. So almost all probes of a large zone are compared with
    the same few, and what those show is made once for all, until one of them is heard again.

    All of it follows from the states alone: made anew at any time, it would be the same.
    """

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._members: list[DeviceState] = []
        self._first: list[DeviceState] = []
        self._shown: list[DeviceState] = []
        self._compared: set[DeviceState] = set()
        self._passed_over: set[DeviceState] = set()
        self._columns: list[Departures | None] = []
        self._after_us, self._until_us = 0.0, -1.0

    def __len__(self) -> int:
        return len(self._ids)

    def join(self, publisher_id: str, device: DeviceState) -> None:
        at = bisect_left(self._ids, publisher_id)
        self._ids.insert(at, publisher_id)
        self._members.insert(at, device)
        self.forget()

    def leave(self, publisher_id: str) -> None:
        at = bisect_left(self._ids, publisher_id)
        del self._ids[at], self._members[at]
        self.forget()

    def heard(self, device: DeviceState) -> None:
        """Call after each reading of a member that was evaluated."""
        if device.turn == rules.WARM_UP or device in self._passed_over:
            self.forget()
        elif device in self._compared:
            self._columns = _NONE_MADE.copy()

    def siblings(self, device: DeviceState) -> int:
        """How many there were at the last reading of a member. From any thread: a probe that
        joins or leaves at that moment is counted or not, and nothing is kept."""
        since_us = _since_us(device, device.evaluated_us)
        known = [one for one in tuple(self._members) if one.turn >= rules.WARM_UP]
        count = sum(one.evaluated_us >= since_us and one is not device for one in known)
        return min(count, rules.SIBLINGS)

    def compare(self, device: DeviceState, test: DriftTest) -> None:
        """Compares some of the channels of a member whose reading was just evaluated."""
        since_us = _since_us(device, device.evaluated_us)
        if not self._after_us < since_us <= self._until_us:
            self._choose(since_us)
        own = device in self._compared
        siblings = [one for one in self._first if one is not device] if own else self._shown
        channels = device.channels
        for index in _TURNS[device.turn % rules.DRIFT_EVERY]:
            others = departures(siblings, index) if own else self._column(index)
            test.compare(device, index, others)
            if channels[index].drifting:
                device.drifts += 1
        device.pair = len(siblings) == 1

    def _column(self, index: int) -> Departures:
        """What the probes show that a probe which is not one of them is compared with."""
        made = self._columns[index]
        if made is None:
            made = self._columns[index] = departures(self._shown, index)
        return made

    def forget(self) -> None:
        """Call where the time of a member goes back, too: what was chosen goes by those."""
        self._after_us, self._until_us = 0.0, -1.0

    def _choose(self, since_us: float) -> None:
        """Holds for every time after which those that are passed over were silent, and no
        other was."""
        first: list[DeviceState] = []
        passed_over: set[DeviceState] = set()
        after_us, until_us = float("-inf"), float("inf")
        for one in self._members:
            if one.turn < rules.WARM_UP:
                continue
            if one.evaluated_us < since_us:
                passed_over.add(one)
                after_us = max(after_us, one.evaluated_us)
            else:
                first.append(one)
                until_us = min(until_us, one.evaluated_us)
                if len(first) > rules.SIBLINGS:
                    break
        self._after_us, self._until_us = after_us, until_us
        self._first, self._passed_over = first, passed_over
        shown = first[: rules.SIBLINGS]
        self._columns = _NONE_MADE.copy()
        self._shown, self._compared = shown, set(shown)


def _since_us(device: DeviceState, at_us: int) -> float:
    interval_us = device.interval_us
    if interval_us < rules.MOMENT_US:
        interval_us = rules.MOMENT_US
    return at_us - rules.SIBLING_AGE * interval_us
