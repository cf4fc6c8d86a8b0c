"""Our own HTTP API as a running part: its threads, its port and its state."""

from __future__ import annotations

import errno
import logging
import socket
import sys
import threading
import time
from collections.abc import Sequence

import msgspec

from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.hosts import is_loopback
from harit_desktop.domain.status import LocalApiState, LocalApiStatus
from harit_desktop.transport.local_api_app import ApiCounts, ApiService, GuardedApp, build_app
from harit_desktop.transport.local_api_guard import Guard, LocalApiConfig
from harit_desktop.transport.local_api_server import HttpServer

log = logging.getLogger(__name__)

TRY_AGAIN_S = 10.0
"""Until the port is asked for once more. It is never another one."""

_SWEEP_S = 1.0
_CLOSING_PART = 0.9
_FAULT_CLOSE_S = 1.0
"""To end what a fault has left of the server, before there is another one."""


class LocalApi:
    """Serves `service` over HTTP.

    Raises KnownError (local_api.no_consent, local_api.no_token) where the configuration
    would open it to other computers without either.
    """

    def __init__(
        self, config: LocalApiConfig, service: ApiService, *, try_again_s: float = TRY_AGAIN_S
    ) -> None:
        config.refuse_unsafe()
        self._config = config
        self._service = service
        self._try_again_s = try_again_s
        self._counts = ApiCounts()
        self._stop = threading.Event()
        self._close_s = _FAULT_CLOSE_S
        self._all_ended = True
        self._server: HttpServer | None = None
        self._status = LocalApiStatus(LocalApiState.STARTING, config.host, config.port)
        self._thread = threading.Thread(target=self._run, name="local-api", daemon=True)

    def start(self) -> None:
        """Begins to listen, on a thread of its own; `status` tells what came of it."""
        self._thread.start()

    def stop(self, deadline_s: float) -> bool:
        """Answers what is under way, as far as that takes half the time, and the rest with
        503; False when a thread was left behind."""
        self._close_s = deadline_s * _CLOSING_PART
        self._stop.set()
        server = self._server
        if server is not None:
            server.wake()
        if self._thread.ident is not None:
            self._thread.join(deadline_s)
        return not self._thread.is_alive() and self._all_ended

    def status(self) -> LocalApiStatus:
        counts = self._counts
        return msgspec.structs.replace(
            self._status,
            answered=counts.answered,
            stored=counts.stored,
            turned_away=counts.turned_away,
        )

    def healthy(self) -> bool:
        """False when the thread died."""
        return self._stop.is_set() or self._thread.ident is None or self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._serve()
            except KnownError as error:
                self._fail(error.problem)
            except Exception as error:
                log.exception("our own API failed")
                reason = f"{type(error).__name__}: {error}"[:200]
                self._fail(Problem("local_api.failed", {"reason": reason}))
            else:
                break
            self._stop.wait(self._try_again_s)
        self._status = LocalApiStatus(LocalApiState.OFF, self._config.host, self._config.port)

    def _fail(self, problem: Problem) -> None:
        if problem != self._status.problem:
            log.warning("our own API is not served: %s", problem)
        self._set(LocalApiState.FAILED, self._config.port, problem)

    def _set(self, state: LocalApiState, port: int, problem: Problem | None = None) -> None:
        self._status = LocalApiStatus(state, self._config.host, port, problem=problem)

    def _serve(self) -> None:
        """Until `stop`. Raises KnownError (local_api.port_busy, local_api.cannot_listen)."""
        sockets = listen(self._config.host, self._config.port)
        try:
            port: int = sockets[0].getsockname()[1]
            guard = Guard(self._config, port)
            app = build_app(self._service, self._counts)
            server = HttpServer(GuardedApp(app, guard, self._counts), sockets)
        except BaseException:
            for bound in sockets:
                bound.close()
            raise
        self._server = server
        try:
            log.info("our own API is served on %s port %s", self._config.host, port)
            self._set(LocalApiState.RUNNING, port)
            self._turn(server)
        finally:
            self._server = None
            self._all_ended = server.close(self._close_s, self._service.give_up)

    def _turn(self, server: HttpServer) -> None:
        swept_s = time.monotonic()
        while not self._stop.is_set():
            server.turn()
            if time.monotonic() - swept_s >= _SWEEP_S:
                swept_s = time.monotonic()
                server.sweep()


def listen(host: str, port: int) -> Sequence[socket.socket]:
    """Sockets bound to every address of the host, which listen once they are served.

    Raises KnownError (local_api.port_busy, local_api.cannot_listen).
    """
    bound: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        failures = []
        for family, kind, protocol, _, address in dict.fromkeys(found):
            if is_loopback(host) and not is_loopback(str(address[0])):
                raise OSError(errno.EADDRNOTAVAIL, f"{host} is not this computer")
            # Port 0 stands for any free one, the same for all addresses.
            wanted = bound[0].getsockname()[1] if bound else port
            try:
                bound.append(_bind(family, kind, protocol, (address[0], wanted, *address[2:])))
            except OSError as error:
                if error.errno != errno.EADDRNOTAVAIL:
                    raise
                # One of a name's addresses may be of a family that is switched off.
                failures.append(error)
        if not bound:
            raise failures[0]
    except OSError as error:
        for one in bound:
            one.close()
        if error.errno == errno.EADDRINUSE:
            raise KnownError("local_api.port_busy", host=host, port=port) from error
        reason = (error.strerror or str(error))[:200]
        raise KnownError("local_api.cannot_listen", host=host, port=port, reason=reason) from error
    return bound


def _bind(family: int, kind: int, protocol: int, address: tuple[object, ...]) -> socket.socket:
    sock = socket.socket(family, kind, protocol)
    try:
        if sys.platform == "win32":
            # There the usual option would let another program take the port over.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        # Two may be bound to a port, but only one can listen.
        sock.listen()
    except OSError:
        sock.close()
        raise
    return sock
