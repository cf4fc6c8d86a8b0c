"""Database servers that mean harm: they ask for the password in clear, for a file of ours, or
send more than anybody can hold."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

from tests.faults.peers import Talk

_CAPABILITIES = 0x0000_0001 | 0x8 | 0x80 | 0x200 | 0x2000 | 0x8000 | 0x0008_0000 | 0x0001_0000
_OK = b"\x00\x00\x00\x02\x00\x00\x00"


class Wire:
    """Packets of the MySQL protocol on a socket; keeps all that the client sent."""

    def __init__(self, peer: socket.socket, heard: list[bytes]) -> None:
        self._peer = peer
        self._heard = heard
        self.sequence = 0

    def send(self, body: bytes) -> None:
        head = struct.pack("<I", len(body))[:3] + bytes([self.sequence & 0xFF])
        self._peer.sendall(head + body)
        self.sequence += 1

    def receive(self) -> bytes:
        head = self._exactly(4)
        self.sequence = head[3] + 1
        body = self._exactly(int.from_bytes(head[:3], "little"))
        self._heard.append(body)
        return body

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self._peer.recv(size - len(data))
            if not piece:
                raise ConnectionError("the client left")
            data += piece
        return data

    def question(self) -> None:
        """Lets the client in and answers what only sets things, up to the first real query."""
        self.send(_OK)
        while self.receive()[1:4].upper() == b"SET":
            self.send(_OK)

    def greet(self) -> None:
        low, high = _CAPABILITIES & 0xFFFF, _CAPABILITIES >> 16
        self.send(
            b"\x0a10.11.0-MariaDB\x00" + struct.pack("<I", 7) + b"12345678\x00"
            + struct.pack("<H", low) + b"\x2d" + struct.pack("<HH", 2, high)
            + b"\x15" + bytes(10) + b"901234567890\x00" + b"mysql_native_password\x00"
        )  # fmt: skip


def _talk(heard: list[bytes], after_login: Callable[[Wire], None]) -> Talk:
    def talk(peer: socket.socket) -> None:
        wire = Wire(peer, heard)
        wire.greet()
        wire.receive()
        after_login(wire)

    return talk


def asks_for_the_password(heard: list[bytes], plugin: bytes) -> Talk:
    """Wants another way to log in, in which the client would send the password as it is."""

    def switch(wire: Wire) -> None:
        wire.send(b"\xfe" + plugin + b"\x00" + b"Password: \x00")
        wire.receive()
        wire.send(_OK)
        wire.receive()

    return _talk(heard, switch)


def asks_for_a_file(heard: list[bytes], path: bytes) -> Talk:
    """Answers every query with the wish to get a file of the client's computer."""

    def ask(wire: Wire) -> None:
        wire.question()
        while True:
            wire.send(b"\xfb" + path)
            while wire.receive():
                pass
            wire.send(_OK)
            wire.receive()

    return _talk(heard, ask)


def sends_without_end(heard: list[bytes]) -> Talk:
    """Answers a query with one column and rows for ever."""

    def flood(wire: Wire) -> None:
        wire.question()
        wire.send(b"\x01")
        name = b"\x03def\x00\x00\x00\x01a\x01a\x0c\x2d\x00\xff\xff\x00\x00\xfd\x00\x00\x00\x00\x00"
        wire.send(name)
        wire.send(b"\xfe\x00\x00\x02\x00")
        row = b"\xfd" + struct.pack("<I", 1_000_000)[:3] + b"x" * 1_000_000
        while True:
            wire.send(row)

    return _talk(heard, flood)


def shouts(heard: list[bytes]) -> Talk:
    """Answers a query with an error text of 16 MB."""

    def shout(wire: Wire) -> None:
        wire.question()
        wire.send(b"\xff\x51\x04#HY000" + b"<h1>\x1b[2J" + b"x" * 16_000_000)
        wire.receive()

    return _talk(heard, shout)
