"""Harit Classic: the worked example, the shape of its curves, the sums of its reasons."""

import itertools
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harit_desktop.analysis.judgement import rounded
from harit_desktop.analysis.profiles import load_profile
from harit_desktop.analysis.soil_health import (
    Curve,
    Scale,
    channel_scores,
    explain,
    index_of,
    judge,
    scale_of,
    score,
)
from harit_desktop.domain.analysis import Contribution, Flag
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNELS

KEYS = [channel.key for channel in CHANNELS]
SCALE = scale_of(load_profile("classic"))
CURVES = [curve for curve in SCALE.curves if curve is not None]
EXAMPLE = (22.5, 17.8, 152.3, 498.2, 22.1, 54.8, 7.18)
CENTRES = (22.5, 17.5, 150.0, 500.0, 20.0, 50.0, 7.0)
EDGES = (15.0, 10.0, 100.0, 400.0, 15.0, 40.0, 6.5)
PASSES = (int(Flag.PASS),) * CHANNEL_COUNT
FLAGS = st.sampled_from([int(flag) for flag in Flag])


def sampled_values() -> st.SearchStrategy[tuple[float | None, ...]]:
    """Around the ranges, well beyond them, and exactly on their limits."""
    parts = []
    for curve in CURVES:
        width = curve.alarm_high - curve.alarm_low
        limits = [curve.alarm_low, curve.optimal_low, curve.optimal_high, curve.alarm_high]
        parts.append(
            st.one_of(
                st.floats(curve.alarm_low - width, curve.alarm_high + width),
                st.sampled_from([*limits, (curve.optimal_low + curve.optimal_high) / 2]),
                st.floats(-1e6, 1e6),
                st.none(),
            )
        )
    return st.tuples(*parts)


def test_the_worked_example_is_65() -> None:
    found = explain(EXAMPLE, PASSES, SCALE)
    scores = [part.score for part in found.contributions]
    assert scores == pytest.approx([100, 97.0, 96.55, 98.65, 68.5, 64.0, 73.0])
    assert found.index == pytest.approx(64.605, abs=0.001)
    assert rounded(found.index) == 65
    assert found.ceiling_loss == pytest.approx(100 / 7)
    lost = [part.lost for part in found.contributions]
    assert lost == pytest.approx([0, 0.186, 0.214, 0.067, 1.760, 17.206, 1.676], abs=0.001)
    assert found.missing == ()


def test_both_ends_of_the_scale() -> None:
    assert score(CENTRES, PASSES, SCALE) == pytest.approx(600 / 7)
    assert score(EDGES, PASSES, SCALE) == pytest.approx(25 * 6 / 7)
    worst = tuple(curve.alarm_high for curve in CURVES)
    assert score(worst, PASSES, SCALE) == 0.0
    assert rounded(0.0) == 1


@pytest.mark.parametrize(("index", "whole"), [(64.5, 65), (64.49, 64), (0.2, 1), (85.71, 86)])
def test_rounding_is_half_up(index: float, whole: int) -> None:
    assert rounded(index) == whole


@pytest.mark.parametrize("curve", CURVES, ids=KEYS)
def test_a_curve_is_continuous_and_falls_on_both_sides(curve: Curve) -> None:
    centre = (curve.optimal_low + curve.optimal_high) / 2
    assert curve.score(centre) == 100.0
    assert curve.score(curve.optimal_low) == pytest.approx(25.0)
    assert curve.score(curve.optimal_high) == pytest.approx(25.0)
    assert curve.score(curve.alarm_low) == curve.score(curve.alarm_high) == 0.0
    width = curve.alarm_high - curve.alarm_low
    steps = 4000
    values = [curve.alarm_low - width / 2 + 2 * width * i / steps for i in range(steps + 1)]
    steepest = 75 / ((curve.optimal_high - curve.optimal_low) / 2)
    steepest = max(steepest, 25 / (curve.optimal_low - curve.alarm_low))
    steepest = max(steepest, 25 / (curve.alarm_high - curve.optimal_high))
    for left, right in pairwise(values):
        step = curve.score(right) - curve.score(left)
        assert abs(step) <= steepest * (right - left) * 1.0001 + 1e-9
        if right <= centre:
            assert step >= 0
        if left >= centre:
            assert step <= 0
    assert all(0.0 <= curve.score(value) <= 100.0 for value in values)


