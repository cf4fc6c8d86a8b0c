"""SenseCAP: decoded uplinks with numbered measurements, and Seeed's own broker (OpenStream) with
one measurement a message.

Traps: the conductivity is in dS/m, a thousand times the unit kept here; 4097 and 4098 are air;
a probe for several depths has a number for each.
"""

from __future__ import annotations

from typing import Any

from harit_desktop.wire.formats.lorawan_found import Found
from harit_desktop.wire.reasons import not_mapped
from harit_desktop.wire.sighting import Sighting, number, scaled, sighting_of

NAME = "sensecap"

_MICROSIEMENS_OF_DS = 1000.0
_EC_IDS = (4108, 4111)
_IDS: dict[int, tuple[str, str]] = {
    3000: ("", "Battery"),
    4097: ("", "AirTemperature"),
    4098: ("", "AirHumidity"),
    4099: ("", "Light"),
    4100: ("", "CO2"),
    4102: ("", "Temperature"),
    4103: ("", "Moisture"),
    4106: ("", "pH"),
    4108: ("", "EC"),
    4110: ("", "Moisture"),
    4111: ("", "EC"),
    4112: ("", "Temperature"),
    **{4138 + depth: (f"-{10 * (depth + 1)}cm", "Moisture") for depth in range(4)},
    **{4142 + depth: (f"-{10 * (depth + 1)}cm", "Temperature") for depth in range(4)},
}
"""Suffix of the device and key of each measurement id, after Seeed's table of them."""


def read(uplink: dict[str, Any]) -> tuple[Found, ...] | None:
    """The probes of a decoded uplink; None where it is none of SenseCAP's.

    Raises Refused(not_mapped, ambiguous) for one measurement twice with different values.
    """
    messages = uplink.get("messages")
    if type(messages) is not list or "valid" not in uplink:
        return None
    if uplink["valid"] is not True:
        return ()
    probes: dict[str, dict[str, float]] = {"": {}}
    for item in messages:
        # Newer codecs group what was measured together in a list of its own.
        for one in item if type(item) is list else (item,):
            if type(one) is dict:
                _take(one, probes)
    return tuple([Found(values, suffix) for suffix, values in probes.items() if values])


def _take(one: dict[str, Any], probes: dict[str, dict[str, float]]) -> None:
    if one.get("type") == "upload_battery":
        battery = number(one.get("battery"))
        if battery is not None:
            probes[""]["Battery"] = battery
        return
    measured = _measured(one.get("measurementId"), one.get("measurementValue"))
    if measured is not None:
        suffix, key, value = measured
        if probes.setdefault(suffix, {}).setdefault(key, value) != value:
            raise not_mapped("ambiguous", NAME)


def _measured(measurement_id: object, sent: object) -> tuple[str, str, float] | None:
    found = number(measurement_id)
    known = _IDS.get(int(found)) if found is not None and found == int(found) else None
    value = number(sent)
    if known is None or found is None or value is None:
        return None
    if int(found) in _EC_IDS:
        value = scaled(value, _MICROSIEMENS_OF_DS)
    return (*known, value)


class _OpenStream:
    """`/device_sensor_data/<organisation>/<device>/<socket>/<reserved>/<measurement id>`"""

    name = NAME

    def claims(self, topic: str, tree: object) -> bool:
        return topic.startswith("/device_sensor_data/") and type(tree) is dict

    def sightings(self, topic: str, tree: object) -> tuple[Sighting, ...]:
        levels = topic.split("/")
        measured = None
        if len(levels) == 7 and type(tree) is dict:
            measured = _measured(levels[6], tree.get("value"))
        if measured is None or type(tree) is not dict:
            raise not_mapped("no_measurement", NAME)
        suffix, key, value = measured
        socket = "" if levels[4] in ("0", "1") else f"-{levels[4]}"
        sent = tree.get("timestamp")
        device = f"{levels[3]}{socket}{suffix}"
        one = sighting_of(device, {key: value}, sent=sent, partial=True)
        return (one,) if one is not None else ()


FORMAT = _OpenStream()
