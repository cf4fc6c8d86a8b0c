"""Where a channel's readings are doubted or refused, reduced to what can be told apart."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harit_desktop.ui.charts.envelope import Trace
from harit_desktop.ui.charts.frame import NO_MARKS, FlagMark, FlagMarks, TimeView
from harit_desktop.ui.charts.gaps import breaks

APART_PX = 14
"""Marks stand no nearer than this; what lies between is told by the bars."""

JOINED_PX = 2
"""Bars that are not further apart are one: the eye would not see between them."""

Times = NDArray[np.int64]
Floats = NDArray[np.float64]


def suspect_marks(of: Trace, view: TimeView, until_us: int, bucket_us: int = 0) -> FlagMarks:
    """The doubted readings up to `until_us`; a row stands for `bucket_us` of time."""
    if of.suspect is None:
        return NO_MARKS
    rows = np.flatnonzero(of.suspect & (of.time_us <= until_us))
    if rows.size == 0:
        return NO_MARKS
    joined = np.diff(rows) == 1
    joined &= ~np.isin(rows[:-1], of.gap_after)
    return _marks(of.time_us[rows], of.value[rows], joined, view, bucket_us)


def faulty_marks(
    of: Trace, view: TimeView, until_us: int, middle: float, bucket_us: int = 0
) -> tuple[FlagMarks, FlagMarks]:
    """The faulty values up to `until_us` that lie below `middle`, and those above it.

    Those of a bucket that has good ones too count; what they were is not known, so they are
    among the low.
    """
    within = of.failed_us <= until_us
    high = within & (of.failed > middle)
    return (
        _faulty(of, within & ~high, view, bucket_us),
        _faulty(of, high, view, bucket_us),
    )


def _faulty(of: Trace, chosen: NDArray[np.bool_], view: TimeView, bucket_us: int) -> FlagMarks:
    times, values = of.failed_us[chosen], of.failed[chosen]
    if times.size == 0:
        return NO_MARKS
    good_before = np.searchsorted(of.time_us, times)
    itself = good_before < of.time_us.size
    itself[itself] = of.time_us[good_before[itself]] == times[itself]
    joined = np.diff(good_before) <= itself[:-1]
    joined[breaks(times)] = False
    return _marks(times, values, joined, view, bucket_us)


def unusual_marks(
    of: Trace, times_us: Sequence[int], view: TimeView, until_us: int
) -> tuple[FlagMark, ...]:
    """The readings at these instants, where there are such."""
    if of.time_us.size == 0:
        return ()
    marks = []
    for time_us in times_us:
        near = min(int(np.searchsorted(of.time_us, time_us)), of.time_us.size - 1)
        at_us = int(of.time_us[near])
        if view.start_us <= at_us <= min(view.end_us, until_us):
            marks.append(FlagMark(at_us, float(of.value[near])))
    return tuple(marks)


def _marks(
    times: Times, values: Floats, joined: NDArray[np.bool_], view: TimeView, bucket_us: int
) -> FlagMarks:
    heads = np.flatnonzero(np.append(True, ~joined))
    tails = np.append(heads[1:], times.size) - 1
    begins, ends = times[heads], times[tails]
    chosen = [at for at in _spread(begins, view) if view.start_us <= begins[at] <= view.end_us]
    marks = tuple(FlagMark(int(begins[at]), float(values[heads[at]])) for at in chosen)
    # Of one reading there is nothing to draw a bar over, unless it has no mark.
    long = (tails > heads) | ~np.isin(np.arange(heads.size), chosen)
    begins, ends = begins - bucket_us // 2, ends + bucket_us // 2
    seen = long & (ends >= view.start_us) & (begins <= view.end_us)
    return FlagMarks(marks, _bars(begins[seen], ends[seen], view))


def _spread(begins: Times, view: TimeView) -> list[int]:
    """The runs whose marks do not lie on one another.

    Chosen from the oldest run on, not from the edge of the view: the marks would change
    places while the view moves.
    """
    slots = begins // max(1, int(APART_PX / 2 * view.us_per_px))
    first = np.flatnonzero(np.append(True, np.diff(slots) != 0))
    chosen: list[int] = []
    apart_us = APART_PX * view.us_per_px
    taken_us = -np.inf
    for at in first.tolist():
        if begins[at] - taken_us >= apart_us:
            chosen.append(at)
            taken_us = float(begins[at])
    return chosen


def _bars(begins: Times, ends: Times, view: TimeView) -> Floats:
    """From and to of each stretch in whole pixels; what would nearly touch is one."""
    if begins.size == 0:
        return NO_MARKS.bars
    left = np.floor((begins - view.start_us) / view.us_per_px)
    right = np.maximum(np.ceil((ends - view.start_us) / view.us_per_px), left + 1)
    new = np.append(True, left[1:] > np.maximum.accumulate(right)[:-1] + JOINED_PX)
    heads = np.flatnonzero(new)
    return np.column_stack([left[heads], np.maximum.reduceat(right, heads)])
