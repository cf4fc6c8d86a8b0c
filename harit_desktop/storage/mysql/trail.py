"""Where the cursor stood some seconds ago.

A server that does not write through at each commit may lose the last seconds that it has
confirmed. After it was away these readings are sent again; their keys keep that harmless.
"""

from __future__ import annotations

import time
from collections import deque

BACK_S = 10.0
"""Servers write at least about once a second, and so do the disks' own caches."""

_STEP_S = 0.5


class Trail:
    """For one thread; of one store at a time, and only in memory."""

    def __init__(self) -> None:
        self._store_id = ""
        self._steps: deque[tuple[float, int]] = deque()
        self._answered_s = 0.0

    def answered(self) -> None:
        """The server is there: what it confirmed BACK_S ago it has on its disk."""
        self._answered_s = time.monotonic()

    def moved(self, last_id: int) -> None:
        """Readings up to `last_id` are confirmed."""
        now_s = time.monotonic()
        if self._steps and now_s - self._steps[-1][0] < _STEP_S:
            return
        self._steps.append((now_s, last_id))
        while len(self._steps) > 1 and self._steps[1][0] <= now_s - BACK_S:
            self._steps.popleft()

    def safe_id(self, store_id: str) -> int | None:
        """The last reading that the store has on its disk for sure; None where nothing was
        sent to it in this run."""
        if store_id != self._store_id or not self._steps:
            return None
        before_s = self._answered_s - BACK_S
        safe = [last_id for step_s, last_id in self._steps if step_s <= before_s]
        return safe[-1] if safe else self._steps[0][1]

    def begin(self, store_id: str, last_id: int) -> None:
        """A connection begins, with the cursor at `last_id`."""
        self._store_id = store_id
        self._steps.clear()
        self._steps.append((time.monotonic(), last_id))
