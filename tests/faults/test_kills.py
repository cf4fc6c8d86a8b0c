"""The program ends without warning, at the worst moments: F01, F02, F03, F05, F06."""

from __future__ import annotations

import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.end_to_end.programs import Window, wait_for
from tests.faults.history import SqliteStore, check_history, wait_for_more
from tests.faults.program import STOP_S, Program, at, prepared
from tests.faults.sensors import TOPIC, Plan, Sensors
from tests.servers import MosquittoServer

pytestmark = [pytest.mark.e2e, pytest.mark.broker]

KILLS = 12
SEED = int(os.environ.get("HARIT_FAULT_SEED", random.SystemRandom().randrange(10**6)))


_DELIVERIES = re.compile(
    rf"Sending PUBLISH to harit-\S+ \(d(\d), q1, r0, m(\d+), '{TOPIC}'"
    r"|Received PUBACK from harit-\S+ \(Mid: (\d+)"
)


def at_any_moment(program: Program, moments: random.Random) -> None:
    time.sleep(moments.uniform(0.4, 1.2))


def after_a_commit(program: Program, moments: random.Random) -> None:
    """Returns at once when the write-ahead log grew: committed, and not acknowledged yet."""
    log = program.database.with_name("harit.db-wal")
    ends = time.monotonic() + 10
    commits = moments.randrange(1, 12)
    before = -1
    while commits and time.monotonic() < ends:
        try:
            size = log.stat().st_size
        except FileNotFoundError:
            size = 0
        if size > before >= 0:
            commits -= 1
        before = size


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "plan"),
    [
        (at_any_moment, Plan(4500, rate=850, repeats=2)),
        (after_a_commit, Plan(2800, rate=260, timed=False)),
    ],
    ids=["F01 any moment", "F02 between commit and acknowledgement"],
)
def test_kill_9_again_and_again(
    broker: MosquittoServer,
    tmp_path: Path,
    moment: Callable[[Program, random.Random], None],
    plan: Plan,
) -> None:
    print(f"seed {SEED}")
    moments = random.Random(SEED)
    data = prepared(tmp_path / "data", broker)
    with Sensors(broker.port, tmp_path, plan) as sensors:
        for _ in range(KILLS):
            with Program(data, *at(broker)) as program:
                moment(program, moments)
                program.kill()
        assert SqliteStore(data / "harit.db").count(), "nothing was stored between the kills"
        with Program(data, *at(broker)) as last:
            confirmed = sensors.finish()
            check_history(last.store, confirmed, plan)
            last.stop_in_time()


def acknowledged(broker: MosquittoServer, plan: Plan) -> set[int]:
    """The numbers whose acknowledgement the broker had from the program, by its log.

    It passes messages on in the order in which it got them; a packet id names the last
    message that was sent under it.
    """
    order = plan.order()
    under_way: dict[str, int] = {}
    sent = 0
    numbers: set[int] = set()
    for again, sent_id, done_id in _DELIVERIES.findall(broker.log):
        if done_id:
            # The program also sends messages to itself, which are no readings.
            if done_id in under_way:
                numbers.add(under_way.pop(done_id))
        elif again == "0":
            under_way[sent_id] = order[sent]
            sent += 1
    return numbers


@pytest.mark.slow
def test_every_image_of_the_disk_has_what_was_acknowledged(tmp_path: Path) -> None:
    """F03: what a power cut would leave. The program stands still while its files are copied."""
    plan = Plan(1800, rate=400)
    moments = random.Random(SEED)
    images: list[tuple[Path, set[int]]] = []
    with (
        MosquittoServer(["max_queued_messages 100000"], verbose=True) as broker,
        Program(tmp_path / "data", *at(broker)) as program,
    ):
        program.wait_for_state("connected")
        with Sensors(broker.port, tmp_path, plan) as sensors:
            while sensors.running:
                time.sleep(moments.uniform(0.1, 0.6))
                done = acknowledged(broker, plan)
                program.freeze()
                image = tmp_path / f"image{len(images)}" / "harit.db"
                image.parent.mkdir()
                for suffix in ("", "-wal"):
                    shutil.copy(f"{program.database}{suffix}", f"{image}{suffix}")
                program.thaw()
                images.append((image, done))
            confirmed = sensors.finish()
        check_history(program.store, confirmed, plan, late_s=0.5)
        program.stop_in_time()
    assert len(images) >= 6
    assert len(images[len(images) // 2][1]) > 100
    for image, done in images:
        with closing(sqlite3.connect(image)) as db:
            assert db.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        if done:
            check_history(SqliteStore(image), done, plan, timeout_s=1, late_s=0)


def test_sigterm_under_load(broker: MosquittoServer, tmp_path: Path) -> None:
    """F05, and a start under load after it."""
    plan = Plan(9000, rate=1000)
    data = prepared(tmp_path / "data", broker)
    with Sensors(broker.port, tmp_path, plan) as sensors:
        for _ in range(2):
            with Program(data, *at(broker)) as program:
                wait_for_more(program.store, 50)
                program.stop_in_time()
        assert sensors.running, "the load was over before the last stop"
        with Program(data, *at(broker)) as last:
            check_history(last.store, sensors.finish(), plan, late_s=1)
            last.stop_in_time()


def test_the_window_closes_under_load(
    broker: MosquittoServer, tmp_path: Path, display: str
) -> None:
    """F05 with the window: closed by its user, then ended by the system at log-out."""
    plan = Plan(9000, rate=700)
    data = prepared(tmp_path / "data", broker)
    store = SqliteStore(data / "harit.db")
    with Sensors(broker.port, tmp_path, plan) as sensors:
        for end in ("close", "log-out"):
            with Window(data, display, at(broker)) as window:
                window.wait("conn.broker.state", state="live")
                wait_for_more(store, 50)
                started = time.monotonic()
                if end == "close":
                    assert window.close(STOP_S + 10) == 0
                else:
                    window.process.send_signal(signal.SIGTERM)
                    assert window.process.wait(STOP_S + 10) == 0
                assert time.monotonic() - started <= STOP_S, end
                assert "Traceback" not in window.stderr
        with Program(data, *at(broker)) as last:
            check_history(store, sensors.finish(), plan, late_s=1)
            last.stop_in_time()


def test_no_memory_left_loses_nothing_that_was_acknowledged(
    broker: MosquittoServer, tmp_path: Path
) -> None:
    """F06: a flood of big messages and no memory for it: says so, and recovers by itself."""
    plan = Plan(1500, padding=60_000)
    with Program(tmp_path / "data", *at(broker)) as program:
        program.wait_for_state("connected")
        _, hard = resource.prlimit(program.process.pid, resource.RLIMIT_AS)
        resource.prlimit(program.process.pid, resource.RLIMIT_AS, (1, hard))
        with Sensors(broker.port, tmp_path, plan) as sensors:
            confirmed = sensors.finish()
        wait_for(lambda: "  | " in program.lines[-1], 5)
        assert program.store.count() < plan.count, "there was memory enough: nothing was tested"
        resource.prlimit(program.process.pid, resource.RLIMIT_AS, (hard, hard))
        check_history(program.store, confirmed, plan, late_s=1)
        program.stop_in_time()
