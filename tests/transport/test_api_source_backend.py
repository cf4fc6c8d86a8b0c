"""The source that reads the API, with the real client against the existing kind of backend."""

import random
import time
from collections.abc import Callable, Iterator

import pytest

from harit_desktop.domain.api import ApiPage
from harit_desktop.domain.message import Origin, RawMessage
from harit_desktop.domain.reading import Reading, Source
from harit_desktop.domain.status import ApiState, ApiStatus, LinkState, LinkStatus
from harit_desktop.transport.api_address import parse_api_url
from harit_desktop.transport.api_client import ApiClient
from harit_desktop.transport.api_source import ApiSource, SourceTimes
from harit_desktop.wire.api_json import read_history
from harit_desktop.wire.registry import MessageDecoder
from tests.flask_backend import FAULTS, KEYS, FlaskBackend
from tests.servers import MosquittoServer, wait_until
from tests.transport.conftest import Receiver, endpoint_of, now_us

QUICK = SourceTimes(stable_s=0.5, check_s=0.2, look_s=0.05, after_s=0.0)


def _values(number: int) -> dict[str, float]:
    return dict.fromkeys(KEYS, 5.0) | {"N": float(number)}


class Monitor:
    """A source that reads a backend; `numbers` is what it delivered (each row's N)."""

    def __init__(
        self,
        backend: FlaskBackend,
        link_status: Callable[[], LinkStatus] = LinkStatus,
        **options: object,
    ) -> None:
        self.backend = backend
        self.messages: list[RawMessage] = []
        address = parse_api_url(backend.url)
        chosen: dict[str, object] = {"mode": "api_only", "poll_s": 0.1, "keepalive_s": 0.25}
        timeout_s = options.pop("timeout_s", 1.0)
        token = options.pop("token", None)
        self._zone = str(options.pop("zone", "system"))
        self.source = ApiSource(
            ApiClient(address, token, timeout_s),  # type: ignore[arg-type]  # test options
            self._read,
            self._take,
            link_status,
            now_us,
            address=address.shown,
            **{**chosen, "times": QUICK, "newest_us": lambda: None, **options},  # type: ignore[arg-type]  # test options
        )

    def _read(self, body: bytes) -> ApiPage:
        return read_history(body, self._zone)

    def _take(self, message: RawMessage) -> bool:
        self.messages.append(message)
        return True

    @property
    def status(self) -> ApiStatus:
        return self.source.status()

    @property
    def numbers(self) -> list[int]:
        decoder = MessageDecoder("system")
        found = []
        for message in list(self.messages):
            reading = decoder.decode(message)
            assert isinstance(reading, Reading), reading
            assert reading.source is Source.API
            found.append(int(reading.values[0] or 0))
        return found

    def wait_for(self, state: ApiState, timeout_s: float = 10.0) -> ApiStatus:
        wait_until(lambda: self.status.state is state, timeout_s, f"{state} of {self.status}")
        return self.status

    def wait_for_rows(self, count: int, timeout_s: float = 10.0) -> None:
        wait_until(lambda: len(self.messages) >= count, timeout_s, f"{count} rows")


MonitorFor = Callable[..., Monitor]


@pytest.fixture
def backend() -> Iterator[FlaskBackend]:
    with FlaskBackend() as server:
        yield server


@pytest.fixture
def monitor_for() -> Iterator[MonitorFor]:
    monitors: list[Monitor] = []

    def make(*arguments: object, **options: object) -> Monitor:
        monitors.append(Monitor(*arguments, **options))  # type: ignore[arg-type]  # test options
        return monitors[-1]

    yield make
    for monitor in monitors:
        assert monitor.source.stop(3.0)


def test_rows_of_the_old_backend_come_once_and_in_order(
    backend: FlaskBackend, monitor_for: MonitorFor
) -> None:
    for number in range(30):
        backend.add(_values(number))
    monitor = monitor_for(backend)
    monitor.source.start()
    monitor.wait_for_rows(30)
    assert monitor.status.state is ApiState.IN_USE
    for number in range(30, 60):
        backend.add(_values(number))
    monitor.wait_for_rows(60)
    time.sleep(0.5)
    assert monitor.numbers == list(range(60))
    assert monitor.status.readings == 60
    assert {message.origin for message in monitor.messages} == {Origin.API}


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("e500", "api.http"),
        ("e503", "api.busy"),
        ("e429", "api.busy"),
        ("html", "api.not_json"),
        ("redirect", "api.redirected"),
        ("huge", "api.too_big"),
        ("half_json", "api.not_json"),
        ("hang", "api.timeout"),
        ("slow", "api.timeout"),
        ("lost_answer", "api.lost"),
    ],
)
def test_every_fault_is_said_and_costs_no_row(
    backend: FlaskBackend, monitor_for: MonitorFor, fault: str, code: str
) -> None:
    for number in range(100):
        backend.add(_values(number))
    monitor = monitor_for(backend)
    monitor.source.start()
    monitor.wait_for_rows(100)
    backend.set_fault(fault)
    failed = monitor.wait_for(ApiState.UNREACHABLE)
    assert failed.problem is not None
    assert failed.problem.code == code
    assert failed.needed
    for number in range(100, 200):
        backend.add(_values(number))
    backend.set_fault("none")
    monitor.source.retry_now()
    monitor.wait_for_rows(200)
    assert monitor.wait_for(ApiState.IN_USE).problem is None
    assert monitor.numbers == list(range(200))


