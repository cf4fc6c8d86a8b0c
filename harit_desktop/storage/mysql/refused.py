"""Readings that a server cannot hold, kept in the journal with the rejected messages.

They are kept whole, so that they can be sent again: what was narrowed may be wide again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.reading import Source
from harit_desktop.storage.bounded import (
    REJECTED_BOUNDS,
    REJECTED_DELETE,
    REJECTED_OLDEST,
    prune,
)
from harit_desktop.storage.mysql.insert import KEY, JournalRow
from harit_desktop.storage.mysql.tables import JOURNAL_COLUMNS
from harit_desktop.storage.tally import load_tally, save_tally

ROW_REFUSED = "server.row_refused"
MESSAGE_ID_REUSED = "message_id_reused"
"""The server has another reading under the id that the publisher gave this one."""

Refused = tuple[JournalRow, Problem]
"""A reading that the server does not hold, and why."""

SCANNED_ROWS = 200

_STORE = "store_id"
_SOURCE = JOURNAL_COLUMNS.index("source")
_INSERT = """
INSERT INTO rejected_messages (id, received_us, topic, publisher_id, reason_code, reason,
    kept_bytes, payload)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_KEPT = "SELECT payload FROM rejected_messages WHERE reason_code IN (?, ?)"
_SCAN = (
    "SELECT id, payload FROM rejected_messages WHERE reason_code = ? AND id > ? ORDER BY id LIMIT ?"
)
_TAKE_OUT = "DELETE FROM rejected_messages WHERE id = ? RETURNING kept_bytes"
_IN_JOURNAL = "SELECT 1 FROM sensor_readings WHERE reading_key = ?"


class Scanned(NamedTuple):
    """Refused readings by their id among the rejected messages; `last_id` is None at the end."""

    rows: dict[int, JournalRow]
    last_id: int | None


def keep(writer: sqlite3.Connection, store_id: str, refused: Sequence[Refused]) -> None:
    """Keeps the rows as JSON, with the same counts and bounds as every rejected message.

    One that is kept already, because a page was sent again, is not kept twice.
    """
    before = load_tally(writer)
    tally = msgspec.structs.replace(before)
    kept = {payload for (payload,) in writer.execute(_KEPT, (ROW_REFUSED, MESSAGE_ID_REUSED))}
    for row, problem in refused:
        named = dict(zip(JOURNAL_COLUMNS, row, strict=True)) | {_STORE: store_id}
        payload = json.dumps(named, ensure_ascii=False, default=bytes.hex).encode()
        if payload in kept:
            continue
        topic, reason = str(named["topic"]), str(problem)
        kept_bytes = len(topic) + len(reason) + len(payload)
        who = (named["received_us"], topic, named["publisher_id"])
        what = (problem.code, reason, kept_bytes, payload)
        writer.execute(_INSERT, (tally.next_rejected_id, *who, *what))
        tally.next_rejected_id += 1
        tally.rejected_rows += 1
        tally.rejected_bytes += kept_bytes
        tally.rejected_total += 1
    tally.rejected_rows, tally.rejected_bytes = prune(
        writer,
        REJECTED_OLDEST,
        REJECTED_DELETE,
        REJECTED_BOUNDS,
        tally.rejected_rows,
        tally.rejected_bytes,
    )
    save_tally(writer, tally, before)


def scan(reader: sqlite3.Connection, store_id: str, after_id: int) -> Scanned:
    """The next readings that this store refused, oldest first."""
    found = reader.execute(_SCAN, (ROW_REFUSED, after_id, SCANNED_ROWS)).fetchall()
    rows = {row_id: _row(payload, store_id) for row_id, payload in found}
    wanted = {
        row_id: row for row_id, row in rows.items() if row is not None and _is_wanted(reader, row)
    }
    return Scanned(wanted, found[-1][0] if found else None)


def drop(writer: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Forgets refused readings, in the caller's transaction: the server has them now."""
    before = load_tally(writer)
    tally = msgspec.structs.replace(before)
    for row_id in ids:
        for (kept_bytes,) in writer.execute(_TAKE_OUT, (row_id,)).fetchall():
            tally.rejected_rows -= 1
            tally.rejected_bytes -= kept_bytes
            tally.rejected_total -= 1
    save_tally(writer, tally, before)


def _row(payload: bytes, store_id: str) -> JournalRow | None:
    """The reading as it was in the journal; None where another store refused it."""
    try:
        named = json.loads(payload)
        if named.get(_STORE, store_id) != store_id:
            return None
        # One that was kept by an earlier version has none.
        named.setdefault("quality_reasons", None)
        named["reading_key"] = bytes.fromhex(named["reading_key"])
        return tuple(named[name] for name in JOURNAL_COLUMNS)
    except (ValueError, LookupError, TypeError, AttributeError):
        # Of another version, or damaged: it stays where it is.
        return None


def _is_wanted(reader: sqlite3.Connection, row: JournalRow) -> bool:
    """Simulated readings are deleted by the user; all others leave the journal with time."""
    if row[_SOURCE] != Source.SIMULATOR.value:
        return True
    return bool(reader.execute(_IN_JOURNAL, (row[KEY],)).fetchall())
