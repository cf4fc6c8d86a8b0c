"""Who is told of what: acknowledging, muting, quiet hours, floods, backlogs, restarts."""

from __future__ import annotations

from datetime import datetime

import pytest
from msgspec.structs import replace

from harit_desktop.alerting.telling import QuietHours
from harit_desktop.domain.alert import AlertRule, AlertState, RuleKind, Severity
from harit_desktop.domain.clock import US_PER_S
from tests.alerting.farm import MOISTURE, NOON_US, Farm, reading_at

HOUR_US = 3600 * US_PER_S
CRITICAL = replace(MOISTURE, severity=Severity.CRITICAL)
SILENT = AlertRule(id="silent", kind=RuleKind.SILENT)


def clock_text(now_us: int, hours: float) -> str:
    """The local time that is so many hours from now."""
    instant = datetime.fromtimestamp(now_us / US_PER_S + hours * 3600).astimezone()
    return instant.strftime("%H:%M")


def dry(farm: Farm, publisher_id: str = "probe", value: float = 15.0) -> int:
    farm.report(publisher_id, minutes=3, Moisture=value)
    return next(one.id for one in farm.active if one.publisher_id == publisher_id)


def well(farm: Farm, publisher_id: str = "probe") -> None:
    farm.report(publisher_id, minutes=7)


def test_the_four_states() -> None:
    farm = Farm(MOISTURE)
    alert_id = dry(farm)
    assert farm.stored[alert_id].state is AlertState.ACTIVE_NEW
    banner = farm.banner()
    assert banner is not None
    assert banner.id == alert_id
    farm.manager.desk.acknowledge([alert_id], "Asha", farm.now_us, "pump is off")
    farm.look()
    assert farm.banner() is None
    alert = farm.stored[alert_id]
    assert (alert.state, alert.note) == (AlertState.ACTIVE_ACKNOWLEDGED, "pump is off")
    well(farm)
    assert farm.stored[alert_id].state is AlertState.ENDED
    assert farm.manager.board(farm.now_us).alerts == ()
    second = dry(farm)
    well(farm)
    assert farm.stored[second].state is AlertState.ENDED_NEW
    farm.manager.desk.see([second], "Asha", farm.now_us)
    farm.look()
    assert farm.stored[second].state is AlertState.ENDED
    assert [change.value for change in farm.changes(alert_id)] == [
        "raised",
        "acknowledged",
        "ended",
    ]
    assert [person for one, _, person in farm.log if one == second] == ["", "", "Asha"]


def test_the_worst_and_newest_is_in_the_banner() -> None:
    farm = Farm(MOISTURE, AlertRule(id="ph", channel="pH", severity=Severity.CRITICAL))
    farm.report(minutes=4, pH=4.0)
    dry(farm, "other")
    shown = farm.manager.board(farm.now_us)
    assert shown.telling is not None
    assert shown.telling.rule_id == "ph"
    assert [one.rule_id for one in shown.alerts] == ["ph", "moisture"]


def test_a_mute_holds_for_rule_and_device_also_for_the_next_alert() -> None:
    farm = Farm(MOISTURE)
    muted = dry(farm)
    farm.manager.desk.mute(muted, farm.now_us + HOUR_US, "Asha", farm.now_us)
    assert farm.banner() is None
    well(farm)
    farm.manager.desk.see([muted], "Asha", farm.now_us)
    second = dry(farm)
    assert farm.stored[second].muted_until_us == farm.stored[muted].muted_until_us
    dry(farm, "other")
    assert [(one.alert.id, one.ended) for one in farm.told] == [(muted, False), (3, False)]
    again = Farm(MOISTURE, before=farm)
    again.wait(30)
    assert again.told == []
    for _ in range(60):
        again.report(Moisture=15.0)
    assert [one.alert.id for one in again.told] == [second], "it still goes on, so it is told"


def test_a_mute_is_taken_back() -> None:
    farm = Farm(MOISTURE)
    alert_id = dry(farm)
    farm.manager.desk.mute(alert_id, farm.now_us + HOUR_US, "", farm.now_us)
    farm.manager.desk.mute(alert_id, farm.now_us, "", farm.now_us)
    assert farm.banner() is not None
    well(farm)
    assert farm.said == [("value.low", False), ("value.low", True)]


