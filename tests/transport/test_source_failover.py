"""When the API takes over from the broker and when it gives way again."""

import random

import pytest

from harit_desktop.domain.status import LinkState, LinkStatus
from harit_desktop.transport.source_failover import SourceFailover
from tests.transport.clocks import Clock

KEEPALIVE_S = 30.0
EPOCH_US = 1_800_000_000_000_000
NOT_CONNECTED = [state for state in LinkState if state is not LinkState.CONNECTED]


class Course:
    """A link that is looked at once a second."""

    def __init__(self, mode: str = "auto", keepalive_s: float = KEEPALIVE_S) -> None:
        self.clock = Clock()
        self.machine = SourceFailover(mode, keepalive_s, self.clock.monotonic)  # type: ignore[arg-type]  # a literal
        self.link = LinkStatus()
        self.changes = 0

    @property
    def now_us(self) -> int:
        return EPOCH_US + round(self.clock.now_s * 1_000_000)

    def goes(self, state: LinkState, for_s: float, *, step_s: float = 1.0) -> None:
        self.link = LinkStatus(state=state, since_us=self.now_us)
        until_s = self.clock.now_s + for_s
        self.look()
        while self.clock.now_s < until_s:
            self.clock.now_s = min(until_s, self.clock.now_s + step_s)
            self.look()

    def look(self) -> None:
        before = self.machine.in_use
        self.machine.observe(self.link, self.now_us)
        self.changes += before is not self.machine.in_use

    @property
    def switch_in_s(self) -> float | None:
        at_s = self.machine.switch_at_s
        return None if at_s is None else at_s - self.clock.now_s

    @property
    def back_in_s(self) -> float | None:
        at_s = self.machine.back_at_s
        return None if at_s is None else at_s - self.clock.now_s


@pytest.mark.parametrize("state", NOT_CONNECTED)
def test_a_broker_never_reached_gives_way_after_two_keepalives(state: LinkState) -> None:
    course = Course()
    course.goes(state, 59.0)
    assert not course.machine.in_use
    assert not course.machine.needed
    assert course.switch_in_s == pytest.approx(1.0)
    course.goes(state, 1.0)
    assert course.machine.in_use
    assert course.machine.needed
    assert course.switch_in_s is None


@pytest.mark.parametrize("state", NOT_CONNECTED)
def test_a_broker_that_is_lost_gives_way_after_two_keepalives(state: LinkState) -> None:
    course = Course()
    course.goes(LinkState.CONNECTED, 1000.0)
    assert course.switch_in_s is None
    course.goes(state, 59.0)
    assert not course.machine.in_use
    course.goes(state, 1.0)
    assert course.machine.in_use
    assert course.machine.away_s == pytest.approx(60.0)


def test_an_outage_goes_on_through_the_words_for_it() -> None:
    course = Course()
    course.goes(LinkState.CONNECTED, 100.0)
    for state in (LinkState.LOST, LinkState.CONNECTING, LinkState.REFUSED):
        course.goes(state, 19.0)
    assert not course.machine.in_use
    course.goes(LinkState.LOST, 3.0)
    assert course.machine.in_use


def test_the_broker_comes_back_after_a_minute_of_connection() -> None:
    course = Course()
    course.goes(LinkState.LOST, 100.0)
    course.goes(LinkState.CONNECTED, 59.0)
    assert course.machine.in_use
    assert not course.machine.needed
    assert course.back_in_s == pytest.approx(1.0)
    course.goes(LinkState.CONNECTED, 0.0)
    assert course.back_in_s == pytest.approx(60.0)  # another connection
    course.goes(LinkState.CONNECTED, 60.0)
    assert not course.machine.in_use
    assert course.back_in_s is None
    assert course.machine.away_s == 0.0


def test_a_new_outage_during_the_minute_keeps_the_api() -> None:
    course = Course()
    course.goes(LinkState.LOST, 100.0)
    for _ in range(20):
        course.goes(LinkState.CONNECTED, 55.0)
        course.goes(LinkState.LOST, 2.0)
        assert course.machine.in_use
        assert course.machine.needed
    assert course.changes == 1


def test_short_connections_do_not_end_an_outage() -> None:
    course = Course()
    course.goes(LinkState.CONNECTED, 500.0)
    for _ in range(8):
        course.goes(LinkState.LOST, 4.0)
        course.goes(LinkState.CONNECTED, 4.0)
    course.goes(LinkState.LOST, 1.0)
    assert course.machine.in_use


def test_a_settled_connection_ends_it() -> None:
    course = Course()
    for _ in range(20):
        course.goes(LinkState.LOST, 50.0)
        course.goes(LinkState.CONNECTED, 11.0)
    assert course.changes == 0


def test_no_course_of_the_link_makes_it_flap() -> None:
    dice = random.Random(4)
    course = Course()
    begin_s = course.clock.now_s
    for _ in range(400):
        course.goes(dice.choice(list(LinkState)), dice.expovariate(1 / 20.0))
    minutes = (course.clock.now_s - begin_s) / 60.0
    # A full turn takes two keepalives and a minute.
    assert 2 <= course.changes <= minutes + 1


def test_looking_seldom_changes_no_time() -> None:
    course = Course()
    course.goes(LinkState.CONNECTED, 40.0)
    lost_s = course.clock.now_s
    course.link = LinkStatus(state=LinkState.LOST, since_us=course.now_us)
    course.clock.now_s += 45.0  # busy with something else
    course.look()
    assert course.machine.switch_at_s == pytest.approx(lost_s + 60.0)
    course.clock.now_s += 20.0
    course.look()
    connected_s = course.clock.now_s
    course.link = LinkStatus(state=LinkState.CONNECTED, since_us=course.now_us)
    course.clock.now_s += 30.0
    course.look()
    assert course.machine.back_at_s == pytest.approx(connected_s + 60.0)


def test_a_clock_that_is_set_changes_no_time() -> None:
    course = Course()
    course.goes(LinkState.CONNECTED, 100.0)
    course.link = LinkStatus(state=LinkState.LOST, since_us=course.now_us - 86_400_000_000)
    course.clock.now_s += 1.0
    course.look()
    assert course.machine.switch_at_s == pytest.approx(course.clock.now_s + 59.0)
    course.link = LinkStatus(state=LinkState.LOST, since_us=course.now_us + 86_400_000_000)
    course.look()
    assert course.machine.switch_at_s == pytest.approx(course.clock.now_s + 59.0)


def test_a_link_that_was_lost_long_before_counts_from_then() -> None:
    course = Course()
    course.link = LinkStatus(state=LinkState.LOST, since_us=course.now_us - 50_000_000)
    course.look()
    assert course.switch_in_s == pytest.approx(10.0)


def test_always_api_never_waits_for_a_broker() -> None:
    course = Course("api_only")
    for state in LinkState:
        course.goes(state, 200.0)
        assert course.machine.in_use
        assert course.machine.needed
        assert course.switch_in_s is None
        assert course.back_in_s is None


def test_without_a_keepalive_the_usual_one_counts() -> None:
    course = Course(keepalive_s=0.0)
    course.goes(LinkState.LOST, 59.0)
    assert not course.machine.in_use
    course.goes(LinkState.LOST, 1.0)
    assert course.machine.in_use
