"""The two ends of a client's connection, as amqtt reads and writes them, with limits.

amqtt by itself reads packets of up to 256 MB, waits for ever for a CONNECT and for a
client that does not read, and never notices a silent client's keep-alive running out.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import NamedTuple

from amqtt.adapters import ReaderAdapter, WriterAdapter

from harit_desktop.broker.amqtt_limits import DRAIN_DEADLINE_S
from harit_desktop.broker.limits import MAX_PACKET_BYTES

_CONNECT_TYPE = 1
_KEEP_ALIVE_FACTOR = 1.5  # MQTT 3.1.1, section 3.1.2.10
_HAS_WILL, _HAS_PASSWORD, _HAS_USERNAME = 0x04, 0x40, 0x80  # section 3.1.2.3


class ConnectHead(NamedTuple):
    """What the door-keeper needs from a CONNECT packet. `level` is 4 for MQTT 3.1.1; user
    name and password are None where the packet has none, or ends within them."""

    level: int
    keep_alive_s: int
    client_id: str
    username: bytes | None = None
    password: bytes | None = None

    def __repr__(self) -> str:
        return f"ConnectHead({self.level}, {self.keep_alive_s}, {self.client_id!r})"


def parse_connect(packet: bytes) -> ConnectHead | None:
    """Read the start of a whole CONNECT packet; None if it is anything else.

    With MQTT 5 the client id is not read, because such a client is refused anyway.
    """
    if not packet or packet[0] >> 4 != _CONNECT_TYPE:
        return None
    start = 2
    while start < len(packet) and packet[start - 1] & 0x80:
        start += 1
    name_end = start + 2 + int.from_bytes(packet[start : start + 2], "big")
    head = packet[name_end : name_end + 4]
    if len(head) < 4:
        return None
    level, keep_alive_s = head[0], int.from_bytes(head[2:4], "big")
    if level >= 5:
        return ConnectHead(level, keep_alive_s, "")
    flags = head[1]
    client_id, rest = _split_field(packet[name_end + 4 :])
    if flags & _HAS_WILL:
        for _ in ("topic", "message"):
            rest = _split_field(rest)[1]
    username, rest = _split_field(rest) if flags & _HAS_USERNAME else (None, rest)
    password = _split_field(rest)[0] if flags & _HAS_PASSWORD else None
    name = (client_id or b"").decode(errors="replace")
    return ConnectHead(level, keep_alive_s, name, username, password)


def _split_field(data: bytes) -> tuple[bytes | None, bytes]:
    """The first field with a length before it, and what follows; None if it is not whole."""
    end = 2 + int.from_bytes(data[:2], "big")
    if len(data) < 2 or len(data) < end:
        return None, b""
    return data[2:end], data[end:]


class PacketReader(ReaderAdapter):  # type: ignore[misc]  # amqtt ships no types
    """Takes whole packets from the stream and hands them to amqtt piece by piece.

    Raises ConnectionResetError, which amqtt takes as the end of the connection, for a
    packet that is too long and when the client is silent past its keep-alive.
    """

    def __init__(self, stream: asyncio.StreamReader, max_bytes: int = MAX_PACKET_BYTES) -> None:
        self._stream = stream
        self._max_bytes = max_bytes
        self._arriving = bytearray()
        self._packet = b""
        self._position = 0
        self._ended = False
        self._silence_s: float | None = None
        self._last_packet_s = 0.0

    def expect_within(self, keep_alive_s: int) -> None:
        """From now on the client may be silent for one and a half of its keep-alive time."""
        self._silence_s = keep_alive_s * _KEEP_ALIVE_FACTOR or None
        self._last_packet_s = asyncio.get_running_loop().time()

    async def peek(self) -> bytes:
        """The next whole packet, which stays to be read."""
        if self._position >= len(self._packet):
            await self._next_packet()
        return self._packet[self._position :]

    async def read(self, n: int = -1) -> bytes:
        if self._position >= len(self._packet) and n != 0:
            await self._next_packet()
        end = len(self._packet) if n < 0 else self._position + n
        piece = self._packet[self._position : end]
        if len(piece) < n:
            self._ended = True  # a field that reaches past its packet
        self._position += len(piece)
        return piece

    def feed_eof(self) -> None:
        self._ended = True

    async def _next_packet(self) -> None:
        if self._ended:
            raise ConnectionResetError("closed by the broker")
        deadline_s = self._silence_s and self._last_packet_s + self._silence_s
        try:
            async with asyncio.timeout_at(deadline_s or None):
                while missing := self._missing_bytes():
                    # What has arrived stays in self: amqtt cancels and repeats its reads.
                    self._arriving += await self._stream.readexactly(missing)
        except TimeoutError as error:
            self._ended = True
            raise ConnectionResetError("silent past its keep-alive") from error
        self._packet = bytes(self._arriving)
        self._position = 0
        self._arriving.clear()
        self._last_packet_s = asyncio.get_running_loop().time()

    def _missing_bytes(self) -> int:
        """Bytes to read before the packet is whole or its length is known; 0 when whole."""
        length = shift = 0
        for position, byte in enumerate(self._arriving[1:5], start=2):
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                if length > self._max_bytes:
                    break
                return position + length - len(self._arriving)
        else:
            if len(self._arriving) < 5:
                return 1
        self._ended = True
        raise ConnectionResetError(f"a packet over {self._max_bytes} bytes")


class PacketWriter(WriterAdapter):  # type: ignore[misc]  # amqtt ships no types
    """Writes to a client, and gives it up when it stops reading."""

    def __init__(self, stream: asyncio.StreamWriter, deadline_s: float = DRAIN_DEADLINE_S) -> None:
        self._stream = stream
        self._deadline_s = deadline_s

    def write(self, data: bytes) -> None:
        if not self._stream.is_closing():
            self._stream.write(data)

    async def drain(self) -> None:
        if self._stream.is_closing():
            return
        try:
            async with asyncio.timeout(self._deadline_s):
                await self._stream.drain()
        except TimeoutError as error:
            self._stream.transport.abort()
            raise ConnectionResetError("the client does not read") from error

    def get_peer_info(self) -> tuple[str, int] | None:
        peer = self._stream.get_extra_info("peername")
        return (peer[0], peer[1]) if peer else None

    def get_ssl_info(self) -> ssl.SSLObject | None:
        return None

    async def close(self) -> None:
        self._stream.close()
