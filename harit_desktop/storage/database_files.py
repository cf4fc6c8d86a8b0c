"""The files that make up an SQLite database on the disk, and names beside it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from harit_desktop.domain.clock import US_PER_S

TIME_FORMAT = "%Y%m%dT%H%M%SZ"


def wal_of(path: Path) -> Path:
    """SQLite's write-ahead log of a database file."""
    return path.with_name(path.name + "-wal")


def shm_of(path: Path) -> Path:
    """SQLite's shared index of the log of a database file."""
    return path.with_name(path.name + "-shm")


def rollback_log_of(path: Path) -> Path:
    """SQLite's log of a database file that is written without write-ahead logging."""
    return path.with_name(path.name + "-journal")


def size_bytes_of(path: Path) -> int:
    """The length of the file; 0 where there is none to be seen."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def time_text(time_us: int) -> str:
    """An instant as it stands in file names: 20260131T235959Z."""
    return datetime.fromtimestamp(time_us // US_PER_S, UTC).strftime(TIME_FORMAT)


def unused_name(wanted: Path) -> Path:
    """The path, or with the next number after it where a database or its log has that name."""
    name, number = wanted, 1
    while any(os.path.lexists(file) for file in (name, wal_of(name), rollback_log_of(name))):
        number += 1
        name = wanted.with_name(f"{wanted.name}-{number}")
    return name
