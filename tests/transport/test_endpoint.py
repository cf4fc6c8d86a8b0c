"""Settings become an endpoint; secrets stay out of sight."""

from harit_desktop.settings.model import BrokerSettings
from harit_desktop.transport.endpoint import MqttEndpoint, endpoint_from_settings


def test_every_broker_setting_reaches_the_endpoint() -> None:
    settings = BrokerSettings(
        host="mqtt.example",
        port=8883,
        transport="websockets",
        ws_path="/ws",
        protocol="3.1.1",
        tls=True,
        ca_file="ca",
        cert_file="cert",
        key_file="key",
        verify_hostname=False,
        username="ravi",
        client_id="own",
        keepalive_s=7,
    )
    endpoint = endpoint_from_settings(
        settings, password="secret-1", client_id="made", key_passphrase="secret-2"
    )
    assert endpoint == MqttEndpoint(
        host="mqtt.example",
        port=8883,
        transport="websockets",
        ws_path="/ws",
        protocol="3.1.1",
        tls=True,
        ca_file="ca",
        cert_file="cert",
        key_file="key",
        key_passphrase="secret-2",
        verify_hostname=False,
        username="ravi",
        password="secret-1",
        client_id="own",
        keepalive_s=7,
    )
    assert "secret" not in repr(endpoint)
    assert "secret" not in f"{endpoint}"


def test_the_made_client_id_is_used_where_the_settings_name_none() -> None:
    endpoint = endpoint_from_settings(BrokerSettings(), password="", client_id="made")
    assert endpoint.client_id == "made"
    assert endpoint.with_suffix("-pub").client_id == "made-pub"
