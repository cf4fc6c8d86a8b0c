"""Connections to the store server: every one with the same careful settings."""

from __future__ import annotations

import contextlib
import io
import ipaddress
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import pymysql
from pymysql.constants import CLIENT

from harit_desktop.storage.mysql.address import ServerAddress, reach
from harit_desktop.storage.mysql.errors import PROTOCOL_ERRORS, Remedy, ServerError, server_error

if TYPE_CHECKING:
    from pymysql.cursors import Cursor

    _Driver = pymysql.Connection[Cursor]
else:
    _Driver = pymysql.Connection

CONNECT_TIMEOUT_S = 5.0
HANDSHAKE_TIMEOUT_S = 8.0
"""From the first byte to the end of the login, however the server spreads its bytes."""

READ_TIMEOUT_S = 15.0

MAX_ANSWER_BYTES = 256 * 1024 * 1024
"""Longest answer that is taken into memory at once; none of the program's is a tenth of it."""

MAX_ANSWER_PACKETS = 1_000_000
"""About as many rows: short ones take much more memory than their bytes."""

MIN_CALL_S = 60.0
_CALL_TIMEOUTS = 3
"""A call may take as many read time-outs as a whole, however its answer is spread."""

_INIT = (
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',"
    " innodb_lock_wait_timeout = 5, lock_wait_timeout = 5"
)
_ISOLATION = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"

_PLAIN_PASSWORD_PLUGINS = ("mysql_clear_password", "dialog", "mysql_old_password")
"""Methods that give the password away: two in clear, one with a hash broken long ago."""

_MINIMUM_MYSQL = (5, 7, 8)
_MINIMUM_MARIADB = (10, 2, 7)
"""The first ones with a JSON type."""


class _Refuse:
    """Answers a server that wants the password itself instead of a proof of it."""

    def __init__(self, connection: object) -> None:
        pass

    def authenticate(self, packet: object) -> NoReturn:
        raise ServerError("server.plain_password", Remedy.ASK)


class _InTime(socket.SocketIO):
    """Reads as long as the call may take; the socket's own limit holds for each read."""

    def __init__(self, sock: socket.socket, connection: ServerConnection) -> None:
        super().__init__(sock, "r")
        self._connection = weakref.ref(connection)

    def readinto(self, buffer: Any) -> int | None:
        connection = self._connection()
        if connection is not None and time.monotonic() > connection.until_s:
            raise _endless()
        return super().readinto(buffer)


