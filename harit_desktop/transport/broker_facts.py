"""What the broker tells of itself: its words at the connection, and its `$SYS` topics."""

from __future__ import annotations

import re

from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from harit_desktop.domain.broker_health import FACTS, LIMITS, BrokerHealth
from harit_desktop.transport.broker_counters import DROPPED_TOPIC
from harit_desktop.transport.mqtt_client import BufferedClient, ProtocolVersion

SYS_PREFIX = "$SYS/broker/"
_NAMES = {topic: name for name, topic in FACTS.items()}
_TOPICS = tuple(topic for topic in FACTS.values() if topic != DROPPED_TOPIC)
_LONGEST = 40
_NUMBER = re.compile(rb"([0-9]{1,15})(?:\.[0-9]{1,9})?(?: seconds)?")


def limits_of(properties: Properties | None) -> tuple[tuple[str, int | str], ...]:
    """The limits that an acceptance names; none with MQTT 3.1.1, which has no such words."""
    return tuple(
        (name, int(getattr(properties, property_name)))
        for name, property_name in LIMITS.items()
        if hasattr(properties, property_name)
    )


class BrokerFacts:
    """Collects them for one source; on the session's thread only."""

    def __init__(self) -> None:
        self._limits: tuple[tuple[str, int | str], ...] = ()
        self._told: dict[str, int | str] = {}
        self._heard_us = 0

    def opened(
        self,
        client: BufferedClient,
        version: ProtocolVersion,
        limits: tuple[tuple[str, int | str], ...],
    ) -> None:
        """Asks for the topics at QoS 0, in one go; a denial is of no matter."""
        self._limits = limits
        self._told.clear()
        if version == "5":
            client.subscribe([(topic, SubscribeOptions(qos=0)) for topic in _TOPICS])
        else:
            client.subscribe([(topic, 0) for topic in _TOPICS])

    def seen(self, topic: str, payload: bytes, now_us: int) -> bool:
        """Takes what comes on one of the topics; True where it was news."""
        name = _NAMES.get(topic)
        value = None if name is None else _value(name, payload)
        if name is None or value is None:
            return False
        self._heard_us = now_us
        changed = self._told.get(name) != value
        self._told[name] = value
        return changed

    def health(self) -> BrokerHealth:
        told = tuple((name, self._told[name]) for name in FACTS if name in self._told)
        return BrokerHealth(self._limits, told, self._heard_us)


def _value(name: str, payload: bytes) -> int | str | None:
    """A number, or for the version a text in plain characters; None for anything else."""
    if name == "version":
        text = payload[:_LONGEST].decode("utf-8", "replace")
        return "".join(c for c in text if c.isprintable()).strip() or None
    match = _NUMBER.fullmatch(payload[:_LONGEST].strip())
    return int(match.group(1)) if match else None
