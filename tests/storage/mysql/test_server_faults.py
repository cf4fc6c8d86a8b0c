"""Servers that freeze, die, lock, fill up, forget and lie: no loss, no double, and the truth
in the status."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pymysql
import pytest

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import ServerState
from harit_desktop.storage.mysql.address import ServerAddress
from harit_desktop.storage.mysql.standing import Standing
from harit_desktop.storage.mysql.trail import Trail
from tests.mariadb_server import USER, MariaDbServer
from tests.servers import wait_until
from tests.storage.builders import make_item, make_items, make_rejected
from tests.storage.mysql.forwarding import Sending, make_old_database

MakeSending = Callable[..., Sending]

_FORBID = "ALTER TABLE sensor_readings ADD CONSTRAINT theirs CHECK"
_ALLOW = "ALTER TABLE sensor_readings DROP CONSTRAINT theirs"


@pytest.fixture
def own_server() -> Iterator[MariaDbServer]:
    """For tests that kill it or change its settings."""
    with MariaDbServer() as server:
        yield server


def count(server: MariaDbServer) -> tuple[int, int]:
    """Rows, and different readings."""
    (found,) = server.query("SELECT COUNT(*), COUNT(DISTINCT reading_key) FROM sensor_readings")
    return found[0], found[1]


class Load:
    """Commits small batches on a thread of its own until the end of the block."""

    def __init__(self, sending: Sending) -> None:
        self.committed = 0
        self._sending = sending
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.01):
            self._sending.commit(make_items(self.committed, 20))
            self.committed += 20


@contextmanager
def held(server: MariaDbServer, statement: str) -> Iterator[None]:
    """Runs a statement as another program, whose session stays open."""
    with server.connect_as_root() as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        yield


def test_a_frozen_server_shows_soon_without_any_reading(
    own_server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(own_server)
    sending.start()
    sending.wait_ready()
    own_server.freeze()
    sending.wait_for(ServerState.LOST, "server.silent", 20.0)
    own_server.thaw()
    sending.wait_ready(5.0)


def test_stopping_does_not_wait_for_a_frozen_server(
    own_server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(own_server)
    sending.start()
    sending.wait_ready()
    own_server.freeze()
    sending.commit(make_items(0, 50))
    sending.wait_for(ServerState.LOST, "server.silent", 20.0)
    began_s = time.monotonic()
    assert sending.forwarder.stop(3.0)
    assert time.monotonic() - began_s < 3.0
    assert sending.state is ServerState.OFF
    own_server.thaw()
    sending.restart_forwarder()
    sending.wait_ready()
    assert count(own_server) == (50, 50)


def test_a_server_that_stays_frozen_is_given_up_and_found_again(
    own_server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(own_server, read_timeout_s=2.0)
    sending.start()
    sending.wait_ready()
    own_server.freeze()
    sending.commit(make_items(0, 10))
    wait_until(
        lambda: (
            (problem := sending.forwarder.status().problem) is not None
            and problem.code == "server.silent"
            and problem.params["seconds"] >= 4  # type: ignore[operator]  # a number here
        ),
        10.0,
        "the silence is counted over attempts",
    )
    own_server.thaw()
    sending.forwarder.retry_now()
    sending.wait_ready(5.0)
    assert count(own_server) == (10, 10)


def test_killed_and_restarted_under_load_nothing_is_lost_or_doubled(
    own_server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(own_server)
    sending.start()
    sending.wait_ready()
    with Load(sending) as load:
        for _ in range(3):
            time.sleep(0.4)
            own_server.kill()
            wait_until(lambda: sending.state is ServerState.LOST, 3.0, "the loss shows")
            own_server.start()
            sending.forwarder.retry_now()
            sending.wait_for(ServerState.READY, None)
    sending.wait_ready()
    assert count(own_server) == (load.committed, load.committed)


def test_what_a_server_forgets_that_does_not_write_through_is_sent_again(
    make_sending: MakeSending,
) -> None:
    """As a power cut does it: the server's files are those of some seconds ago."""
    with MariaDbServer(["--innodb-flush-log-at-trx-commit=0"]) as server:
        sending = make_sending(server)
        sending.commit(make_items(0, 500))
        sending.start()
        sending.wait_for(ServerState.READY, "server.not_durable")
        wait_until(lambda: count(server) == (500, 500), 5.0, "sent")
        server.stop()
        data = server.folder / "data"
        shutil.copytree(data, server.folder / "before")
        server.start()
        sending.forwarder.retry_now()
        sending.commit(make_items(500, 300))
        wait_until(lambda: count(server) == (800, 800), 10.0, "sent")
        server.kill()
        shutil.rmtree(data)
        (server.folder / "before").rename(data)
        server.start()
        assert count(server) == (500, 500)
        sending.forwarder.retry_now()
        wait_until(lambda: count(server) == (800, 800), 10.0, "sent again")
        wait_until(lambda: sending.forwarder.status().waiting == 0, 5.0, "none waits")


