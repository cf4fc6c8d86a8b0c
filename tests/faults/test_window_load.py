"""The window under load and in trouble stays alive and closes in time: F30, F32, F18."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.end_to_end.programs import Window
from tests.faults.history import SqliteStore, check_history
from tests.faults.locks import locked
from tests.faults.program import STOP_S, at, at_port
from tests.faults.sensors import Plan, Sensors, send
from tests.faults.test_security import listeners
from tests.servers import MosquittoServer
from tests.tcp_proxy import TcpProxy

pytestmark = [pytest.mark.e2e, pytest.mark.broker]

STALL_S = 1.0
"""The promise for the longest stall of the main thread."""

SEEN_S = 5.0


class StallProbe:
    """Asks the main thread for something small again and again and notes the longest wait."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self.worst_s = 0.0
        self.questions = 0

    def ask(self) -> None:
        asked = time.monotonic()
        self._window.ask("state", name="conn.broker.state")
        self.worst_s = max(self.worst_s, time.monotonic() - asked)
        self.questions += 1
        time.sleep(0.03)

    def watch_until(self, condition: object, timeout_s: float) -> None:
        assert callable(condition)
        ends = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < ends, f"not within {timeout_s} s"
            self.ask()

    def watch_for(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self.ask()


def close_in_time(window: Window) -> None:
    started = time.monotonic()
    assert window.close(STOP_S + 10) == 0
    assert time.monotonic() - started <= STOP_S, "the end took too long"
    assert "Traceback" not in window.stderr


@pytest.mark.slow
def test_a_steady_load_and_a_burst(broker: MosquittoServer, tmp_path: Path, display: str) -> None:
    """F30, scaled to a shared computer: 1000 a second for 8 s, then 8000 at once."""
    steady, burst = Plan(8000, rate=1000, devices=20), Plan(8000, first=20_000, devices=20)
    store = SqliteStore(tmp_path / "data" / "harit.db")
    with Window(tmp_path / "data", display, at(broker)) as window:
        window.wait("conn.broker.state", state="live")
        probe = StallProbe(window)
        with Sensors(broker.port, tmp_path, steady, "steady") as sensors:
            probe.watch_until(lambda: not sensors.running, 30)
            confirmed = sensors.finish()
        with Sensors(broker.port, tmp_path, burst, "burst") as sensors:
            probe.watch_until(lambda: not sensors.running and store.count() >= 16_000, 40)
            confirmed |= sensors.finish()
        assert probe.questions > 100
        assert probe.worst_s <= STALL_S
        check_history(store, confirmed, steady, burst, late_s=0.5)
        assert listeners(window.process.pid) == set(), "F35"
        close_in_time(window)


@pytest.mark.slow
def test_the_window_lives_while_the_database_is_held(
    broker: MosquittoServer, tmp_path: Path, display: str
) -> None:
    """F18: shown in the data path, no stall, recovers by itself; F32: closes in time."""
    plan, later = Plan(200), Plan(10, first=1000)
    database = tmp_path / "data" / "harit.db"
    with Window(tmp_path / "data", display, at(broker)) as window:
        window.wait("conn.broker.state", state="live")
        window.wait("conn.database.state", state="live")
        probe = StallProbe(window)
        with locked(database):
            send(broker.port, [plan.payload(n) for n in plan.numbers])
            window.wait("conn.database.state", timeout_s=SEEN_S, state="stale")
            probe.watch_for(3)
        window.wait("conn.database.state", timeout_s=SEEN_S, state="live")
        check_history(SqliteStore(database), set(plan.numbers), plan, late_s=0)
        with locked(database):
            send(broker.port, [later.payload(n) for n in later.numbers])
            window.wait("conn.database.state", timeout_s=SEEN_S, state="stale")
            assert probe.worst_s <= STALL_S
            close_in_time(window)


@pytest.mark.slow
def test_the_window_lives_on_a_black_line(
    broker: MosquittoServer, tmp_path: Path, display: str
) -> None:
    """F25, F32: connected, and then nothing answers any more."""
    with TcpProxy("127.0.0.1", broker.port) as proxy:
        options = at_port(proxy.port, "broker.keepalive_s=5")
        with Window(tmp_path / "a", display, options) as window:
            window.wait("conn.broker.state", state="live")
            probe = StallProbe(window)
            proxy.blackhole = True
            probe.watch_until(
                lambda: window.state("conn.broker.state").get("state") == "stale", 2 * 5 + 3
            )
            probe.watch_for(1)
            assert probe.worst_s <= STALL_S
            close_in_time(window)
