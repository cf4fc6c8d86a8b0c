"""Zigbee2MQTT: the whole state of a device in one object, on `zigbee2mqtt/<friendly name>`.

Its traps: `humidity` is that of the air; `temperature` is that of the air as well where the
device also measures humidity; `voltage` is in millivolts for batteries; `temperature_unit` says
what the device displays, and the value follows it or not (see `_temperature`). `bridge/...` is
the gateway's own talk, and `/set` and `/get` are commands.
"""

from __future__ import annotations

from typing import Any

from harit_desktop.domain.message import Heard, HeardKind
from harit_desktop.wire.formats.unit_words import as_is, conversion
from harit_desktop.wire.sighting import (
    Sighting,
    celsius_of_fahrenheit,
    number,
    scaled,
    sighting_of,
)

BASE = "zigbee2mqtt"
_STATES = ("online", "offline")
_AVAILABILITY = "/availability"
_BRIDGE = "bridge"
_COMMANDS = ("/set", "/get")

_KEYS = {
    "soil_moisture": "Moisture",
    "soil_temperature": "Temperature",
    "soil_fertility": "EC",
    "soil_conductivity": "EC",
    "soil_ph": "pH",
    "co2": "CO2",
    "humidity": "AirHumidity",
    "illuminance": "Light",
    # Of those that give both, this one is in lux.
    "illuminance_lux": "Light",
    "battery": "Battery",
    "linkquality": "LinkQuality",
}
_SOIL = frozenset({"Moisture", "Temperature", "EC", "pH"})
_MEASURED = _SOIL | {"CO2", "AirHumidity"}
_MIN_BATTERY_MV = 1000.0
"""Below it `voltage` is that of a mains device, in volts."""
_WARMEST_SOIL = 50.0
"""°C; more is degrees Fahrenheit, where the message says that its unit is that."""


class Zigbee2Mqtt:
    """Decodes device states; the device is the friendly name, with the base topic before it
    where that is not the usual one (`zigbee2mqtt_garden/bed 1`)."""

    name = "zigbee2mqtt"

    def claims(self, topic: str, tree: object) -> bool:
        if not topic.startswith(BASE):
            return False
        base, _, device = topic.partition("/")
        more = base[len(BASE) :]
        if not device or not (not more or more[0] in "_-" or more.isdigit()):
            return False
        if type(tree) is dict:
            return True
        return tree in _STATES and (device.endswith(_AVAILABILITY) or device == "bridge/state")

    def sightings(self, topic: str, tree: Any) -> tuple[Sighting, ...] | Heard:
        base, _, device = topic.partition("/")
        publisher_id = device if base == BASE else topic
        if device.endswith(_AVAILABILITY):
            return Heard(HeardKind.STATUS, publisher_id.removesuffix(_AVAILABILITY))
        if device == "bridge/state":
            return Heard(HeardKind.STATUS, base)
        if device == _BRIDGE or device.startswith("bridge/") or device.endswith(_COMMANDS):
            return ()
        found = _found(tree)
        if _MEASURED.isdisjoint(found):
            return ()
        last_seen = tree.get("last_seen")
        sent = last_seen if type(last_seen) in (str, int, float) else None
        sighting = sighting_of(publisher_id, found, sent=sent)
        return () if sighting is None else (sighting,)


def _found(tree: dict[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for key, channel in _KEYS.items():
        if key in tree and (value := number(tree[key])) is not None:
            found[channel] = value
    voltage_mv = number(tree.get("voltage"))
    if voltage_mv is not None and voltage_mv >= _MIN_BATTERY_MV:
        found["BatteryVoltage"] = scaled(voltage_mv, 0.001)
    temperature = _temperature(tree)
    if temperature is None:
        return found
    if "humidity" in tree or "soil_temperature" in tree:
        # Also where it has no value at the moment: the device is one that measures it.
        found["AirTemperature"] = temperature
    elif not _SOIL.isdisjoint(found):
        found["Temperature"] = temperature
    # A temperature alone may be that of anything: a pipe, a fridge, the device itself.
    return found


def _temperature(tree: dict[str, Any]) -> float | None:
    """°C. With the display set to Fahrenheit some devices go on sending Celsius and some do
    not, so a value that could be either tells nothing; nor does one of another unit."""
    value = number(tree.get("temperature"))
    unit = tree.get("temperature_unit")
    if value is None or unit is None:
        return value
    convert = conversion("Temperature", unit) if type(unit) is str else None
    if convert is as_is:
        return value
    if convert is not celsius_of_fahrenheit:
        return None
    if "temperature_f" in tree:
        return value
    return celsius_of_fahrenheit(value) if value > _WARMEST_SOIL else None


FORMAT = Zigbee2Mqtt()
