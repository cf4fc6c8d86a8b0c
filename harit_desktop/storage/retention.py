"""Readings, log lines and events that are older than the user wants to keep leave the store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import msgspec

from harit_desktop.domain.clock import US_PER_DAY
from harit_desktop.storage.bounded import LOG_DELETE, REJECTED_DELETE
from harit_desktop.storage.cursors import FORWARDED
from harit_desktop.storage.deletion import (
    LOOK_ROWS,
    SLICE_ROWS,
    Condemned,
    delete_in,
    in_transaction,
)
from harit_desktop.storage.quality_events import retire_events
from harit_desktop.storage.rollup import MINUTE_US, Bucket, minute_of
from harit_desktop.storage.tally import Tally

# Read in the very transaction that deletes: the server in use may be another one by then.
_FORWARDED = "id <= coalesce((SELECT last_id FROM cursors WHERE name = :forwarded), 0)"

_DEVICES = "SELECT publisher_id FROM devices WHERE first_us < ? ORDER BY publisher_id"

_NEXT_TIMES = """
SELECT timestamp_us FROM sensor_readings
WHERE publisher_id = ? AND timestamp_us >= ? AND timestamp_us < ?
ORDER BY timestamp_us LIMIT ?
"""

_NEXT_FORWARDED = """
SELECT id, publisher_id, timestamp_us, received_us FROM sensor_readings
WHERE id > :after AND id <= coalesce((SELECT last_id FROM cursors WHERE name = :forwarded), 0)
ORDER BY id LIMIT :limit
"""


class _Log(msgspec.Struct, frozen=True):
    """A log's statements, and the names of its counts in the tally."""

    oldest: str
    delete: str
    rows: str
    kept_bytes: str


# Written out, because a table name cannot be a bound parameter.
_LOGS = (
    _Log(
        "SELECT id, kept_bytes, received_us FROM message_log ORDER BY id LIMIT ?",
        LOG_DELETE,
        "log_rows",
        "log_bytes",
    ),
    _Log(
        "SELECT id, kept_bytes, received_us FROM rejected_messages ORDER BY id LIMIT ?",
        REJECTED_DELETE,
        "rejected_rows",
        "rejected_bytes",
    ),
)


def retire(
    connection: sqlite3.Connection, now_us: int, retention_days: int, journal_days: int | None
) -> Iterator[int]:
    """Deletes what has had its time, in short transactions; yields after each.

    `retention_days` counts from a reading's own time, 0 keeps all. `journal_days` is given
    where a server is the store: readings that it holds leave this file so long after they
    were received, and none leaves that it does not hold. Raises sqlite3.Error with no
    transaction open.
    """
    if retention_days > 0:
        # Whole minutes, so that no rollup is ever left with a part of its readings.
        cutoff_us = minute_of(now_us - retention_days * US_PER_DAY)
        forwarded_only = journal_days is not None
        yield from _retire_readings(connection, cutoff_us, forwarded_only=forwarded_only)
        for log in _LOGS:
            yield from _retire_lines(connection, cutoff_us, log)
        yield from _retire_events(connection, cutoff_us)
    if journal_days is not None:
        yield from _retire_forwarded(connection, now_us - journal_days * US_PER_DAY)


def _retire_readings(
    connection: sqlite3.Connection, cutoff_us: int, *, forwarded_only: bool
) -> Iterator[int]:
    condition = "timestamp_us < :cutoff_us" + (f" AND {_FORWARDED}" if forwarded_only else "")
    condemned = Condemned(condition, {"cutoff_us": cutoff_us, "forwarded": FORWARDED})
    for (publisher_id,) in connection.execute(_DEVICES, (cutoff_us,)).fetchall():
        position_us = -(2**63)
        while True:
            scope = (publisher_id, position_us, cutoff_us, LOOK_ROWS)
            times = [row[0] for row in connection.execute(_NEXT_TIMES, scope).fetchall()]
            if not times:
                break
            minutes = dict.fromkeys((publisher_id, minute_of(time_us)) for time_us in times)
            yield from delete_in(connection, minutes, condemned)
            position_us = minute_of(times[-1]) + MINUTE_US


def _retire_forwarded(connection: sqlite3.Connection, cutoff_us: int) -> Iterator[int]:
    condition = f"received_us < :cutoff_us AND {_FORWARDED}"
    params: dict[str, int | str] = {"cutoff_us": cutoff_us, "forwarded": FORWARDED}
    condemned = Condemned(condition, params, keeps_baselines=True)
    scope: dict[str, int | str] = {"after": 0, "limit": LOOK_ROWS, "forwarded": FORWARDED}
    while rows := connection.execute(_NEXT_FORWARDED, scope).fetchall():
        minutes: dict[Bucket, None] = {}
        for _, publisher_id, timestamp_us, received_us in rows:
            if received_us < cutoff_us:
                minutes[publisher_id, minute_of(timestamp_us)] = None
        if not minutes:
            # Ids grow with the time of receipt: all that follow are newer.
            return
        yield from delete_in(connection, minutes, condemned)
        scope["after"] = rows[-1][0]


def _retire_lines(connection: sqlite3.Connection, cutoff_us: int, log: _Log) -> Iterator[int]:
    """The oldest lines of a log, up to the first that is young enough."""

    def work(tally: Tally) -> int:
        last_id, lines, line_bytes = 0, 0, 0
        for row_id, row_bytes, received_us in connection.execute(log.oldest, (SLICE_ROWS,)):
            if received_us >= cutoff_us:
                break
            last_id, lines, line_bytes = row_id, lines + 1, line_bytes + row_bytes
        if lines:
            connection.execute(log.delete, (last_id,))
            setattr(tally, log.rows, getattr(tally, log.rows) - lines)
            setattr(tally, log.kept_bytes, getattr(tally, log.kept_bytes) - line_bytes)
        return lines

    while gone := in_transaction(connection, work):
        yield gone


def _retire_events(connection: sqlite3.Connection, cutoff_us: int) -> Iterator[int]:
    while gone := in_transaction(
        connection, lambda _: retire_events(connection, cutoff_us, SLICE_ROWS)
    ):
        yield gone
