"""A connection for a long job, which is broken off when nobody wants its result any more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from harit_desktop.storage.mysql.connection import ServerAddress, ServerConnection
from harit_desktop.storage.mysql.errors import PROTOCOL_ERRORS, ServerError, server_error
from harit_desktop.storage.reader import Cancelled, QueryCancelled

T = TypeVar("T")

READ_TIMEOUT_S = 60.0
"""A dump's page is there in milliseconds; the change of a table may take longer."""

_WATCH_S = 0.1


class JobSession:
    """Connects at the start of the block. Every call raises ServerError, and QueryCancelled
    within a moment of `cancelled()`, also where the server is silent."""

    def __init__(self, address: ServerAddress, cancelled: Cancelled) -> None:
        self._address = address
        self._cancelled = cancelled
        self._done = threading.Event()
        self.connection = ServerConnection(address, READ_TIMEOUT_S)
        self._watch = threading.Thread(target=self._watching, name="dump-watch", daemon=True)

    def __enter__(self) -> Self:
        self._watch.start()
        try:
            self._named(self.connection.establish)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

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

    def _watching(self) -> None:
        while not self._done.wait(_WATCH_S):
            if self._cancelled():
                self.connection.interrupt()

    def _end(self) -> None:
        self._done.set()
        self._watch.join()
        self.connection.break_off()
