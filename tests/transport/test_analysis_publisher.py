"""Analyses for other programs: all told, at a bearable pace, and nobody waits for them."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harit_desktop.domain.analysis import Analysis, Band
from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.domain.reading import AnalysedReading, Reading, Source, TimeSource
from harit_desktop.domain.status import LinkState
from harit_desktop.domain.topics import ANALYSIS_TOPIC
from harit_desktop.transport.analysis_publisher import MAX_DEVICES, AnalysisPublisher
from harit_desktop.transport.analysis_queue import BURST, MAX_WAITING, AnalysisQueue, Pace
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.wire.encode import encode_analysis
from harit_desktop.wire.home_assistant import discovery_messages
from tests.servers import MosquittoServer, free_port, wait_until
from tests.transport.conftest import TOPIC, Receiver, endpoint_of, now_us

Receive = Callable[..., Receiver]
PublisherFor = Callable[..., AnalysisPublisher]

pytestmark = pytest.mark.broker

MARK = "0123456789abcdef"
START_US = 1_764_697_800_123_456


def item(
    number: int = 0, publisher_id: str = "field-1", source: Source = Source.MQTT
) -> AnalysedReading:
    reading = Reading(
        publisher_id=publisher_id,
        timestamp_us=START_US + number,
        received_us=START_US + number,
        values=(22.5, 17.8, 152.3, 498.2, 22.1, 54.8, 7.18),
        source=source,
        time_source=TimeSource.SENT,
        topic=TOPIC,
    )
    analysis = Analysis(65, Band.GOOD, False, 0.0, (), (1,) * CHANNEL_COUNT, "classic")
    return AnalysedReading(reading, analysis, number.to_bytes(32, "big"))


def index_of(payload: bytes) -> int:
    """The number that `item` was made with."""
    text = str(json.loads(payload)["timestamp"])
    return int(text[20:26]) - 123_456


@pytest.fixture
def publisher_for() -> Iterator[PublisherFor]:
    """Makes (without starting) a publisher: `publisher_for(endpoint, **options)`."""
    publishers: list[AnalysisPublisher] = []

    def make(endpoint: MqttEndpoint, **options: object) -> AnalysisPublisher:
        settings: dict[str, object] = {"own_mark": MARK, "encode": encode_analysis, **options}
        publishers.append(AnalysisPublisher(endpoint, now_us, **settings))  # type: ignore[arg-type]  # test options
        return publishers[-1]

    yield make
    for publisher in publishers:
        publisher.stop(3.0)


def connected(publisher: AnalysisPublisher) -> AnalysisPublisher:
    publisher.start()
    wait_until(lambda: publisher.status().state is LinkState.CONNECTED, what="it is connected")
    return publisher


def listen(receive: Receive, server: MosquittoServer, *topics: str, **changes: object) -> Receiver:
    endpoint = endpoint_of(server, client_id="other-program", **changes)
    receiver = receive(endpoint, topics or (ANALYSIS_TOPIC,))
    receiver.wait_for(LinkState.CONNECTED)
    return receiver


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_each_offered_analysis_is_published(
    mosquitto: MosquittoServer, receive: Receive, publisher_for: PublisherFor, protocol: str
) -> None:
    other = listen(receive, mosquitto)
    publisher = connected(publisher_for(endpoint_of(mosquitto, protocol=protocol)))
    publisher.offer([item(1)])
    other.wait_for_messages(1)
    publisher.offer([item(2), item(3, source=Source.SIMULATOR)])
    other.wait_for_messages(3)

    first, _, simulated = other.messages
    assert (first.topic, first.qos, first.retained) == (ANALYSIS_TOPIC, 1, False)
    assert [index_of(message.payload) for message in other.messages] == [1, 2, 3]
    said = json.loads(first.payload)
    assert said["publisher_id"] == "field-1"
    assert said["health_index"] == said["analysis"]["soil_health_index"] == 65
    assert (said["status"], said["anomalies"], said["origin"]) == ("Good", [], MARK)
    assert "simulated" not in said
    assert json.loads(simulated.payload)["simulated"] is True
    wait_until(lambda: publisher.status().published == 3, what="all are confirmed")
    status = publisher.status()
    assert (status.waiting, status.dropped, status.problem) == (0, 0, None)
    assert mosquitto.retained(ANALYSIS_TOPIC) is None


def test_a_backlog_is_published_completely_within_seconds(
    mosquitto: MosquittoServer, receive: Receive, publisher_for: PublisherFor
) -> None:
    other = listen(receive, mosquitto)
    publisher = publisher_for(endpoint_of(mosquitto))
    for first in range(0, 1000, 100):
        publisher.offer([item(first + number) for number in range(100)])
    assert publisher.status().waiting == 1000
    connected(publisher)
    _acknowledge_until(other, 1000, 15.0)
    assert [index_of(message.payload) for message in other.messages] == list(range(1000))
    wait_until(lambda: publisher.status().published == 1000, what="all are confirmed")
    assert publisher.status().waiting == 0


def _acknowledge_until(receiver: Receiver, count: int, timeout_s: float) -> None:
    done = 0
    until_s = time.monotonic() + timeout_s
    while done < count and time.monotonic() < until_s:
        batch = receiver.messages[done:]
        receiver.acknowledge(batch)
        done += len(batch)
        time.sleep(0.01)
    assert done >= count, f"{done} of {count} arrived"


def test_a_flood_is_paced_and_bounded(
    mosquitto: MosquittoServer, publisher_for: PublisherFor
) -> None:
    publisher = connected(publisher_for(endpoint_of(mosquitto)))
    began_s = time.monotonic()
    for number in range(50):
        publisher.offer([item(100 * number + each) for each in range(100)])
    wait_until(lambda: publisher.status().published >= BURST, what="the first burst is out")
    time.sleep(1.0)
    status = publisher.status()
    lasted_s = time.monotonic() - began_s
    assert status.published <= BURST + 200 * lasted_s + 1
    assert status.published + status.waiting == 5000
    assert status.dropped == 0
    assert publisher.stop(3.0)


def test_beyond_the_bound_the_oldest_are_dropped_and_counted() -> None:
    queue = AnalysisQueue(limit=3)
    assert queue.add([item(1), item(2)]) is True
    assert queue.add([item(3), item(4)]) is False
    assert (len(queue), queue.dropped) == (3, 1)
    assert [_taken(queue) for _ in range(2)] == [2, 3]
    queue.add([item(number) for number in range(10, 16)])
    assert queue.dropped == 1 + 4
    assert [_taken(queue) for _ in range(4)] == [13, 14, 15, None]


def _taken(queue: AnalysisQueue) -> int | None:
    found = queue.take()
    return None if found is None else found.reading.timestamp_us - START_US


def test_the_pace_allows_a_burst_and_then_its_rate() -> None:
    pace = Pace(rate_per_s=200.0, burst=400)
    assert pace.allowed(100.0) == 400
    pace.spend(400)
    assert pace.allowed(100.0) == 0
    assert pace.allowed(100.5) == 100
    assert pace.allowed(1000.0) == 400


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_what_was_not_confirmed_is_sent_again_after_the_broker_was_killed(
    receive: Receive, publisher_for: PublisherFor, protocol: str
) -> None:
    with MosquittoServer(persistence=True) as server:
        other = listen(receive, server)
        publisher = connected(publisher_for(endpoint_of(server, protocol=protocol)))
        publisher.offer([item(0)])
        other.wait_for_messages(1)
        other.acknowledge(other.messages)
        server.freeze()
        publisher.offer([item(number) for number in range(1, 200)])
        wait_until(lambda: publisher._under_way > 0, what="some are under way")
        server.kill()
        wait_until(lambda: publisher.status().state is not LinkState.CONNECTED)
        publisher.offer([item(number) for number in range(200, 250)])
        server.start()
        publisher.retry_now()
        other.source.retry_now()
        wait_until(lambda: publisher.status().published == 250, 15.0, "all are confirmed")
        wait_until(lambda: publisher.status().waiting == 0)
        assert publisher.status().dropped == 0
        wait_until(
            lambda: {index_of(message.payload) for message in other.messages} == set(range(250)),
            what="all arrive",
        )


def test_nobody_waits_for_a_broker_that_does_not_answer(
    mosquitto: MosquittoServer, publisher_for: PublisherFor
) -> None:
    publisher = connected(publisher_for(endpoint_of(mosquitto)))
    mosquitto.freeze()

    def offer_many() -> None:
        for _ in range(25):
            publisher.offer([item(number) for number in range(1000)])

    offers = threading.Thread(target=offer_many)
    offers.start()
    offers.join(5.0)
    assert not offers.is_alive()
    status = publisher.status()
    assert status.published == 0
    assert status.waiting <= MAX_WAITING + 200
    assert status.waiting + status.dropped == 25_000
    before_s = time.monotonic()
    assert publisher.stop(2.0)
    assert time.monotonic() - before_s < 2.5
    publisher.offer([item()])
    mosquitto.thaw()


def test_without_a_broker_everything_waits(publisher_for: PublisherFor) -> None:
    publisher = publisher_for(MqttEndpoint("127.0.0.1", free_port(), client_id="harit-test"))
    publisher.start()
    publisher.offer([item(1)])
    wait_until(lambda: publisher.status().problem is not None)
    assert publisher.status().state is LinkState.LOST
    assert publisher.status().waiting == 1
    assert publisher.healthy()
    assert publisher.stop(2.0)


def test_what_was_offered_just_before_the_stop_still_goes(
    mosquitto: MosquittoServer, receive: Receive, publisher_for: PublisherFor
) -> None:
    other = listen(receive, mosquitto)
    publisher = connected(publisher_for(endpoint_of(mosquitto)))
    publisher.offer([item(number) for number in range(50)])
    assert publisher.stop(3.0)
    other.wait_for_messages(50)


def _with_rules(server: MosquittoServer, *rules: str) -> None:
    path: Path = server.folder / "acl"
    path.write_text("".join(f"topic {rule}\n" for rule in rules))
    server.use([f"acl_file {path}"])
    server.restart()


def test_a_broker_that_forbids_it_is_asked_seldom_and_says_why(publisher_for: PublisherFor) -> None:
    with MosquittoServer(verbose=True) as server:
        _with_rules(server, "readwrite allowed/#")
        publisher = connected(publisher_for(endpoint_of(server)))
        publisher.offer([item(1)])
        wait_until(lambda: publisher.status().problem is not None)
        status = publisher.status()
        assert status.problem is not None
        assert status.problem.code == "broker.not_authorized"
        assert status.problem.params["topic"] == ANALYSIS_TOPIC
        assert (status.state, status.published, status.dropped) == (LinkState.REFUSED, 0, 1)
        publisher.offer([item(number) for number in range(100)])
        time.sleep(0.3)
        assert server.log.count(" PUBLISH from harit-test-analysis") == 1
        _with_rules(server, "readwrite harit-samarth/#")
        publisher.retry_now()
        wait_until(lambda: publisher.status().published == 100, what="it goes on")
        assert publisher.status().problem is None


def test_it_rests_while_there_is_nothing_to_say(
    mosquitto: MosquittoServer, publisher_for: PublisherFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = connected(publisher_for(endpoint_of(mosquitto, keepalive_s=30)))
    time.sleep(0.2)
    rounds: list[float] = []
    fill = publisher.fill

    def counting() -> None:
        rounds.append(time.monotonic())
        fill()

    monkeypatch.setattr(publisher, "fill", counting)
    time.sleep(2.2)
    assert len(rounds) <= 4


def test_a_mark_that_could_not_be_found_again_is_an_error() -> None:
    with pytest.raises(ValueError, match="mark"):
        AnalysisPublisher(MqttEndpoint("127.0.0.1"), now_us, own_mark='a"b', encode=encode_analysis)


def test_probes_are_announced_to_home_assistant_once_in_a_connection(
    receive: Receive, publisher_for: PublisherFor
) -> None:
    with MosquittoServer(verbose=True) as server:
        options = {"home_assistant": discovery_messages}
        publisher = connected(publisher_for(endpoint_of(server), **options))
        publisher.offer([item(1), item(2), item(3, "simulated-1", Source.SIMULATOR)])
        publisher.offer([item(4, "field-2"), item(5)])
        wait_until(lambda: publisher.status().published == 5)
        line = "Received PUBLISH from harit-test-analysis"
        assert server.log.count(line) == 5 + 2 * 8
        found = _retained(server, "homeassistant/#")
        assert len(found) == 16
        topic = "homeassistant/sensor/field-1/moisture/config"
        assert json.loads(found[topic])["state_topic"] == TOPIC
        config = json.loads(found["homeassistant/sensor/field-2/health_index/config"])
        assert config["state_topic"] == ANALYSIS_TOPIC
        # A broker that was restarted without its memory has forgotten them.
        server.restart()
        wait_until(lambda: publisher.status().state is not LinkState.CONNECTED)
        publisher.retry_now()
        publisher.offer([item(6)])
        wait_until(lambda: publisher.status().published == 6)
        assert len(_retained(server, "homeassistant/#")) == 8


def _retained(server: MosquittoServer, topic_filter: str) -> dict[str, str]:
    command = ["mosquitto_sub", "-h", server.host, "-p", str(server.port), "-t", topic_filter]
    done = subprocess.run(
        [*command, "-v", "--retained-only", "-W", "1"],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


def test_only_so_many_probes_are_announced(
    mosquitto: MosquittoServer, publisher_for: PublisherFor
) -> None:
    def one(reading: Reading, _topic: str) -> list[tuple[str, bytes]]:
        return [(f"homeassistant/sensor/{reading.publisher_id}/a/config", b"{}")]

    publisher = connected(publisher_for(endpoint_of(mosquitto), home_assistant=one))
    publisher.offer([item(number, f"probe-{number}") for number in range(MAX_DEVICES + 20)])
    wait_until(lambda: publisher.status().published == MAX_DEVICES + 20)
    assert len(_retained(mosquitto, "homeassistant/#")) == MAX_DEVICES


def test_a_broker_that_forbids_the_announcements_still_gets_the_analyses(
    publisher_for: PublisherFor,
) -> None:
    with MosquittoServer() as server:
        _with_rules(server, "readwrite harit-samarth/#")
        options = {"home_assistant": discovery_messages}
        publisher = connected(publisher_for(endpoint_of(server), **options))
        publisher.offer([item(number, f"probe-{number % 3}") for number in range(30)])
        wait_until(lambda: publisher.status().published == 30)
        status = publisher.status()
        assert status.state is LinkState.CONNECTED
        assert status.problem is not None
        assert status.problem.code == "broker.not_authorized"
