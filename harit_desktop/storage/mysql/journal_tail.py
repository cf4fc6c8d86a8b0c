"""The journal as the forwarder sees it: pages of readings, cursors, refused rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from harit_desktop.storage.cursors import (
    FORWARDED,
    last_reading_id,
    move_cursor,
    read_cursor,
    server_cursor,
    withdrawn_cursor,
)
from harit_desktop.storage.mysql import refused as refused_rows
from harit_desktop.storage.mysql.insert import JournalRow
from harit_desktop.storage.mysql.refused import Refused, Scanned
from harit_desktop.storage.mysql.tables import JOURNAL_COLUMNS
from harit_desktop.storage.mysql.withdrawal import Withdrawn
from harit_desktop.storage.sqlite import open_reader, open_side_writer, transaction
from harit_desktop.storage.watch import sight_of

PAGE_ROWS = 1000
NEWEST_ROWS = 50
WITHDRAWN_ROWS = 500

_BUSY_MS = 2000
_SELECTED = ", ".join(f'"{name}"' for name in JOURNAL_COLUMNS)
_PAGE = f"SELECT {_SELECTED} FROM sensor_readings WHERE id > ? ORDER BY id LIMIT ?"  # noqa: S608 - names of the schema
_NEWEST = _PAGE.replace("ORDER BY id", "ORDER BY id DESC")

# Up to the first whose successor is not sent yet.
_WITHDRAWN = """
SELECT w.id, w.reading_key, w.successor_key, coalesce(s.id, 0)
FROM withdrawn_readings AS w LEFT JOIN sensor_readings AS s ON s.reading_key = w.successor_key
WHERE w.id > ? ORDER BY w.id LIMIT ?
"""


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

    def newest(self, after_id: int) -> list[JournalRow]:
        """Some of the newest readings after `after_id`."""
        return self._open_reader().execute(_NEWEST, (after_id, NEWEST_ROWS)).fetchall()

    def refused(self, store_id: str, after_id: int) -> Scanned:
        """The next readings that the store refused before."""
        reader = self._open_reader()
        self._paged = self._identity
        return refused_rows.scan(reader, store_id, after_id)

    def accepted(self, ids: Sequence[int]) -> None:
        """Forgets refused readings that the store has taken now."""
        writer = self._open_own_writer()
        with transaction(writer):
            refused_rows.drop(writer, ids)

    def forwarded(self) -> int:
        """The id up to which the store that was last in use has every reading."""
        return read_cursor(self._open_reader(), FORWARDED)

    def use(self, store_id: str, at_most: int | None = None) -> int:
        """Makes this store the one in use; returns its cursor, set back to `at_most`."""
        writer = self._open_writer()
        with transaction(writer):
            last_id = read_cursor(writer, server_cursor(store_id))
            if at_most is not None:
                last_id = min(last_id, at_most)
                # Done twice, a withdrawal changes nothing.
                move_cursor(writer, withdrawn_cursor(store_id), 0)
            _move_both(writer, store_id, last_id)
        return last_id

    def advance(self, store_id: str, last_id: int, refused: Sequence[Refused] = ()) -> None:
        """Notes that the store has every reading up to `last_id`, but for those refused,
        which are kept with the messages that could not be stored."""
        writer = self._open_own_writer()
        with transaction(writer):
            if refused:
                refused_rows.keep(writer, store_id, refused)
            _move_both(writer, store_id, last_id)

    def withdrawn(self, store_id: str) -> list[Withdrawn]:
        """The next readings that are to be hidden on the store."""
        reader = self._open_reader()
        self._paged = self._identity
        after_id = read_cursor(reader, withdrawn_cursor(store_id))
        found = reader.execute(_WITHDRAWN, (after_id, WITHDRAWN_ROWS)).fetchall()
        if not found:
            return []
        sent_id = read_cursor(reader, server_cursor(store_id))
        ready = takewhile(lambda row: row[3] <= sent_id, found)
        return [Withdrawn(*row[:3]) for row in ready]

    def withdrew(self, store_id: str, last_id: int) -> None:
        """Notes that those up to `last_id` are hidden; 0 to hide all of them again."""
        writer = self._open_own_writer()
        with transaction(writer):
            move_cursor(writer, withdrawn_cursor(store_id), last_id)

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
        """A cursor that a power cut takes back costs a batch sent again."""
        self._drop_replaced()
        if self._writer is None:
            self._writer = open_side_writer(self._path, _BUSY_MS)
        return self._writer

    def _open_own_writer(self) -> sqlite3.Connection:
        writer = self._open_writer()
        if self._identity != self._paged:
            # Ids of the file that was there before mean nothing in this one.
            raise sqlite3.OperationalError("the journal was replaced")
        return writer

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
