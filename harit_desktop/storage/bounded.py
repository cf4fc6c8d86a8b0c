"""Bounded tables: the oldest rows make room for the newest."""

from __future__ import annotations

import sqlite3

import msgspec

STEP_ROWS = 10_000
"""Most rows taken out in one transaction, so that a lowered bound never stalls a commit."""


class Bounds(msgspec.Struct, frozen=True):
    max_rows: int
    max_bytes: int


LOG_BOUNDS = Bounds(50_000, 64 * 1024 * 1024)
REJECTED_BOUNDS = Bounds(10_000, 16 * 1024 * 1024)

# Written out, because a table name cannot be a bound parameter.
LOG_OLDEST = "SELECT id, kept_bytes FROM message_log ORDER BY id LIMIT ?"
LOG_DELETE = "DELETE FROM message_log WHERE id <= ?"
REJECTED_OLDEST = "SELECT id, kept_bytes FROM rejected_messages ORDER BY id LIMIT ?"
REJECTED_DELETE = "DELETE FROM rejected_messages WHERE id <= ?"
_SUMS = "SELECT max(id), count(*), total(kept_bytes) FROM ({oldest})"


def prune(
    connection: sqlite3.Connection,
    oldest: str,
    delete: str,
    bounds: Bounds,
    rows: int,
    kept_bytes: int,
) -> tuple[int, int]:
    """Deletes the oldest rows until `rows` and `kept_bytes` are within bounds.

    Called in every transaction that adds rows: then it takes out about as much as came in,
    and no commit takes long. Returns what is left.
    """
    if rows <= bounds.max_rows and kept_bytes <= bounds.max_bytes:
        return rows, kept_bytes
    excess = min(rows - bounds.max_rows, STEP_ROWS)
    if excess > 0:
        # The usual case of a full table: its sums in one row, not a row at a time.
        summed = connection.execute(_SUMS.format(oldest=oldest), (excess,))
        last_id, count, taken_bytes = summed.fetchone()
        if last_id is not None:
            connection.execute(delete, (last_id,))
        rows, kept_bytes = rows - count, kept_bytes - int(taken_bytes)
        if kept_bytes <= bounds.max_bytes or excess == STEP_ROWS:
            return rows, kept_bytes
    last_id = None
    for row_id, row_bytes in connection.execute(oldest, (STEP_ROWS,)):
        rows -= 1
        kept_bytes -= row_bytes
        last_id = row_id
        if rows <= bounds.max_rows and kept_bytes <= bounds.max_bytes:
            break
    if last_id is not None:
        connection.execute(delete, (last_id,))
    return rows, kept_bytes
