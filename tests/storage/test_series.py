"""A chart from rollups shows what one from the readings shows."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.storage import series as series_module
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.rollup import HOUR_US, MINUTE_US, roll_up
from harit_desktop.storage.series import Series
from tests.storage.builders import START_US, make_item
from tests.storage.rollup_truth import catch_up

SPAN_US = 5 * 24 * HOUR_US


def any_item(chance: random.Random) -> CommitItem:
    values = tuple(None if chance.random() < 0.1 else chance.uniform(-9.0, 90.0) for _ in range(7))
    flags = tuple(9 if value is None else chance.choice((1, 1, 1, 1, 3, 4)) for value in values)
    return make_item(
        publisher_id=chance.choice(("probe", "other")),
        values=values,
        time_us=START_US + chance.randrange(SPAN_US),
        flags=flags,
        index=None if chance.random() < 0.1 else chance.randrange(1, 101),
    )


@pytest.fixture
def partly_rolled_up(journal: SqliteJournal, db_path: Path) -> SqliteJournal:
    """4000 readings in no order, of which the last 500 are not in the rollups."""
    chance = random.Random(4)
    journal.commit([any_item(chance) for _ in range(3500)])
    catch_up(db_path)
    journal.commit([any_item(chance) for _ in range(500)])
    return journal


def both_ways(
    history: HistoryReader, monkeypatch: pytest.MonkeyPatch, from_us: int, to_us: int, points: int
) -> tuple[Series, Series]:
    rolled = history.series("probe", from_us, to_us, points)
    with monkeypatch.context() as patch:
        patch.setattr(series_module, "MAX_NOT_ROLLED_UP", -1)
        raw = history.series("probe", from_us, to_us, points)
    return rolled, raw


def assert_same(rolled: Series, raw: Series) -> None:
    assert rolled.bucketed
    assert raw.bucketed
    assert rolled.bucket_us == raw.bucket_us >= MINUTE_US
    # The mean of times may be rounded the other way.
    np.testing.assert_allclose(rolled.time_us, raw.time_us, rtol=0, atol=1)
    np.testing.assert_allclose(rolled.values, raw.values, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(rolled.index, raw.index, rtol=1e-12)
    np.testing.assert_array_equal(rolled.flags, raw.flags)
    assert rolled.low is not None
    assert rolled.high is not None
    assert raw.low is not None
    assert raw.high is not None
    np.testing.assert_array_equal(rolled.low, raw.low)
    np.testing.assert_array_equal(rolled.high, raw.high)


@pytest.mark.usefixtures("partly_rolled_up")
@pytest.mark.parametrize("seed", range(30))
def test_any_range_is_the_same_from_rollups(
    history: HistoryReader, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    length_us = chance.choice((10 * MINUTE_US, 3 * HOUR_US, SPAN_US // 2, SPAN_US))
    from_us = START_US + chance.randrange(-HOUR_US, SPAN_US - length_us // 2)
    rolled, raw = both_ways(history, monkeypatch, from_us, from_us + length_us, 3)
    if rolled.bucketed:
        assert_same(rolled, raw)
    rolled, raw = both_ways(history, monkeypatch, 0, 2**60, chance.choice((3, 10, 100, 900)))
    assert_same(rolled, raw)


@pytest.mark.usefixtures("partly_rolled_up")
def test_ranges_that_end_in_and_on_edges(
    history: HistoryReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour_us = START_US // HOUR_US * HOUR_US + 7 * HOUR_US
    for from_off in (-1, 0, 1, MINUTE_US - 1, 90 * US_PER_S):
        for to_off in (-1, 0, 1, 59 * US_PER_S):
            rolled, raw = both_ways(
                history, monkeypatch, hour_us + from_off, hour_us + 40 * HOUR_US + to_off, 20
            )
            assert_same(rolled, raw)


def test_rollups_are_what_is_read(
    partly_rolled_up: SqliteJournal, history: HistoryReader, db_path: Path
) -> None:
    """Else the tests above would compare a thing with itself."""
    catch_up(db_path)
    before = history.series("probe", 0, 2**60, 20)
    with closing(sqlite3.connect(db_path)) as connection:
        connection.execute('UPDATE rollups_hour SET "high_N" = 12345')
        connection.commit()
    after = history.series("probe", 0, 2**60, 20)
    assert before.high is not None
    assert after.high is not None
    assert (after.high[:, 0] == 12345).all()
    assert not (before.high[:, 0] == 12345).any()


def test_far_behind_reads_the_rows(
    journal: SqliteJournal,
    history: HistoryReader,
    db_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(series_module, "MAX_NOT_ROLLED_UP", 100)
    chance = random.Random(1)
    journal.commit([any_item(chance) for _ in range(1000)])
    rolled, raw = both_ways(history, monkeypatch, 0, 2**60, 50)
    assert_same(rolled, raw)
    with closing(sqlite3.connect(db_path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        roll_up(connection, 950)
        connection.execute("COMMIT")
    assert_same(history.series("probe", 0, 2**60, 50), raw)


def test_a_store_without_rollups_is_read(
    partly_rolled_up: SqliteJournal, history: HistoryReader, db_path: Path
) -> None:
    """As one of an earlier version is, in the moment before it is migrated."""
    before = history.series("probe", 0, 2**60, 50)
    with closing(sqlite3.connect(db_path)) as connection:
        for table in ("rollups_minute", "rollups_hour", "cursors"):
            connection.execute(f"DROP TABLE {table}")
    assert_same(history.series("probe", 0, 2**60, 50), before)


@pytest.mark.usefixtures("partly_rolled_up")
@pytest.mark.parametrize("minutes", [0.5, 1, 2, 3, 10, 60, 120, 180, 1440])
def test_pieces_in_buckets_of_a_given_size_are_the_parts_of_the_whole(
    history: HistoryReader, monkeypatch: pytest.MonkeyPatch, minutes: float
) -> None:
    size_us = int(minutes * MINUTE_US)
    from_us = (START_US - HOUR_US) // size_us * size_us
    to_us = START_US + SPAN_US + HOUR_US
    middle_us = (START_US + SPAN_US // 3) // size_us * size_us
    whole = history.series("probe", from_us, to_us, 1, bucket_us=size_us)
    parts = [
        history.series("probe", *ends, 1, bucket_us=size_us)
        for ends in ((from_us, middle_us - 1), (middle_us, to_us))
    ]
    assert {one.bucket_us for one in (whole, *parts)} == {size_us}
    assert len(np.unique(whole.time_us // size_us)) == len(whole.time_us)
    for name in ("time_us", "values", "flags", "index", "low", "high"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(joined, getattr(whole, name), err_msg=name)
    with monkeypatch.context() as patch:
        patch.setattr(series_module, "MAX_NOT_ROLLED_UP", -1)
        raw = history.series("probe", from_us, to_us, 1, bucket_us=size_us)
    if size_us >= MINUTE_US:
        assert_same(whole, raw)


def test_a_piece_without_readings_has_no_rows(
    journal: SqliteJournal, history: HistoryReader
) -> None:
    journal.commit([make_item(n) for n in range(20)])
    found = history.series("probe", 0, START_US - HOUR_US, 1, bucket_us=MINUTE_US)
    assert (len(found.time_us), found.bucketed, found.bucket_us) == (0, True, MINUTE_US)
    assert found.low is not None
    assert found.low.shape == found.values.shape
