"""A real broker, and clients that are stopped whatever happens to the test."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypedDict, Unpack

import pytest

from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.status import LinkState
from harit_desktop.transport.canary import ProbeTimes
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_publisher import MqttPublisher
from harit_desktop.transport.mqtt_source import MqttSource
from harit_desktop.transport.session_memory import SessionMemory
from tests.servers import MosquittoServer, wait_until

TOPIC = "harit-samarth/sensor/data"


def now_us() -> int:
    return time.time_ns() // 1000


class SourceOptions(TypedDict, total=False):
    session_memory: SessionMemory
    probe_times: ProbeTimes


class Receiver:
    """A started source with what it delivered, in order."""

    def __init__(
        self,
        endpoint: MqttEndpoint,
        topics: Sequence[str],
        share_group: str,
        **options: Unpack[SourceOptions],
    ) -> None:
        self.messages: list[RawMessage] = []
        self.source = MqttSource(
            endpoint, topics, self.messages.append, now_us, share_group, **options
        )
        self.source.start()

    @property
    def payloads(self) -> list[str]:
        return [message.payload.decode() for message in self.messages]

    @property
    def state(self) -> LinkState:
        return self.source.status().state

    @property
    def problem_code(self) -> str | None:
        problem = self.source.status().problem
        return None if problem is None else problem.code

    def wait_for(self, state: LinkState, timeout_s: float = 10.0) -> None:
        wait_until(lambda: self.state is state, timeout_s, f"{state}, is {self.source.status()}")

    def wait_for_messages(self, count: int, timeout_s: float = 10.0) -> None:
        wait_until(lambda: len(self.messages) >= count, timeout_s, f"{count} messages")

    def acknowledge(self, messages: Sequence[RawMessage]) -> None:
        self.source.acknowledge([m.receipt for m in messages if m.receipt is not None])


@pytest.fixture
def mosquitto() -> Iterator[MosquittoServer]:
    with MosquittoServer() as server:
        yield server


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    """Starts a `Receiver`: `receive(endpoint, topics=..., share_group=..., **options)`."""
    receivers: list[Receiver] = []

    def start(
        endpoint: MqttEndpoint,
        topics: Sequence[str] = (TOPIC,),
        share_group: str = "",
        **options: Unpack[SourceOptions],
    ) -> Receiver:
        receivers.append(Receiver(endpoint, topics, share_group, **options))
        return receivers[-1]

    yield start
    for receiver in receivers:
        receiver.source.stop(3.0)


@pytest.fixture
def publisher_for() -> Iterator[Callable[..., MqttPublisher]]:
    """Makes (without starting) a publisher: `publisher_for(endpoint, **options)`."""
    publishers: list[MqttPublisher] = []

    def make(endpoint: MqttEndpoint, **options: object) -> MqttPublisher:
        publishers.append(MqttPublisher(endpoint, now_us, "probe", **options))  # type: ignore[arg-type]  # test options
        return publishers[-1]

    yield make
    for publisher in publishers:
        publisher.stop(3.0)


def endpoint_of(server: MosquittoServer, **changes: object) -> MqttEndpoint:
    fields: dict[str, object] = {"client_id": "harit-test", "keepalive_s": 5, **changes}
    return MqttEndpoint(server.host, server.port, **fields)  # type: ignore[arg-type]  # test options
