"""What a network server's codec made of a LoRaWAN uplink, whoever made the device.

The Things Stack and ChirpStack wrap the same objects of the makers' codecs; this finds out whose
they are. An object that no maker's names fit is not guessed at: a template maps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harit_desktop.wire.formats import dragino, milesight, plain_names, sensecap
from harit_desktop.wire.formats.lorawan_found import Found
from harit_desktop.wire.reasons import Reason, Refused, elide, not_mapped
from harit_desktop.wire.sighting import Sighting, number, scaled, sighting_of

_MOST_GATEWAYS = 64

Health = dict[str, float]
"""Signal and battery as the network server knows them, by key of an extra channel."""


def sightings_of(
    device: object,
    uplink: object,
    *,
    family: str,
    sent: Any,
    health: Health,
    message_id: Any = None,
    maker: str = "",
    normalized: object = None,
) -> tuple[Sighting, ...]:
    """The sightings of a decoded uplink.

    `device`, `sent` and `message_id` are judged later and may be anything; `maker` is what the
    network server says of the device's maker and model, in lower case;
    `normalized` the measurements in The Things Stack's own names, used where the object is
    nobody's that is known here. Raises Refused(not_mapped).
    """
    if type(device) is not str:
        raise Refused(Reason.BAD_PUBLISHER_ID, why="not_text", value=elide(device))
    found = _read(uplink if type(uplink) is dict else {}, maker, normalized)
    if not found:
        raise not_mapped("no_measurement", family)
    sightings = []
    for one in found:
        own_time = one.sent is not None
        values = one.values if own_time else {**health, **one.values}
        sighting = sighting_of(
            device + one.suffix,
            values,
            sent=one.sent if own_time else sent,
            message_id=None if own_time else message_id,
        )
        if sighting is not None:
            sightings.append(sighting)
    return tuple(sightings)


def _read(uplink: dict[str, Any], maker: str, normalized: object) -> Sequence[Found] | None:
    found: Sequence[Found] | None = dragino.read(uplink)
    if found is None:
        found = sensecap.read(uplink)
    if found is None:
        found = milesight.read(uplink, maker)
    if found is None:
        found = _normalized(normalized)
    if found is None:
        measured = plain_names.read(uplink)
        found = None if measured is None else [Found(measured)]
    return found


_SOIL = (
    ("moisture", "Moisture", 1.0),
    ("temperature", "Temperature", 1.0),
    ("pH", "pH", 1.0),
    ("n", "N", 1.0),
    ("p", "P", 1.0),
    ("k", "K", 1.0),
    ("ec", "EC", 1000.0),
)
_AIR = (
    ("temperature", "AirTemperature", 1.0),
    ("relativeHumidity", "AirHumidity", 1.0),
    ("co2", "CO2", 1.0),
    ("lightIntensity", "Light", 1.0),
)
"""Field, key and the factor to the unit kept here, after The Things Stack's schema of
normalized payloads (there the conductivity is in dS/m, nutrients are in ppm)."""


def _normalized(measurements: object) -> list[Found] | None:
    if type(measurements) is not list:
        return None
    found: list[Found] = []
    for item in measurements[:_MOST_GATEWAYS]:
        if type(item) is not dict:
            continue
        moment = item.get("time")
        sent = moment if type(moment) is str else None
        probes: dict[str, dict[str, float]] = {}
        for part, table in (("soil", _SOIL), ("air", _AIR)):
            inner = item.get(part)
            if type(inner) is not dict:
                continue
            # A depth is that of a probe in the soil; the air is the device's own.
            depth = number(inner.get("depth")) if part == "soil" else None
            suffix = "" if depth is None else f"-{depth:g}cm"
            values = {}
            for name, key, factor in table:
                value = number(inner.get(name))
                if value is not None:
                    values[key] = value if factor == 1.0 else scaled(value, factor)
            if values:
                probes.setdefault(suffix, {}).update(values)
        found += [Found(values, suffix, sent) for suffix, values in probes.items()]
    return found or None


def signal_of(gateways: object) -> Health:
    """Signal of the gateway that heard the uplink best. A field that is missing stays missing:
    both servers leave out what is 0, but also what a gateway did not say."""
    best: dict[str, Any] | None = None
    best_dbm: float | None = None
    if type(gateways) is list:
        for gateway in gateways[:_MOST_GATEWAYS]:
            if type(gateway) is dict:
                dbm = number(gateway.get("rssi"))
                if best is None or (dbm is not None and (best_dbm is None or dbm > best_dbm)):
                    best, best_dbm = gateway, dbm
    if best is None:
        return {}
    health: Health = {} if best_dbm is None else {"RSSI": best_dbm}
    snr = number(best.get("snr"))
    if snr is not None:
        health["SNR"] = snr
    return health
