"""Each fault is found where it is, with its own reason; calm soil and rain are no faults."""

import math
import random

import pytest

from harit_desktop.analysis.quality import QualityControl, SensorRange
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.quality import Change
from tests.analysis.quality.series import (
    HOUR_US,
    MINUTE_US,
    START_US,
    calm,
    codes,
    events,
    flag,
    hourly,
    judge,
    reading,
    shift,
)

CALM = calm(700)


def test_by_default_only_the_sensors_range_is_asked() -> None:
    rows = shift(CALM, "Moisture", 400, 401, 20.0)
    verdicts = judge(QualityControl(), hourly(rows))
    assert {v.flags for v in verdicts} == {(1,) * 7}
    assert not events(verdicts)


@pytest.mark.parametrize("seed", range(4))
def test_calm_soil_raises_nothing(seed: int) -> None:
    verdicts = judge(QualityControl.standard(), hourly(calm(1500, seed)))
    assert not events(verdicts)
    assert {v.flags for v in verdicts} == {(1,) * 7}


@pytest.mark.parametrize("by", [6.0, -6.0])
def test_a_spike_is_suspect_at_once_and_told_when_it_is_over(by: float) -> None:
    rows = shift(CALM, "Moisture", 400, 401, by)
    verdicts = judge(QualityControl.standard(), hourly(rows))
    assert codes(verdicts[400], "Moisture") == ["step.unsettled"]
    assert flag(verdicts[400], "Moisture") == Flag.SUSPECT
    assert flag(verdicts[401], "Moisture") == Flag.PASS
    [raised, cleared] = events(verdicts)
    assert (raised.kind, raised.code, raised.flag) == ("spike", "spike.returned", Flag.FAIL)
    assert raised.onset_us == START_US + 400 * HOUR_US
    assert raised.channels == ("Moisture",)
    assert (cleared.kind, cleared.change) == ("spike", Change.CLEARED)


def test_water_that_falls_and_stays_is_a_drop() -> None:
    verdicts = judge(QualityControl.standard(), hourly(shift(CALM, "Moisture", 400, 700, -8.0)))
    [raised, _] = events(verdicts)
    assert (raised.kind, raised.onset_us) == ("drop", START_US + 400 * HOUR_US)
    assert [flag(v, "Moisture") for v in verdicts[399:404]] == [1, 3, 3, 3, 1]


def test_rain_is_no_fault() -> None:
    rows = CALM
    for channel, by in (("Moisture", 12.0), ("N", 4.0), ("P", 3.0), ("K", 25.0), ("CO2", 200.0)):
        rows = shift(rows, channel, 400, 700, by)
    verdicts = judge(QualityControl.standard(), hourly(rows))
    assert {event.kind for event in events(verdicts)} == {"jump", "unusual"}
    assert all(event.flag is Flag.PASS for event in events(verdicts))
    assert {v.flags for v in verdicts} == {(1,) * 7}


def test_a_value_that_stands_still_is_suspect_then_fails() -> None:
    rows = [list(row) for row in CALM]
    for row in rows[400:480]:
        row[CHANNEL_INDEX["K"]] = rows[400][CHANNEL_INDEX["K"]]
    verdicts = judge(QualityControl.standard(), hourly(rows))
    marks = [flag(v, "K") for v in verdicts[400:482]]
    assert marks == [*sorted(marks[:-2]), 1, 1]
    assert set(marks) == {1, 3, 4}
    assert 20 <= marks.index(3) <= 40
    assert [event.kind for event in events(verdicts)] == ["flatline", "flatline"]


def test_noise_is_told_as_noise_from_its_first_reading_on() -> None:
    rng, rows = random.Random(3), [list(row) for row in CALM]
    for row in rows[400:448]:
        value = row[CHANNEL_INDEX["Moisture"]]
        assert value is not None
        row[CHANNEL_INDEX["Moisture"]] = value + rng.gauss(0, 1.5)
    verdicts = judge(QualityControl.standard(), hourly(rows))
    told = [e for e in events(verdicts) if e.flag is not Flag.PASS]
    raised = [e for e in told if e.change is Change.RAISED]
    assert [event.kind for event in raised] == ["noise"]
    assert START_US + 400 * HOUR_US <= raised[0].onset_us <= START_US + 408 * HOUR_US
    assert all(flag(v, "Moisture") == 1 for v in verdicts[455:])


