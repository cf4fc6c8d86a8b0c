"""Dashed lines as paths of short pieces.

Qt's own dashes go through its stroker, which takes ten times as long as the pieces drawn as a
thin line; a page of five strips and six devices draws thirty of them at each step.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Joins = NDArray[np.int32]

MOST_WINDING = 8.0
"""A line so many times as long as the plot is wide has no dashes that an eye could follow: it
is drawn solid."""


def dashed(
    x: Floats, y: Floats, connect: Joins, pattern_px: tuple[float, ...]
) -> tuple[Floats, Floats, Joins]:
    """The points of a line cut into dashes, and which of them are joined to the next.

    `connect` (n,) is 1 where a point is joined to the next. `pattern_px` are lengths in
    pixels, drawn and left out in turn; with an empty one everything is returned as it is.
    """
    if not pattern_px or x.size < 2:
        return x, y, connect
    steps = np.hypot(np.diff(x), np.diff(y))
    steps[connect[:-1] == 0] = 0.0
    along = np.concatenate([np.zeros(1), np.cumsum(steps)])
    edges, period = _edges(pattern_px)
    if along[-1] > MOST_WINDING * max(1.0, float(x[-1] - x[0])):
        return x, y, connect
    turns = int(along[-1] / period) + 1
    cuts = (np.arange(turns)[:, None] * period + edges[None, :]).ravel()
    cuts = cuts[(cuts > 0) & (cuts < along[-1])]
    place = np.concatenate([along, cuts])
    # A cut at the very end of a piece comes after both of its neighbours.
    order = np.argsort(place, kind="stable")
    merged_x = np.concatenate([x, np.interp(cuts, along, x)])[order]
    merged_y = np.concatenate([y, np.interp(cuts, along, y)])[order]
    joined = np.concatenate([connect, np.ones(cuts.size, connect.dtype)])[order]
    place = place[order]
    middle = (place + np.append(place[1:], place[-1])) / 2
    drawn = np.searchsorted(edges, middle % period, side="right") % 2 == 1
    return merged_x, merged_y, (joined * drawn).astype(np.int32)


@lru_cache(maxsize=32)
def _edges(pattern_px: tuple[float, ...]) -> tuple[Floats, float]:
    """Where within a period the pieces begin and end, and how long it is."""
    lengths = np.cumsum(np.array(pattern_px, np.float64))
    return np.concatenate([np.zeros(1), lengths[:-1]]), float(lengths[-1])
