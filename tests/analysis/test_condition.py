"""Harit Condition: the examples, the sums of its reasons, what it withholds, its bounds."""

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harit_desktop.analysis.condition import (
    ConditionScale,
    counted,
    explain,
    index_of,
    judge,
    scale_of,
)
from harit_desktop.analysis.confidence import reliabilities
from harit_desktop.analysis.judgement import rounded
from harit_desktop.domain.analysis import Contribution
from harit_desktop.domain.channels import CHANNEL_COUNT, Values
from tests.analysis.condition_samples import (
    CROPS,
    EXAMPLE,
    FLAGS,
    IN_SOIL,
    KEYS,
    PASSES,
    SCALES,
    USUAL,
    VOLUMETRIC,
    full_values,
    profile_of,
    scale,
    some_values,
)

EXAMPLES = dict(zip(CROPS, (99, 95, 94, 82, 83, 99, 99, 78, 90), strict=True))
GENERIC = scale("generic")


@pytest.mark.parametrize(("crop", "index"), EXAMPLES.items())
def test_the_worked_example_on_every_crop(crop: str, index: int) -> None:
    assert rounded(judge(EXAMPLE, PASSES, scale(crop)).index) == index


def test_every_number_of_one_example() -> None:
    # Bajra: pH 7.18 of 6.5 to 8.3, temperature 22.1 of 12 to 25, nitrate 22.5 of 10 to 25.
    found = explain(EXAMPLE, PASSES, scale("bajra"))
    losses = {
        "N": 50 * 2.5 / 15,
        "Temperature": 100 * 2.9 / 13,
        "pH": 100 * 0.68 / 1.8,
    }
    weights = {"N": 0.3, "Temperature": 0.8, "pH": 1.0}
    total = 3 * 1.0 - 0.2 + 0.3 + 0.3 + 0.4
    assert total == pytest.approx(3.8)
    for part in found.contributions:
        lost = 0.7 * weights.get(part.channel, 0) * losses.get(part.channel, 0) / total
        lost += 0.3 * losses["pH"] if part.channel == "pH" else 0
        assert part.lost == pytest.approx(lost)
    assert found.contributions[3] == Contribution("CO2", None, 0.0, 0.0, False)
    assert found.missing == ()
    assert found.confidence == pytest.approx(3.8 / 5.8)
    assert found.low == found.high == found.index


@given(st.sampled_from(SCALES), some_values(), FLAGS)
def test_the_reasons_sum_to_the_index(
    ready: ConditionScale, values: Values, flags: tuple[int, ...]
) -> None:
    found = explain(values, flags, ready)
    assert [part.channel for part in found.contributions] == KEYS
    assert all(0.0 <= part.earned <= part.maximum + 1e-12 for part in found.contributions)
    left_out = {part.channel for part in found.contributions if part.score is None}
    assert set(found.missing) == left_out - {
        key for key, curve in zip(KEYS, ready.curves, strict=True) if curve is None
    }
    if found.index is None:
        assert found.withheld_reason is not None
        assert not any(part.maximum for part in found.contributions)
        return
    lost = math.fsum(part.lost for part in found.contributions)
    assert 100 - found.index == pytest.approx(lost, abs=1e-9)
    assert math.fsum(part.maximum for part in found.contributions) == pytest.approx(100)


@given(st.sampled_from(SCALES), some_values(), FLAGS)
def test_the_short_way_of_every_message_gives_the_same_bits(
    ready: ConditionScale, values: Values, flags: tuple[int, ...]
) -> None:
    judged, explained = judge(values, flags, ready), explain(values, flags, ready)
    assert judged.index == explained.index
    assert judged.confidence == explained.confidence
    named = [KEYS[position] for position in judged.critical]
    assert named == [part.channel for part in explained.contributions if part.critical]
    assert {KEYS[position] for position in judged.refused} <= set(explained.missing)
    assert 0.0 <= judged.furthest <= 1.0


@given(st.sampled_from(SCALES), some_values(), FLAGS, st.randoms(use_true_random=False))
def test_the_order_of_channels_has_no_effect(
    ready: ConditionScale, values: Values, flags: tuple[int, ...], rng: random.Random
) -> None:
    mixed = list(ready.judged)
    rng.shuffle(mixed)
    shuffled = ConditionScale(ready.curves, tuple(mixed), ready.full_weight)
    assert judge(values, flags, shuffled).index == judge(values, flags, ready).index
    parts = explain(values, flags, ready).contributions
    assert explain(values, flags, shuffled).contributions == parts


