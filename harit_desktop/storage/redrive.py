"""Messages that were rejected and may be understood by now: read again, and settled."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from pathlib import Path

from sqlalchemy import Connection, Row, func, or_, select

from harit_desktop.domain.message import Origin, RawMessage, Rejected
from harit_desktop.storage.reader import StoreReader, has_extras
from harit_desktop.storage.schema import rejected_messages
from harit_desktop.storage.tally import Tally

MAX_WHOLE_BYTES = 64 * 1024
"""A longer payload was cut when it was rejected; one of this very length may have been."""

_SETTLE_LINES = """
UPDATE message_log SET rejected_id = NULL, reading_id = :reading_id,
    payload = kept.payload, kept_bytes = kept_bytes + length(kept.payload),
    reason_params = json_set(coalesce(reason_params, '{}'), '$.understood_later', 1)
FROM (SELECT payload FROM rejected_messages WHERE id = :id) AS kept
WHERE rejected_id = :id
RETURNING length(payload)
"""
_TAKE_OUT = "DELETE FROM rejected_messages WHERE id = ? RETURNING kept_bytes"

_rejected = rejected_messages.c


def settle(cursor: sqlite3.Cursor, tally: Tally, rejected_id: int, reading_id: int | None) -> None:
    """Takes a message out of the rejected ones, in the transaction that dealt with it.

    Its line in the log stays: it keeps the reason of then, marked `understood_later`, and gets
    the payload and the reading. Does nothing where the row is gone. Raises sqlite3.Error.
    """
    scope = {"id": rejected_id, "reading_id": reading_id}
    tally.log_bytes += sum(size for (size,) in cursor.execute(_SETTLE_LINES, scope).fetchall())
    for (kept_bytes,) in cursor.execute(_TAKE_OUT, (rejected_id,)).fetchall():
        tally.rejected_rows -= 1
        tally.rejected_bytes -= kept_bytes


class RejectedMessages:
    """Reads `rejected_messages` beside the pipeline that writes them; for any thread."""

    def __init__(self, path: Path) -> None:
        self._store = StoreReader(path)

    def redrivable(
        self, codes: Collection[str], limit: int, after_id: int = 0
    ) -> list[tuple[int, RawMessage]]:
        """The next messages that were rejected for one of the reasons, with the ids of their
        rows, in the order of these; each names its row in `rejected`.

        Whole payloads only. Without what came over HTTP: whoever sent it was told at once, and
        a remote history is read again anyway. Raises KnownError (store.*).
        """
        statement = (
            select(rejected_messages)
            .where(
                _rejected.id > after_id,
                _rejected.reason_code.in_(codes),
                func.length(_rejected.payload) < MAX_WHOLE_BYTES,
                or_(_rejected.origin.is_(None), _rejected.origin != Origin.API.value),
            )
            .order_by(_rejected.id)
            .limit(limit)
        )

        def query(connection: Connection) -> list[tuple[int, RawMessage]]:
            if not has_extras(connection):
                return []
            return [(row.id, _message_of(row)) for row in connection.execute(statement)]

        found: list[tuple[int, RawMessage]] = self._store.read(query, empty=[])
        return found


def _message_of(row: Row[tuple[object, ...]]) -> RawMessage:
    return RawMessage(
        topic=row.topic,
        payload=row.payload,
        received_us=row.received_us,
        origin=Origin(row.origin or Origin.MQTT),
        retained=bool(row.retained),
        rejected=Rejected(row.id, row.part or 0),
    )
