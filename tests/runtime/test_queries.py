from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from harit_desktop.domain.errors import KnownError
from harit_desktop.runtime.queries import QueryHandle, QueryPool


@pytest.fixture
def pool() -> Iterator[QueryPool]:
    pool = QueryPool()
    yield pool
    pool.stop(2)


def wait(handle: QueryHandle[Any]) -> None:
    ends = time.monotonic() + 10
    while not handle.done and time.monotonic() < ends:
        time.sleep(0.005)
    assert handle.done


def test_the_answer_and_the_known_error_reach_who_asked(pool: QueryPool) -> None:
    good = pool.submit("a", lambda _: 42)

    def fails(_handle: QueryHandle[int]) -> int:
        raise KnownError("store.locked")

    bad = pool.submit("b", fails)
    wait(good)
    wait(bad)
    assert (good.value, good.problem) == (42, None)
    assert bad.value is None
    assert bad.problem is not None
    assert bad.problem.code == "store.locked"


def test_a_newer_request_in_a_slot_wins(pool: QueryPool) -> None:
    started, release = threading.Event(), threading.Event()
    ran: list[str] = []

    def slow(handle: QueryHandle[str]) -> str:
        started.set()
        release.wait(10)
        ran.append("slow")
        return "cancelled" if handle.token.cancelled else "kept"

    first = pool.submit("live", slow)
    assert started.wait(5)
    second = pool.submit("live", lambda _: ran.append("second"))
    third = pool.submit("live", lambda _: "third")
    release.set()
    wait(first)
    wait(second)
    wait(third)
    assert first.value == "cancelled"
    assert second.value is None
    assert third.value == "third"
    assert ran == ["slow"]


def test_a_stopped_pool_answers_with_nothing() -> None:
    pool = QueryPool()
    pool.stop(2)
    handle = pool.submit("a", lambda _: 1)
    assert handle.done
    assert handle.value is None
