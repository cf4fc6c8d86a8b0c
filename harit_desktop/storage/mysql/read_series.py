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
from harit_desktop.storage.buckets import PART_COLUMNS, merge, part_table
from harit_desktop.storage.mysql.read_rows import ServerColumns, shortest_of
from harit_desktop.storage.mysql.read_tail import TailReadings
from harit_desktop.storage.mysql.reading import Snapshot, slices
from harit_desktop.storage.reader import Cancelled
from harit_desktop.storage.series import (
    Series,
    bucket_series,
    bucket_size_us,
    raw_series,
    raw_table,
)

_C = CHANNEL_COUNT


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
    statement = _select_parts(columns)
    found: list[Row[Any]] = []
    for start_us, end_us in slices(first_us, last_us, bucket_us, cancelled):
        scope.update(from_us=start_us, to_us=end_us, bucket_us=bucket_us)
        found.extend(connection.execute(statement, scope))
    numbers = np.array([row[0] for row in found], np.int64)
    starts_us = np.concatenate([tail.time_us // bucket_us, numbers]) * bucket_us
    parts = np.concatenate([_parts_of(tail, bucket_us), part_table(found)])
    return bucket_series(merge(starts_us, parts), bucket_us)


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
    statement = select(
        bucket,
        func.count(),
        func.sum(c.timestamp_us.op("MOD")(bucket_us)),
        func.count(c.health_index),
        func.coalesce(func.sum(c.health_index), 0),
    )
    for value, flag in zip(columns.values, columns.flags, strict=True):
        sound = case((flag != int(Flag.FAIL), value))
        statement = statement.add_columns(
            func.count(sound),
            func.coalesce(func.sum(sound), 0),
            func.min(sound),
            func.max(sound),
            func.max(case((value.is_not(None), flag), else_=0)),
        )
    return _within(statement, columns).group_by(bucket)


def _raw_series(rows: Sequence[Row[Any]], columns: ServerColumns, tail: TailReadings) -> Series:
    table = raw_table(rows, 2)
    if columns.adopted:
        old = np.array([row._mapping[columns.written_by_old] for row in rows], np.bool_)
        table[old, 1 : 1 + _C] = shortest_of(table[old, 1 : 1 + _C])
    time_us = np.concatenate([np.array([row[0] for row in rows], np.int64), tail.time_us])
    order = np.argsort(time_us, kind="stable")
    table = np.concatenate([table, tail.table])[order]
    return raw_series(time_us[order], table)


def _parts_of(tail: TailReadings, bucket_us: int) -> NDArray[np.float64]:
    """Each reading as a part of its bucket."""
    index, values, flags = tail.table[:, :1], tail.table[:, 1 : 1 + _C], tail.table[:, 1 + _C :]
    sound = np.where(flags == Flag.FAIL, np.nan, values)
    head = [
        np.ones_like(index),
        (tail.time_us % bucket_us).astype(np.float64)[:, None],
        ~np.isnan(index),
        np.nan_to_num(index),
    ]
    worst = np.where(np.isnan(values), 0, flags)
    channels = np.stack([~np.isnan(sound), np.nan_to_num(sound), sound, sound, worst], axis=2)
    return np.concatenate([*head, channels.reshape(len(index), PART_COLUMNS - len(head))], axis=1)
