"""The HTTP server under our own API: waitress, with what it does not bound itself.

waitress drops a client that is silent, not one that sends a byte now and then or never reads
its answer; and at its limit of connections it lets newcomers wait for those who do nothing.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any

from waitress.channel import HTTPChannel  # type: ignore[import-untyped]  # it ships no types
from waitress.server import (  # type: ignore[import-untyped]  # it ships no types
    BaseWSGIServer,
    create_server,
)
from waitress.task import (  # type: ignore[import-untyped]  # it ships no types
    ErrorTask,
    ThreadedTaskDispatcher,
    WSGITask,
)

from harit_desktop.transport.local_api_app import (
    MAX_BODY_BYTES,
    WsgiApp,
    error_body,
    plain_headers,
)

CONNECTIONS = 32
THREADS = CONNECTIONS
"""One each, as most of them wait for a commit: with half as many, a store that stops for a second
turned readings away."""
MAX_HEADER_BYTES = 16 * 1024
SILENT_S = 20
"""How long a connection may be without a request, and how long a request may take to arrive."""
UNREAD_S = 60
"""How long a client may take to read its answer."""
_PRESSED_IDLE_S = 1.0
_PRESSED_REQUEST_S = 3.0
"""The same while others wait for a connection."""
_LINGER_S = 2.0
_LINGER_BYTES = 4 * 1024 * 1024
_TURN_S = 0.5

_ERROR_WORDS = {
    400: "Bad request",
    413: f"The body is larger than {MAX_BODY_BYTES} bytes",
    431: f"The header is larger than {MAX_HEADER_BYTES} bytes",
    501: "Not supported",
}


class _ErrorTask(ErrorTask):  # type: ignore[misc]  # it ships no types
    """Our words for what is no request; waitress would repeat the client's own."""

    def execute(self) -> None:
        error = self.request.error
        body = error_body(_ERROR_WORDS.get(error.code, "Internal server error"))
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend(plain_headers())
        self.set_close_on_finish()
        self.content_length = len(body)
        self.channel.refused = True
        self.write(body)


class _Task(WSGITask):  # type: ignore[misc]  # it ships no types
    def build_response_header(self) -> bytes:
        if self.channel.server.in_connection_overflow:
            # Whoever keeps a connection would keep the others out.
            self.set_close_on_finish()
        header: bytes = super().build_response_header()
        return header


class _Channel(HTTPChannel):  # type: ignore[misc]  # it ships no types
    """One client. Everything here but `refused` belongs to the server's thread."""

    task_class = _Task
    error_task_class = _ErrorTask

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.refused = False
        self._quiet_since_s = time.monotonic()
        self._request_since_s: float | None = None
        self._answer_since_s: float | None = None
        self._lingers_since_s: float | None = None
        self._swallowed = 0
        super().__init__(*arguments, **named)

    def received(self, data: bytes) -> bool:
        if self._lingers_since_s is not None:
            self._swallowed += len(data)
            if self._swallowed > _LINGER_BYTES:
                self.handle_close()
            return False
        went_on: bool = super().received(data)
        self._quiet_since_s = time.monotonic()
        if self.request is None:
            self._request_since_s = None
        elif self._request_since_s is None:
            self._request_since_s = self._quiet_since_s
        return went_on

    def readable(self) -> bool:
        return self._lingers_since_s is not None or bool(super().readable())

    def writable(self) -> bool:
        return self._lingers_since_s is None and bool(super().writable())

    def handle_write(self) -> None:
        if self.refused and self.close_when_flushed and not self.total_outbufs_len:
            # Closed at once, with a part of the body unread, the system would take back the
            # answer that says why.
            self._linger()
        else:
            super().handle_write()

    def _linger(self) -> None:
        self._lingers_since_s = time.monotonic()
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.handle_close()

    def sweep(self, now_s: float, *, pressed: bool) -> None:
        """Ends the connection where its client has had its time."""
        if self._lingers_since_s is not None:
            over = now_s - self._lingers_since_s > _LINGER_S
        elif self.requests:
            # Being answered; that has its own bounds.
            self._answer_since_s = None
            self._quiet_since_s = now_s
            return
        elif self.total_outbufs_len:
            self._answer_since_s = self._answer_since_s or now_s
            over = now_s - self._answer_since_s > UNREAD_S
        elif self._request_since_s is not None:
            bound_s = _PRESSED_REQUEST_S if pressed else SILENT_S
            over = now_s - self._request_since_s > bound_s
        else:
            self._answer_since_s = None
            bound_s = _PRESSED_IDLE_S if pressed else SILENT_S
            over = now_s - self._quiet_since_s > bound_s
        if over:
            self.handle_close()


class HttpServer:
    """Serves an application on sockets that are bound already.

    `run` and `close` belong to one thread; `wake` may be called from any.
    """

    def __init__(self, app: WsgiApp, sockets: Sequence[socket.socket]) -> None:
        # One line of its log for every request that waits would be a gift to an attacker.
        for name in ("waitress", "waitress.queue"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self._map: dict[int, Any] = {}
        self._dispatcher = ThreadedTaskDispatcher()
        self._dispatcher.set_thread_count(THREADS)
        self._lock = threading.Lock()
        self._closed = False
        self._main = create_server(
            app,
            map=self._map,
            _dispatcher=self._dispatcher,
            sockets=list(sockets),
            threads=THREADS,
            ident=None,
            # It counts its own sockets too, and refuses a body that is as long as the limit.
            connection_limit=CONNECTIONS + 2 * len(sockets),
            max_request_body_size=MAX_BODY_BYTES + 1,
            max_request_header_size=MAX_HEADER_BYTES,
            inbuf_overflow=2 * MAX_BODY_BYTES,
            channel_timeout=SILENT_S,
            expose_tracebacks=False,
            log_socket_errors=False,
            asyncore_use_poll=True,
        )
        self._servers = [one for one in self._map.values() if isinstance(one, BaseWSGIServer)]
        for server in self._servers:
            server.channel_class = _Channel

    def turn(self) -> None:
        """Does what is to be done, waiting for it at most half a second."""
        self._main.asyncore.loop(timeout=_TURN_S, use_poll=True, map=self._map, count=1)

    def sweep(self) -> None:
        """Ends connections whose clients do nothing; to be called about once a second."""
        now_s = time.monotonic()
        for server in self._servers:
            for channel in list(server.active_channels.values()):
                channel.sweep(now_s, pressed=server.in_connection_overflow)

    def wake(self) -> None:
        """Ends a wait in `turn`."""
        with self._lock:
            if not self._closed:
                self._servers[0].pull_trigger()

    def close(self, drain_s: float) -> None:
        """Takes no more connections, and gives requests under way some time to be answered."""
        for server in self._servers:
            server.accepting = False
            server.del_channel()
            server.socket.close()
        until_s = time.monotonic() + drain_s
        while time.monotonic() < until_s and any(map(_is_busy, self._channels())):
            self._main.asyncore.loop(timeout=0.05, use_poll=True, map=self._map, count=1)
        self._dispatcher.shutdown(timeout=0.2)
        for channel in list(self._channels()):
            channel.handle_close()
        with self._lock:
            self._closed = True
            for server in self._servers:
                server.trigger.close()

    def _channels(self) -> Iterable[Any]:
        return (one for server in self._servers for one in server.active_channels.values())


def _is_busy(channel: Any) -> bool:
    return bool(channel.requests or channel.total_outbufs_len)
