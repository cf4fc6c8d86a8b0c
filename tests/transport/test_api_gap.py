"""What is read of a remote history, whatever its clock says: all of the gap, each row once."""

import random

import msgspec
import pytest

from harit_desktop.domain.api import ApiPage, ApiRow
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.transport.api_gap import LEAST_ROWS, MOST_ROWS, HistoryGap, SeenRows

NOW_US = 1_800_000_000 * US_PER_S
MINUTE_US = 60 * US_PER_S
VALUES = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)


def _row(number: int, timestamp_us: int, publisher_id: str | None = None) -> ApiRow:
    return ApiRow(b"%d" % number, timestamp_us, publisher_id, VALUES)


class Server:
    """A history with a clock of its own; `by_arrival` False sorts by time, as most do."""

    def __init__(self, clock_us: int = 0, *, by_arrival: bool = False) -> None:
        self.clock_us = clock_us
        self.by_arrival = by_arrival
        self.rows: list[ApiRow] = []
        self.asked: list[int] = []

    def takes(
        self, now_us: int, timestamp_us: int | None = None, publisher_id: str | None = None
    ) -> None:
        stamp_us = now_us + self.clock_us if timestamp_us is None else timestamp_us
        self.rows.append(_row(len(self.rows), stamp_us, publisher_id))

    def takes_many(self, from_us: int, to_us: int, step_us: int) -> None:
        for moment_us in range(from_us, to_us, step_us):
            self.takes(moment_us)

    def page(self, limit: int) -> ApiPage:
        self.asked.append(limit)
        newest = self.rows[::-1]
        if not self.by_arrival:
            newest.sort(key=lambda row: -row.timestamp_us)
        return ApiPage(tuple(newest[:limit]))


