"""The shortcuts around paho: they must exist in the installed paho, and be dispensable."""

import struct
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt import _packet
from paho.mqtt import client as mqtt

from harit_desktop.domain.status import LinkState
from harit_desktop.transport import mqtt_connection
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_client import (
    BufferedClient,
    Publication,
    SessionOptions,
    build_client,
    read_publication,
)
from tests.servers import MosquittoServer, wait_until
from tests.transport.conftest import TOPIC, Receiver, endpoint_of


class PlainClient(BufferedClient):
    """What is left when paho has none of the private names."""

    _sock_recv = mqtt.Client._sock_recv

    def take_publications(self, limit: int) -> list[Publication]:
        return []

    def acknowledge(self, packet_ids: object) -> None:
        for packet_id in packet_ids:  # type: ignore[attr-defined]  # a sequence of int
            self.ack(packet_id, 1)


def test_the_private_names_exist_in_the_installed_paho() -> None:
    client = build_client(MqttEndpoint("h", client_id="c"), "5", SessionOptions())
    assert callable(mqtt.Client._sock_recv)
    assert callable(client._packet_queue)
    # Whether paho is inside of a packet.
    assert client._in_packet["command"] == 0


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


def packet_of(
    topic: bytes, payload: bytes, *, first: int, packet_id: int, properties: bytes | None
) -> bytes:
    body = struct.pack("!H", len(topic)) + topic
    if first & 6:
        body += struct.pack("!H", packet_id)
    body += properties or b""
    body += payload
    length, head = len(body), bytes([first])
    while True:
        head += bytes([length & 127 | (128 if length > 127 else 0)])
        length >>= 7
        if not length:
            return head + body


PACKETS = st.builds(
    packet_of,
    st.binary(min_size=0, max_size=5) | st.just(TOPIC.encode()),
    st.binary(max_size=40) | st.just(b"x" * 300) | st.just(b"y" * 20_000),
    first=st.sampled_from([0x30, 0x31, 0x32, 0x33, 0x3A, 0x3B]),
    packet_id=st.integers(1, 65535),
    properties=st.sampled_from([b"\0", b"\2\1\1", b"\7&\0\1a\0\1b"]),
)


@given(st.lists(PACKETS, max_size=4), st.booleans(), st.integers(0, 12))
@settings(deadline=None)
def test_the_short_way_reads_what_paho_reads(packets: list[bytes], is_v5: bool, cut: int) -> None:
    data = b"".join(packets)
    data = data[: len(data) - cut]
    protocol = mqtt.MQTTv5 if is_v5 else mqtt.MQTTv311
    at = 0
    for packet in packets:
        read = read_publication(data, at, is_v5)
        if read is None:
            return
        found, after = read
        assert after == at + len(packet)
        head = 1 + next(i for i, byte in enumerate(packet[1:], start=1) if byte < 128)
        expected = _packet.decode_publish(packet[0], bytearray(packet[head:]), protocol)
        assert found == Publication(
            expected.topic.decode(),
            bytes(expected.payload),
            expected.qos,
            expected.retain,
            expected.dup,
            expected.mid,
        )
        at = after


@given(st.binary(max_size=12))
@settings(deadline=None)
def test_the_short_way_leaves_alone_what_is_no_plain_message(data: bytes) -> None:
    for is_v5 in (False, True):
        read = read_publication(b"\x32" + data, 0, is_v5)
        if read is not None:
            found, after = read
            assert found.topic
            assert found.mid
            assert after <= len(data) + 1


@pytest.mark.parametrize(
    "packet",
    [
        b"\x40\x02\0\1",
        b"\x34" + packet_of(b"t", b"{}", first=0x34, packet_id=1, properties=b"\0")[1:],
        packet_of(b"t", b"{}", first=0x32, packet_id=0, properties=b"\0"),
        packet_of(b"", b"{}", first=0x32, packet_id=1, properties=b"\0"),
        packet_of(b"\xff", b"{}", first=0x32, packet_id=1, properties=b"\0"),
        packet_of(b"t", b"{}", first=0x32, packet_id=1, properties=b"\2\1\1"),
    ],
    ids=["an acknowledgement", "QoS 2", "id 0", "no topic", "no text", "properties"],
)
def test_a_packet_for_paho(packet: bytes) -> None:
    assert read_publication(packet, 0, is_v5=True) is None


@pytest.mark.broker
def test_what_is_read_by_the_short_way_and_by_paho_keeps_its_order(
    mosquitto: MosquittoServer, receive: Callable[..., Receiver]
) -> None:
    receiver = receive(endpoint_of(mosquitto))
    receiver.wait_for(LinkState.CONNECTED)
    lines = [("z" * 20_000 if n % 9 == 4 else "") + str(n) for n in range(300)]
    mosquitto.publish_lines(TOPIC, "\n".join(lines))
    mosquitto.publish(TOPIC, "property", "-V", "5", "-D", "publish", "content-type", "text")
    receiver.wait_for_messages(301)
    assert receiver.payloads == [*lines, "property"]


@pytest.mark.broker
def test_a_broker_that_forgets_its_window_is_held_back(
    receive: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_connection, "_HELD_BACK_S", 2.0)
    with MosquittoServer(["max_queued_messages 20000"]) as server:
        receiver = receive(endpoint_of(server))
        receiver.wait_for(LinkState.CONNECTED)
        server.publish_lines(TOPIC, "\n".join(str(number) for number in range(9000)))
        receiver.wait_for_messages(1000)
        receiver.acknowledge(receiver.messages[:500])
        receiver.wait_for_messages(2000)
        time.sleep(0.5)
        # Mosquitto 2.0 sends the 8000 that it has queued at once; others keep to the window.
        limit = mqtt_connection._HELD_BACK_FROM + mqtt_connection._PACKETS_A_ROUND
        assert len(receiver.messages) <= limit + 500
        done, until_s = 500, time.monotonic() + 20
        while done < 9000 and time.monotonic() < until_s:
            batch = receiver.messages[done : done + 500]
            receiver.acknowledge(batch)
            done += len(batch)
            time.sleep(0.002)
        assert receiver.payloads == [str(number) for number in range(9000)]
        assert receiver.source.healthy()


@pytest.mark.broker
def test_a_hold_ends_although_nothing_is_acknowledged(
    receive: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to our keep-alive waits behind the messages."""
    monkeypatch.setattr(mqtt_connection, "_HELD_BACK_FROM", 100)
    monkeypatch.setattr(mqtt_connection, "_HELD_BACK_S", 0.5)
    with MosquittoServer(["max_queued_messages 20000"]) as server:
        receiver = receive(endpoint_of(server))
        receiver.wait_for(LinkState.CONNECTED)
        server.publish_lines(TOPIC, "\n".join(str(number) for number in range(1000)))
        receiver.wait_for_messages(1000)
        assert receiver.source.status().attempt == 0
