"""Writes the messages of one batch inside an open transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from harit_desktop.domain.batch import CommitItem, CommitResult
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import (
    MessageRecord,
    Origin,
    Outcome,
    RawMessage,
    Rejection,
)
from harit_desktop.domain.reading import AnalysedReading, Reading
from harit_desktop.storage.api_rows import ApiMemory, is_polled
from harit_desktop.storage.api_store import ApiStore
from harit_desktop.storage.bounded import (
    LOG_BOUNDS,
    LOG_DELETE,
    LOG_OLDEST,
    REJECTED_BOUNDS,
    REJECTED_DELETE,
    REJECTED_OLDEST,
    Bounds,
    prune,
)
from harit_desktop.storage.bulk import (
    NOT_STORABLE,
    find_stored,
    for_rows,
    insert_at_once,
    insert_many,
)
from harit_desktop.storage.device_counts import DeviceCounts
from harit_desktop.storage.quality_events import write_events
from harit_desktop.storage.redrive import settle
from harit_desktop.storage.rows import (
    INSERT_EXTRAS,
    INSERT_READINGS,
    READING_COLUMNS,
    params_text,
    reading_row,
    shortened,
)
from harit_desktop.storage.tally import Tally
from harit_desktop.storage.timeless import Delivery, DeliveryLedger, is_timeless

MAX_KEPT_PAYLOAD_BYTES = 64 * 1024
"""No valid message is longer; of a longer one the begin is kept for the eye."""

_INSERT_ONE_READING = for_rows(INSERT_READINGS, len(READING_COLUMNS), 1)

_INSERT_REJECTED = """
INSERT INTO rejected_messages (id, received_us, topic, publisher_id, reason_code, reason,
    kept_bytes, payload, origin, retained, part)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


_INSERT_LOG = """
INSERT INTO message_log (id, received_us, origin, topic, publisher_id, qos, retained, simulated,
    outcome, reason_code, reason_params, size_bytes, kept_bytes, reading_id, rejected_id, payload)
VALUES {rows}
"""

_SIMULATED, _READING_ID = 7, 13
"""Where they stand in a line of the log."""

_Links = tuple[int, int | None, int | None, bytes | None]
"""kept_bytes, reading_id, rejected_id and payload of a line of the log."""

_HELD = MessageRecord(0, 0, Origin.API, "", "", 0, False, Outcome.DUPLICATE, 0)
"""Stands for the line of a row of which it is not known yet what becomes of it."""


