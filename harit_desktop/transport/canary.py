"""A message to ourselves every minute: does the broker still deliver at all?

A connection can look alive while nothing is delivered any more. Mosquitto 2.0.11 does that:
each QoS 1 message that is larger than what we accept keeps a place of the window of
unacknowledged messages until the connection ends, and with all places taken it sends
nothing more. A new connection to the same session frees them, a window at a time.

Accepting larger messages for one connection would pass them too, but then all of them are
sent, a window of a thousand at once, to be read and refused. A reconnect costs nothing, and
2500 of 300 kB are passed with two of them.
"""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import dataclass
from enum import Enum, auto

from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from harit_desktop.domain.topics import mark_of
from harit_desktop.transport.mqtt_client import BufferedClient, ProtocolVersion
from harit_desktop.transport.mqtt_errors import FIRST_FAILURE_CODE

_log = logging.getLogger(__name__)

PROBE_PREFIX = "harit/_probe/"
_DO_NOT_SEND_RETAINED = 2
_NO_SUBSCRIBER = 0x10
_TRIES = 20
_TRIES_UNPROVEN = 3


@dataclass(frozen=True)
class ProbeTimes:
    """How often a probe is sent, and how long it may be away while nothing else moves."""

    every_s: float = 60.0
    back_within_s: float = 10.0


class Verdict(Enum):
    """What a look at the probe showed; each of them is told once."""

    NOTHING = auto()
    GOOD = auto()
    STALLED = auto()
    """The broker delivers nothing: connect anew."""
    HOPELESS = auto()
    """It does not come back however often we connect: leave the connection alone."""


class Canary:
    """The probes of one source, over all its connections; used on the session's thread.

    Silent for the rest of a connection on which the broker denies the subscription or the
    publish. Some brokers deny by silence, so where no probe ever came back only a few
    reconnects are spent on it, and many where it did. The first probe goes out with the
    subscription, so a stall that is still there after a reconnect shows soon.
    """

    def __init__(self, client_id: str, times: ProbeTimes, *, proven: bool = False) -> None:
        # Anybody may listen: the id itself would let others throw us off the broker.
        name = mark_of(client_id) if client_id else secrets.token_hex(8)
        self.topic = PROBE_PREFIX + name
        self.proven = proven
        self._times = times
        self._client: BufferedClient | None = None
        self._properties: Properties | None = None
        self._subscription: int | None = None
        self._publication: int | None = None
        self._payload: bytes | None = None
        self._good = False
        self._due_s: float | None = None
        self._expected_s = 0.0
        self._failures = 0

    def opened(self, client: BufferedClient, version: ProtocolVersion) -> None:
        """A connection began: subscribes; the first probe follows the broker's yes."""
        self.closed()
        self._properties = self._expiry() if version == "5" else None
        if version == "5":
            options = SubscribeOptions(qos=1, retainHandling=_DO_NOT_SEND_RETAINED)
            rc, packet_id = client.subscribe(self.topic, options=options)
        else:
            rc, packet_id = client.subscribe(self.topic, qos=1)
        if rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._client, self._subscription = client, packet_id

    def closed(self) -> None:
        self._client = self._subscription = self._publication = self._payload = None
        self._due_s = None

    def subscribed(self, packet_id: int, code: int) -> bool:
        """Whether this answers the canary's own subscription."""
        if packet_id != self._subscription:
            return False
        self._subscription = None
        if code == 1:
            self._due_s = time.monotonic()
        else:
            self._deny(code)
        return True

    def published(self, packet_id: int, code: int) -> None:
        if packet_id == self._publication:
            self._publication = None
            if code >= FIRST_FAILURE_CODE:
                self._deny(code)
            elif code == _NO_SUBSCRIBER:
                self._payload = None

    def arrived(self, topic: str, payload: bytes) -> bool:
        """Whether a message is a probe, ours or another program's."""
        if not topic.startswith(PROBE_PREFIX):
            return False
        if self._payload is not None and payload == self._payload:
            self._payload = None
            self._good = True
        return True

    def busy(self) -> None:
        """Something moves, or waits for us: the probe's time begins anew."""
        self._expected_s = time.monotonic() + self._times.back_within_s

    def busy_unconfirmed(self) -> None:
        """Messages of QoS 0 move. They may hold a probe up on a slow line, and also come
        through while the rest is stalled, so they give it more time, but not for ever."""
        if self._due_s is not None and time.monotonic() < self._due_s:
            self.busy()

    def tick(self) -> Verdict:
        """Sends a probe that is due and judges the one that is away."""
        if self._good:
            self._good, self._failures, self.proven = False, 0, True
            return Verdict.GOOD
        now_s = time.monotonic()
        if self._payload is not None:
            return self._overdue() if now_s > self._expected_s else Verdict.NOTHING
        if self._due_s is not None and now_s >= self._due_s:
            self._due_s = now_s + self._times.every_s
            self._send()
        return Verdict.NOTHING

    def _overdue(self) -> Verdict:
        self._payload = None
        self._failures += 1
        tries = _TRIES if self.proven else _TRIES_UNPROVEN
        if self._failures <= tries:
            return Verdict.STALLED
        if self._failures == tries + 1:
            _log.warning("No message to %s comes back, and reconnecting is no help", self.topic)
            return Verdict.HOPELESS
        return Verdict.NOTHING

    def _expiry(self) -> Properties:
        """A probe that waits for us at the broker is of no use and must not take room."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho
        properties.MessageExpiryInterval = max(1, round(self._times.every_s))
        return properties

    def _send(self) -> None:
        if self._client is None:
            return
        payload = secrets.token_hex(16).encode()
        info = self._client.publish(self.topic, payload, qos=1, properties=self._properties)
        if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._publication, self._payload = info.mid, payload
            self.busy()

    def _deny(self, code: int) -> None:
        _log.info("The broker denies the probe topic %s (0x%02x)", self.topic, code)
        self.closed()