def test_quiet_hours_hold_warnings_back_until_morning() -> None:
    farm = Farm(MOISTURE, AlertRule(id="ph", channel="pH", severity=Severity.CRITICAL))
    quiet = QuietHours(clock_text(farm.now_us, -1), clock_text(farm.now_us, 1))
    farm.use(MOISTURE, AlertRule(id="ph", channel="pH", severity=Severity.CRITICAL), quiet=quiet)
    farm.report(minutes=3, Moisture=15.0, pH=4.0)
    assert [one.alert.rule_id for one in farm.told] == ["ph"]
    farm.report(minutes=58, Moisture=15.0, pH=4.0)
    assert [one.alert.rule_id for one in farm.told] == ["ph", "moisture"]


def test_what_came_and_went_in_the_quiet_hours_is_not_told() -> None:
    farm = Farm(MOISTURE)
    farm.use(MOISTURE, quiet=QuietHours(clock_text(farm.now_us, -1), clock_text(farm.now_us, 1)))
    dry(farm)
    well(farm)
    farm.wait(3700, 10)
    assert farm.told == []
    assert [one.state for one in farm.stored.values()] == [AlertState.ENDED_NEW]


@pytest.mark.parametrize(("begin", "end"), [("", ""), ("22:00", "22:00"), ("x", "07:00")])
def test_no_quiet_hours(begin: str, end: str) -> None:
    assert not any(QuietHours(begin, end).holds(NOON_US + n * HOUR_US) for n in range(24))


def test_quiet_over_midnight() -> None:
    holds = [QuietHours("22:00", "07:00").holds(NOON_US + n * HOUR_US) for n in range(24)]
    assert sum(holds) == 9


def test_a_flood_is_stored_one_by_one_and_told_as_one() -> None:
    farm = Farm(SILENT)
    farm.look()
    for number in range(14):
        farm.hear(f"probe-{number:02}")
    farm.wait(300)
    assert len(farm.stored) == 15
    (told,) = farm.told
    assert (told.alert.code, told.alert.flood) == ("many", 14)
    banner = farm.banner()
    assert banner is not None
    assert banner.code == "many"
    for number in range(14):
        farm.hear(f"probe-{number:02}", interval_s=3600.0)
    farm.look(1)
    assert len(farm.told) == 1, "no word for each that is over"
    farm.wait(700, 10)
    assert farm.active == []
    assert len(farm.told) == 1


def test_acknowledging_a_flood_acknowledges_what_it_stands_for() -> None:
    farm = Farm(SILENT)
    farm.look()
    for number in range(14):
        farm.hear(f"probe-{number:02}")
    farm.wait(300)
    flood = farm.told[0].alert.id
    farm.manager.desk.acknowledge([flood, farm.active[0].id], "Asha", farm.now_us)
    farm.wait(1000, 10)
    assert {one.state for one in farm.active} == {AlertState.ACTIVE_ACKNOWLEDGED}
    assert farm.banner() is None
    changes = [change.value for change in farm.changes(farm.active[0].id)]
    assert changes == ["raised", "acknowledged"]


def test_ten_in_ten_minutes_are_told_and_then_no_more() -> None:
    farm = Farm(SILENT)
    farm.look()
    for number in range(16):
        farm.hear(f"probe-{number:02}", interval_s=60.0 + number * 5)
    farm.wait(500)
    alone = [one for one in farm.told if one.alert.code == "device.silent"]
    floods = [one for one in farm.told if one.alert.code == "many"]
    assert (len(alone), len(floods)) == (10, 1)
    assert max(one.flood for one in farm.stored.values()) == 6


def test_a_flood_that_turns_critical_is_told_again() -> None:
    farm = Farm(SILENT, CRITICAL)
    farm.look()
    for number in range(14):
        farm.hear(f"probe-{number:02}", interval_s=60.0)
    farm.wait(300)
    dry(farm, "field")
    assert [one.alert.severity for one in farm.told] == [Severity.WARNING, Severity.CRITICAL]


