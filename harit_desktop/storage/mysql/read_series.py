"""One device's series from the server and the journal's tail, as `storage.series` has them.

Sums, counts, extremes and worst flags of parts of a bucket add up to those of the bucket, so
that the server's buckets, slice by slice, and the tail's readings are put together exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BindParameter, Row, Select, bindparam, case, func, select

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.storage.mysql.read_rows import ServerColumns, shortest_of
from harit_desktop.storage.mysql.read_tail import TailReadings
from harit_desktop.storage.mysql.reading import Snapshot, slices
from harit_desktop.storage.reader import Cancelled
from harit_desktop.storage.series import Series, bucket_size_us

Table = NDArray[np.float64]

_C = CHANNEL_COUNT
_SUMMED = 4 + 2 * _C
"""A part is a bucket's number and these columns: readings, sum of their offsets in the
bucket, sum and count of the indices, sums and counts of the values; then least values
(infinite where there is none), greatest values and worst flags (0 where there is none)."""
_LOW = slice(_SUMMED, _SUMMED + _C)
_HIGH = slice(_SUMMED + _C, _SUMMED + 2 * _C)
_WORST = slice(_SUMMED + 2 * _C, _SUMMED + 3 * _C)


def server_series(
    snapshot: Snapshot,
    tail: TailReadings,
    publisher_id: str,
    from_us: int,
    to_us: int,
    max_points: int,
    cancelled: Cancelled,
) -> Series:
    """The device's readings of both stores, each once; raw where they are few enough.

    Raises QueryCancelled.
    """
    columns, connection = snapshot.columns, snapshot.connection
    scope: dict[str, Any] = {"publisher_id": publisher_id, "from_us": from_us, "to_us": to_us}
    tail = tail.without(snapshot.known(tail.keys, cancelled))
    room = max_points - len(tail.time_us)
    some = _within(select(columns.c.id), columns).limit(max(0, room) + 1).subquery()
    count = connection.scalar(select(func.count()).select_from(some), scope) or 0
    if count <= room:
        return _raw_series(connection.execute(_select_raw(columns), scope).all(), columns, tail)
    times = tail.time_us.tolist()
    if count:
        times += [connection.scalar(end, scope) for end in _select_ends(columns)]
    first_us, last_us = min(times), max(times)
    bucket_us = bucket_size_us(last_us - first_us, max_points)
    numbers, parts = _parts_of(tail, bucket_us)
    statement = _select_parts(columns)
    found: list[Row[Any]] = []
    for start_us, end_us in slices(first_us, last_us, bucket_us, cancelled):
        scope.update(from_us=start_us, to_us=end_us, bucket_us=bucket_us)
        found.extend(connection.execute(statement, scope))
    return _bucket_series(
        np.concatenate([numbers, np.array([row[0] for row in found], np.int64)]),
        np.concatenate([parts, _part_table(found)]),
        bucket_us,
    )


def _within(statement: Select[Any], columns: ServerColumns) -> Select[Any]:
    return statement.where(
        columns.c.publisher_id == bindparam("publisher_id"),
        columns.c.timestamp_us >= bindparam("from_us"),
        columns.c.timestamp_us <= bindparam("to_us"),
        *columns.shown,
    )


def _select_ends(columns: ServerColumns) -> tuple[Select[Any], Select[Any]]:
    time_us = columns.c.timestamp_us
    statement = _within(select(time_us), columns).limit(1)
    return statement.order_by(time_us), statement.order_by(time_us.desc())


def _select_raw(columns: ServerColumns) -> Select[Any]:
    c = columns.c
    statement = select(
        c.timestamp_us, columns.written_by_old, c.health_index, *columns.values, *columns.flags
    )
    return _within(statement, columns).order_by(c.timestamp_us, c.id)


def _select_parts(columns: ServerColumns) -> Select[Any]:
    c = columns.c
    bucket_us: BindParameter[int] = bindparam("bucket_us")
    bucket = c.timestamp_us.op("DIV")(bucket_us).label("bucket")
    pairs = list(zip(columns.values, columns.flags, strict=True))
    sound = [case((flag != int(Flag.FAIL), value)) for value, flag in pairs]
    worst = [func.max(case((value.is_not(None), flag), else_=0)) for value, flag in pairs]
    statement = select(
        bucket,
        func.count(),
        func.sum(c.timestamp_us.op("MOD")(bucket_us)),
        func.sum(c.health_index),
        func.count(c.health_index),
        *(func.sum(value) for value in sound),
        *(func.count(value) for value in sound),
        *(func.min(value) for value in sound),
        *(func.max(value) for value in sound),
        *worst,
    )
    return _within(statement, columns).group_by(bucket)


def _raw_series(rows: Sequence[Row[Any]], columns: ServerColumns, tail: TailReadings) -> Series:
    table = np.array([row[2:] for row in rows], np.float64).reshape(-1, 1 + 2 * _C)
    if columns.adopted:
        old = np.array([row._mapping[columns.written_by_old] for row in rows], np.bool_)
        table[old, 1 : 1 + _C] = shortest_of(table[old, 1 : 1 + _C])
    time_us = np.concatenate([np.array([row[0] for row in rows], np.int64), tail.time_us])
    order = np.argsort(time_us, kind="stable")
    table = np.concatenate([table, tail.table])[order]
    return Series(
        time_us=time_us[order],
        values=table[:, 1 : 1 + _C],
        flags=table[:, 1 + _C :].astype(np.uint8),
        index=table[:, 0],
        low=None,
        high=None,
        bucketed=False,
        bucket_us=0,
    )


def _part_table(rows: Sequence[Row[Any]]) -> Table:
    table = np.array([row[1:] for row in rows], np.float64).reshape(-1, _SUMMED + 3 * _C)
    # The sum and the extremes of no values are NULL.
    table[:, :_SUMMED] = np.nan_to_num(table[:, :_SUMMED])
    table[:, _LOW] = np.nan_to_num(table[:, _LOW], nan=np.inf)
    table[:, _HIGH] = np.nan_to_num(table[:, _HIGH], nan=-np.inf)
    return table


def _parts_of(tail: TailReadings, bucket_us: int) -> tuple[NDArray[np.int64], Table]:
    """Each reading as a part of its bucket."""
    index, values, flags = tail.table[:, :1], tail.table[:, 1 : 1 + _C], tail.table[:, 1 + _C :]
    sound = np.where(flags == Flag.FAIL, np.nan, values)
    parts = [
        np.ones_like(index),
        (tail.time_us % bucket_us).astype(np.float64)[:, None],
        np.nan_to_num(index),
        ~np.isnan(index),
        np.nan_to_num(sound),
        ~np.isnan(sound),
        np.nan_to_num(sound, nan=np.inf),
        np.nan_to_num(sound, nan=-np.inf),
        np.where(np.isnan(values), 0, flags),
    ]
    return tail.time_us // bucket_us, np.concatenate(parts, axis=1)


def _bucket_series(numbers: NDArray[np.int64], parts: Table, bucket_us: int) -> Series:
    """The parts put together, bucket by bucket."""
    order = np.argsort(numbers, kind="stable")
    numbers, starts = np.unique(numbers[order], return_index=True)
    parts = parts[order]
    summed = np.add.reduceat(parts[:, :_SUMMED], starts)
    low = np.minimum.reduceat(parts[:, _LOW], starts)
    high = np.maximum.reduceat(parts[:, _HIGH], starts)
    worst = np.maximum.reduceat(parts[:, _WORST], starts)
    counts = summed[:, 4 + _C :]
    with np.errstate(invalid="ignore"):
        # 0 / 0 is the mean of no values: NaN.
        index = summed[:, 2] / summed[:, 3]
        values = summed[:, 4 : 4 + _C] / counts
    return Series(
        time_us=numbers * bucket_us + (summed[:, 1] / summed[:, 0]).astype(np.int64),
        values=values,
        flags=np.where(worst == 0, int(Flag.MISSING), worst).astype(np.uint8),
        index=index,
        low=np.where(counts == 0, np.nan, low),
        high=np.where(counts == 0, np.nan, high),
        bucketed=True,
        bucket_us=bucket_us,
    )
