"""Pools for work that a view asks for and that may take long: reads, exports, probes.

A view asks with a slot name ("live", "messages", ...). A newer request in a slot
replaces one that still waits and cancels one that runs, so that quick clicking never
builds a queue. The view polls its handle from its frame clock.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from harit_desktop.domain.errors import KnownError, Problem

log = logging.getLogger(__name__)

T = TypeVar("T")


class CancelToken:
    """Asked by a running query now and then; set when its answer is no longer wanted."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()


class QueryHandle(Generic[T]):
    """The answer of a query, once there is one. Reading it never blocks."""

    def __init__(self) -> None:
        self.token = CancelToken()
        self._done = threading.Event()
        self._value: T | None = None
        self._problem: Problem | None = None
        self._progress = 0.0

    @property
    def done(self) -> bool:
        return self._done.is_set()

    @property
    def problem(self) -> Problem | None:
        """What went wrong; None while it runs and when it went well."""
        return self._problem

    @property
    def value(self) -> T | None:
        """The answer; None while the query runs, after a problem and after a cancel."""
        return self._value

    @property
    def progress(self) -> float:
        """0..1, as far as the query reports it."""
        return self._progress

    def report(self, progress: float) -> None:
        self._progress = progress

    def cancel(self) -> None:
        self.token.cancel()

    def finish(self, value: T | None, problem: Problem | None) -> None:
        self._value, self._problem = value, problem
        self._done.set()


Job = Callable[[QueryHandle[Any]], Any]


class QueryPool:
    """A few daemon threads that run queries; at most one per slot waits.

    Work on files that may hang (a network drive) or take minutes has a pool of its own, so
    that it never keeps a chart waiting.
    """

    def __init__(self, threads: int = 2, name: str = "query") -> None:
        self._condition = threading.Condition()
        self._waiting: dict[str, tuple[Job, QueryHandle[Any]]] = {}
        self._running: dict[str, QueryHandle[Any]] = {}
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, slot: str, job: Callable[[QueryHandle[T]], T]) -> QueryHandle[T]:
        """Runs `job(handle)` soon; replaces what waits and cancels what runs in the slot."""
        handle: QueryHandle[T] = QueryHandle()
        with self._condition:
            replaced = self._waiting.pop(slot, None)
            if replaced is not None:
                replaced[1].cancel()
                replaced[1].finish(None, None)
            running = self._running.get(slot)
            if running is not None:
                running.cancel()
            if self._stopping:
                handle.cancel()
                handle.finish(None, None)
                return handle
            self._waiting[slot] = (job, handle)
            self._condition.notify()
        return handle

    def stop(self, deadline_s: float) -> None:
        """Cancels everything and waits at most `deadline_s` for the threads to end."""
        with self._condition:
            self._stopping = True
            for _, handle in self._waiting.values():
                handle.cancel()
                handle.finish(None, None)
            self._waiting.clear()
            for handle in self._running.values():
                handle.cancel()
            self._condition.notify_all()
        for thread in self._threads:
            thread.join(deadline_s / len(self._threads))

    def _next(self) -> tuple[str, Job, QueryHandle[Any]] | None:
        with self._condition:
            while True:
                if self._stopping:
                    return None
                for slot in self._waiting:
                    if slot not in self._running:
                        job, handle = self._waiting.pop(slot)
                        self._running[slot] = handle
                        return slot, job, handle
                self._condition.wait()

    def _run(self) -> None:
        while (work := self._next()) is not None:
            slot, job, handle = work
            try:
                handle.finish(job(handle), None)
            except KnownError as error:
                # A query that was cancelled has no answer and nothing to report.
                handle.finish(None, None if handle.token.cancelled else error.problem)
            except Exception as error:
                # A bug in one query must not end the pool.
                log.exception("the query %r failed", slot)
                handle.finish(None, Problem("query.failed", {"error": type(error).__name__}))
            finally:
                with self._condition:
                    del self._running[slot]
                    self._condition.notify()
