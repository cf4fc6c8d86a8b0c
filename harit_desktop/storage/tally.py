"""The store's counts, kept in the transaction of the rows that they count."""

from __future__ import annotations

import sqlite3

import msgspec

_UPSERT = (
    "INSERT INTO counters (name, value) VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)


class Tally(msgspec.Struct):
    """One field per row of `counters`.

    Read at the begin of each write transaction and written at its end, so that the file is
    the only truth and two connections never disagree. `kept_bytes` sums are payloads, topics
    and reasons; `rejected_total` also counts what has fallen out of the bounded table.
    """

    readings: int = 0
    simulated_readings: int = 0
    next_message_id: int = 1
    log_rows: int = 0
    log_bytes: int = 0
    next_rejected_id: int = 1
    rejected_rows: int = 0
    rejected_bytes: int = 0
    rejected_total: int = 0


def load_tally(connection: sqlite3.Connection) -> Tally:
    """The counts as the connection's transaction sees them."""
    stored = connection.execute("SELECT name, value FROM counters").fetchall()
    return Tally(**{name: value for name, value in stored if name in Tally.__struct_fields__})


def save_tally(connection: sqlite3.Connection, tally: Tally, before: Tally) -> None:
    """Writes the counts that differ from `before`."""
    changed = [
        (name, getattr(tally, name))
        for name in Tally.__struct_fields__
        if getattr(tally, name) != getattr(before, name)
    ]
    connection.executemany(_UPSERT, changed)
