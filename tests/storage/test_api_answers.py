"""What our own API says of a store: newest first, nothing simulated, and true counts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harit_desktop.domain.analysis import Band
from harit_desktop.domain.api import ApiStats
from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.domain.reading import Source
from harit_desktop.storage import api_answers
from harit_desktop.storage.api_answers import BLOCK_US
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.retention import retire
from harit_desktop.storage.sqlite import open_writer
from tests.storage.builders import START_US, make_item, make_items, wave

BLOCK_S = BLOCK_US // US_PER_S


def simulated(first: int, count: int, publisher_id: str = "simulator") -> list[CommitItem]:
    return [make_item(first + i, publisher_id, source=Source.SIMULATOR) for i in range(count)]


def spread(count: int, publisher_id: str = "probe") -> list[CommitItem]:
    """Readings of many parts of time."""
    return [wave(number * BLOCK_S // 3 + number, publisher_id) for number in range(count)]


def times(history: HistoryReader, limit: int) -> list[int]:
    return [(r.timestamp_us - START_US) // US_PER_S for r in history.api_history(limit)]


def counted_anew(db_path: Path) -> ApiStats:
    return HistoryReader(db_path).api_stats()


def expected_stats(items: list[CommitItem]) -> ApiStats:
    """Counted in plain Python."""
    real = [i.analysed for i in items if i.analysed and not i.analysed.reading.simulated]
    indices = [a.analysis.index for a in real if a.analysis.index is not None]
    words = [a.analysis.band.value for a in real]
    return ApiStats(
        readings=len(real),
        index_mean=sum(indices) / len(indices) if indices else None,
        anomalous=sum(a.analysis.is_anomalous for a in real),
        by_band={band.value: words.count(band.value) for band in Band if band.value in words},
    )


def test_without_a_store_there_is_nothing(history: HistoryReader) -> None:
    assert history.api_latest() is None
    assert history.api_history(10) == []
    assert history.api_stats() == ApiStats(0, None, 0, {})


def test_readings_come_newest_first_whatever_the_order_of_arrival(
    journal: SqliteJournal, history: HistoryReader
) -> None:
    journal.commit(make_items(5, 5))
    journal.commit(make_items(0, 3, "late"))
    assert times(history, 4) == [9, 8, 7, 6]
    assert times(history, 100) == [9, 8, 7, 6, 5, 2, 1, 0]
    latest = history.api_latest()
    assert latest is not None
    assert latest.timestamp_us == START_US + 9 * US_PER_S


def test_a_reading_is_given_as_it_was_stored(
    journal: SqliteJournal, history: HistoryReader
) -> None:
    item = make_item(
        1, "p", (1.5, None, 3.25, 400.0, 0.1, 50.0, 7.0), factors=("pH", "Potassium"), index=33
    )
    journal.commit([item])
    found = history.api_latest()
    assert found is not None
    assert item.analysed is not None
    assert (found.publisher_id, found.values) == ("p", item.analysed.reading.values)
    assert found.analysis == item.analysed.analysis


@pytest.mark.parametrize("few", [16, 0])
def test_simulated_readings_are_left_out(
    journal: SqliteJournal,
    history: HistoryReader,
    monkeypatch: pytest.MonkeyPatch,
    few: int,
) -> None:
    monkeypatch.setattr(api_answers, "_FEW_DEVICES", few)
    journal.commit([*make_items(0, 4, "a"), *make_items(2, 4, "b")])
    journal.commit([*simulated(50, 20), *simulated(70, 5, "a")])
    assert times(history, 5) == [5, 4, 3, 3, 2]
    assert history.api_stats() == expected_stats(make_items(0, 8))


def test_a_store_of_simulated_readings_alone_is_empty(
    journal: SqliteJournal, history: HistoryReader
) -> None:
    journal.commit(simulated(0, 30))
    assert history.api_latest() is None
    assert history.api_stats() == ApiStats(0, None, 0, {})


def test_stats_follow_new_readings(journal: SqliteJournal, history: HistoryReader) -> None:
    items = spread(60)
    for first in range(0, 60, 20):
        journal.commit(items[first : first + 20])
        assert history.api_stats() == expected_stats(items[: first + 20])
    # Late ones, of times that were counted before.
    late = [make_item(n, "late", factors=("pH",), index=20) for n in range(7)]
    journal.commit(late)
    assert history.api_stats() == expected_stats([*items, *late])


def test_a_reading_that_was_there_already_is_counted_once(
    journal: SqliteJournal, history: HistoryReader
) -> None:
    items = spread(10)
    journal.commit(items)
    history.api_stats()
    journal.commit([*items, make_item(99)])
    assert history.api_stats().readings == 11


def test_stats_forget_what_was_deleted(
    journal: SqliteJournal, history: HistoryReader, db_path: Path
) -> None:
    journal.commit([*spread(200), *simulated(0, 30)])
    assert history.api_stats().readings == 200
    journal.delete_simulated()
    assert history.api_stats() == counted_anew(db_path)
    connection, _ = open_writer(db_path)
    now_us = START_US + 5 * US_PER_DAY
    assert sum(retire(connection, now_us, 2, None)) > 0
    connection.close()
    left = history.api_stats()
    assert left == counted_anew(db_path)
    assert 0 < left.readings < 200


def test_as_many_new_readings_as_deleted_ones_are_noticed(
    journal: SqliteJournal, history: HistoryReader, db_path: Path
) -> None:
    journal.commit(spread(40))
    history.api_stats()
    connection, _ = open_writer(db_path)
    assert sum(retire(connection, START_US + 3 * US_PER_DAY, 2, None)) > 0
    connection.close()
    gone = 40 - counted_anew(db_path).readings
    journal.commit([make_item(10**6 + n, index=90) for n in range(gone)])
    assert history.api_stats() == counted_anew(db_path)
    assert history.api_stats().readings == 40


def test_only_what_changed_is_counted_anew(
    journal: SqliteJournal, history: HistoryReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.commit(spread(100))
    history.api_stats()
    counted: list[int] = []
    span = api_answers._span
    monkeypatch.setattr(api_answers, "_span", lambda n: counted.append(n) or span(n))
    journal.commit(make_items(1, 20))
    history.api_stats()
    assert counted == []
    connection, _ = open_writer(journal.path)
    connection.execute("DELETE FROM sensor_readings WHERE id = 50")
    connection.execute("UPDATE counters SET value = value - 1 WHERE name = 'readings'")
    connection.close()
    history.api_stats()
    assert len(counted) == 1
    history.api_stats()
    assert len(counted) == 1


def test_a_store_put_in_its_place_is_counted_from_the_begin(
    journal: SqliteJournal, history: HistoryReader, db_path: Path, tmp_path: Path
) -> None:
    journal.commit(spread(50))
    history.api_stats()
    journal.close()
    other = SqliteJournal(tmp_path / "other.db", lambda: START_US)
    other.open()
    other.commit([make_item(n, "other", index=10) for n in range(9)])
    other.close()
    (tmp_path / "other.db").replace(db_path)
    assert history.api_stats() == counted_anew(db_path)
    assert history.api_stats().readings == 9


def test_instants_around_1970_fall_in_one_block_each() -> None:
    for time_us in (-BLOCK_US - 1, -BLOCK_US, -1, 0, 1, BLOCK_US - 1, BLOCK_US, 2 * BLOCK_US):
        block = int(time_us / BLOCK_US)
        first_us, last_us = api_answers._span(block)
        assert first_us <= time_us <= last_us
        assert int((first_us - 1) / BLOCK_US) != block != int((last_us + 1) / BLOCK_US)


def test_many_may_ask_while_readings_arrive(
    journal: SqliteJournal, history: HistoryReader, db_path: Path
) -> None:
    journal.commit(make_items(0, 500))

    def ask() -> list[int]:
        seen = []
        for _ in range(30):
            seen.append(history.api_stats().readings)
            assert len(history.api_history(100)) == 100
        return seen

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask) for _ in range(4)]
        for first in range(500, 2000, 100):
            journal.commit(make_items(first, 100))
        seen = [number for one in asked for number in one.result()]
    assert all(number % 100 == 0 for number in seen)
    assert history.api_stats() == counted_anew(db_path) == expected_stats(make_items(0, 2000))
