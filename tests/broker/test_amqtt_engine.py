"""What amqtt leaves open and the door in front of it closes."""

from __future__ import annotations

import asyncio
import socket
import struct
import time

import paho.mqtt.client as mqtt
import psutil
import pytest
from amqtt.session import ApplicationMessage
from hypothesis import given
from hypothesis import strategies as st

from harit_desktop.broker.amqtt_limits import MAX_UNGREETED
from harit_desktop.broker.amqtt_plugin import BoundedQueue
from harit_desktop.broker.amqtt_streams import ConnectHead, PacketReader, parse_connect
from harit_desktop.broker.limits import MAX_PACKET_BYTES
from harit_desktop.broker.login import Login
from harit_desktop.broker.login import connect_packet as login_packet
from tests.broker.support import Connect, MakeBroker

CONNACK_OK = bytes.fromhex("20020000")


def connect_packet(client_id: bytes = b"raw", keep_alive_s: int = 0, level: int = 4) -> bytes:
    body = b"\0\4MQTT" + bytes([level, 2]) + struct.pack(">H", keep_alive_s)
    body += struct.pack(">H", len(client_id)) + client_id
    return b"\x10" + bytes([len(body)]) + body


def open_raw(port: int, packet: bytes = b"") -> socket.socket:
    raw = socket.create_connection(("127.0.0.1", port), timeout=10.0)
    if packet:
        raw.sendall(packet)
    return raw


def closed(raw: socket.socket) -> bool:
    """True once the other side has closed; fails by time-out if it never does."""
    try:
        while raw.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return True


@pytest.fixture
def broker_port(make_broker: MakeBroker) -> int:
    return make_broker("amqtt").start().port


RUDE = [
    b"",
    b"\0",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"\xff" * 1000,
    b"\x10\xff\xff\xff\xff\x7f",
    b"\x10\x05\0\4MQT",
    connect_packet()[:-2],
    connect_packet(b"\xff\xfe\0"),
    connect_packet(level=3),
    connect_packet(b"") + b"\x82\x05\0\1\0\1#",
    connect_packet(b"w") + b"\x30\x03\0\1#",
    connect_packet(b"l") + b"\x30\x05\0\xfft00",
    connect_packet(b"r") + b"\xf0\x00",
    connect_packet(b"z") + b"\x00\x00",
    connect_packet(b"c") * 3,
    connect_packet(b"p") + b"\x40\x02\0\7" * 20,
    connect_packet(b"s") + b"\x82\x00",
    connect_packet(b"$") + b"\x32\x0a\0\4$SYS\0\1ab",
    connect_packet(b"e") + b"\x30\x00",
]


@pytest.mark.broker
def test_rude_connections_do_not_disturb_it(broker_port: int, connect: Connect) -> None:
    listener = connect(broker_port, "listener")
    listener.subscribe("t")
    for number, rudeness in enumerate(RUDE):
        raw = open_raw(broker_port, rudeness)
        if number % 2:
            # A reset instead of an orderly end.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.close()
    connect(broker_port).publish("t", b"still here")
    assert listener.next_message() == ("t", b"still here")
    assert not listener.disconnected.is_set()


@pytest.mark.broker
def test_idle_connections_keep_nobody_out(broker_port: int, connect: Connect) -> None:
    idle = [open_raw(broker_port) for _ in range(3 * MAX_UNGREETED)]
    try:
        assert connect(broker_port).wait_connected()[0] == "Success"
        assert closed(idle[0])
    finally:
        for raw in idle:
            raw.close()


@pytest.mark.broker
def test_an_mqtt_5_client_is_told_to_use_another_version(
    broker_port: int, connect: Connect
) -> None:
    client = connect(broker_port, level=mqtt.MQTTv5)
    assert client.wait_connected()[0] == "Unsupported protocol version"


@pytest.mark.broker
def test_a_packet_that_is_too_long_ends_its_connection_unread(
    make_broker: MakeBroker, connect: Connect
) -> None:
    ready = make_broker("amqtt").start()
    with open_raw(ready.port, connect_packet()) as raw:
        assert raw.recv(4) == CONNACK_OK
        raw.sendall(b"\x30\x80\x80\x80\x20\0\1t" + b"x" * 1000)  # announces 64 MB
        assert closed(raw)
    assert psutil.Process(ready.pid).memory_info().rss < 150 * 1024 * 1024
    listener = connect(ready.port, "listener")
    listener.subscribe("t")
    longest = b"x" * (MAX_PACKET_BYTES - 5)
    connect(ready.port).publish("t", longest)
    assert listener.next_message() == ("t", longest)


@pytest.mark.broker
def test_a_client_that_falls_silent_is_announced_as_lost(
    broker_port: int, connect: Connect
) -> None:
    listener = connect(broker_port, "listener")
    listener.subscribe("status")
    body = b"\0\4MQTT\x04\x06\0\x01" + b"\0\1w" + b"\0\6status" + b"\0\7offline"
    with open_raw(broker_port, b"\x10" + bytes([len(body)]) + body) as raw:
        assert raw.recv(4) == CONNACK_OK
        assert listener.next_message() == ("status", b"offline")
        assert closed(raw)


