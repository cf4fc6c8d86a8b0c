"""What a commit stores, exactly, and what it says became of each message."""

from __future__ import annotations

import json
import sqlite3
import struct
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNELS, Values
from harit_desktop.domain.message import Origin, Outcome
from harit_desktop.domain.reading import Source, TimeSource
from harit_desktop.domain.status import StoreState
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from tests.storage.builders import (
    EXAMPLE,
    START_US,
    TOPIC,
    make_item,
    make_items,
    make_rejected,
)

values = st.tuples(
    *[st.none() | st.floats(-1e6, 1e6, allow_subnormal=True) for _ in range(CHANNEL_COUNT)]
)
names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=64)


def rows(path: Path, statement: str) -> list[sqlite3.Row]:
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(sent=values, publisher_id=names, time_us=st.integers(0, 2 * START_US))
def test_the_stored_value_is_the_sent_value(
    journal: SqliteJournal,
    history: HistoryReader,
    sent: Values,
    publisher_id: str,
    time_us: int,
) -> None:
    item = make_item(publisher_id=publisher_id, values=sent, time_us=time_us)
    record = journal.commit([item]).records[0]
    stored = history.decoded(record.id)
    assert stored is not None
    assert stored == item.analysed
    for before, after in zip(sent, stored.reading.values, strict=True):
        assert (before is None) == (after is None)
        if before is not None and after is not None:
            # -0.0 and 0.0 are the same measured value; all else bit for bit.
            assert struct.pack(">d", before + 0.0) == struct.pack(">d", after + 0.0)


