"""Who waits to hear what became of a message: requests to our own API."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitedTooLong

from harit_desktop.domain.api import Answer
from harit_desktop.domain.batch import CommitItem, CommitResult


class Answers:
    """Hands out tickets and settles them after the commit. From any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Answer | None]] = {}

    def expect(self) -> int:
        """A ticket for a message that is about to be queued; to be `wait`ed for or `forget`ed."""
        with self._lock:
            ticket = next(self._numbers)
            self._waiting[ticket] = Future()
        return ticket

    def wait(self, ticket: int, timeout_s: float) -> Answer | None:
        """What became of it. None where that is not known in time, or after `give_up`: the
        message may be stored all the same."""
        try:
            return self._waiting[ticket].result(timeout_s)
        except WaitedTooLong:
            return None
        finally:
            self.forget(ticket)

    def forget(self, ticket: int) -> None:
        with self._lock:
            self._waiting.pop(ticket, None)

    def give_up(self) -> None:
        """Tells all who hold a ticket now that nothing is known; later tickets are as ever."""
        with self._lock:
            for future in self._waiting.values():
                if not future.done():
                    future.set_result(None)

    def settle(self, batch: Sequence[CommitItem], result: CommitResult) -> None:
        """Tells those who wait. Costs nothing where nobody does; for the pipeline's thread."""
        if not self._waiting:
            return
        for item, outcome, record in zip(batch, result.outcomes, result.records, strict=True):
            if item.message.ticket not in self._waiting:
                continue
            if item.analysed is None:
                answer = Answer(outcome, problem=record.problem)
            else:
                instant_us = item.analysed.reading.timestamp_us
                answer = Answer(outcome, instant_us, item.analysed.analysis, record.problem)
            self._tell(item.message.ticket, answer)

    def _tell(self, ticket: int, answer: Answer) -> None:
        with self._lock:
            future = self._waiting.get(ticket)
            if future is not None and not future.done():
                future.set_result(answer)
