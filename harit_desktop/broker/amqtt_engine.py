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
