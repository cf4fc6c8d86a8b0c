"""What the history of the existing backend tells about a post without an answer."""

from __future__ import annotations

import datetime as dt
import json
import socket
import time
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from harit_desktop.domain.api import ApiPage
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.transport.api_failures import ApiFailure
from harit_desktop.transport.post_doubt import (
    CUT_OFF_S,
    SLOW_S,
    Fate,
    PostDoubt,
    posted_values,
)
from harit_desktop.wire.api_json import read_history
from tests.transport.clocks import Clock

NOW_US = 1_764_000_000_000_000
LOST = ApiFailure("retry", "api.lost", host="h", detail="")


def values(number: float) -> Values:
    return (number, 20.0, 30.0, 412.345, 21.5, 40.25, 6.5)


def row(number: float, **others: Any) -> dict[str, Any]:
    sensors = dict(zip((channel.key for channel in CHANNELS), values(number), strict=True))
    return {"timestamp": "2025-11-24T16:00:00", "sensor_readings": sensors, **others}


def history(*rows: object, zone: str = "system") -> ApiPage:
    return read_history(json.dumps({"total": len(rows), "readings": rows}).encode(), zone)


class Doubt(PostDoubt[str]):
    def __init__(self) -> None:
        self.clock = Clock()
        super().__init__(lambda: NOW_US, self.clock.monotonic)


def caused(failure: ApiFailure, cause: Exception) -> ApiFailure:
    failure.__cause__ = cause
    return failure


def test_the_row_above_the_last_known_one_is_the_doubtful_reading() -> None:
    doubt = Doubt()
    doubt.arrived(values(1))
    doubt.failed("second", values(2), LOST)
    assert doubt.item == "second"
    assert doubt.look(history(row(9), row(2), row(1))) is Fate.ARRIVED
    assert doubt.item is None


def test_an_equal_reading_of_before_is_another_one() -> None:
    doubt = Doubt()
    doubt.arrived(values(1))
    doubt.failed("second", values(2), LOST)
    doubt.clock.now_s += CUT_OFF_S
    assert doubt.look(history(row(1), row(2))) is Fate.MISSING
    assert doubt.item is None


def test_the_first_look_says_where_what_is_known_begins() -> None:
    doubt = Doubt()
    assert doubt.look(history(row(5), row(2))) is Fate.MISSING
    doubt.failed("first", values(2), LOST)
    doubt.clock.now_s += CUT_OFF_S
    assert doubt.look(history(row(5), row(2))) is Fate.MISSING


@pytest.mark.parametrize(("code", "late_s"), [("api.timeout", SLOW_S), ("api.http", CUT_OFF_S)])
def test_what_is_not_there_yet_may_still_come(code: str, late_s: float) -> None:
    doubt = Doubt()
    doubt.failed("slow", values(2), ApiFailure("retry", code))
    assert doubt.look(history(row(1))) is Fate.UNSURE
    assert doubt.item == "slow"
    doubt.clock.now_s += late_s - 0.1
    assert doubt.look(history(row(1))) is Fate.UNSURE
    doubt.clock.now_s += 0.1
    assert doubt.look(history(row(1))) is Fate.MISSING
    doubt.failed("slow", values(2), ApiFailure("retry", code))
    assert doubt.look(history(row(2), row(1))) is Fate.ARRIVED


@pytest.mark.parametrize(
    "failure",
    [
        caused(ApiFailure("retry", "api.unreachable"), ConnectionRefusedError()),
        caused(ApiFailure("retry", "api.dns"), socket.gaierror()),
        ApiFailure("refused", "api.refused"),
        ApiFailure("stop", "api.auth"),
    ],
)
def test_what_the_api_surely_does_not_have_is_in_no_doubt(failure: ApiFailure) -> None:
    doubt = Doubt()
    doubt.failed("reading", values(1), failure)
    assert doubt.item is None


def test_a_network_that_went_away_meanwhile_leaves_a_doubt() -> None:
    doubt = Doubt()
    failure = caused(ApiFailure("retry", "api.unreachable"), OSError(113, "No route to host"))
    doubt.failed("reading", values(1), failure)
    assert doubt.item == "reading"


def test_another_harit_is_just_posted_to_again() -> None:
    doubt = Doubt()
    doubt.failed("reading", values(2), LOST)
    named = row(2, publisher_id="probe", timestamp_us=1)
    assert doubt.look(history(named)) is Fate.MISSING
    assert doubt.item is None


