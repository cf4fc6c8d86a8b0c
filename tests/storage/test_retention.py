"""What has had its time leaves; what the server does not hold yet never does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.domain.reading import Source
from harit_desktop.storage import deletion, retention
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.retention import retire
from harit_desktop.storage.rollup import MINUTE_US
from tests.storage.builders import (
    START_US,
    counts_of,
    devices_of,
    make_item,
    make_items,
    make_rejected,
)
from tests.storage.rollup_truth import assert_counted, assert_true, catch_up

DAY_S = 86_400


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "SLICE_ROWS", 20)
    monkeypatch.setattr(retention, "SLICE_ROWS", 20)
    monkeypatch.setattr(retention, "LOOK_ROWS", 50)


def apply(path: Path, days: int, journal_days: int | None = None, after_s: int = 0) -> list[int]:
    """Retention `after_s` after the first reading; the rows of each transaction."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return list(retire(connection, START_US + after_s * US_PER_S, days, journal_days))


def forward_to(path: Path, last_id: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT OR REPLACE INTO cursors VALUES ('forwarded', ?)", (last_id,))


def ids(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        return [i for (i,) in connection.execute("SELECT id FROM sensor_readings ORDER BY id")]


def test_nothing_is_deleted_by_itself(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit(make_items(0, 50))
    assert apply(db_path, 0, None, 10_000 * DAY_S) == []
    assert apply(db_path, 1, None, DAY_S) == []
    assert apply(db_path, 0, 1, 10_000 * DAY_S) == []
    assert len(ids(db_path)) == 50


def test_old_readings_leave_with_all_that_speaks_of_them(
    journal: SqliteJournal, history: HistoryReader, db_path: Path
) -> None:
    journal.commit([make_rejected(1), make_item(7, "sim", source=Source.SIMULATOR)])
    journal.commit([*make_items(5, 100, "gone"), *make_items(0, 300)])
    journal.commit([make_item(600, "sim", source=Source.SIMULATOR), make_rejected(10**9)])
    catch_up(db_path)
    # 16:00:00 is a full minute: 240 of the 300 seconds are old.
    gone = apply(db_path, 1, None, DAY_S + 250)
    assert sum(gone) > 240
    assert max(gone) <= 20
    assert assert_true(db_path) == assert_counted(db_path) == 60 + 1
    devices = devices_of(db_path)
    assert set(devices) == {"probe", "sim"}
    assert devices["probe"].first_us == START_US + 240 * US_PER_S
    assert (devices["sim"].readings, devices["sim"].simulated_readings) == (1, 1)
    assert counts_of(db_path).rejected_kept == 1
    assert (
        min(line.received_us for line in history.messages(None, 999)) >= START_US + 240 * US_PER_S
    )
    assert journal.commit([make_item(299)]).outcomes[0].value == "duplicate"
    assert journal.commit([make_item(700)]).outcomes[0].value == "stored"
    assert journal.status().rows == assert_counted(db_path)


def test_late_readings_of_an_old_time_leave_too(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit(make_items(10 * DAY_S, 5))
    apply(db_path, 3, None, 10 * DAY_S)
    journal.commit(make_items(DAY_S, 7))
    catch_up(db_path)
    assert sum(apply(db_path, 3, None, 10 * DAY_S)) >= 7
    assert len(ids(db_path)) == 5
    assert assert_true(db_path) == 5


def test_the_journal_keeps_what_is_not_forwarded(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit(make_items(0, 100))
    catch_up(db_path)
    forward_to(db_path, 70)
    assert sum(apply(db_path, 0, 30, 31 * DAY_S)) == 70
    assert ids(db_path) == list(range(71, 101))
    assert assert_true(db_path) == assert_counted(db_path) == 30
    # Neither does the user's own limit take it.
    apply(db_path, 1, 30, 1000 * DAY_S)
    assert ids(db_path) == list(range(71, 101))
    forward_to(db_path, 90)
    apply(db_path, 1, 30, 1000 * DAY_S)
    assert ids(db_path) == list(range(91, 101))
    assert assert_true(db_path) == assert_counted(db_path) == 10


def test_the_journal_keeps_what_came_lately(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit(make_items(0, 100))
    forward_to(db_path, 100)
    # Received five microseconds after its own time: number 40 is just old enough.
    apply(db_path, 0, 1, DAY_S + 41)
    assert ids(db_path) == list(range(42, 101))


def test_another_server_stops_the_journal_from_forgetting(
    journal: SqliteJournal, db_path: Path
) -> None:
    """The cursor goes back while retention is at work."""
    journal.commit([make_item(n, time_us=START_US + n * MINUTE_US) for n in range(200)])
    forward_to(db_path, 200)
    with closing(sqlite3.connect(db_path, isolation_level=None)) as connection:
        work = retire(connection, START_US + 1000 * US_PER_DAY, 0, 1)
        gone = next(work)
        assert 0 < gone < 50
        forward_to(db_path, 0)
        for _ in work:
            pass
    assert len(ids(db_path)) == 200 - gone


def test_a_slice_that_fails_leaves_the_others(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit([make_item(n, time_us=START_US + n * MINUTE_US) for n in range(100)])
    catch_up(db_path)
    with closing(sqlite3.connect(db_path, isolation_level=None, timeout=0)) as connection:
        work = retire(connection, START_US + 1000 * US_PER_DAY, 1, None)
        gone = next(work)
        with closing(sqlite3.connect(db_path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                next(work)
        assert not connection.in_transaction
    assert assert_true(db_path) == assert_counted(db_path) == 100 - gone
