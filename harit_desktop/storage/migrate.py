"""Brings a store of an earlier version to this one, after a copy of it is safe."""

from __future__ import annotations

import contextlib
import filecmp
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.reading import led_by
from harit_desktop.storage.database_files import time_text
from harit_desktop.storage.schema import SCHEMA_VERSION
from harit_desktop.storage.sqlite import is_busy, is_damage, transaction

_SPARE_BYTES = 4 * 1024 * 1024
"""What a migration itself may need beside the copy."""


def migrate(connection: sqlite3.Connection, path: Path, now_us: int, version: int) -> Path:
    """Takes the store from `version` to SCHEMA_VERSION in one transaction.

    Returns the copy of the old store. Raises KnownError(store.migration_failed) where the
    copy or a step fails, with nothing changed; sqlite3.Error where the file is locked or
    damaged.
    """
    copy = _back_up(connection, path, now_us)
    connection.create_function("led_by", 2, led_by, deterministic=True)
    try:
        with transaction(connection):
            for step in range(version, SCHEMA_VERSION):
                for statement in _STEPS[step]():
                    connection.execute(statement)
            # A pragma takes no bound parameter; this is a number of ours.
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION:d}")
    except sqlite3.Error as error:
        # Nothing has changed: the copy tells nothing new, and the next try makes another.
        with contextlib.suppress(OSError):
            copy.unlink()
        if _is_of_the_file(error):
            raise
        raise _failed(path, str(error)) from error
    return copy


def _is_of_the_file(error: sqlite3.Error) -> bool:
    return is_damage(error) or is_busy(error)


def _back_up(connection: sqlite3.Connection, path: Path, now_us: int) -> Path:
    """Copies the store as it is at this moment, with what is still in its log."""
    folder = path.parent / "backups"
    copy = folder / f"harit-before-v{SCHEMA_VERSION}-{time_text(now_us)}.db"
    partial = copy.with_suffix(".partial")
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(folder).free < pages * page_bytes + _SPARE_BYTES:
            raise _failed(path, f"no room for a copy in {folder}")
        for abandoned in folder.glob("harit-before-v*.partial"):
            abandoned.unlink()
        try:
            _copy(connection, partial)
            partial.replace(copy)
        finally:
            partial.unlink(missing_ok=True)
        _drop_same(copy)
    except (OSError, sqlite3.Error) as error:
        if isinstance(error, sqlite3.Error) and _is_of_the_file(error):
            raise
        raise _failed(path, f"no copy in {folder}: {error}") from error
    return copy


def _drop_same(copy: Path) -> None:
    """Of starts that ended before the migration did, one copy of the same store is enough."""
    with contextlib.suppress(OSError):
        for other in copy.parent.glob(f"harit-before-v{SCHEMA_VERSION}-*.db"):
            is_other = other != copy and not other.is_symlink()
            if is_other and filecmp.cmp(other, copy, shallow=False):
                other.unlink()


def _copy(connection: sqlite3.Connection, target: Path) -> None:
    copy = sqlite3.connect(target, isolation_level=None)
    try:
        connection.backup(copy)
        # One file by itself, whatever becomes of files beside it.
        copy.execute("PRAGMA journal_mode = DELETE").close()
    finally:
        copy.close()
    with target.open("rb+") as file:
        os.fsync(file.fileno())


def _failed(path: Path, reason: str) -> KnownError:
    return KnownError("store.migration_failed", path=str(path), reason=reason[:200])


