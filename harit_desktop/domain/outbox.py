"""What a publisher has made and nobody has confirmed yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from harit_desktop.domain.errors import Problem


class OutboxItem(msgspec.Struct, frozen=True, gc=False):
    """A reading on its way out, ready for either way.

    `payload` goes to `topic` of a broker, `body` to the API; both say the same reading, so
    that it is one reading whichever way it takes and however often. `timestamp_us` is the
    reading's own instant. `id` is given by the outbox (0 before) and rises with each reading.
    """

    publisher_id: str
    timestamp_us: int
    topic: str
    payload: bytes
    body: bytes
    id: int = 0


class ReadingOutbox(Protocol):
    """Keeps readings until they are settled, over kills and restarts, oldest first.

    Bounded: the oldest go when there are too many. Callable from any thread, and never
    raises for the disk's sake: what cannot be written is kept in memory, and `problem` says
    so. After `close` nothing is kept or given out.
    """

    @property
    def dropped(self) -> int:
        """Readings that found no room since the start."""
        ...

    @property
    def problem(self) -> Problem | None:
        """publisher.outbox_failed{reason} while the disk does not take what is written,
        publisher.outbox_full{count} from the first reading without room until all are sent."""
        ...

    def open(self) -> int:
        """Finds what an earlier run left; the lowest id that a reading of this run can have."""
        ...

    def append(self, items: Sequence[OutboxItem]) -> tuple[int, ...]:
        """Keeps all, flushed to the disk once; the ids given to them, in their order."""
        ...

    def oldest(self, limit: int, after_id: int = 0) -> Sequence[OutboxItem]: ...

    def settle(self, ids: Sequence[int]) -> tuple[int, ...]:
        """Lets go of readings that arrived, or never will; those of the ids it still had."""
        ...

    def count(self) -> int:
        """How many wait; costs nothing."""
        ...

    def newest_id(self) -> int:
        """The highest id of those that wait, 0 without any; costs nothing."""
        ...

    def close(self) -> None: ...
