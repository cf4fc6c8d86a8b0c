"""How far a channel is trusted."""

import math

import pytest

from harit_desktop.analysis.confidence import (
    faded,
    laboratory_reliability,
    probe_reliability,
    reliabilities,
)


def test_a_bare_probe() -> None:
    assert reliabilities() == (0.3, 0.3, 0.4, 1.0, 1.0, 1.0, 1.0)


def test_three_pairs_make_a_calibration() -> None:
    assert [probe_reliability("N", pairs) for pairs in (0, 2, 3, 9)] == [0.3, 0.3, 0.8, 0.8]
    assert reliabilities({"K": 3, "pH": 3}) == (0.3, 0.3, 0.8, 1.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("channel", "days", "q"),
    [("N", -1, 1.0), ("N", 0, 1.0), ("N", 90, 0.65), ("N", 180, 0.3), ("N", 999, 0.3)],
)
def test_a_laboratory_value_ages(channel: str, days: float, q: float) -> None:
    assert laboratory_reliability(channel, days) == pytest.approx(q)


def test_a_laboratory_value_of_what_changes_by_the_hour_ages_to_nothing() -> None:
    assert laboratory_reliability("Moisture", 180) == 0.0


def test_a_value_fades() -> None:
    assert faded(0.8, 0) == 0.8
    assert faded(1.0, 3) == pytest.approx(1 / math.e)
    assert faded(1.0, -5) == 1.0
