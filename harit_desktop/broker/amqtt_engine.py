"""The choice of amqtt, the broker in pure Python, inside the broker child.

For trials: it keeps sessions and messages in memory only, forgets what a client has not
confirmed when the connection drops, and loses messages above some 1000 a second.
It speaks MQTT 3.1.1 only; `amqtt_door` tells others so.
"""

from __future__ import annotations

import asyncio

from harit_desktop.broker.child_protocol import ENGINE_MISSING, ChildOptions, EngineFailure
from harit_desktop.broker.lifeline import StopRequest
from harit_desktop.broker.login import Login
from harit_desktop.broker.ports import listen_on_free_port

HIDDEN_IMPORTS = (
    "harit_desktop.broker.amqtt_plugin",
    "websockets.asyncio.server",
    "websockets.exceptions",
)
"""For PyInstaller. Its tracing finds these today, but amqtt loads a plug-in by the dotted
name in its configuration and websockets its modules by attribute: named here, they stay in
the package whatever the two change. amqtt's own plug-ins and their entry points are not
used, so no package metadata is needed.
"""


def run(options: ChildOptions, address: str, login: Login | None, stop: StopRequest) -> None:
    """Serve until `stop`.

    Raises EngineFailure: `port_busy`, or `engine_missing` if amqtt cannot be imported.
    """
    with listen_on_free_port(address, options.port, options.tries) as listening:
        try:
            # Most of the start, so only now: the port is ours and clients can queue.
            from harit_desktop.broker.amqtt_server import serve
        except ImportError as error:
            raise EngineFailure(ENGINE_MISSING, f"amqtt: {error}") from error
        asyncio.run(serve(listening, address, login, stop))
