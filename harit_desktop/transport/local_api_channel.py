"""One client of our own API: waitress's channel, with a bound for each thing it may take time for.

waitress ends a client that is silent, not one that sends a byte now and then or never reads its
answer.
"""

from __future__ import annotations

import socket
import time
from typing import Any

from waitress.channel import HTTPChannel  # type: ignore[import-untyped]  # it ships no types
from waitress.task import ErrorTask  # type: ignore[import-untyped]  # it ships no types

from harit_desktop.transport.local_api_answers import (
    RETRY_AFTER_S,
    error_body,
    plain_headers,
    words_of,
)
from harit_desktop.transport.local_api_door import Idleness, Spare
from harit_desktop.transport.local_api_rate import address_key

SILENT_S = 20
"""How long a connection may be without a request."""
HEAD_S = 5
"""How long a request's head may take to arrive, from its first byte."""
BODY_S = 15
"""How long its body may take after that."""
UNREAD_S = 60
"""How long a client may take to read its answer."""
_LINGER_S = 2.0
_LINGER_BYTES = 4 * 1024 * 1024


def _no_room() -> bytes:
    body = error_body("Too many connections; come again later")
    headers = [
        *plain_headers(),
        ("Content-Length", str(len(body))),
        ("Retry-After", str(RETRY_AFTER_S)),
        ("Connection", "close"),
    ]
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 503 Service Unavailable\r\n{lines}\r\n".encode() + body


_NO_ROOM = _no_room()


class _ErrorTask(ErrorTask):  # type: ignore[misc]  # it ships no types
    """Our words for what is no request; waitress would repeat the client's own."""

    def execute(self) -> None:
        error = self.request.error
        body = error_body(words_of(error.code))
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend(plain_headers())
        self.set_close_on_finish()
        self.content_length = len(body)
        self.channel.refused = True
        self.write(body)


class Channel(HTTPChannel):  # type: ignore[misc]  # it ships no types
    """One client. Belongs to the server's thread, but for `refused` and what `service` sets."""

    error_task_class = _ErrorTask

    def __init__(self, server: Any, sock: Any, address: Any, adj: Any, map: Any) -> None:
        self.key = address_key(str(address[0]))
        self.refused = False
        self._served = False
        self._quiet_since_s = time.monotonic()
        self._head_since_s: float | None = None
        self._body_since_s: float | None = None
        self._answer_since_s: float | None = None
        self._lingers_since_s: float | None = None
        self._swallowed = 0
        super().__init__(server, sock, address, adj, map=map)

    def turn_away(self) -> None:
        """Answers that there is no room, whatever is asked, and closes."""
        self.refused = self.close_when_flushed = True
        with self.outbuf_lock:
            self.outbufs[-1].append(_NO_ROOM)
            self.total_outbufs_len += len(_NO_ROOM)
            self._flush_exception(self._flush_some)

    def received(self, data: bytes) -> bool:
        if self._lingers_since_s is not None:
            self._swallowed += len(data)
            if self._swallowed > _LINGER_BYTES:
                self.handle_close()
            return False
        before = self.request
        went_on: bool = super().received(data)
        now_s = time.monotonic()
        if self.request is None:
            self._head_since_s = self._body_since_s = None
        elif self.request is not before:
            self._head_since_s, self._body_since_s = now_s, None
        if self.request is not None and self.request.headers_finished:
            self._body_since_s = self._body_since_s or now_s
        return went_on

    def service(self) -> None:
        super().service()
        # Not with each byte that arrives: empty lines before a request are none.
        self._quiet_since_s = time.monotonic()
        self._served = True

    def readable(self) -> bool:
        return self._lingers_since_s is not None or bool(super().readable())

    def writable(self) -> bool:
        if self._lingers_since_s is not None:
            return bool(self.will_close)
        return bool(super().writable())

    def end(self) -> None:
        """In the next turn. In this one the next newcomer would get the number of its socket,
        and what the system has told of it."""
        self.will_close = True

    def handle_write(self) -> None:
        if self.will_close:
            self.handle_close()
        elif self.refused and self.close_when_flushed and not self.total_outbufs_len:
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

    def spare(self) -> Spare | None:
        if self._lingers_since_s is not None:
            return Spare(Idleness.END, self._lingers_since_s)
        if self.requests or self.close_when_flushed:
            return None
        if self.total_outbufs_len:
            return Spare(Idleness.READER, self._answer_since_s or time.monotonic())
        if self._head_since_s is not None:
            return Spare(Idleness.REQUEST, self._head_since_s)
        kind = Idleness.ANOTHER if self._served else Idleness.REQUEST
        return Spare(kind, self._quiet_since_s)

    @property
    def unread_since_s(self) -> float | None:
        """Since when its client has been reading an answer, as `sweep` has seen it."""
        return self._answer_since_s if self.total_outbufs_len and not self.requests else None

    def sweep(self, now_s: float) -> None:
        """Ends the connection where its client has had its time."""
        if self._lingers_since_s is not None:
            over = now_s - self._lingers_since_s > _LINGER_S
        elif self.requests:
            # Being answered; that has its own bounds, and nothing is read meanwhile.
            self._answer_since_s = None
            self._restart(now_s)
            return
        elif self.total_outbufs_len:
            self._answer_since_s = self._answer_since_s or now_s
            over = now_s - self._answer_since_s > UNREAD_S
            self._restart(now_s)
        elif self._body_since_s is not None:
            over = now_s - self._body_since_s > BODY_S
        elif self._head_since_s is not None:
            over = now_s - self._head_since_s > HEAD_S
        else:
            self._answer_since_s = None
            over = now_s - self._quiet_since_s > SILENT_S
        if over:
            self.handle_close()

    def _restart(self, now_s: float) -> None:
        """The next request's time has not begun yet."""
        self._quiet_since_s = now_s
        if self._head_since_s is not None:
            self._head_since_s = now_s
        if self._body_since_s is not None:
            self._body_since_s = now_s
