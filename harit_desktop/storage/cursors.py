"""How far each follower of the readings has come, as the last id that it has dealt with."""

from __future__ import annotations

import sqlite3

ROLLUP = "rollup"
"""Readings up to here are in the rollups."""

BASELINE = "baseline"
"""Readings up to here are in the baselines of the quality tests."""

FORWARDED = "forwarded"
"""Readings up to here are on the store server in use: that server's own cursor again."""

SELECT_CURSOR = "SELECT last_id FROM cursors WHERE name = ?"

_HAS_SERVER = "SELECT 1 FROM cursors WHERE name >= 'server:' AND name < 'server;' LIMIT 1"

_MOVE = (
    "INSERT INTO cursors (name, last_id) VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET last_id = excluded.last_id"
)


def server_cursor(store_id: str) -> str:
    """The name of the cursor of one server."""
    return f"server:{store_id}"


def withdrawn_cursor(store_id: str) -> str:
    """The name of the cursor of one server over `withdrawn_readings`."""
    return f"withdrawn:{store_id}"


def has_server(connection: sqlite3.Connection) -> bool:
    """Whether any reading may be on a server. Raises sqlite3.Error."""
    return bool(connection.execute(_HAS_SERVER).fetchall())


def read_cursor(connection: sqlite3.Connection, name: str) -> int:
    """The last id that was dealt with; 0 where nothing was yet. Raises sqlite3.Error."""
    # Read to its end, so that no reader holds an old state of the store for longer.
    found = connection.execute(SELECT_CURSOR, (name,)).fetchall()
    return int(found[0][0]) if found else 0


def move_cursor(connection: sqlite3.Connection, name: str, last_id: int) -> None:
    """Notes the last id, in the caller's transaction. Raises sqlite3.Error."""
    connection.execute(_MOVE, (name, last_id)).close()


def last_reading_id(connection: sqlite3.Connection) -> int:
    """The id of the reading stored last; 0 without any. One look at the end of the table.

    Not the highest id that was given: a reading that was there already uses one up.
    """
    found = connection.execute("SELECT coalesce(max(id), 0) FROM sensor_readings").fetchall()
    return int(found[0][0])
