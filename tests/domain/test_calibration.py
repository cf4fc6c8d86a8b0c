"""What calibrations make of a probe's values, and from which day on."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harit_desktop.domain.calibration import MOST_PAIRS, Corrections, Segment
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS
from harit_desktop.domain.device_book import Calibration, CalibrationKind

EXAMPLE = (22.5, 17.8, 152.3, 498.2, 22.1, 54.8, 7.18)
MOISTURE = CHANNEL_INDEX["Moisture"]
N = CHANNEL_INDEX["N"]


def line(
    at_us: int, low: tuple[float, float], high: tuple[float, float], device: str = "a", id: int = 0
) -> Calibration:
    kind = CalibrationKind.TWO_POINT
    return Calibration(device, "Moisture", kind, at_us, (low, high), at_us, id=id)


def sample(
    at_us: int, probe: float, true: float, channel: str = "N", device: str = "a", id: int = 0
) -> Calibration:
    kind = CalibrationKind.LABORATORY
    return Calibration(device, channel, kind, at_us, ((probe, true),), at_us + 999, id=id)


def nitrogen(corrections: Corrections, at_us: int, value: float = 22.5) -> float | None:
    return corrections.values("a", (value, *EXAMPLE[1:]), at_us)[N]


def test_without_calibrations_a_probe_is_taken_at_its_word() -> None:
    none = Corrections()
    assert none.values("a", EXAMPLE, 5) is EXAMPLE
    assert none.devices() == frozenset()
    assert none.segment("a", "N", 5) is None
    assert none.segments("a", "N") == ()


def test_two_points_make_a_straight_line() -> None:
    found = Corrections([line(100, (10.0, 5.0), (60.0, 45.0))])
    for probe, true in ((10.0, 5.0), (60.0, 45.0), (35.0, 25.0), (85.0, 65.0)):
        values = (*EXAMPLE[:MOISTURE], probe, EXAMPLE[6])
        corrected = found.values("a", values, 100)
        assert corrected[MOISTURE] == pytest.approx(true)
        assert corrected[:MOISTURE] == EXAMPLE[:MOISTURE]
        assert corrected[MOISTURE + 1 :] == EXAMPLE[MOISTURE + 1 :]


def test_the_order_of_the_points_does_not_matter() -> None:
    one, other = line(1, (10.0, 5.0), (60.0, 45.0)), line(1, (60.0, 45.0), (10.0, 5.0))
    left, right = (Corrections([c]).values("a", EXAMPLE, 1)[MOISTURE] for c in (one, other))
    assert left == pytest.approx(right)


def test_the_same_probe_value_twice_makes_no_line() -> None:
    with pytest.raises(ValueError, match="same probe value"):
        Corrections([line(1, (10.0, 5.0), (10.0, 45.0))])


def test_no_corrected_value_is_below_zero() -> None:
    found = Corrections([sample(1, 30.0, 10.0), line(1, (10.0, 0.0), (60.0, 50.0))])
    values = (5.0, *EXAMPLE[1:MOISTURE], 3.0, 7.0)
    corrected = found.values("a", values, 1)
    assert (corrected[N], corrected[MOISTURE]) == (0.0, 0.0)


def test_no_number_stays_none() -> None:
    assert math.isnan(Segment(0, 2.0, 1.0).corrected(math.nan))
    assert Segment(0, 2.0, 1.0).corrected(math.inf) == math.inf


def test_nothing_changes_before_the_day_of_the_calibration() -> None:
    found = Corrections([sample(100, 30.0, 20.0)])
    assert nitrogen(found, 99) == 22.5
    assert nitrogen(found, 100) == 12.5
    assert nitrogen(found, 10**15) == 12.5
    assert found.values("a", EXAMPLE, 99) is EXAMPLE
    assert found.segment("a", "N", 99) is None


def test_a_new_calibration_leaves_older_values_as_they_were() -> None:
    first = [line(100, (10.0, 5.0), (60.0, 45.0)), sample(200, 30.0, 20.0)]
    later = [*first, line(500, (10.0, 20.0), (60.0, 90.0)), sample(600, 30.0, 60.0)]
    before, after = Corrections(first), Corrections(later)
    for at_us in (0, 99, 100, 250, 499):
        assert before.values("a", EXAMPLE, at_us) == after.values("a", EXAMPLE, at_us)
    assert before.values("a", EXAMPLE, 500) != after.values("a", EXAMPLE, 500)


def test_a_new_line_replaces_the_old_one() -> None:
    found = Corrections([line(1, (0.0, 9.0), (50.0, 99.0)), line(2, (0.0, 0.0), (50.0, 25.0))])
    assert found.values("a", EXAMPLE, 2)[MOISTURE] == pytest.approx(27.4)
    assert [segment.from_us for segment in found.segments("a", "Moisture")] == [1, 2]


def test_laboratory_values_shift_by_their_mean() -> None:
    found = Corrections([sample(1, 30.0, 20.0), sample(2, 40.0, 36.0), sample(3, 10.0, 9.0)])
    assert [nitrogen(found, at_us) for at_us in (1, 2, 3)] == [12.5, 15.5, 17.5]
    assert found.segment("a", "N", 3) == Segment(3, 1.0, -5.0, 3, 3)
    assert found.segment("a", "N", 2) == Segment(2, 1.0, -7.0, 2, 2)


def test_only_the_newest_samples_count() -> None:
    old = [sample(n, 50.0, 0.0) for n in range(5)]
    new = [sample(100 + n, 20.0, 21.0) for n in range(MOST_PAIRS)]
    found = Corrections([*old, *new])
    assert nitrogen(found, 100 + MOST_PAIRS - 1) == pytest.approx(23.5)
    segment = found.segment("a", "N", 10**9)
    assert segment is not None
    assert (segment.pairs, segment.sampled_us) == (MOST_PAIRS, 100 + MOST_PAIRS - 1)
    assert nitrogen(found, 100 + MOST_PAIRS - 2) < 23.5


def test_the_sample_of_a_day_that_is_entered_late_holds_from_its_day_on() -> None:
    found = Corrections([sample(500, 30.0, 20.0, id=1), sample(100, 30.0, 28.0, id=2)])
    assert nitrogen(found, 100) == 20.5
    assert nitrogen(found, 500) == pytest.approx(22.5 - 6.0)


def test_of_two_at_the_same_instant_the_later_entered_wins() -> None:
    two = [line(5, (0.0, 0.0), (50.0, 50.0), id=2), line(5, (0.0, 10.0), (50.0, 60.0), id=7)]
    for order in (two, two[::-1]):
        assert Corrections(order).values("a", EXAMPLE, 5)[MOISTURE] == pytest.approx(64.8)


def test_channels_and_devices_do_not_touch_each_other() -> None:
    found = Corrections(
        [
            sample(1, 30.0, 20.0),
            sample(1, 7.0, 6.5, "pH"),
            sample(1, 30.0, 130.0, "K", device="b"),
        ]
    )
    assert found.devices() == {"a", "b"}
    assert found.values("a", EXAMPLE, 1) == (12.5, *EXAMPLE[1:6], pytest.approx(6.68))
    assert found.values("b", EXAMPLE, 1) == (*EXAMPLE[:2], 252.3, *EXAMPLE[3:])
    assert found.values("c", EXAMPLE, 1) is EXAMPLE


def test_an_absent_value_stays_absent() -> None:
    found = Corrections([sample(1, 30.0, 20.0)])
    values = (None, *EXAMPLE[1:])
    assert found.values("a", values, 1) is values


CALIBRATIONS = st.lists(
    st.one_of(
        st.builds(
            sample,
            st.integers(0, 20),
            st.floats(0, 300),
            st.floats(0, 300),
            st.sampled_from(("N", "P", "K", "pH")),
            st.sampled_from("ab"),
            st.integers(0, 10**6),
        ),
        st.builds(
            lambda at_us, low, step, true, id: line(
                at_us, (low, true), (low + step, true * 2), id=id
            ),
            st.integers(0, 20),
            st.floats(0, 50),
            st.floats(1, 50),
            st.floats(0, 50),
            st.integers(0, 10**6),
        ),
    ),
    unique_by=lambda one: one.id,
)


@given(CALIBRATIONS, st.integers(-1, 21), st.randoms(use_true_random=False))
def test_values_are_those_of_the_segments_in_whatever_order_they_were_entered(
    calibrations: list[Calibration], at_us: int, rng: random.Random
) -> None:
    found = Corrections(calibrations)
    mixed = list(calibrations)
    rng.shuffle(mixed)
    assert Corrections(mixed).values("a", EXAMPLE, at_us) == found.values("a", EXAMPLE, at_us)
    corrected = found.values("a", EXAMPLE, at_us)
    for channel, raw, value in zip(CHANNELS, EXAMPLE, corrected, strict=True):
        segments = found.segments("a", channel.key)
        holding = [segment for segment in segments if segment.from_us <= at_us]
        assert [s.from_us for s in segments] == sorted(s.from_us for s in segments)
        assert found.segment("a", channel.key, at_us) == (holding[-1] if holding else None)
        assert value == (holding[-1].corrected(raw) if holding else raw)
        assert value is not None
        assert value >= 0.0
    # What comes later has no say.
    earlier = Corrections(one for one in calibrations if one.at_us <= at_us)
    assert earlier.values("a", EXAMPLE, at_us) == corrected
