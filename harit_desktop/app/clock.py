"""The clock of the whole program."""

from __future__ import annotations

import time


def now_us() -> int:
    """The present instant in microseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1000