@pytest.mark.parametrize("position", range(CHANNEL_COUNT), ids=KEYS)
def test_the_index_is_continuous_and_falls_on_both_sides(position: int) -> None:
    curve = CURVES[position]
    centre = (curve.optimal_low + curve.optimal_high) / 2
    width = curve.alarm_high - curve.alarm_low
    values = [curve.alarm_low - width / 4 + 1.5 * width * i / 3000 for i in range(3001)]
    indexes = []
    for value in values:
        changed = (*EXAMPLE[:position], value, *EXAMPLE[position + 1 :])
        index = score(changed, PASSES, SCALE)
        assert index is not None
        indexes.append(index)
    for (left, right), (before, after) in zip(pairwise(values), pairwise(indexes), strict=True):
        assert abs(after - before) < 0.5
        if right <= centre:
            assert after >= before - 1e-9
        if left >= centre:
            assert after <= before + 1e-9


@given(sampled_values(), st.lists(FLAGS, min_size=CHANNEL_COUNT, max_size=CHANNEL_COUNT))
def test_the_reasons_sum_to_the_index(values: tuple[float | None, ...], flags: list[int]) -> None:
    found = explain(values, flags, SCALE)
    assert [part.channel for part in found.contributions] == KEYS
    left_out = {part.channel for part in found.contributions if part.score is None}
    assert set(found.missing) == left_out
    assert all(0.0 <= part.earned <= part.maximum for part in found.contributions)
    if found.index is None:
        assert found.withheld_reason is not None
        assert sum(part.maximum for part in found.contributions) + found.ceiling_loss == 0
        return
    assert found.withheld_reason is None
    lost = math.fsum(part.lost for part in found.contributions)
    assert 100 - found.index == pytest.approx(found.ceiling_loss + lost, abs=1e-9)
    total = math.fsum(part.maximum for part in found.contributions)
    assert total + found.ceiling_loss == pytest.approx(100, abs=1e-9)
    assert math.fsum(p.earned for p in found.contributions) == pytest.approx(found.index, abs=1e-9)
    for part in found.contributions:
        if part.score is None:
            assert (part.earned, part.maximum) == (0.0, 0.0)
        else:
            assert part.earned >= part.maximum * part.score / 100 - 1e-9


@given(sampled_values())
def test_the_explained_index_is_the_index(values: tuple[float | None, ...]) -> None:
    assert explain(values, PASSES, SCALE).index == score(values, PASSES, SCALE)


@pytest.mark.parametrize("values", [EXAMPLE, (14.1, 31.7, 133.3, 700.7, 27.3, 41.9, 6.61)])
def test_the_order_of_channels_has_no_effect(values: tuple[float, ...]) -> None:
    parts = explain(values, PASSES, SCALE).contributions
    for first in itertools.permutations(range(5)):
        order = [*first, 5, 6]  # The two key channels are named by their place.
        shuffled = Scale(tuple(SCALE.curves[i] for i in order), SCALE.top)
        again = explain(tuple(values[i] for i in order), PASSES, shuffled)
        assert again.index == score(values, PASSES, SCALE)
        assert [part.lost for part in again.contributions] == [parts[i].lost for i in order]


def test_channels_that_tie_for_the_weakest_share_its_part() -> None:
    values = (15.0, 10.0, *CENTRES[2:])
    parts = explain(values, PASSES, SCALE).contributions
    assert parts[0].lost == parts[1].lost > 0
    assert parts[2].lost == 0.0


def test_only_the_weakest_bears_the_weight_of_being_weakest() -> None:
    parts = explain((15.0, 10.01, *CENTRES[2:]), PASSES, SCALE).contributions
    shares = [CURVES[i].weight / 6.7 * 300 / 7 for i in range(CHANNEL_COUNT)]
    assert parts[0].maximum == pytest.approx(shares[0] + 300 / 7)
    assert [part.maximum for part in parts[1:]] == pytest.approx(shares[1:])


