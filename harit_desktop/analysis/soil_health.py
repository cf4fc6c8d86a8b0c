"""Harit Classic: the soil-health index and its explanation.

Each channel's value has a score s of 0..100. With A, the weighted mean of the scores,
and m, the lowest of them,

    index = sqrt((A² + m²) / 2) * (n - 1) / n

which is Nemerow's comprehensive index for n configured channels. n belongs to the
profile, not to the reading; with the seven channels of Harit Classic the scale ends at
600/7 = 85.7.

Why the losses and maxima of `explain` are what they are: with T = 100 (n - 1) / n and
R = sqrt((A² + m²) / 2), the index loses 100 - T to the scale itself ("ceiling") and
D = T (1 - R / 100) to the channels. Channel c bears D in proportion to
g_c = w_c (100 - s_c), w_c being its share of the weights; the weakest channel also bears
100 - m, for it makes half of the mean square. The maxima split the scale T by the same
two halves: maximum_c = T/2 * w_c, plus T/2 for the weakest. A maximum that were fixed by
the weight alone could not hold: one channel at 0 costs more than its weight's share. As
R >= (A + m) / 2, D <= T/200 * sum(g), so lost_c <= maximum_c (1 - s_c / 100): `earned` is
never negative. Channels that tie for the weakest share its part equally.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, sqrt
from typing import NamedTuple

import msgspec

from harit_desktop.analysis.judgement import (
    KEY_CHANNELS,
    LEFT_OUT,
    MIN_USABLE_CHANNELS,
    NO_KEY_CHANNEL,
    TOO_FEW_CHANNELS,
    Judgement,
)
from harit_desktop.analysis.schema import ClassicProfile
from harit_desktop.domain.analysis import Contribution, Explanation, Limits
from harit_desktop.domain.channels import CHANNELS, Values

Scores = Sequence[float | None]
"""One score of 0..100 per catalogue channel; None for a channel that is left out."""


class Curve(msgspec.Struct, frozen=True, gc=False):
    """A channel's limits in its own unit, low to high, and its weight."""

    alarm_low: float
    optimal_low: float
    optimal_high: float
    alarm_high: float
    weight: float
    edge_score: float

    def score(self, value: float) -> float:
        """100 at the centre of the optimal range, `edge_score` at its ends, 0 from alarm on."""
        if value < self.optimal_low:
            part = (value - self.alarm_low) / (self.optimal_low - self.alarm_low)
            return self.edge_score * part if part > 0.0 else 0.0
        if value > self.optimal_high:
            part = (self.alarm_high - value) / (self.alarm_high - self.optimal_high)
            return self.edge_score * part if part > 0.0 else 0.0
        half = (self.optimal_high - self.optimal_low) / 2
        off = abs(value - (self.optimal_low + self.optimal_high) / 2) / half
        return 100.0 - (100.0 - self.edge_score) * (off if off < 1.0 else 1.0)

    def is_critical(self, value: float) -> bool:
        return not self.optimal_low <= value <= self.optimal_high

    def is_alarming(self, value: float) -> bool:
        return not self.alarm_low <= value <= self.alarm_high


class _Judged(NamedTuple):
    """A channel of the profile with what `judge` needs of its curve, worked out once."""

    position: int
    low: float
    high: float
    centre: float
    half: float
    drop: float
    weight: float
    curve: Curve


class Scale(msgspec.Struct, frozen=True):
    """A profile made ready for use: one curve per catalogue channel, None where it has none.

    `top` is the highest index the profile can give, `judged` is for `judge` alone.
    """

    curves: tuple[Curve | None, ...]
    top: float
    judged: tuple[_Judged, ...] = ()


