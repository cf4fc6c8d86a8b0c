"""Silent devices, faulty probes, and what is wrong with the program's own ways."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from harit_desktop.alerting.readings import as_sent
from harit_desktop.alerting.telling import QuietHours
from harit_desktop.domain.alert import AlertRule, RuleKind, Severity
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.quality import Change
from harit_desktop.domain.status import (
    LinkState,
    ServerState,
    ServerStatus,
    StoreState,
    StoreStatus,
)
from harit_desktop.runtime.alert_plan import left_out_by
from harit_desktop.settings.model import RoutingSettings
from tests.alerting.farm import Farm, event_at

SILENT = AlertRule(id="silent", kind=RuleKind.SILENT)
SYSTEM = AlertRule(id="system", kind=RuleKind.SYSTEM)
FAULTY = AlertRule(id="faulty", kind=RuleKind.STUCK)


def test_silent_for_three_of_its_own_intervals_and_the_delay() -> None:
    farm = Farm(SILENT)
    farm.hear("probe", interval_s=60.0)
    heard_us = farm.now_us
    farm.look()
    farm.wait(239)
    assert farm.active == []
    farm.wait(2)
    (alert,) = farm.active
    assert (alert.code, alert.publisher_id, alert.raised_us) == ("device.silent", "probe", heard_us)
    farm.hear("probe")
    farm.look(1)
    assert farm.active == []
    assert farm.said == [("device.silent", False), ("device.silent", True)]


def test_a_rule_of_its_own_says_how_long() -> None:
    farm = Farm(SILENT, replace(SILENT, id="own", publisher_id="slow", high=7200.0, on_delay_s=0))
    farm.hear("slow", interval_s=60.0)
    farm.look()
    farm.wait(7190, 10)
    assert farm.active == []
    farm.wait(20, 10)
    assert [one.rule_id for one in farm.active] == ["own"]


@pytest.mark.parametrize(("high", "patience_s"), [(None, 86_400), (600.0, 600)])
def test_a_device_whose_interval_is_not_known(high: float | None, patience_s: int) -> None:
    farm = Farm(replace(SILENT, high=high, on_delay_s=0))
    farm.hear("probe", interval_s=None)
    farm.wait(patience_s - 20, 20)
    assert farm.active == []
    farm.wait(60, 20)
    assert farm.codes == ["device.silent"]


def test_a_device_of_another_broker_is_not_silent_here() -> None:
    farm = Farm(SILENT)
    farm.hear("probe")
    farm.wait(300)
    farm.link(LinkState.CONNECTED, host="cloud")
    farm.look(1)
    assert (farm.active, farm.said) == ([], [("device.silent", False)]), "it ended without a word"
    farm.hear("other")
    farm.wait(300)
    assert [one.publisher_id for one in farm.active] == ["other"]
    farm.link(LinkState.CONNECTED, host="farm-hub")
    farm.wait(230)
    assert farm.active == [], "here it has its time again, and the other one is out of reach"
    farm.wait(30)
    assert [one.publisher_id for one in farm.active] == ["probe"]


def test_what_came_just_before_the_change_was_of_the_broker_before() -> None:
    farm = Farm(SILENT)
    farm.hear("probe")
    farm.look(1)
    farm.hear("probe")
    farm.now_us += US_PER_S // 2
    farm.link(LinkState.CONNECTED, host="cloud", since_us=farm.now_us)
    farm.wait(600)
    assert farm.active == []


def test_a_device_of_an_earlier_run_counts_wherever_it_was_heard() -> None:
    farm = Farm(SILENT)
    farm.hear("probe")
    farm.devices["probe"] = replace(farm.devices["probe"], stored_readings=0)
    farm.look(1)
    farm.link(LinkState.CONNECTED, host="cloud")
    farm.wait(300)
    assert farm.codes == ["device.silent"]


def test_a_device_that_is_left_out_is_not_silent() -> None:
    farm = Farm(SILENT)
    farm.hear("probe")
    farm.hear("other")
    farm.wait(300)
    rules = RoutingSettings(mode="allow", devices=("other",))
    farm.manager.use(
        [SILENT], {}, as_sent, QuietHours(), farm.now_us, left_out_by(rules, {"probe": "north"})
    )
    farm.look(1)
    assert [one.publisher_id for one in farm.active] == ["other"]
    rules = RoutingSettings(mode="allow", zones=("north",))
    farm.manager.use(
        [SILENT], {}, as_sent, QuietHours(), farm.now_us, left_out_by(rules, {"probe": "north"})
    )
    farm.wait(5)
    assert [one.publisher_id for one in farm.active] == ["probe"]


def test_nobody_is_to_blame_while_nobody_can_be_heard() -> None:
    farm = Farm(SILENT)
    farm.hear("probe")
    farm.look(1)
    farm.link(LinkState.LOST)
    farm.wait(3000, 10)
    assert farm.active == []
    farm.link(LinkState.CONNECTED)
    farm.wait(230)
    assert farm.active == [], "it has its time again"
    farm.wait(30)
    assert len(farm.active) == 1
    farm.link(LinkState.LOST)
    farm.wait(100)
    assert len(farm.active) == 1, "not heard is not back"


def test_a_computer_that_slept_blames_nobody() -> None:
    farm = Farm(SILENT, SYSTEM)
    for number in range(8):
        farm.hear(f"probe-{number}", interval_s=2.0)
    farm.look(1)
    farm.look(8 * 3600)
    farm.wait(60)
    assert farm.stored == {}
    farm.wait(60)
    assert len(farm.active) >= 8, "now they had their time"


def test_a_clock_that_was_set_back() -> None:
    farm = Farm(SILENT)
    farm.hear("probe", interval_s=60.0)
    farm.look(1)
    farm.look(-7200)
    farm.wait(200)
    assert farm.active == []
    farm.wait(60)
    assert len(farm.active) == 1


def test_a_device_of_long_ago_and_the_simulator_are_left_alone() -> None:
    farm = Farm(SILENT)
    farm.hear("old")
    farm.hear("demo", simulated=True)
    farm.now_us += 8 * 86_400 * US_PER_S
    farm.wait(600, 10)
    assert farm.stored == {}


def test_a_silent_device_that_is_forgotten_is_not_back() -> None:
    farm = Farm(SILENT)
    farm.hear("probe")
    farm.wait(300)
    assert len(farm.active) == 1
    del farm.devices["probe"]
    farm.wait(10)
    assert len(farm.active) == 1


def test_the_broker_is_away_for_a_minute_whatever_is_tried_meanwhile() -> None:
    farm = Farm(SYSTEM)
    farm.look()
    for _ in range(5):
        farm.link(LinkState.LOST)
        farm.wait(8)
        farm.link(LinkState.CONNECTING)
        farm.wait(3)
    assert farm.active == []
    farm.wait(8)
    (alert,) = farm.active
    assert (alert.code, alert.params["host"]) == ("system.broker", "farm-hub")
    farm.link(LinkState.CONNECTED)
    farm.look(1)
    assert farm.active == []


def test_an_alert_about_the_broker_says_why_whatever_is_tried_meanwhile() -> None:
    farm = Farm(SYSTEM)
    farm.link(LinkState.LOST, problem=Problem("broker.auth"))
    farm.wait(59)
    farm.link(LinkState.CONNECTING)
    farm.wait(5)
    (alert,) = farm.active
    assert alert.params["cause"] == "broker.auth"


def test_a_restart_while_the_broker_is_away_is_no_recovery() -> None:
    before = Farm(SYSTEM)
    before.link(LinkState.LOST)
    before.wait(70)
    farm = Farm(SYSTEM, before=before)
    farm.status = replace(farm.status, store=StoreStatus())
    farm.link(LinkState.OFF)
    farm.wait(3)
    farm.link(LinkState.CONNECTING)
    farm.wait(70)
    assert (len(farm.stored), farm.codes, farm.said) == (1, ["system.broker"], [])
    farm.link(LinkState.CONNECTED)
    farm.look(1)
    assert (farm.codes, farm.said) == ([], [("system.broker", True)])


def test_the_disk_the_store_the_spool_and_the_server() -> None:
    farm = Farm(SYSTEM)
    for code, expected in (
        ("store.full", "system.disk"),
        ("store.failed", "system.store"),
        ("store.spool_full", "system.spool"),
    ):
        store = StoreStatus(state=StoreState.DOWN, opened=True, problem=Problem(code))
        farm.status = replace(farm.status, store=store)
        farm.look(1)
        assert farm.codes == [expected]
        assert farm.active[0].severity is Severity.CRITICAL
    sound = StoreStatus(state=StoreState.OK, opened=True)
    farm.status = replace(farm.status, store=sound, problems=(Problem("store.spool_full"),))
    farm.look(1)
    assert farm.codes == ["system.spool"]
    farm.status = replace(farm.status, problems=(), server=ServerStatus(state=ServerState.LOST))
    farm.wait(62)
    assert farm.codes == ["system.server"]
    farm.status = replace(farm.status, server=ServerStatus(state=ServerState.READY))
    farm.look(1)
    assert farm.codes == []


def test_one_probe_with_a_wrong_clock_and_our_own() -> None:
    farm = Farm(SYSTEM)
    for _ in range(8):
        farm.hear("one", clock_suspect=True)
        farm.hear("two")
        farm.wait(10)
    assert [(one.code, one.publisher_id) for one in farm.active] == [("system.clock", "one")]
    for _ in range(8):
        farm.hear("one", at_us=farm.now_us + 3600 * US_PER_S)
        farm.hear("two", at_us=farm.now_us + 3600 * US_PER_S)
        farm.wait(10)
    assert ("system.clock", "") in [(one.code, one.publisher_id) for one in farm.active]
    for _ in range(3):
        farm.hear("one")
        farm.hear("two")
        farm.look(1)
    assert farm.active == []


def test_a_fault_must_last() -> None:
    farm = Farm(FAULTY)
    farm.manager.take_quality([event_at(farm.now_us, "range")])
    farm.wait(30)
    farm.manager.take_quality([event_at(farm.now_us, "range", Change.CLEARED)])
    farm.wait(120)
    assert farm.stored == {}
    farm.manager.take_quality([event_at(farm.now_us)])
    farm.wait(62)
    (alert,) = farm.active
    assert (alert.code, alert.channel, alert.value) == ("frozen.code", "Moisture", None)


def test_a_fault_that_comes_back_at_once_goes_on() -> None:
    farm = Farm(FAULTY)
    farm.manager.take_quality([event_at(farm.now_us)])
    farm.wait(62)
    farm.manager.take_quality([event_at(farm.now_us, change=Change.CLEARED)])
    farm.wait(200)
    farm.manager.take_quality([event_at(farm.now_us, change=Change.AGAIN)])
    farm.wait(400)
    assert len(farm.active) == 1
    farm.manager.take_quality([event_at(farm.now_us, change=Change.CLEARED, flag=Flag.PASS)])
    farm.wait(301)
    assert farm.active == []
    assert [change.value for change in farm.changes(1)] == ["raised", "ended"]


def test_one_alert_for_all_channels_of_a_fault() -> None:
    farm = Farm(FAULTY, AlertRule(id="hour", kind=RuleKind.UNUSUAL))
    channels = ("N", "P", "K", "Moisture")
    farm.manager.take_quality([event_at(farm.now_us, channels=channels)])
    unusual = event_at(farm.now_us, "unusual", channels=("pH",), flag=Flag.PASS)
    farm.manager.take_quality([unusual, event_at(farm.now_us, "spike")])
    farm.wait(62)
    assert [(one.rule_id, one.channel) for one in farm.active] == [("faulty", ""), ("hour", "pH")]
    assert farm.active[0].params["channels"] == "N,P,K,Moisture"


def test_a_fault_of_an_earlier_run() -> None:
    before = Farm(FAULTY)
    before.manager.take_quality([event_at(before.now_us), event_at(before.now_us, "drift")])
    before.wait(62)
    farm = Farm(FAULTY, before=before)
    farm.manager.end_faults({("probe", "frozen")}, farm.now_us)
    farm.look(1)
    assert farm.codes == ["frozen.code"]
    farm.manager.take_quality([event_at(farm.now_us, change=Change.CLEARED)])
    farm.wait(302)
    assert farm.active == []
    farm = Farm(FAULTY, before=before)
    farm.use(replace(FAULTY, publisher_id="other"))
    assert farm.active == []
