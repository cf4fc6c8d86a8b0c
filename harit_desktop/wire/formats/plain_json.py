"""JSON of no known maker, with a device in it and names that nobody can mistake.

Flat, or with the quantities in one object inside. Anything less certain is left for a template:
no reading is better than a wrong one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from harit_desktop.wire.formats import plain_names
from harit_desktop.wire.formats.plain_names import plain_name
from harit_desktop.wire.identifiers import MAX_LENGTH
from harit_desktop.wire.reasons import not_mapped
from harit_desktop.wire.sighting import Sighting, sighting_of

NAME = "plain_json"

_DEVICE_NAMES = (
    *("publisherid", "deveui", "deviceeui", "mac", "macaddress", "serialnumber", "serial"),
    *("chipid", "deviceid", "devid", "device", "stationid", "station", "nodeid", "node"),
)
"""In the order in which they are believed: what is given once in the world before what a person
chose. Not `id`, which may be the message's, and no names, which people change."""
_PROBE_NAMES = (
    *("sensorid", "probeid", "sensor", "probe", "sensorindex", "probeindex"),
    *("sensornumber", "probenumber"),
)
"""One of several at a device; by itself a device only where it is more than a number."""
_PROBES = frozenset(_PROBE_NAMES)
_SMALL = 10_000
"""An integer below it counts the devices of one person, and another person's too."""
_TYPE_WORDS = frozenset(
    {"soil", "npk", "moisture", "temperature", "temp", "humidity", "ph", "ec", "co2", "air"}
    | {"ambient", "sensor", "sensors", "probe", "probes", "device", "node", "station", "board"}
    | {"gateway", "controller", "module", "capacitive", "resistive", "modbus", "rs485", "in"}
    | {"esp", "esp32", "esp8266", "nodemcu", "arduino", "uno", "pico", "raspberrypi", "lora"}
    | {"lorawan", "mqtt", "iot", "farm", "garden", "unknown", "undefined", "none", "null", "nan"}
    | {"na", "default", "test", "true", "false", "mac", "serial", "type", "weather", "my", "the"}
)
_WORD = re.compile(r"[a-z0-9]+")
_NO_ADDRESS = re.compile(r"0{8,}|[fx]{8,}")
_TIME_NAMES = ("timestamp", "time", "ts", "datetime", "measuredat", "sentat", "sampledat")
_OTHERS = frozenset({"sensorreadings", "sensordata", "enddeviceids", "deviceinfo"})
"""What the native shape and the wrappers of network servers have: theirs to judge."""
"""Names of Harit's own shape."""
_MOST_NAMES = 128


class _PlainJson:
    name = NAME

    def claims(self, topic: str, tree: object) -> bool:
        if type(tree) is not dict or len(tree) > _MOST_NAMES:
            return False
        named = _plain(tree)
        if not _OTHERS.isdisjoint(named) or _device(named) is None:
            return False
        return plain_names.read(tree) is not None

    def sightings(self, topic: str, tree: Any) -> tuple[Sighting, ...]:
        named = _plain(tree)
        device, measured = _device(named), plain_names.read(tree)
        one = None
        if device is not None and measured is not None:
            message_id = named.get("messageid")
            one = sighting_of(device, measured, sent=_time(named), message_id=message_id)
        if one is None:
            raise not_mapped("no_measurement", NAME)
        return (one,)


def _plain(tree: dict[str, Any]) -> dict[str, Any]:
    return {plain_name(name): sent for name, sent in tree.items()}


def _device(named: dict[str, Any]) -> str | None:
    """The device, and the probe behind it where one is named: `AA:BB:CC:DD:EE:FF/1`."""
    board = _first(_DEVICE_NAMES, named, small=False)
    if _PROBES.isdisjoint(named):
        return board
    if board is None:
        return _first(_PROBE_NAMES, named, small=False)
    probe = _first(_PROBE_NAMES, named, small=True) if board else None
    return f"{board}/{probe}" if probe and probe != board else board


def _first(names: tuple[str, ...], named: dict[str, Any], *, small: bool) -> str | None:
    """The first of the names that tells one device from others; "" where one is only blank."""
    blank = None
    for name in names:
        if name not in named:
            continue
        sent = named[name]
        if type(sent) is int:
            if small or abs(sent) >= _SMALL:
                return str(sent)
        elif type(sent) is str:
            if not sent or sent.isspace():
                blank = sent
            elif len(sent) > MAX_LENGTH or _tells_apart(sent, small):
                return sent
    return blank


@lru_cache(maxsize=512)
def _tells_apart(sent: str, small: bool) -> bool:
    """Whether a text may be the name of one device: no type, no small number, no address of
    zeros. Text without a Latin letter or digit is judged as all other names are."""
    if not small and sent.isdecimal() and int(sent) < _SMALL:
        return False
    words = _WORD.findall(sent.lower())
    if not words or not sent.isascii():
        return True
    joined = "".join(words)
    if joined.isdigit() and not small and int(joined) < _SMALL:
        return False
    if _NO_ADDRESS.fullmatch(joined):
        return False
    return joined not in _TYPE_WORDS and not _TYPE_WORDS.issuperset(words)


def _time(named: dict[str, Any]) -> Any:
    return next((named[name] for name in _TIME_NAMES if named.get(name) is not None), None)


FORMAT = _PlainJson()