def test_drift_is_told_by_siblings_and_not_of_them() -> None:
    control, found = QualityControl.standard(), {"a": [], "b": [], "c": []}  # type: ignore[var-annotated]  # filled below
    rows = {name: calm(1500, 5, probe) for probe, name in enumerate("abc")}
    for n in range(120):
        for number in range(900 + n, 900 + n + 1):
            value = rows["a"][number][CHANNEL_INDEX["Moisture"]]
            assert value is not None
            rows["a"][number][CHANNEL_INDEX["Moisture"]] = value - 8.0 * (n + 1) / 120
    for number in range(1020):
        for name in "abc":
            found[name].append(control.examine(hourly([rows[name][number]], name, number)[0]))
    assert [e.kind for e in events(found["a"])] == ["drift"]
    assert codes(found["a"][-1], "Moisture") == ["drift.siblings"]
    assert not events(found["b"])
    assert not events(found["c"])
    assert control.siblings("a") == 2


def test_a_lone_probe_is_not_evaluated_for_drift() -> None:
    rows = [list(row) for row in calm(1020)]
    for n in range(120):
        value = rows[900 + n][CHANNEL_INDEX["Moisture"]]
        assert value is not None
        rows[900 + n][CHANNEL_INDEX["Moisture"]] = value - 8.0 * (n + 1) / 120
    control = QualityControl.standard()
    assert not events(judge(control, hourly(rows)))
    assert control.siblings("a") == 0


def test_a_gateway_that_repeats_itself_is_one_event() -> None:
    rows = [*CALM[:400], *[CALM[400]] * 30, *CALM[430:]]
    verdicts = judge(QualityControl.standard(), hourly(rows))
    assert {finding.code for v in verdicts for finding in v.findings} == {"cross.frozen"}
    assert verdicts[425].flags == (3,) * 7
    [raised, cleared] = events(verdicts)
    assert raised.kind == cleared.kind == "frozen"


def test_a_probe_in_the_air_is_one_event() -> None:
    rows = [list(row) for row in CALM]
    for row in rows[400:406]:
        row[0], row[1], row[2], row[5] = 0.0, 0.0, 1.0, 0.4
    verdicts = judge(QualityControl.standard(), hourly(rows))
    assert {event.kind for event in events(verdicts)} == {"in_air"}
    assert verdicts[403].flags == (3, 3, 3, 1, 1, 3, 1)
    assert verdicts[410].flags == (1,) * 7


def test_steps_of_water_and_nutrients_together_are_one_event() -> None:
    rows = CALM
    for channel, by in (("Moisture", -12.0), ("N", -6.0), ("P", -5.0), ("K", -40.0)):
        rows = shift(rows, channel, 400, 700, by)
    raised = events(judge(QualityControl.standard(), hourly(rows)))[0]
    assert raised.kind == "cross_step"
    assert set(raised.channels) <= {"N", "P", "K", "Moisture"}


@pytest.mark.parametrize(
    ("channel", "value", "code", "expected"),
    [
        ("N", 65535.0, "range.sentinel", Flag.FAIL),
        ("N", -32768.0, "range.sentinel", Flag.FAIL),
        ("CO2", 6553.5, "range.sentinel", Flag.FAIL),
        ("Temperature", 85.0, "range.sentinel", Flag.FAIL),
        ("Moisture", 101.0, "range.sensor_high", Flag.FAIL),
        ("pH", 2.5, "range.physical_low", Flag.SUSPECT),
        ("Temperature", 60.0, "range.physical_high", Flag.SUSPECT),
    ],
)
def test_impossible_values(channel: str, value: float, code: str, expected: Flag) -> None:
    rows = [list(row) for row in CALM[:50]]
    rows[40][CHANNEL_INDEX[channel]] = value
    verdicts = judge(QualityControl.standard(), hourly(rows))
    assert code in codes(verdicts[40], channel)
    assert flag(verdicts[40], channel) == expected
    assert verdicts[41].flags == (1,) * 7


