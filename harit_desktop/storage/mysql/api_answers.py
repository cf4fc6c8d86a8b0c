"""What our own HTTP API gives out, where a server is the store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, func, literal_column, or_, select

from harit_desktop.domain.analysis import Analysis
from harit_desktop.domain.api import ApiReading, ApiStats
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.reading import Source
from harit_desktop.storage.api_answers import (
    COLUMNS,
    GROUP_COLUMNS,
    Counts,
    api_reading,
    band_of_word,
    factors_of,
)
from harit_desktop.storage.mysql.read_rows import ServerColumns, score_of, values_of
from harit_desktop.storage.mysql.read_tail import cursor_of
from harit_desktop.storage.mysql.reading import ServerReader, Snapshot, slices
from harit_desktop.storage.reader import StoreReader, never
from harit_desktop.storage.schema import sensor_readings

WHOLE_EVERY_S = 300.0
"""How old a count of the whole server may be. In between only new rows are added to it:
what another program changes or deletes there shows this much later."""

_SIMULATOR = Source.SIMULATOR.value
_MAX_TAIL = 10_000
"""Readings of the tail that are compared with the server's one by one."""

_UNSETTLED_ROWS = 1000
"""So many of the newest rows may still be without a time."""

_readings = sensor_readings.c
_BY_TIME = (_readings.timestamp_us.desc(), _readings.id.desc())

Tail = list[tuple[bytes, ApiReading]]


def newest_of_tail(connection: Connection, store_id: str, limit: int) -> Tail:
    """The newest readings of the journal that the server may not have, with their keys."""
    statement = (
        select(*COLUMNS, _readings.reading_key)
        .where(_readings.id > cursor_of(connection, store_id), _readings.source != _SIMULATOR)
        .order_by(*_BY_TIME)
        .limit(limit)
    )
    return [(row[-1], api_reading(row[:-1])) for row in connection.execute(statement)]


def newest_of_both(snapshot: Snapshot, tail: Tail, limit: int) -> list[ApiReading]:
    """The newest readings of the server and of the tail, each once, newest first."""
    known = snapshot.known([key for key, _ in tail], never)
    found = [reading for key, reading in tail if key not in known]
    columns = snapshot.columns
    c = columns.c
    statement = (
        select(
            *(c.publisher_id, c.timestamp_us, c.health_index, c.health_status),
            *(c.is_anomalous, c.critical_factors, c.profile),
            *columns.values,
            *columns.flags,
            columns.score,
            columns.written_by_old,
        )
        .where(*columns.shown, _real(columns))
        .with_hint(columns.readings, "FORCE INDEX (ix_readings_time)")
        .order_by(c.timestamp_us.desc(), c.id.desc())
        .limit(limit)
    )
    found += [_reading_of(row, columns) for row in snapshot.connection.execute(statement)]
    return sorted(found, key=lambda reading: reading.timestamp_us, reverse=True)[:limit]


def _real(columns: ServerColumns) -> Any:
    return or_(columns.c.source != _SIMULATOR, columns.c.source.is_(None))


def _reading_of(row: Row[Any], columns: ServerColumns) -> ApiReading:
    analysis = Analysis(
        index=row.health_index,
        band=band_of_word(row.health_status),
        is_anomalous=bool(row.is_anomalous),
        anomaly_score=score_of(row, columns) or 0.0,
        critical_factors=factors_of(row.critical_factors),
        flags=tuple(row._mapping[flag] for flag in columns.flags),
        profile=row.profile or "",
    )
    publisher_id = row.publisher_id or Source.LEGACY.value
    return ApiReading(publisher_id, row.timestamp_us, values_of(row, columns), analysis)


_Tail = tuple[list[tuple[Any, ...]], Counts]
"""Readings that may be on the server, each with its key before it, and counts of the others."""


class _Whole(msgspec.Struct):
    """The server's readings up to an id, as they were counted."""

    store_id: str
    counts: Counts
    last_id: int
    counted_s: float


