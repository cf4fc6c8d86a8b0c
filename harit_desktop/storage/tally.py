"""The store's counts, kept in the transaction of the rows that they count."""

from __future__ import annotations

import sqlite3

import msgspec

# One row for all: each row that is fetched gives other threads the interpreter, and a window
# that draws keeps it for milliseconds.
_LOAD = "SELECT group_concat(name || ' ' || value, ' ') FROM counters"
_UPSERT = (
    "INSERT INTO counters (name, value) VALUES {rows}"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)


class Tally(msgspec.Struct):
    """One field per row of `counters`.

    Read at the begin of each write transaction and written at its end, so that the file is
    the only truth and two connections never disagree. `kept_bytes` sums are payloads, topics
    and reasons; `rejected_total` also counts what has fallen out of the bounded table.
    `last_reading_id` is the newest reading's, 0 in a file of before it was counted.
    """

    readings: int = 0
    simulated_readings: int = 0
    last_reading_id: int = 0
    next_message_id: int = 1
    log_rows: int = 0
    log_bytes: int = 0
    next_rejected_id: int = 1
    rejected_rows: int = 0
    rejected_bytes: int = 0
    rejected_total: int = 0


def load_tally(connection: sqlite3.Connection) -> Tally:
    """The counts as the connection's transaction sees them."""
    (text,) = connection.execute(_LOAD).fetchone()
    words = (text or "").split(" ")
    stored = zip(words[::2], words[1::2], strict=False)
    return Tally(**{name: int(value) for name, value in stored if name in Tally.__struct_fields__})


def save_tally(connection: sqlite3.Connection, tally: Tally, before: Tally) -> None:
    """Writes the counts that differ from `before`."""
    changed: list[str | int] = []
    for name in Tally.__struct_fields__:
        if getattr(tally, name) != getattr(before, name):
            changed += (name, getattr(tally, name))
    if changed:
        rows = ", ".join(["(?, ?)"] * (len(changed) // 2))
        connection.execute(_UPSERT.format(rows=rows), changed)
