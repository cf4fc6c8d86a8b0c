"""Notices that the store's file is not what it was, without reading it."""

from __future__ import annotations

import os
import sqlite3
from enum import Enum, auto
from pathlib import Path

import msgspec

from harit_desktop.storage.sqlite import open_unchanging, primary_code


class Finding(Enum):
    SOUND = auto()
    REPLACED = auto()
    """The name belongs to another file, or to none."""
    SUSPECT = auto()
    """The same file, but cut or overwritten: worth a full check."""


class Sight(msgspec.Struct, frozen=True):
    """What the file system says of the file."""

    identity: tuple[int, int]
    size_bytes: int
    changed_ns: int


def sight_of(path: Path) -> Sight | None:
    """None where there is no such file, or none to be seen."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return Sight((found.st_dev, found.st_ino), found.st_size, found.st_mtime_ns)


class FileWatch:
    """Compares the file with what it was at the last look.

    The database file changes only in checkpoints, which never shorten it, and its first
    bytes never. So one `stat` tells of a cut or replaced file, and only where the time of
    change is another one the first page is looked at.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last = sight_of(path)

    def look(self) -> Finding:
        """What became of the file since the last look; microseconds where it is the same."""
        now, last = sight_of(self._path), self._last
        if now == last and now is not None:
            return Finding.SOUND
        if now is None or last is None or now.identity != last.identity:
            return Finding.REPLACED
        if now.size_bytes < last.size_bytes or verdict_of(self._path).exists():
            return Finding.SUSPECT
        if _has_no_header(self._path):
            return Finding.SUSPECT
        self._last = now
        return Finding.SOUND


def _has_no_header(path: Path) -> bool:
    """Whether the first page is not that of a database.

    Read through SQLite, on a connection that asks for no lock: a file opened and closed by
    ourselves would take away the locks that SQLite holds in this process.
    """
    try:
        open_unchanging(path).close()
    except sqlite3.Error as error:
        # Damage of other kinds is no news here: pages may still be in the log.
        return primary_code(error) == sqlite3.SQLITE_NOTADB
    return False


def verdict_of(path: Path) -> Path:
    """Where a full check that found damage leaves its finding for the writer."""
    return path.with_name(path.name + ".damaged")


def leave_verdict(path: Path, sight: Sight, reason: str) -> None:
    """Tells the writer, which owns the file, to set it aside. Raises OSError."""
    text = f"{sight.identity[0]} {sight.identity[1]}\n{reason[:200]}"
    verdict_of(path).write_text(text, encoding="utf-8")
    # The writer looks closer where the time of change is another one.
    os.utime(path)


def take_verdict(path: Path) -> str | None:
    """The reason for which this very file is to be set aside; None without one.

    A verdict counts once, and only for the file that it was found of.
    """
    try:
        text = verdict_of(path).read_text(encoding="utf-8")
        verdict_of(path).unlink()
    except (OSError, UnicodeDecodeError):
        return None
    whose, _, reason = text.partition("\n")
    sight = sight_of(path)
    if sight is None or whose != f"{sight.identity[0]} {sight.identity[1]}":
        return None
    return reason
