"""Rollups: what a chart needs of a minute's or an hour's readings, kept true as rows come and go.

A reading is added once, by its id, whenever it arrives: late and early readings find their
bucket by their own time. Where rows leave, their minutes are made anew from the rows that
stay, and the hours from their minutes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.storage.bulk import for_rows
from harit_desktop.storage.cursors import ROLLUP, last_reading_id, move_cursor, read_cursor
from harit_desktop.storage.schema import quality_column

MINUTE_US = 60 * US_PER_S
HOUR_US = 60 * MINUTE_US

SLICE_ROWS = 250
"""Readings added in one transaction: some milliseconds, for which a commit may have to wait."""

Bucket = tuple[str, int]
"""A publisher and the begin of one of its minutes."""

_COLUMNS = [channel.column for channel in CHANNELS]


def _parts_of_readings() -> Iterator[str]:
    for channel in CHANNELS:
        value, quality = f'"{channel.column}"', f'"{quality_column(channel)}"'
        sound = f"CASE WHEN {quality} <> {int(Flag.FAIL)} THEN {value} END"
        yield f"count({sound}), total({sound}), min({sound}), max({sound})"
        yield f"coalesce(max(CASE WHEN {value} NOT NULL THEN {quality} END), 0)"


def _parts_of_rollups() -> Iterator[str]:
    for column in _COLUMNS:
        yield f'sum("count_{column}"), total("sum_{column}"), min("low_{column}")'
        yield f'max("high_{column}"), max("worst_{column}")'


PARTS_OF_READINGS = tuple(_parts_of_readings())
PARTS_OF_ROLLUPS = tuple(_parts_of_rollups())
"""SQL of what a bucket holds of its channels: of each the count, sum, least, greatest and worst
flag, made of readings or of smaller buckets."""
PARTS_IN_ROLLUPS = tuple(
    f'"{part}_{column}"' for column in _COLUMNS for part in ("count", "sum", "low", "high", "worst")
)
"""The same, as a rollup's row has it."""


def _start(size_us: int) -> str:
    """The begin of the bucket; also before 1970, where SQLite rounds towards zero."""
    return f"timestamp_us - ((timestamp_us % {size_us} + {size_us}) % {size_us})"


def _target(table: str) -> str:
    names = ["publisher_id", "start_us", "reading_count", "offset_sum_us", "index_count"]
    names.append("index_sum")
    for column in _COLUMNS:
        names.extend(f'"{part}_{column}"' for part in ("count", "sum", "low", "high", "worst"))
    return f"INSERT INTO {table} ({', '.join(names)})"


def _from_readings(size_us: int) -> str:
    """Rollup columns of the rows that a WHERE after this chooses."""
    start = _start(size_us)
    parts = [f"publisher_id, {start} AS start_us, count(*), sum(timestamp_us - ({start}))"]
    parts.append("count(health_index), coalesce(sum(health_index), 0)")
    return " ".join(("SELECT", ", ".join((*parts, *PARTS_OF_READINGS)), "FROM sensor_readings"))


def _from_minutes() -> str:
    parts = [":publisher_id, :start_us, sum(reading_count)"]
    parts.append("sum(offset_sum_us + reading_count * (start_us - :start_us))")
    parts.append("sum(index_count), sum(index_sum)")
    return " ".join(("SELECT", ", ".join((*parts, *PARTS_OF_ROLLUPS)), "FROM rollups_minute"))


def _added() -> str:
    """What a row already there becomes; min and max of SQLite know no NULL."""
    parts = [
        f"{name} = {name} + excluded.{name}"
        for name in ("reading_count", "offset_sum_us", "index_count", "index_sum")
    ]
    for column in _COLUMNS:
        parts.extend(
            f'"{part}_{column}" = "{part}_{column}" + excluded."{part}_{column}"'
            for part in ("count", "sum")
        )
        for part, choose in (("low", "min"), ("high", "max")):
            ours, new = f'"{part}_{column}"', f'excluded."{part}_{column}"'
            parts.append(f"{ours} = {choose}(coalesce({ours}, {new}), coalesce({new}, {ours}))")
        parts.append(f'"worst_{column}" = max("worst_{column}", excluded."worst_{column}")')
    return f"ON CONFLICT (publisher_id, start_us) DO UPDATE SET {', '.join(parts)}"


_ADD = tuple(
    f"{_target(table)} {_from_readings(size_us)} WHERE id > ? AND id <= ? GROUP BY 1, 2 {_added()}"
    for table, size_us in (("rollups_minute", MINUTE_US), ("rollups_hour", HOUR_US))
)

