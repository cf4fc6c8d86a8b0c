"""What an export asks for, from the server and the journal's tail, in the order of time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Row, Select, func, or_, select

from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.export import ExportRequest
from harit_desktop.storage import export
from harit_desktop.storage.export_buckets import BUCKET_US
from harit_desktop.storage.export_rows import (
    ExportRow,
    chosen,
    columns_of,
    needs_flags,
    row_of,
)
from harit_desktop.storage.mysql.address import ServerAddress
from harit_desktop.storage.mysql.connection import connect
from harit_desktop.storage.mysql.inspection import inspect
from harit_desktop.storage.mysql.read_lists import Span, server_span
from harit_desktop.storage.mysql.read_rows import score_of, values_of
from harit_desktop.storage.mysql.read_tail import NO_TAIL, TailRows, rows_by_id, tail_rows
from harit_desktop.storage.mysql.reading import EXPORT_TIMEOUT_S, ServerReader, Snapshot, slices
from harit_desktop.storage.mysql.tables import READINGS
from harit_desktop.storage.reader import Cancelled, QueryCancelled, StoreReader
from harit_desktop.storage.rollup import MINUTE_US
from harit_desktop.storage.schema import sensor_readings

T = TypeVar("T")

_COUNT_UNIT_US = MINUTE_US
_LARGE_PART = 0.25


class ServerExport:
    """The rows of an export on a connection of its own, which ends with the export.

    Everything is read from one state of the server, so that a long export is as true as a
    short one. Nothing is left out in silence: what the server cannot answer is an error.
    """

    def __init__(
        self,
        store: StoreReader,
        address: ServerAddress,
        request: ExportRequest,
        cancelled: Cancelled,
    ) -> None:
        self._store = store
        self._address = address
        self._request = request
        self._cancelled = cancelled
        self._with_flags = needs_flags(request)

    def count(self) -> int:
        """How many rows there are. Raises KnownError, QueryCancelled."""

        def query(snapshot: Snapshot, tail: TailRows) -> int:
            if self._request.bucketed:
                return self._bucket_count(snapshot, tail)
            total = sum(len(rows) for rows in self._tail_pages(snapshot, tail, keys_only=True))
            span = self._span(snapshot)
            return total if span is None else total + self._server_count(snapshot, span)

        return self._read(query)

    def write(self, write: Callable[[Iterator[ExportRow], tuple[int, int]], T]) -> T:
        """The answer of `write`, which gets all rows and the first and last time of all."""

        def query(snapshot: Snapshot, tail: TailRows) -> T:
            spans = [span for span in (self._span(snapshot), tail.span()) if span is not None]
            first_us = min((span[0] for span in spans), default=0)
            last_us = max((span[1] for span in spans), default=0)
            pages = self._tail_pages(snapshot, tail)
            kept = (row_of(row, self._with_flags) for page in pages for row in page)
            rows = heapq.merge(self._server_rows(snapshot), kept, key=lambda row: row.timestamp_us)
            return write(rows, (first_us, last_us))

        return self._read(query)

    def _read(self, query: Callable[[Snapshot, TailRows], T]) -> T:
        server = ServerReader(self._address, EXPORT_TIMEOUT_S)
        try:
            return server.read(self._tail, query, self._cancelled)
        except KnownError as error:
            if error.code != "server.table_missing":
                raise
            raise self._what_is_missing() from error
        finally:
            server.close()

    def _what_is_missing(self) -> KnownError:
        """Why the server has no tables for this program."""
        with closing(connect(self._address)) as connection:
            found = inspect(connection, self._address.database)
        if found.change is not None:
            change, columns = found.change, len(found.change.columns)
            if change.kind == "migrate":
                return KnownError(
                    "server.migration_needed", database=change.database, columns=columns
                )
            return KnownError(
                "server.adoption_needed",
                database=change.database,
                rows=change.rows,
                columns=columns,
            )
        return KnownError("server.table_missing", table=READINGS)

    def _tail(self, store_id: str) -> TailRows:
        return self._store.read(
            lambda c: tail_rows(c, store_id, self._request),
            empty=NO_TAIL,
            cancelled=self._cancelled,
        )

    def _tail_pages(
        self, snapshot: Snapshot, tail: TailRows, keys_only: bool = False
    ) -> Iterator[list[Row[Any]]]:
        """The tail's rows that the server has not."""
        key = sensor_readings.c.reading_key
        columns = [key] if keys_only else [*columns_of(self._request), key]
        for first in range(0, len(tail.ids), export.PAGE_ROWS):
            ids = tail.ids[first : first + export.PAGE_ROWS].tolist()
            rows: Sequence[Row[Any]] = self._store.read(
                partial(rows_by_id, columns, ids), empty=(), cancelled=self._cancelled
            )
            if len(rows) < len(ids):
                reason = "readings left the journal meanwhile"
                raise KnownError("export.failed", path=str(self._request.out), reason=reason)
            known = snapshot.known([row.reading_key for row in rows], self._cancelled)
            yield [row for row in rows if row.reading_key not in known]

    def _server_count(self, snapshot: Snapshot, span: Span) -> int:
        c, connection = snapshot.columns.c, snapshot.connection
        over, unit, ends = c.timestamp_us, _COUNT_UNIT_US, span
        counted = self._chosen(select(func.count()), snapshot)
        publisher_ids = self._request.publisher_ids
        if publisher_ids is None or len(publisher_ids) > 1:
            whole = server_span(snapshot) or span
            if span[1] - span[0] > _LARGE_PART * (whole[1] - whole[0]):
                # Most of the table: quicker as it lies than through an index.
                over, unit = c.id, 1
                first_id, last_id = connection.execute(select(func.min(c.id), func.max(c.id))).one()
                ends = (first_id, last_id)
                counted = counted.with_hint(snapshot.columns.readings, "USE INDEX (PRIMARY)")
        total = 0
        for first, last in slices(*ends, unit, self._cancelled):
            total += connection.scalar(counted.where(over.between(first, last))) or 0
        return total

    def _bucket_count(self, snapshot: Snapshot, tail: TailRows) -> int:
        """Minutes or hours of either store, each counted once."""
        size_us = BUCKET_US[self._request.content]
        c, connection = snapshot.columns.c, snapshot.connection
        begin = c.timestamp_us.op("DIV")(size_us).label("begin")
        buckets = self._chosen(select(c.publisher_id, begin).distinct(), snapshot)
        new = {
            (row.publisher_id, row.timestamp_us // size_us)
            for page in self._tail_pages(snapshot, tail)
            for row in page
        }
        span = self._span(snapshot)
        if span is None:
            return len(new)
        total = 0
        for part in slices(*span, size_us, self._cancelled):
            within = buckets.where(c.timestamp_us.between(*part)).subquery()
            total += connection.scalar(select(func.count()).select_from(within)) or 0
        if not new:
            return total
        begins = [begin for _, begin in new]
        first_us, last_us = min(begins) * size_us, (max(begins) + 1) * size_us - 1
        for part in slices(max(first_us, span[0]), min(last_us, span[1]), size_us, self._cancelled):
            known = connection.execute(buckets.where(c.timestamp_us.between(*part)))
            new.difference_update((row.publisher_id, row.begin) for row in known)
        return total + len(new)

    def _server_rows(self, snapshot: Snapshot) -> Iterator[ExportRow]:
        columns = snapshot.columns
        c = columns.c
        statement = self._chosen(
            select(
                *(c.id, c.timestamp_us, c.publisher_id, c.health_index, c.health_status),
                *(c.is_anomalous, c.critical_factors, c.source),
                *columns.values,
                columns.score,
                columns.written_by_old,
                *((*columns.flags, c.quality_reasons) if self._with_flags else ()),
            ),
            snapshot,
        )
        statement = statement.order_by(c.timestamp_us, c.id).limit(export.PAGE_ROWS)
        page = statement
        while True:
            if self._cancelled():
                raise QueryCancelled
            rows = snapshot.connection.execute(page).all()
            for row in rows:
                flags, reasons = (), None
                if self._with_flags:
                    flags = tuple(row._mapping[flag] for flag in columns.flags)
                    reasons = row.quality_reasons
                yield ExportRow(
                    timestamp_us=row.timestamp_us,
                    publisher_id=row.publisher_id,
                    values=values_of(row, columns),
                    health_index=row.health_index,
                    health_status=row.health_status,
                    is_anomalous=None if row.is_anomalous is None else bool(row.is_anomalous),
                    anomaly_score=score_of(row, columns),
                    critical_factors=row.critical_factors,
                    source=row.source,
                    flags=flags,
                    reasons=reasons,
                )
            if len(rows) < export.PAGE_ROWS:
                return
            last = rows[-1]
            # Not as a comparison of pairs, for which MySQL does not use the index.
            page = statement.where(
                c.timestamp_us >= last.timestamp_us,
                or_(c.timestamp_us > last.timestamp_us, c.id > last.id),
            )

    def _span(self, snapshot: Snapshot) -> Span | None:
        """The times between which the server has rows for this export, or None."""
        found = server_span(snapshot)
        if found is None:
            return None
        request = self._request
        first_us = found[0] if request.from_us is None else max(found[0], request.from_us)
        last_us = found[1] if request.to_us is None else min(found[1], request.to_us)
        return (first_us, last_us) if first_us <= last_us else None

    def _chosen(self, statement: Select[Any], snapshot: Snapshot) -> Select[Any]:
        request, c = self._request, snapshot.columns.c
        statement = statement.select_from(snapshot.columns.readings).where(*snapshot.columns.shown)
        several = len(request.publisher_ids or ()) > 1
        # Not through the index of publishers, which would sort all for every page.
        publisher_id = func.concat(c.publisher_id) if several else c.publisher_id
        return chosen(statement, request, c.timestamp_us, publisher_id, c.source)
