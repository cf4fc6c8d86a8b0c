"""The clock of the whole program."""

from __future__ import annotations

import time
from datetime import datetime, timedelta


def now_us() -> int:
    """The present instant in microseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1000


def standard_offset_s(zone_name: str) -> int:
    """How far a zone's standard time is from UTC; daylight saving time moves no sun.

    Raises KnownError(timezone.unknown).
    """
    from harit_desktop.wire.timestamps import load_zone

    zone = load_zone(zone_name)
    if zone is None:
        return -time.timezone
    now = datetime.now(zone)
    offset, saving = now.utcoffset() or timedelta(), now.dst() or timedelta()
    return round((offset - saving).total_seconds())
