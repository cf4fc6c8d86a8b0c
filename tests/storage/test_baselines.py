"""What the quality tests have learnt is kept with the readings that it includes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.clock import US_PER_DAY
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.reading import Reading, Source, TimeSource
from harit_desktop.domain.status import StoreState
from harit_desktop.storage import baselines, simulated
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.retention import retire
from tests.storage.builders import (
    EXAMPLE,
    START_US,
    counts_of,
    make_item,
    make_items,
    make_rejected,
    wave,
)


def reading_of(item: CommitItem) -> Reading:
    assert item.analysed is not None
    return item.analysed.reading


def test_states_and_how_far_they_come(journal: SqliteJournal, db_path: Path) -> None:
    assert journal.load_baselines(10) == ({}, 0)
    assert journal.load_baseline("a") is None
    journal.commit([make_item(0, "a"), make_item(1, "b"), make_item(2, "c")])
    journal.save_baselines({"a": b"1", "b": b"", "c": bytes(range(256)) * 100}, 3)
    journal.commit([make_item(3, "b")])
    journal.save_baselines({"b": b"\x00new"}, 4)
    journal.close()
    again = SqliteJournal(db_path, lambda: START_US)
    again.open()
    states, last_id = again.load_baselines(10)
    assert (list(states), last_id) == (["b", "c", "a"], 4), "the probe heard last comes first"
    assert states == {"a": b"1", "b": b"\x00new", "c": bytes(range(256)) * 100}
    assert list(again.load_baselines(2)[0]) == ["b", "c"]
    assert again.load_baseline("a") == b"1"
    again.close()


def test_without_states_the_cursor_moves_all_the_same(journal: SqliteJournal) -> None:
    journal.commit(make_items(0, 5))
    journal.save_baselines({}, 5)
    assert journal.load_baselines(10) == ({}, 5)


def test_readings_are_examined_again_as_they_were(journal: SqliteJournal) -> None:
    suspect = Reading(
        publisher_id="late",
        timestamp_us=START_US,
        received_us=START_US,
        values=EXAMPLE,
        source=Source.MQTT,
        time_source=TimeSource.SUSPECT,
        sent_timestamp="1970-01-01",
        topic="t",
        retained=True,
    )
    items = [wave(n) for n in range(40)]
    # Stored late: the order is that of storing, not of time.
    items += [make_item(5, "late"), make_rejected(), make_item(3, "late"), wave(7)]
    analysed = make_item(9).analysed
    assert analysed is not None
    odd = CommitItem(items[0].message, type(analysed)(suspect, analysed.analysis, b"k" * 32))
    journal.commit([*items, odd])
    found = journal.readings_after(0, 1000)
    stored = [reading_of(item) for item in items if item.analysed is not None][:-1]
    assert [reading for _, reading in found] == [*stored, suspect]
    ids = [reading_id for reading_id, _ in found]
    assert ids == sorted(ids)
    in_parts: list[tuple[int, Reading]] = []
    while part := journal.readings_after(in_parts[-1][0] if in_parts else 0, 7):
        in_parts += part
    assert in_parts == found
    assert journal.readings_after(ids[9], 1000) == found[10:]


def test_a_save_that_fails_changes_nothing(
    journal: SqliteJournal, db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.commit(make_items(0, 3))
    journal.save_baselines({"probe": b"old"}, 2)
    with closing(sqlite3.connect(db_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(KnownError, match=r"store\.locked"):
            journal.save_baselines({"probe": b"new"}, 3)
    assert journal.status().state is StoreState.OK
    monkeypatch.setattr(baselines, "_PRUNE", "SELECT no_such_function(?)")
    with pytest.raises(KnownError, match=r"store\.failed"):
        journal.save_baselines({"probe": b"new"}, 3)
    monkeypatch.undo()
    assert journal.load_baselines(10) == ({"probe": b"old"}, 2)
    journal.save_baselines({"probe": b"new"}, 3)
    assert journal.load_baselines(10) == ({"probe": b"new"}, 3)


def test_only_so_many_probes_are_kept(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselines.save_baselines, "__defaults__", (5,))
    journal.commit([make_item(n, f"p{n}") for n in range(8)])
    journal.save_baselines({f"p{n}": b"x" for n in range(8)}, 8)
    assert list(journal.load_baselines(100)[0]) == ["p7", "p6", "p5", "p4", "p3"]


def test_what_simulated_readings_taught_goes_with_them(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulated, "PAUSE_S", 0)
    journal.commit([make_item(0, name, source=Source.SIMULATOR) for name in ("sim", "both")])
    journal.commit([make_item(1, "both"), make_item(1, "field")])
    states = {"sim": b"s", "both": b"b", "field": b"f"}
    journal.save_baselines(states, 4)
    journal.delete_simulated()
    assert journal.load_baselines(10) == ({"field": b"f"}, 4)
    # Who still has it in memory does not bring it back.
    journal.save_baselines(states, 4)
    assert "sim" not in journal.load_baselines(10)[0]


@pytest.mark.parametrize("forwarded", [False, True])
def test_a_probe_that_is_gone_leaves_no_state(
    journal: SqliteJournal, db_path: Path, forwarded: bool
) -> None:
    """One whose readings are only on a server by now stays known."""
    journal.commit([make_item(0, "gone"), make_item(5 * 86_400, "here")])
    journal.save_baselines({"gone": b"g", "here": b"h"}, 2)
    days, journal_days = (0, 2) if forwarded else (2, None)
    with closing(sqlite3.connect(db_path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO cursors VALUES ('forwarded', 2)")
        list(retire(connection, START_US + 6 * US_PER_DAY, days, journal_days))
    assert counts_of(db_path).readings == 1
    assert ("gone" in journal.load_baselines(10)[0]) is forwarded


def test_another_file_in_its_place_knows_no_later_reading(
    journal: SqliteJournal, db_path: Path
) -> None:
    journal.commit(make_items(0, 50))
    for name in ("harit.db", "harit.db-wal", "harit.db-shm"):
        db_path.with_name(name).unlink(missing_ok=True)
    journal.commit(make_items(100, 3))
    journal.save_baselines({"probe": b"state"}, 50)
    assert journal.load_baselines(10) == ({"probe": b"state"}, 3)
    journal.commit(make_items(200, 2))
    assert len(journal.readings_after(3, 10)) == 2


def test_states_of_nobody_knows_when_are_not_used(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit(make_items(0, 3))
    journal.save_baselines({"probe": b"state"}, 3)
    journal.close()
    with closing(sqlite3.connect(db_path, isolation_level=None)) as connection:
        connection.execute("DROP TABLE cursors")
    journal.open()
    assert journal.load_baselines(10) == ({}, 0)
