"""Readings as a CSV file (header E): complete or not there, and importable again."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    String,
    func,
    literal_column,
    select,
    tuple_,
)

from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.export import ExportRequest
from harit_desktop.settings.atomic_file import NotRegularFileError, replacing
from harit_desktop.storage.csv_cells import EXPORT_HEADER, csv_bytes
from harit_desktop.storage.database_files import shm_of, wal_of
from harit_desktop.storage.export_rows import COLUMNS, ExportRow, cells, chosen, row_of
from harit_desktop.storage.reader import Cancelled, QueryCancelled, StoreReader, never
from harit_desktop.storage.schema import counters, devices, sensor_readings

if TYPE_CHECKING:
    from harit_desktop.storage.mysql.address import ServerAddress

PAGE_ROWS = 2000

_readings = sensor_readings.c

_UNINDEXED_PUBLISHER = literal_column("+sensor_readings.publisher_id", String)
_NO_ROWS: Sequence[Row[Any]] = ()


Span = tuple[int, int]
"""First and last time of the rows, by which an export tells how far it is."""


class _Scope(msgspec.Struct, frozen=True):
    """What was in the store when the export began; later rows are not exported."""

    last_id: int
    first_us: int
    last_us: int


def count_rows(
    db_path: Path,
    request: ExportRequest,
    cancelled: Cancelled = never,
    server: ServerAddress | None = None,
) -> int:
    """How many rows an export would write now. Raises KnownError, QueryCancelled."""
    if server is not None:
        from harit_desktop.storage.mysql.read_export import ServerExport

        return ServerExport(StoreReader(db_path), server, request, cancelled).count()

    def query(connection: Connection) -> int:
        if request.from_us is None and request.to_us is None:
            return _count_by_device(connection, request)
        statement = select(func.count()).select_from(sensor_readings)
        simulated = connection.scalar(
            select(counters.c.value).where(counters.c.name == "simulated_readings")
        )
        # Without simulated rows the index alone gives the answer.
        wanted = request
        if not simulated:
            wanted = msgspec.structs.replace(request, include_simulated=True)
        return int(connection.execute(chosen(statement, wanted)).scalar_one())

    return StoreReader(db_path).read(query, empty=0, cancelled=cancelled)


def export_csv(
    db_path: Path,
    request: ExportRequest,
    zone: tzinfo | None = None,
    progress: Callable[[float], None] = lambda _: None,
    cancelled: Cancelled = never,
    server: ServerAddress | None = None,
) -> int:
    """Writes the chosen readings, ordered by time, and returns how many.

    With a server those that it holds, and those of the journal that it does not hold yet.
    Times are written in `zone` with its offset (None: the system's). Reads page by page on
    connections of its own, so that recording goes on. `progress` gets 0..1.

    The file at `request.out` is replaced at the end, in one step. After an error or a cancel
    it is as it was. Raises QueryCancelled, the KnownError of the store or of the server
    (store.*, server.*), and KnownError export.no_folder, .not_a_file (a folder, link, device
    or the store itself stands there), .permission, .disk_full, .failed, each with `path` and
    `reason`.
    """
    _refuse_own_file(db_path, request.out)
    store = StoreReader(db_path)
    try:
        with replacing(request.out) as file:
            file.write(csv_bytes([EXPORT_HEADER]))
            write = partial(_write, file, zone, progress, cancelled)
            if server is None:
                return _write_local(store, request, cancelled, write)
            from harit_desktop.storage.mysql.read_export import ServerExport

            return ServerExport(store, server, request, cancelled).write(write)
    except OSError as error:
        raise _named(error, request.out) from error


def _write(
    file: BinaryIO,
    zone: tzinfo | None,
    progress: Callable[[float], None],
    cancelled: Cancelled,
    rows: Iterator[ExportRow],
    span: Span,
) -> int:
    first_us, last_us = span
    count = 0
    while page := list(itertools.islice(rows, PAGE_ROWS)):
        file.write(csv_bytes(cells(row, zone) for row in page))
        count += len(page)
        if len(page) == PAGE_ROWS:
            progress(min(1.0, (page[-1].timestamp_us - first_us) / max(1, last_us - first_us)))
        if cancelled():
            raise QueryCancelled
    if cancelled():
        raise QueryCancelled
    progress(1.0)
    return count


def _write_local(
    store: StoreReader,
    request: ExportRequest,
    cancelled: Cancelled,
    write: Callable[[Iterator[ExportRow], Span], int],
) -> int:
    scope = store.read(lambda c: _scope(c, request), empty=None, cancelled=cancelled)
    if scope is None:
        return write(iter(()), (0, 0))
    rows = map(row_of, _local_rows(store, request, scope, cancelled))
    return write(rows, (scope.first_us, scope.last_us))


def _local_rows(
    store: StoreReader, request: ExportRequest, scope: _Scope, cancelled: Cancelled
) -> Iterator[Row[Any]]:
    position: tuple[int, int] | None = None
    while True:
        page = partial(_read_page, request, scope, position)
        rows = store.read(page, empty=_NO_ROWS, cancelled=cancelled)
        yield from rows
        if len(rows) < PAGE_ROWS:
            return
        position = (rows[-1].timestamp_us, rows[-1].id)


def _refuse_own_file(db_path: Path, out: Path) -> None:
    own = {path.resolve() for path in (db_path, wal_of(db_path), shm_of(db_path))}
    if out.resolve() in own:
        raise KnownError("export.not_a_file", path=str(out), reason="the program's own database")


def _scope(connection: Connection, request: ExportRequest) -> _Scope | None:
    last_id = connection.scalar(select(func.max(_readings.id)))
    # Two statements, because SQLite looks up only one end of an index at a time.
    first_us = connection.scalar(select(func.min(_readings.timestamp_us)))
    last_us = connection.scalar(select(func.max(_readings.timestamp_us)))
    if last_id is None or first_us is None or last_us is None:
        return None
    from_us = first_us if request.from_us is None else max(first_us, request.from_us)
    to_us = last_us if request.to_us is None else min(last_us, request.to_us)
    return _Scope(last_id, from_us, to_us)


def _read_page(
    request: ExportRequest,
    scope: _Scope,
    after: tuple[int, int] | None,
    connection: Connection,
) -> Sequence[Row[Any]]:
    """The next `PAGE_ROWS` rows after a time and an id."""
    statement = select(*COLUMNS).where(_readings.id <= scope.last_id)
    several = len(request.publisher_ids or ()) > 1
    # The plus keeps SQLite from sorting the rest of these devices' rows for every page.
    publisher_id = _UNINDEXED_PUBLISHER if several else _readings.publisher_id
    statement = chosen(statement, request, publisher_id=publisher_id)
    if after is not None:
        statement = statement.where(tuple_(_readings.timestamp_us, _readings.id) > after)
    statement = statement.order_by(_readings.timestamp_us, _readings.id).limit(PAGE_ROWS)
    return connection.execute(statement).all()


def _count_by_device(connection: Connection, request: ExportRequest) -> int:
    counted: ColumnElement[int] = devices.c.reading_count
    if not request.include_simulated:
        counted = counted - devices.c.simulated_count
    statement = select(func.coalesce(func.sum(counted), 0))
    if request.publisher_ids is not None:
        statement = statement.where(devices.c.publisher_id.in_(request.publisher_ids))
    return int(connection.execute(statement).scalar_one())


def _named(error: OSError, path: Path) -> KnownError:
    codes = {
        errno.ENOENT: "export.no_folder",
        errno.ENOTDIR: "export.no_folder",
        errno.EACCES: "export.permission",
        errno.EPERM: "export.permission",
        errno.EROFS: "export.permission",
        errno.ENOSPC: "export.disk_full",
        errno.EDQUOT: "export.disk_full",
    }
    code = codes.get(error.errno or 0, "export.failed")
    if isinstance(error, NotRegularFileError):
        code = "export.not_a_file"
    return KnownError(code, path=str(path), reason=(error.strerror or str(error))[:200])
