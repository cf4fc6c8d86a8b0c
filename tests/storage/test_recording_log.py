"""The log of the program's own running: extended, merged, bounded, and made anew when lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.gaps import RecordingKind, RecordingSpan
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.recording_log import RecordingLog
from tests.storage.builders import START_US, make_item

MINUTE_US = 60_000_000
RUN, DOWN = RecordingKind.RUN, RecordingKind.BROKER_DOWN


def span(kind: RecordingKind, from_min: float, until_min: float) -> RecordingSpan:
    begin_us = START_US + int(from_min * MINUTE_US)
    return RecordingSpan(kind, begin_us, START_US + int(until_min * MINUTE_US))


def rows(path: Path) -> list[tuple[str, float, float]]:
    """Kind, from and until in minutes, in the order of their ids."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT kind, from_us, until_us FROM recording_log ORDER BY id")
        return [
            (kind, (begin - START_US) / MINUTE_US, (end - START_US) / MINUTE_US)
            for kind, begin, end in found
        ]


@contextmanager
def write_lock(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.fixture
def kept(journal: SqliteJournal, db_path: Path) -> RecordingLog:
    return RecordingLog(db_path)


def test_a_stretch_begins_and_is_extended(kept: RecordingLog, db_path: Path) -> None:
    run, down = kept.keep([span(RUN, 0, 0), span(DOWN, 1, 2)])
    assert (run.id, down.id) == (1, 2)
    again = kept.keep([replace(run, until_us=START_US + 5 * MINUTE_US)])
    assert again[0].id == run.id
    assert rows(db_path) == [("run", 0, 5), ("broker_down", 1, 2)]


def test_an_end_never_moves_back(kept: RecordingLog, db_path: Path) -> None:
    (run,) = kept.keep([span(RUN, 0, 5)])
    kept.keep([replace(run, until_us=START_US + 3 * MINUTE_US)])
    assert rows(db_path) == [("run", 0, 5)]


def test_neighbours_of_a_kind_become_one_but_runs_do_not(kept: RecordingLog, db_path: Path) -> None:
    kept.keep([span(RUN, 0, 10), span(DOWN, 1, 2)])
    (joined,) = kept.keep([span(DOWN, 2.3, 3)])
    assert (joined.id, joined.from_us) == (2, START_US + MINUTE_US)
    kept.keep([replace(joined, until_us=START_US + 4 * MINUTE_US)])
    kept.keep([span(DOWN, 4.5, 6), span(RUN, 10.1, 11)])
    assert rows(db_path) == [
        ("run", 0, 10),
        ("broker_down", 1, 4),
        ("broker_down", 4.5, 6),
        ("run", 10.1, 11),
    ]


def test_a_row_that_is_gone_is_made_anew(kept: RecordingLog, db_path: Path) -> None:
    (run,) = kept.keep([span(RUN, 0, 1)])
    with closing(sqlite3.connect(db_path)) as connection, connection:
        connection.execute("DELETE FROM recording_log")
    (again,) = kept.keep([replace(run, until_us=START_US + 2 * MINUTE_US)])
    assert again.id != run.id
    assert rows(db_path) == [("run", 0, 2)]


def test_another_stores_row_of_the_same_id_is_left_alone(kept: RecordingLog, db_path: Path) -> None:
    """As after a restore: the id is that of a run of long ago."""
    (run,) = kept.keep([span(RUN, 100, 101)])
    with closing(sqlite3.connect(db_path)) as connection, connection:
        connection.execute(
            "UPDATE recording_log SET from_us = ?, until_us = ?", (START_US, START_US)
        )
    kept.keep([replace(run, until_us=START_US + 102 * MINUTE_US)])
    assert rows(db_path) == [("run", 0, 0), ("run", 100, 102)]


def test_years_of_it_stay_bounded(journal: SqliteJournal, db_path: Path) -> None:
    log = RecordingLog(db_path, max_rows=50)
    (run,) = log.keep([span(RUN, 0, 0)])
    for number in range(1, 400):
        end_us = START_US + (2 * number + 1) * MINUTE_US
        run, _ = log.keep(
            [replace(run, until_us=end_us), span(DOWN, 2 * number - 1, 2 * number - 0.5)]
        )
        run, _ = log.keep([run, span(DOWN, 2 * number, 2 * number + 0.5)])
        assert len(rows(db_path)) <= 50 or number < 50
    found = rows(db_path)
    assert 40 <= len(found) <= 50
    (only_run,) = [row for row in found if row[0] == "run"]
    # Nothing is known of the time before the oldest row that is left, whatever its kind.
    assert only_run[1] == pytest.approx(min(row[1] for row in found))
    assert only_run[2] == 2 * 399 + 1
    assert only_run[1] > 600


def test_a_locked_store_is_named_and_nothing_is_lost(kept: RecordingLog, db_path: Path) -> None:
    with write_lock(db_path), pytest.raises(KnownError, match=r"store\.locked"):
        kept.keep([span(RUN, 0, 1)])
    kept.keep([span(RUN, 0, 1)])
    assert rows(db_path) == [("run", 0, 1)]


def test_commits_go_on_beside_it(kept: RecordingLog, journal: SqliteJournal, db_path: Path) -> None:
    (run,) = kept.keep([span(RUN, 0, 0)])
    for number in range(20):
        journal.commit([make_item(number)])
        (run,) = kept.keep([replace(run, until_us=START_US + number * MINUTE_US)])
    assert journal.status().rows == 20
    assert rows(db_path) == [("run", 0, 19)]


def test_a_store_without_the_table_gets_it_back(
    kept: RecordingLog, journal: SqliteJournal, db_path: Path
) -> None:
    with closing(sqlite3.connect(db_path)) as connection, connection:
        connection.execute("DROP TABLE recording_log")
    with pytest.raises(KnownError, match=r"store\.failed"):
        kept.keep([span(RUN, 0, 1)])
    journal.commit([make_item()])
    journal.close()
    journal.open()
    kept.keep([span(RUN, 0, 1)])
    assert rows(db_path) == [("run", 0, 1)]
