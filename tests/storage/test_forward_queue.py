"""Readings on their way to another system: each in its order, none twice, none forgotten."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from harit_desktop.domain.api import POLLED_TOPIC, POSTED_TOPIC
from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.message import Origin
from harit_desktop.domain.reading import Source
from harit_desktop.storage.forward_queue import ForwardQueue
from harit_desktop.storage.journal import SqliteJournal
from tests.storage.builders import START_US, make_item, make_items


@pytest.fixture
def queue(journal: SqliteJournal, db_path: Path) -> ForwardQueue:
    return ForwardQueue(db_path, "127.0.0.1:5000")


def numbers(queue: ForwardQueue, limit: int = 100) -> list[int]:
    """Which seconds the next readings are of."""
    found = queue.next(limit)
    return [(q.analysed.reading.timestamp_us - START_US) // 1_000_000 for q in found]


def test_readings_come_whole_and_in_order(journal: SqliteJournal, queue: ForwardQueue) -> None:
    items = make_items(0, 5)
    journal.commit(items)
    found = queue.next(3)
    assert [q.analysed for q in found] == [item.analysed for item in items[:3]]
    assert queue.next(3) == found, "the same ones until they are passed on"
    assert queue.waiting() == 5
    queue.advance(found[-1].id)
    assert numbers(queue) == [3, 4]
    assert queue.waiting() == 2
    queue.advance(queue.next(100)[-1].id)
    assert (numbers(queue), queue.waiting()) == ([], 0)
    journal.commit(make_items(10, 2))
    assert (queue.waiting(), numbers(queue)) == (2, [10, 11])


def test_only_what_was_measured_and_came_first_hand(
    journal: SqliteJournal, queue: ForwardQueue
) -> None:
    journal.commit(
        [
            make_item(0),
            _with_topic(1, POSTED_TOPIC),
            _with_topic(2, POLLED_TOPIC),
            make_item(3, source=Source.SIMULATOR),
            make_item(4, source=Source.IMPORT),
            make_item(5, source=Source.LEGACY),
            make_item(6),
        ]
    )
    assert numbers(queue) == [0, 1, 6]
    assert queue.waiting() == 3
    assert numbers(queue, 2) == [0, 1]


def _with_topic(number: int, topic: str) -> CommitItem:
    item = make_item(number, f"probe {number}", source=Source.API, topic=topic, origin=Origin.API)
    assert item.analysed is not None
    reading = msgspec.structs.replace(item.analysed.reading, topic=topic)
    analysed = msgspec.structs.replace(item.analysed, reading=reading)
    return msgspec.structs.replace(item, analysed=analysed)


def test_many_that_are_not_wanted_are_looked_at_once(
    journal: SqliteJournal, queue: ForwardQueue
) -> None:
    journal.commit([make_item(n, source=Source.SIMULATOR) for n in range(50)])
    assert numbers(queue) == []
    assert queue._passed_id == 50
    journal.commit([make_item(100)])
    assert (numbers(queue), queue.waiting()) == ([100], 1)


def test_the_place_survives_a_restart(
    journal: SqliteJournal, queue: ForwardQueue, db_path: Path
) -> None:
    journal.commit(make_items(0, 4))
    queue.advance(queue.next(2)[-1].id)
    again = ForwardQueue(db_path, "127.0.0.1:5000")
    assert (again.waiting(), numbers(again)) == (2, [2, 3])
    other = ForwardQueue(db_path, "10.0.0.2:5000")
    assert (other.waiting(), numbers(other)) == (4, [0, 1, 2, 3])


def test_a_new_queue_begins_at_the_end(
    journal: SqliteJournal, queue: ForwardQueue, db_path: Path
) -> None:
    journal.commit(make_items(0, 4))
    queue.start_at_end_if_new()
    assert (numbers(queue), queue.waiting()) == ([], 0)
    journal.commit(make_items(10, 2))
    again = ForwardQueue(db_path, "127.0.0.1:5000")
    again.start_at_end_if_new()
    assert numbers(again) == [10, 11]


def test_without_a_store(tmp_path: Path) -> None:
    queue = ForwardQueue(tmp_path / "none.db", "x")
    queue.start_at_end_if_new()
    assert (queue.next(5), queue.waiting()) == ([], 0)
    assert not (tmp_path / "none.db").exists()


def test_another_file_is_another_queue(
    journal: SqliteJournal, queue: ForwardQueue, db_path: Path
) -> None:
    journal.commit(make_items(0, 4))
    last_id = queue.next(10)[-1].id
    journal.close()
    db_path.rename(db_path.with_name("old.db"))
    journal.open()
    journal.commit(make_items(50, 2))
    with pytest.raises(KnownError, match=r"store\.replaced"):
        queue.advance(last_id)
    assert (numbers(queue), queue.waiting()) == ([50, 51], 2)


def test_a_locked_store_is_named(
    journal: SqliteJournal, db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harit_desktop.storage.forward_queue._BUSY_MS", 30)
    queue = ForwardQueue(db_path, "x")
    journal.commit(make_items(0, 2))
    found = queue.next(10)
    with closing(sqlite3.connect(db_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(KnownError, match=r"store\.locked"):
            queue.advance(found[-1].id)
    assert queue.waiting() == 2
    queue.advance(found[-1].id)
    assert queue.waiting() == 0
