"""miflora-mqtt-daemon: a Mi Flora a message, on `miflora/<sensor name>`.

The name stands in the topic alone, and no message has a time. In its other style ("smarthome")
the daemon sends one quantity a message, `miflora/status/<name>/<quantity>` with `val` and `ts`
in milliseconds; these are merged. `miflora/$announce` lists the sensors and is emptied when the
daemon goes.
"""

from __future__ import annotations

from typing import Any

from harit_desktop.domain.message import Heard, HeardKind
from harit_desktop.wire.sighting import Sighting, number, sighting_of

BASE = "miflora"
_ANNOUNCE = f"{BASE}/$announce"
_CONNECTED = f"{BASE}/connected"
_KEYS = {
    "moisture": "Moisture",
    "temperature": "Temperature",
    "conductivity": "EC",
    "light": "Light",
    "battery": "Battery",
}
_SOIL = frozenset({"moisture", "conductivity"})
_ONE_LEVEL, _FOUR_LEVELS = 2, 4


class MiFlora:
    """Decodes readings of the daemon; the device is the name that its settings give."""

    name = "miflora"

    def claims(self, topic: str, tree: object) -> bool:
        if not topic.startswith(f"{BASE}/"):
            return False
        if topic == _CONNECTED:
            return type(tree) in (int, float, str) and number(tree) in (0.0, 1.0, 2.0)
        if type(tree) is not dict:
            return False
        levels = topic.split("/")
        if len(levels) == _ONE_LEVEL:
            return topic == _ANNOUNCE or not _SOIL.isdisjoint(tree)
        return (
            len(levels) == _FOUR_LEVELS
            and levels[1] == "status"
            and levels[3] in _KEYS
            and "val" in tree
        )

    def sightings(self, topic: str, tree: Any) -> tuple[Sighting, ...] | Heard:
        if topic in (_ANNOUNCE, _CONNECTED):
            return Heard(HeardKind.STATUS, BASE)
        levels = topic.split("/")
        partial = len(levels) == _FOUR_LEVELS
        told: dict[str, Any] = {levels[3]: tree["val"]} if partial else tree
        found: dict[str, float] = {}
        for key, channel in _KEYS.items():
            if key in told and (value := number(told[key])) is not None:
                found[channel] = value
        if not partial and found.keys() <= {"Battery"}:
            return ()
        sent = tree.get("ts") if partial else None
        if type(sent) not in (int, float):
            sent = None
        sighting = sighting_of(
            levels[2] if partial else levels[1], found, sent=sent, partial=partial
        )
        return () if sighting is None else (sighting,)


FORMAT = MiFlora()
