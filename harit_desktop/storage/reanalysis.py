"""Judging stored readings again: their values and flags stay, what was made of them is new.

The rows are read and judged outside any transaction and written in slices of milliseconds,
between which commits pass. Each slice brings the rollups along, so that what is done stays
done and true wherever it ends.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.reanalysis import ReanalysisRequest, ReanalysisResult
from harit_desktop.storage.bulk import for_rows
from harit_desktop.storage.cursors import last_reading_id
from harit_desktop.storage.reader import Cancelled, QueryCancelled
from harit_desktop.storage.rejudging import (
    COLUMNS,
    JUDGED_COLUMNS,
    TIME_AT,
    Judge,
    Rejudged,
    rejudged,
)
from harit_desktop.storage.rollup import Bucket, minute_of, rolled_up_to, shift_indexes
from harit_desktop.storage.sqlite import (
    is_busy,
    known_error,
    open_reader,
    open_side_writer,
    transaction,
)
from harit_desktop.storage.watch import sight_of

if TYPE_CHECKING:
    from harit_desktop.storage.mysql.address import ServerAddress

Progress = Callable[[float], None]

SLICE_ROWS = 250
"""Rows written in one transaction: some milliseconds, for which a commit may have to wait."""
PAUSE_S = 0.002
"""A waiting writer looks every few milliseconds whether the lock is free."""
_PROGRESS_STEPS = 1000
_BUSY_MS = 1000
_LOCKED_TRIES = 5
_EVER = (-(2**63), 2**63 - 1)
_CHECKPOINT_PAGES = 16_000
"""Only a net, as for the journal: maintenance takes the log back into the file."""


class Tally:
    """Counts what is judged again, each reading once."""

    def __init__(self) -> None:
        self._read = self._changed = self._band_changed = 0

    def add(self, rows: Sequence[Rejudged]) -> None:
        self._read += len(rows)
        self._changed += sum(row.was != row.now for row in rows)
        self._band_changed += sum(row.was.status != row.now.status for row in rows)

    def result(self) -> ReanalysisResult:
        return ReanalysisResult(self._read, self._changed, self._band_changed)


_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)

_DEVICES = "SELECT publisher_id FROM devices ORDER BY publisher_id"
_ENDS = """
SELECT (SELECT min(timestamp_us) FROM sensor_readings WHERE publisher_id = :publisher_id),
    (SELECT max(timestamp_us) FROM sensor_readings WHERE publisher_id = :publisher_id)
"""
_NEXT = f"""
SELECT {_NAMES} FROM sensor_readings
WHERE publisher_id = :publisher_id AND (timestamp_us, id) > (:after_us, :after_id)
    AND timestamp_us <= :to_us AND id <= :last_id
