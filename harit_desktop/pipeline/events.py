"""The message ring: the newest lines of the message log, for the Messages page to poll."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from harit_desktop.domain.message import MessageRecord

RING_CAPACITY = 5000


class MessageRing:
    """Bounded; the oldest lines fall out, they stay in the database."""

    def __init__(self, capacity: int = RING_CAPACITY) -> None:
        self._lock = threading.Lock()
        self._records: deque[MessageRecord] = deque(maxlen=capacity)
        self._total = 0

    @property
    def total(self) -> int:
        """How many lines were ever added; a change means there is news."""
        return self._total

    def extend(self, records: Sequence[MessageRecord]) -> None:
        with self._lock:
            self._records.extend(records)
            self._total += len(records)

    def since(self, total: int) -> tuple[tuple[MessageRecord, ...], int]:
        """The lines added after a reader saw `total`, oldest first, and the new total.

        Lines that already fell out of the ring are missing: the reader finds them in the
        database.
        """
        with self._lock:
            wanted = min(self._total - total, len(self._records))
            if wanted <= 0:
                return (), self._total
            records = list(self._records)[-wanted:]
            return tuple(records), self._total
