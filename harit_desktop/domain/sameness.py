"""When two rows are the same reading that came by two ways.

The existing system gives a reading the time at which it got it, and keeps six digits of its
values: what it says is recognised by these, within some minutes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from ctypes import c_float

from harit_desktop.domain.clock import US_PER_S

SAME_WITHIN_US = 300 * US_PER_S
_MAX_WINDOWS = 20

Window = tuple[int, int]


def digits(values: Sequence[float | None]) -> tuple[str, ...]:
    """Six significant digits of each value, rounded from single precision: a value that the
    existing system stored is only known to that.

    It keeps single precision and shows six digits of it. These read back give the same six, so
    that what it was given and what it shows have the same digits, whatever lies between two.
    """
    return tuple("" if value is None else f"{c_float(value).value + 0.0:.5e}" for value in values)


def alike(values: Sequence[float | None]) -> bytes:
    """16 bytes that are equal for values of equal digits."""
    return hashlib.sha256(" ".join(digits(values)).encode()).digest()[:16]


def rough_range(value: float) -> tuple[float, float]:
    """Bounds that no value of the same digits lies outside of."""
    margin = abs(value) * 2e-5 + 1e-37
    return value - margin, value + margin


def windows(times_us: Iterable[int]) -> list[Window]:
    """A few ranges that hold all times with what may be the same reading around them."""
    merged: list[list[int]] = []
    for time_us in sorted(times_us):
        if merged and time_us - SAME_WITHIN_US <= merged[-1][1]:
            merged[-1][1] = time_us + SAME_WITHIN_US
        else:
            merged.append([time_us - SAME_WITHIN_US, time_us + SAME_WITHIN_US])
    while len(merged) > _MAX_WINDOWS:
        # Close the narrowest gaps: half as many ranges, a little more to read.
        pairs = [merged[i : i + 2] for i in range(0, len(merged), 2)]
        merged = [[pair[0][0], pair[-1][1]] for pair in pairs]
    return [(from_us, to_us) for from_us, to_us in merged]
