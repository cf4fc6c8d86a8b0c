"""A week's change of the nutrients: robust, and silent where there is too little to say."""

import random
from itertools import permutations

import pytest

from harit_desktop.analysis.confidence import DAY_US
from harit_desktop.analysis.engine import AnalysisEngine
from harit_desktop.analysis.trends import nutrient_changes
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import Values
from harit_desktop.domain.device_book import Calibration, CalibrationKind

START = 20_000 * DAY_US


def days(*levels: float | None) -> list[tuple[int, Values]]:
    """Daily means of N; phosphorus stands still, potassium is not sent."""
    return [
        (START + day * DAY_US, (level, 10.0, None, 500.0, 22.0, 50.0, 7.0))
        for day, level in enumerate(levels)
    ]


def test_along_a_line() -> None:
    # 100, 98, ... 88: two a day of 100 are 14 % a week.
    found = nutrient_changes(days(*(100.0 - 2 * day for day in range(7))))
    assert found == {"N": pytest.approx(-14.0), "P": 0.0}


def test_the_order_of_the_days_does_not_matter() -> None:
    daily = days(10.0, 11.0, 13.0, 12.5, 15.0, 16.0, 18.0)
    mixed = list(daily)
    random.Random(1).shuffle(mixed)
    assert nutrient_changes(mixed) == nutrient_changes(daily)
    assert nutrient_changes(daily)["N"] > 50


@pytest.mark.parametrize("wrong", range(7))
@pytest.mark.parametrize("value", [0.0, 500.0])
def test_one_wrong_day_makes_no_change(wrong: int, value: float) -> None:
    levels = [20.0] * 7
    levels[wrong] = value
    assert nutrient_changes(days(*levels))["N"] == 0.0


def test_one_wrong_day_hides_none_in_the_middle() -> None:
    levels = [20.0 - day for day in range(7)]
    levels[3] = 300.0
    assert nutrient_changes(days(*levels))["N"] == pytest.approx(-35.0, abs=2.0)


def test_days_that_do_not_agree() -> None:
    assert nutrient_changes(days(20.0, 30.0, 15.0, 28.0, 14.0, 33.0, 27.0))["N"] == 0.0


@pytest.mark.parametrize("count", [5, 6])
def test_chance_makes_a_change_in_one_week_of_twelve_at_most(count: int) -> None:
    orders = list(permutations([10.0 + n for n in range(count)]))
    moved = sum(nutrient_changes(days(*order))["N"] != 0.0 for order in orders)
    assert 0 < moved <= len(orders) / 12


def test_too_few_days_say_nothing() -> None:
    assert "N" not in nutrient_changes(days(1.0, None, 20.0, 30.0, None, 50.0))
    assert nutrient_changes([]) == {}
    assert "N" not in nutrient_changes(days(20.0, 30.0, float("nan"), 40.0, 50.0))


def test_a_week_is_a_week() -> None:
    long_ago = [(START - day * DAY_US, days(900.0 + day)[0][1]) for day in range(1, 300)]
    week = days(*(100.0 - 2 * day for day in range(7)))
    assert nutrient_changes([*long_ago, *week]) == nutrient_changes(week)


def test_percent_of_next_to_nothing_says_nothing() -> None:
    assert "N" not in nutrient_changes(days(0.1, 0.2, 0.3, 0.4, 0.5))


def test_a_calibration_within_the_week_is_no_change() -> None:
    points = ((100.0, 40.0),)
    at_us = START + 3 * DAY_US
    entered = Calibration("b", "N", CalibrationKind.LABORATORY, at_us, points, at_us)
    engine = AnalysisEngine(corrections=Corrections([entered]))
    still = days(*[100.0] * 7)
    assert engine.changes(still, "b", START + 6 * DAY_US)["N"] == 0.0
    falling = days(*(100.0 - 2 * day for day in range(7)))
    assert engine.changes(falling, "b", START + 6 * DAY_US)["N"] == pytest.approx(-35.0)
    assert engine.changes(falling, "a", START + 6 * DAY_US)["N"] == pytest.approx(-14.0)
