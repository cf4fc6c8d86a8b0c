"""What people say about their devices: name, place, calibrations, laboratory values."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class DeviceRecord(msgspec.Struct, frozen=True):
    """One device as its owner knows it.

    `name` "" shows its id. Devices of one `zone` measure the same soil and are compared with
    each other; "" is a zone like any other. `position` orders the list, None is by id.
    """

    publisher_id: str
    name: str = ""
    zone: str = ""
    hidden: bool = False
    position: int | None = None


class CalibrationKind(StrEnum):
    """How a channel was compared with the truth."""

    TWO_POINT = "two_point"
    """Two readings whose true values are known: a straight line through both."""
    LABORATORY = "laboratory"
    """One laboratory value of a soil sample, and what the probe read when it was taken."""


class Calibration(msgspec.Struct, frozen=True):
    """A comparison of one channel of one device with the truth; it holds from `at_us` on.

    `points` are (probe's value, true value) in the channel's unit: two with different probe
    values for TWO_POINT, one for LABORATORY. `entered_us` is when a person entered it. `id` is
    0 until it is stored.
    """

    publisher_id: str
    channel: str
    kind: CalibrationKind
    at_us: int
    points: tuple[tuple[float, float], ...]
    entered_us: int
    note: str = ""
    id: int = 0


class DeviceBook(msgspec.Struct, frozen=True):
    """All that was entered; devices without a record are not in `records`."""

    records: Mapping[str, DeviceRecord] = {}
    calibrations: tuple[Calibration, ...] = ()

    def zones(self) -> dict[str, str]:
        """The zone of each device that has one."""
        return {r.publisher_id: r.zone for r in self.records.values() if r.zone}


CALIBRATED_CHANNELS: Mapping[CalibrationKind, tuple[str, ...]] = {
    CalibrationKind.TWO_POINT: ("Moisture",),
    CalibrationKind.LABORATORY: ("N", "P", "K", "pH"),
}
"""What each kind can be entered for."""
