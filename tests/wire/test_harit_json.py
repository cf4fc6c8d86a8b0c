"""The native payload, case by case: every row of what counts as bad input."""

import json
import math
import struct
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.message import Heard, Origin, RawMessage, Rejection
from harit_desktop.domain.reading import Reading, Source, TimeSource
from harit_desktop.wire.registry import MessageDecoder

RECEIVED_US = 1_764_697_860_000_000  # 2025-12-02T17:51:00Z
TOPIC = "harit-samarth/sensor/data"
KEYS = [channel.key for channel in CHANNELS]
VALUES = {
    "N": 22.5,
    "P": 17.8,
    "K": 152.3,
    "CO2": 498.2,
    "Temperature": 22.1,
    "Moisture": 54.8,
    "pH": 7.18,
}
DECODER = MessageDecoder("UTC")


def body(**changes: Any) -> dict[str, Any]:
    found = {
        "timestamp": "2025-12-02T17:50:00.123456",
        "publisher_id": "sensor-publisher-01",
        "sensor_readings": dict(VALUES),
    }
    found.update(changes)
    return found


def decode(payload: bytes | dict[str, Any], **message: Any) -> Reading | Rejection:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    result = DECODER.decode(RawMessage(TOPIC, raw, RECEIVED_US, **message))
    assert not isinstance(result, Heard), result
    return result


def reading(payload: bytes | dict[str, Any], **message: Any) -> Reading:
    result = decode(payload, **message)
    assert isinstance(result, Reading), result
    return result


def refusal(payload: bytes | dict[str, Any]) -> tuple[str, dict[str, Any]]:
    result = decode(payload)
    assert isinstance(result, Rejection), result
    return result.problem.code, dict(result.problem.params)


def with_values(text: str) -> bytes:
    """A payload whose sensor object is given as JSON text."""
    return b'{"publisher_id": "a", "sensor_readings": ' + text.encode() + b"}"


def test_the_worked_example() -> None:
    found = reading(body())
    assert found == Reading(
        publisher_id="sensor-publisher-01",
        timestamp_us=1_764_697_800_123_456,
        received_us=RECEIVED_US,
        values=tuple(VALUES.values()),
        source=Source.MQTT,
        time_source=TimeSource.SENT,
        sent_us=1_764_697_800_123_456,
        sent_timestamp="2025-12-02T17:50:00.123456",
        topic=TOPIC,
    )


def test_the_hardware_shape_is_the_same_reading() -> None:
    hardware = body()
    hardware["sensor_data"] = hardware.pop("sensor_readings")
    assert reading(hardware) == reading(body())


def test_sensor_readings_wins_over_sensor_data_unless_it_is_null() -> None:
    assert reading(body(sensor_data={"N": 1.0})).values == tuple(VALUES.values())
    assert reading(body(sensor_readings=None, sensor_data={"N": 1.0})).values[0] == 1.0


def test_unknown_keys_are_ignored_and_keys_are_exact() -> None:
    found = reading(body(battery=3.1, sensor_readings={"N": 1, "n": 2, "EC": "high", "ph": 9}))
    assert found.values == (1.0, None, None, None, None, None, None)


def test_a_null_channel_is_a_missing_channel() -> None:
    assert reading(body(sensor_readings=VALUES | {"K": None})).values[2] is None


@pytest.mark.parametrize(
    ("simulated", "origin", "source"),
    [
        (True, Origin.MQTT, Source.SIMULATOR),
        (True, Origin.API, Source.SIMULATOR),
        (False, Origin.MQTT, Source.MQTT),
        (1, Origin.MQTT, Source.MQTT),
        ("true", Origin.MQTT, Source.MQTT),
        (None, Origin.API, Source.API),
        (None, Origin.LOCAL, Source.API),
    ],
)
def test_source(simulated: object, origin: Origin, source: Source) -> None:
    assert reading(body(simulated=simulated), origin=origin).source is source


def test_a_retained_message_is_marked() -> None:
    assert reading(body(), retained=True).retained


