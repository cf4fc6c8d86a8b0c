"""The store is kept in order while it is written, and left alone while nothing happens."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from harit_desktop.domain.clock import US_PER_DAY
from harit_desktop.domain.message import Outcome
from harit_desktop.storage import maintenance as module
from harit_desktop.storage.database_files import wal_of
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.maintenance import Maintenance
from harit_desktop.storage.watch import sight_of, verdict_of
from tests.storage.builders import START_US, counts_of, make_item, make_items
from tests.storage.rollup_truth import assert_counted, assert_true

WAIT_S = 20.0


@contextmanager
def at_work(maintenance: Maintenance) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=maintenance.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(WAIT_S)
        assert not thread.is_alive()


def quick(path: Path, **settings: int) -> Maintenance:
    return Maintenance(path, lambda: START_US, round_s=0.01, **settings)


def until(condition: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline_s, "never came true"
        time.sleep(0.01)


def rolled_up(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT last_id FROM cursors WHERE name = 'rollup'").fetchone()
    return 0 if found is None else int(found[0])


def test_without_a_store_nothing_is_made(db_path: Path) -> None:
    maintenance = quick(db_path)
    with at_work(maintenance):
        time.sleep(0.1)
        assert not db_path.parent.exists()
        db_path.parent.mkdir()
        time.sleep(0.1)
        assert list(db_path.parent.iterdir()) == []
        db_path.touch()
        time.sleep(0.1)
    assert db_path.stat().st_size == 0
    assert maintenance.problem is None


def test_rollups_follow_the_readings(journal: SqliteJournal, db_path: Path) -> None:
    with at_work(quick(db_path)):
        for first in range(0, 1000, 50):
            journal.commit(make_items(first, 50))
        until(lambda: rolled_up(db_path) == 1000)
        journal.commit(make_items(5000, 10))
        until(lambda: rolled_up(db_path) == 1010)
    assert assert_true(db_path) == 1010


def test_a_store_of_an_earlier_version_is_left_alone(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit(make_items(0, 10))
    with closing(sqlite3.connect(db_path)) as connection:
        connection.execute("PRAGMA user_version = 1")
    with at_work(quick(db_path)):
        time.sleep(0.1)
    assert rolled_up(db_path) == 0


def test_commits_go_on_beside_all_of_it(
    journal: SqliteJournal, db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOG_BYTES", 100_000)
    for first in range(0, 2000, 100):
        journal.commit(make_items(first - 40 * 86_400, 100))
    with closing(sqlite3.connect(db_path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    maintenance = quick(db_path, retention_days=30, first_retention_s=0)
    with at_work(maintenance):
        for first in range(0, 2000, 20):
            assert set(journal.commit(make_items(first, 20)).outcomes) == {Outcome.STORED}
            time.sleep(0.01)
        until(lambda: rolled_up(db_path) == 4000)
        until(lambda: assert_counted(db_path) <= 2000)
    assert maintenance.problem is None
    assert assert_true(db_path) == assert_counted(db_path) == 2000
    # The log began anew many times: it would hold all of it otherwise.
    assert wal_of(db_path).stat().st_size < 4_000_000


def test_a_quiet_store_has_an_empty_log(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit(make_items(0, 1000))
    assert wal_of(db_path).stat().st_size > 300_000
    with at_work(quick(db_path)):
        until(lambda: wal_of(db_path).stat().st_size == 0)
    assert journal.commit([make_item(5000)]).outcomes == (Outcome.STORED,)


def test_nothing_is_read_while_nothing_happens(
    journal: SqliteJournal, db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.commit(make_items(0, 1000))
    maintenance = quick(db_path)
    statements: list[str] = []
    usual = module.open_side_writer

    def traced(path: Path, busy_ms: int) -> sqlite3.Connection:
        connection = usual(path, busy_ms)
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr(module, "open_side_writer", traced)
    with at_work(maintenance):
        until(lambda: wal_of(db_path).stat().st_size == 0)
        time.sleep(0.1)
        statements.clear()
        time.sleep(0.2)
        seen = set(statements)
    assert seen == {"PRAGMA data_version"}


def test_a_locked_store_is_waited_for(
    journal: SqliteJournal, db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BUSY_MS", 10)
    journal.commit(make_items(0, 100))
    maintenance = quick(db_path)
    with closing(sqlite3.connect(db_path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with at_work(maintenance):
            time.sleep(0.2)
            assert rolled_up(db_path) == 0
            other.execute("ROLLBACK")
            until(lambda: rolled_up(db_path) == 100)
    assert maintenance.problem is None


def test_stop_ends_a_long_piece_of_work(
    journal: SqliteJournal, db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAUSE_S", 60.0)
    journal.commit(make_items(0, 2000))
    with at_work(quick(db_path)):
        until(lambda: rolled_up(db_path) > 0)
    assert 0 < rolled_up(db_path) < 2000


def test_retention_goes_on_after_a_trouble(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit([make_item(n, time_us=START_US - 50 * US_PER_DAY + n) for n in range(50)])
    with closing(sqlite3.connect(db_path)) as other:
        other.execute("ALTER TABLE devices RENAME TO hidden")
        maintenance = quick(db_path, retention_days=30, first_retention_s=0)
        with at_work(maintenance):
            until(lambda: maintenance.problem)
            assert maintenance.problem is not None
            assert maintenance.problem.code == "store.maintenance_failed"
            other.execute("ALTER TABLE hidden RENAME TO devices")
            until(lambda: assert_counted(db_path) == 0)
            until(lambda: maintenance.problem is None)


posix_only = pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be changed")


@posix_only
def test_damage_out_of_the_commits_sight(
    journal: SqliteJournal, db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal has every page in memory, and would write on for ever."""
    monkeypatch.setattr(module, "QUIET_LOG_BYTES", 1)
    journal.commit(make_items(0, 2000))
    assert journal._connection is not None
    journal._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    maintenance = quick(db_path)
    with at_work(maintenance):
        until(lambda: rolled_up(db_path) == 2000)
        until(lambda: wal_of(db_path).stat().st_size == 0)
        # What happens until it has looked at its own checkpoint counts as that checkpoint:
        # the file system gives both the same sign, a new time of change.
        until(lambda: maintenance._seen == sight_of(db_path))
        with db_path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xa5" * (db_path.stat().st_size - 4096))
        until(lambda: verdict_of(db_path).exists())
        assert journal.commit([make_item(9000)]).outcomes == (Outcome.STORED,)
        problem = journal.status().problem
        assert problem is not None
        assert problem.code == "store.damaged"
        assert db_path.with_name(str(problem.params["kept_as"])).exists()
        assert not verdict_of(db_path).exists()
        assert journal.commit(make_items(9001, 10)).outcomes == (Outcome.STORED,) * 10
        # The new file is looked after like the old one.
        until(lambda: rolled_up(db_path) == 11)
    assert counts_of(db_path).readings == 11


