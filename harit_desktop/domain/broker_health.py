"""What a broker told of itself."""

from __future__ import annotations

import msgspec


class BrokerHealth(msgspec.Struct, frozen=True):
    """`limits` are the words of its acceptance (MQTT 5 only) by the names of `LIMITS`; `told`
    what it publishes about itself below `$SYS`, by the names of `FACTS`. Both hold only what was
    said. Numbers are whole; the version is text of the broker's, short and on one line.
    `heard_us` is when it last told anything, 0 where it never did."""

    limits: tuple[tuple[str, int | str], ...] = ()
    told: tuple[tuple[str, int | str], ...] = ()
    heard_us: int = 0


LIMITS: dict[str, str] = {
    "receive_maximum": "ReceiveMaximum",
    "maximum_packet_bytes": "MaximumPacketSize",
    "maximum_qos": "MaximumQoS",
    "retain_available": "RetainAvailable",
    "wildcards_available": "WildcardSubscriptionAvailable",
    "shared_available": "SharedSubscriptionAvailable",
    "session_expiry_s": "SessionExpiryInterval",
    "server_keepalive_s": "ServerKeepAlive",
}
"""Our name of a limit, and the MQTT 5 property that tells it."""

FACTS: dict[str, str] = {
    "version": "$SYS/broker/version",
    "uptime_s": "$SYS/broker/uptime",
    "clients": "$SYS/broker/clients/connected",
    "received_per_min": "$SYS/broker/load/messages/received/1min",
    "sent_per_min": "$SYS/broker/load/messages/sent/1min",
    "queued": "$SYS/broker/store/messages/count",
    "retained": "$SYS/broker/retained messages/count",
    "heap_bytes": "$SYS/broker/heap/current",
    "dropped": "$SYS/broker/publish/messages/dropped",
}
"""Our name of a fact, and the topic on which Mosquitto tells it."""
