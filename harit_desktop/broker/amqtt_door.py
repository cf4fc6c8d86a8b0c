"""The listener in front of amqtt: lets clients in within limits, and says why not.

amqtt hands its limits on connections to a semaphore, so that idle connections keep real
clients out for ever, and it closes an MQTT 5 client without a word.
"""

from __future__ import annotations

import asyncio
import hmac
import socket

from amqtt.broker import Broker

from harit_desktop.broker.amqtt_limits import (
    CONNECT_DEADLINE_S,
    MAX_SESSIONS,
    MAX_UNGREETED,
)
from harit_desktop.broker.amqtt_streams import (
    ConnectHead,
    PacketReader,
    PacketWriter,
    parse_connect,
)
from harit_desktop.broker.limits import MAX_CONNECTIONS
from harit_desktop.broker.login import Login

LISTENER = "default"

_MQTT_3_1_1 = 4
_TAKE_OVER_S = 1.0

# CONNACKs that refuse. MQTT 5 has other codes than 3.1.1 and a length of properties.
_OLD_PROTOCOL = bytes.fromhex("20020001")
_NEW_PROTOCOL = bytes.fromhex("2003008400")
_UNAVAILABLE = bytes.fromhex("20020003")
_NOT_AUTHORISED = bytes.fromhex("20020005")


class Door:
    """Accepts connections on one socket and passes the good ones to the broker.

    With a `login`, only who shows it gets any further than the first packet.
    """

    def __init__(self, broker: Broker, login: Login | None = None) -> None:
        self._broker = broker
        self._login = login
        self._server: asyncio.Server | None = None
        self._ungreeted: dict[asyncio.StreamWriter, None] = {}
        self._inside: dict[asyncio.Task[None], ConnectHead] = {}

    async def open(self, listening: socket.socket) -> None:
        self._server = await asyncio.start_server(self._accept, sock=listening)

    def close(self) -> None:
        """Accept no more; the connections that are open stay."""
        if self._server is not None:
            self._server.close()

    async def _accept(self, stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._ungreeted) >= MAX_UNGREETED:
            # The oldest leaves: a real client sends its CONNECT at once.
            next(iter(self._ungreeted)).transport.abort()
        reader = PacketReader(stream)
        self._ungreeted[writer] = None
        try:
            async with asyncio.timeout(CONNECT_DEADLINE_S):
                head = parse_connect(await reader.peek())
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            head = None
        finally:
            del self._ungreeted[writer]
        try:
            if head is not None:
                await self._greet(head, reader, writer)
        finally:
            writer.close()

    async def _greet(
        self, head: ConnectHead, reader: PacketReader, writer: asyncio.StreamWriter
    ) -> None:
        if head.level != _MQTT_3_1_1:
            writer.write(_NEW_PROTOCOL if head.level >= 5 else _OLD_PROTOCOL)
            return
        if not self._may_enter(head):
            # Before anything else: a stranger must not end a client by naming its id.
            writer.write(_NOT_AUTHORISED)
            return
        await self._end_predecessor(head.client_id)
        if len(self._inside) >= MAX_CONNECTIONS or self._too_many_sessions(head.client_id):
            writer.write(_UNAVAILABLE)
            return
        reader.expect_within(head.keep_alive_s)
        task = asyncio.create_task(
            self._broker.external_connected(reader, PacketWriter(writer), LISTENER)
        )
        self._inside[task] = head
        task.add_done_callback(self._inside.pop)
        await task

    def _may_enter(self, head: ConnectHead) -> bool:
        if self._login is None:
            return True
        right_name = hmac.compare_digest(head.username or b"", self._login.username.encode())
        right_word = hmac.compare_digest(head.password or b"", self._login.password.encode())
        return right_name and right_word

    async def _end_predecessor(self, client_id: str) -> None:
        """A client that comes again is let in after its old connection is gone.

        amqtt's own take-over marks the common session as disconnected when the old
        connection ends, and then delivers nothing on the new one.
        """
        if client_id and client_id in self._broker.sessions:
            old = [task for task, head in self._inside.items() if head.client_id == client_id]
            handler = self._broker.sessions[client_id][1]
            if old:
                await handler.handle_connection_closed()
                await asyncio.wait(old, timeout=_TAKE_OVER_S)

    def _too_many_sessions(self, client_id: str) -> bool:
        return len(self._broker.sessions) >= MAX_SESSIONS and client_id not in self._broker.sessions
