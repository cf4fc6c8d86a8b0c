"""Brokers that a profile can be made of with one click.

Addresses and ports are those that the operators of the public test brokers publish:
HiveMQ has WebSockets at 8000 and 8884 (TLS), EMQX at 8083 and 8084 (TLS), both at /mqtt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PUBLIC_TEST_HOSTS = frozenset(
    {
        "broker.hivemq.com",
        "broker.emqx.io",
        "broker-cn.emqx.io",
        "test.mosquitto.org",
        "mqtt.eclipseprojects.io",
    }
)
"""Where everyone can read and write everything."""


@dataclass(frozen=True)
class Preset:
    """A broker that needs no typing; `key` names it, `way` is how it is reached."""

    key: str
    name: str
    way: str
    host: str
    port: int
    transport: str = "tcp"
    tls: bool = False

    @property
    def values(self) -> Mapping[str, Any]:
        """The settings in which it differs from the defaults."""
        return {
            "broker.host": self.host,
            "broker.port": self.port,
            "broker.transport": self.transport,
            "broker.tls": self.tls,
        }

    @property
    def public(self) -> bool:
        return is_public_test_broker(self.host)


_HIVEMQ, _HIVEMQ_HOST = "HiveMQ public test broker", "broker.hivemq.com"
_EMQX, _EMQX_HOST = "EMQX public test broker", "broker.emqx.io"

PRESETS: tuple[Preset, ...] = (
    Preset("local", "This computer", "tcp", "127.0.0.1", 1883),
    Preset("hivemq_tls", _HIVEMQ, "tls", _HIVEMQ_HOST, 8883, tls=True),
    Preset("hivemq", _HIVEMQ, "tcp", _HIVEMQ_HOST, 1883),
    Preset("hivemq_ws", _HIVEMQ, "ws", _HIVEMQ_HOST, 8000, "websockets"),
    Preset("hivemq_wss", _HIVEMQ, "wss", _HIVEMQ_HOST, 8884, "websockets", True),
    Preset("emqx_tls", _EMQX, "tls", _EMQX_HOST, 8883, tls=True),
    Preset("emqx", _EMQX, "tcp", _EMQX_HOST, 1883),
    Preset("emqx_ws", _EMQX, "ws", _EMQX_HOST, 8083, "websockets"),
    Preset("emqx_wss", _EMQX, "wss", _EMQX_HOST, 8084, "websockets", True),
)


def is_public_test_broker(host: str) -> bool:
    """Whether everyone in the world can read and write at this broker."""
    return host.strip().rstrip(".").lower() in PUBLIC_TEST_HOSTS
