"""Keeps the newest messages that are no readings, for the Details of the banner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harit_desktop.domain.mapping import is_waiting, tells_nothing
from harit_desktop.domain.message import MessageRecord, Outcome

if TYPE_CHECKING:
    from harit_desktop.pipeline.events import MessageRing


class NewestRejection:
    """Looks through each line of the message ring once. `record` is the newest message that
    is bad, `unmapped` the newest that waits to be mapped."""

    def __init__(self, ring: MessageRing) -> None:
        self._ring = ring
        self._seen = 0
        self.record: MessageRecord | None = None
        self.unmapped: MessageRecord | None = None

    def poll(self) -> MessageRecord | None:
        """The newest bad message of this start; None while there is none."""
        if self._ring.total != self._seen:
            records, self._seen = self._ring.since(self._seen)
            refused = [r for r in reversed(records) if r.outcome is Outcome.REJECTED]
            waiting = (r for r in refused if is_waiting(r.problem))
            self.unmapped = next(waiting, self.unmapped)
            bad = (r for r in refused if not is_waiting(r.problem) and not tells_nothing(r.problem))
            self.record = next(bad, self.record)
        return self.record