def _to_2() -> Iterator[str]:
    """Cursors and rollups, and keys that begin with the instant they were made of.

    Maintenance fills the rollups from the first reading on. The instant of a suspect time was
    not kept as a number: those few keys stay as they were.
    """
    yield (
        "UPDATE sensor_readings SET reading_key = led_by(timestamp_us, reading_key)"
        " WHERE time_source = 'sent' AND message_id IS NULL"
    )
    yield (
        "CREATE TABLE cursors (name TEXT NOT NULL, last_id BIGINT NOT NULL,"
        " PRIMARY KEY (name)) WITHOUT ROWID"
    )
    # The channels of that day: a later catalogue is a later version's step.
    channels = ("N", "P", "K", "CO2", "temperature", "moisture", "pH")
    columns = ", ".join(
        f'"count_{c}" BIGINT NOT NULL, "sum_{c}" REAL NOT NULL, "low_{c}" REAL,'
        f' "high_{c}" REAL, "worst_{c}" SMALLINT NOT NULL'
        for c in channels
    )
    for table in ("rollups_hour", "rollups_minute"):
        yield (
            f"CREATE TABLE {table} (publisher_id VARCHAR(64) NOT NULL, start_us BIGINT NOT NULL,"
            " reading_count BIGINT NOT NULL, offset_sum_us BIGINT NOT NULL,"
            f" index_count BIGINT NOT NULL, index_sum BIGINT NOT NULL, {columns},"
            " PRIMARY KEY (publisher_id, start_us)) WITHOUT ROWID"
        )


def _to_3() -> Iterator[str]:
    """What is known of the rows of a remote API."""
    yield (
        "CREATE TABLE api_rows (row_key BLOB NOT NULL, publisher_id VARCHAR(64),"
        " time_us BIGINT NOT NULL, alike BLOB NOT NULL, reading_id BIGINT NOT NULL,"
        " distance_us BIGINT, message_id BIGINT NOT NULL, seen_us BIGINT NOT NULL,"
        " PRIMARY KEY (row_key)) WITHOUT ROWID"
    )
    yield "CREATE INDEX ix_api_rows_alike ON api_rows (alike, time_us)"
    yield "CREATE INDEX ix_api_rows_reading_id ON api_rows (reading_id)"
    yield "CREATE INDEX ix_api_rows_seen_us ON api_rows (seen_us)"
    yield (
        "CREATE TABLE withdrawn_readings (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,"
        " reading_key BLOB NOT NULL, successor_key BLOB NOT NULL)"
    )


def _to_4() -> Iterator[str]:
    """Reasons and events of the quality tests, what they have learnt, the device book,
    the alerts, notes, and when the program ran."""
    yield "ALTER TABLE sensor_readings ADD COLUMN quality_reasons TEXT"
    yield (
        "CREATE TABLE quality_events (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,"
        " publisher_id VARCHAR(64) NOT NULL, kind VARCHAR(64) NOT NULL,"
        " code VARCHAR(64) NOT NULL, flag SMALLINT NOT NULL, channels TEXT NOT NULL,"
        " first_us BIGINT NOT NULL, onset_us BIGINT NOT NULL, at_us BIGINT NOT NULL,"
        ' cleared_us BIGINT, count INTEGER NOT NULL, value REAL, "limit" REAL)'
    )
    yield (
        "CREATE UNIQUE INDEX ux_quality_events_key ON quality_events (publisher_id, kind, first_us)"
    )
    yield "CREATE INDEX ix_quality_events_first_us ON quality_events (first_us)"
    yield (
        "CREATE TABLE baselines (publisher_id VARCHAR(64) NOT NULL, last_us BIGINT NOT NULL,"
        " state BLOB NOT NULL, PRIMARY KEY (publisher_id))"
    )
    yield "CREATE INDEX ix_baselines_last_us ON baselines (last_us)"
    yield (
        "CREATE TABLE device_records (publisher_id VARCHAR(64) NOT NULL, name TEXT NOT NULL,"
        " zone TEXT NOT NULL, hidden BOOLEAN NOT NULL, position INTEGER,"
        " PRIMARY KEY (publisher_id))"
    )
    yield (
        "CREATE TABLE calibrations (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,"
        " publisher_id VARCHAR(64) NOT NULL, channel VARCHAR(32) NOT NULL,"
        " kind VARCHAR(16) NOT NULL, at_us BIGINT NOT NULL, points TEXT NOT NULL,"
        " entered_us BIGINT NOT NULL, note TEXT NOT NULL)"
    )
    yield "CREATE INDEX ix_calibrations_publisher_id ON calibrations (publisher_id)"
    yield (
        "CREATE TABLE alerts (id INTEGER NOT NULL, rule_id VARCHAR(64) NOT NULL,"
        " kind VARCHAR(16) NOT NULL, severity VARCHAR(16) NOT NULL,"
        " publisher_id VARCHAR(64) NOT NULL, channel VARCHAR(32) NOT NULL,"
        " code VARCHAR(64) NOT NULL, params TEXT NOT NULL,"
        ' value REAL, "limit" REAL, worst REAL, raised_us BIGINT NOT NULL, ended_us BIGINT,'
        " acknowledged_us BIGINT, acknowledged_by TEXT NOT NULL, seen_us BIGINT,"
        " muted_until_us BIGINT, note TEXT NOT NULL, flood INTEGER NOT NULL,"
        " told_us BIGINT, flood_id BIGINT, PRIMARY KEY (id))"
    )
    yield (
        "CREATE TABLE alert_log (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,"
        " alert_id BIGINT NOT NULL, at_us BIGINT NOT NULL, change VARCHAR(16) NOT NULL,"
        " person TEXT NOT NULL, note TEXT NOT NULL)"
    )
    yield "CREATE INDEX ix_alert_log_alert_id ON alert_log (alert_id)"
    yield (
        "CREATE TABLE chart_notes (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,"
        " publisher_id VARCHAR(64) NOT NULL, at_us BIGINT NOT NULL,"
        " kind VARCHAR(16) NOT NULL, text TEXT NOT NULL, entered_us BIGINT NOT NULL)"
    )
    yield "CREATE INDEX ix_chart_notes_at_us ON chart_notes (at_us)"
    yield (
        "CREATE TABLE recording_log (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,"
        " kind VARCHAR(16) NOT NULL, from_us BIGINT NOT NULL, until_us BIGINT NOT NULL)"
    )


