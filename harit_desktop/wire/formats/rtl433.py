"""rtl_433: radio sensors, one object a transmission on `rtl_433/<host>/events`; also one bare
value a topic below `rtl_433/<host>/devices/<model>/...`, which are merged.

A receiver hears the whole neighbourhood, so only soil sensors are taken: what tells `moisture`,
and the soil thermometer. A temperature is that of the soil with the known soil sensors alone;
beside `humidity` it is that of the air. OpenMQTTGateway sends the same objects on
`.../RTL_433toMQTT/...`. The program sends both kinds unless told otherwise: whoever subscribes to
both hears each transmission twice. `rssi` is relative to the receiver's full scale, so no dBm.
`battery_ok` is a level only where it has a decimal point; as an integer it is a flag. `time` is
local without offset, seconds since 1970 as text, or "@..." for a recording.
"""

from __future__ import annotations

import re
from typing import Any

from harit_desktop.wire.sighting import (
    Sighting,
    celsius_of_fahrenheit,
    number,
    scaled,
    sighting_of,
)

BASE = "rtl_433"
_BRIDGE = "RTL_433toMQTT"
_DEVICES = "devices"
_THERMOMETERS = frozenset({"Fineoffset-WN34"})
_SOIL_MODELS = _THERMOMETERS | {
    "Fineoffset-WH51",
    "Fineoffset-WH51L",
    "Opus-XT300",
    "Soil-MTL",
    "Springfield-Soil",
}
_KEYS = {
    "moisture": ("Moisture", 1.0),
    "humidity": ("AirHumidity", 1.0),
    "temperature_C": ("Temperature", 1.0),
    "ad_raw": ("MoistureRaw", 1.0),
    "light_lux": ("Light", 1.0),
    "battery_pct": ("Battery", 1.0),
    "battery_mV": ("BatteryVoltage", 0.001),
    "snr": ("SNR", 1.0),
}
_FAHRENHEIT = "temperature_F"
_BARE_VALUES = (_KEYS.keys() | {_FAHRENHEIT}) - {"humidity"}
_MAX_ID = 10**12
_SECONDS = re.compile(r"[0-9]{9,11}(?:\.[0-9]{1,9})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]")


class Rtl433:
    """Decodes transmissions of soil sensors; the device is model, channel and number, as the
    program writes them into its topics: `Fineoffset-WH51/0f5c54`."""

    name = "rtl433"

    def claims(self, topic: str, tree: object) -> bool:
        if type(tree) is dict:
            if type(tree.get("model")) is not str:
                return False
            levels = topic.split("/")
            return (
                levels[0] == BASE or _BRIDGE in levels or (levels[-1] == "events" and "mic" in tree)
            )
        if not topic.startswith(f"{BASE}/") or type(tree) not in (int, float, str):
            return False
        levels = topic.split("/")
        if levels[-1] not in _BARE_VALUES:
            return False
        return bool(_device_levels(levels))

    def sightings(self, topic: str, tree: Any) -> tuple[Sighting, ...]:
        if type(tree) is not dict:
            levels = topic.split("/")
            found = _found({levels[-1]: tree})
            sighting = sighting_of("/".join(_device_levels(levels)), found, partial=True)
        else:
            model = tree["model"]
            if "moisture" not in tree and model not in _THERMOMETERS:
                return ()
            found = _found(tree)
            if model not in _SOIL_MODELS or "humidity" in tree:
                _move_temperature(tree, found)
            if _BRIDGE in topic and (rssi_dbm := number(tree.get("rssi"))) is not None:
                # There the radio chip says it, in dBm.
                found["RSSI"] = rssi_dbm
            if "Moisture" not in found and "Temperature" not in found:
                return ()
            sighting = sighting_of(_publisher(tree), found, sent=_sent(tree.get("time")))
        return () if sighting is None else (sighting,)


def _move_temperature(tree: dict[str, Any], found: dict[str, float]) -> None:
    """A temperature that nobody has said is that of the soil: of the air beside humidity."""
    temperature = found.pop("Temperature", None)
    if temperature is not None:
        found["AirTemperature" if "humidity" in tree else "Temperature2"] = temperature


def _device_levels(levels: list[str]) -> list[str]:
    """Model, channel and number in a topic of one value; empty where it is no soil sensor."""
    start = levels.index(_DEVICES) + 1 if _DEVICES in levels else 1
    device = levels[start:-1]
    return device if device and device[0] in _SOIL_MODELS else []


def _publisher(tree: dict[str, Any]) -> str:
    parts = [tree["model"]]
    for key in ("subtype", "channel", "id"):
        part = tree.get(key)
        if type(part) is str or (type(part) is int and abs(part) < _MAX_ID):
            parts.append(str(part))
    return "/".join(parts)


def _found(tree: dict[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for key, (channel, factor) in _KEYS.items():
        if key in tree and (value := number(tree[key])) is not None:
            found[channel] = value if factor == 1.0 else scaled(value, factor)
    if "Temperature" not in found and _FAHRENHEIT in tree:
        fahrenheit = number(tree[_FAHRENHEIT])
        if fahrenheit is not None:
            found["Temperature"] = celsius_of_fahrenheit(fahrenheit)
    level = tree.get("battery_ok")
    if "Battery" not in found and type(level) is float and 0.0 <= level <= 1.0:
        found["Battery"] = scaled(level, 100.0)
    return found


def _sent(time: object) -> str | float | None:
    if type(time) is not str:
        return None
    if _SECONDS.fullmatch(time):
        return float(time)
    return time if _DATE.match(time) else None


FORMAT = Rtl433()
