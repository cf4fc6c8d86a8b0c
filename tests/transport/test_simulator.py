"""The simulated probe stays plausible whatever the start, the interval and the time span."""

import statistics
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS, Values
from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.transport.simulator import Simulator

# 2026-01-05, midnight UTC.
MIDNIGHT_US = 1_767_571_200 * US_PER_S
HOUR_US = 3600 * US_PER_S

# Wider than what the simulator usually gives, far narrower than what a sensor can report.
PLAUSIBLE = {
    "N": (8.0, 36.0),
    "P": (6.0, 30.0),
    "K": (90.0, 210.0),
    "CO2": (350.0, 650.0),
    "Temperature": (14.0, 30.0),
    "Moisture": (38.0, 66.0),
    "pH": (6.5, 8.0),
}

# The largest change between readings two seconds, and a minute, apart.
LARGEST_STEP = {
    2: {"N": 0.8, "P": 0.7, "K": 5, "CO2": 14, "Temperature": 0.3, "Moisture": 0.6, "pH": 0.06},
    60: {"N": 1.2, "P": 1.0, "K": 7, "CO2": 30, "Temperature": 0.5, "Moisture": 1.5, "pH": 0.08},
}


def _series(values: list[Values], key: str) -> list[float]:
    column = [reading[CHANNEL_INDEX[key]] for reading in values]
    return [value for value in column if value is not None]


def _run(
    simulator: Simulator, step_us: int, count: int, begin_us: int = MIDNIGHT_US
) -> list[Values]:
    return [simulator.reading(begin_us + number * step_us) for number in range(count)]


@settings(deadline=None, max_examples=10)
@given(
    seed=st.integers(0, 2**32),
    number=st.integers(0, 49),
    step_min=st.sampled_from([30, 60, 240]),
)
def test_a_year_stays_within_plausible_soil(seed: int, number: int, step_min: int) -> None:
    simulator = Simulator(f"probe-{number}", number, seed)
    step_us = step_min * 60 * US_PER_S
    values = _run(simulator, step_us, 365 * US_PER_DAY // step_us)
    for key, (lowest, highest) in PLAUSIBLE.items():
        series = _series(values, key)
        assert len(series) == len(values)
        assert lowest <= min(series), key
        assert max(series) <= highest, key


_start = st.tuples(
    *(
        st.none() | st.floats(channel.sensor_min, channel.sensor_max, allow_nan=False)
        for channel in CHANNELS
    )
)


@settings(deadline=None, max_examples=100)
@given(start=_start, seed=st.integers(0, 2**32), at_us=st.integers(0, 4 * 10**15))
def test_the_first_reading_continues_from_the_stored_one(
    start: Values, seed: int, at_us: int
) -> None:
    first = Simulator("probe", 0, seed, start).reading(at_us)
    for channel, stored, value in zip(CHANNELS, start, first, strict=True):
        assert value is not None
        if stored is not None:
            assert abs(value - stored) <= LARGEST_STEP[2][channel.key]


@settings(deadline=None, max_examples=50)
@given(
    start=st.tuples(*(st.none() | st.floats(allow_nan=True) for _ in CHANNELS)),
    steps_us=st.lists(st.integers(-US_PER_DAY, 30 * US_PER_DAY), max_size=30),
)
def test_no_start_and_no_clock_leaves_the_range_of_the_sensor(
    start: Values, steps_us: list[int]
) -> None:
    simulator = Simulator("probe", 3, 1, start)
    now_us = MIDNIGHT_US
    for step_us in [0, *steps_us]:
        now_us += step_us
        for channel, value in zip(CHANNELS, simulator.reading(now_us), strict=True):
            assert value is not None
            assert channel.sensor_min <= value <= channel.sensor_max
            assert value == round(value, channel.precision + 1)


@pytest.mark.parametrize("step_s", [2, 60])
def test_steps_are_small_at_any_interval_and_values_are_alive(step_s: int) -> None:
    values = _run(Simulator("probe", 1, 7), step_s * US_PER_S, 20_000)
    for key, largest in LARGEST_STEP[step_s].items():
        series = _series(values, key)
        steps = [abs(after - before) for before, after in pairwise(series)]
        assert max(steps) <= largest, key
        # A real sensor never repeats itself for long: that would be flagged as stuck.
        longest_run = run = 0
        for step in steps:
            run = run + 1 if step == 0 else 0
            longest_run = max(longest_run, run)
        assert longest_run < 12, key


def test_the_same_seed_and_instants_give_the_same_values() -> None:
    def run(device: str, seed: int) -> list[Values]:
        return _run(Simulator(device, 2, seed), 60 * US_PER_S, 200)

    assert run("a", 5) == run("a", 5)
    assert run("a", 5) != run("a", 6)
    assert run("a", 5) != run("b", 5)


def test_days_are_warm_in_the_afternoon_and_rich_in_co2_before_dawn() -> None:
    values = _run(Simulator("probe", 0, 3), HOUR_US, 24 * 30)

    def by_hour(key: str) -> list[float]:
        series = _series(values, key)
        return [statistics.mean(series[hour::24]) for hour in range(24)]

    warmth, co2 = by_hour("Temperature"), by_hour("CO2")
    assert 13 <= warmth.index(max(warmth)) <= 17
    assert 1 <= co2.index(max(co2)) <= 7
    assert 4.0 < max(warmth) - min(warmth) < 8.0
    assert statistics.correlation(warmth, co2) < -0.7


def test_the_day_follows_local_time() -> None:
    offset_s = 5.5 * 3600
    values = _run(Simulator("probe", 0, 3, None, offset_s), HOUR_US, 24 * 30)
    series = _series(values, "Temperature")
    warmth = [statistics.mean(series[hour::24]) for hour in range(24)]
    assert 8 <= warmth.index(max(warmth)) <= 11  # 15:00 in India is 9:30 UTC


def test_the_bed_dries_slowly_and_is_watered_now_and_then() -> None:
    series = _series(_run(Simulator("probe", 0, 3), 10 * 60 * US_PER_S, 6 * 24 * 30), "Moisture")
    rises = [after - before for before, after in zip(series, series[6:], strict=False)]
    waterings = sum(1 for before, after in pairwise(rises) if before < 2.0 <= after)
    assert 4 <= waterings <= 12
    falling = sum(1 for day in range(29) if series[144 * day] > series[144 * (day + 1)])
    assert falling > 18


def test_devices_differ_but_are_of_one_field() -> None:
    fields = [_run(Simulator(f"p-{n}", n, 0), HOUR_US, 24 * 10) for n in range(6)]
    for key, (lowest, highest) in PLAUSIBLE.items():
        means = sorted(statistics.mean(_series(field, key)) for field in fields)
        assert means[-1] - means[0] > 0.03 * (highest - lowest), key
        assert means[-1] - means[0] < 0.8 * (highest - lowest), key


def test_without_stored_values_it_begins_at_the_catalogues_start_values() -> None:
    first = Simulator("probe", 0, 0).reading(MIDNIGHT_US)
    for channel, value in zip(CHANNELS, first, strict=True):
        assert value is not None
        assert abs(value - channel.start) <= LARGEST_STEP[2][channel.key]
