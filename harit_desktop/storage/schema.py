"""The tables, derived from the channel catalogue, and the version they are at.

DDL and reads use these SQLAlchemy tables; the hot write path uses driver tuples in the order
of their columns.
"""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.types import TypeEngine

from harit_desktop.domain.channels import CHANNELS, Channel

SCHEMA_VERSION = 5
"""Kept in `PRAGMA user_version`; a migration raises it by one."""

APPLICATION_ID = 0x48415249
"""Kept in `PRAGMA application_id` ("HARI"), so that a foreign SQLite file is recognised."""

metadata = MetaData()

# SQLite needs the exact words INTEGER (for a row id) and REAL (for the affinity).
_RowId = BigInteger().with_variant(Integer(), "sqlite")
_Number: TypeEngine[float] = Double().with_variant(REAL(), "sqlite")


def quality_column(channel: Channel) -> str:
    """The column that holds the channel's quality flag."""
    return f"quality_{channel.column}"


sensor_readings = Table(
    "sensor_readings",
    metadata,
    Column("id", _RowId, primary_key=True, autoincrement=True),
    Column("timestamp", String(32), nullable=False),
    *(Column(channel.column, _Number) for channel in CHANNELS),
    Column("health_index", Integer),
    Column("health_status", String(20), nullable=False),
    Column("is_anomalous", Boolean, nullable=False),
    Column("anomaly_score", _Number, nullable=False),
    Column("critical_factors", Text, nullable=False),
    Column("publisher_id", String(64), nullable=False),
    Column("timestamp_us", BigInteger, nullable=False),
    Column("received_us", BigInteger, nullable=False),
    Column("source", String(16), nullable=False),
    Column("reading_key", LargeBinary(32), nullable=False),
    *(Column(quality_column(channel), SmallInteger, nullable=False) for channel in CHANNELS),
    Column("sent_timestamp", Text),
    Column("time_source", String(16), nullable=False),
    Column("topic", Text, nullable=False),
    Column("retained", Boolean, nullable=False),
    Column("message_id", String(64)),
    Column("profile", String(64), nullable=False),
    # {channel: stable code} as JSON; NULL where no channel is suspect or failed.
    Column("quality_reasons", Text),
    # An id is never used twice, so that a cursor over ids misses nothing after a deletion.
    sqlite_autoincrement=True,
)

