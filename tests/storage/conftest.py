"""Stores in temporary folders, and file systems that refuse."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from tests.storage.builders import START_US


@pytest.fixture
def db_path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "harit.db"


@pytest.fixture
def journal(db_path: Path) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(db_path, lambda: START_US, busy_ms=100)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def history(db_path: Path) -> HistoryReader:
    return HistoryReader(db_path)


def _mount(*arguments: str) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    done = subprocess.run(["mount", *arguments], capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB; see `enlarge`."""
    folder = tmp_path / "small"
    folder.mkdir()
    if not _mount("-t", "tmpfs", "-o", "size=1m", "harit-test", str(folder)):
        pytest.skip("mounting a tmpfs needs root on Linux")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def enlarge(folder: Path) -> None:
    """Gives the small disk more room."""
    assert _mount("-o", "remount,size=16m", str(folder))


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Two names of one folder: one to write by, one that the system refuses to write by.

    Permission bits would not do: root ignores them.
    """
    writable, refusing = tmp_path / "writable", tmp_path / "refusing"
    writable.mkdir()
    refusing.mkdir()
    if not _mount("--bind", str(writable), str(refusing)):
        pytest.skip("a read-only bind mount needs root on Linux")
    mounted = _mount("-o", "remount,bind,ro", str(refusing))
    yield writable, refusing
    subprocess.run(["umount", "--lazy", str(refusing)], check=True)
    assert mounted
