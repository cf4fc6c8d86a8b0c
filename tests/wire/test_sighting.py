"""From a sighting to a reading: numbers, names, instants, several devices in one message."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.domain.extras import EXTRA_CHANNELS
from harit_desktop.domain.message import Heard, Origin, RawMessage, Rejection
from harit_desktop.domain.reading import Reading, Readings, Source, TimeSource, reading_key
from harit_desktop.wire.reasons import Refused
from harit_desktop.wire.registry import MessageDecoder
from harit_desktop.wire.sighting import (
    Sighting,
    celsius_of_fahrenheit,
    number,
    scaled,
    sighting_of,
)
from harit_desktop.wire.sighting_readings import MAX_SIGHTINGS, SightingReader
from harit_desktop.wire.strict_json import scalar_of
from harit_desktop.wire.timestamps import TimestampReader

RECEIVED_US = 1_764_697_860_000_000  # 2025-12-02T17:51:00Z
READER = SightingReader(TimestampReader("Asia/Kolkata"))
MESSAGE = RawMessage("field/7", b"", RECEIVED_US, retained=True)


def seen(publisher_id: Any = "probe", sent: Any = None, **found: float) -> Sighting:
    one = sighting_of(publisher_id, found or {"Moisture": 31.0}, sent=sent)
    assert one is not None
    return one


def read(*sightings: Sighting, tree: object = None) -> Reading | Readings:
    return READER.readings(MESSAGE, tree, sightings, "family")


def one_reading(*sightings: Sighting) -> Reading:
    found = read(*sightings)
    assert isinstance(found, Reading)
    return found


def refusal(*sightings: Sighting) -> tuple[str, dict[str, Any]]:
    with pytest.raises(Refused) as caught:
        read(*sightings)
    return caught.value.problem.code, dict(caught.value.problem.params)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (3, 3.0),
        (-2.5, -2.5),
        (1e6, 1e6),
        ("24.29", 24.29),
        ("-3", -3.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        (1e6 + 1, None),
        ("1000001", None),
        (10**400, None),
        (True, None),
        (float("nan"), None),
        (float("inf"), None),
        ("nan", None),
        ("inf", None),
        ("", None),
        ("1_000", None),
        (" 1", None),
        ("1\n", None),
        ("٣", None),
        ("0x10", None),
        ("24,3", None),
        ("24.29 %", None),
        ("9" * 5000, None),
        (None, None),
        ([1], None),
        ({}, None),
    ],
)
def test_what_counts_as_a_number(sent: object, expected: float | None) -> None:
    assert number(sent) == expected


def test_units() -> None:
    assert celsius_of_fahrenheit(32.0) == 0.0
    assert celsius_of_fahrenheit(70.0) == 21.111111
    assert scaled(0.07, 1000.0) == 70.0


def test_what_was_found_is_sorted_and_extras_beyond_their_bounds_are_left_out() -> None:
    one = sighting_of("a", {"SNR": 7.0, "pH": 15.0, "Battery": 101.0, "EC": 300.0, "N": 0.0})
    assert one is not None
    assert one.values == (0.0, *[None] * (CHANNEL_COUNT - 2), 15.0)
    assert one.extras == (("EC", 300.0), ("SNR", 7.0))
    assert sighting_of("a", {}) is None
    assert sighting_of("a", {"Battery": -1.0}) is None
    with pytest.raises(KeyError):
        sighting_of("a", {"Humidity": 50.0})


def test_a_reading_has_all_that_the_message_says() -> None:
    reading = one_reading(seen(sent="2025-12-02T23:20:00"))
    assert reading.timestamp_us == RECEIVED_US - 60_000_000
    assert (reading.time_source, reading.sent_us) == (TimeSource.SENT, reading.timestamp_us)
    assert (reading.topic, reading.retained, reading.source) == ("field/7", True, Source.MQTT)
    assert reading_key(reading) is not None


NOON_US = 1_764_676_800_000_000


@pytest.mark.parametrize(
    ("sent", "at_us"),
    [
        ("2025-12-02T12:00:00Z", NOON_US),
        ("2025-12-02T12:00:00.000000000+00:00", NOON_US),
        ("2025-12-02 17:30:00", NOON_US),
        (1_764_676_800, NOON_US),
        (1_764_676_800.25, NOON_US + 250_000),
        (1_764_676_800_250, NOON_US + 250_000),
        (1_764_676_800_250_001, NOON_US + 250_001),
        ("1764676800", NOON_US),
        ("1764676800250", NOON_US + 250_000),
    ],
)
def test_instants(sent: object, at_us: int) -> None:
    reading = one_reading(seen(sent=sent))
    assert (reading.timestamp_us, reading.sent_us) == (at_us, at_us)
    assert reading.time_source is TimeSource.SENT
    assert reading.sent_timestamp == str(sent)


@pytest.mark.parametrize("sent", [12, 946_684_799, -5, 1_764_784_261, "1999-12-31T23:59:59Z"])
def test_a_clock_that_cannot_be_right_is_suspect(sent: object) -> None:
    reading = one_reading(seen(sent=sent))
    assert reading.time_source is TimeSource.SUSPECT
    assert reading.timestamp_us == RECEIVED_US
    assert reading.sent_us not in (None, RECEIVED_US)
    assert reading.sent_timestamp == str(sent)


@pytest.mark.parametrize("sent", [None, 0, 0.0])
def test_a_clock_that_was_never_set_names_no_time(sent: object) -> None:
    reading = one_reading(seen(sent=sent))
    assert (reading.time_source, reading.sent_us) == (TimeSource.RECEIVED, None)
    assert reading_key(reading) is None


def test_a_time_that_is_not_of_the_measurement_is_kept_as_text_alone() -> None:
    values = (None, None, None, None, None, 31.0, None)
    reading = one_reading(Sighting("a", values, sent="2025-12-02T12:00:00Z", received_only=True))
    assert (reading.timestamp_us, reading.sent_us) == (RECEIVED_US, None)
    assert reading.sent_timestamp == "2025-12-02T12:00:00Z"


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ("yesterday", "unreadable"),
        ("", "unreadable"),
        ("13:05", "unreadable"),
        ("0" * 300, "too_long"),
        (10**30, "unreadable"),
        (10**400, "unreadable"),
        (float("inf"), "unreadable"),
        (float("nan"), "unreadable"),
        (True, "not_text"),
        ({"a": 1}, "not_text"),
        ([1], "not_text"),
    ],
)
@pytest.mark.parametrize("count", [1, 2])
def test_unreadable_times(sent: object, why: str, count: int) -> None:
    code, params = refusal(*[seen(f"probe-{n}", sent) for n in range(count)])
    assert (code, params["why"]) == ("bad_timestamp", why)


@pytest.mark.parametrize("name", ["", " ", "x" * 65, "a\u202eb", "a\n", 7, None, ["a"], {}])
def test_bad_names(name: Any) -> None:
    assert refusal(seen(name))[0] == "bad_publisher_id"
    assert refusal(seen(), seen(name))[0] == "bad_publisher_id"
    if name is not None:
        values = seen().values
        assert refusal(Sighting("a", values, message_id=name))[0] == "bad_message_id"


def test_several_devices_of_one_message() -> None:
    found = read(seen("a"), seen("b", Battery=50.0), seen("c", AirHumidity=40.0))
    assert isinstance(found, Readings)
    assert [one.publisher_id for one in found.items] == ["a", "c"]


def test_a_device_that_measured_nothing_is_no_reading_unless_it_is_a_part_of_one() -> None:
    code, params = refusal(seen(Battery=50.0, RSSI=-70.0))
    assert (code, params) == ("not_mapped", {"why": "no_measurement", "family": "family"})
    assert refusal()[1]["why"] == "no_measurement"
    part = sighting_of("a", {"Battery": 50.0}, partial=True)
    assert part is not None
    assert one_reading(part).partial


def test_what_is_told_of_a_device_in_two_places_is_one_reading() -> None:
    reading = one_reading(seen("a", Moisture=31.0, EC=5.0), seen("a", pH=6.5, Battery=9.0, EC=5.0))
    assert (reading.values[5], reading.values[6]) == (31.0, 6.5)
    assert reading.extras == (("EC", 5.0), ("Battery", 9.0))


def test_a_device_that_contradicts_itself_is_not_believed() -> None:
    for one, other in (({"N": 1.0}, {"N": 2.0}), ({"EC": 1.0}, {"EC": 2.0})):
        assert refusal(seen("a", **one), seen("a", **other))[1]["why"] == "ambiguous"


def test_two_times_of_a_device_are_two_readings_with_names_of_their_own() -> None:
    values = seen().values
    first = Sighting("a", values, sent=1_764_676_800, message_id="m")
    second = Sighting("a", values, sent=1_764_676_860, message_id="m")
    found = read(first, second)
    assert isinstance(found, Readings)
    assert len({reading_key(one) for one in found.items} - {None}) == 2


def test_devices_of_one_message_are_bounded() -> None:
    most = [seen(f"probe-{n}") for n in range(MAX_SIGHTINGS + 1)]
    assert isinstance(read(*most[:-1]), Readings)
    assert refusal(*most)[1]["why"] == "too_many"


def test_simulated_messages_and_ways() -> None:
    def source(tree: object, origin: Origin = Origin.MQTT) -> Source:
        message = RawMessage("t", b"", RECEIVED_US, origin=origin)
        found = READER.readings(message, tree, (seen(),), "family")
        assert isinstance(found, Reading)
        return found.source

    assert source({"simulated": True}) is Source.SIMULATOR
    assert source({}) is source(4.5) is Source.MQTT
    assert source(4.5, Origin.API) is Source.API


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"43.2", 43.2),
        (b" 7\n", 7.0),
        (b"nan", "nan"),
        (b"Online", "Online"),
        (b'"offline"', "offline"),
        (b"12345678", "12345678"),
        (b"", None),
        (b"  ", None),
        (b'{"a": 1}', None),
        (b"[1]", None),
        (b'"a" "b"', None),
        (b"a\0b", None),
        (b"a\nb", None),
        (b"\xff", None),
        ("\u202eabc".encode(), None),
        (b"PASSKEY=1&soilmoisture1=40", "PASSKEY=1&soilmoisture1=40"),
        (b"x" * 8193, None),
    ],
)
def test_scalars(payload: bytes, expected: object) -> None:
    assert scalar_of(payload) == expected


class _Fixed:
    """A template that takes all messages."""

    name = "fixed"

    def __init__(self, *sightings: Sighting) -> None:
        self._sightings = sightings

    def try_on(self, topic: str, tree: object) -> tuple[Sighting, ...] | None:
        return self._sightings


def with_template(body: object, *sightings: Sighting) -> Any:
    decoder = MessageDecoder("UTC", [_Fixed(*sightings)])  # type: ignore[list-item]  # as far as it goes
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return decoder.decode(RawMessage("t", payload, RECEIVED_US))


def test_a_template_comes_before_the_families_and_after_the_native_format() -> None:
    plain = {"device_id": "p", "soil_moisture": 40}
    assert with_template(plain, seen("mine")).publisher_id == "mine"
    assert with_template(b"4.5", seen("mine")).publisher_id == "mine"
    native = {"publisher_id": "n", "sensor_readings": {"N": 1}}
    assert with_template(native, seen("mine")).publisher_id == "n"
    refused = with_template({"sensor_readings": {"N": "1"}}, seen("mine"))
    assert refused.problem.code == "bad_value"
    assert isinstance(with_template({"health_index": 3}, seen("mine")), Heard)


def test_a_template_without_a_measurement_says_so() -> None:
    refused = with_template({"x": 1})
    assert refused == Rejection(refused.problem)
    assert refused.problem.params == {"why": "no_measurement", "family": "fixed"}


def test_a_message_with_a_nan_is_not_json_for_a_family_either() -> None:
    payload = b'{"device_id": "p", "soil_moisture": 40, "x": NaN}'
    found = MessageDecoder("UTC").decode(RawMessage("t", payload, RECEIVED_US))
    assert isinstance(found, Rejection)
    assert found.problem.code == "not_json"


EXTRA_KEYS = [extra.key for extra in EXTRA_CHANNELS]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "", "x" * 65, None, 3]),
            st.dictionaries(st.sampled_from(["N", "pH", *EXTRA_KEYS]), st.floats(-1e6, 1e6)),
            st.one_of(st.none(), st.integers(), st.floats(), st.text(), st.lists(st.none())),
            st.booleans(),
        ),
        max_size=6,
    )
)
def test_whatever_a_format_finds_ends_in_readings_or_a_refusal(found: Any) -> None:
    sightings = [
        one
        for name, values, sent, partial in found
        if (one := sighting_of(name, values, sent=sent, partial=partial)) is not None
    ]
    try:
        result = read(*sightings)
    except Refused as refused:
        str(refused.problem).encode()
        return
    items = result.items if isinstance(result, Readings) else (result,)
    assert len({(one.publisher_id, one.sent_timestamp) for one in items}) == len(items)
    for item in items:
        order = [EXTRA_KEYS.index(key) for key, _ in item.extras]
        assert order == sorted(set(order))
