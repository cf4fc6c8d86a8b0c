"""Where a broker is and how to log in: all that an MQTT session needs to connect."""

from dataclasses import dataclass, field, replace
from typing import Literal

from harit_desktop.settings.model import BrokerSettings

ProtocolSetting = Literal["auto", "5", "3.1.1"]


@dataclass(frozen=True)
class MqttEndpoint:
    """One broker as seen by one client; secrets never show in its `repr`.

    Empty `ca_file` means the system's certificate authorities. `verify_hostname` False
    still verifies the certificate chain. `client_id` names the persistent session at the
    broker, so it must be stable and used by one client only.
    """

    host: str
    port: int = 1883
    transport: Literal["tcp", "websockets"] = "tcp"
    ws_path: str = "/mqtt"
    protocol: ProtocolSetting = "auto"
    tls: bool = False
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    key_passphrase: str = field(default="", repr=False)
    verify_hostname: bool = True
    username: str = ""
    password: str = field(default="", repr=False)
    client_id: str = ""
    keepalive_s: int = 30

    def with_suffix(self, suffix: str) -> "MqttEndpoint":
        """The same broker for another client of this program."""
        return replace(self, client_id=self.client_id + suffix)


def endpoint_from_settings(
    settings: BrokerSettings, *, password: str, client_id: str, key_passphrase: str = ""
) -> MqttEndpoint:
    """The endpoint of the settings; `client_id` is used where the settings name none."""
    return MqttEndpoint(
        host=settings.host,
        port=settings.port,
        transport=settings.transport,
        ws_path=settings.ws_path,
        protocol=settings.protocol,
        tls=settings.tls,
        ca_file=settings.ca_file,
        cert_file=settings.cert_file,
        key_file=settings.key_file,
        key_passphrase=key_passphrase,
        verify_hostname=settings.verify_hostname,
        username=settings.username,
        password=password,
        client_id=settings.client_id or client_id,
        keepalive_s=settings.keepalive_s,
    )