def test_more_water_than_pores_fails_only_where_water_is_a_share_of_volume() -> None:
    rows = shift(CALM[:60], "Moisture", 0, 60, 8.0)
    assert judge(QualityControl.standard(), hourly(rows))[-1].flags == (1,) * 7
    control = QualityControl.standard(volumetric_most=50.0)
    last = judge(control, hourly(rows))[-1]
    assert codes(last, "Moisture") == ["range.physical_high"]


def test_gaps_late_and_repeated_readings_are_events_and_flag_nothing() -> None:
    readings = hourly(CALM[:300])
    del readings[200:210]
    late = readings[150]
    readings[150] = reading(late.values, late.timestamp_us + 30 * MINUTE_US)
    readings.insert(101, readings[100])
    readings.insert(104, readings[99])
    verdicts = judge(QualityControl.standard(), readings)
    told = [e for e in events(verdicts) if e.change is Change.RAISED]
    assert [e.kind for e in told] == ["duplicate", "late", "gap"]
    assert [e.count for e in events(verdicts, "duplicate")][-1] == 1
    assert [e.change for e in events(verdicts, "duplicate")] == [Change.RAISED, Change.CLEARED]
    assert told[2].onset_us == pytest.approx(START_US + 200 * HOUR_US, abs=60_000_000)
    assert {v.flags for v in verdicts} == {(1,) * 7}


def test_the_same_fault_again_within_six_hours_is_the_same_event() -> None:
    rows = shift(calm(700), "pH", 400, 401, 1.0)
    rows = shift(rows, "pH", 415, 416, 1.0)
    every_us = 10 * MINUTE_US
    verdicts = judge(QualityControl.standard(), hourly(rows, every_us=every_us))
    changes = [(e.change, e.count) for e in events(verdicts, "spike")]
    assert changes == [
        (Change.RAISED, 1), (Change.CLEARED, 1), (Change.AGAIN, 2), (Change.CLEARED, 2),
    ]  # fmt: skip
    assert len({e.first_us for e in events(verdicts, "spike")}) == 1


def test_a_retained_reading_without_a_time_changes_nothing() -> None:
    control = QualityControl.standard()
    judge(control, hourly(CALM[:100]))
    before = control.export("a")
    control.examine(reading(CALM[5], START_US + 200 * HOUR_US, retained=True))
    assert control.export("a") == before


def test_a_missing_channel_is_missing_and_the_others_are_judged() -> None:
    rows = [list(row) for row in shift(CALM, "Moisture", 400, 401, 8.0)]
    for row in rows:
        row[CHANNEL_INDEX["N"]] = None
    verdicts = judge(QualityControl.standard(), hourly(rows))
    assert verdicts[400].flags == (9, 1, 1, 1, 1, 3, 1)
    assert verdicts[300].flags == (9, 1, 1, 1, 1, 1, 1)


def test_a_burst_is_held_against_the_last_evaluated_reading() -> None:
    control = QualityControl.standard()
    judge(control, hourly(CALM[:200], every_us=10_000_000))
    last_us = START_US + 199 * 10_000_000
    good = [control.examine(reading(CALM[200], last_us + 1000 * (n + 1))) for n in range(50)]
    assert {v.flags for v in good} == {(1,) * 7}
    row = shift(CALM, "Moisture", 200, 201, 9.0)[200]
    assert flag(control.examine(reading(row, last_us + 60_000)), "Moisture") == Flag.SUSPECT


def test_ranges_alone_may_still_be_asked_for() -> None:
    verdict = QualityControl([SensorRange()]).examine(reading([-1.0, *CALM[0][1:]], START_US))
    assert verdict.flags[0] == Flag.FAIL
    assert math.isclose(verdict.findings[0].limit, 0.0)