def test_columns_a_script_reads(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit([make_item(values=(*EXAMPLE[:6], None), factors=("CO2", "pH"))])
    (row,) = rows(db_path, "SELECT * FROM sensor_readings ORDER BY timestamp DESC LIMIT 5")
    assert row["timestamp"] == "2025-11-24T16:00:00.000000+00:00"
    assert [row[channel.column] for channel in CHANNELS] == [*EXAMPLE[:6], None]
    assert (row["health_index"], row["health_status"]) == (65, "Good")
    assert (row["is_anomalous"], row["anomaly_score"]) == (1, 0.25)
    assert json.loads(row["critical_factors"]) == ["CO2", "pH"]
    assert (row["publisher_id"], row["timestamp_us"]) == ("probe", START_US)
    assert (row["received_us"], row["source"], row["topic"]) == (START_US + 5, "mqtt", TOPIC)
    assert (row["time_source"], row["sent_timestamp"]) == ("sent", "as sent")
    assert len(row["reading_key"]) == 32
    assert {row[f"quality_{channel.column}"] for channel in CHANNELS} == {Flag.PASS}


def test_duplicates_in_a_batch_across_batches_and_across_a_restart(
    journal: SqliteJournal, db_path: Path, history: HistoryReader
) -> None:
    first, second = make_item(1), make_item(2)
    new, old = Outcome.STORED, Outcome.DUPLICATE
    assert journal.commit([first, second, first]).outcomes == (new, new, old)
    assert journal.commit([make_item(3), second]).outcomes == (new, old)
    journal.close()
    again = SqliteJournal(db_path, lambda: START_US)
    again.open()
    result = again.commit([first, make_item(4)])
    again.close()
    assert result.outcomes == (old, new)
    assert len(rows(db_path, "SELECT 1 FROM sensor_readings")) == 4
    # The line of a duplicate leads to the reading that was stored first.
    assert history.decoded(result.records[0].id) == first.analysed
    assert again.status().opened is False


def test_the_same_time_with_other_values_is_another_reading(journal: SqliteJournal) -> None:
    other = make_item(1, values=(*EXAMPLE[:6], 7.19))
    assert journal.commit([make_item(1), other]).outcomes == (Outcome.STORED,) * 2


def test_every_message_has_its_line_and_its_payload(
    journal: SqliteJournal, history: HistoryReader, db_path: Path
) -> None:
    batch = [
        make_item(1, payload=b'{"a":1}'),
        make_rejected(2, b"\xff\x00"),
        make_item(1, payload=b'{"a":2}'),
        make_item(3, payload=b"old", show_only=True),
        make_item(4, payload=b"", source=Source.API, origin=Origin.API),
    ]
    result = journal.commit(batch)
    assert result.outcomes == (
        Outcome.STORED,
        Outcome.REJECTED,
        Outcome.DUPLICATE,
        Outcome.SHOWN,
        Outcome.STORED,
    )
    assert [r.id for r in result.records] == [1, 2, 3, 4, 5]
    assert history.messages(None, 10) == list(reversed(result.records))
    assert [history.payload(r.id) for r in result.records] == [
        item.message.payload for item in batch
    ]
    (rejected,) = rows(db_path, "SELECT * FROM rejected_messages")
    assert (rejected["payload"], rejected["reason_code"]) == (b"\xff\x00", "not_json")
    assert (rejected["topic"], rejected["received_us"]) == (TOPIC, START_US + 2)
    assert rejected["reason"] == "not_json (position=2)"


def test_message_ids_go_on_after_a_restart(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit(make_items(0, 3))
    journal.close()
    again = SqliteJournal(db_path, lambda: START_US)
    again.open()
    assert [r.id for r in again.commit(make_items(3, 2)).records] == [4, 5]
    again.close()


def test_an_oversize_payload_is_cut_and_its_size_kept(
    journal: SqliteJournal, history: HistoryReader
) -> None:
    record = journal.commit([make_rejected(payload=b"x" * 300_000)]).records[0]
    assert record.size_bytes == 300_000
    assert history.payload(record.id) == b"x" * 65_536


def test_long_texts_of_a_reason_are_cut(journal: SqliteJournal, history: HistoryReader) -> None:
    item = make_rejected()
    assert item.rejection is not None
    problem = msgspec.structs.replace(
        item.rejection.problem, params={"text": "क" * 5000, "position": 3}
    )
    rejection = msgspec.structs.replace(item.rejection, problem=problem)
    record = journal.commit([msgspec.structs.replace(item, rejection=rejection)]).records[0]
    assert record.problem is not None
    assert record.problem.params == {"text": "क" * 200, "position": 3}
    assert history.messages(None, 1) == [record]


@pytest.mark.parametrize("show_only", [False, True])
def test_a_message_that_fits_no_row_does_not_hold_up_the_others(
    journal: SqliteJournal, history: HistoryReader, show_only: bool
) -> None:
    lone_surrogate = make_item(1, show_only=show_only)
    assert lone_surrogate.analysed is not None
    reading = msgspec.structs.replace(lone_surrogate.analysed.reading, publisher_id="a\ud800")
    lone_surrogate = msgspec.structs.replace(
        lone_surrogate, analysed=msgspec.structs.replace(lone_surrogate.analysed, reading=reading)
    )
    bad_topic = make_item(2, topic="t\udcff", show_only=show_only)
    good = make_item(3)
    result = journal.commit([lone_surrogate, bad_topic, good])
    assert result.outcomes == (Outcome.REJECTED, Outcome.REJECTED, Outcome.STORED)
    assert {r.problem.code for r in result.records[:2] if r.problem} == {"store.not_storable"}
    assert [m.outcome for m in history.messages(None, 9)] == list(reversed(result.outcomes))


def test_a_time_beyond_the_calendar_is_refused_alone(journal: SqliteJournal) -> None:
    result = journal.commit([make_item(time_us=2**62), make_item(1)])
    assert result.outcomes == (Outcome.REJECTED, Outcome.STORED)


def test_status_counts_without_a_scan(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit([make_item(1), make_item(2, source=Source.SIMULATOR), make_item(1)])
    status = journal.status()
    assert (status.state, status.opened) == (StoreState.OK, True)
    assert (status.rows, status.simulated_rows) == (2, 1)
    assert status.size_bytes >= db_path.stat().st_size
    journal.close()
    again = SqliteJournal(db_path, lambda: START_US)
    assert again.open().readings == 2
    assert (again.status().rows, again.status().simulated_rows) == (2, 1)
    again.close()


def test_the_stored_time_source_and_message_id_come_back(
    journal: SqliteJournal, history: HistoryReader
) -> None:
    item = make_item()
    assert item.analysed is not None
    reading = msgspec.structs.replace(
        item.analysed.reading,
        time_source=TimeSource.SUSPECT,
        sent_us=None,
        sent_timestamp="1970-01-01T00:00:00",
        message_id="m-1",
        retained=True,
    )
    analysed = msgspec.structs.replace(item.analysed, reading=reading)
    record = journal.commit([msgspec.structs.replace(item, analysed=analysed)]).records[0]
    assert history.decoded(record.id) == analysed


def test_the_newest_id_is_known_after_every_commit(journal: SqliteJournal, db_path: Path) -> None:
    def newest() -> int:
        return int(rows(db_path, "SELECT max(id) AS id FROM sensor_readings")[0]["id"])

    assert journal.status().last_id == 0
    journal.commit([make_item(1), make_item(2, source=Source.SIMULATOR), make_item(1)])
    second = journal.status().last_id
    assert second == newest()
    journal.commit([make_item(1)] * 30)
    assert journal.status().last_id == second
    journal.delete_simulated()
    assert (journal.status().rows, journal.status().last_id) == (1, newest())
    # An id that was given is never given again.
    journal.commit([make_item(3)])
    assert journal.status().last_id == newest() > second
    journal.close()
    journal.open()
    assert journal.status().last_id == newest()


def test_every_commit_is_synced(journal: SqliteJournal) -> None:
    connection = journal._connection
    assert connection is not None
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_close_leaves_one_file(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit(make_items(0, 10))
    journal.close()
    assert [path.name for path in db_path.parent.iterdir()] == ["harit.db"]
