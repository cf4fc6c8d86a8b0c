"""Theengs Gateway and OpenMQTTGateway: Bluetooth devices, on `<base>/<gateway>/BTtoMQTT/<MAC>`.

One advertisement a message, and a plant sensor tells one quantity in each: they are merged.
`moi` is soil moisture, `fer` conductivity, `hum` the humidity of the air. `tempc` is that of the
air for a device which also tells `hum`.
"""

from __future__ import annotations

import re
from typing import Any

from harit_desktop.domain.message import Heard, HeardKind
from harit_desktop.wire.sighting import Sighting, celsius_of_fahrenheit, number, sighting_of

_LEVEL = "BTtoMQTT"
_STATES = ("online", "offline")
_GATEWAYS = ("OpenMQTTGateway", "TheengsGateway", "OMG", "TheengsBridge")
_MAC = re.compile(r"[0-9A-Fa-f]{2}(?::?[0-9A-Fa-f]{2}){5}")
_PLANT_MODEL = "HHCC"
_PLANT_TYPE = "PLANT"
_KEYS = {
    "moi": "Moisture",
    "fer": "EC",
    "lux": "Light",
    "hum": "AirHumidity",
    "batt": "Battery",
    "volt": "BatteryVoltage",
    "rssi": "RSSI",
}
_SOIL = frozenset({"Moisture", "EC"})
_MEASURED = frozenset({"Moisture", "EC", "Temperature", "AirTemperature", "AirHumidity"})
_HEALTH = frozenset({"Battery", "BatteryVoltage", "RSSI"})


class Theengs:
    """Decodes decoded advertisements; the device is its MAC address in twelve digits, or
    whatever stands for that where the gateway does not know it."""

    name = "theengs"

    def claims(self, topic: str, tree: object) -> bool:
        if type(tree) is dict:
            return _LEVEL in topic and _LEVEL in topic.split("/")
        if not topic.endswith("/LWT") or tree not in _STATES:
            return False
        return any(level.startswith(_GATEWAYS) for level in topic.split("/"))

    def sightings(self, topic: str, tree: Any) -> tuple[Sighting, ...] | Heard:
        levels = topic.split("/")
        if levels[-1] == "LWT":
            return Heard(HeardKind.STATUS, levels[-2])
        found, plant = _found(tree)
        if not plant and _MEASURED.isdisjoint(found):
            return ()
        publisher_id = _publisher(levels, tree)
        partial = len(found.keys() - _HEALTH) <= 1
        if partial and "Moisture" not in found:
            # It comes with every piece, and a reading takes it once.
            found.pop("RSSI", None)
        if not publisher_id or not found:
            return ()
        sighting = sighting_of(publisher_id, found, partial=partial)
        return () if sighting is None else (sighting,)


def _publisher(levels: list[str], tree: dict[str, Any]) -> str:
    for candidate in (levels[-1], tree.get("mac"), tree.get("id")):
        if type(candidate) is str and _MAC.fullmatch(candidate):
            return candidate.replace(":", "").upper()
    told = tree.get("id")
    if type(told) is str:
        return told
    return "" if levels[-1] == _LEVEL else levels[-1]


def _found(tree: dict[str, Any]) -> tuple[dict[str, float], bool]:
    """What it tells, and whether the device is a plant sensor."""
    found: dict[str, float] = {}
    for key, channel in _KEYS.items():
        if key in tree and (value := number(tree[key])) is not None:
            found[channel] = value
    model = tree.get("model_id")
    plant = not _SOIL.isdisjoint(found) or tree.get("type") == _PLANT_TYPE
    plant = plant or (type(model) is str and model.startswith(_PLANT_MODEL))
    temperature = _temperature(tree)
    if temperature is not None:
        if "hum" in tree or _is_climate(tree):
            found["AirTemperature"] = temperature
        elif plant:
            found["Temperature"] = temperature
    return found, plant


def _is_climate(tree: dict[str, Any]) -> bool:
    """Whether it is a thermometer with hygrometer (types TH, THB, THBX ...)."""
    kind = tree.get("type")
    return type(kind) is str and kind.startswith("TH")


def _temperature(tree: dict[str, Any]) -> float | None:
    celsius = number(tree.get("tempc"))
    if celsius is not None:
        return celsius
    fahrenheit = number(tree.get("tempf"))
    return None if fahrenheit is None else celsius_of_fahrenheit(fahrenheit)


FORMAT = Theengs()
