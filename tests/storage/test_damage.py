"""Damaged, empty, foreign and newer files: the program starts and keeps what it found."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.message import Outcome
from harit_desktop.domain.status import StoreState
from harit_desktop.storage import opening
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.schema import SCHEMA_VERSION, metadata
from harit_desktop.storage.watch import FileWatch, Finding
from tests.storage.builders import START_US, make_item, make_items
from tests.storage.rollup_truth import assert_counted, assert_true, catch_up

ASIDE = "harit.db.corrupt-20251124T160000Z"


@pytest.fixture
def filled(db_path: Path) -> Path:
    journal = SqliteJournal(db_path, lambda: START_US)
    journal.open()
    journal.commit(make_items(0, 2000))
    journal.close()
    return db_path


def garbage(path: Path) -> None:
    path.write_bytes(b"not a database at all\n" * 500)


def garbage_header(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(b"\x00" * 100 + data[100:])


def truncated(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def flipped_pages(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [garbage, garbage_header, truncated, flipped_pages])
def test_a_damaged_file_is_set_aside(filled: Path, damage: Callable[[Path], None]) -> None:
    damage(filled)
    damaged = filled.read_bytes()
    filled.with_name("harit.db-wal").write_bytes(b"")
    journal = SqliteJournal(filled, lambda: START_US)
    report = journal.open()
    assert report.created
    (problem,) = report.problems
    assert (problem.code, problem.params["kept_as"]) == ("store.damaged", ASIDE)
    assert journal.status().problem == problem
    assert filled.with_name(ASIDE).read_bytes() == damaged
    assert journal.commit([make_item()]).outcomes == (Outcome.STORED,)
    journal.close()


def test_two_damaged_files_in_one_second_are_both_kept(filled: Path) -> None:
    for number in range(2):
        filled.write_bytes(b"garbage %d" % number * 1000)
        journal = SqliteJournal(filled, lambda: START_US)
        journal.open()
        journal.close()
    assert filled.with_name(ASIDE).read_bytes()[:9] == b"garbage 0"
    assert filled.with_name(ASIDE + "-2").read_bytes()[:9] == b"garbage 1"


def overwritten(path: Path) -> None:
    """All pages but the first, in place, as after a fault of the disk."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def garbage_in_place(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(b"garbage!" * (size // 8))


def longer_garbage(path: Path) -> None:
    garbage_in_place(path)
    with path.open("ab") as file:
        file.write(b"more" * 4096)


@pytest.fixture
def running(filled: Path) -> Iterator[SqliteJournal]:
    """A journal at work, with all of its pages in memory and its log taken back."""
    journal = SqliteJournal(filled, lambda: START_US)
    journal.open()
    journal.commit(make_items(2000, 20))
    assert journal._connection is not None
    journal._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    journal.commit(make_items(2020, 20))
    yield journal
    journal.close()


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be changed there")
@pytest.mark.parametrize("damage", [cut, emptied, garbage_in_place, longer_garbage])
def test_damage_while_running_is_noticed_by_the_next_commit(
    running: SqliteJournal, filled: Path, damage: Callable[[Path], None]
) -> None:
    damage(filled)
    assert set(running.commit(make_items(5000, 50)).outcomes) == {Outcome.STORED}
    status = running.status()
    assert (status.state, status.rows, status.last_id) == (StoreState.OK, 50, 50)
    assert status.problem is not None
    assert status.problem.code in ("store.damaged", "store.was_empty")
    assert filled.with_name(ASIDE).exists()
    assert sound_rows(filled) == 50
    assert set(running.commit(make_items(6000, 50)).outcomes) == {Outcome.STORED}
    assert running.status().problem == status.problem


