"""Rows written a hundred at a time are the same as rows written one by one."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.message import Outcome
from harit_desktop.domain.reading import AnalysedReading, TimeSource, reading_key
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.tally import load_tally
from harit_desktop.wire.reasons import Reason
from tests.storage.builders import (
    EXAMPLE,
    START_US,
    counts_of,
    make_item,
    make_items,
    make_rejected,
)

STORED, DUPLICATE, REJECTED = Outcome.STORED, Outcome.DUPLICATE, Outcome.REJECTED


def all_rows(path: Path, table: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
    finally:
        connection.close()


def named(message_id: str, number: int = 0, **changes: object) -> CommitItem:
    """A reading under a message id of its publisher."""
    item = make_item(number)
    assert item.analysed is not None
    reading = msgspec.structs.replace(
        item.analysed.reading, message_id=message_id, **{"sent_timestamp": str(number), **changes}
    )
    key = reading_key(reading)
    assert key is not None
    analysed = AnalysedReading(reading, item.analysed.analysis, key)
    return msgspec.structs.replace(item, analysed=analysed)


def outcomes(journal: SqliteJournal, *items: CommitItem) -> list[Outcome]:
    return list(journal.commit(items).outcomes)


@given(
    numbers=st.lists(st.integers(0, 150), min_size=1, max_size=260),
    cuts=st.lists(st.integers(1, 130), min_size=1, max_size=4),
    rejected=st.integers(0, 300),
)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_batches_store_what_single_messages_store(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[int], cuts: list[int], rejected: int
) -> None:
    items = [make_item(number) for number in numbers]
    items.insert(min(rejected, len(items)), make_rejected())
    tables = []
    for sizes in ([1], cuts):
        path = tmp_path_factory.mktemp("batches") / "harit.db"
        journal = SqliteJournal(path, lambda: START_US)
        journal.open()
        first, turn = 0, 0
        while first < len(items):
            size = sizes[turn % len(sizes)]
            journal.commit(items[first : first + size])
            first, turn = first + size, turn + 1
        journal.close()
        tables.append(
            [all_rows(path, name) for name in ("sensor_readings", "devices", "rejected_messages")]
            + [[row[:13] for row in all_rows(path, "message_log")]]
        )
        # Ids may have gaps, but a line of the log names the very reading it stored.
        ids = {row[0] for row in all_rows(path, "sensor_readings")}
        for row in all_rows(path, "message_log"):
            assert (row[13] in ids) == (row[8] in ("stored", "duplicate"))
    assert [[row[1:] for row in table] for table in tables[0]] == [
        [row[1:] for row in table] for table in tables[1]
    ]


def test_a_copy_within_the_batch_and_of_an_earlier_one_is_a_duplicate(
    journal: SqliteJournal, db_path: Path, history: HistoryReader
) -> None:
    assert outcomes(journal, *make_items(0, 120)) == [STORED] * 120
    batch = [*make_items(115, 10), make_item(124), *make_items(200, 100), make_item(3)]
    found = outcomes(journal, *batch)
    assert found == [DUPLICATE] * 5 + [STORED] * 5 + [DUPLICATE] + [STORED] * 100 + [DUPLICATE]
    log = {row[0]: (row[8], row[13]) for row in all_rows(db_path, "message_log")}
    times = {row[0]: row[15] for row in all_rows(db_path, "sensor_readings")}
    for line, item in enumerate([*make_items(0, 120), *batch], start=1):
        assert item.analysed is not None
        assert times[log[line][1]] == item.analysed.reading.timestamp_us
    assert counts_of(db_path).readings == 225


def test_a_row_that_cannot_be_stored_takes_no_other_with_it(journal: SqliteJournal) -> None:
    items = make_items(0, 40)
    bad = items[17].analysed
    assert bad is not None
    impossible = msgspec.structs.replace(bad.reading, received_us=2**70)
    items[17] = msgspec.structs.replace(
        items[17], analysed=msgspec.structs.replace(bad, reading=impossible)
    )
    found = outcomes(journal, *items)
    assert found[17] is REJECTED
    assert found[:17] + found[18:] == [STORED] * 39


def test_the_newest_id_is_counted(journal: SqliteJournal, db_path: Path) -> None:
    def last_id() -> int:
        connection = sqlite3.connect(db_path)
        try:
            return load_tally(connection).last_reading_id
        finally:
            connection.close()

    assert last_id() == 0
    for batch in (make_items(0, 130), [make_item(500)], [make_item(3), make_rejected()]):
        journal.commit(batch)
        assert last_id() == max(row[0] for row in all_rows(db_path, "sensor_readings"))


@pytest.mark.parametrize("apart", [False, True])
def test_a_copy_under_its_message_id_is_a_duplicate(journal: SqliteJournal, apart: bool) -> None:
    first, copy = named("a", 1), named("a", 1)
    if apart:
        assert outcomes(journal, first) == [STORED]
        assert outcomes(journal, copy) == [DUPLICATE]
    else:
        assert outcomes(journal, first, copy) == [STORED, DUPLICATE]


OTHER_VALUES = (1.0, *EXAMPLE[1:])


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize(
    "other",
    [
        named("a", 1, values=OTHER_VALUES),
        named("a", 1, values=(None, *EXAMPLE[1:])),
        named("a", 2),
    ],
    ids=["other values", "a channel less", "another time"],
)
def test_an_id_that_is_used_again_is_refused_and_nothing_is_overwritten(
    journal: SqliteJournal, db_path: Path, other: CommitItem, apart: bool
) -> None:
    batches: Sequence[list[CommitItem]] = [[named("a", 1)], [other]]
    if not apart:
        batches = [[*batches[0], *batches[1]]]
    found = [outcome for batch in batches for outcome in journal.commit(batch).outcomes]
    assert found == [STORED, REJECTED]
    readings = all_rows(db_path, "sensor_readings")
    assert [row[2:9] for row in readings] == [EXAMPLE]
    (line,) = [row for row in all_rows(db_path, "rejected_messages") if row[4] != ""]
    assert line[3:5] == ("probe", Reason.MESSAGE_ID_REUSED.value)


@pytest.mark.parametrize(
    "other",
    [
        named("a", 2, sent_us=None, sent_timestamp=None, time_source=TimeSource.RECEIVED),
        named("a", 1, values=(0.0, *EXAMPLE[1:])),
    ],
    ids=["no time named", "zero with the other sign"],
)
def test_what_both_name_must_differ_to_be_another_reading(
    journal: SqliteJournal, other: CommitItem
) -> None:
    first = named("a", 1, values=other.analysed.reading.values if other.analysed else EXAMPLE)
    if other.analysed and other.analysed.reading.values[0] == 0.0:
        first = named("a", 1, values=(-0.0, *EXAMPLE[1:]))
    assert outcomes(journal, first, other) == [STORED, DUPLICATE]


def test_an_impossible_time_is_compared_as_it_was_written(journal: SqliteJournal) -> None:
    def suspect(text: str, sent_us: int) -> CommitItem:
        return named("a", time_source=TimeSource.SUSPECT, sent_us=sent_us, sent_timestamp=text)

    found = outcomes(journal, suspect("1970", 0), suspect("1970", 0), suspect("1971", 9))
    assert found == [STORED, DUPLICATE, REJECTED]


def test_two_publishers_may_use_the_same_message_id(journal: SqliteJournal) -> None:
    other = named("a", 1, publisher_id="other", values=OTHER_VALUES)
    assert outcomes(journal, named("a", 1), other) == [STORED, STORED]
