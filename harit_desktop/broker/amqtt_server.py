"""One amqtt broker behind our own listener."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys

from amqtt.broker import Broker

from harit_desktop.broker.amqtt_door import LISTENER, Door
from harit_desktop.broker.amqtt_limits import SESSION_EXPIRY_S
from harit_desktop.broker.amqtt_plugin import OpenAccess
from harit_desktop.broker.child_protocol import AMQTT, DETAIL_LIMIT, announce_listening
from harit_desktop.broker.lifeline import StopRequest
from harit_desktop.broker.login import Login

_SHUTDOWN_S = 1.0


async def serve(
    listening: socket.socket, address: str, login: Login | None, stop: StopRequest
) -> None:
    """Serve on a socket that listens already, until `stop`."""
    log = logging.StreamHandler(sys.stderr)
    log.setFormatter(_OneLine())
    logging.basicConfig(level=logging.WARNING, handlers=[log])
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    stop.listen(lambda: _wake(loop, stopped))
    port = listening.getsockname()[1]
    broker = Broker(_config(address, port))
    await broker.start()
    door = Door(broker, login)
    await door.open(listening)
    if not stop.requested:
        announce_listening(AMQTT, address, port, durable=False)
    await stopped.wait()
    door.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SHUTDOWN_S):
            await broker.shutdown()


class _OneLine(logging.Formatter):
    """No tracebacks: amqtt logs one for each message that a client does not confirm."""

    def format(self, record: logging.LogRecord) -> str:
        text = f"{record.name}: {record.getMessage()}"
        if record.exc_info:
            text += f" ({record.exc_info[1]!r})"
        return " ".join(text.split())[:DETAIL_LIMIT]


def _config(address: str, port: int) -> dict[str, object]:
    plugin = f"{OpenAccess.__module__}.{OpenAccess.__qualname__}"
    return {
        # An external listener: amqtt opens no socket of its own.
        "listeners": {LISTENER: {"type": "external", "bind": f"{address}:{port}"}},
        "session_expiry_interval": SESSION_EXPIRY_S,
        # Named, so that neither its default plug-ins nor any entry point is loaded: its
        # $SYS topics, packet log and password hashing are not needed here.
        "plugins": {plugin: {}},
    }


def _wake(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    # Fails only once the loop is closed, when there is nobody left to wake.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(event.set)