def test_a_trail_goes_back_some_seconds_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    trail = Trail()
    assert trail.safe_id("store") is None
    trail.begin("store", 7)
    for step in range(1, 100):
        now_s = 1000.0 + step
        trail.moved(7 + step)
        trail.answered()
        safe_id = trail.safe_id("store")
        assert safe_id == 7 + max(0, step - 10)
    now_s += 60.0
    assert trail.safe_id("store") == 7 + 89
    trail.answered()
    assert trail.safe_id("store") == 7 + 99
    assert trail.safe_id("other") is None


def test_killed_connections_cost_nothing(server: MariaDbServer, make_sending: MakeSending) -> None:
    sending = make_sending(server)
    sending.start()
    sending.wait_ready()
    killed = 0
    with Load(sending) as load:
        until_s = time.monotonic() + 3.0
        while time.monotonic() < until_s:
            killed += server.kill_connections()
            time.sleep(0.2)
    sending.wait_ready()
    assert killed > 3
    assert count(server) == (load.committed, load.committed)


def test_a_locked_table_is_named_and_waited_for(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(server)
    sending.start()
    sending.wait_ready()
    with held(server, "LOCK TABLES sensor_readings WRITE"):
        sending.commit(make_items(0, 10))
        sending.wait_for(ServerState.LOST, "server.locked")
    sending.forwarder.retry_now()
    sending.wait_ready()
    assert count(server) == (10, 10)


class Watch:
    """Every problem that the status shows during the block, each change once."""

    def __init__(self, sending: Sending) -> None:
        self.seen: list[str | None] = []
        self._sending = sending
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            code = self._sending.problem_code
            if not self.seen or self.seen[-1] != code:
                self.seen.append(code)


def test_a_lock_that_is_there_at_the_start_is_named_all_the_time(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(server)
    sending.start()
    sending.wait_ready()
    with held(server, "LOCK TABLES sensor_readings WRITE, harit_store WRITE"):
        sending.restart_forwarder()
        with Watch(sending) as watch:
            sending.wait_for(ServerState.LOST, "server.locked", 4.0)
            time.sleep(6.0)
    assert watch.seen == [None, "server.locked"]
    sending.forwarder.retry_now()
    sending.wait_ready()


def test_a_change_that_waits_for_a_lock_says_so(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    make_old_database(server)
    sending = make_sending(server, approved=True)
    with server.connect_as_root() as connection, connection.cursor() as cursor:
        connection.begin()
        cursor.execute("SELECT * FROM sensor_readings")
        with Watch(sending) as watch:
            sending.start()
            sending.wait_for(ServerState.CONNECTING, "server.changing")
            sending.wait_for(ServerState.LOST, "server.locked")
            time.sleep(6.0)
    assert watch.seen[-2:] == ["server.changing", "server.locked"]
    assert sending.state is ServerState.LOST
    sending.forwarder.retry_now()
    sending.wait_ready(20.0)


def test_a_change_that_takes_long_says_so_after_a_lock() -> None:
    standing = Standing(ServerAddress("h", 1, "d", "u", "p", tls=False), lambda: 0)
    standing.set(ServerState.LOST, Problem("server.locked"))
    standing.changing()
    now_s = time.monotonic()
    shown = [standing.shown_changing(now_s - waited_s).problem for waited_s in (1.0, 30.0)]
    assert [problem and problem.code for problem in shown] == ["server.locked", "server.changing"]


def test_deadlocks_are_repeated(server: MariaDbServer, make_sending: MakeSending) -> None:
    """Another program writes the same keys in the other order, and holds them for a while."""
    items = make_items(0, 400)
    keys = sorted((item.analysed.key for item in items if item.analysed), reverse=True)
    sending = make_sending(server)
    sending.start()
    sending.wait_ready()
    inserted = "INSERT INTO sensor_readings (reading_key) VALUES "
    with server.connect_as_root() as connection, connection.cursor() as cursor:
        connection.begin()
        cursor.execute(f"{inserted} (0x{keys[0].hex()})")
        sending.journal.commit(items)
        sending.forwarder.wake(400)
        time.sleep(0.3)
        # One of the two is chosen to give way; it may be this one.
        with suppress(pymysql.err.OperationalError):
            for key in keys[1:50]:
                cursor.execute(f"{inserted} (0x{key.hex()})")
        connection.rollback()
    sending.wait_ready()
    assert count(server) == (400, 400)


def test_a_read_only_server_is_named(server: MariaDbServer, make_sending: MakeSending) -> None:
    sending = make_sending(server)
    sending.start()
    sending.wait_ready()
    server.query("SET GLOBAL read_only = 1")
    try:
        sending.commit(make_items(0, 10))
        sending.wait_for(ServerState.LOST, "server.read_only")
    finally:
        server.query("SET GLOBAL read_only = 0")
    sending.forwarder.retry_now()
    sending.wait_ready()
    assert count(server) == (10, 10)


def test_a_server_without_a_free_connection_is_named(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    server.query(f"ALTER USER {USER}@'%' WITH MAX_USER_CONNECTIONS 1")
    first = make_sending(server, "first")
    first.start()
    first.wait_ready()
    try:
        second = make_sending(server, "second")
        second.commit(make_items(0, 3))
        second.start()
        second.wait_for(ServerState.LOST, "server.too_many_connections")
        first.close()
        second.forwarder.retry_now()
        second.wait_ready()
    finally:
        server.query(f"ALTER USER {USER}@'%' WITH MAX_USER_CONNECTIONS 0")
    assert count(server) == (3, 3)


def test_a_row_that_does_not_fit_is_put_aside_and_all_others_go(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(server)
    sending.start()
    sending.wait_ready()
    server.query(f"{_FORBID} (CHAR_LENGTH(publisher_id) <= 5)")
    items = make_items(0, 150)
    items[70] = make_item(70, "much-too-long")
    items[149] = make_item(149, "too-long")
    sending.commit(items)
    sending.wait_for(ServerState.READY, "server.rows_refused")
    problem = sending.forwarder.status().problem
    assert problem is not None
    assert problem.params == {"count": 2}
    assert count(server) == (148, 148)
    kept = sending.local(
        "SELECT publisher_id, reason_code, payload, kept_bytes, topic, reason"
        " FROM rejected_messages ORDER BY publisher_id"
    )
    assert [row[:2] for row in kept] == [
        ("much-too-long", "server.row_refused"),
        ("too-long", "server.row_refused"),
    ]
    assert json.loads(kept[0][2])["N"] == 22.5
    assert "4025" in kept[0][5]
    counters = dict(sending.local("SELECT name, value FROM counters"))
    assert counters["rejected_rows"] == counters["rejected_total"] == 2
    assert counters["rejected_bytes"] == sum(row[3] for row in kept)
    assert counters["next_rejected_id"] == 3
    # The pipeline goes on numbering where the forwarder stopped.
    sending.journal.commit([make_rejected()])
    assert sending.local("SELECT max(id) FROM rejected_messages") == [(3,)]


def test_a_table_that_takes_nothing_gives_up_nothing(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    """However often it is tried, and over new starts: no cursor moves past what was refused."""
    sending = make_sending(server)
    sending.start()
    sending.wait_ready()
    server.query(f"{_FORBID} (publisher_id <> 'probe')")
    for round_number in range(3):
        sending.commit(make_items(round_number * 40, 40))
        sending.restart_forwarder()
        sending.wait_for(ServerState.REFUSED, "server.failed")
        assert sending.forwarder.status().waiting == (round_number + 1) * 40
    problem = sending.forwarder.status().problem
    assert problem is not None
    assert problem.params["number"] == 4025
    assert sending.local("SELECT count(*) FROM rejected_messages") == [(0,)]
    server.query(_ALLOW)
    sending.forwarder.retry_now()
    sending.wait_ready()
    assert count(server) == (120, 120)


def test_a_newer_reading_that_is_taken_proves_a_refused_one_wrong(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(server)
    sending.start()
    sending.wait_ready()
    server.query(f"{_FORBID} (publisher_id <> 'bad')")
    sending.commit([make_item(0, "bad")])
    sending.wait_for(ServerState.REFUSED, "server.failed")
    sending.commit(make_items(1, 3))
    sending.forwarder.retry_now()
    sending.wait_for(ServerState.READY, "server.rows_refused")
    assert count(server) == (3, 3)
    assert sending.local("SELECT publisher_id FROM rejected_messages") == [("bad",)]


def test_more_refused_readings_than_a_page_hold_up_no_good_one(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(server)
    sending.start()
    sending.wait_ready()
    server.query(f"{_FORBID} (publisher_id <> 'bad')")
    sending.journal.commit(make_items(0, 1100, "bad"))
    sending.commit(make_items(2000, 5))
    sending.wait_for(ServerState.READY, "server.rows_refused")
    wait_until(lambda: count(server) == (5, 5), 10.0, "the good ones are there")
    wait_until(
        lambda: sending.local("SELECT count(*) FROM rejected_messages") == [(1100,)],
        10.0,
        "the others are kept",
    )


def test_what_was_refused_is_sent_again_at_a_new_connection(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(server)
    sending.start()
    sending.wait_ready()
    server.query(f"{_FORBID} (publisher_id NOT IN ('soon', 'never'))")
    odd = make_item(501, "soon", values=(0.1, None, 1e-300, 1 / 3, -0.0, 5.5, 7.1))
    refused = [*make_items(500, 1, "soon"), odd, *make_items(600, 2, "never")]
    sending.commit([*refused, *make_items(0, 300)])
    wait_until(
        lambda: sending.local("SELECT count(*) FROM rejected_messages") == [(4,)], 10.0, "kept"
    )
    sending.journal.commit([make_rejected()])
    # Rows leave the journal after a month; what was refused must not.
    connection = sqlite3.connect(sending.path)
    connection.execute("DELETE FROM sensor_readings WHERE publisher_id = 'soon'")
    connection.commit()
    connection.close()
    server.query(_ALLOW)
    server.query(f"{_FORBID} (publisher_id <> 'never')")
    server.kill_connections()
    wait_until(lambda: count(server) == (302, 302), 10.0, "they are there")
    columns = "publisher_id, timestamp_us, N, P, K, CO2, temperature, moisture, pH"
    stored = server.query(
        f"SELECT {columns} FROM sensor_readings WHERE publisher_id = 'soon' ORDER BY timestamp_us"
    )
    assert stored[1][2:] == odd.analysed.reading.values  # type: ignore[union-attr]  # it has one
    wait_until(
        lambda: (
            sending.local("SELECT reason_code FROM rejected_messages ORDER BY id")
            == [("server.row_refused",), ("server.row_refused",), ("not_json",)]
        ),
        5.0,
        "only what is still refused is kept",
    )
    counters = dict(sending.local("SELECT name, value FROM counters"))
    (kept,) = sending.local("SELECT count(*), sum(kept_bytes) FROM rejected_messages")
    assert (counters["rejected_rows"], counters["rejected_bytes"]) == kept
    assert counters["rejected_total"] == 3


def test_a_row_that_another_unique_index_swallows_is_named(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(server)
    sending.start()
    sending.wait_ready()
    server.query("ALTER TABLE sensor_readings ADD UNIQUE INDEX theirs (timestamp_us)")
    sending.commit([make_item(0), make_item(1, "one"), make_item(1, "two"), make_item(2)])
    sending.wait_for(ServerState.READY, "server.rows_refused")
    assert count(server) == (3, 3)
    assert len(sending.local("SELECT * FROM rejected_messages")) == 1


def test_a_dropped_table_is_made_anew_and_filled_from_the_journal(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(server)
    sending.commit(make_items(0, 1200))
    sending.start()
    sending.wait_ready()
    server.query("DROP TABLE sensor_readings")
    sending.commit(make_items(1200, 10))
    sending.wait_for(ServerState.READY, "server.table_missing")
    problem = sending.forwarder.status().problem
    assert problem is not None
    assert problem.params == {"table": "sensor_readings"}
    wait_until(lambda: count(server) == (1210, 1210), 10.0, "everything is there again")


def test_a_table_made_anew_by_another_program_is_filled_too(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    both = [make_sending(server, name) for name in ("one", "two")]
    for number, sending in enumerate(both):
        sending.commit(make_items(number * 1000, 300))
        sending.start()
    for sending in both:
        sending.wait_ready()
    server.query("DROP TABLE sensor_readings")
    both[0].commit([make_item(500)])
    wait_until(
        lambda: (
            bool(server.query("SHOW TABLES LIKE 'sensor_readings'")) and count(server) == (601, 601)
        ),
        15.0,
        "both sent everything",
    )


def test_a_dropped_database_is_named(server: MariaDbServer, make_sending: MakeSending) -> None:
    sending = make_sending(server)
    sending.commit(make_items(0, 20))
    sending.start()
    sending.wait_ready()
    server.query("DROP DATABASE soil_health_db", database=None)
    sending.wait_for(ServerState.REFUSED, "server.no_database")
    server.drop_database()
    wait_until(
        lambda: (
            bool(server.query("SHOW TABLES LIKE 'sensor_readings'")) and count(server) == (20, 20)
        ),
        10.0,
        "everything is there again",
    )


def test_a_column_dropped_from_our_table_is_put_back(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(server)
    sending.start()
    sending.wait_ready()
    server.query("ALTER TABLE sensor_readings DROP COLUMN profile")
    sending.commit(make_items(0, 5))
    wait_until(lambda: count(server) == (5, 5), 10.0, "they are there")
    assert server.query("SELECT DISTINCT profile FROM sensor_readings") == [("classic",)]


def test_a_column_dropped_from_an_old_table_needs_a_yes(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    make_old_database(server)
    sending = make_sending(server)
    sending.start()
    sending.wait_for(ServerState.CONSENT, "server.adoption_needed")
    sending.forwarder.approve()
    sending.wait_ready()
    server.query("ALTER TABLE sensor_readings DROP COLUMN profile")
    sending.commit(make_items(0, 5))
    sending.wait_for(ServerState.CONSENT, "server.migration_needed")
    sending.forwarder.approve()
    sending.wait_ready()


def test_a_wrong_password_asks_for_a_person(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(server, address=replace(server.address, password="wrong"))
    sending.start()
    sending.wait_for(ServerState.REFUSED, "server.auth")
    status = sending.forwarder.status()
    assert status.problem is not None
    assert status.problem.params["user"] == USER
    assert status.retry_at_us is not None


def test_stopping_is_quick_in_every_state(server: MariaDbServer, make_sending: MakeSending) -> None:
    addresses = (
        server.address,
        replace(server.address, port=1),
        replace(server.address, password="wrong"),
        # An address that never answers: nothing is there to refuse the connection.
        replace(server.address, host="192.0.2.1"),
    )
    for number, address in enumerate(addresses):
        sending = make_sending(server, f"folder{number}", address=address)
        sending.start()
        time.sleep(0.2)
        began_s = time.monotonic()
        assert sending.forwarder.stop(3.0)
        assert time.monotonic() - began_s < 3.0
        assert sending.forwarder.healthy()


def test_a_fault_of_its_own_does_not_end_the_forwarder(
    server: MariaDbServer, make_sending: MakeSending, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending = make_sending(server)
    tail = sending.forwarder._tail
    page, calls = tail.page, []

    def fails_once(store_id: str) -> object:
        calls.append(store_id)
        if len(calls) == 1:
            raise ZeroDivisionError
        return page(store_id)

    monkeypatch.setattr(tail, "page", fails_once)
    sending.commit(make_items(0, 5))
    sending.start()
    wait_until(lambda: sending.problem_code == "server.failed", 5.0, "it is told")
    assert sending.forwarder.healthy()
    sending.forwarder.retry_now()
    sending.wait_ready()
    assert count(server) == (5, 5)
