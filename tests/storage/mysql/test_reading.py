"""What views and exports read from a server and from the journal's end, as one."""

from __future__ import annotations

import csv
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from harit_desktop.domain.analysis import Band, Flag
from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.export import ExportRequest
from harit_desktop.domain.reading import Source
from harit_desktop.storage import export
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.mysql import reading
from harit_desktop.storage.mysql.adoption import apply
from harit_desktop.storage.mysql.connection import connect
from harit_desktop.storage.mysql.insert import statements
from harit_desktop.storage.mysql.journal_tail import JournalTail
from harit_desktop.storage.mysql.legacy import take_over
from harit_desktop.storage.reader import QueryCancelled, StoreReader
from harit_desktop.storage.series import Series
from tests.mariadb_server import DATABASE, OLD_READINGS, MariaDbServer
from tests.storage.builders import EXAMPLE, START_US, make_item, make_items

EVER = (0, 2**60)


@pytest.fixture
def db_path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "harit.db"


@pytest.fixture
def journal(db_path: Path) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(db_path, lambda: START_US)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def history(server: MariaDbServer, db_path: Path) -> Iterator[HistoryReader]:
    reader = HistoryReader(db_path, server.address)
    yield reader
    reader.close()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "readings.csv"


def seconds(number: float) -> int:
    return START_US + round(number * US_PER_S)


def make_tables(server: MariaDbServer) -> None:
    connection = connect(server.address)
    apply(connection, DATABASE, approved=True)
    connection.close()


def send(server: MariaDbServer, db_path: Path, count: int = 10**9, *, note: bool = True) -> None:
    """Forwards the next `count` readings, as the forwarder does; without `note` it ends
    before it has written down that it did."""
    connection = connect(server.address, read_timeout_s=30)
    layout = apply(connection, DATABASE, approved=True)
    tail = JournalTail(db_path)
    tail.use(layout.store_id)
    while count > 0 and (page := tail.page(layout.store_id)[:count]):
        for sql, _ in statements(page, layout, 2**20):
            connection.query(sql)
        connection.commit()
        count -= len(page)
        if not note:
            break
        tail.advance(layout.store_id, page[-1][0])
    tail.close()
    connection.close()


def sweep(server: MariaDbServer) -> None:
    """Takes over and links the rows of the old backend."""
    connection = connect(server.address)
    layout = apply(connection, DATABASE, approved=True)
    connection.autocommit(True)
    while take_over(connection, layout):
        pass
    connection.close()


def wave(number: int, publisher_id: str = "probe") -> CommitItem:
    """Changing values, now and then a fault, a gap or a withheld index."""
    first = -5.0 if number % 10 == 3 else 20.0 + number % 7
    last = None if number % 4 == 1 else 6.0 + (number % 11) / 10
    flags = (
        4 if first < 0 else 1,
        1,
        1,
        3 if number % 5 == 0 else 1,
        1,
        1,
        9 if last is None else 1,
    )
    return make_item(
        number,
        publisher_id,
        values=(first, *EXAMPLE[1:6], last),
        flags=flags,
        index=None if number % 6 == 2 else 40 + number % 50,
    )


def assert_same(found: Series, expected: Series) -> None:
    assert (found.bucketed, found.bucket_us) == (expected.bucketed, expected.bucket_us)
    np.testing.assert_array_equal(found.time_us, expected.time_us)
    np.testing.assert_array_equal(found.flags, expected.flags)
    for name in ("values", "index", "low", "high"):
        one, two = getattr(found, name), getattr(expected, name)
        if two is None:
            assert one is None
        else:
            np.testing.assert_allclose(one, two, rtol=1e-12, err_msg=name)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


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
        assert history.export_csv(ExportRequest(out)) == 22
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
    assert history.export_csv(ExportRequest(out)) == 60


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
    assert fresh.export_csv(ExportRequest(out), zone=UTC) == 6
    local = out.with_name("local.csv")
    HistoryReader(db_path).export_csv(ExportRequest(local), zone=UTC)
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
    assert history.export_csv(chosen) == history.count_export(chosen) == 2
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
        count = history.export_csv(request, reported.append, zone=UTC)
        assert reported == sorted(reported)
        assert reported[-1] == 1.0
        both = out.read_bytes()
        assert count == history.count_export(request)
        assert count == HistoryReader(db_path).export_csv(request, zone=UTC)
        # Readings of one instant may come in another order.
        assert sorted(both.splitlines()) == sorted(out.read_bytes().splitlines())
        times = [line.split(b",")[0] for line in both.splitlines()[1:]]
        assert times == sorted(times)


