"""A TCP proxy on loopback whose faults a test switches on and off while it runs."""

import contextlib
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Literal, Self

from harit_desktop.transport.socket_wait import wait_for

Towards = Literal["client", "server"]

_CHUNK_BYTES = 65_536
_POLL_S = 0.02
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class TcpProxy:
    """Passes connections on to `host`:`port`; clients connect to `self.host`:`self.port`.

    Faults apply to all connections, at once, and to later ones until `heal`:

    - `delay_s`: each piece arrives so much later;
    - `bytes_per_s`: no faster than this, piece by piece (None: as fast as it comes);
    - `blackhole`: connections stay open, new ones are accepted, and no byte passes; what
      was sent meanwhile passes after `heal`, as over a network that came back;
    - `refusing`: new connections are closed at once.

    `cut`, `reset` and `cut_after` end connections; their successors work. Safe to use from
    any thread; `close` (or the end of a `with` block) ends everything within seconds.
    """

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.delay_s = 0.0
        self.bytes_per_s: float | None = None
        self.blackhole = False
        self.refusing = False
        self.connections = 0
        """Accepted since the start."""
        self.passed: dict[Towards, int] = {"client": 0, "server": 0}
        """Bytes passed on since the start."""
        self._cuts: dict[Towards, tuple[int, bool]] = {}
        self._lock = threading.Lock()
        self._links: list[_Link] = []
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = "127.0.0.1", int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, name="proxy-accept", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def open_connections(self) -> int:
        with self._lock:
            return sum(not link.ended.is_set() for link in self._links)

    def heal(self) -> None:
        """Takes every fault away; what a blackhole held back passes on."""
        self.delay_s, self.bytes_per_s = 0.0, None
        self.blackhole = self.refusing = False
        with self._lock:
            self._cuts.clear()

    def cut(self) -> None:
        """Closes all connections in good order (FIN), wherever a packet happens to be."""
        self._end_all(reset=False)

    def reset(self) -> None:
        """Ends all connections with RST, on both sides."""
        self._end_all(reset=True)

    def cut_after(self, count: int, towards: Towards = "client", *, reset: bool = False) -> None:
        """Once: lets `count` more bytes pass in one direction, then ends that connection."""
        with self._lock:
            self._cuts[towards] = (count, reset)

    def close(self) -> None:
        self._closing.set()
        # A plain close does not wake a thread that waits in accept.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)
        self._end_all(reset=False)

    # From here on: for the connections' threads.

    def allowed(self, towards: Towards, size: int) -> tuple[int, bool | None]:
        """How many of `size` bytes may pass, and how to end after them (None: go on)."""
        with self._lock:
            cut = self._cuts.get(towards)
            if cut is None:
                return size, None
            left, reset = cut
            if left > size:
                self._cuts[towards] = (left - size, reset)
                return size, None
            del self._cuts[towards]
            return left, reset

    def count(self, towards: Towards, size: int) -> None:
        with self._lock:
            self.passed[towards] += size

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self.refusing:
                client.close()
                continue
            link = _Link(self, client)
            with self._lock:
                self._links = [each for each in self._links if not each.ended.is_set()]
                self._links.append(link)
            link.start()

    def _end_all(self, *, reset: bool) -> None:
        with self._lock:
            links = list(self._links)
        for link in links:
            link.end(reset=reset)
        for link in links:
            link.ended.wait(5)


class _Link:
    """One connection: a thread that opens the far side, and one for each direction."""

    def __init__(self, proxy: TcpProxy, client: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server: socket.socket | None = None
        self._ending = threading.Event()
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy-link", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self, *, reset: bool) -> None:
        for side in (self._client, self._server):
            if side is not None:
                with contextlib.suppress(OSError):
                    if reset:
                        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
                    # Wakes the thread that reads from it; RD alone, for RST must come first.
                    side.shutdown(socket.SHUT_RD)
        self._ending.set()

    def _run(self) -> None:
        try:
            if not self._wait_while_black():
                return
            try:
                self._server = socket.create_connection(self._proxy.target, timeout=5)
            except OSError:
                return
            self._server.settimeout(None)
            for end in (self._client, self._server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            down = threading.Thread(
                target=self._pump, args=(self._server, self._client, "client"), daemon=True
            )
            down.start()
            self._pump(self._client, self._server, "server")
            down.join()
        finally:
            for side in (self._client, self._server):
                if side is not None:
                    side.close()
            self.ended.set()

    def _pump(self, source: socket.socket, target: socket.socket, towards: Towards) -> None:
        reset = False
        try:
            while self._wait_while_black() and (piece := source.recv(_CHUNK_BYTES)):
                if not self._wait_while_black():
                    break
                size, end = self._proxy.allowed(towards, len(piece))
                self._send(target, piece[:size], towards)
                if end is not None:
                    reset = end
                    break
        except OSError:
            pass
        finally:
            if not self._ending.is_set():
                self.end(reset=reset)

    def _send(self, target: socket.socket, piece: bytes, towards: Towards) -> None:
        if self._proxy.delay_s:
            self._ending.wait(self._proxy.delay_s)
        while piece and not self._ending.is_set():
            rate = self._proxy.bytes_per_s
            size = len(piece) if rate is None else max(1, int(rate * _POLL_S))
            if not wait_for([], [target], _POLL_S)[1]:
                continue
            sent = target.send(piece[:size], socket.MSG_DONTWAIT)
            self._proxy.count(towards, sent)
            if rate is not None:
                self._ending.wait(sent / rate)
            piece = piece[sent:]

    def _wait_while_black(self) -> bool:
        while self._proxy.blackhole and not self._ending.is_set():
            time.sleep(_POLL_S)
        return not self._ending.is_set()