def test_a_pause_asked_for_with_429_is_kept(backend: FlaskBackend, monitor_for: MonitorFor) -> None:
    backend.set_fault("e429")
    monitor = monitor_for(backend)
    monitor.source.start()
    busy = monitor.wait_for(ApiState.UNREACHABLE)
    assert busy.retry_at_us is not None
    assert busy.retry_at_us - now_us() == pytest.approx(2_000_000, abs=700_000)
    asked = len(backend.requests())
    time.sleep(1.0)
    assert len(backend.requests()) == asked


def test_a_slow_backend_is_in_use_all_the_same(
    backend: FlaskBackend, monitor_for: MonitorFor
) -> None:
    backend.set_fault("slow")
    for number in range(5):
        backend.add(_values(number))
    monitor = monitor_for(backend, timeout_s=10.0)
    monitor.source.start()
    monitor.wait_for_rows(5)
    assert monitor.status.state is ApiState.IN_USE
    assert monitor.source.stop(2.0)


@pytest.mark.parametrize("fault", ["hang", "slow", "huge"])
def test_stops_at_once_in_the_middle_of_a_request(
    backend: FlaskBackend, monitor_for: MonitorFor, fault: str
) -> None:
    backend.set_fault(fault)
    monitor = monitor_for(backend, timeout_s=30.0)
    monitor.source.start()
    wait_until(backend.requests)
    time.sleep(0.1)
    begin_s = time.monotonic()
    assert monitor.source.stop(1.0)
    assert time.monotonic() - begin_s < 1.0
    assert monitor.status.state is ApiState.OFF


def test_a_wrong_token_waits_for_a_person(monitor_for: MonitorFor) -> None:
    with FlaskBackend(token="right") as backend:
        monitor = monitor_for(backend, token="wrong")
        monitor.source.start()
        refused = monitor.wait_for(ApiState.REFUSED)
        assert refused.problem is not None
        assert refused.problem.code == "api.auth"
        assert refused.needed
        right = monitor_for(backend, token="right")
        right.source.start()
        right.wait_for(ApiState.IN_USE)


def test_a_backend_that_is_killed_and_comes_back(
    backend: FlaskBackend, monitor_for: MonitorFor
) -> None:
    for number in range(30):
        backend.add(_values(number))
    monitor = monitor_for(backend)
    monitor.source.start()
    monitor.wait_for_rows(30)
    backend.kill()
    lost = monitor.wait_for(ApiState.UNREACHABLE)
    assert lost.problem is not None
    assert lost.problem.code in {"api.unreachable", "api.lost"}
    backend.start()
    backend.add(_values(30))
    monitor.wait_for_rows(31, 20.0)
    assert monitor.numbers == list(range(31))
    assert monitor.source.healthy()


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "UTC", "America/New_York"])
def test_the_servers_naive_times_in_any_zone_cover_the_gap(
    monitor_for: MonitorFor, zone: str
) -> None:
    with FlaskBackend(zone=zone) as backend:
        begin_us = now_us()
        for number in range(40):
            backend.add(_values(number))
        # Read as Indian time, whatever the server's clock shows.
        monitor = monitor_for(backend, zone="Asia/Kolkata", newest_us=lambda: begin_us)
        monitor.source.start()
        monitor.wait_for_rows(40)
        assert monitor.numbers == list(range(40))


@pytest.mark.slow
def test_faults_and_kills_at_random_lose_nothing_and_double_nothing(
    backend: FlaskBackend, monitor_for: MonitorFor
) -> None:
    dice = random.Random(11)
    link = LinkStatus(state=LinkState.LOST, since_us=now_us())
    monitor = monitor_for(backend, lambda: link, mode="auto")
    monitor.source.start()
    number = 0
    until_s = time.monotonic() + 20.0
    while time.monotonic() < until_s:
        if dice.random() < 0.3:
            backend.kill()
            time.sleep(dice.random())
            backend.start()
        backend.set_fault(dice.choice([*FAULTS, *["none"] * 10]))
        state = dice.choice([LinkState.LOST, LinkState.LOST, LinkState.CONNECTED])
        if state is not link.state:
            link = LinkStatus(state=state, since_us=now_us())
        for _ in range(dice.randrange(200)):
            if link.state is LinkState.LOST:
                backend.add(_values(number))
                number += 1
        monitor.source.retry_now()
        time.sleep(dice.random())
    backend.set_fault("none")
    link = LinkStatus(state=LinkState.LOST, since_us=now_us())
    monitor.source.retry_now()
    monitor.wait_for_rows(number, 20.0)
    time.sleep(0.5)
    assert number > 500
    assert sorted(monitor.numbers) == list(range(number))


@pytest.mark.broker
def test_takes_over_from_a_real_broker_and_gives_way_to_it(
    backend: FlaskBackend,
    mosquitto: MosquittoServer,
    receive: Callable[..., Receiver],
    monitor_for: MonitorFor,
) -> None:
    receiver = receive(endpoint_of(mosquitto))
    receiver.wait_for(LinkState.CONNECTED)
    monitor = monitor_for(backend, receiver.source.status, mode="auto")
    monitor.source.start()
    monitor.wait_for(ApiState.STANDBY)
    number = 0
    for _ in range(3):
        mosquitto.kill()
        for _row in range(5):
            backend.add(_values(number))
            number += 1
        in_use = monitor.wait_for(ApiState.IN_USE)
        assert in_use.needed
        mosquitto.start()
        receiver.source.retry_now()
        wait_until(lambda: monitor.status.back_at_us is not None)
        backend.add(_values(number))
        number += 1
        monitor.wait_for(ApiState.STANDBY)
    monitor.wait_for_rows(number)
    time.sleep(0.3)
    assert monitor.numbers == list(range(number))
