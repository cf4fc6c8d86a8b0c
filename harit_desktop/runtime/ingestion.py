"""The pipeline's worker: opens the store, ingests, drains at the end, closes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.status import StoreState, StoreStatus
from harit_desktop.pipeline.pipeline import Pipeline
from harit_desktop.runtime.judging import Judging
from harit_desktop.runtime.parts import Parts
from harit_desktop.runtime.spooling import SpoolingJournal
from harit_desktop.runtime.store_parts import JournalPart
from harit_desktop.runtime.worker import Worker

log = logging.getLogger(__name__)

REOPEN_FIRST_S = 0.5
REOPEN_LAST_S = 10.0


class Ingestion:
    """Owns the pipeline thread, which alone commits to the journal.

    `after_open` is called on it once the store is open, `committed` with the newest reading's
    id after each commit; neither must take long. `spool_problem` says why no more may be taken.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        parts: Parts,
        judging: Judging,
        after_open: Callable[[], object],
        spool_problem: Callable[[], Problem | None],
        committed: Callable[[int], None],
    ) -> None:
        self._pipeline = pipeline
        self._parts = parts
        self._judging = judging
        self._spool_problem = spool_problem
        self._committed = committed
        self._after_open = after_open
        self._expired = threading.Event()
        self._journal: JournalPart | None = None
        self._open_problem: Problem | None = None
        self._worker = self._new_worker()

    def _new_worker(self) -> Worker:
        # Without it nothing is stored: it is never given up.
        return Worker("pipeline", self._body, give_up=False)

    def start(self) -> None:
        self._worker.start()

    def suspend(self, deadline_s: float) -> bool:
        """Finishes what is queued and closes the store, so that its file can be replaced.

        What arrives until `resume` waits in the inbox. False where the store could not be
        closed in time; the worker then still ends by itself.
        """
        return self.stop(deadline_s)

    def resume(self) -> None:
        """Opens the store again after `suspend` and goes on."""
        self._expired.clear()
        self._worker = self._new_worker()
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
        journal = self._journal
        if journal is not None:
            return journal.status()
        state = StoreState.DOWN if self._open_problem else StoreState.OK
        return StoreStatus(state=state, problem=self._open_problem)

    @property
    def problems(self) -> tuple[Problem | None, ...]:
        return (self._worker.problem, self._pipeline.follower_problem)

    def delete_simulated(self) -> tuple[str, ...]:
        """Deletes every simulated reading and names the devices that had them.

        May take long, so never on the main thread. Raises KnownError as the store does, or
        store.not_ready before it is open.
        """
        if self._journal is None:
            raise KnownError("store.not_ready")
        return self._journal.delete_simulated()

    def _body(self, stop: threading.Event) -> None:
        journal = self._open(stop)
        if journal is None:
            return
        self._after_open()
        try:
            guarded = SpoolingJournal(journal, self._spool_problem, self._committed)
            self._committed(journal.status().last_id)
            baselines, quality = self._judging.baselines, self._judging.quality
            newest_id = journal.status().last_id
            baselines.begin(journal, quality, self._pipeline.stages, newest_id, stop)
            self._pipeline.run(
                guarded, stop, lambda: baselines.keep(quality, journal.status().last_id)
            )
            self._pipeline.drain(guarded, self._expired)
            if not self._expired.is_set():
                baselines.keep(quality, journal.status().last_id, at_once=True)
        finally:
            journal.close()
            self._pipeline.close_mirror()

    def _open(self, stop: threading.Event) -> JournalPart | None:
        journal = self._journal or self._parts.journal()
        wait_s = REOPEN_FIRST_S
        while not stop.is_set():
            try:
                journal.open()
            except KnownError as error:
                if self._open_problem != error.problem:
                    log.error("the store could not be opened: %s", error.problem)
                self._open_problem = error.problem
                stop.wait(wait_s)
                wait_s = min(wait_s * 2, REOPEN_LAST_S)
            else:
                self._open_problem = None
                self._journal = journal
                return journal
        return None
