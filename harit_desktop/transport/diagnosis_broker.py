"""The broker, one step at a time, in a session of its own that leaves nothing behind."""

from __future__ import annotations

import dataclasses
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from paho.mqtt import client as mqtt
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from harit_desktop.domain.diagnosis import Facts
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.transport.diagnosis import find_name, reach_port, shake_hands, since_ms
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_client import ProtocolVersion, SessionOptions, tls_context
from harit_desktop.transport.mqtt_connection import Accepted, MqttConnection
from harit_desktop.transport.mqtt_errors import (
    FIRST_FAILURE_CODE,
    TlsFileError,
    broker_problem,
    problem_of_exception,
)
from harit_desktop.transport.retry import ProtocolChoice
from harit_desktop.transport.waker import Waker

LOGIN_S = 3.0
"""For each version of the protocol that is tried."""

GRANT_S = 4.0
_GOODBYE_S = 0.5
_NOT_RETAINED = 2
_NOTHING_KEPT = SessionOptions(persistent=False, expiry_s=0)


class BrokerDiagnosis:
    """Each step is one method, to be called in their order on one thread; `close` after the
    last one. `give_up` may be called from any thread.

    Connects under an id that nobody else has, publishes nothing, and asks for the topics
    without a share group: a member of the group would take readings away from the program.
    Every step raises KnownError(broker.*). `password` is asked for on that thread.
    """

    def __init__(
        self,
        endpoint: MqttEndpoint,
        topics: Sequence[str],
        password: Callable[[], str | None],
    ) -> None:
        client_id = f"harit-doctor-{uuid.uuid4().hex[:12]}"
        self._endpoint = dataclasses.replace(endpoint, client_id=client_id)
        self._topics = tuple(topics)
        self._password = password
        self._waker = Waker()
        self._given_up = threading.Event()
        self._connection: MqttConnection | None = None
        self._answers: dict[int, int] = {}
        self._message: mqtt.MQTTMessage | None = None

    def find_name(self) -> Facts:
        with self._named():
            return find_name(self._endpoint.host, self._endpoint.port)

    def reach_port(self) -> Facts:
        with self._named():
            return reach_port(self._endpoint.host, self._endpoint.port)

    def secure(self) -> Facts:
        """Only where the endpoint uses TLS."""
        with self._named():
            context = tls_context(self._endpoint)
            return shake_hands(self._endpoint.host, self._endpoint.port, context)

    def log_in(self) -> Facts:
        """Connects and keeps the connection; MQTT 5 first, as the program does."""
        password = self._password() if self._endpoint.username else None
        self._endpoint = dataclasses.replace(self._endpoint, password=password or "")
        choice = ProtocolChoice(self._endpoint.protocol)
        self._waker.open()
        while True:
            connection = self._connect(choice.version)
            if connection.accepted is not None:
                self._connection = connection
                return {"protocol": choice.version, "username": self._endpoint.username}
            connection.close()
            unanswered = connection.version_refused or not connection.was_answered
            if not unanswered or not choice.not_spoken(refused=connection.version_refused):
                raise _known(connection.problem)

    def subscribe(self) -> Facts:
        """Asks for each topic by itself, as the program does."""
        connection = self._open_connection()
        asked: dict[int, str] = {}
        denied: list[str] = []
        for topic in self._topics:
            packet_id = self._ask(connection, topic)
            if packet_id is None:
                denied.append(topic)
            else:
                asked[packet_id] = topic
        if not self._step(connection, lambda: asked.keys() <= self._answers.keys(), GRANT_S):
            raise _known(connection.problem)
        if not asked.keys() <= self._answers.keys():
            raise _known(broker_problem(self._endpoint, "broker.timeout", phase="suback"))
        denied += [t for i, t in asked.items() if self._answers[i] >= FIRST_FAILURE_CODE]
        lowered = [t for i, t in asked.items() if self._answers[i] == 0]
        for code, topics in (("broker.subscribe_denied", denied), ("broker.qos_lowered", lowered)):
            if topics:
                raise _known(
                    broker_problem(self._endpoint, code, topic=topics[0], count=len(topics))
                )
        return {"count": len(asked), "topic": self._topics[0]}

    def hear(self, wait_s: float) -> tuple[str, bytes, int] | None:
        """The first message that is sent now: its topic, payload, and after how many
        milliseconds it came; None where there is none in `wait_s`."""
        connection, began_s = self._open_connection(), time.monotonic()
        stands = self._step(connection, lambda: self._message is not None, wait_s)
        if self._message is not None:
            payload = bytes(self._message.payload)
            return str(self._message.topic), payload, since_ms(began_s)
        if not stands:
            raise _known(connection.problem)
        return None

    def close(self) -> None:
        """Says farewell, so that the broker forgets the session."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect(_GOODBYE_S)
        self._waker.close()

    def give_up(self) -> None:
        """Ends a step under way soon."""
        self._given_up.set()
        self._waker.wake()

    def message(self, message: mqtt.MQTTMessage) -> None:
        # What the broker kept from earlier tells nothing of the sensors now.
        if self._message is None and not message.retain:
            self._message = message

    def subscribed(self, packet_id: int, codes: Sequence[int]) -> None:
        if codes:
            self._answers[packet_id] = codes[0]

    def published(self, packet_id: int, code: int) -> None:
        """Nothing is ever published."""

    def _connect(self, version: ProtocolVersion) -> MqttConnection:
        """A connection that the broker took, or that ended."""
        with self._named():
            connection = MqttConnection(
                self._endpoint, version, _NOTHING_KEPT, self, _ignored, self._waker, LOGIN_S
            )
            try:
                connection.open()
                self._step(connection, lambda: connection.accepted is not None, 2 * LOGIN_S)
            except BaseException:
                connection.close()
                raise
        return connection

    def _ask(self, connection: MqttConnection, topic: str) -> int | None:
        """Subscribes; the packet's id, None for a topic that no broker would take."""
        is_v5 = connection.client.protocol == mqtt.MQTTv5
        options = SubscribeOptions(qos=1, retainHandling=_NOT_RETAINED)
        try:
            rc, packet_id = (
                connection.client.subscribe(topic, options=options)
                if is_v5
                else connection.client.subscribe(topic, qos=1)
            )
        except ValueError:
            return None
        if rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise _known(connection.problem)
        return packet_id

    def _open_connection(self) -> MqttConnection:
        if self._connection is None:
            raise _known(broker_problem(self._endpoint, "broker.lost", cause="closed"))
        return self._connection

    def _step(
        self, connection: MqttConnection, condition: Callable[[], bool], within_s: float
    ) -> bool:
        """Serves the connection until then; False where it ended."""
        until_s = time.monotonic() + within_s
        timer = threading.Timer(within_s, self._waker.wake)
        timer.daemon = True
        timer.start()
        try:
            while not condition() and time.monotonic() < until_s and not self._given_up.is_set():
                if not connection.step():
                    return False
            return True
        finally:
            timer.cancel()

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (OSError, UnicodeError, TlsFileError) as error:
            raise _known(problem_of_exception(self._endpoint, error)) from error


def _ignored(connection: MqttConnection, accepted: Accepted) -> None:
    """Who steps the connection sees by itself that it was accepted."""


def _known(problem: Problem) -> KnownError:
    return KnownError(problem.code, **problem.params)
