"""Publishing: order, confirmation, announcement and last will, against a real broker."""

import json
import socket
import time
from collections.abc import Callable

import pytest

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import LinkState
from harit_desktop.transport.mqtt_publisher import STATUS_TOPIC, MqttPublisher
from harit_desktop.wire.encode import encode_status
from harit_desktop.wire.timestamps import format_utc
from tests.servers import MosquittoServer, free_port, wait_until
from tests.transport.conftest import TOPIC, Receiver, endpoint_of

Receive = Callable[..., Receiver]
PublisherFor = Callable[..., MqttPublisher]

pytestmark = pytest.mark.broker


def encoded_status(status: str, publisher_id: str, message: str, timestamp_us: int) -> bytes:
    return encode_status(status, publisher_id, message, format_utc(timestamp_us))


def _status_of(server: MosquittoServer) -> str | None:
    retained = server.retained(STATUS_TOPIC)
    return None if retained is None else str(json.loads(retained)["status"])


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_messages_arrive_in_order_and_each_is_confirmed_once(
    mosquitto: MosquittoServer, receive: Receive, publisher_for: PublisherFor, protocol: str
) -> None:
    receiver = receive(endpoint_of(mosquitto))
    receiver.wait_for(LinkState.CONNECTED)
    publisher = publisher_for(endpoint_of(mosquitto, protocol=protocol))
    confirmed: list[int] = []
    sent = [str(number) for number in range(200)]
    for number in range(100):  # the first half waits for the connection
        assert publisher.publish(TOPIC, sent[number].encode(), _noting(confirmed, number))
    publisher.start()
    for number in range(100, 200):
        assert publisher.publish(TOPIC, sent[number].encode(), _noting(confirmed, number))
    wait_until(lambda: len(confirmed) == 200, what="all are confirmed")
    receiver.wait_for_messages(200)
    assert receiver.payloads == sent
    assert confirmed == list(range(200))
    assert publisher.waiting == 0
    assert publisher.status().protocol == protocol


def _noting(confirmed: list[int], number: int) -> Callable[[Problem | None], None]:
    def settled(problem: Problem | None) -> None:
        assert problem is None
        confirmed.append(number)

    return settled


def test_nothing_is_lost_and_order_is_kept_over_a_broker_restart(
    receive: Receive, publisher_for: PublisherFor
) -> None:
    with MosquittoServer(persistence=True) as server:
        receiver = receive(endpoint_of(server))
        receiver.wait_for(LinkState.CONNECTED)
        publisher = publisher_for(endpoint_of(server))
        publisher.start()
        confirmed: list[int] = []
        for number in range(300):
            if number == 100:
                server.stop()
            if number == 200:
                server.start()
                publisher.retry_now()
                receiver.source.retry_now()
            assert publisher.publish(TOPIC, str(number).encode(), _noting(confirmed, number))
            if number % 20 == 0:
                time.sleep(0.01)
        wait_until(lambda: len(confirmed) == 300, what="all are confirmed")
        wait_until(lambda: len(set(receiver.payloads)) == 300, what="all arrive")
        first_copies = list(dict.fromkeys(receiver.payloads))
        assert first_copies == [str(number) for number in range(300)]


def test_a_full_queue_refuses_instead_of_dropping(publisher_for: PublisherFor) -> None:
    publisher = publisher_for(endpoint_of(_Nowhere()), max_waiting=3)
    publisher.start()
    assert [publisher.publish(TOPIC, b"x") for _ in range(5)] == [True, True, True, False, False]
    assert publisher.waiting == 3


class _Nowhere(MosquittoServer):
    """An address at which nobody listens."""

    def __init__(self) -> None:
        self.host, self.port = "127.0.0.1", free_port()


@pytest.mark.parametrize("topic", ["", "a/+", "a/#", "a\0b"])
def test_a_topic_that_cannot_be_published_to_is_an_error(
    publisher_for: PublisherFor, topic: str
) -> None:
    with pytest.raises(ValueError, match="topic"):
        publisher_for(endpoint_of(_Nowhere())).publish(topic, b"x")


