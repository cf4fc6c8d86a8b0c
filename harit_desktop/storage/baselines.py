"""What the quality tests have learnt of each probe, and the readings that it includes.

All states are as of the cursor `baseline`: who examines the readings after it, in the order
of their ids, comes to the state that there was when the last of them was stored.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNELS
from harit_desktop.domain.reading import Reading, Source, TimeSource
from harit_desktop.storage.cursors import BASELINE, move_cursor, read_cursor

BASELINES_KEPT = 4096
"""Most probes whose state is kept; those not heard for the longest time go first."""

_LOAD = "SELECT publisher_id, state FROM baselines ORDER BY last_us DESC, rowid DESC LIMIT ?"
_LOAD_ONE = "SELECT state FROM baselines WHERE publisher_id = ?"

# A probe whose readings were deleted meanwhile does not come back with what it taught.
_SAVE = """
INSERT INTO baselines (publisher_id, last_us, state)
SELECT publisher_id, last_received_us, :state FROM devices WHERE publisher_id = :publisher_id
ON CONFLICT (publisher_id) DO UPDATE SET last_us = excluded.last_us, state = excluded.state
"""
_PRUNE = """
DELETE FROM baselines WHERE rowid IN (
    SELECT rowid FROM baselines ORDER BY last_us DESC, rowid DESC LIMIT -1 OFFSET ?)
"""
_FORGET = "DELETE FROM baselines WHERE publisher_id = ?"
_LAST_GIVEN = "SELECT seq FROM sqlite_sequence WHERE name = 'sensor_readings'"

_READINGS = """
SELECT id, publisher_id, timestamp_us, received_us, source, time_source, sent_timestamp,
    message_id, topic, retained, {channels}
FROM sensor_readings WHERE id > ? ORDER BY id LIMIT ?
""".format(channels=", ".join(f'"{channel.column}"' for channel in CHANNELS))


def load_baselines(connection: sqlite3.Connection, limit: int) -> tuple[dict[str, bytes], int]:
    """The states of the probes heard last, the newest first, and the id of the last reading
    in them; 0 where nothing was saved yet. Raises sqlite3.Error."""
    found = dict(connection.execute(_LOAD, (limit,)).fetchall())
    return found, read_cursor(connection, BASELINE)


def load_baseline(connection: sqlite3.Connection, publisher_id: str) -> bytes | None:
    """The state of one probe. Raises sqlite3.Error."""
    found = connection.execute(_LOAD_ONE, (publisher_id,)).fetchall()
    return found[0][0] if found else None


def save_baselines(
    connection: sqlite3.Connection,
    states: Mapping[str, bytes],
    last_id: int,
    kept: int = BASELINES_KEPT,
) -> None:
    """Keeps the states with the id of the last reading in them, in the caller's transaction.

    All states that changed since the last call belong in one call. Raises sqlite3.Error.
    """
    rows = [{"publisher_id": name, "state": state} for name, state in states.items()]
    connection.executemany(_SAVE, rows).close()
    connection.execute(_PRUNE, (kept,)).close()
    given = connection.execute(_LAST_GIVEN).fetchall()
    # In a file that took the place of another one no id is known that it has not given yet.
    move_cursor(connection, BASELINE, min(last_id, given[0][0] if given else 0))


def forget_baseline(connection: sqlite3.Connection, publisher_id: str) -> None:
    """Deletes the state of one probe, in the caller's transaction. Raises sqlite3.Error."""
    connection.execute(_FORGET, (publisher_id,)).close()


def readings_after(
    connection: sqlite3.Connection, last_id: int, limit: int
) -> list[tuple[int, Reading]]:
    """The next readings with their ids, in the order of these. Raises sqlite3.Error.

    `sent_us` of a clock-suspect reading is not kept: it is None.
    """
    rows = connection.execute(_READINGS, (last_id, limit)).fetchall()
    return [(row[0], _reading_of(row)) for row in rows]


def _reading_of(row: tuple[Any, ...]) -> Reading:
    time_source = TimeSource(row[5])
    return Reading(
        publisher_id=row[1],
        timestamp_us=row[2],
        received_us=row[3],
        values=row[-CHANNEL_COUNT:],
        source=Source(row[4]),
        time_source=time_source,
        sent_us=row[2] if time_source is TimeSource.SENT else None,
        sent_timestamp=row[6],
        message_id=row[7],
        topic=row[8],
        retained=bool(row[9]),
    )
