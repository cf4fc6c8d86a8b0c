"""Deleting what the simulator made, and nothing else."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.message import Outcome
from harit_desktop.domain.reading import Source
from harit_desktop.storage import deletion, simulated
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from tests.storage.builders import (
    START_US,
    counts_of,
    devices_of,
    make_item,
    make_items,
    make_rejected,
)

SIMULATED_VALUES = (20.0, 18.0, 150.0, 500.0, 22.0, 55.0, 7.2)


def simulated_item(number: int, publisher_id: str) -> CommitItem:
    return make_item(number, publisher_id, SIMULATED_VALUES, Source.SIMULATOR)


@pytest.fixture
def mixed(journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch) -> SqliteJournal:
    """60 real readings, 90 simulated ones, one device with both; small slices."""
    monkeypatch.setattr(simulated, "SLICE_ROWS", 20)
    monkeypatch.setattr(deletion, "SLICE_ROWS", 20)
    monkeypatch.setattr(simulated, "LOOK_ROWS", 30)
    monkeypatch.setattr(simulated, "PAUSE_S", 0)
    journal.commit(make_items(0, 50, "field"))
    journal.commit([simulated_item(n, "sim") for n in range(80)])
    journal.commit([simulated_item(n, "both") for n in range(10)])
    journal.commit(make_items(3, 10, "both"))
    journal.commit([make_rejected(1), simulated_item(0, "sim")])
    return journal


def test_only_simulated_readings_go(
    mixed: SqliteJournal, history: HistoryReader, db_path: Path
) -> None:
    assert mixed.status().simulated_rows == 90
    assert mixed.delete_simulated() == ("both", "sim")
    status = mixed.status()
    assert (status.rows, status.simulated_rows) == (60, 0)
    connection = sqlite3.connect(db_path)
    assert connection.execute(
        "SELECT publisher_id, count(*) FROM sensor_readings GROUP BY 1 ORDER BY 1"
    ).fetchall() == [("both", 10), ("field", 50)]
    assert connection.execute(
        "SELECT sum(length(payload) + length(topic)) FROM message_log WHERE payload NOT NULL"
    ).fetchone() == ((50 + 10) * (2 + 25),)
    connection.close()
    counts = counts_of(db_path)
    assert (counts.readings, counts.simulated_readings, counts.devices) == (60, 0, 2)
    lines = history.messages(None, 1000)
    assert len(lines) == counts.messages == 61
    assert not any(line.publisher_id == "sim" for line in lines)


def test_devices_stay_true(mixed: SqliteJournal, db_path: Path) -> None:
    before = devices_of(db_path)
    assert before["both"].readings == 20
    assert before["both"].first_us == START_US
    mixed.delete_simulated()
    after = devices_of(db_path)
    assert set(after) == {"both", "field"}
    assert (after["both"].readings, after["both"].simulated_readings) == (10, 0)
    second_us = 1_000_000
    assert after["both"].first_us == START_US + 3 * second_us
    assert after["both"].last_us == START_US + 12 * second_us
    assert after["field"] == before["field"]


def test_readings_are_committed_while_it_deletes(
    mixed: SqliteJournal, db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulated, "PAUSE_S", 0.005)
    mixed._busy_ms = 5000
    started = threading.Event()
    done: list[tuple[str, ...]] = []

    def delete() -> None:
        started.set()
        done.append(mixed.delete_simulated())

    worker = threading.Thread(target=delete)
    worker.start()
    started.wait()
    assert mixed._connection is not None
    mixed._connection.execute("PRAGMA busy_timeout = 5000")
    for number in range(1000, 1030):
        assert mixed.commit([make_item(number, "field")]).outcomes == (Outcome.STORED,)
    worker.join()
    assert done == [("both", "sim")]
    assert counts_of(db_path).readings == 90
    readings = {name: row.readings for name, row in devices_of(db_path).items()}
    assert readings == {"both": 10, "field": 80}


def test_deleted_readings_can_come_again(mixed: SqliteJournal, history: HistoryReader) -> None:
    last_id = history.messages(None, 1)[0].id
    mixed.delete_simulated()
    result = mixed.commit([simulated_item(5, "sim")])
    assert result.outcomes == (Outcome.STORED,)
    assert result.records[0].id == last_id + 1
    assert mixed.delete_simulated() == ("sim",)


def test_nothing_to_delete(journal: SqliteJournal, tmp_path: Path) -> None:
    journal.commit(make_items(0, 3))
    assert journal.delete_simulated() == ()
    absent = SqliteJournal(tmp_path / "absent.db", lambda: START_US)
    assert absent.delete_simulated() == ()
    assert not (tmp_path / "absent.db").exists()
