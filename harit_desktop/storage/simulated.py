"""Deleting what the simulator made, in slices that let commits pass in between."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import msgspec

from harit_desktop.domain.reading import Source
from harit_desktop.storage.tally import Tally, load_tally, save_tally

T = TypeVar("T")

SLICE_ROWS = 500
PAUSE_S = 0.01
"""A waiting writer looks every few milliseconds whether the lock is free."""

_DEVICES = "SELECT publisher_id FROM devices WHERE simulated_count > 0 ORDER BY publisher_id"

_NEXT_READINGS = """
SELECT timestamp_us, id, source FROM sensor_readings
WHERE publisher_id = ? AND (timestamp_us, id) > (?, ?)
ORDER BY timestamp_us, id LIMIT ?
"""

_NEXT_MESSAGES = """
SELECT id, kept_bytes, simulated FROM message_log WHERE id > ? AND id < ? ORDER BY id LIMIT ?
"""

_REFRESH_DEVICE = """
UPDATE devices SET
    reading_count = reading_count - :deleted,
    simulated_count = simulated_count - :deleted,
    first_us = coalesce((SELECT min(timestamp_us) FROM sensor_readings
                         WHERE publisher_id = :publisher_id), first_us),
    last_us = coalesce((SELECT max(timestamp_us) FROM sensor_readings
                        WHERE publisher_id = :publisher_id), last_us)
WHERE publisher_id = :publisher_id
"""


def delete_simulated(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Deletes simulated readings and their log lines; returns whose readings they were.

    Raises sqlite3.Error with no transaction open and all finished slices kept.
    """
    publishers = [row[0] for row in connection.execute(_DEVICES).fetchall()]
    for publisher_id in publishers:
        _delete_of_device(connection, publisher_id)
    _delete_messages(connection)
    return tuple(publishers)


def _delete_of_device(connection: sqlite3.Connection, publisher_id: str) -> None:
    position = (-(2**63), 0)
    more = True
    while more:
        position, more = _in_transaction(
            connection, partial(_delete_readings, connection, publisher_id, position)
        )
        time.sleep(PAUSE_S)


def _delete_readings(
    connection: sqlite3.Connection, publisher_id: str, start: tuple[int, int], tally: Tally
) -> tuple[tuple[int, int], bool]:
    """One slice after `start`; returns where it ended and whether there is more."""
    rows = connection.execute(_NEXT_READINGS, (publisher_id, *start, SLICE_ROWS)).fetchall()
    ids = [(row_id,) for _, row_id, source in rows if source == Source.SIMULATOR.value]
    if ids:
        connection.executemany("DELETE FROM sensor_readings WHERE id = ?", ids)
        connection.execute(_REFRESH_DEVICE, {"deleted": len(ids), "publisher_id": publisher_id})
        connection.execute(
            "DELETE FROM devices WHERE publisher_id = ? AND reading_count = 0", (publisher_id,)
        )
        tally.readings -= len(ids)
        tally.simulated_readings -= len(ids)
    position = (rows[-1][0], rows[-1][1]) if rows else start
    return position, len(rows) == SLICE_ROWS


def _delete_messages(connection: sqlite3.Connection) -> None:
    end = load_tally(connection).next_message_id
    position = 0
    more = True
    while more:
        position, more = _in_transaction(
            connection, partial(_delete_log_lines, connection, position, end)
        )
        time.sleep(PAUSE_S)


def _delete_log_lines(
    connection: sqlite3.Connection, start: int, end: int, tally: Tally
) -> tuple[int, bool]:
    """One slice after line `start`; returns where it ended and whether there is more."""
    rows = connection.execute(_NEXT_MESSAGES, (start, end, SLICE_ROWS)).fetchall()
    gone = [(row_id, size) for row_id, size, simulated in rows if simulated]
    connection.executemany(
        "DELETE FROM message_log WHERE id = ?", [(row_id,) for row_id, _ in gone]
    )
    tally.log_rows -= len(gone)
    tally.log_bytes -= sum(size for _, size in gone)
    return (rows[-1][0] if rows else end), len(rows) == SLICE_ROWS


def _in_transaction(connection: sqlite3.Connection, work: Callable[[Tally], T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        before = load_tally(connection)
        tally = msgspec.structs.replace(before)
        result = work(tally)
        save_tally(connection, tally, before)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result
