"""Counters of this run, written by the pipeline thread and read by anyone."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

from harit_desktop.domain.clock import US_PER_S, NowUs
from harit_desktop.domain.message import Outcome

RATE_WINDOW_S = 10


class PipelineMetrics:
    """Outcomes and the message rate over the last `RATE_WINDOW_S` seconds."""

    def __init__(self, now_us: NowUs) -> None:
        self._now_us = now_us
        self._outcomes: Counter[Outcome] = Counter()
        self._batches: deque[tuple[int, int]] = deque(maxlen=10_000)
        self.last_received_us: int | None = None

    def count(self, outcomes: Sequence[Outcome], received_us: int | None, messages: int) -> None:
        """Adds a batch; a message of several readings has as many outcomes."""
        self._outcomes.update(outcomes)
        self._batches.append((self._now_us(), messages))
        if received_us is not None:
            self.last_received_us = received_us

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
