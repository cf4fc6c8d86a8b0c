"""Decoded uplinks of Milesight's EM500 soil probes (SMTC, SMT) and its CO2 sensors.

Traps: the conductivity is called `ec`, `electricity` or `conductivity`, in microsiemens per
centimetre; those names are everybody's, so without a network server that names Milesight only
its exact set of fields counts; the values of a kept history come in a list, each with its own
time; `temperature` beside `humidity` is that of the air.
"""

from __future__ import annotations

from typing import Any

from harit_desktop.wire.formats.lorawan_found import Found
from harit_desktop.wire.sighting import number

MAX_HISTORY = 60

_CONDUCTIVITY = ("ec", "electricity", "conductivity")
_EXACT = tuple(frozenset({"battery", "temperature", "moisture", name}) for name in _CONDUCTIVITY)
"""What the probe's codec makes of a whole uplink, with or without its history."""
_FULL_PERCENT = 100
_NO_PROBE_EC = 65_533.0
"""From here on the 16 bits of the conductivity are an error code."""


def read(uplink: dict[str, Any], maker: str) -> tuple[Found, ...] | None:
    """The readings of a decoded uplink; None where it is none of Milesight's.

    The exact fields of an uplink tell the soil probe by themselves; for any others, `maker`
    (what the network server says of maker and model, in lower case) must name it.
    """
    is_milesight = "milesight" in maker or "em500" in maker
    if "humidity" in uplink:
        return _air(uplink) if is_milesight and "co2" in uplink else None
    history = uplink.get("history")
    past = history[:MAX_HISTORY] if type(history) is list else []
    is_soil = "moisture" in uplink or "smt" in maker or any(_is_of_soil(item) for item in past)
    if not (is_soil and is_milesight) and not _is_exact(uplink):
        return None
    found = _soil(uplink)
    battery = number(uplink.get("battery"))
    if battery is not None:
        found["Battery"] = battery
    kept = (_past(item) for item in past)
    return (Found(found), *(one for one in kept if one is not None))


def _is_of_soil(sent: object) -> bool:
    return type(sent) is dict and "moisture" in sent


def _is_exact(uplink: dict[str, Any]) -> bool:
    names = uplink.keys() - {"history"}
    if names not in _EXACT or not all(type(uplink[name]) in (int, float) for name in names):
        return False
    battery = uplink["battery"]
    conductivity = number(next(uplink[name] for name in _CONDUCTIVITY if name in names))
    # The probe sends whole percents of battery and whole microsiemens.
    is_whole = conductivity is not None and conductivity.is_integer()
    return is_whole and type(battery) is int and 0 <= battery <= _FULL_PERCENT


def _soil(sent: dict[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, key in (("moisture", "Moisture"), ("temperature", "Temperature")):
        value = number(sent.get(name))
        if value is not None:
            found[key] = value
    for name in _CONDUCTIVITY:
        value = number(sent.get(name))
        if value is not None:
            # The probe sends whole microsiemens; a fraction is another maker's unit.
            if value < _NO_PROBE_EC and value.is_integer():
                found["EC"] = value
            break
    return found


def _past(item: object) -> Found | None:
    if type(item) is not dict:
        return None
    moment = item.get("timestamp")
    if type(moment) is not int and type(moment) is not float:
        return None
    return Found(_soil(item), sent=moment)


def _air(uplink: dict[str, Any]) -> tuple[Found, ...]:
    names = {
        "co2": "CO2",
        "temperature": "AirTemperature",
        "humidity": "AirHumidity",
        "battery": "Battery",
    }
    sent = ((key, number(uplink.get(name))) for name, key in names.items())
    return (Found({key: value for key, value in sent if value is not None}),)