def sound_rows(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        return int(connection.execute("SELECT count(*) FROM sensor_readings").fetchone()[0])


def test_damage_met_while_writing_does_not_stop_the_readings(
    running: SqliteJournal, filled: Path
) -> None:
    overwritten(filled)
    assert running._connection is not None
    running._connection.execute("PRAGMA shrink_memory")
    assert set(running.commit(make_items(5000, 500)).outcomes) == {Outcome.STORED}
    assert sound_rows(filled) == 500
    problem = running.status().problem
    assert problem is not None
    assert (problem.code, problem.params["kept_as"]) == ("store.damaged", ASIDE)


def test_damage_that_the_check_does_not_find(
    running: SqliteJournal, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the part of a big file that the check did not come to."""
    monkeypatch.setattr(opening, "check", lambda *_: False)
    overwritten(filled)
    assert running._connection is not None
    running._connection.execute("PRAGMA shrink_memory")
    assert set(running.commit(make_items(5000, 500)).outcomes) == {Outcome.STORED}
    assert sound_rows(filled) == 500


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be replaced there")
def test_an_empty_file_in_its_place_is_noticed(running: SqliteJournal, filled: Path) -> None:
    empty = filled.with_name("empty")
    empty.touch()
    empty.replace(filled)
    assert running.commit([make_item(5000)]).outcomes == (Outcome.STORED,)
    problem = running.status().problem
    assert problem is not None
    assert problem.code == "store.was_empty"
    assert sound_rows(filled) == 1


def test_a_shorter_file_that_is_sound_goes_on(running: SqliteJournal, filled: Path) -> None:
    """Another program may tidy up: the file shrinks, and nothing is wrong."""
    with closing(sqlite3.connect(filled)) as other:
        other.execute("DELETE FROM message_log WHERE id <= 1900")
        other.execute("DELETE FROM sensor_readings WHERE id <= 1900")
        other.commit()
        other.execute("VACUUM")
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    assert running.commit([make_item(5000)]).outcomes == (Outcome.STORED,)
    assert running.status().problem is None
    assert sound_rows(filled) == 141


def test_every_look_but_the_first_is_one_stat(running: SqliteJournal, filled: Path) -> None:
    watch = FileWatch(filled)
    assert watch.look() is Finding.SOUND
    os.utime(filled)
    assert watch.look() is Finding.SOUND
    os.truncate(filled, filled.stat().st_size - 4096)
    assert watch.look() is Finding.SUSPECT


def test_a_file_of_no_length_is_noticed(filled: Path) -> None:
    filled.write_bytes(b"")
    journal = SqliteJournal(filled, lambda: START_US)
    report = journal.open()
    journal.close()
    assert report.created
    assert [problem.code for problem in report.problems] == ["store.was_empty"]


def test_a_log_without_its_database_is_kept(filled: Path) -> None:
    filled.unlink()
    filled.with_name("harit.db-wal").write_bytes(b"committed rows")
    journal = SqliteJournal(filled, lambda: START_US)
    report = journal.open()
    journal.close()
    assert [problem.code for problem in report.problems] == ["store.was_empty"]
    assert filled.with_name(ASIDE + "-wal").read_bytes() == b"committed rows"


def test_a_new_folder_is_nothing_to_speak_of(db_path: Path) -> None:
    journal = SqliteJournal(db_path, lambda: START_US)
    report = journal.open()
    journal.close()
    assert (report.created, report.readings, report.problems) == (True, 0, ())


def test_a_sound_file_is_checked_to_the_end(filled: Path) -> None:
    journal = SqliteJournal(filled, lambda: START_US, check_budget_s=60)
    report = journal.open()
    journal.close()
    assert (report.created, report.fully_checked, report.problems) == (False, True, ())
    assert report.readings == 2000


def test_a_check_that_takes_too_long_is_broken_off(filled: Path) -> None:
    connection = sqlite3.connect(filled)
    connection.execute("CREATE TABLE big (x BLOB)")
    connection.execute(
        "INSERT INTO big WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n"
        " WHERE i < 100000) SELECT randomblob(200) FROM n"
    )
    connection.commit()
    connection.close()
    journal = SqliteJournal(filled, lambda: START_US, check_budget_s=0.001)
    report = journal.open()
    assert (report.created, report.fully_checked) == (False, False)
    assert journal.commit([make_item(9999)]).outcomes == (Outcome.STORED,)
    journal.close()


def test_a_file_of_a_later_version_is_left_alone(filled: Path) -> None:
    connection = sqlite3.connect(filled)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    before = filled.read_bytes()
    journal = SqliteJournal(filled, lambda: START_US)
    with pytest.raises(KnownError, match=r"store\.newer_version"):
        journal.open()
    journal.close()
    assert filled.read_bytes() == before


def test_another_programs_database_is_left_alone(db_path: Path) -> None:
    db_path.parent.mkdir()
    connection = sqlite3.connect(db_path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    journal = SqliteJournal(db_path, lambda: START_US)
    with pytest.raises(KnownError, match=r"store\.foreign"):
        journal.open()
    connection = sqlite3.connect(db_path)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
    connection.close()


def dropped(path: Path, *statements: str) -> None:
    """What another program did."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        for statement in statements:
            other.execute(statement)


def tables_and_indexes(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


TABLES = sorted(table.name for table in metadata.sorted_tables)
INDEXES = sorted(str(i.name) for table in metadata.sorted_tables for i in table.indexes)


@pytest.mark.parametrize("name", [*TABLES, *INDEXES])
def test_what_another_program_dropped_is_made_again(filled: Path, name: str) -> None:
    whole = tables_and_indexes(filled)
    kind = "TABLE" if name in TABLES else "INDEX"
    dropped(filled, f"DROP {kind} {name}")
    journal = SqliteJournal(filled, lambda: START_US)
    report = journal.open()
    (problem,) = report.problems
    assert (problem.code, report.created) == ("store.repaired", False)
    assert name in str(problem.params["tables"]).split(", ")
    assert journal.status().problem == problem
    assert tables_and_indexes(filled) == whole
    kept = 0 if name == "sensor_readings" else 2000
    assert assert_counted(filled) == journal.status().rows == kept
    expected = Outcome.DUPLICATE if kept else Outcome.STORED
    result = journal.commit([make_item(1), make_item(5000)])
    assert result.outcomes == (expected, Outcome.STORED)
    # Numbers that were in use never come again, whatever was lost.
    assert journal.status().last_id > 2000
    if name != "message_log":
        assert result.records[0].id == 2001
    journal.close()
    catch_up(filled)
    assert assert_true(filled) == assert_counted(filled)


@pytest.mark.parametrize("name", [*TABLES, *INDEXES])
def test_dropped_while_running(running: SqliteJournal, filled: Path, name: str) -> None:
    whole = tables_and_indexes(filled)
    kind = "TABLE" if name in TABLES else "INDEX"
    dropped(filled, f"DROP {kind} {name}")
    assert set(running.commit(make_items(5000, 50)).outcomes) == {Outcome.STORED}
    assert assert_counted(filled) == running.status().rows
    problem = running.status().problem
    assert problem is not None
    assert problem.code == "store.repaired"
    assert tables_and_indexes(filled) == whole


def test_a_table_of_another_program_is_its_own(running: SqliteJournal, filled: Path) -> None:
    dropped(filled, "CREATE TABLE theirs (x)")
    assert running.commit([make_item(5000)]).outcomes == (Outcome.STORED,)
    assert running.status().problem is None
    assert "theirs" in tables_and_indexes(filled)


def test_everything_dropped_while_running(running: SqliteJournal, filled: Path) -> None:
    dropped(filled, *(f"DROP TABLE {name}" for name in TABLES))
    assert set(running.commit(make_items(5000, 50)).outcomes) == {Outcome.STORED}
    assert assert_counted(filled) == 50


@pytest.mark.parametrize(
    "column",
    ["topic", "reading_key", "quality_pH", "N", "message_id", "received_us", "quality_reasons"],
)
def test_a_missing_column_comes_back(running: SqliteJournal, filled: Path, column: str) -> None:
    index = "DROP INDEX ux_readings_key" if column == "reading_key" else "SELECT 1"
    dropped(filled, index, f'ALTER TABLE sensor_readings DROP COLUMN "{column}"')
    assert set(running.commit(make_items(5000, 50)).outcomes) == {Outcome.STORED}
    problem = running.status().problem
    assert problem is not None
    assert f"sensor_readings.{column}" in str(problem.params["tables"])
    assert assert_counted(filled) == 2090


@pytest.mark.parametrize(
    ("column", "kept"),
    [
        ("device_records.zone", 1),
        ("calibrations.note", 1),
        ("alerts.acknowledged_by", 1),
        ("alert_log.person", 1),
        ("quality_events.code", 0),
    ],
)
def test_what_was_entered_stays_where_a_column_is_missing(
    running: SqliteJournal, filled: Path, column: str, kept: int
) -> None:
    table, _, name = column.partition(".")
    dropped(
        filled,
        "INSERT INTO device_records VALUES ('probe', 'North field', 'north', 0, NULL)",
        "INSERT INTO calibrations VALUES (7, 'probe', 'pH', 'laboratory', 1, '[[7, 6]]', 2, 'a')",
        "INSERT INTO quality_events VALUES (3, 'probe', 'k', 'c', 3, '[]', 1, 1, 1, 1, 1, 0, 0)",
        "INSERT INTO alerts VALUES (4, 'r', 'value', 'crit', 'probe', 'N', 'value.low', '{}', 1, 2,"
        " 1, 1, NULL, 2, 'Asha', NULL, NULL, '', 0, NULL, NULL)",
        "INSERT INTO alert_log VALUES (5, 4, 2, 'acknowledged', 'Asha', '')",
        f"ALTER TABLE {table} DROP COLUMN {name}",
    )
    assert running.commit([make_item(5000)]).outcomes == (Outcome.STORED,)
    problem = running.status().problem
    assert problem is not None
    assert problem.code == "store.repaired"
    with closing(sqlite3.connect(filled)) as connection:
        found = connection.execute(f"SELECT * FROM {table}").fetchall()
    assert len(found) == kept
    assert assert_counted(filled) == running.status().rows


def test_counts_that_somebody_emptied(running: SqliteJournal, filled: Path) -> None:
    dropped(filled, "DELETE FROM counters", "DELETE FROM devices")
    assert set(running.commit(make_items(5000, 50)).outcomes) == {Outcome.STORED}
    assert assert_counted(filled) == 2090


def test_the_same_reading_twice_while_the_index_was_gone(filled: Path) -> None:
    columns = "timestamp, health_status, is_anomalous, anomaly_score, critical_factors,"
    columns += "publisher_id, timestamp_us, received_us, source, reading_key, time_source, topic,"
    columns += "retained, profile, " + ", ".join(
        f'"quality_{channel.column}"' for channel in CHANNELS
    )
    dropped(
        filled,
        "DROP INDEX ux_readings_key",
        f"INSERT INTO sensor_readings ({columns}) SELECT {columns} FROM sensor_readings LIMIT 9",
    )
    journal = SqliteJournal(filled, lambda: START_US)
    assert journal.open().readings == 2000
    journal.close()
    assert assert_counted(filled) == 2000
