"""Where the settings say that brokers and store servers are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from harit_desktop.broker.ports import reachable_address
from harit_desktop.domain.hosts import is_loopback
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
    settings: Settings,
    address: BrokerAddress,
    password: str | None,
    key_passphrase: Callable[[], str | None] = lambda: None,
) -> MqttEndpoint:
    """How to reach the broker at `address`, with what the settings say of it. The pass phrase
    is asked for where there is a key: a keyring may ask a person."""
    from harit_desktop.transport.endpoint import endpoint_from_settings

    broker = settings.broker
    if broker.mode == "builtin":
        # The built-in broker has neither TLS nor WebSockets, and a login on the network only.
        own = settings.builtin_broker
        user = "" if is_loopback(own.host) else own.username
        broker = msgspec.structs.replace(
            broker, transport="tcp", tls=False, username=user, cert_file="", key_file=""
        )
        host = reachable_address(address.host)
        address = msgspec.structs.replace(address, host=host)
    broker = msgspec.structs.replace(
        broker, host=address.host, port=address.port, protocol=address.protocol
    )
    return endpoint_from_settings(
        broker,
        password=password or "",
        client_id=broker.client_id,
        key_passphrase=(key_passphrase() or "") if broker.tls and broker.key_file else "",
    )
