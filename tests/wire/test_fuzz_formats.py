"""Every format against messages that are nearly right, and against messages of no sense.

What must hold stands in `fuzz_oracle.judge`; `benchmarks/fuzz.py` runs the same for as long as
one likes.
"""

import json
import time
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harit_desktop.domain.extras import EXTRA_BY_KEY
from harit_desktop.domain.message import Rejection
from harit_desktop.domain.reading import Reading, Readings
from tests.wire.fuzz_messages import RECEIVED_US, invented, message, mutated
from tests.wire.fuzz_oracle import decoder, judge
from tests.wire.fuzz_seeds import NATIVE, SEEDS
from tests.wire.fuzz_violation import Violation

DECODER = decoder()
STALL_S = 0.05
RANDOM = st.randoms(use_true_random=False)


def check(topic: str, payload: bytes) -> str:
    return judge(topic, payload, DECODER.decode(message(topic, payload)))


def accepted(topic: str, tree: object) -> dict[str, float]:
    """What a message told, by key of a channel; empty where it told nothing."""
    answer = DECODER.decode(message(topic, json.dumps(tree).encode()))
    assert not isinstance(answer, Readings)
    if not isinstance(answer, Reading):
        return {}
    keys = ("N", "P", "K", "CO2", "Temperature", "Moisture", "pH")
    values = zip(keys, answer.values, strict=True)
    return {key: value for key, value in values if value is not None} | dict(answer.extras)


@settings(max_examples=150, deadline=None)
@given(RANDOM)
def test_a_sample_with_something_wrong(random: Random) -> None:
    check(*mutated(random))


@settings(max_examples=100, deadline=None)
@given(RANDOM)
def test_an_object_that_no_device_sent(random: Random) -> None:
    check(*invented(random))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([topic for topic, _ in SEEDS]), st.binary(max_size=300))
def test_bytes(topic: str, payload: bytes) -> None:
    check(topic, payload)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80), st.sampled_from([tree for _, tree in SEEDS]))
def test_a_topic_of_any_text(topic: str, tree: object) -> None:
    check(topic, json.dumps(tree).encode())


def test_thousands_of_messages_of_each_kind_and_no_stall() -> None:
    """With a seed of its own each day a failure would not come again; this one does."""
    random = Random(20_261_124)
    kinds: Counter[str] = Counter()
    for number in range(6000):
        topic, payload = (invented if number % 5 == 0 else mutated)(random)
        one = message(topic, payload)
        began_s = time.thread_time()
        answer = DECODER.decode(one)
        if time.thread_time() - began_s > STALL_S:
            again_s = time.thread_time()
            DECODER.decode(one)
            assert time.thread_time() - again_s < STALL_S, payload[:500]
        try:
            kinds[judge(topic, payload, answer)] += 1
        except Violation as error:
            raise AssertionError(f"{error}\n{topic}\n{payload[:2000]!r}") from error
    # The generators are worth something only while they reach all of it.
    for kind in ("reading", "readings", "partial", "heard", "refused not_mapped"):
        assert kinds[kind] > 50, kinds
    refused = {kind.removeprefix("refused ") for kind in kinds if kind.startswith("refused ")}
    usual = {"not_json", "not_utf8", "duplicate_keys", "too_large", "too_deep", "bad_timestamp"}
    assert usual | {"bad_publisher_id", "bad_value"} <= refused


@pytest.mark.parametrize(("topic", "tree"), SEEDS, ids=[topic for topic, _ in SEEDS])
def test_every_seed_alone(topic: str, tree: object) -> None:
    text = tree if isinstance(tree, str) else json.dumps(tree)
    check(topic, text.encode())


