"""The stored readings in their order, for one who passes them on to another system."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlalchemy import Connection, and_, func, or_, select

from harit_desktop.domain.api import POSTED_TOPIC
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.reading import AnalysedReading, Source
from harit_desktop.storage.cursors import SELECT_CURSOR, last_reading_id, move_cursor
from harit_desktop.storage.reader import StoreReader
from harit_desktop.storage.rows import reading_of
from harit_desktop.storage.schema import sensor_readings
from harit_desktop.storage.sqlite import known_error, open_side_writer, transaction
from harit_desktop.storage.watch import sight_of

T = TypeVar("T")

_BUSY_MS = 2000

_id = sensor_readings.c.id
# What was measured and came to us first-hand. A row that was read from an API is there
# already, and a simulated one belongs nowhere else.
_FIRST_HAND = or_(
    sensor_readings.c.source == Source.MQTT.value,
    and_(
        sensor_readings.c.source == Source.API.value,
        sensor_readings.c.topic == POSTED_TOPIC,
    ),
)
_LAST_ID = select(func.max(_id))


class QueuedReading(msgspec.Struct, frozen=True, gc=False):
    """A stored reading and the id to advance to when it is passed on."""

    id: int
    analysed: AnalysedReading


class ForwardQueue:
    """For one thread. Its place survives restarts, as the cursor `api:<name>` in the store.

    A cursor that a power cut takes back by a moment costs some readings passed on again.
    Every method raises KnownError (store.locked, store.failed, ...) where the store cannot
    be read or written just now.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._cursor = f"api:{name}"
        self._store = StoreReader(path)
        self._identity: tuple[int, int] | None = None
        self._begin()

    def start_at_end_if_new(self) -> None:
        """A queue that was never used begins behind what is stored already: passing on is
        for what comes from now on. Does nothing where there is no store yet."""
        if not self._path.exists():
            return

        def begin(writer: sqlite3.Connection) -> None:
            if not writer.execute(SELECT_CURSOR, (self._cursor,)).fetchall():
                move_cursor(writer, self._cursor, last_reading_id(writer))

        self._write(begin)

    def next(self, limit: int) -> Sequence[QueuedReading]:
        """The oldest readings that are to be passed on, at most `limit`; empty where there
        are none. The same ones again until `advance`."""
        self._notice_other_file()

        def query(connection: Connection) -> tuple[list[QueuedReading], int]:
            after_id = max(self._passed_id, self._done(connection))
            statement = select(sensor_readings).where(_id > after_id, _FIRST_HAND)
            rows = connection.execute(statement.order_by(_id).limit(limit)).all()
            last_id = _last_id(connection)
            return [QueuedReading(row.id, reading_of(row)) for row in rows], last_id

        nothing: tuple[list[QueuedReading], int] = ([], 0)
        found, last_id = self._store.read(query, empty=nothing)
        if len(found) < limit:
            # Ids only grow, so that nothing can come in before what was looked at.
            self._passed_id = found[0].id - 1 if found else last_id
            self._counted_id, self._counted = last_id, len(found)
        elif found:
            self._passed_id = max(self._passed_id, found[0].id - 1)
        return found

    def advance(self, last_id: int) -> None:
        """Readings up to `last_id` are passed on. Raises KnownError(store.replaced) where the
        store is not the one any more that `next` has read."""
        if self._notice_other_file():
            raise KnownError("store.replaced", path=str(self._path))
        passed = self._count(self._passed_id, last_id)
        self._write(lambda writer: move_cursor(writer, self._cursor, last_id))
        self._passed_id = max(self._passed_id, last_id)
        self._counted = max(0, self._counted - passed)
        self._counted_id = max(self._counted_id, last_id)

    def waiting(self) -> int:
        """How many readings are to be passed on. Counts only what came since the last time."""
        self._notice_other_file()

        def query(connection: Connection) -> tuple[int, int]:
            after_id = max(self._counted_id, self._passed_id, self._done(connection))
            last_id = _last_id(connection)
            return _count(connection, after_id, last_id), last_id

        more, last_id = self._store.read(query, empty=(0, 0))
        self._counted += more
        self._counted_id = max(self._counted_id, last_id)
        return self._counted

    def _begin(self) -> None:
        self._passed_id = 0
        """Nothing up to here is to be passed on (any more)."""
        self._counted_id = self._counted = 0
        """So many of those after `_passed_id` wait up to the former."""

    def _notice_other_file(self) -> bool:
        """Whether the store is another file than before: ids of that mean nothing here."""
        sight = sight_of(self._path)
        identity = None if sight is None else sight.identity
        known, self._identity = self._identity, identity
        if identity != known:
            self._begin()
        return identity != known

    def _done(self, connection: Connection) -> int:
        found = connection.exec_driver_sql(SELECT_CURSOR, (self._cursor,)).scalar()
        return int(found or 0)

    def _count(self, after_id: int, last_id: int) -> int:
        return self._store.read(
            lambda connection: _count(
                connection, max(after_id, self._done(connection)), min(last_id, self._counted_id)
            ),
            empty=0,
        )

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            with closing(open_side_writer(self._path, _BUSY_MS)) as writer, transaction(writer):
                return work(writer)
        except sqlite3.Error as error:
            raise known_error(error, self._path) from error


def _last_id(connection: Connection) -> int:
    return int(connection.execute(_LAST_ID).scalar() or 0)


def _count(connection: Connection, after_id: int, last_id: int) -> int:
    statement = select(func.count()).select_from(sensor_readings)
    found = connection.execute(statement.where(_id > after_id, _id <= last_id, _FIRST_HAND))
    return int(found.scalar_one())
