"""How long the spool lasts while the database server is away."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.status import EngineStatus
from harit_desktop.runtime.store_keeper import SPOOLED_READING_BYTES
from harit_desktop.ui.words import count

_MB = 1_000_000
_MINUTE_S = 60
_HOUR_S = 3600
_DAY_S = 86_400
_YEAR_S = 365 * _DAY_S
_SETTLED_S = 60.0


def spool_room_s(status: EngineStatus, limit_mb: int | None) -> float | None:
    """Seconds until the spool is full at the pace of this run; None while nobody knows.

    The pace is the mean since the start: a probe that sends once a minute has no rate that
    could be read from the last seconds.
    """
    stored, uptime_s = status.counters.stored, status.uptime_s
    if limit_mb is None or stored == 0 or uptime_s < _SETTLED_S:
        return None
    free = limit_mb * _MB / SPOOLED_READING_BYTES - status.counters.waiting
    return max(0.0, free) * uptime_s / stored


def spool_room_text(status: EngineStatus, limit_mb: int | None) -> str:
    """The room of the spool in one unit, as in "9 days"; empty while unknown."""
    room_s = spool_room_s(status, limit_mb)
    if room_s is None:
        return ""
    tr = QCoreApplication.translate
    steps = (
        (2 * _YEAR_S, _YEAR_S, tr("SpoolRoom", "{n} years")),
        (2 * _DAY_S, _DAY_S, tr("SpoolRoom", "{n} days")),
        (2 * _HOUR_S, _HOUR_S, tr("SpoolRoom", "{n} hours")),
    )
    for least_s, unit_s, text in steps:
        if room_s >= least_s:
            return text.format(n=count(int(room_s // unit_s)))
    return tr("SpoolRoom", "{n} minutes").format(n=count(int(room_s // _MINUTE_S)))