def scale_of(profile: ClassicProfile) -> Scale:
    """The tables of a profile, in the order of the catalogue."""
    curves: list[Curve | None] = []
    for channel in CHANNELS:
        limits = profile.channels.get(channel.key)
        curves.append(
            None
            if limits is None
            else Curve(
                alarm_low=limits.alarm[0],
                optimal_low=limits.optimal[0],
                optimal_high=limits.optimal[1],
                alarm_high=limits.alarm[1],
                weight=limits.weight,
                edge_score=profile.edge_score,
            )
        )
    count = len(profile.channels)
    judged = tuple(_judged(i, curve) for i, curve in enumerate(curves) if curve is not None)
    return Scale(tuple(curves), 100.0 * (count - 1) / count, judged)


def _judged(position: int, curve: Curve) -> _Judged:
    low, high = curve.optimal_low, curve.optimal_high
    centre, half, drop = (low + high) / 2, (high - low) / 2, 100.0 - curve.edge_score
    return _Judged(position, low, high, centre, half, drop, curve.weight, curve)


def channel_scores(values: Values, flags: Sequence[int], scale: Scale) -> list[float | None]:
    """The score of each channel that is present, believable and part of the profile."""
    return [
        None if value is None or curve is None or flag in LEFT_OUT else curve.score(value)
        for value, flag, curve in zip(values, flags, scale.curves, strict=True)
    ]


def withheld_reason(scores: Scores) -> str | None:
    """Why these scores cannot carry an index, None where they can."""
    if len(scores) - list(scores).count(None) < MIN_USABLE_CHANNELS:
        return TOO_FEW_CHANNELS
    if all(scores[index] is None for index in KEY_CHANNELS):
        return NO_KEY_CHANNEL
    return None


def index_of(scores: Scores, scale: Scale) -> float | None:
    """The unrounded index, None where it is withheld."""
    if withheld_reason(scores) is not None:
        return None
    mean, lowest, _ = _mean_and_lowest(scores, scale)
    return scale.top / 100.0 * sqrt((mean * mean + lowest * lowest) / 2)


def judge(values: Values, flags: Sequence[int], scale: Scale) -> Judgement:
    """All that is stored of a reading's judgement.

    The same numbers as `channel_scores` and `index_of` give, to the last bit, in one walk over
    the channels: every message goes through here, and the walks apart take twice as long.
    """
    weighted: list[float] = []
    weights: list[float] = []
    critical: list[int] = []
    lowest, furthest, alarming = 100.0, 0.0, False
    for position, low, high, centre, half, drop, weight, curve in scale.judged:
        value = values[position]
        if value is None or flags[position] in LEFT_OUT:
            continue
        if low <= value <= high:
            # `Curve.score` of a value inside the optimal range.
            off = abs(value - centre) / half
            channel_score = 100.0 - drop * (off if off < 1.0 else 1.0)
        else:
            channel_score = curve.score(value)
            critical.append(position)
            furthest = max(furthest, 1.0 - channel_score / curve.edge_score)
            alarming = alarming or curve.is_alarming(value)
        weighted.append(weight * channel_score)
        weights.append(weight)
        if channel_score < lowest:
            lowest = channel_score
    index = None
    if len(weights) >= MIN_USABLE_CHANNELS and _has_key_channel(values, flags, scale):
        mean = fsum(weighted) / fsum(weights)
        index = scale.top / 100.0 * sqrt((mean * mean + lowest * lowest) / 2)
    return Judgement(index, tuple(critical), furthest, alarming)


def _has_key_channel(values: Values, flags: Sequence[int], scale: Scale) -> bool:
    for position in KEY_CHANNELS:
        usable = values[position] is not None and flags[position] not in LEFT_OUT
        if usable and scale.curves[position] is not None:
            return True
    return False


def score(values: Values, flags: Sequence[int], scale: Scale) -> float | None:
    """The unrounded index of a reading; see `index_of`."""
    return index_of(channel_scores(values, flags, scale), scale)


