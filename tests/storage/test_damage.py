"""Damaged, empty, foreign and newer files: the program starts and keeps what it found."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.message import Outcome
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.schema import SCHEMA_VERSION
from tests.storage.builders import START_US, make_item, make_items

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


def test_damage_while_running_does_not_stop_the_readings(filled: Path) -> None:
    journal = SqliteJournal(filled, lambda: START_US)
    journal.open()
    # In place: the same file, as after a fault of the disk.
    size = filled.stat().st_size
    with filled.open("r+b") as file:
        for page in range(1, size // 4096):
            file.seek(page * 4096)
            file.write(b"\xa5" * 4096)
    assert journal._connection is not None
    journal._connection.execute("PRAGMA shrink_memory")
    with pytest.raises(KnownError, match=r"store\.failed"):
        journal.commit(make_items(5000, 500))
    assert set(journal.commit(make_items(5000, 500)).outcomes) == {Outcome.STORED}
    assert filled.with_name(ASIDE).exists()
    problem = journal.status().problem
    assert problem is not None
    assert problem.code == "store.damaged"
    journal.close()


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