@pytest.mark.parametrize(
    ("payload", "code", "params"),
    [
        (b"", "not_json", {"byte": 0}),
        (b"{", "not_json", {"byte": 1}),
        (b"{}{}", "not_json", {"byte": 2}),
        (b"{}\0", "not_json", {"byte": 2}),
        (b"\xef\xbb\xbf{}", "not_json", {"byte": 0}),
        ('{"é": tru}'.encode(), "not_json", {"byte": 7}),
        (b'{"a": 1,}', "not_json", {"byte": 8}),
        (b"{'a': 1}", "not_json", {"byte": 1}),
        (b'{"a": 01}', "not_json", {"byte": 7}),
        (b'{"a": "x\ny"}', "not_json", {"byte": 8}),
        (b"\x1f\x8b\x08\x00", "not_utf8", {"byte": 1}),
        ('{"a": 1}'.encode("utf-16"), "not_utf8", {"byte": 0}),
        (b'{"a": "\xed\xa0\x80"}', "not_utf8", {"byte": 7}),
        (b'{"\xff": 1}', "not_utf8", {"byte": 2}),
        (b"[" * 40 + b"\xff", "not_utf8", {"byte": 40}),
        (b"[]", "not_object", {"kind": "array"}),
        (b'"text"', "not_object", {"kind": "text"}),
        (b"12", "not_object", {"kind": "number"}),
        (b"1e999", "not_object", {"kind": "number"}),
        (b"true", "not_object", {"kind": "boolean"}),
        (b"null", "not_object", {"kind": "null"}),
        (b"{}", "not_mapped", {"why": "no_object"}),
        (b'{"sensor_readings": [1]}', "not_mapped", {"why": "no_object"}),
        (b'{"sensor_data": {"EC": 1}}', "not_mapped", {"why": "no_channel"}),
        (b'{"sensor_data": {"N": null}}', "not_mapped", {"why": "all_null"}),
        (b'{"N": 1, "P": 2}', "not_mapped", {"why": "no_object"}),
        (b'{"publisher_id": 5, "temp": 2}', "not_mapped", {"why": "no_object"}),
    ],
)
def test_what_is_no_message_of_ours(payload: bytes, code: str, params: dict[str, Any]) -> None:
    assert refusal(payload) == (code, params)


def test_size_limit() -> None:
    fill = 64 * 1024 - len(json.dumps(body(note="")))
    assert isinstance(decode(body(note="x" * fill)), Reading)
    code, params = refusal(body(note="x" * (fill + 1)))
    assert (code, params) == ("too_large", {"size_bytes": 65537, "limit_bytes": 65536})


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_depth_limit(opening: str, closing: str) -> None:
    def nested(levels: int) -> bytes:
        inner = opening * levels + "1" + closing * levels
        return b'{"x": ' + inner.encode() + b', "sensor_readings": {"N": 1}}'

    assert isinstance(decode(nested(15)), Reading)
    assert refusal(nested(16)) == ("too_deep", {"limit": 16})
    assert refusal(nested(9000)) == ("too_deep", {"limit": 16})
    assert refusal(opening.encode() * 10_000) == ("too_deep", {"limit": 16})


def test_brackets_within_texts_and_side_by_side_are_not_depth() -> None:
    assert isinstance(decode(body(note='[{"\\' * 100, rows=[[] for _ in range(100)])), Reading)


@pytest.mark.parametrize(
    ("payload", "key"),
    [
        (b'{"sensor_readings": {"N": 1, "N": 2}}', "N"),
        (b'{"sensor_readings": {"N": 1, "\\u004e": 2}}', "N"),
        (b'{"sensor_readings": {"N": 1}, "sensor_readings": {"N": 1}}', "sensor_readings"),
        (b'{"x": [{"y": {"a": 1, "b": 2, "a": 3}}], "sensor_readings": {"N": 1}}', "a"),
        (b'{"x": "\\"", "x": "\\\\", "sensor_readings": {"N": 1}}', "x"),
        (b'{"a\\nb": 1, "a\\u000ab": 1, "sensor_readings": {"N": 1}}', "a\\nb"),
    ],
)
def test_a_key_twice_is_refused_at_every_level(payload: bytes, key: str) -> None:
    assert refusal(payload) == ("duplicate_keys", {"key": key})


