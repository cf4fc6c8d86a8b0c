"""The publisher as a person sees it: prompt, even, counted, honest, and quick to stop."""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from harit_desktop.domain.api import ApiPage
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.status import LinkState, PublisherState
from harit_desktop.storage.outbox import Outbox
from harit_desktop.transport import publisher_worker
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_publisher import MqttPublisher
from harit_desktop.transport.publisher_worker import (
    PublisherConfig,
    PublisherWorker,
    device_ids,
)
from tests.servers import MosquittoServer, free_port, wait_until
from tests.transport.conftest import TOPIC, Receiver, endpoint_of, now_us

Receive = Callable[..., Receiver]
WorkerFor = Callable[..., PublisherWorker]

pytestmark = pytest.mark.broker


def _encode(device: str, timestamp_us: int, values: Values) -> bytes:
    return json.dumps([device, timestamp_us, *values]).encode()


@pytest.fixture
def worker_for(tmp_path: Path) -> Iterator[WorkerFor]:
    """Makes (without starting) a worker: `worker_for(endpoint, config, last_values)`."""
    workers: list[PublisherWorker] = []

    def make(
        endpoint: MqttEndpoint,
        config: PublisherConfig,
        last_values: Callable[[str], Values | None] = lambda _device: None,
        **options: object,
    ) -> PublisherWorker:
        publisher = MqttPublisher(
            endpoint,
            now_us,
            config.publisher_id,
            **options,  # type: ignore[arg-type]  # test options
        )
        outbox = Outbox(tmp_path / "outbox.db")
        workers.append(
            PublisherWorker(
                config,
                publisher,
                _encode,
                _encode,
                last_values,
                now_us,
                outbox,
                None,
                "auto",
                lambda _body: ApiPage(()),
            )
        )
        return workers[-1]

    yield make
    for worker in workers:
        worker.stop(3.0)


def _connected(receive: Receive, server: MosquittoServer) -> Receiver:
    receiver = receive(endpoint_of(server))
    receiver.wait_for(LinkState.CONNECTED)
    return receiver


def test_device_ids_append_numbers_from_two_on() -> None:
    config = PublisherConfig(devices=3, publisher_id="field")
    assert device_ids(config) == ("field", "field-2", "field-3")


def test_every_device_reports_at_once_and_then_evenly(
    mosquitto: MosquittoServer, receive: Receive, worker_for: WorkerFor
) -> None:
    receiver = _connected(receive, mosquitto)
    config = PublisherConfig(devices=3, interval_s=0.2, topic=TOPIC)
    worker = worker_for(endpoint_of(mosquitto), config)
    assert worker.status().state is PublisherState.STOPPED
    worker.start()
    receiver.wait_for_messages(3)
    readings = [json.loads(message.payload) for message in receiver.messages[:3]]
    assert [reading[0] for reading in readings] == list(device_ids(config))
    assert all(len(reading) == 2 + len(CHANNELS) for reading in readings)
    receiver.wait_for_messages(33)
    instants = [json.loads(message.payload)[1] for message in receiver.messages[::3]]
    # The tenth is ten intervals after the first: lateness of one does not move the next.
    assert (instants[10] - instants[0]) / 1e6 == pytest.approx(2.0, abs=0.15)
    steps = [after - before for before, after in pairwise(instants)]
    assert statistics.median(steps) / 1e6 == pytest.approx(0.2, abs=0.05)
    status = worker.status()
    assert status.state is PublisherState.RUNNING
    assert (status.devices, status.interval_s, status.port) == (3, 0.2, mosquitto.port)
    assert status.published >= 30
    before_s = time.monotonic()
    assert worker.stop(3.0)
    assert time.monotonic() - before_s < 2.0
    assert worker.status().state is PublisherState.STOPPED


def test_count_is_of_all_devices_together_and_waits_for_confirmation(
    mosquitto: MosquittoServer, receive: Receive, worker_for: WorkerFor
) -> None:
    receiver = _connected(receive, mosquitto)
    config = PublisherConfig(devices=3, interval_s=0.05, topic=TOPIC, count=7)
    worker = worker_for(endpoint_of(mosquitto), config)
    worker.start()
    assert worker.finished.wait(5.0)
    assert worker.status().published == 7
    receiver.wait_for_messages(7)
    time.sleep(0.2)
    assert len(receiver.messages) == 7
    devices = [json.loads(message.payload)[0] for message in receiver.messages]
    assert devices == [*device_ids(config), *device_ids(config), "simulator-01"]


