"""One device's readings over a range, as arrays: every reading, or buckets of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, bindparam, func, select

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.storage.buckets import (
    Buckets,
    BucketScope,
    can_use_rollups,
    merge,
    part_table,
    read_buckets,
)
from harit_desktop.storage.rollup import HOUR_US, MINUTE_US
from harit_desktop.storage.rows import QUALITY_COLUMNS, VALUE_COLUMNS
from harit_desktop.storage.schema import sensor_readings

_readings = sensor_readings.c

BUCKET_SIZES_US = (
    *(n * US_PER_S // 10 for n in (1, 2, 5)),
    *(n * US_PER_S for n in (1, 2, 5, 10, 15, 30)),
    *(n * MINUTE_US for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR_US for n in (1, 2, 3, 6, 12)),
    *(n * US_PER_DAY for n in (1, 2, 5, 10, 30, 90, 365)),
)


@dataclass(frozen=True, eq=False)
class Series:
    """Readings ordered by time; n rows, C channels in the order of the catalogue.

    Raw (`bucketed` False, `bucket_us` 0, `low` and `high` None): one row per reading,
    `values` as stored, also of channels whose flag is FAIL, so that a chart can decide what
    to draw; `flags` as stored.

    Bucketed: one row per bucket that holds a reading. `values` is the mean, `low` and `high`
    the least and greatest, all without FAIL values; `flags` the worst flag of the bucket's
    values, MISSING where there is none; `time_us` the mean time; `index` the mean index.

    NaN marks an absent channel or index. Buckets start at multiples of `bucket_us`, so that
    they stay the same while a view moves.
    """

    time_us: NDArray[np.int64]
    values: NDArray[np.float64]
    flags: NDArray[np.uint8]
    index: NDArray[np.float64]
    low: NDArray[np.float64] | None
    high: NDArray[np.float64] | None
    bucketed: bool
    bucket_us: int


def _select_raw() -> Select[Any]:
    return (
        select(_readings.timestamp_us, _readings.health_index, *VALUE_COLUMNS, *QUALITY_COLUMNS)
        .where(
            _readings.publisher_id == bindparam("publisher_id"),
            _readings.timestamp_us >= bindparam("from_us"),
            _readings.timestamp_us <= bindparam("to_us"),
        )
        .order_by(_readings.timestamp_us, _readings.id)
    )


_RAW = _select_raw()
_COUNTED = (
    select(_readings.timestamp_us)
    .where(
        _readings.publisher_id == bindparam("publisher_id"),
        _readings.timestamp_us >= bindparam("from_us"),
        _readings.timestamp_us <= bindparam("to_us"),
    )
    .limit(bindparam("limit"))
    .subquery()
)
_COUNT = select(func.count()).select_from(_COUNTED)
# Two queries, because SQLite looks up only one end of an index at a time.
_FIRST, _LAST = (
    select(end(_readings.timestamp_us)).where(
        _readings.publisher_id == bindparam("publisher_id"),
        _readings.timestamp_us >= bindparam("from_us"),
        _readings.timestamp_us <= bindparam("to_us"),
    )
    for end in (func.min, func.max)
)


MAX_NOT_ROLLED_UP = 20_000
"""Where maintenance has more readings before it, they are read bucket by bucket instead."""


def empty_series() -> Series:
    """No reading at all."""
    return raw_series(np.empty(0, np.int64), np.empty((0, 1 + 2 * CHANNEL_COUNT)))


def read_series(
    connection: Connection,
    publisher_id: str,
    from_us: int,
    to_us: int,
    max_points: int,
    cancelled: Callable[[], bool],
    bucket_us: int = 0,
) -> Series:
    """The readings from `from_us` to `to_us`, raw where they are at most `max_points`.

    With `bucket_us`, one of BUCKET_SIZES_US, in buckets of this size however many they are.
    Buckets of a minute and more come from the rollups, with the same result up to the order
    in which numbers are added.
    """
    span = {"publisher_id": publisher_id, "from_us": from_us, "to_us": to_us}
    few = 0 if bucket_us else max_points
    count: int = connection.execute(_COUNT, {**span, "limit": few + 1}).scalar_one()
    if count == 0 and bucket_us:
        nothing = merge(np.empty(0, np.int64), part_table(()))
        return bucket_series(nothing, bucket_us)
    if count <= few:
        rows = connection.execute(_RAW, span).all()
        return raw_series(np.array([row[0] for row in rows], np.int64), raw_table(rows, 1))
    first_us: int = connection.execute(_FIRST, span).scalar_one()
    last_us: int = connection.execute(_LAST, span).scalar_one()
    bucket_us = bucket_us or bucket_size_us(last_us - first_us, max_points)
    # Widened where no reading is cut off, so that whole buckets are whole.
    from_us = max(from_us, first_us // bucket_us * bucket_us)
    to_us = min(to_us, last_us // bucket_us * bucket_us + bucket_us - 1)
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    rolled = bucket_us % MINUTE_US == 0 and can_use_rollups(driver, MAX_NOT_ROLLED_UP)
    scope = BucketScope(publisher_id, from_us, to_us, bucket_us)
    return bucket_series(read_buckets(driver, scope, cancelled, rolled=rolled), bucket_us)


def bucket_size_us(span_us: int, max_points: int) -> int:
    """The smallest round size with which at most `max_points` buckets cover the span.

    Two buckets are set aside, because a span seldom starts on a multiple of the size.
    """
    needed = max(1, max_points - 2)
    for size_us in BUCKET_SIZES_US:
        if span_us // size_us <= needed:
            return size_us
    return (span_us // needed // US_PER_DAY + 1) * US_PER_DAY


def raw_table(rows: Sequence[Sequence[Any]], first: int) -> NDArray[np.float64]:
    """Index, values and flags of rows that have them from the column `first` on."""
    return np.array([row[first:] for row in rows], np.float64).reshape(-1, 1 + 2 * CHANNEL_COUNT)


def raw_series(time_us: NDArray[np.int64], table: NDArray[np.float64]) -> Series:
    """Readings in the order of time; `table` (n, 1 + 2 channels) has index, values and flags."""
    return Series(
        time_us=time_us,
        values=table[:, 1 : 1 + CHANNEL_COUNT],
        flags=table[:, 1 + CHANNEL_COUNT :].astype(np.uint8),
        index=table[:, 0],
        low=None,
        high=None,
        bucketed=False,
        bucket_us=0,
    )


def bucket_series(buckets: Buckets, bucket_us: int) -> Series:
    """Merged buckets as a series."""
    worst = np.where(buckets.worst == 0, int(Flag.MISSING), buckets.worst)
    return Series(
        time_us=buckets.time_us,
        values=buckets.mean,
        flags=worst.astype(np.uint8),
        index=buckets.index,
        low=buckets.low,
        high=buckets.high,
        bucketed=True,
        bucket_us=bucket_us,
    )
