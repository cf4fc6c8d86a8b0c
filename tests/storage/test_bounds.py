"""The log and the rejected messages stay within their bounds; the count goes on."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from harit_desktop.domain.batch import CommitItem
from harit_desktop.storage import bounded
from harit_desktop.storage.bounded import LOG_BOUNDS, REJECTED_BOUNDS, Bounds
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from tests.storage.builders import START_US, counts_of, make_item, make_items, make_rejected


def opened(path: Path, log: Bounds, rejected: Bounds) -> SqliteJournal:
    journal = SqliteJournal(path, lambda: START_US, log_bounds=log, rejected_bounds=rejected)
    journal.open()
    return journal


def sums(path: Path, table: str) -> tuple[int, int]:
    connection = sqlite3.connect(path)
    try:
        count, kept_bytes = connection.execute(
            f"SELECT count(*), coalesce(sum(kept_bytes), 0) FROM {table}"
        ).fetchone()
        return count, kept_bytes
    finally:
        connection.close()


def test_the_promised_bounds() -> None:
    assert Bounds(50_000, 64 * 2**20) == LOG_BOUNDS
    assert Bounds(10_000, 16 * 2**20) == REJECTED_BOUNDS


@pytest.mark.parametrize("batch", [1, 7, 40])
def test_rows_are_bounded_and_the_oldest_go(
    db_path: Path, history: HistoryReader, batch: int
) -> None:
    journal = opened(db_path, Bounds(20, 2**20), Bounds(10, 2**20))
    for first in range(0, 120, batch):
        journal.commit([make_rejected(first + i) for i in range(batch)])
        assert sums(db_path, "message_log")[0] <= 20
        assert sums(db_path, "rejected_messages")[0] <= 10
    journal.close()
    total = -(-120 // batch) * batch
    counts = counts_of(db_path)
    assert (counts.messages, counts.rejected_kept, counts.rejected_total) == (20, 10, total)
    lines = history.messages(None, 100)
    assert [line.id for line in lines] == list(range(total, total - 20, -1))
    # The payload of a rejected message is let go with its row; the line tells of it longer.
    assert [history.payload(line.id) for line in lines] == [b"{"] * 10 + [None] * 10


def test_bytes_are_bounded_by_payloads_and_topics(db_path: Path) -> None:
    journal = opened(db_path, Bounds(1000, 10_000), Bounds(1000, 10_000))
    batches: list[list[CommitItem]] = [
        [make_item(n, payload=b"x" * 1500), make_rejected(n, b"y" * 3000, topic="t" * 900)]
        for n in range(20)
    ]
    for batch in batches:
        journal.commit(batch)
        for table in ("message_log", "rejected_messages"):
            count, kept_bytes = sums(db_path, table)
            assert kept_bytes <= 10_000
            assert count > 0
    journal.close()


def test_readings_outlive_their_line_in_the_log(db_path: Path, history: HistoryReader) -> None:
    journal = opened(db_path, Bounds(5, 2**20), Bounds(5, 2**20))
    journal.commit(make_items(0, 50))
    journal.close()
    assert (counts_of(db_path).readings, counts_of(db_path).messages) == (50, 5)


def test_a_lowered_bound_is_reached_in_steps(
    db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opened(db_path, Bounds(1000, 2**20), REJECTED_BOUNDS)
    journal.commit(make_items(0, 300))
    journal.close()
    monkeypatch.setattr(bounded, "STEP_ROWS", 100)
    journal = opened(db_path, Bounds(50, 2**20), REJECTED_BOUNDS)
    left = []
    for number in range(4):
        journal.commit([make_item(1000 + number)])
        left.append(sums(db_path, "message_log")[0])
    journal.close()
    assert left == [201, 102, 50, 50]
