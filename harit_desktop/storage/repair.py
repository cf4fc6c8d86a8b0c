"""Puts back what another program took out of the store: tables, columns, indexes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from sqlalchemy import Column, Table
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from harit_desktop.storage.rollup import start_again
from harit_desktop.storage.schema import (
    alert_log,
    alerts,
    calibrations,
    chart_notes,
    cursors,
    device_records,
    message_log,
    metadata,
    reading_extras,
    rejected_messages,
    sensor_readings,
)
from harit_desktop.storage.sqlite import damage, transaction

_DIALECT = dialect()

_RECEIVED = (sensor_readings, message_log, rejected_messages)
_RECORDS = (
    *_RECEIVED,
    reading_extras,
    device_records,
    calibrations,
    chart_notes,
    alerts,
    alert_log,
)
"""What was received, entered, or told to people and answered by them. All other tables are made
from these, or matter for a short time."""

_COLUMNS = """
SELECT m.name, p.name FROM sqlite_master AS m, pragma_table_info(m.name) AS p
WHERE m.type = 'table'
"""

# Ids go on where they were: lines of the log and cursors still know the old ones.
_GO_ON = """
INSERT INTO sqlite_sequence (name, seq)
SELECT 'sensor_readings', max(last) FROM (
    SELECT coalesce(max(last_id), 0) AS last FROM cursors
    UNION ALL SELECT coalesce(max(reading_id), 0) FROM message_log
    UNION ALL SELECT coalesce(max(reading_id), 0) FROM timeless_deliveries
    UNION ALL SELECT coalesce(max(reading_id), 0) FROM reading_extras)
WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'sensor_readings')
"""

_SAME_KEYS = """
DELETE FROM sensor_readings WHERE id IN (
    SELECT later.id FROM sensor_readings AS later JOIN (
        SELECT reading_key AS key, min(id) AS first FROM sensor_readings
        GROUP BY reading_key HAVING count(*) > 1) AS same
    ON later.reading_key = same.key AND later.id > same.first)
"""

_OF_NOTHING = """
DELETE FROM reading_extras WHERE reading_id NOT IN (SELECT id FROM sensor_readings)
"""

_MISCOUNTED = """
SELECT coalesce((SELECT value FROM counters WHERE name = 'next_message_id'), 1)
        <= coalesce((SELECT max(id) FROM message_log), 0)
    OR coalesce((SELECT value FROM counters WHERE name = 'next_rejected_id'), 1)
        <= coalesce((SELECT max(id) FROM rejected_messages), 0)
"""

_RECOUNT = (
    # Their ids may begin anew: said twice, a withdrawal changes nothing.
    "DELETE FROM cursors WHERE name LIKE 'withdrawn:%'",
    "DELETE FROM devices",
    """
    INSERT INTO devices SELECT publisher_id, min(timestamp_us), max(timestamp_us),
        max(received_us), count(*), sum(source = 'simulator')
    FROM sensor_readings GROUP BY publisher_id
    """,
    # Kept: how many were rejected ever, and the next numbers of lines long gone.
    """
    INSERT INTO counters (name, value) SELECT name, value FROM (
    SELECT 'readings' AS name, coalesce(sum(reading_count), 0) AS value FROM devices
    UNION ALL SELECT 'simulated_readings', coalesce(sum(simulated_count), 0) FROM devices
    UNION ALL SELECT 'next_message_id', coalesce(max(id), 0) + 1 FROM message_log
    UNION ALL SELECT 'log_rows', count(*) FROM message_log
    UNION ALL SELECT 'log_bytes', coalesce(sum(kept_bytes), 0) FROM message_log
    UNION ALL SELECT 'next_rejected_id', max(
        coalesce((SELECT max(id) FROM rejected_messages), 0),
        coalesce((SELECT max(rejected_id) FROM message_log), 0),
        coalesce((SELECT max(rejected_id) FROM timeless_deliveries), 0)) + 1
    UNION ALL SELECT 'rejected_rows', count(*) FROM rejected_messages
    UNION ALL SELECT 'rejected_bytes', coalesce(sum(kept_bytes), 0) FROM rejected_messages
    UNION ALL SELECT 'rejected_total', count(*) FROM rejected_messages
    ) WHERE true ON CONFLICT (name) DO UPDATE SET value = CASE
        WHEN name IN ('rejected_total', 'next_message_id', 'next_rejected_id')
        THEN max(value, excluded.value) ELSE excluded.value END
    """,
)


def repair(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Makes what is missing, in one transaction, and says what: tables, table.column, indexes.

    Counts and rollups are made anew where they may be wrong then. Raises sqlite3.Error with
    nothing changed; as a damaged file where the store cannot be what it was.
    """
    if not (missing := _missing(connection)) and not _is_miscounted(connection):
        return ()
    with transaction(connection):
        for statement in _statements(missing):
            _execute(connection, statement)
        for statement in (_GO_ON, _OF_NOTHING, *_RECOUNT):
            connection.execute(statement)
        start_again(connection)
    return tuple(missing) or ("counters",)


