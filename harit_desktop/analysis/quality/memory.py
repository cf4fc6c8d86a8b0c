"""The probes that are remembered, and the way of a reading through their tests."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from harit_desktop.analysis.quality import rules
from harit_desktop.analysis.quality.events import EventBook
from harit_desktop.analysis.quality.hours import HourTest
from harit_desktop.analysis.quality.probes import ProbeTests
from harit_desktop.analysis.quality.saved import read_back, save
from harit_desktop.analysis.quality.state import DeviceState, new_device
from harit_desktop.analysis.quality.timing import Arrival, TimingTest
from harit_desktop.analysis.quality.zones import Zone
from harit_desktop.domain.channels import Values
from harit_desktop.domain.quality import Finding, QualityEvent
from harit_desktop.domain.reading import Reading, TimeSource

DEVICES: Final = 512
_SENT, _RECEIVED = TimeSource.SENT, TimeSource.RECEIVED
_OLD, _AFTER_GAP = Arrival.OLD, Arrival.AFTER_GAP
"""Looked up once: they are on the path of every message."""
Forgotten = Callable[[str, bytes], None]
"""Takes a probe's id and its state when no more can be remembered."""
Recall = Callable[[str], bytes | None]
"""Asked for the state of a probe that is not remembered; None if there is none."""


class Probes:
    """The probes' states in the order in which they were last heard."""

    def __init__(
        self,
        zones: Mapping[str, str],
        devices: int,
        forgotten: Forgotten | None,
        recall: Recall | None,
    ) -> None:
        self._zone_of, self._most = dict(zones), devices
        self._forgotten, self._recall = forgotten, recall
        self._devices: OrderedDict[str, DeviceState] = OrderedDict()
        self._zones: dict[str, Zone] = {}
        self._changed: set[str] = set()
        self._timing, self._tests, self._book = TimingTest(), ProbeTests(), EventBook()
        self._hours = HourTest()

    def configure(self, zones: Mapping[str, str], utc_offset_us: int | None) -> None:
        """Probes move to their zones; an offset of None stays what it was."""
        if utc_offset_us is not None:
            self._hours.utc_offset_us = utc_offset_us
        if zones == self._zone_of:
            return
        self._zone_of = dict(zones)
        self._zones = {}
        for publisher_id, device in self._devices.items():
            self._join(publisher_id, device)

    def judge(
        self, reading: Reading, values: Values, reasons: Sequence[Finding] = ()
    ) -> tuple[Sequence[Finding] | None, tuple[QualityEvent, ...]]:
        """Further findings, and the changes of events; no findings, but None, where the time
        did not let the reading be tested. `values` are None where a range test failed them,
        `reasons` what the range tests found."""
        publisher_id, at_us = reading.publisher_id, reading.timestamp_us
        devices = self._devices
        device = devices.get(publisher_id)
        if device is not None:
            self._changed.add(publisher_id)
            if (
                not reasons
                and at_us - device.evaluated_us < rules.MOMENT_US
                and _burst(device, at_us, values)
            ):
                device.last_us = at_us
                return (), ()
        source = reading.time_source
        if reading.retained and source is _RECEIVED:
            return (), ()  # The broker's old reading: it has no time of its own.
        if device is None:
            device = self._meet(reading)
        else:
            devices.move_to_end(publisher_id)
        book = self._book
        book.begin(publisher_id)
        arrival = self._timing.judge(device, at_us, source is _SENT, book)
        if arrival is _OLD:
            if reasons:
                book.findings(device, reasons, at_us)
            return None, book.finish(device, at_us)
        if arrival is _AFTER_GAP:
            self._after_gap(device, values, at_us)
        found = self._evaluate(device, values, at_us, reasons)
        return found, book.finish(device, at_us) if device.any_open else ()

    def _evaluate(
        self, device: DeviceState, values: Values, at_us: int, reasons: Sequence[Finding]
    ) -> Sequence[Finding]:
        book = self._book
        device.evaluated_us = at_us
        found = self._tests.judge(device, values, at_us, book)
        self._drift(device, values, found)
        everything = [*reasons, *found] if reasons else found
        self._hours.judge(device, values, at_us, everything, book)
        if everything:
            book.findings(device, everything, at_us)
        return found

    def _drift(self, device: DeviceState, values: Values, found: list[Finding]) -> None:
        turn = device.turn = device.turn + 1
        zone = self._zones[device.zone]
        if turn >= rules.WARM_UP:
            zone.compare(device, self._tests.drift)
            zone.heard(device)
        if device.drifts:
            device.drifts = sum(1 for state in device.channels if state.drifting)
            taken = {finding.channel for finding in found}
            drifting = self._tests.drift.findings(device, values, device.pair)
            found.extend(one for one in drifting if one.channel not in taken)

    def _after_gap(self, device: DeviceState, values: Values, at_us: int) -> None:
        if at_us < device.evaluated_us:
            self._zones[device.zone].forget()
        if at_us - device.evaluated_us < rules.SHORT_GAP_US:
            device.bridge(values)
        else:
            device.forget_moment()

    def _meet(self, reading: Reading) -> DeviceState:
        publisher_id = reading.publisher_id
        saved = None if self._recall is None else self._recall(publisher_id)
        if saved is None or not self.restore(publisher_id, saved):
            device = new_device()
            device.simulated = reading.simulated
            self._add(publisher_id, device)
        self._changed.add(publisher_id)
        return self._devices[publisher_id]

    def _add(self, publisher_id: str, device: DeviceState) -> None:
        self._drop(publisher_id)
        if len(self._devices) >= self._most:
            silent = next(iter(self._devices))
            if self._forgotten is not None:
                self._forgotten(silent, save(self._devices[silent]))
            self._drop(silent)
        self._devices[publisher_id] = device
        self._join(publisher_id, device)

    def _join(self, publisher_id: str, device: DeviceState) -> None:
        kind = "simulated" if device.simulated else "real"
        device.zone = f"{kind}:{self._zone_of.get(publisher_id, '')}"
        self._zones.setdefault(device.zone, Zone()).join(publisher_id, device)

    def _drop(self, publisher_id: str) -> None:
        device = self._devices.pop(publisher_id, None)
        if device is not None:
            self._changed.discard(publisher_id)
            zone = self._zones[device.zone]
            zone.leave(publisher_id)
            if not len(zone):
                del self._zones[device.zone]

    def export(self, publisher_id: str) -> bytes | None:
        """See `QualityControl.export`."""
        device = self._devices.get(publisher_id)
        return None if device is None else save(device)

    def export_changed(self) -> dict[str, bytes]:
        """See `QualityControl.export_changed`."""
        changed = [name for name in self._devices if name in self._changed]
        self._changed.clear()
        return {name: save(self._devices[name]) for name in changed}

    def restore(self, publisher_id: str, saved: bytes) -> bool:
        """See `QualityControl.restore`."""
        device = read_back(saved)
        if device is None:
            return False
        self._add(publisher_id, device)
        return True

    def forget(self, publisher_ids: Iterable[str]) -> None:
        """See `QualityControl.forget`."""
        for publisher_id in publisher_ids:
            self._drop(publisher_id)

    def known(self) -> tuple[str, ...]:
        """The ids, the longest silent first."""
        return tuple(self._devices)

    def siblings(self, publisher_id: str) -> int:
        """See `QualityControl.siblings`."""
        device = self._devices.get(publisher_id)
        zone = None if device is None else self._zones.get(device.zone)
        return 0 if device is None or zone is None else zone.siblings(device)


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