@pytest.mark.parametrize(
    ("posted", "shown"),
    [
        (123.4567, 123.457),
        (1.0000049, 1.0),
        (9.999996, 10.0),
        (0.0, 0.0),
        (-0.0, 0.0),
        (412.345, 412.345),
        # Half between two: single precision is below it here, and above it there.
        (123.4565, 123.456),
        (98.77055, 98.7706),
    ],
)
def test_values_come_back_with_six_digits(posted: float, shown: float) -> None:
    doubt = Doubt()
    doubt.failed("reading", values(posted), LOST)
    assert doubt.look(history(row(shown))) is Fate.ARRIVED


@pytest.mark.parametrize(("posted", "shown"), [(123.457, 123.458), (0.0, 1e-9), (1.0, -1.0)])
def test_other_values_are_of_another_reading(posted: float, shown: float) -> None:
    doubt = Doubt()
    doubt.failed("reading", values(posted), LOST)
    assert doubt.look(history(row(shown))) is Fate.UNSURE


def at(seconds: float, zone: dt.tzinfo | None) -> str:
    """What a clock of `zone` (None: this computer's) shows then, as the backend says it."""
    shown = dt.datetime.fromtimestamp(NOW_US / 1e6 + seconds, zone)
    return shown.replace(tzinfo=None).isoformat()


@pytest.fixture
def in_india(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_india")
@pytest.mark.parametrize("zone", [None, dt.UTC])
def test_without_a_known_row_none_is_older_than_the_reading(zone: dt.tzinfo | None) -> None:
    def fate(seconds: float) -> Fate:
        doubt = Doubt()
        doubt.failed("first", values(1), LOST, made_us=NOW_US - 30_000_000)
        return doubt.look(history({**row(1), "timestamp": at(seconds, zone)}))

    assert fate(-30) is Fate.ARRIVED
    assert fate(0) is Fate.ARRIVED
    assert fate(-32) is Fate.UNSURE
    assert fate(-7200) is Fate.UNSURE


@pytest.mark.parametrize("zone", ["America/New_York", "UTC"])
def test_the_servers_clock_shows_the_time_of_the_profiles_zone(zone: str) -> None:
    def fate(seconds: float) -> Fate:
        doubt = Doubt()
        doubt.failed("first", values(1), LOST, made_us=NOW_US - 30_000_000)
        shown = at(seconds, ZoneInfo("America/New_York"))
        return doubt.look(history({**row(1), "timestamp": shown}, zone=zone))

    assert fate(0) is (Fate.ARRIVED if zone == "America/New_York" else Fate.UNSURE)
    assert fate(-32) is Fate.UNSURE


@pytest.mark.parametrize("timestamp", [None, 7, "", "yesterday", "0001-01-01T00:00:00"])
def test_a_row_without_a_time_proves_nothing_then(timestamp: object) -> None:
    doubt = Doubt()
    doubt.failed("first", values(1), LOST, made_us=NOW_US)
    assert doubt.look(history({**row(1), "timestamp": timestamp})) is Fate.UNSURE


def test_odd_rows_hide_no_others() -> None:
    odd: list[object] = [
        None,
        7,
        {},
        {"sensor_readings": None},
        {"sensor_readings": [1]},
        row(float("nan")),
        {"sensor_readings": {"N": True, "P": 10**400, "K": "1"}},
    ]
    doubt = Doubt()
    doubt.failed("reading", values(2), LOST)
    assert doubt.look(history(*odd, row(2))) is Fate.ARRIVED


def test_values_are_read_from_what_was_posted() -> None:
    body = {**row(3)["sensor_readings"], "publisher_id": "probe", "timestamp": "2025"}
    assert posted_values(json.dumps(body).encode()) == values(3)
    odd = json.dumps({**body, "N": True, "P": None, "K": "x", "CO2": 7}).encode()
    assert posted_values(odd) == (None, None, None, 7.0, *values(3)[4:])
    assert posted_values(b"[1, 2") == (None,) * len(CHANNELS)


def test_a_reading_without_values_is_never_found() -> None:
    doubt = Doubt()
    doubt.failed("reading", posted_values(b""), LOST)
    assert doubt.look(history({}, row(1))) is Fate.UNSURE
