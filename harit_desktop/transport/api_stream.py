"""A connection on which nothing waits longer than the request may take, or after `close`.

Sockets have a time-out for each read, so a server that sends a byte now and then holds a
client for ever. Here every wait, the name's lookup and the TLS handshake included, ends at one
deadline, and soon after another thread says so; which works alike on every system.
"""

from __future__ import annotations

import errno
import functools
import io
import os
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

from harit_desktop.transport.api_address import ApiAddress
from harit_desktop.transport.api_failures import MAX_ANSWER_BYTES, Closed, TooBig

_SLICE_S = 0.1
_PIECE_BYTES = 65_536
_MAX_RECEIVED_BYTES = MAX_ANSWER_BYTES + 1024 * 1024
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_CONNECTING = {errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN, 10035}  # WSAEWOULDBLOCK


class Patience:
    """How long the request under way may still take; `give_up` comes from any thread."""

    def __init__(self) -> None:
        self._closed = threading.Event()
        self._until_s = 0.0

    def begin(self, seconds: float) -> None:
        self._until_s = time.monotonic() + seconds
        self.left_s()

    def give_up(self) -> None:
        self._closed.set()

    @property
    def given_up(self) -> bool:
        return self._closed.is_set()

    def left_s(self) -> float:
        """Raises TimeoutError, Closed."""
        if self._closed.is_set():
            raise Closed
        left_s = self._until_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("timed out")
        return left_s

    def slice_s(self) -> float:
        """How long to wait before asking again; raises as `left_s`."""
        return min(self.left_s(), _SLICE_S)


class Lookup:
    """Looks a host up on a thread of its own: the system's resolver cannot be broken off."""

    def __init__(self, address: ApiAddress) -> None:
        self._address = address
        self._thread: threading.Thread | None = None
        self._found: list[Any] | OSError | UnicodeError = []

    def addresses(self, patience: Patience) -> list[Any]:
        """What `getaddrinfo` says. A lookup that took too long is waited for the next time.

        Raises socket.gaierror, UnicodeError, TimeoutError, Closed.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="api-lookup", daemon=True)
            self._thread.start()
        while self._thread.is_alive():
            self._thread.join(patience.slice_s())
        self._thread = None
        if isinstance(self._found, Exception):
            raise self._found
        return self._found

    def _run(self) -> None:
        address = self._address
        try:
            self._found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            self._found = error


class ApiStream:
    """A connected socket with the few methods that `http.client` uses."""

    def __init__(self, sock: socket.socket, patience: Patience) -> None:
        self._sock = sock
        self._patience = patience
        self._received_bytes = 0
        self.has_leftovers = False
        """Whether more came than the answer: then the next one cannot be told from the rest."""

    def renew(self) -> None:
        """Before another request on the same connection."""
        self._received_bytes = 0

    def secure(self, context: ssl.SSLContext, host: str) -> None:
        """Goes on over TLS. Raises ssl.SSLError."""
        tls = context.wrap_socket(self._sock, server_hostname=host, do_handshake_on_connect=False)
        self._sock = tls
        self._until_done(tls.do_handshake, _READ)

    @property
    def is_idle(self) -> bool:
        """Whether the server has neither closed the connection nor said anything unasked."""
        try:
            return not (self.has_leftovers or _is_ready(self._sock, _READ, 0))
        except (OSError, ValueError):
            return False

    def sendall(self, data: Any) -> None:
        rest = memoryview(data).cast("B")
        while rest:
            piece = rest[:_PIECE_BYTES]
            rest = rest[self._until_done(functools.partial(self._sock.send, piece), _WRITE) :]

    def receive_into(self, buffer: Any) -> int:
        """Raises TooBig where one answer, headers and all, goes on without end: http.client
        has ways to be led into reading one whole, as a chunk of -1 bytes."""
        if self._received_bytes > _MAX_RECEIVED_BYTES:
            raise TooBig
        count = int(self._until_done(lambda: self._sock.recv_into(buffer), _READ))
        self._received_bytes += count
        return count

    def makefile(self, *_mode: Any) -> io.BufferedReader:
        return _Answer(_Reader(self))

    def close(self) -> None:
        self._sock.close()

    def _until_done(self, step: Callable[[], Any], waits_for: int) -> Any:
        while True:
            self._patience.left_s()
            try:
                return step()
            except ssl.SSLWantReadError:
                wanted = _READ
            except ssl.SSLWantWriteError:
                wanted = _WRITE
            except BlockingIOError:
                wanted = waits_for
            while not _is_ready(self._sock, wanted, self._patience.slice_s()):
                pass


class _Reader(io.RawIOBase):
    """The stream as a file. Closing it leaves the connection open for the next request."""

    def __init__(self, stream: ApiStream) -> None:
        self.stream = stream
        self.ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return 0 if self.ended else self.stream.receive_into(buffer)


class _Answer(io.BufferedReader):
    """The file that http.client reads; it closes it at the end of the answer."""

    def __init__(self, reader: _Reader) -> None:
        super().__init__(reader)
        self._reader = reader

    def close(self) -> None:
        if not self.closed and not self._reader.ended:
            self._reader.ended = True
            self._reader.stream.has_leftovers |= bool(self.peek(1))
        super().close()


def connect(address: ApiAddress, lookup: Lookup, patience: Patience) -> socket.socket:
    """A connection, that does not block, to the first of the host's addresses that takes one.

    Raises OSError, UnicodeError, TimeoutError, Closed.
    """
    found = lookup.addresses(patience)
    failure: OSError = OSError("no address")
    for number, (family, kind, protocol, _, where) in enumerate(found):
        # One dead address of several must not use up all the time.
        share_s = patience.left_s() / (len(found) - number)
        sock = socket.socket(family, kind, protocol)
        try:
            _connect(sock, where, patience, time.monotonic() + share_s)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            sock.close()
            failure = error
        except Closed:
            sock.close()
            raise
        else:
            return sock
    raise failure


def _connect(sock: socket.socket, where: Any, patience: Patience, until_s: float) -> None:
    sock.setblocking(False)
    number = sock.connect_ex(where)
    if number in _CONNECTING:
        while not _is_ready(sock, _WRITE, patience.slice_s()):
            if time.monotonic() > until_s:
                raise TimeoutError("timed out")
        number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if number:
        raise OSError(number, os.strerror(number))


def _is_ready(sock: socket.socket, event: int, timeout_s: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(sock, event)
        return bool(selector.select(timeout_s))
