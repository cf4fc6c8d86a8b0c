"""Acknowledgements under crashes, reconnects, redelivery and a failing store.

The broker is a model; decoder, analyser, pipeline and SQLite journal are real.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from harit_desktop.analysis.engine import AnalysisEngine
from harit_desktop.analysis.quality import QualityControl
from harit_desktop.domain.batch import CommitItem, CommitResult
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.message import RawMessage, Receipt
from harit_desktop.pipeline.events import MessageRing
from harit_desktop.pipeline.inbox import Inbox
from harit_desktop.pipeline.live import LiveModel
from harit_desktop.pipeline.pipeline import Pipeline
from harit_desktop.pipeline.stages import Stages
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.wire.registry import MessageDecoder

NOW_US = 1_764_000_000_000_000


def payload(number: int) -> bytes:
    """A distinct reading for every number; every seventh is not a reading at all."""
    if number % 7 == 6:
        return b"not a reading %d" % number
    return (
        b'{"timestamp":"2025-11-24T10:00:00.%06d","publisher_id":"probe",'
        b'"sensor_readings":{"N":22,"Moisture":%d.5}}' % (number, number % 60)
    )


class ModelBroker:
    """One persistent session: what it must deliver, and what was acknowledged."""

    def __init__(self) -> None:
        self.epoch = 0
        self.to_send: list[int] = []
        self.in_flight: dict[int, int] = {}
        self.delivered: list[int] = []
        self.acked_in_epoch: list[int] = []
        self.acked: list[int] = []
        self._next_id = 1

    def connect(self) -> None:
        """A new connection: everything unacknowledged is to be delivered again."""
        self.epoch += 1
        self.to_send = list(self.in_flight.values()) + self.to_send
        self.in_flight.clear()
        self.delivered.clear()
        self.acked_in_epoch.clear()
        self._next_id = 1

    def deliver(self, count: int) -> list[RawMessage]:
        sent = []
        for _ in range(min(count, len(self.to_send))):
            number = self.to_send.pop(0)
            packet_id, self._next_id = self._next_id, self._next_id + 1
            self.in_flight[packet_id] = number
            self.delivered.append(number)
            receipt = Receipt(self.epoch, packet_id, 1)
            sent.append(RawMessage("t", payload(number), NOW_US, receipt, qos=1))
        return sent

    def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        for receipt in receipts:
            if receipt.epoch == self.epoch:
                number = self.in_flight.pop(receipt.packet_id)
                self.acked.append(number)
                self.acked_in_epoch.append(number)


class FailingJournal:
    """The real journal, which refuses as often as the test says."""

    def __init__(self, journal: SqliteJournal) -> None:
        self._journal = journal
        self.refusals = 0
        self.on_refusal: Callable[[], None] = lambda: None

    def commit(self, batch: Sequence[CommitItem]) -> CommitResult:
        if self.refusals:
            self.refusals -= 1
            self.on_refusal()
            raise KnownError("store.full")
        return self._journal.commit(batch)

    def is_delivered(self, message: RawMessage) -> bool:
        return self._journal.is_delivered(message)


class AckMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "harit.db"
        self.broker = ModelBroker()
        self.published: list[int] = []
        self.journal: SqliteJournal | None = None
        self.start_program()

    def start_program(self) -> None:
        self.journal = SqliteJournal(self.path, lambda: NOW_US)
        self.journal.open()
        self.store = FailingJournal(self.journal)
        self.inbox = Inbox()
        stages = Stages(MessageDecoder("UTC"), QualityControl.standard(), AnalysisEngine("classic"))
        self.pipeline = Pipeline(self.inbox, stages, LiveModel(), MessageRing(), lambda: NOW_US)
        self.pipeline.use_acknowledger(self.broker)
        self.broker.connect()

    def teardown(self) -> None:
        self.store.refusals = 0
        self.drain()
        while self.broker.to_send or self.broker.in_flight:
            self.broker.connect()
            self.deliver(50)
            self.drain()
        assert self.stored_numbers() == sorted({n for n in self.published if n % 7 != 6})
        assert self.rejected() >= {payload(n) for n in self.published if n % 7 == 6}
        assert self.journal is not None
        self.journal.close()
        shutil.rmtree(self.folder)

    def drain(self) -> None:
        self.pipeline.drain(self.store, threading.Event())

    @rule(count=st.integers(1, 12))
    def publish(self, count: int) -> None:
        numbers = range(len(self.published), len(self.published) + count)
        self.published.extend(numbers)
        self.broker.to_send.extend(numbers)

    @precondition(lambda self: self.published)
    @rule(data=st.data())
    def publish_again(self, data: st.DataObject) -> None:
        """A publisher that saw no confirmation sends the same reading again."""
        self.broker.to_send.append(data.draw(st.sampled_from(self.published)))

    @rule(count=st.integers(1, 20))
    def deliver(self, count: int) -> None:
        for message in self.broker.deliver(count):
            assert self.inbox.put(message)

    @rule()
    def process(self) -> None:
        self.drain()

    @rule()
    def process_while_the_store_fails(self) -> None:
        acked_before = list(self.broker.acked)
        stopped = threading.Event()
        self.store.refusals = 1
        self.store.on_refusal = stopped.set
        self.pipeline.drain(self.store, stopped)
        self.store.refusals = 0
        assert self.broker.acked == acked_before

    @rule()
    def reconnect(self) -> None:
        """The connection drops while messages wait in the inbox."""
        self.broker.connect()

    @rule()
    def crash(self) -> None:
        """The process dies with whatever it had in memory."""
        assert self.journal is not None
        self.journal.close()
        self.start_program()

    @invariant()
    def everything_acknowledged_is_stored(self) -> None:
        stored = set(self.stored_numbers())
        rejected = self.rejected()
        for number in self.broker.acked:
            assert number in stored or payload(number) in rejected

    @invariant()
    def acknowledgements_are_a_prefix_of_deliveries(self) -> None:
        acked = self.broker.acked_in_epoch
        assert acked == self.broker.delivered[: len(acked)]

    @invariant()
    def nothing_is_stored_twice(self) -> None:
        numbers = self.stored_numbers()
        assert len(numbers) == len(set(numbers))

    def stored_numbers(self) -> list[int]:
        with sqlite3.connect(self.path) as db:
            rows = db.execute("SELECT timestamp_us FROM sensor_readings").fetchall()
        db.close()
        return sorted(row[0] % 1_000_000 for row in rows)

    def rejected(self) -> set[bytes]:
        with sqlite3.connect(self.path) as db:
            rows = db.execute("SELECT payload FROM rejected_messages").fetchall()
        db.close()
        return {row[0] for row in rows}


TestAcknowledgements = AckMachine.TestCase
TestAcknowledgements.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