class TestTheOracle:
    """It must find what it is there for."""

    SOIL = json.dumps({"soil_moisture": 31.5, "humidity": 62.5, "temperature": 20.25}).encode()

    def reading(self, **changes: object) -> Reading:
        answer = DECODER.decode(message("zigbee2mqtt/bed", self.SOIL))
        assert isinstance(answer, Reading)
        fields = {name: getattr(answer, name) for name in Reading.__struct_fields__}
        return Reading(**{**fields, **changes})

    def values(self, **told: float) -> tuple[float | None, ...]:
        keys = ("N", "P", "K", "CO2", "Temperature", "Moisture", "pH")
        return tuple(told.get(key) for key in keys)

    def judged(self, answer: object) -> str:
        return judge("zigbee2mqtt/bed", self.SOIL, answer)

    def test_takes_what_is_right(self) -> None:
        assert self.judged(self.reading()) == "reading"

    @pytest.mark.parametrize(
        "told",
        [
            {"Moisture": 62.5},
            {"Moisture": 31.5, "Temperature": 20.25},
            {"Moisture": 31.50001},
            {"N": 31.5},
            {"Moisture": float("nan")},
            {"Moisture": 31},
            {},
        ],
    )
    def test_finds_a_wrong_value(self, told: dict[str, float]) -> None:
        with pytest.raises(Violation):
            self.judged(self.reading(values=self.values(**told), extras=()))

    @pytest.mark.parametrize(
        "changes",
        [
            {"publisher_id": "somebody"},
            {"publisher_id": "bed\u202e"},
            {"publisher_id": ""},
            {"timestamp_us": RECEIVED_US + 2 * 86_400_000_000},
            {"message_id": "m-1"},
            {"extras": (("AirHumidity", 31.5),)},
            {"extras": (("Battery", 162.5),)},
        ],
    )
    def test_finds_a_wrong_field(self, changes: dict[str, object]) -> None:
        with pytest.raises(Violation):
            self.judged(self.reading(**changes))

    @pytest.mark.parametrize(
        ("topic", "tree", "told"),
        [
            ("garden/box", {"device": "a-1", "air": {"nitrogen": 78.5}}, {"N": 78.5}),
            ("garden/box", {"device": "a-1", "nitrogen": 78.5}, {"N": 78.5}),
            (
                "garden/box",
                {"device": "a-1", "soil_temp": 77.0, "unit": "F"},
                {"Temperature": 77.0},
            ),
            (
                "garden/box",
                {"device": "a-1", "soil": {"temperature": 295.0, "temperature_unit": "K"}},
                {"Temperature": 295.0},
            ),
            ("garden/box", {"device": "soil", "soil_ph": 7.5}, {"pH": 7.5}),
            ("garden/box", {"device": "7", "soil_ph": 7.5}, {"pH": 7.5}),
            ("garden/box", {"device": "a-1", "type": "forecast", "soil_ph": 7.5}, {"pH": 7.5}),
            ("garden/box", {"device": "a-1", "simulated": True, "soil_ph": 7.5}, {"pH": 7.5}),
            (
                "rtl_433/h/events",
                {"model": "a-1", "moisture": 31.5, "temperature_C": 20.5},
                {"Temperature": 20.5},
            ),
            ("a-1/sensor/forecast_soil_moisture/state", 31.5, {"Moisture": 31.5}),
            ("a-1/sensor/moisture/state", 31.5, {"Moisture": 31.5}),
            (
                "application/1/device/a/event/up",
                {
                    "deviceInfo": {"devEui": "a-1"},
                    "object": {"moisture": 0.25, "ec": 320, "temperature": 77.0},
                },
                {"Moisture": 0.25},
            ),
            (
                "application/1/device/a/event/up",
                {"deviceInfo": {"devEui": "a-1"}, "object": {"temp_SOIL": "77.0 F"}},
                {"Temperature": 77.0},
            ),
            (
                "tele/b/SENSOR",
                {"Time": "a-1", "Flora-1": {"Temperature": 77.5, "Fertility": 3}, "TempUnit": "F"},
                {"Temperature": 77.5},
            ),
            ("tele/b/SENSOR", {"Time": "a-1", "SCD30": {"CarbonDioxide": 0}}, {"CO2": 0.0}),
        ],
    )
    def test_finds_what_once_was_accepted(
        self, topic: str, tree: object, told: dict[str, float]
    ) -> None:
        device = tree["device"] if isinstance(tree, dict) and "device" in tree else "a-1"
        wrong = self.reading(
            publisher_id=device, topic=topic, values=self.values(**told), extras=()
        )
        reasons = "told by no field|as an id|type is|passes for|CO2 of 0"
        with pytest.raises(Violation, match=reasons):
            judge(topic, json.dumps(tree).encode(), wrong)

    def test_finds_an_answer_of_no_kind(self) -> None:
        for answer in (None, (), Readings((self.reading(),))):
            with pytest.raises(Violation):
                self.judged(answer)


@pytest.mark.parametrize(
    ("topic", "tree"),
    [
        ("garden/box", {"device": "a", "humidity": 55.0, "temperature": 21.0}),
        ("garden/box", {"device": "a", "air": {"moisture": 41.0}}),
        ("garden/box", {"device": "a", "relative_humidity": 55.0}),
        ("tele/shed/SENSOR", {"Time": "2026-09-30T20:20:00", "SHT3X": {"Humidity": 61.0}}),
        ("zigbee2mqtt/room", {"humidity": 55.0, "temperature": 21.0}),
        ("home/OMG/BTtoMQTT/A4C138000102", {"id": "A4:C1:38:00:01:02", "hum": 48.0, "tempc": 22.0}),
        ("house/sensor/humidity/state", 55.0),
        ("house/sensor/air_humidity/state", 55.0),
        ("house/sensor/humidity_2/state", 55.0),
        ("rtl_433/host/events", {"model": "Acurite-Tower", "id": 1, "humidity": 66}),
        ("ecowitt/gw", {"PASSKEY": "0" * 32, "stationtype": "GW", "humidity": 64, "tempf": 81.0}),
        (NATIVE, {"publisher_id": "a", "sensor_readings": {"Humidity": 55.0, "humidity": 55.0}}),
    ],
)
def test_the_humidity_of_the_air_is_never_soil_moisture(topic: str, tree: object) -> None:
    found = accepted(topic, tree)
    assert "Moisture" not in found
    assert "Temperature" not in found
    assert set(found) <= set(EXTRA_BY_KEY)


@pytest.mark.parametrize("payload", [b"\x1f\x8b\x08\x00", b"PK\x03\x04", b"x\x9c", b"BZh9"])
@pytest.mark.parametrize("topic", [NATIVE, "greenhouse/sensor/soil_moisture/state", "miflora/a"])
def test_nothing_is_ever_unpacked(topic: str, payload: bytes) -> None:
    """What a packed message holds would be accepted, if it were unpacked."""
    import bz2
    import gzip
    import io
    import zipfile
    import zlib

    good = json.dumps({"publisher_id": "a", "sensor_readings": {"N": 1.0}}).encode()
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w") as file:
        file.writestr("a.json", good)
    packed = {
        b"\x1f": gzip.compress(good),
        b"P": box.getvalue(),
        b"x": zlib.compress(good),
        b"B": bz2.compress(good),
    }[payload[:1]]
    assert packed.startswith(payload[:2])
    answer = DECODER.decode(message(topic, packed))
    assert isinstance(answer, Rejection)


def test_fahrenheit_is_converted_once() -> None:
    tree = {"device": "a", "soil_temp_f": 62.1, "temperature_unit": "F"}
    assert accepted("garden/box", tree) == {"Temperature": pytest.approx(16.722222)}
