"""When the program ran, was without a source or slept: the table `recording_log`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from msgspec.structs import replace

from harit_desktop.domain.gaps import RecordingKind, RecordingSpan
from harit_desktop.storage.sqlite import known_error, open_side_writer, transaction

MERGE_US = 20_000_000
"""Stretches of a kind that are less apart become one. Not more: what lies between them was
good, and would be called bad."""

MAX_ROWS = 50_000
"""A connection that breaks every two minutes reaches that after two months, a usual one in
decades."""

_BUSY_MS = 500

# The first time also tells a row from another store's of the same id, after a restore.
_EXTEND = """
UPDATE recording_log SET until_us = max(until_us, :until_us)
WHERE id = :id AND kind = :kind AND from_us >= :from_us
"""
_JOIN = """
SELECT id FROM recording_log
WHERE kind = :kind AND until_us BETWEEN :from_us - :merge_us AND :from_us
    AND from_us <= :from_us
ORDER BY until_us DESC LIMIT 1
"""
_EXTEND_FOUND = "UPDATE recording_log SET until_us = max(until_us, ?) WHERE id = ?"
_INSERT = "INSERT INTO recording_log (kind, from_us, until_us) VALUES (?, ?, ?)"
_COUNT = "SELECT count(*) FROM recording_log"
_CUTOFF = "SELECT until_us FROM recording_log ORDER BY until_us LIMIT 1 OFFSET ?"
_FORGET = "DELETE FROM recording_log WHERE until_us <= ?"
# What is left begins together: before that, nothing is known of any kind.
_CUT = "UPDATE recording_log SET from_us = ? WHERE from_us < ?"


class RecordingLog:
    """Writes stretches, each call in a transaction of its own on a connection of its own.

    For one thread at a time. Raises KnownError (store.locked, store.failed, ...) where the
    store cannot be written, with nothing changed; a stretch is then given again later.
    """

    def __init__(self, path: Path, max_rows: int = MAX_ROWS) -> None:
        self._path = path
        self._max_rows = max_rows

    def keep(self, spans: Iterable[RecordingSpan]) -> tuple[RecordingSpan, ...]:
        """Begins those without an id, and extends the others to their `until_us`.

        Returns them with their ids, in their order. One that follows within seconds on
        another of its kind goes on as that one, but for RUN, whose ends are exact: the
        program was closed in between. A row that is gone, because the store was replaced, is
        made anew. What is written here may be lost with the power, as far as nothing else
        was committed after it.
        """
        try:
            with closing(open_side_writer(self._path, _BUSY_MS)) as writer, transaction(writer):
                kept = tuple([_keep(writer, span) for span in spans])
                self._prune(writer)
                return kept
        except sqlite3.Error as error:
            raise known_error(error, self._path) from error

    def _prune(self, writer: sqlite3.Connection) -> None:
        (rows,) = writer.execute(_COUNT).fetchone()
        if rows <= self._max_rows:
            return
        # A tenth more than must go, so that this is not done with every row.
        excess = rows - self._max_rows + self._max_rows // 10
        (cutoff_us,) = writer.execute(_CUTOFF, (excess - 1,)).fetchone()
        writer.execute(_FORGET, (cutoff_us,)).close()
        writer.execute(_CUT, (cutoff_us, cutoff_us)).close()


def _keep(writer: sqlite3.Connection, span: RecordingSpan) -> RecordingSpan:
    scope = {
        "id": span.id,
        "kind": span.kind.value,
        "from_us": span.from_us,
        "until_us": span.until_us,
        "merge_us": MERGE_US,
    }
    if span.id and writer.execute(_EXTEND, scope).rowcount:
        return span
    if span.kind is not RecordingKind.RUN:
        found = writer.execute(_JOIN, scope).fetchall()
        if found:
            row_id = int(found[0][0])
            writer.execute(_EXTEND_FOUND, (span.until_us, row_id)).close()
            # With the row's own begin, so that it is found again by its id.
            return replace(span, id=row_id, from_us=_begin_of(writer, row_id))
    row = (span.kind.value, span.from_us, span.until_us)
    return replace(span, id=writer.execute(_INSERT, row).lastrowid or 0)


def _begin_of(writer: sqlite3.Connection, row_id: int) -> int:
    found = writer.execute("SELECT from_us FROM recording_log WHERE id = ?", (row_id,)).fetchall()
    return int(found[0][0])
