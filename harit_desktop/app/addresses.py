"""Where the settings say that brokers and store servers are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from harit_desktop.runtime.link_parts import BrokerAddress
from harit_desktop.settings.model import Settings

if TYPE_CHECKING:
    from harit_desktop.storage.mysql.address import ServerAddress
    from harit_desktop.transport.endpoint import MqttEndpoint


def server_address(settings: Settings, password: str | None) -> ServerAddress | None:
    """The store server that the settings name; None where the local store is all."""
    chosen = settings.storage
    if not chosen.uses_server:
        return None
    from harit_desktop.storage.mysql.address import ServerAddress

    return ServerAddress(
        host=chosen.mysql_host,
        port=chosen.mysql_port,
        database=chosen.mysql_database,
        user=chosen.mysql_user,
        password=password or "",
        tls=chosen.mysql_encrypted,
        ca_file=chosen.mysql_ca_file,
    )


def broker_endpoint(
    settings: Settings, address: BrokerAddress, password: str | None
) -> MqttEndpoint:
    """How to reach the broker at `address`, with what the settings say of it."""
    from harit_desktop.transport.endpoint import endpoint_from_settings

    broker = settings.broker
    if broker.mode == "builtin":
        # The built-in broker listens on loopback, without TLS, passwords or WebSockets.
        broker = msgspec.structs.replace(
            broker, transport="tcp", tls=False, username="", cert_file="", key_file=""
        )
    broker = msgspec.structs.replace(
        broker, host=address.host, port=address.port, protocol=address.protocol
    )
    return endpoint_from_settings(broker, password=password or "", client_id=broker.client_id)
