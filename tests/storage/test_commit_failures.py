"""A store that refuses: nothing is stored, the reason is named, and it goes on by itself."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.message import Outcome
from harit_desktop.domain.status import StoreState
from harit_desktop.storage.journal import SqliteJournal
from tests.storage.builders import START_US, counts_of, make_item, make_items
from tests.storage.conftest import enlarge

HOLD_THE_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
"""


def stored(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("SELECT count(*) FROM sensor_readings").fetchone()[0])
    finally:
        connection.close()


def refusal(journal: SqliteJournal, first: int = 1000) -> KnownError:
    with pytest.raises(KnownError) as caught:
        journal.commit(make_items(first, 20))
    status = journal.status()
    assert status.state is StoreState.DOWN
    assert status.problem == caught.value.problem
    return caught.value


def test_locked_by_another_program(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit([make_item(1)])
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_LOCK, str(db_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "held\n"
        assert refusal(journal).code == "store.locked"
        assert stored(db_path) == 1
        other.stdin.write("\n")
        other.stdin.close()
        other.wait()
    assert journal.commit([make_item(1), make_item(2)]).outcomes == (
        Outcome.DUPLICATE,
        Outcome.STORED,
    )
    assert journal.status().state is StoreState.OK


def test_a_lock_is_reported_before_two_seconds_are_over(db_path: Path) -> None:
    """The wait that SQLite is told of; what a loaded machine adds is not the store's."""
    journal = SqliteJournal(db_path, lambda: START_US)
    journal.open()
    assert journal._connection is not None
    assert journal._connection.execute("PRAGMA busy_timeout").fetchone() == (1000,)
    journal.close()


def test_full_disk(small_disk: Path) -> None:
    path = small_disk / "harit.db"
    journal = SqliteJournal(path, lambda: START_US)
    journal.open()
    done = 0
    code = ""
    while not code:
        batch = [make_item(done + n, payload=b"x" * 500) for n in range(20)]
        try:
            journal.commit(batch)
            done += 20
        except KnownError as error:
            code = error.code
    assert code == "store.full"
    assert done > 0
    # All that was confirmed is there and can be read, and of the refused batch nothing.
    assert counts_of(path).readings == done
    assert stored(path) == done
    with pytest.raises(KnownError, match=r"store\.full"):
        journal.commit(batch)
    enlarge(small_disk)
    assert journal.commit(batch).outcomes == (Outcome.STORED,) * 20
    assert journal.status().rows == stored(path) == done + 20
    journal.close()


def test_full_by_sqlites_own_limit(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit(make_items(0, 20))
    connection = journal._connection
    assert connection is not None
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(KnownError, match=r"store\.full"):
        journal.commit(make_items(100, 2000))
    assert stored(db_path) == 20
    connection.execute("PRAGMA max_page_count = 1000000")
    assert set(journal.commit(make_items(100, 2000)).outcomes) == {Outcome.STORED}


def test_opening_on_a_full_disk(small_disk: Path) -> None:
    filler = small_disk / "filler"
    free = shutil.disk_usage(small_disk).free
    filler.write_bytes(bytes(free))
    journal = SqliteJournal(small_disk / "harit.db", lambda: START_US)
    with pytest.raises(KnownError, match=r"store\.full"):
        journal.open()
    with pytest.raises(KnownError, match=r"store\.full"):
        journal.commit([make_item()])
    filler.unlink()
    assert journal.commit([make_item()]).outcomes == (Outcome.STORED,)
    journal.close()


def test_read_only_folder(read_only: tuple[Path, Path]) -> None:
    writable, refusing = read_only
    for folder in (refusing, refusing / "deeper"):
        new = SqliteJournal(folder / "harit.db", lambda: START_US)
        with pytest.raises(KnownError, match=r"store\.read_only"):
            new.open()
    first = SqliteJournal(writable / "harit.db", lambda: START_US)
    first.open()
    first.commit(make_items(0, 5))
    first.close()
    journal = SqliteJournal(refusing / "harit.db", lambda: START_US)
    with pytest.raises(KnownError, match=r"store\.read_only"):
        journal.open()
    assert journal.status().state is StoreState.DOWN
    assert journal.status().opened is False


def test_history_is_readable_in_a_read_only_folder(read_only: tuple[Path, Path]) -> None:
    writable, refusing = read_only
    journal = SqliteJournal(writable / "harit.db", lambda: START_US)
    journal.open()
    journal.commit(make_items(0, 5))
    journal.close()
    assert counts_of(refusing / "harit.db").readings == 5


def test_the_folder_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    journal = SqliteJournal(tmp_path / "data" / "harit.db", lambda: START_US)
    with pytest.raises(KnownError, match=r"store\.failed"):
        journal.open()


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be deleted there")
def test_the_file_is_deleted_while_running(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit(make_items(0, 5))
    db_path.unlink()
    assert journal.commit([make_item(9)]).outcomes == (Outcome.STORED,)
    assert stored(db_path) == 1
    status = journal.status()
    assert (status.state, status.rows) == (StoreState.OK, 1)
    assert status.problem is not None
    assert status.problem.code == "store.replaced"


@pytest.mark.skipif(sys.platform == "win32", reason="an open folder cannot be deleted there")
def test_the_folder_is_deleted_while_running(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit(make_items(0, 5))
    shutil.rmtree(db_path.parent)
    assert journal.commit([make_item(9)]).outcomes == (Outcome.STORED,)
    assert stored(db_path) == 1


def test_a_batch_that_breaks_off_leaves_nothing(journal: SqliteJournal, db_path: Path) -> None:
    class Unreadable:
        """Stands for a fault of ours in the middle of a batch."""

        @property
        def message(self) -> object:
            raise RuntimeError("bug")

    with pytest.raises(RuntimeError, match="bug"):
        journal.commit([make_item(1), Unreadable()])  # type: ignore[list-item]  # the fault
    assert stored(db_path) == 0
    assert journal.commit([make_item(1)]).outcomes == (Outcome.STORED,)


def test_an_empty_batch_needs_no_store(db_path: Path) -> None:
    assert SqliteJournal(db_path, lambda: START_US).commit([]).outcomes == ()
    assert not db_path.exists()


def test_commit_opens_what_is_not_open_yet(db_path: Path) -> None:
    journal = SqliteJournal(db_path, lambda: START_US)
    assert journal.commit([make_item()]).outcomes == (Outcome.STORED,)
    journal.close()
