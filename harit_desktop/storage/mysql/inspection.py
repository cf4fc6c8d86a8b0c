"""What a database is, and what it lacks for this program."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from harit_desktop.domain.status import DatabaseChange
from harit_desktop.storage.mysql.column_types import check_types
from harit_desktop.storage.mysql.connection import ServerConnection
from harit_desktop.storage.mysql.errors import Remedy, ServerError
from harit_desktop.storage.mysql.tables import (
    EXACT_COLUMNS,
    INDEXES,
    READINGS,
    SCHEMA_VERSION,
    STORE,
    Layout,
    ReadingsIndex,
    wanted_columns,
)

_COUNTED_ROWS = 2_000_000
"""Up to about so many rows a table is counted for the question; above, estimated."""

_STORE_ID = "SELECT value FROM harit_store WHERE name = 'store_id'"
_NO_PAD_COLLATIONS = ("utf8mb4_nopad_bin", "utf8mb4_0900_bin", "utf8mb4_bin")


@dataclass(frozen=True)
class Found:
    """A database as it is.

    `layout` is None until everything is in place. `columns` and `indexes` are what the
    readings' table lacks; `change` is set where a person must allow the next step.
    """

    layout: Layout | None
    has_readings: bool
    adopted: bool
    collation: str
    columns: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    change: DatabaseChange | None = None


def inspect(connection: ServerConnection, database: str) -> Found:
    """Looks at the database; changes nothing. Raises ServerError, also for a database of a
    newer version, and for a table of this name that is no table of readings or has columns that
    cannot hold them."""
    meta = _meta(connection, database)
    version = int(meta.get("schema_version", "0"))
    if version > SCHEMA_VERSION:
        raise ServerError(
            "server.newer_version", Remedy.ASK, version=version, supported=SCHEMA_VERSION
        )
    collation = _collation(connection)
    existing = _columns(connection, database)
    if not existing:
        return Found(None, has_readings=False, adopted=False, collation=collation)
    _check_is_ours_to_use(connection, database, existing)
    ours = "reading_key" in existing
    adopted = not ours or meta.get("layout", _guessed_layout(existing)) == "adopted"
    check_types(connection, adopted=adopted)
    wanted = wanted_columns(adopted=adopted, collation=collation)
    columns = tuple(name for name in wanted if name.lower() not in existing)
    indexes = _missing_indexes(connection, database)
    if not columns and not indexes and version == SCHEMA_VERSION and "store_id" in meta:
        layout = Layout(adopted, meta["store_id"], existing["timestamp"] == 0)
        return Found(layout, has_readings=True, adopted=adopted, collation=collation)
    change = None
    if _needs_consent(meta, ours, adopted, bool(columns)):
        rows = _row_count(connection, database)
        kind = "migrate" if ours and version else "adopt"
        change = _change(kind, database, rows, columns, has_store=bool(meta))
    return Found(None, True, adopted, collation, columns, indexes, change)


def store_id_of(connection: ServerConnection) -> str:
    """The id of the store that answers; a cheap question that also tells whether it does.

    Raises ServerError with Remedy.INSPECT where the table is gone; "" where the row is.
    """
    return str(connection.value(_STORE_ID) or "")


def consent_note(version: int) -> str:
    """What is kept as `consent` in `harit_store` once a change to this version is allowed."""
    return f"version {version}"


def _needs_consent(meta: dict[str, str], ours: bool, adopted: bool, lacks_columns: bool) -> bool:
    version = int(meta.get("schema_version", "0"))
    if not version:
        # What was begun was allowed when it began; a table that is complete stays as it is.
        return "consent" not in meta and (lacks_columns or not ours)
    if version == SCHEMA_VERSION and ours:
        # Something of ours was taken away. Putting it back changes an old table, or ours.
        return adopted and lacks_columns
    # An earlier version's; a change that was interrupted was allowed when it began.
    return meta.get("consent") != consent_note(SCHEMA_VERSION)


def _guessed_layout(existing: Collection[str]) -> str:
    exact = next(iter(EXACT_COLUMNS.values())).lower()
    return "adopted" if exact in existing else "new"


def _change(
    kind: str, database: str, rows: int, columns: tuple[str, ...], has_store: bool
) -> DatabaseChange:
    return DatabaseChange(
        kind,
        database,
        rows,
        tables=() if has_store else (STORE,),
        columns=tuple(f"{READINGS}.{name}" for name in columns),
    )


def _meta(connection: ServerConnection, database: str) -> dict[str, str]:
    if not _columns(connection, database, STORE):
        return {}
    return dict(connection.rows("SELECT name, value FROM harit_store"))


def _columns(
    connection: ServerConnection, database: str, table: str = READINGS
) -> dict[str, int | None]:
    """The columns of a table, in lower case, with the digits of a second that each keeps."""
    found = connection.rows(
        "SELECT column_name, datetime_precision FROM information_schema.columns"
        " WHERE table_schema = %s AND table_name = %s",
        database,
        table,
    )
    return {str(name).lower(): precision for name, precision in found}


def _missing_indexes(connection: ServerConnection, database: str) -> tuple[str, ...]:
    found = connection.rows(
        "SELECT index_name, non_unique, column_name FROM information_schema.statistics"
        " WHERE table_schema = %s AND table_name = %s ORDER BY index_name, seq_in_index",
        database,
        READINGS,
    )
    columns: dict[tuple[str, bool], list[str]] = {}
    for name, non_unique, column in found:
        columns.setdefault((str(name), not int(non_unique)), []).append(str(column).lower())

    def is_there(name: str, wanted: ReadingsIndex) -> bool:
        return any(
            tuple(names[: len(wanted.columns)]) == wanted.columns
            and (not wanted.named or present == name)
            and (not wanted.unique or (unique and len(names) == len(wanted.columns)))
            for (present, unique), names in columns.items()
        )

    return tuple(name for name, wanted in INDEXES.items() if not is_there(name, wanted))


def _check_is_ours_to_use(
    connection: ServerConnection, database: str, existing: dict[str, int | None]
) -> None:
    kind = connection.value(
        "SELECT table_type FROM information_schema.tables"
        " WHERE table_schema = %s AND table_name = %s",
        database,
        READINGS,
    )
    missing = [name for name in ("id", "timestamp") if name not in existing]
    if kind == "BASE TABLE" and not missing:
        return
    what = f"has no column {missing[0]}" if missing else "is not a table"
    raise ServerError("server.failed", Remedy.ASK, number=0, reason=f"{database}.{READINGS} {what}")


def _collation(connection: ServerConnection) -> str:
    """The server's collation that takes every text as it is, trailing spaces included."""
    found = connection.rows(
        "SELECT collation_name FROM information_schema.collations WHERE collation_name IN %s",
        _NO_PAD_COLLATIONS,
    )
    names = {name for (name,) in found}
    return next((name for name in _NO_PAD_COLLATIONS if name in names), _NO_PAD_COLLATIONS[-1])


def _row_count(connection: ServerConnection, database: str) -> int:
    estimate = connection.value(
        "SELECT table_rows FROM information_schema.tables"
        " WHERE table_schema = %s AND table_name = %s",
        database,
        READINGS,
    )
    if estimate is not None and int(estimate) > _COUNTED_ROWS:
        return int(estimate)
    return int(connection.value("SELECT COUNT(*) FROM sensor_readings"))
