"""The source that reads the API, against a history that a test holds in its hand."""

import json
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from harit_desktop.domain.api import POLLED_TOPIC, ApiPage, ApiRow
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.message import Origin, RawMessage
from harit_desktop.domain.status import ApiState, ApiStatus, LinkState, LinkStatus
from harit_desktop.transport import api_source
from harit_desktop.transport.api_failures import ApiFailure, Kind
from harit_desktop.transport.api_source import ApiSource, SourceTimes
from tests.servers import wait_until

VALUES = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)
MINUTE_US = 60_000_000


def now_us() -> int:
    return time.time_ns() // 1000


def _read(body: bytes) -> ApiPage:
    if body == b"not ours":
        raise KnownError("api.not_json", host="")
    rows = [ApiRow(b"%d" % number, at_us, None, VALUES) for number, at_us in json.loads(body)]
    return ApiPage(tuple(rows))


class History:
    """Takes the client's place. `fault` is raised instead of an answer."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int]] = []
        self.asked: list[tuple[float, int]] = []
        self.fault: Exception | None = None
        self.most = 1_000_000
        self.hangs = False
        self.garbage = False
        self._closed = threading.Event()

    def takes(self, count: int, begin_us: int, step_us: int = MINUTE_US) -> None:
        first = len(self.rows)
        self.rows += [(first + n, begin_us + n * step_us) for n in range(count)]

    def history(self, limit: int) -> bytes:
        self.asked.append((time.monotonic(), limit))
        if self.hangs:
            self._closed.wait(30.0)
            raise _failure("api.lost")
        if self.fault is not None:
            raise self.fault
        if limit > self.most:
            raise _failure("api.too_big")
        return b"not ours" if self.garbage else json.dumps(self.rows[::-1][:limit]).encode()

    def close(self) -> None:
        self._closed.set()

    @property
    def limits(self) -> list[int]:
        return [limit for _, limit in self.asked]


def _failure(code: str, kind: Kind = "retry", retry_after_s: float | None = None) -> ApiFailure:
    return ApiFailure(kind, code, retry_after_s=retry_after_s, host="farm")


class Stand:
    """A source with a broker's link, an inbox and a history to play with."""

    def __init__(self, *, after_s: float = 0.0, **options: object) -> None:
        self.history = History()
        self.link = LinkStatus(state=LinkState.CONNECTED, since_us=now_us())
        self.messages: list[RawMessage] = []
        self.room = 1_000_000
        self.newest_us: int | None = now_us()
        chosen: dict[str, object] = {"mode": "auto", "poll_s": 0.05, "keepalive_s": 0.1}
        times = SourceTimes(stable_s=0.4, check_s=0.1, look_s=0.02, after_s=after_s)
        self.source = ApiSource(
            self.history,
            _read,
            self._take,
            lambda: self.link,
            now_us,
            newest_us=lambda: self.newest_us,
            address="farm:5000",
            **{**chosen, "times": times, **options},  # type: ignore[arg-type]  # test options
        )

    def _take(self, message: RawMessage) -> bool:
        if self.room <= 0:
            return False
        self.room -= 1
        self.messages.append(message)
        return True

    def link_is(self, state: LinkState) -> None:
        self.link = LinkStatus(state=state, since_us=now_us())

    @property
    def status(self) -> ApiStatus:
        return self.source.status()

    @property
    def taken(self) -> list[int]:
        return [int(message.payload) for message in self.messages]

    def wait_for(self, state: ApiState, timeout_s: float = 5.0) -> ApiStatus:
        wait_until(lambda: self.status.state is state, timeout_s, f"{state} of {self.status}")
        return self.status

    def wait_for_rows(self, count: int) -> None:
        wait_until(lambda: len(self.messages) >= count, 5.0, f"{count} rows")


StandFor = Callable[..., Stand]


@pytest.fixture
def stand_for() -> Iterator[StandFor]:
    """Makes (without starting) a stand: `stand_for(**options of the source)`."""
    stands: list[Stand] = []

    def make(*, after_s: float = 0.0, **options: object) -> Stand:
        stands.append(Stand(after_s=after_s, **options))
        return stands[-1]

    yield make
    for stand in stands:
        assert stand.source.stop(3.0)


