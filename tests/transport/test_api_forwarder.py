"""Passing stored readings on, to a stand-in of the existing backend that fails in its ways."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from harit_desktop.app.api_parts import build_forwarder
from harit_desktop.domain.api import ApiPage
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.reading import AnalysedReading
from harit_desktop.domain.status import ForwardState
from harit_desktop.settings.store import build_settings
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.transport.api_address import parse_api_url
from harit_desktop.transport.api_client import ApiClient
from harit_desktop.transport.api_forwarder import GROUP, ApiForwarder, ForwardTimes
from harit_desktop.wire.api_json import read_history
from tests.flask_backend import FlaskBackend
from tests.servers import free_port, wait_until
from tests.storage.builders import EXAMPLE, make_item
from tests.transport.conftest import now_us


class Item(NamedTuple):
    id: int
    analysed: AnalysedReading


class MemoryQueue:
    """Readings in memory; `advances` are the cursor's moves."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.done_id = 0
        self.advances: list[int] = []
        self.problem: KnownError | None = None

    def add(self, count: int, *, bad: Sequence[int] = ()) -> None:
        for _ in range(count):
            number = len(self.items) + 1
            values = (20.0 + number, *EXAMPLE[1:])
            if number in bad:
                values = (None, *EXAMPLE[1:])
            analysed = make_item(number, values=values).analysed
            assert analysed is not None
            self.items.append(Item(number, analysed))

    def start_at_end_if_new(self) -> None:
        self._fail()

    def next(self, limit: int) -> Sequence[Item]:
        self._fail()
        return [item for item in self.items if item.id > self.done_id][:limit]

    def advance(self, last_id: int) -> None:
        self._fail()
        assert last_id > self.done_id
        self.done_id = last_id
        self.advances.append(last_id)

    def waiting(self) -> int:
        self._fail()
        return len(self.items) - self.done_id

    def _fail(self) -> None:
        if self.problem is not None:
            raise self.problem


def encode(item: AnalysedReading) -> bytes:
    reading = item.reading
    body = {
        channel.key: value
        for channel, value in zip(CHANNELS, reading.values, strict=True)
        if value is not None
    }
    who = {"publisher_id": reading.publisher_id, "timestamp": str(reading.timestamp_us)}
    return json.dumps({**body, **who}).encode()


class Forwarding:
    """A forwarder with its queue and what was asked of `own_database`."""

    def __init__(self, url: str, *, timeout_s: float = 2.0, refused_s: float = 60.0) -> None:
        self.queue = MemoryQueue()
        self.histories: list[ApiPage] = []
        self.own: Callable[[ApiPage], str | None] = lambda _: None
        address = parse_api_url(url)
        self.forwarder = ApiForwarder(
            ApiClient(address, None, timeout_s),
            self.queue,
            encode,
            address.shown,
            now_us,
            read_history=lambda body: read_history(body, "system"),
            own_database=self._own_database,
            times=ForwardTimes(refused_s=refused_s),
        )

    def _own_database(self, page: ApiPage) -> str | None:
        self.histories.append(page)
        return self.own(page)

    def start(self) -> None:
        self.forwarder.start()

    def add(self, count: int, *, bad: Sequence[int] = ()) -> None:
        self.queue.add(count, bad=bad)
        self.forwarder.wake()

    def wait_for(self, state: ForwardState, code: str | None, timeout_s: float = 15.0) -> None:
        def reached() -> bool:
            status = self.forwarder.status()
            found = None if status.problem is None else status.problem.code
            return status.state is state and found == code

        what = f"{state} with {code}"
        try:
            wait_until(reached, timeout_s, what)
        except AssertionError as error:
            raise AssertionError(f"{error}, is {self.forwarder.status()}") from error

    def wait_all_sent(self, timeout_s: float = 20.0) -> None:
        def sent() -> bool:
            status = self.forwarder.status()
            done = self.queue.done_id == len(self.queue.items)
            return done and not status.waiting and status.state is ForwardState.SENDING

        try:
            wait_until(sent, timeout_s, "all is sent")
        except AssertionError as error:
            raise AssertionError(f"{error}, is {self.forwarder.status()}") from error


@pytest.fixture
def backend() -> Iterator[FlaskBackend]:
    with FlaskBackend() as server:
        yield server


