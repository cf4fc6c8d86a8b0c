"""A store with readings, and a backup of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harit_desktop.settings.paths import DataPaths
from harit_desktop.storage.journal import SqliteJournal
from tests.storage.backups.parts import Clock, make_backups
from tests.storage.builders import START_US, make_items


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def paths(tmp_path: Path) -> DataPaths:
    return DataPaths(tmp_path / "data")


@pytest.fixture
def journal(paths: DataPaths) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(paths.database, lambda: START_US, busy_ms=100)
    opened.open()
    opened.commit(make_items(0, 300))
    yield opened
    opened.close()


@pytest.fixture
def made(paths: DataPaths, journal: SqliteJournal, clock: Clock) -> Path:
    made = make_backups(paths, clock).make()
    journal.close()
    return made
