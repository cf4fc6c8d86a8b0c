"""What the tests of backups share: a clock to set, and looks at files."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.settings.paths import DataPaths
from harit_desktop.storage.backups import Backups
from harit_desktop.storage.journal import SqliteJournal
from tests.storage.builders import START_US, make_items

HOUR_US = 3600 * US_PER_S


class Clock:
    def __init__(self, now_us: int = START_US) -> None:
        self.now_us = now_us

    def __call__(self) -> int:
        return self.now_us


def make_backups(paths: DataPaths, clock: Clock, **changes: Any) -> Backups:
    chosen: dict[str, Any] = {
        "every_hours": 24,
        "keep": 3,
        "folder": None,
        "server": None,
        "first_wait_s": 0.0,
    }
    return Backups(paths, clock, **(chosen | changes))


def readings_in(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM sensor_readings").fetchone()
        return int(count)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def fill_other(paths: DataPaths, count: int) -> None:
    """Replaces the store's content by other readings, with a log that is not folded in."""
    journal = SqliteJournal(paths.database, lambda: START_US)
    journal.open()
    journal.commit(make_items(10_000, count, "later"))
    journal.close()


def cannot_link(*_: object, **__: object) -> None:
    raise PermissionError(1, "Operation not permitted")


def sql(*statements: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    return change