class BatchWriter:
    """One batch in one transaction, which the caller begins and ends.

    Changes `tally` in place. `sqlite3.Error` of any method means that the transaction must
    be rolled back.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        tally: Tally,
        log_bounds: Bounds = LOG_BOUNDS,
        rejected_bounds: Bounds = REJECTED_BOUNDS,
        memory: ApiMemory | None = None,
    ) -> None:
        # One cursor for all rows: making one for each costs a microsecond.
        self._cursor = connection.cursor()
        self._connection = connection
        self._tally = tally
        self._log_bounds = log_bounds
        self._rejected_bounds = rejected_bounds
        self._ledger = DeliveryLedger(self._cursor)
        self._outcomes: list[Outcome] = []
        self._records: list[MessageRecord] = []
        self._log_rows: list[tuple[Any, ...]] = []
        self._extras: list[tuple[int, str, float]] = []
        self._devices = DeviceCounts(self._cursor, tally)
        self._memory = ApiMemory() if memory is None else memory
        self._has_rows = bool(self._memory)
        self._new_readings: list[tuple[Reading, int]] = []
        self._held: list[tuple[int, CommitItem]] = []

    def write(self, items: Sequence[CommitItem]) -> CommitResult:
        """Stores the messages, logs what became of each, and brings events, devices, counts and
        bounds in line with the rows.

        A message that cannot be put in a row at all (a fault further up) is rejected as
        store.not_storable: it must not hold up all that come after it.
        """
        stored_ids = insert_at_once(self._cursor, items)
        for item, reading_id in zip(items, stored_ids, strict=True):
            try:
                self._ledger.arrived(item.message)
                if reading_id is None:
                    self._store(item)
                elif item.analysed is not None:
                    self._note_stored(item, item.analysed.reading, reading_id)
            except NOT_STORABLE as error:
                self._reject(_printable(item.message), _not_storable(error), item.part)
        if self._held or self._new_readings:
            self._place_rows()
        insert_many(self._cursor, _INSERT_LOG, self._log_rows)
        if self._extras:
            insert_many(self._cursor, INSERT_EXTRAS, self._extras)
        self._devices.flush()
        write_events(
            self._cursor, (event for item in items if item.events for event in item.events)
        )
        self._prune()
        return CommitResult(tuple(self._outcomes), tuple(self._records))

    def _prune(self) -> None:
        tally = self._tally
        tally.log_rows, tally.log_bytes = prune(
            self._connection,
            LOG_OLDEST,
            LOG_DELETE,
            self._log_bounds,
            tally.log_rows,
            tally.log_bytes,
        )
        tally.rejected_rows, tally.rejected_bytes = prune(
            self._connection,
            REJECTED_OLDEST,
            REJECTED_DELETE,
            self._rejected_bounds,
            tally.rejected_rows,
            tally.rejected_bytes,
        )

    def _store(self, item: CommitItem) -> None:
        message, analysed = item.message, item.analysed
        if not message.topic.isascii():
            # The log is written for the whole batch: what cannot be encoded fails here.
            message.topic.encode()
        if item.heard is not None:
            self._log_aside(item, Outcome.HEARD, item.heard.publisher_id)
        elif item.skipped is not None:
            self._log_aside(item, Outcome.SKIPPED, item.skipped.publisher_id or "")
        elif item.merged:
            self._log_piece(item)
        elif analysed is None:
            rejection = item.rejection or Rejection(Problem("store.empty_item"))
            self._reject(message, rejection, item.part)
        elif item.show_only:
            analysed.reading.publisher_id.encode()
            self._log_reading(item, Outcome.SHOWN, analysed.reading, None)
        elif is_polled(message):
            self._hold(item)
        else:
            self._store_reading(item, analysed)

    def _hold(self, item: CommitItem) -> None:
        """Keeps a row of a remote history until all readings of the batch are stored."""
        self._held.append((len(self._outcomes), item))
        self._outcomes.append(Outcome.DUPLICATE)
        self._records.append(_HELD)
        self._log_rows.append(())

    def _place_rows(self) -> None:
        """Also takes out the rows' own readings that readings of this batch take the place of."""
        api = ApiStore(self._connection, self._tally, self._memory, self._devices)
        api.add_readings(self._new_readings)
        if len(self._held) > 1:
            api.expect(item for _, item in self._held)
        faults: dict[int, Exception] = {}
        for position, item in self._held:
            try:
                if item.analysed is not None:
                    api.add_row(item.message, item.analysed)
            except NOT_STORABLE as error:
                faults[position] = error
        for position, item in self._held:
            self._log_held(api, position, item, faults.get(position))
        api.finish()

    def _log_held(
        self, api: ApiStore, position: int, item: CommitItem, fault: Exception | None
    ) -> None:
        """Its line is written like any other, and then brought to its place."""
        if fault is not None or item.analysed is None:
            self._reject(_printable(item.message), _not_storable(fault), 0)
        else:
            placed = api.placed(item)
            reading = msgspec.structs.replace(
                item.analysed.reading, publisher_id=placed.publisher_id
            )
            self._log_reading(item, placed.outcome, reading, placed.reading_id)
        self._outcomes[position] = self._outcomes.pop()
        self._records[position] = self._records.pop()
        self._log_rows[position] = self._log_rows.pop()

    def _store_reading(self, item: CommitItem, analysed: AnalysedReading) -> None:
        reading = analysed.reading
        stored_id = self._find_redelivered(item)
        if stored_id is not None:
            self._log_reading(item, Outcome.DUPLICATE, reading, stored_id)
            return
        cursor = self._cursor.execute(_INSERT_ONE_READING, reading_row(analysed))
        reading_id = cursor.lastrowid
        if cursor.rowcount == 0 or reading_id is None:
            self._known_key(item, analysed)
            return
        self._remember(item, reading, reading_id)
        self._note_stored(item, reading, reading_id)

    def _find_redelivered(self, item: CommitItem) -> int | None:
        """The reading that an earlier delivery stored, or that another one made meanwhile of
        a message that is tried again."""
        if item.pieces:
            return self._ledger.find_merged((item.message, *item.pieces))
        return self._ledger.find_reading(item.message, item.part)

    def _remember(self, item: CommitItem, reading: Reading, reading_id: int) -> None:
        by_delivery = item.pieces is not None or is_timeless(item.message, reading)
        self._remember_one(item.message, item.part, reading_id, by_delivery)
        for piece in item.pieces or ():
            self._remember_one(piece, 0, reading_id, by_delivery)

    def _remember_one(
        self, message: RawMessage, part: int, reading_id: int, by_delivery: bool
    ) -> None:
        """Also settles what an earlier delivery left among the rejected messages."""
        known = self._ledger.find_redelivered(message, part)
        if known is None or known.is_stored:
            if by_delivery:
                self._ledger.remember(message, part, reading_id=reading_id)
            return
        self._settle(message, part, reading_id)
        rejected_id = known.rejected_id if known.part == part else None
        self._ledger.remember(message, part, reading_id=reading_id, rejected_id=rejected_id)

    def _settle(self, message: RawMessage, part: int, reading_id: int | None) -> None:
        """Takes what is understood by now out of the rejected messages: one that is tried
        again, or one whose earlier delivery was rejected."""
        if message.rejected is not None:
            settle(self._cursor, self._tally, message.rejected.id, reading_id)
            if reading_id is not None:
                self._ledger.understood(message.rejected.id, reading_id)
            return
        known = self._ledger.find_redelivered(message, part)
        if known is not None and not known.is_stored and known.rejected_id is not None:
            settle(self._cursor, self._tally, known.rejected_id, reading_id)

    def _known_key(self, item: CommitItem, analysed: AnalysedReading) -> None:
        """A copy, or another reading under an id that its publisher has used before."""
        reading = analysed.reading
        stored = find_stored(self._cursor, analysed.key)
        if reading.message_id is None or stored.has_content_of(reading):
            self._log_reading(item, Outcome.DUPLICATE, reading, stored.id)
            return
        problem = Problem(
            "message_id_reused", {"message_id": reading.message_id, "reading_id": stored.id}
        )
        self._reject(item.message, Rejection(problem, reading.publisher_id), item.part)

    def _note_stored(self, item: CommitItem, reading: Reading, reading_id: int) -> None:
        self._log_reading(item, Outcome.STORED, reading, reading_id)
        self._devices.add(reading, reading_id)
        if reading.extras:
            self._extras += [(reading_id, key, value) for key, value in reading.extras]
        if self._has_rows and self._memory.is_near(reading):
            self._new_readings.append((reading, reading_id))

    def _log_reading(
        self, item: CommitItem, outcome: Outcome, reading: Reading, reading_id: int | None
    ) -> None:
        message = item.message
        links = self._links(item, reading_id)
        self._log(message, outcome, reading.publisher_id, None, reading.simulated, links)
        self._settle(message, item.part, reading_id)

    def _log_aside(self, item: CommitItem, outcome: Outcome, publisher_id: str) -> None:
        """What is understood and not stored is a line of the log and nothing else."""
        publisher_id.encode()
        message = item.message
        problem = None if item.skipped is None else shortened(item.skipped.problem)
        self._log(message, outcome, publisher_id, problem, False, self._links(item, None))
        self._settle(message, item.part, None)

    def _log_piece(self, item: CommitItem) -> None:
        """Of a merged reading, whose own line is right before this one or these."""
        message, lead, row = item.message, self._records[-1], self._log_rows[-1]
        if lead.outcome is Outcome.REJECTED:
            problem = lead.problem or Problem("store.empty_item")
            self._reject(message, Rejection(problem, lead.publisher_id or None), 0)
            return
        outcome = Outcome.MERGED if lead.outcome is Outcome.STORED else lead.outcome
        links = self._links(item, row[_READING_ID])
        self._log(message, outcome, lead.publisher_id, None, bool(row[_SIMULATED]), links)
        self._settle(message, 0, row[_READING_ID])

    @staticmethod
    def _links(item: CommitItem, reading_id: int | None) -> _Links:
        """Of a message with very many readings the later lines go without its payload."""
        message = item.message
        payload = message.payload[:MAX_KEPT_PAYLOAD_BYTES]
        if item.part > 1 and item.part * len(payload) > MAX_KEPT_PAYLOAD_BYTES:
            return len(message.topic), reading_id, None, None
        return len(payload) + len(message.topic), reading_id, None, payload

    def _reject(self, message: RawMessage, rejection: Rejection, part: int) -> None:
        """Keeps the payload once, in `rejected_messages`; its line in the log points there.

        One that is tried again and rejected again has its row already, and so has one that is
        delivered again.
        """
        known = self._ledger.find_redelivered(message, part)
        if known is not None and (known.is_stored or known.part == part):
            self._log_known(message, rejection, known)
            return
        problem = shortened(rejection.problem)
        reason = str(problem)
        text_bytes = len(message.topic) + len(reason)
        if message.rejected is not None:
            rejected_id = message.rejected.id
        else:
            # A part of what was rejected whole takes its place.
            self._settle(message, part, None)
            rejected_id = self._keep(message, rejection, problem.code, reason, part)
            self._ledger.remember(message, part, rejected_id=rejected_id)
        publisher_id = rejection.publisher_id or ""
        links = (text_bytes, None, rejected_id, None)
        self._log(message, Outcome.REJECTED, publisher_id, problem, False, links)

    def _log_known(self, message: RawMessage, rejection: Rejection, known: Delivery) -> None:
        """A line of what is in the store already, though it would be rejected now."""
        rejected_id = None if known.is_stored else known.rejected_id
        links = (len(message.topic), known.reading_id, rejected_id, None)
        publisher_id = rejection.publisher_id or ""
        self._log(message, Outcome.DUPLICATE, publisher_id, None, False, links)

    def _keep(
        self, message: RawMessage, rejection: Rejection, code: str, reason: str, part: int
    ) -> int:
        """Writes a row of `rejected_messages`; returns its id."""
        tally, rejected_id = self._tally, self._tally.next_rejected_id
        payload = message.payload[:MAX_KEPT_PAYLOAD_BYTES]
        kept_bytes = len(message.topic) + len(reason) + len(payload)
        row = (
            rejected_id,
            message.received_us,
            message.topic,
            rejection.publisher_id,
            code,
            reason,
            kept_bytes,
            payload,
            message.origin._value_,
            int(message.retained),
            part,
        )
        self._cursor.execute(_INSERT_REJECTED, row)
        tally.next_rejected_id += 1
        tally.rejected_rows += 1
        tally.rejected_bytes += kept_bytes
        tally.rejected_total += 1
        return rejected_id

    def _log(
        self,
        message: RawMessage,
        outcome: Outcome,
        publisher_id: str,
        problem: Problem | None,
        simulated: bool,
        links: _Links,
    ) -> None:
        """Adds a line."""
        tally, size_bytes = self._tally, len(message.payload)
        origin = message.origin if message.rejected is None else Origin.REDRIVEN
        self._log_rows.append(
            (
                tally.next_message_id,
                message.received_us,
                origin._value_,
                message.topic,
                publisher_id,
                message.qos,
                int(message.retained),
                int(simulated),
                outcome._value_,
                None if problem is None else problem.code,
                None if problem is None else params_text(problem.params),
                size_bytes,
                *links,
            )
        )
        self._outcomes.append(outcome)
        self._records.append(
            MessageRecord(
                tally.next_message_id,
                message.received_us,
                origin,
                message.topic,
                publisher_id,
                message.qos,
                message.retained,
                outcome,
                size_bytes,
                problem,
            )
        )
        tally.next_message_id += 1
        tally.log_rows += 1
        tally.log_bytes += links[0]


def _not_storable(error: Exception | None) -> Rejection:
    return Rejection(Problem("store.not_storable", {"reason": type(error).__name__}))


def _printable(message: RawMessage) -> RawMessage:
    """The message with a topic that can be written as UTF-8."""
    topic = message.topic.encode("utf-8", "backslashreplace").decode()
    return msgspec.structs.replace(message, topic=topic)
