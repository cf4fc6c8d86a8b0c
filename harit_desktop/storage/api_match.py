"""Which row of a remote history is which reading: the nearest in time, one to one.

A row and a reading that are nearer to each other than to any other belong together, whatever
came first: where a later one is nearer, it takes the place and the other looks further. So
the end is the same in every order of arrival (a stable matching, after Gale and Shapley,
College Admissions and the Stability of Marriage, 1962).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from harit_desktop.domain.api import POLLED_TOPIC
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.reading import Reading, Source, TimeSource
from harit_desktop.domain.sameness import SAME_WITHIN_US, Window, alike, rough_range, windows
from harit_desktop.storage.api_rows import PolledRow, PolledRows

_IDS_MARGIN_US = 60 * US_PER_S
"""Readings are stored nearly in the order in which they were received."""

NOT_POLLED = f"NOT (topic = '{POLLED_TOPIC}' AND source <> '{Source.MQTT.value}')"
_VALUES = ", ".join(f'"{channel.column}"' for channel in CHANNELS)
_SELECT = f"""
SELECT id, timestamp_us, received_us, publisher_id, time_source, message_id NOT NULL, {_VALUES}
FROM sensor_readings
"""  # noqa: S608 - the names are of the channel catalogue
_BY_ID = f"{_SELECT} WHERE id = ?"
# The plus keeps SQLite to the ids.
_BY_TIME = f"{_SELECT} WHERE timestamp_us BETWEEN ? AND ? AND {NOT_POLLED}"
_BY_RECEIPT = (
    f"{_SELECT} WHERE id BETWEEN ? AND ? AND +received_us BETWEEN ? AND ? AND {NOT_POLLED}"
)
_IDS = "SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM sensor_readings"
_NEXT_RECEIPT = "SELECT id, received_us FROM sensor_readings WHERE id >= ? ORDER BY id LIMIT 1"


class Candidate(NamedTuple):
    """What of a stored reading tells whether it is a row's."""

    id: int
    timestamp_us: int
    received_us: int
    publisher_id: str
    time_source: str
    has_message_id: bool

    @staticmethod
    def of(reading: Reading, reading_id: int) -> Candidate:
        return Candidate(
            reading_id,
            reading.timestamp_us,
            reading.received_us,
            reading.publisher_id,
            reading.time_source.value,
            reading.message_id is not None,
        )


def distance_us(row: PolledRow, reading: Candidate) -> int | None:
    """How far apart in time they are; None where they cannot be the same reading.

    A reading that comes late is near to other rows than its own when it is received. So the
    time of receipt counts for less, and matters where a clock is wrong.

    Only another Harit names the publisher, and the instant exactly: of one who named the time
    the row has the same key, unless a message id made that.
    """
    if row.publisher_id is not None:
        if row.publisher_id != reading.publisher_id:
            return None
        if reading.time_source == TimeSource.SENT:
            is_same = reading.has_message_id and row.time_us == reading.timestamp_us
            return 0 if is_same else None
    apart_us = abs(row.time_us - reading.timestamp_us)
    if apart_us <= SAME_WITHIN_US:
        return apart_us
    apart_us = abs(row.time_us - reading.received_us)
    return SAME_WITHIN_US + apart_us if apart_us <= SAME_WITHIN_US else None


