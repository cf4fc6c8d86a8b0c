"""The shortcuts around paho: they must exist in the installed paho, and be dispensable."""

import struct
import time
from collections.abc import Callable

import pytest
from paho.mqtt import client as mqtt

from harit_desktop.domain.status import LinkState
from harit_desktop.transport import mqtt_connection
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_client import BufferedClient, SessionOptions, build_client
from tests.servers import MosquittoServer, wait_until
from tests.transport.conftest import TOPIC, Receiver, endpoint_of


class PlainClient(BufferedClient):
    """What is left when paho has none of the private names."""

    _sock_recv = mqtt.Client._sock_recv

    def acknowledge(self, packet_ids: object) -> None:
        for packet_id in packet_ids:  # type: ignore[attr-defined]  # a sequence of int
            self.ack(packet_id, 1)


def test_the_private_names_exist_in_the_installed_paho() -> None:
    client = build_client(MqttEndpoint("h", client_id="c"), "5", SessionOptions())
    assert callable(mqtt.Client._sock_recv)
    assert callable(client._packet_queue)


def test_one_packet_holds_the_acknowledgements_of_a_batch() -> None:
    client = build_client(MqttEndpoint("h", client_id="c"), "5", SessionOptions())
    client.on_socket_register_write = lambda *_: None
    client.acknowledge([1, 500, 65535])
    packets = [bytes(packet["packet"]) for packet in client._out_packet]
    assert packets == [b"".join(struct.pack("!BBH", 0x40, 2, n) for n in (1, 500, 65535))]
    client.acknowledge([])
    assert len(client._out_packet) == 1


@pytest.mark.broker
def test_a_plain_paho_client_serves_as_well(
    mosquitto: MosquittoServer,
    receive: Callable[..., Receiver],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def build(*arguments: object) -> BufferedClient:
        client = build_client(*arguments)  # type: ignore[arg-type]  # passed on as they came
        client.__class__ = PlainClient
        return client

    monkeypatch.setattr(mqtt_connection, "build_client", build)
    receiver = receive(endpoint_of(mosquitto))
    receiver.wait_for(LinkState.CONNECTED)
    mosquitto.publish_lines(TOPIC, "\n".join(str(number) for number in range(1500)))
    done = 0
    until_s = time.monotonic() + 10
    while done < 1500 and time.monotonic() < until_s:
        batch = receiver.messages[done:]
        receiver.acknowledge(batch)
        done += len(batch)
        time.sleep(0.005)
    assert receiver.payloads == [str(number) for number in range(1500)]
    wait_until(lambda: receiver.source.unacked == 0)
