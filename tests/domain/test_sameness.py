"""Which values count as the same, where one of them went through the existing system."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harit_desktop.domain.sameness import alike, digits, rough_range

numbers = st.floats(-1e6, 1e6, allow_subnormal=False).filter(lambda v: v == 0 or abs(v) > 1e-30)


def stored_and_shown(value: float) -> float:
    """As the existing system gives it back: single precision, six digits."""
    (single,) = struct.unpack("f", struct.pack("f", value))
    return float(f"{single:.6g}")


@given(numbers)
def test_what_comes_back_is_the_same(value: float) -> None:
    shown = stored_and_shown(value)
    assert digits([value]) == digits([shown])
    assert alike([value, None]) == alike([shown, None])


@given(numbers)
def test_the_rough_range_leaves_nothing_of_the_same_digits_out(value: float) -> None:
    low, high = rough_range(value)
    assert low <= stored_and_shown(value) <= high


@pytest.mark.parametrize(
    ("one", "other"), [(123.457, 123.458), (0.0, 1e-9), (1.0, -1.0), (1.0, None), (0.0, None)]
)
def test_others_are_not(one: float, other: float | None) -> None:
    assert digits([one]) != digits([other])
    assert alike([one]) != alike([other])


def test_a_value_counts_at_its_own_place() -> None:
    assert alike([1.0, None]) != alike([None, 1.0])
    assert digits([0.0]) == digits([-0.0])
