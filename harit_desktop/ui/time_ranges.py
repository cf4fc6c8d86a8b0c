"""The time ranges that the Live page offers, by the key under which they are remembered."""

from harit_desktop.domain.clock import US_PER_S

RANGES_S: dict[str, int | None] = {
    "15m": 15 * 60,
    "1h": 3600,
    "24h": 86_400,
    "7d": 7 * 86_400,
    "30d": 30 * 86_400,
    "all": None,
}
"""The length of each range in seconds; None for the whole store."""

DEFAULT_RANGE = "24h"


def range_start_us(range_key: str, now_us: int) -> int | None:
    """Where a range begins; None for the whole store."""
    span_s = RANGES_S[range_key]
    return None if span_s is None else now_us - span_s * US_PER_S
