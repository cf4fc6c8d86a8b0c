"""The interval that the probe's own error leaves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harit_desktop.analysis.condition import ConditionScale, judge, scale_of
from harit_desktop.analysis.interval import DRAWS, interval
from tests.analysis.condition_samples import (
    EXAMPLE,
    PASSES,
    SCALES,
    USUAL,
    VOLUMETRIC,
    full_values,
    profile_of,
    scale,
)


@given(st.sampled_from(SCALES), full_values())
def test_it_contains_the_index_and_repeats(
    ready: ConditionScale, values: tuple[float, ...]
) -> None:
    found, index = interval(values, PASSES, ready), judge(values, PASSES, ready).index
    assert found is not None
    assert index is not None
    assert 0.0 <= found[0] <= index <= found[1] <= 100.0
    assert interval(values, PASSES, ready) == found


def test_nutrients_in_plenty_leave_no_doubt() -> None:
    certain = (200.0, 100.0, 300.0, 500.0, 22.0, 52.0, 6.75)
    assert interval(certain, PASSES, scale("generic")) == (100.0, 100.0)


def test_the_acidity_alone() -> None:
    # Half way down the slope of 100 points a unit, 0.3 to either side: 90 % is 0.27.
    values = (200.0, 100.0, 300.0, 500.0, 22.0, 52.0, 8.0)
    found = interval(values, PASSES, scale("generic"))
    assert found is not None
    each = 0.7 / 3.8 + 0.3
    index = 100 - 50 * each
    assert found == (
        pytest.approx(index - 27 * each, abs=1),
        pytest.approx(index + 27 * each, abs=1),
    )
    assert DRAWS == 256


def test_withheld_has_none() -> None:
    assert interval((None, *EXAMPLE[1:5], None, None), PASSES, scale("generic")) is None


def test_water_near_the_pore_space_stays_scored() -> None:
    ready = scale("rice", VOLUMETRIC)
    values = (300.0, 100.0, 300.0, 500.0, 25.0, 49.2, 6.0)
    assert interval(values, PASSES, ready) == (100.0, 100.0)


def width(trust: tuple[float, ...], values: tuple[float, ...] = EXAMPLE) -> float:
    ready = scale_of(profile_of("wheat"), USUAL, trust)
    found = interval(values, PASSES, ready)
    assert found is not None
    return found[1] - found[0]


BARE = (0.3, 0.3, 0.4, 1.0, 1.0, 1.0, 1.0)


def test_a_laboratory_value_makes_the_interval_no_wider() -> None:
    fresh = (1.0, *BARE[1:])
    assert width(fresh) < width(BARE)
    assert width((1.0, 1.0, 1.0, *BARE[3:])) < width(fresh)
    # Half a year later it is that of a probe nobody compared.
    assert width((0.3, *BARE[1:])) == width(BARE)


def test_what_is_left_of_the_error_grows_as_the_value_ages() -> None:
    # Only what a channel may be wrong by counts here: all of them may be the weakest.
    widths = [width((q, *BARE[1:])) for q in (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]
