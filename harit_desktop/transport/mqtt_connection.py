"""One connection to a broker, from CONNECT to its end.

The caller's thread drives paho through its external-loop interface. So a new client
serves each connection, no acknowledgement of an earlier one can reach it, the caller
decides when to try again, and an exception in a callback cannot end the thread.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

import msgspec
from paho.mqtt import client as mqtt
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from harit_desktop.domain.errors import Problem
from harit_desktop.transport.broker_facts import limits_of
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_client import (
    RECEIVE_MAXIMUM,
    BufferedClient,
    ProtocolVersion,
    SessionOptions,
    build_client,
    connect,
)
from harit_desktop.transport.mqtt_errors import (
    UNSUPPORTED_VERSION,
    broker_problem,
    problem_of_connack,
    problem_of_disconnect,
)
from harit_desktop.transport.socket_wait import wait_for
from harit_desktop.transport.waker import Waker

_log = logging.getLogger(__name__)

_ROUND_S = 1.0
_PACKETS_A_ROUND = 500
_HELD_BACK_FROM = 2 * RECEIVE_MAXIMUM
"""Unacknowledged messages from which the socket is left unread. Mosquitto 2.0 keeps to the
window only until it has a queue for us: then one acknowledgement brings all of it at once,
100 000 messages where so many wait. Unread, they wait in the broker and lose nothing."""
_HELD_BACK_S = 10.0
"""Longest hold without an acknowledgement (a store that fails): beyond it the broker's answer
to our keep-alive would come too late, behind what we do not read."""
_DEFAULT_INFLIGHT = 20
_MAX_INFLIGHT = 100
_LOGGED_EVERY = 1000


class Accepted(msgspec.Struct, frozen=True):
    """What the broker said when it took us; `inflight_limit` bounds our publishes, `limits` are
    those of `domain.broker_health`."""

    session_present: bool
    inflight_limit: int
    limits: tuple[tuple[str, int | str], ...] = ()


class ConnectionHandler(Protocol):
    """Told what happens on a connection, in order, on the connection's thread."""

    def message(self, message: mqtt.MQTTMessage) -> None: ...

    def subscribed(self, packet_id: int, codes: Sequence[int]) -> None: ...

    def published(self, packet_id: int, code: int) -> None: ...


