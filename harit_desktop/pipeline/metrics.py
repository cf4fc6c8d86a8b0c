"""Counters of this run, written by the pipeline thread and read by anyone."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.clock import US_PER_S, NowUs
from harit_desktop.domain.mapping import is_waiting, tells_nothing
from harit_desktop.domain.message import MessageRecord, Outcome

RATE_WINDOW_S = 10


class PipelineMetrics:
    """Outcomes and the message rate over the last `RATE_WINDOW_S` seconds."""

    def __init__(self, now_us: NowUs) -> None:
        self._now_us = now_us
        self._began_us = now_us()
        self._waiting = 0
        self._not_bad = 0
        self._outcomes: Counter[Outcome] = Counter()
        self._batches: deque[tuple[int, int]] = deque(maxlen=10_000)
        self.last_received_us: int | None = None

    def count(self, outcomes: Sequence[Outcome], received_us: int | None, messages: int) -> None:
        """Adds a batch; a message of several readings has as many outcomes."""
        self._outcomes.update(outcomes)
        self._batches.append((self._now_us(), messages))
        if received_us is not None:
            self.last_received_us = received_us

    def count_unmapped(self, items: Sequence[CommitItem], records: Sequence[MessageRecord]) -> None:
        """Takes what is sound out of the rejected ones: what nobody has mapped yet, what tells
        of no measurement, and what was tried again without success. Both in the same order."""
        for item, record in zip(items, records, strict=True):
            is_again = item.message.rejected is not None
            if record.outcome is not Outcome.REJECTED:
                is_ours = item.message.received_us >= self._began_us
                self._waiting -= is_again and is_ours and item.part < 2
                continue
            waits = is_waiting(record.problem) and not is_again
            self._waiting += waits
            self._not_bad += waits or is_again or tells_nothing(record.problem)

    @property
    def rejected(self) -> int:
        """Messages that are damaged or not to be trusted."""
        return max(0, self._outcomes[Outcome.REJECTED] - self._not_bad)

    @property
    def not_mapped(self) -> int:
        """Sound messages of this run that still wait to be mapped."""
        return max(0, self._waiting)

    def total(self, outcome: Outcome) -> int:
        return self._outcomes[outcome]

    def rate_per_s(self) -> float:
        """Messages per second, committed or rejected, over the window."""
        since = self._now_us() - RATE_WINDOW_S * US_PER_S
        recent = 0
        for at_us, count in reversed(tuple(self._batches)):
            if at_us < since:
                break
            recent += count
        return recent / RATE_WINDOW_S