class ServerConnection(_Driver):
    """A connection that can be broken off from another thread at any moment.

    `busy_since_s` is the monotonic time since when a call waits for the server, None
    between calls; any thread may read it. `until_s` is when a call must have its answer.
    """

    _sock: Any
    _rfile: Any
    server_version: str
    server_capabilities: int

    def __init__(self, address: ServerAddress, read_timeout_s: float) -> None:
        self.busy_since_s: float | None = None
        self._address = address
        self._began_s = 0.0
        self._call_s = max(MIN_CALL_S, _CALL_TIMEOUTS * read_timeout_s)
        self._row_by_row = False
        self._allow_answer()
        self._public_key: bytes | None = None
        self._guard: socket.socket | None = None
        self._guard_lock = threading.Lock()
        self._interrupted = False
        # MySQL keeps a password as the bytes that were typed: nowadays UTF-8.
        password = (address.password or "").encode()
        super().__init__(
            host=address.host,
            port=address.port,
            user=address.user,
            password=password,
            database=address.database or None,
            charset="utf8mb4",
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=read_timeout_s,
            write_timeout=read_timeout_s,
            local_infile=False,
            autocommit=False,
            init_command=_INIT,
            auth_plugin_map=dict.fromkeys(_PLAIN_PASSWORD_PLUGINS, _Refuse),
            ssl=_context(address) if address.tls else None,
            ssl_disabled=not address.tls,
            program_name="Harit Desktop",
            defer_connect=True,
        )

    def __repr__(self) -> str:
        return f"<ServerConnection {self._address!r}>"

    @property
    def server_public_key(self) -> bytes | None:
        return self._public_key

    @server_public_key.setter
    def server_public_key(self, key: bytes | None) -> None:
        """Refuses a key that comes unprotected over a network: whoever sends his own could
        read the password, which the driver would encrypt with it."""
        if key is not None and not self.encrypted and not is_loopback(self._sock):
            raise ServerError("server.plain_password", Remedy.ASK)
        self._public_key = key

    @property
    def encrypted(self) -> bool:
        return isinstance(self._sock, ssl.SSLSocket)

    @property
    def version(self) -> str:
        """Product and number, as "MariaDB 10.11.6" or "MySQL 8.0.36"."""
        name, number = _product(self.server_version)
        return f"{name} {'.'.join(map(str, number))}"

    def establish(self) -> None:
        """Connects and logs in. Raises ServerError; afterwards nothing is left open."""
        address = self._address
        self._began_s = time.monotonic()
        try:
            with self._busy():
                self._log_in()
            self._check_version()
        except BaseException as error:
            self._release_guard()
            if isinstance(error, PROTOCOL_ERRORS):
                raise self._named(error) from error
            raise
        if address.tls and not self.encrypted:
            self.break_off()
            raise ServerError("server.tls", Remedy.ASK, cause="not_tls", detail="")

    def query(self, sql: str | bytes, unbuffered: bool = False) -> int:
        # Of an unbuffered answer only one row is in memory.
        self._row_by_row = unbuffered
        with self._busy():
            return int(super().query(sql, unbuffered))

    def rows(self, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
        """All rows of a statement; `arguments` fill its %s."""
        with self.cursor() as cursor:
            cursor.execute(sql, arguments or None)
            return list(cursor.fetchall())

    def value(self, sql: str, *arguments: object) -> Any:
        """The first value of the first row, None where there is no row."""
        found = self.rows(sql, *arguments)
        return found[0][0] if found else None

    def run(self, sql: str, *arguments: object) -> int:
        """Runs a statement; the number of rows that it changed."""
        with self.cursor() as cursor:
            return int(cursor.execute(sql, arguments or None))

    def begin(self) -> None:
        with self._busy():
            super().begin()

    def commit(self) -> None:
        with self._busy():
            super().commit()

    def autocommit(self, value: bool | None) -> None:
        with self._busy():
            super().autocommit(value)

    def interrupt(self) -> None:
        """Makes a call under way on another thread fail at once, and every later one."""
        with self._guard_lock:
            self._interrupted = True
            if self._guard is not None:
                with contextlib.suppress(OSError):
                    self._guard.shutdown(socket.SHUT_RDWR)

    def break_off(self) -> None:
        """Closes without a farewell, which a silent server would make us wait for."""
        self._force_close()
        self._release_guard()

    def close(self) -> None:
        """Says farewell and closes. Never raises."""
        with contextlib.suppress(*PROTOCOL_ERRORS):
            super().close()
        self._release_guard()

    def _force_close(self) -> None:
        with contextlib.suppress(OSError):
            super()._force_close()  # type: ignore[misc]  # the stub leaves it out
        self._release_guard()

    def _read_bytes(self, num_bytes: int) -> bytes:
        if self._row_by_row:
            self._allow_answer()
        self._left_bytes -= num_bytes
        self._left_reads -= 1
        if self._left_bytes < 0 or self._left_reads < 0:
            self._force_close()
            raise _endless()
        data: bytes = super()._read_bytes(num_bytes)  # type: ignore[misc]  # as above
        return data

    def _execute_command(self, command: int, sql: str | bytes) -> None:
        self._allow_answer()
        super()._execute_command(command, sql)  # type: ignore[misc]  # as above

    def _allow_answer(self) -> None:
        self._left_bytes = MAX_ANSWER_BYTES
        # The head and the body of each packet.
        self._left_reads = 2 * MAX_ANSWER_PACKETS
        self.until_s = time.monotonic() + self._call_s

    @contextlib.contextmanager
    def _busy(self) -> Iterator[None]:
        before_s = self.busy_since_s
        if before_s is None:
            self.busy_since_s = time.monotonic()
        try:
            yield
        finally:
            self.busy_since_s = before_s

    def _log_in(self) -> None:
        sock = reach(self._address, CONNECT_TIMEOUT_S, lambda: self._interrupted)
        with self._guard_lock:
            # A second handle of the same connection, valid while TLS is wrapped around it.
            self._guard = sock.dup()
            if self._interrupted:
                self._guard.shutdown(socket.SHUT_RDWR)
        timer = threading.Timer(HANDSHAKE_TIMEOUT_S, self.interrupt)
        timer.daemon = True
        timer.start()
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self.connect(sock)
            # Nothing is left unread between two calls.
            self._rfile = io.BufferedReader(_InTime(self._sock, self))
            self.run(_ISOLATION)
        except PROTOCOL_ERRORS as error:
            if self._interrupted and not timer.is_alive():
                raise TimeoutError("no end of the login") from error
            raise
        finally:
            timer.cancel()

    def _check_version(self) -> None:
        name, number = _product(self.server_version)
        minimum = _MINIMUM_MARIADB if name == "MariaDB" else _MINIMUM_MYSQL
        if number < minimum:
            version = self.version
            self.close()
            raise ServerError("server.version", Remedy.ASK, version=version)

    def _named(self, error: BaseException) -> ServerError:
        address = self._address
        named = server_error(error, address.host, address.port, time.monotonic() - self._began_s)
        if named.code == "server.no_database":
            return ServerError(named.code, named.remedy, database=address.database)
        if named.code == "server.auth":
            if address.password and not address.tls and self.server_capabilities & CLIENT.SSL:
                # An account that may only come by TLS is refused with the same words.
                return ServerError("server.auth_or_tls", named.remedy, user=address.user)
            known = "yes" if address.password else "no"
            return ServerError(named.code, named.remedy, user=address.user, password=known)
        return named

    def _release_guard(self) -> None:
        with self._guard_lock:
            guard, self._guard = self._guard, None
        if guard is not None:
            guard.close()


def connect(address: ServerAddress, *, read_timeout_s: float = READ_TIMEOUT_S) -> ServerConnection:
    """An open connection outside a transaction, with autocommit off.

    Sessions are strict, READ COMMITTED, and wait at most 5 s for a lock. A silent server is
    given up after `read_timeout_s`. Raises ServerError, a KnownError(server.*).
    """
    connection = ServerConnection(address, read_timeout_s)
    connection.establish()
    return connection


def is_loopback(sock: socket.socket) -> bool:
    """Whether the other end is on this computer."""
    where = ipaddress.ip_address(str(sock.getpeername()[0]).partition("%")[0])
    mapped = getattr(where, "ipv4_mapped", None)
    return (mapped or where).is_loopback


def _endless() -> ServerError:
    reason = "an answer without end"
    return ServerError("server.failed", Remedy.WAIT, number=0, reason=reason)


def _context(address: ServerAddress) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=address.ca_file or None)
    except (OSError, ValueError) as error:
        raise ServerError("server.tls", Remedy.ASK, cause="ca_file", detail=str(error)) from error


def _product(server_version: str) -> tuple[str, tuple[int, ...]]:
    """The product and its number, of a text such as "5.5.5-10.11.6-MariaDB-log"."""
    is_mariadb = "mariadb" in server_version.lower()
    text = server_version.removeprefix("5.5.5-") if is_mariadb else server_version
    digits = text.split("-", 1)[0].split(".")
    number = tuple(int(part) for part in digits[:3] if part.isdecimal())
    return ("MariaDB" if is_mariadb else "MySQL"), number
