"""How good a device's readings were: days at a glance, events, and the reasons of flags."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, or_, select

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNEL_INDEX, CHANNELS
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.quality import Change, QualityDay, QualityEvent, StoredEvent
from harit_desktop.storage.reader import has_quality
from harit_desktop.storage.schema import quality_column, quality_events, sensor_readings

Span = tuple[int, int]
"""A day: from its begin up to, and without, its end."""

Reasons = tuple[tuple[int, Mapping[str, str]], ...]

SILENT_AFTER = 3
"""A gap of more than so many usual intervals counts as silence."""

FLAG_BITS = 4
_MASK = (1 << FLAG_BITS) - 1
_SHIFTS = FLAG_BITS * np.arange(CHANNEL_COUNT, dtype=np.int64)

_PACKED = " | ".join(
    f'("{quality_column(channel)}" << {FLAG_BITS * position})'
    for position, channel in enumerate(CHANNELS)
)
# Joined into three texts, because a tuple for each row takes longer than reading the rows.
_ROWS = f"""
SELECT group_concat(timestamp_us - :from_us), group_concat({_PACKED}),
    group_concat(sensor_readings.quality_reasons, char(10))
FROM sensor_readings
WHERE publisher_id = :publisher_id AND timestamp_us >= :from_us AND timestamp_us < :to_us
"""  # noqa: S608 - the names are of the channel catalogue
_BEFORE, _AFTER = (
    f"SELECT {end}(timestamp_us) FROM sensor_readings"  # noqa: S608 - words of ours
    f" WHERE publisher_id = ? AND timestamp_us {condition} ?"
    for end, condition in (("max", "<"), ("min", ">="))
)


@dataclass(frozen=True, eq=False)
class DayRows:
    """What a day's n readings say: their times in any order, their flags with `FLAG_BITS`
    bits a channel, and the stored texts of their reasons with the readings of each."""

    time_us: NDArray[np.int64]
    flags: NDArray[np.int64]
    reasons: Counter[str]


@dataclass(frozen=True)
class Neighbours:
    """The times of the newest reading before a day and of the oldest after it."""

    before_us: int | None
    after_us: int | None

    def nearer(self, other: Neighbours) -> Neighbours:
        """The nearest ones of two stores."""
        return Neighbours(
            _chosen(max, self.before_us, other.before_us),
            _chosen(min, self.after_us, other.after_us),
        )


def _chosen(choose: Callable[[list[int]], int], *times: int | None) -> int | None:
    known = [time_us for time_us in times if time_us is not None]
    return choose(known) if known else None


def read_quality_days(
    connection: Connection,
    publisher_id: str,
    days: Sequence[Span],
    cancelled: Callable[[], bool],
) -> tuple[QualityDay, ...]:
    """One `QualityDay` for each of the days; stops early where `cancelled()`."""
    found = []
    for day in days:
        if cancelled():
            break
        rows = _rows_of(connection, publisher_id, day)
        found.append(
            quality_day(publisher_id, day, rows, neighbours(connection, publisher_id, day))
        )
    return tuple(found)


def _rows_of(connection: Connection, publisher_id: str, day: Span) -> DayRows:
    scope = {"publisher_id": publisher_id, "from_us": day[0], "to_us": day[1]}
    return joined_rows(day[0], *connection.exec_driver_sql(_ROWS, scope).one())


def joined_rows(from_us: int, times: str | None, flags: str | None, reasons: str | None) -> DayRows:
    """Rows from joined texts: times since `from_us` and flags with commas between, reasons a
    line each; None of none."""
    return DayRows(
        np.fromstring(times or "", np.int64, sep=",") + from_us,
        np.fromstring(flags or "", np.int64, sep=","),
        Counter(reasons.split("\n") if reasons else ()),
    )


def neighbours(connection: Connection, publisher_id: str, day: Span) -> Neighbours:
    """The day's neighbours in the local store."""
    before, after = (
        connection.exec_driver_sql(statement, (publisher_id, time_us)).scalar()
        for statement, time_us in ((_BEFORE, day[0]), (_AFTER, day[1]))
    )
    return Neighbours(before, after)


def quality_day(publisher_id: str, day: Span, rows: DayRows, around: Neighbours) -> QualityDay:
    """Counts what the readings of a day say."""
    patterns, counts = np.unique(rows.flags, return_counts=True)
    flags = (patterns[:, None] >> _SHIFTS) & _MASK
    flawed = ((flags == Flag.SUSPECT) | (flags == Flag.FAIL)).any(axis=1)

    def counted(flag: Flag) -> tuple[int, ...]:
        return tuple(((flags == flag) * counts[:, None]).sum(axis=0).tolist())

    return QualityDay(
        publisher_id=publisher_id,
        from_us=day[0],
        to_us=day[1],
        readings=len(rows.flags),
        good=int(counts[~flawed].sum()),
        suspect=counted(Flag.SUSPECT),
        failed=counted(Flag.FAIL),
        missing=counted(Flag.MISSING),
        reasons=_most_frequent(rows.reasons),
        silent_s=silent_us(rows.time_us, day, around) / US_PER_S,
    )