def critical(parts: tuple[Contribution, ...]) -> list[str]:
    return [part.channel for part in parts if part.critical]


def test_critical_is_outside_the_optimal_range_and_believed() -> None:
    values = (14.9, -7.67, 200.0, 601.0, 20.0, None, 7.5)
    flags = (1, 4, 1, 3, 1, 9, 2)
    assert critical(explain(values, flags, SCALE).contributions) == ["N", "CO2"]


def test_a_channel_left_out_leaves_the_scale_as_it_is() -> None:
    values = (None, *CENTRES[1:])
    found = explain(values, (9, *PASSES[1:]), SCALE)
    assert found.index == pytest.approx(600 / 7)
    assert found.missing == ("N",)
    failed = explain(EXAMPLE, (4, *PASSES[1:]), SCALE)
    absent = explain((None, *EXAMPLE[1:]), (9, *PASSES[1:]), SCALE)
    assert failed == absent


@pytest.mark.parametrize("used", list(itertools.product([False, True], repeat=CHANNEL_COUNT)))
def test_when_the_index_is_withheld(used: tuple[bool, ...]) -> None:
    values = tuple(v if use else None for v, use in zip(EXAMPLE, used, strict=True))
    reason = explain(values, PASSES, SCALE).withheld_reason
    if sum(used) < 4:
        assert reason == "too_few_channels"
    elif not used[5] and not used[6]:
        assert reason == "no_key_channel"
    else:
        assert reason is None
    assert (score(values, PASSES, SCALE) is None) is (reason is not None)


def test_a_channel_outside_the_profile_is_neither_judged_nor_missing() -> None:
    partial = Scale((None, *SCALE.curves[1:]), SCALE.top)
    found = explain(EXAMPLE, PASSES, partial)
    assert found.missing == ()
    assert found.contributions[0] == Contribution("N", None, 0.0, 0.0, False)
    assert index_of([None, *[100.0] * 6], partial) == pytest.approx(600 / 7)


@given(sampled_values(), st.tuples(*[FLAGS] * CHANNEL_COUNT))
def test_the_short_way_of_every_message_gives_the_same_bits(
    values: tuple[float | None, ...], flags: tuple[int, ...]
) -> None:
    scores = channel_scores(values, flags, SCALE)
    outside = [
        (position, curve, values[position], scores[position])
        for position, curve in enumerate(SCALE.curves)
        if curve is not None and scores[position] is not None
        if curve.is_critical(values[position])  # type: ignore[arg-type]  # it has a score
    ]
    judged = judge(values, flags, SCALE)
    assert judged.index == index_of(scores, SCALE)
    assert judged.critical == tuple(position for position, *_ in outside)
    assert judged.alarming == any(curve.is_alarming(value) for _, curve, value, _ in outside)
    ways = [1.0 - found / curve.edge_score for _, curve, _, found in outside]
    assert judged.furthest == max(ways, default=0.0)


@given(
    st.tuples(*[st.floats(curve.alarm_low, curve.alarm_high) for curve in CURVES]),
    st.lists(st.booleans(), min_size=CHANNEL_COUNT, max_size=CHANNEL_COUNT),
)
def test_bounds_contain_what_the_full_reading_gives(
    values: tuple[float, ...], gone: list[bool]
) -> None:
    full = score(values, PASSES, SCALE)
    left = tuple(None if away else value for value, away in zip(values, gone, strict=True))
    found = explain(left, PASSES, SCALE)
    assert found.low - 1e-9 <= full <= found.high + 1e-9
    if not any(gone):
        assert found.low == found.high == found.index


def test_too_few_channels_in_the_profile_have_no_bounds() -> None:
    partial = Scale((None,) * 4 + SCALE.curves[4:], SCALE.top)
    found = explain(EXAMPLE, PASSES, partial)
    assert (found.low, found.high) == (None, None)
