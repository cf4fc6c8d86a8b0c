"""Harit Condition: the index of the crop profiles, and its explanation.

Channel c loses d_c = 100 - s_c of 100. Its weight is w_c = base weight x reliability. With
D, the weighted mean of the losses, and M, the largest loss among the channels of reliability
0.5 and more,

    index = 100 - (0.7 D + 0.3 max(M, D))

so the weakest channel costs more than its weight, and a guess cannot be the weakest. The
`max` keeps trusted channels in good order from lifting the index above the mean of all.

Points lost: c bears 0.7 w_c d_c / W, and the weakest also 0.3 M (channels that tie share it).
Where D > M the rest, 0.3 (D - M), is shared like the first part. The maxima of `explain` are
what each channel would bear at d = 100, less what the weakest cannot lose in that last case;
losses sum to 100 - index and maxima to 100.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, inf
from typing import NamedTuple

import msgspec

from harit_desktop.analysis.condition_curves import WeightedCurve, curves_of
from harit_desktop.analysis.confidence import (
    RELIABLE_FROM,
    SUSPECT_FACTOR,
    Reliabilities,
    reliabilities,
)
from harit_desktop.analysis.curves import ResponseCurve
from harit_desktop.analysis.judgement import (
    KEY_CHANNELS,
    LEFT_OUT,
    LOW_CONFIDENCE,
    MIN_USABLE_CHANNELS,
    NO_KEY_CHANNEL,
    TOO_FEW_CHANNELS,
    Judgement,
)
from harit_desktop.analysis.meaning import ChannelMeaning
from harit_desktop.analysis.schema import ConditionProfile
from harit_desktop.domain.analysis import Contribution, Explanation, Flag
from harit_desktop.domain.channels import CHANNELS, Values

MEAN_SHARE = 0.7
WEAKEST_SHARE = 0.3
LEAST_CONFIDENCE = 0.4

_SUSPECT = int(Flag.SUSPECT)


class _Judged(NamedTuple):
    """A channel of the profile with what `judge` needs, worked out once.

    `suspect_*` stand in for the two before them where the value is flagged suspect.
    """

    position: int
    weight: float
    reliable: bool
    suspect_weight: float
    suspect_reliable: bool
    best_low: float
    best_high: float
    most: float
    is_key: bool
    curve: ResponseCurve


class Part(NamedTuple):
    """A channel that counts: its place, its loss of 0..100 and its weight."""

    position: int
    loss: float
    weight: float
    reliable: bool


class ConditionScale(msgspec.Struct, frozen=True):
    """A profile made ready for use; `curves` has one entry per catalogue channel.

    `full_weight` is the sum of the weights where every reliability is 1.
    """

    curves: tuple[WeightedCurve | None, ...]
    judged: tuple[_Judged, ...]
    full_weight: float


def scale_of(
    profile: ConditionProfile, meaning: ChannelMeaning, trust: Reliabilities | None = None
) -> ConditionScale:
    """The tables of a profile; `trust` defaults to that of a probe nobody calibrated.

    Raises ValueError for a reliability that is not above 0 and at most 1.
    """
    found = reliabilities() if trust is None else trust
    if not all(0.0 < reliability <= 1.0 for reliability in found):
        raise ValueError(f"not reliabilities: {found}")
    curves = curves_of(profile.channels, meaning)
    judged = tuple(
        _judged(position, entry, found[position])
        for position, entry in enumerate(curves)
        if entry is not None
    )
    return ConditionScale(curves, judged, fsum(c.weight for c in curves if c is not None))


def _judged(position: int, entry: WeightedCurve, trust: float) -> _Judged:
    curve, suspect = entry.curve, trust * SUSPECT_FACTOR
    return _Judged(
        position,
        entry.weight * trust,
        trust >= RELIABLE_FROM,
        entry.weight * suspect,
        suspect >= RELIABLE_FROM,
        curve.best_low,
        curve.best_high,
        inf if entry.most is None else entry.most,
        position in KEY_CHANNELS,
        curve,
    )


def judge(values: Values, flags: Sequence[int], scale: ConditionScale) -> Judgement:
    """All that is kept of a reading's judgement.

    The same numbers as `counted` and `index_of` give, to the last bit, in one walk over the
    channels: every message goes through here.
    """
    weighted: list[float] = []
    weights: list[float] = []
    critical: list[int] = []
    refused: tuple[int, ...] = ()
    worst, furthest, alarming, has_key = 0.0, 0.0, False, False
    for position, weight, reliable, shaken, still, low, high, most, is_key, curve in scale.judged:
        value, flag = values[position], flags[position]
        if value is None or flag in LEFT_OUT:
            continue
        if value > most:
            refused += (position,)
            continue
        if flag == _SUSPECT:
            weight, reliable = shaken, still
        weights.append(weight)
        has_key = has_key or is_key
        if low <= value <= high:
            continue
        channel_score = curve.score(value)
        loss = 100.0 - channel_score
        weighted.append(weight * loss)
        if reliable and loss > worst:
            worst = loss
        if not curve.optimal_low <= value <= curve.optimal_high:
            critical.append(position)
            furthest = max(furthest, 1.0 - channel_score / curve.edge_score)
            alarming = alarming or not curve.alarm_low <= value <= curve.alarm_high
    total = fsum(weights)
    confidence = total / scale.full_weight
    index = None
    if len(weights) >= MIN_USABLE_CHANNELS and has_key and confidence >= LEAST_CONFIDENCE:
        index = _index(fsum(weighted) / total, worst)
    return Judgement(index, tuple(critical), furthest, alarming, confidence, refused)


def counted(values: Values, flags: Sequence[int], scale: ConditionScale) -> list[Part]:
    """The channels that count, as `judge` takes them."""
    parts: list[Part] = []
    for entry in scale.judged:
        value, flag = values[entry.position], flags[entry.position]
        if value is None or flag in LEFT_OUT or value > entry.most:
            continue
        suspect = flag == _SUSPECT
        weight = entry.suspect_weight if suspect else entry.weight
        reliable = entry.suspect_reliable if suspect else entry.reliable
        parts.append(Part(entry.position, 100.0 - entry.curve.score(value), weight, reliable))
    return parts


def withheld_reason(parts: Sequence[Part], confidence: float) -> str | None:
    """Why these channels cannot carry an index, None where they can."""
    if len(parts) < MIN_USABLE_CHANNELS:
        return TOO_FEW_CHANNELS
    if not any(part.position in KEY_CHANNELS for part in parts):
        return NO_KEY_CHANNEL
    return LOW_CONFIDENCE if confidence < LEAST_CONFIDENCE else None


def index_of(parts: Sequence[Part]) -> float:
    """The unrounded index of at least one channel with a weight."""
    return _index(*_mean_and_worst(parts))


def _index(mean: float, worst: float) -> float:
    """`mean` may pass 100 by rounding."""
    lost = MEAN_SHARE * mean + WEAKEST_SHARE * (worst if worst > mean else mean)
    return 100.0 - lost if lost < 100.0 else 0.0


def _mean_and_worst(parts: Sequence[Part]) -> tuple[float, float]:
    """(D, M). `fsum` makes the order of the channels irrelevant."""
    mean = fsum(part.weight * part.loss for part in parts) / fsum(part.weight for part in parts)
    return mean, max((part.loss for part in parts if part.reliable), default=0.0)


def explain(values: Values, flags: Sequence[int], scale: ConditionScale) -> Explanation:
    """The index with each channel's part in it, for the whole catalogue in its order.

    The sums are those of `soil_health.explain`, without a ceiling. A channel that is not
    part of the judgement, such as CO2 at the surface, has score None and is not missing.
    """
    parts = counted(values, flags, scale)
    used = {part.position: part for part in parts}
    confidence = fsum(part.weight for part in parts) / scale.full_weight
    reason = withheld_reason(parts, confidence)
    points = {} if reason else _points(parts)
    missing: list[str] = []
    contributions: list[Contribution] = []
    for position, (channel, entry) in enumerate(zip(CHANNELS, scale.curves, strict=True)):
        part, value = used.get(position), values[position]
        if entry is not None and part is None:
            missing.append(channel.key)
        score = None if part is None else 100.0 - part.loss
        critical = False
        if entry is not None and part is not None and value is not None:
            critical = not entry.curve.optimal_low <= value <= entry.curve.optimal_high
        earned, maximum = points.get(position, (0.0, 0.0))
        contributions.append(Contribution(channel.key, score, earned, maximum, critical))
    low, high = bounds(parts, scale)
    return Explanation(
        index=None if reason else index_of(parts),
        contributions=tuple(contributions),
        ceiling_loss=0.0,
        missing=tuple(missing),
        withheld_reason=reason,
        confidence=confidence,
        low=low,
        high=high,
    )


def bounds(parts: Sequence[Part], scale: ConditionScale) -> tuple[float, float]:
    """The index with every channel that does not count at 0 points, and at 100."""
    used = {part.position for part in parts}
    absent = [entry for entry in scale.judged if entry.position not in used]
    low, high = (
        index_of([*parts, *(Part(e.position, loss, e.weight, e.reliable) for e in absent)])
        for loss in (100.0, 0.0)
    )
    return low, high


def _points(parts: Sequence[Part]) -> dict[int, tuple[float, float]]:
    """(earned, maximum) by place; the formulas stand at the top of this file."""
    mean, worst = _mean_and_worst(parts)
    total = fsum(part.weight for part in parts)
    trusted = [part for part in parts if part.reliable]
    weakest = [part.position for part in trusted if part.loss == worst]
    # Shared by loss: what the mean loses beyond the weakest. Without a trusted channel
    # there is no weakest, and everything is shared by weight.
    rest = WEAKEST_SHARE * max(0.0, mean - worst) if weakest else 0.0
    share = MEAN_SHARE if weakest else 1.0
    points: dict[int, tuple[float, float]] = {}
    for position, loss, weight, _ in parts:
        lost, maximum = share * weight * loss / total, share * 100.0 * weight / total
        if rest:
            more = rest * weight * loss / (mean * total)
            lost, maximum = lost + more, maximum + more
        if position in weakest:
            lost += WEAKEST_SHARE * worst / len(weakest)
            maximum += (WEAKEST_SHARE * 100.0 - rest) / len(weakest)
        points[position] = (max(0.0, maximum - lost), maximum)
    return points
