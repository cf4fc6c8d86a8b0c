"""Makes the tables of a new database, or adds what those of an existing one lack.

An empty database gets its tables without asking. A database of the existing system, or of an
earlier version of this program, is changed only after a person's yes. Every change is an
addition, made in steps that look first whether they are still needed: MySQL commits each of
them by itself, so that one that was interrupted goes on where it stopped. `docs/store.md` says
how an adoption is undone.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from harit_desktop.domain.status import DatabaseChange
from harit_desktop.storage.mysql.connection import ServerConnection
from harit_desktop.storage.mysql.errors import PROTOCOL_ERRORS, Remedy, ServerError, server_error
from harit_desktop.storage.mysql.inspection import (
    Found,
    consent_note,
    inspect,
    store_id_of,
)
from harit_desktop.storage.mysql.tables import (
    CREATE_STORE,
    READINGS,
    SCHEMA_VERSION,
    Layout,
    create_readings,
    index_definition,
    wanted_columns,
)

_LOCK_WAIT_S = 10
_NOTE = (
    "INSERT INTO harit_store (name, value) VALUES (%s, %s)"
    " ON DUPLICATE KEY UPDATE value = VALUES(value)"
)
_UNFINISHED = "DELETE FROM harit_store WHERE name = 'schema_version'"


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


def _create(connection: ServerConnection, database: str, collation: str) -> None:
    """The tables of a new database. A new id says that nothing was ever sent here, also to
    the programs that knew a table of this name before."""
    _note(connection, "consent", "not needed")
    _note(connection, "layout", "new")
    _note(connection, "store_id", uuid.uuid4().hex)
    _run(connection, create_readings(collation), f"CREATE on {database}")


def _extend(connection: ServerConnection, database: str, found: Found) -> None:
    _note(connection, "consent", consent_note(SCHEMA_VERSION))
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
