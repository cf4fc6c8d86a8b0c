"""Looks at the store server one step at a time, for the command that finds faults."""

from __future__ import annotations

import dataclasses
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harit_desktop.domain.diagnosis import Facts, name_facts, port_facts
from harit_desktop.domain.errors import KnownError
from harit_desktop.storage.mysql.address import ServerAddress, reach
from harit_desktop.storage.mysql.connection import CONNECT_TIMEOUT_S, ServerConnection
from harit_desktop.storage.mysql.errors import PROTOCOL_ERRORS, Remedy, ServerError, server_error
from harit_desktop.storage.mysql.inspection import inspect
from harit_desktop.storage.mysql.tables import READINGS

_READ_TIMEOUT_S = 5.0
_BEYOND_TLS = (
    "server.auth",
    "server.auth_or_tls",
    "server.no_database",
    "server.permission",
    "server.plain_password",
    "server.version",
)
"""What a server can only say once the connection is encrypted."""
_DATABASE_CODES = ("server.no_database", "server.permission")
_NEEDED = {
    "INSERT": "EXPLAIN INSERT INTO sensor_readings (timestamp_us) VALUES (0)",
    "UPDATE": "EXPLAIN UPDATE sensor_readings SET timestamp_us = 0 WHERE id = 0",
    "DELETE": "EXPLAIN DELETE FROM sensor_readings WHERE id = 0",
}
"""A server explains only what the account may do; nothing of it is done."""


class ServerDiagnosis:
    """Each step is one method, to be called in their order on one thread, and `close` after
    the last one; `give_up` may be called from any thread.

    Every step raises KnownError(server.*). `password` is asked for on that thread.
    """

    def __init__(self, address: ServerAddress, password: Callable[[], str | None]) -> None:
        self._address = address
        self._password = password
        self._connection: ServerConnection | None = None
        self._outcome: ServerError | None = None
        self._tried = False

    def find_name(self) -> Facts:
        with self._named():
            found = socket.getaddrinfo(
                self._address.host, self._address.port, type=socket.SOCK_STREAM
            )
        return name_facts(self._address.host, (str(where[0]) for *_, where in found))

    def reach_port(self) -> Facts:
        began_s = time.monotonic()
        with self._named():
            reach(self._address, CONNECT_TIMEOUT_S, lambda: False).close()
        return port_facts(self._address.host, self._address.port, time.monotonic() - began_s)

    def secure(self) -> Facts:
        """Only where the address uses TLS."""
        error = self._log_in()
        if error is not None and error.code not in _BEYOND_TLS:
            raise error
        return {"host": self._address.host}

    def log_in(self) -> Facts:
        if not self._address.user:
            raise ServerError("server.no_credentials", Remedy.ASK)
        error = self._log_in()
        if error is not None and error.code not in _DATABASE_CODES:
            raise error
        version = self._connection.version if self._connection else ""
        return {"user": self._address.user, "version": version}

    def look_at_database(self) -> Facts:
        """Whether the readings' table is there and as it has to be."""
        error = self._log_in()
        if error is not None:
            raise error
        connection = self._open_connection()
        with self._named():
            found = inspect(connection, self._address.database)
            if found.change is not None:
                kind = "adoption" if found.change.kind == "adopt" else "migration"
                raise ServerError(
                    f"server.{kind}_needed",
                    Remedy.ASK,
                    database=self._address.database,
                    rows=found.change.rows,
                    columns=len(found.change.columns),
                )
        return {"database": self._address.database, "ready": int(found.layout is not None)}

    def look_at_rights(self) -> Facts:
        """Whether readings may be added, linked and deleted; without doing it."""
        connection = self._open_connection()
        with self._named():
            if int(connection.value("SELECT @@read_only") or 0):
                raise ServerError("server.read_only", Remedy.WAIT)
            if not connection.value("SHOW TABLES LIKE %s", READINGS):
                return {"rights": "SELECT"}
            for statement in _NEEDED.values():
                connection.rows(statement)
        return {"rights": ", ".join(("SELECT", *_NEEDED))}

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def give_up(self) -> None:
        """Ends a step under way soon."""
        connection = self._connection
        if connection is not None:
            connection.interrupt()

    def _log_in(self) -> ServerError | None:
        """Connects and logs in, once; what was wrong with it."""
        if not self._tried:
            self._tried = True
            self._address = dataclasses.replace(self._address, password=self._password() or "")
            self._connection = ServerConnection(self._address, _READ_TIMEOUT_S)
            try:
                with self._named():
                    self._connection.establish()
                    self._connection.autocommit(True)
            except ServerError as error:
                self._connection, self._outcome = None, error
        return self._outcome

    def _open_connection(self) -> ServerConnection:
        if self._connection is None:
            raise ServerError("server.lost", Remedy.RECONNECT, detail="closed")
        return self._connection

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except KnownError:
            raise
        except (*PROTOCOL_ERRORS, UnicodeError) as error:
            host, port = self._address.host, self._address.port
            raise server_error(error, host, port, _READ_TIMEOUT_S) from error
