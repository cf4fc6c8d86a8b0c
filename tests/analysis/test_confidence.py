"""How far a channel is trusted."""

import pytest

from harit_desktop.analysis.confidence import (
    DAY_US,
    anchored_reliability,
    probe_reliability,
    reliabilities,
)
from harit_desktop.domain.calibration import Segment


def test_a_bare_probe() -> None:
    assert reliabilities() == (0.3, 0.3, 0.4, 1.0, 1.0, 1.0, 1.0)


def test_three_pairs_make_a_calibration() -> None:
    assert [probe_reliability("N", pairs) for pairs in (0, 2, 3, 9)] == [0.3, 0.3, 0.8, 0.8]
    assert reliabilities({"K": 3, "pH": 3}) == (0.3, 0.3, 0.8, 1.0, 1.0, 1.0, 1.0)


def anchored(channel: str, pairs: int, days: int) -> float:
    segment = Segment(0, 1.0, 2.0, pairs, 1000 * DAY_US + 5)
    return anchored_reliability(channel, segment, 1000 + days)


@pytest.mark.parametrize(
    ("channel", "pairs", "days", "q"),
    [
        ("N", 1, -1, 1.0),
        ("N", 1, 0, 1.0),
        ("N", 2, 90, 0.65),
        ("K", 1, 90, 0.7),
        ("N", 1, 180, 0.3),
        ("N", 2, 999, 0.3),
        ("N", 3, 0, 1.0),
        ("N", 3, 45, 0.825),
        ("N", 3, 90, 0.8),
        ("N", 8, 9999, 0.8),
        ("pH", 1, 500, 1.0),
    ],
)
def test_a_laboratory_value_ages_to_what_the_probe_is_worth(
    channel: str, pairs: int, days: int, q: float
) -> None:
    assert anchored(channel, pairs, days) == pytest.approx(q)


def test_nothing_compared_and_water_at_two_points_leave_the_bare_probe() -> None:
    assert anchored_reliability("N", None, 7) == 0.3
    assert anchored_reliability("Moisture", Segment(0, 1.1, 0.0), 7) == 1.0


@pytest.mark.parametrize("channel", ["N", "P", "K", "pH"])
def test_more_pairs_or_a_fresher_one_never_lower_the_trust(channel: str) -> None:
    for days in range(400):
        by_pairs = [anchored(channel, pairs, days) for pairs in (1, 2, 3, 8)]
        assert by_pairs == sorted(by_pairs)
        assert anchored(channel, 1, days) >= anchored(channel, 1, days + 1)
