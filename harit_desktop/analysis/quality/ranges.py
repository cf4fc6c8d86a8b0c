"""Range tests: what a probe cannot report, and what soil cannot be."""

from __future__ import annotations

from collections.abc import Sequence

from harit_desktop.analysis.quality.rules import (
    IN_SOIL,
    POWER_ON_TEMPERATURE,
    SENTINELS,
    VOLUMETRIC_MOST,
)
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.quality import Finding
from harit_desktop.domain.reading import Reading


class SensorRange:
    """Fails a value that the probe cannot report at all, such as negative nitrogen."""

    def __init__(self) -> None:
        self._limits = tuple((c.key, c.sensor_min, c.sensor_max) for c in CHANNELS)

    def findings(self, reading: Reading) -> Sequence[Finding]:
        found: list[Finding] = []
        for value, (key, low, high) in zip(reading.values, self._limits, strict=True):
            if value is None or low <= value <= high:
                continue
            code, limit = ("range.sensor_low", low) if value < low else ("range.sensor_high", high)
            found.append(Finding(key, Flag.FAIL, code, value, limit))
        return found


class Sentinels:
    """Fails the numbers that stand for "no measurement": all bits set, the least of sixteen
    bits, the same scaled by ten or a hundred, and a thermometer's value before its first
    measurement."""

    def findings(self, reading: Reading) -> Sequence[Finding]:
        found: list[Finding] = []
        for value, channel in zip(reading.values, CHANNELS, strict=True):
            if value is None:
                continue
            # A channel of large values may really be at the smaller of them.
            plain = value < 1000 < channel.sensor_max
            starting = value == POWER_ON_TEMPERATURE and channel.key == "Temperature"
            if starting or (value in SENTINELS and (value < 0 or not plain)):
                found.append(Finding(channel.key, Flag.FAIL, "range.sentinel", value, value))
        return found


class PhysicalRange:
    """Suspects what the probe can say but soil cannot be. `volumetric_most` is the pore
    space in percent where moisture is a share of volume; None where it is a share of
    saturation."""

    def __init__(self, volumetric_most: float | None = None) -> None:
        limits = dict(IN_SOIL)
        if volumetric_most is not None:
            limits["Moisture"] = (0.0, min(volumetric_most, VOLUMETRIC_MOST))
        self.moisture = limits.get("Moisture")
        self._limits = tuple(limits.get(c.key) for c in CHANNELS)

    def findings(self, reading: Reading) -> Sequence[Finding]:
        found: list[Finding] = []
        for value, limits, channel in zip(reading.values, self._limits, CHANNELS, strict=True):
            if value is None or limits is None or limits[0] <= value <= limits[1]:
                continue
            low = value < limits[0]
            flag = Flag.FAIL if channel.key == "Moisture" else Flag.SUSPECT
            code = "range.physical_low" if low else "range.physical_high"
            found.append(Finding(channel.key, flag, code, value, limits[0 if low else 1]))
        return found
