"""The HTTP API's words: a remote history becomes messages, and posted readings are judged."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harit_desktop.domain.api import POLLED_TOPIC, POSTED_TOPIC, ApiPage, ApiRow
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.message import Origin, RawMessage
from harit_desktop.domain.reading import Reading, Source, reading_key
from harit_desktop.wire.api_json import (
    ApiFault,
    PostedReading,
    encode_post,
    read_history,
    read_post,
    read_total,
)
from harit_desktop.wire.encode import encode_reading
from harit_desktop.wire.registry import MessageDecoder
from harit_desktop.wire.timestamps import format_utc

KEYS = [channel.key for channel in CHANNELS]
VALUES: Values = (22.5, 17.8, 152.3, 498.2, 22.1, 54.8, 7.18)
SENSORS = dict(zip(KEYS, VALUES, strict=True))
NOW_US = 1_790_000_000_000_000  # 2026-09-21
ZONES = ["UTC", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe"]

_numbers = st.one_of(st.floats(-1e6, 1e6), st.integers(-(10**6), 10**6).map(float), st.just(-0.0))
values_st = st.lists(st.none() | _numbers, min_size=7, max_size=7).map(tuple).filter(any)
instants_us = st.integers(946_684_800_000_000, NOW_US)
ids = st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=64)


def row(**changes: Any) -> dict[str, Any]:
    found = {
        "timestamp": "2025-12-02T17:50:00.123456",
        "health_index": 65,
        "health_status": "Good",
        "is_anomalous": False,
        "anomaly_score": 0.1,
        "sensor_readings": dict(SENSORS),
    }
    found.update(changes)
    return found


def page(*rows: Any, zone: str = "UTC", **more: Any) -> ApiPage:
    return read_history(json.dumps({"readings": rows, **more}).encode(), zone)


def only(*rows: Any, zone: str = "UTC") -> ApiRow:
    found = page(*rows, zone=zone)
    assert (len(found.rows), found.unreadable) == (1, 0)
    return found.rows[0]


def decoded(payload: bytes, zone: str, topic: str = POLLED_TOPIC) -> Reading:
    message = RawMessage(topic, payload, NOW_US, origin=Origin.API)
    found = MessageDecoder(zone).decode(message)
    assert isinstance(found, Reading), found
    return found


def same(one: Values, other: Values) -> bool:
    """Exactly, the sign of zero included."""
    return repr(one) == repr(other)


# -- a remote history ----------------------------------------------------------------


@given(values_st, instants_us, st.sampled_from(ZONES), st.sampled_from(ZONES))
def test_a_row_of_the_existing_backend_is_the_same_reading(
    values: Values, instant_us: int, zone: str, other_zone: str
) -> None:
    """Its naive local time is read in the profile's zone, once: no later zone matters."""
    local = datetime.fromtimestamp(instant_us // 10**6, ZoneInfo(zone)).replace(
        microsecond=instant_us % 10**6, fold=0
    )
    sensors = {key: value for key, value in zip(KEYS, values, strict=True) if value is not None}
    naive = local.replace(tzinfo=None).isoformat()
    found = only(row(timestamp=naive, sensor_readings=sensors), zone=zone)
    first = datetime.fromisoformat(naive).replace(tzinfo=ZoneInfo(zone))
    expected_us = round((first - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 10**6
    reading = decoded(found.payload, other_zone)
    assert found.timestamp_us == reading.timestamp_us == reading.sent_us
    assert abs(found.timestamp_us - expected_us) <= 10**6
    assert found.timestamp_us in {instant_us, instant_us - 3600 * 10**6, instant_us - 1800 * 10**6}
    assert same(found.values, values)
    assert same(reading.values, values)
    assert (found.publisher_id, reading.source) == (None, Source.API)


@given(values_st, instants_us, ids, st.booleans(), st.none() | ids)
def test_a_row_of_another_harit_has_the_identity_of_its_mqtt_message(
    values: Values, instant_us: int, publisher: str, simulated: bool, message_id: str | None
) -> None:
    sent = encode_reading(publisher, format_utc(instant_us), values, simulated, message_id)
    original = decoded(sent, "Asia/Kolkata")
    found = only(
        row(
            timestamp="nonsense",
            sensor_readings=dict(zip(KEYS, values, strict=True)),
            publisher_id=publisher,
            timestamp_us=instant_us,
            simulated=simulated,
            message_id=message_id,
        )
    )
    reading = decoded(found.payload, "UTC")
    assert (found.publisher_id, found.timestamp_us) == (publisher, instant_us)
    assert reading_key(reading) == reading_key(original)
    assert same(reading.values, original.values)
    assert reading.simulated is simulated


@pytest.mark.parametrize(
    "judgement",
    [
        {"soil_health_index": 65, "is_anomalous": 1},
        {"health_index": 65, "is_anomalous": 0},
        {"health_index": None, "health_status": None, "is_anomalous": None},
        {"is_anomalous": "perhaps", "critical_factors": "Moisture"},
        {},
    ],
)
def test_whatever_the_judgement_is_called_the_reading_is_the_same(judgement: Any) -> None:
    bare = {"timestamp": "2025-12-02T17:50:00.123456", "sensor_readings": SENSORS}
    found = only({**bare, **judgement})
    assert msgspec.structs.replace(found, health_index=65) == only(row())
    assert found.health_index == judgement.get("health_index", judgement.get("soil_health_index"))


@pytest.mark.parametrize("index", ["65", True, [65], float("nan"), 10**400])
def test_an_index_that_is_no_number_is_none(index: Any) -> None:
    assert only(row(health_index=index, soil_health_index=5)).health_index is None


def test_the_servers_own_time_is_kept_as_it_was_sent() -> None:
    found = only(row(timestamp="2025-12-02t17:50:00.5"), zone="Asia/Kolkata")
    assert found.sent_at == datetime(2025, 12, 2, 17, 50, 0, 500_000)  # noqa: DTZ001 - as sent
    offset = only(row(timestamp="2025-12-02T17:50:00Z")).sent_at
    assert offset == datetime(2025, 12, 2, 17, 50, tzinfo=UTC)
    assert only(row(publisher_id="a", timestamp_us=NOW_US)).sent_at is None


def test_rows_come_newest_first_with_the_count_of_the_others() -> None:
    times = ["2025-12-02T17:50:00", "2025-12-02T17:52:00", "2025-12-02T17:51:00"]
    found = page(*[row(timestamp=each) for each in times], None, {}, 5, total=7)
    newest = [each.timestamp_us for each in found.rows]
    assert newest == sorted(newest, reverse=True)
    assert (found.unreadable, found.total) == (3, 7)


@pytest.mark.parametrize("total", [None, "5", -1, True, 5.0])
def test_a_total_that_is_no_count_is_none(total: Any) -> None:
    assert page(total=total) == ApiPage((), 0, None)


@pytest.mark.parametrize(
    ("body", "total"),
    [
        (b'{"total_readings": 7}', 7),
        (b'{"total_readings": true}', None),
        (b'{"total_readings": -7}', None),
        (b'{"average_health_index": NaN, "total_readings": 7}', 7),
        (b'{"total_readings": NaN}', None),
        (b'{"a": NaN', None),
        (b"{}", None),
        (b"[]", None),
        (b"{", None),
        (b"[" * 10**6, None),
    ],
)
def test_the_total_of_the_stats(body: bytes, total: int | None) -> None:
    assert read_total(body) == total


@pytest.mark.parametrize(
    "bad",
    [
        {"timestamp": None},
        {"timestamp": "2025-12-02"},
        {"timestamp": 1_764_697_800},
        {"timestamp": "yesterday"},
        {"sensor_readings": None},
        {"sensor_readings": {}},
        {"sensor_readings": {"EC": 1}},
        {"sensor_readings": {**SENSORS, "pH": "7.1"}},
        {"sensor_readings": {**SENSORS, "pH": True}},
        {"sensor_readings": {**SENSORS, "pH": 1e7}},
        {"sensor_readings": {**SENSORS, "pH": float("nan")}},
        {"sensor_readings": {**SENSORS, "pH": float("-inf")}},
        {"sensor_readings": {**SENSORS, "pH": 10**400}},
        {"sensor_readings": dict.fromkeys(KEYS)},
        {"publisher_id": "a\u202eb", "timestamp_us": NOW_US},
        {"publisher_id": "x" * 65, "timestamp_us": NOW_US},
        {"publisher_id": 5, "timestamp_us": NOW_US},
        {"publisher_id": "a", "timestamp_us": 10**30},
        {"publisher_id": "a", "timestamp_us": -(10**30)},
        {"publisher_id": "a", "timestamp_us": NOW_US, "message_id": ""},
        {"publisher_id": "\ud800", "timestamp_us": NOW_US, "anomaly_score": float("inf")},
    ],
)
@pytest.mark.parametrize("score", [0.1, float("nan")])
def test_a_row_that_is_no_reading_hides_no_other(bad: dict[str, Any], score: float) -> None:
    found = page(row(), row(**bad), row(anomaly_score=score))
    assert (len(found.rows), found.unreadable) == (2, 1)


@pytest.mark.parametrize(
    "half", [{"publisher_id": "a"}, {"timestamp_us": 5}, {"publisher_id": "a", "timestamp_us": "5"}]
)
def test_half_of_what_a_harit_says_counts_for_nothing(half: dict[str, Any]) -> None:
    assert only(row(**half)) == only(row())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"readings": null}',
        b'{"readings": [',
        b"\xff",
        b"[" * 10**6,
        b'{"NaN": ' + b"[" * 10**6,
    ],
)
def test_another_answer_is_not_a_history(body: bytes) -> None:
    with pytest.raises(KnownError) as caught:
        read_history(body, "UTC")
    assert caught.value.code == "api.not_json"


