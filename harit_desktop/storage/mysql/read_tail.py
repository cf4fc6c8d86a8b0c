"""The end of the local journal that a server does not have yet.

Its rows are found by id: the indexes over time hold the whole journal, of which the tail is
a small part. A row of the tail can be on the server all the same (the program ended between
the server's commit and the cursor's, or another installation heard the same message), so
that every reader asks the server for the keys of what it is about to add.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, Connection, Row, String, literal_column, select

from harit_desktop.domain.export import ExportRequest
from harit_desktop.storage.cursors import SELECT_CURSOR, server_cursor
from harit_desktop.storage.export_rows import chosen
from harit_desktop.storage.rows import QUALITY_COLUMNS, VALUE_COLUMNS
from harit_desktop.storage.schema import sensor_readings

_readings = sensor_readings.c

# The plus keeps SQLite from searching the whole journal through these columns' indexes.
_publisher = literal_column("+sensor_readings.publisher_id", String)
_time_us = literal_column("+sensor_readings.timestamp_us", BigInteger)

_FETCH_ROWS = 5000


def cursor_of(connection: Connection, store_id: str) -> int:
    """The id up to which the journal's readings are on the server with this id."""
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if version < 2:
        # The first version of the journal knew no server.
        return 0
    found = connection.exec_driver_sql(SELECT_CURSOR, (server_cursor(store_id),)).scalar()
    return int(found or 0)


def tail_scope(
    after_id: int, publisher_id: str, from_us: int, to_us: int
) -> tuple[ColumnElement[bool], ...]:
    """Conditions for a device's readings of the tail after a cursor, both times inclusive."""
    return (
        _readings.id > after_id,
        _publisher == publisher_id,
        _time_us.between(from_us, to_us),
    )


@dataclass(frozen=True, eq=False)
class TailReadings:
    """One device's n readings of the tail, by time; `table` (n, 1 + 2 channels) has index,
    values and flags."""

    time_us: NDArray[np.int64]
    table: NDArray[np.float64]
    keys: list[bytes]

    def without(self, known: set[bytes]) -> TailReadings:
        """Those whose keys are not among the known ones."""
        if not known:
            return self
        kept = np.array([key not in known for key in self.keys], bool)
        keys = [key for key in self.keys if key not in known]
        return TailReadings(self.time_us[kept], self.table[kept], keys)


def no_readings() -> TailReadings:
    """An empty tail."""
    return TailReadings(
        np.empty(0, np.int64), np.empty((0, 1 + len(VALUE_COLUMNS) * 2), np.float64), []
    )


def tail_readings(
    connection: Connection, store_id: str, publisher_id: str, from_us: int, to_us: int
) -> TailReadings:
    """The device's readings of the tail, both times inclusive."""
    statement = (
        select(
            _readings.reading_key,
            _readings.timestamp_us,
            _readings.health_index,
            *VALUE_COLUMNS,
            *QUALITY_COLUMNS,
        )
        .where(*tail_scope(cursor_of(connection, store_id), publisher_id, from_us, to_us))
        .order_by(_time_us, _readings.id)
    )
    parts = [no_readings()]
    # In parts, because a tuple of numbers takes ten times the room of an array's row.
    for rows in connection.execute(statement).partitions(_FETCH_ROWS):
        parts.append(
            TailReadings(
                np.array([row[1] for row in rows], np.int64),
                np.array([row[2:] for row in rows], np.float64),
                [row[0] for row in rows],
            )
        )
    return TailReadings(
        np.concatenate([part.time_us for part in parts]),
        np.concatenate([part.table for part in parts]),
        [key for part in parts for key in part.keys],
    )


@dataclass(frozen=True, eq=False)
class TailRows:
    """Ids and times of the tail's rows that an export asks for, in the order of time."""

    ids: NDArray[np.int64]
    time_us: NDArray[np.int64]

    def span(self) -> tuple[int, int] | None:
        """The first and the last time; None without any row."""
        return (int(self.time_us[0]), int(self.time_us[-1])) if len(self.ids) else None


NO_TAIL = TailRows(np.empty(0, np.int64), np.empty(0, np.int64))


def tail_rows(connection: Connection, store_id: str, request: ExportRequest) -> TailRows:
    """The tail's rows for an export, as far as they are stored now."""
    statement = select(_readings.id, _readings.timestamp_us).where(
        _readings.id > cursor_of(connection, store_id)
    )
    parts = [np.empty((0, 2), np.int64)]
    statement = chosen(statement, request, time_us=_time_us, publisher_id=_publisher)
    for rows in connection.execute(statement).partitions(_FETCH_ROWS):
        parts.append(np.array([tuple(row) for row in rows], np.int64))
    table = np.concatenate(parts)
    table = table[np.lexsort((table[:, 0], table[:, 1]))]
    return TailRows(table[:, 0], table[:, 1])


def rows_by_id(
    columns: Sequence[Any], ids: Sequence[int], connection: Connection
) -> Sequence[Row[Any]]:
    """Those of the rows that are still in the journal, by time."""
    statement = select(*columns).where(_readings.id.in_(ids))
    return connection.execute(statement.order_by(_time_us, _readings.id)).all()
