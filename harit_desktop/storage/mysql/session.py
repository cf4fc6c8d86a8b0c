"""The work over one connection: send pages, and small jobs when they are due."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from harit_desktop.domain.clock import US_PER_DAY, NowUs
from harit_desktop.storage.mysql import legacy, upkeep, withdrawal
from harit_desktop.storage.mysql.column_types import check_types
from harit_desktop.storage.mysql.connection import ServerConnection
from harit_desktop.storage.mysql.errors import Remedy, ServerError
from harit_desktop.storage.mysql.insert import TIME_US, JournalRow
from harit_desktop.storage.mysql.inspection import store_id_of
from harit_desktop.storage.mysql.sender import Sender, Sent
from harit_desktop.storage.mysql.tables import READINGS, Layout
from harit_desktop.storage.mysql.withdrawal import Withdrawn

_LOOK_EVERY_S = 0.4
"""With the time after which a call counts as silent, a frozen server shows within 2 s."""

_LEGACY_EVERY_S = 2.0
_TYPES_EVERY_S = 10.0
_COUNT_EVERY_S = 30.0
_COUNT_SHARE = 200
"""A count that takes a second is made every 200 s."""
_RETENTION_EVERY_S = 3600.0
_REFUSED_EVERY_S = 3600.0
_SLOW_S = 0.5


class Session:
    """Owned by the forwarder's thread; every method raises what the driver raises.

    `slow` and `rows` may be read by any thread. `slow` is set while a job runs that took
    long the last time: it may be silent for longer. `refused_after` is how far the readings
    that the server refused before were tried again, None where that is not due.
    """

    def __init__(
        self, connection: ServerConnection, layout: Layout, now_us: NowUs, retention_days: int
    ) -> None:
        self._connection = connection
        self._layout = layout
        self._now_us = now_us
        self._retention_days = retention_days
        self._sender = Sender(connection, layout)
        self._old: Iterator[int] | None = None
        self._due_s = dict.fromkeys(("look", "legacy", "count", "retention", "refused"), 0.0)
        self._due_s["types"] = time.monotonic() + _TYPES_EVERY_S
        # The first count of a table that nobody knows yet may take long.
        self._took_s = {"count": 2 * _SLOW_S}
        self.durable = upkeep.is_durable(connection)
        self.slow = False
        self.has_work = False
        self.rows: int | None = None
        self.refused_after: int | None = None

    @property
    def store_id(self) -> str:
        return self._layout.store_id

    def send(self, page: Sequence[JournalRow]) -> Sent:
        """Brings a page onto the server, as far as that can hold it."""
        sent = self._sender.send(page)
        legacy.link_near(self._connection, self._layout, (row[TIME_US] for row in page))
        self._due_s["look"] = time.monotonic() + _LOOK_EVERY_S
        if self.rows is not None:
            self.rows += sent.new
        return sent

    def hide(self, withdrawn: Sequence[Withdrawn]) -> None:
        """Hides readings that gave way to others."""
        hidden = withdrawal.hide(self._connection, self._layout, withdrawn)
        if self.rows is not None:
            self.rows -= hidden

    def look_after(self) -> None:
        """Does what is due, each job for a short time. `has_work` tells that one has more."""
        self.has_work = False
        if self._is_due("look", _LOOK_EVERY_S):
            self._look()
        if self._is_due("types", _TYPES_EVERY_S):
            check_types(self._connection, adopted=self._layout.adopted)
        if self._is_due("legacy", _LEGACY_EVERY_S):
            self._timed("legacy", self._take_over)
        if self._is_due("count", _COUNT_EVERY_S):
            self._timed("count", self._count)
            pause_s = self._took_s["count"] * _COUNT_SHARE
            self._due_s["count"] = time.monotonic() + max(_COUNT_EVERY_S, pause_s)
        if self._retention_days and self._is_due("retention", _RETENTION_EVERY_S):
            self._timed("retention", self._delete_old)
        if self._is_due("refused", _REFUSED_EVERY_S):
            self.refused_after = 0
        self.has_work = self.has_work or self.refused_after is not None

    def idle_s(self) -> float:
        """How long there is nothing to do but to wait for readings."""
        return max(0.0, self._due_s["look"] - time.monotonic())

    def recount(self) -> None:
        """Rows were deleted by another connection. From any thread."""
        self._due_s["count"] = 0.0

    def _is_due(self, job: str, every_s: float) -> bool:
        now_s = time.monotonic()
        if now_s < self._due_s[job]:
            return False
        self._due_s[job] = now_s + every_s
        return True

    def _timed(self, job: str, work: Callable[[], None]) -> None:
        self.slow = self._took_s.get(job, 0.0) > _SLOW_S
        began_s = time.monotonic()
        try:
            work()
        finally:
            self.slow = False
        self._took_s[job] = time.monotonic() - began_s

    def _look(self) -> None:
        """Asks for the store's id: another one is another store, or a table made anew."""
        if store_id_of(self._connection) != self.store_id:
            raise ServerError("server.failed", Remedy.INSPECT, reason=READINGS)

    def _take_over(self) -> None:
        if legacy.take_over(self._connection, self._layout):
            self._due_s["legacy"] = 0.0
            self.has_work = True

    def _count(self) -> None:
        self.rows = upkeep.count_rows(self._connection)

    def _delete_old(self) -> None:
        if self._old is None:
            before_us = self._now_us() - self._retention_days * US_PER_DAY
            self._old = upkeep.delete_old(self._connection, before_us)
        deleted = next(self._old, None)
        if deleted is None:
            self._old = None
            return
        if self.rows is not None:
            self.rows -= deleted
        self._due_s["retention"] = 0.0
        self.has_work = True
