"""JSON of no known maker, with a device in it and names that nobody can mistake.

Flat, or with the quantities in one object inside. Anything less certain is left for a template:
no reading is better than a wrong one.
"""

from __future__ import annotations

from typing import Any

from harit_desktop.wire.formats import plain_names
from harit_desktop.wire.formats.plain_names import plain_name
from harit_desktop.wire.reasons import not_mapped
from harit_desktop.wire.sighting import Sighting, sighting_of

NAME = "plain_json"

_DEVICE_NAMES = (
    *("publisherid", "deviceid", "device", "sensorid", "sensor", "nodeid", "node", "probeid"),
    *("probe", "stationid", "station", "deveui", "devid", "deviceeui", "serialnumber", "serial"),
    *("mac", "macaddress"),
)
"""In the order in which they are believed. Not `id`, which may be the message's, and no names,
which people change."""
_TIME_NAMES = ("timestamp", "time", "ts", "datetime", "measuredat", "sentat", "sampledat")
_NO_READINGS = frozenset(
    {"command", "cmd", "method", "action", "setpoint", "setpoints", "threshold", "thresholds"}
    | {"forecast", "target", "targets", "config", "configuration", "settings"}
    | {"sensorreadings", "sensordata"}
)
"""Names of messages that tell what shall or will be, and of Harit's own shape."""
_MOST_NAMES = 128


class _PlainJson:
    name = NAME

    def claims(self, topic: str, tree: object) -> bool:
        if type(tree) is not dict or len(tree) > _MOST_NAMES:
            return False
        named = _plain(tree)
        if not _NO_READINGS.isdisjoint(named) or _device(named) is None:
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
    for name in _DEVICE_NAMES:
        sent = named.get(name)
        if type(sent) is str:
            return sent
        if type(sent) is int:
            return str(sent)
    return None


def _time(named: dict[str, Any]) -> Any:
    return next((named[name] for name in _TIME_NAMES if named.get(name) is not None), None)


FORMAT = _PlainJson()
