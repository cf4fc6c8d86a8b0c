"""Tasmota: all sensors of a board in one object, `tele/<topic>/SENSOR`, one key a sensor.

The same stands under `StatusSNS` in the answer to a question, `stat/<topic>/STATUS8` (or 10).
`Humidity` is soil moisture for a Mi Flora (`Flora-6ab577`) and that of the air for all others.
`Time` is local, without offset. The unit of all temperatures is `TempUnit`, Celsius where it is
not said; with one that is not understood they are left out. A CO2 of 0 is a sensor that warms up.
The last will is `tele/<topic>/LWT`, Online or Offline.
"""

from __future__ import annotations

from typing import Any

from harit_desktop.domain.message import Heard, HeardKind
from harit_desktop.wire.formats.unit_words import Conversion, as_is, conversion
from harit_desktop.wire.sighting import Sighting, number, sighting_of

MAX_SENSORS = 64
"""In one message; a board cannot have more, so more is no board."""

_PREFIX_OF = {"SENSOR": "tele", "LWT": "tele", "STATUS8": "stat", "STATUS10": "stat"}
_BLUETOOTH = "tele/tasmota_ble/"
"""One sensor a message, its values at the top: an option of the Bluetooth driver."""
_LWT = ("Online", "Offline")
_MIN_LEVELS = 3

_FLORA = {
    "Temperature": "Temperature",
    "Humidity": "Moisture",
    # Newer drivers say this; it comes after, so that it counts where both are there.
    "Moisture": "Moisture",
    "Fertility": "EC",
    "Illuminance": "Light",
    "Battery": "Battery",
    "RSSI": "RSSI",
}
_CHIRP = {"Temperature": "Temperature", "Moisture": "MoistureRaw"}
_AIR = {
    "Temperature": "AirTemperature",
    "Humidity": "AirHumidity",
    "CarbonDioxide": "CO2",
    "Illuminance": "Light",
    "Battery": "Battery",
    "RSSI": "RSSI",
}
_PROBE = {"Temperature": "Temperature2"}
_NO_DATA = {
    *(("Moisture", 255.0), ("EC", 65_535.0), ("Battery", 0.0), ("RSSI", 0.0), ("CO2", 0.0)),
}
"""What the drivers keep where they have heard nothing yet."""
_TEMPERATURES = frozenset({"Temperature", "Temperature2", "AirTemperature"})
_HEALTH = frozenset({"Battery", "RSSI"})


class Tasmota:
    """Decodes sensor messages; a device is the board's topic and the sensor's name:
    `greenhouse/Flora-6ab577`."""

    name = "tasmota"

    def claims(self, topic: str, tree: object) -> bool:
        last = topic[topic.rfind("/") + 1 :]
        prefix = _PREFIX_OF.get(last)
        if prefix is None:
            return topic.startswith(_BLUETOOTH) and topic.count("/") == 2 and _is_timed(tree)
        levels = topic.split("/")
        if len(levels) < _MIN_LEVELS or prefix not in levels[:-1]:
            return False
        if last == "LWT":
            return tree in _LWT if type(tree) is str else False
        if last == "SENSOR":
            return _is_timed(tree)
        return type(tree) is dict and _is_timed(tree.get("StatusSNS"))

    def sightings(self, topic: str, tree: Any) -> tuple[Sighting, ...] | Heard:
        levels = topic.split("/")
        last = levels.pop()
        if last not in _PREFIX_OF:
            return _sightings("", {"Time": tree["Time"], last: tree})
        levels.remove(_PREFIX_OF[last])
        device = "/".join(levels)
        if last == "LWT":
            return Heard(HeardKind.STATUS, device)
        return _sightings(f"{device}/", tree if last == "SENSOR" else tree["StatusSNS"])


def _is_timed(body: object) -> bool:
    return type(body) is dict and type(body.get("Time")) is str


def _sightings(before: str, body: dict[str, Any]) -> tuple[Sighting, ...]:
    if len(body) > MAX_SENSORS:
        return ()
    sent, convert = body["Time"], _conversion(body)
    sightings: list[Sighting] = []
    for sensor, part in body.items():
        if type(part) is not dict:
            continue
        found = _found(sensor, part)
        if convert is not as_is:
            for key in _TEMPERATURES & found.keys():
                temperature = found.pop(key)
                if convert is not None:
                    found[key] = convert(temperature)
        if not found or found.keys() <= _HEALTH:
            continue
        sighting = sighting_of(before + _sensor_id(sensor, part), found, sent=sent)
        if sighting is not None:
            sightings.append(sighting)
    return tuple(sightings)


def _conversion(body: dict[str, Any]) -> Conversion | None:
    """To degrees Celsius; None where the unit is not understood."""
    unit = body.get("TempUnit", "C")
    return conversion("Temperature", unit) if type(unit) is str else None


def _sensor_id(sensor: str, part: dict[str, Any]) -> str:
    """The sensor's name. Those on one wire are numbered in the order in which they answer, so
    their own number stands in place of that: `DS18B20-3C01B556A1F2`."""
    own = part.get("Id")
    if type(own) is str and sensor.startswith("DS18"):
        return f"{sensor.partition('-')[0]}-{own}"
    return sensor


def _found(sensor: str, part: dict[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for key, channel in _table(sensor, part).items():
        if key in part:
            value = number(part[key])
            if value is not None and (channel, value) not in _NO_DATA:
                found[channel] = value
    if "CarbonDioxide" in part:
        if "AirHumidity" not in found:
            # The warmth inside the gas cell of the sensor.
            found.pop("AirTemperature", None)
        if "CO2" not in found and not any(found.values()):
            # Nothing has been measured yet.
            return {}
    return found


def _table(sensor: str, part: dict[str, Any]) -> dict[str, str]:
    if sensor.startswith("Flora") or "Fertility" in part:
        return _FLORA
    if sensor.startswith("CHIRP"):
        return _CHIRP
    if sensor.startswith("DS18"):
        # On a cable: in the soil, in water or in the air, nobody says.
        return _PROBE
    if "Humidity" in part or "CarbonDioxide" in part or "Pressure" in part:
        return _AIR
    # What is left has the temperature of a chip, or none.
    return {}


FORMAT = Tasmota()
