"""A device's readings in buckets of time, from the rollups as far as they go."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNELS
from harit_desktop.storage.rollup import (
    HOUR_US,
    MINUTE_US,
    last_reading_id,
    rolled_up_to,
)
from harit_desktop.storage.schema import quality_column

_TABLES = """
SELECT count(*) FROM sqlite_master
WHERE name IN ('cursors', 'rollups_minute', 'rollups_hour')
"""

_HEAD = 5
"""Columns of a part before the channels': start, readings, offsets, indexes, sum of indexes."""


class BucketScope(msgspec.Struct, frozen=True):
    """A device's readings from `from_us` to `to_us`, both inclusive, in buckets that begin
    at multiples of `bucket_us`."""

    publisher_id: str
    from_us: int
    to_us: int
    bucket_us: int


@dataclass(frozen=True, eq=False)
class Buckets:
    """One row per bucket that holds a reading; `worst` is 0 where a channel has no value."""

    time_us: NDArray[np.int64]
    index: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    worst: NDArray[np.float64]


def _of_rollups(table: str) -> str:
    parts = ["sum(reading_count)", "sum(index_count)", "sum(index_sum)"]
    parts.insert(1, "total(offset_sum_us + reading_count * (start_us - :start_us))")
    for channel in CHANNELS:
        name = channel.column
        parts.append(f'sum("count_{name}"), total("sum_{name}"), min("low_{name}")')
        parts.append(f'max("high_{name}"), max("worst_{name}")')
    return " ".join(
        (
            "SELECT :start_us,",
            ", ".join(parts),
            f"FROM {table} WHERE publisher_id = :publisher_id",
            "AND start_us >= :from_us AND start_us < :end_us",
        )
    )


def _of_readings(start: str, condition: str) -> str:
    parts = [f"{start} AS bucket_us, count(*), total(timestamp_us - ({start}))"]
    parts.append("count(health_index), total(health_index)")
    for channel in CHANNELS:
        value, quality = f'"{channel.column}"', f'"{quality_column(channel)}"'
        sound = f"CASE WHEN {quality} <> {int(Flag.FAIL)} THEN {value} END"
        parts.append(f"count({sound}), total({sound}), min({sound}), max({sound})")
        parts.append(f"coalesce(max(CASE WHEN {value} NOT NULL THEN {quality} END), 0)")
    return " ".join(("SELECT", ", ".join(parts), "FROM sensor_readings WHERE", condition))


_HOURS = _of_rollups("rollups_hour")
_MINUTES = _of_rollups("rollups_minute")
_READINGS = _of_readings(
    ":start_us",
    "publisher_id = :publisher_id AND timestamp_us >= :from_us AND timestamp_us < :end_us",
)
# By their ids, because they are the newest few of all; `+` keeps SQLite from another index.
_NOT_ROLLED_UP = _of_readings(
    ":start_us + (timestamp_us - :start_us) / :bucket_us * :bucket_us",
    "id > :done AND +publisher_id = :publisher_id"
    " AND +timestamp_us >= :from_us AND +timestamp_us < :end_us GROUP BY bucket_us",
)


def can_use_rollups(connection: sqlite3.Connection, max_not_rolled_up: int) -> bool:
    """Whether the rollups hold all but a few of the newest readings."""
    if connection.execute(_TABLES).fetchone()[0] != 3:
        # A store that is not migrated yet, or out of which somebody took them.
        return False
    return last_reading_id(connection) - rolled_up_to(connection) <= max_not_rolled_up


def read_buckets(
    connection: sqlite3.Connection,
    scope: BucketScope,
    cancelled: Callable[[], bool],
    *,
    rolled: bool,
) -> Buckets:
    """The scope's buckets; with `rolled` from the rollups and the rows that these lack.

    The caller's transaction gives one state of the store. Stops early where `cancelled()`;
    raises sqlite3.Error.
    """
    rows: list[tuple[Any, ...]] = []
    end_us = scope.to_us + 1
    whole = [(_READINGS, scope.from_us, end_us)]
    for segment in _segments(scope.from_us, end_us, scope.bucket_us) if rolled else whole:
        for statement, bounds in _questions(scope, *segment):
            if cancelled():
                return _merge(rows)
            row = connection.execute(statement, bounds).fetchone()
            if row[1]:
                rows.append(row)
    if rolled:
        rows.extend(_not_rolled_up(connection, scope))
    return _merge(rows)


