"""Pieces of readings, whole readings and messages of several, without any time of their own,
under crashes, reconnects and redelivery: each value is stored exactly once.

The broker is a model; pipeline and SQLite journal are real.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from harit_desktop.domain.message import RawMessage, Receipt
from tests.pipeline.gateway import Station, piece, several

QUANTITIES = ("N", "P", "EC")
KINDS = st.sampled_from(["esp 1", "esp 2", "whole", "several"])


class ModelBroker:
    """One persistent session, which sends unacknowledged messages again under their ids."""

    def __init__(self) -> None:
        self.epoch = 0
        self.queue: list[RawMessage] = []
        self.in_flight: dict[int, RawMessage] = {}
        self.again: list[int] = []
        self.delivered: list[int] = []
        self.acked: list[int] = []
        self._last_id = 0

    def connect(self) -> None:
        self.epoch += 1
        self.again = list(self.in_flight)
        self.delivered, self.acked = [], []

    def deliver(self, count: int) -> list[RawMessage]:
        sent = []
        for _ in range(count):
            if self.again:
                packet_id, again = self.again.pop(0), True
                message = self.in_flight[packet_id]
            elif self.queue:
                message, packet_id, again = self.queue.pop(0), self._free_id(), False
                self.in_flight[packet_id] = message
            else:
                break
            self.delivered.append(packet_id)
            receipt = Receipt(self.epoch, packet_id, 1, "harit", self.epoch > 1, 1000)
            sent.append(msgspec.structs.replace(message, receipt=receipt, duplicate_flag=again))
        return sent

    def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        for receipt in receipts:
            if receipt.epoch == self.epoch:
                del self.in_flight[receipt.packet_id]
                self.acked.append(receipt.packet_id)

    def _free_id(self) -> int:
        # A small circle, so that ids name other messages soon.
        while True:
            self._last_id = self._last_id % 40 + 1
            if self._last_id not in self.in_flight:
                return self._last_id


class MergingMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.broker = ModelBroker()
        self.published = 0
        self.start_program()

    def start_program(self) -> None:
        self.station = Station(self.folder)
        self.station.pipeline.use_acknowledger(self.broker)
        self.broker.connect()

    def teardown(self) -> None:
        self.broker.connect()
        while sent := self.broker.deliver(50):
            self.station.receive(*sent)
            self.station.turn()
        self.station.drain()
        assert self.values() == [float(n) for n in range(self.published)]
        assert self.broker.in_flight == {}
        self.station.close()
        shutil.rmtree(self.folder)

    @rule(kind=KINDS, count=st.integers(1, 4))
    def publish(self, kind: str, count: int) -> None:
        for _ in range(count):
            if len(self.broker.queue) + len(self.broker.in_flight) >= 39:
                return
            number = self.published
            if kind == "whole":
                made = several(0, {"bed": {"N": number}})
            elif kind == "several":
                made = several(0, {"a": {"N": number}, "b": {"P": number + 1}})
            else:
                # In turns, so that readings are whole, and overlap where one is missed.
                made = piece(0, QUANTITIES[number % 3], number, number / 10, kind)
            self.published += 2 if kind == "several" else 1
            self.broker.queue.append(made)

    @rule(count=st.integers(1, 6))
    def deliver(self, count: int) -> None:
        self.station.receive(*self.broker.deliver(count))

    @rule()
    def turn(self) -> None:
        self.station.turn()

    @rule(seconds=st.sampled_from([0.5, 1.0, 2.5]))
    def wait(self, seconds: float) -> None:
        self.station.clock.now_s += seconds
        self.station.turn()

    @rule()
    def drain(self) -> None:
        self.station.drain()

    @rule()
    def reconnect(self) -> None:
        """The connection drops while messages wait in the inbox, or are held."""
        self.broker.connect()

    @rule()
    def crash(self) -> None:
        """The process dies with whatever it had in memory."""
        self.station.journal.close()
        self.start_program()

    @invariant()
    def acknowledgements_are_a_prefix_of_deliveries(self) -> None:
        acked = self.broker.acked
        assert acked == self.broker.delivered[: len(acked)]

    @invariant()
    def nothing_is_stored_twice(self) -> None:
        values = self.values()
        assert len(values) == len(set(values))

    def values(self) -> list[float]:
        return sorted(
            value
            for reading in self.station.stored
            for key, value in reading.items()
            if key != "device"
        )


TestMerging = MergingMachine.TestCase
TestMerging.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
