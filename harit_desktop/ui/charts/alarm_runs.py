"""The stretches of a line beyond its alarm limits, with the points where it crosses them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harit_desktop.ui.charts.envelope import Line, Trace


class Onset(NamedTuple):
    """Where a run below (`side` -1) or above (1) a limit began.

    Not `known` where it began before the first point of the line. `about`: the points stand
    for stretches of time, so that it may have been a little earlier or later.
    """

    time_us: int
    limit: float
    side: int
    known: bool
    about: bool = False


class AlarmRuns(NamedTuple):
    """All parts of a line beyond the limits, cut exactly where it crosses them.

    Points `time_us`, `value` (n,); `connect` (n,) is 1 where a point is joined to the next.
    `onsets` are the beginnings in the order of time; `ongoing` says that the newest point
    of the line lies beyond a limit, in the last of the runs.
    """

    time_us: NDArray[np.float64]
    value: NDArray[np.float64]
    connect: NDArray[np.int32]
    onsets: tuple[Onset, ...]
    ongoing: bool

    @property
    def sides(self) -> frozenset[int]:
        return frozenset(onset.side for onset in self.onsets)


NO_RUNS = AlarmRuns(np.empty(0), np.empty(0), np.empty(0, np.int32), (), False)


def alarm_runs(line: Line, low: float, high: float) -> AlarmRuns:
    """The runs of a line outside `low` to `high`; nothing is joined over a gap."""
    side = np.where(line.mean < low, -1, np.where(line.mean > high, 1, 0))
    if not side.any():
        return NO_RUNS
    limit = np.where(side < 0, low, high)
    joined = np.ones(side.size - 1, np.bool_)
    joined[line.starts[1:] - 1] = False
    changes = side[:-1] != side[1:]
    enters = np.flatnonzero(joined & changes & (side[1:] != 0))
    leaves = np.flatnonzero(joined & changes & (side[:-1] != 0))
    entered_us = _crossing(line, enters, limit[enters + 1])
    left_us = _crossing(line, leaves, limit[leaves])
    whole = np.append((joined & ~changes & (side[:-1] != 0)).astype(np.int32), np.int32(0))
    pairs = np.tile(np.array([1, 0], np.int32), enters.size + leaves.size)
    return AlarmRuns(
        np.concatenate(
            [
                line.time_us,
                _paired(entered_us, line.time_us[enters + 1]),
                _paired(line.time_us[leaves], left_us),
            ]
        ),
        np.concatenate(
            [
                line.mean,
                _paired(limit[enters + 1], line.mean[enters + 1]),
                _paired(line.mean[leaves], limit[leaves]),
            ]
        ),
        np.concatenate([whole, pairs]),
        _onsets(
            line, side, limit, dict(zip((enters + 1).tolist(), entered_us.tolist(), strict=True))
        ),
        bool(side[-1] != 0),
    )


def running_onset(of: Trace, low: float, high: float, until_us: int) -> Onset | None:
    """Where the run began in which the newest reading up to `until_us` lies; None where that
    is inside the limits.

    Worked out from what is known rather than from a line, whose points depend on the width
    of the picture and on how much time it shows.
    """
    last = int(np.searchsorted(of.time_us, until_us, side="right")) - 1
    if last < 0:
        return None
    value = of.value[: last + 1]
    side = -1 if value[last] < low else 1 if value[last] > high else 0
    if side == 0:
        return None
    limit = low if side < 0 else high
    about = of.low is not None
    other = np.flatnonzero(~(value < low if side < 0 else value > high))
    if other.size == 0:
        return Onset(int(of.time_us[0]), limit, side, False, about)
    before = int(other[-1])
    t0, t1 = int(of.time_us[before]), int(of.time_us[before + 1])
    if before in of.gap_after:
        return Onset(t1, limit, side, True, about)
    part = (limit - value[before]) / (value[before + 1] - value[before])
    crossed = t0 + int((t1 - t0) * min(max(float(part), 0.0), 1.0))
    return Onset(crossed, limit, side, True, about)


def _onsets(
    line: Line,
    side: NDArray[np.int_],
    limit: NDArray[np.float64],
    crossed_us: dict[int, float],
) -> tuple[Onset, ...]:
    before = np.concatenate([np.zeros(1, side.dtype), side[:-1]])
    return tuple(
        Onset(
            int(crossed_us.get(head, line.time_us[head])),
            float(limit[head]),
            int(side[head]),
            bool(head > 0),
        )
        for head in np.flatnonzero((side != 0) & (side != before)).tolist()
    )


def _crossing(
    line: Line, before: NDArray[np.intp], limit: NDArray[np.float64]
) -> NDArray[np.float64]:
    """When the line crosses a limit between each row `before` and the row after it."""
    t0, t1 = line.time_us[before], line.time_us[before + 1]
    v0, v1 = line.mean[before], line.mean[before + 1]
    return t0 + (t1 - t0) * np.clip((limit - v0) / (v1 - v0), 0.0, 1.0)


def _paired(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([first, second]).ravel()