# The payloads come last, so that listing a table never touches their pages.
message_log = Table(
    "message_log",
    metadata,
    Column("id", _RowId, primary_key=True, autoincrement=False),
    Column("received_us", BigInteger, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("topic", Text, nullable=False),
    Column("publisher_id", String(64), nullable=False),
    Column("qos", SmallInteger, nullable=False),
    Column("retained", Boolean, nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("reason_code", String(64)),
    Column("reason_params", Text),
    Column("size_bytes", Integer, nullable=False),
    Column("kept_bytes", Integer, nullable=False),
    Column("reading_id", BigInteger),
    Column("rejected_id", BigInteger),
    Column("payload", LargeBinary),
)

timeless_deliveries = Table(
    "timeless_deliveries",
    metadata,
    Column("session", Text, primary_key=True),
    Column("packet_id", Integer, primary_key=True),
    # The number of the reading of several in the message, from 1; 0 for the only one.
    Column("part", Integer, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    # Counts the messages: the oldest are forgotten.
    Column("number", BigInteger, nullable=False, index=True),
    # What it stored, and the row of `rejected_messages` that it became before or instead.
    Column("reading_id", BigInteger),
    Column("rejected_id", BigInteger),
)

rejected_messages = Table(
    "rejected_messages",
    metadata,
    Column("id", _RowId, primary_key=True, autoincrement=False),
    Column("received_us", BigInteger, nullable=False),
    Column("topic", Text, nullable=False),
    Column("publisher_id", String(64)),
    Column("reason_code", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("kept_bytes", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    # How it came, for another try; NULL in lines of before these were kept. `part` as above,
    # where only that reading of the message was refused.
    Column("origin", String(16)),
    Column("retained", Boolean),
    Column("part", Integer),
)

# What readings have beyond the channels, by the keys of the extra channels.
reading_extras = Table(
    "reading_extras",
    metadata,
    Column("reading_id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", String(32), primary_key=True),
    Column("value", _Number, nullable=False),
    sqlite_with_rowid=False,
)

# What is known of each publisher without scanning its readings; kept true by every writer.
devices = Table(
    "devices",
    metadata,
    Column("publisher_id", String(64), primary_key=True),
    Column("first_us", BigInteger, nullable=False),
    Column("last_us", BigInteger, nullable=False),
    Column("last_received_us", BigInteger, nullable=False),
    Column("reading_count", BigInteger, nullable=False),
    Column("simulated_count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Counts that would take a scan of millions of rows; changed in the rows' own transaction.
counters = Table(
    "counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# How far a follower of `sensor_readings` has come, as the last id that it has dealt with.
cursors = Table(
    "cursors",
    metadata,
    Column("name", Text, primary_key=True),
    Column("last_id", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# The rows that were read from the history of a remote API, and which reading each of them is:
# one of its own where `distance_us` is NULL, else the stored one that came so far from it in
# time. `publisher_id` is NULL where the API does not say whose it is. `alike` is equal for
# equal values, `message_id` no later than the row's first line in the log, `seen_us` about
# when it was read last.
api_rows = Table(
    "api_rows",
    metadata,
    Column("row_key", LargeBinary(32), primary_key=True),
    Column("publisher_id", String(64)),
    Column("time_us", BigInteger, nullable=False),
    Column("alike", LargeBinary(16), nullable=False),
    Column("reading_id", BigInteger, nullable=False, index=True),
    Column("distance_us", BigInteger),
    Column("message_id", BigInteger, nullable=False),
    Column("seen_us", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)

# Readings that a server may have and that gave way to another one, by their keys.
withdrawn_readings = Table(
    "withdrawn_readings",
    metadata,
    Column("id", _RowId, primary_key=True, autoincrement=True),
    Column("reading_key", LargeBinary(32), nullable=False),
    Column("successor_key", LargeBinary(32), nullable=False),
    # As with the readings: a cursor follows the ids.
    sqlite_autoincrement=True,
)

# What the quality tests said of a probe over time, one row for each fault from its first
# suspect reading on; `cleared_us` is NULL while it goes on. Bounded: the oldest rows go.
quality_events = Table(
    "quality_events",
    metadata,
    Column("id", _RowId, primary_key=True, autoincrement=True),
    Column("publisher_id", String(64), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("code", String(64), nullable=False),
    Column("flag", SmallInteger, nullable=False),
    Column("channels", Text, nullable=False),
    Column("first_us", BigInteger, nullable=False),
    Column("onset_us", BigInteger, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("cleared_us", BigInteger),
    Column("count", Integer, nullable=False),
    # NULL stands for NaN, which SQLite does not know.
    Column("value", _Number),
    Column("limit", _Number),
    sqlite_autoincrement=True,
)

# What the quality tests have learnt of each probe, as of the cursor `baseline`; `last_us` is
# when the probe was heard last. The states come last, so that an order needs no page of them.
baselines = Table(
    "baselines",
    metadata,
    Column("publisher_id", String(64), primary_key=True),
    Column("last_us", BigInteger, nullable=False),
    Column("state", LargeBinary, nullable=False),
)

# What people entered about their devices.
device_records = Table(
    "device_records",
    metadata,
    Column("publisher_id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("hidden", Boolean, nullable=False),
    Column("position", Integer),
)

# `points` is a JSON list of [probe's value, true value].
calibrations = Table(
    "calibrations",
    metadata,
    Column("id", _RowId, primary_key=True, autoincrement=True),
    Column("publisher_id", String(64), nullable=False, index=True),
    Column("channel", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("points", Text, nullable=False),
    Column("entered_us", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    sqlite_autoincrement=True,
)

# What the alert rules found, one row for each from its onset to its end; `params` is JSON.
# The ids are given by the program. Bounded: the oldest that are over go.
alerts = Table(
    "alerts",
    metadata,
    Column("id", _RowId, primary_key=True, autoincrement=False),
    Column("rule_id", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("publisher_id", String(64), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("code", String(64), nullable=False),
    Column("params", Text, nullable=False),
    Column("value", _Number),
    Column("limit", _Number),
    Column("worst", _Number),
    Column("raised_us", BigInteger, nullable=False),
    Column("ended_us", BigInteger),
    Column("acknowledged_us", BigInteger),
    Column("acknowledged_by", Text, nullable=False),
    Column("seen_us", BigInteger),
    Column("muted_until_us", BigInteger),
    Column("note", Text, nullable=False),
    Column("flood", Integer, nullable=False),
    Column("told_us", BigInteger),
    Column("flood_id", BigInteger),
)

# Who or what changed an alert, and when; `person` is "" for the program itself.
alert_log = Table(
    "alert_log",
    metadata,
    Column("id", _RowId, primary_key=True, autoincrement=True),
    Column("alert_id", BigInteger, nullable=False, index=True),
    Column("at_us", BigInteger, nullable=False),
    Column("change", String(16), nullable=False),
    Column("person", Text, nullable=False),
    Column("note", Text, nullable=False),
    sqlite_autoincrement=True,
)

# What people wrote beside the readings; `publisher_id` is "" for all devices.
chart_notes = Table(
    "chart_notes",
    metadata,
    Column("id", _RowId, primary_key=True, autoincrement=True),
    Column("publisher_id", String(64), nullable=False),
    Column("at_us", BigInteger, nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("entered_us", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

# When the program ran, and when it had no source or the computer slept. Bounded.
recording_log = Table(
    "recording_log",
    metadata,
    Column("id", _RowId, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("from_us", BigInteger, nullable=False),
    Column("until_us", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)


def _rollups(name: str) -> Table:
    """One row per publisher and bucket: what a chart needs of the readings in it.

    `offset_sum_us` sums the readings' times since the bucket's start. Of a channel: the
    count, the sum and both extremes without values that failed the quality test, and the
    worst flag of all values, 0 where there is none.
    """
    return Table(
        name,
        metadata,
        Column("publisher_id", String(64), primary_key=True),
        Column("start_us", BigInteger, primary_key=True, autoincrement=False),
        Column("reading_count", BigInteger, nullable=False),
        Column("offset_sum_us", BigInteger, nullable=False),
        Column("index_count", BigInteger, nullable=False),
        Column("index_sum", BigInteger, nullable=False),
        *(
            column
            for channel in CHANNELS
            for column in (
                Column(f"count_{channel.column}", BigInteger, nullable=False),
                Column(f"sum_{channel.column}", _Number, nullable=False),
                Column(f"low_{channel.column}", _Number),
                Column(f"high_{channel.column}", _Number),
                Column(f"worst_{channel.column}", SmallInteger, nullable=False),
            )
        ),
        sqlite_with_rowid=False,
    )


rollups_minute = _rollups("rollups_minute")
rollups_hour = _rollups("rollups_hour")

Index("ux_readings_key", sensor_readings.c.reading_key, unique=True)
Index("ix_readings_device_time", sensor_readings.c.publisher_id, sensor_readings.c.timestamp_us)
Index("ix_readings_time", sensor_readings.c.timestamp_us)
Index(
    "ix_message_log_rejected_id",
    message_log.c.rejected_id,
    sqlite_where=message_log.c.rejected_id.is_not(None),
)
Index(
    "ix_timeless_deliveries_rejected_id",
    timeless_deliveries.c.rejected_id,
    sqlite_where=timeless_deliveries.c.rejected_id.is_not(None),
)
Index("ix_api_rows_alike", api_rows.c.alike, api_rows.c.time_us)
Index(
    "ux_quality_events_key",
    quality_events.c.publisher_id,
    quality_events.c.kind,
    quality_events.c.first_us,
    unique=True,
)
Index("ix_quality_events_first_us", quality_events.c.first_us)
Index("ix_baselines_last_us", baselines.c.last_us)


def create_statements() -> list[str]:
    """The SQLite statements that make an empty database one of this version."""
    dialect = sqlite.dialect()
    statements = []
    for table in metadata.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect)))
        statements.extend(
            str(CreateIndex(index).compile(dialect=dialect))
            for index in sorted(table.indexes, key=lambda index: str(index.name))
        )
    # A pragma takes no bound parameter; both are numbers of ours.
    statements.append(f"PRAGMA application_id = {APPLICATION_ID}")
    statements.append(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return statements
