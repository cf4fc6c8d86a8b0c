"""Knows a redelivered message again whose reading has no identity of its own.

A reading without a time stamp gets a random key, because equal values a minute apart are
two readings. When its message is delivered again after a reconnect, only the packet id of
the resumed session and the very same bytes tell that it is stored already.

A broker redelivers first what it holds unacknowledged. So the first message of a connection
that is not marked as a redelivery also says that every older entry which did not come again
is done with: its packet id may name another message from now on, even one of equal bytes that
reaches us only when it is redelivered itself.

A message may hold several readings, each with an entry of its own, and a reading may be
merged from several messages, each with an entry that names it: also where it names a time,
for another delivery may be merged in another way, which makes another reading of it.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence

from harit_desktop.domain.message import RawMessage, Receipt
from harit_desktop.domain.reading import Reading

KEPT = 4096
"""More than any broker holds unacknowledged for one client."""
_PRUNE_EVERY = 512

_FIND = """
SELECT reading_id FROM timeless_deliveries
WHERE session = ? AND packet_id = ? AND part = ? AND digest = ?
"""
_REMEMBER = """
INSERT INTO timeless_deliveries (session, packet_id, part, digest, reading_id)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (session, packet_id, part) DO UPDATE SET
    digest = excluded.digest, reading_id = excluded.reading_id
"""
_PRUNE = "DELETE FROM timeless_deliveries WHERE reading_id < ?"

# What a connection has redelivered so far; packet id 0 (which MQTT does not use) says that it
# has delivered something new. Lives with the writer's connection to the file, and is rolled
# back with a transaction that fails. Connections are numbered anew at each start of the
# program, so nothing of this may outlive it.
_CREATE_SEEN = """
CREATE TEMP TABLE timeless_seen (session TEXT, connection INTEGER, packet_id INTEGER,
    PRIMARY KEY (session, connection, packet_id))
"""
_HAS_SEEN = "SELECT count(*) FROM sqlite_temp_master WHERE name = 'timeless_seen'"
_IS_SETTLED = """
SELECT 1 FROM timeless_seen WHERE session = ? AND connection = ? AND packet_id = 0
"""
_SEE = "INSERT OR REPLACE INTO timeless_seen (session, connection, packet_id) VALUES (?, ?, ?)"
_FORGET_OTHERS = "DELETE FROM timeless_seen WHERE session = ? AND connection <> ?"
_PURGE = """
DELETE FROM timeless_deliveries WHERE session = ? AND packet_id NOT IN (
    SELECT packet_id FROM timeless_seen WHERE session = ? AND connection = ?)
"""


def is_timeless(message: RawMessage, reading: Reading) -> bool:
    """Whether only the delivery itself can tell this reading from an equal one."""
    return reading.sent_us is None and reading.message_id is None and message.receipt is not None


class DeliveryLedger:
    """The deliveries that stored a reading without identity, within one transaction."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor
        self._settled: set[tuple[str, int]] = set()
        self._has_seen = False

    def arrived(self, message: RawMessage) -> None:
        """To be called for every message, in the order of their arrival."""
        receipt = message.receipt
        if receipt is None or message.duplicate_flag:
            return
        if (receipt.session, receipt.epoch) not in self._settled:
            self._settle(receipt)

    def find_redelivered(self, message: RawMessage, part: int = 0) -> int | None:
        """The reading that an earlier delivery of this message stored (of several the one
        with the number `part`); None for a new one.

        A broker marks a redelivery, and sends one only within a session that it has kept: any
        other message is new, whatever its bytes.
        """
        receipt = message.receipt
        if receipt is None or not message.duplicate_flag or not receipt.resumed:
            return None
        self._open_seen()
        self._cursor.execute(_SEE, (receipt.session, receipt.epoch, receipt.packet_id))
        scope = (receipt.session, receipt.packet_id, part, _digest(message))
        row: tuple[int] | None = self._cursor.execute(_FIND, scope).fetchone()
        return None if row is None else row[0]

    def is_known(self, message: RawMessage) -> bool:
        """Whether `find_redelivered` would find it; a look alone, outside of any transaction."""
        receipt = message.receipt
        if receipt is None or not message.duplicate_flag or not receipt.resumed:
            return False
        scope = (receipt.session, receipt.packet_id, 0, _digest(message))
        return self._cursor.execute(_FIND, scope).fetchone() is not None

    def find_merged(self, messages: Sequence[RawMessage]) -> int | None:
        """The reading that earlier deliveries of all these messages stored, each a piece of
        it. None where one of them is new: what it tells is not stored yet."""
        found = [self.find_redelivered(message) for message in messages]
        return None if None in found else found[0]

    def remember(self, message: RawMessage, reading_id: int, part: int = 0) -> None:
        """Notes in the same transaction which reading this delivery stored."""
        receipt = message.receipt
        if receipt is None:
            return
        entry = (receipt.session, receipt.packet_id, part, _digest(message), reading_id)
        self._cursor.execute(_REMEMBER, entry)
        if reading_id % _PRUNE_EVERY == 0:
            self._cursor.execute(_PRUNE, (reading_id - KEPT,))

    def _settle(self, receipt: Receipt) -> None:
        session, connection = receipt.session, receipt.epoch
        self._settled.add((session, connection))
        self._open_seen()
        if self._cursor.execute(_IS_SETTLED, (session, connection)).fetchone():
            return
        self._cursor.execute(_PURGE, (session, session, connection))
        self._cursor.execute(_FORGET_OTHERS, (session, connection))
        self._cursor.execute(_SEE, (session, connection, 0))

    def _open_seen(self) -> None:
        if self._has_seen:
            return
        if not self._cursor.execute(_HAS_SEEN).fetchone()[0]:
            self._cursor.execute(_CREATE_SEEN)
        self._has_seen = True


def _digest(message: RawMessage) -> bytes:
    return hashlib.sha256(message.topic.encode() + b"\0" + message.payload).digest()
