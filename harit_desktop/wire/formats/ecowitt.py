"""Ecowitt gateways: all channels of all sensors in one message, with ecowitt2mqtt or by the
gateway itself, there as a web form (`PASSKEY=...&soilmoisture1=40&...`).

Each soil sensor is a device of its own: the gateway's name and `ch1` (WH51), `ec1` (WH52) or
`tf1` (WN34 soil thermometer). The kinds count their channels apart, so `tf1` need not stand in
the soil of `ch1`. PASSKEY is a secret: it is never read, and a topic level that looks like one
gives no name. Temperatures are Fahrenheit as the gateway sends them; ecowitt2mqtt turns them to
Celsius if asked to and does not say so, but then its barometer is in hectopascal. `dateutc` is
UTC without offset.
"""

from __future__ import annotations

import re
from typing import Any

from harit_desktop.wire.reasons import not_mapped
from harit_desktop.wire.sighting import Sighting, celsius_of_fahrenheit, number, sighting_of

CHANNELS = 16
_TEMPERATURE = "Temperature"
_PER_CHANNEL = {
    "soilmoisture{}": ("ch", "Moisture"),
    "soilad{}": ("ch", "MoistureRaw"),
    "soilbatt{}": ("ch", "BatteryVoltage"),
    "soil_ec_hum{}": ("ec", "Moisture"),
    "soil_ec_temp{}": ("ec", _TEMPERATURE),
    "soil_ec{}": ("ec", "EC"),
    "soil_ec_hum_ad{}": ("ec", "MoistureRaw"),
    "soil_ec_batt{}": ("ec", "BatteryVoltage"),
    "tf_ch{}": ("tf", _TEMPERATURE),
    # Of the converted names, one has a c at its end for degrees Celsius.
    "tf_ch{}c": ("tf", "Celsius"),
    "tf_batt{}": ("tf", "BatteryVoltage"),
}
_PLACES = {
    pattern.format(channel): (f"{kind}{channel}", key)
    for channel in range(1, CHANNELS + 1)
    for pattern, (kind, key) in _PER_CHANNEL.items()
}
_SOIL = frozenset(_PLACES)
_HEALTH = frozenset({"BatteryVoltage", "MoistureRaw"})
_GATEWAY = frozenset({"PASSKEY", "stationtype", "baromabsin", "tempinf"})
"""Any of these keys: the message is as the gateway made it."""
_MIN_BATTERY_V = 0.5
"""Less is a flag of an older gateway: 0 for good."""
_MAX_INHG, _MIN_HPA = 50.0, 500.0

_MAX_FORM = 8192
_UTC = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ +T]([0-9]{2}(?::|%3A)[0-9]{2}(?::|%3A)[0-9]{2})")
_SECRET = re.compile(r"[0-9A-Fa-f]{32}")
_NO_NAMES = frozenset({"", "ecowitt", "ecowitt2mqtt", "data", "report", "sensor", "state"})


class Ecowitt:
    """Decodes the soil channels of a gateway; its weather is left to a template."""

    name = "ecowitt"

    def claims(self, topic: str, tree: object) -> bool:
        if type(tree) is dict:
            return ("PASSKEY" in tree and "stationtype" in tree) or not _SOIL.isdisjoint(tree)
        return type(tree) is str and len(tree) <= _MAX_FORM and tree.startswith("PASSKEY=")

    def sightings(self, topic: str, tree: Any) -> tuple[Sighting, ...]:
        body: dict[str, Any] = tree
        fahrenheit: bool | None = True
        if type(tree) is str:
            body = _form(tree)
        elif _GATEWAY.isdisjoint(tree):
            fahrenheit = _is_imperial(tree)
        sent = _sent(body.get("dateutc"))
        gateway = _gateway(topic, body.get("model"))
        sightings: list[Sighting] = []
        for probe, found in _probes(body, fahrenheit).items():
            if found.keys() <= _HEALTH:
                continue
            sighting = sighting_of(f"{gateway}/{probe}", found, sent=sent)
            if sighting is not None:
                sightings.append(sighting)
        return tuple(sightings)


def _form(text: str) -> dict[str, Any]:
    """The fields of a web form; refused where one comes twice with different values."""
    body: dict[str, Any] = {}
    for pair in text.split("&"):
        name, _, told = pair.partition("=")
        if body.setdefault(name, told) != told:
            raise not_mapped("ambiguous", Ecowitt.name)
    return body


def _probes(body: dict[str, Any], fahrenheit: bool | None) -> dict[str, dict[str, float]]:
    """What each sensor told; temperatures are left out where their unit is unknown (None)."""
    probes: dict[str, dict[str, float]] = {}
    for name, told in body.items():
        place = _PLACES.get(name)
        if place is None or (value := number(told)) is None:
            continue
        probe, key = place
        if key == "Celsius":
            key = _TEMPERATURE
        elif key == _TEMPERATURE:
            if fahrenheit is None:
                continue
            value = celsius_of_fahrenheit(value) if fahrenheit else value
        elif key == "BatteryVoltage" and value < _MIN_BATTERY_V:
            continue
        probes.setdefault(probe, {})[key] = value
    return probes


def _is_imperial(tree: dict[str, Any]) -> bool | None:
    for key in ("baromabs", "baromrel"):
        pressure = number(tree.get(key))
        if pressure is not None and 0.0 < pressure < _MAX_INHG:
            return True
        if pressure is not None and pressure > _MIN_HPA:
            return False
    return None


def _gateway(topic: str, model: object) -> str:
    named = [
        level
        for level in topic.split("/")
        if level.lower() not in _NO_NAMES and not _SECRET.search(level)
    ]
    if named:
        return "/".join(named)
    if type(model) is str and model and not _SECRET.search(model):
        return model
    return "ecowitt"


def _sent(dateutc: object) -> str | None:
    found = _UTC.fullmatch(dateutc) if type(dateutc) is str else None
    if found is None:
        return None
    date, time = found.groups()
    return f"{date}T{time.replace('%3A', ':')}+00:00"


FORMAT = Ecowitt()
