"""Every curve of every crop: without a jump, and on each side of its best only one way."""

from itertools import pairwise

import pytest

from harit_desktop.analysis.condition import judge
from harit_desktop.analysis.curves import ResponseCurve, falling, ramp, rising, trapezium
from harit_desktop.analysis.meaning import ChannelMeaning
from harit_desktop.analysis.soils import SOILS
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS
from tests.analysis.condition_samples import CROPS, EXAMPLE, PASSES, VOLUMETRIC, scale

STEPS = 1000


def meanings() -> list[ChannelMeaning]:
    drained = [ChannelMeaning("vwc", texture, "in_soil", "kmno4") for texture in SOILS]
    packed = [ChannelMeaning("vwc", texture, bulk_density=1.7) for texture in SOILS]
    loose = [ChannelMeaning("vwc", texture, bulk_density=1.1) for texture in SOILS]
    return [ChannelMeaning(), *drained, *packed, *loose]


def sweep(curve: ResponseCurve, most: float | None) -> list[float]:
    """Across the curve and beyond, its corners among the values."""
    first, last = curve.xs[0], curve.xs[-1]
    margin = (last - first) / 4
    values = [first - margin + (last - first + 2 * margin) * i / STEPS for i in range(STEPS + 1)]
    return sorted(v for v in (*values, *curve.xs) if most is None or v <= most)


def curves() -> list[tuple[str, ResponseCurve, float | None]]:
    found = []
    for crop in CROPS:
        for meaning in meanings():
            for channel, entry in zip(CHANNELS, scale(crop, meaning).curves, strict=True):
                if entry is not None:
                    name = f"{crop}-{channel.key}-{meaning}"
                    found.append((name, entry.curve, entry.most))
    return found


def test_every_curve_of_every_crop() -> None:
    all_curves = curves()
    assert len(all_curves) == len(CROPS) * (6 + 9 * 7 + 2 * 9 * 6)
    for name, curve, most in all_curves:
        slopes = [
            abs(right - left) / (b - a)
            for (a, b), (left, right) in zip(pairwise(curve.xs), pairwise(curve.ys), strict=True)
        ]
        for left, right in pairwise(sweep(curve, most)):
            before, after = curve.score(left), curve.score(right)
            assert 0.0 <= before <= 100.0, name
            assert abs(after - before) <= max(slopes) * (right - left) * 1.0001 + 1e-9, name
            if right <= curve.best_low:
                assert after >= before, name
            elif left >= curve.best_high:
                assert after <= before, name
            if curve.best_low <= left <= curve.best_high:
                assert before == 100.0, name


@pytest.mark.parametrize("crop", CROPS)
@pytest.mark.parametrize("meaning", [ChannelMeaning(co2_location="in_soil"), VOLUMETRIC])
def test_the_index_has_no_jump_and_falls_on_both_sides(crop: str, meaning: ChannelMeaning) -> None:
    ready = scale(crop, meaning)
    base = (*EXAMPLE[:5], 30.0, EXAMPLE[6])
    for position, entry in enumerate(ready.curves):
        assert entry is not None
        curve, indexes = entry.curve, []
        values = sweep(curve, entry.most)
        for value in values:
            index = judge((*base[:position], value, *base[position + 1 :]), PASSES, ready).index
            assert index is not None
            indexes.append(index)
        steepest = (values[-1] - values[0]) / min(b - a for a, b in pairwise(curve.xs)) / STEPS
        for (left, right), (before, after) in zip(pairwise(values), pairwise(indexes), strict=True):
            assert abs(after - before) <= 100 * steepest
            if right <= curve.best_low:
                assert after >= before - 1e-9
            elif left >= curve.best_high:
                assert after <= before + 1e-9


def test_the_corners() -> None:
    curve = trapezium(5.0, 6.0, 7.0, 9.0)
    values = (4.0, 5.0, 5.5, 6.0, 6.5, 7.0, 8.0, 9.0, 99.0)
    assert [curve.score(v) for v in values] == [0, 0, 50, 100, 100, 100, 50, 0, 0]
    supply = ramp(10.0, 25.0, 2999.0)
    assert [supply.score(v) for v in (-1, 0, 5, 10, 17.5, 25, 2999)] == [0, 0, 25, 50, 75, 100, 100]
    assert (supply.optimal_low, supply.alarm_low) == (10.0, 0.0)
    assert [rising(1.0, 2.0, 9.0).score(v) for v in (1, 1.5, 2, 9)] == [0, 50, 100, 100]
    assert [falling(1.0, 2.0, 0.0).score(v) for v in (0, 1, 1.5, 2, 3)] == [100, 100, 50, 0, 0]


def test_air_in_the_soil_harms_nothing_before_the_limit() -> None:
    entry = scale("wheat", VOLUMETRIC).curves[CHANNEL_INDEX["CO2"]]
    assert entry is not None
    scores = [entry.curve.score(v) for v in (400.0, 2000.0, 20_000.0, 50_000.0, 80_000.0)]
    assert scores == [100, 100, 100, 50, 0]
