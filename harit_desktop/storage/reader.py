"""Read-only access to the store, from any thread, without disturbing its writer."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from harit_desktop.domain.errors import KnownError
from harit_desktop.storage.sqlite import known_error, open_reader

T = TypeVar("T")

Cancelled = Callable[[], bool]

_PROGRESS_STEPS = 1000
"""SQLite asks after so many steps of its machine (some 20 rows) whether to go on."""

_ASK_EVERY_S = 0.1

_QUALITY_VERSION = 4
"""The first version of the store that keeps events and reasons."""
_EXTRAS_VERSION = 5
"""The first version that keeps extra channels."""
_VERSION = "store_version"


class QueryCancelled(KnownError):
    """The answer is no longer wanted (code query.cancelled)."""

    def __init__(self) -> None:
        super().__init__("query.cancelled")


def never() -> bool:
    """For a query that nobody cancels."""
    return False


@contextmanager
def broken_off(interrupt: Callable[[], object], cancelled: Cancelled) -> Iterator[None]:
    """Calls `interrupt` while `cancelled()`, for the time of the block.

    For long calls that ask nobody whether they are still wanted: a thread of its own asks.
    """
    if cancelled is never:
        yield
        return
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_ASK_EVERY_S):
            if cancelled():
                interrupt()

    thread = threading.Thread(target=watch, name="cancel-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class StoreReader:
    """Runs queries, each on a connection of its own that sees one state of the store."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine = create_engine(
            "sqlite://",
            creator=lambda: open_reader(path),
            poolclass=NullPool,
            hide_parameters=True,
        )
        event.listen(self._engine, "begin", _begin)
        event.listen(self._engine, "before_cursor_execute", _for_version, retval=True)

    def read(
        self, query: Callable[[Connection], T], *, empty: T, cancelled: Cancelled = never
    ) -> T:
        """The query's answer, or `empty` where there is no store yet.

        Raises QueryCancelled within some milliseconds of `cancelled()`, and KnownError
        (store.locked, store.failed, ...) where the store cannot be read.
        """
        if not self._path.exists():
            return empty
        try:
            with self._engine.connect() as connection:
                driver = connection.connection.driver_connection
                assert isinstance(driver, sqlite3.Connection)
                driver.set_progress_handler(cancelled, _PROGRESS_STEPS)
                version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
                if version == 0:
                    return empty
                connection.info[_VERSION] = version
                answer = query(connection)
        except DBAPIError as error:
            raise self._named(error.orig) from error
        except sqlite3.Error as error:
            raise self._named(error) from error
        if cancelled():
            raise QueryCancelled
        return answer

    def _named(self, error: BaseException | None) -> KnownError:
        if not isinstance(error, sqlite3.Error):
            return KnownError("store.failed", path=str(self._path), reason=repr(error)[:200])
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            return QueryCancelled()
        return known_error(error, self._path)


def has_quality(connection: Connection) -> bool:
    """Whether the store of this read has events and reasons; one that is not migrated yet
    has neither."""
    return bool(connection.info.get(_VERSION, _QUALITY_VERSION) >= _QUALITY_VERSION)


def has_extras(connection: Connection) -> bool:
    """Whether the store of this read has extra channels, and how rejected messages came."""
    return bool(connection.info.get(_VERSION, _EXTRAS_VERSION) >= _EXTRAS_VERSION)


def _for_version(
    connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any
) -> tuple[str, Any]:
    """What an earlier version does not keep is absent, in the moment before it is migrated."""
    if not has_quality(connection):
        statement = statement.replace("sensor_readings.quality_reasons", "NULL")
    return statement, parameters


def _begin(connection: Connection) -> None:
    # The driver is in autocommit mode; one transaction gives the query one state.
    connection.exec_driver_sql("BEGIN")