def _questions(
    scope: BucketScope, statement: str, start_us: int, end_us: int
) -> Iterator[tuple[str, dict[str, str | int]]]:
    """One query a bucket: grouping in SQL would sort every row of the range first."""
    size_us = scope.bucket_us
    for bucket_start_us in range(_down(start_us, size_us), end_us, size_us):
        yield (
            statement,
            {
                "publisher_id": scope.publisher_id,
                "start_us": bucket_start_us,
                "from_us": max(bucket_start_us, start_us),
                "end_us": min(bucket_start_us + size_us, end_us),
            },
        )


def _not_rolled_up(connection: sqlite3.Connection, scope: BucketScope) -> list[tuple[Any, ...]]:
    """The parts of rows that the rollups lack; those of cut minutes are read already."""
    bounds = {
        "publisher_id": scope.publisher_id,
        "start_us": _down(scope.from_us, scope.bucket_us),
        "from_us": _up(scope.from_us, MINUTE_US),
        "end_us": _down(scope.to_us + 1, MINUTE_US),
        "bucket_us": scope.bucket_us,
        "done": rolled_up_to(connection),
    }
    return connection.execute(_NOT_ROLLED_UP, bounds).fetchall()


def _segments(start_us: int, end_us: int, bucket_us: int) -> Iterator[tuple[str, int, int]]:
    """Which table answers for which part: whole hours, whole minutes, and rows at the ends."""
    minutes = _up(start_us, MINUTE_US), _down(end_us, MINUTE_US)
    if minutes[0] >= minutes[1]:
        yield _READINGS, start_us, end_us
        return
    yield _READINGS, start_us, minutes[0]
    yield _READINGS, minutes[1], end_us
    hours = _up(minutes[0], HOUR_US), _down(minutes[1], HOUR_US)
    if bucket_us % HOUR_US or hours[0] >= hours[1]:
        yield _MINUTES, *minutes
        return
    yield _MINUTES, minutes[0], hours[0]
    yield _MINUTES, hours[1], minutes[1]
    yield _HOURS, *hours


def _up(time_us: int, size_us: int) -> int:
    return -(-time_us // size_us) * size_us


def _down(time_us: int, size_us: int) -> int:
    return time_us // size_us * size_us


def _merge(rows: list[tuple[Any, ...]]) -> Buckets:
    """Adds up the parts of each bucket. A part is laid out as in `_HEAD`, then for each
    channel count, sum, least, greatest and worst flag."""
    rows.sort(key=lambda row: row[0])
    starts_us = np.array([row[0] for row in rows], np.int64)
    table = np.array([row[1:] for row in rows], np.float64)
    table = table.reshape(-1, _HEAD - 1 + 5 * CHANNEL_COUNT)
    bucket_us, first = np.unique(starts_us, return_index=True)
    head = _reduce(np.add, table[:, : _HEAD - 1], first)
    channels = table[:, _HEAD - 1 :].reshape(-1, CHANNEL_COUNT, 5)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Nothing by nothing is NaN, which marks what is absent.
        index = head[:, 3] / head[:, 2]
        count, total = (_reduce(np.add, channels[:, :, n], first) for n in (0, 1))
        mean = total / count
    return Buckets(
        time_us=bucket_us + (head[:, 1] / head[:, 0]).astype(np.int64),
        index=index,
        mean=mean,
        low=_reduce(np.fmin, channels[:, :, 2], first),
        high=_reduce(np.fmax, channels[:, :, 3], first),
        worst=_reduce(np.maximum, channels[:, :, 4], first),
    )


def _reduce(
    operation: np.ufunc, table: NDArray[np.float64], first: NDArray[np.intp]
) -> NDArray[np.float64]:
    """One row for each run of rows that begins at `first`."""
    if not len(table):
        return table
    reduced: NDArray[np.float64] = operation.reduceat(table, first, axis=0)
    return reduced