@pytest.fixture
def forward() -> Iterator[Callable[..., Forwarding]]:
    made: list[Forwarding] = []

    def make(url: str, **options: float) -> Forwarding:
        made.append(Forwarding(url, **options))
        return made[-1]

    yield make
    for each in made:
        each.forwarder.stop(3.0)


Forward = Callable[..., Forwarding]


def posted_times(backend: FlaskBackend) -> list[str]:
    return [row["posted"]["timestamp"] for row in backend.readings()]


def times_of(queue: MemoryQueue) -> list[str]:
    return [str(item.analysed.reading.timestamp_us) for item in queue.items]


def test_readings_arrive_once_in_order_with_their_own_time(
    backend: FlaskBackend, forward: Forward
) -> None:
    forwarding = forward(backend.url)
    forwarding.queue.add(GROUP + 5)
    forwarding.start()
    forwarding.wait_all_sent()
    forwarding.add(3)
    forwarding.wait_all_sent()
    assert posted_times(backend) == times_of(forwarding.queue)
    assert {row["posted"]["publisher_id"] for row in backend.readings()} == {"probe"}
    status = forwarding.forwarder.status()
    assert (status.sent, status.refused, status.waiting) == (GROUP + 8, 0, 0)
    assert status.state is ForwardState.SENDING
    assert forwarding.forwarder.healthy()
    # Not at each reading: a move of the cursor is a write of the store.
    assert len(forwarding.queue.advances) <= 6


def test_a_reading_that_is_not_wanted_is_passed_over(
    backend: FlaskBackend, forward: Forward
) -> None:
    forwarding = forward(backend.url)
    forwarding.queue.add(6, bad=(1, 4))
    forwarding.start()
    forwarding.wait_all_sent()
    status = forwarding.forwarder.status()
    assert (status.sent, status.refused) == (4, 2)
    assert status.problem is not None
    assert status.problem.code == "api.refused"
    assert "Missing" in str(status.problem.params["reason"])
    assert len(backend.readings()) == 4


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("e500", "api.http"),
        ("html", "api.not_json"),
        ("redirect", "api.redirected"),
        ("huge", "api.too_big"),
        ("half_json", "api.not_json"),
        ("e503", "api.busy"),
    ],
)
def test_a_fault_passes_and_nothing_is_lost_or_doubled(
    backend: FlaskBackend, forward: Forward, fault: str, code: str
) -> None:
    forwarding = forward(backend.url)
    forwarding.start()
    forwarding.add(5)
    forwarding.wait_all_sent()
    backend.set_fault(fault)
    forwarding.add(5)
    wait_until(lambda: forwarding.forwarder.status().problem is not None, 10)
    status = forwarding.forwarder.status()
    assert status.state is ForwardState.WAITING
    assert status.problem is not None
    assert status.problem.code in (code, "api.lost")
    assert status.waiting == 5
    backend.set_fault("none")
    forwarding.forwarder.retry_now()
    forwarding.wait_all_sent()
    assert posted_times(backend) == times_of(forwarding.queue)


def test_the_servers_wish_to_wait_is_kept(backend: FlaskBackend, forward: Forward) -> None:
    backend.set_fault("e429")
    forwarding = forward(backend.url)
    forwarding.queue.add(1)
    forwarding.start()
    forwarding.wait_for(ForwardState.WAITING, "api.busy")
    retry_at_us = forwarding.forwarder.status().retry_at_us
    assert retry_at_us is not None
    assert retry_at_us - now_us() > 1_000_000
    backend.set_fault("none")
    forwarding.wait_all_sent()


def test_a_post_whose_answer_was_lost_is_not_posted_again(
    backend: FlaskBackend, forward: Forward
) -> None:
    forwarding = forward(backend.url)
    forwarding.start()
    forwarding.add(3)
    forwarding.wait_all_sent()
    for _ in range(3):
        looked = len(forwarding.histories)
        backend.set_fault("lost_answer")
        forwarding.add(2)
        wait_until(lambda: forwarding.forwarder.status().state is ForwardState.WAITING, 10)
        backend.set_fault("none")
        forwarding.forwarder.retry_now()
        forwarding.wait_all_sent()
        assert len(forwarding.histories) > looked
    assert posted_times(backend) == times_of(forwarding.queue)
    assert forwarding.forwarder.status().sent == 9