class MqttConnection:
    """Not thread-safe but for `acknowledge`; the rest belongs to the network thread."""

    def __init__(
        self,
        endpoint: MqttEndpoint,
        version: ProtocolVersion,
        options: SessionOptions,
        handler: ConnectionHandler,
        on_accepted: Callable[["MqttConnection", Accepted], None],
        waker: Waker,
        connack_timeout_s: float,
    ) -> None:
        self._endpoint = endpoint
        self._version: ProtocolVersion = version
        self._options = options
        self._handler = handler
        self._on_accepted = on_accepted
        self._accepted_s = 0.0
        self._waker = waker
        self._connack_timeout_s = connack_timeout_s
        self._connack_by = 0.0
        self._faults = 0
        self._delivered = self._acknowledged = 0
        self._held_at = -1
        self._held_since_s = 0.0
        self._problem: Problem | None = None
        self._problem_is_from_server = False
        self.was_answered = False
        self.accepted: Accepted | None = None
        self.version_refused = False
        self._hand_on = self._guarded(self._message)
        self.client: BufferedClient = build_client(endpoint, version, options)
        self._install_callbacks()

    def open(self) -> None:
        """Connects and queues CONNECT. Blocks; raises what socket and ssl raise."""
        try:
            connect(self.client, self._endpoint, self._version, self._options)
        finally:
            self._connack_by = time.monotonic() + self._connack_timeout_s

    def step(self) -> bool:
        """Waits for traffic (at most a second) and handles it; False when it is over."""
        client = self.client
        sock = client.socket()
        if sock is None:
            self._ended()
            return False
        self._exchange(sock)
        if self.accepted is None and time.monotonic() > self._connack_by:
            self._set_problem(broker_problem(self._endpoint, "broker.timeout", phase="connack"))
            self.close()
            return False
        return True

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        """Queues acknowledgements in the order given; callable from any thread."""
        self.client.acknowledge(packet_ids)
        self._acknowledged += len(packet_ids)
        self._waker.wake()

    def disconnect(self, within_s: float) -> None:
        """Sends what is queued and a clean DISCONNECT; the broker keeps the session."""
        until = time.monotonic() + within_s
        self.client.disconnect()
        while (sock := self.client.socket()) is not None and time.monotonic() < until:
            _, writable = wait_for([], [sock], max(0.0, until - time.monotonic()))
            if writable:
                self.client.loop_write()
        self.close()

    def close(self) -> None:
        """Drops the connection without a word, so that the broker publishes the will."""
        # The public way to close the socket of a client: it takes a new address and
        # connects to nothing.
        self.client.connect_async(self._endpoint.host, self._endpoint.port)

    @property
    def lasted_s(self) -> float:
        """Seconds since the broker took us."""
        return time.monotonic() - self._accepted_s

    @property
    def ended_orderly(self) -> bool:
        """The broker ended an accepted connection by closing it, or with a DISCONNECT."""
        return self.accepted is not None and (
            self.client.peer_closed or self._problem_is_from_server
        )

    @property
    def problem(self) -> Problem:
        """Why the connection ended."""
        return self._problem or broker_problem(self._endpoint, "broker.lost", cause="closed")

    def _exchange(self, sock: Any) -> None:
        client = self.client
        held = self._is_held_back()
        # A TLS socket may hold decrypted bytes that waiting cannot see.
        buffered = client.has_buffered or (hasattr(sock, "pending") and sock.pending() > 0)
        pending = buffered and not held
        sources = [self._waker] if held else [sock, self._waker]
        wanted = [sock] if client.want_write() else []
        readable, writable = wait_for(sources, wanted, 0.0 if pending else _ROUND_S)
        if self._waker in readable:
            self._waker.drain()
        if pending or sock in readable:
            self._read()
        if client.socket() is not None and (writable or client.want_write()):
            client.loop_write()
        client.loop_misc()

    def _read(self) -> None:
        """Hands on what came in: plain messages by the short way, the rest through paho."""
        client, budget = self.client, _PACKETS_A_ROUND
        while budget > 0:
            if self.accepted is not None:
                taken = client.take_publications(budget)
                for publication in taken:
                    self._hand_on(publication)
                budget -= len(taken)
            if client.loop_read() != mqtt.MQTT_ERR_SUCCESS or not client.has_buffered:
                return
            budget -= 1

    def _message(self, message: Any) -> None:
        if message.qos:
            self._delivered += 1
        # A `Publication` has all of an MQTTMessage that a handler may use.
        self._handler.message(cast(mqtt.MQTTMessage, message))

    def _is_held_back(self) -> bool:
        """Whether reading waits for acknowledgements; ends after `_HELD_BACK_S` without any."""
        acknowledged = self._acknowledged
        if self._delivered - acknowledged < _HELD_BACK_FROM:
            self._held_at = -1
            return False
        if acknowledged != self._held_at:
            self._held_at, self._held_since_s = acknowledged, time.monotonic()
        return time.monotonic() - self._held_since_s < _HELD_BACK_S

    def _ended(self) -> None:
        if self._problem is None and self.accepted is None:
            self._problem = broker_problem(
                self._endpoint, "broker.no_mqtt", tls=int(self._endpoint.tls)
            )

    def _set_problem(self, problem: Problem) -> None:
        # The first cause counts: paho reports the end of a connection up to twice.
        if self._problem is None:
            self._problem = problem

    def _install_callbacks(self) -> None:
        client, handler = self.client, self._handler
        client.on_connect = self._guarded(self._on_connect)
        client.on_disconnect = self._guarded(self._on_disconnect)
        client.on_message = lambda _client, _data, message: self._hand_on(message)
        client.on_subscribe = self._guarded(
            lambda _client, _data, packet_id, codes, _properties: handler.subscribed(
                packet_id, [code.value for code in codes]
            )
        )
        client.on_publish = self._guarded(
            lambda _client, _data, packet_id, code, _properties: handler.published(
                packet_id, code.value
            )
        )
        # With this callback set paho leaves all writing to this thread. It is no way to
        # wake it: paho keeps a flag between threads without a lock and can lose a call.
        client.on_socket_register_write = lambda _client, _data, _sock: None

    def _guarded(self, call: Callable[..., None]) -> Callable[..., None]:
        def callback(*args: Any) -> None:
            try:
                call(*args)
            except Exception:  # noqa: BLE001 - paho would swallow it or end the thread
                self._faults += 1
                if self._faults % _LOGGED_EVERY == 1:
                    _log.exception("A handler of MQTT events failed (%d times)", self._faults)

        return callback

    def _on_connect(
        self,
        _client: mqtt.Client,
        _data: Any,
        flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self.version_refused = reason.value == UNSUPPORTED_VERSION
            self.was_answered = True
            self._set_problem(problem_of_connack(self._endpoint, reason.value, str(reason)))
            return
        self.was_answered = True
        self._accepted_s = time.monotonic()
        limit = getattr(properties, "ReceiveMaximum", _DEFAULT_INFLIGHT)
        inflight = min(limit, _MAX_INFLIGHT)
        self.accepted = Accepted(flags.session_present, inflight, limits_of(properties))
        self._on_accepted(self, self.accepted)

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _data: Any,
        flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self.accepted is not None:
            from_server = flags.is_disconnect_packet_from_server
            self._problem_is_from_server = from_server
            self._set_problem(problem_of_disconnect(self._endpoint, reason.value, from_server))
