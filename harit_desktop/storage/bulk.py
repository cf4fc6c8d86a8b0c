"""Many rows in one statement, and what is found of a reading that is there already.

The driver lets other threads run before and after each statement's work. A row at a time
that is a thousand times a batch, and a window that draws keeps the interpreter for
milliseconds each time; all rows in one, the database works while others draw and decode.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

from harit_desktop.domain.api import POLLED_TOPIC
from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.reading import Reading, TimeSource
from harit_desktop.storage.api_rows import is_polled
from harit_desktop.storage.rows import INSERT_READINGS, reading_row
from harit_desktop.storage.timeless import is_redelivered, is_timeless

SIZES = (500, 100, 10, 1)
"""Rows of one statement. Few sizes, because each is a statement that SQLite keeps prepared;
none over 1000, because SQLite takes 32 766 values."""

# Raised before a statement runs (or by it alone), so that the transaction stays whole.
NOT_STORABLE = (
    OverflowError,
    UnicodeError,
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)

_NEWEST = "SELECT reading_key, id FROM sensor_readings ORDER BY id DESC LIMIT ?"
_FIND_KEY = """
SELECT id, timestamp_us, time_source, sent_timestamp, {channels}
FROM sensor_readings WHERE reading_key = ?
""".format(channels=", ".join(f'"{channel.column}"' for channel in CHANNELS))


@lru_cache(maxsize=32)
def for_rows(statement: str, columns: int, count: int) -> str:
    """`statement` with {rows} filled in for `count` rows of `columns` values."""
    row = f"({', '.join('?' * columns)})"
    return statement.format(rows=", ".join([row] * count))


def insert_many(cursor: sqlite3.Cursor, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Runs `statement`, which has {rows} in it, until all rows are written."""
    for first, count in _pieces(len(rows)):
        piece = rows[first : first + count]
        cursor.execute(for_rows(statement, len(piece[0]), count), list(chain(*piece)))


def insert_at_once(cursor: sqlite3.Cursor, items: Sequence[CommitItem]) -> list[int | None]:
    """Stores what can be stored without a closer look; the new id of each item, else None.

    None stands for what is no reading, may be known already or cannot be stored.
    """
    found: list[int | None] = [None] * len(items)
    plain = list(_plain_rows(items))
    for first, count in _pieces(len(plain)):
        piece = plain[first : first + count]
        try:
            insert_many(cursor, INSERT_READINGS, [row for _, _, row in piece])
        except NOT_STORABLE:
            continue
        last_id = cursor.lastrowid or 0
        if cursor.rowcount == count:
            # Ids are given in order and never twice, and a transaction has one writer.
            for offset, (position, _, _) in enumerate(piece):
                found[position] = last_id - count + 1 + offset
        elif cursor.rowcount > 0:
            new_ids = dict(cursor.execute(_NEWEST, (cursor.rowcount,)).fetchall())
            for position, key, _ in piece:
                # Of equal readings the first is the one that was stored.
                found[position] = new_ids.pop(key, None)
    return found


def _plain_rows(items: Sequence[CommitItem]) -> Iterator[tuple[int, bytes, tuple[Any, ...]]]:
    """Position, key and row of each reading that can be known by its key alone."""
    for position, item in enumerate(items):
        message, analysed = item.message, item.analysed
        if analysed is None or item.show_only or not message.topic.isascii():
            continue
        if item.pieces is not None or message.rejected is not None:
            continue
        if message.topic == POLLED_TOPIC and is_polled(message):
            continue
        if is_timeless(message, analysed.reading) or is_redelivered(message):
            continue
        try:
            yield position, analysed.key, reading_row(analysed)
        except NOT_STORABLE:
            continue


def _pieces(total: int) -> Iterator[tuple[int, int]]:
    first = 0
    for size in SIZES:
        while total - first >= size:
            yield first, size
            first += size


class StoredReading(NamedTuple):
    """What the store has under a key."""

    id: int
    timestamp_us: int
    time_source: str
    sent_timestamp: str | None
    values: Values

    def has_content_of(self, reading: Reading) -> bool:
        """Whether `reading` is a copy: the same values, and the same time where both name one."""
        if self.values != reading.values:
            return False
        if self.sent_timestamp is None or reading.sent_us is None:
            return True
        if self.time_source == TimeSource.SENT:
            return self.timestamp_us == reading.sent_us
        # The instant of an impossible time is not kept, its text is.
        return self.sent_timestamp == reading.sent_timestamp


def find_stored(cursor: sqlite3.Cursor, key: bytes) -> StoredReading:
    """The reading under a key that is known to be there."""
    row = cursor.execute(_FIND_KEY, (key,)).fetchone()
    return StoredReading(row[0], row[1], row[2], row[3], row[4:])