class StoredReadings:
    """Looks for readings that did not come from a remote API, within one transaction."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor
        self._expected: set[bytes] = set()
        self._found: dict[bytes, dict[int, Candidate]] = {}

    def by_id(self, reading_id: int) -> Candidate | None:
        row = self._cursor.execute(_BY_ID, (reading_id,)).fetchone()
        return None if row is None else _candidate(row)

    def expect(self, rows: Sequence[PolledRow]) -> None:
        """Looks once for what any of these rows may be, instead of for each of them."""
        of_channel: dict[int, list[PolledRow]] = {}
        for row in rows:
            of_channel.setdefault(_first_channel(row.values), []).append(row)
        for index, group in of_channel.items():
            condition = _first_values(index, [row.values for row in group])
            for window in windows(row.time_us for row in group):
                for likeness, reading in self._between(window, condition):
                    self._found.setdefault(likeness, {})[reading.id] = reading
            self._expected.update(row.key for row in group)

    def like(self, row: PolledRow) -> list[tuple[int, Candidate]]:
        """The readings that the row may be, with their distances, the nearest first."""
        if row.key in self._expected:
            found = self._found.get(row.alike, {})
        else:
            window = (row.time_us - SAME_WITHIN_US, row.time_us + SAME_WITHIN_US)
            condition = _first_values(_first_channel(row.values), [row.values])
            between = self._between(window, condition)
            found = {reading.id: reading for like, reading in between if like == row.alike}
        pairs = ((distance_us(row, reading), reading) for reading in found.values())
        return sorted((apart, reading) for apart, reading in pairs if apart is not None)

    def _between(self, window: Window, condition: str) -> Iterator[tuple[bytes, Candidate]]:
        """The readings of a time, or received at it, that meet the condition."""
        found = self._cursor.execute(_BY_TIME + condition, window).fetchall()
        first_id = self._first_id(window[0] - _IDS_MARGIN_US)
        last_id = self._first_id(window[1] + _IDS_MARGIN_US)
        scope = (first_id, last_id, *window)
        found += self._cursor.execute(_BY_RECEIPT + condition, scope).fetchall()
        for row in found:
            yield alike(row[6:]), _candidate(row)

    def _first_id(self, received_us: int) -> int:
        """The first id of what was received from then on; there is no index of that."""
        low, high = self._cursor.execute(_IDS).fetchone()
        high += 1
        while low < high:
            middle = (low + high) // 2
            row = self._cursor.execute(_NEXT_RECEIPT, (middle,)).fetchone()
            if row is None or row[1] >= received_us:
                high = middle
            else:
                low = row[0] + 1
        return int(low)


def _candidate(row: tuple[int, int, int, str, str, int]) -> Candidate:
    return Candidate(row[0], row[1], row[2], row[3], row[4], bool(row[5]))


def _first_channel(values: Values) -> int:
    """The first channel that has a value."""
    return next((index for index, value in enumerate(values) if value is not None), 0)


def _first_values(index: int, rows: Sequence[Values]) -> str:
    """A condition that the readings of like values meet, and most others do not.

    By whole numbers, because SQLite finds these in a list at once: 10 000 of them up to the
    greatest value, so that like values are in one or two.
    """
    ranges = [rough_range(value) for row in rows if (value := row[index]) is not None]
    if not ranges:
        return ""
    scale = 10_000 / max(1e-9, *(abs(bound) for pair in ranges for bound in pair))
    cells: set[int] = set()
    for low, high in ranges:
        cells.update(range(int(low * scale) - 1, int(high * scale) + 2))
    column = CHANNELS[index].column
    return f' AND CAST("{column}" * {scale!r} AS INTEGER) IN ({", ".join(map(str, cells))})'


class Withdrawal(msgspec.Struct, frozen=True, gc=False):
    """A row's own reading gives way to the one that it is the same as."""

    reading_id: int
    successor_id: int
    message_id: int
    """No later than the first line of the log that may name the reading."""


class Matcher:
    """Finds a place for rows and readings, within one transaction.

    `store` gives a row a reading of its own and saves it; one that was the same as a stored
    reading until now still has that one's id, so that it can be copied. `withdrawals` are
    the rows' own readings that the caller has to take out.
    """

    def __init__(
        self, rows: PolledRows, readings: StoredReadings, store: Callable[[PolledRow], None]
    ) -> None:
        self._rows = rows
        self._readings = readings
        self._store = store
        self.withdrawals: list[Withdrawal] = []

    def add_reading(self, reading: Reading, reading_id: int) -> None:
        """A reading was stored that may be a row's."""
        likeness = alike(reading.values)
        looking: Candidate | None = Candidate.of(reading, reading_id)
        while looking is not None:
            looking = self._find_row(looking, likeness)

    def add_row(self, row: PolledRow) -> None:
        """A row came that is not known yet."""
        looking: PolledRow | None = row
        while looking is not None:
            looking = self._find_reading(looking)

    def _find_row(self, reading: Candidate, likeness: bytes) -> Candidate | None:
        """Returns the reading that has lost its row by this."""
        for apart_us, row in sorted(self._rows_like(reading, likeness), key=_nearest_row):
            if row.distance_us is None:
                self.withdrawals.append(Withdrawal(row.reading_id, reading.id, row.message_id))
                self._pair(row, reading, apart_us)
                return None
            if (apart_us, reading.id) < (row.distance_us, row.reading_id):
                loser_id = row.reading_id
                self._pair(row, reading, apart_us)
                return self._readings.by_id(loser_id)
        return None

    def _rows_like(self, reading: Candidate, likeness: bytes) -> Iterator[tuple[int, PolledRow]]:
        found: dict[bytes, PolledRow] = {}
        for time_us in {reading.timestamp_us, reading.received_us}:
            found |= {row.key: row for row in self._rows.near(likeness, time_us)}
        for row in found.values():
            apart_us = distance_us(row, reading)
            if apart_us is not None:
                yield apart_us, row

    def _find_reading(self, row: PolledRow) -> PolledRow | None:
        """Returns the row that has lost its reading by this."""
        for apart_us, reading in self._readings.like(row):
            other = self._rows.of_reading(reading.id, row)
            if other is None:
                self._pair(row, reading, apart_us)
                return None
            if (apart_us, row.key) < (other.distance_us or 0, other.key):
                self._pair(row, reading, apart_us)
                other.values = row.values
                return other
        self._store(row)
        return None

    def _pair(self, row: PolledRow, reading: Candidate, apart_us: int) -> None:
        row.reading_id, row.distance_us = reading.id, apart_us
        self._rows.save(row)


def _nearest_row(found: tuple[int, PolledRow]) -> tuple[int, bytes]:
    return found[0], found[1].key
