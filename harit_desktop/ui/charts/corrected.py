"""Applies a device's calibrations to arrays of what its probe sent."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harit_desktop.domain.calibration import Segment

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


def corrected(value: Floats, time_us: Times, segments: Sequence[Segment]) -> Floats:
    """The values (n,) of ascending instants, each by the segment of its time.

    What was measured before the first segment stays as it was sent, and NaN stays NaN; the
    same array where no segment holds. As for single values nothing is below zero.
    """
    heads = np.searchsorted(time_us, [segment.from_us for segment in segments])
    if heads.size == 0 or heads[0] == time_us.size:
        return value
    made = value.copy()
    for segment, first, last in zip(segments, heads, [*heads[1:], time_us.size], strict=True):
        made[first:last] *= segment.scale
        made[first:last] += segment.offset
    np.maximum(made[heads[0] :], 0.0, out=made[heads[0] :])
    return made


def corrected_extremes(
    low: Floats, high: Floats, time_us: Times, segments: Sequence[Segment]
) -> tuple[Floats, Floats]:
    """Lowest and highest values, corrected: a line that falls swaps them."""
    first, second = (corrected(ends, time_us, segments) for ends in (low, high))
    return np.minimum(first, second), np.maximum(first, second)
