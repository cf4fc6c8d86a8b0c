"""The probes that are remembered, and the way of a reading through their tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from harit_desktop.analysis.quality import rules
from harit_desktop.analysis.quality.events import EventBook
from harit_desktop.analysis.quality.probes import ProbeTests
from harit_desktop.analysis.quality.state import STATE_VERSION, DeviceState, new_device
from harit_desktop.analysis.quality.timing import Arrival, TimingTest
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.quality import Finding, QualityEvent
from harit_desktop.domain.reading import Reading, TimeSource

DEVICES: Final = 512
Forgotten = Callable[[str, bytes], None]
"""Takes a probe's id and its state when no more can be remembered."""

_KEYS = [channel.key for channel in CHANNELS]


class Probes:
    """The probes' states in the order in which they were last heard."""

    def __init__(self, zones: Mapping[str, str], devices: int, forgotten: Forgotten | None) -> None:
        self._zones, self._most, self._forgotten = dict(zones), devices, forgotten
        self._devices: dict[str, DeviceState] = {}
        self._members: dict[str, list[DeviceState]] = {}
        self._timing, self._tests, self._book = TimingTest(), ProbeTests(), EventBook()

    def judge(
        self, reading: Reading, values: Values, reasons: Sequence[Finding] = ()
    ) -> tuple[Sequence[Finding], tuple[QualityEvent, ...]]:
        """Further findings, and the changes of events. `values` are None where a range test
        failed them, `reasons` what the range tests found."""
        publisher_id, at_us = reading.publisher_id, reading.timestamp_us
        device = self._devices.get(publisher_id)
        if device is not None and not reasons and _burst(device, at_us, values):
            device.last_us = at_us
            return (), ()
        if reading.retained and reading.time_source is TimeSource.RECEIVED:
            return (), ()  # The broker's old reading: it has no time of its own.
        if device is None:
            device = self._meet(reading)
        else:
            self._devices[publisher_id] = self._devices.pop(publisher_id)
        book = self._book
        book.begin(publisher_id)
        punctual = reading.time_source is TimeSource.SENT
        arrival = self._timing.judge(device, at_us, punctual, book)
        found: list[Finding] = []
        if arrival is not Arrival.OLD:
            if arrival is Arrival.AFTER_GAP:
                device.forget_moment()
            device.evaluated_us = at_us
            found = self._tests.judge(device, values, at_us, book)
            self._drift(device, values, at_us, found)
        if reasons or found:
            book.findings(device, [*reasons, *found], at_us)
        return found, book.finish(device, at_us)

    def _drift(self, device: DeviceState, values: Values, at_us: int, found: list[Finding]) -> None:
        device.turn += 1
        if device.turn % rules.DRIFT_EVERY == 0:
            near = self._near(device, at_us)
            self._tests.drift.compare(device, near)
            device.drifts = sum(1 for state in device.channels if state.drifting)
            device.pair = len(near) == 1
        if device.drifts:
            taken = {finding.channel for finding in found}
            drifting = self._tests.drift.findings(device, values, device.pair)
            found.extend(one for one in drifting if one.channel not in taken)

    def _near(self, device: DeviceState, at_us: int) -> list[DeviceState]:
        since_us = at_us - rules.SIBLING_AGE * device.interval_us
        members = self._members.get(device.zone, ())
        near = [other for other in members if other is not device and other.last_us >= since_us]
        return near[: rules.SIBLINGS]

    def _meet(self, reading: Reading) -> DeviceState:
        device = new_device()
        device.simulated = reading.simulated
        self._add(reading.publisher_id, device)
        return device

    def _add(self, publisher_id: str, device: DeviceState) -> None:
        self._drop(publisher_id)
        if len(self._devices) >= self._most:
            silent = next(iter(self._devices))
            if self._forgotten is not None:
                self._forgotten(silent, msgspec.msgpack.encode(self._devices[silent]))
            self._drop(silent)
        kind = "simulated" if device.simulated else "real"
        device.zone = f"{kind}:{self._zones.get(publisher_id, '')}"
        self._devices[publisher_id] = device
        self._members.setdefault(device.zone, []).append(device)

    def _drop(self, publisher_id: str) -> None:
        device = self._devices.pop(publisher_id, None)
        if device is not None:
            members = [one for one in self._members.pop(device.zone) if one is not device]
            if members:
                self._members[device.zone] = members

    def export(self, publisher_id: str) -> bytes | None:
        """See `QualityControl.export`."""
        device = self._devices.get(publisher_id)
        return None if device is None else msgspec.msgpack.encode(device)

    def restore(self, publisher_id: str, saved: bytes) -> bool:
        """See `QualityControl.restore`."""
        try:
            device = msgspec.msgpack.decode(saved, type=DeviceState)
        except msgspec.DecodeError:
            return False
        known = device.version == STATE_VERSION and device.keys == _KEYS
        if not known or len(device.channels) != len(_KEYS):
            return False
        self._add(publisher_id, device)
        return True

    def known(self) -> tuple[str, ...]:
        """The ids, the longest silent first."""
        return tuple(self._devices)

    def siblings(self, publisher_id: str) -> int:
        """See `QualityControl.siblings`."""
        device = self._devices.get(publisher_id)
        return 0 if device is None else len(self._near(device, device.last_us))


def _burst(device: DeviceState, at_us: int, values: Values) -> bool:
    """Whether a reading of the same moment is inside the bounds of the last evaluated one."""
    if (
        not 0 < at_us - device.evaluated_us < rules.MOMENT_US
        or at_us < device.last_us
        or device.any_open
        or (at_us == device.last_us and values == device.values)
    ):
        return False
    for value, state in zip(values, device.channels, strict=True):
        if value is None or state.out:
            return False
        gate = state.gate
        if not -gate <= value - state.last <= gate:
            return False
    return True
