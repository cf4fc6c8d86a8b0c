"""What a database is and what it lacks; making the tables, or adding to those that are there.

An empty database gets its tables without asking. A database of the existing system, or of an
earlier version of this program, is changed only after a person's yes. Every change is an
addition, made in steps that look first whether they are still needed: MySQL commits each of
them by itself, so that one that was interrupted goes on where it stopped. To undo an adoption
see `tables.reverse_statements`.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from harit_desktop.domain.status import DatabaseChange
from harit_desktop.storage.mysql.connection import ServerConnection
from harit_desktop.storage.mysql.errors import PROTOCOL_ERRORS, Remedy, ServerError, server_error
from harit_desktop.storage.mysql.tables import (
    CREATE_STORE,
    EXACT_COLUMNS,
    INDEXES,
    READINGS,
    SCHEMA_VERSION,
    STORE,
    Layout,
    ReadingsIndex,
    create_readings,
    index_definition,
    wanted_columns,
)

_LOCK_WAIT_S = 10
_COUNTED_ROWS = 2_000_000
"""Up to about so many rows a table is counted for the question; above, estimated."""

_STORE_ID = "SELECT value FROM harit_store WHERE name = 'store_id'"
_NOTE = (
    "INSERT INTO harit_store (name, value) VALUES (%s, %s)"
    " ON DUPLICATE KEY UPDATE value = VALUES(value)"
)
_UNFINISHED = "DELETE FROM harit_store WHERE name = 'schema_version'"

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
    newer version and for a table of this name that is no table of readings."""
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


def apply(connection: ServerConnection, database: str, approved: bool) -> Layout:
    """Makes or adds what the database lacks. Several programs may do so at once.

    `approved` is a person's yes to the `change` that `inspect` reported; without it a
    database that needs one is left alone (ConsentNeeded). Server-side work on a large
    table may take minutes: give a connection with a long read timeout. Raises ServerError.
    """
    with _exclusive(connection, database):
        found = inspect(connection, database)
        if found.layout is not None:
            return found.layout
        if found.change is not None and not approved:
            raise ConsentNeeded(found.change)
        _run(connection, CREATE_STORE, f"CREATE on {database}")
        if found.has_readings:
            _extend(connection, database, found)
        else:
            _create(connection, database, found.collation)
        _note(connection, "schema_version", str(SCHEMA_VERSION))
        found = inspect(connection, database)
    if found.layout is None:
        raise ServerError("server.failed", Remedy.WAIT, number=0, reason="tables not complete")
    return found.layout


class ConsentNeeded(ServerError):
    """The question to a person, as an error."""

    def __init__(self, change: DatabaseChange) -> None:
        params: dict[str, str | int | float] = {
            "database": change.database,
            "columns": len(change.columns),
        }
        code = "server.migration_needed"
        if change.kind == "adopt":
            code, params["rows"] = "server.adoption_needed", change.rows
        super().__init__(code, Remedy.ASK, 0, **params)
        self.change = change


def store_id_of(connection: ServerConnection) -> str:
    """The id of the store that answers; a cheap question that also tells whether it does.

    Raises ServerError with Remedy.INSPECT where the table is gone; "" where the row is.
    """
    return str(connection.value(_STORE_ID) or "")


def _needs_consent(meta: dict[str, str], ours: bool, adopted: bool, lacks_columns: bool) -> bool:
    version = int(meta.get("schema_version", "0"))
    if not version:
        # What was begun was allowed when it began; a table that is complete stays as it is.
        return "consent" not in meta and (lacks_columns or not ours)
    if version == SCHEMA_VERSION and ours:
        # Something of ours was taken away. Putting it back changes an old table, or ours.
        return adopted and lacks_columns
    return True


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


def _create(connection: ServerConnection, database: str, collation: str) -> None:
    """The tables of a new database. A new id says that nothing was ever sent here, also to
    the programs that knew a table of this name before."""
    _note(connection, "consent", "not needed")
    _note(connection, "layout", "new")
    _note(connection, "store_id", uuid.uuid4().hex)
    _run(connection, create_readings(collation), f"CREATE on {database}")


def _extend(connection: ServerConnection, database: str, found: Found) -> None:
    _note(connection, "consent", f"version {SCHEMA_VERSION}")
    _note(connection, "layout", "adopted" if found.adopted else "new")
    if "reading_key" in found.columns or not store_id_of(connection):
        # Nothing was ever sent into this table, whatever was known of an earlier one.
        connection.run(_UNFINISHED)
        _note(connection, "store_id", uuid.uuid4().hex)
    right = f"ALTER on {database}.{READINGS}"
    if found.columns:
        types = wanted_columns(adopted=found.adopted, collation=found.collation)
        added = ", ".join(f"ADD COLUMN `{name}` {types[name]}" for name in found.columns)
        _run(connection, f"ALTER TABLE {READINGS} {added}", right)
    for name in found.indexes:
        right = f"INDEX on {database}.{READINGS}"
        _run(connection, f"ALTER TABLE {READINGS} ADD {index_definition(name)}", right)


def _note(connection: ServerConnection, name: str, value: str) -> None:
    connection.run(_NOTE, name, value)
    connection.commit()


def _run(connection: ServerConnection, statement: str, right: str) -> None:
    """Runs a statement; where it is not allowed, the error names the right that is needed."""
    try:
        connection.run(statement)
    except PROTOCOL_ERRORS as error:
        named = server_error(error)
        if named.code == "server.permission":
            detail = f"{right}: {named.params['detail']}"[:200]
            raise ServerError(
                named.code, named.remedy, named.error_number, detail=detail
            ) from error
        raise


@contextmanager
def _exclusive(connection: ServerConnection, database: str) -> Iterator[None]:
    """Only one program changes a database's tables at a time. The server frees the lock of
    a program that dies."""
    name = "harit_" + hashlib.sha256(database.encode()).hexdigest()[:32]
    if connection.value("SELECT GET_LOCK(%s, %s)", name, _LOCK_WAIT_S) != 1:
        raise ServerError("server.locked", Remedy.WAIT)
    try:
        yield
    finally:
        try:
            connection.value("SELECT RELEASE_LOCK(%s)", name)
        except PROTOCOL_ERRORS:
            connection.break_off()


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
