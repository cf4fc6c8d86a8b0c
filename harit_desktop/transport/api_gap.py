"""Which rows of a remote history are new, and how far back it must be read."""

from __future__ import annotations

import hashlib
import math
from collections import deque

from harit_desktop.domain.api import ApiPage, ApiRow
from harit_desktop.domain.clock import US_PER_DAY, US_PER_S

LEAST_ROWS = 20
MOST_ROWS = 10_000
SEEN_ROWS = 50_000
OVERLAP_US = 600 * US_PER_S
"""So much is read again before the gap: clocks differ, and rows come in late."""

_STEADY_OVERLAP_US = 60 * US_PER_S
_FIRST_TIME_US = US_PER_DAY
"""What an empty store takes from the history."""

_BEHIND_US = -15 * 3600 * US_PER_S
"""A server's clock is not further behind; a wrong time zone explains that much."""

_CLOCK_LOOKS = 10
_ROOM = 1.25
_SPARE_ROWS = 5


class SeenRows:
    """Remembers the newest `limit` rows that it was told of, by what they say."""

    def __init__(self, limit: int = SEEN_ROWS) -> None:
        self._limit = limit
        self._digests: dict[bytes, None] = {}

    def __contains__(self, row: ApiRow) -> bool:
        return _digest(row) in self._digests

    def __len__(self) -> int:
        return len(self._digests)

    def add(self, row: ApiRow) -> None:
        """A row told of again counts as new again, so what a page repeats is not forgotten."""
        digest = _digest(row)
        self._digests.pop(digest, None)
        self._digests[digest] = None
        if len(self._digests) > self._limit:
            del self._digests[next(iter(self._digests))]


def _digest(row: ApiRow) -> bytes:
    return hashlib.blake2b(row.payload, digest_size=16).digest()


class HistoryGap:
    """The gap that the broker's outage leaves, in the server's own time.

    A row carries the server's time (or its publisher's), and nobody knows how far that is
    from ours. But no row is newer than the server's clock: the newest one tells how far that
    is ahead of ours at least, so the gap begins at `begin_us` plus this lead or later. Where
    the newest row is old, the server is behind or has nothing new; both are covered by
    reading further back than needed.

    While the API is in use, most rounds read on from the row that was the newest (`steady`);
    now and then one goes back to the gap's beginning (`deep`), for what a publisher sent late.
    """

    def __init__(self) -> None:
        self._seen = SeenRows()
        self._leads_us: deque[int] = deque(maxlen=_CLOCK_LOOKS)
        self._begin_us: int | None = None
        self._end_us: int | None = None
        self._steady_us: int | None = None
        self._steady_rows = 0
        self._steady = False
        self._rate_s = 0.0
        self._small = False
        self._ceiling: int | None = None
        self.cut_short = False
        """The last round could not reach as far back as it had to, but another one may."""
        self.out_of_reach = False
        """It could not, and no other one will: the server gives no more rows."""

    def open(self, newest_us: int | None, lost_us: int, now_us: int) -> None:
        """A gap begins: after the newest stored reading, and not later than the outage.

        One that is still open stays so.
        """
        begin_us = now_us - _FIRST_TIME_US if newest_us is None else min(newest_us, lost_us)
        self._begin_us = begin_us if self._begin_us is None else min(begin_us, self._begin_us)
        self._end_us = self._steady_us = self._ceiling = None

    def end(self, now_us: int) -> None:
        """The broker is back: what is newer than now does not belong to the gap."""
        self._end_us = now_us

    def close(self) -> None:
        """All of the gap was read."""
        self._begin_us = None

    def noticed(self, page: ApiPage, now_us: int) -> None:
        """What any answer tells about the server's clock and the rate of its readings."""
        if not page.rows:
            return
        times = [row.timestamp_us for row in page.rows]
        self._leads_us.append(max(max(times) - now_us, _BEHIND_US))
        if len(times) > 1:
            # Many old servers store whole seconds.
            self._rate_s = len(times) * US_PER_S / max(max(times) - min(times), US_PER_S)

    def begin_round(self, now_us: int, *, deep: bool) -> int:
        """How many rows to ask for first."""
        self._steady = not deep and self._steady_us is not None
        if not self._steady:
            self._ceiling = None
        self.cut_short = False
        small, self._small = self._small, False
        if small:
            return LEAST_ROWS
        if self._steady:
            return self._at_most(math.ceil(self._steady_rows * _ROOM) + _SPARE_ROWS)
        return self._at_most(self._rows_for(now_us - self._floor_us))

    def more(self, page: ApiPage, limit: int) -> int | None:
        """How many rows to ask for instead, where this page does not reach back to the gap's
        beginning; None where it does, or where there is no more."""
        self.out_of_reach = False
        if page.rows and self._reaches(page):
            return None
        given = len(page.rows) + page.unreadable
        if given < limit:
            self.out_of_reach = (page.total or 0) > given
            return None
        missing_us = page.rows[-1].timestamp_us - self._reach_us if page.rows else 0
        larger = self._at_most(max(2 * limit, limit + self._rows_for(missing_us)))
        self.out_of_reach = larger <= limit and self._ceiling is None
        return larger if larger > limit else None

    def too_many(self, page: ApiPage | None) -> None:
        """The server did not give as many rows as asked for, but `page` just before."""
        if page is None:
            self._small = True
            return
        self._ceiling = len(page.rows) + page.unreadable
        self.cut_short = True

    def fresh(self, page: ApiPage) -> list[ApiRow]:
        """The rows of the gap that were not taken in this run, oldest first."""
        floor_us, top_us = self._floor_us, self._top_us
        found = []
        for row in reversed(page.rows):
            if row in self._seen:
                self._seen.add(row)
            elif floor_us <= row.timestamp_us <= top_us:
                found.append(row)
        found.sort(key=lambda row: row.timestamp_us)
        return found

    def taken(self, row: ApiRow) -> None:
        self._seen.add(row)

    def done(self, page: ApiPage, now_us: int) -> None:
        """All that a complete round found was taken."""
        if not page.rows:
            return
        newest_us = max(row.timestamp_us for row in page.rows)
        if any(row.publisher_id is not None for row in page.rows):
            # A publisher's time: one that is ahead must not hide the others' readings.
            newest_us = min(newest_us, now_us)
        self._steady_us = steady_us = newest_us - _STEADY_OVERLAP_US
        self._steady_rows = sum(row.timestamp_us >= steady_us for row in page.rows)

    @property
    def _lead_us(self) -> int:
        return max(self._leads_us, default=0)

    @property
    def _floor_us(self) -> int:
        begin_us = 0 if self._begin_us is None else self._begin_us
        return begin_us + min(0, self._lead_us) - OVERLAP_US

    @property
    def _top_us(self) -> float:
        if self._end_us is None:
            return math.inf
        return self._end_us + max(0, self._lead_us) + OVERLAP_US

    @property
    def _reach_us(self) -> int:
        if self._steady and self._steady_us is not None:
            return self._steady_us
        return self._floor_us

    def _reaches(self, page: ApiPage) -> bool:
        last = page.rows[-1]
        if last.timestamp_us > self._reach_us:
            return False
        return not self._steady or last in self._seen or last.timestamp_us < self._floor_us

    def _rows_for(self, span_us: int) -> int:
        return math.ceil(max(0, span_us) / US_PER_S * self._rate_s * _ROOM) + _SPARE_ROWS

    def _at_most(self, rows: int) -> int:
        most = MOST_ROWS if self._ceiling is None else self._ceiling
        return max(LEAST_ROWS, min(rows, most))
