"""Knows a redelivered message again that has no identity of its own.

A reading without a time stamp gets a random key, because equal values a minute apart are
two readings; a message that was rejected has none that is known. When such a message is
delivered again after a reconnect, only the packet id of the resumed session and the very
same bytes tell that it is in the store already.

A broker redelivers first what it holds unacknowledged. So the first message of a connection
that is not marked as a redelivery also says that every older entry which did not come again
is done with: its packet id may name another message from now on, even one of equal bytes that
reaches us only when it is redelivered itself.

A message may hold several readings, each with an entry of its own, and a reading may be
merged from several messages, each with an entry that names it: also where it names a time,
for another delivery may be merged in another way, which makes another reading of it.

How messages are read may change between two deliveries. What was stored stays so; what was
rejected, and is still kept, is stored then, and its entry names both the row that it was and
the reading: whoever has taken it from there meanwhile to try it again finds it stored.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from harit_desktop.domain.message import RawMessage, Receipt
from harit_desktop.domain.reading import Reading

KEPT = 4096
"""Messages; more than any broker holds unacknowledged for us (see `transport.mqtt_connection`),
however many readings each of them has."""
_PRUNE_EVERY = 64

# The entry of that very part, or of the message as it was read then: whole, or in parts. One
# whose rejected row has made room for newer ones, or was set aside, says nothing any more.
_FIND = """
SELECT part, reading_id, rejected_id FROM timeless_deliveries AS entry
WHERE session = :session AND packet_id = :packet_id AND digest = :digest
    AND (part IN (:part, 0) OR :part = 0)
    AND (reading_id IS NOT NULL
        OR EXISTS (SELECT 1 FROM rejected_messages AS kept WHERE kept.id = entry.rejected_id))
ORDER BY part <> :part, reading_id IS NULL, part LIMIT 1
"""
_REMEMBER = """
INSERT INTO timeless_deliveries
    (session, packet_id, part, digest, number, reading_id, rejected_id)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (session, packet_id, part) DO UPDATE SET
    digest = excluded.digest, number = excluded.number,
    reading_id = excluded.reading_id, rejected_id = excluded.rejected_id
"""
_FORGET = "DELETE FROM timeless_deliveries WHERE session = ? AND packet_id = ?"
_NEWEST = "SELECT coalesce(max(number), 0) FROM timeless_deliveries"
_PRUNE = "DELETE FROM timeless_deliveries WHERE number <= ?"
_UNDERSTOOD = """
UPDATE timeless_deliveries SET reading_id = ? WHERE rejected_id = ? AND reading_id IS NULL
"""
_FIND_UNDERSTOOD = """
SELECT stored.reading_id FROM timeless_deliveries AS kept
JOIN timeless_deliveries AS stored USING (session, packet_id, digest)
WHERE kept.rejected_id = ? AND stored.part = ? AND stored.reading_id IS NOT NULL LIMIT 1
"""

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


def is_redelivered(message: RawMessage) -> bool:
    """Whether the broker says so of a session that it has kept."""
    receipt = message.receipt
    return receipt is not None and message.duplicate_flag and receipt.resumed


class Delivery(NamedTuple):
    """What an earlier delivery of a message became: a reading, or else a kept rejection.

    `part` is the number of the reading of several in the message, 0 for the whole message.
    """

    part: int
    reading_id: int | None
    rejected_id: int | None

    @property
    def is_stored(self) -> bool:
        return self.reading_id is not None


class DeliveryLedger:
    """The deliveries that stored what has no identity, within one transaction."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor
        self._settled: set[tuple[str, int]] = set()
        self._has_seen = False
        self._number: int | None = None
        self._numbered: Receipt | None = None

    def arrived(self, message: RawMessage) -> None:
        """To be called for every message, in the order of their arrival."""
        receipt = message.receipt
        if receipt is None or message.duplicate_flag:
            return
        if (receipt.session, receipt.epoch) not in self._settled:
            self._settle(receipt)

    def find_redelivered(self, message: RawMessage, part: int = 0) -> Delivery | None:
        """What an earlier delivery of this message became (of several readings the one with
        the number `part`); None for a new one, or where nothing is left of it.

        A broker marks a redelivery, and sends one only within a session that it has kept: any
        other message is new, whatever its bytes.
        """
        receipt = message.receipt
        if receipt is None or not is_redelivered(message):
            return None
        self._open_seen()
        self._cursor.execute(_SEE, (receipt.session, receipt.epoch, receipt.packet_id))
        return self._find(message, receipt, part)

    def is_known(self, message: RawMessage) -> bool:
        """Whether `find_redelivered` would find a reading; a look alone, outside of any
        transaction."""
        receipt = message.receipt
        if receipt is None or not is_redelivered(message):
            return False
        found = self._find(message, receipt, 0)
        return found is not None and found.is_stored

    def find_reading(self, message: RawMessage, part: int = 0) -> int | None:
        """The reading that an earlier delivery stored; of a message that is tried again, the
        one that another delivery made of it meanwhile."""
        if message.rejected is None:
            known = self.find_redelivered(message, part)
            return None if known is None else known.reading_id
        scope = message.rejected.id, part
        row: tuple[int] | None = self._cursor.execute(_FIND_UNDERSTOOD, scope).fetchone()
        return None if row is None else row[0]

    def find_merged(self, messages: Sequence[RawMessage]) -> int | None:
        """The reading that earlier deliveries of all these messages stored, each a piece of
        it. None where one of them is new: what it tells is not stored yet."""
        found = [self.find_reading(message) for message in messages]
        return None if None in found else found[0]

    def remember(
        self,
        message: RawMessage,
        part: int = 0,
        *,
        reading_id: int | None = None,
        rejected_id: int | None = None,
    ) -> None:
        """Notes in the same transaction what this delivery became."""
        receipt = message.receipt
        if receipt is None:
            return
        number = self._number_of(message, receipt)
        scope = receipt.session, receipt.packet_id, part, _digest(message)
        self._cursor.execute(_REMEMBER, (*scope, number, reading_id, rejected_id))

    def understood(self, rejected_id: int, reading_id: int) -> None:
        """Notes that what a delivery left among the rejected messages is a reading by now."""
        self._cursor.execute(_UNDERSTOOD, (reading_id, rejected_id))

    def _find(self, message: RawMessage, receipt: Receipt, part: int) -> Delivery | None:
        scope = {
            "session": receipt.session,
            "packet_id": receipt.packet_id,
            "digest": _digest(message),
            "part": part,
        }
        row = self._cursor.execute(_FIND, scope).fetchone()
        return None if row is None else Delivery(*row)

    def _number_of(self, message: RawMessage, receipt: Receipt) -> int:
        """All parts of a message have one number. Of a new message no part is left that
        another one under its packet id had."""
        if self._number is None:
            self._number = int(self._cursor.execute(_NEWEST).fetchone()[0])
        if receipt is not self._numbered:
            self._number += 1
            self._numbered = receipt
            if not is_redelivered(message):
                self._cursor.execute(_FORGET, (receipt.session, receipt.packet_id))
            if self._number % _PRUNE_EVERY == 0:
                self._cursor.execute(_PRUNE, (self._number - KEPT,))
        return self._number

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
