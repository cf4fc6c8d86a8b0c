"""What views and exports read from a server and from the journal's end, as one."""

from __future__ import annotations

import threading
import time
from datetime import UTC
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harit_desktop.domain.export import ExportRequest
from harit_desktop.domain.reading import Source
from harit_desktop.storage import export
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.mysql import reading
from harit_desktop.storage.reader import QueryCancelled, StoreReader
from tests.mariadb_server import MariaDbServer
from tests.storage.builders import EXAMPLE, START_US, make_item, make_items, wave
from tests.storage.mysql.reads import EVER, assert_same, make_tables, rows_of, seconds, send


@pytest.mark.parametrize("max_points", [500, 50, 7])
@pytest.mark.parametrize("sent", [0, 1, 300, 500])
def test_a_series_is_that_of_one_store(
    server: MariaDbServer,
    journal: SqliteJournal,
    history: HistoryReader,
    db_path: Path,
    sent: int,
    max_points: int,
) -> None:
    items = [wave(number) for number in range(500)]
    # Not in the order of time, so that both stores have readings everywhere.
    journal.commit([*items[::2], *make_items(0, 50, "other"), *items[1::2]])
    send(server, db_path, sent)
    expected = HistoryReader(db_path).series("probe", *EVER, max_points)
    assert len(expected.time_us) > 3
    assert_same(history.series("probe", *EVER, max_points), expected)
    scope = (seconds(100), seconds(444))
    expected = HistoryReader(db_path).series("probe", *scope, max_points)
    assert_same(history.series("probe", *scope, max_points), expected)
    assert len(history.series("nobody", *EVER, max_points).time_us) == 0


def test_readings_of_another_installation_are_there(
    server: MariaDbServer,
    journal: SqliteJournal,
    history: HistoryReader,
    db_path: Path,
    tmp_path: Path,
    out: Path,
) -> None:
    journal.commit([*make_items(0, 10), *make_items(3, 4, "mine")])
    other_path = tmp_path / "other.db"
    other = SqliteJournal(other_path, lambda: START_US)
    other.open()
    # The same messages, and some that this installation did not hear.
    other.commit([*make_items(5, 10), *make_items(20, 3, "theirs")])
    send(server, other_path)
    for _ in range(2):
        series = history.series("probe", *EVER, 100)
        assert series.time_us.tolist() == [seconds(n) for n in range(15)]
        assert [s.publisher_id for s in history.last_states(seconds(99))] == [
            *("probe", "mine", "theirs")
        ]
        assert history.last_values("theirs") == EXAMPLE
        assert history.count_export(ExportRequest(out)) == 22
        assert history.export(ExportRequest(out)) == 22
        send(server, db_path)
    other.close()


@pytest.mark.parametrize("max_points", [100, 10])
def test_sent_but_not_noted_counts_once(
    server: MariaDbServer,
    journal: SqliteJournal,
    history: HistoryReader,
    db_path: Path,
    out: Path,
    max_points: int,
) -> None:
    journal.commit([wave(number) for number in range(60)])
    send(server, db_path, 40, note=False)
    expected = HistoryReader(db_path).series("probe", *EVER, max_points)
    assert_same(history.series("probe", *EVER, max_points), expected)
    assert history.count_export(ExportRequest(out)) == 60
    assert history.export(ExportRequest(out)) == 60


def test_what_left_the_journal_comes_from_the_server(
    server: MariaDbServer, journal: SqliteJournal, history: HistoryReader, db_path: Path, out: Path
) -> None:
    newest = (1.0, None, 0.1 + 0.2, 4.0, 5e-324, 6.0, 7.0)
    item = make_item(
        9, values=newest, index=None, factors=("Nitrogen", "pH"), flags=(3, 9, *[1] * 5)
    )
    journal.commit([*make_items(0, 5), item])
    before = HistoryReader(db_path).last_states(seconds(20))
    send(server, db_path)
    path = db_path.with_name("fresh.db")
    fresh = HistoryReader(path, server.address)
    assert fresh.last_values("probe") == newest
    assert fresh.last_states(seconds(20)) == before
    assert len(fresh.series("probe", *EVER, 100).time_us) == 6
    assert fresh.messages(None, 10) == []
    assert fresh.export(ExportRequest(out), zone=UTC) == 6
    local = out.with_name("local.csv")
    HistoryReader(db_path).export(ExportRequest(local), zone=UTC)
    assert out.read_bytes() == local.read_bytes()
    assert not path.exists()
    fresh.close()


def test_ids_that_sql_takes_for_equal_are_different_devices(
    server: MariaDbServer, journal: SqliteJournal, history: HistoryReader, db_path: Path, out: Path
) -> None:
    names = ["node-A", "NODE-a", "node-A ", "nodé-A", "%", "'; --", "\\"]
    journal.commit([make_item(n, name) for n, name in enumerate(names)])
    send(server, db_path)
    history = HistoryReader(db_path.with_name("none.db"), server.address)
    for number, name in enumerate(names):
        assert history.series(name, *EVER, 9).time_us.tolist() == [seconds(number)]
    assert sorted(s.publisher_id for s in history.last_states(seconds(99))) == sorted(names)
    chosen = ExportRequest(out, publisher_ids=("node-A", "%"))
    assert history.export(chosen) == history.count_export(chosen) == 2
    assert [row["publisher_id"] for row in rows_of(out)] == ["node-A", "%"]
    history.close()


