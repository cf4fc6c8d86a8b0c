"""A time limit on all that is done with one connection, however slowly it drips."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator

TIME_LIMIT_S = 10.0


class Watchdog:
    """Cuts the connection it watches once the time is over; `bit` tells that it did."""

    def __init__(self) -> None:
        self.bit = False
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def watch(self, connection: socket.socket | None) -> None:
        """Watches this connection from now on."""
        with self._lock:
            self._socket = connection
            if self.bit:
                self._cut()

    def bite(self) -> None:
        with self._lock:
            self.bit = True
            self._cut()

    def _cut(self) -> None:
        if self._socket is not None:
            # Closing alone would not wake a thread that waits in it.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def connect(
        self, host: str, port: int, seconds: float, trust: ssl.SSLContext | None
    ) -> socket.socket:
        """A watched connection, over TLS where there is something to `trust`. Raises OSError."""
        connection = socket.create_connection((host, port), seconds)
        # From now on the dog alone says when it is over.
        connection.settimeout(2 * seconds)
        self.watch(connection)
        return connection if trust is None else self.secure(connection, host, trust)

    def secure(self, connection: socket.socket, host: str, trust: ssl.SSLContext) -> socket.socket:
        """The connection over TLS, with the handshake under watch as well. Raises OSError."""
        try:
            secured = trust.wrap_socket(
                connection, server_hostname=host, do_handshake_on_connect=False
            )
        except BaseException:
            connection.close()
            raise
        self.watch(secured)
        try:
            secured.do_handshake()
        except BaseException:
            self.watch(None)
            secured.close()
            raise
        return secured


@contextlib.contextmanager
def time_limit(seconds: float = TIME_LIMIT_S) -> Iterator[Watchdog]:
    """A watchdog for the time of the block."""
    dog = Watchdog()
    timer = threading.Timer(seconds, dog.bite)
    timer.daemon = True
    timer.name = "alert-time-limit"
    timer.start()
    try:
        yield dog
    finally:
        timer.cancel()
