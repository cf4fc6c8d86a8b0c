"""Readings without a time over a broker that uses its packet ids again: through the real
client, pipeline and journal."""

from __future__ import annotations

import socket
import sqlite3
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from harit_desktop.analysis.engine import AnalysisEngine
from harit_desktop.analysis.quality import QualityControl
from harit_desktop.pipeline.events import MessageRing
from harit_desktop.pipeline.inbox import Inbox
from harit_desktop.pipeline.live import LiveModel
from harit_desktop.pipeline.pipeline import Pipeline
from harit_desktop.pipeline.stages import Stages
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_source import MqttSource
from harit_desktop.wire.registry import MessageDecoder
from tests.servers import wait_until

TOPIC = b"farm/soil"
CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 8, 9

Sent = tuple[int, bytes, bool]
"""Packet id, payload, and whether it is marked as a redelivery."""


def reading(moisture: float) -> bytes:
    return b'{"publisher_id":"probe","sensor_data":{"N":22.0,"Moisture":%.1f}}' % moisture


class ScriptedBroker:
    """Sends one list of messages on each connection, waits for their acknowledgements and
    hangs up; stays on the last one."""

    def __init__(self, connections: list[list[Sent]]) -> None:
        self._connections = connections
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.acknowledged: list[list[int]] = []
        self._peer: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="scripted-broker", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.close()
        if self._peer is not None:
            self._peer.close()
        self._thread.join(5)

    def _run(self) -> None:
        for number, messages in enumerate(self._connections):
            try:
                self._peer, _ = self._listener.accept()
                self._serve(self._peer, messages, resumed=number > 0)
            except OSError:
                return
            if number + 1 < len(self._connections):
                self._peer.close()

    def _serve(self, peer: socket.socket, messages: list[Sent], *, resumed: bool) -> None:
        peer.settimeout(10)
        acknowledged: list[int] = []
        self.acknowledged.append(acknowledged)
        while len(acknowledged) < len(messages):
            kind, body = self._packet(peer)
            if kind == CONNECT:
                peer.sendall(bytes([CONNACK << 4, 2, resumed, 0]))
            elif kind == SUBSCRIBE:
                peer.sendall(bytes([SUBACK << 4, 3]) + body[:2] + b"\1")
                if TOPIC in body:
                    peer.sendall(b"".join(self._publish(*message) for message in messages))
            elif kind == PUBACK:
                acknowledged.append(struct.unpack(">H", body[:2])[0])

    @staticmethod
    def _packet(peer: socket.socket) -> tuple[int, bytes]:
        head = peer.recv(2, socket.MSG_WAITALL)
        if len(head) < 2:
            raise ConnectionError
        length = head[1]
        if length > 127:
            length = length & 127 | peer.recv(1)[0] << 7
        return head[0] >> 4, peer.recv(length, socket.MSG_WAITALL) if length else b""

    @staticmethod
    def _publish(packet_id: int, payload: bytes, again: bool) -> bytes:
        body = struct.pack(">H", len(TOPIC)) + TOPIC + struct.pack(">H", packet_id) + payload
        return bytes([PUBLISH << 4 | 2 | again << 3, len(body)]) + body


@pytest.fixture
def stored_of(tmp_path: Path) -> Iterator[Callable[[list[list[Sent]]], list[float]]]:
    """The moistures in the store after a script has been played."""
    ends: list[Callable[[], object]] = []

    def play(script: list[list[Sent]]) -> list[float]:
        broker = ScriptedBroker(script)
        journal = SqliteJournal(tmp_path / "harit.db", now_us)
        journal.open()
        inbox, stop = Inbox(), threading.Event()
        stages = Stages(MessageDecoder("UTC"), QualityControl.standard(), AnalysisEngine("classic"))
        pipeline = Pipeline(inbox, stages, LiveModel(), MessageRing(), now_us)
        endpoint = MqttEndpoint("127.0.0.1", broker.port, client_id="harit", protocol="3.1.1")
        source = MqttSource(endpoint, [TOPIC.decode()], inbox.put, now_us)
        pipeline.use_acknowledger(source)
        worker = threading.Thread(target=pipeline.run, args=(journal, stop))
        worker.start()
        source.start()
        ends.extend([lambda: source.stop(3), stop.set, pipeline.wake, worker.join])
        ends.extend([journal.close, broker.close])
        expected = [[packet_id for packet_id, _, _ in messages] for messages in script]
        wait_until(lambda: broker.acknowledged == expected, 20, f"{expected} acknowledged")
        with closing(sqlite3.connect(tmp_path / "harit.db")) as db:
            found = db.execute("SELECT moisture FROM sensor_readings ORDER BY id").fetchall()
        return [moisture for (moisture,) in found]

    yield play
    for end in ends:
        end()


def now_us() -> int:
    return time.time_ns() // 1000


StoredOf = Callable[[list[list[Sent]]], list[float]]


def test_a_redelivered_reading_is_stored_once(stored_of: StoredOf) -> None:
    first = [(1, reading(50), False), (2, reading(51), False)]
    again = [(1, reading(50), True), (2, reading(51), True), (3, reading(50), False)]
    assert stored_of([first, again]) == [50, 51, 50]


def test_an_equal_reading_under_a_packet_id_that_is_used_again_is_stored(
    stored_of: StoredOf,
) -> None:
    """On the second connection the message with id 1 is lost before it reaches us, so it
    comes marked as a redelivery; its bytes are those of another message of id 1."""
    script = [
        [(1, reading(50), False), (2, reading(51), False)],
        [(7, reading(52), False)],
        [(1, reading(50), True)],
    ]
    assert stored_of(script) == [50, 51, 52, 50]