@given(
    st.sampled_from(SCALES),
    full_values(),
    st.lists(st.booleans(), min_size=CHANNEL_COUNT, max_size=CHANNEL_COUNT),
)
def test_bounds_contain_what_the_full_reading_gives(
    ready: ConditionScale, values: tuple[float, ...], gone: list[bool]
) -> None:
    full = judge(values, PASSES, ready).index
    assert full is not None
    left = tuple(None if away else value for value, away in zip(values, gone, strict=True))
    found = explain(left, PASSES, ready)
    assert found.low is not None
    assert found.high is not None
    assert found.low - 1e-9 <= full <= found.high + 1e-9
    if found.index is not None:
        assert found.low - 1e-9 <= found.index <= found.high + 1e-9


def test_bounds_of_a_failed_channel() -> None:
    found = explain(EXAMPLE, (1, 1, 1, 1, 1, 1, 4), GENERIC)
    assert found.missing == ("pH",)
    best = judge((*EXAMPLE[:6], 7.0), PASSES, GENERIC).index
    worst = judge((*EXAMPLE[:6], 3.0), PASSES, GENERIC).index
    assert (found.low, found.high) == (worst, best)
    assert found.index is not None
    assert worst < found.index <= best


@pytest.mark.parametrize("used", list(itertools.product([False, True], repeat=CHANNEL_COUNT)))
def test_when_the_index_is_withheld(used: tuple[bool, ...]) -> None:
    values = tuple(v if use else None for v, use in zip(EXAMPLE, used, strict=True))
    found = explain(values, PASSES, GENERIC)
    counting = [use for key, use in zip(KEYS, used, strict=True) if key != "CO2"]
    weights = (0.3, 0.3, 0.4, 0.8, 1.0, 1.0)
    confidence = sum(w for w, use in zip(weights, counting, strict=True) if use) / 5.8
    assert found.confidence == pytest.approx(confidence)
    if sum(counting) < 4:
        assert found.withheld_reason == "too_few_channels"
    elif not counting[4] and not counting[5]:
        assert found.withheld_reason == "no_key_channel"
    elif confidence < 0.4:
        assert found.withheld_reason == "low_confidence"
    else:
        assert found.withheld_reason is None
    assert (found.index is None) is (found.withheld_reason is not None)
    assert judge(values, PASSES, GENERIC).index == found.index


def test_confidence_alone_can_withhold() -> None:
    # N, P, K and pH: four channels, one of them pH, and still 2.0 of 5.8.
    found = explain((*EXAMPLE[:3], None, None, None, 7.18), PASSES, GENERIC)
    assert found.withheld_reason == "low_confidence"
    calibrated = scale_of(profile_of("generic"), USUAL, reliabilities({"N": 3, "P": 3, "K": 3}))
    assert judge((*EXAMPLE[:3], None, None, None, 7.18), PASSES, calibrated).index is not None


def test_a_suspect_value_counts_half() -> None:
    values = (*EXAMPLE[:6], 8.0)
    trusted = judge(values, PASSES, GENERIC)
    doubted = judge(values, (1, 1, 1, 1, 1, 1, 3), GENERIC)
    assert trusted.index == pytest.approx(100 - 0.7 * (50 + 2.5) / 3.8 - 0.3 * 50)
    assert doubted.index == pytest.approx(100 - 0.7 * (25 + 2.5) / 3.3 - 0.3 * 50)
    assert doubted.confidence == pytest.approx(3.3 / 5.8)


def test_an_unreliable_channel_is_never_the_weakest() -> None:
    values = (0.0, *EXAMPLE[1:])
    assert judge(values, PASSES, GENERIC).index == pytest.approx(100 - 100 * 0.3 / 3.8)
    calibrated = scale_of(profile_of("generic"), USUAL, reliabilities({"N": 3}))
    assert judge(values, PASSES, calibrated).index == pytest.approx(100 - 70 * 0.8 / 4.3 - 30)


