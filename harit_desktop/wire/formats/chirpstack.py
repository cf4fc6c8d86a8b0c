"""ChirpStack v4: `application/<application>/device/<devEui>/event/<event>`.

The device is `devEui`: names can be given twice and changed. `deduplicationId` is the server's own
name for an uplink and tells copies of it. Without a codec in the device profile there is no
`object`, and the bytes of the radio are nobody's to guess.
"""

from __future__ import annotations

from typing import Any

from harit_desktop.domain.message import Heard, HeardKind
from harit_desktop.wire.formats import lorawan_objects
from harit_desktop.wire.reasons import not_mapped
from harit_desktop.wire.sighting import Sighting

NAME = "chirpstack"

_OTHER_EVENTS = frozenset({"join", "ack", "txack", "status", "log", "location", "integration"})


class _ChirpStack:
    name = NAME

    def claims(self, topic: str, tree: object) -> bool:
        if type(tree) is not dict:
            return False
        info = tree.get("deviceInfo")
        return type(info) is dict and "devEui" in info

    def sightings(self, topic: str, tree: Any) -> tuple[Sighting, ...] | Heard:
        info = tree["deviceInfo"]
        device = info["devEui"]
        if topic.rpartition("/event/")[2] in _OTHER_EVENTS:
            return Heard(HeardKind.STATUS, device if type(device) is str else "")
        decoded = tree.get("object")
        if not decoded:
            why = "undecoded_uplink" if tree.get("data") else "no_measurement"
            raise not_mapped(why, NAME)
        profile = info.get("deviceProfileName")
        return lorawan_objects.sightings_of(
            device,
            decoded,
            family=NAME,
            sent=tree.get("time"),
            message_id=tree.get("deduplicationId"),
            health=lorawan_objects.signal_of(tree.get("rxInfo")),
            maker=profile.lower() if type(profile) is str else "",
        )


FORMAT = _ChirpStack()
