"""Water by texture: the table, the FAO-56 curve, rice, and what no soil can hold."""

import pytest

from harit_desktop.analysis.moisture import (
    SOILS,
    drained_curve,
    most_water,
    paddy_curve,
    pore_space,
)


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
