"""A check's own connections to a broker: served on the check's thread, given up from any."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.transport.diagnosis_hearing import Hearing
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_client import ProtocolVersion, SessionOptions
from harit_desktop.transport.mqtt_connection import Accepted, MqttConnection
from harit_desktop.transport.mqtt_errors import (
    FIRST_FAILURE_CODE,
    TlsFileError,
    problem_of_exception,
)
from harit_desktop.transport.waker import Waker

GOODBYE_S = 0.5
SEND_RETAINED = 0
NOT_RETAINED = 2
_OWN_EXPIRY_S = 10


class DiagnosisSession:
    """One connection that is kept, and what came on it. A method that needs it raises
    KnownError where it ended."""

    def __init__(self, given_up: threading.Event) -> None:
        self._given_up = given_up
        self._waker = Waker()
        self._is_open = False
        self._connection: MqttConnection | None = None
        self._confirmed: dict[int, int] = {}
        self.version: ProtocolVersion = "5"
        self.properties: Any = None
        """What the broker told of itself when it let us in."""
        self.answers: dict[int, int] = {}
        """The codes of subscriptions, by the packet's id."""
        self.hearing = Hearing()

    def connect(
        self,
        endpoint: MqttEndpoint,
        version: ProtocolVersion,
        options: SessionOptions,
        within_s: float,
    ) -> MqttConnection:
        """A connection that the broker took, or that ended."""
        if not self._is_open:
            self._waker.open()
            self._is_open = True
        with named(endpoint):
            connection = MqttConnection(
                endpoint, version, options, self, _ignored, self._waker, within_s
            )
            self._note_properties(connection)
            try:
                connection.open()
                self._serve(connection, lambda: connection.accepted is not None, 2 * within_s)
            except BaseException:
                connection.close()
                raise
        return connection

    def keep(self, connection: MqttConnection, version: ProtocolVersion) -> None:
        """This is the one that the other methods use."""
        self._connection, self.version = connection, version

    def ask(self, topic: str, qos: int, retained: int) -> int | None:
        """Subscribes; the packet's id, None for a topic that no broker would take."""
        connection = self._kept()
        options = SubscribeOptions(qos=qos, retainHandling=retained)
        try:
            rc, packet_id = (
                connection.client.subscribe(topic, options=options)
                if self.version == "5"
                else connection.client.subscribe(topic, qos=qos)
            )
        except ValueError:
            return None
        if rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise known(connection.problem)
        return packet_id

    def leave(self, topics: Sequence[str]) -> None:
        """Unsubscribes; nobody waits for the answer."""
        self._kept().client.unsubscribe(list(topics))

    def send_to_ourselves(self, within_s: float) -> None:
        """Publishes on the topic that only we know, and waits until it is back or refused."""
        properties: Properties | None = None
        if self.version == "5":
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho
            properties.MessageExpiryInterval = _OWN_EXPIRY_S
        hearing = self.hearing
        info = self._kept().client.publish(
            hearing.own_topic, hearing.own_payload, qos=1, properties=properties
        )

        def over() -> bool:
            refused = self._confirmed.get(info.mid, 0) >= FIRST_FAILURE_CODE
            return bool(hearing.own_came or hearing.proven_topic or refused)

        self.serve(over, within_s)

    @property
    def was_taken(self) -> bool:
        """Whether the broker took what we sent. Only MQTT 5 tells that from a message that its
        rules swallowed."""
        codes = self._confirmed.values()
        return self.version == "5" and any(code < FIRST_FAILURE_CODE for code in codes)

    def serve(self, condition: Callable[[], bool], within_s: float) -> bool:
        """Handles what comes until then; whether the condition came true."""
        connection = self._kept()
        if not self._serve(connection, condition, within_s) and not condition():
            raise known(connection.problem)
        return condition()

    def close(self) -> None:
        """Says farewell, so that the broker forgets the session."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect(GOODBYE_S)
        self._waker.close()

    def wake(self) -> None:
        """Lets a wait look whether it was given up; callable from any thread."""
        self._waker.wake()

    def message(self, message: mqtt.MQTTMessage) -> None:
        self.hearing.take(message)
        if message.qos and self._connection is not None:
            self._connection.acknowledge((message.mid,))

    def subscribed(self, packet_id: int, codes: Sequence[int]) -> None:
        if codes:
            self.answers[packet_id] = codes[0]

    def published(self, packet_id: int, code: int) -> None:
        self._confirmed[packet_id] = code

    def _note_properties(self, connection: MqttConnection) -> None:
        """Keeps what the broker tells of itself with its first yes."""
        told: Any = connection.client.on_connect

        def noted(client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
            if self.properties is None and not reason.is_failure:
                self.properties = properties
            if told is not None:
                told(client, data, flags, reason, properties)

        connection.client.on_connect = noted

    def _kept(self) -> MqttConnection:
        if self._connection is None:
            raise KnownError("broker.lost", cause="closed")
        return self._connection

    def _serve(
        self, connection: MqttConnection, condition: Callable[[], bool], within_s: float
    ) -> bool:
        """False where the connection ended."""
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
def named(endpoint: MqttEndpoint) -> Iterator[None]:
    """Raises KnownError for what socket and ssl raise."""
    try:
        yield
    except (OSError, UnicodeError, TlsFileError) as error:
        raise known(problem_of_exception(endpoint, error)) from error


def known(problem: Problem) -> KnownError:
    """The problem, to be raised."""
    return KnownError(problem.code, **problem.params)


def _ignored(connection: MqttConnection, accepted: Accepted) -> None:
    """Who serves the connection sees by itself that it was accepted."""
