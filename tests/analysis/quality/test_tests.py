"""Each fault is found where it is, with its own reason; calm soil and rain are no faults."""

import math
import random

import pytest

from harit_desktop.analysis.engine import AnalysisEngine
from harit_desktop.analysis.quality import QualityControl, SensorRange
from harit_desktop.analysis.quality.saved import read_back
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.quality import Change
from harit_desktop.domain.reading import Reading
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


def orchard(name: str, seed: int, every_min: int, first_day: float, days: float) -> list[Reading]:
    """A probe whose temperature has its days as that of all of them has."""
    rng, found = random.Random(f"{name}/{seed}"), []
    level = int(name[-1])
    for minute in range(int(1440 * first_day), int(1440 * (first_day + days)), every_min):
        day = math.sin((minute / 60 - 9 + 7 * seed) / 24 * math.tau)
        row = [22 + rng.gauss(0, 0.4), 17 + rng.gauss(0, 0.3), 150 + rng.gauss(0, 1.5)]
        row += [480 + 20 * day + rng.gauss(0, 5), 21 + 3 * day + level + rng.gauss(0, 0.1)]
        row += [52 - 0.5 * day + rng.gauss(0, 0.15), 7 + rng.gauss(0, 0.02)]
        row = [round(value, 2) for value in row]
        found.append(reading(row, START_US + minute * MINUTE_US, name))
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("every_min", "joined_min", "count"), [(5, 1, 6), (5, 1, 4), (1, 5, 5)])
def test_probes_that_join_a_zone_make_nobody_drift(
    seed: int, every_min: int, joined_min: int, count: int
) -> None:
    readings = [one for n in range(3) for one in orchard(f"o{n}", seed, every_min, 0, 4.5)]
    for number in range(count):
        readings += orchard(f"n{number}", seed, joined_min, 2.3, 2.2)
    readings.sort(key=lambda one: one.timestamp_us)
    assert not events(judge(QualityControl.standard(), readings), "drift")


def test_the_end_of_a_drop_is_not_the_beginning_of_a_drift() -> None:
    control, found = QualityControl.standard(), []
    rows = {f"o{n}": orchard(f"o{n}", 1, 1, 0, 3.0) for n in range(3)}
    for number, step in enumerate(zip(*rows.values(), strict=True)):
        for one in step:
            if one.publisher_id == "o0" and 1890 <= number < 1950:
                low = shift([list(one.values)], "Temperature", 0, 1, -3.2)[0]
                one = reading(low, one.timestamp_us, "o0")
            verdict = control.examine(one)
            found += [verdict] if number > 1960 else []
    assert not [e for e in events(found, "drift") if e.change is not Change.CLEARED]
    assert not [f for verdict in found for f in verdict.findings if f.channel == "Temperature"]


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
    assert verdicts[403].flags == (4, 4, 4, 1, 1, 4, 1)
    assert verdicts[410].flags == (1,) * 7


@pytest.mark.parametrize("profile", ["classic", "generic"])
@pytest.mark.parametrize("constant", [False, True])
def test_no_soil_is_judged_by_a_probe_in_the_air(profile: str, constant: bool) -> None:
    """Also where a gateway seems to repeat itself, because a room hardly changes."""
    rows = [list(row) for row in CALM[:440]]
    for row in rows[400:]:
        row[0], row[1], row[2], row[5] = 0.0, 0.0, 1.0, 0.4
    if constant:
        rows[400:] = [rows[400]] * 40
    engine, readings = AnalysisEngine(profile), hourly(rows)
    verdicts = judge(QualityControl.standard(), readings)
    judged = [engine.analyse(*pair) for pair in zip(readings, verdicts, strict=True)]
    assert all(one.index is not None for one in judged[:400])
    assert all(one.index is None for one in judged[400:])
    assert dict(judged[-1].reasons)["Moisture"] == "cross.in_air"


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


def test_a_calibrated_probe_does_not_switch_that_off_for_others() -> None:
    rows = shift(CALM[:60], "Moisture", 0, 60, 8.0)
    control = QualityControl.standard(volumetric_most=50.0, unless={"b"})
    for name, expected in (("a", 4), ("b", 1), ("c", 4)):
        assert flag(judge(control, hourly(rows, name))[-1], "Moisture") == expected
    control.configure(volumetric_most=50.0, zones=None)
    assert flag(judge(control, hourly(rows, "b", 60))[-1], "Moisture") == 4


def test_gaps_late_and_repeated_readings_are_events_and_doubt_nothing() -> None:
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
    untested = [number for number, verdict in enumerate(verdicts) if verdict.flags == (2,) * 7]
    assert untested == [101, 104]
    assert {v.flags for v in verdicts} == {(1,) * 7, (2,) * 7}
    assert not any(v.findings for v in verdicts)


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


def test_an_old_reading_is_held_against_the_ranges() -> None:
    readings = hourly(CALM[:60])
    row = [None, 65535.0, *CALM[40][2:]]
    [old] = judge(QualityControl.standard(), [*readings, reading(row, START_US + 7)])[-1:]
    assert old.flags == (9, 4, 2, 2, 2, 2, 2)
    assert [one.channel for one in old.findings] == ["P", "P"]


