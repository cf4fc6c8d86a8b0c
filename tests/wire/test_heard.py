"""Analyses and status messages of other programs: known by their content, read for the window."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from harit_desktop.domain.analysis import Analysis, Band
from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.domain.message import Heard, HeardKind, RawMessage, Rejection
from harit_desktop.domain.reading import Reading, Source, TimeSource
from harit_desktop.domain.topics import HEARD_TOPICS
from harit_desktop.wire.encode import encode_analysis, encode_status
from harit_desktop.wire.heard import HeardAnalysis, HeardStatus, read_analysis, read_status
from harit_desktop.wire.registry import MessageDecoder

DECODER = MessageDecoder("UTC")
NOW_US = 1_764_697_800_123_456
FLAT = {"health_index": 61, "status": "Good", "anomalies": []}
NESTED = {
    "timestamp": "2025-12-02T17:50:00",
    "publisher_id": "field-1",
    "analysis": {
        "soil_health_index": 65,
        "health_status": "Good",
        "is_anomalous": 0,
        "anomaly_score": 0.25,
        "critical_factors": ["pH"],
    },
}


def decode(body: Any) -> Reading | Rejection | Heard:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return DECODER.decode(RawMessage("any/topic", payload, NOW_US))


def ours() -> bytes:
    reading = Reading(
        "field-1", NOW_US, NOW_US, (22.5,) * CHANNEL_COUNT, Source.SIMULATOR, TimeSource.SENT
    )
    flags = (1,) * CHANNEL_COUNT
    analysis = Analysis(64, Band.GOOD, True, 1.0, ("pH", "Nitrogen"), flags, "classic")
    return encode_analysis(reading, analysis, "mark")


@pytest.mark.parametrize(
    ("body", "publisher_id"),
    [
        (NESTED, "field-1"),
        (FLAT, ""),
        ({"soil_health_index": None}, ""),
        ({"analysis": {}}, ""),
        ({**NESTED, "sensor_readings": {}}, "field-1"),
        ({**FLAT, "publisher_id": None, "status": "online"}, ""),
        (ours(), "field-1"),
        (b'{"\\u0061nalysis": {}}', ""),
    ],
)
def test_an_analysis_is_heard(body: Any, publisher_id: str) -> None:
    assert decode(body) == Heard(HeardKind.ANALYSIS, publisher_id)


@pytest.mark.parametrize("word", ["online", "offline", "connected"])
def test_a_status_is_heard(word: str) -> None:
    payload = encode_status(word, "pump", "Publisher started", "2025-12-02T17:50:00")
    assert decode(payload) == Heard(HeardKind.STATUS, "pump")
    assert decode({"status": word}) == Heard(HeardKind.STATUS, "")
    assert decode({"status": word, "timestamp": 1_764_697_800}) == Heard(HeardKind.STATUS, "")


@pytest.mark.parametrize("extra", [NESTED, FLAT, {"status": "online"}])
def test_a_message_with_sensor_values_is_a_reading_whatever_else_it_says(extra: Any) -> None:
    result = decode({**extra, "publisher_id": "a", "sensor_readings": {"pH": 7.1}})
    assert isinstance(result, Reading)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"status": "ok"},
        {"status": "Online"},
        {"status": ["online"]},
        {"status": "online", "soil": {"moisture": 33}},
        {"status": "online", "moisture": 33},
        {"analysis": "good"},
        {"analysis": [1]},
        {"temperature": 20.5},
        {"text": "analysis, health_index, status"},
    ],
)
def test_anything_else_stays_not_mapped(body: Any) -> None:
    result = decode(body)
    assert isinstance(result, Rejection)
    assert result.problem.code == "not_mapped"
    payload = json.dumps(body).encode()
    assert (read_analysis(payload), read_status(payload)) == (None, None)


@pytest.mark.parametrize("body", [NESTED, FLAT, {"status": "online"}])
@pytest.mark.parametrize("publisher_id", ["", "x" * 65, 7, "a\u202eb", ["a"]])
def test_a_bad_publisher_is_refused_here_too(body: Any, publisher_id: object) -> None:
    result = decode({**body, "publisher_id": publisher_id})
    assert isinstance(result, Rejection)
    assert result.problem.code == "bad_publisher_id"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b'{"health_index": NaN}', "not_json"),
        (b'{"health_index": 1, "health_index": 2}', "duplicate_keys"),
        (b'{"health_index": 1', "not_json"),
        (b'[{"health_index": 1}]', "not_object"),
        (b'{"status": "online"}\xff', "not_utf8"),
        (b'{"analysis": ' + b'{"a": ' * 16 + b"1" + b"}" * 17, "too_deep"),
        (b'{"health_index": 1, "x": "' + b"y" * 70_000 + b'"}', "too_large"),
    ],
)
def test_only_strict_json_is_heard(payload: bytes, code: str) -> None:
    result = decode(payload)
    assert isinstance(result, Rejection)
    assert result.problem.code == code
    assert (read_analysis(payload), read_status(payload)) == (None, None)


def test_what_we_send_is_read_back() -> None:
    assert read_analysis(ours()) == HeardAnalysis(
        publisher_id="field-1",
        timestamp="2025-12-02T17:50:00.123456+00:00",
        index=64.0,
        status="Good",
        is_anomalous=True,
        anomaly_score=1.0,
        critical_factors=("pH", "Nitrogen"),
        simulated=True,
    )


def test_both_spellings_are_read() -> None:
    nested = read_analysis(json.dumps(NESTED).encode())
    assert nested == HeardAnalysis(
        "field-1", "2025-12-02T17:50:00", 65.0, "Good", False, 0.25, ("pH",)
    )
    assert read_analysis(json.dumps(FLAT).encode()) == HeardAnalysis(index=61.0, status="Good")
    both = {**FLAT, "anomalies": "Dry", "analysis": {"soil_health_index": None}}
    assert read_analysis(json.dumps(both).encode()) == HeardAnalysis(
        index=61.0, status="Good", critical_factors=("Dry",)
    )


def test_what_cannot_be_shown_is_left_out() -> None:
    odd = {
        "timestamp": 7,
        "health_index": 101,
        "status": {"a": 1},
        "is_anomalous": "yes",
        "anomaly_score": 10**18,
        "anomalies": [1, None, "", "a\u202eb", "x" * 500, *["y"] * 40],
    }
    found = read_analysis(json.dumps(odd).encode())
    assert found is not None
    assert found.critical_factors[:2] == ("a\\u202eb", "x" * 39 + "…")
    assert len(found.critical_factors) <= 16
    assert found == HeardAnalysis(critical_factors=found.critical_factors)


def test_a_status_is_read() -> None:
    payload = encode_status("offline", "pump", "Lost\nits way", "2025-12-02T17:50:00")
    assert read_status(payload) == HeardStatus(
        "offline", "pump", "Lost\\nits way", "2025-12-02T17:50:00"
    )
    assert read_analysis(payload) is None
    assert read_status(ours()) is None


@pytest.mark.parametrize("topic", HEARD_TOPICS)
def test_no_reading_comes_from_where_programs_talk(topic: str) -> None:
    """An answer of `analyze` repeats the values: it must not be stored as one more reading."""
    payload = b'{"publisher_id":"p","analysis":{"soil_health_index":60},"sensor_readings":{"N":22}}'
    decoder = MessageDecoder("UTC")
    assert isinstance(decoder.decode(RawMessage(topic, payload, 1)), Heard)
    bare = RawMessage(topic, b'{"publisher_id":"p","sensor_readings":{"N":22}}', 1)
    refused = decoder.decode(bare)
    assert isinstance(refused, Rejection)
    assert refused.problem.code == "not_mapped"
    elsewhere = decoder.decode(replace(bare, topic="harit-samarth/sensor/data"))
    assert isinstance(elsewhere, Reading)
