"""What is known of the rows that were read from a remote API's history.

The existing system does not say whose a row is, and gives it its own time. So which reading
it is has to be remembered: each row is one reading, and each reading at most one row.
"""

from __future__ import annotations

import sqlite3

import msgspec

from harit_desktop.domain.api import POLLED_TOPIC
from harit_desktop.domain.channels import Values
from harit_desktop.domain.clock import US_PER_DAY
from harit_desktop.domain.message import Origin, RawMessage
from harit_desktop.domain.reading import Reading
from harit_desktop.domain.sameness import SAME_WITHIN_US

KEPT_DAYS = 30
"""So long after a row was read last it is remembered."""
KEPT_ROWS = 200_000
_PRUNED_AT_ONCE = 10_000
_TOUCH_US = US_PER_DAY

_COLUMNS = "row_key, publisher_id, time_us, alike, reading_id, distance_us, message_id, seen_us"
# The names are our own.
_FIND = f"SELECT {_COLUMNS} FROM api_rows WHERE row_key = ?"  # noqa: S608 - names of ours
_NEAR = (
    f"SELECT {_COLUMNS} FROM api_rows"  # noqa: S608 - names of ours
    " WHERE alike = ? AND time_us BETWEEN ? AND ?"
)
_OF_READING = (
    f"SELECT {_COLUMNS} FROM api_rows"  # noqa: S608 - names of ours
    " WHERE reading_id = ? AND row_key <> ? AND distance_us NOT NULL"
)
_SAVE = f"INSERT OR REPLACE INTO api_rows ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - names of ours
_TOUCH = "UPDATE api_rows SET seen_us = ? WHERE row_key = ?"
_OLDEST = "SELECT row_key FROM api_rows WHERE seen_us < ? ORDER BY seen_us LIMIT ?"
_DELETE = "DELETE FROM api_rows WHERE row_key = ?"
_COUNT = "SELECT count(*) FROM api_rows"
_BUCKETS = f"SELECT DISTINCT time_us / {SAME_WITHIN_US} FROM api_rows"  # noqa: S608 - names of ours


def is_polled(message: RawMessage) -> bool:
    """Whether the message is a row of a remote history."""
    return message.topic == POLLED_TOPIC and message.origin is Origin.API


class PolledRow(msgspec.Struct, gc=False):
    """A remembered row. `distance_us` is None for a reading of its own, else how far it is
    from the reading that it is the same as. `values` are known while it is dealt with."""

    key: bytes
    publisher_id: str | None
    time_us: int
    alike: bytes
    reading_id: int
    distance_us: int | None
    message_id: int
    seen_us: int
    values: Values = ()


class ApiMemory:
    """Around which times there are rows at all, so that the usual reading costs no search.

    Lives as long as the connection to the file. May name times where there is no row any
    more, but never misses one.
    """

    def __init__(self) -> None:
        self._near: set[int] = set()

    def load(self, connection: sqlite3.Connection) -> None:
        """Begins anew with what the file holds. Raises sqlite3.Error."""
        self._near.clear()
        for (bucket,) in connection.execute(_BUCKETS).fetchall():
            self.add(bucket * SAME_WITHIN_US)

    def __bool__(self) -> bool:
        return bool(self._near)

    def add(self, time_us: int) -> None:
        bucket = time_us // SAME_WITHIN_US
        self._near.update((bucket - 1, bucket, bucket + 1))

    def is_near(self, reading: Reading) -> bool:
        """Whether a row may be as near to this reading as it has to be."""
        return (
            reading.timestamp_us // SAME_WITHIN_US in self._near
            or reading.received_us // SAME_WITHIN_US in self._near
        )


class PolledRows:
    """The table of rows, within one transaction."""

    def __init__(self, cursor: sqlite3.Cursor, memory: ApiMemory) -> None:
        self._cursor = cursor
        self._memory = memory

    def find(self, key: bytes) -> PolledRow | None:
        row = self._cursor.execute(_FIND, (key,)).fetchone()
        return None if row is None else PolledRow(*row)

    def near(self, alike: bytes, time_us: int) -> list[PolledRow]:
        """The rows of like values around an instant."""
        scope = (alike, time_us - SAME_WITHIN_US, time_us + SAME_WITHIN_US)
        return [PolledRow(*row) for row in self._cursor.execute(_NEAR, scope).fetchall()]

    def of_reading(self, reading_id: int, but: PolledRow) -> PolledRow | None:
        """The other row that is the same as a stored reading."""
        row = self._cursor.execute(_OF_READING, (reading_id, but.key)).fetchone()
        return None if row is None else PolledRow(*row)

    def save(self, row: PolledRow) -> None:
        self._cursor.execute(_SAVE, msgspec.structs.astuple(row)[:-1])
        self._memory.add(row.time_us)

    def seen(self, row: PolledRow, now_us: int) -> None:
        """The row was read again. Noted once a day."""
        if now_us - row.seen_us > _TOUCH_US:
            self._cursor.execute(_TOUCH, (now_us, row.key))

    def prune(self, now_us: int) -> None:
        """Forgets what was not read for long, and the oldest of too many."""
        (count,) = self._cursor.execute(_COUNT).fetchone()
        before_us, excess = now_us - KEPT_DAYS * US_PER_DAY, count - KEPT_ROWS
        gone = self._cursor.execute(_OLDEST, (before_us, _PRUNED_AT_ONCE)).fetchall()
        if excess > len(gone):
            limit = min(excess, _PRUNED_AT_ONCE)
            gone = self._cursor.execute(_OLDEST, (2**63 - 1, limit)).fetchall()
        self._cursor.executemany(_DELETE, gone)
