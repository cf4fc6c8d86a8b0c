"""What the quality tests have learned of each probe, kept over restarts.

The states are saved now and then, with the id of the last reading that is in them. At the
next start the readings after it are examined again, so that a restart, or a crash, leaves no
trace in any flag.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable

from harit_desktop.domain.errors import KnownError
from harit_desktop.pipeline.ports import BaselineStore, Quality
from harit_desktop.pipeline.stages import Stages, examine

log = logging.getLogger(__name__)

DEVICES = 1024
"""Probes remembered at once, some 24 kB each; the states of others wait in the store."""
SAVE_EVERY_S = 300.0
SAVE_EVERY_READINGS = 20_000
"""Bounds what a start after a crash has to examine again: less than a second."""
_SLICE = 1000
MOST_AGAIN = 5 * SAVE_EVERY_READINGS
"""After a migration, or where nothing could be saved for long, the newest of them must do."""


class Baselines:
    """Saves and restores the states of one `Quality`. Pipeline thread only.

    A failure of the store costs the memory of some hours at most, and never a reading.
    """

    def __init__(self, every_s: float = SAVE_EVERY_S) -> None:
        self._every_s = every_s
        self._store: BaselineStore | None = None
        self._saved_id = 0
        self._due_s = 0.0
        self._forgotten: dict[str, bytes] = {}
        self._unsaved: dict[str, bytes] = {}
        self._deleted: deque[str] = deque()

    def drop(self, publisher_ids: Iterable[str]) -> None:
        """The readings of these probes were deleted: what was learned of them goes too, before
        the next save. From any thread."""
        self._deleted.extend(publisher_ids)

    def forget(self, publisher_id: str, state: bytes) -> None:
        """Keeps the state of a probe for which the tests had no more room."""
        self._forgotten[publisher_id] = state
        if len(self._forgotten) > DEVICES:
            # Newer than the id says, which does no harm: what is examined again is then old.
            self._save(self._forgotten, self._saved_id)
            self._forgotten.clear()

    def recall(self, publisher_id: str) -> bytes | None:
        """The state of a probe that reports again after it was forgotten, if there is one."""
        waiting = self._forgotten.pop(publisher_id, self._unsaved.get(publisher_id))
        if waiting is not None or self._store is None:
            return waiting
        try:
            return self._store.load_baseline(publisher_id)
        except KnownError as error:
            log.warning("the baseline of a probe could not be read: %s", error)
            return None

    def begin(
        self,
        store: BaselineStore,
        quality: Quality,
        stages: Stages,
        newest_id: int,
        stop: threading.Event,
    ) -> None:
        """Goes on where the last run of this store ended; `newest_id` is its last reading."""
        self._store = store
        # Another file may have taken the place of the one before.
        self._forgotten, self._unsaved = {}, {}
        quality.forget(quality.known())
        self._due_s = time.monotonic() + self._every_s
        try:
            states, self._saved_id = store.load_baselines(DEVICES)
            stages.begin()
            # The probe heard last comes first, and must be the last to be forgotten.
            for publisher_id, state in reversed(states.items()):
                if not quality.restore(publisher_id, state):
                    log.info("the baseline of a probe is of another version and begins anew")
            self._examine_again(store, quality, newest_id, stop)
        except KnownError as error:
            log.warning("the probes' baselines could not be read: %s", error)
        except Exception:
            # Whatever is in that table, readings must be stored.
            log.exception("the probes' baselines could not be used")

    def keep(self, quality: Quality, last_id: int, *, at_once: bool = False) -> None:
        """Saves what has changed, when it is time; to be called when all that was examined
        is committed, up to the reading `last_id`."""
        self._forget_deleted(quality)
        due = at_once or (
            time.monotonic() >= self._due_s or last_id - self._saved_id >= SAVE_EVERY_READINGS
        )
        if not due or last_id == self._saved_id:
            return
        self._due_s = time.monotonic() + self._every_s
        states = {**self._unsaved, **self._forgotten, **quality.export_changed()}
        # A save that failed must not leave older states under a newer id.
        self._unsaved = {} if self._save(states, last_id) else states
        self._forgotten.clear()

    def _forget_deleted(self, quality: Quality) -> None:
        deleted = {self._deleted.popleft() for _ in range(len(self._deleted))}
        if deleted:
            quality.forget(deleted)
            for publisher_id in deleted:
                self._forgotten.pop(publisher_id, None)
                self._unsaved.pop(publisher_id, None)

    def _save(self, states: dict[str, bytes], last_id: int) -> bool:
        store = self._store
        if store is None:
            return False
        try:
            store.save_baselines(states, last_id)
        except KnownError as error:
            log.warning("the probes' baselines could not be saved: %s", error)
            return False
        self._saved_id = last_id
        return True

    def _examine_again(
        self, store: BaselineStore, quality: Quality, newest_id: int, stop: threading.Event
    ) -> None:
        last_id, count = self._saved_id, 0
        if newest_id - last_id > MOST_AGAIN:
            log.warning("%d readings are not in any baseline", newest_id - last_id - MOST_AGAIN)
            last_id = newest_id - MOST_AGAIN
        while not stop.is_set():
            readings = store.readings_after(last_id, _SLICE)
            for _, reading in readings:
                examine(quality, reading)
            count += len(readings)
            if len(readings) < _SLICE:
                break
            last_id = readings[-1][0]
        if count:
            log.info("examined %d stored readings again", count)