def old_row(server: MariaDbServer, number: int, values: str, rest: str) -> None:
    server.query(
        "INSERT INTO sensor_readings (timestamp, N, P, K, CO2, temperature, moisture, pH,"
        " health_index, health_status, is_anomalous, anomaly_score, critical_factors)"
        f" VALUES (FROM_UNIXTIME({seconds(number) // US_PER_S}), {values}, {rest})"
    )


@pytest.fixture
def adopted(server: MariaDbServer, journal: SqliteJournal, db_path: Path) -> MariaDbServer:
    """Ours at the seconds 0 to 9; the old backend's: one of them again, two of its own, and
    one that nobody took over yet."""
    server.query(OLD_READINGS)
    old_row(
        server, -600, "22.1, 17.8, 123456.7, 498.2, 22.1, 54.8, 7.18", "70, 'Good', 0, 0.1, '[]'"
    )
    old_row(server, -500, "1, NULL, 3, 4, 5, 6, 7", "NULL, NULL, NULL, NULL, NULL")
    example = ", ".join(map(str, EXAMPLE))
    journal.commit(make_items(0, 10))
    send(server, db_path)
    old_row(server, 5, example, "65, 'Good', 0, 0.25, '[\"pH\"]'")
    sweep(server)
    assert server.scalar("SELECT COUNT(*) FROM sensor_readings WHERE same_as IS NOT NULL") == 1
    old_row(server, 7, "9, 9, 9, 9, 9, 9, 9", "1, 'x', 1, 1, '[]'")
    return server


def test_rows_of_the_old_backend(
    adopted: MariaDbServer, history: HistoryReader, db_path: Path, out: Path
) -> None:
    series = history.series("legacy", *EVER, 10)
    assert series.time_us.tolist() == [seconds(-600), seconds(-500)]
    # As they were written, not as the nearest single-precision number.
    assert series.values[0].tolist() == [22.1, 17.8, 123456.7, 498.2, 22.1, 54.8, 7.18]
    assert series.flags.tolist() == [[1] * 7, [1, 9, 1, 1, 1, 1, 1]]
    np.testing.assert_array_equal(series.index, [70, np.nan])
    assert history.last_values("legacy") == (1.0, None, 3.0, 4.0, 5.0, 6.0, 7.0)
    legacy, probe = history.last_states(seconds(20))
    assert (legacy.publisher_id, legacy.timestamp_us) == ("legacy", seconds(-500))
    assert (legacy.analysis.index, legacy.analysis.band) == (None, Band.UNKNOWN)
    assert legacy.analysis.flags == (1, 9, 1, 1, 1, 1, 1)
    assert (legacy.analysis.profile, legacy.topic, legacy.simulated) == ("", "", False)
    assert probe.timestamp_us == seconds(9)


def test_exact_values_of_an_adopted_database(
    adopted: MariaDbServer, history: HistoryReader, journal: SqliteJournal, db_path: Path
) -> None:
    exact = (0.1 + 0.2, 1 / 3, 152.3, 498.2, 22.1, 54.8, 7.18)
    journal.commit([make_item(30, "exact", values=exact)])
    send(adopted, db_path)
    fresh = HistoryReader(db_path.with_name("none.db"), adopted.address)
    assert fresh.last_values("exact") == exact
    assert tuple(fresh.series("exact", *EVER, 10).values[0]) == exact
    assert fresh.last_states(seconds(99))[-1].analysis.anomaly_score == 0.25
    fresh.close()


