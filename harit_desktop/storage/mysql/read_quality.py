"""How good a device's readings were, from the server and the journal's tail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, func, literal_column, select

from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.domain.quality import QualityDay
from harit_desktop.storage.mysql.read_lists import server_span
from harit_desktop.storage.mysql.read_rows import ServerColumns
from harit_desktop.storage.mysql.read_tail import cursor_of, tail_scope
from harit_desktop.storage.mysql.reading import Snapshot, slices
from harit_desktop.storage.quality_reads import (
    FLAG_BITS,
    DayRows,
    Neighbours,
    Reasons,
    Span,
    in_order,
    joined_rows,
    neighbours,
    newest,
    quality_day,
)
from harit_desktop.storage.reader import Cancelled
from harit_desktop.storage.rollup import HOUR_US
from harit_desktop.storage.rows import QUALITY_COLUMNS
from harit_desktop.storage.schema import sensor_readings

_readings = sensor_readings.c
_FETCH_ROWS = 5000

_LONG_TEXTS = "SET SESSION group_concat_max_len = 8388608"


@dataclass(frozen=True, eq=False)
class DayTail:
    """A device's readings of the tail within some days, by their keys; `around` has the
    neighbours of each day in the whole journal."""

    keys: list[bytes]
    time_us: NDArray[np.int64]
    flags: NDArray[np.int64]
    reasons: list[str | None]
    around: list[Neighbours]

    def without(self, known: set[bytes]) -> DayTail:
        """Those whose keys are not among the known ones."""
        if not known:
            return self
        kept = [place for place, key in enumerate(self.keys) if key not in known]
        return DayTail(
            [self.keys[place] for place in kept],
            self.time_us[kept],
            self.flags[kept],
            [self.reasons[place] for place in kept],
            self.around,
        )

    def of(self, day: Span) -> DayRows:
        """The rows of one day."""
        inside = (self.time_us >= day[0]) & (self.time_us < day[1])
        reasons = Counter(
            text for text, is_in in zip(self.reasons, inside, strict=True) if is_in and text
        )
        return DayRows(self.time_us[inside], self.flags[inside], reasons)


def _packed(flags: Sequence[ColumnElement[int]]) -> ColumnElement[int]:
    total = flags[0] * 1
    for position in range(1, CHANNEL_COUNT):
        total = total + flags[position] * (1 << FLAG_BITS * position)
    return total


def tail_days(
    connection: Connection, store_id: str, publisher_id: str, days: Sequence[Span]
) -> DayTail:
    """What the server does not have yet of these days."""
    begin_us = min((day[0] for day in days), default=0)
    end_us = max((day[1] for day in days), default=0)
    statement = select(
        _readings.reading_key,
        _readings.timestamp_us,
        _packed(QUALITY_COLUMNS),
        _readings.quality_reasons,
    ).where(*tail_scope(cursor_of(connection, store_id), publisher_id, begin_us, end_us - 1))
    keys: list[bytes] = []
    reasons: list[str | None] = []
    parts = [np.empty((0, 2), np.int64)]
    for rows in connection.execute(statement).partitions(_FETCH_ROWS):
        keys.extend(row[0] for row in rows)
        reasons.extend(row[3] for row in rows)
        parts.append(np.array([(row[1], row[2]) for row in rows], np.int64))
    table = np.concatenate(parts)
    around = [neighbours(connection, publisher_id, day) for day in days]
    return DayTail(keys, table[:, 0], table[:, 1], reasons, around)


def server_days(
    snapshot: Snapshot,
    tail: DayTail | None,
    publisher_id: str,
    days: Sequence[Span],
    cancelled: Cancelled,
) -> tuple[QualityDay, ...]:
    """The days of both stores; `tail` is None where there is no journal. Raises QueryCancelled."""
    if tail is not None:
        tail = tail.without(snapshot.known(tail.keys, cancelled))
    found = []
    for position, day in enumerate(days):
        rows = _rows_of(snapshot, publisher_id, day, cancelled)
        around = _neighbours(snapshot, publisher_id, day)
        if tail is not None:
            rows = _joined(rows, tail.of(day))
            around = around.nearer(tail.around[position])
        found.append(quality_day(publisher_id, day, rows, around))
    return tuple(found)


def _joined(one: DayRows, other: DayRows) -> DayRows:
    return DayRows(
        np.concatenate([one.time_us, other.time_us]),
        np.concatenate([one.flags, other.flags]),
        one.reasons + other.reasons,
    )


def _rows_of(snapshot: Snapshot, publisher_id: str, day: Span, cancelled: Cancelled) -> DayRows:
    found = DayRows(np.empty(0, np.int64), np.empty(0, np.int64), Counter())
    snapshot.connection.exec_driver_sql(_LONG_TEXTS)
    for from_us, to_us in slices(day[0], day[1] - 1, HOUR_US, cancelled):
        rows = _joined_texts(snapshot, publisher_id, from_us, to_us)
        found = _joined(found, rows or _row_by_row(snapshot, publisher_id, from_us, to_us))
    return found


def _joined_texts(
    snapshot: Snapshot, publisher_id: str, from_us: int, to_us: int
) -> DayRows | None:
    """The rows in three texts, in a third of the time that one by one takes; None where the
    server cut one of them short, as sums tell."""
    columns = snapshot.columns
    c = columns.c
    since_us, packed = c.timestamp_us - from_us, _packed(columns.flags)
    lines: ColumnElement[str] = c.quality_reasons.op("SEPARATOR")(literal_column("'\\n'"))
    statement = select(
        func.group_concat(since_us),
        func.group_concat(packed),
        func.group_concat(lines),
        func.sum(since_us),
        func.sum(packed),
        func.sum(func.char_length(c.quality_reasons) + 1),
    ).where(*_within(columns, publisher_id, from_us, to_us))
    *texts, times, flags, reasons = snapshot.connection.execute(statement).one()
    found = joined_rows(0, *texts)
    sums = found.time_us.sum(), found.flags.sum(), len(texts[2] or "") + (texts[2] is not None)
    if sums != (times or 0, flags or 0, reasons or 0):
        return None
    return DayRows(found.time_us + from_us, found.flags, found.reasons)


def _row_by_row(snapshot: Snapshot, publisher_id: str, from_us: int, to_us: int) -> DayRows:
    columns = snapshot.columns
    c = columns.c
    statement = select(c.timestamp_us, _packed(columns.flags), c.quality_reasons).where(
        *_within(columns, publisher_id, from_us, to_us)
    )
    rows = snapshot.connection.execute(statement).all()
    table = np.array([(int(row[0]), int(row[1])) for row in rows], np.int64).reshape(-1, 2)
    return DayRows(table[:, 0], table[:, 1], Counter(row[2] for row in rows if row[2]))


def _within(
    columns: ServerColumns, publisher_id: str, from_us: int, to_us: int
) -> tuple[ColumnElement[bool], ...]:
    c = columns.c
    return (
        c.publisher_id == publisher_id,
        c.timestamp_us >= from_us,
        c.timestamp_us <= to_us,
        *columns.shown,
    )


def _neighbours(snapshot: Snapshot, publisher_id: str, day: Span) -> Neighbours:
    time_us = snapshot.columns.c.timestamp_us
    scope = select(time_us).where(
        snapshot.columns.c.publisher_id == publisher_id, *snapshot.columns.shown
    )

    def first(condition: Any, order: Any) -> int | None:
        return snapshot.connection.scalar(scope.where(condition).order_by(order).limit(1))

    return Neighbours(first(time_us < day[0], time_us.desc()), first(time_us >= day[1], time_us))


ReasonTail = list[tuple[bytes, int, str]]
"""Key, time and stored reasons of readings."""


def tail_reasons(
    connection: Connection, store_id: str, publisher_id: str, from_us: int, to_us: int
) -> ReasonTail:
    """The tail's readings of the range that have reasons."""
    statement = select(
        _readings.reading_key, _readings.timestamp_us, _readings.quality_reasons
    ).where(
        *tail_scope(cursor_of(connection, store_id), publisher_id, from_us, to_us),
        _readings.quality_reasons.is_not(None),
    )
    return [tuple(row) for row in connection.execute(statement)]


def server_reasons(
    snapshot: Snapshot,
    tail: ReasonTail,
    publisher_id: str,
    from_us: int,
    to_us: int,
    limit: int,
    cancelled: Cancelled,
) -> Reasons:
    """The newest readings of both stores that have reasons. Raises QueryCancelled."""
    columns = snapshot.columns
    c = columns.c
    known = snapshot.known([key for key, _, _ in tail], cancelled)
    found = in_order([row[1:] for row in tail if row[0] not in known], limit)
    span = server_span(snapshot, publisher_id)
    if span is None:
        return found
    from_us, to_us = max(from_us, span[0]), min(to_us, span[1])
    for first_us, last_us in slices(from_us, to_us, HOUR_US, cancelled):
        statement = (
            select(c.timestamp_us, c.quality_reasons)
            .where(
                *_within(columns, publisher_id, first_us, last_us), c.quality_reasons.is_not(None)
            )
            .order_by(c.timestamp_us.desc(), c.id.desc())
            .limit(limit)
        )
        found = newest((*found, *in_order(snapshot.connection.execute(statement), limit)), limit)
    return found
