"""The way out: publishes at QoS 1, in order, and reports each confirmation."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
from paho.mqtt import client as mqtt
from paho.mqtt.enums import MQTTErrorCode

from harit_desktop.domain import topics
from harit_desktop.domain.clock import NowUs
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import LinkStatus
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_client import (
    BufferedClient,
    ProtocolVersion,
    SessionOptions,
    Will,
)
from harit_desktop.transport.mqtt_connection import Accepted
from harit_desktop.transport.mqtt_errors import FIRST_FAILURE_CODE, NOT_AUTHORIZED, broker_problem
from harit_desktop.transport.mqtt_session import MqttSession

_log = logging.getLogger(__name__)

STATUS_TOPIC = topics.STATUS_TOPIC
_MAX_WAITING = 1000
_SESSION_EXPIRY_S = 300
_GOODBYE_S = 1.5

Settled = Callable[[Problem | None], None]
"""Called once on the network thread: None when confirmed, else why it was refused."""


EncodeStatus = Callable[[str, str, str, int], bytes]
"""Makes a status payload of status word, publisher id, message and instant (us, UTC)."""


class Feed(Protocol):
    """Gives a publisher its messages when it can send them, on the network thread."""

    def opened(self) -> None:
        """The broker took us."""
        ...

    def fill(self) -> None:
        """Called while the connection is open, after each round of traffic and at least once
        a second: the time to call `publish`."""
        ...


class _Outgoing(msgspec.Struct, frozen=True, gc=False):
    topic: str
    payload: bytes
    announcement: bool
    settled: Settled | None
    withdrawn: bool = False
    retained: bool = False


class MqttPublisher:
    """A client of its own (the endpoint's id + "-pub"). Public methods: any thread.

    Messages that the broker has not confirmed are kept, at most `max_waiting`, and sent
    again in their order after a reconnect, unless they are withdrawn. With `encode_status`
    the retained status says online while connected, offline after a clean stop, and offline
    by the last will, `will_delay_s` after this program vanished (MQTT 5; at once with 3.1.1).
    """

    def __init__(
        self,
        endpoint: MqttEndpoint,
        now_us: NowUs,
        publisher_id: str,
        *,
        encode_status: EncodeStatus | None = None,
        status_topic: str = STATUS_TOPIC,
        client_suffix: str = "-pub",
        max_waiting: int = _MAX_WAITING,
        will_delay_s: int = 30,
        feed: Feed | None = None,
        thread_name: str = "mqtt-pub-net",
    ) -> None:
        self._endpoint = endpoint.with_suffix(client_suffix)
        self._feed = feed
        self._now_us = now_us
        self._publisher_id = publisher_id
        self._encode_status = encode_status
        self._status_topic = status_topic
        self._max_waiting = max_waiting
        self._lock = threading.Lock()
        self._waiting: deque[_Outgoing] = deque()
        self._in_flight: dict[int, _Outgoing] = {}
        self._client: BufferedClient | None = None
        self._inflight_limit = 1
        self._leaving = False
        will = None
        if encode_status is not None:
            payload = self._status("offline", "Publisher lost its connection")
            will = Will(status_topic, payload, will_delay_s)
        self._session = MqttSession(
            self._endpoint,
            self,
            now_us,
            thread_name=thread_name,
            # A longer session than the will's delay: the end of the session sends the will.
            options=SessionOptions(persistent=False, expiry_s=_SESSION_EXPIRY_S, will=will),
        )

    def start(self) -> None:
        self._session.start()

    def stop(self, deadline_s: float) -> bool:
        """Announces "offline", waits briefly for its confirmation and disconnects.

        Where the broker does not confirm it, the connection is dropped instead, so that
        the last will says it. Unconfirmed messages are given up, if nobody keeps them.
        """
        until_s = time.monotonic() + deadline_s
        confirmed = threading.Event()
        with self._lock:
            self._leaving = True
            announcing = self._encode_status is not None and self._client is not None
            if announcing:
                payload = self._status("offline", "Publisher stopped")
                self._waiting.appendleft(
                    _Outgoing(self._status_topic, payload, True, lambda _problem: confirmed.set())
                )
        if announcing:
            self._session.wake()
            confirmed.wait(min(_GOODBYE_S, deadline_s / 2))
        left_s = max(0.0, until_s - time.monotonic())
        stopped = self._session.stop(left_s, clean=not announcing or confirmed.is_set())
        if self.waiting:
            _log.warning("%d messages were not confirmed by the broker", self.waiting)
        return stopped

    def publish(
        self,
        topic: str,
        payload: bytes,
        settled: Settled | None = None,
        *,
        retained: bool = False,
    ) -> bool:
        """Queues a message; False, and nothing kept, when too many wait or after `stop`.

        Raises ValueError for a topic that cannot be published to.
        """
        if not topic or "+" in topic or "#" in topic or "\0" in topic:
            raise ValueError(f"not a topic to publish to: {topic!r}")
        with self._lock:
            if self._leaving or len(self._waiting) + len(self._in_flight) >= self._max_waiting:
                return False
            self._waiting.append(_Outgoing(topic, payload, False, settled, retained=retained))
        self._session.wake()
        return True

    def wake(self) -> None:
        """Makes the network thread ask the feed soon."""
        self._session.wake()

    def withdraw(self) -> None:
        """Sends nothing more of what `publish` took and the broker has not confirmed.

        What this connection has sent already can still be confirmed: then `settled` is
        called as ever. Of the rest nothing more is heard.
        """
        with self._lock:
            self._waiting = deque(each for each in self._waiting if each.announcement)
            for packet_id, sent in self._in_flight.items():
                if not sent.announcement:
                    self._in_flight[packet_id] = msgspec.structs.replace(sent, withdrawn=True)

    def status(self) -> LinkStatus:
        return self._session.status()

    def retry_now(self) -> None:
        self._session.retry_now()

    def healthy(self) -> bool:
        return self._session.healthy()

    @property
    def waiting(self) -> int:
        """Messages accepted by `publish` (or announced), neither settled nor withdrawn."""
        with self._lock:
            withdrawn = sum(sent.withdrawn for sent in self._in_flight.values())
            return len(self._waiting) + len(self._in_flight) - withdrawn

    # From here on: `SessionHandler`, called by the session on its thread.

    def opened(self, client: BufferedClient, version: ProtocolVersion, accepted: Accepted) -> None:
        with self._lock:
            self._client = client
            self._inflight_limit = accepted.inflight_limit
            if self._encode_status is not None and not self._leaving:
                payload = self._status("online", "Publisher started")
                self._waiting.appendleft(_Outgoing(self._status_topic, payload, True, None))
        if self._feed is not None:
            self._feed.opened()

    def closed(self) -> None:
        with self._lock:
            self._client = None
            # An announcement is of its moment: the next connection makes its own.
            unsettled = (*self._in_flight.values(), *self._waiting)
            self._in_flight.clear()
            self._waiting = deque(
                each for each in unsettled if not (each.announcement or each.withdrawn)
            )

    def message(self, message: mqtt.MQTTMessage) -> None:
        pass

    def subscribed(self, packet_id: int, codes: Sequence[int]) -> None:
        pass

    def published(self, packet_id: int, code: int) -> None:
        with self._lock:
            outgoing = self._in_flight.pop(packet_id, None)
        if outgoing is None or outgoing.settled is None:
            return
        if code < FIRST_FAILURE_CODE:
            outgoing.settled(None)
        elif code == NOT_AUTHORIZED:
            outgoing.settled(
                broker_problem(self._endpoint, "broker.not_authorized", topic=outgoing.topic)
            )
        else:
            outgoing.settled(
                broker_problem(self._endpoint, "broker.rejected", reason=f"0x{code:02x}")
            )

    def tick(self) -> None:
        """Sends what waits. Only here, outside paho's callbacks, may both locks be taken."""
        client = self._client
        if self._feed is not None and client is not None:
            self._feed.fill()
        while client is not None:
            with self._lock:
                if not self._waiting or len(self._in_flight) >= self._inflight_limit:
                    return
                outgoing = self._waiting.popleft()
            info = client.publish(
                outgoing.topic,
                outgoing.payload,
                qos=1,
                retain=outgoing.announcement or outgoing.retained,
            )
            with self._lock:
                if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    self._waiting.appendleft(outgoing)
                    return
                self._in_flight[info.mid] = outgoing

    def _status(self, status: str, message: str) -> bytes:
        assert self._encode_status is not None, "only publishers that announce have a status"
        return self._encode_status(status, self._publisher_id, message, self._now_us())
