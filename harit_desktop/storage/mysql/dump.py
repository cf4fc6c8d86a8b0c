"""A dump of our tables on the server: one state of them, read in pages while rows arrive."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from pymysql.converters import encoders, escape_item

from harit_desktop.domain.backup import MYSQL, BackupInfo
from harit_desktop.domain.errors import KnownError
from harit_desktop.storage.mysql.address import ServerAddress
from harit_desktop.storage.mysql.dump_file import (
    FORMAT,
    SETTINGS,
    TABLES,
    Header,
    Trailer,
    header_line,
    trailer_line,
)
from harit_desktop.storage.mysql.dump_session import JobSession, job_session
from harit_desktop.storage.mysql.tables import READINGS, STORE
from harit_desktop.storage.reader import Cancelled, never

PAGE_ROWS = 1000
STATEMENT_CHARS = 128 * 1024
_GZIP_LEVEL = 4
"""Three quarters of what the best level saves, in a third of its time."""

_SNAPSHOT = (
    "SET SESSION time_zone = '+00:00'",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)


class _Column(msgspec.Struct, frozen=True):
    name: str
    data_type: str

    @property
    def selected(self) -> str:
        # The text of a FLOAT has six digits; as a DOUBLE it has all of them.
        return f"{quoted(self.name)} + 0e0" if self.data_type == "float" else quoted(self.name)


class _Table(msgspec.Struct, frozen=True):
    name: str
    create: str
    columns: tuple[_Column, ...]
    key: str


def write_dump(
    address: ServerAddress,
    file: BinaryIO,
    made_us: int,
    need_room: Callable[[int], None],
    cancelled: Cancelled = never,
) -> BackupInfo:
    """Writes a dump into an empty file and says what is in it (but not where).

    `need_room` is told about how many bytes there will be before the first is written.
    Raises KnownError server.*, OSError, QueryCancelled.
    """
    with job_session(address, cancelled) as session:
        need_room(_size_bytes(session) // 2)
        for statement in _SNAPSHOT:
            session.run(statement)
        tables = _tables(session)
        version = _version(session, tables)
        server = session.connection.version
        header = Header(FORMAT, address.database, server, made_us, version)
        with gzip.GzipFile("", "wb", _GZIP_LEVEL, file) as packed:
            trailer = _Writer(packed).write(session, header, tables)
        file.flush()
    readings = trailer.rows[READINGS]
    return BackupInfo(
        Path(), MYSQL, made_us, 0, readings, trailer.first_us, trailer.last_us, version
    )


class _Writer:
    """Writes lines and remembers what the last one has to say."""

    def __init__(self, packed: gzip.GzipFile) -> None:
        self._packed = packed
        self._lines = 0
        self._first_us: int | None = None
        self._last_us: int | None = None

    def write(self, session: JobSession, header: Header, tables: Sequence[_Table]) -> Trailer:
        self._line(header_line(header))
        for line in SETTINGS:
            self._line(line)
        for table in tables:
            self._line(table.create)
        rows = {table.name: self._rows(session, table) for table in tables}
        trailer = Trailer(rows, self._lines, self._first_us, self._last_us)
        self._line(trailer_line(trailer))
        return trailer

    def _line(self, text: str) -> None:
        self._packed.write(text.encode() + b"\n")
        self._lines += 1

    def _rows(self, session: JobSession, table: _Table) -> int:
        names = ", ".join(quoted(column.name) for column in table.columns)
        start = f"INSERT INTO {quoted(table.name)} ({names}) VALUES "  # noqa: S608 - quoted names
        time_at = _time_position(table)
        count = 0
        for page in _pages(session, table):
            if time_at is not None:
                self._see([row[time_at] for row in page if row[time_at] is not None])
            for statement in _statements(start, page):
                self._line(statement)
            count += len(page)
        return count

    def _see(self, times_us: Sequence[int]) -> None:
        """Widens the span of the readings."""
        if not times_us:
            return
        first_us, last_us = min(times_us), max(times_us)
        self._first_us = first_us if self._first_us is None else min(self._first_us, first_us)
        self._last_us = last_us if self._last_us is None else max(self._last_us, last_us)


def _time_position(table: _Table) -> int | None:
    names = [column.name for column in table.columns]
    if table.name != READINGS or "timestamp_us" not in names:
        return None
    return names.index("timestamp_us")


def _size_bytes(session: JobSession) -> int:
    """About what our tables take on the server's disk without their indexes."""
    size = session.value(
        "SELECT sum(data_length) FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND table_name IN %s",
        TABLES,
    )
    return int(size or 0)


def _tables(session: JobSession) -> list[_Table]:
    """Ours, as far as they are there. Raises KnownError(server.table_missing)."""
    found = {
        str(row[0])
        for row in session.rows(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'"
        )
    }
    if READINGS not in found:
        raise KnownError("server.table_missing", table=READINGS)
    return [_table(session, name) for name in TABLES if name in found]


def _table(session: JobSession, name: str) -> _Table:
    columns = session.rows(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = DATABASE() AND table_name = %s"
        " AND extra NOT LIKE '%% GENERATED' ORDER BY ordinal_position",
        name,
    )
    keys = session.rows(
        "SELECT column_name FROM information_schema.statistics"
        " WHERE table_schema = DATABASE() AND table_name = %s AND index_name = 'PRIMARY'",
        name,
    )
    if len(keys) != 1:
        # Without it there are no pages; no table of ours or of the existing system lacks it.
        raise KnownError("server.failed", number=0, reason=f"{name} has no simple primary key")
    create = str(session.rows(f"SHOW CREATE TABLE {quoted(name)}")[0][1])
    return _Table(
        name,
        create.replace("\n", " ") + ";",
        tuple(_Column(str(column), str(kind).lower()) for column, kind in columns),
        str(keys[0][0]),
    )


def _version(session: JobSession, tables: Sequence[_Table]) -> int:
    if not any(table.name == STORE for table in tables):
        return 0
    text = session.value("SELECT value FROM harit_store WHERE name = 'schema_version'")
    return int(text) if str(text).isdecimal() else 0


def _pages(session: JobSession, table: _Table) -> Iterator[list[tuple[Any, ...]]]:
    """All rows in the order of the key, a page at a time; the key is not in the rows."""
    columns = ", ".join([*(column.selected for column in table.columns), quoted(table.key)])
    query = f"SELECT {columns} FROM {quoted(table.name)}"  # noqa: S608 - quoted names
    order = f" ORDER BY {quoted(table.key)} LIMIT {PAGE_ROWS}"
    page = session.rows(query + order)
    while page:
        yield [row[:-1] for row in page]
        if len(page) < PAGE_ROWS:
            return
        page = session.rows(f"{query} WHERE {quoted(table.key)} > %s{order}", page[-1][-1])


def _statements(start: str, page: Sequence[Sequence[Any]]) -> Iterator[str]:
    """The page's rows as statements of a size that every server takes."""
    parts: list[str] = []
    size = 0
    for row in page:
        part = f"({', '.join([_literal(value) for value in row])})"
        if parts and size + len(part) > STATEMENT_CHARS:
            yield f"{start}{', '.join(parts)};"
            parts, size = [], 0
        parts.append(part)
        size += len(part)
    yield f"{start}{', '.join(parts)};"


def _literal(value: Any) -> str:
    """The value in SQL, on one line, so that it is read back as exactly the same."""
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    return str(escape_item(value, "utf8mb4", encoders))


def quoted(name: str) -> str:
    """A name of a table or column in SQL."""
    return f"`{name.replace('`', '``')}`"
