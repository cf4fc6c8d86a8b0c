"""What probes report beyond the seven channels: further quantities, and their own health.

Stored with the reading, drawn and exported on demand, and never part of the soil index.
"""

from __future__ import annotations

import msgspec


class ExtraChannel(msgspec.Struct, frozen=True):
    """`key` is the name in stores, templates and exports; `unit` the one values are kept in.
    `health` tells the state of the device from a measurement. Values outside
    `least`..`most` are no measurements and are left out."""

    key: str
    unit: str
    least: float
    most: float
    precision: int
    health: bool = False


EXTRA_CHANNELS: tuple[ExtraChannel, ...] = (
    ExtraChannel("EC", "µS/cm", 0.0, 200_000.0, 0),
    ExtraChannel("Salinity", "mg/l", 0.0, 200_000.0, 0),
    ExtraChannel("Light", "lx", 0.0, 300_000.0, 0),
    ExtraChannel("Temperature2", "°C", -60.0, 125.0, 1),
    ExtraChannel("AirTemperature", "°C", -60.0, 85.0, 1),
    ExtraChannel("AirHumidity", "%", 0.0, 100.0, 1),
    ExtraChannel("MoistureRaw", "", 0.0, 1e6, 0),
    ExtraChannel("Battery", "%", 0.0, 100.0, 0, health=True),
    ExtraChannel("BatteryVoltage", "V", 0.0, 60.0, 2, health=True),
    ExtraChannel("RSSI", "dBm", -200.0, 20.0, 0, health=True),
    ExtraChannel("SNR", "dB", -60.0, 60.0, 1, health=True),
    ExtraChannel("LinkQuality", "", 0.0, 255.0, 0, health=True),
)
EXTRA_BY_KEY: dict[str, ExtraChannel] = {extra.key: extra for extra in EXTRA_CHANNELS}

Extras = tuple[tuple[str, float], ...]
"""(key of an extra channel, value in its unit) of those a reading has, in catalogue order."""
