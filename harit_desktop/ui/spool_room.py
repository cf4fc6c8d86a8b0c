"""How long the spool lasts while the database server is away."""

from __future__ import annotations

from collections import deque

from msgspec import structs
from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.status import EngineStatus
from harit_desktop.runtime.store_keeper import SPOOLED_READING_BYTES
from harit_desktop.ui.words import count

_MB = 1_000_000
_MINUTE_S = 60
_HOUR_S = 3600
_DAY_S = 86_400
_MONTH_S = 30 * _DAY_S
_YEAR_S = 365 * _DAY_S
_SETTLED_S = 60.0
_PACE_OVER_S = 600.0
_LEAST_STORED = 3
"""Fewer readings than this make no pace."""


class SpoolPace:
    """The pace of the last ten minutes, or of the run where that is shorter.

    It changes once a minute, so that what is said of the room does not flicker. A burst
    after a long silence counts in full only once it has lasted.
    """

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()
        self._shown = (0.0, 0, 0)

    def steadied(self, status: EngineStatus) -> EngineStatus:
        """The state with `uptime_s`, `stored` and `waiting` as of the last full minute:
        how long the pace was taken, and what was stored in that time."""
        up_s, stored = status.uptime_s, status.counters.stored
        marks = self._marks
        if marks and (up_s < marks[-1][0] or stored < marks[-1][1]):
            marks.clear()
            self._shown = (0.0, 0, 0)
        if not marks or up_s - marks[-1][0] >= _MINUTE_S:
            marks.append((up_s, stored))
            while len(marks) > 1 and up_s - marks[1][0] >= _PACE_OVER_S:
                marks.popleft()
            since_s, before = marks[0]
            self._shown = (up_s - since_s, stored - before, status.counters.waiting)
        span_s, gained, waiting = self._shown
        counters = structs.replace(status.counters, stored=gained, waiting=waiting)
        return structs.replace(status, uptime_s=span_s, counters=counters)


def spool_room_s(status: EngineStatus, limit_mb: int | None) -> float | None:
    """Seconds until the spool is full at the mean pace that `status` tells, as `SpoolPace`
    has it; None while nobody knows."""
    stored, span_s = status.counters.stored, status.uptime_s
    if limit_mb is None or stored < _LEAST_STORED or span_s < _SETTLED_S:
        return None
    free = limit_mb * _MB / SPOOLED_READING_BYTES - status.counters.waiting
    return max(0.0, free) * span_s / stored


def spool_room_text(status: EngineStatus, limit_mb: int | None) -> str:
    """The room of the spool in round numbers, as in "9 days"; empty while unknown."""
    room_s = spool_room_s(status, limit_mb)
    if room_s is None:
        return ""
    tr = QCoreApplication.translate
    # The sentence around it says "about".
    if room_s >= _YEAR_S:
        return tr("SpoolRoom", "a year or more")
    if room_s >= _MONTH_S:
        return tr("SpoolRoom", "a month or more")
    for least_s, unit_s, text in (
        (2 * _DAY_S, _DAY_S, tr("SpoolRoom", "{n} days")),
        (2 * _HOUR_S, _HOUR_S, tr("SpoolRoom", "{n} hours")),
    ):
        if room_s >= least_s:
            return text.format(n=count(_rounded(int(room_s // unit_s))))
    minutes = _rounded(int(room_s // _MINUTE_S))
    if minutes < 2:
        return tr("SpoolRoom", "a minute")
    return tr("SpoolRoom", "{n} minutes").format(n=count(minutes))


def _rounded(amount: int) -> int:
    """From ten on down to a multiple of five."""
    return amount if amount < 10 else amount // 5 * 5
