"""The publisher between a broker and an API that come and go: nothing lost, nothing doubled."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.status import LinkState, PublisherRoute, PublisherState
from harit_desktop.storage.outbox import Outbox
from harit_desktop.transport import publisher_sender
from harit_desktop.transport.api_address import parse_api_url
from harit_desktop.transport.api_client import ApiClient
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.failover import Mode
from harit_desktop.transport.mqtt_publisher import MqttPublisher
from harit_desktop.transport.publisher_worker import PublisherConfig, PublisherWorker
from harit_desktop.wire.api_json import read_history
from tests.flask_backend import FlaskBackend
from tests.servers import MosquittoServer, free_port, wait_until
from tests.transport.conftest import TOPIC, Receiver, endpoint_of, now_us

Reading = tuple[str, int]
"""Publisher id and instant, which no two readings share."""
Receive = Callable[..., Receiver]

pytestmark = pytest.mark.broker

API, MQTT = PublisherRoute.API, PublisherRoute.MQTT
HOLDING, RETRYING = PublisherRoute.HOLDING, PublisherRoute.RETRYING


def encode(device: str, timestamp_us: int, values: Values) -> bytes:
    sensors = {channel.key: value for channel, value in zip(CHANNELS, values, strict=True)}
    return json.dumps(
        {"publisher_id": device, "timestamp": timestamp_us, "sensor_readings": sensors}
    ).encode()


def encode_post(device: str, timestamp_us: int, values: Values) -> bytes:
    sensors = {channel.key: value for channel, value in zip(CHANNELS, values, strict=True)}
    return json.dumps({**sensors, "publisher_id": device, "timestamp": timestamp_us}).encode()


class Setup:
    """A worker with what it made, as its encoder saw it."""

    def __init__(
        self,
        folder: Path,
        endpoint: MqttEndpoint | None,
        url: str | None,
        *,
        mode: Mode = "auto",
        token: str | None = None,
        timeout_s: float = 10.0,
        body: Callable[[str, int, Values], bytes] = encode_post,
        **config: Any,
    ) -> None:
        self.made: list[Reading] = []
        options: dict[str, Any] = {
            "interval_s": 0.05,
            "topic": TOPIC,
            "mqtt_retries": 0,
            "stable_s": 1.0,
            # With the same seed each run would begin with the same values.
            "seed": random.randrange(2**31),
        }
        self._body = body
        publisher = None
        if endpoint is not None:
            publisher = MqttPublisher(endpoint, now_us, "simulator-01")
        api = None if url is None else ApiClient(parse_api_url(url), token, timeout_s)
        self.worker = PublisherWorker(
            PublisherConfig(**(options | config)),
            publisher,
            encode,
            self._encode_post,
            lambda _device: None,
            now_us,
            Outbox(folder / "outbox.db"),
            api,
            mode,
            lambda body: read_history(body, "system"),
        )

    def _encode_post(self, device: str, timestamp_us: int, values: Values) -> bytes:
        self.made.append((device, timestamp_us))
        return self._body(device, timestamp_us, values)

    @property
    def route(self) -> PublisherRoute:
        return self.worker.status().route

    def wait_for(self, route: PublisherRoute, timeout_s: float = 10.0) -> None:
        wait_until(lambda: self.route is route, timeout_s, f"{route}, is {self.worker.status()}")

    def wait_for_confirmed(self, more: int, timeout_s: float = 15.0) -> None:
        wanted = self.worker.status().published + more
        wait_until(
            lambda: self.worker.status().published >= wanted,
            timeout_s,
            f"{wanted} confirmed, is {self.worker.status()}",
        )


@pytest.fixture
def setup_for(tmp_path: Path) -> Iterator[Callable[..., Setup]]:
    """Makes and starts a worker: `setup_for(endpoint, url, **options)`."""
    setups: list[Setup] = []

    def make(endpoint: MqttEndpoint | None, url: str | None, **options: Any) -> Setup:
        setups.append(Setup(tmp_path, endpoint, url, **options))
        setups[-1].worker.start()
        return setups[-1]

    yield make
    for setup in setups:
        setup.worker.stop(3.0)


@pytest.fixture(scope="module")
def backend_process() -> Iterator[FlaskBackend]:
    with FlaskBackend() as server:
        yield server


@pytest.fixture
def backend(backend_process: FlaskBackend) -> Iterator[FlaskBackend]:
    """The stand-in, sound again and up at the end of each test; it keeps its rows."""
    yield backend_process
    if backend_process.process is None:
        backend_process.start()
    backend_process.set_fault("none")


def nobody() -> MqttEndpoint:
    return MqttEndpoint("127.0.0.1", free_port(), client_id="nobody")


def posted(backend: FlaskBackend, made: list[Reading]) -> list[Reading]:
    """What of `made` the backend holds, in its order, however often."""
    of_ours = set(made)
    rows = [row["posted"] for row in backend.readings()]
    found = [(row["publisher_id"], row["timestamp"]) for row in rows if row]
    return [reading for reading in found if reading in of_ours]


def heard(receiver: Receiver) -> list[Reading]:
    bodies = [json.loads(payload) for payload in receiver.payloads]
    return [(body["publisher_id"], body["timestamp"]) for body in bodies]


def listener(receive: Receive, server: MosquittoServer) -> Receiver:
    receiver = receive(endpoint_of(server))
    receiver.wait_for(LinkState.CONNECTED)
    return receiver


def come_back(server: MosquittoServer, setup: Setup, *receivers: Receiver) -> None:
    """The broker starts again; nobody waits for a back-off."""
    server.start()
    for receiver in receivers:
        receiver.source.retry_now()
        receiver.wait_for(LinkState.CONNECTED)
    setup.worker.retry_now()


def test_a_killed_broker_gives_way_to_the_api_within_ten_seconds_and_gets_the_readings_back(
    setup_for: Callable[..., Setup], backend: FlaskBackend, receive: Receive
) -> None:
    with MosquittoServer(persistence=True) as server:
        receiver = listener(receive, server)
        setup = setup_for(endpoint_of(server), backend.url, mqtt_retries=3, interval_s=0.1)
        receiver.wait_for_messages(5)
        server.kill()
        killed_s = time.monotonic()
        setup.wait_for(RETRYING)
        status = setup.worker.status()
        assert status.retry_at_us is not None
        assert 0 < status.retry_at_us - now_us() < 1_100_000
        wait_until(lambda: posted(backend, setup.made), 10.0, "the first reading is posted")
        assert time.monotonic() - killed_s < 10.0
        status = setup.worker.status()
        assert (status.route, status.state) == (API, PublisherState.RUNNING)
        assert status.problem is not None
        assert status.problem.code == "broker.refused"
        wait_until(lambda: setup.worker.status().waiting < 3)
        come_back(server, setup, receiver)
        wait_until(lambda: setup.worker.status().back_at_us is not None)
        assert setup.route is API
        setup.wait_for(MQTT)
        assert setup.worker.status().back_at_us is None
        setup.wait_for_confirmed(5)
        assert setup.worker.stop(3.0)
        status = setup.worker.status()
        wait_until(
            lambda: set(heard(receiver)) | set(posted(backend, setup.made)) == set(setup.made)
        )
        assert status.via_api == len(posted(backend, setup.made))
        assert (status.published, status.waiting) == (len(setup.made), 0)
        # Only what the kill left in doubt may have gone both ways.
        assert len(set(heard(receiver)) & set(posted(backend, setup.made))) <= 1


def test_while_both_are_down_readings_wait_and_are_posted_later_oldest_first(
    setup_for: Callable[..., Setup], backend: FlaskBackend
) -> None:
    backend.stop()
    setup = setup_for(nobody(), backend.url, count=30)
    setup.wait_for(HOLDING)
    wait_until(lambda: setup.worker.status().waiting == 30)
    status = setup.worker.status()
    assert status.retry_at_us is not None
    assert status.problem is not None
    assert not setup.worker.finished.is_set()
    backend.start()
    assert setup.worker.finished.wait(15.0)
    assert posted(backend, setup.made) == setup.made
    assert setup.worker.confirmed_own == setup.worker.status().via_api == 30


def test_while_both_are_down_the_first_that_returns_gets_the_readings(
    setup_for: Callable[..., Setup], backend: FlaskBackend, receive: Receive
) -> None:
    with MosquittoServer(persistence=True) as server:
        receiver = listener(receive, server)
        server.stop()
        backend.stop()
        setup = setup_for(endpoint_of(server), backend.url, count=40)
        setup.wait_for(HOLDING)
        come_back(server, setup, receiver)
        assert setup.worker.finished.wait(15.0)
        wait_until(lambda: list(dict.fromkeys(heard(receiver))) == setup.made)
        assert setup.worker.status().via_api == 0


@pytest.mark.parametrize("fault", ["e500", "e503", "e429", "html", "redirect", "huge", "half_json"])
def test_an_api_that_does_not_do_its_work_costs_nothing(
    setup_for: Callable[..., Setup], backend: FlaskBackend, fault: str
) -> None:
    backend.set_fault(fault)
    setup = setup_for(nobody(), backend.url, count=10)
    setup.wait_for(HOLDING, 20.0)
    wait_until(lambda: setup.worker.status().waiting == 10)
    assert setup.worker.status().state is not PublisherState.ERROR
    backend.set_fault("none")
    assert setup.worker.finished.wait(15.0)
    assert posted(backend, setup.made) == setup.made
    assert setup.worker.refused == 0


def test_an_api_that_fails_gives_way_at_once_to_a_broker_that_is_back(
    setup_for: Callable[..., Setup], backend: FlaskBackend, receive: Receive
) -> None:
    with MosquittoServer(persistence=True) as server:
        receiver = listener(receive, server)
        server.stop()
        setup = setup_for(endpoint_of(server), backend.url, stable_s=60.0)
        setup.wait_for(API)
        setup.wait_for_confirmed(3)
        come_back(server, setup, receiver)
        wait_until(lambda: setup.worker.status().back_at_us is not None)
        backend.set_fault("e500")
        setup.wait_for(MQTT, 3.0)
        setup.wait_for_confirmed(3)
        assert setup.worker.stop(3.0)
        wait_until(
            lambda: set(heard(receiver)) | set(posted(backend, setup.made)) == set(setup.made)
        )
        assert not set(heard(receiver)) & set(posted(backend, setup.made))


def test_a_slow_api_holds_neither_the_readings_up_nor_the_end(
    setup_for: Callable[..., Setup], backend: FlaskBackend
) -> None:
    backend.set_fault("slow")
    setup = setup_for(None, backend.url, mode="api_only", interval_s=0.1)
    wait_until(lambda: len(setup.made) >= 20)
    instants = [timestamp_us for _, timestamp_us in setup.made[:20]]
    assert max(after - before for before, after in pairwise(instants)) < 500_000
    wait_until(lambda: posted(backend, setup.made), 8.0, "a slow answer is an answer")
    before_s = time.monotonic()
    assert setup.worker.stop(2.0)
    assert time.monotonic() - before_s < 2.0
    assert setup.worker.status().waiting > 15


def test_with_the_api_alone_all_goes_there_and_no_broker_is_asked(
    setup_for: Callable[..., Setup], backend: FlaskBackend
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        broker.settimeout(0.3)
        endpoint = MqttEndpoint("127.0.0.1", broker.getsockname()[1], client_id="nobody")
        setup = setup_for(endpoint, backend.url, mode="api_only", count=4)
        assert setup.worker.finished.wait(10.0)
        with pytest.raises(TimeoutError):
            broker.accept()
    assert posted(backend, setup.made) == setup.made
    status = setup.worker.status()
    assert (status.route, status.via_api, status.problem) == (API, 4, None)


def test_without_an_api_readings_wait_for_the_broker(
    setup_for: Callable[..., Setup], backend: FlaskBackend, receive: Receive
) -> None:
    with MosquittoServer(persistence=True) as server:
        receiver = listener(receive, server)
        server.stop()
        setup = setup_for(endpoint_of(server), backend.url, mode="mqtt_only", count=20)
        setup.wait_for(HOLDING)
        wait_until(lambda: setup.worker.status().waiting == 20)
        assert setup.worker.status().retry_at_us is not None
        come_back(server, setup, receiver)
        assert setup.worker.finished.wait(10.0)
        wait_until(lambda: list(dict.fromkeys(heard(receiver))) == setup.made)
    assert posted(backend, setup.made) == []


def test_an_api_that_wants_a_token_is_left_alone_and_said(
    setup_for: Callable[..., Setup], tmp_path: Path
) -> None:
    with FlaskBackend(token="right") as guarded:
        setup = setup_for(None, guarded.url, mode="api_only", token="wrong", count=3)
        wait_until(lambda: setup.worker.status().state is PublisherState.ERROR)
        problem = setup.worker.status().problem
        assert problem is not None
        assert problem.code == "api.auth"
        time.sleep(1.5)
        assert len(guarded.requests()) == 1
        assert setup.worker.status().waiting == 3
        assert setup.worker.stop(3.0)
        again = Setup(tmp_path, None, guarded.url, mode="api_only", token="right", count=1)
        again.worker.start()
        assert again.worker.finished.wait(10.0)
        again.worker.stop(3.0)
        assert posted(guarded, setup.made + again.made) == setup.made + again.made
        # The three of the run before are confirmed, and not counted as this run's.
        assert (again.worker.status().published, again.worker.confirmed_own) == (4, 1)


def test_a_reading_that_the_api_refuses_is_dropped_counted_and_said(
    setup_for: Callable[..., Setup], backend: FlaskBackend
) -> None:
    def without_n(device: str, timestamp_us: int, values: Values) -> bytes:
        body = json.loads(encode_post(device, timestamp_us, values))
        del body["N"]
        return json.dumps(body).encode()

    setup = setup_for(None, backend.url, mode="api_only", count=3, body=without_n)
    assert setup.worker.finished.wait(10.0)
    status = setup.worker.status()
    assert status.state is PublisherState.ERROR
    assert status.problem is not None
    assert status.problem.code == "api.refused"
    assert (status.published, status.waiting) == (0, 0)
    assert setup.worker.refused == 3


def test_a_broker_that_confirms_nothing_gives_way_too(
    setup_for: Callable[..., Setup],
    backend: FlaskBackend,
    mosquitto: MosquittoServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(publisher_sender, "_SILENT_S", 0.5)
    setup = setup_for(endpoint_of(mosquitto), backend.url, stable_s=60.0)
    setup.wait_for_confirmed(3)
    mosquitto.freeze()
    setup.wait_for(API)
    setup.wait_for_confirmed(3)
    assert setup.worker.status().via_api >= 3
    mosquitto.thaw()


def test_an_api_without_an_answer_does_not_delay_the_end(
    setup_for: Callable[..., Setup], backend: FlaskBackend
) -> None:
    backend.set_fault("hang")
    setup = setup_for(None, backend.url, mode="api_only")
    wait_until(lambda: setup.worker.status().waiting >= 3)
    before_s = time.monotonic()
    assert setup.worker.stop(2.0)
    assert time.monotonic() - before_s < 2.0


_PROGRAM = """
import sys
from tests.transport.test_publisher_fallback import publish_until_killed
publish_until_killed(*sys.argv[1:])
"""


def publish_until_killed(folder: str, port: str, url: str) -> None:
    """A publisher that says what is in its outbox, as a process of its own."""
    endpoint = MqttEndpoint("127.0.0.1", int(port), client_id="killed")
    setup = Setup(Path(folder), endpoint, url, interval_s=0.02, devices=2)
    append = setup.worker._outbox.append

    def say(items: Any) -> tuple[int, ...]:
        ids = append(items)
        for item in items:
            print(json.dumps([item.publisher_id, item.timestamp_us]), flush=True)
        return ids

    setup.worker._outbox.append = say  # type: ignore[method-assign]  # listens in
    setup.worker.start()
    threading.Event().wait()


class Killed:
    def __init__(self, folder: Path, port: int, url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(folder), str(port), url],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )

    def kill_after(self, readings: int) -> list[Reading]:
        """kill -9; what it had made."""
        assert self._process.stdout is not None
        lines = [self._process.stdout.readline() for _ in range(readings)]
        os.kill(self._process.pid, signal.SIGKILL)
        lines += self._process.stdout.read().splitlines()
        self._process.wait()
        self._process.stdout.close()
        made = [json.loads(line) for line in lines if line]
        return [(publisher_id, timestamp_us) for publisher_id, timestamp_us in made]


def test_a_publisher_killed_while_both_are_down_loses_nothing(
    tmp_path: Path, backend: FlaskBackend
) -> None:
    port = free_port()
    backend.stop()
    made = Killed(tmp_path, port, backend.url).kill_after(60)
    made += Killed(tmp_path, port, backend.url).kill_after(60)
    backend.start()
    # Killed once more while it sends them.
    made += Killed(tmp_path, port, backend.url).kill_after(150)
    last = Setup(tmp_path, nobody(), backend.url, count=1)
    last.worker.start()
    assert last.worker.finished.wait(20.0)
    last.worker.stop(3.0)
    made += last.made
    # A kill between the answer and its note leaves one reading in doubt, which is looked up.
    assert posted(backend, made) == made


@pytest.mark.slow
def test_ways_that_change_twenty_times_lose_and_double_nothing(
    setup_for: Callable[..., Setup], backend: FlaskBackend, receive: Receive
) -> None:
    with MosquittoServer(persistence=True) as server:
        receiver = listener(receive, server)
        setup = setup_for(endpoint_of(server), backend.url, stable_s=0.3)
        for _ in range(20):
            setup.wait_for(MQTT)
            setup.wait_for_confirmed(3)
            server.stop()
            setup.wait_for(API)
            setup.wait_for_confirmed(3)
            come_back(server, setup, receiver)
        setup.wait_for(MQTT)
        setup.wait_for_confirmed(3)
        assert setup.worker.stop(3.0)
        wait_until(
            lambda: set(heard(receiver)) | set(posted(backend, setup.made)) == set(setup.made)
        )
        assert max(Counter(posted(backend, setup.made)).values()) == 1
        # A broker that ends between a message and its confirmation leaves that in doubt.
        assert len(set(heard(receiver)) & set(posted(backend, setup.made))) <= 20
        status = setup.worker.status()
        assert (status.published, status.waiting) == (len(setup.made), 0)


@pytest.mark.slow
def test_broker_and_api_that_end_at_random_lose_and_double_nothing(
    setup_for: Callable[..., Setup], backend: FlaskBackend, receive: Receive
) -> None:
    chance = random.Random(4)
    kills = 0
    with MosquittoServer(persistence=True) as server:
        receiver = listener(receive, server)
        # Fewer readings than a broker passes on to a listener that acknowledges none.
        options = {"stable_s": 1.0, "devices": 3, "interval_s": 0.12}
        setup = setup_for(endpoint_of(server), backend.url, **options)
        until_s = time.monotonic() + 25.0
        while time.monotonic() < until_s:
            if server.process is None and chance.random() < 0.4:
                come_back(server, setup)
                receiver.source.retry_now()
            elif server.process is not None and chance.random() < 0.5:
                server.stop()
                kills += 1
            if backend.process is None and chance.random() < 0.6:
                backend.start()
            elif backend.process is not None and chance.random() < 0.2:
                backend.kill()
                kills += 1
            time.sleep(chance.uniform(0.1, 2.0))
        if backend.process is None:
            backend.start()
        if server.process is None:
            come_back(server, setup, receiver)
        receiver.source.retry_now()
        setup.worker.retry_now()
        wait_until(lambda: setup.worker.status().waiting < 5, 20.0)
        via_api = setup.worker.status().via_api
        assert setup.worker.stop(3.0)
        # Sends what the end left in the outbox.
        last = setup_for(endpoint_of(server), backend.url, count=1)
        assert last.worker.finished.wait(15.0)
        made = setup.made + last.made
        by_api = posted(backend, made)
        wait_until(lambda: set(heard(receiver) + by_api) == set(made), 15.0)
    assert kills > 5
    assert via_api > 0
    assert max(Counter(by_api).values()) == 1
    # The listener acknowledges nothing, so the broker brings its messages again, marked.
    first = [json.loads(each.payload) for each in receiver.messages if not each.duplicate_flag]
    # What was on its way when a way ended may be there twice, with the same identity.
    assert len(first) + len(by_api) - len(made) <= 3 * kills
