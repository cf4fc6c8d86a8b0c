"""Rules about values: when an alert begins, and when it is over."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from harit_desktop.domain.alert import AlertRule, AlertState, RuleKind, Severity
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.reading import Source
from tests.alerting.farm import MOISTURE, NOON_US, Farm, reading_at

RATE = AlertRule(id="rate", kind=RuleKind.RATE, channel="Temperature", low=-5.0, high=5.0)


def test_a_value_must_be_bad_for_a_minute_and_three_readings() -> None:
    farm = Farm(MOISTURE)
    farm.report(minutes=2, Moisture=15.0)
    assert farm.active == []
    farm.report(Moisture=14.0)
    (alert,) = farm.active
    assert (alert.code, alert.value, alert.limit, alert.worst) == ("value.low", 14.0, 20.0, 14.0)
    assert alert.raised_us == NOON_US + 60 * US_PER_S, "since the first bad reading"
    assert farm.said == [("value.low", False)]


def test_a_fast_probe_waits_for_the_delay_and_a_slow_one_for_two_readings() -> None:
    farm = Farm(MOISTURE)
    for _ in range(29):
        farm.report(step_s=2, minutes=0, Moisture=15.0)
    assert farm.active == []
    farm.report(minutes=1, step_s=10, Moisture=15.0)
    assert len(farm.active) == 1
    slow = Farm(MOISTURE)
    slow.report(step_s=3600, minutes=60, Moisture=15.0)
    assert slow.active == [], "one odd reading"
    slow.report(step_s=3600, minutes=60, Moisture=15.0)
    assert len(slow.active) == 1


def test_one_good_reading_begins_the_wait_anew() -> None:
    farm = Farm(MOISTURE)
    farm.report(minutes=2, Moisture=15.0)
    farm.report()
    farm.report(minutes=2, Moisture=15.0)
    assert farm.active == []


def test_it_is_over_once_the_value_is_well_inside_for_five_minutes() -> None:
    farm = Farm(MOISTURE)
    farm.report(minutes=3, Moisture=15.0)
    farm.report(minutes=20, Moisture=21.0)
    assert len(farm.active) == 1, "within the deadband of 3"
    farm.report(minutes=5, Moisture=24.0)
    assert len(farm.active) == 1, "the sixth is five minutes after the first"
    farm.report(Moisture=24.0)
    assert farm.active == []
    (alert,) = farm.stored.values()
    assert (alert.state, alert.ended_us) == (AlertState.ENDED_NEW, farm.now_us)
    assert farm.said == [("value.low", False), ("value.low", True)]


def test_the_worst_value_is_kept_without_a_line_each() -> None:
    farm = Farm(MOISTURE)
    for value in (15.0, 14.0, 13.0, 9.0, 12.0, 8.0):
        farm.report(Moisture=value)
    (alert,) = farm.active
    assert (alert.value, alert.worst) == (13.0, 8.0)
    assert [change.value for change in farm.changes(alert.id)] == ["raised"]


def test_too_dry_and_then_too_wet_are_two_alerts() -> None:
    farm = Farm(MOISTURE)
    farm.report(minutes=3, Moisture=15.0)
    farm.report(minutes=3, Moisture=90.0)
    first, second = farm.stored.values()
    assert (first.code, second.code) == ("value.low", "value.high")
    assert (first.ended_us is None, second.ended_us is None) == (False, True)


@pytest.mark.parametrize("flag", [Flag.SUSPECT, Flag.FAIL, Flag.MISSING])
def test_a_value_that_is_not_believed_says_nothing(flag: Flag) -> None:
    farm = Farm(MOISTURE)
    for minute in range(10):
        farm.now_us += 60 * US_PER_S
        farm.feed(reading_at(farm.now_us, flag=flag, Moisture=None if minute % 2 else 15.0))
    assert farm.active == []


def test_the_simulator_raises_nothing() -> None:
    farm = Farm(MOISTURE)
    for _ in range(10):
        farm.now_us += 60 * US_PER_S
        farm.feed(reading_at(farm.now_us, source=Source.SIMULATOR, Moisture=15.0))
    assert farm.active == []


def test_a_rule_with_one_limit_has_a_deadband_too() -> None:
    farm = Farm(replace(MOISTURE, id="frost", channel="Temperature", low=0.0))
    farm.report(minutes=3, Temperature=-0.5)
    assert len(farm.active) == 1
    farm.report(minutes=10, Temperature=1.0)
    assert len(farm.active) == 1, "5 % of the 35 degrees of the profile"
    farm.report(minutes=6, Temperature=2.0)
    assert farm.active == []


def test_no_limit_of_the_profile_is_no_alert() -> None:
    farm = Farm(replace(MOISTURE, channel="N"))
    farm.report(minutes=10, N=900.0)
    assert farm.active == []


def test_the_devices_own_rule_takes_the_place_of_the_general_one() -> None:
    own = replace(MOISTURE, id="own", publisher_id="rice", low=40.0, high=100.0)
    farm = Farm(MOISTURE, own, replace(own, id="off", enabled=False, low=90.0))
    farm.report("rice", minutes=3, Moisture=30.0)
    farm.report("maize", minutes=3, Moisture=30.0)
    assert [(one.publisher_id, one.rule_id) for one in farm.active] == [("rice", "own")]
    farm.report("maize", minutes=3, Moisture=90.0)
    assert [one.rule_id for one in farm.active] == ["own", "moisture"]


def test_a_rule_for_every_channel() -> None:
    farm = Farm(AlertRule(id="all"), AlertRule(id="ph", channel="pH", severity=Severity.CRITICAL))
    farm.report(minutes=3, Moisture=10.0, pH=9.0, Temperature=50.0)
    found = {(one.rule_id, one.channel) for one in farm.active}
    assert found == {("all", "Moisture"), ("ph", "pH"), ("all", "Temperature")}


def test_a_change_within_an_hour() -> None:
    farm = Farm(RATE)
    for minute in range(60):
        farm.report(Temperature=20.0 + minute * 0.05)
    assert farm.active == []
    for minute in range(60):
        farm.report(Temperature=23.0 - minute * 0.15)
    (alert,) = farm.active
    assert (alert.code, alert.limit) == ("rate.falling", -5.0)
    farm.report(minutes=120, Temperature=14.15)
    assert farm.active == []


def test_a_change_seen_by_an_hourly_probe() -> None:
    farm = Farm(RATE)
    for value in (20.0, 20.1, 27.0, 34.0, 41.0):
        farm.now_us += 3604 * US_PER_S
        farm.feed(reading_at(farm.now_us, Temperature=value))
    assert farm.codes == ["rate.rising"]


def test_calibrated_values_are_judged() -> None:
    farm = Farm(MOISTURE)
    farm.use(MOISTURE, correct=lambda _, values, __: tuple((v or 0) - 20 for v in values))
    farm.report(minutes=3, Moisture=35.0)
    assert farm.codes == ["value.low"]


def test_other_limits_of_another_profile() -> None:
    farm = Farm(MOISTURE)
    farm.report(minutes=3, Moisture=15.0)
    farm.use(MOISTURE, limits={"Moisture": (10.0, 80.0)})
    assert len(farm.active) == 1, "over only when values have said so"
    farm.report(minutes=6, Moisture=15.0)
    assert farm.active == []
    farm.use(MOISTURE, limits={"Moisture": (18.0, 80.0)})
    farm.report(minutes=3, Moisture=15.0)
    assert [one.limit for one in farm.active] == [18.0]


def test_the_worst_is_known_after_an_edit() -> None:
    farm = Farm(MOISTURE)
    farm.report(minutes=3, Moisture=10.0)
    farm.use(MOISTURE)
    farm.report(Moisture=15.0)
    assert [one.worst for one in farm.active] == [10.0]
    farm.report(Moisture=8.0)
    assert [one.worst for one in farm.active] == [8.0]


def test_a_rule_that_is_no_more_ends_its_alert_without_a_word() -> None:
    farm = Farm(MOISTURE)
    farm.report(minutes=3, Moisture=15.0)
    farm.use(replace(MOISTURE, severity=Severity.CRITICAL))
    assert [one.severity for one in farm.active] == [Severity.CRITICAL]
    farm.use(replace(MOISTURE, enabled=False))
    assert farm.active == []
    assert farm.said == [("value.low", False)]


def test_ids_from_outside_are_bounded() -> None:
    farm = Farm(MOISTURE)
    for number in range(1500):
        farm.manager.feed([reading_at(farm.now_us + number, f"id-{number}")], farm.now_us)
    assert len(farm.manager._values._devices) == len(farm.manager._values._newest_us) == 1000
