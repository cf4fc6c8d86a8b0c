"""How long the computer was awake and asleep, by clocks that nobody sets."""

from __future__ import annotations

import sys
import time
from typing import NamedTuple


class Elapsed(NamedTuple):
    """Seconds since some moment in the past, in which the computer was awake or slept."""

    awake_s: float
    asleep_s: float


def elapsed() -> Elapsed:
    """Both by the system's own clocks; a change of the wall clock does not touch them.

    Where the system does not tell a sleep, `asleep_s` stays 0.
    """
    if sys.platform == "win32":
        return _elapsed_windows()
    if sys.platform == "darwin":
        awake_s = time.clock_gettime(time.CLOCK_UPTIME_RAW)
        return Elapsed(awake_s, time.clock_gettime(time.CLOCK_MONOTONIC_RAW) - awake_s)
    if sys.platform == "linux":
        awake_s = time.clock_gettime(time.CLOCK_MONOTONIC)
        return Elapsed(awake_s, time.clock_gettime(time.CLOCK_BOOTTIME) - awake_s)
    return Elapsed(time.monotonic(), 0.0)


def _elapsed_windows() -> Elapsed:
    if sys.platform != "win32":
        raise NotImplementedError
    import ctypes

    # https://learn.microsoft.com/windows/win32/api/realtimeapiset/
    # nf-realtimeapiset-queryunbiasedinterrupttime: steps of 100 ns without sleep.
    unbiased = ctypes.c_ulonglong()
    ctypes.windll.kernel32.QueryUnbiasedInterruptTime(ctypes.byref(unbiased))
    ticks = ctypes.windll.kernel32.GetTickCount64
    ticks.restype = ctypes.c_ulonglong
    awake_s = unbiased.value / 1e7
    return Elapsed(awake_s, ticks() / 1e3 - awake_s)