_DROP_MINUTE = "DELETE FROM rollups_minute WHERE publisher_id = ? AND start_us = ?"
_MAKE_MINUTE = (
    f"{_target('rollups_minute')} {_from_readings(MINUTE_US)}"
    f" WHERE publisher_id = ? AND timestamp_us >= ? AND timestamp_us < ? + {MINUTE_US}"
    " AND +id <= ? GROUP BY 1, 2"
)
_DROP_HOUR = "DELETE FROM rollups_hour WHERE publisher_id = ? AND start_us = ?"
_MAKE_HOUR = (
    f"{_target('rollups_hour')} {_from_minutes()} WHERE publisher_id = :publisher_id"
    f" AND start_us >= :start_us AND start_us < :start_us + {HOUR_US} GROUP BY publisher_id"
)

_SLICE_END = "SELECT max(id) FROM (SELECT id FROM sensor_readings WHERE id > ? ORDER BY id LIMIT ?)"


def rolled_up_to(connection: sqlite3.Connection) -> int:
    """The id up to which the rollups hold every reading."""
    return read_cursor(connection, ROLLUP)


def roll_up(connection: sqlite3.Connection, max_rows: int = SLICE_ROWS) -> bool:
    """Adds the next readings inside an open transaction; returns whether there are more.

    The cursor moves in the same transaction, so that a reading counts once whatever happens.
    """
    done = rolled_up_to(connection)
    (end,) = connection.execute(_SLICE_END, (done, max_rows)).fetchone()
    if end is None:
        return False
    for statement in _ADD:
        connection.execute(statement, (done, end))
    move_cursor(connection, ROLLUP, end)
    return bool(end < last_reading_id(connection))


def minute_of(timestamp_us: int) -> int:
    """The begin of the minute that the instant is in."""
    return timestamp_us // MINUTE_US * MINUTE_US


def remake(connection: sqlite3.Connection, minutes: Iterable[Bucket]) -> None:
    """Makes these minutes and their hours anew, in the transaction that took rows out."""
    done = rolled_up_to(connection)
    hours = {}
    for publisher_id, start_us in minutes:
        connection.execute(_DROP_MINUTE, (publisher_id, start_us))
        connection.execute(_MAKE_MINUTE, (publisher_id, start_us, start_us, done))
        hours[publisher_id, start_us // HOUR_US * HOUR_US] = True
    _remake_hours(connection, hours)


def drop(connection: sqlite3.Connection, minutes: Iterable[Bucket]) -> None:
    """Takes whole minutes out of the rollups, of which every row is on its way out."""
    hours = {}
    for publisher_id, start_us in minutes:
        connection.execute(_DROP_MINUTE, (publisher_id, start_us))
        hours[publisher_id, start_us // HOUR_US * HOUR_US] = True
    _remake_hours(connection, hours)


def _remake_hours(connection: sqlite3.Connection, hours: Iterable[Bucket]) -> None:
    for publisher_id, start_us in hours:
        connection.execute(_DROP_HOUR, (publisher_id, start_us))
        connection.execute(_MAKE_HOUR, {"publisher_id": publisher_id, "start_us": start_us})


_SHIFT = (
    "UPDATE {table} SET index_count = index_count + v.column3,"
    " index_sum = index_sum + v.column4 FROM (VALUES {{rows}}) AS v"
    " WHERE publisher_id = v.column1 AND start_us = v.column2"
)
_SHIFT_MINUTES = _SHIFT.format(table="rollups_minute")
_SHIFT_HOURS = _SHIFT.format(table="rollups_hour")


def shift_indexes(
    connection: sqlite3.Connection, counts: Mapping[Bucket, int], sums: Mapping[Bucket, int]
) -> None:
    """Adds to the count and the sum of the indexes of minutes and of their hours, in the
    transaction that gave other indexes to rows that are rolled up.

    Exact, because indexes are whole numbers. Minutes that the rollups lack are made anew.
    """
    minutes: list[str | int] = []
    hours: dict[Bucket, tuple[int, int]] = {}
    for (publisher_id, start_us), added in sums.items():
        count = counts[publisher_id, start_us]
        minutes += (publisher_id, start_us, count, added)
        hour = publisher_id, start_us // HOUR_US * HOUR_US
        before = hours.get(hour, (0, 0))
        hours[hour] = before[0] + count, before[1] + added
    if not sums:
        return
    statement = for_rows(_SHIFT_MINUTES, 4, len(sums))
    if connection.execute(statement, minutes).rowcount != len(sums):
        remake(connection, sums)
        return
    shifts = [number for hour, both in hours.items() for number in (*hour, *both)]
    if connection.execute(for_rows(_SHIFT_HOURS, 4, len(hours)), shifts).rowcount != len(hours):
        _remake_hours(connection, hours)


def start_again(connection: sqlite3.Connection) -> None:
    """Empties the rollups inside an open transaction; the next rounds fill them anew."""
    connection.execute("DELETE FROM rollups_minute")
    connection.execute("DELETE FROM rollups_hour")
    move_cursor(connection, ROLLUP, 0)
