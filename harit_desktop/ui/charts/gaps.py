"""Where a series has no data although the device should have reported."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

GAP_INTERVALS = 3
"""A step of more than this many reporting intervals is a gap: nothing is joined over it."""

_BLOCK = 32
_FEWEST = 8
"""Fewer steps than this at the end are judged by the block before them."""


@dataclass(frozen=True)
class Gap:
    """Nothing was measured between these two instants (UTC microseconds)."""

    start_us: int
    end_us: int

    @property
    def duration_s(self) -> float:
        return (self.end_us - self.start_us) / 1e6


def breaks(time_us: NDArray[np.int64], interval_us: float | None = None) -> NDArray[np.intp]:
    """The positions i for which the step from row i to row i + 1 is a gap.

    The interval is learned locally (median step of a block of rows, the largest of three
    neighbouring blocks), because one series may hold minute means, then readings every two
    seconds, and a device may be set to another pace. `interval_us` stands in where there are
    too few rows to learn from.
    """
    steps = np.diff(time_us)
    moving = np.flatnonzero(steps > 0)
    if moving.size == 0:
        return np.empty(0, np.intp)
    steps = steps[moving]
    if steps.size < 3:
        usual = interval_us or float(steps.min())
        return moving[steps > GAP_INTERVALS * usual]
    return moving[steps > GAP_INTERVALS * _usual_steps(steps)]


def _usual_steps(steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """The usual step around each step: the lower median of its block or of a neighbour."""
    whole = steps.size // _BLOCK * _BLOCK
    medians = []
    if whole:
        blocks = steps[:whole].reshape(-1, _BLOCK)
        middle = (_BLOCK - 1) // 2
        medians.append(np.partition(blocks, middle, axis=1)[:, middle])
    rest = steps[whole:]
    if rest.size >= _FEWEST or not whole:
        middle = (rest.size - 1) // 2
        medians.append(np.partition(rest, middle)[middle : middle + 1])
    elif rest.size:
        medians.append(medians[0][-1:])
    usual = np.concatenate(medians)
    widest = usual.copy()
    np.maximum(widest[:-1], usual[1:], out=widest[:-1])
    np.maximum(widest[1:], usual[:-1], out=widest[1:])
    return np.repeat(widest, _BLOCK)[: steps.size]
