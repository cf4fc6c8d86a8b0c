"""A store of an earlier version becomes one of this version, or stays as it was."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.message import Outcome
from harit_desktop.storage import migrate
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.schema import SCHEMA_VERSION, create_statements
from tests.storage.builders import START_US, counts_of, make_item, make_items
from tests.storage.polled import polled
from tests.storage.rollup_truth import assert_counted, assert_true, catch_up

SCHEMAS = Path(__file__).parent / "schemas"
COPY = f"harit-before-v{SCHEMA_VERSION}-20251124T160000Z.db"


def restore(dump: Path, path: Path) -> None:
    """A store from its frozen dump."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))


def shape(connection: sqlite3.Connection) -> dict[str, str]:
    """What the database consists of, without the way in which it was written down."""
    found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL")
    return {name: re.sub(r"[\s\"]+", "", sql) for name, sql in found}


def tables(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return [name for (name,) in found]


def rows(connection: sqlite3.Connection, table: str) -> list[dict[str, object]]:
    cursor = connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def fresh() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in create_statements():
        connection.execute(statement)
    return connection


@pytest.fixture
def old(db_path: Path) -> Path:
    restore(SCHEMAS / "v1.sql", db_path)
    return db_path


def old_versions() -> list[int]:
    return list(range(1, SCHEMA_VERSION))


@pytest.mark.parametrize("version", old_versions())
def test_an_old_store_becomes_one_like_a_new_one(db_path: Path, version: int) -> None:
    restore(SCHEMAS / f"v{version}.sql", db_path)
    with closing(sqlite3.connect(db_path)) as connection:
        before = {name: rows(connection, name) for name in tables(connection)}
    journal = SqliteJournal(db_path, lambda: START_US)
    report = journal.open()
    journal.close()
    assert (report.created, report.problems) == (False, ())
    with closing(sqlite3.connect(db_path)) as connection, closing(fresh()) as new:
        assert shape(connection) == shape(new)
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        for name, found in before.items():
            # A step has made the keys anew; later columns are not compared.
            same = [column for column in (found[0] if found else ()) if column != "reading_key"]
            now = rows(connection, name)
            assert [[row[c] for c in same] for row in now] == [[r[c] for c in same] for r in found]


def test_a_store_of_version_3_gets_the_reasons_and_the_tables_of_the_quality_tests(
    db_path: Path,
) -> None:
    restore(SCHEMAS / "v3.sql", db_path)
    with closing(sqlite3.connect(db_path)) as connection:
        (readings,) = connection.execute("SELECT count(*) FROM sensor_readings").fetchone()
    journal = SqliteJournal(db_path, lambda: START_US)
    journal.open()
    assert journal.load_baselines(10) == ({}, 0)
    assert len(journal.readings_after(0, 1000)) == readings
    journal.commit([make_item(99)])
    journal.save_baselines({"probe": b"state"}, journal.status().last_id)
    journal.close()
    with closing(sqlite3.connect(db_path)) as connection:
        reasons = connection.execute("SELECT DISTINCT quality_reasons FROM sensor_readings")
        assert reasons.fetchall() == [(None,)]
        for name in ("quality_events", "device_records", "calibrations"):
            assert rows(connection, name) == []


def test_a_reading_of_an_old_store_is_known_again_when_it_comes_again(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection:
        names = ("id", "publisher_id", "timestamp_us", "reading_key", "N", "P", "K", "CO2")
        wanted = ", ".join((*names, "temperature", "moisture", "pH"))
        row = connection.execute(
            f"SELECT {wanted} FROM sensor_readings WHERE time_source = 'sent'"
        ).fetchone()
    again = make_item(publisher_id=row[1], time_us=row[2], values=row[4:])
    assert again.analysed is not None
    assert again.analysed.key[8:] == row[3][:24], "the frozen store has the keys of its day"
    journal = SqliteJournal(old, lambda: START_US)
    journal.open()
    result = journal.commit([again])
    journal.close()
    assert result.outcomes == (Outcome.DUPLICATE,)


def test_the_tables_of_a_version_never_change() -> None:
    """Fails where the schema was changed without a new version and the step that leads to it.

    After raising SCHEMA_VERSION write the dump of a new store with some rows to
    schemas/v<version>.sql; the earlier dumps stay as they are.
    """
    with closing(sqlite3.connect(":memory:")) as frozen, closing(fresh()) as new:
        frozen.executescript((SCHEMAS / f"v{SCHEMA_VERSION}.sql").read_text(encoding="utf-8"))
        assert shape(new) == shape(frozen)
        assert frozen.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    assert sorted(migrate._STEPS) == old_versions()


def test_a_copy_of_the_old_store_is_kept(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection:
        before = list(connection.iterdump())
    journal = SqliteJournal(old, lambda: START_US)
    journal.open()
    journal.close()
    assert [path.name for path in (old.parent / "backups").iterdir()] == [COPY]
    with closing(sqlite3.connect(old.parent / "backups" / COPY)) as connection:
        assert list(connection.iterdump()) == before
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_the_migrated_store_is_read_and_written(old: Path) -> None:
    journal = SqliteJournal(old, lambda: START_US)
    assert journal.open().readings == 19
    assert journal.commit([make_item(77)]).outcomes == (Outcome.STORED,)
    history = HistoryReader(old)
    assert counts_of(old).readings == 20
    assert len(history.series("probe", 0, 2**60, 100).time_us) == 13
    journal.close()


def test_no_room_for_the_copy(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = old.read_bytes()
    usage = shutil.disk_usage(old.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=4096))
    journal = SqliteJournal(old, lambda: START_US)
    with pytest.raises(KnownError, match=r"store\.migration_failed") as caught:
        journal.open()
    assert (caught.value.params["path"], journal.status().opened) == (str(old), False)
    with pytest.raises(KnownError, match=r"store\.migration_failed"):
        journal.commit([make_item()])
    journal.close()
    assert unchanged(old, before)
    monkeypatch.undo()
    assert journal.commit([make_item()]).outcomes == (Outcome.STORED,)
    journal.close()


def test_a_step_that_fails_changes_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = old.read_bytes()
    monkeypatch.setitem(migrate._STEPS, 1, lambda: ["CREATE TABLE half (x)", "NOT SQL"])
    journal = SqliteJournal(old, lambda: START_US)
    with pytest.raises(KnownError, match=r"store\.migration_failed"):
        journal.open()
    assert unchanged(old, before)
    # Tried again and again, it must not fill the disk with copies.
    assert list((old.parent / "backups").iterdir()) == []


def test_of_starts_that_ended_before_the_migration_did_one_copy_is_kept(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended() -> list[str]:
        raise KeyboardInterrupt

    backups = old.parent / "backups"
    another = backups / f"harit-before-v{SCHEMA_VERSION}-20250101T000000Z.db"
    backups.mkdir()
    another.write_bytes(b"of another store")
    with monkeypatch.context() as patched:
        patched.setitem(migrate._STEPS, 2, ended)
        for second in range(3):
            journal = SqliteJournal(old, lambda s=second: START_US + s * 1_000_000)
            with pytest.raises(KeyboardInterrupt):
                journal.open()
            journal.close()
            assert len(list(backups.iterdir())) == 2
    journal = SqliteJournal(old, lambda: START_US + 9_000_000)
    assert journal.open().readings == 19
    journal.close()
    assert {path.name for path in backups.iterdir()} == {
        another.name,
        COPY.replace("160000", "160009"),
    }


def test_a_locked_store_is_not_a_failed_migration(old: Path) -> None:
    with closing(sqlite3.connect(old, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL").close()
        other.execute("BEGIN IMMEDIATE")
        journal = SqliteJournal(old, lambda: START_US, busy_ms=50)
        with pytest.raises(KnownError, match=r"store\.locked"):
            journal.open()
    assert journal.open().readings == 19
    journal.close()


def test_a_damaged_old_store_is_set_aside(old: Path) -> None:
    with old.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (old.stat().st_size - 4096))
    journal = SqliteJournal(old, lambda: START_US)
    assert [problem.code for problem in journal.open().problems] == ["store.damaged"]
    assert journal.commit([make_item()]).outcomes == (Outcome.STORED,)
    journal.close()


def test_maintenance_rolls_the_old_readings_up(old: Path) -> None:
    journal = SqliteJournal(old, lambda: START_US)
    journal.open()
    catch_up(old)
    assert assert_true(old) == assert_counted(old) == 19
    journal.close()


def unchanged(path: Path, before: bytes) -> bool:
    """Whether the file holds what it held; opening it alone changes its journal mode."""
    copy = path.with_name("before.db")
    copy.write_bytes(before)
    with closing(sqlite3.connect(path)) as one, closing(sqlite3.connect(copy)) as two:
        same_version = all(c.execute("PRAGMA user_version").fetchone() == (1,) for c in (one, two))
        return same_version and list(one.iterdump()) == list(two.iterdump())


def test_killed_between_the_copy_and_the_step(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def killed() -> list[str]:
        raise Killed

    monkeypatch.setitem(migrate._STEPS, 1, killed)
    journal = SqliteJournal(old, lambda: START_US)
    with pytest.raises(Killed):
        journal.open()
    monkeypatch.undo()
    journal = SqliteJournal(old, lambda: START_US + 5_000_000)
    assert journal.open().readings == 19
    journal.commit(make_items(500, 3))
    journal.close()
    # The copy of the start that was killed tells nothing that the newer one does not.
    assert len(list((old.parent / "backups").iterdir())) == 1


@pytest.mark.parametrize("version", old_versions())
def test_rows_of_an_api_are_matched_to_readings_of_an_old_store(
    db_path: Path, version: int
) -> None:
    restore(SCHEMAS / f"v{version}.sql", db_path)
    with closing(sqlite3.connect(db_path)) as connection:
        names = "timestamp_us, N, P, K, CO2, temperature, moisture, pH"
        time_us, *values = connection.execute(
            f"SELECT {names} FROM sensor_readings WHERE id = 4"
        ).fetchone()
        (before,) = connection.execute("SELECT count(*) FROM sensor_readings").fetchone()
    journal = SqliteJournal(db_path, lambda: START_US)
    journal.open()
    at_s = (time_us - START_US) / 1e6 + 20
    result = journal.commit([polled(at_s, tuple(values)), polled(at_s, (1.0, *values[1:]))])
    journal.close()
    assert result.outcomes == (Outcome.DUPLICATE, Outcome.STORED)
    catch_up(db_path)
    assert assert_true(db_path) == assert_counted(db_path) == before + 1