def test_equal_keys_in_different_objects_are_fine() -> None:
    payload = b'{"a": {"N": "\\"N\\""}, "N": "N", "sensor_readings": {"N": 1}}'
    assert isinstance(decode(payload), Reading)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("NaN", "nan"),
        ("Infinity", "infinity"),
        ("-Infinity", "infinity"),
        ("1e400", "too_big"),
        ("-1e400", "too_big"),
        ("9" * 5000, "too_big"),
        ("9" * 4000, "too_big"),
        ("9" * 30, "too_big"),
        ("1000000.0000000002", "too_big"),
        ("-1000001", "too_big"),
        ("true", "boolean"),
        ("false", "boolean"),
        ('"22.5"', "text"),
        ('""', "text"),
        ("[22.5]", "array"),
        ("{}", "object"),
    ],
)
@pytest.mark.parametrize("channel", ["N", "pH"])
def test_values_that_are_no_measurement(channel: str, text: str, why: str) -> None:
    code, params = refusal(with_values(f'{{"CO2": 400, "{channel}": {text}}}'))
    assert code == "bad_value"
    assert (params["channel"], params["why"]) == (channel, why)
    assert len(str(params["value"])) <= 40


@pytest.mark.parametrize("text", ["1000000", "-1e6", "-12.75", "15.2", "140", "-0.0", "1e-300"])
def test_impossible_values_within_a_million_are_kept(text: str) -> None:
    assert reading(with_values(f'{{"N": {text}}}')).values[0] == float(text)


def test_numbers_nobody_reads_do_no_harm_but_nan_is_not_json() -> None:
    for harmless in ("1e400", "9" * 5000, '"\\ud800"'):
        payload = f'{{"x": {harmless}, "sensor_readings": {{"N": 1}}}}'.encode()
        assert isinstance(decode(payload), Reading)
    payload = b'{"publisher_id": "a", "battery": NaN, "sensor_readings": {"N": 1}}'
    result = decode(payload)
    assert isinstance(result, Rejection)
    assert result.publisher_id == "a"
    assert refusal(payload) == ("not_json", {"token": "NaN"})


@pytest.mark.parametrize("key", ["publisher_id", "message_id"])
@pytest.mark.parametrize(
    ("value", "why"),
    [
        (5, "not_text"),
        (True, "not_text"),
        ([], "not_text"),
        ({}, "not_text"),
        ("", "empty"),
        ("  ", "empty"),
        ("x" * 65, "too_long"),
        ("a\n", "character"),
        ("a\0", "character"),
        ("\x1b[2Jx", "character"),
        ("a\x7f", "character"),
        ("a\u202egnp.exe", "character"),
        ("a\u200b", "character"),
        ("a\u2028b", "character"),
        ("\ufeffa", "character"),
        ("a\u00adb", "character"),
        ("\u3164", "character"),
        ("a\U000e0041", "character"),
        ("a\ufffe", "character"),
        ("\ud800", "character"),
        ("a\u200db", "character"),
        ("\u200dक", "character"),
        ("e\u0301\u200d", "character"),
    ],
)
def test_ids_that_are_refused(key: str, value: object, why: str) -> None:
    code, params = refusal(body(**{key: value}))
    assert code == f"bad_{key}"
    assert params["why"] == why
    str(params["value"]).encode()
    assert str(params["value"]).isprintable()


@pytest.mark.parametrize("key", ["publisher_id", "message_id"])
@pytest.mark.parametrize(
    "value",
    ["x" * 64, "é" * 64, " node 1 ", "=1+1", "<b>x</b>", "../../x", "खेत-१", "शेतातील क्\u200dष",
     "क्\u200cष", "తోట్\u200cట", "田", "🌱", "☀\ufe0f roof", "a\u00a0b"],
)  # fmt: skip
def test_ids_that_are_kept_exactly(key: str, value: str) -> None:
    assert getattr(reading(body(**{key: value})), key) == value


