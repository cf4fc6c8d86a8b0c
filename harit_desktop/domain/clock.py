"""Time as the core sees it: a function, so that tests can hold it still."""

from __future__ import annotations

from collections.abc import Callable

NowUs = Callable[[], int]
"""Returns the present instant in microseconds since 1970-01-01 UTC."""

US_PER_S = 1_000_000
US_PER_DAY = 86_400 * US_PER_S
