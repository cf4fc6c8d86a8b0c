"""A connection for a check: it waits for everything in short slices, so that a check that
is given up ends within a second, whatever the other side does."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from harit_desktop.transport.socket_wait import wait_for

T = TypeVar("T")

_SLICE_S = 0.2
_UNDER_WAY = {errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY}


class Line:
    """One TCP connection, perhaps with TLS on it; everything together within `within_s`.

    Every method raises OSError (ssl.SSLError among them), TimeoutError when the time is over
    or the check was given up.
    """

    def __init__(self, given_up: threading.Event, within_s: float) -> None:
        self._given_up = given_up
        self._until_s = time.monotonic() + within_s
        self._sock: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def open(self, host: str, port: int) -> None:
        """Tries the addresses of a name one by one, each for its part of the time. The look
        for the name may block long."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        failure: OSError | None = None
        until_s = self._until_s
        for number, (family, kind, protocol, _, address) in enumerate(found):
            left_s = self._left_s()
            self._until_s = time.monotonic() + left_s / (len(found) - number)
            try:
                self._sock = self._reach(socket.socket(family, kind, protocol), address)
                return
            except OSError as error:
                failure = error
            finally:
                self._until_s = until_s
        raise failure or OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))

    def secure(self, context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
        """Agrees on TLS."""
        secure = context.wrap_socket(
            self._the_socket(), server_hostname=host, do_handshake_on_connect=False
        )
        self._sock = secure
        self._patiently(secure.do_handshake)
        return secure

    def send(self, data: bytes) -> None:
        """Sends all of it."""
        sock, left = self._the_socket(), memoryview(data)
        while left:
            sent = self._patiently(partial(sock.send, left), writes=True)
            left = left[sent:]

    def receive(self, limit: int) -> bytes:
        """What comes next; empty where the other side has closed."""
        sock = self._the_socket()
        return self._patiently(lambda: sock.recv(limit))

    def wait_readable(self, seconds: float) -> bool:
        """Whether something comes within so long."""
        sock, until_s = self._the_socket(), time.monotonic() + seconds
        while not self._given_up.is_set() and (left_s := until_s - time.monotonic()) > 0:
            if wait_for([sock], [], min(left_s, _SLICE_S))[0]:
                return True
        return False

    def close(self) -> None:
        sock, self._sock = self._sock, None
        if sock is not None:
            sock.close()

    def _reach(self, sock: socket.socket, address: object) -> socket.socket:
        try:
            if sys.platform == "win32":
                # Its `select` tells of a connection that failed in a way of its own.
                sock.settimeout(self._left_s())
                sock.connect(address)  # type: ignore[arg-type]  # as getaddrinfo gave it
                sock.setblocking(False)
                return sock
            sock.setblocking(False)
            code = sock.connect_ex(address)  # type: ignore[arg-type]  # as getaddrinfo gave it
            if code in _UNDER_WAY:
                self._wait(sock, writes=True)
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code))
        except BaseException:
            sock.close()
            raise
        return sock

    def _patiently(self, act: Callable[[], T], *, writes: bool = False) -> T:
        while True:
            sock = self._the_socket()
            try:
                return act()
            except ssl.SSLWantReadError:
                self._wait(sock, writes=False)
            except ssl.SSLWantWriteError:
                self._wait(sock, writes=True)
            except BlockingIOError:
                self._wait(sock, writes=writes)

    def _wait(self, sock: socket.socket, *, writes: bool) -> None:
        while True:
            slice_s = min(self._left_s(), _SLICE_S)
            readable, writable = wait_for(
                [] if writes else [sock], [sock] if writes else [], slice_s
            )
            if readable or writable:
                return

    def _left_s(self) -> float:
        left_s = self._until_s - time.monotonic()
        if left_s <= 0 or self._given_up.is_set():
            raise TimeoutError("no answer in time")
        return left_s

    def _the_socket(self) -> socket.socket:
        if self._sock is None:
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        return self._sock