def test_the_character_at_fault_is_named() -> None:
    assert refusal(body(publisher_id="a\u202eb"))[1] == {
        "why": "character",
        "value": "a\\u202eb",
        "character": "U+202E",
    }


@pytest.mark.parametrize("sent", [{}, {"publisher_id": None}])
def test_a_missing_publisher_is_unknown(sent: dict[str, Any]) -> None:
    assert reading(sent | {"sensor_readings": {"N": 1}}).publisher_id == "unknown"


def test_a_refusal_names_the_publisher_once_it_is_known() -> None:
    for payload, publisher in [
        (body(sensor_readings={"N": True}), "sensor-publisher-01"),
        (body(timestamp=1), "sensor-publisher-01"),
        (body(message_id=""), "sensor-publisher-01"),
        (body(sensor_readings=None), "sensor-publisher-01"),
        (body(publisher_id=""), None),
        ({}, "unknown"),
    ]:
        result = decode(payload)
        assert isinstance(result, Rejection)
        assert result.publisher_id == publisher


@pytest.mark.parametrize("sent", [{}, {"timestamp": None}])
def test_a_missing_time_is_the_receive_time(sent: dict[str, Any]) -> None:
    found = reading(sent | {"sensor_readings": {"N": 1}})
    assert found.time_source is TimeSource.RECEIVED
    assert found.timestamp_us == RECEIVED_US
    assert found.sent_us is None
    assert found.sent_timestamp is None


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (1_764_697_800, "not_text"),
        (1.5, "not_text"),
        (True, "not_text"),
        ({}, "not_text"),
        ("", "unreadable"),
        ("yesterday", "unreadable"),
        ("2025-12-02", "unreadable"),
        ("17:50:00", "unreadable"),
        ("2025-13-02T17:50:00", "unreadable"),
        ("2025-12-02T17:50:60", "unreadable"),
        ("2025-12-02x17:50:00", "unreadable"),
        ("2025-12-02T17:50:00\0", "unreadable"),
        ("2025-12-02T17:50:00\ud800", "unreadable"),
        ("２０２５-12-02T17:50:00", "unreadable"),
        ("1764697800", "unreadable"),
        ("0" * 30_000, "too_long"),
    ],
)
def test_unreadable_times(value: object, why: str) -> None:
    code, params = refusal(body(timestamp=value))
    assert (code, params["why"]) == ("bad_timestamp", why)
    str(params["value"]).encode()


@pytest.mark.parametrize(
    ("text", "suspect"),
    [
        ("2025-12-03T17:51:00", False),
        ("2025-12-03T17:51:00.000001", True),
        ("2000-01-01T00:00:00", False),
        ("1999-12-31T23:59:59.999999", True),
        ("0001-01-01T00:00:00", True),
        ("9999-12-31T23:59:59-23:59", True),
    ],
)
def test_a_clock_that_cannot_be_right(text: str, suspect: bool) -> None:
    found = reading(body(timestamp=text))
    assert found.time_source is (TimeSource.SUSPECT if suspect else TimeSource.SENT)
    assert (found.timestamp_us == found.sent_us) is not suspect
    assert (found.timestamp_us == RECEIVED_US) is suspect
    assert found.sent_timestamp == text


@given(st.sampled_from(KEYS), st.floats(-1e6, 1e6))
@example("N", -0.0)
@example("N", 5e-324)
@example("N", 0.1 + 0.2)
def test_a_double_arrives_bit_for_bit(key: str, value: float) -> None:
    found = reading(with_values(f'{{"{key}": {value!r}}}')).values[KEYS.index(key)]
    assert found is not None
    assert struct.pack(">d", found) == struct.pack(">d", value)


@given(st.decimals(-1_000_000, 1_000_000, places=30, allow_nan=False))
@example(Decimal("7.18" + "0" * 300 + "1"))
def test_a_decimal_arrives_as_the_nearest_double(value: Decimal) -> None:
    found = reading(with_values(f'{{"N": {value:f}}}')).values[0]
    assert found == float(value)
    assert found is not None
    assert math.isfinite(found)
