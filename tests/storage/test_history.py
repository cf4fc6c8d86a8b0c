"""What the store answers to charts, lists and the message page."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.reading import Source
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.reader import QueryCancelled
from harit_desktop.storage.series import bucket_size_us
from tests.storage.builders import (
    ALL_PASS,
    EXAMPLE,
    START_US,
    DeviceRow,
    counts_of,
    devices_of,
    make_item,
    make_items,
    wave,
)

FAILED_FIRST = (int(Flag.FAIL), *ALL_PASS[1:])


def seconds(number: int) -> int:
    return START_US + number * US_PER_S


def test_a_store_that_is_not_there_gives_empty_answers(tmp_path: Path) -> None:
    history = HistoryReader(tmp_path / "no" / "harit.db")
    series = history.series("probe", 0, 2**60, 100)
    assert series.values.shape == (0, CHANNEL_COUNT)
    assert series.time_us.shape == series.index.shape == (0,)
    assert history.last_states(START_US) == []
    assert history.last_values("probe") is None
    assert history.messages(None, 10) == []
    assert history.payload(1) is None
    assert history.decoded(1) is None
    assert not (tmp_path / "no").exists()


def test_a_store_without_tables_yet_gives_empty_answers(tmp_path: Path) -> None:
    (tmp_path / "harit.db").write_bytes(b"")
    assert HistoryReader(tmp_path / "harit.db").last_states(START_US) == []


def test_a_damaged_store_is_named(tmp_path: Path) -> None:
    (tmp_path / "harit.db").write_bytes(b"garbage" * 1000)
    with pytest.raises(KnownError, match=r"store\.failed"):
        HistoryReader(tmp_path / "harit.db").last_states(START_US)


def test_raw_series(journal: SqliteJournal, history: HistoryReader) -> None:
    items = [wave(number) for number in range(40)]
    journal.commit([*reversed(items), *make_items(0, 5, "other")])
    series = history.series("probe", seconds(0), seconds(39), 40)
    assert (series.bucketed, series.bucket_us, series.low, series.high) == (False, 0, None, None)
    assert series.time_us.dtype == np.int64
    assert series.flags.dtype == np.uint8
    assert series.time_us.tolist() == [seconds(n) for n in range(40)]
    for row, item in enumerate(items):
        assert item.analysed is not None
        values = [np.nan if v is None else v for v in item.analysed.reading.values]
        np.testing.assert_array_equal(series.values[row], values)
        assert tuple(series.flags[row]) == item.analysed.analysis.flags
        index = item.analysed.analysis.index
        np.testing.assert_equal(series.index[row], np.nan if index is None else index)


def test_both_ends_of_a_range_are_inside(journal: SqliteJournal, history: HistoryReader) -> None:
    journal.commit(make_items(0, 10))
    series = history.series("probe", seconds(3), seconds(6), 100)
    assert series.time_us.tolist() == [seconds(n) for n in (3, 4, 5, 6)]


def test_buckets_agree_with_the_raw_readings(
    journal: SqliteJournal, history: HistoryReader
) -> None:
    journal.commit([wave(number) for number in range(500)])
    raw = history.series("probe", 0, 2**60, 500)
    series = history.series("probe", 0, 2**60, 50)
    assert series.bucketed
    assert not raw.bucketed
    assert 10 < len(series.time_us) <= 50
    assert series.low is not None
    assert series.high is not None
    bucket = raw.time_us // series.bucket_us
    sound = np.where(raw.flags == Flag.FAIL, np.nan, raw.values)
    for row, number in enumerate(np.unique(bucket)):
        inside = bucket == number
        assert series.time_us[row] == int(raw.time_us[inside].mean())
        values = sound[inside]
        np.testing.assert_allclose(series.values[row], np.nanmean(values, axis=0))
        np.testing.assert_array_equal(series.low[row], np.nanmin(values, axis=0))
        np.testing.assert_array_equal(series.high[row], np.nanmax(values, axis=0))
        np.testing.assert_allclose(series.index[row], np.nanmean(raw.index[inside]))
        present = np.where(np.isnan(raw.values[inside]), 0, raw.flags[inside])
        np.testing.assert_array_equal(series.flags[row], present.max(axis=0))


def test_a_bucket_of_faults_has_no_value(journal: SqliteJournal, history: HistoryReader) -> None:
    values = (-1.0, *EXAMPLE[1:6], None)
    flags = (*FAILED_FIRST[:6], int(Flag.MISSING))
    journal.commit([make_item(n, values=values, flags=flags, index=None) for n in range(30)])
    series = history.series("probe", 0, 2**60, 10)
    assert series.bucketed
    assert series.low is not None
    assert np.isnan(series.values[:, [0, 6]]).all()
    assert np.isnan(series.low[:, [0, 6]]).all()
    assert np.isnan(series.index).all()
    assert set(series.flags[:, 0]) == {Flag.FAIL}
    assert set(series.flags[:, 6]) == {Flag.MISSING}


def test_buckets_stay_where_they_are_while_a_view_moves(
    journal: SqliteJournal, history: HistoryReader
) -> None:
    journal.commit(make_items(0, 300))
    one = history.series("probe", seconds(0), seconds(250), 30)
    two = history.series("probe", seconds(13), seconds(263), 30)
    assert one.bucket_us == two.bucket_us
    # All but the cut buckets at the two ends are the same.
    assert set(one.time_us[2:-1]) <= set(two.time_us)


@given(
    span_us=st.integers(0, 50 * 365 * 86_400 * US_PER_S),
    max_points=st.integers(3, 5000),
    first_us=st.integers(0, 10**9),
)
def test_never_more_buckets_than_points(span_us: int, max_points: int, first_us: int) -> None:
    size_us = bucket_size_us(span_us, max_points)
    assert (first_us + span_us) // size_us - first_us // size_us + 1 <= max_points


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(max_points=st.integers(3, 60), from_n=st.integers(-5, 60), length=st.integers(0, 60))
def test_a_series_is_never_longer_than_asked(
    journal: SqliteJournal, history: HistoryReader, max_points: int, from_n: int, length: int
) -> None:
    journal.commit(make_items(0, 50))
    series = history.series("probe", seconds(from_n), seconds(from_n + length), max_points)
    assert len(series.time_us) <= max_points
    expected = len(range(max(0, from_n), min(49, from_n + length) + 1))
    assert series.bucketed == (expected > max_points)
    if not series.bucketed:
        assert len(series.time_us) == expected


def test_a_running_query_stops_where_it_is_cancelled(
    journal: SqliteJournal, history: HistoryReader
) -> None:
    journal.commit(make_items(0, 5000))
    asked: list[bool] = []

    def cancelled(after: int) -> bool:
        asked.append(len(asked) >= after)
        return asked[-1]

    history.series("probe", 0, 2**60, 3, lambda: cancelled(10**9))
    to_the_end = len(asked)
    asked.clear()
    with pytest.raises(QueryCancelled):
        history.series("probe", 0, 2**60, 3, lambda: cancelled(to_the_end // 2))
    # SQLite itself broke off: the query never asked again.
    assert asked.count(True) == 1
    # A row takes some sixty steps, so this is a question every twenty rows.
    assert to_the_end > 5000 / 20


def test_last_states(journal: SqliteJournal, history: HistoryReader) -> None:
    journal.commit(make_items(0, 2, "two"))
    journal.commit([make_item(n * 10, "ten") for n in (3, 1, 2, 5, 4)])
    journal.commit([make_item(7, "simulated", source=Source.SIMULATOR, values=(None,) * 7)])
    now_us = seconds(100)
    states = history.last_states(now_us)
    assert [state.publisher_id for state in states] == ["two", "simulated", "ten"]
    two, simulated, ten = states
    newest = make_item(50, "ten").analysed
    assert newest is not None
    assert (ten.timestamp_us, ten.values) == (seconds(50), EXAMPLE)
    assert ten.analysis == newest.analysis
    assert (two.interval_s, ten.interval_s, ten.stored_readings) == (None, 10.0, 0)
    assert (simulated.simulated, ten.simulated) == (True, False)
    assert simulated.values == (None,) * 7


def test_a_receive_time_in_the_future_counts_as_now(
    journal: SqliteJournal, history: HistoryReader
) -> None:
    journal.commit([make_item(1000)])
    assert history.last_states(seconds(5))[0].received_us == seconds(5)


def test_last_values_are_those_of_the_newest_time(
    journal: SqliteJournal, history: HistoryReader
) -> None:
    newest = (1.0, None, 3.0, 4.0, 5.0, 6.0, 7.0)
    journal.commit([make_item(9, values=newest), make_item(3)])
    assert history.last_values("probe") == newest
    assert history.last_values("nobody") is None


def test_messages_page_by_page(journal: SqliteJournal, history: HistoryReader) -> None:
    journal.commit(make_items(0, 25))
    pages = []
    before: int | None = None
    while page := history.messages(before, 10):
        pages.append([line.id for line in page])
        before = page[-1].id
        journal.commit(make_items(1000 + before, 1))
    assert pages == [list(range(25, 15, -1)), list(range(15, 5, -1)), list(range(5, 0, -1))]


def test_what_is_known_of_devices(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit([*make_items(5, 3, "a"), *make_items(20, 2, "b")])
    journal.commit(make_items(1, 1, "a"))
    assert devices_of(db_path) == {
        "a": DeviceRow(seconds(1), seconds(7), 4, 0),
        "b": DeviceRow(seconds(20), seconds(21), 2, 0),
    }


def test_reading_goes_on_beside_writing(
    journal: SqliteJournal, history: HistoryReader, db_path: Path
) -> None:
    problems: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                seen = counts_of(db_path).readings
                assert len(history.series("probe", 0, 2**60, 10_000).time_us) >= seen
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            problems.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for first in range(0, 2000, 50):
        journal.commit(make_items(first, 50))
    stop.set()
    for reader in readers:
        reader.join()
    assert problems == []
    assert counts_of(db_path).readings == 2000


def test_a_reader_cannot_write(journal: SqliteJournal, db_path: Path) -> None:
    from harit_desktop.storage.sqlite import open_reader

    connection = open_reader(db_path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM sensor_readings")
    connection.close()


@pytest.mark.parametrize("name", ["a b#c?d%20.db", "प्रयोग.db"])
def test_any_file_name(tmp_path: Path, name: str) -> None:
    journal = SqliteJournal(tmp_path / name, lambda: START_US)
    journal.open()
    journal.commit(make_items(0, 3))
    assert counts_of(tmp_path / name).readings == 3
    journal.close()


def test_states_of_more_devices_than_the_live_view_holds(
    journal: SqliteJournal, history: HistoryReader
) -> None:
    journal.commit([make_item(n, f"p{n:03}") for n in range(230)])
    states = history.last_states(seconds(1000))
    assert [s.publisher_id for s in states] == [f"p{n:03}" for n in range(30, 230)]


def test_the_analysis_comes_back_whole(journal: SqliteJournal, history: HistoryReader) -> None:
    item = make_item(1, index=None, factors=("Nitrogen", "pH"), flags=FAILED_FIRST)
    assert item.analysed is not None
    analysis = msgspec.structs.replace(item.analysed.analysis, profile="rice", anomaly_score=0.1)
    analysed = msgspec.structs.replace(item.analysed, analysis=analysis)
    journal.commit([msgspec.structs.replace(item, analysed=analysed)])
    assert history.last_states(seconds(2))[0].analysis == analysis