def test_linked_rows_are_counted_drawn_and_exported_once(
    adopted: MariaDbServer, history: HistoryReader, out: Path
) -> None:
    assert len(history.series("probe", *EVER, 100).time_us) == 10
    assert history.count_export(ExportRequest(out)) == 12
    assert history.export_csv(ExportRequest(out), zone=UTC) == 12
    first, second, *ours = rows_of(out)
    assert {row["publisher_id"] for row in ours} == {"probe"}
    moment = datetime.fromtimestamp(seconds(-600) // US_PER_S, UTC).isoformat(
        timespec="microseconds"
    )
    assert list(first.values()) == [
        *(moment, "legacy", "22.1", "17.8", "123456.7", "498.2", "22.1", "54.8", "7.18"),
        *("70", "Good", "False", "0.1", "[]", "legacy"),
    ]
    assert list(second.values())[1:] == [
        *("legacy", "1.0", "", "3.0", "4.0", "5.0", "6.0", "7.0", "", "", "", "", "", "legacy")
    ]


def test_buckets_of_the_old_backends_rows(adopted: MariaDbServer, history: HistoryReader) -> None:
    for number in range(-400, -300):
        old_row(
            adopted, number, f"{100 + number % 7}.5, 1, NULL, 4, 5, 6, 7", "50, 'Fair', 0, 0, '[]'"
        )
    sweep(adopted)
    series = history.series("legacy", seconds(-400), seconds(-300), 20)
    assert series.bucketed
    assert 5 < len(series.time_us) <= 20
    assert series.low is not None
    assert np.isnan(series.values[:, 2]).all()
    assert set(series.flags[:, 2]) == {Flag.MISSING}
    assert set(series.flags[:, 0]) == {Flag.PASS}
    assert set(series.index) == {50.0}
    assert series.low[:, 0].min() == 100.5


@pytest.fixture
def restless(tmp_path: Path) -> Iterator[MariaDbServer]:
    """A server of its own, for tests that stop it."""
    with MariaDbServer() as running:
        yield running


def all_views(history: HistoryReader) -> tuple[int, int, object]:
    return (
        len(history.series("probe", *EVER, 100).time_us),
        len(history.last_states(seconds(99))),
        history.last_values("probe"),
    )


LOCAL = (10, 1, EXAMPLE)


def refused(history: HistoryReader, out: Path) -> str:
    """The code with which both the export and its count are refused."""
    out.write_text("before")
    with pytest.raises(KnownError) as exported:
        history.export_csv(ExportRequest(out))
    with pytest.raises(KnownError) as counted:
        history.count_export(ExportRequest(out))
    assert exported.value.code == counted.value.code
    assert out.read_text() == "before"
    assert not list(out.parent.glob(".harit-*"))
    return exported.value.code


def test_a_stopped_server(
    restless: MariaDbServer, journal: SqliteJournal, db_path: Path, out: Path
) -> None:
    history = HistoryReader(db_path, restless.address)
    journal.commit(make_items(0, 10))
    send(restless, db_path)
    restless.query("DELETE FROM sensor_readings ORDER BY id LIMIT 4")
    assert all_views(history)[0] == 6
    restless.kill()
    assert all_views(history) == LOCAL
    assert refused(history, out) == "server.unreachable"
    restless.start()
    assert history.export_csv(ExportRequest(out)) == 6
    # Not asked again at once, but soon.
    assert all_views(history)[0] == 10
    until_s = time.monotonic() + 3 * reading.FAILED_FOR_S
    while all_views(history)[0] == 10:
        assert time.monotonic() < until_s
        time.sleep(0.2)
    assert all_views(history)[0] == 6
    history.close()


