"""Judging again changes judgements, and nothing else, in step with all that goes on."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import astuple

from harit_desktop.domain.analysis import Analysis
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.reading import Reading
from harit_desktop.domain.reanalysis import ReanalysisRequest, ReanalysisResult
from harit_desktop.storage import reanalysis as module
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.reader import QueryCancelled
from harit_desktop.storage.reanalysis import Reanalysis
from harit_desktop.storage.retention import retire
from tests.storage.builders import START_US, make_item, make_items, wave
from tests.storage.judging import counted, expected_of, judge, rows_of_store
from tests.storage.quality_truth import any_flagged
from tests.storage.rollup_truth import assert_counted, assert_true, catch_up
from tests.storage.test_rollup import any_item

EVERYTHING = ReanalysisRequest()


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLICE_ROWS", 20)
    monkeypatch.setattr(module, "PAUSE_S", 0.0)


@pytest.mark.parametrize("seed", range(4))
def test_judgements_are_new_and_all_else_is_as_it_was(
    journal: SqliteJournal, db_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    journal.commit([any_item(chance) for _ in range(300)])
    catch_up(db_path)
    journal.commit([any_item(chance) for _ in range(60)])
    journal.commit([any_flagged(chance, number, "flagged") for number in range(50)])
    before = rows_of_store(db_path)
    shares: list[float] = []
    found = Reanalysis(db_path).run(EVERYTHING, judge, shares.append)
    assert astuple(found) == counted(before, lambda _: True)
    assert found.changed > 300
    assert rows_of_store(db_path) == [expected_of(row) for row in before]
    assert shares == sorted(shares)
    assert 0.0 <= shares[0] < 0.3
    assert shares[-1] == 1.0
    assert assert_true(db_path) == 300
    catch_up(db_path)
    assert assert_true(db_path) == assert_counted(db_path) == len(before)
    again = Reanalysis(db_path).run(EVERYTHING, judge)
    assert again == ReanalysisResult(found.read, 0, 0)


@pytest.mark.parametrize("publisher_id", [None, "a", "nobody"])
@pytest.mark.parametrize(
    ("first", "last"), [(None, None), (10, 60), (10, None), (None, 10), (61, 60)]
)
def test_only_what_is_named_is_judged(
    journal: SqliteJournal,
    db_path: Path,
    publisher_id: str | None,
    first: int | None,
    last: int | None,
) -> None:
    # Two at every instant of one device, of which slices end between.
    items = [wave(number // 2, "a") for number in range(0, 200, 2)]
    items += [wave(number, "b") for number in range(100)]
    journal.commit([*items, *make_items(0, 100, "a")])
    catch_up(db_path)
    before = rows_of_store(db_path)
    from_us, to_us = (None if n is None else START_US + n * US_PER_S for n in (first, last))

    def is_chosen(row: dict[str, Any]) -> bool:
        return (
            publisher_id in (None, row["publisher_id"])
            and (from_us is None or row["timestamp_us"] >= from_us)
            and (to_us is None or row["timestamp_us"] <= to_us)
        )

    request = ReanalysisRequest(from_us, to_us, publisher_id)
    found = Reanalysis(db_path).run(request, judge)
    assert astuple(found) == counted(before, is_chosen)
    assert rows_of_store(db_path) == [expected_of(row) if is_chosen(row) else row for row in before]
    assert_true(db_path)


def test_commits_and_deletions_go_on_meanwhile(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit([wave(number) for number in range(400)])
    catch_up(db_path)
    before = {row["id"]: row for row in rows_of_store(db_path)}
    calls = 0

    def judge_and_disturb(reading: Reading, flags: tuple[int, ...]) -> Analysis:
        nonlocal calls
        calls += 1
        if calls == 110:
            # New ones, of which some lie before and some after what is judged just now.
            journal.commit(
                [make_item(time_us=START_US + n * US_PER_S // 2) for n in (241, 301, 1200)]
            )
            with closing(sqlite3.connect(db_path, isolation_level=None)) as connection:
                for _ in retire(connection, START_US + 120 * US_PER_S + 86_400 * US_PER_S, 1, None):
                    pass
        return judge(reading, flags)

    found = Reanalysis(db_path).run(EVERYTHING, judge_and_disturb)
    assert found.read == 400
    after = {row["id"]: row for row in rows_of_store(db_path)}
    assert len(after) == 403 - 120
    for row_id, row in after.items():
        # What was stored meanwhile keeps the judgement that it came with.
        assert row == (expected_of(before[row_id]) if row_id in before else row)
        assert (row["profile"] == "new") == (row_id in before)
    assert_true(db_path)
    catch_up(db_path)
    assert_true(db_path)


def test_what_is_done_stays_done(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit([wave(number) for number in range(200)])
    catch_up(db_path)
    before = rows_of_store(db_path)
    calls = 0

    def count(reading: Reading, flags: tuple[int, ...]) -> Analysis:
        nonlocal calls
        calls += 1
        return judge(reading, flags)

    with pytest.raises(QueryCancelled):
        Reanalysis(db_path).run(EVERYTHING, count, cancelled=lambda: calls > 70)
    new = [row["profile"] == "new" for row in rows_of_store(db_path)]
    assert new == [True] * 80 + [False] * 120
    assert_true(db_path)
    found = Reanalysis(db_path).run(EVERYTHING, judge)
    assert (found.read, found.changed) == (200, 120)
    assert rows_of_store(db_path) == [expected_of(row) for row in before]
    assert_true(db_path)


def test_a_fault_of_the_judge_ends_it(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit([wave(number) for number in range(50)])

    def fail(reading: Reading, flags: tuple[int, ...]) -> Analysis:
        if reading.timestamp_us > START_US + 30 * US_PER_S:
            raise ZeroDivisionError
        return judge(reading, flags)

    with pytest.raises(ZeroDivisionError):
        Reanalysis(db_path).run(EVERYTHING, fail)
    assert [row["profile"] for row in rows_of_store(db_path)] == ["new"] * 20 + ["classic"] * 30
    journal.commit(make_items(500, 1))


def test_a_minute_that_the_rollups_lack_is_made_anew(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit([wave(number) for number in range(200)])
    catch_up(db_path)
    with closing(sqlite3.connect(db_path)) as connection:
        connection.execute("DELETE FROM rollups_minute WHERE start_us = ?", (START_US,))
        connection.execute("DELETE FROM rollups_hour")
        connection.commit()
    Reanalysis(db_path).run(EVERYTHING, judge)
    assert_true(db_path)


def test_without_a_store_there_is_nothing_to_do(tmp_path: Path) -> None:
    found = Reanalysis(tmp_path / "none.db").run(EVERYTHING, judge)
    assert found == ReanalysisResult(0, 0, 0)
    assert not (tmp_path / "none.db").exists()


def test_a_store_that_stays_locked_is_named(
    journal: SqliteJournal, db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BUSY_MS", 20)
    journal.commit(make_items(0, 30))
    with closing(sqlite3.connect(db_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(KnownError) as caught:
            Reanalysis(db_path).run(EVERYTHING, judge)
        other.execute("ROLLBACK")
    assert caught.value.code == "store.locked"
    # A lock that ends is waited for.
    with closing(sqlite3.connect(db_path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.05, lambda: other.execute("ROLLBACK"))
        timer.start()
        assert Reanalysis(db_path).run(EVERYTHING, judge).changed == 30
        timer.join()


def test_a_store_that_was_replaced_is_left_alone(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit(make_items(0, 100))
    other_path = db_path.with_name("other.db")
    with closing(sqlite3.connect(db_path)) as source, closing(sqlite3.connect(other_path)) as copy:
        source.backup(copy)
    calls = 0

    def replace(reading: Reading, flags: tuple[int, ...]) -> Analysis:
        nonlocal calls
        calls += 1
        if calls == 50:
            other_path.replace(db_path)
        return judge(reading, flags)

    with pytest.raises(KnownError) as caught:
        Reanalysis(db_path).run(EVERYTHING, replace)
    assert caught.value.code == "store.replaced"


def test_commits_need_not_wait_for_the_end(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit([wave(number) for number in range(2000)])
    catch_up(db_path)
    done = threading.Event()

    def run() -> None:
        Reanalysis(db_path).run(EVERYTHING, judge)
        done.set()

    thread = threading.Thread(target=run, name="judges")
    thread.start()
    commits = 0
    while not done.is_set():
        journal.commit(make_items(5000 + commits, 1))
        commits += 1
        time.sleep(0.001)
    thread.join()
    assert commits > 20
    catch_up(db_path)
    assert assert_true(db_path) == 2000 + commits
