"""The journal as the forwarder sees it: pages of readings, cursors, refused rows."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from harit_desktop.domain.errors import Problem
from harit_desktop.storage.bounded import (
    REJECTED_BOUNDS,
    REJECTED_DELETE,
    REJECTED_OLDEST,
    prune,
)
from harit_desktop.storage.mysql.insert import JournalRow
from harit_desktop.storage.mysql.tables import JOURNAL_COLUMNS
from harit_desktop.storage.sqlite import file_uri, open_reader
from harit_desktop.storage.tally import load_tally, save_tally

PAGE_ROWS = 1000
FORWARDED = "forwarded"

_BUSY_S = 2.0
_SELECTED = ", ".join(f'"{name}"' for name in JOURNAL_COLUMNS)
_PAGE = f"SELECT {_SELECTED} FROM sensor_readings WHERE id > ? ORDER BY id LIMIT ?"  # noqa: S608 - names of the schema
_LAST_ID = "SELECT max(id) FROM sensor_readings"
_CURSOR = "SELECT last_id FROM cursors WHERE name = ?"
_SET_CURSOR = (
    "INSERT INTO cursors (name, last_id) VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET last_id = excluded.last_id"
)
_INSERT_REJECTED = """
INSERT INTO rejected_messages (id, received_us, topic, publisher_id, reason_code, reason,
    kept_bytes, payload)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""

Refused = tuple[JournalRow, Problem]
"""A reading that the server cannot hold, and why."""


class JournalTail:
    """For one thread. Every method raises sqlite3.Error where the journal is missing, busy or
    not ready; the next call opens it again. A file that was replaced is noticed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader: sqlite3.Connection | None = None
        self._writer: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._paged: tuple[int, int] | None = None

    def last_id(self) -> int:
        """The id of the newest reading, 0 where there is none."""
        found = self._open_reader().execute(_LAST_ID).fetchone()
        return int(found[0] or 0)

    def page(self, store_id: str) -> list[JournalRow]:
        """The next readings that the store has not got, oldest first."""
        reader = self._open_reader()
        self._paged = self._identity
        with contextlib.closing(reader.execute(_CURSOR, (_server(store_id),))) as found:
            row = found.fetchone()
        with contextlib.closing(reader.execute(_PAGE, (row[0] if row else 0, PAGE_ROWS))) as found:
            return found.fetchall()

    def forwarded(self) -> int:
        """The id up to which the store that was last in use has every reading."""
        found = self._open_reader().execute(_CURSOR, (FORWARDED,)).fetchone()
        return int(found[0]) if found else 0

    def use(self, store_id: str) -> int:
        """Makes this store the one in use; returns its cursor."""
        writer = self._open_writer()
        with _transaction(writer):
            found = writer.execute(_CURSOR, (_server(store_id),)).fetchone()
            last_id = int(found[0]) if found else 0
            writer.execute(_SET_CURSOR, (_server(store_id), last_id))
            writer.execute(_SET_CURSOR, (FORWARDED, last_id))
        return last_id

    def advance(self, store_id: str, last_id: int, refused: Sequence[Refused] = ()) -> None:
        """Notes that the store has every reading up to `last_id`, but for those refused,
        which are kept with the messages that could not be stored."""
        writer = self._open_writer()
        if self._identity != self._paged:
            # Ids of the file that was there before mean nothing in this one.
            raise sqlite3.OperationalError("the journal was replaced")
        with _transaction(writer):
            if refused:
                _reject(writer, refused)
            writer.execute(_SET_CURSOR, (_server(store_id), last_id))
            writer.execute(_SET_CURSOR, (FORWARDED, last_id))

    def close(self) -> None:
        for connection in (self._reader, self._writer):
            if connection is not None:
                connection.close()
        self._reader = self._writer = None

    def _open_reader(self) -> sqlite3.Connection:
        self._drop_replaced()
        if self._reader is None:
            self._reader = open_reader(self._path)
        return self._reader

    def _open_writer(self) -> sqlite3.Connection:
        """The journal's owner syncs its own commits. A cursor that a power cut takes back
        costs a batch sent again, so it is not waited for."""
        self._drop_replaced()
        if self._writer is None:
            self._writer = sqlite3.connect(
                f"{file_uri(self._path)}?mode=rw", uri=True, timeout=_BUSY_S, isolation_level=None
            )
            self._writer.execute("PRAGMA synchronous = NORMAL").close()
            # The journal's owner moves the log into the file, in quiet moments.
            self._writer.execute("PRAGMA wal_autocheckpoint = 0").close()
        return self._writer

    def _drop_replaced(self) -> None:
        try:
            found = os.stat(self._path)
        except OSError as error:
            self.close()
            raise sqlite3.OperationalError(f"no journal: {error.strerror}") from error
        identity = (found.st_dev, found.st_ino)
        if identity != self._identity:
            self.close()
            self._identity = identity


def _server(store_id: str) -> str:
    return f"server:{store_id}"


@contextlib.contextmanager
def _transaction(writer: sqlite3.Connection) -> Any:
    writer.execute("BEGIN IMMEDIATE").close()
    try:
        yield
        writer.execute("COMMIT").close()
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            if writer.in_transaction:
                writer.execute("ROLLBACK").close()
        raise


def _reject(writer: sqlite3.Connection, refused: Sequence[Refused]) -> None:
    """Keeps the rows as JSON, with the same counts and bounds as every rejected message."""
    before = load_tally(writer)
    tally = msgspec.structs.replace(before)
    for row, problem in refused:
        named = dict(zip(JOURNAL_COLUMNS, row, strict=True))
        payload = json.dumps(named, ensure_ascii=False, default=bytes.hex).encode()
        topic, reason = str(named["topic"]), str(problem)
        kept_bytes = len(topic) + len(reason) + len(payload)
        who = (named["received_us"], topic, named["publisher_id"])
        what = (problem.code, reason, kept_bytes, payload)
        writer.execute(_INSERT_REJECTED, (tally.next_rejected_id, *who, *what))
        tally.next_rejected_id += 1
        tally.rejected_rows += 1
        tally.rejected_bytes += kept_bytes
        tally.rejected_total += 1
    tally.rejected_rows, tally.rejected_bytes = prune(
        writer,
        REJECTED_OLDEST,
        REJECTED_DELETE,
        REJECTED_BOUNDS,
        tally.rejected_rows,
        tally.rejected_bytes,
    )
    save_tally(writer, tally, before)