MISTAKEN_CLOCKS = {
    "one reading 23 hours ahead": (300, 301, 23 * HOUR_US),
    "a year back from there on": (300, 600, -365 * 24 * HOUR_US),
    "an hour back": (300, 600, -HOUR_US),
    "a zone corrected": (300, 600, -11 * HOUR_US // 2),
}


def faulty_with_clock(first: int, last: int, by_us: int) -> dict[str, int]:
    """How many flags of each kind a series with three faults gets."""
    rng, found, rows = random.Random(1), dict[str, int](), []
    for number in range(600):
        row = [22.5, 17.8, 152.3, 498.2, 22.1, 50.0, 7.18]
        wide = [0.3, 0.3, 1.0, 3.0, 0.1, 0.15, 0.02]
        row = [v + rng.gauss(0, w) for v, w in zip(row, wide, strict=True)]
        row[2] = 150.0 if number >= 320 else row[2]
        row[5] = 90.0 if number in (310, 330, 350, 370) else row[5]
        row[6] = 7.0 + rng.gauss(0, 1) if number >= 400 else row[6]
        at_us = START_US + number * 10 * MINUTE_US + (by_us if first <= number < last else 0)
        rows.append(reading([round(v, 2) for v in row], at_us))
    verdicts = judge(QualityControl.standard(), rows)
    for one in (finding for verdict in verdicts for finding in verdict.findings):
        found[one.code] = found.get(one.code, 0) + 1
    untested = sum(2 in verdict.flags for verdict in verdicts)
    return found | {"untested": untested}


@pytest.mark.parametrize("clock", MISTAKEN_CLOCKS)
def test_a_wrong_clock_does_not_blind_the_tests(clock: str) -> None:
    right, wrong = faulty_with_clock(0, 0, 0), faulty_with_clock(*MISTAKEN_CLOCKS[clock])
    assert right.pop("untested") == 0
    assert 4 <= wrong.pop("untested") <= 6
    assert right["flat.repeats"] > 200
    assert right["noise.high"] > 150
    assert wrong == right


def test_messages_that_come_once_more_are_not_a_clock_that_was_set() -> None:
    readings = hourly(CALM[:300])
    twice = [*readings[:200], *readings[185:200], *readings[200:]]
    control, again = QualityControl.standard(), QualityControl.standard()
    judge(control, readings)
    flags = [verdict.flags for verdict in judge(again, twice)]
    assert flags == [(1,) * 7] * 200 + [(2,) * 7] * 15 + [(1,) * 7] * 100
    assert read_back(again.export("a")).channels[5].seen == 300  # type: ignore[union-attr]  # it was just made


@pytest.mark.parametrize("every", [5, 20])
def test_a_stuck_probe_is_stuck_though_messages_are_lost(every: int) -> None:
    rows = [list(row) for row in CALM]
    for row in rows[300:]:
        row[CHANNEL_INDEX["K"]] = 150.0
    kept = [one for n, one in enumerate(hourly(rows, every_us=MINUTE_US)) if n % every]
    verdicts = judge(QualityControl.standard(), kept)
    marks = [flag(v, "K") for v in verdicts]
    whole = judge(QualityControl.standard(), hourly(rows, every_us=MINUTE_US))
    share = sum(flag(v, "K") > 2 for v in whole) / len(whole)
    assert share > 0.4
    assert sum(mark > 2 for mark in marks) / len(marks) == pytest.approx(share, abs=0.1)
    first = next(number for number, mark in enumerate(marks) if mark > 2)
    assert min(marks[first:]) > 2


def test_a_gateway_that_repeats_itself_does_so_though_messages_are_lost() -> None:
    rows = [*CALM[:400], *[CALM[400]] * 60]
    kept = [one for number, one in enumerate(hourly(rows)) if number % 9]
    verdicts = judge(QualityControl.standard(), kept)
    assert [verdict.flags for verdict in verdicts[-30:]] == [(3,) * 7] * 30


def test_what_stands_still_after_half_a_day_of_silence_is_not_known_to_have_stood() -> None:
    rows = [list(row) for row in CALM]
    for row in rows[300:]:
        row[CHANNEL_INDEX["K"]] = 150.0
    readings = hourly(rows)
    del readings[350:363]
    verdicts = judge(QualityControl.standard(), readings)
    assert flag(verdicts[349], "K") > 2
    assert flag(verdicts[350], "K") == 1


@pytest.mark.parametrize("lasts", [1, 2])
@pytest.mark.parametrize("every_us", [MINUTE_US, HOUR_US])
def test_a_spike_of_several_channels_is_no_water(lasts: int, every_us: int) -> None:
    rows = CALM
    for channel, by in (("Moisture", 30.0), ("N", 60.0)):
        rows = shift(rows, channel, 400, 400 + lasts, by)
    verdicts = judge(QualityControl.standard(), hourly(rows, every_us=every_us))
    assert {v.flags for v in verdicts[400 + lasts :]} == {(1,) * 7}
    [raised] = [e for e in events(verdicts, "spike") if e.change is Change.RAISED]
    assert raised.code == "spike.returned"
    assert raised.onset_us == START_US + 400 * every_us
    assert set(events(verdicts, "spike")[-1].channels) == {"Moisture", "N"}
    assert not events(verdicts, "drop", "cross_step", "noise")


def test_water_that_drains_fast_is_no_spike() -> None:
    rows = [list(row) for row in CALM]
    for channel, by in (("Moisture", 12.0), ("N", 6.0), ("K", 30.0)):
        for after in range(60):
            value = rows[400 + after][CHANNEL_INDEX[channel]]
            assert value is not None
            rows[400 + after][CHANNEL_INDEX[channel]] = value + by * 0.75**after
    verdicts = judge(QualityControl.standard(), hourly(rows))
    assert not events(verdicts, "spike")
    assert {v.flags for v in verdicts} == {(1,) * 7}


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
