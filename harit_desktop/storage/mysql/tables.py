"""The server's tables, derived from the channel catalogue, and what an existing one lacks.

Readings go to the server, with the reasons of their flags. What one installation keeps for
itself stays in its journal: the message log, `quality_events`, `baselines`, `device_records`
and `calibrations`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.storage.schema import quality_column
from harit_desktop.storage.schema import sensor_readings as journal_readings

SCHEMA_VERSION = 2
"""Kept in `harit_store` as `schema_version`. What an older database lacks is added."""

READINGS = "sensor_readings"
STORE = "harit_store"

EXACT_COLUMNS: Mapping[str, str] = {
    name: f"{name}_exact" for name in (*(c.column for c in CHANNELS), "anomaly_score")
}
"""Each column that the existing system made single precision, with the one beside it in an
adopted table that holds the value as it was sent."""

_ID = "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY"
_NEW_OLD_COLUMNS: Mapping[str, str] = {
    "timestamp": "DATETIME(6) NULL DEFAULT CURRENT_TIMESTAMP(6)",
    **{channel.column: "DOUBLE NULL" for channel in CHANNELS},
    "health_index": "INT NULL",
    "health_status": "VARCHAR(20) NULL",
    "is_anomalous": "BOOLEAN NULL",
    "anomaly_score": "DOUBLE NULL",
    "critical_factors": "JSON NULL",
}
# Kept by the server as they were sent, with their case, accents and spaces.
_EXACT_TEXT = "CHARACTER SET utf8mb4 COLLATE {collation} NULL"
_ADDED_COLUMNS: Mapping[str, str] = {
    "publisher_id": f"VARCHAR(64) {_EXACT_TEXT}",
    "timestamp_us": "BIGINT NULL",
    "received_us": "BIGINT NULL",
    "source": f"VARCHAR(16) {_EXACT_TEXT}",
    "reading_key": "BINARY(32) NULL",
    **{quality_column(channel): "SMALLINT NULL" for channel in CHANNELS},
    "sent_timestamp": f"TEXT {_EXACT_TEXT}",
    "time_source": f"VARCHAR(16) {_EXACT_TEXT}",
    "topic": f"TEXT {_EXACT_TEXT}",
    "retained": "BOOLEAN NULL",
    "message_id": f"VARCHAR(64) {_EXACT_TEXT}",
    "profile": f"VARCHAR(64) {_EXACT_TEXT}",
    "quality_reasons": f"TEXT {_EXACT_TEXT}",
    "same_as": "BIGINT NULL",
}

OLD_INDEX = "idx_timestamp"
"""The only index of ours that the existing system made too."""


@dataclass(frozen=True)
class ReadingsIndex:
    """An index of the readings; in an existing table one over the same columns does as well,
    unless statements name it."""

    columns: tuple[str, ...]
    unique: bool = False
    named: bool = False


INDEXES: Mapping[str, ReadingsIndex] = {
    OLD_INDEX: ReadingsIndex(("timestamp",)),
    "ux_readings_key": ReadingsIndex(("reading_key",), unique=True),
    # At most one row of the existing system's is the same as one of ours.
    "ux_readings_same_as": ReadingsIndex(("same_as",), unique=True),
    "ix_readings_device_time": ReadingsIndex(("publisher_id", "timestamp_us")),
    # The optimizer would sometimes choose the whole table.
    "ix_readings_time": ReadingsIndex(("timestamp_us",), named=True),
}

JOURNAL_COLUMNS = tuple(column.name for column in journal_readings.columns)
"""What is read of the journal, in its order; the server's columns have the same names."""

CREATE_STORE = (
    f"CREATE TABLE IF NOT EXISTS {STORE} (name VARCHAR(64) NOT NULL PRIMARY KEY,"
    " value VARCHAR(255) NOT NULL) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
)


@dataclass(frozen=True)
class Layout:
    """How the readings lie on a server.

    `adopted` tables have the exact columns; `whole_seconds` is true where the column
    `timestamp` keeps no fraction.
    """

    adopted: bool
    store_id: str
    whole_seconds: bool = False


def added_columns(*, adopted: bool, collation: str) -> dict[str, str]:
    """Every column that is ours, with its SQL type, none of them required."""
    columns = {name: sql.replace("{collation}", collation) for name, sql in _ADDED_COLUMNS.items()}
    if adopted:
        columns |= dict.fromkeys(EXACT_COLUMNS.values(), "DOUBLE NULL")
    return columns


def wanted_columns(*, adopted: bool, collation: str) -> dict[str, str]:
    """Every column of the table but `id`, with its SQL type."""
    return {**_NEW_OLD_COLUMNS, **added_columns(adopted=adopted, collation=collation)}


def exact_values(*, adopted: bool) -> str:
    """The seven values as an SQL list, to the last bit of what was sent."""
    names = [f"`{channel.column}`" for channel in CHANNELS]
    if adopted:
        exact = (EXACT_COLUMNS[channel.column] for channel in CHANNELS)
        names = [f"COALESCE(`{e}`, {name})" for e, name in zip(exact, names, strict=True)]
    # An expression is given in full; a FLOAT by itself would come with six digits.
    return ", ".join(f"{name} + 0e0" for name in names)


def index_definition(name: str) -> str:
    """The index as it stands in a statement that makes or changes the table."""
    index = INDEXES[name]
    kind = "UNIQUE INDEX" if index.unique else "INDEX"
    return f"{kind} {name} ({', '.join(f'`{column}`' for column in index.columns)})"


def create_readings(collation: str) -> str:
    """The statement that makes the table of a new database."""
    columns = wanted_columns(adopted=False, collation=collation)
    lines = [f"id {_ID}", *(f"`{name}` {sql}" for name, sql in columns.items())]
    lines += map(index_definition, INDEXES)
    return (
        f"CREATE TABLE IF NOT EXISTS {READINGS} ({', '.join(lines)})"
        " ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4"
    )
