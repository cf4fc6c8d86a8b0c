"""What is sent is what is read again."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harit_desktop.domain.analysis import Analysis, Band
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNELS
from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.reading import Reading, Source, TimeSource, reading_key
from harit_desktop.domain.topics import mark_of, origin_bytes
from harit_desktop.wire.encode import encode_analysis, encode_reading, encode_status
from harit_desktop.wire.registry import MessageDecoder
from harit_desktop.wire.timestamps import format_utc

VALUES = (22.5, 17.8, 152.3, 498.2, 22.1, 54.8, 7.18)
NOW_US = 1_764_697_800_123_456
RECEIVED_US = NOW_US + 1_000_000
DECODER = MessageDecoder("Asia/Kolkata")
NUMBERS = st.one_of(st.none(), st.floats(-1e6, 1e6), st.integers(-1000, 1000).map(float))


def decode(payload: bytes) -> Reading:
    result = DECODER.decode(RawMessage("t", payload, RECEIVED_US))
    assert isinstance(result, Reading), result
    return result


def test_the_canonical_text() -> None:
    assert encode_reading("a", "2025-12-02T17:50:00", VALUES, False) == (
        b'{"timestamp":"2025-12-02T17:50:00","publisher_id":"a","sensor_readings":{"N":22.5,'
        b'"P":17.8,"K":152.3,"CO2":498.2,"Temperature":22.1,"Moisture":54.8,"pH":7.18}}'
    )


@given(
    values=st.lists(NUMBERS, min_size=CHANNEL_COUNT, max_size=CHANNEL_COUNT).filter(
        lambda found: any(v is not None for v in found)
    ),
    publisher_id=st.text("ab é<\"\\क", min_size=1, max_size=20).filter(lambda t: not t.isspace()),
    simulated=st.booleans(),
    message_id=st.none() | st.text("m\"\\1", min_size=1, max_size=64),
    sent_us=st.integers(NOW_US - 10**15 // 2, NOW_US),
)  # fmt: skip
def test_a_sent_reading_is_the_reading_received(
    values: list[float | None],
    publisher_id: str,
    simulated: bool,
    message_id: str | None,
    sent_us: int,
) -> None:
    text = format_utc(sent_us)
    payload = encode_reading(publisher_id, text, tuple(values), simulated, message_id)
    found = decode(payload)
    assert found == Reading(
        publisher_id=publisher_id,
        timestamp_us=sent_us,
        received_us=RECEIVED_US,
        values=tuple(values),
        source=Source.SIMULATOR if simulated else Source.MQTT,
        time_source=TimeSource.SENT,
        sent_us=sent_us,
        sent_timestamp=text,
        message_id=message_id,
        topic="t",
    )
    assert reading_key(decode(payload)) == reading_key(found)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_json_cannot_say_is_not_sent(value: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        encode_reading("a", "", (*VALUES[:-1], value), False)


def test_status() -> None:
    assert json.loads(encode_status("online", "a", "Publishing", format_utc(NOW_US))) == {
        "status": "online",
        "publisher_id": "a",
        "message": "Publishing",
        "timestamp": "2025-12-02T17:50:00.123456+00:00",
    }


@pytest.mark.parametrize("simulated", [False, True])
def test_analysis_in_both_spellings(simulated: bool) -> None:
    reading = decode(encode_reading("a", format_utc(NOW_US), VALUES, simulated))
    analysis = Analysis(
        index=None,
        band=Band.UNKNOWN,
        is_anomalous=True,
        anomaly_score=1.0,
        critical_factors=("pH",),
        flags=(1,) * len(CHANNELS),
        profile="classic",
    )
    assert json.loads(encode_analysis(reading, analysis)) == {
        "timestamp": "2025-12-02T17:50:00.123456+00:00",
        "publisher_id": "a",
        "analysis": {
            "soil_health_index": None,
            "health_status": "Unknown",
            "is_anomalous": True,
            "anomaly_score": 1.0,
            "critical_factors": ["pH"],
        },
        "health_index": None,
        "status": "Unknown",
        "anomalies": ["pH"],
    } | ({"simulated": True} if simulated else {})


@pytest.mark.parametrize("client_id", ["harit-3f2a", "", 'with "quotes" and हिन्दी \ud800'])
def test_our_mark_is_found_in_what_we_send_and_only_there(client_id: str) -> None:
    reading = decode(encode_reading("a", format_utc(NOW_US), VALUES, False))
    analysis = Analysis(65, Band.GOOD, False, 0.0, (), (1,) * CHANNEL_COUNT, "classic")
    mark = mark_of(client_id)
    assert origin_bytes(mark) in encode_analysis(reading, analysis, mark)
    assert origin_bytes(mark) in encode_status("online", "a", "", "", mark)
    assert origin_bytes(mark) not in encode_analysis(reading, analysis, mark_of("another"))
    assert b"origin" not in encode_analysis(reading, analysis)


@pytest.mark.parametrize("mark", ['a"b', "a\\b", "a\nb", "é"])
def test_a_mark_that_json_could_spell_in_two_ways_is_an_error(mark: str) -> None:
    with pytest.raises(ValueError, match="mark"):
        origin_bytes(mark)


def test_without_a_mark_nothing_is_ours() -> None:
    assert origin_bytes("") == b""
