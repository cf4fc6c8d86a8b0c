"""Puts the rows of a remote history among the readings, within a batch's transaction."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Sequence

import msgspec

from harit_desktop.domain.api import POLLED_TOPIC
from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.clock import US_PER_DAY
from harit_desktop.domain.message import Outcome, RawMessage
from harit_desktop.domain.reading import (
    UNKNOWN_PUBLISHER,
    AnalysedReading,
    Reading,
    Source,
    TimeSource,
    led_by,
)
from harit_desktop.domain.sameness import alike
from harit_desktop.storage.api_match import NOT_POLLED, Matcher, StoredReadings, Withdrawal
from harit_desktop.storage.api_rows import ApiMemory, PolledRow, PolledRows
from harit_desktop.storage.bulk import for_rows
from harit_desktop.storage.cursors import has_server
from harit_desktop.storage.deletion import delete_of
from harit_desktop.storage.device_counts import DeviceCounts
from harit_desktop.storage.rollup import Bucket, minute_of, remake
from harit_desktop.storage.rows import (
    INSERT_READINGS,
    READING_COLUMNS,
    reading_row,
    utc_text,
)
from harit_desktop.storage.tally import Tally

NOBODY = "api"
"""The device of rows of which nobody knows whose they are."""

WITHDRAWN_KEPT = 200_000
_HEARD_WITHIN_US = US_PER_DAY
_HEARD_ONCE_US = 600 * 1_000_000
"""Rows of so many minutes are taken to be of the same device."""

_INSERT = for_rows(INSERT_READINGS, len(READING_COLUMNS), 1)
_KNOWN = f"SELECT id, NOT ({NOT_POLLED}) FROM sensor_readings WHERE reading_key = ?"  # noqa: S608 - names of ours
_WHOSE = "SELECT publisher_id FROM sensor_readings WHERE id = ?"
# Those that were heard themselves: a row says nothing of whose it is.
_HEARD = f"""
SELECT publisher_id FROM devices AS d
WHERE reading_count > simulated_count AND publisher_id <> '{NOBODY}'
    AND first_us <= :to_us AND last_us >= :from_us
    AND EXISTS (SELECT 1 FROM sensor_readings AS r WHERE r.publisher_id = d.publisher_id
        AND r.timestamp_us BETWEEN :from_us AND :to_us
        AND (r.source = '{Source.MQTT.value}'
            OR r.source = '{Source.API.value}' AND r.topic <> '{POLLED_TOPIC}'))
