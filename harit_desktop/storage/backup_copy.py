"""Copies of the SQLite store while it is written to, and what makes a copy a sound one."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from harit_desktop.domain.backup import SQLITE, BackupInfo
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import KnownError
from harit_desktop.storage.backup_files import PartFile, bad_file, made_us_of
from harit_desktop.storage.database_files import rollback_log_of, size_bytes_of, wal_of
from harit_desktop.storage.reader import Cancelled, QueryCancelled, broken_off, never
from harit_desktop.storage.schema import APPLICATION_ID, SCHEMA_VERSION
from harit_desktop.storage.sqlite import open_reader, open_unchanging

MAGIC = b"SQLite format 3\x00"

_SLICE_PAGES = 256
_SYNC_EVERY_SLICES = 32
"""Written in small portions to the disk: one large portion at the end would hold up the
commits of the running program for seconds."""


def copy_store(source: Path, part: PartFile, cancelled: Cancelled = never, *, in_use: bool) -> None:
    """Copies one state of a store into an empty file, where it needs no log beside it.

    With `in_use` commits go on meanwhile; without, nothing is made beside the source.
    Raises QueryCancelled, sqlite3.Error, OSError.
    """
    with closing(open_reader(source) if in_use else _open(source)) as reader:
        # An open read keeps the copy to one state; otherwise each commit would make
        # SQLite begin anew.
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with closing(sqlite3.connect(part.path, isolation_level=None)) as writer:
            writer.execute("PRAGMA locking_mode = EXCLUSIVE").close()
            writer.execute("PRAGMA synchronous = OFF").close()
            _copy_slices(reader, writer, part, cancelled)
            writer.execute("PRAGMA journal_mode = DELETE").close()
    part.sync()


def _copy_slices(
    reader: sqlite3.Connection,
    writer: sqlite3.Connection,
    part: PartFile,
    cancelled: Cancelled,
) -> None:
    slices = 0

    def progress(_status: int, _remaining: int, _total: int) -> None:
        nonlocal slices
        slices += 1
        if slices % _SYNC_EVERY_SLICES == 0:
            part.sync()
        if cancelled():
            raise QueryCancelled

    reader.backup(writer, pages=_SLICE_PAGES, progress=progress)


def _open(path: Path) -> sqlite3.Connection:
    """Opens what nobody writes to, and leaves nothing beside it."""
    if size_bytes_of(wal_of(path)) or size_bytes_of(rollback_log_of(path)):
        return open_reader(path)
    return open_unchanging(path)


def inspect_store(path: Path, cancelled: Cancelled = never, *, full: bool) -> BackupInfo:
    """What a copy of the store holds; `full` reads every page of it first.

    Raises KnownError backup.bad_file, backup.newer_version; QueryCancelled.
    """
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            raise bad_file(path, "not a file")
        with closing(_open(path)) as connection, _interruptible(connection, cancelled):
            version = _version(connection, path)
            if full:
                _check_pages(connection, path)
            readings, first_us, last_us = _content(connection)
    except sqlite3.Error as error:
        raise bad_file(path, str(error)) from error
    except OSError as error:
        raise bad_file(path, error.strerror or str(error)) from error
    made_us = made_us_of(path)
    if made_us is None:
        made_us = int(state.st_mtime) * US_PER_S
    return BackupInfo(path, SQLITE, made_us, state.st_size, readings, first_us, last_us, version)


def _version(connection: sqlite3.Connection, path: Path) -> int:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if application != APPLICATION_ID or version < 1:
        raise bad_file(path, "the database of another program")
    if version > SCHEMA_VERSION:
        raise KnownError(
            "backup.newer_version", path=str(path), version=version, supported=SCHEMA_VERSION
        )
    # The program makes none; one of somebody else's would act on every commit.
    foreign = connection.execute(
        "SELECT count(*) FROM sqlite_master WHERE type IN ('trigger', 'view')"
    ).fetchone()[0]
    if foreign:
        raise bad_file(path, "it has triggers or views")
    return version


def _check_pages(connection: sqlite3.Connection, path: Path) -> None:
    with closing(connection.execute("PRAGMA quick_check(1)")) as cursor:
        finding = str(cursor.fetchone()[0])
    if finding != "ok":
        raise bad_file(path, finding)


def _content(connection: sqlite3.Connection) -> tuple[int, int | None, int | None]:
    # One value a statement: SQLite looks up only one end of an index at a time.
    count, first_us, last_us = (
        connection.execute(query).fetchone()[0]
        for query in (
            "SELECT count(*) FROM sensor_readings",
            "SELECT min(timestamp_us) FROM sensor_readings",
            "SELECT max(timestamp_us) FROM sensor_readings",
        )
    )
    return count, first_us, last_us


@contextmanager
def _interruptible(connection: sqlite3.Connection, cancelled: Cancelled) -> Iterator[None]:
    """Ends a long statement soon after `cancelled()`, with QueryCancelled; SQLite itself asks
    nobody while it checks pages."""
    try:
        with broken_off(connection.interrupt, cancelled):
            yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            raise QueryCancelled from error
        raise
    if cancelled():
        raise QueryCancelled
