"""The alerts' worker with a real store: what it stores, shows and survives."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from harit_desktop.domain.alert import Alert, AlertChange, AlertState, AlertTransition
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.reading import Source
from harit_desktop.domain.status import EngineStatus
from harit_desktop.runtime import alert_feed
from harit_desktop.runtime.alert_feed import AlertFeed
from harit_desktop.runtime.alert_keeper import AlertKeeper
from harit_desktop.runtime.alert_plan import AlertPlan, alarm_limits, plan_of, send_test
from harit_desktop.runtime.alert_sender import AlertSender
from harit_desktop.settings.model import AlertSettings
from harit_desktop.storage.alert_store import AlertStore
from harit_desktop.storage.journal import SqliteJournal
from tests.alerting.farm import CONNECTED, LIMITS, MOISTURE, event_at, reading_at
from tests.alerting.mail_server import MailBox, mail_server

MINUTE_US = 60_000_000
PLAN = AlertPlan(rules=(MOISTURE,), limits=LIMITS, person="Asha")


def now_us() -> int:
    return time.time_ns() // 1000


def dry(publisher_id: str = "probe") -> list[Any]:
    """The last ten minutes of a dry field."""
    end_us = now_us()
    return [reading_at(end_us - n * MINUTE_US, publisher_id, Moisture=15.0) for n in range(10)]


def until(condition: Callable[[], object], seconds: float = 8.0) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.02)


class Bench:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = AlertStore(path)
        self.status = CONNECTED
        self.devices: list[DeviceState] = []
        self.keepers: list[AlertKeeper] = []

    def keeper(self, plan: AlertPlan = PLAN, store: Any = None) -> AlertKeeper:
        keeper = AlertKeeper(
            store or self.store,
            now_us,
            lambda: self.status,
            lambda: self.devices,
            AlertSender(now_us),
        )
        self.keepers.append(keeper)
        keeper.use(plan)
        keeper.start()
        return keeper


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    path = tmp_path / "data" / "harit.db"
    journal = SqliteJournal(path, now_us)
    journal.open()
    bench = Bench(path)
    yield bench
    for keeper in bench.keepers:
        assert keeper.stop(5)
    journal.close()


def test_from_a_reading_to_the_board_and_the_store(bench: Bench) -> None:
    keeper = bench.keeper()
    keeper.offer(dry())
    until(lambda: keeper.board.telling)
    until(bench.store.read)
    (alert,) = bench.store.read()
    assert keeper.board.alerts == (alert,)
    version = keeper.board.version
    keeper.acknowledge([alert.id], "pump is off")
    until(lambda: bench.store.read(AlertState.ACTIVE_ACKNOWLEDGED))
    until(lambda: keeper.board.telling is None)
    assert keeper.board.version > version
    keeper.note(alert.id, "on again")
    until(lambda: bench.store.read(text="again"))
    lines = bench.store.read_log(alert.id)
    assert [(line.change, line.person) for line in lines] == [
        (AlertChange.RAISED, ""),
        (AlertChange.ACKNOWLEDGED, "Asha"),
        (AlertChange.NOTED, "Asha"),
    ]


def test_nothing_new_is_the_same_board(bench: Bench) -> None:
    keeper = bench.keeper()
    keeper.offer(dry())
    until(lambda: keeper.board.telling)
    keeper.mute(1, 1.5 / 60)
    until(lambda: keeper.board.telling is None)
    until(lambda: keeper.board.telling)
    time.sleep(1.2)
    board = keeper.board
    time.sleep(1.2)
    assert keeper.board is board


def test_the_next_run_goes_on(bench: Bench) -> None:
    first = bench.keeper()
    first.offer(dry())
    until(lambda: first.board.telling)
    first.mute(1, 60)
    until(lambda: first.board.telling is None)
    assert first.stop(5)
    second = bench.keeper()
    until(lambda: second.board.alerts)
    assert [one.id for one in second.board.alerts] == [1]
    assert second.board.telling is None
    second.offer(dry("other"))
    until(lambda: len(bench.store.read()) == 2)
    assert [one.id for one in bench.store.read()] == [2, 1]
    second.mute(1, 0)
    until(lambda: second.board.telling)


def test_an_old_alert_that_is_in_the_store_alone(bench: Bench) -> None:
    old = Alert(
        3, "moisture", MOISTURE.kind, MOISTURE.severity, "probe", "Moisture", "value.low", {},
        15.0, 20.0, 15.0, raised_us=1, ended_us=2, seen_us=3,
    )  # fmt: skip
    bench.store.save([old], [])
    keeper = bench.keeper()
    keeper.note(3, "it was the valve")
    until(lambda: bench.store.read(text="valve"))
    keeper.see([3])
    time.sleep(0.2)
    keeper.offer(dry())
    until(lambda: keeper.board.alerts)
    assert [one.id for one in keeper.board.alerts] == [4]


def test_a_store_that_fails_keeps_nobody_from_seeing(bench: Bench) -> None:
    keeper = bench.keeper()
    until(lambda: keeper._manager)
    with closing(sqlite3.connect(bench.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE").close()
        keeper.offer(dry())
        until(lambda: keeper.board.telling)
        until(lambda: any(keeper.problems))
        (problem,) = [one for one in keeper.problems if one is not None]
        assert (problem.code, problem.params["cause"]) == ("alerts.not_stored", "store.locked")
        other.execute("ROLLBACK").close()
    until(bench.store.read)
    until(lambda: not any(keeper.problems))


def test_alerts_begin_without_the_store(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        saved: Sequence[Alert] = ()

        def load_open(self, now_us: int) -> Any:
            raise KnownError("store.failed")

        def find(self, ids: Sequence[int]) -> Sequence[Alert]:
            raise KnownError("store.failed")

        def save(self, alerts: Sequence[Alert], lines: Sequence[AlertTransition]) -> None:
            self.saved = list(alerts)

    monkeypatch.setattr("harit_desktop.runtime.alert_keeper.LOAD_PATIENCE_US", 500_000)
    broken = Broken()
    keeper = bench.keeper(store=broken)
    keeper.offer(dry())
    until(lambda: broken.saved)
    assert broken.saved[0].id > 1_700_000_000_000


def test_the_end_stores_what_is_left(bench: Bench) -> None:
    keeper = bench.keeper()
    until(lambda: keeper._manager)
    keeper.offer(dry())
    assert keeper.stop(5)
    assert len(bench.store.read()) == 1


def test_the_file_is_let_go_and_read_anew(bench: Bench) -> None:
    keeper = bench.keeper()
    keeper.offer(dry())
    until(bench.store.read)
    assert keeper.suspend(5)
    with closing(sqlite3.connect(bench.path, isolation_level=None)) as other:
        other.execute("DELETE FROM alerts").close()
        other.execute("DELETE FROM alert_log").close()
    keeper.resume()
    until(lambda: keeper.board.alerts == ())
    keeper.offer(dry("other"))
    until(lambda: keeper.board.alerts)
    assert [one.id for one in keeper.board.alerts] == [1]


def test_other_rules_are_used_from_the_next_second_on(bench: Bench) -> None:
    keeper = bench.keeper()
    keeper.offer(dry())
    until(lambda: keeper.board.telling)
    keeper.use(AlertPlan(rules=(), limits=LIMITS))
    until(lambda: keeper.board.telling is None)
    until(lambda: bench.store.read(AlertState.ENDED_NEW))


def test_a_crash_does_not_end_it(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    crashes = threading.Event()
    sound = bench.status

    class Status:
        def __get__(self, *_: object) -> EngineStatus:
            if not crashes.is_set():
                crashes.set()
                raise RuntimeError("a bug")
            return sound

    keeper = AlertKeeper(bench.store, now_us, lambda: Status().__get__(), list, AlertSender(now_us))
    bench.keepers.append(keeper)
    keeper.use(PLAN)
    keeper.start()
    until(crashes.is_set)
    keeper.offer(dry())
    until(lambda: keeper.board.telling)
    assert "worker alerts crashed" in caplog.text


def test_an_e_mail_goes_out_at_the_end_at_the_latest(bench: Bench) -> None:
    with mail_server(MailBox()) as box:
        settings = AlertSettings(
            rules=(MOISTURE,),
            email_to="asha@farm.example",
            email_from="harit@farm.example",
            smtp_host="127.0.0.1",
            smtp_port=box.port,
            smtp_tls="none",
        )
        limits = {"Moisture": (40.0, 60.0, 20.0, 80.0)}
        keeper = bench.keeper(plan_of(settings, limits))
        keeper.offer(dry())
        until(lambda: keeper.board.telling)
        assert box.messages == []
        assert keeper.stop(5)
        (message,) = box.messages
    assert message["Subject"] == "Harit: probe: Moisture is too low"


def test_a_test_message_is_sent_as_unsaved_settings_say() -> None:
    with mail_server(MailBox(users={"harit": "secret"})) as box:
        settings = AlertSettings(
            email_to="asha@farm.example",
            email_from="harit@farm.example",
            smtp_host="127.0.0.1",
            smtp_port=box.port,
            smtp_user="harit",
            smtp_tls="none",
        )
        send_test("email", settings, "secret", now_us)
        assert len(box.messages) == 1
        with pytest.raises(KnownError, match=r"alerts\.email_login"):
            send_test("email", settings, "wrong", now_us)
    with pytest.raises(KnownError, match=r"alerts\.webhook_not_set"):
        send_test("webhook", settings, "", now_us)


def test_what_a_profile_does_not_judge_has_no_limits() -> None:
    found = alarm_limits({"CO2": (1.0, 2.0, float("-inf"), 4000.0), "N": (1.0, 2.0, 0.5, 3.0)})
    assert found == {"CO2": (None, 4000.0), "N": (0.5, 3.0)}


def test_the_feed_thins_and_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = AlertFeed()
    fast = [reading_at(1_000_000 + n * 100_000) for n in range(30)]
    demo = reading_at(9_000_000, source=Source.SIMULATOR)
    feed.offer([*fast, demo], [event_at(1)])
    items, events = feed.take()
    assert [one.reading.timestamp_us // 1_000_000 for one in items] == [1, 2, 3]
    assert len(events) == 1
    assert feed.take() == ([], [])
    monkeypatch.setattr(alert_feed, "MOST_READINGS", 10)
    feed.offer([reading_at(n * 1_000_000) for n in range(50, 75)])
    items, _ = feed.take()
    assert (len(items), feed.dropped) == (10, 15)
    assert items[-1].reading.timestamp_us == 74_000_000
