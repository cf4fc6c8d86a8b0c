"""Whether an alert is told now: quiet hours, and the guard against floods."""

from __future__ import annotations

from collections import deque
from datetime import datetime, time

from harit_desktop.domain.clock import US_PER_S

FLOOD_FROM = 10
"""More new alerts than this within `FLOOD_US` have one cause, and are told as one."""
FLOOD_US = 600 * US_PER_S


class QuietHours:
    """A stretch of every day, by the local clock, in which only critical alerts are told.

    `begin` and `end` are "HH:MM"; empty, equal or unreadable ones mean none.
    """

    def __init__(self, begin: str = "", end: str = "") -> None:
        self._begin, self._end = _time_of(begin), _time_of(end)

    def holds(self, now_us: int) -> bool:
        begin, end = self._begin, self._end
        if begin is None or end is None or begin == end:
            return False
        # The wall clock of the people who sleep.
        now = datetime.fromtimestamp(now_us / US_PER_S).astimezone().time()
        if begin < end:
            return begin <= now < end
        return now >= begin or now < end


def _time_of(text: str) -> time | None:
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a time of every day
    except ValueError:
        return None


class FloodGuard:
    """Counts what was told, and says when it is too much."""

    def __init__(self) -> None:
        self._told_us: deque[int] = deque(maxlen=10 * FLOOD_FROM)
        self._used = False

    def is_new(self) -> bool:
        """Whether nothing was told in this run."""
        return not self._used

    def add(self, count: int, now_us: int) -> None:
        self._used = True
        self._told_us.extend([now_us] * min(count, 2 * FLOOD_FROM))

    def floods(self, now_us: int, more: int = 0) -> bool:
        """Whether what was told in the last minutes, and `more` now, is a flood."""
        told = self._told_us
        # A clock that was set back must not keep them for ever.
        while told and not 0 <= now_us - told[0] <= FLOOD_US:
            told.popleft()
        return len(told) + more > FLOOD_FROM
