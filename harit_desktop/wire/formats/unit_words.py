"""What a unit beside or behind a number says, and the number in the unit that is kept here.

A unit that is not understood never counts for the usual one: 77 beside "deg F" is no 77 °C.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from harit_desktop.wire.sighting import celsius_of_fahrenheit, scaled

Conversion = Callable[[float], float]
_LONGEST = 32
_ABSOLUTE_ZERO_C = -273.15


def as_is(value: float) -> float:
    """The same number: the unit is the one that is kept."""
    return value


def percent_of_fraction(value: float) -> float:
    """Percent."""
    return scaled(value, 100.0)


def thousandfold(value: float) -> float:
    """Thousandths of what the unit counts: dS/m in µS/cm."""
    return scaled(value, 1000.0)


def thousandth(value: float) -> float:
    """Thousands of what the unit counts: mV in V."""
    return scaled(value, 0.001)


def celsius_of_kelvin(kelvin: float) -> float:
    """Degrees Celsius."""
    return round(kelvin + _ABSOLUTE_ZERO_C, 6)


_DEGREES: dict[str, Conversion] = {
    **dict.fromkeys(("c", "°c", "℃", "degc", "degreesc", "celsius", "degreescelsius"), as_is),
    **dict.fromkeys(
        ("f", "°f", "℉", "degf", "degreesf", "fahrenheit", "degreesfahrenheit"),
        celsius_of_fahrenheit,
    ),
    **dict.fromkeys(("k", "°k", "kelvin", "degk"), celsius_of_kelvin),
}
_PERCENT: dict[str, Conversion] = dict.fromkeys(("%", "percent", "pct"), as_is)
_WATER: dict[str, Conversion] = {
    **_PERCENT,
    "%vwc": as_is,
    **dict.fromkeys(("m3/m3", "m³/m³", "cm3/cm3", "cm³/cm³", "fraction"), percent_of_fraction),
}
_NUTRIENT: dict[str, Conversion] = dict.fromkeys(("mg/kg", "ppm"), as_is)
_UNITS: dict[str, dict[str, Conversion]] = {
    **dict.fromkeys(("Temperature", "Temperature2", "AirTemperature"), _DEGREES),
    **dict.fromkeys(("N", "P", "K"), _NUTRIENT),
    "Moisture": _WATER,
    "AirHumidity": {**_PERCENT, "%rh": as_is},
    "Battery": _PERCENT,
    "pH": {"ph": as_is},
    "CO2": {"ppm": as_is},
    # The micro sign and the Greek letter look the same.
    "EC": {
        **dict.fromkeys(("us/cm", "\u00b5s/cm", "\u03bcs/cm"), as_is),
        **dict.fromkeys(("ds/m", "ms/cm"), thousandfold),
    },
    "BatteryVoltage": {"v": as_is, "volt": as_is, "volts": as_is, "mv": thousandth},
    "Light": {"lx": as_is, "lux": as_is},
    "RSSI": {"dbm": as_is},
    "SNR": {"db": as_is},
}


@lru_cache(maxsize=512)
def conversion(key: str, unit: str) -> Conversion | None:
    """From a `unit` as somebody wrote it to that of a channel or extra channel; None where it
    is not understood, or is no unit of that quantity."""
    if len(unit) > _LONGEST:
        return None
    plain = unit.lower().replace(" ", "").replace(".", "").replace("_", "")
    return _UNITS.get(key, {}).get(plain)
