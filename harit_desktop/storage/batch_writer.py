"""Writes the messages of one batch inside an open transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from harit_desktop.domain.batch import CommitItem, CommitResult
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import (
    Heard,
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
from harit_desktop.storage.rows import (
    INSERT_READINGS,
    READING_COLUMNS,
    params_text,
    reading_row,
    shortened,
)
from harit_desktop.storage.tally import Tally
from harit_desktop.storage.timeless import DeliveryLedger, is_timeless

MAX_KEPT_PAYLOAD_BYTES = 64 * 1024
"""No valid message is longer; of a longer one the begin is kept for the eye."""

_INSERT_ONE_READING = for_rows(INSERT_READINGS, len(READING_COLUMNS), 1)

_INSERT_REJECTED = """
INSERT INTO rejected_messages (id, received_us, topic, publisher_id, reason_code, reason,
    kept_bytes, payload)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


_INSERT_LOG = """
INSERT INTO message_log (id, received_us, origin, topic, publisher_id, qos, retained, simulated,
    outcome, reason_code, reason_params, size_bytes, kept_bytes, reading_id, rejected_id, payload)
VALUES {rows}
"""

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
                    self._note_stored(item.message, item.analysed.reading, reading_id)
            except NOT_STORABLE as error:
                self._reject(_printable(item.message), _not_storable(error))
        if self._held or self._new_readings:
            self._place_rows()
        insert_many(self._cursor, _INSERT_LOG, self._log_rows)
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
            self._log_heard(message, item.heard)
        elif analysed is None:
            self._reject(message, item.rejection or Rejection(Problem("store.empty_item")))
        elif item.show_only:
            analysed.reading.publisher_id.encode()
            self._log_reading(message, Outcome.SHOWN, analysed.reading, None)
        elif is_polled(message):
            self._hold(item)
        else:
            self._store_reading(message, analysed)

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
            self._reject(_printable(item.message), _not_storable(fault))
        else:
            placed = api.placed(item)
            reading = msgspec.structs.replace(
                item.analysed.reading, publisher_id=placed.publisher_id
            )
            self._log_reading(item.message, placed.outcome, reading, placed.reading_id)
        self._outcomes[position] = self._outcomes.pop()
        self._records[position] = self._records.pop()
        self._log_rows[position] = self._log_rows.pop()

    def _store_reading(self, message: RawMessage, analysed: AnalysedReading) -> None:
        reading = analysed.reading
        timeless = is_timeless(message, reading)
        if timeless:
            stored_id = self._ledger.find_redelivered(message)
            if stored_id is not None:
                self._log_reading(message, Outcome.DUPLICATE, reading, stored_id)
                return
        cursor = self._cursor.execute(_INSERT_ONE_READING, reading_row(analysed))
        reading_id = cursor.lastrowid
        if cursor.rowcount == 0 or reading_id is None:
            self._known_key(message, analysed)
            return
        if timeless:
            self._ledger.remember(message, reading_id)
        self._note_stored(message, reading, reading_id)

    def _known_key(self, message: RawMessage, analysed: AnalysedReading) -> None:
        """A copy, or another reading under an id that its publisher has used before."""
        reading = analysed.reading
        stored = find_stored(self._cursor, analysed.key)
        if reading.message_id is None or stored.has_content_of(reading):
            self._log_reading(message, Outcome.DUPLICATE, reading, stored.id)
            return
        problem = Problem(
            "message_id_reused", {"message_id": reading.message_id, "reading_id": stored.id}
        )
        self._reject(message, Rejection(problem, reading.publisher_id))

    def _note_stored(self, message: RawMessage, reading: Reading, reading_id: int) -> None:
        self._log_reading(message, Outcome.STORED, reading, reading_id)
        self._devices.add(reading, reading_id)
        if self._has_rows and self._memory.is_near(reading):
            self._new_readings.append((reading, reading_id))

    def _log_reading(
        self, message: RawMessage, outcome: Outcome, reading: Reading, reading_id: int | None
    ) -> None:
        payload = message.payload[:MAX_KEPT_PAYLOAD_BYTES]
        links = (len(payload) + len(message.topic), reading_id, None, payload)
        self._log(message, outcome, reading.publisher_id, None, reading.simulated, links)

    def _log_heard(self, message: RawMessage, heard: Heard) -> None:
        """A message of another program is a line of the log and nothing else."""
        heard.publisher_id.encode()
        payload = message.payload[:MAX_KEPT_PAYLOAD_BYTES]
        links = (len(payload) + len(message.topic), None, None, payload)
        self._log(message, Outcome.HEARD, heard.publisher_id, None, False, links)

    def _reject(self, message: RawMessage, rejection: Rejection) -> None:
        """Keeps the payload once, in `rejected_messages`; its line in the log points there."""
        problem, tally = shortened(rejection.problem), self._tally
        payload = message.payload[:MAX_KEPT_PAYLOAD_BYTES]
        reason = str(problem)
        text_bytes = len(message.topic) + len(reason)
        row = (
            tally.next_rejected_id,
            message.received_us,
            message.topic,
            rejection.publisher_id,
            problem.code,
            reason,
            text_bytes + len(payload),
            payload,
        )
        self._cursor.execute(_INSERT_REJECTED, row)
        links = (text_bytes, None, tally.next_rejected_id, None)
        tally.next_rejected_id += 1
        tally.rejected_rows += 1
        tally.rejected_bytes += text_bytes + len(payload)
        tally.rejected_total += 1
        publisher_id = rejection.publisher_id or ""
        self._log(message, Outcome.REJECTED, publisher_id, problem, False, links)

    def _log(
        self,
        message: RawMessage,
        outcome: Outcome,
        publisher_id: str,
        problem: Problem | None,
        simulated: bool,
        links: tuple[int, int | None, int | None, bytes | None],
    ) -> None:
        """Adds a line; `links` are kept_bytes, reading_id, rejected_id and payload."""
        tally, size_bytes = self._tally, len(message.payload)
        self._log_rows.append(
            (
                tally.next_message_id,
                message.received_us,
                message.origin._value_,
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
                message.origin,
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
