"""Readings as a file: complete or not there, and as header E of CSV importable again."""

from __future__ import annotations

import heapq
import io
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

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

from harit_desktop.domain.device_book import DeviceBook
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.export import CORRECTED, NAME, ExportPreview, ExportRequest
from harit_desktop.settings.atomic_file import replacing
from harit_desktop.storage.database_files import shm_of, wal_of
from harit_desktop.storage.device_store import DeviceStore
from harit_desktop.storage.export_buckets import BUCKET_US, BucketRow, buckets_of
from harit_desktop.storage.export_errors import write_error
from harit_desktop.storage.export_layout import AnyRow, Layout
from harit_desktop.storage.export_rollups import RolledDevices, RollupExport, rolled_devices
from harit_desktop.storage.export_rows import (
    ExportRow,
    chosen,
    columns_of,
    needs_flags,
    row_of,
)
from harit_desktop.storage.export_text import CsvWriter, FileWriter, writer_for
from harit_desktop.storage.reader import Cancelled, QueryCancelled, StoreReader, never
from harit_desktop.storage.schema import counters, devices, sensor_readings

if TYPE_CHECKING:
    from harit_desktop.storage.mysql.address import ServerAddress

T = TypeVar("T")

PAGE_ROWS = 2000
PREVIEW_ROWS = 5
_SAMPLE_ROWS = 500

_readings = sensor_readings.c

_UNINDEXED_PUBLISHER = literal_column("+sensor_readings.publisher_id", String)
_NO_ROWS: Sequence[Row[Any]] = ()


Span = tuple[int, int]
"""First and last time of the rows, by which an export tells how far it is."""

Rows = Iterator[AnyRow]


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
    store = StoreReader(db_path)
    if server is not None:
        from harit_desktop.storage.mysql.read_export import ServerExport

        return ServerExport(store, server, request, cancelled).count()
    if request.bucketed:
        return _count_buckets(store, request, cancelled)

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

    return store.read(query, empty=0, cancelled=cancelled)


def export_readings(
    db_path: Path,
    request: ExportRequest,
    zone: tzinfo | None = None,
    progress: Callable[[float], None] = lambda _: None,
    cancelled: Cancelled = never,
    server: ServerAddress | None = None,
) -> int:
    """Writes the chosen readings, ordered by time, and returns how many rows.

    With a server those that it holds, and those of the journal that it does not hold yet.
    Times are written in `zone` (None: the system's). Reads page by page on connections of
    its own, so that recording goes on. `progress` gets 0..1.

    The file at `request.out` is replaced at the end, in one step. After an error or a cancel
    it is as it was. Raises QueryCancelled, the KnownError of the store or of the server
    (store.*, server.*), and KnownError export.no_folder, .not_a_file (a folder, link, device
    or the store itself stands there), .permission, .disk_full, .failed, each with `path` and
    `reason`.
    """
    _refuse_own_file(db_path, request.out)
    layout = Layout(request, _book(db_path, request))
    try:
        with replacing(request.out) as file, _writing(file, request, layout, zone) as writer:
            write = partial(_write, writer, layout, progress, cancelled)
            return _with_rows(StoreReader(db_path), request, cancelled, server, write)
    except OSError as error:
        raise write_error(error, request.out) from error


def preview_rows(
    db_path: Path,
    request: ExportRequest,
    zone: tzinfo | None = None,
    cancelled: Cancelled = never,
    server: ServerAddress | None = None,
) -> ExportPreview:
    """The head of the file that an export would write now. Raises KnownError, QueryCancelled.

    Reads no more than a page of rows; in a kind of file other than CSV the texts are those
    that stand for the same values.
    """
    layout = Layout(request, _book(db_path, request))

    def sample(rows: Rows, _: Span) -> ExportPreview:
        page = list(itertools.islice(rows, _SAMPLE_ROWS))
        cells = layout.cells(page)
        texts = CsvWriter(io.BytesIO(), request, layout.columns, zone)
        shown = zip(*texts.texts([column[:PREVIEW_ROWS] for column in cells]), strict=True)
        return ExportPreview(
            tuple(column.name for column in layout.columns),
            tuple(tuple("" if cell is None else str(cell) for cell in row) for row in shown),
            _row_bytes(request, layout, zone, page),
        )

    return _with_rows(StoreReader(db_path), request, cancelled, server, sample)


def _row_bytes(
    request: ExportRequest, layout: Layout, zone: tzinfo | None, page: list[AnyRow]
) -> float:
    if not page:
        return 0.0
    sizes = []
    nothing: list[AnyRow] = []
    for rows in (nothing, page):
        file = io.BytesIO()
        with _writing(file, request, layout, zone) as writer:
            if rows:
                writer.page(layout.cells(rows))
        sizes.append(len(file.getvalue()))
    return (sizes[1] - sizes[0]) / len(page)


