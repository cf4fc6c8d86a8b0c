"""Peers that misbehave: servers that stay silent, and brokers that send rubbish."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from tests.servers import free_port

Talk = Callable[[socket.socket], None]


class ScriptedServer:
    """Accepts connections and has each one served by the next talk; the last one repeats.

    With `port` it takes that port; a talk may raise OSError when its peer goes away. The
    first byte of each peer is noted, unless the server is the one that `speaks_first`.
    """

    def __init__(self, *talks: Talk, port: int | None = None, speaks_first: bool = False) -> None:
        self._talks: Sequence[Talk] = talks
        self._speaks_first = speaks_first
        self.port = port or free_port()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.connections = 0
        self.first_bytes: list[bytes] = []
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._run, name="scripted", daemon=True)
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

    def close(self) -> None:
        # A plain close does not wake a thread that waits in accept.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self._open:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
            peer.close()
        self._thread.join(5)

    def _run(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            talk = self._talks[min(self.connections, len(self._talks) - 1)]
            self.connections += 1
            self._open.append(peer)
            threading.Thread(target=self._serve, args=(talk, peer), daemon=True).start()

    def _serve(self, talk: Talk, peer: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if not self._speaks_first:
                self.first_bytes.append(peer.recv(1, socket.MSG_PEEK))
            talk(peer)


def silent(peer: socket.socket) -> None:
    """Takes what comes and never answers."""
    while peer.recv(65_536):
        pass


def _packet(peer: socket.socket) -> bytes:
    head = _exactly(peer, 1)
    length = shift = 0
    while True:
        byte = _exactly(peer, 1)[0]
        length |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            break
    return head + _exactly(peer, length)


def _exactly(peer: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = peer.recv(size - len(data))
        if not piece:
            raise ConnectionError("the peer left")
        data += piece
    return data


def welcoming(*rubbish: bytes, close: bool = True) -> Talk:
    """A broker that lets the client in and grants its subscriptions, then sends `rubbish`."""

    def talk(peer: socket.socket) -> None:
        connect = _packet(peer)
        five = connect[1 + connect[1:].index(b"MQTT") + 4] == 5
        peer.sendall(b"\x20\x03\x00\x00\x00" if five else b"\x20\x02\x00\x00")
        subscribe = _packet(peer)
        body = subscribe[1:3] + (b"\x00" if five else b"") + b"\x01"
        peer.sendall(bytes([0x90, len(body)]) + body)
        for each in rubbish:
            peer.sendall(each)
        if close:
            peer.shutdown(socket.SHUT_RDWR)
        else:
            silent(peer)

    return talk


def sending(*pieces: bytes) -> Talk:
    """A server of another kind: says this at once and closes."""

    def talk(peer: socket.socket) -> None:
        for piece in pieces:
            peer.sendall(piece)
        peer.shutdown(socket.SHUT_RDWR)

    return talk
