"""Knows a redelivered message again whose reading has no identity of its own.

A reading without a time stamp gets a random key, because equal values a minute apart are
two readings. When its message is delivered again after a reconnect, only the packet id of
the resumed session and the very same bytes tell that it is stored already.
"""

from __future__ import annotations

import hashlib
import sqlite3

from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.reading import Reading

KEPT = 4096
"""More than any broker holds unacknowledged for one client."""
_PRUNE_EVERY = 512

_FIND = """
SELECT reading_id FROM timeless_deliveries
WHERE session = ? AND packet_id = ? AND digest = ?
"""
_REMEMBER = """
INSERT INTO timeless_deliveries (session, packet_id, digest, reading_id) VALUES (?, ?, ?, ?)
ON CONFLICT (session, packet_id) DO UPDATE SET
    digest = excluded.digest, reading_id = excluded.reading_id
"""
_PRUNE = "DELETE FROM timeless_deliveries WHERE reading_id < ?"


def is_timeless(message: RawMessage, reading: Reading) -> bool:
    """Whether only the delivery itself can tell this reading from an equal one."""
    return reading.sent_us is None and reading.message_id is None and message.receipt is not None


def find_redelivered(cursor: sqlite3.Cursor, message: RawMessage) -> int | None:
    """The reading that an earlier delivery of this message stored; None for a new one.

    A broker marks a redelivery, and sends one only within a session that it has kept: any
    other message is new, whatever its bytes.
    """
    receipt = message.receipt
    if receipt is None or not message.duplicate_flag or not receipt.resumed:
        return None
    scope = (receipt.session, receipt.packet_id, _digest(message))
    row: tuple[int] | None = cursor.execute(_FIND, scope).fetchone()
    return None if row is None else row[0]


def remember_delivery(cursor: sqlite3.Cursor, message: RawMessage, reading_id: int) -> None:
    """Notes in the same transaction which reading this delivery stored."""
    receipt = message.receipt
    if receipt is None:
        return
    entry = (receipt.session, receipt.packet_id, _digest(message), reading_id)
    cursor.execute(_REMEMBER, entry)
    if reading_id % _PRUNE_EVERY == 0:
        cursor.execute(_PRUNE, (reading_id - KEPT,))


def _digest(message: RawMessage) -> bytes:
    return hashlib.sha256(message.topic.encode() + b"\0" + message.payload).digest()
