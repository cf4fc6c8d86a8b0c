"""Ends connections that paho takes for sound: silent ones, and packets without an end."""

from __future__ import annotations

import math
import time
from collections.abc import MutableMapping
from typing import Any

from harit_desktop.domain.errors import Problem
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_client import BufferedClient
from harit_desktop.transport.mqtt_errors import broker_problem

MAX_PACKET_BYTES = 1024 * 1024
"""Larger packets are not taken in whole, whatever the broker announces (up to 256 MB)."""

KEPT_BYTES = 128 * 1024
"""What is kept of them: more than any payload that is read, so that it is refused for its
size and acknowledged. Ending the connection instead would bring a QoS 1 message back for
ever, and nothing behind it would arrive."""

PACKET_WITHIN_S = 120.0
_SILENT_KEEPALIVES = 2.5
_LEAST_SILENCE_S = 20.0
"""A connection may leave its socket unread for a while when too much waits for the store."""
_PUBLISH = 0x30


class ConnectionWatch:
    """Looks at one connection after each round of its traffic, on the same thread.

    Reads paho's private record of the packet that is coming in (paho 2.0 to 2.2). Without
    it only the silence is watched, and a packet's size is bounded by the protocol alone.
    """

    def __init__(self, endpoint: MqttEndpoint) -> None:
        self._endpoint = endpoint
        # A keepalive of 0 means that silence is no sign of anything.
        silence_s = _SILENT_KEEPALIVES * endpoint.keepalive_s or math.inf
        self._silence_s = max(_LEAST_SILENCE_S, silence_s)
        self._began_s = time.monotonic()
        self._packet: object = None
        self._packet_since_s = 0.0

    def look(self, client: BufferedClient) -> Problem | None:
        """Why this connection must end, if it must."""
        now_s = time.monotonic()
        if now_s - max(client.received_s, self._began_s) > self._silence_s:
            return broker_problem(self._endpoint, "broker.lost", cause="keepalive")
        # A WebSocket frame is collected whole before paho sees any of it.
        if len(getattr(client.socket(), "_readbuffer", b"")) > MAX_PACKET_BYTES:
            return broker_problem(self._endpoint, "broker.lost", cause="oversize")
        packet = getattr(client, "_in_packet", None)
        if not isinstance(packet, dict) or not packet.get("command"):
            self._packet = None
            return None
        # paho makes a new record for each packet.
        if packet is not self._packet:
            self._packet, self._packet_since_s = packet, now_s
        elif now_s - self._packet_since_s > PACKET_WITHIN_S:
            return broker_problem(self._endpoint, "broker.lost", cause="endless")
        return self._bound(packet)

    def _bound(self, packet: MutableMapping[str, Any]) -> Problem | None:
        if packet.get("remaining_length", 0) <= MAX_PACKET_BYTES:
            return None
        if packet["command"] & 0xF0 != _PUBLISH:
            return broker_problem(self._endpoint, "broker.lost", cause="oversize")
        del packet["packet"][KEPT_BYTES:]
        return None
