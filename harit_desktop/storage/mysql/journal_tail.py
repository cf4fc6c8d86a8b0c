"""The journal as the forwarder sees it: pages of readings, cursors, refused rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harit_desktop.domain.errors import Problem
from harit_desktop.storage.bounded import (
    REJECTED_BOUNDS,
    REJECTED_DELETE,
    REJECTED_OLDEST,
    prune,
)
from harit_desktop.storage.cursors import (
    FORWARDED,
    last_reading_id,
    move_cursor,
    read_cursor,
    server_cursor,
)
from harit_desktop.storage.mysql.insert import JournalRow
from harit_desktop.storage.mysql.tables import JOURNAL_COLUMNS
from harit_desktop.storage.sqlite import file_uri, open_reader, transaction
from harit_desktop.storage.tally import load_tally, save_tally
from harit_desktop.storage.watch import sight_of

PAGE_ROWS = 1000

_BUSY_S = 2.0
_SELECTED = ", ".join(f'"{name}"' for name in JOURNAL_COLUMNS)
_PAGE = f"SELECT {_SELECTED} FROM sensor_readings WHERE id > ? ORDER BY id LIMIT ?"  # noqa: S608 - names of the schema
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
        return last_reading_id(self._open_reader())

    def page(self, store_id: str) -> list[JournalRow]:
        """The next readings that the store has not got, oldest first."""
        reader = self._open_reader()
        self._paged = self._identity
        last_id = read_cursor(reader, server_cursor(store_id))
        return reader.execute(_PAGE, (last_id, PAGE_ROWS)).fetchall()

    def forwarded(self) -> int:
        """The id up to which the store that was last in use has every reading."""
        return read_cursor(self._open_reader(), FORWARDED)

    def use(self, store_id: str) -> int:
        """Makes this store the one in use; returns its cursor."""
        writer = self._open_writer()
        with transaction(writer):
            last_id = read_cursor(writer, server_cursor(store_id))
            _move_both(writer, store_id, last_id)
        return last_id

    def advance(self, store_id: str, last_id: int, refused: Sequence[Refused] = ()) -> None:
        """Notes that the store has every reading up to `last_id`, but for those refused,
        which are kept with the messages that could not be stored."""
        writer = self._open_writer()
        if self._identity != self._paged:
            # Ids of the file that was there before mean nothing in this one.
            raise sqlite3.OperationalError("the journal was replaced")
        with transaction(writer):
            if refused:
                _reject(writer, refused)
            _move_both(writer, store_id, last_id)

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
        sight = sight_of(self._path)
        if sight is None:
            self.close()
            raise sqlite3.OperationalError("no journal")
        if sight.identity != self._identity:
            self.close()
            self._identity = sight.identity


def _move_both(writer: sqlite3.Connection, store_id: str, last_id: int) -> None:
    """The cursor of the server in use always stands under both names."""
    for name in (server_cursor(store_id), FORWARDED):
        move_cursor(writer, name, last_id)


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
