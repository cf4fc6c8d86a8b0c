"""The pipeline thread's work: take, prepare, commit, acknowledge, publish.

The only writer of the journal. A batch in hand survives a failed commit and a crash
of this worker: it is kept and tried again, and nothing is acknowledged meanwhile.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

import msgspec

from harit_desktop.domain.batch import CommitItem, CommitResult
from harit_desktop.domain.clock import NowUs
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.message import Origin, Outcome, RawMessage
from harit_desktop.domain.reading import AnalysedReading, Source
from harit_desktop.pipeline.answers import Answers
from harit_desktop.pipeline.events import MessageRing
from harit_desktop.pipeline.hearing import messages_by_device, words_of
from harit_desktop.pipeline.inbox import Inbox
from harit_desktop.pipeline.live import LiveModel
from harit_desktop.pipeline.merging import Merger
from harit_desktop.pipeline.metrics import PipelineMetrics
from harit_desktop.pipeline.ports import (
    Acknowledger,
    AnalysisOutlet,
    Journal,
    Mirror,
    ReadingWatcher,
)
from harit_desktop.pipeline.receipts import ReceiptOrder
from harit_desktop.pipeline.stages import Stages

log = logging.getLogger(__name__)

# Half the window of unacknowledged messages (1000 with MQTT 5): the broker refills the
# other half while this one is committed.
BATCH_LIMIT = 500
IDLE_WAIT_S = 1.0
RETRY_FIRST_S = 0.2
RETRY_LAST_S = 2.0


def _nothing() -> None:
    """No upkeep."""


class Pipeline:
    """Owns the batch in hand. `run` is the body of one worker thread."""

    def __init__(
        self,
        inbox: Inbox,
        stages: Stages,
        live: LiveModel,
        messages: MessageRing,
        now_us: NowUs,
        answers: Answers | None = None,
        merger: Merger | None = None,
    ) -> None:
        self._inbox = inbox
        self._live = live
        self._messages = messages
        self._in_hand: list[CommitItem] = []
        self._merger = Merger() if merger is None else merger
        self._order = ReceiptOrder()
        self._stages = stages
        self._answers = answers or Answers()
        self._acknowledger: Acknowledger | None = None
        self._outlet: AnalysisOutlet | None = None
        self._watcher: ReadingWatcher | None = None
        self._mirror: Mirror | None = None
        self._replaced_mirror: Mirror | None = None
        self.metrics = PipelineMetrics(now_us)
        self.follower_problem: Problem | None = None

    @property
    def unacked(self) -> int:
        """Messages received and not yet committed."""
        return len(self._inbox) + len(self._in_hand) + len(self._merger)

    def use_stages(self, stages: Stages) -> None:
        """Reads and judges with `stages` from the next batch on. From any thread."""
        self._stages = stages

    def use_acknowledger(self, acknowledger: Acknowledger | None) -> None:
        """Acknowledges through this source from now on. From any thread."""
        self._acknowledger = acknowledger

    def use_outlet(self, outlet: AnalysisOutlet | None) -> None:
        """Tells other programs of our analyses through this from now on. From any thread."""
        self._outlet = outlet

    def use_alerts(self, watcher: ReadingWatcher | None) -> None:
        """Has stored readings watched over from now on. From any thread."""
        self._watcher = watcher

    def use_mirror(self, mirror: Mirror | None) -> None:
        """Follows batches with another mirror; the one before is closed on this pipeline's
        thread, so that no row that waits in it is lost. From the control thread."""
        self._replaced_mirror, self._mirror = self._mirror, mirror
        self._inbox.wake()

    def close_mirror(self) -> None:
        """Writes what the mirrors still hold; on the pipeline's thread, as its last work."""
        self._close_replaced_mirror()
        if self._mirror is not None:
            self._mirror.close()

    def wake(self) -> None:
        """Ends a wait for messages early."""
        self._inbox.wake()

    @property
    def stages(self) -> Stages:
        return self._stages

    def run(
        self, journal: Journal, stop: threading.Event, upkeep: Callable[[], None] = _nothing
    ) -> None:
        """Works until `stop` is set; what is queued then is left to `drain`. `upkeep` is
        called between batches, when all that was judged is committed."""
        self._merger.is_delivered = journal.is_delivered
        while not stop.is_set():
            self._close_replaced_mirror()
            if not self._in_hand:
                upkeep()
                # The stages may be replaced while this waits.
                wait_s = self._order.wait_s(self._merger.wait_s(IDLE_WAIT_S))
                messages = self._inbox.take(BATCH_LIMIT, wait_s)
                self._in_hand = self._prepare(messages)
            if self._in_hand:
                self._commit_in_hand(journal, stop)

    def drain(self, journal: Journal, expired: threading.Event) -> None:
        """Commits what is still queued after the sources have stopped.

        Ends when the inbox is empty or `expired` is set; the rest stays unacknowledged, and
        the broker keeps it.
        """
        self._merger.is_delivered = journal.is_delivered
        while not expired.is_set():
            if not self._in_hand:
                self._in_hand = self._prepare(self._inbox.take(BATCH_LIMIT, 0), last=True)
            if not self._in_hand:
                return
            self._commit_in_hand(journal, expired)

    def _prepare(self, messages: Sequence[RawMessage], *, last: bool = False) -> list[CommitItem]:
        """The items to commit now. Pieces of readings are held for their time, but where that
        would hold up others: see `Merger`."""
        merger, stages = self._merger, self._stages
        before = merger.total
        merger.committed()
        items = stages.prepare(messages, merger)
        if merger or self._order or merger.total != before:
            now_s = merger.clock_s()
            self._order.arrived(messages, now_s)
            in_haste = last or len(messages) == BATCH_LIMIT or self._order.is_long(now_s)
            items += stages.finish(merger.close_all() if in_haste else merger.close_due())
        return items

    def _commit_in_hand(self, journal: Journal, stop: threading.Event) -> None:
        wait_s = RETRY_FIRST_S
        logged: Problem | None = None
        while True:
            try:
                result = journal.commit(self._in_hand)
                break
            except KnownError as error:
                if logged != error.problem:
                    log.warning("readings wait, the store failed: %s", error.problem)
                logged = error.problem
            if stop.wait(wait_s):
                return
            wait_s = min(wait_s * 2, RETRY_LAST_S)
        batch, self._in_hand = self._in_hand, []
        self._acknowledge(batch)
        self._answers.settle(batch, result)
        self._publish(batch, result)

    def _acknowledge(self, batch: Sequence[CommitItem]) -> None:
        receipts = [
            i.message.receipt for i in batch if i.message.receipt is not None and i.part < 2
        ]
        if self._order:
            receipts = self._order.committed(receipts)
        # The control thread may take the source away at any moment.
        acknowledger = self._acknowledger
        if receipts and acknowledger is not None:
            acknowledger.acknowledge(receipts)

    def _publish(self, batch: Sequence[CommitItem], result: CommitResult) -> None:
        last = batch[-1].message
        messages = sum([item.part < 2 for item in batch])
        # What is tried again was received long ago.
        received_us = last.received_us if last.rejected is None else None
        self.metrics.count(result.outcomes, received_us, messages)
        self.metrics.count_unmapped(batch, result.records)
        stored = [
            item.analysed
            if item.message.origin is not Origin.API
            else _of_device(item.analysed, record.publisher_id)
            for item, record in zip(batch, result.records, strict=True)
            if item.analysed is not None and record.outcome is Outcome.STORED
        ]
        self._follow("live view", lambda: self._live.publish(stored))
        self._follow("live view", lambda: self._hear(batch, result))
        watcher = self._watcher
        if watcher is not None:
            events = [event for item in batch for event in item.events]
            self._follow("alerts", lambda: watcher.offer(stored, events))
        outlet = self._outlet
        if outlet is not None and stored:
            # What a remote API gave us was analysed there.
            ours = [item for item in stored if item.reading.source is not Source.API]
            self._follow("analyses", lambda: outlet.offer(ours))
        self._follow("message list", lambda: self._messages.extend(result.records))
        mirror = self._mirror
        if mirror is not None:
            self._follow("csv files", lambda: mirror.write(batch, result))

    def _hear(self, batch: Sequence[CommitItem], result: CommitResult) -> None:
        last = batch[-1].message
        # What is tried again says nothing of how many messages come now.
        counts = {} if last.rejected is not None else messages_by_device(result.records)
        self._live.hear(words_of(batch), counts, last.received_us)

    def _follow(self, name: str, step: Callable[[], None]) -> None:
        """What only follows the store must never keep it from storing."""
        try:
            step()
        except Exception as error:
            log.exception("the %s could not follow a batch", name)
            self.follower_problem = Problem(
                "follower.failed", {"follower": name, "error": type(error).__name__}
            )

    def _close_replaced_mirror(self) -> None:
        replaced, self._replaced_mirror = self._replaced_mirror, None
        if replaced is not None:
            replaced.close()


def _of_device(item: AnalysedReading, publisher_id: str) -> AnalysedReading:
    """The reading under the device that the store found for it: a remote API may name none."""
    if item.reading.publisher_id == publisher_id:
        return item
    reading = msgspec.structs.replace(item.reading, publisher_id=publisher_id)
    return msgspec.structs.replace(item, reading=reading)
