"""Who waits to hear what became of a message: requests to our own API."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitedTooLong

from harit_desktop.domain.api import Answer
from harit_desktop.domain.batch import CommitItem, CommitResult
from harit_desktop.domain.errors import KnownError


class Answers:
    """Hands out tickets and settles them after the commit. From any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Answer]] = {}

    def expect(self) -> int:
        """A ticket for a message that is about to be queued; to be `wait`ed for or `forget`ed."""
        with self._lock:
            ticket = next(self._numbers)
            self._waiting[ticket] = Future()
        return ticket

    def wait(self, ticket: int, timeout_s: float) -> Answer:
        """What became of it. Raises KnownError(store.slow) where that takes too long: the
        message may be stored all the same."""
        try:
            return self._waiting[ticket].result(timeout_s)
        except WaitedTooLong as error:
            raise KnownError("store.slow", seconds=timeout_s) from error
        finally:
            self.forget(ticket)

    def forget(self, ticket: int) -> None:
        with self._lock:
            self._waiting.pop(ticket, None)

    def settle(self, batch: Sequence[CommitItem], result: CommitResult) -> None:
        """Tells those who wait. Costs nothing where nobody does; for the pipeline's thread."""
        if not self._waiting:
            return
        for item, outcome, record in zip(batch, result.outcomes, result.records, strict=True):
            future = self._waiting.get(item.message.ticket)
            if future is None or future.done():
                continue
            if item.analysed is None:
                future.set_result(Answer(outcome, problem=record.problem))
                continue
            reading = item.analysed.reading
            future.set_result(
                Answer(outcome, reading.timestamp_us, item.analysed.analysis, record.problem)
            )