def silent_us(time_us: NDArray[np.int64], day: Span, around: Neighbours) -> int:
    """For how long the device was silent on that day, in microseconds.

    The usual interval is the median step between the day's readings; of fewer than three
    also the steps to the readings before and after the day count. A gap of more than
    `SILENT_AFTER` of it is silence from one usual interval after its begin on, as far as
    that lies within the day. So the time before the first reading counts only where the
    device has an earlier one, that after the last only where it has a later one; a day
    without any reading between others is silent as a whole.
    """
    times = np.unique(time_us)
    edges = [[end] if end is not None else [] for end in (around.before_us, around.after_us)]
    marks = np.concatenate([np.array(edges[0], np.int64), times, np.array(edges[1], np.int64)])
    if not len(times):
        return max(0, day[1] - day[0]) if len(marks) == 2 else 0
    steps = np.sort(np.diff(times if len(times) >= 3 else marks))
    if not len(steps):
        return 0
    usual_us = steps[(len(steps) - 1) // 2]
    is_long = np.diff(marks) > SILENT_AFTER * usual_us
    begins = np.maximum(marks[:-1][is_long] + usual_us, day[0])
    ends = np.minimum(marks[1:][is_long], day[1])
    return int(np.maximum(ends - begins, 0).sum())


def _most_frequent(texts: Mapping[str, int]) -> tuple[tuple[str, str, int], ...]:
    found: Counter[tuple[str, str]] = Counter()
    for text, readings in texts.items():
        for reason in reasons_in(text).items():
            found[reason] += readings

    def order(item: tuple[tuple[str, str], int]) -> tuple[int, int, str]:
        (channel, code), readings = item
        return -readings, CHANNEL_INDEX.get(channel, CHANNEL_COUNT), code

    return tuple((*reason, readings) for reason, readings in sorted(found.items(), key=order))


@lru_cache(maxsize=4096)
def reasons_in(text: str) -> Mapping[str, str]:
    """Channels and codes of a stored text; nothing where another program wrote something else."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(key): code for key, code in found.items() if isinstance(code, str)}


def read_reasons(
    connection: Connection, publisher_id: str, from_us: int, to_us: int, limit: int
) -> Reasons:
    """The newest `limit` readings that have reasons, in the order of time."""
    c = sensor_readings.c
    statement = (
        select(c.timestamp_us, c.quality_reasons)
        .where(
            c.publisher_id == publisher_id,
            c.timestamp_us >= from_us,
            c.timestamp_us <= to_us,
            c.quality_reasons.is_not(None),
        )
        .order_by(c.timestamp_us.desc(), c.id.desc())
        .limit(limit)
    )
    return in_order(connection.execute(statement), limit)


def in_order(rows: Iterable[Sequence[Any]], limit: int) -> Reasons:
    """The newest `limit` of rows of a time and a stored text, with the texts read."""
    known = ((row[0], reasons_in(row[1])) for row in rows)
    return newest([pair for pair in known if pair[1]], limit)


def newest(found: Sequence[tuple[int, Mapping[str, str]]], limit: int) -> Reasons:
    """The newest `limit` of them, in the order of time."""
    ordered = sorted(found, key=lambda pair: pair[0])
    return tuple(ordered[max(0, len(ordered) - limit) :])


def read_events(
    connection: Connection, publisher_id: str | None, from_us: int, to_us: int, limit: int
) -> tuple[StoredEvent, ...]:
    """Events that were under way at any moment of the range, those that began last first."""
    if not has_quality(connection):
        return ()
    c = quality_events.c
    statement = (
        select(quality_events)
        .where(c.first_us <= to_us, or_(c.cleared_us.is_(None), c.cleared_us >= from_us))
        .order_by(c.onset_us.desc(), c.id.desc())
        .limit(limit)
    )
    if publisher_id is not None:
        statement = statement.where(c.publisher_id == publisher_id)
    return tuple(map(_event_of, connection.execute(statement)))


def _event_of(row: Row[Any]) -> StoredEvent:
    """The row; `change` is what must have come last."""
    going_on = Change.AGAIN if row._mapping["count"] > 1 else Change.RAISED
    event = QualityEvent(
        publisher_id=row.publisher_id,
        kind=row.kind,
        code=row.code,
        change=going_on if row.cleared_us is None else Change.CLEARED,
        first_us=row.first_us,
        onset_us=row.onset_us,
        at_us=row.at_us,
        count=row._mapping["count"],
        flag=Flag(row.flag),
        channels=_channels_in(row.channels),
        value=nan if row.value is None else row.value,
        limit=nan if row.limit is None else row.limit,
    )
    return StoredEvent(row.id, event, row.cleared_us)


def _channels_in(text: str) -> tuple[str, ...]:
    try:
        found = json.loads(text)
    except ValueError:
        return ()
    return tuple(map(str, found)) if isinstance(found, list) else ()
