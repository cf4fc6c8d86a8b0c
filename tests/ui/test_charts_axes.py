"""Ticks on the clock, value ranges that settle, trends, views that move by pixels."""

import os
import time
from collections.abc import Iterator

import numpy as np
import pytest

from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.ui.charts.envelope import trace
from harit_desktop.ui.charts.frame import LEAD_PX, view_until
from harit_desktop.ui.charts.time_ticks import TickKind, time_ticks
from harit_desktop.ui.charts.trend import trend
from harit_desktop.ui.charts.value_range import SETTLE_US, ValueRange, value_ticks
from harit_desktop.ui.words import local_time
from tests.ui.chart_samples import HOUR_US, NOW_US, SECOND_US, every, series

MOISTURE = CHANNEL_INDEX["Moisture"]
DAY_US = 24 * HOUR_US


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A zone whose clocks change."""
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of a process cannot be set here")
    before = os.environ.get("TZ")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    if before is None:
        monkeypatch.delenv("TZ", raising=False)
    else:
        monkeypatch.setenv("TZ", before)
    time.tzset()


class TestTimeTicks:
    @pytest.mark.parametrize(
        "span_us",
        [15 * 60 * SECOND_US, HOUR_US, DAY_US, 7 * DAY_US, 30 * DAY_US, 200 * DAY_US, 900 * DAY_US],
    )
    def test_there_are_a_few_ticks_in_the_view_and_they_ascend(self, span_us: int) -> None:
        ticks = time_ticks(NOW_US - span_us, NOW_US)
        times = [tick.time_us for tick in ticks]
        assert 2 <= len(ticks) <= 9
        assert times == sorted(set(times))
        assert NOW_US - span_us <= times[0]
        assert times[-1] <= NOW_US

    def test_a_day_has_ticks_every_three_hours_and_names_the_date_at_midnight(self) -> None:
        ticks = time_ticks(NOW_US - DAY_US, NOW_US + 10 * 60 * SECOND_US)
        clocks = [local_time(tick.time_us).time() for tick in ticks]
        assert {clock.hour() % 3 for clock in clocks} == {0}
        assert {clock.minute() for clock in clocks} == {0}
        midnights = [tick.kind for tick in ticks if local_time(tick.time_us).time().hour() == 0]
        assert midnights == [TickKind.DAY]

    def test_midnights_stay_midnights_when_the_clocks_change(self, berlin: None) -> None:
        # 25 October 2026, 03:00 summer time becomes 02:00.
        start_us = 1_792_700_000_000_000
        ticks = time_ticks(start_us, start_us + 7 * DAY_US)
        assert len(ticks) == 7
        assert {local_time(tick.time_us).time().hour() for tick in ticks} == {0}

    def test_long_spans_are_told_in_months(self) -> None:
        ticks = time_ticks(NOW_US - 400 * DAY_US, NOW_US)
        assert {tick.kind for tick in ticks} == {TickKind.MONTH}
        assert {local_time(tick.time_us).date().day() for tick in ticks} == {1}


class TestView:
    def test_a_view_moves_by_whole_pixels(self) -> None:
        first = view_until(NOW_US, DAY_US, 648)
        step_us = first.us_per_px
        views = {view_until(NOW_US + int(part * step_us / 10), DAY_US, 648) for part in range(10)}
        assert len(views) == 2

    def test_now_lies_left_of_the_lead(self) -> None:
        view = view_until(NOW_US, DAY_US, 648)
        assert 648 - LEAD_PX - 1 <= view.x_of(NOW_US) <= 648 - LEAD_PX


class TestValueRange:
    def test_it_pads_and_keeps_a_least_height(self) -> None:
        made = ValueRange(min_span=4.0)
        made.follow(10, 20, NOW_US)
        assert made.low == pytest.approx(8.8)
        assert made.high == pytest.approx(21.2)
        made.reset()
        made.follow(10, 10.1, NOW_US)
        assert made.high - made.low == pytest.approx(4.0)

    def test_it_widens_at_once_and_narrows_only_after_the_settle_time(self) -> None:
        made = ValueRange(min_span=1.0)
        made.follow(0, 10, NOW_US)
        assert not made.follow(0.5, 10.5, NOW_US + SECOND_US)
        assert made.follow(0, 30, NOW_US + SECOND_US)
        wide = made.high
        assert not made.follow(0, 5, NOW_US + 2 * SECOND_US)
        assert not made.follow(0, 5, NOW_US + 2 * SECOND_US + SETTLE_US - 1)
        assert made.high == wide
        assert made.follow(0, 5, NOW_US + 2 * SECOND_US + SETTLE_US)
        assert made.high < 10

    def test_a_short_dip_does_not_narrow_it(self) -> None:
        made = ValueRange(min_span=1.0)
        made.follow(0, 10, NOW_US)
        made.follow(0, 2, NOW_US)
        made.follow(0, 9, NOW_US + SETTLE_US // 2)
        assert not made.follow(0, 2, NOW_US + SETTLE_US)

    @pytest.mark.parametrize(
        ("low", "high", "ticks", "decimals"),
        [
            (193, 231, [200, 220], 0),
            (28, 36.2, [30, 35], 0),
            (6.55, 6.88, [6.6, 6.7, 6.8], 1),
            (-3, -2.2, [-3, -2.5], 1),
            (149.6, 150.4, [149.75, 150, 150.25], 2),
        ],
    )
    def test_ticks_are_two_or_three_round_values(
        self, low: float, high: float, ticks: list[float], decimals: int
    ) -> None:
        made, digits = value_ticks(low, high)
        assert made == pytest.approx(ticks)
        assert digits == decimals


class TestTrend:
    def test_a_rise_over_the_last_hour(self) -> None:
        times = every(60, 2 * 3600)
        values = 30 + np.linspace(0, 12, times.size)  # 6 per hour
        made = trend(trace(series(times, Moisture=values), MOISTURE), MOISTURE, NOW_US)
        assert made.delta == pytest.approx(5.0, abs=0.6)
        assert not made.steady
        assert made.span_s == 3600

    def test_noise_without_a_change_is_steady(self) -> None:
        times = every(60, 3600)
        values = 30 + np.tile([0.4, -0.4], times.size // 2)
        assert trend(trace(series(times, Moisture=values), MOISTURE), MOISTURE, NOW_US).steady

    def test_too_little_data_has_no_trend(self) -> None:
        short = trace(series(every(2, 120), Moisture=30.0), MOISTURE)
        few = trace(series(every(600, 1800), Moisture=30.0), MOISTURE)
        old = trace(series(every(60, 3600, NOW_US - HOUR_US // 2), Moisture=30.0), MOISTURE)
        for made in (short, few, old):
            assert trend(made, MOISTURE, NOW_US).delta is None

    def test_less_than_an_hour_names_its_own_span(self) -> None:
        times = every(10, 1200)
        values = np.linspace(30, 40, times.size)
        made = trend(trace(series(times, Moisture=values), MOISTURE), MOISTURE, NOW_US)
        assert made.span_s == pytest.approx(1200, abs=20)