def _mean_and_lowest(scores: Scores, scale: Scale) -> tuple[float, float, float]:
    """(A, m, sum of weights). `fsum` makes the order of the channels irrelevant."""
    weighted: list[float] = []
    weights: list[float] = []
    lowest = 100.0
    for value, curve in zip(scores, scale.curves, strict=True):
        if value is None or curve is None:
            continue
        weighted.append(curve.weight * value)
        weights.append(curve.weight)
        if value < lowest:
            lowest = value
    total = fsum(weights)
    return fsum(weighted) / total, lowest, total


def explain(values: Values, flags: Sequence[int], scale: Scale) -> Explanation:
    """The index with each channel's part in it, for the whole catalogue in its order.

    `sum(maximum) + ceiling_loss` is 100 and `sum(earned)` the unrounded index, which is 0
    where every score is 0 although the rounded index starts at 1. A channel that is left
    out has score None and no points; all points are 0 where the index is withheld.
    """
    scores = channel_scores(values, flags, scale)
    reason = withheld_reason(scores)
    points = [(0.0, 0.0)] * len(scores) if reason else _points(scores, scale)
    contributions: list[Contribution] = []
    missing: list[str] = []
    for i, (channel, curve) in enumerate(zip(CHANNELS, scale.curves, strict=True)):
        value, channel_score = values[i], scores[i]
        if curve is not None and channel_score is None:
            missing.append(channel.key)
        critical = False
        if curve is not None and value is not None and channel_score is not None:
            critical = curve.is_critical(value)
        contributions.append(Contribution(channel.key, channel_score, *points[i], critical))
    low, high = bounds(scores, scale)
    return Explanation(
        index=index_of(scores, scale),
        contributions=tuple(contributions),
        ceiling_loss=0.0 if reason else 100.0 - scale.top,
        missing=tuple(missing),
        withheld_reason=reason,
        low=low,
        high=high,
    )


def bounds(scores: Scores, scale: Scale) -> tuple[float | None, float | None]:
    """The unrounded index with the channels left out at 0, and at 100. None for a profile
    of too few channels."""
    low, high = (
        index_of(
            [
                missing if curve is not None and found is None else found
                for found, curve in zip(scores, scale.curves, strict=True)
            ],
            scale,
        )
        for missing in (0.0, 100.0)
    )
    return low, high


def _points(scores: Scores, scale: Scale) -> list[tuple[float, float]]:
    """(earned, maximum) of each channel; the formulas stand at the top of this file."""
    mean, lowest, total = _mean_and_lowest(scores, scale)
    shared_loss = (100.0 - mean) + (100.0 - lowest)
    loss = scale.top * (1.0 - sqrt((mean * mean + lowest * lowest) / 2) / 100.0)
    weakest_part = 1.0 / list(scores).count(lowest)
    points: list[tuple[float, float]] = []
    for value, curve in zip(scores, scale.curves, strict=True):
        if value is None or curve is None:
            points.append((0.0, 0.0))
            continue
        part = curve.weight / total + (weakest_part if value == lowest else 0.0)
        maximum = scale.top / 2 * part
        lost = loss * part * (100.0 - value) / shared_loss if shared_loss > 0.0 else 0.0
        points.append((max(0.0, maximum - lost), maximum))
    return points


class ClassicMethod:
    """A classic profile as a method of judging."""

    def __init__(self, profile: ClassicProfile) -> None:
        self.scale = scale_of(profile)

    def judge(self, values: Values, flags: Sequence[int]) -> Judgement:
        return judge(values, flags, self.scale)

    def explain(self, values: Values, flags: Sequence[int]) -> Explanation:
        return explain(values, flags, self.scale)

    def limits(self, position: int) -> Limits | None:
        curve = self.scale.curves[position]
        if curve is None:
            return None
        return (curve.optimal_low, curve.optimal_high, curve.alarm_low, curve.alarm_high)

    def interval(self, values: Values, flags: Sequence[int]) -> None:
        """Classic takes every value at its word."""
