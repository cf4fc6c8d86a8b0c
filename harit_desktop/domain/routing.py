"""Whose readings are taken: by device, by topic and by zone."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

ANY = "*"


def topic_matches(topic_filter: str, topic: str) -> bool:
    """Whether an MQTT filter covers a topic (MQTT 5, 4.7): `+` is one level, `#` at the end all
    that follow and the level before. A filter that begins with a wildcard covers no topic
    beginning with `$`."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if levels[0].startswith("$") and wanted[0] in ("+", "#"):
        return False
    for at, one in enumerate(wanted):
        if one == "#":
            return at == len(wanted) - 1
        if at >= len(levels) or one not in ("+", levels[at]):
            return False
    return len(wanted) == len(levels)


def widest_filter(filters: Sequence[str]) -> str:
    """The first filter that takes everything, or every topic of a depth, of everybody who may
    publish at the broker; "" where there is none. A shared subscription is what it shares."""
    for topic_filter in filters:
        levels = topic_filter.split("/")
        if levels[0] == "$share":
            levels = levels[2:]
        if levels and all(level in ("#", "+") for level in levels):
            return topic_filter
    return ""


class Routing(msgspec.Struct, frozen=True):
    """The lists of `settings.model.RoutingSettings`.

    With `allow` only a reading is taken that one of the lists names; with `block` every other.
    A device is named by its id, or by its beginning and a `*`.
    """

    mode: str = "all"
    devices: Sequence[str] = ()
    topics: Sequence[str] = ()
    zones: Sequence[str] = ()

    def takes(self, topic: str, publisher_id: str, zone: str) -> bool:
        """Whether a reading that came on `topic` is to be stored; `zone` "" is no zone."""
        if self.mode == "all":
            return True
        named = (
            any(_names(one, publisher_id) for one in self.devices)
            or (zone != "" and zone in self.zones)
            or any(topic_matches(one, topic) for one in self.topics)
        )
        return named if self.mode == "allow" else not named


def _names(pattern: str, publisher_id: str) -> bool:
    if pattern.endswith(ANY):
        return publisher_id.startswith(pattern[:-1])
    return pattern == publisher_id
