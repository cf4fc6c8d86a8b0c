from __future__ import annotations

import threading

import pytest

from harit_desktop.runtime import worker as worker_module
from harit_desktop.runtime.worker import Worker


def test_a_worker_ends_within_its_deadline_when_asked() -> None:
    worker = Worker("patient", lambda stop: stop.wait(60) and None)
    worker.start()
    worker.ask_to_stop()
    assert worker.join(5)
    assert worker.problem is None


def test_a_crashed_worker_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "RESTART_FIRST_S", 0.01)
    runs: list[int] = []
    recovered = threading.Event()

    def body(stop: threading.Event) -> None:
        runs.append(1)
        if len(runs) == 1:
            raise RuntimeError("first time")
        recovered.set()
        stop.wait()

    worker = Worker("shaky", body)
    worker.start()
    assert recovered.wait(5)
    assert len(runs) == 2
    assert worker.problem is not None
    assert worker.problem.code == "worker.crashed"
    worker.ask_to_stop()
    assert worker.join(5)


def test_three_crashes_in_a_minute_leave_it_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "RESTART_FIRST_S", 0.01)
    runs: list[int] = []

    def body(stop: threading.Event) -> None:
        runs.append(1)
        raise RuntimeError("always")

    worker = Worker("broken", body)
    worker.start()
    assert worker.join(5)
    assert len(runs) == 3
    assert worker.problem is not None
    assert worker.problem.code == "worker.down"


def test_a_worker_that_is_never_given_up_goes_on_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "RESTART_FIRST_S", 0.01)
    runs: list[int] = []
    enough = threading.Event()

    def body(stop: threading.Event) -> None:
        runs.append(1)
        if len(runs) < 6:
            raise RuntimeError("again")
        enough.set()
        stop.wait()

    worker = Worker("needed", body, give_up=False)
    worker.start()
    assert enough.wait(20)
    worker.ask_to_stop()
    assert worker.join(5)
