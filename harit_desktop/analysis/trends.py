"""How a nutrient has changed over a week, in percent, from its daily means.

Theil and Sen's slope (the median of the slopes of all pairs of days) does not mind one wrong
day. Where the days do not agree which way it goes (Kendall's tau below 0.7, which chance
reaches in one week of twelve at most), the change is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import isfinite
from statistics import median

from harit_desktop.analysis.confidence import DAY_US, ESTIMATED_CHANNELS
from harit_desktop.domain.channels import CHANNEL_INDEX, Values

TREND_DAYS = 7
FEWEST_DAYS = 5
AGREEMENT = 0.7

_LEAST_LEVEL = 1.0
"""mg/kg. A percentage of next to nothing says nothing."""


def nutrient_changes(daily: Sequence[tuple[int, Values]]) -> dict[str, float]:
    """The change over `TREND_DAYS` in % of where it began, by channel key of N, P and K.

    `daily` has (instant in the day, mean of each channel on it) in any order; only the days
    of the week up to the newest are taken. A nutrient with fewer than `FEWEST_DAYS` is left
    out.
    """
    if not daily:
        return {}
    newest = max(at_us for at_us, _ in daily)
    week = [(at, values) for at, values in daily if newest - at < TREND_DAYS * DAY_US]
    changes: dict[str, float] = {}
    for key in ESTIMATED_CHANNELS:
        position = CHANNEL_INDEX[key]
        points = {
            (at_us - newest) / DAY_US: value
            for at_us, values in week
            if (value := values[position]) is not None and isfinite(value)
        }
        change = _change(sorted(points.items()))
        if change is not None:
            changes[key] = change
    return changes


def _change(points: Sequence[tuple[float, float]]) -> float | None:
    """% over a week along the line through (days, value), in the order of the days."""
    if len(points) < FEWEST_DAYS:
        return None
    slopes = [(y - b) / (x - a) for (a, b), (x, y) in combinations(points, 2)]
    agreed = sum(slope > 0 for slope in slopes) - sum(slope < 0 for slope in slopes)
    slope = median(slopes)
    start = median(y - slope * x for x, y in points) + slope * points[0][0]
    if start < _LEAST_LEVEL:
        return None
    if abs(agreed) < AGREEMENT * len(slopes):
        return 0.0
    return 100.0 * slope * TREND_DAYS / start