@pytest.mark.parametrize("page_rows", [1, 3, 1000])
def test_an_export_of_both_stores_is_that_of_one(
    server: MariaDbServer,
    journal: SqliteJournal,
    history: HistoryReader,
    db_path: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    page_rows: int,
) -> None:
    monkeypatch.setattr(export, "PAGE_ROWS", page_rows)
    simulated = [make_item(n, "s", source=Source.SIMULATOR) for n in range(5)]
    journal.commit([wave(n, "b") for n in range(0, 12, 2)])
    journal.commit([*simulated[:3], *(make_item(n, "a", factors=("CO2",)) for n in (9, 1, 5))])
    send(server, db_path, 7)
    journal.commit([*simulated[3:], *(wave(n, "b") for n in range(1, 12, 2))])
    middle = ExportRequest(out, seconds(3), seconds(9))
    for request in (
        ExportRequest(out),
        ExportRequest(out, include_simulated=True),
        middle,
        msgspec.structs.replace(middle, publisher_ids=("b",)),
        msgspec.structs.replace(middle, publisher_ids=("a", "b", "nobody")),
        ExportRequest(out, publisher_ids=()),
        ExportRequest(out, seconds(50)),
    ):
        reported: list[float] = []
        count = history.export(request, reported.append, zone=UTC)
        assert reported == sorted(reported)
        assert reported[-1] == 1.0
        both = out.read_bytes()
        assert count == history.count_export(request)
        assert count == HistoryReader(db_path).export(request, zone=UTC)
        # Readings of one instant may come in another order.
        assert sorted(both.splitlines()) == sorted(out.read_bytes().splitlines())
        times = [line.split(b",")[0] for line in both.splitlines()[1:]]
        assert times == sorted(times)


def test_another_store_behind_the_same_address_gets_everything(
    server: MariaDbServer, history: HistoryReader, journal: SqliteJournal, db_path: Path, out: Path
) -> None:
    journal.commit(make_items(0, 10))
    send(server, db_path)
    server.drop_database()
    make_tables(server)
    assert len(history.series("probe", *EVER, 100).time_us) == 10
    assert history.count_export(ExportRequest(out)) == 10


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("max_points", [100, 10])
def test_readings_are_sent_in_the_middle_of_a_read(
    server: MariaDbServer,
    journal: SqliteJournal,
    history: HistoryReader,
    db_path: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    max_points: int,
) -> None:
    journal.commit([wave(number) for number in range(60)])
    send(server, db_path, 10)
    expected = HistoryReader(db_path).series("probe", *EVER, max_points)
    read = StoreReader.read

    def sending(*args: Any, **named: Any) -> Any:
        if moment == "before":
            send(server, db_path, 15)
        answer = read(*args, **named)
        if moment == "after":
            send(server, db_path, 15)
        return answer

    monkeypatch.setattr(StoreReader, "read", sending)
    assert_same(history.series("probe", *EVER, max_points), expected)
    assert history.count_export(ExportRequest(out)) == 60
    assert history.export(ExportRequest(out)) == 60


def test_reads_go_on_beside_forwarding(
    server: MariaDbServer, journal: SqliteJournal, history: HistoryReader, db_path: Path, out: Path
) -> None:
    """No reading is missing or there twice at the moment when it is sent."""
    make_tables(server)
    problems: list[BaseException] = []
    committed = 0
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                least = committed
                for max_points in (10_000, 20):
                    series = history.series("probe", *EVER, max_points)
                    times = series.time_us.tolist()
                    assert len(times) == len(set(times))
                    if not series.bucketed:
                        assert times == [seconds(n) for n in range(len(times))]
                        assert len(times) >= least
                count = history.export(ExportRequest(out))
                assert count >= least
                times = [row["timestamp"] for row in rows_of(out)]
                assert len(set(times)) == count
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            problems.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for first in range(0, 1500, 50):
        journal.commit(make_items(first, 50))
        committed = first + 50
        send(server, db_path, 30, note=first % 3 > 0)
    stop.set()
    reader.join()
    assert problems == []


def test_a_long_series_is_cancelled_between_its_parts(
    server: MariaDbServer,
    journal: SqliteJournal,
    history: HistoryReader,
    db_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    journal.commit(make_items(0, 3000))
    send(server, db_path)
    # Every query counts as a long one: parts of one bucket.
    monkeypatch.setattr(reading, "_SLICE_S", (-1.0, -1.0))
    asked: list[bool] = []

    def cancelled() -> bool:
        asked.append(len(asked) > 30)
        return asked[-1]

    with pytest.raises(QueryCancelled):
        history.series("probe", *EVER, 200, cancelled)
    assert history.series("probe", *EVER, 200).bucketed


def test_two_idle_connections_are_kept_at_most(
    server: MariaDbServer, journal: SqliteJournal, history: HistoryReader, db_path: Path
) -> None:
    journal.commit(make_items(0, 2000))
    send(server, db_path)
    counted = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'harit'"

    def read() -> None:
        for _ in range(5):
            assert len(history.series("probe", *EVER, 5000).time_us) == 2000

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until_s = time.monotonic() + 5
    while server.scalar(counted) > 2 and time.monotonic() < until_s:
        time.sleep(0.05)
    assert server.scalar(counted) == 2
    history.close()
    until_s = time.monotonic() + 5
    while server.scalar(counted) and time.monotonic() < until_s:
        time.sleep(0.05)
    assert server.scalar(counted) == 0
