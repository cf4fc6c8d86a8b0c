"""The file of the publisher's outbox: taking it alone, setting a damaged one aside."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Self

from msgspec import structs

from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.outbox import OutboxItem
from harit_desktop.storage.opening import set_aside
from harit_desktop.storage.sqlite import file_uri, is_busy, is_damage, known_error, transaction

_log = logging.getLogger(__name__)

_FILES = 9
_VERSION = 1
_TABLE = """CREATE TABLE IF NOT EXISTS outbox(
    id INTEGER PRIMARY KEY,
    publisher_id TEXT NOT NULL,
    timestamp_us INTEGER NOT NULL,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    body BLOB NOT NULL
)"""
_OLDEST = """SELECT publisher_id, timestamp_us, topic, payload, body, id FROM outbox
WHERE id > ? ORDER BY id LIMIT ?"""
_INSERT = """INSERT INTO outbox(publisher_id, timestamp_us, topic, payload, body, id)
VALUES (?, ?, ?, ?, ?, ?)"""
_LARGE_PAGES = 1000


class OutboxFile:
    """Opened by one program at a time: two would send the same readings twice.

    All but `path` raises sqlite3.Error.
    """

    def __init__(self, path: Path) -> None:
        """Raises sqlite3.Error; with SQLITE_BUSY where another program has the file."""
        self.path = path
        self._connection = sqlite3.connect(
            f"{file_uri(path)}?mode=rwc",
            uri=True,
            timeout=0.0,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            # In this order: locked from the first look, the log needs no shared memory.
            for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL"):
                self._execute(f"PRAGMA {pragma}")
            with self._transaction("FULL"):
                self._prepare()
            self._shrink()
        except (sqlite3.Error, KnownError):
            self._connection.close()
            raise

    @classmethod
    def take(cls, path: Path) -> Self:
        """The file, or the next free one numbered after it, with what the others hold.

        A damaged file is kept under another name and a new one made. Raises OSError,
        KnownError and sqlite3.Error.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        busy: sqlite3.Error | None = None
        for candidate in _numbered(path):
            try:
                file = cls._opened(candidate)
            except sqlite3.Error as error:
                if not is_busy(error):
                    raise known_error(error, candidate) from error
                busy = error
                continue
            file._take_over(path)
            return file
        assert busy is not None, "there is at least one name"
        raise known_error(busy, path)

    def ids(self) -> list[int]:
        with closing(self._connection.execute("SELECT id FROM outbox ORDER BY id")) as found:
            return [row[0] for row in found]

    def oldest(self, limit: int, after_id: int) -> Sequence[OutboxItem]:
        with closing(self._connection.execute(_OLDEST, (after_id, limit))) as found:
            return [OutboxItem(*row) for row in found]

    def add(self, items: Sequence[OutboxItem]) -> None:
        """All or none; on the disk when this returns."""
        with self._transaction("FULL"):
            self._insert(items)

    def delete(self, ids: Collection[int]) -> None:
        """Survives a kill; after a power cut some may be there again, which is no loss."""
        with self._transaction("NORMAL"):
            self._connection.executemany(
                "DELETE FROM outbox WHERE id = ?", ((each,) for each in ids)
            ).close()

    def close(self) -> None:
        self._connection.close()

    @classmethod
    def _opened(cls, path: Path) -> Self:
        try:
            return cls(path)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            problem = set_aside(path, time.time_ns() // 1000, "store.damaged", str(error))
            _log.error("The outbox was damaged and is kept as %s", problem.params["kept_as"])
            return cls(path)

    def _prepare(self) -> None:
        with closing(self._connection.execute("PRAGMA user_version")) as found:
            version = found.fetchone()[0]
        if version > _VERSION:
            raise KnownError("store.newer_version", path=str(self.path), version=version)
        self._execute(_TABLE)
        self._execute(f"PRAGMA user_version = {_VERSION}")

    def _shrink(self) -> None:
        """An emptied file gives its room back."""
        with closing(self._connection.execute("PRAGMA freelist_count")) as found:
            free = found.fetchone()[0]
        if free > _LARGE_PAGES and not self.ids():
            self._execute("VACUUM")

    def _take_over(self, path: Path) -> None:
        """Fetches what a program left in a file of another number.

        Killed in between, both files have it, and it is sent twice with the same identity.
        """
        for candidate in _numbered(path):
            if candidate == self.path or not candidate.exists():
                continue
            try:
                other = type(self)(candidate)
            except (sqlite3.Error, KnownError):
                continue
            with closing(other):
                left = other.oldest(-1, 0)
                if left:
                    first = max(self.ids(), default=0) + 1
                    self.add([structs.replace(item, id=first + n) for n, item in enumerate(left)])
                    other.delete([item.id for item in left])

    def _insert(self, items: Sequence[OutboxItem]) -> None:
        rows = (
            (each.publisher_id, each.timestamp_us, each.topic, each.payload, each.body, each.id)
            for each in items
        )
        self._connection.executemany(_INSERT, rows).close()

    def _transaction(self, synchronous: str) -> AbstractContextManager[None]:
        self._execute(f"PRAGMA synchronous = {synchronous}")
        return transaction(self._connection)

    def _execute(self, statement: str) -> None:
        self._connection.execute(statement).close()


def _numbered(path: Path) -> Iterator[Path]:
    yield path
    for number in range(2, _FILES + 1):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")
