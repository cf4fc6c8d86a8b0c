"""Where the store server is, and the TCP connection to it."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from harit_desktop.storage.mysql.errors import Remedy, ServerError

_POLL_S = 0.2


@dataclass(frozen=True)
class ServerAddress:
    """Where the store server is and who logs in. The password is in no text made of it.

    With `tls` the certificate and its name are verified, against `ca_file` or the system's
    authorities, and there is no connection without; otherwise nothing is encrypted.
    """

    host: str
    port: int
    database: str
    user: str
    password: str | None = field(repr=False)
    tls: bool
    ca_file: str = ""


def reach(
    address: ServerAddress, timeout_s: float, interrupted: Callable[[], bool]
) -> socket.socket:
    """A TCP connection to the first of the host's addresses that takes one.

    Given up within a moment of `interrupted()`. Raises ServerError(server.unreachable),
    socket.gaierror.
    """
    deadline_s = time.monotonic() + timeout_s
    failure: OSError = OSError("no address")
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    for family, kind, protocol, _, where in found:
        sock = socket.socket(family, kind, protocol)
        try:
            _connect(sock, where, deadline_s, interrupted)
        except OSError as error:
            sock.close()
            failure = error
            continue
        return sock
    raise ServerError(
        "server.unreachable",
        Remedy.RECONNECT,
        host=address.host,
        port=address.port,
        detail=failure.strerror or str(failure),
    )


def _connect(
    sock: socket.socket, where: Any, deadline_s: float, interrupted: Callable[[], bool]
) -> None:
    """Connects in short waits, so that an interruption ends it on every system."""
    sock.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        sock.connect(where)
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_WRITE)
        while not selector.select(_POLL_S):
            if interrupted():
                raise OSError("broken off")
            if time.monotonic() > deadline_s:
                raise TimeoutError("timed out")
    number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if number:
        raise OSError(number, os.strerror(number))
    sock.setblocking(True)