def test_stands_by_and_asks_for_one_row_now_and_then(stand_for: StandFor) -> None:
    stand = stand_for()
    assert stand.status == ApiStatus(address="farm:5000")
    stand.history.takes(50, now_us() - 50 * MINUTE_US)
    stand.source.start()
    first = stand.wait_for(ApiState.STANDBY)
    assert first.checked_us is not None
    assert abs(first.checked_us - now_us()) < 5_000_000
    wait_until(lambda: (stand.status.checked_us or 0) > (first.checked_us or 0))
    assert set(stand.history.limits) == {1}
    assert stand.messages == []
    assert stand.status.since_us == first.since_us
    assert not stand.status.needed


def test_takes_over_covers_the_gap_and_gives_way_again(stand_for: StandFor) -> None:
    stand = stand_for()
    stand.history.takes(100, now_us() - 100 * MINUTE_US)
    stand.newest_us = now_us() - 30 * MINUTE_US
    stand.source.start()
    stand.wait_for(ApiState.STANDBY)
    stand.link_is(LinkState.LOST)
    wait_until(lambda: stand.status.switch_at_us is not None)
    assert stand.status.switch_at_us == pytest.approx(stand.link.since_us + 200_000, abs=100_000)
    in_use = stand.wait_for(ApiState.IN_USE)
    assert in_use.needed
    assert in_use.switch_at_us is None
    assert in_use.since_us - stand.link.since_us >= 190_000
    stand.wait_for_rows(40)
    assert stand.taken == list(range(stand.taken[0], 100))
    assert 58 <= stand.taken[0] <= 60
    assert stand.messages[0].topic == POLLED_TOPIC
    assert stand.messages[0].origin is Origin.API
    stand.history.takes(3, now_us())
    wait_until(lambda: stand.taken[-3:] == [100, 101, 102])

    stand.link_is(LinkState.CONNECTED)
    wait_until(lambda: stand.status.back_at_us is not None)
    back = stand.status
    assert back.state is ApiState.IN_USE
    assert not back.needed
    assert back.back_at_us == pytest.approx(stand.link.since_us + 400_000, abs=100_000)
    stand.wait_for(ApiState.STANDBY)
    assert stand.status.back_at_us is None
    assert stand.status.readings == len(stand.messages)
    wait_until(lambda: stand.history.limits[-2:] == [1, 1])
    assert len(stand.taken) == len(set(stand.taken))


def test_what_is_posted_after_the_switch_back_is_read_for_a_while(stand_for: StandFor) -> None:
    """Those who send may find the broker again later than we do."""
    stand = stand_for(after_s=0.8)
    stand.link_is(LinkState.LOST)
    stand.source.start()
    stand.wait_for(ApiState.IN_USE)
    stand.link_is(LinkState.CONNECTED)
    stand.wait_for(ApiState.STANDBY)
    wait_until(lambda: stand.history.asked)
    stand.history.takes(2, now_us())
    stand.wait_for_rows(2)
    stand.history.takes(1, now_us())
    stand.wait_for_rows(3)
    wait_until(lambda: stand.history.limits[-2:] == [1, 1])
    assert stand.status.state is ApiState.STANDBY


def test_the_last_round_covers_the_switch_over(stand_for: StandFor) -> None:
    stand = stand_for(poll_s=60.0)
    stand.link_is(LinkState.LOST)
    stand.source.start()
    stand.wait_for(ApiState.IN_USE)
    wait_until(lambda: stand.history.asked)
    stand.history.takes(5, now_us())
    stand.link_is(LinkState.CONNECTED)
    stand.wait_for_rows(5)
    assert stand.status.state is ApiState.STANDBY


def test_a_last_round_that_fails_is_made_up_for(stand_for: StandFor) -> None:
    stand = stand_for(poll_s=60.0)
    stand.link_is(LinkState.LOST)
    stand.source.start()
    stand.wait_for(ApiState.IN_USE)
    wait_until(lambda: stand.history.asked)
    stand.history.takes(5, now_us())
    stand.history.fault = _failure("api.unreachable")
    stand.link_is(LinkState.CONNECTED)
    failed = stand.wait_for(ApiState.UNREACHABLE)
    assert not failed.needed
    assert stand.messages == []
    stand.history.fault = None
    stand.source.retry_now()
    stand.wait_for_rows(5)
    stand.wait_for(ApiState.STANDBY)


def test_always_in_use_without_a_broker(stand_for: StandFor) -> None:
    stand = stand_for(mode="api_only")
    stand.link = LinkStatus()
    stand.history.takes(10, now_us() - 5 * MINUTE_US)
    stand.source.start()
    stand.wait_for_rows(10)
    assert stand.status.needed
    assert stand.status.state is ApiState.IN_USE
    stand.link_is(LinkState.CONNECTED)
    time.sleep(0.6)
    assert stand.status.state is ApiState.IN_USE


