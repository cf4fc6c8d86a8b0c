"""What a batch adds to the devices and to the counts, written once for all its readings."""

from __future__ import annotations

import sqlite3

from harit_desktop.domain.reading import Reading
from harit_desktop.storage.bulk import insert_many
from harit_desktop.storage.tally import Tally

_UPSERT_DEVICE = """
INSERT INTO devices (publisher_id, first_us, last_us, last_received_us, reading_count,
    simulated_count)
VALUES {rows}
ON CONFLICT (publisher_id) DO UPDATE SET
    first_us = min(first_us, excluded.first_us),
    last_us = max(last_us, excluded.last_us),
    last_received_us = max(last_received_us, excluded.last_received_us),
    reading_count = reading_count + excluded.reading_count,
    simulated_count = simulated_count + excluded.simulated_count
"""


class _DeviceChange:
    """What a batch adds to one device."""

    __slots__ = ("count", "first_us", "last_us", "received_us", "simulated")

    def __init__(self, reading: Reading) -> None:
        self.first_us = self.last_us = reading.timestamp_us
        self.received_us = reading.received_us
        self.count = self.simulated = 0

    def add(self, reading: Reading) -> None:
        time_us = reading.timestamp_us
        if time_us < self.first_us:
            self.first_us = time_us
        elif time_us > self.last_us:
            self.last_us = time_us
        if reading.received_us > self.received_us:
            self.received_us = reading.received_us
        self.count += 1
        self.simulated += reading.simulated


class DeviceCounts:
    """For one batch, inside its transaction."""

    def __init__(self, cursor: sqlite3.Cursor, tally: Tally) -> None:
        self._cursor = cursor
        self._tally = tally
        self._changes: dict[str, _DeviceChange] = {}

    def add(self, reading: Reading, reading_id: int) -> None:
        """A reading was stored under this id."""
        self._tally.last_reading_id = reading_id
        change = self._changes.get(reading.publisher_id)
        if change is None:
            change = self._changes[reading.publisher_id] = _DeviceChange(reading)
        change.add(reading)

    def flush(self) -> None:
        """Writes what was added until now. Raises sqlite3.Error."""
        tally, changes = self._tally, self._changes
        tally.readings += sum(d.count for d in changes.values())
        tally.simulated_readings += sum(d.simulated for d in changes.values())
        rows = [
            (name, d.first_us, d.last_us, d.received_us, d.count, d.simulated)
            for name, d in changes.items()
        ]
        insert_many(self._cursor, _UPSERT_DEVICE, rows)
        changes.clear()
