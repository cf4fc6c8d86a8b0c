"""When two rows are the same reading that came by two ways.

The existing system gives a reading the time at which it got it, and keeps six digits of its
values: what it says is recognised by these, within some minutes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from ctypes import c_float

from harit_desktop.domain.clock import US_PER_S

SAME_WITHIN_US = 300 * US_PER_S


def digits(values: Sequence[float | None]) -> tuple[str, ...]:
    """Six significant digits of each value, both rounded from single precision: a value that
    the existing system stored is only known to that."""
    return tuple("" if value is None else f"{c_float(value).value + 0.0:.5e}" for value in values)


def alike(values: Sequence[float | None]) -> bytes:
    """16 bytes that are equal for values of equal digits."""
    return hashlib.sha256(" ".join(digits(values)).encode()).digest()[:16]


def rough_range(value: float) -> tuple[float, float]:
    """Bounds that no value of the same digits lies outside of."""
    margin = abs(value) * 2e-5 + 1e-37
    return value - margin, value + margin
