"""The recorder by clocks that a test sets: sleeps, jumps, troubles, ends, and a busy store."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.gaps import RecordingKind, RecordingSpan
from harit_desktop.domain.status import ApiState, ApiStatus, LinkState, LinkStatus
from harit_desktop.runtime import recorder as recorder_module
from harit_desktop.runtime.recorder import EARLIEST_US, Recorder, trouble_of
from harit_desktop.runtime.sleep_clock import Elapsed, elapsed
from tests.servers import wait_until

START_US = 1_764_000_000_000_000
K = RecordingKind


class Desk:
    """A recorder with its clocks, its source and its log."""

    def __init__(self) -> None:
        self.now_us = START_US
        self.awake_s, self.asleep_s = 1000.0, 50.0
        self.trouble: RecordingKind | None = None
        self.opened = True
        self.refusing = False
        self.writes = 0
        self.rows: dict[int, RecordingSpan] = {}
        self.recorder = Recorder(
            self,
            lambda: self.trouble,
            lambda: self.opened,
            lambda: self.now_us,
            lambda: Elapsed(self.awake_s, self.asleep_s),
        )

    def keep(self, spans: Iterable[RecordingSpan]) -> list[RecordingSpan]:
        self.writes += 1
        if self.refusing:
            raise KnownError("store.locked", path="x", reason="y")
        kept = [replace(span, id=span.id or len(self.rows) + n) for n, span in enumerate(spans, 1)]
        self.rows |= {span.id: span for span in kept}
        return kept

    def run(self, seconds: int) -> None:
        """So many seconds of an ordinary day, a tick in each."""
        for _ in range(seconds):
            self.pass_by(1)
            self.recorder.tick()

    def pass_by(self, awake_s: float, asleep_s: float = 0.0) -> None:
        self.awake_s += awake_s
        self.asleep_s += asleep_s
        self.now_us += int((awake_s + asleep_s) * 1e6)

    @property
    def log(self) -> list[tuple[str, float, float]]:
        """Kind, from and until in seconds after the start, in the order of time."""
        found = [
            (s.kind.value, (s.from_us - START_US) / 1e6, (s.until_us - START_US) / 1e6)
            for s in self.rows.values()
        ]
        return sorted(found, key=lambda row: (row[1], row[2]))


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.recorder.tick()
    return made


def test_a_run_is_written_at_once_each_minute_and_at_the_end(desk: Desk) -> None:
    assert desk.log == [("run", 0, 0)]
    desk.run(59)
    assert (desk.log, desk.writes) == ([("run", 0, 0)], 1)
    desk.run(70)
    assert (desk.log, desk.writes) == ([("run", 0, 120)], 3)
    desk.recorder.finish()
    assert desk.log == [("run", 0, 129)]


@pytest.mark.parametrize("kind", [K.BROKER_DOWN, K.API_DOWN, K.DISCONNECTED])
def test_a_trouble_is_written_when_it_begins_and_when_it_ends(
    desk: Desk, kind: RecordingKind
) -> None:
    desk.run(20)
    desk.trouble = kind
    desk.run(9)
    assert [row[0] for row in desk.log] == ["run"]
    desk.run(2)
    assert desk.log == [("run", 0, 31), (kind.value, 21, 31)]
    desk.run(30)
    desk.trouble = None
    desk.run(1)
    # It ended between two looks; at the earlier one it was still there.
    assert desk.log == [("run", 0, 62), (kind.value, 21, 61)]
    assert desk.writes == 3
    desk.run(600)
    assert desk.log[1] == (kind.value, 21, 61)


def test_what_is_over_within_seconds_is_no_trouble(desk: Desk) -> None:
    for _ in range(20):
        desk.trouble = K.BROKER_DOWN
        desk.run(9)
        desk.trouble = None
        desk.run(1)
    desk.recorder.finish()
    assert desk.log == [("run", 0, 200)]
    assert desk.writes <= 5


def test_one_trouble_follows_on_another(desk: Desk) -> None:
    desk.trouble = K.BROKER_DOWN
    desk.run(100)
    desk.trouble = K.DISCONNECTED
    desk.run(50)
    desk.recorder.finish()
    assert desk.log[1:] == [("broker_down", 1, 100), ("disconnected", 101, 150)]


def test_a_sleep_is_noted_when_it_is_over(desk: Desk) -> None:
    desk.run(30)
    desk.pass_by(0.5, 8 * 3600)
    desk.run(1)
    wake_s = 30 + 8 * 3600 + 1.5
    assert desk.log == [("run", 0, wake_s), ("asleep", 31.5, wake_s)]
    desk.run(120)
    assert [row[0] for row in desk.log] == ["run", "asleep"]


@pytest.mark.parametrize("jump_s", [3600, -3600])
def test_a_clock_that_is_set_is_no_sleep(desk: Desk, jump_s: int) -> None:
    desk.run(30)
    desk.now_us += jump_s * 1_000_000
    desk.run(30)
    desk.recorder.finish()
    runs = sorted(row[1:] for row in desk.log if row[0] == "run")
    assert runs == sorted([(0, 30), (31 + jump_s, 60 + jump_s)])
    bridged = [row for row in desk.log if row[0] != "run"]
    assert bridged == ([("clock_set", 30, 31 + jump_s)] if jump_s > 0 else [])


def test_a_clock_that_is_set_while_the_computer_sleeps(desk: Desk) -> None:
    desk.run(30)
    desk.pass_by(0, 600)
    desk.now_us -= 7_200_000_000
    desk.run(5)
    desk.recorder.finish()
    wake_s = 631 - 7200
    assert ("asleep", wake_s - 600, wake_s) in desk.log
    assert ("run", wake_s, wake_s + 4) in desk.log


def test_years_are_not_bridged(desk: Desk) -> None:
    desk.run(5)
    desk.now_us += 400 * 86_400 * 1_000_000
    desk.run(5)
    assert {row[0] for row in desk.log} == {"run"}


def test_a_clock_that_was_never_set_is_not_believed() -> None:
    desk = Desk()
    desk.now_us = 60_000_000
    desk.run(30)
    assert desk.log == []
    desk.now_us = EARLIEST_US + 5
    desk.run(2)
    assert [row[0] for row in desk.log] == ["run"]


def test_a_process_that_stood_still_did_not_run(desk: Desk) -> None:
    desk.run(60)
    desk.pass_by(3600)
    desk.run(60)
    desk.recorder.finish()
    assert desk.log == [("run", 0, 60), ("run", 3661, 3720)]


def test_what_could_not_be_written_is_written_later(desk: Desk) -> None:
    desk.refusing = True
    desk.run(20)
    desk.trouble = K.BROKER_DOWN
    desk.run(60)
    desk.trouble = None
    desk.run(100)
    assert desk.log == [("run", 0, 0)]
    assert desk.writes < 25, "a locked store must not be asked every second"
    desk.refusing = False
    desk.run(15)
    assert desk.log[1] == ("broker_down", 21, 80)
    assert desk.log[0][2] >= 180


def test_nothing_is_written_while_the_store_is_closed_or_replaced() -> None:
    desk = Desk()
    desk.opened = False
    desk.run(100)
    assert desk.writes == 0
    desk.opened = True
    desk.run(1)
    assert desk.log == [("run", 1, 101)]
    with desk.recorder.paused():
        desk.trouble = K.BROKER_DOWN
        desk.run(100)
    assert desk.writes == 1
    desk.run(1)
    assert desk.log == [("run", 1, 202), ("broker_down", 102, 202)]


def test_what_waits_is_bounded(desk: Desk) -> None:
    desk.refusing = True
    for _ in range(400):
        desk.trouble = K.BROKER_DOWN
        desk.run(12)
        desk.trouble = None
        desk.run(1)
    desk.refusing = False
    desk.run(15)
    assert len(desk.rows) <= recorder_module.MAX_WAITING + 1
    assert desk.log[0][:2] == ("run", 0)


def test_its_thread_ends_with_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "TICK_S", 0.01)
    desk = Desk()
    desk.recorder.start()
    wait_until(lambda: desk.rows, 5)
    desk.pass_by(7)
    assert desk.recorder.stop(5)
    assert desk.log == [("run", 0, 7)]
    assert desk.recorder.problem is None


def test_a_fault_in_its_own_thread_is_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "TICK_S", 0.01)
    desk = Desk()
    asked = threading.Event()

    def trouble() -> RecordingKind | None:
        if not asked.is_set():
            asked.set()
            raise RuntimeError("first time")
        return None

    desk.recorder._trouble = trouble
    desk.recorder.start()
    wait_until(lambda: desk.rows, 5)
    assert desk.recorder.stop(5)


@pytest.mark.parametrize(
    ("link", "api", "wanted", "expected"),
    [
        (LinkState.CONNECTED, ApiState.OFF, True, None),
        (LinkState.CONNECTING, ApiState.OFF, True, K.BROKER_DOWN),
        (LinkState.LOST, ApiState.IN_USE, True, K.BROKER_DOWN),
        (LinkState.REFUSED, ApiState.OFF, True, K.BROKER_DOWN),
        (LinkState.OFF, ApiState.OFF, False, K.DISCONNECTED),
        (LinkState.OFF, ApiState.IN_USE, True, None),
        (LinkState.OFF, ApiState.UNREACHABLE, True, K.API_DOWN),
        (LinkState.OFF, ApiState.REFUSED, True, K.API_DOWN),
    ],
)
def test_what_the_source_says(
    link: LinkState, api: ApiState, wanted: bool, expected: RecordingKind | None
) -> None:
    assert trouble_of(LinkStatus(state=link), ApiStatus(state=api), wanted=wanted) is expected


def test_the_systems_clocks_move_on() -> None:
    first = elapsed()
    time.sleep(0.02)
    second = elapsed()
    assert second.awake_s > first.awake_s
    assert abs(second.asleep_s - first.asleep_s) < 1
    assert first.asleep_s > -1