def test_what_finds_no_room_is_not_forgotten(stand_for: StandFor) -> None:
    stand = stand_for(mode="api_only")
    stand.history.takes(60, now_us() - 60 * MINUTE_US)
    stand.newest_us = now_us() - 70 * MINUTE_US
    stand.room = 25
    stand.source.start()
    stand.wait_for_rows(25)
    time.sleep(0.2)
    assert stand.taken == list(range(25))
    stand.room = 10
    stand.wait_for_rows(35)
    stand.room = 100
    stand.wait_for_rows(60)
    assert stand.taken == list(range(60))


def test_a_rest_at_the_switch_back_is_not_forgotten(stand_for: StandFor) -> None:
    stand = stand_for()
    stand.link_is(LinkState.LOST)
    stand.history.takes(60, now_us() - 60 * MINUTE_US)
    stand.newest_us = now_us() - 70 * MINUTE_US
    stand.room = 25
    stand.source.start()
    stand.wait_for_rows(25)
    stand.link_is(LinkState.CONNECTED)
    stand.wait_for(ApiState.STANDBY)
    stand.room = 100
    stand.wait_for_rows(60)
    assert stand.taken == list(range(60))


def test_an_api_that_is_away_is_tried_again_and_said(stand_for: StandFor) -> None:
    stand = stand_for()
    stand.history.fault = _failure("api.unreachable")
    stand.source.start()
    failed = stand.wait_for(ApiState.UNREACHABLE)
    assert failed.problem is not None
    assert failed.problem.code == "api.unreachable"
    assert failed.checked_us is None
    assert not failed.needed
    assert failed.retry_at_us is not None
    assert 0 < failed.retry_at_us - failed.since_us <= 1_000_000
    stand.link_is(LinkState.LOST)
    wait_until(lambda: stand.status.needed)
    assert stand.status.state is ApiState.UNREACHABLE
    assert stand.status.problem is not None
    stand.history.fault = None
    answered = stand.wait_for(ApiState.IN_USE)
    assert answered.problem is None
    assert answered.retry_at_us is None


def test_takes_over_at_once_where_a_check_had_failed(stand_for: StandFor) -> None:
    stand = stand_for()
    stand.source.start()
    stand.wait_for(ApiState.STANDBY)
    stand.history.fault = _failure("api.lost", "stop")
    stand.wait_for(ApiState.REFUSED)
    stand.history.fault = None
    stand.link_is(LinkState.LOST)
    stand.wait_for(ApiState.IN_USE, 2.0)


def test_one_that_needs_a_person_is_asked_every_five_minutes(stand_for: StandFor) -> None:
    stand = stand_for(mode="api_only")
    stand.history.fault = _failure("api.auth", "stop")
    stand.source.start()
    refused = stand.wait_for(ApiState.REFUSED)
    assert refused.needed
    assert refused.retry_at_us == pytest.approx(now_us() + 300_000_000, abs=5_000_000)
    time.sleep(0.3)
    assert len(stand.history.asked) == 1
    stand.history.fault = None
    stand.source.retry_now()
    stand.wait_for(ApiState.IN_USE)


@pytest.mark.parametrize(("asked_s", "waits_s"), [(2.0, 2.0), (7200.0, 300.0)])
def test_a_server_that_asks_for_a_pause_gets_it(
    stand_for: StandFor, asked_s: float, waits_s: float
) -> None:
    stand = stand_for()
    stand.history.fault = _failure("api.busy", "retry", asked_s)
    stand.source.start()
    busy = stand.wait_for(ApiState.UNREACHABLE)
    assert busy.retry_at_us == pytest.approx(now_us() + waits_s * 1e6, abs=1_000_000)
    stand.link_is(LinkState.LOST)
    wait_until(lambda: stand.status.needed)
    time.sleep(0.3)
    assert len(stand.history.asked) == 1
    stand.history.fault = None
    stand.source.retry_now()
    stand.wait_for(ApiState.IN_USE)


def test_an_answer_that_cannot_be_understood_is_a_failure(stand_for: StandFor) -> None:
    stand = stand_for()
    stand.history.garbage = True
    stand.source.start()
    failed = stand.wait_for(ApiState.UNREACHABLE)
    assert failed.problem is not None
    assert failed.problem == Problem("api.not_json", {"host": "farm"})
    stand.history.garbage = False
    stand.source.retry_now()
    stand.wait_for(ApiState.STANDBY)


