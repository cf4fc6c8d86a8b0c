"""Water by texture: the table, the FAO-56 curve, rice, and what no soil can hold."""

import pytest

from harit_desktop.analysis.meaning import ChannelMeaning, kg_per_ha
from harit_desktop.analysis.moisture import drained_curve, most_water, paddy_curve
from harit_desktop.analysis.soils import SOILS, pore_space


@pytest.mark.parametrize("texture", SOILS)
def test_the_table_is_a_soil(texture: str) -> None:
    soil = SOILS[texture]
    assert 0 < soil.wilting_point < soil.field_capacity < soil.pore_space - 10
    assert pore_space(texture) == soil.pore_space
    assert pore_space(texture) < most_water(texture) < 60


def test_loam_under_wheat() -> None:
    curve = drained_curve("loam", 0.55)
    stress = 25 - 0.55 * 13
    values = (12.0, (12 + stress) / 2, stress, 25.0, 36.3, 46.3, 49.0)
    assert [curve.score(v) for v in values] == pytest.approx([0, 50, 100, 100, 50, 0, 0])
    assert (curve.optimal_low, curve.alarm_high) == (stress, 46.3)


def test_a_thirstier_crop_wants_water_sooner() -> None:
    frugal, thirsty = drained_curve("loam", 0.65), drained_curve("loam", 0.2)
    assert thirsty.score(18.0) < frugal.score(18.0) == 100


def test_rice_wants_its_soil_full() -> None:
    curve = paddy_curve("clay")
    values = (30.0, 36.0, 37.0, 38.0, 47.5, 50.0)
    assert [curve.score(v) for v in values] == pytest.approx([0, 0, 50, 100, 100, 100])


def test_the_example_does_not_fit_into_loam() -> None:
    assert most_water("loam") < 54.8


def test_pore_space_is_what_is_not_mineral() -> None:
    assert pore_space("clay", 1.325) == pytest.approx(50.0)
    assert most_water("sand", 1.325) == pytest.approx(53.0)


def test_loose_clay_holds_more_before_it_lacks_air() -> None:
    assert drained_curve("clay", 0.5, 1.2).score(42.0) > drained_curve("clay", 0.5).score(42.0)
    assert drained_curve("clay", 0.5, 1.2).optimal_high == 36.0


@pytest.mark.parametrize("texture", SOILS)
def test_a_curve_rises_and_falls_at_every_density(texture: str) -> None:
    for density in (hundredths / 100 for hundredths in range(1, 201)):
        for p in (0.2, 0.65, 0.99):
            curve = drained_curve(texture, p, density)
            assert list(curve.xs) == sorted(set(curve.xs))
            assert curve.xs[0] > 0
            assert curve.alarm_high == pore_space(texture, density)
        paddy = paddy_curve(texture, density)
        assert 0 < paddy.xs[0] < paddy.xs[1] < pore_space(texture, density)


def test_hard_packed_clay_ends_where_its_air_does() -> None:
    curve = drained_curve("clay", 0.5, 1.6)
    full = 100 * (1 - 1.6 / 2.65)
    assert (curve.optimal_high, curve.alarm_low) == (pytest.approx(full - 11), 22.0)
    assert curve.score(full - 10) == 50


def test_kilograms_of_a_hectare() -> None:
    # The Soil Health Card's 2.24: 15 cm of 1.4933 g/cm³.
    assert kg_per_ha(125.0, ChannelMeaning(bulk_density=1.4933)) == pytest.approx(280, rel=1e-4)
    assert kg_per_ha(10.0, ChannelMeaning(bulk_density=1.0, depth_cm=10)) == pytest.approx(10)
    assert kg_per_ha(125.0, ChannelMeaning()) == pytest.approx(280)
    assert kg_per_ha(125.0, ChannelMeaning(texture="sand")) == pytest.approx(280)
