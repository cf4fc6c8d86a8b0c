"""A device's readings in buckets of time, from the rollups as far as they go."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.storage.cursors import last_reading_id
from harit_desktop.storage.rollup import (
    HOUR_US,
    MINUTE_US,
    PARTS_IN_ROLLUPS,
    PARTS_OF_READINGS,
    PARTS_OF_ROLLUPS,
    rolled_up_to,
)

_TABLES = """
SELECT count(*) FROM sqlite_master
WHERE name IN ('cursors', 'rollups_minute', 'rollups_hour')
"""

_FEW_A_BUCKET = 2
"""Buckets of no more rollups than this are read as these are: a query a bucket costs more."""

_HEAD = 4
_PER_CHANNEL = 5
PART_COLUMNS = _HEAD + _PER_CHANNEL * CHANNEL_COUNT
"""A part of a bucket: its readings, the sum of their offsets in the bucket, count and sum of the
indexes; then of each channel the count, sum, least, greatest and worst flag of its values, where
a sum of none is 0 and an extreme of none is NaN. Parts add up to the whole bucket exactly."""


class BucketScope(msgspec.Struct, frozen=True):
    """A device's readings from `from_us` to `to_us`, both inclusive, in buckets that begin
    at multiples of `bucket_us`."""

    publisher_id: str
    from_us: int
    to_us: int
    bucket_us: int


@dataclass(frozen=True, eq=False)
class Buckets:
    """One row per bucket that holds a reading; `time_us` is the mean time of its readings,
    `worst` 0 where a channel has no value, and NaN marks what is absent."""

    time_us: NDArray[np.int64]
    index: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    worst: NDArray[np.float64]


def _of_rollups(table: str) -> str:
    parts = ["sum(reading_count)", "sum(index_count)", "sum(index_sum)"]
    parts.insert(1, "total(offset_sum_us + reading_count * (start_us - :start_us))")
    return " ".join(
        (
            "SELECT :start_us,",
            ", ".join((*parts, *PARTS_OF_ROLLUPS)),
            f"FROM {table} WHERE publisher_id = :publisher_id",
            "AND start_us >= :from_us AND start_us < :end_us",
        )
    )


def _each_of_rollups(table: str) -> str:
    bucket = ":start_us + (start_us - :start_us) / :bucket_us * :bucket_us"
    offset = "(start_us - :start_us) % :bucket_us"
    parts = [bucket, "reading_count", f"offset_sum_us + reading_count * ({offset})"]
    columns = ", ".join((*parts, "index_count, index_sum", *PARTS_IN_ROLLUPS))
    scope = "publisher_id = :publisher_id AND start_us >= :from_us AND start_us < :end_us"
    return f"SELECT {columns} FROM {table} WHERE {scope}"  # noqa: S608 - all of ours


def _of_readings(start: str, condition: str) -> str:
    parts = [f"{start} AS bucket_us, count(*), total(timestamp_us - ({start}))"]
    parts.append("count(health_index), total(health_index)")
    columns = ", ".join((*parts, *PARTS_OF_READINGS))
    return f"SELECT {columns} FROM sensor_readings WHERE {condition}"  # noqa: S608 - all of ours


_HOURS = _of_rollups("rollups_hour")
_MINUTES = _of_rollups("rollups_minute")
_EACH = {
    _HOURS: (HOUR_US, _each_of_rollups("rollups_hour")),
    _MINUTES: (MINUTE_US, _each_of_rollups("rollups_minute")),
}
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
        size_us, each = _EACH.get(segment[0], (0, ""))
        if scope.bucket_us <= _FEW_A_BUCKET * size_us:
            rows.extend(connection.execute(each, _bounds(scope, *segment[1:])).fetchall())
            continue
        for statement, bounds in _questions(scope, *segment):
            if cancelled():
                return _of_rows(rows)
            row = connection.execute(statement, bounds).fetchone()
            if row[1]:
                rows.append(row)
    if rolled:
        rows.extend(_not_rolled_up(connection, scope))
    return _of_rows(rows)


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


def _bounds(scope: BucketScope, from_us: int, end_us: int) -> dict[str, str | int]:
    return {
        "publisher_id": scope.publisher_id,
        "start_us": _down(scope.from_us, scope.bucket_us),
        "from_us": from_us,
        "end_us": end_us,
        "bucket_us": scope.bucket_us,
    }


def _not_rolled_up(connection: sqlite3.Connection, scope: BucketScope) -> list[tuple[Any, ...]]:
    """The parts of rows that the rollups lack; those of cut minutes are read already."""
    bounds = _bounds(scope, _up(scope.from_us, MINUTE_US), _down(scope.to_us + 1, MINUTE_US))
    bounds["done"] = rolled_up_to(connection)
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


def _of_rows(rows: Sequence[Sequence[Any]]) -> Buckets:
    return merge(np.array([row[0] for row in rows], np.int64), part_table(rows))


def part_table(rows: Sequence[Sequence[Any]]) -> NDArray[np.float64]:
    """Rows of a part's columns after the bucket's start, as `merge` takes them."""
    return np.array([row[1:] for row in rows], np.float64).reshape(-1, PART_COLUMNS)


def merge(starts_us: NDArray[np.int64], table: NDArray[np.float64]) -> Buckets:
    """Adds up the parts of each bucket, n parts in any order.

    `starts_us` (n,) are the begins of their buckets, `table` (n, PART_COLUMNS) what they hold.
    """
    order = np.argsort(starts_us, kind="stable")
    bucket_us, first = np.unique(starts_us[order], return_index=True)
    table = table[order]
    head = _reduce(np.add, table[:, :_HEAD], first)
    channels = table[:, _HEAD:].reshape(-1, CHANNEL_COUNT, _PER_CHANNEL)
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