@pytest.mark.broker
def test_a_client_that_comes_again_goes_on_receiving(broker_port: int, connect: Connect) -> None:
    first = connect(broker_port, "same", clean=False)
    first.subscribe("t")
    first.paho.reconnect_delay_set(30, 30)
    second = connect(broker_port, "same", clean=False)
    assert second.wait_connected() == ("Success", True)
    assert first.disconnected.wait(5.0)
    connect(broker_port).publish("t", b"for the second")
    assert second.next_message() == ("t", b"for the second")


@pytest.mark.broker
def test_messages_wait_for_a_client_that_is_away(broker_port: int, connect: Connect) -> None:
    listener = connect(broker_port, "listener", clean=False)
    listener.subscribe("t")
    listener.close()
    publisher = connect(broker_port)
    for number in range(20):
        publisher.publish("t", b"%d" % number)
    again = connect(broker_port, "listener", clean=False)
    assert [again.next_message()[1] for _ in range(20)] == [b"%d" % n for n in range(20)]


def message(payload: bytes) -> ApplicationMessage:
    return ApplicationMessage(None, "t", 1, payload, retain=False)


def test_a_queue_for_an_absent_client_drops_its_oldest() -> None:
    async def fill() -> tuple[list[bytes], list[bytes]]:
        by_count = BoundedQueue(max_messages=3)
        by_size = BoundedQueue(max_bytes=25)
        for number in range(10):
            await by_count.put(message(b"%d" % number))
            await by_size.put(message(b"%d" % number * 10))
        return _drain(by_count), _drain(by_size)

    def _drain(queue: BoundedQueue) -> list[bytes]:
        return [queue.get_nowait().data for _ in range(queue.qsize())]

    assert asyncio.run(fill()) == ([b"7", b"8", b"9"], [b"8" * 10, b"9" * 10])


@given(st.binary(max_size=60) | st.binary(max_size=40).map(lambda tail: b"\x10" + tail))
def test_reading_the_start_of_a_connection_never_raises(packet: bytes) -> None:
    head = parse_connect(packet)
    assert head is None or isinstance(head, ConnectHead)


@given(st.text(max_size=40), st.integers(0, 65535))
def test_a_connect_packet_is_understood(client_id: str, keep_alive_s: int) -> None:
    packet = connect_packet(client_id.encode(errors="replace")[:80], keep_alive_s)
    head = parse_connect(packet)
    assert head is not None
    assert (head.level, head.keep_alive_s) == (4, keep_alive_s)
    assert head.client_id == client_id.encode(errors="replace")[:80].decode(errors="replace")


@given(st.text(max_size=40), st.text(max_size=40), st.booleans())
def test_a_login_is_understood(username: str, password: str, will: bool) -> None:
    packet = bytearray(login_packet(Login(username, password)))
    if will:
        flags = packet.index(b"MQTT") + 5
        packet[flags] |= 0x04
        packet[flags + 5 : flags + 5] = b"\0\1w\0\3bye"
    head = parse_connect(bytes(packet))
    assert head is not None
    assert (head.username, head.password) == (username.encode(), password.encode())
    assert repr(password) not in repr(head) or len(password) < 3


@pytest.mark.parametrize("missing", [1, 5, 6, 7, 20])
def test_a_login_that_is_cut_off_is_none(missing: int) -> None:
    head = parse_connect(login_packet(Login("harit", "kqn4"))[:-missing])
    assert head is None or head.password is None


@given(st.lists(st.integers(1, 50), max_size=30))
def test_a_packet_survives_reads_that_are_given_up(sizes: list[int]) -> None:
    """amqtt cancels and repeats its reads; not one byte may be lost or come twice."""
    sent = connect_packet(b"c" * 90) + b"\x30\xc8\x01" + bytes(200)

    async def read_all() -> bytes:
        stream = asyncio.StreamReader()
        reader = PacketReader(stream)
        position = 0
        for size in [*sizes, len(sent)]:
            if position >= len(sent):
                break
            impatient = asyncio.create_task(reader.peek())
            await asyncio.sleep(0)
            impatient.cancel()
            await asyncio.gather(impatient, return_exceptions=True)
            stream.feed_data(sent[position : position + size])
            position += size
            await asyncio.sleep(0)
        got = b""
        while len(got) < len(sent):
            got += await asyncio.wait_for(reader.read(1), 1.0)
        return got

    assert asyncio.run(read_all()) == sent


def test_a_silent_stream_ends_after_one_and_a_half_keep_alives() -> None:
    async def read() -> float:
        stream = asyncio.StreamReader()
        reader = PacketReader(stream)
        reader.expect_within(1)
        began_s = time.monotonic()
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        return time.monotonic() - began_s

    assert asyncio.run(read()) >= 1.4
