"""Times as text: zones, offsets, digits, and back."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harit_desktop.domain.errors import KnownError
from harit_desktop.wire.timestamps import TimestampReader, format_local, format_utc, load_zone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DECEMBER_US = 1_764_697_800_000_000  # 2025-12-02T17:50:00Z
CENTURY_US = 100 * 365 * 86_400 * 1_000_000


def us(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


@pytest.fixture
def system_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    if not hasattr(time, "tzset"):
        pytest.skip("this system's zone cannot be set for one process")
    yield monkeypatch
    monkeypatch.undo()
    time.tzset()


def set_zone(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("TZ", name)
    time.tzset()


@pytest.mark.parametrize(
    "text",
    [
        "2025-12-02T17:50:00",
        "2025-12-02 17:50:00",
        "2025-12-02t17:50:00",
        "2025-12-02T17:50",
        "20251202T175000",
        "2025-12-02T17:50:00.000000",
        "2025-12-02T17:50:00,0",
        "2025-12-02T17:50:00Z",
        "2025-12-02T17:50:00z",
        "2025-12-02T17:50:00+00:00",
        "2025-12-02T23:20:00+05:30",
        "2025-12-02T23:20:00+0530",
        "2025-12-02T12:50:00-05",
        "2025-W49-2T17:50:00",
    ],
)
def test_the_spellings_of_one_instant(text: str) -> None:
    assert TimestampReader("UTC").instant_us(text) == DECEMBER_US


@pytest.mark.parametrize(
    ("digits", "expected_us"),
    [("1", 100_000), ("123456", 123_456), ("123456789", 123_456), ("9999999", 999_999)],
)
def test_digits_beyond_the_microsecond_are_cut(digits: str, expected_us: int) -> None:
    text = f"2025-12-02T17:50:00.{digits}"
    assert TimestampReader("UTC").instant_us(text) == DECEMBER_US + expected_us


@pytest.mark.parametrize(
    "text", ["", "T", "2025-12-02", "20251202", "2025-12-02 ", "2025-12-02T17:50:00." + "1" * 21]
)
def test_no_instant(text: str) -> None:
    assert TimestampReader("UTC").instant_us(text) is None


def test_a_stamp_without_offset_is_in_the_zone_of_the_profile() -> None:
    assert TimestampReader("Asia/Kolkata").instant_us("2025-12-02T23:20:00") == DECEMBER_US
    assert TimestampReader("Asia/Kolkata").instant_us("2025-12-02T17:50:00Z") == DECEMBER_US


def test_the_hour_that_happens_twice_is_the_earlier_and_the_missing_one_is_read() -> None:
    berlin = TimestampReader("Europe/Berlin")
    twice = us(datetime(2025, 10, 26, 0, 30, tzinfo=UTC))
    assert berlin.instant_us("2025-10-26T02:30:00") == twice
    missing = us(datetime(2025, 3, 30, 1, 30, tzinfo=UTC))
    assert berlin.instant_us("2025-03-30T02:30:00") == missing


def test_the_system_zone(system_zone: pytest.MonkeyPatch) -> None:
    for name in ("Asia/Kolkata", "Europe/Berlin", "America/St_Johns"):
        set_zone(system_zone, name)
        named, system = TimestampReader(name), TimestampReader()
        for text in ("2025-12-02T17:50:00.5", "2025-10-26T02:30:00", "2001-07-01 00:00"):
            assert system.instant_us(text) == named.instant_us(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"])
@pytest.mark.parametrize("zone", ["system", "Asia/Kolkata", "America/New_York"])
def test_the_ends_of_the_calendar(text: str, zone: str) -> None:
    instant_us = TimestampReader(zone).instant_us(text)
    assert instant_us is not None
    assert format_utc(instant_us)[:3] in ("000", "999")
    assert format_local(instant_us, load_zone("Asia/Kolkata"))[:3] in ("000", "999")


@given(st.integers(-CENTURY_US, 2 * CENTURY_US))
def test_an_instant_written_is_the_instant_read(instant_us: int) -> None:
    reader = TimestampReader("America/New_York")
    assert reader.instant_us(format_utc(instant_us)) == instant_us
    assert reader.instant_us(format_local(instant_us, load_zone("Asia/Kolkata"))) == instant_us


def test_how_instants_are_written(system_zone: pytest.MonkeyPatch) -> None:
    assert format_utc(DECEMBER_US) == "2025-12-02T17:50:00.000000+00:00"
    kolkata = "2025-12-02T23:20:00.000001+05:30"
    assert format_local(DECEMBER_US + 1, load_zone("Asia/Kolkata")) == kolkata
    set_zone(system_zone, "Asia/Kolkata")
    assert format_local(DECEMBER_US + 1) == kolkata


@pytest.mark.parametrize("name", ["", "Mars/Base", "../etc/passwd", "Asia", "a\0b", "x" * 5000])
def test_an_unknown_zone_is_named(name: str) -> None:
    with pytest.raises(KnownError) as caught:
        TimestampReader(name)
    assert caught.value.code == "timezone.unknown"
    assert caught.value.params["name"] == name[:100]
