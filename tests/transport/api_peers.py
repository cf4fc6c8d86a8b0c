"""HTTP servers of a few lines, for what no proper server says."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.transport.api_address import ApiAddress
from harit_desktop.transport.api_client import ApiClient, ApiFailure
from tests.faults.peers import Talk

VALUES = dict(
    zip([c.key for c in CHANNELS], (22.5, 17.8, 152.3, 498.2, 22.1, 54.8, 7.18), strict=True)
)
JSON = "Content-Type: application/json\r\n"
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


def client_of(port: int, timeout_s: float = 5.0, token: str | None = None) -> ApiClient:
    return ApiClient(ApiAddress("http", "127.0.0.1", port), token, timeout_s)


def failure(request: Callable[[], object]) -> ApiFailure:
    """What the request raises."""
    try:
        answer = request()
    except ApiFailure as found:
        return found
    raise AssertionError(f"answered {answer!r}")


def answer(body: bytes, headers: str = JSON, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def head(headers: str = JSON, status: str = "200 OK") -> bytes:
    """Without a length: the body ends with the connection."""
    return f"HTTP/1.1 {status}\r\n{headers}\r\n".encode()


def saying(*pieces: bytes, then: Callable[[socket.socket], object] | None = None) -> Talk:
    """Takes a request, says this, and then closes (or does as told) and waits for the end."""

    def talk(peer: socket.socket) -> None:
        read_request(peer)
        for piece in pieces:
            peer.sendall(piece)
        if then is None:
            peer.shutdown(socket.SHUT_WR)
        else:
            then(peer)

    return talk


def keep_open(peer: socket.socket) -> None:
    while peer.recv(65_536):
        pass


def reset(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
    peer.close()


def trickle(byte: bytes, every_s: float) -> Callable[[socket.socket], None]:
    """One byte now and then, for ever: always within the time-out of a single read."""

    def talk(peer: socket.socket) -> None:
        while True:
            peer.sendall(byte)
            threading.Event().wait(every_s)

    return talk


def read_request(peer: socket.socket) -> bytes:
    """One request whole."""
    text = b""
    while b"\r\n\r\n" not in text:
        piece = peer.recv(65_536)
        if not piece:
            raise ConnectionError("no request")
        text += piece
    top, _, body = text.partition(b"\r\n\r\n")
    size = 0
    for line in top.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            size = int(value)
    while len(body) < size:
        body += peer.recv(65_536)
    return top + b"\r\n\r\n" + body


def recorded(seen: list[bytes], *pieces: bytes) -> Talk:
    """As `saying`, for any number of requests of one connection, which are noted in `seen`."""

    def talk(peer: socket.socket) -> None:
        while True:
            seen.append(read_request(peer))
            for piece in pieces:
                peer.sendall(piece)

    return talk


def params(found: ApiFailure) -> dict[str, Any]:
    return dict(found.params)
