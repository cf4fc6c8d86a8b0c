"""The Things Stack v3 (The Things Network): `v3/<app>@<tenant>/devices/<device>/up`.

The device is `device_id`, which never changes and is unique in its application. The time is when
the network server got the uplink. That instant also tells copies of a message from others, and no
counter does: counters start again, and are left out where they are 0. An uplink that was typed
into the console is `simulated`, and so is its reading.
"""

from __future__ import annotations

from typing import Any

from harit_desktop.domain.message import Heard, HeardKind
from harit_desktop.wire.formats import lorawan_objects
from harit_desktop.wire.reasons import not_mapped
from harit_desktop.wire.sighting import Sighting, number

NAME = "things_stack"

_OTHER_EVENTS = frozenset(
    {"join_accept", "location_solved", "service_data"}
    | {f"downlink_{what}" for what in ("ack", "nack", "sent", "failed", "queued")}
    | {"downlink_queue_invalidated"}
)
"""What else is told of a device: it is there, and measured nothing."""


class _ThingsStack:
    name = NAME

    def claims(self, topic: str, tree: object) -> bool:
        if type(tree) is not dict:
            return False
        ids = tree.get("end_device_ids")
        return type(ids) is dict and "device_id" in ids

    def sightings(self, topic: str, tree: Any) -> tuple[Sighting, ...] | Heard:
        ids = tree["end_device_ids"]
        device = ids["device_id"]
        uplink = tree.get("uplink_message")
        if type(uplink) is not dict:
            if _OTHER_EVENTS.isdisjoint(tree):
                raise not_mapped("no_measurement", NAME)
            return Heard(HeardKind.STATUS, device if type(device) is str else "")
        if tree.get("simulated") is not True and (tree.get("simulated") or uplink.get("simulated")):
            # Said where or how the server never says it: then nobody knows what it is.
            raise not_mapped("no_measurement", NAME)
        decoded = uplink.get("decoded_payload")
        normalized = uplink.get("normalized_payload")
        if not decoded and not normalized:
            why = "undecoded_uplink" if uplink.get("frm_payload") else "no_measurement"
            raise not_mapped(why, NAME)
        sent = uplink.get("received_at") or tree.get("received_at")
        return lorawan_objects.sightings_of(
            device,
            decoded,
            family=NAME,
            sent=sent,
            health=_health(uplink),
            maker=_maker(uplink.get("version_ids")),
            normalized=normalized,
        )


def _health(uplink: dict[str, Any]) -> lorawan_objects.Health:
    health = lorawan_objects.signal_of(uplink.get("rx_metadata"))
    battery = uplink.get("last_battery_percentage")
    if type(battery) is dict:
        percent = number(battery.get("value"))
        if percent is not None:
            health["Battery"] = percent
    return health


def _maker(versions: object) -> str:
    if type(versions) is not dict:
        return ""
    names = (versions.get("brand_id"), versions.get("model_id"))
    return " ".join([name.lower() for name in names if type(name) is str])


FORMAT = _ThingsStack()
