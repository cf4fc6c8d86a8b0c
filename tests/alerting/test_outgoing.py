"""What waits to be sent: grouped, tried again, bounded."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from harit_desktop.alerting.outgoing import MOST_WAITING, Outgoing
from harit_desktop.alerting.sinks import SinkName
from harit_desktop.alerting.teller import Telling
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import KnownError
from tests.alerting.farm import NOON_US
from tests.alerting.test_email import DRY


class Box:
    """A sink that takes, or fails as told; `during` is called while it sends."""

    name: SinkName = "email"

    def __init__(self, *failures: str) -> None:
        self.failures = list(failures)
        self.took: list[tuple[list[int], int]] = []
        self.during = lambda: None

    def send(self, tellings: Sequence[Telling], left_out: int = 0) -> None:
        self.during()
        if self.failures:
            raise KnownError(f"alerts.email_{self.failures.pop(0)}")
        self.took.append(([one.alert.id for one in tellings], left_out))

    def test(self) -> None:
        """Not asked here."""


def telling(number: int) -> Telling:
    return Telling(replace(DRY, id=number), False)


def at(seconds: float) -> int:
    return NOON_US + int(seconds * US_PER_S)


def tries(way: Outgoing, until_s: int) -> list[int]:
    """The seconds at which something was due, trying each second."""
    found = []
    for second in range(until_s):
        if way.is_due(at(second)):
            found.append(second)
        way.work(at(second))
    return found


def test_what_changed_within_half_a_minute_is_one_message() -> None:
    box = Box()
    way = Outgoing(box)
    way.offer(telling(1), at(0))
    way.offer(telling(2), at(20))
    way.work(at(29))
    assert box.took == []
    way.work(at(30))
    assert (box.took, way.sent) == ([([1, 2], 0)], 2)
    way.offer(telling(3), at(40))
    way.work(at(69))
    assert len(box.took) == 1
    way.work(at(70))
    assert len(box.took) == 2


def test_a_failure_is_tried_again_later_and_later() -> None:
    box = Box(*["refused"] * 7)
    way = Outgoing(box)
    way.offer(telling(1), at(0))
    assert tries(way, 4000) == [30, 60, 120, 240, 480, 960, 1860, 2760]
    assert box.took == [([1], 0)]
    assert way.problem is None


def test_a_wrong_password_is_not_tried_again_and_again() -> None:
    way = Outgoing(Box("login", "login"))
    way.offer(telling(1), at(0))
    assert tries(way, 3700) == [30, 3630]
    assert way.problem is not None
    good = Box()
    way.use(good)
    assert way.problem is None
    way.work(at(3700))
    assert good.took == [([1], 0)], "what waited goes the new way"


def test_what_part_of_the_people_got_is_not_sent_again() -> None:
    way = Outgoing(Box("partly"))
    way.offer(telling(1), at(0))
    assert tries(way, 200) == [30]
    assert way.problem is not None


def test_the_oldest_go_and_are_counted() -> None:
    box = Box("refused")
    way = Outgoing(box)
    for number in range(MOST_WAITING + 7):
        way.offer(telling(number), at(0))
    box.during = lambda: way.offer(telling(9999), at(60))
    way.work(at(30))
    way.work(at(60))
    ((ids, left_out),) = box.took
    assert (len(ids), ids[0], left_out) == (MOST_WAITING, 8, 8)
    box.during = lambda: None
    way.work(at(200))
    assert box.took[1] == ([9999], 0)


def test_no_sink_keeps_nothing() -> None:
    way = Outgoing()
    way.offer(telling(1), at(0))
    assert not way.is_due(at(100))
    way.use(Box())
    way.flush(at(100))
    assert way.sent == 0


def test_a_clock_that_is_set_does_not_hold_it_up() -> None:
    box = Box("refused")
    way = Outgoing(box)
    way.offer(telling(1), at(0))
    way.work(at(-7200))
    way.work(at(-14400))
    assert box.took == [([1], 0)]


def test_the_end_sends_what_waits_but_not_what_failed() -> None:
    box = Box()
    way = Outgoing(box)
    way.offer(telling(1), at(0))
    way.flush(at(1))
    assert box.took == [([1], 0)]
    box.failures = ["refused"]
    way.offer(telling(2), at(2))
    way.work(at(60))
    way.flush(at(61))
    assert len(box.took) == 1