def test_the_reasons_do_not_jump_where_the_weakest_gives_way_to_the_mean() -> None:
    before: list[float] = []
    crossed = 0
    for step in range(3001):
        values = (step / 120, 20.0, 150.0, 400.0, 22.0, 50.0, 7.6)
        parts = counted(values, PASSES, GENERIC)
        mean = sum(p.loss * p.weight for p in parts) / sum(p.weight for p in parts)
        crossed += mean > 10.0
        points = explain(values, PASSES, GENERIC).contributions
        lost = [part.lost for part in points]
        assert sum(lost) == pytest.approx(0.7 * mean + 0.3 * max(10.0, mean))
        assert sum(part.maximum for part in points) == pytest.approx(100)
        if before:
            assert max(abs(a - b) for a, b in zip(lost, before, strict=True)) < 0.05
        before = lost
    assert 0 < crossed < 3001


def test_without_a_trusted_channel_everything_is_shared_by_weight() -> None:
    doubtful = scale_of(profile_of("generic"), USUAL, (0.45,) * CHANNEL_COUNT)
    found = explain((*EXAMPLE[:6], 8.0), PASSES, doubtful)
    assert found.index == pytest.approx(100 - (50 + 25 / 3) / 5.8)
    points = {part.channel: part for part in found.contributions}
    assert points["pH"].lost == pytest.approx(50 / 5.8)
    assert points["Temperature"].maximum == pytest.approx(80 / 5.8)
    assert math.fsum(part.maximum for part in found.contributions) == pytest.approx(100)


def test_channels_that_tie_for_the_weakest_share_its_part() -> None:
    parts = explain((30.0, 20.0, 200.0, 400.0, 11.5, 27.5, 7.0), PASSES, GENERIC).contributions
    shared = 0.3 * 50 / 2
    assert parts[4].lost == pytest.approx(0.7 * 0.8 * 50 / 3.8 + shared)
    assert parts[5].lost == pytest.approx(0.7 * 1.0 * 50 / 3.8 + shared)


def test_no_value_can_do_worse_than_zero() -> None:
    ready = scale("wheat", IN_SOIL)
    worst = (0.0, 0.0, 0.0, 100_000.0, -10.0, 0.0, 3.0)
    found = explain(worst, PASSES, ready)
    assert found.index == 0.0
    assert math.fsum(part.lost for part in found.contributions) == pytest.approx(100)
    assert rounded(found.index) == 1


def test_co2_counts_inside_the_soil_alone() -> None:
    foul = (*EXAMPLE[:3], 80_000.0, *EXAMPLE[4:])
    assert judge(foul, PASSES, GENERIC).index == judge(EXAMPLE, PASSES, GENERIC).index
    inside = judge(foul, PASSES, scale("generic", IN_SOIL)).index
    assert inside == pytest.approx(100 - 0.7 * (50 + 2.5) / 4.3 - 30)


def test_nitrogen_is_read_on_its_basis() -> None:
    permanganate = judge((125.0, *EXAMPLE[1:5], 20.0, 7.0), PASSES, scale("generic", VOLUMETRIC))
    assert permanganate.index == pytest.approx(100 - 50 * 0.3 / 4.3)
    assert permanganate.critical == ()


def test_more_water_than_pores_is_not_scored() -> None:
    ready = scale("generic", VOLUMETRIC)
    judged = judge(EXAMPLE, PASSES, ready)
    assert judged.refused == (5,)
    found = explain(EXAMPLE, PASSES, ready)
    assert found.missing == ("Moisture",)
    without = explain((*EXAMPLE[:5], None, EXAMPLE[6]), PASSES, ready)
    assert (found.index, found.low, found.high) == (without.index, without.low, without.high)


def test_the_row_the_old_system_called_excellent() -> None:
    values = (22.5, -7.67, 152.3, 498.2, 22.1, 54.8, 4.14)
    for crop in CROPS:
        index = rounded(judge(values, (1, 4, 1, 1, 1, 1, 1), scale(crop)).index)
        assert index is not None
        assert index <= 50


def test_an_index_of_nothing_is_bounded_by_everything() -> None:
    found = explain((None,) * CHANNEL_COUNT, (9,) * CHANNEL_COUNT, GENERIC)
    assert (found.low, found.high, found.confidence) == (0.0, 100.0, 0.0)
    assert index_of(counted(EXAMPLE, PASSES, GENERIC)) == judge(EXAMPLE, PASSES, GENERIC).index


def test_reliabilities_have_to_be_some() -> None:
    with pytest.raises(ValueError, match="reliabilities"):
        scale_of(profile_of("generic"), USUAL, (0.0,) * CHANNEL_COUNT)