def test_the_status_says_online_while_connected_and_offline_after_a_clean_stop(
    mosquitto: MosquittoServer, publisher_for: PublisherFor
) -> None:
    publisher = publisher_for(endpoint_of(mosquitto), encode_status=encoded_status)
    publisher.start()
    wait_until(lambda: publisher.status().state is LinkState.CONNECTED)
    wait_until(lambda: publisher.waiting == 0)
    online = json.loads(mosquitto.retained(STATUS_TOPIC) or "{}")
    assert online["status"] == "online"
    assert online["publisher_id"] == "probe"
    assert set(online) == {"status", "publisher_id", "message", "timestamp"}
    assert publisher.stop(3.0)
    assert _status_of(mosquitto) == "offline"


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_the_last_will_says_offline_when_the_connection_breaks(
    mosquitto: MosquittoServer, publisher_for: PublisherFor, protocol: str
) -> None:
    endpoint = endpoint_of(mosquitto, protocol=protocol)
    publisher = publisher_for(endpoint, encode_status=encoded_status, will_delay_s=0)
    publisher.start()
    wait_until(lambda: publisher.status().state is LinkState.CONNECTED)
    wait_until(lambda: publisher.waiting == 0)
    assert _status_of(mosquitto) == "online"
    client = publisher._client
    assert client is not None
    sock = client.socket()
    assert isinstance(sock, socket.socket)
    sock.shutdown(socket.SHUT_RDWR)
    wait_until(lambda: publisher.status().state is LinkState.LOST)
    assert _status_of(mosquitto) == "offline"
    publisher.retry_now()
    wait_until(lambda: publisher.status().state is LinkState.CONNECTED)
    wait_until(lambda: publisher.waiting == 0)
    assert _status_of(mosquitto) == "online"


def test_without_announcement_nothing_is_retained(
    mosquitto: MosquittoServer, publisher_for: PublisherFor
) -> None:
    publisher = publisher_for(endpoint_of(mosquitto))
    publisher.start()
    wait_until(lambda: publisher.status().state is LinkState.CONNECTED)
    publisher.stop(3.0)
    assert mosquitto.retained(STATUS_TOPIC) is None


def test_a_publication_that_the_broker_forbids_is_reported(
    publisher_for: PublisherFor, receive: Receive
) -> None:
    with MosquittoServer() as server:
        rules = server.folder / "acl"
        rules.write_text("topic readwrite allowed/#\n")
        server.use([f"acl_file {rules}"])
        server.restart()
        settled: list[Problem | None] = []
        publisher = publisher_for(endpoint_of(server))
        publisher.start()
        publisher.publish("forbidden", b"x", settled.append)
        publisher.publish("allowed/a", b"x", settled.append)
        wait_until(lambda: len(settled) == 2, what="both are answered")
        assert settled[0] is not None
        assert settled[0].code == "broker.not_authorized"
        assert settled[0].params["topic"] == "forbidden"
        assert settled[1] is None


def test_stop_is_bounded_when_the_broker_is_frozen(
    mosquitto: MosquittoServer, publisher_for: PublisherFor
) -> None:
    publisher = publisher_for(endpoint_of(mosquitto), encode_status=encoded_status, will_delay_s=0)
    publisher.start()
    wait_until(lambda: publisher.status().state is LinkState.CONNECTED)
    wait_until(lambda: publisher.waiting == 0)
    mosquitto.freeze()
    publisher.publish(TOPIC, b"x")
    before_s = time.monotonic()
    assert publisher.stop(2.0)
    assert time.monotonic() - before_s < 2.0
    assert not publisher.publish(TOPIC, b"y")
    mosquitto.thaw()
    # It could not say goodbye, so the broker says it for it.
    wait_until(lambda: _status_of(mosquitto) == "offline", what="the last will is published")


def test_what_is_withdrawn_is_not_sent_when_the_broker_comes_back(
    receive: Receive, publisher_for: PublisherFor
) -> None:
    with MosquittoServer(persistence=True) as server:
        receiver = receive(endpoint_of(server))
        receiver.wait_for(LinkState.CONNECTED)
        server.stop()
        publisher = publisher_for(endpoint_of(server), encode_status=encoded_status)
        publisher.start()
        settled: list[Problem | None] = []
        for number in range(5):
            publisher.publish(TOPIC, str(number).encode(), settled.append)
        publisher.withdraw()
        assert publisher.waiting == 0
        publisher.publish(TOPIC, b"new", settled.append)
        server.start()
        publisher.retry_now()
        receiver.source.retry_now()
        wait_until(lambda: settled == [None])
        receiver.wait_for_messages(1)
        time.sleep(0.2)
        assert receiver.payloads == ["new"]
        assert _status_of(server) == "online"


def test_what_was_sent_before_it_was_withdrawn_can_still_be_confirmed(
    mosquitto: MosquittoServer, publisher_for: PublisherFor
) -> None:
    publisher = publisher_for(endpoint_of(mosquitto))
    publisher.start()
    wait_until(lambda: publisher.status().state is LinkState.CONNECTED)
    mosquitto.freeze()
    settled: list[Problem | None] = []
    publisher.publish(TOPIC, b"x", settled.append)
    wait_until(lambda: publisher._in_flight)
    publisher.withdraw()
    assert publisher.waiting == 0
    assert settled == []
    mosquitto.thaw()
    wait_until(lambda: settled == [None])