def test_a_fault_of_our_own_does_not_end_it(
    stand_for: StandFor, caplog: pytest.LogCaptureFixture
) -> None:
    stand = stand_for()
    stand.history.fault = ZeroDivisionError()
    stand.source.start()
    failed = stand.wait_for(ApiState.UNREACHABLE)
    assert failed.problem is not None
    assert failed.problem.params["detail"] == "ZeroDivisionError"
    assert stand.source.healthy()
    stand.history.fault = None
    stand.source.retry_now()
    stand.wait_for(ApiState.STANDBY)
    assert "ZeroDivisionError" in caplog.text


def test_a_page_that_is_too_large_is_read_as_far_as_it_goes(stand_for: StandFor) -> None:
    stand = stand_for(mode="api_only")
    stand.history.takes(1000, now_us() - 1000 * MINUTE_US)
    stand.newest_us = now_us() - 900 * MINUTE_US
    stand.history.most = 300
    stand.source.start()
    stand.wait_for_rows(20)
    assert stand.status.state is ApiState.IN_USE
    assert stand.taken == list(range(stand.taken[0], 1000))


def test_a_server_that_fails_midway_still_gives_what_it_gave(stand_for: StandFor) -> None:
    stand = stand_for(mode="api_only", poll_s=5.0)
    stand.history.takes(1000, now_us() - 1000 * MINUTE_US)
    stand.newest_us = now_us() - 900 * MINUTE_US
    answer = stand.history.history

    def fails_for_many(limit: int) -> bytes:
        if limit > 20:
            stand.history.fault = _failure("api.http")
        return answer(limit)

    stand.history.history = fails_for_many  # type: ignore[method-assign]  # a fault in the middle
    stand.source.start()
    stand.wait_for(ApiState.UNREACHABLE)
    stand.wait_for_rows(20)
    stand.history.history = answer  # type: ignore[method-assign]  # the fault is over
    stand.history.fault = None
    stand.source.retry_now()
    stand.wait_for_rows(900)
    assert len(stand.taken) == len(set(stand.taken))


def test_a_gap_that_could_not_be_read_is_read_once_it_can(stand_for: StandFor) -> None:
    times = SourceTimes(stable_s=0.4, check_s=0.1, look_s=0.02, deep_s=0.2, after_s=0.0)
    stand = stand_for(mode="api_only", times=times)
    stand.history.takes(1000, now_us() - 1000 * MINUTE_US)
    stand.newest_us = now_us() - 900 * MINUTE_US
    stand.history.most = 10
    stand.source.start()
    stand.wait_for(ApiState.UNREACHABLE)
    stand.history.most = 300
    stand.source.retry_now()
    stand.wait_for_rows(20)
    stand.history.most = 100_000
    stand.wait_for_rows(900)


def test_stops_in_the_middle_of_a_request(stand_for: StandFor) -> None:
    stand = stand_for()
    stand.history.hangs = True
    stand.source.start()
    wait_until(lambda: stand.history.asked)
    begin_s = time.monotonic()
    assert stand.source.stop(2.0)
    assert time.monotonic() - begin_s < 1.5
    assert stand.status.state is ApiState.OFF
    assert stand.status.problem is None
    assert stand.source.healthy()


def test_a_thread_that_hangs_is_not_healthy(
    stand_for: StandFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand = stand_for()
    monkeypatch.setattr(api_source, "_BEAT_LIMIT_S", 0.2)
    assert stand.source.healthy()
    stand.source.start()
    stand.wait_for(ApiState.STANDBY)
    time.sleep(0.3)
    assert stand.source.healthy()
    stand.history.hangs = True
    wait_until(lambda: not stand.source.healthy())


def test_many_turns_lose_nothing_and_double_nothing(stand_for: StandFor) -> None:
    times = SourceTimes(stable_s=0.05, check_s=0.05, look_s=0.01, after_s=0.0)
    stand = stand_for(keepalive_s=0.02, poll_s=0.02, times=times)
    stand.source.start()
    stand.wait_for(ApiState.STANDBY)
    for _ in range(20):
        stand.link_is(LinkState.LOST)
        for _row in range(3):
            stand.history.takes(1, now_us())
            time.sleep(0.02)
        stand.wait_for(ApiState.IN_USE)
        stand.link_is(LinkState.CONNECTED)
        stand.wait_for(ApiState.STANDBY)
    stand.wait_for_rows(60)
    assert sorted(stand.taken) == list(range(60))
