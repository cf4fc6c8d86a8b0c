"""Whether a channel rises, falls or keeps still."""

from typing import NamedTuple

import numpy as np

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.ui.charts.envelope import Trace

SPAN_S = 3600.0
SHORTEST_SPAN_S = 5 * 60.0
FEWEST_READINGS = 6
STEADY_PART = 0.2
"""A change below this part of the channel's smallest axis height is "steady"."""


class Trend(NamedTuple):
    """The change over the last `span_s` seconds; `delta` None while it is unknown."""

    delta: float | None
    steady: bool
    span_s: float


UNKNOWN = Trend(None, False, 0.0)


def trend(of: Trace, channel: int, now_us: int, since_us: int = 0) -> Trend:
    """The change of a channel over the hour before `now_us`, or over what there is of it.

    Nothing before `since_us` counts: another calibration held then, and its step is no change
    of the soil.

    Compares the medians of the first and the last sixth, so that single readings that jump
    do not make a trend. Unknown under five minutes or six readings.
    """
    begin_us = max(now_us - int(SPAN_S * US_PER_S), since_us)
    first = int(np.searchsorted(of.time_us, begin_us))
    last = int(np.searchsorted(of.time_us, now_us, side="right"))
    times, values = of.time_us[first:last], of.value[first:last]
    if times.size < FEWEST_READINGS:
        return UNKNOWN
    covered_s = (now_us - int(times[0])) / US_PER_S
    if covered_s < SHORTEST_SPAN_S or now_us - int(times[-1]) > covered_s * US_PER_S / 6:
        return UNKNOWN
    part_us = int(times[-1] - times[0]) // 6
    early = values[times <= times[0] + part_us]
    late = values[times >= times[-1] - part_us]
    delta = float(np.median(late) - np.median(early))
    limit = STEADY_PART * CHANNELS[channel].min_span
    # An hour is never quite full: the oldest reading in it is up to one interval younger.
    span_s = SPAN_S if covered_s > 0.95 * SPAN_S else covered_s
    return Trend(delta, abs(delta) < limit, span_s)