def _is_miscounted(connection: sqlite3.Connection) -> bool:
    """Whether the next line of a log would get the number of one that is there."""
    return bool(connection.execute(_MISCOUNTED).fetchone()[0])


def _missing(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute("SELECT name FROM sqlite_master").fetchall()
    names = {name for (name,) in found}
    columns = set(connection.execute(_COLUMNS).fetchall())
    missing = []
    for table in metadata.sorted_tables:
        if table.name not in names:
            missing.append(table.name)
            continue
        missing.extend(
            f"{table.name}.{column.name}"
            for column in table.columns
            if (table.name, column.name) not in columns
        )
        missing.extend(str(i.name) for i in table.indexes if i.name not in names)
    return missing


def _statements(missing: list[str]) -> Iterator[str]:
    for table in metadata.sorted_tables:
        absent = [c for c in table.columns if f"{table.name}.{c.name}" in missing]
        gone = table.name in missing
        if table is cursors and (absent or gone):
            # Nobody knows any more which readings they include.
            yield "DELETE FROM baselines"
        if absent and not _can_be_completed(table, absent):
            yield f"DROP TABLE {table.name}"
            gone = True
        if gone:
            yield str(CreateTable(table).compile(dialect=_DIALECT))
        else:
            for column in absent:
                yield from _add_column(table, column)
        for index in table.indexes:
            if gone or str(index.name) in missing:
                yield str(CreateIndex(index, if_not_exists=True).compile(dialect=_DIALECT))


def _can_be_completed(table: Table, absent: list[Column[object]]) -> bool:
    """Whether columns are added to what is there, and the table not made anew."""
    if table in _RECEIVED:
        return True
    return table in _RECORDS and not any(column.primary_key for column in absent)


def _add_column(table: Table, column: Column[object]) -> Iterator[str]:
    if column.primary_key:
        raise damage(f"no column {table.name}.{column.name}")
    definition = str(CreateColumn(column).compile(dialect=_DIALECT))
    if column is sensor_readings.c.reading_key:
        # What these readings' keys were is lost; each stays a reading of its own.
        yield f"ALTER TABLE {table.name} ADD COLUMN reading_key BLOB"
        yield "UPDATE sensor_readings SET reading_key = randomblob(32)"
    elif column.nullable:
        yield f"ALTER TABLE {table.name} ADD COLUMN {definition}"
    else:
        empty = "0" if column.type.python_type in (int, float, bool) else "''"
        yield f"ALTER TABLE {table.name} ADD COLUMN {definition} DEFAULT {empty}"


def _execute(connection: sqlite3.Connection, statement: str) -> None:
    try:
        connection.execute(statement)
    except sqlite3.IntegrityError:
        # Without the index the same reading could be stored twice.
        connection.execute(_SAME_KEYS)
        connection.execute(statement)
