"""Rollups say what the rows say, however these came and went."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.domain.reading import Source
from harit_desktop.storage import deletion, simulated
from harit_desktop.storage import maintenance as module
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.maintenance import Maintenance
from harit_desktop.storage.retention import retire
from harit_desktop.storage.rollup import MINUTE_US, roll_up, rolled_up_to
from tests.storage.builders import START_US, make_item, make_items
from tests.storage.rollup_truth import assert_counted, assert_true, catch_up

DEVICES = ("a", "b", "sim")


def any_item(chance: random.Random) -> CommitItem:
    """A reading of the last two days, now and then faulty, partial or without an index."""
    device = chance.choice(DEVICES)
    # Some minutes are crowded, and some instants are before a minute's or hour's end.
    time_us = START_US - chance.choice((0, 1, 40 * 3600, chance.randrange(48 * 3600))) * US_PER_S
    time_us += chance.choice((-1, 0, chance.randrange(90 * US_PER_S)))
    values = tuple(
        None if chance.random() < 0.2 else chance.uniform(-50.0, 500.0) for _ in range(7)
    )
    flags = tuple(
        int(Flag.MISSING) if value is None else chance.choice((1, 1, 1, 2, 3, 4))
        for value in values
    )
    return make_item(
        publisher_id=device,
        values=values,
        source=Source.SIMULATOR if device == "sim" or chance.random() < 0.2 else Source.MQTT,
        time_us=time_us,
        flags=flags,
        index=None if chance.random() < 0.2 else chance.randrange(1, 101),
    )


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated, "PAUSE_S", 0)
    monkeypatch.setattr(deletion, "SLICE_ROWS", 25)
    monkeypatch.setattr(simulated, "LOOK_ROWS", 60)


@pytest.mark.usefixtures("small_slices")
@pytest.mark.parametrize("seed", range(6))
def test_rollups_agree_with_the_rows(journal: SqliteJournal, db_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with closing(sqlite3.connect(db_path, isolation_level=None)) as connection:
        for _ in range(12):
            journal.commit([any_item(chance) for _ in range(chance.randrange(120))])
            action = chance.randrange(5)
            if action == 0:
                journal.delete_simulated()
            elif action == 1:
                for _ in retire(connection, START_US, 1, None):
                    pass
            elif action == 2:
                forward_to(connection, chance.randrange(1000))
                for _ in retire(connection, START_US + chance.randrange(US_PER_DAY), 0, 1):
                    pass
            else:
                connection.execute("BEGIN IMMEDIATE")
                roll_up(connection, chance.randrange(1, 90))
                connection.execute("COMMIT")
            assert_true(db_path)
    catch_up(db_path, 70)
    assert assert_true(db_path) == assert_counted(db_path)


def forward_to(connection: sqlite3.Connection, last_id: int) -> None:
    connection.execute("INSERT OR REPLACE INTO cursors VALUES ('forwarded', ?)", (last_id,))


def test_a_full_minute_goes_in_slices(
    journal: SqliteJournal, db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "SLICE_ROWS", 20)
    monkeypatch.setattr(simulated, "PAUSE_S", 0)
    start_us = START_US // MINUTE_US * MINUTE_US
    for n in range(100):
        source = Source.MQTT if n % 10 == 0 else Source.SIMULATOR
        journal.commit([make_item(source=source, time_us=start_us + n * 1000)])
    catch_up(db_path)
    journal.delete_simulated()
    assert assert_true(db_path) == 10


def test_nothing_to_roll_up(journal: SqliteJournal, db_path: Path) -> None:
    catch_up(db_path)
    assert assert_true(db_path) == 0
    journal.commit(make_items(0, 3))
    catch_up(db_path)
    catch_up(db_path)
    assert assert_true(db_path) == 3


def test_the_cursor_moves_with_the_rows(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit(make_items(0, 90))
    with closing(sqlite3.connect(db_path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert roll_up(connection, 40)
        assert rolled_up_to(connection) == 40
        connection.execute("ROLLBACK")
        assert rolled_up_to(connection) == 0
    catch_up(db_path, 40)
    assert assert_true(db_path) == 90


def work_until_killed(path: Path, seed: int) -> None:
    """Runs in the child: commits, rolls up and deletes, all at once."""
    chance = random.Random(seed)
    # No minute is too full for one slice, so that every moment has true rollups.
    deletion.SLICE_ROWS = 100_000
    journal = SqliteJournal(path, lambda: START_US, busy_ms=5000)
    journal.open()
    journal.commit([any_item(chance) for _ in range(20)])
    module.RETENTION_EVERY_S = 0.02
    maintenance = Maintenance(
        path, lambda: START_US, round_s=0.002, retention_days=1, first_retention_s=0
    )
    threading.Thread(target=maintenance.run, args=(threading.Event(),), daemon=True).start()
    while True:
        journal.commit([any_item(chance) for _ in range(chance.randrange(1, 60))])
        if chance.random() < 0.1:
            journal.delete_simulated()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_kill_in_the_middle(db_path: Path) -> None:
    covered = 0
    for kill in range(6):
        child = os.fork()
        if child == 0:
            try:
                work_until_killed(db_path, kill)
            finally:
                os._exit(1)
        time.sleep(random.uniform(0.3, 0.6))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        covered += assert_true(db_path)
    assert covered > 0
    catch_up(db_path)
    with closing(sqlite3.connect(db_path)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
    assert assert_true(db_path) == assert_counted(db_path)