def _book(db_path: Path, request: ExportRequest) -> DeviceBook:
    if not (request.has(NAME) or request.has(CORRECTED)):
        return DeviceBook()
    return DeviceStore(db_path, lambda: 0).load()


@contextmanager
def _writing(
    file: BinaryIO, request: ExportRequest, layout: Layout, zone: tzinfo | None
) -> Iterator[FileWriter]:
    """A writer that has begun; the file is ended with the block, unless it failed."""
    writer = writer_for(file, request, layout.columns, zone)
    try:
        writer.begin()
        yield writer
        writer.end()
    except BaseException:
        writer.give_up()
        raise


def _write(
    writer: FileWriter,
    layout: Layout,
    progress: Callable[[float], None],
    cancelled: Cancelled,
    rows: Rows,
    span: Span,
) -> int:
    first_us, last_us = span
    count = 0
    while page := list(itertools.islice(rows, PAGE_ROWS)):
        writer.page(layout.cells(page))
        count += len(page)
        if len(page) == PAGE_ROWS:
            progress(min(1.0, (page[-1].timestamp_us - first_us) / max(1, last_us - first_us)))
        if cancelled():
            raise QueryCancelled
    if cancelled():
        raise QueryCancelled
    progress(1.0)
    return count


def _with_rows(
    store: StoreReader,
    request: ExportRequest,
    cancelled: Cancelled,
    server: ServerAddress | None,
    use: Callable[[Rows, Span], T],
) -> T:
    """The answer of `use`, which gets all rows of the file and the first and last time."""
    if server is None:
        return use(*_local(store, request, cancelled))
    from harit_desktop.storage.mysql.read_export import ServerExport

    def use_rows(rows: Iterator[ExportRow], span: Span) -> T:
        if request.bucketed:
            return use(buckets_of(rows, BUCKET_US[request.content]), span)
        return use(rows, span)

    return ServerExport(store, server, request, cancelled).write(use_rows)


def _local(store: StoreReader, request: ExportRequest, cancelled: Cancelled) -> tuple[Rows, Span]:
    scope = store.read(lambda c: _scope(c, request), empty=None, cancelled=cancelled)
    if scope is None or scope.first_us > scope.last_us:
        return iter(()), (0, 0)
    span = scope.first_us, scope.last_us
    if not request.bucketed:
        return _local_readings(store, request, scope, cancelled), span
    found = _rolled_devices(store, request, cancelled)
    rolled = RollupExport(store, request.content, span, cancelled).rows(found.rolled)
    rest = _buckets_of_readings(store, request, scope, cancelled, found)
    return heapq.merge(rolled, rest, key=lambda row: row[:2]), span


def _rolled_devices(
    store: StoreReader, request: ExportRequest, cancelled: Cancelled
) -> RolledDevices:
    return store.read(
        partial(rolled_devices, request), empty=RolledDevices((), ()), cancelled=cancelled
    )


def _buckets_of_readings(
    store: StoreReader,
    request: ExportRequest,
    scope: _Scope,
    cancelled: Cancelled,
    found: RolledDevices,
) -> Iterator[BucketRow]:
    """Of the devices of which the rollups do not know enough."""
    if not found.as_readings:
        return iter(())
    wanted = request
    if found.rolled:
        wanted = msgspec.structs.replace(request, publisher_ids=found.as_readings)
    return buckets_of(_local_readings(store, wanted, scope, cancelled), BUCKET_US[request.content])


def _count_buckets(store: StoreReader, request: ExportRequest, cancelled: Cancelled) -> int:
    scope = store.read(lambda c: _scope(c, request), empty=None, cancelled=cancelled)
    if scope is None or scope.first_us > scope.last_us:
        return 0
    found = _rolled_devices(store, request, cancelled)
    span = scope.first_us, scope.last_us
    rolled = RollupExport(store, request.content, span, cancelled).count(found.rolled)
    return rolled + sum(1 for _ in _buckets_of_readings(store, request, scope, cancelled, found))


def _local_readings(
    store: StoreReader, request: ExportRequest, scope: _Scope, cancelled: Cancelled
) -> Iterator[ExportRow]:
    with_flags, with_extras = needs_flags(request), request.with_extras
    rows = _local_rows(store, request, scope, cancelled)
    return (row_of(row, with_flags, with_extras) for row in rows)


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
    statement = select(*columns_of(request)).where(_readings.id <= scope.last_id)
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
