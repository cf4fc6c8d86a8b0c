"""The pipeline's worker: opens the store, ingests, drains at the end, closes."""

from __future__ import annotations

import logging
import threading

from harit_desktop.domain.clock import NowUs
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.status import StoreState, StoreStatus
from harit_desktop.pipeline.live import LiveModel
from harit_desktop.pipeline.pipeline import Pipeline
from harit_desktop.runtime.parts import HistoryPart, JournalPart
from harit_desktop.runtime.worker import Worker

log = logging.getLogger(__name__)

REOPEN_FIRST_S = 0.5
REOPEN_LAST_S = 10.0


class Ingestion:
    """Owns the pipeline thread, which alone touches the journal."""

    def __init__(
        self,
        pipeline: Pipeline,
        journal: JournalPart,
        history: HistoryPart,
        live: LiveModel,
        now_us: NowUs,
    ) -> None:
        self._pipeline = pipeline
        self._history = history
        self._live = live
        self._now_us = now_us
        self._expired = threading.Event()
        self._journal = journal
        self._open_problem: Problem | None = None
        self._opened = False
        self._worker = Worker("pipeline", self._body)

    def start(self) -> None:
        self._worker.start()

    def stop(self, deadline_s: float) -> bool:
        """Lets the pipeline finish what is queued, for at most `deadline_s`."""
        self._worker.ask_to_stop()
        self._pipeline.wake()
        if self._worker.join(deadline_s):
            return True
        self._expired.set()
        return self._worker.join(0.5)

    def store_status(self) -> StoreStatus:
        if self._opened:
            return self._journal.status()
        state = StoreState.DOWN if self._open_problem else StoreState.OK
        return StoreStatus(state=state, problem=self._open_problem)

    @property
    def problems(self) -> tuple[Problem | None, ...]:
        return (self._worker.problem,)

    def _body(self, stop: threading.Event) -> None:
        if not self._open(stop):
            return
        self._live.preload(self._history.last_states(self._now_us()))
        try:
            self._pipeline.run(stop)
            self._pipeline.drain(self._expired)
        finally:
            self._journal.close()

    def _open(self, stop: threading.Event) -> bool:
        wait_s = REOPEN_FIRST_S
        while not stop.is_set():
            try:
                self._journal.open()
            except KnownError as error:
                if self._open_problem != error.problem:
                    log.error("the store could not be opened: %s", error.problem)
                self._open_problem = error.problem
                stop.wait(wait_s)
                wait_s = min(wait_s * 2, REOPEN_LAST_S)
            else:
                self._open_problem = None
                self._opened = True
                return True
        return False
