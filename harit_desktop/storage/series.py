"""One device's readings over a range, as arrays: every reading, or buckets of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Integer, Select, bindparam, case, cast, func, select

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.storage.rows import QUALITY_COLUMNS, VALUE_COLUMNS
from harit_desktop.storage.schema import sensor_readings

_readings = sensor_readings.c

_MINUTE_US = 60 * US_PER_S
_HOUR_US = 60 * _MINUTE_US

BUCKET_SIZES_US = (
    *(n * US_PER_S // 10 for n in (1, 2, 5)),
    *(n * US_PER_S for n in (1, 2, 5, 10, 15, 30)),
    *(n * _MINUTE_US for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR_US for n in (1, 2, 3, 6, 12)),
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


def _select_bucket() -> Select[Any]:
    pairs = list(zip(VALUE_COLUMNS, QUALITY_COLUMNS, strict=True))
    sound = [case((quality != int(Flag.FAIL), value)) for value, quality in pairs]
    worst = [
        func.coalesce(func.max(case((value.is_not(None), quality))), int(Flag.MISSING))
        for value, quality in pairs
    ]
    offset_us = func.avg(_readings.timestamp_us - bindparam("from_us", type_=Integer))
    return select(
        func.count(),
        cast(offset_us, Integer) + bindparam("from_us", type_=Integer),
        func.avg(_readings.health_index),
        *(func.avg(value) for value in sound),
        *(func.min(value) for value in sound),
        *(func.max(value) for value in sound),
        *worst,
    ).where(
        _readings.publisher_id == bindparam("publisher_id"),
        _readings.timestamp_us >= bindparam("from_us"),
        _readings.timestamp_us <= bindparam("to_us"),
    )


_RAW = _select_raw()
_BUCKET = _select_bucket()
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


def empty_series() -> Series:
    """No reading at all."""
    return _raw_series([])


def read_series(
    connection: Connection,
    publisher_id: str,
    from_us: int,
    to_us: int,
    max_points: int,
    cancelled: Callable[[], bool],
) -> Series:
    """The readings from `from_us` to `to_us`, raw where they are at most `max_points`."""
    scope = {"publisher_id": publisher_id, "from_us": from_us, "to_us": to_us}
    count: int = connection.execute(_COUNT, {**scope, "limit": max_points + 1}).scalar_one()
    if count <= max_points:
        return _raw_series(connection.execute(_RAW, scope).all())
    first_us: int = connection.execute(_FIRST, scope).scalar_one()
    last_us: int = connection.execute(_LAST, scope).scalar_one()
    bucket_us = bucket_size_us(last_us - first_us, max_points)
    rows = []
    # One query a bucket: grouping in SQL would sort every row of the range first.
    for start_us in range(first_us // bucket_us * bucket_us, last_us + 1, bucket_us):
        if cancelled():
            break
        bucket = {
            "publisher_id": publisher_id,
            "from_us": max(start_us, from_us),
            "to_us": min(start_us + bucket_us - 1, to_us),
        }
        row = connection.execute(_BUCKET, bucket).one()
        if row[0]:
            rows.append(row)
    return _bucket_series(rows, bucket_us)


def bucket_size_us(span_us: int, max_points: int) -> int:
    """The smallest round size with which at most `max_points` buckets cover the span.

    Two buckets are set aside, because a span seldom starts on a multiple of the size.
    """
    needed = max(1, max_points - 2)
    for size_us in BUCKET_SIZES_US:
        if span_us // size_us <= needed:
            return size_us
    return span_us // needed + 1


def _raw_series(rows: Any) -> Series:
    table = np.array([row[1:] for row in rows], np.float64).reshape(-1, 1 + 2 * CHANNEL_COUNT)
    return Series(
        time_us=np.array([row[0] for row in rows], np.int64),
        values=table[:, 1 : 1 + CHANNEL_COUNT],
        flags=table[:, 1 + CHANNEL_COUNT :].astype(np.uint8),
        index=table[:, 0],
        low=None,
        high=None,
        bucketed=False,
        bucket_us=0,
    )


def _bucket_series(rows: Any, bucket_us: int) -> Series:
    count = CHANNEL_COUNT
    table = np.array([row[2:] for row in rows], np.float64).reshape(-1, 1 + 4 * count)
    return Series(
        time_us=np.array([row[1] for row in rows], np.int64),
        values=table[:, 1 : 1 + count],
        flags=table[:, 1 + 3 * count :].astype(np.uint8),
        index=table[:, 0],
        low=table[:, 1 + count : 1 + 2 * count],
        high=table[:, 1 + 2 * count : 1 + 3 * count],
        bucketed=True,
        bucket_us=bucket_us,
    )