def test_the_very_first_post_may_lose_its_answer(backend: FlaskBackend, forward: Forward) -> None:
    forwarding = forward(backend.url)
    forwarding.start()
    wait_until(lambda: forwarding.histories, 10)
    backend.set_fault("lost_answer")
    forwarding.add(2)
    wait_until(lambda: forwarding.forwarder.status().state is ForwardState.WAITING, 10)
    backend.set_fault("none")
    forwarding.wait_all_sent()
    assert posted_times(backend) == times_of(forwarding.queue)


def test_a_post_that_is_stored_after_its_time_is_waited_for(
    backend: FlaskBackend, forward: Forward
) -> None:
    forwarding = forward(backend.url, timeout_s=1.0)
    forwarding.start()
    forwarding.add(2)
    forwarding.wait_all_sent()
    backend.set_fault("slow")
    forwarding.add(2)
    forwarding.wait_for(ForwardState.WAITING, "api.timeout")
    backend.set_fault("none")
    forwarding.wait_all_sent()
    assert posted_times(backend) == times_of(forwarding.queue)
    assert forwarding.forwarder.status().sent == 4


def test_a_backend_that_is_killed_and_comes_back(backend: FlaskBackend, forward: Forward) -> None:
    forwarding = forward(backend.url)
    forwarding.start()
    forwarding.add(10)
    forwarding.wait_all_sent()
    looked = len(forwarding.histories)
    backend.kill()
    forwarding.add(10)
    wait_until(lambda: forwarding.forwarder.status().state is ForwardState.WAITING, 10)
    assert forwarding.forwarder.status().waiting == 10
    backend.start()
    forwarding.forwarder.retry_now()
    forwarding.wait_all_sent()
    assert posted_times(backend) == times_of(forwarding.queue)
    # Another backend might answer there now.
    assert len(forwarding.histories) >= looked + 2


def test_a_backend_that_wants_a_token_needs_a_person(forward: Forward) -> None:
    with FlaskBackend(token="secret") as backend:
        forwarding = forward(backend.url)
        forwarding.queue.add(3)
        forwarding.start()
        forwarding.wait_for(ForwardState.REFUSED, "api.auth")
        assert backend.readings() == []
        assert forwarding.forwarder.status().retry_at_us is not None


def test_nothing_is_posted_into_our_own_database(backend: FlaskBackend, forward: Forward) -> None:
    backend.add(dict(zip([c.key for c in CHANNELS], EXAMPLE, strict=True)))  # type: ignore[arg-type]  # none is None
    forwarding = forward(backend.url)
    forwarding.own = lambda _: "soil_health_db"
    forwarding.queue.add(5)
    forwarding.start()
    forwarding.wait_for(ForwardState.REFUSED, "api.forward_own_database")
    problem = forwarding.forwarder.status().problem
    assert problem is not None
    assert problem.params == {"database": "soil_health_db"}
    assert forwarding.queue.done_id == 0
    assert all("POST" not in request for request in backend.requests())
    # Once it writes elsewhere a person need not wait.
    forwarding.own = lambda _: None
    forwarding.forwarder.retry_now()
    forwarding.wait_all_sent()


def test_an_empty_history_is_asked_again_after_the_first_post(
    backend: FlaskBackend, forward: Forward
) -> None:
    forwarding = forward(backend.url)
    forwarding.own = lambda page: "ours" if page.rows else None
    forwarding.queue.add(50)
    forwarding.start()
    forwarding.wait_for(ForwardState.REFUSED, "api.forward_own_database")
    assert len(backend.readings()) == 1
    assert forwarding.queue.done_id == 1


def test_a_server_that_cannot_tell_holds_the_posts_back(
    backend: FlaskBackend, forward: Forward
) -> None:
    forwarding = forward(backend.url)

    def away(_: ApiPage) -> str | None:
        raise KnownError("server.unreachable", host="db", port=1, detail="")

    forwarding.own = away
    forwarding.queue.add(2)
    forwarding.start()
    forwarding.wait_for(ForwardState.WAITING, "server.unreachable")
    assert backend.readings() == []
    forwarding.own = lambda _: None
    forwarding.wait_all_sent()


def test_a_history_that_tells_nothing_holds_the_posts_back(
    backend: FlaskBackend, forward: Forward
) -> None:
    forwarding = forward(backend.url)

    def unsure(_: ApiPage) -> str | None:
        raise KnownError("api.not_json", host="")

    forwarding.own = unsure
    forwarding.queue.add(2)
    forwarding.start()
    forwarding.wait_for(ForwardState.WAITING, "api.not_json")
    problem = forwarding.forwarder.status().problem
    assert problem is not None
    assert problem.params == {"host": backend.url.removeprefix("http://")}
    assert backend.readings() == []
    forwarding.own = lambda _: None
    forwarding.wait_all_sent()