LIMIT 2
"""  # noqa: S608 - constants of ours

_REPLACED_COLUMNS = {
    '"timestamp"': ":timestamp",
    '"publisher_id"': f"CASE WHEN source = '{Source.SIMULATOR.value}' THEN publisher_id"
    " ELSE :publisher_id END",
    '"timestamp_us"': ":time_us",
    '"received_us"': ":received_us",
    '"source"': f"CASE WHEN source = '{Source.SIMULATOR.value}' THEN source"
    f" ELSE '{Source.API.value}' END",
    '"reading_key"': ":key",
    '"sent_timestamp"': ":timestamp",
    '"time_source"': f"'{TimeSource.SENT.value}'",
    '"topic"': f"'{POLLED_TOPIC}'",
    '"retained"': "0",
    '"message_id"': "NULL",
}
# Of like values the judgement is the same, too.
_COPY = f"""
INSERT INTO sensor_readings ({", ".join(READING_COLUMNS)})
SELECT {", ".join(_REPLACED_COLUMNS.get(name, name) for name in READING_COLUMNS)}
FROM sensor_readings WHERE id = :like_id
RETURNING id, publisher_id, source
"""  # noqa: S608 - the names are of the schema
_OF_IDS = "SELECT id, publisher_id, timestamp_us, source, reading_key FROM sensor_readings"
_WITHDRAW = "INSERT INTO withdrawn_readings (reading_key, successor_key) VALUES (?, ?)"
_FORGET_WITHDRAWN = """
DELETE FROM withdrawn_readings WHERE id <= (SELECT max(id) FROM withdrawn_readings) - ?
"""
_LINES = "SELECT id, reading_id FROM message_log WHERE id >= ? AND reading_id NOT NULL"
_POINT = "UPDATE message_log SET reading_id = ? WHERE id = ?"


class Placed(msgspec.Struct, frozen=True):
    """What became of a row: the reading that it is, and whose that is."""

    outcome: Outcome
    publisher_id: str
    reading_id: int


class ApiStore:
    """For one batch, whose `devices` it adds to."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        tally: Tally,
        memory: ApiMemory,
        devices: DeviceCounts,
    ) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._tally = tally
        self._devices = devices
        self._rows = PolledRows(self._cursor, memory)
        self._stored = StoredReadings(self._cursor)
        self._matcher = Matcher(self._rows, self._stored, self._store)
        self._new: dict[bytes, AnalysedReading] = {}
        self._added = 0
        self._heard: dict[int, str] = {}
        self._now_us = 0

    def add_readings(self, stored: Iterable[tuple[Reading, int]]) -> None:
        """Readings of this batch, with their ids, that may be rows known from before."""
        for reading, reading_id in stored:
            self._now_us = max(self._now_us, reading.received_us)
            self._matcher.add_reading(reading, reading_id)

    def expect(self, items: Iterable[CommitItem]) -> None:
        """Looks for the readings of many rows at once, before they are added."""
        self._stored.expect(
            [
                self._row_of(item.message, item.analysed)
                for item in items
                if item.analysed is not None and self._rows.find(item.analysed.key) is None
            ]
        )

    def add_row(self, message: RawMessage, analysed: AnalysedReading) -> None:
        """A row of a remote history. Raises what a row that cannot be stored does."""
        self._now_us = max(self._now_us, message.received_us)
        known = self._rows.find(analysed.key)
        if known is not None:
            self._rows.seen(known, message.received_us)
            return
        row = self._row_of(message, analysed)
        reading_id, own = self._known(analysed.key)
        if reading_id and (own or row.publisher_id is not None):
            if own:
                # Forgotten since it was stored.
                row.reading_id = reading_id
                self._rows.save(row)
                self._added += 1
            return
        # Whatever of it cannot be written fails before anything is changed.
        reading_row(analysed)
        self._new[row.key] = analysed
        self._added += 1
        self._matcher.add_row(row)

    def finish(self) -> None:
        """Takes out what gave way. To be called after the last row and reading."""
        self._devices.flush()
        self._withdraw(self._matcher.withdrawals)
        if self._added:
            self._rows.prune(self._now_us)

    def placed(self, item: CommitItem) -> Placed:
        """What became of a row that was added, at its first mention in the batch."""
        analysed = item.analysed
        assert analysed is not None
        row = self._rows.find(analysed.key)
        reading_id = row.reading_id if row is not None else self._known(analysed.key)[0]
        is_new = self._new.pop(analysed.key, None) is not None
        own = row is not None and row.distance_us is None
        found = self._cursor.execute(_WHOSE, (reading_id,)).fetchone()
        publisher_id = analysed.reading.publisher_id if found is None else found[0]
        outcome = Outcome.STORED if is_new and own else Outcome.DUPLICATE
        return Placed(outcome, publisher_id, reading_id)

    def _row_of(self, message: RawMessage, analysed: AnalysedReading) -> PolledRow:
        reading = analysed.reading
        is_named = reading.publisher_id != UNKNOWN_PUBLISHER
        return PolledRow(
            key=analysed.key,
            publisher_id=reading.publisher_id if is_named else None,
            time_us=reading.timestamp_us,
            alike=alike(reading.values),
            reading_id=0,
            distance_us=None,
            message_id=self._tally.next_message_id,
            seen_us=message.received_us,
            values=reading.values,
        )

    def _known(self, key: bytes) -> tuple[int, bool]:
        """The reading with this key, 0 for none, and whether it is a row's own."""
        found = self._cursor.execute(_KNOWN, (key,)).fetchone()
        return (0, False) if found is None else (int(found[0]), bool(found[1]))

    def _store(self, row: PolledRow) -> None:
        """Gives the row a reading of its own."""
        analysed = self._new.get(row.key)
        if analysed is None:
            row.reading_id = self._copy(row)
        else:
            row.reading_id = self._insert(row, analysed)
        row.distance_us = None
        self._rows.save(row)

    def _insert(self, row: PolledRow, analysed: AnalysedReading) -> int:
        reading = analysed.reading
        if row.publisher_id is None:
            publisher_id = NOBODY if reading.simulated else self._device(row.time_us)
            reading = msgspec.structs.replace(reading, publisher_id=publisher_id)
        stored = msgspec.structs.replace(analysed, reading=reading)
        if self._known(row.key)[0]:
            stored = msgspec.structs.replace(stored, key=_new_key(row))
        cursor = self._cursor.execute(_INSERT, reading_row(stored))
        reading_id = cursor.lastrowid or 0
        self._devices.add(reading, reading_id)
        return reading_id

    def _copy(self, row: PolledRow) -> int:
        """As the reading that it was taken for: of that row only the values were known."""
        publisher_id = row.publisher_id or self._device(row.time_us)
        scope = {
            "timestamp": utc_text(row.time_us),
            "publisher_id": publisher_id,
            "time_us": row.time_us,
            "received_us": self._now_us,
            # Its old key may be on a server, hidden there.
            "key": _new_key(row),
            "like_id": row.reading_id,
        }
        reading_id, publisher_id, source = self._cursor.execute(_COPY, scope).fetchall()[0]
        self._devices.add(
            Reading(
                publisher_id=publisher_id,
                timestamp_us=row.time_us,
                received_us=self._now_us,
                values=row.values,
                source=Source(source),
                time_source=TimeSource.SENT,
            ),
            reading_id,
        )
        return int(reading_id)

    def _device(self, time_us: int) -> str:
        """The only device that was heard within a day of the instant."""
        moment = time_us // _HEARD_ONCE_US
        if moment not in self._heard:
            self._devices.flush()
            scope = {
                "from_us": time_us - _HEARD_WITHIN_US,
                "to_us": time_us + _HEARD_WITHIN_US,
            }
            found = self._cursor.execute(_HEARD, scope).fetchall()
            self._heard[moment] = found[0][0] if len(found) == 1 else NOBODY
        return self._heard[moment]

    def _withdraw(self, withdrawals: Sequence[Withdrawal]) -> None:
        if not withdrawals:
            return
        successors = {w.reading_id: w.successor_id for w in withdrawals}
        gone = self._readings(successors)
        if has_server(self._connection):
            keys = {row[0]: row[4] for row in self._readings(successors.values())}
            self._cursor.executemany(
                _WITHDRAW, [(row[4], keys[successors[row[0]]]) for row in gone]
            )
            self._cursor.execute(_FORGET_WITHDRAWN, (WITHDRAWN_KEPT,))
        of_device: dict[str, list[tuple[int, str]]] = {}
        minutes: dict[Bucket, None] = {}
        for row_id, publisher_id, timestamp_us, source, _ in gone:
            of_device.setdefault(publisher_id, []).append((row_id, source))
            minutes[publisher_id, minute_of(timestamp_us)] = None
        for publisher_id, rows in of_device.items():
            delete_of(self._connection, self._tally, publisher_id, rows)
        remake(self._connection, minutes)
        self._point_lines(min(w.message_id for w in withdrawals), successors)

    def _readings(self, ids: Iterable[int]) -> list[tuple[int, str, int, str, bytes]]:
        found: list[tuple[int, str, int, str, bytes]] = []
        for reading_id in ids:
            found += self._cursor.execute(f"{_OF_IDS} WHERE id = ?", (reading_id,)).fetchall()
        return found

    def _point_lines(self, first_message_id: int, successors: dict[int, int]) -> None:
        """Lines of the log that name what is gone name what took its place."""
        lines = self._cursor.execute(_LINES, (first_message_id,)).fetchall()
        wrong = [(successors[named], line) for line, named in lines if named in successors]
        self._cursor.executemany(_POINT, wrong)


def _new_key(row: PolledRow) -> bytes:
    return led_by(row.time_us, secrets.token_bytes(24))
