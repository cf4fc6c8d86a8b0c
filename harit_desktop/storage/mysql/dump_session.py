"""A connection for a long job, which is broken off when nobody wants its result any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from harit_desktop.storage.mysql.address import ServerAddress
from harit_desktop.storage.mysql.connection import ServerConnection
from harit_desktop.storage.mysql.errors import PROTOCOL_ERRORS, ServerError, server_error
from harit_desktop.storage.reader import Cancelled, QueryCancelled, broken_off

T = TypeVar("T")

READ_TIMEOUT_S = 60.0
"""A dump's page is there in milliseconds; the change of a table may take longer."""


@contextmanager
def job_session(address: ServerAddress, cancelled: Cancelled) -> Iterator[JobSession]:
    """A connection for the time of the block. Raises as the session's calls do."""
    session = JobSession(address, cancelled)
    try:
        with broken_off(session.connection.interrupt, cancelled):
            session.establish()
            yield session
    finally:
        session.connection.break_off()


class JobSession:
    """Every call raises ServerError, and QueryCancelled within a moment of `cancelled()`, also
    where the server is silent."""

    def __init__(self, address: ServerAddress, cancelled: Cancelled) -> None:
        self._address = address
        self._cancelled = cancelled
        self.connection = ServerConnection(address, READ_TIMEOUT_S)

    def establish(self) -> None:
        self._named(self.connection.establish)

    def rows(self, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
        """All rows of a statement; `arguments` fill its %s."""
        return self._named(lambda: self.connection.rows(sql, *arguments))

    def value(self, sql: str, *arguments: object) -> Any:
        """The first value of the first row, None where there is no row."""
        return self._named(lambda: self.connection.value(sql, *arguments))

    def run(self, sql: str, *arguments: object) -> None:
        """Runs a statement for its effect."""
        self._named(lambda: self.connection.run(sql, *arguments))

    def commit(self) -> None:
        self._named(self.connection.commit)

    def _named(self, call: Callable[[], T]) -> T:
        if self._cancelled():
            raise QueryCancelled
        try:
            return call()
        except (*PROTOCOL_ERRORS, ServerError) as error:
            if self._cancelled():
                raise QueryCancelled from error
            raise server_error(error, self._address.host, self._address.port) from error