def test_a_busy_store_is_waited_for(backend: FlaskBackend, forward: Forward) -> None:
    forwarding = forward(backend.url)
    forwarding.queue.add(2)
    forwarding.queue.problem = KnownError("store.locked", path="", reason="")
    forwarding.start()
    forwarding.wait_for(ForwardState.WAITING, "store.locked")
    forwarding.queue.problem = None
    forwarding.wait_all_sent()
    assert posted_times(backend) == times_of(forwarding.queue)


@pytest.mark.parametrize("fault", ["hang", "slow"])
def test_a_hanging_request_does_not_hold_up_the_end(
    backend: FlaskBackend, forward: Forward, fault: str
) -> None:
    forwarding = forward(backend.url, timeout_s=20.0)
    forwarding.queue.add(2)
    forwarding.start()
    forwarding.wait_all_sent()
    backend.set_fault(fault)
    forwarding.add(2)
    wait_until(lambda: backend.requests()[-1:] == ["POST /api/soil-health/analyze"], 5)
    began_s = time.monotonic()
    assert forwarding.forwarder.stop(3.0)
    assert time.monotonic() - began_s < 2.0
    assert forwarding.forwarder.status().state is ForwardState.OFF
    assert "api-forward" not in {thread.name for thread in threading.enumerate()}


def test_waking_costs_the_pipeline_nothing(forward: Forward) -> None:
    forwarding = forward(f"http://127.0.0.1:{free_port()}")
    forwarding.start()
    forwarding.wait_for(ForwardState.WAITING, "api.unreachable")
    began_s = time.monotonic()
    for _ in range(10_000):
        forwarding.forwarder.wake()
    assert time.monotonic() - began_s < 1.0
    forwarding.queue.add(7)
    forwarding.forwarder.wake()
    wait_until(lambda: forwarding.forwarder.status().waiting == 7, 5)
    assert forwarding.forwarder.healthy()


def test_a_restart_goes_on_where_the_store_says(backend: FlaskBackend, tmp_path: Path) -> None:
    path = tmp_path / "harit.db"
    journal = SqliteJournal(path, now_us)
    journal.open()
    journal.commit([make_item(-1), make_item(-2)])
    settings = build_settings({"api.url": backend.url, "api.forward": True})
    for batch in (range(30), range(30, 60), range(60, 90)):
        forwarder = build_forwarder(settings, None, path, None)
        assert forwarder is not None
        forwarder.start()
        wait_until(lambda f=forwarder: f.status().state is ForwardState.SENDING, 10)  # type: ignore[misc]  # the loop's own
        journal.commit([make_item(n, values=(20.0 + n, *EXAMPLE[1:])) for n in batch])
        forwarder.wake()
        wait_until(lambda f=forwarder: f.status().sent >= 10, 10)  # type: ignore[misc]  # the loop's own
        assert forwarder.stop(5.0)
    forwarder = build_forwarder(settings, None, path, None)
    assert forwarder is not None
    forwarder.start()
    wait_until(lambda: len(backend.readings()) >= 90, 20)
    assert forwarder.stop(5.0)
    journal.close()
    # What was stored before anybody wanted it passed on stays here.
    sent = [row["posted"]["N"] for row in backend.readings()]
    assert sent == [20.0 + number for number in range(90)]
    first = backend.readings()[0]["posted"]
    assert first["publisher_id"] == "probe"
    assert first["timestamp"].startswith("2025-11-24T16:00:00")


def test_what_a_killed_run_has_posted_is_not_posted_again(backend: FlaskBackend) -> None:
    """Killed between its posts and the move of its cursor."""
    killed = Forwarding(backend.url)
    killed.queue.add(4)
    killed.forwarder.start()
    wait_until(lambda: len(backend.readings()) == 4, 10)
    assert killed.forwarder.stop(5.0)
    again = Forwarding(backend.url)
    again.queue.add(7)
    again.queue.done_id = 1
    again.forwarder.start()
    try:
        wait_until(lambda: again.queue.done_id == 7, 20)
    finally:
        assert again.forwarder.stop(5.0)
    sent = [row["posted"]["N"] for row in backend.readings()]
    assert sent == [20.0 + number for number in range(1, 8)]