def test_count_is_not_finished_before_the_broker_confirms(
    worker_for: WorkerFor, receive: Receive
) -> None:
    with MosquittoServer() as server:
        server.stop()
        worker = worker_for(
            endpoint_of(server), PublisherConfig(interval_s=0.01, topic=TOPIC, count=3)
        )
        worker.start()
        assert not worker.finished.wait(0.3)
        assert worker.status().state is PublisherState.STARTING
        assert worker.status().waiting == 3
        problem = worker.status().problem
        assert problem is not None
        assert problem.code == "broker.refused"
        server.start()
        worker.retry_now()
        assert worker.finished.wait(5.0)
        assert worker.status().waiting == 0


def test_values_go_on_from_the_stored_ones(
    mosquitto: MosquittoServer, receive: Receive, worker_for: WorkerFor
) -> None:
    receiver = _connected(receive, mosquitto)
    stored: Values = (31.0, 9.0, 120.0, 611.0, 27.5, 44.0, 6.6)

    def last_values(device: str) -> Values | None:
        if device == "simulator-01-2":
            raise KnownError("store.locked")
        return stored if device == "simulator-01" else None

    config = PublisherConfig(devices=2, topic=TOPIC, count=2)
    worker = worker_for(endpoint_of(mosquitto), config, last_values)
    worker.start()
    receiver.wait_for_messages(2)
    first, second = (json.loads(message.payload)[2:] for message in receiver.messages)
    assert first == pytest.approx(stored, rel=0.03)
    assert second != pytest.approx(stored, rel=0.03)


def test_a_broker_that_confirms_nothing_is_unconfirmed_in_the_end(
    mosquitto: MosquittoServer, worker_for: WorkerFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_worker, "_PATIENCE_S", 0.5)
    worker = worker_for(endpoint_of(mosquitto), PublisherConfig(interval_s=0.1, topic=TOPIC))
    worker.start()
    wait_until(lambda: worker.status().state is PublisherState.RUNNING)
    mosquitto.freeze()
    wait_until(lambda: worker.status().state is PublisherState.UNCONFIRMED, 3.0)
    assert worker.status().waiting >= 5
    mosquitto.thaw()
    wait_until(lambda: worker.status().state is PublisherState.RUNNING, 3.0)


def test_a_full_queue_holds_nothing_back_and_loses_nothing_made(
    worker_for: WorkerFor, receive: Receive
) -> None:
    with MosquittoServer(persistence=True) as server:
        receiver = _connected(receive, server)
        server.stop()
        config = PublisherConfig(interval_s=0.01, topic=TOPIC, count=12)
        worker = worker_for(endpoint_of(server), config, max_waiting=4)
        worker.start()
        wait_until(lambda: worker.status().waiting == 12)
        server.start()
        worker.retry_now()
        receiver.source.retry_now()
        assert worker.finished.wait(5.0)
        wait_until(lambda: len(set(receiver.payloads)) == 12)
        instants = [json.loads(payload)[1] for payload in dict.fromkeys(receiver.payloads)]
        assert instants == sorted(instants)


def test_a_forbidden_topic_is_an_error_with_its_cause(
    worker_for: WorkerFor,
) -> None:
    with MosquittoServer() as server:
        rules = server.folder / "acl"
        rules.write_text("topic readwrite elsewhere/#\n")
        server.use([f"acl_file {rules}"])
        server.restart()
        worker = worker_for(endpoint_of(server), PublisherConfig(topic=TOPIC, count=1))
        worker.start()
        assert worker.finished.wait(5.0)
        status = worker.status()
        assert status.state is PublisherState.ERROR
        assert status.problem is not None
        assert status.problem.code == "broker.not_authorized"
        assert (status.published, status.waiting) == (0, 0)
        assert (worker.refused, worker.confirmed_own) == (1, 0)


def test_stop_is_quick_when_nobody_listens(worker_for: WorkerFor) -> None:
    endpoint = MqttEndpoint("127.0.0.1", free_port(), client_id="nobody")
    worker = worker_for(endpoint, PublisherConfig(interval_s=0.1, topic=TOPIC))
    worker.start()
    time.sleep(0.3)
    before_s = time.monotonic()
    assert worker.stop(3.0)
    assert time.monotonic() - before_s < 1.0


def test_a_disk_that_takes_nothing_is_said_and_readings_go_out_all_the_same(
    mosquitto: MosquittoServer, receive: Receive, worker_for: WorkerFor, tmp_path: Path
) -> None:
    receiver = _connected(receive, mosquitto)
    (tmp_path / "outbox.db").mkdir()
    config = PublisherConfig(interval_s=0.1, topic=TOPIC)
    worker = worker_for(endpoint_of(mosquitto), config)
    worker.start()
    receiver.wait_for_messages(3)
    problem = worker.status().problem
    assert problem is not None
    assert problem.code == "publisher.outbox_failed"
    assert worker.status().state is PublisherState.RUNNING
