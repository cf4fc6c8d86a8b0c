"""Minutes and hours of an export from the journal's rollups.

The rollups lack the newest readings and know nothing of where a range cuts a minute: both
come from the readings themselves, in the same transaction as the page of rollups beside them,
so that every reading counts once. A device that has simulated and real readings cannot be
told apart there and is read as readings.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.export import ExportContent, ExportRequest
from harit_desktop.storage.buckets import can_use_rollups
from harit_desktop.storage.export_buckets import BUCKET_US, BucketRow, BucketSums
from harit_desktop.storage.reader import Cancelled, StoreReader
from harit_desktop.storage.rollup import PARTS_OF_READINGS, rolled_up_to
from harit_desktop.storage.schema import devices

MAX_NOT_ROLLED_UP = 20_000
"""Where maintenance has more readings before it, the export reads the readings instead."""

_ROWS_AT_A_TIME = 5000
_LEAST_PAGE = 20
_PER_CHANNEL = 5
_HEAD = 4
_TABLES = {ExportContent.MINUTE: "rollups_minute", ExportContent.HOUR: "rollups_hour"}


def _stored() -> str:
    parts = ("count", "sum", "low", "high", "worst")
    return ", ".join(f'"{part}_{channel.column}"' for channel in CHANNELS for part in parts)


_SCOPE = "publisher_id = :publisher_id AND start_us >= :from_us AND start_us < :end_us"
# Before 1970, too, where SQLite rounds towards zero.
_START = "timestamp_us - ((timestamp_us % :size_us + :size_us) % :size_us)"
_BY_DEVICE = "publisher_id = :publisher_id AND timestamp_us >= :from_us AND timestamp_us < :end_us"
# By their ids, because they are the newest few of all; `+` keeps SQLite from another index.
_BY_ID = (
    "id > :done AND +publisher_id = :publisher_id"
    " AND +timestamp_us >= :from_us AND +timestamp_us < :end_us"
)


def _made(condition: str) -> str:
    """Buckets of the readings that a condition chooses."""
    parts = [f"{_START} AS begins_us", "count(*)", "count(health_index)"]
    parts += ["coalesce(sum(health_index), 0)", *PARTS_OF_READINGS]
    columns = ", ".join(parts)
    return f"SELECT {columns} FROM sensor_readings WHERE {condition} GROUP BY 1"  # noqa: S608 - all of ours


_CUT = _made(_BY_DEVICE)
_NOT_ROLLED_UP = _made(_BY_ID)


def _page(table: str) -> str:
    columns = f"start_us, reading_count, index_count, index_sum, {_stored()}"
    return f"SELECT {columns} FROM {table} WHERE {_SCOPE} ORDER BY start_us LIMIT :rows"  # noqa: S608 - all of ours


def _count(table: str) -> str:
    return f"SELECT count(*) FROM {table} WHERE {_SCOPE}"  # noqa: S608 - all of ours


def _count_new(table: str) -> str:
    """Buckets that the rollups do not have at all yet."""
    new = f"SELECT DISTINCT {_START} AS begins_us FROM sensor_readings WHERE {_BY_ID}"  # noqa: S608 - all of ours
    known = f"FROM {table} WHERE publisher_id = :publisher_id AND start_us = new.begins_us"
    return f"SELECT count(*) FROM ({new}) AS new WHERE NOT EXISTS (SELECT 1 {known})"  # noqa: S608 - all of ours


class RolledDevices(msgspec.Struct, frozen=True):
    """Whose buckets come from the rollups, and who has to be read reading by reading."""

    rolled: tuple[str, ...]
    as_readings: tuple[str, ...]


def rolled_devices(request: ExportRequest, connection: Connection) -> RolledDevices:
    """How to read the devices of the request."""
    known = devices.c
    statement = select(known.publisher_id, known.reading_count, known.simulated_count)
    if request.publisher_ids is not None:
        statement = statement.where(known.publisher_id.in_(request.publisher_ids))
    rows = connection.execute(statement.order_by(known.publisher_id)).all()
    names = [
        row.publisher_id
        for row in rows
        if request.include_simulated or row.simulated_count < row.reading_count
    ]
    if not can_use_rollups(_driver(connection), MAX_NOT_ROLLED_UP):
        return RolledDevices((), tuple(names))
    mixed = {r.publisher_id for r in rows if r.simulated_count and not request.include_simulated}
    return RolledDevices(
        tuple(name for name in names if name not in mixed),
        tuple(name for name in names if name in mixed),
    )


class RollupExport:
    """The buckets of some devices from `from_us` to `to_us`, both inclusive."""

    def __init__(
        self,
        store: StoreReader,
        content: ExportContent,
        span: tuple[int, int],
        cancelled: Cancelled,
    ) -> None:
        self._store = store
        self._cancelled = cancelled
        self._from_us, self._end_us = span[0], span[1] + 1
        self._size_us = BUCKET_US[content]
        self._page = _page(_TABLES[content])
        self._count = _count(_TABLES[content])
        self._count_new = _count_new(_TABLES[content])
        size_us = self._size_us
        # Whole buckets lie between these; equal or crossed where there is none.
        self._whole_from_us = -(-self._from_us // size_us) * size_us
        self._whole_end_us = self._end_us // size_us * size_us

    def rows(self, publisher_ids: Sequence[str]) -> Iterator[BucketRow]:
        """By time and device. Raises KnownError, QueryCancelled."""
        page_rows = max(_LEAST_PAGE, _ROWS_AT_A_TIME // max(1, len(publisher_ids)))
        return heapq.merge(
            *(self._of_device(publisher_id, page_rows) for publisher_id in publisher_ids),
            key=lambda row: row[:2],
        )

    def count(self, publisher_ids: Sequence[str]) -> int:
        """How many buckets there are."""

        def query(connection: Connection) -> int:
            driver = _driver(connection)
            return sum(self._count_device(driver, name) for name in publisher_ids)

        return self._store.read(query, empty=0, cancelled=self._cancelled)

    def _of_device(self, publisher_id: str, page_rows: int) -> Iterator[BucketRow]:
        for from_us, end_us in self._cut_before():
            yield from self._read(partial(self._cut_rows, publisher_id, from_us, end_us))
        from_us = self._whole_from_us
        nothing: tuple[list[BucketRow], int] = ([], self._whole_end_us)
        while from_us < self._whole_end_us:
            page: Callable[[Connection], tuple[list[BucketRow], int]] = partial(
                self._read_page, publisher_id, from_us, page_rows
            )
            rows, from_us = self._store.read(page, empty=nothing, cancelled=self._cancelled)
            yield from rows
        for from_us, end_us in self._cut_after():
            yield from self._read(partial(self._cut_rows, publisher_id, from_us, end_us))

    def _read(self, query: Any) -> list[BucketRow]:
        return self._store.read(query, empty=[], cancelled=self._cancelled)

    def _cut_before(self) -> list[tuple[int, int]]:
        end_us = min(self._whole_from_us, self._end_us)
        return [(self._from_us, end_us)] if self._from_us < end_us else []

    def _cut_after(self) -> list[tuple[int, int]]:
        from_us = max(self._whole_end_us, self._whole_from_us)
        return [(from_us, self._end_us)] if from_us < self._end_us else []

    def _read_page(
        self, publisher_id: str, from_us: int, page_rows: int, connection: Connection
    ) -> tuple[list[BucketRow], int]:
        """The next buckets, and where those after them begin."""
        driver = _driver(connection)
        end_us = self._whole_end_us
        bounds = {"publisher_id": publisher_id, "from_us": from_us, "end_us": end_us}
        stored = driver.execute(self._page, {**bounds, "rows": page_rows}).fetchall()
        if len(stored) == page_rows:
            end_us = bounds["end_us"] = stored[-1][0] + self._size_us
        scope = {**bounds, "size_us": self._size_us, "done": rolled_up_to(driver)}
        new = driver.execute(_NOT_ROLLED_UP, scope).fetchall()
        return _added(publisher_id, stored, new), end_us

    def _cut_rows(
        self, publisher_id: str, from_us: int, end_us: int, connection: Connection
    ) -> list[BucketRow]:
        scope = {"publisher_id": publisher_id, "from_us": from_us, "end_us": end_us}
        found = _driver(connection).execute(_CUT, {**scope, "size_us": self._size_us})
        return _added(publisher_id, found.fetchall(), [])

    def _count_device(self, driver: sqlite3.Connection, publisher_id: str) -> int:
        total = 0
        for from_us, end_us in (*self._cut_before(), *self._cut_after()):
            scope = {"publisher_id": publisher_id, "from_us": from_us, "end_us": end_us}
            total += len(driver.execute(_CUT, {**scope, "size_us": self._size_us}).fetchall())
        scope = {
            "publisher_id": publisher_id,
            "from_us": self._whole_from_us,
            "end_us": self._whole_end_us,
        }
        total += driver.execute(self._count, scope).fetchone()[0]
        new = {**scope, "size_us": self._size_us, "done": rolled_up_to(driver)}
        return int(total + driver.execute(self._count_new, new).fetchone()[0])


def _added(
    publisher_id: str, stored: Sequence[Sequence[Any]], new: Sequence[Sequence[Any]]
) -> list[BucketRow]:
    """Both parts of each bucket as one row, by time."""
    found: dict[int, BucketSums] = {}
    for row in (*stored, *new):
        sums = found.setdefault(row[0], BucketSums())
        sums.readings += row[1]
        sums.index_count += row[2]
        sums.index_sum += row[3]
        for place, at in enumerate(range(_HEAD, len(row), _PER_CHANNEL)):
            sums.add_values(place, *row[at : at + 4])
    return [found[start_us].row(start_us, publisher_id) for start_us in sorted(found)]


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