ORDER BY timestamp_us, id LIMIT :limit
"""  # noqa: S608 - names of the schema
_SET = ", ".join(f"{name} = v.column{place}" for place, name in enumerate(JUDGED_COLUMNS, 4))
# In one statement: between two the driver gives other threads the interpreter, and a window
# that draws would keep it while commits wait for the end of the transaction.
_UPDATE = f"""
UPDATE sensor_readings SET {_SET} FROM (VALUES {{rows}}) AS v
WHERE id = v.column1 AND publisher_id = v.column2 AND health_index IS v.column3
"""  # noqa: S608 - names of the schema


class Reanalysis:
    """For any thread; every run opens connections of its own and may take minutes."""

    def __init__(self, path: Path, server: ServerAddress | None = None) -> None:
        self._path = path
        self._server = server

    def run(
        self,
        request: ReanalysisRequest,
        judge: Judge,
        progress: Progress = lambda _: None,
        cancelled: Cancelled = lambda: False,
    ) -> ReanalysisResult:
        """Judges the chosen readings again and writes the judgements that differ.

        Flags and their reasons stay as stored. Readings that are stored meanwhile are left
        as they are. `progress` is told the share of the work that is done, 0 to 1. With a
        server its rows are judged, too, but for those of the existing system; a reading of
        both stores counts once.

        Raises QueryCancelled soon after `cancelled()` becomes true, and KnownError (store.*,
        server.*), each with what is done kept; a server that cannot be reached is named
        before anything is changed.
        """
        with ExitStack() as stack:
            remote = None
            if self._server is not None:
                from harit_desktop.storage.mysql.reanalysis import ServerReanalysis

                remote = stack.enter_context(ServerReanalysis(self._server, request, cancelled))
            result = Tally()
            if self._path.exists():
                local = stack.enter_context(LocalReadings(self._path, request, cancelled))
                if remote is not None:
                    remote.begin(local)
                share = 1.0 if remote is None else 0.5
                for rows, done in local.judged(judge):
                    local.write(rows)
                    result.add(rows if remote is None else remote.only_local(rows))
                    progress(share * done)
            if remote is not None:
                for rows, done in remote.judged(judge):
                    remote.write(rows)
                    result.add(rows)
                    progress(0.5 + 0.5 * done)
                remote.follow()
            progress(1.0)
            return result.result()


class LocalReadings:
    """The journal's readings that a request names, up to the newest one at its begin."""

    def __init__(self, path: Path, request: ReanalysisRequest, cancelled: Cancelled) -> None:
        self._path = path
        self._cancelled = cancelled
        self.from_us, self.to_us = ends_of(request)
        self._only = request.publisher_id
        self._stack = ExitStack()

    def __enter__(self) -> LocalReadings:
        try:
            self._reader = self._stack.enter_context(closing(open_reader(self._path)))
            self._reader.set_progress_handler(self._cancelled, _PROGRESS_STEPS)
            self._writer = self._stack.enter_context(
                closing(open_side_writer(self._path, _BUSY_MS))
            )
            self._writer.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES:d}").close()
            sight = sight_of(self._path)
            self._identity = None if sight is None else sight.identity
            self.last_id = last_reading_id(self._reader)
        except sqlite3.Error as error:
            self._stack.close()
            raise self._named(error) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def judged(self, judge: Judge) -> Iterator[tuple[list[Rejudged], float]]:
        """Slices in the order of devices and of time, with the share of the work that is done
        with each. The next one is read when the one before is written."""
        try:
            devices = [self._only]
            if self._only is None:
                devices = [row[0] for row in self._reader.execute(_DEVICES).fetchall()]
            for number, publisher_id in enumerate(devices):
                for rows, part in self._of_device(str(publisher_id), judge):
                    yield rows, (number + part) / len(devices)
        except sqlite3.Error as error:
            raise self._named(error) from error

    def _of_device(self, publisher_id: str, judge: Judge) -> Iterator[tuple[list[Rejudged], float]]:
        ends = self._reader.execute(_ENDS, {"publisher_id": publisher_id}).fetchone()
        if ends[0] is None:
            return
        first_us, last_us = max(ends[0], self.from_us), min(ends[1], self.to_us)
        after = (first_us - 1, 0)
        while rows := self._rows_after(publisher_id, after):
            after = rows[-1][TIME_AT], rows[-1][0]
            yield (
                [row for row in (rejudged(row, judge) for row in rows) if row is not None],
                done_part(after[0], first_us, last_us),
            )

    def _rows_after(self, publisher_id: str, after: tuple[int, int]) -> list[tuple[Any, ...]]:
        if self._cancelled():
            raise QueryCancelled
        scope = {"publisher_id": publisher_id, "after_us": after[0], "after_id": after[1]}
        scope |= {"to_us": self.to_us, "last_id": self.last_id, "limit": SLICE_ROWS}
        return self._reader.execute(_NEXT, scope).fetchall()

    def write(self, rows: Sequence[Rejudged]) -> None:
        """Writes the judgements that differ; those of rows that are not what they were when
        they were read (deleted, or of another device now) one by one as far as they are."""
        changed = [row for row in rows if row.was != row.now]
        if not changed:
            return
        began_s = time.monotonic()
        if not self._in_transaction(changed):
            for row in changed:
                self._in_transaction([row])
        time.sleep(max(PAUSE_S, time.monotonic() - began_s))

    def _in_transaction(self, rows: Sequence[Rejudged]) -> bool:
        """All of them or none; waits for a locked store for some seconds."""
        for number in range(_LOCKED_TRIES):
            sight = sight_of(self._path)
            if sight is None or sight.identity != self._identity:
                # Ids of the file that was there before mean nothing in this one.
                raise KnownError("store.replaced", path=str(self._path))
            try:
                return self._update(rows)
            except sqlite3.Error as error:
                if not is_busy(error) or number == _LOCKED_TRIES - 1:
                    raise self._named(error) from error
            if self._cancelled():
                raise QueryCancelled
        return False

    def _update(self, rows: Sequence[Rejudged]) -> bool:
        given: list[Any] = []
        for row in rows:
            given += (row.id, row.reading.publisher_id, row.was.health, *row.now)
        statement = for_rows(_UPDATE, len(given) // len(rows), len(rows))
        try:
            with transaction(self._writer):
                if self._writer.execute(statement, given).rowcount != len(rows):
                    raise _Moved
                done_id = rolled_up_to(self._writer)
                shift_indexes(self._writer, *_shifts(row for row in rows if row.id <= done_id))
        except _Moved:
            return False
        return True

    def ask(self, statement: str, *given: int | str) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        try:
            return self._reader.execute(statement, given).fetchall()
        except sqlite3.Error as error:
            raise self._named(error) from error

    def _named(self, error: sqlite3.Error) -> KnownError:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            return QueryCancelled()
        return known_error(error, self._path)


class _Moved(Exception):
    """A row is not what it was when it was read."""


def ends_of(request: ReanalysisRequest) -> tuple[int, int]:
    """The first and the last time that a request names."""
    return (
        _EVER[0] if request.from_us is None else request.from_us,
        _EVER[1] if request.to_us is None else request.to_us,
    )


def done_part(time_us: int, first_us: int, last_us: int) -> float:
    """How far an instant is on the way through a range, 0 to 1."""
    if last_us <= first_us:
        return 1.0
    return min(1.0, max(0.0, (time_us - first_us) / (last_us - first_us)))


def _shifts(rows: Iterator[Rejudged]) -> tuple[Counter[Bucket], Counter[Bucket]]:
    """By how much the count and the sum of each minute's indexes change."""
    counts: Counter[Bucket] = Counter()
    sums: Counter[Bucket] = Counter()
    for row in rows:
        if row.was.health != row.now.health:
            minute = row.reading.publisher_id, minute_of(row.reading.timestamp_us)
            counts[minute] += (row.now.health is not None) - (row.was.health is not None)
            sums[minute] += (row.now.health or 0) - (row.was.health or 0)
    return counts, sums
