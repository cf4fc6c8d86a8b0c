"""Reduces a channel's readings to what a chart of a given width can show.

Where more than two readings fall on a pixel they become one column with their mean, lowest
and highest value: drawing costs what the pixels cost, and no short excursion is lost.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.calibration import Segment
from harit_desktop.ui.charts.corrected import corrected, corrected_extremes
from harit_desktop.ui.charts.gaps import breaks
from harit_desktop.ui.charts.series import Marks, SeriesData

READINGS_PER_PX = 2
DRAWABLE = 1e12

Floats = NDArray[np.float64]


class Trace(NamedTuple):
    """One channel of one device: only values that are there, finite and not refused.

    `low`/`high` are None for single readings. `gap_after` lists the positions after which
    the line is not joined. `failed_us`/`failed` are when values were refused as impossible and
    what the probe sent, NaN where that is not known. `via_api` marks readings of the API,
    `suspect` those that are doubted, None where there is none. `silences` (m, 2) are the
    instants between which nothing came: over refused values no line is drawn, but they came.
    """

    time_us: NDArray[np.int64]
    value: Floats
    low: Floats | None
    high: Floats | None
    gap_after: NDArray[np.intp]
    failed_us: NDArray[np.int64]
    failed: Floats
    via_api: Marks | None = None
    suspect: Marks | None = None
    silences: NDArray[np.int64] = np.empty((0, 2), np.int64)


class Line(NamedTuple):
    """A trace at the resolution of the screen.

    `time_us` (n,) float64; `mean`, `low`, `high` (n,); `starts` (s,) the positions at which
    a new unjoined piece begins, the first is 0; `dense` says that rows stand for several
    readings, so that the band between low and high means something. `via_api` marks rows of
    which a reading came through the API, None where none did.
    """

    time_us: Floats
    mean: Floats
    low: Floats
    high: Floats
    starts: NDArray[np.intp]
    dense: bool
    via_api: Marks | None = None

    @property
    def size(self) -> int:
        return int(self.time_us.size)


def trace(
    series: SeriesData,
    channel: int,
    interval_us: float | None = None,
    gap_after: NDArray[np.intp] | None = None,
    segments: Sequence[Segment] = (),
) -> Trace:
    """The drawable readings of one channel; `channel` is its place in the catalogue.

    `gap_after` are the gaps of the whole series where they are known: they are those of
    every channel that has a value in every row. `segments` correct what the probe sent.
    """
    value = np.ascontiguousarray(series.values[:, channel])
    low = None if series.low is None else series.low[:, channel]
    high = None if series.high is None else series.high[:, channel]
    failed = series.flags[:, channel] == Flag.FAIL
    # The mean of a bucket leaves refused values out; it counts although one was refused.
    refused = failed if low is None else failed & ~np.isfinite(low)
    # NaN compares false. Far beyond what a probe can send, arithmetic on ranges overflows.
    good = (np.abs(value) < DRAWABLE) & ~refused
    via_api = series.via_api
    suspect = series.flags[:, channel] == Flag.SUSPECT
    times, failed_us = series.time_us, series.time_us[failed]
    # The mean of a bucket tells nothing of the values that it leaves out.
    failed_value = np.where(refused[failed], value[failed], np.nan)
    if not good.all():
        times, value, suspect = times[good], value[good], suspect[good]
        low = None if low is None else low[good]
        high = None if high is None else high[good]
        via_api = None if via_api is None else via_api[good]
        gap_after = None
    low, high = _filled(low, value), _filled(high, value)
    if segments:
        value = corrected(value, times, segments)
        if low is not None and high is not None:
            low, high = corrected_extremes(low, high, times, segments)
    gap_after = breaks(times, interval_us) if gap_after is None else gap_after
    heard, silent_after = times, gap_after
    if failed_us.size:
        heard = series.time_us[good | failed]
        silent_after = breaks(heard, interval_us)
    return Trace(
        times,
        value,
        low,
        high,
        gap_after,
        failed_us,
        failed_value,
        via_api,
        suspect if suspect.any() else None,
        np.column_stack([heard[silent_after], heard[silent_after + 1]]),
    )


def _filled(extremes: Floats | None, value: Floats) -> Floats | None:
    if extremes is None:
        return None
    return np.where(np.isfinite(extremes), extremes, value)


def line(
    source: Trace, start_us: int, end_us: int, width_px: int, until_us: int | None = None
) -> Line:
    """The part of a trace in view as a line for a plot of `width_px` pixels.

    One row before `start_us` is kept, so that the line enters from the edge. Rows after
    `until_us`, if given, are left out.
    """
    first = max(0, int(np.searchsorted(source.time_us, start_us)) - 1)
    newest_us = end_us if until_us is None else min(end_us, until_us)
    last = max(first, int(np.searchsorted(source.time_us, newest_us, side="right")))
    gaps = source.gap_after[(source.gap_after >= first) & (source.gap_after < last - 1)] - first
    part = slice(first, last)
    if last - first > READINGS_PER_PX * max(1, width_px):
        return _columns(source, part, gaps, start_us, (end_us - start_us) / max(1, width_px))
    value = source.value[part]
    low = value if source.low is None else source.low[part]
    high = value if source.high is None else source.high[part]
    starts = np.concatenate([np.zeros(1, np.intp), gaps + 1])
    times = source.time_us[part].astype(np.float64)
    via_api = None if source.via_api is None else source.via_api[part]
    return Line(times, value, low, high, starts, source.low is not None, via_api)


def _columns(
    source: Trace, part: slice, gaps: NDArray[np.intp], start_us: int, us_per_px: float
) -> Line:
    times = source.time_us[part]
    column = np.floor((times - start_us) / us_per_px)
    new_column = np.flatnonzero(np.diff(column)) + 1
    heads = np.concatenate([np.zeros(1, np.intp), new_column, gaps + 1])
    if gaps.size:
        heads = np.unique(heads)
    ends = np.append(heads[1:], times.size)
    value = source.value[part]
    low = value if source.low is None else source.low[part]
    high = value if source.high is None else source.high[part]
    return Line(
        (times[heads] + times[ends - 1]) / 2.0,
        np.add.reduceat(value, heads) / (ends - heads),
        np.minimum.reduceat(low, heads),
        np.maximum.reduceat(high, heads),
        np.searchsorted(heads, np.concatenate([np.zeros(1, np.intp), gaps + 1])),
        True,
        None if source.via_api is None else np.logical_or.reduceat(source.via_api[part], heads),
    )
