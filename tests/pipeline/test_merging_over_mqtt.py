"""Pieces of readings over a real broker: through a crash of the program and of the broker."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harit_desktop.domain.status import LinkState
from harit_desktop.transport.endpoint import MqttEndpoint, ProtocolSetting
from harit_desktop.transport.mqtt_source import MqttSource
from tests.pipeline.gateway import Station
from tests.servers import MosquittoServer, wait_until


def now_us() -> int:
    return time.time_ns() // 1000


class Program:
    """A run of the program, by the real clock; `crash` ends it with what it has in hand."""

    def __init__(self, folder: Path, port: int, protocol: ProtocolSetting) -> None:
        self.station = Station(folder, clock_s=time.monotonic)
        endpoint = MqttEndpoint("127.0.0.1", port, client_id="harit", protocol=protocol)
        self.source = MqttSource(endpoint, ["piece/#", "gateway"], self.station.inbox.put, now_us)
        self.station.pipeline.use_acknowledger(self.source)
        self._stop = threading.Event()
        self._worker = threading.Thread(
            target=self.station.pipeline.run, args=(self.station.journal, self._stop)
        )
        self._worker.start()
        self.source.start()
        self.wait_connected()

    def wait_connected(self) -> None:
        wait_until(lambda: self.source.status().state is LinkState.CONNECTED, 20, "connected")

    @property
    def held(self) -> int:
        return len(self.station.merger)

    def crash(self) -> None:
        self._stop.set()
        self.station.pipeline.wake()
        self._worker.join(5)
        self.source.stop(3)
        self.station.journal.close()

    def end(self) -> None:
        self._stop.set()
        self.station.pipeline.wake()
        self._worker.join(5)
        self.station.drain()
        self.source.stop(3)
        self.station.journal.close()


@pytest.fixture
def broker() -> Iterator[MosquittoServer]:
    with MosquittoServer(persistence=True) as server:
        yield server


def hold(program: Program, broker: MosquittoServer, *pieces: tuple[str, float]) -> None:
    before = program.held
    for quantity, value in pieces:
        broker.publish(f"piece/esp/{quantity}", str(value))
    wait_until(lambda: program.held == before + len(pieces), 5, "pieces held")


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_program_that_dies_with_pieces_in_hand_gets_them_again(
    tmp_path: Path, broker: MosquittoServer, protocol: ProtocolSetting
) -> None:
    first = Program(tmp_path, broker.port, protocol)
    hold(first, broker, ("N", 20.0), ("Moisture", 31.5))
    broker.publish("gateway", '{"bed": {"N": 1.0}}')
    wait_until(lambda: len(first.station.stored) == 1, 5, "the other stored")
    first.crash()
    broker.publish("piece/esp/EC", "450")
    second = Program(tmp_path, broker.port, protocol)
    wait_until(lambda: second.source.unacked == 0 and len(second.station.stored) >= 3, 10, "all")
    second.end()
    # The reading of the bed came again too, without its acknowledgement.
    assert second.station.stored == [
        {"device": "bed", "N": 1.0},
        {"device": "esp", "N": 20.0, "Moisture": 31.5},
        {"device": "esp", "EC": 450.0},
    ]
    third = Program(tmp_path, broker.port, protocol)
    broker.publish("gateway", '{"bed": {"N": 2.0}}')
    wait_until(lambda: len(third.station.stored) == 4, 5, "nothing but the new one")
    third.end()
    assert len(third.station.stored) == 4


def test_a_broker_that_dies_while_pieces_are_held_costs_and_doubles_nothing(
    tmp_path: Path, broker: MosquittoServer
) -> None:
    program = Program(tmp_path, broker.port, "5")
    hold(program, broker, ("N", 20.0), ("Moisture", 31.5))
    time.sleep(0.3)
    broker.kill()
    broker.start()
    program.source.retry_now()
    wait_until(lambda: len(program.station.stored) >= 1, 10, "stored")
    program.wait_connected()
    broker.publish("gateway", '{"bed": {"N": 1.0}}')
    done = {"device": "bed", "N": 1.0}
    wait_until(lambda: done in program.station.stored, 10, "the message after it")
    wait_until(lambda: program.source.unacked == 0 and not program.held, 10, "acknowledged")
    program.end()
    assert sorted(program.station.stored, key=str) == [
        done,
        {"device": "esp", "N": 20.0, "Moisture": 31.5},
    ]
