"""Types of this folder's fixtures, and an MQTT client that can be waited for."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TypeAlias

import paho.mqtt.client as mqtt
import psutil

from harit_desktop.broker.login import Login
from harit_desktop.broker.supervisor import BuiltinBroker

WAIT_S = 10.0


class Client:
    """A paho client whose callbacks can be waited for."""

    def __init__(
        self,
        port: int,
        client_id: str,
        clean: bool,
        level: int,
        keepalive: int,
        host: str = "127.0.0.1",
        login: Login | None = None,
    ) -> None:
        session = {} if level == mqtt.MQTTv5 else {"clean_session": clean}
        self.paho = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=level,
            reconnect_on_failure=False,
            **session,
        )
        if login is not None:
            self.paho.username_pw_set(*login)
        self.messages: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.connects: queue.Queue[tuple[str, bool]] = queue.Queue()
        self._subscribed = threading.Event()
        self.disconnected = threading.Event()
        self.paho.on_message = lambda _c, _u, m: self.messages.put((m.topic, bytes(m.payload)))
        self.paho.on_connect = lambda _c, _u, flags, reason, _p: self.connects.put(
            (str(reason), flags.session_present)
        )
        self.paho.on_subscribe = lambda *_: self._subscribed.set()
        self.paho.on_disconnect = lambda *_: self.disconnected.set()
        self.paho.connect(host, port, keepalive=keepalive)
        self.paho.loop_start()

    def wait_connected(self) -> tuple[str, bool]:
        return self.connects.get(timeout=WAIT_S)

    def subscribe(self, topic: str) -> None:
        self.paho.subscribe(topic, 1)
        assert self._subscribed.wait(WAIT_S)

    def publish(self, topic: str, payload: bytes) -> None:
        info = self.paho.publish(topic, payload, qos=1)
        info.wait_for_publish(WAIT_S)
        assert info.is_published()

    def next_message(self) -> tuple[str, bytes]:
        return self.messages.get(timeout=WAIT_S)

    def close(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()
        # They hold self. Without the cycle paho closes its wake-up sockets when it is let go.
        self.paho.on_message = self.paho.on_connect = None
        self.paho.on_subscribe = self.paho.on_disconnect = None


MakeBroker: TypeAlias = Callable[..., BuiltinBroker]
Connect: TypeAlias = Callable[..., Client]
Family: TypeAlias = Callable[[int], list[psutil.Process]]
WaitGone: TypeAlias = Callable[[list[psutil.Process], float], bool]
CanBind: TypeAlias = Callable[[int], bool]
