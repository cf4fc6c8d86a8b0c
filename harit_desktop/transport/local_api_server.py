"""The HTTP server under our own API: waitress, with what it does not bound itself.

waitress drops a client that is silent, not one that sends a byte now and then or never reads
its answer; and at its limit of connections it lets newcomers wait for those who do nothing
(`local_api_door` ends these instead).
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from waitress.server import (  # type: ignore[import-untyped]  # it ships no types
    BaseWSGIServer,
    create_server,
)
from waitress.task import (  # type: ignore[import-untyped]  # it ships no types
    ThreadedTaskDispatcher,
)

from harit_desktop.transport.local_api_answers import (
    MAX_BODY_BYTES,
    MAX_HEADER_BYTES,
)
from harit_desktop.transport.local_api_app import WsgiApp
from harit_desktop.transport.local_api_channel import SILENT_S, Channel
from harit_desktop.transport.local_api_door import CONNECTIONS, Door

THREADS = 32
"""As most of them wait for a commit: with half as many, a store that stops for a second turned
readings away."""
UNREAD_ANSWERS = 32
"""So many at a time are kept for clients that are slow to read; an answer may be megabytes."""
_TURN_S = 0.5
_LAST_TURN_S = 0.02
_ANSWERING_PART = 0.5
_ENDING_PART = 0.75
"""Of the time to close: until when requests are answered as ever, and until when they are
given up and hear of it."""


class _Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]  # it ships no types
    """The threads that answer; other than waitress's own they can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._started: list[threading.Thread] = []

    def start_new_thread(self, target: Callable[[int], None], thread_no: int) -> None:
        name = f"local-api-{thread_no}"
        thread = threading.Thread(target=target, name=name, args=(thread_no,), daemon=True)
        self._started.append(thread)
        thread.start()

    def dismiss(self) -> None:
        """Each thread ends after the request that it has, and takes no other."""
        self.set_thread_count(0)

    def forget_requests(self) -> None:
        """Those that no thread has taken."""
        self.shutdown(timeout=0)

    def ended(self) -> bool:
        return not any(thread.is_alive() for thread in self._started)

    def join(self, until_s: float) -> bool:
        """Whether all threads have ended by then."""
        for thread in self._started:
            thread.join(max(0.0, until_s - time.monotonic()))
        return self.ended()


class HttpServer:
    """Serves an application on sockets that are bound already.

    `turn`, `sweep` and `close` belong to one thread; `wake` may be called from any.
    """

    def __init__(self, app: WsgiApp, sockets: Sequence[socket.socket]) -> None:
        # One line of its log for every request that waits would be a gift to an attacker.
        for name in ("waitress", "waitress.queue"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self._map: dict[int, Any] = {}
        self._dispatcher = _Dispatcher()
        self._lock = threading.Lock()
        self._closed = False
        self._main = create_server(
            app,
            map=self._map,
            _dispatcher=self._dispatcher,
            sockets=list(sockets),
            threads=THREADS,
            ident=None,
            # Never reached: at this limit it would not see who comes.
            connection_limit=2 * CONNECTIONS,
            # It refuses a body that is as long as the limit.
            max_request_body_size=MAX_BODY_BYTES + 1,
            max_request_header_size=MAX_HEADER_BYTES,
            inbuf_overflow=2 * MAX_BODY_BYTES,
            channel_timeout=SILENT_S,
            expose_tracebacks=False,
            log_socket_errors=False,
            asyncore_use_poll=True,
        )
        self._door = Door(self._staying)
        self._servers = [one for one in self._map.values() if isinstance(one, BaseWSGIServer)]
        for server in self._servers:
            server.channel_class = self._open
        # Last: where a socket is refused, no thread is left behind.
        self._dispatcher.set_thread_count(THREADS)

    def turn(self) -> None:
        """Does what is to be done, waiting for it at most half a second."""
        self._main.asyncore.loop(timeout=_TURN_S, use_poll=True, map=self._map, count=1)

    def sweep(self) -> None:
        """Ends connections whose clients do nothing; to be called about once a second."""
        now_s = time.monotonic()
        for channel in list(self._channels()):
            channel.sweep(now_s)
        unread = [(one.unread_since_s, one) for one in self._channels() if one.unread_since_s]
        unread.sort(key=lambda entry: entry[0])
        for _, channel in unread[: max(0, len(unread) - UNREAD_ANSWERS)]:
            channel.handle_close()

    def wake(self) -> None:
        """Ends a wait in `turn`."""
        with self._lock:
            if not self._closed:
                self._servers[0].pull_trigger()

    def close(self, within_s: float, give_up: Callable[[], None]) -> bool:
        """Takes no more connections, answers what is under way, and ends all threads; False
        where one did not end within that time.

        Half of the time the requests are answered as ever. `give_up` then is to free those
        that wait for something; it is called until none does.
        """
        began_s = time.monotonic()
        ending_s = began_s + within_s * _ENDING_PART
        for server in self._servers:
            server.accepting = False
            server.del_channel()
            server.socket.close()
        self._turn_while(self._is_answering, began_s + within_s * _ANSWERING_PART)
        self._dispatcher.dismiss()
        give_up()
        while not self._dispatcher.ended() and time.monotonic() < ending_s:
            self._last_turn()
            # A request may have begun to wait just now.
            give_up()
        self._turn_while(self._has_unsent, ending_s)
        self._dispatcher.forget_requests()
        for channel in list(self._channels()):
            channel.handle_close()
        with self._lock:
            self._closed = True
            for server in self._servers:
                server.trigger.close()
        # Only now: one may have waited for its client to read.
        return self._dispatcher.join(began_s + within_s)

    def _open(self, server: Any, sock: Any, address: Any, adj: Any, map: Any) -> None:
        """A newcomer's connection."""
        admitted = self._door.make_room(str(address[0]))
        channel = Channel(server, sock, address, adj, map)
        if not admitted:
            channel.turn_away()

    def _turn_while(self, unfinished: Callable[[], bool], until_s: float) -> None:
        while time.monotonic() < until_s and unfinished():
            self._last_turn()

    def _last_turn(self) -> None:
        self._main.asyncore.loop(timeout=_LAST_TURN_S, use_poll=True, map=self._map, count=1)

    def _is_answering(self) -> bool:
        return self._has_unsent() or any(channel.requests for channel in self._channels())

    def _has_unsent(self) -> bool:
        return any(channel.total_outbufs_len for channel in self._channels())

    def _staying(self) -> Iterable[Any]:
        return (one for one in self._channels() if not one.will_close)

    def _channels(self) -> Iterable[Any]:
        return (one for server in self._servers for one in server.active_channels.values())