def test_a_backlog_is_told_as_one_when_all_of_it_is_over() -> None:
    farm = Farm(MOISTURE)
    begin_us = farm.now_us - 8 * HOUR_US
    items = []
    for device in ("a", "b", "c"):
        for minute in range(8 * 60):
            at_us = begin_us + minute * 60 * US_PER_S
            bad = 60 <= minute < 120 or 200 <= minute < 230
            items.append(reading_at(at_us, device, Moisture=15.0 if bad else 50.0))
    farm.feed(*items[:700])
    farm.feed(*items[700:])
    assert farm.told == [], "who knows what still comes"
    farm.wait(11)
    ended = [one for one in farm.stored.values() if one.publisher_id]
    assert len(ended) == 6
    assert {one.state for one in ended} == {AlertState.ENDED_NEW}
    assert ended[0].raised_us == begin_us + 60 * 60 * US_PER_S
    (told,) = farm.told
    assert (told.alert.code, told.alert.flood, told.ended) == ("past", 6, True)
    assert farm.active == []


def test_what_a_backlog_ends_with_is_told_by_itself() -> None:
    farm = Farm(MOISTURE)
    begin_us = farm.now_us - 2 * HOUR_US
    farm.feed(*(reading_at(begin_us + n * 60 * US_PER_S, Moisture=15.0) for n in range(120)))
    farm.wait(11)
    assert farm.said == [("value.low", False)]
    assert farm.active[0].raised_us == begin_us


def test_late_readings_behind_newer_ones_tell_of_the_past() -> None:
    farm = Farm(MOISTURE)
    farm.report(minutes=2)
    begin_us = farm.now_us - 3 * HOUR_US
    late = [reading_at(begin_us + n * 60 * US_PER_S, Moisture=15.0) for n in range(30)]
    farm.feed(*reversed(late))
    farm.wait(12)
    (alert,) = farm.stored.values()
    assert (alert.raised_us, alert.ended_us) == (begin_us, begin_us + 29 * 60 * US_PER_S)
    assert farm.said == [("value.low", True)]
    farm.feed(*late)
    farm.wait(12)
    assert len(farm.stored) == 1, "the same again is the same alert"


def test_a_probe_whose_clock_is_behind_holds_nobody_up() -> None:
    farm = Farm(MOISTURE)
    for _ in range(100):
        farm.now_us += 5 * US_PER_S
        farm.feed(reading_at(farm.now_us - HOUR_US, Moisture=15.0))
    assert farm.said == [("value.low", False)]


def test_a_restart_tells_nothing_again() -> None:
    before = Farm(MOISTURE)
    alert_id = dry(before)
    farm = Farm(MOISTURE, before=before)
    farm.report(minutes=5, Moisture=15.0)
    assert (farm.told, list(farm.stored)) == ([], [alert_id])
    assert farm.banner() is not None
    well(farm)
    assert farm.said == [("value.low", True)]


def test_an_alert_that_waited_is_told_after_a_restart() -> None:
    before = Farm(MOISTURE)
    quiet = QuietHours(clock_text(before.now_us, -1), clock_text(before.now_us, 1))
    before.use(MOISTURE, quiet=quiet)
    dry(before)
    assert before.told == []
    farm = Farm(MOISTURE, before=before)
    farm.look(1)
    assert farm.said == [("value.low", False)]


def test_an_alert_of_the_store_alone_is_known_again() -> None:
    farm = Farm(MOISTURE)
    alert_id = dry(farm)
    well(farm)
    farm.manager.desk.see([alert_id], "", farm.now_us)
    farm.look()
    assert farm.manager.desk.missing([alert_id, 99]) == [alert_id, 99]
    farm.manager.desk.take_back([farm.stored[alert_id]])
    farm.manager.desk.add_note(alert_id, "it was the valve", "Asha", farm.now_us)
    farm.look()
    assert farm.stored[alert_id].note == "it was the valve"
    assert farm.manager.board(farm.now_us).alerts == ()


def test_what_only_grows_is_stored_once_a_minute() -> None:
    farm = Farm(MOISTURE)
    dry(farm)
    saved = 0
    for second in range(180):
        at_us = farm.now_us + second * US_PER_S
        farm.manager.feed([reading_at(at_us, Moisture=14.0 - second / 100)], at_us)
        saved += len(farm.manager.take_events(at_us))
    assert saved == 3
