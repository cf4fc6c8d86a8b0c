"""The units in which devices send a quantity, and how they become the unit that is kept."""

from __future__ import annotations

import msgspec

from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.extras import EXTRA_BY_KEY

_DIGITS = 6
"""Decimals of a converted value; beyond them stands only what the arithmetic left."""


class Unit(msgspec.Struct, frozen=True):
    """kept = sent * factor + offset. `name` is what a template says; "" where a number has none."""

    name: str
    factor: float = 1.0
    offset: float = 0.0

    def kept(self, sent: float) -> float:
        """A value in this unit, in the unit of the catalogue."""
        if self.factor == 1.0 and self.offset == 0.0:
            return sent
        return round(sent * self.factor + self.offset, _DIGITS)


_TEMPERATURE = (
    Unit("°C"),
    Unit("°F", 5 / 9, -160 / 9),
    Unit("K", 1.0, -273.15),
)
_SHARE = (Unit("%"), Unit("fraction", 100.0))
_NUTRIENT = (Unit("mg/kg"), Unit("ppm"), Unit("g/kg", 1000.0))

UNITS: dict[str, tuple[Unit, ...]] = {
    "N": _NUTRIENT,
    "P": _NUTRIENT,
    "K": _NUTRIENT,
    "CO2": (Unit("ppm"), Unit("%", 10_000.0)),
    "Temperature": _TEMPERATURE,
    "Moisture": (*_SHARE, Unit("m³/m³", 100.0)),
    "pH": (Unit("pH"),),
    "EC": (
        Unit("µS/cm"),
        Unit("mS/cm", 1000.0),
        Unit("dS/m", 1000.0),
        Unit("mS/m", 10.0),
        Unit("S/m", 10_000.0),
    ),
    "Salinity": (Unit("mg/l"), Unit("ppm"), Unit("g/l", 1000.0)),
    "Light": (Unit("lx"), Unit("klx", 1000.0)),
    "Temperature2": _TEMPERATURE,
    "AirTemperature": _TEMPERATURE,
    "AirHumidity": _SHARE,
    "MoistureRaw": (Unit("raw"),),
    "Battery": _SHARE,
    "BatteryVoltage": (Unit("V"), Unit("mV", 0.001)),
    "RSSI": (Unit("dBm"),),
    "SNR": (Unit("dB"),),
    "LinkQuality": (Unit("raw"),),
}
"""By channel or extra key; the first is the one values are kept in."""

_ALIASES = {
    "C": "°C",
    "F": "°F",
    "uS/cm": "µS/cm",
    "\u03bcS/cm": "µS/cm",
    "percent": "%",
    "m3/m3": "m³/m³",
    "mg/L": "mg/l",
    "g/L": "g/l",
    "lux": "lx",
}

TARGETS: tuple[str, ...] = (*CHANNEL_INDEX, *EXTRA_BY_KEY)
"""Everything that a value can be: channels, then extras, in the order of their catalogues."""


def unit_of(target: str, name: str) -> Unit | None:
    """The unit of that name for a channel or extra; "" is the one that is kept. None: unknown."""
    known = UNITS.get(target, ())
    if not name:
        return known[0] if known else None
    wanted = _ALIASES.get(name, name)
    return next((unit for unit in known if unit.name == wanted), None)
