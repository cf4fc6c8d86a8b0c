"""Taking readings out, with their counts and rollups, in slices that let commits pass."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from harit_desktop.domain.reading import Source
from harit_desktop.storage.baselines import forget_baseline
from harit_desktop.storage.rollup import MINUTE_US, Bucket, drop, remake
from harit_desktop.storage.rows import DELETE_EXTRAS
from harit_desktop.storage.sqlite import transaction
from harit_desktop.storage.tally import Tally, load_tally, save_tally

T = TypeVar("T")

SLICE_ROWS = 300
"""Most rows taken out in one transaction: some milliseconds."""

LOOK_ROWS = 2000
"""Rows looked at in one go, without holding up a commit."""

_MINUTE_ROWS = 10
"""What a minute's rollup costs to make anew, as so many rows."""

_OF_MINUTE = """
SELECT id, source FROM sensor_readings
WHERE publisher_id = :publisher_id AND timestamp_us >= :start_us AND timestamp_us < :end_us AND
"""

_REFRESH_DEVICE = """
UPDATE devices SET
    reading_count = reading_count - :deleted,
    simulated_count = simulated_count - :simulated,
    first_us = coalesce((SELECT min(timestamp_us) FROM sensor_readings
                         WHERE publisher_id = :publisher_id), first_us),
    last_us = coalesce((SELECT max(timestamp_us) FROM sensor_readings
                        WHERE publisher_id = :publisher_id), last_us)
WHERE publisher_id = :publisher_id
"""


class Condemned(msgspec.Struct, frozen=True):
    """Which readings go: a condition of ours on a row of `sensor_readings`."""

    condition: str
    params: Mapping[str, int | str]
    keeps_baselines: bool = False
    """For readings that are somewhere else: their probe stays known without any here."""


class _Slice:
    """One transaction's part of the work."""

    def __init__(self, connection: sqlite3.Connection, tally: Tally, condemned: Condemned) -> None:
        self._connection = connection
        self._tally = tally
        self._condemned = condemned
        self._select = _OF_MINUTE + condemned.condition + " LIMIT :limit"

    def work(self, minutes: deque[Bucket]) -> int:
        """Takes minutes from the left until the slice is full; returns the rows deleted."""
        deleted, cost = 0, 0
        remade: list[Bucket] = []
        while minutes and cost < SLICE_ROWS:
            minute = minutes[0]
            rows = self._rows_of(minute)
            if len(rows) > SLICE_ROWS:
                # Too full for one transaction: it leaves the rollups first and comes again.
                if deleted == 0:
                    deleted = self._delete(minute[0], rows[:SLICE_ROWS])
                    drop(self._connection, [minute])
                break
            if deleted and deleted + len(rows) > SLICE_ROWS:
                break
            minutes.popleft()
            cost += len(rows) + _MINUTE_ROWS
            if rows:
                deleted += self._delete(minute[0], rows)
                remade.append(minute)
        remake(self._connection, remade)
        return deleted

    def _rows_of(self, minute: Bucket) -> list[tuple[int, str]]:
        scope = {
            **self._condemned.params,
            "publisher_id": minute[0],
            "start_us": minute[1],
            "end_us": minute[1] + MINUTE_US,
            "limit": SLICE_ROWS + 1,
        }
        return self._connection.execute(self._select, scope).fetchall()

    def _delete(self, publisher_id: str, rows: list[tuple[int, str]]) -> int:
        keeps = self._condemned.keeps_baselines
        return delete_of(self._connection, self._tally, publisher_id, rows, keeps_baseline=keeps)


def delete_of(
    connection: sqlite3.Connection,
    tally: Tally,
    publisher_id: str,
    rows: Sequence[tuple[int, str]],
    *,
    keeps_baseline: bool = False,
) -> int:
    """Deletes a publisher's readings, given as id and source, and counts them out, in the
    caller's transaction; their minutes are left to be made anew. What the quality tests have
    learnt of a publisher goes with its last reading. Returns how many."""
    connection.executemany(
        "DELETE FROM sensor_readings WHERE id = ?", [(row_id,) for row_id, _ in rows]
    )
    connection.executemany(DELETE_EXTRAS, [(row_id,) for row_id, _ in rows])
    simulated = sum(source == Source.SIMULATOR.value for _, source in rows)
    scope = {"deleted": len(rows), "simulated": simulated, "publisher_id": publisher_id}
    connection.execute(_REFRESH_DEVICE, scope)
    gone = connection.execute(
        "DELETE FROM devices WHERE publisher_id = ? AND reading_count <= 0", (publisher_id,)
    ).rowcount
    if gone and not keeps_baseline:
        forget_baseline(connection, publisher_id)
    tally.readings -= len(rows)
    tally.simulated_readings -= simulated
    return len(rows)


def delete_in(
    connection: sqlite3.Connection, minutes: Iterable[Bucket], condemned: Condemned
) -> Iterator[int]:
    """Deletes the condemned readings of these minutes; yields after every transaction.

    Raises sqlite3.Error with no transaction open and all finished slices kept.
    """
    waiting = deque(minutes)
    while waiting:
        yield in_transaction(
            connection, lambda tally: _Slice(connection, tally, condemned).work(waiting)
        )


def in_transaction(connection: sqlite3.Connection, work: Callable[[Tally], T]) -> T:
    """Does the work with the store's counts, which it may change, all or nothing."""
    with transaction(connection):
        before = load_tally(connection)
        tally = msgspec.structs.replace(before)
        result = work(tally)
        save_tally(connection, tally, before)
    return result
