"""Unusual for the hour: what a usual day shows is known, what other tests tell is left to them."""

import math
import random

import pytest

from harit_desktop.analysis.quality import QualityControl
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.quality import Change, QualityEvent, Verdict
from tests.analysis.quality.series import (
    HOUR_US,
    MINUTE_US,
    START_US,
    Row,
    calm,
    events,
    hourly,
    judge,
    shift,
)

DAYS = 20
WET, NIGHT = CHANNEL_INDEX["Moisture"], CHANNEL_INDEX["Temperature"]


def watered(hours: int, seed: int = 1) -> list[Row]:
    """Calm soil that is watered at six each day, and dries until the next."""
    rows = calm(hours, seed)
    for hour, row in enumerate(rows):
        since = (hour - 6) % 24
        for channel, by in (("Moisture", 4.0), ("N", 2.0), ("P", 1.5), ("K", 12.0)):
            value = row[CHANNEL_INDEX[channel]]
            assert value is not None
            row[CHANNEL_INDEX[channel]] = round(value + by * 0.85**since, 2)
    return rows


def pumped(rows: list[Row], first: int, hours: int) -> list[Row]:
    """The pump runs once more and longer."""
    for channel, by in (("Moisture", 9.0), ("N", 4.0), ("P", 3.0), ("K", 25.0)):
        rows = shift(rows, channel, first, first + hours, by)
    return rows


def heated(rows: list[Row], first: int, hours: int, by: float) -> list[Row]:
    for step in range(4):
        rows = shift(rows, "Temperature", first + step, first + hours + step, by / 4)
    return rows


def unusual(verdicts: list[Verdict], *changes: Change) -> list[QualityEvent]:
    return [one for one in events(verdicts, "unusual") if not changes or one.change in changes]


@pytest.mark.parametrize("seed", range(3))
def test_usual_days_are_usual(seed: int) -> None:
    rows = watered(24 * 60, seed)
    assert not unusual(judge(QualityControl.standard(), hourly(rows)))


def test_a_pump_at_an_unusual_hour_is_told_and_is_no_fault() -> None:
    first = 24 * DAYS + 20
    verdicts = judge(QualityControl.standard(), hourly(pumped(watered(24 * 25), first, 12)))
    raised, cleared = unusual(verdicts)
    assert (raised.code, raised.flag, raised.change) == ("unusual.hour", Flag.PASS, Change.RAISED)
    assert raised.onset_us == START_US + first * HOUR_US
    assert raised.at_us == raised.onset_us + 2 * HOUR_US
    assert "Moisture" in cleared.channels
    assert raised.value > raised.limit + 5
    assert (cleared.change, cleared.first_us) == (Change.CLEARED, raised.first_us)
    assert all(v.flags[WET] == Flag.PASS for v in verdicts[first : first + 12])


