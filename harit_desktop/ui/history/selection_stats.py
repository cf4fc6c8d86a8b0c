"""What can be said of a selected range: values by device and channel, readings, gaps."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNELS
from harit_desktop.domain.quality import QualityDay, StoredEvent
from harit_desktop.ui.charts.envelope import trace
from harit_desktop.ui.charts.gaps import GAP_INTERVALS, breaks
from harit_desktop.ui.charts.series import SeriesData
from harit_desktop.ui.history.spans import Span

STATISTICS_POINTS = 8000
"""Up to so many readings the mean is that of the readings; of more it is that of equal pieces
of time, which for a probe that reports at a fixed pace is the same."""


class Values(NamedTuple):
    """Lowest, mean and highest value of a channel, as it is shown; None without readings."""

    low: float
    mean: float
    high: float


@dataclass(frozen=True)
class DeviceStatistics:
    """What one device's readings in a range say. `channels` has one entry per catalogue
    channel, `gaps` the lengths in seconds of the times without readings."""

    publisher_id: str
    channels: tuple[Values | None, ...] = (None,) * CHANNEL_COUNT
    gaps: tuple[float, ...] = ()


@dataclass(frozen=True)
class DeviceQuality:
    """How good the readings were: `flawed` have a doubted or faulty channel, and `silent_s` of
    `span_s` seconds brought none. `events` are faults of the probe that were under way. With
    `partial` not all days are counted yet."""

    publisher_id: str
    readings: int = 0
    flawed: int = 0
    silent_s: float = 0.0
    span_s: float = 0.0
    events: tuple[StoredEvent, ...] = field(default=())
    partial: bool = False

    @property
    def expected_part(self) -> float | None:
        """The part of the expected readings that came, 0..1; None where none was expected."""
        if self.span_s <= 0 or not self.readings:
            return None
        return max(0.0, min(1.0, 1.0 - self.silent_s / self.span_s))


def statistics(
    publisher_id: str,
    series: SeriesData,
    span: Span,
    corrections: Corrections,
    interval_us: float | None,
    stored: Span | None = None,
) -> DeviceStatistics:
    """The values of a series within a range, by the calibrations that hold now. `stored` is
    from when to when the device has readings: a gap that an end of the range cuts counts."""
    found: list[Values | None] = []
    for position, channel in enumerate(CHANNELS):
        segments = corrections.segments(publisher_id, channel.key)
        of = trace(series, position, interval_us, None, segments)
        inside = (of.time_us >= span.from_us) & (of.time_us <= span.to_us)
        if not inside.any():
            found.append(None)
            continue
        low = of.value if of.low is None else of.low
        high = of.value if of.high is None else of.high
        found.append(
            Values(
                float(low[inside].min()),
                float(of.value[inside].mean()),
                float(high[inside].max()),
            )
        )
    gaps = _gaps(series, interval_us, span, stored)
    return DeviceStatistics(publisher_id, tuple(found), gaps)


def _gaps(
    series: SeriesData, interval_us: float | None, span: Span, stored: Span | None
) -> tuple[float, ...]:
    times = series.time_us
    found = [(times[at], times[at + 1]) for at in breaks(times, interval_us)]
    if stored is not None:
        # The device has readings on the other side of an end: what lies between is a gap, too.
        usual_us = float(np.median(np.diff(times))) if times.size > 2 else interval_us or 0.0
        first_us, last_us = (times[0], times[-1]) if times.size else (span.to_us, span.from_us)
        ends = [(span.from_us, first_us)] if stored.from_us < span.from_us else []
        ends += [(last_us, span.to_us)] if stored.to_us > span.to_us and times.size else []
        found += [end for end in ends if end[1] - end[0] > GAP_INTERVALS * usual_us]
    clipped = ((max(begin, span.from_us), min(end, span.to_us)) for begin, end in found)
    return tuple(float(end - begin) / 1e6 for begin, end in clipped if end > begin)


def quality(
    publisher_id: str,
    days: tuple[QualityDay, ...],
    events: tuple[StoredEvent, ...],
    partial: bool,
) -> DeviceQuality:
    """Adds up the days of a range."""
    return DeviceQuality(
        publisher_id,
        readings=sum(day.readings for day in days),
        flawed=sum(day.readings - day.good for day in days),
        silent_s=sum(day.silent_s for day in days),
        span_s=sum((day.to_us - day.from_us) / 1e6 for day in days),
        events=events,
        partial=partial,
    )
