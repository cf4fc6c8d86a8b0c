"""The events of the quality tests in the journal: one row for each fault of a probe."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from harit_desktop.domain.quality import Change, QualityEvent
from harit_desktop.storage.bulk import NOT_STORABLE, for_rows, insert_many

EVENTS_KEPT = 20_000
"""Most rows; the oldest make room for the newest."""

_WRITTEN = (
    "publisher_id",
    "kind",
    "code",
    "flag",
    "channels",
    "first_us",
    "onset_us",
    "at_us",
    "cleared_us",
    "count",
    "value",
    '"limit"',
)
_KEY = ("publisher_id", "kind", "first_us")
_CHANGES = ", ".join(f"{name} = excluded.{name}" for name in _WRITTEN if name not in _KEY)
_UPSERT = f"""
INSERT INTO quality_events ({", ".join(_WRITTEN)}) VALUES {{rows}}
ON CONFLICT ({", ".join(_KEY)}) DO UPDATE SET {_CHANGES}
"""  # noqa: S608 - names of ours
_UPSERT_ONE = for_rows(_UPSERT, len(_WRITTEN), 1)

_PRUNE = """
DELETE FROM quality_events WHERE id IN (
    SELECT id FROM quality_events ORDER BY first_us DESC, id DESC LIMIT -1 OFFSET ?)
"""

# One that goes on stays for as long as its probe has readings.
_RETIRE = """
DELETE FROM quality_events WHERE id IN (
    SELECT id FROM quality_events WHERE first_us < :cutoff_us AND at_us < :cutoff_us
        AND (cleared_us NOT NULL OR publisher_id NOT IN (SELECT publisher_id FROM devices))
    ORDER BY first_us LIMIT :limit)
"""

_FORGET = """
DELETE FROM quality_events WHERE publisher_id = :publisher_id
    AND NOT EXISTS (SELECT 1 FROM devices WHERE publisher_id = :publisher_id)
"""


def write_events(
    cursor: sqlite3.Cursor, events: Iterable[QualityEvent], kept: int = EVENTS_KEPT
) -> None:
    """Brings the rows of these events to their latest state, in the caller's transaction.

    An event that cannot be put in a row at all is left out: it must not hold up the readings.
    Raises sqlite3.Error.
    """
    # A row is written once, however often its event changed.
    rows = list({(e.publisher_id, e.kind, e.first_us): _row(e) for e in events}.values())
    if not rows:
        return
    try:
        insert_many(cursor, _UPSERT, rows)
    except NOT_STORABLE:
        for row in rows:
            try:
                cursor.execute(_UPSERT_ONE, row)
            except NOT_STORABLE:
                continue
    cursor.execute(_PRUNE, (kept,))


def retire_events(connection: sqlite3.Connection, cutoff_us: int, limit: int) -> int:
    """Deletes up to `limit` events that ended before `cutoff_us`, in the caller's transaction.

    Returns how many. Raises sqlite3.Error.
    """
    scope = {"cutoff_us": cutoff_us, "limit": limit}
    return connection.execute(_RETIRE, scope).rowcount


def forget_events(connection: sqlite3.Connection, publisher_id: str) -> None:
    """Deletes the events of a probe that has no reading any more, in the caller's transaction.

    Raises sqlite3.Error.
    """
    connection.execute(_FORGET, {"publisher_id": publisher_id}).close()


def _row(event: QualityEvent) -> tuple[Any, ...]:
    """The values of `_WRITTEN`. The driver writes NaN as NULL."""
    return (
        event.publisher_id,
        event.kind,
        event.code,
        int(event.flag),
        json.dumps(event.channels),
        event.first_us,
        event.onset_us,
        event.at_us,
        event.at_us if event.change is Change.CLEARED else None,
        event.count,
        event.value,
        event.limit,
    )
