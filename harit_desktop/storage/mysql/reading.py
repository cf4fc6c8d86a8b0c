"""Reads of the store server: each sees one state of it, and none waits long.

Charts and lists have another answer, the local journal's. So a server that failed a read is
left alone for some seconds, and while one read tries it again the others do not queue up
behind it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import pymysql
from sqlalchemy import Connection, create_engine, event, select, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, ProgrammingError
from sqlalchemy.pool import QueuePool

from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.storage.mysql.address import ServerAddress
from harit_desktop.storage.mysql.connection import ServerConnection
from harit_desktop.storage.mysql.errors import server_error
from harit_desktop.storage.mysql.read_rows import ServerColumns, server_columns
from harit_desktop.storage.mysql.tables import SCHEMA_VERSION, STORE
from harit_desktop.storage.reader import Cancelled, QueryCancelled, broken_off, never

T = TypeVar("T")
P = TypeVar("P")

READ_TIMEOUT_S = 5.0
"""Without a byte for so long, a view has its answer from the journal instead. No query of a
view runs for longer than a fraction of it on a server that is well."""

EXPORT_TIMEOUT_S = 15.0

FAILED_FOR_S = 5.0
"""How long a server that failed is not asked again."""

_CONNECT_PART = 0.6
"""Of the longest silence: how long it may take to connect and log in, all in all."""

_TRUSTED_S = 5.0
"""A pooled connection that was used within this time is not tested before it is used."""

_SLICE_S = (0.1, 0.4)
"""A query of a slice is to take this long: longer than a round trip, shorter than a person
waits for a cancelled answer to make room for the next."""

_KEYS_PER_QUERY = 1000

_NO_SUCH_TABLE = 1146

_META = text(
    "SELECT name, value FROM harit_store WHERE name IN ('schema_version', 'store_id', 'layout')"
)
_SNAPSHOT = text("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")


class Snapshot:
    """One state of the server, for the queries of one read."""

    def __init__(self, connection: Connection, columns: ServerColumns) -> None:
        self.connection = connection
        self.columns = columns

    def known(self, keys: Sequence[bytes], cancelled: Cancelled) -> set[bytes]:
        """Which of these readings the server has."""
        key = self.columns.c.reading_key
        found: set[bytes] = set()
        for first in range(0, len(keys), _KEYS_PER_QUERY):
            if cancelled():
                raise QueryCancelled
            part = keys[first : first + _KEYS_PER_QUERY]
            found.update(self.connection.scalars(select(key).where(key.in_(part))))
        return found


class _InUse:
    """The connection that one read is on, also while it is being opened."""

    driver: ServerConnection | None = None

    def interrupt(self) -> None:
        if self.driver is not None:
            self.driver.interrupt()


class ServerReader:
    """Runs reads on the server, for any thread; keeps at most two idle connections."""

    def __init__(self, address: ServerAddress, read_timeout_s: float = READ_TIMEOUT_S) -> None:
        self._address = address
        self._read_timeout_s = read_timeout_s
        self._engine = create_engine(
            "mysql+pymysql://",
            creator=self._open,
            poolclass=QueuePool,
            pool_size=2,
            max_overflow=-1,
            pool_use_lifo=True,
            pool_recycle=280,
            isolation_level="REPEATABLE READ",
            hide_parameters=True,
        )
        event.listen(self._engine, "checkout", self._test_idle)
        event.listen(self._engine, "checkin", _note_use)
        self._threads = threading.local()
        self._lock = threading.Lock()
        self._problem: Problem | None = None
        self._failed_until_s = 0.0

    def read(
        self,
        prepare: Callable[[str], P],
        query: Callable[[Snapshot, P], T],
        cancelled: Cancelled = never,
    ) -> T:
        """The answer of `query`, on one state of the server.

        `prepare` gets the id of the store that answers and runs before that state is taken:
        what it finds not to be on the server can be there by then, and never the reverse.

        Raises QueryCancelled within a moment of `cancelled()`, also where the server is
        silent, and KnownError (server.*), also where the server failed a moment ago;
        server.table_missing where it has no tables for this program (yet).
        """
        if cancelled():
            raise QueryCancelled
        self._refuse_failed()
        try:
            in_use = self._threads.in_use = _InUse()
            with broken_off(in_use.interrupt, cancelled), self._connected() as connection:
                in_use.driver = connection.connection.driver_connection
                columns, store_id = _described(connection)
                prepared = prepare(store_id)
                connection.execute(_SNAPSHOT)
                answer = query(Snapshot(connection, columns), prepared)
        except KnownError as error:
            if cancelled():
                raise QueryCancelled from error
            if error.code.startswith("server."):
                self._note_failure(error.problem)
            raise
        self._note_failure(None)
        return answer

    def close(self) -> None:
        """Ends the idle connections; a later read opens new ones."""
        self._engine.dispose()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                try:
                    yield connection
                except RuntimeError as error:
                    # The driver's word for a server that asks for a local file.
                    connection.invalidate(error)
                    raise self._named(error) from error
        except DBAPIError as error:
            raise self._named(error.orig or error) from error

    def _open(self) -> ServerConnection:
        connection = ServerConnection(self._address, self._read_timeout_s)
        self._threads.in_use.driver = connection
        timer = threading.Timer(self._read_timeout_s * _CONNECT_PART, connection.interrupt)
        timer.daemon = True
        timer.start()
        try:
            connection.establish()
        finally:
            timer.cancel()
        return connection

    def _named(self, error: BaseException) -> KnownError:
        return server_error(error, self._address.host, self._address.port)

    def _test_idle(self, driver: Any, record: Any, _proxy: Any) -> None:
        """Replaces a connection that broke while nobody used it."""
        now_s = time.monotonic()
        if now_s - record.info.get("used_s", now_s) < _TRUSTED_S:
            return
        try:
            driver.ping(reconnect=False)
        except (pymysql.Error, OSError) as error:
            if time.monotonic() - now_s > 1.0:
                # It did not answer in time; neither would it answer a new connection.
                raise self._named(error) from error
            raise DisconnectionError(str(error)) from error

    def _refuse_failed(self) -> None:
        with self._lock:
            if self._problem is None:
                return
            now_s = time.monotonic()
            if now_s < self._failed_until_s:
                raise KnownError(self._problem.code, **self._problem.params)
            # This read tries it; the others go on without the server until it knows.
            self._failed_until_s = now_s + FAILED_FOR_S

    def _note_failure(self, problem: Problem | None) -> None:
        with self._lock:
            self._problem = problem
            self._failed_until_s = time.monotonic() + FAILED_FOR_S


def slices(
    from_us: int, to_us: int, unit_us: int, cancelled: Cancelled
) -> Iterator[tuple[int, int]]:
    """Parts of a range of time, both ends inclusive, cut at multiples of `unit_us`.

    Each part is as wide as it takes for the caller's query to be neither many nor long.
    Raises QueryCancelled between them.
    """
    shortest_s, longest_s = _SLICE_S
    units = max(1, (to_us - from_us) // unit_us // 128)
    while from_us <= to_us:
        if cancelled():
            raise QueryCancelled
        end_us = min(to_us, (from_us // unit_us + units) * unit_us - 1)
        began_s = time.monotonic()
        yield from_us, end_us
        took_s = time.monotonic() - began_s
        if took_s < shortest_s:
            units *= 2
        elif took_s > longest_s:
            units = max(1, units // 2)
        from_us = end_us + 1
    if cancelled():
        raise QueryCancelled


def _described(connection: Connection) -> tuple[ServerColumns, str]:
    """The layout and the id of the store that answers."""
    try:
        meta = {row.name: row.value for row in connection.execute(_META)}
    except ProgrammingError as error:
        if error.orig is None or error.orig.args[0] != _NO_SUCH_TABLE:
            raise
        meta = {}
    version = int(meta.get("schema_version", 0))
    if version > SCHEMA_VERSION:
        raise KnownError("server.newer_version", version=version, supported=SCHEMA_VERSION)
    if version < SCHEMA_VERSION or "store_id" not in meta:
        raise KnownError("server.table_missing", table=STORE)
    return server_columns(meta.get("layout") == "adopted"), meta["store_id"]


def _note_use(_driver: Any, record: Any) -> None:
    record.info["used_s"] = time.monotonic()
