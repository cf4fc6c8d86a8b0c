"""The existing backend stores what is posted twice twice: so nothing may be."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harit_desktop.domain.status import PublisherRoute
from tests.flask_backend import FlaskBackend
from tests.servers import MosquittoServer, free_port, wait_until
from tests.transport.conftest import endpoint_of
from tests.transport.test_publisher_fallback import (
    Killed,
    Reading,
    Setup,
    come_back,
    heard,
    listener,
    posted,
)

pytestmark = pytest.mark.broker

SetupFor = Callable[..., Setup]
POST = "POST /api/soil-health/analyze"
LOOK = "GET /api/soil-health/history?limit=50"


@pytest.fixture
def backend() -> Iterator[FlaskBackend]:
    with FlaskBackend() as server:
        yield server


@pytest.fixture
def publish(tmp_path: Path, backend: FlaskBackend) -> Iterator[SetupFor]:
    """A worker that goes on with the same outbox: `publish(**options)`."""
    setups: list[Setup] = []

    def make(**options: object) -> Setup:
        options = {"mode": "api_only", "timeout_s": 1.0} | options
        endpoint = options.pop("endpoint", None)
        setups.append(Setup(tmp_path, endpoint, backend.url, **options))  # type: ignore[arg-type]  # test options
        setups[-1].worker.start()
        return setups[-1]

    yield make
    for setup in setups:
        setup.worker.stop(3.0)


def each_once(backend: FlaskBackend, made: list[Reading]) -> None:
    # A publisher that is killed may have sent more than it could say.
    rows = [row["posted"] for row in backend.readings()]
    counts = Counter((row["publisher_id"], row["timestamp"]) for row in rows)
    assert [each for each, count in counts.items() if count > 1] == []
    assert posted(backend, made) == made


def test_answers_that_are_lost_double_nothing(publish: SetupFor, backend: FlaskBackend) -> None:
    setup = publish(count=60)
    for _ in range(3):
        setup.wait_for_confirmed(3)
        backend.set_fault("lost_answer")
        setup.wait_for(PublisherRoute.HOLDING)
        backend.set_fault("none")
        setup.worker.retry_now()
    assert setup.worker.finished.wait(20.0)
    each_once(backend, setup.made)
    assert setup.worker.confirmed_own == setup.worker.status().via_api == 60


def test_the_very_first_answer_may_be_lost(publish: SetupFor, backend: FlaskBackend) -> None:
    backend.set_fault("lost_answer")
    setup = publish(count=5)
    wait_until(lambda: posted(backend, setup.made))
    setup.wait_for(PublisherRoute.HOLDING)
    # While its history cannot be had either, nothing is posted.
    wait_until(lambda: backend.requests().count(LOOK) >= 2)
    assert backend.requests().count(POST) == 1
    backend.set_fault("none")
    assert setup.worker.finished.wait(15.0)
    each_once(backend, setup.made)


def test_a_post_that_is_stored_after_its_time_is_waited_for(
    publish: SetupFor, backend: FlaskBackend
) -> None:
    backend.set_fault("slow")
    setup = publish(count=4)
    setup.wait_for(PublisherRoute.HOLDING)
    # Its history answers at once now, and does not have the reading yet.
    backend.set_fault("none")
    assert setup.worker.finished.wait(20.0)
    each_once(backend, setup.made)
    assert backend.requests().count(POST) == 4
    assert backend.requests().count(LOOK) >= 2


def test_a_slow_api_is_asked_until_it_is_quick_enough(
    publish: SetupFor, backend: FlaskBackend
) -> None:
    backend.set_fault("slow")
    setup = publish(count=4)
    wait_until(lambda: posted(backend, setup.made), 10.0)
    wait_until(lambda: backend.requests().count(LOOK) >= 2, 10.0)
    backend.set_fault("none")
    assert setup.worker.finished.wait(20.0)
    each_once(backend, setup.made)


def test_what_was_not_stored_is_posted_again(publish: SetupFor, backend: FlaskBackend) -> None:
    setup = publish(count=8)
    setup.wait_for_confirmed(2)
    backend.set_fault("e500")
    setup.wait_for(PublisherRoute.HOLDING)
    backend.set_fault("none")
    assert setup.worker.finished.wait(15.0)
    each_once(backend, setup.made)


def test_an_api_that_was_not_there_leaves_no_doubt(
    publish: SetupFor, backend: FlaskBackend
) -> None:
    backend.stop()
    setup = publish(count=3)
    setup.wait_for(PublisherRoute.HOLDING)
    backend.start()
    assert setup.worker.finished.wait(15.0)
    each_once(backend, setup.made)
    assert LOOK not in backend.requests()


def test_a_backend_killed_while_it_is_posted_to(publish: SetupFor, backend: FlaskBackend) -> None:
    setup = publish(count=None, interval_s=0.005)
    for number in range(6):
        setup.wait_for_confirmed(5)
        if number % 2:
            # Surely between the row and its answer.
            backend.set_fault("lost_answer")
            setup.wait_for(PublisherRoute.HOLDING)
        backend.kill()
        backend.set_fault("none")
        setup.wait_for(PublisherRoute.HOLDING)
        backend.start()
        setup.worker.retry_now()
        setup.wait_for(PublisherRoute.API)
    wait_until(lambda: setup.worker.status().waiting < 5, 20.0)
    assert setup.worker.stop(3.0)
    last = publish(count=1)
    assert last.worker.finished.wait(15.0)
    each_once(backend, setup.made + last.made)


def test_a_doubt_does_not_keep_readings_from_the_broker(
    publish: SetupFor, backend: FlaskBackend, receive: Callable[..., object]
) -> None:
    with MosquittoServer(persistence=True) as server:
        receiver = listener(receive, server)  # type: ignore[arg-type]  # the fixture
        server.stop()
        endpoint = endpoint_of(server)
        setup = publish(mode="auto", endpoint=endpoint, stable_s=60.0, count=80)
        setup.wait_for(PublisherRoute.API)
        setup.wait_for_confirmed(3)
        backend.set_fault("lost_answer")
        setup.wait_for(PublisherRoute.HOLDING)
        come_back(server, setup, receiver)
        setup.wait_for(PublisherRoute.MQTT, 3.0)
        setup.wait_for_confirmed(5)
        backend.set_fault("none")
        server.stop()
        setup.wait_for(PublisherRoute.API)
        assert setup.worker.finished.wait(15.0)
        by_api = posted(backend, setup.made)
        # What the broker has not passed on yet.
        come_back(server, setup, receiver)
        wait_until(lambda: set(heard(receiver) + by_api) == set(setup.made))
    assert max(Counter(by_api).values()) == 1


def test_a_run_that_ended_with_a_doubt_leaves_it_to_the_next(
    publish: SetupFor, backend: FlaskBackend
) -> None:
    backend.set_fault("lost_answer")
    first = publish(count=4)
    wait_until(lambda: first.worker.status().waiting == 4)
    wait_until(lambda: posted(backend, first.made))
    assert first.worker.stop(3.0)
    backend.set_fault("none")
    second = publish(count=2)
    assert second.worker.finished.wait(15.0)
    each_once(backend, first.made + second.made)
    # One look finds the first, one that the second of them was not posted.
    assert backend.requests()[2:].count(LOOK) <= 4
    status = second.worker.status()
    assert (status.published, second.worker.confirmed_own) == (6, 2)


def test_a_run_that_begins_with_the_values_of_the_one_before_loses_nothing(
    publish: SetupFor, backend: FlaskBackend
) -> None:
    first = publish(count=3, seed=1)
    assert first.worker.finished.wait(10.0)
    time.sleep(1.5)
    backend.set_fault("e500")
    second = publish(count=2, seed=1)
    wait_until(lambda: second.worker.status().waiting == 2)
    second.wait_for(PublisherRoute.HOLDING)
    assert second.worker.stop(3.0)
    backend.set_fault("none")
    third = publish(count=2, seed=1)
    assert third.worker.finished.wait(15.0)
    each_once(backend, first.made + second.made + third.made)
    n = [each["sensor_readings"]["N"] for each in backend.readings()]
    assert n[0] == n[3] == n[5]


def test_a_publisher_killed_between_a_post_and_its_answer(
    tmp_path: Path, publish: SetupFor, backend: FlaskBackend
) -> None:
    backend.set_fault("slow")
    killed = Killed(tmp_path, free_port(), backend.url)
    wait_until(lambda: POST in backend.requests(), 20.0)
    # Its first reading is stored only when nobody waits for it any longer.
    made = killed.kill_after(1)
    last = publish(count=1, timeout_s=10.0)
    wait_until(lambda: LOOK in backend.requests())
    backend.set_fault("none")
    assert last.worker.finished.wait(20.0)
    each_once(backend, made + last.made)


def test_a_publisher_killed_again_and_again(
    tmp_path: Path, publish: SetupFor, backend: FlaskBackend
) -> None:
    port, made = free_port(), []
    for round_number in range(5):
        killed = Killed(tmp_path, port, backend.url)
        wanted = len(backend.readings()) + 10 + 7 * round_number
        wait_until(lambda n=wanted: len(backend.readings()) >= n, 20.0)  # type: ignore[misc]  # the loop's own
        made += killed.kill_after(1)
    last = publish(count=1)
    assert last.worker.finished.wait(20.0)
    each_once(backend, made + last.made)
