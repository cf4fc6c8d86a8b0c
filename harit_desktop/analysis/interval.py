"""What the probe's own error makes of an index: a 90 % interval for display."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from random import Random

from harit_desktop.analysis.condition import ConditionScale, judge
from harit_desktop.domain.channels import CHANNELS, Values

DRAWS = 256
_SEED = 20_251_202
_TAIL = DRAWS // 20

_HALF_WIDTHS = {
    "N": 40.0,
    "P": 40.0,
    "K": 40.0,
    "CO2": 80.0,
    "Temperature": 0.5,
    "Moisture": 3.0,
    "pH": 0.3,
}
"""Stated by the makers of cheap probes: half the width in the channel's unit."""


def interval(
    values: Values, flags: Sequence[int], scale: ConditionScale
) -> tuple[float, float] | None:
    """The unrounded index between its 5th and 95th percentile; None where it is withheld.

    Every channel errs by itself and evenly within its half width. The draws are the same for
    every reading, so equal readings have equal intervals. The index itself always lies
    inside: of a nutrient that is just enough most draws are worse, and none is better.
    About a millisecond: for what is on the screen, not for every reading.
    """
    index = judge(values, flags, scale).index
    if index is None:
        return None
    most = {entry.position: entry.most for entry in scale.judged}
    drawn: list[float] = [index]
    for offsets in _offsets():
        changed = tuple(
            None if value is None else min(value + off, most.get(position, value + off))
            for position, (value, off) in enumerate(zip(values, offsets, strict=True))
        )
        found = judge(changed, flags, scale).index
        if found is not None:
            drawn.append(found)
    drawn.sort()
    return min(index, drawn[_TAIL]), max(index, drawn[-1 - _TAIL])


@cache
def _offsets() -> tuple[tuple[float, ...], ...]:
    """Errors in the channels' units, the same on every machine."""
    rng = Random(_SEED)
    widths = [_HALF_WIDTHS.get(channel.key, 0.0) for channel in CHANNELS]
    return tuple(
        tuple(width * (2.0 * rng.random() - 1.0) for width in widths) for _ in range(DRAWS)
    )
