"""The CSV files' own thread, so that the store does not wait while they are written.

SQLite works without Python's lock; in that time this thread puts the lines of the batch
before together. A tenth more messages a second go through.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence
from pathlib import Path

from harit_desktop.domain.batch import CommitItem, CommitResult
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import Outcome
from harit_desktop.storage.csv_mirror import CsvMirror

WAITING_BATCHES = 8
HOLD_S = 2.0
"""How long a commit waits for files that do not keep up; after it they lose batches."""
CLOSE_S = 2.0

log = logging.getLogger(__name__)

_Batch = tuple[Sequence[CommitItem], CommitResult]


class QueuedCsvMirror:
    """Hands batches to a `CsvMirror` on a thread of its own, in their order.

    At most `WAITING_BATCHES` wait. Where a disk or share takes no more, the writer of the
    store is held up for `HOLD_S` once; batches that find no room then are left out of the
    files (not of the store), and `problem` counts their rows.
    """

    def __init__(self, readings_csv: Path, audit_csv: Path) -> None:
        self._path = readings_csv
        self._mirror = CsvMirror(readings_csv, audit_csv)
        self._waiting: queue.Queue[_Batch | None] = queue.Queue(WAITING_BATCHES)
        self._keeps_up = True
        self._lost_rows = 0
        self._fault: Problem | None = None
        self._thread = threading.Thread(target=self._run, name="csv-files", daemon=True)
        self._thread.start()

    @property
    def problem(self) -> Problem | None:
        """csv_mirror.not_written, or follower.failed after an error nobody foresaw."""
        if not self._keeps_up:
            return Problem(
                "csv_mirror.not_written",
                {
                    "path": str(self._path),
                    "reason": "the disk does not answer",
                    "lost_rows": self._lost_rows,
                },
            )
        return self._fault or self._mirror.problem

    def write(self, batch: Sequence[CommitItem], result: CommitResult) -> None:
        """Queues a committed batch; from one thread."""
        try:
            self._waiting.put((batch, result), timeout=HOLD_S if self._keeps_up else 0.0)
            self._keeps_up = True
        except queue.Full:
            self._keeps_up = False
            self._lost_rows += result.outcomes.count(Outcome.STORED)

    def close(self) -> None:
        """Writes what waits, for at most `CLOSE_S`; after `write`, on its thread."""
        try:
            self._waiting.put(None, timeout=CLOSE_S)
        except queue.Full:
            log.warning("the CSV files miss %d batches: no answer", self._waiting.qsize())
            return
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            try:
                self._mirror.write(*waiting)
            except Exception as error:
                # What only follows the store must go on with the next batch.
                log.exception("the CSV files could not follow a batch")
                self._fault = Problem(
                    "follower.failed", {"follower": "csv files", "error": type(error).__name__}
                )
        self._mirror.close()
