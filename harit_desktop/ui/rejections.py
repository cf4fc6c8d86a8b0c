"""Keeps the newest message that could not be read, for the Details of the banner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harit_desktop.domain.message import MessageRecord, Outcome

if TYPE_CHECKING:
    from harit_desktop.pipeline.events import MessageRing


class NewestRejection:
    """Looks through each line of the message ring once."""

    def __init__(self, ring: MessageRing) -> None:
        self._ring = ring
        self._seen = 0
        self.record: MessageRecord | None = None

    def poll(self) -> MessageRecord | None:
        """The newest rejected message of this start; None while there is none."""
        if self._ring.total != self._seen:
            records, self._seen = self._ring.since(self._seen)
            found = (r for r in reversed(records) if r.outcome is Outcome.REJECTED)
            self.record = next(found, self.record)
        return self.record
