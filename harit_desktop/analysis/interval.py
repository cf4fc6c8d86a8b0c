"""What the probe's own error makes of an index: a 90 % interval for display."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import inf
from random import Random

from harit_desktop.analysis.condition import ConditionScale, judge
from harit_desktop.analysis.confidence import probe_reliability
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

ANCHORED_PART = 0.1
"""What is left of it on the day of a laboratory value: the laboratory's own error, a tenth."""


def interval(
    values: Values, flags: Sequence[int], scale: ConditionScale
) -> tuple[float, float] | None:
    """The unrounded index between its 5th and 95th percentile; None where it is withheld.

    Every channel errs by itself and evenly within its half width; what a laboratory value adds
    to the reliability of a channel takes from it. The draws are the same for
    every reading, so equal readings have equal intervals. The index itself always lies
    inside: of a nutrient that is just enough most draws are worse, and none is better.
    About a millisecond: for what is on the screen, not for every reading.
    """
    index = judge(values, flags, scale).index
    if index is None:
        return None
    most = {entry.position: entry.most for entry in scale.judged}
    left = _left_of_error(scale)
    drawn: list[float] = [index]
    for offsets in _offsets():
        changed = tuple(
            None if value is None else min(value + off * part, most.get(position, inf))
            for position, (value, off, part) in enumerate(zip(values, offsets, left, strict=True))
        )
        found = judge(changed, flags, scale).index
        if found is not None:
            drawn.append(found)
    drawn.sort()
    return min(index, drawn[_TAIL]), max(index, drawn[-1 - _TAIL])


def _left_of_error(scale: ConditionScale) -> tuple[float, ...]:
    """The part of each channel's half width that remains, 1 for a probe nobody compared.

    The most of a cheap probe's error is the same every day and goes with a laboratory value.
    With the share g of the reliability that it could gain and has, (1 - g)² of that part is
    left: a probe wanders off slowly at first. A judgement call (docs/analysis.md).
    """
    left = [1.0] * len(CHANNELS)
    for entry in scale.judged:
        curve = scale.curves[entry.position]
        bare = probe_reliability(CHANNELS[entry.position].key)
        if curve is None or curve.weight <= 0.0 or bare >= 1.0:
            continue
        gained = min(1.0, max(0.0, (entry.weight / curve.weight - bare) / (1.0 - bare)))
        left[entry.position] = ANCHORED_PART + (1.0 - ANCHORED_PART) * (1.0 - gained) ** 2
    return tuple(left)


@cache
def _offsets() -> tuple[tuple[float, ...], ...]:
    """Errors in the channels' units, the same on every machine."""
    rng = Random(_SEED)
    widths = [_HALF_WIDTHS.get(channel.key, 0.0) for channel in CHANNELS]
    return tuple(
        tuple(width * (2.0 * rng.random() - 1.0) for width in widths) for _ in range(DRAWS)
    )