@given(
    st.binary()
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(
        lambda rows: json.dumps({"readings": rows}).encode()
    )
)
def test_no_bytes_break_the_reader(body: bytes) -> None:
    try:
        read_history(body, "UTC")
    except KnownError:
        return


# -- posted readings -----------------------------------------------------------------


def fault(body: bytes | dict[str, Any]) -> ApiFault:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(ApiFault) as caught:
        read_post(raw)
    return caught.value


def posted(**changes: Any) -> PostedReading:
    return read_post(json.dumps({**SENSORS, **changes}).encode())


@given(values_st, instants_us, ids, st.booleans(), st.none() | ids)
def test_a_posted_reading_has_the_identity_of_its_mqtt_message(
    values: Values, instant_us: int, publisher: str, simulated: bool, message_id: str | None
) -> None:
    time_text = format_utc(instant_us)
    over_mqtt = encode_reading(publisher, time_text, values, simulated, message_id)
    body = encode_post(publisher, time_text, values, simulated=simulated, message_id=message_id)
    found = read_post(body)
    reading = decoded(found.payload, "UTC", POSTED_TOPIC)
    assert reading_key(reading) == reading_key(decoded(over_mqtt, "Asia/Kolkata"))
    assert same(found.values, values)
    assert same(reading.values, values)
    assert reading.simulated is simulated