def test_a_server_that_came_back_unnoticed(
    restless: MariaDbServer,
    journal: SqliteJournal,
    db_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "_TRUSTED_S", 0.0)
    history = HistoryReader(db_path, restless.address)
    journal.commit(make_items(0, 10))
    send(restless, db_path)
    restless.query("DELETE FROM sensor_readings ORDER BY id LIMIT 4")
    assert all_views(history)[0] == 6
    restless.restart()
    assert all_views(history)[0] == 6
    restless.kill_connections()
    assert all_views(history)[0] == 6
    history.close()
    assert all_views(history)[0] == 6
    history.close()


def test_a_frozen_server(
    restless: MariaDbServer, journal: SqliteJournal, db_path: Path, out: Path
) -> None:
    history = HistoryReader(db_path, restless.address)
    journal.commit(make_items(0, 10))
    send(restless, db_path)
    all_views(history)
    restless.freeze()
    began_s = time.monotonic()
    assert all_views(history) == LOCAL
    waited_s = time.monotonic() - began_s
    # One read waited for the server, the other four did not.
    assert waited_s < 1.5 * reading.READ_TIMEOUT_S
    began_s = time.monotonic()
    assert all_views(history) == LOCAL
    assert time.monotonic() - began_s < waited_s / 5
    # An answer that nobody wants any more is not waited for.
    fresh = HistoryReader(db_path, restless.address)
    began_s = time.monotonic()
    with pytest.raises(QueryCancelled):
        history.export_csv(ExportRequest(out), cancelled=lambda: time.monotonic() > began_s + 0.5)
    with pytest.raises(QueryCancelled):
        fresh.series("probe", *EVER, 9, lambda: time.monotonic() > began_s + 0.5)
    assert time.monotonic() - began_s < waited_s
    restless.thaw()
    for reader in (history, fresh):
        reader.close()


def test_only_one_read_waits_for_a_server_that_failed(
    restless: MariaDbServer,
    journal: SqliteJournal,
    db_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "FAILED_FOR_S", 1.0)
    history = HistoryReader(db_path, restless.address)
    journal.commit(make_items(0, 10))
    restless.kill()
    all_views(history)
    restless.start()
    restless.freeze()
    time.sleep(1.0)
    monkeypatch.setattr(reading, "FAILED_FOR_S", 60.0)
    took_s: list[float] = []

    def read() -> None:
        began_s = time.monotonic()
        assert history.last_values("probe") is not None
        took_s.append(time.monotonic() - began_s)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    *quick, slow = sorted(took_s)
    assert len(quick) == 3
    assert quick[-1] < slow / 2
    restless.kill()
    history.close()


def test_a_database_that_is_not_ours_yet(
    server: MariaDbServer, history: HistoryReader, journal: SqliteJournal, out: Path
) -> None:
    journal.commit(make_items(0, 10))
    assert all_views(history) == LOCAL
    assert refused(history, out) == "server.table_missing"
    server.query(OLD_READINGS)
    old_row(server, 1, "1, 2, 3, 4, 5, 6, 7", "1, 'Good', 0, 0, '[]'")
    with pytest.raises(KnownError) as caught:
        history.export_csv(ExportRequest(out))
    assert caught.value.code == "server.adoption_needed"
    assert caught.value.params["rows"] == 1
    assert all_views(history) == LOCAL


def test_a_database_of_a_later_version(
    server: MariaDbServer,
    history: HistoryReader,
    journal: SqliteJournal,
    db_path: Path,
    out: Path,
) -> None:
    journal.commit(make_items(0, 10))
    send(server, db_path)
    server.query("UPDATE harit_store SET value = '99' WHERE name = 'schema_version'")
    assert all_views(history) == LOCAL
    assert refused(history, out) == "server.newer_version"


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
    assert history.export_csv(ExportRequest(out)) == 60


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
                count = history.export_csv(ExportRequest(out))
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