class Reader:
    """Reads a server's gap; knows what it took, in order."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.gap = HistoryGap()
        self.taken: list[int] = []

    def read(self, now_us: int, *, deep: bool = False, room: int = 1_000_000) -> int:
        """One round; how often it asked."""
        limit = self.gap.begin_round(now_us, deep=deep)
        asked = 1
        page = self.server.page(limit)
        self.gap.noticed(page, now_us)
        while (larger := self.gap.more(page, limit)) is not None:
            limit = larger
            asked += 1
            page = self.server.page(limit)
            self.gap.noticed(page, now_us)
        fresh = self.gap.fresh(page)
        for row in fresh[:room]:
            self.gap.taken(row)
            self.taken.append(int(row.payload))
        if len(fresh) <= room:
            self.gap.done(page, now_us)
        return asked

    def open(self, newest_us: int | None, now_us: int) -> None:
        self.gap.open(newest_us, now_us, now_us)


@pytest.mark.parametrize("clock_min", [0, 3, 30, 600, -3, -30, -330, -840])
@pytest.mark.parametrize("by_arrival", [False, True])
@pytest.mark.parametrize("gap_min", [2, 45, 2000])
def test_the_gap_is_covered_whatever_the_servers_clock_says(
    clock_min: int, by_arrival: bool, gap_min: int
) -> None:
    server = Server(clock_min * MINUTE_US, by_arrival=by_arrival)
    begin_us = NOW_US - gap_min * MINUTE_US
    server.takes_many(begin_us - 3000 * MINUTE_US, begin_us, MINUTE_US)
    before = len(server.rows)
    server.takes_many(begin_us, NOW_US, MINUTE_US)
    reader = Reader(server)
    reader.open(begin_us, NOW_US)
    asked = reader.read(NOW_US)
    assert set(reader.taken) >= set(range(before, len(server.rows)))
    assert reader.taken == sorted(reader.taken)
    # And not much else: the overlap, and how far the clocks are apart.
    assert before - min(reader.taken) <= 12 + abs(clock_min)
    assert asked <= 4
    for minute in range(30):
        now_us = NOW_US + minute * MINUTE_US
        server.takes(now_us)
        reader.read(now_us)
    assert reader.taken == list(range(reader.taken[0], len(server.rows)))
    assert max(server.asked[asked:]) == LEAST_ROWS


def test_a_clock_that_is_set_back_loses_nothing() -> None:
    server = Server(40 * MINUTE_US, by_arrival=True)
    server.takes_many(NOW_US - 300 * MINUTE_US, NOW_US, MINUTE_US)
    reader = Reader(server)
    reader.open(NOW_US - 3 * MINUTE_US, NOW_US)
    reader.read(NOW_US)
    server.clock_us = 0
    for minute in range(60):
        now_us = NOW_US + minute * MINUTE_US
        server.takes_many(now_us, now_us + MINUTE_US, 5 * US_PER_S)
        reader.read(now_us + MINUTE_US)
    assert set(reader.taken) >= set(range(297, len(server.rows)))
    assert len(reader.taken) == len(set(reader.taken))


@pytest.mark.parametrize("by_arrival", [False, True])
@pytest.mark.parametrize("gap_min", [1, 100])
def test_an_hour_that_happens_twice_loses_nothing(by_arrival: bool, gap_min: int) -> None:
    server = Server(by_arrival=by_arrival)
    server.takes_many(NOW_US - 600 * MINUTE_US, NOW_US, MINUTE_US)
    reader = Reader(server)
    reader.open(NOW_US - gap_min * MINUTE_US, NOW_US)
    reader.read(NOW_US)
    server.clock_us = -60 * MINUTE_US
    for minute in range(120):
        now_us = NOW_US + minute * MINUTE_US
        server.takes(now_us)
        for second in range(0, 60, 10):
            reader.read(now_us + second * US_PER_S, deep=second == 0 and minute % 5 == 0)
    assert set(reader.taken) >= set(range(600 - gap_min, len(server.rows)))
    assert len(reader.taken) == len(set(reader.taken))


def test_says_when_the_server_gives_no_more() -> None:
    server = Server()
    server.takes_many(NOW_US - 300 * MINUTE_US, NOW_US, MINUTE_US)
    gap = HistoryGap()
    gap.open(NOW_US - 200 * MINUTE_US, NOW_US, NOW_US)
    gap.begin_round(NOW_US, deep=False)
    clamped = msgspec.structs.replace(server.page(100), total=300)
    assert gap.more(clamped, 250) is None
    assert gap.out_of_reach
    whole = server.page(300)
    assert gap.more(whole, 300) is None
    assert not gap.out_of_reach


def test_a_sudden_burst_between_two_rounds() -> None:
    server = Server()
    server.takes_many(NOW_US - 300 * MINUTE_US, NOW_US, MINUTE_US)
    reader = Reader(server)
    reader.open(NOW_US, NOW_US)
    reader.read(NOW_US)
    first = len(server.rows)
    server.takes_many(NOW_US, NOW_US + 9 * US_PER_S, 2_000)
    asked = reader.read(NOW_US + 10 * US_PER_S)
    assert reader.taken[-4500:] == list(range(first, len(server.rows)))
    assert asked <= 5


def test_a_thousand_rows_of_one_second() -> None:
    server = Server()
    for _ in range(1000):
        server.takes(NOW_US, NOW_US)
    reader = Reader(server)
    reader.open(NOW_US - MINUTE_US, NOW_US)
    reader.read(NOW_US)
    assert sorted(reader.taken) == list(range(1000))


def test_what_a_publisher_sends_late_is_found_by_a_deep_round() -> None:
    server = Server()
    server.takes_many(NOW_US - 300 * MINUTE_US, NOW_US, MINUTE_US)
    reader = Reader(server)
    reader.open(NOW_US - 120 * MINUTE_US, NOW_US)
    reader.read(NOW_US)
    first = len(server.rows)
    for minute in range(100):
        server.takes(NOW_US, NOW_US - minute * MINUTE_US - 30 * US_PER_S)
    reader.read(NOW_US, deep=True)
    assert sorted(reader.taken)[-100:] == list(range(first, first + 100))


def test_what_found_no_room_comes_with_the_next_round() -> None:
    server = Server()
    server.takes_many(NOW_US - 100 * MINUTE_US, NOW_US, MINUTE_US)
    reader = Reader(server)
    reader.open(NOW_US - 90 * MINUTE_US, NOW_US)
    while len(reader.taken) < 100:
        reader.read(NOW_US, room=7)
        assert reader.taken == list(range(len(reader.taken)))


def test_rows_from_before_the_gap_stay_where_they_are() -> None:
    server = Server()
    server.takes_many(NOW_US - 300 * MINUTE_US, NOW_US, MINUTE_US)
    reader = Reader(server)
    reader.open(NOW_US, NOW_US)
    reader.read(NOW_US)
    # The server's newest row is a minute old; it might be that much behind.
    assert reader.taken == list(range(289, 300))


def test_a_gap_that_is_read_long_after_its_end_brings_no_more_than_it() -> None:
    server = Server()
    server.takes_many(NOW_US - 300 * MINUTE_US, NOW_US, MINUTE_US)
    reader = Reader(server)
    reader.open(NOW_US - 30 * MINUTE_US, NOW_US)
    reader.gap.end(NOW_US)
    later_us = NOW_US + 3000 * MINUTE_US
    server.takes_many(NOW_US, later_us, MINUTE_US)
    reader.read(later_us, deep=True)
    assert set(reader.taken) >= set(range(270, 300))
    assert len(reader.taken) <= 52


def test_an_empty_store_takes_the_last_day() -> None:
    server = Server()
    server.takes_many(NOW_US - 3000 * MINUTE_US, NOW_US, MINUTE_US)
    reader = Reader(server)
    reader.open(None, NOW_US)
    reader.read(NOW_US)
    assert 1440 <= len(reader.taken) <= 1452


def test_an_empty_history_is_read_to_its_end() -> None:
    reader = Reader(Server())
    reader.open(None, NOW_US)
    assert reader.read(NOW_US) == 1
    reader.server.takes(NOW_US)
    reader.read(NOW_US)
    assert reader.taken == [0]


def test_a_publisher_whose_clock_is_ahead_hides_no_other_one() -> None:
    server = Server()
    server.takes_many(NOW_US - 300 * MINUTE_US, NOW_US, MINUTE_US)
    for minute in range(100):
        server.takes(NOW_US, NOW_US + (2000 + minute) * MINUTE_US, "ahead")
    reader = Reader(server)
    reader.open(NOW_US - 100 * MINUTE_US, NOW_US)
    reader.read(NOW_US)
    assert set(reader.taken) >= set(range(200, 400))
    server.takes(NOW_US, NOW_US + MINUTE_US, "right")
    reader.read(NOW_US + MINUTE_US)
    assert reader.taken[-1] == 400


def test_never_more_than_ten_thousand_rows() -> None:
    server = Server()
    server.takes_many(NOW_US - 600 * US_PER_S, NOW_US, 50_000)
    reader = Reader(server)
    reader.open(NOW_US - 3600 * US_PER_S, NOW_US)
    reader.read(NOW_US)
    assert max(server.asked) == MOST_ROWS
    assert reader.taken == list(range(2000, 12_000))


def test_a_server_that_gives_no_larger_page_is_asked_for_less() -> None:
    server = Server()
    server.takes_many(NOW_US - 3000 * MINUTE_US, NOW_US, MINUTE_US)
    gap = HistoryGap()
    gap.open(NOW_US - 2000 * MINUTE_US, NOW_US, NOW_US)
    page = server.page(gap.begin_round(NOW_US, deep=False))
    gap.noticed(page, NOW_US)
    assert gap.more(page, len(page.rows)) is not None
    gap.too_many(page)
    assert gap.cut_short
    gap.done(page, NOW_US)
    assert gap.begin_round(NOW_US, deep=False) == LEAST_ROWS
    assert not gap.cut_short
    assert gap.begin_round(NOW_US, deep=True) > 2000  # tried again


def test_after_a_first_page_that_was_too_much_the_smallest_is_asked_for() -> None:
    server = Server()
    server.takes_many(NOW_US - 3000 * MINUTE_US, NOW_US, MINUTE_US)
    gap = HistoryGap()
    gap.noticed(server.page(20), NOW_US)
    gap.open(NOW_US - 2000 * MINUTE_US, NOW_US, NOW_US)
    assert gap.begin_round(NOW_US, deep=False) > 2000
    gap.too_many(None)
    assert gap.begin_round(NOW_US, deep=False) == LEAST_ROWS


def test_random_histories_are_read_whole_and_once() -> None:
    dice = random.Random(7)
    for _ in range(60):
        server = Server(dice.randrange(-900, 900) * US_PER_S, by_arrival=dice.random() < 0.5)
        now_us = NOW_US
        begin_us = now_us - dice.randrange(10_000) * US_PER_S
        step_us = dice.choice([200_000, US_PER_S, MINUTE_US])
        server.takes_many(begin_us - 3000 * US_PER_S, begin_us, step_us)
        before = len(server.rows)
        if (now_us - begin_us) // step_us > 9000:
            begin_us = now_us - 9000 * step_us
        server.takes_many(begin_us, now_us, step_us)
        reader = Reader(server)
        reader.open(begin_us, now_us)
        for _round in range(20):
            reader.read(now_us, deep=dice.random() < 0.2, room=dice.choice([3, 10**6]))
            for _arrival in range(dice.randrange(40)):
                now_us += dice.randrange(1, step_us)
                server.takes(now_us)
        reader.read(now_us)
        assert set(reader.taken) >= set(range(before, len(server.rows)))
        assert len(reader.taken) == len(set(reader.taken))


def test_seen_rows_are_bounded_and_forget_the_oldest() -> None:
    seen = SeenRows(limit=3)
    rows = [_row(number, NOW_US) for number in range(4)]
    for row in rows[:3]:
        seen.add(row)
    seen.add(rows[0])
    seen.add(rows[3])
    assert len(seen) == 3
    assert [row in seen for row in rows] == [True, False, True, True]