def test_the_existing_backend_understands_what_is_posted() -> None:
    body = json.loads(encode_post("a", "2025-12-02T17:50:00", VALUES, simulated=False))
    assert {key: body.pop(key) for key in KEYS} == SENSORS
    assert body == {"timestamp": "2025-12-02T17:50:00", "publisher_id": "a"}
    some = json.loads(encode_post("a", "t", (1.0, *[None] * 6), simulated=True, message_id="m"))
    assert some.pop("absent_channels") == KEYS[1:]
    assert some == {
        "N": 1.0,
        "timestamp": "t",
        "publisher_id": "a",
        "simulated": True,
        "message_id": "m",
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_has_no_word_for_is_not_posted(value: float) -> None:
    with pytest.raises(ValueError, match="N is not finite"):
        encode_post("a", "t", (value, *[None] * 6), simulated=False)


def test_the_old_scripts_request_is_enough() -> None:
    found = posted()
    assert (found.publisher_id, found.timestamp, found.message_id) == (None, None, None)
    reading = decoded(found.payload, "UTC", POSTED_TOPIC)
    assert (reading.publisher_id, reading.timestamp_us) == ("unknown", NOW_US)
    assert posted(site="north", timestamp=None, publisher_id=None, simulated="yes") == found


def test_a_naive_time_is_local_in_the_profile() -> None:
    found = posted(timestamp="2025-12-02T17:50:00")
    assert decoded(found.payload, "Asia/Kolkata").timestamp_us == 1_764_697_800_000_000 - (
        19_800 * 10**6
    )


@pytest.mark.parametrize("body", [{}, {"N": 1}, dict.fromkeys(KEYS[1:], 1), [], 5, None, "N"])
def test_a_missing_field_is_answered_in_the_old_words(body: Any) -> None:
    found = fault(json.dumps(body).encode())
    assert (found.status, found.error) == (400, "Missing required fields")
    assert found.extra == {"required": KEYS}


@pytest.mark.parametrize("absent", [["N", "P"], [*KEYS], "N", [5], {"N": 1}, None, ["P"]])
def test_only_a_channel_that_is_declared_absent_may_be_missing(absent: Any) -> None:
    body = dict.fromkeys(KEYS[1:], 1) | {"absent_channels": absent}
    if isinstance(absent, list) and "N" in absent:
        assert read_post(json.dumps(body).encode()).values[0] is None
    else:
        assert fault(body).error == "Missing required fields"


def test_a_reading_has_a_channel() -> None:
    assert fault({"absent_channels": KEYS}).error == "Missing required fields"


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("null", "null"),
        ("true", "boolean"),
        ('"7.1"', "text"),
        ("[7]", "array"),
        ("{}", "object"),
        ("NaN", "nan"),
        ("-Infinity", "infinity"),
        ("1000000.1", "too_big"),
        ("-1e7", "too_big"),
        ("1e999", "too_big"),
        ("1" * 5000, "too_big"),
    ],
)
def test_a_wrong_value_is_answered_in_the_old_words(value: str, what: str) -> None:
    text = json.dumps({**SENSORS, "pH": "@"}).replace('"@"', value)
    found = fault(text.encode())
    assert found.status == 400
    assert found.error.startswith("Invalid data type: pH ")
    assert found.error.endswith(what)


@pytest.mark.parametrize(
    "extra",
    [
        {"timestamp": "yesterday"},
        {"timestamp": 5},
        {"timestamp": "2025-12-02"},
        {"publisher_id": ""},
        {"publisher_id": 5},
        {"publisher_id": "x" * 65},
        {"publisher_id": "a\u202eb"},
        {"message_id": "\n"},
    ],
)
def test_a_bad_optional_field_is_not_passed_over(extra: dict[str, Any]) -> None:
    found = fault({**SENSORS, **extra})
    assert (found.status, found.error.split(":")[0]) == (400, "Invalid data type")
    assert found.error.isprintable()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b'{"N": 1, "N": 2}', 400),
        (b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}", 400),
        (json.dumps({**SENSORS, "note": float("nan")}).encode(), 400),
        (b'{"note": "' + b"x" * 65_536 + b'"}', 413),
    ],
)
def test_what_is_not_json_is_said_to_be_so(body: bytes, status: int) -> None:
    assert fault(body).status == status


@given(st.binary())
def test_no_bytes_break_the_reader_of_posts(body: bytes) -> None:
    assert fault(body).status == 400
