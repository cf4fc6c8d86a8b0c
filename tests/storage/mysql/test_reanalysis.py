"""Judging again where a server is the store: both stores say the same afterwards."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import astuple

from harit_desktop.domain.analysis import Analysis
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.reading import Reading
from harit_desktop.domain.reanalysis import ReanalysisRequest
from harit_desktop.storage import reanalysis as local_module
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.mysql import reanalysis as module
from harit_desktop.storage.mysql.adoption import apply
from harit_desktop.storage.mysql.connection import connect
from harit_desktop.storage.mysql.insert import statements
from harit_desktop.storage.mysql.journal_tail import JournalTail
from harit_desktop.storage.reader import QueryCancelled
from harit_desktop.storage.reanalysis import Reanalysis
from tests.mariadb_server import DATABASE, OLD_READINGS, MariaDbServer
from tests.servers import free_port
from tests.storage.builders import START_US, make_item, make_items, wave
from tests.storage.judging import JUDGED, counted, expected_of, judge, rows_of_store
from tests.storage.mysql.forwarding import Sending
from tests.storage.mysql.reads import make_tables, old_row, seconds, send, sweep
from tests.storage.rollup_truth import assert_true, catch_up

EVERYTHING = ReanalysisRequest()


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_module, "SLICE_ROWS", 40)
    monkeypatch.setattr(local_module, "PAUSE_S", 0.0)
    monkeypatch.setattr(module, "SLICE_ROWS", 40)
    # Nobody forwards here but the test itself.
    monkeypatch.setattr(module, "FOLLOW_S", 0.0)


def judgements(server: MariaDbServer, where: str = "reading_key IS NOT NULL") -> dict[bytes, Any]:
    """Key, and what the server says of the reading."""
    columns = ", ".join(JUDGED)
    rows = server.query(f"SELECT reading_key, {columns} FROM sensor_readings WHERE {where}")
    return {bytes(key): (*row[:4], json.loads(row[4]), row[5]) for key, *row in rows}


def local_judgements(path: Path) -> dict[bytes, Any]:
    found = {row["reading_key"]: [row[name] for name in JUDGED] for row in rows_of_store(path)}
    return {key: (*row[:4], json.loads(row[4]), row[5]) for key, row in found.items()}


@pytest.mark.parametrize("sent", [0, 130, 240])
def test_both_stores_are_judged_and_count_once(
    server: MariaDbServer, journal: SqliteJournal, db_path: Path, sent: int
) -> None:
    journal.commit([*(wave(n) for n in range(200)), *make_items(0, 40, "other")])
    catch_up(db_path)
    make_tables(server)
    send(server, db_path, sent)
    before = rows_of_store(db_path)
    shares: list[float] = []
    found = Reanalysis(db_path, server.address).run(EVERYTHING, judge, shares.append)
    assert astuple(found) == counted(before, lambda _: True)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert rows_of_store(db_path) == [expected_of(row) for row in before]
    assert_true(db_path)
    assert len(judgements(server)) == sent
    send(server, db_path)
    assert judgements(server) == local_judgements(db_path)
    again = Reanalysis(db_path, server.address).run(EVERYTHING, judge)
    assert astuple(again) == (240, 0, 0)


def test_only_what_is_named_is_judged_there(
    server: MariaDbServer, journal: SqliteJournal, db_path: Path
) -> None:
    journal.commit([wave(n // 2, f"probe-{n % 2}") for n in range(300)])
    send(server, db_path, 200)
    before = rows_of_store(db_path)
    request = ReanalysisRequest(seconds(20), seconds(120), "probe-1")

    def is_chosen(row: dict[str, Any]) -> bool:
        in_time = seconds(20) <= row["timestamp_us"] <= seconds(120)
        return bool(in_time and row["publisher_id"] == "probe-1")

    found = Reanalysis(db_path, server.address).run(request, judge)
    assert astuple(found) == counted(before, is_chosen)
    send(server, db_path)
    assert rows_of_store(db_path) == [expected_of(row) if is_chosen(row) else row for row in before]
    assert judgements(server) == local_judgements(db_path)


def test_all_else_on_the_server_stays(
    server: MariaDbServer, journal: SqliteJournal, db_path: Path
) -> None:
    journal.commit([wave(number) for number in range(60)])
    send(server, db_path)
    server.query(
        "ALTER TABLE sensor_readings MODIFY `timestamp` TIMESTAMP(6) NULL"
        " DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)"
    )
    columns = [row[0] for row in server.query("DESCRIBE sensor_readings") if row[0] not in JUDGED]
    rest = f"SELECT {', '.join(f'`{name}`' for name in columns)} FROM sensor_readings ORDER BY id"
    before = server.query(rest)
    assert Reanalysis(db_path, server.address).run(EVERYTHING, judge).changed == 60
    assert server.query(rest) == before


def test_what_left_the_journal_and_what_others_sent(
    server: MariaDbServer, journal: SqliteJournal, db_path: Path, tmp_path: Path
) -> None:
    other_path = tmp_path / "other.db"
    other = SqliteJournal(other_path, lambda: START_US)
    other.open()
    other.commit([wave(number) for number in range(100)])
    send(server, other_path)
    journal.commit([wave(number) for number in range(50, 120)])
    before = {
        row["reading_key"]: row for path in (other_path, db_path) for row in rows_of_store(path)
    }
    found = Reanalysis(db_path, server.address).run(EVERYTHING, judge)
    assert astuple(found) == counted(list(before.values()), lambda _: True)
    assert found.read == 120
    Reanalysis(other_path).run(EVERYTHING, judge)
    assert judgements(server) == local_judgements(other_path)
    fresh = Reanalysis(tmp_path / "none.db", server.address).run(EVERYTHING, judge)
    assert astuple(fresh) == (100, 0, 0)
    other.close()


def test_rows_of_the_existing_system_are_left_alone(
    server: MariaDbServer, journal: SqliteJournal, db_path: Path
) -> None:
    server.query(OLD_READINGS)
    old_row(server, -60, "22.1, 17.8, 123.7, 498.2, 22.1, 54.8, 7.18", "70, 'Good', 0, 0.1, '[]'")
    exact = (0.1 + 0.2, 1 / 3, 152.3, 498.2, 22.1, 54.8, 7.18)
    journal.commit([make_item(0, values=exact), *(wave(n) for n in range(1, 30))])
    send(server, db_path)
    old_row(server, 12, "1, 2, 3, 4, 5, 6, 7", "50, 'Fair', 0, 0.5, '[]'")
    sweep(server)
    legacy = "SELECT * FROM sensor_readings WHERE reading_key IS NULL ORDER BY id"
    before = server.query(legacy)
    assert len(before) == 2
    found = Reanalysis(db_path, server.address).run(EVERYTHING, judge)
    assert (found.read, found.changed) == (30, 30)
    assert server.query(legacy) == before
    scores = dict(
        server.query(
            "SELECT reading_key, anomaly_score_exact FROM sensor_readings"
            " WHERE reading_key IS NOT NULL"
        )
    )
    expected = {row["reading_key"]: row["anomaly_score"] for row in rows_of_store(db_path)}
    assert {bytes(key): score for key, score in scores.items()} == expected
    assert Reanalysis(db_path, server.address).run(EVERYTHING, judge).changed == 0


def _read_page(server: MariaDbServer, db_path: Path) -> Callable[[], None]:
    """A page that the forwarder has read; the call sends it."""
    connection = connect(server.address)
    connection.autocommit(True)
    layout = apply(connection, DATABASE, approved=True)
    tail = JournalTail(db_path)
    page = tail.page(layout.store_id)

    def deliver() -> None:
        for sql, _ in statements(page, layout, 2**20):
            connection.query(sql)
        tail.advance(layout.store_id, page[-1][0])
        tail.close()
        connection.close()

    return deliver


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9])
def test_a_page_on_its_way_is_judged_too(
    server: MariaDbServer, journal: SqliteJournal, db_path: Path, at: float
) -> None:
    journal.commit([wave(number) for number in range(100)])
    send(server, db_path)
    journal.commit([wave(number) for number in range(100, 200)])
    before = rows_of_store(db_path)
    waiting = [_read_page(server, db_path)]

    def progress(share: float) -> None:
        if waiting and share >= at:
            waiting.pop()()

    found = Reanalysis(db_path, server.address).run(EVERYTHING, judge, progress)
    assert not waiting
    assert astuple(found) == counted(before, lambda _: True)
    assert len(judgements(server)) == 200
    assert judgements(server) == local_judgements(db_path)


def test_a_page_that_arrives_last_is_waited_for(
    server: MariaDbServer, journal: SqliteJournal, db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FOLLOW_S", 20.0)
    journal.commit([wave(number) for number in range(100)])
    make_tables(server)
    timer = threading.Timer(1.0, _read_page(server, db_path))
    timer.start()
    Reanalysis(db_path, server.address).run(EVERYTHING, judge)
    timer.join()
    assert len(judgements(server)) == 100
    assert judgements(server) == local_judgements(db_path)


def test_beside_a_forwarder_at_work(
    server: MariaDbServer,
    make_sending: Callable[..., Sending],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "FOLLOW_S", 5.0)
    sending = make_sending(server)
    sending.start()
    sending.commit([wave(number) for number in range(1000)])
    sending.wait_ready()
    feeding = threading.Event()

    def feed() -> None:
        for first in range(1000, 3000, 50):
            sending.commit([wave(number) for number in range(first, first + 50)])
            time.sleep(0.01)
        feeding.set()

    thread = threading.Thread(target=feed, name="feeds")
    thread.start()
    time.sleep(0.1)
    found = Reanalysis(sending.path, server.address).run(EVERYTHING, judge)
    thread.join()
    assert feeding.is_set()
    sending.wait_ready()
    assert 1000 < found.read <= 3000
    # Whatever came when, both stores say the same of it.
    assert len(judgements(server)) == 3000
    assert judgements(server) == local_judgements(sending.path)
    assert sum(row["profile"] == "new" for row in rows_of_store(sending.path)) == found.read


def test_a_server_that_cannot_do_it_is_named_before_any_change(
    server: MariaDbServer, journal: SqliteJournal, db_path: Path
) -> None:
    journal.commit(make_items(0, 30))
    make_tables(server)
    server.query("CREATE OR REPLACE USER 'reader'@'%' IDENTIFIED BY 'x'")
    server.query(f"GRANT SELECT ON {DATABASE}.* TO 'reader'@'%'")
    before = rows_of_store(db_path)
    faults = {
        "server.unreachable": replace(server.address, port=free_port()),
        "server.auth": replace(server.address, password="wrong"),
        "server.no_credentials": replace(server.address, user=""),
        "server.permission": replace(server.address, user="reader", password="x"),
    }
    for code, address in faults.items():
        with pytest.raises(KnownError) as caught:
            Reanalysis(db_path, address).run(EVERYTHING, judge)
        assert caught.value.code == code
    server.drop_database()
    with pytest.raises(KnownError) as caught:
        Reanalysis(db_path, server.address).run(EVERYTHING, judge)
    assert caught.value.code == "server.table_missing"
    assert rows_of_store(db_path) == before


def test_a_lost_connection_is_made_anew(
    server: MariaDbServer, journal: SqliteJournal, db_path: Path
) -> None:
    journal.commit([wave(number) for number in range(200)])
    send(server, db_path)
    cut = 0

    def progress(share: float) -> None:
        nonlocal cut
        if cut < 2 and share > 0.3 * (cut + 1):
            cut += 1
            assert server.kill_connections()

    found = Reanalysis(db_path, server.address).run(EVERYTHING, judge, progress)
    assert cut == 2
    assert (found.read, found.changed) == (200, 200)
    assert judgements(server) == local_judgements(db_path)


def test_it_ends_when_nobody_wants_it(
    server: MariaDbServer, journal: SqliteJournal, db_path: Path
) -> None:
    journal.commit([wave(number) for number in range(200)])
    send(server, db_path)
    calls = 0

    def count(reading: Reading, flags: tuple[int, ...]) -> Analysis:
        nonlocal calls
        calls += 1
        return judge(reading, flags)

    with pytest.raises(QueryCancelled):
        Reanalysis(db_path, server.address).run(EVERYTHING, count, cancelled=lambda: calls > 270)
    profiles = server.query("SELECT profile, COUNT(*) FROM sensor_readings GROUP BY 1 ORDER BY 1")
    assert 0 < dict(profiles)["new"] < 200
    found = Reanalysis(db_path, server.address).run(EVERYTHING, judge)
    assert found.changed == dict(profiles)["classic"]
    assert judgements(server) == local_judgements(db_path)


@pytest.mark.parametrize("at", [0.2, 0.7])
def test_a_silent_server_holds_nobody_up_who_cancels(
    server: MariaDbServer, journal: SqliteJournal, db_path: Path, at: float
) -> None:
    journal.commit([wave(number) for number in range(200)])
    send(server, db_path, 100)
    frozen_s = 0.0

    def progress(share: float) -> None:
        nonlocal frozen_s
        if not frozen_s and share >= at:
            server.freeze()
            frozen_s = time.monotonic()

    def cancelled() -> bool:
        return bool(frozen_s) and time.monotonic() - frozen_s > 0.5

    try:
        with pytest.raises(QueryCancelled):
            Reanalysis(db_path, server.address).run(EVERYTHING, judge, progress, cancelled)
        assert time.monotonic() - frozen_s < module.READ_TIMEOUT_S / 2
    finally:
        server.thaw()
    Reanalysis(db_path, server.address).run(EVERYTHING, judge)
    send(server, db_path)
    assert judgements(server) == local_judgements(db_path)


def test_what_others_wrote_as_factors_is_replaced(
    server: MariaDbServer, journal: SqliteJournal, db_path: Path
) -> None:
    journal.commit([wave(number) for number in range(4)])
    send(server, db_path)
    for row_id, text in enumerate(("5", '{"a": 1}', '["pH"]'), 1):
        server.query(f"UPDATE sensor_readings SET critical_factors = '{text}' WHERE id = {row_id}")
    assert Reanalysis(db_path, server.address).run(EVERYTHING, judge).changed == 4
    assert judgements(server) == local_judgements(db_path)