def _to_5() -> Iterator[str]:
    """Extra channels, several readings of one message, and what another try of a rejected
    message needs."""
    yield (
        "CREATE TABLE reading_extras (reading_id BIGINT NOT NULL, key VARCHAR(32) NOT NULL,"
        " value REAL NOT NULL, PRIMARY KEY (reading_id, key)) WITHOUT ROWID"
    )
    yield "ALTER TABLE timeless_deliveries RENAME TO timeless_before"
    yield (
        "CREATE TABLE timeless_deliveries (session TEXT NOT NULL, packet_id INTEGER NOT NULL,"
        " part INTEGER NOT NULL, digest BLOB NOT NULL, number BIGINT NOT NULL,"
        " reading_id BIGINT, rejected_id BIGINT, PRIMARY KEY (session, packet_id, part))"
    )
    yield (
        "INSERT INTO timeless_deliveries (session, packet_id, part, digest, number, reading_id)"
        " SELECT session, packet_id, 0, digest, reading_id, reading_id FROM timeless_before"
    )
    yield "DROP TABLE timeless_before"
    yield "CREATE INDEX ix_timeless_deliveries_number ON timeless_deliveries (number)"
    yield (
        "CREATE INDEX ix_timeless_deliveries_rejected_id ON timeless_deliveries (rejected_id)"
        " WHERE rejected_id IS NOT NULL"
    )
    yield "ALTER TABLE rejected_messages ADD COLUMN origin VARCHAR(16)"
    yield "ALTER TABLE rejected_messages ADD COLUMN retained BOOLEAN"
    yield "ALTER TABLE rejected_messages ADD COLUMN part INTEGER"
    yield (
        "CREATE INDEX ix_message_log_rejected_id ON message_log (rejected_id)"
        " WHERE rejected_id IS NOT NULL"
    )
    yield (
        "UPDATE rejected_messages SET origin = line.origin, retained = line.retained"
        " FROM message_log AS line WHERE line.rejected_id = rejected_messages.id"
    )


_STEPS = {1: _to_2, 2: _to_3, 3: _to_4, 4: _to_5}
"""The statements that lead from a version to the next. Frozen: a store of that version
looks the same for ever, whatever the tables become later."""