@posix_only
def test_its_own_checkpoints_are_no_damage(
    journal: SqliteJournal, db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOG_BYTES", 50_000)
    checked: list[float] = []
    usual = module.check

    def counted(connection: sqlite3.Connection, budget_s: float) -> bool:
        checked.append(budget_s)
        return usual(connection, budget_s)

    monkeypatch.setattr(module, "check", counted)
    with at_work(quick(db_path)):
        for first in range(0, 1000, 20):
            journal.commit(make_items(first, 20))
            time.sleep(0.005)
        until(lambda: rolled_up(db_path) == 1000)
        assert checked == []
        os.utime(db_path)
        until(lambda: checked)
    assert journal.status().problem is None


@posix_only
def test_a_replaced_file_is_not_mixed_with_the_old_log(
    journal: SqliteJournal, db_path: Path, tmp_path: Path
) -> None:
    """As when somebody puts a copy back under the running program."""
    journal.commit(make_items(0, 500))
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(db_path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    with at_work(quick(db_path)):
        until(lambda: rolled_up(db_path) == 500)
        journal.commit(make_items(1000, 500))
        until(lambda: rolled_up(db_path) == 1000)
        shutil.copy(copy, tmp_path / "fresh.db")
        (tmp_path / "fresh.db").replace(db_path)
        # Nothing touches it until the journal has put the old log away.
        time.sleep(0.2)
        assert db_path.read_bytes() == copy.read_bytes()
        assert journal.commit([make_item(5000)]).outcomes == (Outcome.STORED,)
        problem = journal.status().problem
        assert problem is not None
        assert problem.code == "store.replaced"
        until(lambda: rolled_up(db_path) == 501)
    assert assert_true(db_path) == assert_counted(db_path) == 501