class ServerCounter:
    """Counts of all readings of the server and of the journal's tail."""

    def __init__(
        self,
        store: StoreReader,
        server: ServerReader,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._server = server
        self._clock = clock
        self._lock = threading.Lock()
        self._whole: _Whole | None = None

    def stats(self) -> ApiStats:
        """From any thread; others wait while one counts.

        While the server does not answer, what it held when it did, with all that came since.
        Raises KnownError: server.* where it has not answered yet, store.*.
        """
        with self._lock:
            try:
                counts = self._server.read(self._tail, self._count)
            except KnownError as error:
                whole = self._whole
                if not error.code.startswith("server.") or whole is None:
                    raise
                _, counts = self._tail_counts(whole.store_id, keys=False)
                counts.merge(whole.counts)
        return counts.as_stats()

    def _tail(self, store_id: str) -> tuple[str, _Tail]:
        return store_id, self._tail_counts(store_id, keys=True)

    def _count(self, snapshot: Snapshot, tail: tuple[str, _Tail]) -> Counts:
        store_id, (rows, counts) = tail
        known = snapshot.known([row[0] for row in rows], never)
        for key, *group in rows:
            if key not in known:
                counts.add(group)
        counts.merge(self._follow(snapshot, store_id))
        return counts

    def _tail_counts(self, store_id: str, *, keys: bool) -> _Tail:
        """The tail's last readings one by one where their `keys` matter, the others counted.

        Only the oldest of the tail can be on the server already: they are the ones to compare.
        """

        def query(connection: Connection) -> _Tail:
            after = cursor_of(connection, store_id)
            single: Sequence[Row[Any]] = ()
            if keys:
                single = connection.execute(_TAIL_ROWS, {"after": after}).all()
            if single:
                after = single[-1].id
            counts = Counts()
            if not keys or len(single) == _MAX_TAIL:
                for group in connection.execute(_TAIL_GROUPS, {"after": after}):
                    counts.add(group)
            return [row[1:] for row in single], counts

        nothing: _Tail = ([], Counts())
        return self._store.read(query, empty=nothing)

    def _follow(self, snapshot: Snapshot, store_id: str) -> Counts:
        """The server's readings; all of them anew where the last such count is too old."""
        last_id = _last_settled_id(snapshot)
        whole, now_s = self._whole, self._clock()
        known = whole is not None and whole.store_id == store_id and last_id >= whole.last_id
        if whole is None or not known or now_s - whole.counted_s > WHOLE_EVERY_S:
            whole = _Whole(store_id, Counts(), 0, now_s)
        new = _counted(snapshot, whole.last_id, last_id)
        new.merge(whole.counts)
        self._whole = _Whole(store_id, new, last_id, whole.counted_s)
        return new


_SINGLE_GROUP: tuple[Any, ...] = (
    (_readings.source == _SIMULATOR).label("simulated"),
    _readings.health_status,
    literal_column("1"),
    _readings.health_index.is_not(None).label("with_index"),
    _readings.health_index,
    _readings.is_anomalous,
)
"""One reading in the order of `GROUP_COLUMNS`."""
_TAIL_ROWS = (
    select(_readings.id, _readings.reading_key, *_SINGLE_GROUP)
    .where(_readings.id > bindparam("after"))
    .order_by(_readings.id)
    .limit(_MAX_TAIL)
)
_TAIL_GROUPS = (
    select(*GROUP_COLUMNS)
    .where(_readings.id > bindparam("after"))
    .group_by("simulated", _readings.health_status)
)


def _last_settled_id(snapshot: Snapshot) -> int:
    """The last id before the rows that have no time yet: they are counted once they have.

    One that has been left behind will never have one, and holds up nothing.
    """
    c, connection = snapshot.columns.c, snapshot.connection
    last_id = int(connection.scalar(select(func.max(c.id))) or 0)
    unsettled = select(func.min(c.id)).where(
        c.timestamp_us.is_(None), c.id > last_id - _UNSETTLED_ROWS
    )
    first = connection.scalar(unsettled)
    return last_id if first is None else int(first) - 1


def _counted(snapshot: Snapshot, after: int, last_id: int) -> Counts:
    """The readings of these ids, in slices that the server answers soon."""
    columns = snapshot.columns
    c = columns.c
    simulated = (func.coalesce(c.source, "") == _SIMULATOR).label("simulated")
    statement = (
        select(
            simulated,
            c.health_status,
            func.count(),
            func.count(c.health_index),
            func.sum(c.health_index),
            func.sum(c.is_anomalous),
        )
        .where(*columns.shown, c.id.between(bindparam("first"), bindparam("last")))
        .with_hint(columns.readings, "USE INDEX (PRIMARY)")
        .group_by(simulated, c.health_status)
    )
    counts = Counts()
    if last_id <= after:
        return counts
    for first, last in slices(after + 1, last_id, 1, never):
        for group in snapshot.connection.execute(statement, {"first": first, "last": last}):
            counts.add(group)
    return counts
