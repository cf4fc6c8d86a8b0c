"""Which way the readings go, with a clock that the test moves."""

import pytest

from harit_desktop.domain.status import PublisherRoute
from harit_desktop.transport.failover import Directions, Mode, PublisherFailover
from tests.transport.clocks import Clock

MQTT, RETRYING = PublisherRoute.MQTT, PublisherRoute.RETRYING
API, HOLDING = PublisherRoute.API, PublisherRoute.HOLDING


class Machine(PublisherFailover):
    def __init__(self, mode: Mode = "auto", *, retries: int = 3, has_api: bool = True) -> None:
        self.clock = Clock()
        super().__init__(
            mode, has_broker=True, has_api=has_api, retries=retries, clock=self.clock.monotonic
        )

    def after(self, seconds: float, link: str) -> Directions:
        """Steps through the time as the sender does; the directions at its end."""
        until_s = self.clock.now_s + seconds
        directions = self.advance(link)  # type: ignore[arg-type]  # a literal
        while self.clock.now_s < until_s:
            self.clock.now_s = min(until_s, self.clock.now_s + 0.25)
            directions = self.advance(link)  # type: ignore[arg-type]  # a literal
        return directions

    def tries_s(self, seconds: float) -> list[float]:
        """The seconds, from now, at which the broker is tried while it is down."""
        began_s, tries = self.clock.now_s, []
        while self.clock.now_s < began_s + seconds:
            if self.advance("down").try_broker:
                tries.append(self.clock.now_s - began_s)
            self.clock.now_s += 0.25
        return tries


def test_a_sound_broker_has_all() -> None:
    directions = Machine().after(500, "up")
    assert directions == Directions(MQTT, to_broker=True)


def test_the_broker_is_tried_three_times_and_then_the_api_takes_over_within_ten_seconds() -> None:
    machine = Machine()
    machine.after(100, "up")
    first = machine.after(0, "down")
    assert (first.route, first.attempt, first.to_broker) == (RETRYING, 0, False)
    assert first.due_s == machine.clock.now_s + 1.0
    assert machine.tries_s(7.75) == [1.0, 3.0, 7.0]
    waiting = machine.advance("down")
    assert (waiting.route, waiting.attempt, waiting.due_s) == (RETRYING, 3, None)
    taken = machine.after(0.5, "down")
    assert (taken.route, taken.to_api, taken.leave_broker) == (API, True, True)
    assert not taken.to_broker


@pytest.mark.parametrize(
    ("retries", "tries", "given_up_s"),
    [(0, [], 1.0), (1, [1.0], 2.0), (2, [1.0, 3.0], 4.0), (10, [1.0, 3.0, 7.0], 9.0)],
)
def test_more_tries_than_fit_do_not_hold_readings_back(
    retries: int, tries: list[float], given_up_s: float
) -> None:
    machine = Machine(retries=retries)
    machine.after(5, "up")
    machine.advance("down")
    assert machine.tries_s(given_up_s) == tries
    assert machine.advance("down").route is API


def test_a_broker_that_comes_back_in_time_keeps_the_readings_and_the_tries_start_over() -> None:
    machine = Machine()
    machine.after(5, "up")
    assert machine.after(5, "down").attempt == 2
    assert machine.after(1, "up").route is MQTT
    assert machine.after(6, "down").route is RETRYING
    assert machine.after(2, "down").route is API


def test_a_broker_that_turns_us_away_is_not_asked_again() -> None:
    machine = Machine()
    assert machine.advance("refused").route is API
    assert Machine(has_api=False).advance("refused").route is HOLDING


def test_the_broker_has_the_readings_back_after_a_minute_without_a_break() -> None:
    machine = Machine()
    machine.after(9, "down")
    soon = machine.after(59, "up")
    assert (soon.route, soon.to_api) == (API, True)
    assert soon.back_s == pytest.approx(machine.clock.now_s + 1.0)
    broken = machine.after(1, "down")
    assert (broken.route, broken.back_s) == (API, None)
    assert machine.after(59.5, "up").route is API
    assert machine.after(1, "up").route is MQTT


