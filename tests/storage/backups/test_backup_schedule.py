"""Backups by the clock."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.settings.paths import DataPaths
from harit_desktop.storage import backup_copy
from harit_desktop.storage.backups import Backups
from harit_desktop.storage.journal import SqliteJournal
from tests.servers import wait_until
from tests.storage.backups.parts import HOUR_US, Clock, make_backups, names
from tests.storage.builders import START_US


class Running:
    def __init__(self, backups: Backups) -> None:
        self.stop = threading.Event()
        self.thread = threading.Thread(target=backups.run, args=(self.stop,))

    def __enter__(self) -> Running:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(0.5)
        assert not self.thread.is_alive()


def test_an_overdue_backup_is_made_soon_and_only_once(
    paths: DataPaths,
    journal: SqliteJournal,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("harit_desktop.storage.backups.LOOK_AGAIN_S", 0.02)
    backups = make_backups(paths, clock)
    backups.make()
    with Running(backups):
        clock.now_us += 24 * HOUR_US - US_PER_S
        with pytest.raises(AssertionError):
            wait_until(lambda: len(backups.list()) == 2, 0.3)
        clock.now_us += US_PER_S
        wait_until(lambda: len(backups.list()) == 2)
        with pytest.raises(AssertionError):
            wait_until(lambda: len(backups.list()) == 3, 0.3)
    assert backups.problem is None


@pytest.mark.parametrize(
    "changes", [{"every_hours": 0}, {"first_wait_s": 60.0}], ids=["off", "first minute"]
)
def test_nothing_is_made_when_it_is_off_or_too_early(
    paths: DataPaths, journal: SqliteJournal, clock: Clock, changes: dict[str, Any]
) -> None:
    backups = make_backups(paths, clock, **changes)
    with Running(backups), pytest.raises(AssertionError):
        wait_until(lambda: backups.list(), 0.3)


def test_a_failure_is_told_and_tried_again(
    paths: DataPaths, journal: SqliteJournal, clock: Clock, tmp_path: Path
) -> None:
    folder = tmp_path / "usb" / "backups"
    backups = make_backups(paths, clock, folder=folder, retry_s=0.1)
    with Running(backups):
        wait_until(lambda: backups.problem)
        assert backups.problem is not None
        assert backups.problem.code == "backup.failed"
        folder.parent.mkdir()
        wait_until(lambda: backups.list())
        wait_until(lambda: backups.problem is None)


def test_a_backup_from_the_future_does_not_end_the_schedule(
    paths: DataPaths, journal: SqliteJournal, clock: Clock
) -> None:
    backups = make_backups(paths, clock)
    clock.now_us += 1000 * HOUR_US
    backups.make()
    clock.now_us = START_US
    with Running(backups):
        wait_until(lambda: len(backups.list()) == 2)


def test_a_stop_interrupts_a_backup_under_way(
    paths: DataPaths, journal: SqliteJournal, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = threading.Event()

    def endless(connection: sqlite3.Connection, _path: Path) -> None:
        started.set()
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n"
        ).fetchone()

    monkeypatch.setattr(backup_copy, "_check_pages", endless)
    backups = make_backups(paths, clock)
    with Running(backups):
        assert started.wait(10)
    assert names(backups.folder) == []
    assert backups.problem is None
