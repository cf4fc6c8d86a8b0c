"""The identity of a reading: one key for every copy, another for every other reading."""

import hashlib
import json
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNELS
from harit_desktop.domain.message import Origin, RawMessage, Receipt
from harit_desktop.domain.reading import Reading, Source, TimeSource, reading_key
from harit_desktop.wire.registry import MessageDecoder

VALUES = (22.5, 17.8, 152.3, 498.2, 22.1, 54.8, 7.18)
SENT_US = 1_764_697_800_123_456
DECODER = MessageDecoder("UTC")
NUMBERS = st.tuples(*[st.none() | st.floats(-1e6, 1e6) for _ in CHANNELS])


def reading(**changes: object) -> Reading:
    fields: dict[str, object] = {
        "publisher_id": "a",
        "timestamp_us": SENT_US,
        "received_us": SENT_US + 5,
        "values": VALUES,
        "source": Source.MQTT,
        "time_source": TimeSource.SENT,
        "sent_us": SENT_US,
    }
    return Reading(**(fields | changes))  # type: ignore[arg-type]  # built from a plain table


def payload(rng: random.Random, shape: str) -> bytes:
    sensors = list(zip([c.key for c in CHANNELS], VALUES, strict=True))
    top = [
        ("timestamp", "2025-12-02T17:50:00.123456"),
        ("publisher_id", "a"),
        (shape, dict(rng.sample(sensors, len(sensors)))),
    ]
    separators = rng.choice([(",", ":"), (", ", ": ")])
    return json.dumps(dict(rng.sample(top, len(top))), separators=separators).encode()


@given(
    st.randoms(use_true_random=False),
    st.sampled_from(["sensor_readings", "sensor_data"]),
    st.sampled_from(Origin),
    st.booleans(),
    st.integers(0, 10**9),
)
def test_every_copy_has_the_same_key(
    rng: random.Random, shape: str, origin: Origin, again: bool, late_us: int
) -> None:
    message = RawMessage(
        topic=rng.choice(["t", "u/v"]),
        payload=payload(rng, shape),
        received_us=SENT_US + late_us,
        receipt=Receipt(rng.randrange(9), rng.randrange(1, 65536), 1),
        origin=origin,
        retained=again,
        duplicate_flag=again,
    )
    found = DECODER.decode(message)
    assert isinstance(found, Reading)
    assert reading_key(found) == reading_key(reading())


def test_a_key_is_32_bytes() -> None:
    key = reading_key(reading())
    assert key is not None
    assert len(key) == 32


@given(st.integers(0, CHANNEL_COUNT - 1), st.none() | st.floats(-1e6, 1e6))
def test_another_value_is_another_reading(position: int, value: float | None) -> None:
    changed = (*VALUES[:position], value, *VALUES[position + 1 :])
    same = value == VALUES[position]
    assert (reading_key(reading(values=changed)) == reading_key(reading())) is same


@given(NUMBERS, NUMBERS)
def test_keys_are_equal_exactly_when_the_values_are(
    one: tuple[float | None, ...], other: tuple[float | None, ...]
) -> None:
    assert (reading_key(reading(values=one)) == reading_key(reading(values=other))) is (
        one == other
    )


def test_the_last_bit_of_a_double_counts_but_the_sign_of_zero_does_not() -> None:
    bits = struct.unpack(">q", struct.pack(">d", 22.5))[0]
    neighbour = struct.unpack(">d", struct.pack(">q", bits + 1))[0]
    keys = {value: reading_key(reading(values=(value, *VALUES[1:]))) for value in (neighbour, 22.5)}
    assert len(set(keys.values())) == 2
    plus, minus = (reading_key(reading(values=(zero, *VALUES[1:]))) for zero in (0.0, -0.0))
    assert plus == minus


@pytest.mark.parametrize(
    "changes",
    [
        {"publisher_id": "A"},
        {"publisher_id": "a "},
        {"sent_us": SENT_US + 1},
        {"values": (None, *VALUES[1:])},
        {"message_id": "1"},
    ],
)
def test_what_makes_it_another_reading(changes: dict[str, object]) -> None:
    assert reading_key(reading(**changes)) != reading_key(reading())


def test_a_message_id_alone_decides() -> None:
    one = reading(message_id="1")
    copy = reading(message_id="1", values=(None, *VALUES[1:]), sent_us=None)
    assert reading_key(one) == reading_key(copy)
    assert reading_key(one) != reading_key(reading(message_id="2"))
    split = (reading(publisher_id="ab", message_id="c"), reading(publisher_id="a", message_id="bc"))
    assert reading_key(split[0]) != reading_key(split[1])


def test_a_reading_that_names_no_time_has_no_key() -> None:
    assert reading_key(reading(sent_us=None, time_source=TimeSource.RECEIVED)) is None


def test_a_suspect_clock_does_not_change_the_key() -> None:
    suspect = reading(timestamp_us=SENT_US + 99, time_source=TimeSource.SUSPECT)
    assert reading_key(suspect) == reading_key(reading())


@given(st.tuples(*[st.none() | st.floats(allow_nan=False, width=64)] * CHANNEL_COUNT))
def test_the_key_is_made_as_in_the_stores_of_users(values: tuple[float | None, ...]) -> None:
    # Keys are in the files of every installation: another way of making them would store
    # what comes again a second time.
    content = b"".join(
        b"-" if value is None else b"+" + struct.pack(">d", value + 0.0) for value in values
    )
    instant = struct.pack(">q", 1_700_000_000_000_001)
    plain = b"1" + struct.pack(">I", 5) + b"probe" + instant
    reading = Reading(
        "probe", 1, 2, values, Source.MQTT, TimeSource.SENT, sent_us=1_700_000_000_000_001
    )
    assert reading_key(reading) == instant + hashlib.sha256(plain + content).digest()[:24]