def test_an_api_that_fails_gives_way_to_a_connected_broker_at_once() -> None:
    machine = Machine()
    machine.after(9, "down")
    assert machine.after(5, "up").route is API
    machine.post_failed("retry")
    assert machine.advance("up").route is MQTT
    machine.posted()
    assert machine.after(200, "up").route is MQTT


def test_while_both_fail_readings_are_held_and_the_api_is_asked_with_growing_pauses() -> None:
    machine = Machine()
    machine.after(9, "down")
    pauses = []
    for _ in range(9):
        machine.post_failed("retry")
        held = machine.advance("down")
        assert (held.route, held.to_api, held.leave_broker) == (HOLDING, False, True)
        assert held.due_s is not None
        pauses.append(held.due_s - machine.clock.now_s)
        machine.clock.now_s = held.due_s
        assert machine.advance("down").to_api
    assert pauses[0] <= 1.0
    assert 45.0 <= pauses[-1] <= 60.0
    assert machine.advance("down").route is HOLDING
    machine.posted()
    assert machine.advance("down") == Directions(API, to_api=True, leave_broker=True)


def test_whichever_comes_back_first_has_the_readings() -> None:
    machine = Machine()
    machine.after(9, "down")
    machine.post_failed("retry")
    assert machine.advance("down").route is HOLDING
    assert machine.advance("up").route is MQTT


@pytest.mark.parametrize(("asked_s", "pause_s"), [(2.0, 2.0), (0.0, 1.0), (3600.0, 300.0)])
def test_the_api_is_asked_again_when_it_says_so_within_bounds(
    asked_s: float, pause_s: float
) -> None:
    machine = Machine("api_only")
    machine.post_failed("retry", asked_s)
    due_s = machine.advance("down").due_s
    assert due_s == machine.clock.now_s + pause_s
    assert not machine.after(pause_s - 0.25, "down").to_api
    assert machine.after(0.25, "down").to_api


def test_a_post_of_unknown_fate_is_asked_about_soon_and_gives_way_to_the_broker() -> None:
    machine = Machine()
    machine.after(9, "down")
    for _ in range(5):
        machine.unsure(1.0)
        assert machine.advance("down").route is HOLDING
        assert not machine.after(0.75, "down").to_api
        assert machine.after(0.25, "down").to_api
    machine.unsure(1.0)
    assert machine.advance("up").route is MQTT


def test_an_api_that_needs_a_person_is_left_alone_until_one_asks() -> None:
    machine = Machine()
    machine.after(9, "down")
    machine.post_failed("stop")
    assert machine.api_stopped
    held = machine.after(4000, "down")
    assert (held.route, held.to_api, held.due_s) == (HOLDING, False, None)
    assert machine.after(10, "up").route is MQTT
    assert machine.after(9, "down").route is HOLDING
    machine.retry_now()
    assert machine.advance("down").to_api
    machine.posted()
    assert machine.advance("down").route is API


def test_a_refused_reading_is_no_failure_of_the_api() -> None:
    machine = Machine()
    machine.after(9, "down")
    machine.post_failed("refused")
    assert machine.advance("down") == Directions(API, to_api=True, leave_broker=True)


@pytest.mark.parametrize("machine", [Machine("mqtt_only"), Machine(has_api=False)])
def test_without_an_api_readings_wait_for_the_broker(machine: Machine) -> None:
    assert machine.after(5, "down").route is RETRYING
    held = machine.after(5, "down")
    assert held == Directions(HOLDING)
    assert machine.advance("up").route is MQTT


def test_with_the_api_alone_the_broker_is_never_asked() -> None:
    machine = Machine("api_only")
    assert machine.advance("up") == Directions(API, to_api=True, leave_broker=True)
    assert not machine.tries_s(20)
