"""Our own API's answers: the old fields under the old names, readable by an old client."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from harit_desktop.domain.analysis import Analysis, Band
from harit_desktop.domain.api import ApiReading, ApiStats
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.wire.api_json import (
    encode_analysis,
    encode_history,
    encode_stats,
    read_history,
)

KEYS = [channel.key for channel in CHANNELS]
VALUES: Values = (22.5, 17.8, 152.3, 498.2, 22.1, 54.8, 7.18)
GOOD = Analysis(65, Band.GOOD, False, 0.125, ("Moisture",), (1,) * 7, "classic")
WITHHELD = Analysis(None, Band.UNKNOWN, True, 0.5, (), (9,) * 7, "classic")
READING = ApiReading("probe-1", 1_764_697_800_123_456, VALUES, GOOD)


def test_analyze_and_latest() -> None:
    expected = {
        "timestamp": "2025-12-02T23:20:00.123456",
        "soil_health_index": 65,
        "health_status": "Good",
        "is_anomalous": False,
        "anomaly_score": 0.125,
        "critical_factors": ["Moisture"],
        "sensor_readings": dict(zip(KEYS, VALUES, strict=True)),
    }
    assert json.loads(encode_analysis(READING, "Asia/Kolkata")) == expected
    latest = json.loads(encode_analysis(READING, "Asia/Kolkata", "SQLite"))
    assert latest == {**expected, "mode": "SQLite"}


def test_history() -> None:
    partial = ApiReading("unknown", 1_764_697_800_000_000, (None, *VALUES[1:]), WITHHELD)
    found = json.loads(encode_history([READING, partial], "MySQL", "UTC", total=9))
    assert (found["total"], found["mode"]) == (9, "MySQL")
    assert found["readings"][0] == {
        "timestamp": "2025-12-02T17:50:00.123456",
        "health_index": 65,
        "health_status": "Good",
        "is_anomalous": False,
        "anomaly_score": 0.125,
        "sensor_readings": dict(zip(KEYS, VALUES, strict=True)),
        "publisher_id": "probe-1",
        "timestamp_us": 1_764_697_800_123_456,
    }
    withheld = found["readings"][1]
    assert (withheld["health_index"], withheld["health_status"]) == (None, "Unknown")
    assert withheld["timestamp"] == "2025-12-02T17:50:00.000000"
    assert withheld["sensor_readings"]["N"] is None
    assert json.loads(encode_history([], "SQLite")) == {
        "total": 0,
        "readings": [],
        "mode": "SQLite",
    }


@given(
    st.lists(
        st.builds(
            ApiReading,
            st.sampled_from(["probe-1", "unknown", "खेत", "probe 2"]),
            st.integers(-(10**15), 4 * 10**15),
            st.lists(st.floats(-1e6, 1e6), min_size=7, max_size=7).map(tuple),
            st.sampled_from([GOOD, WITHHELD]),
        ),
        max_size=5,
    ),
    st.sampled_from(["UTC", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_another_harit_reads_exactly_what_is_stored(readings: list[ApiReading], zone: str) -> None:
    page = read_history(encode_history(readings, "SQLite", zone), "America/New_York")
    assert page.unreadable == 0
    stored = sorted(readings, key=lambda reading: reading.timestamp_us, reverse=True)
    assert [(row.publisher_id, row.timestamp_us, repr(row.values)) for row in page.rows] == [
        (reading.publisher_id, reading.timestamp_us, repr(reading.values)) for reading in stored
    ]


def test_stats() -> None:
    found = json.loads(encode_stats(ApiStats(3, 65.4567, 1, {"Good": 2, "Poor": 1}), "SQLite"))
    assert found == {
        "total_readings": 3,
        "average_health_index": 65.46,
        "anomaly_count": 1,
        "anomaly_percentage": 33.33,
        "status_distribution": {"Good": 2, "Poor": 1},
        "mode": "SQLite",
    }
    empty = json.loads(encode_stats(ApiStats(0, None, 0, {}), "SQLite"))
    assert (empty["average_health_index"], empty["anomaly_percentage"]) == (0, 0)
    withheld = json.loads(encode_stats(ApiStats(2, None, 0, {"Unknown": 2}), "SQLite"))
    assert withheld["average_health_index"] is None
