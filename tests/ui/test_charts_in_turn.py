"""Strips that move on with the time are drawn a few at a time, and nothing is lost by it."""

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.status import LinkState
from harit_desktop.ui.charts.frame import StripFrame
from harit_desktop.ui.charts.series import DeviceSeries, merge, of_points
from harit_desktop.ui.live_page import STRIPS_A_TICK, LivePage
from harit_desktop.ui.theme import ThemeController
from tests.ui.chart_samples import LIMITS, NOW_US, SECOND_US, device, every, points, series

BEAT_US = SECOND_US // 10
WHOLE = -(-7 // STRIPS_A_TICK)


@pytest.fixture
def page(qtbot: QtBot, theme: ThemeController) -> LivePage:
    made = LivePage()
    qtbot.addWidget(made)
    made.resize(840, 600)
    made.set_link(LinkState.CONNECTED)
    made.set_limits(LIMITS)
    made.show()
    made.in_turn = True
    made.set_range("15m")
    made.set_focus("soil-01")
    made.set_devices([device("soil-01")], NOW_US)
    made.set_series("soil-01", series(every(2, 900)))
    made.tick(NOW_US)
    return made


def frames(page: LivePage) -> list[StripFrame]:
    found = [strip.chart.frame_shown for strip in page.stack.strips]
    return [frame for frame in found if frame is not None]


def ends_us(page: LivePage) -> set[int]:
    return {frame.view.end_us for frame in frames(page)}


def test_what_was_told_anew_is_drawn_at_once(page: LivePage) -> None:
    assert len(frames(page)) == 7
    assert len(ends_us(page)) == 1
    assert page.stack.draw_count == 1
    page.set_range("1h")
    page.tick(NOW_US + BEAT_US)
    assert len(ends_us(page)) == 1


def test_strips_that_move_on_are_drawn_in_a_few_ticks_to_the_same_instant(page: LivePage) -> None:
    before = ends_us(page)
    at_us = NOW_US + 5 * SECOND_US
    page.tick(at_us)
    assert len(ends_us(page)) == 2, "some have moved on and some have not"
    for beat in range(1, WHOLE):
        page.tick(at_us + beat * BEAT_US)
    assert len(ends_us(page)) == 1
    assert ends_us(page) != before
    assert page.stack.draw_count == 2


def test_a_busy_moment_only_delays_them(page: LivePage) -> None:
    before = ends_us(page)
    page.tick(NOW_US + 5 * SECOND_US, busy=True)
    assert ends_us(page) == before
    page.tick(NOW_US + 5 * SECOND_US + BEAT_US)
    assert ends_us(page) != before


def test_a_change_amid_the_turns_draws_all_anew(page: LivePage) -> None:
    page.tick(NOW_US + 5 * SECOND_US)
    page.set_range("24h")
    page.tick(NOW_US + 5 * SECOND_US + BEAT_US)
    assert len(ends_us(page)) == 1
    assert not page.stack.is_drawing


def test_a_spike_that_comes_amid_the_turns_is_drawn_in_every_strip(page: LivePage) -> None:
    at_us = NOW_US + 5 * SECOND_US
    page.tick(at_us)
    page.append_points("soil-01", points(np.array([at_us]), N=900.0, pH=3.0))
    for beat in range(1, 4 * WHOLE):
        page.tick(at_us + beat * BEAT_US)
    shown = frames(page)
    for key, value in (("N", 900.0), ("pH", 3.0)):
        focus = shown[CHANNEL_INDEX[key]].focus
        assert focus is not None
        assert value in (focus.low.min(), focus.high.max())


def test_readings_are_joined_when_they_are_asked_for_and_none_is_lost() -> None:
    stored, made = series(every(2, 600)), DeviceSeries()
    made.replace(stored)
    expected = stored
    rng = np.random.default_rng(7)
    for number in range(50):
        # Some late, some twice, some at the same instant with another value.
        at_us = NOW_US + int(rng.integers(-20, 20)) * SECOND_US
        added = of_points(points(np.array([at_us]), N=float(number % 5)))
        version = made.version
        made.append(added)
        assert made.version != version
        expected = merge(expected, added)
    assert made.data.time_us.tolist() == expected.time_us.tolist()
    assert np.array_equal(made.data.values, expected.values)