def test_a_heated_night_is_told_with_what_is_usual_at_that_hour() -> None:
    first = 24 * DAYS + 21
    verdicts = judge(QualityControl.standard(), hourly(heated(calm(24 * 25), first, 9, 7.0)))
    [raised] = unusual(verdicts, Change.RAISED)
    assert raised.channels == ("Temperature",)
    usual = calm(24 * 25)[(raised.at_us - START_US) // HOUR_US][NIGHT]
    assert raised.limit == pytest.approx(usual, abs=1.0)
    assert raised.value > raised.limit + 5
    assert unusual(verdicts, Change.CLEARED)


def test_the_same_warmth_at_noon_is_not_unusual_where_noon_is_warm() -> None:
    rows = calm(24 * 25)
    night = 24 * DAYS + 18
    noon = [row[NIGHT] for row in rows[24 * DAYS + 6 : 24 * DAYS + 10]]
    for step, value in enumerate(noon):
        rows[night + step][NIGHT] = value
    [raised] = unusual(judge(QualityControl.standard(), hourly(rows)), Change.RAISED)
    assert raised.onset_us == START_US + night * HOUR_US


def test_two_readings_are_not_enough() -> None:
    rows = heated(calm(24 * 25), 24 * DAYS + 21, 9, 7.0)
    control = QualityControl.standard()
    first = next(n for n, v in enumerate(judge(control, hourly(rows))) if unusual([v]))
    short = [*rows[: first + 1], *calm(24 * 25)[first + 1 :]]
    short[first] = calm(24 * 25)[first]
    assert not unusual(judge(QualityControl.standard(), hourly(short)))


def by_the_minute(days: int) -> list[Row]:
    rng, rows = random.Random(2), calm(1440 * days)
    for minute, row in enumerate(rows):
        day = math.sin(minute / 1440 * math.tau)
        row[NIGHT] = round(22.0 + 3 * day + rng.gauss(0, 0.05), 2)
        row[CHANNEL_INDEX["CO2"]] = round(600 + 60 * day + rng.gauss(0, 5))
        row[WET] = round(55.0 + rng.gauss(0, 0.08), 2)
    return rows


@pytest.mark.parametrize(("minutes", "expected"), [(8, 0), (30, 1)])
def test_nor_is_a_short_while_of_a_fast_probe(minutes: int, expected: int) -> None:
    at = 1440 * 8 + 30
    rows = shift(by_the_minute(9), "Temperature", at, at + minutes, 8.0)
    verdicts = judge(QualityControl.standard(), hourly(rows, every_us=MINUTE_US))
    assert len(unusual(verdicts, Change.RAISED)) == expected


def test_nothing_is_unusual_before_a_week_is_known() -> None:
    for day, expected in ((5, False), (9, True)):
        rows = heated(calm(24 * 12), 24 * day + 21, 9, 9.0)
        assert bool(unusual(judge(QualityControl.standard(), hourly(rows)))) is expected


def test_a_season_is_followed() -> None:
    rows = calm(24 * 120)
    for hour, row in enumerate(rows):
        value = row[NIGHT]
        assert value is not None
        row[NIGHT] = round(value + 0.15 * hour / 24, 2)
    assert not unusual(judge(QualityControl.standard(), hourly(rows)))


@pytest.mark.parametrize("by", [-9.0, -15.0])
def test_what_a_drop_leaves_behind_is_the_drops(by: float) -> None:
    rows = shift(calm(24 * 30), "Moisture", 24 * DAYS + 5, 24 * 30, by)
    verdicts = judge(QualityControl.standard(), hourly(rows))
    assert events(verdicts, "drop")
    assert not unusual(verdicts)


def test_a_stuck_or_noisy_or_impossible_value_is_told_by_its_own_test() -> None:
    first = 24 * DAYS
    stuck, wild = calm(24 * 25), calm(24 * 25)
    for number in range(60):
        stuck[first + number][NIGHT] = stuck[first][NIGHT]
        wild[first + number][NIGHT] = 85.0
    for rows in (stuck, wild):
        verdicts = judge(QualityControl.standard(), hourly(rows))
        assert {e.kind for e in events(verdicts)} & {"flatline", "range"}
        assert not unusual(verdicts)


def test_drift_is_told_as_drift_only() -> None:
    control, found = QualityControl.standard(), []
    rows = {name: calm(24 * 45, 5, probe) for probe, name in enumerate("abc")}
    for hour, row in enumerate(rows["a"]):
        value = row[WET]
        assert value is not None
        row[WET] = value - 8.0 * min(1.0, max(0, hour - 900) / 120)
    for hour in range(1050):
        for name in "abc":
            verdict = control.examine(hourly([rows[name][hour]], name, hour)[0])
            found += [] if name != "a" else [verdict]
    assert [e.kind for e in events(found)][:1] == ["drift"]
    drifting = [n for n, v in enumerate(found) if v.findings]
    assert not [n for n, v in enumerate(found) if unusual([v]) and n in drifting]


@pytest.mark.parametrize("offset_s", [5 * 3600 + 1800, -8 * 3600, 45 * 60])
def test_hours_keep_their_knowledge_when_their_names_change(offset_s: int) -> None:
    first = 24 * DAYS + 21
    readings = hourly(heated(calm(24 * 25), first, 9, 7.0))
    control = QualityControl.standard()
    before = judge(control, readings[: 24 * 15])
    control.configure(volumetric_most=None, zones=None, utc_offset_s=offset_s)
    after = judge(control, readings[24 * 15 :])
    assert not unusual(before)
    [raised] = unusual(after, Change.RAISED)
    assert raised.onset_us >= START_US + first * HOUR_US


def test_a_missing_channel_knows_no_hours() -> None:
    rows: list[Row] = [[None, *row[1:]] for row in pumped(watered(24 * 25), 24 * DAYS + 20, 12)]
    verdicts = judge(QualityControl.standard(), hourly(rows))
    [raised] = unusual(verdicts, Change.RAISED)
    assert "N" not in raised.channels
