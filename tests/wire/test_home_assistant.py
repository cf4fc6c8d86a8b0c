"""What Home Assistant is told: its rules for topics and classes, and what its templates give."""

import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jinja2 import Undefined, make_logging_undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from harit_desktop.domain.analysis import Analysis, Band
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.reading import Reading, Source, TimeSource
from harit_desktop.wire.encode import encode_analysis, encode_reading
from harit_desktop.wire.home_assistant import discovery_messages, node_of, template_text
from harit_desktop.wire.identifiers import identifier_fault

TOPIC = "harit-samarth/sensor/data"
ANALYSIS_TOPIC = "harit-samarth/soil-health/analysis"
VALUES = (22.5, 17.8, 152.3, 498.2, -0.5, 54.8, 7.18)
DISCOVERY_TOPIC = re.compile(r"homeassistant/sensor/[a-zA-Z0-9_-]+/[a-zA-Z0-9_-]+/config")
KINDS = {
    "health_index": (None, None),
    "n": (None, "mg/kg"),
    "p": (None, "mg/kg"),
    "k": (None, "mg/kg"),
    "co2": ("carbon_dioxide", "ppm"),
    "temperature": ("temperature", "°C"),
    "moisture": ("moisture", "%"),
    "ph": ("ph", None),
}


class _Warned:
    """Home Assistant writes a warning for each use of what a message does not have."""

    def warning(self, *arguments: object) -> None:
        raise AssertionError(arguments)

    error = warning


JINJA = ImmutableSandboxedEnvironment(
    undefined=make_logging_undefined(_Warned(), Undefined)  # type: ignore[arg-type]  # a logger
)


def reading_of(publisher_id: str = "field-1", **changes: Any) -> Reading:
    fields: dict[str, Any] = {"source": Source.MQTT, "topic": TOPIC, **changes}
    return Reading(
        publisher_id, 1_764_697_800_123_456, 0, VALUES, time_source=TimeSource.SENT, **fields
    )


def configs(publisher_id: str = "field-1") -> dict[str, dict[str, Any]]:
    found = discovery_messages(reading_of(publisher_id), ANALYSIS_TOPIC)
    return {topic.split("/")[3]: json.loads(payload) for topic, payload in found}


def render(config: dict[str, Any], payload: bytes) -> str:
    """As Home Assistant does: `value_json` is there only where the payload is JSON."""
    names: dict[str, Any] = {"value": payload.decode("utf-8", "replace")}
    try:
        names["value_json"] = json.loads(payload)
    except ValueError:
        pass
    return JINJA.from_string(config["value_template"]).render(names).strip()


def sent(publisher_id: str = "field-1", *, simulated: bool = False) -> bytes:
    return encode_reading(publisher_id, "2025-12-02T17:50:00", VALUES, simulated)


def analysed(index: int | None = 65, publisher_id: str = "field-1", **changes: Any) -> bytes:
    analysis = Analysis(index, Band.GOOD, False, 0.0, ("pH",), (1,) * 7, "classic")
    return encode_analysis(reading_of(publisher_id, **changes), analysis, "mark")


def test_the_index_and_each_channel_are_described() -> None:
    found = configs()
    assert list(found) == ["health_index", *(channel.column.lower() for channel in CHANNELS)]
    for object_id, config in found.items():
        kind = (config.get("device_class"), config.get("unit_of_measurement"))
        assert kind == KINDS[object_id]
        assert config["state_class"] == "measurement"
        assert config["unique_id"] == f"harit_field-1_{object_id}"
        assert config["device"]["identifiers"] == ["harit_field-1"]
        assert config["device"]["name"] == "field-1"
        assert config["origin"]["name"] == "Harit Desktop"
        topic = ANALYSIS_TOPIC if object_id == "health_index" else TOPIC
        assert config["state_topic"] == topic
    names = [config["name"] for config in found.values()]
    assert names == ["Soil health index", *(channel.factor for channel in CHANNELS)]


def test_the_values_are_those_of_the_message() -> None:
    found = configs()
    for channel, value in zip(CHANNELS, VALUES, strict=True):
        assert float(render(found[channel.column.lower()], sent())) == value
    hardware = json.loads(sent())
    hardware["sensor_data"] = hardware.pop("sensor_readings")
    assert render(found["ph"], json.dumps(hardware).encode()) == "7.18"
    assert render(found["health_index"], analysed()) == "65"


def test_a_withheld_index_becomes_unknown() -> None:
    assert render(configs()["health_index"], analysed(None)) == "None"


@pytest.mark.parametrize(
    "payload",
    [
        sent("field-10"),
        sent(simulated=True),
        analysed(publisher_id="field-10"),
        analysed(source=Source.SIMULATOR),
        b"",
        b"online",
        b"[1, 2]",
        b"7",
        b"null",
        b"{}",
        b'{"publisher_id": "field-1"}',
        b'{"publisher_id": "field-1", "sensor_readings": null}',
        b'{"publisher_id": "field-1", "sensor_readings": [1]}',
        b'{"publisher_id": "field-1", "sensor_readings": {"Salt": 1}}',
        b'{"publisher_id": "field-1", "sensor_readings": {"N": null, "pH": "7", "K": true}}',
        b'{"publisher_id": "field-1", "health_index": "good"}',
        b'{"publisher_id": "field-1", "health_index": true}',
        b'{"publisher_id": ["field-1"], "health_index": 7, "sensor_readings": {"N": 1}}',
        b'{"health_index": 7, "sensor_readings": {"N": 1, "pH": 7}}',
    ],
)
def test_what_is_not_of_this_probe_changes_nothing(payload: bytes) -> None:
    for config in configs().values():
        assert render(config, payload) == ""


IDENTIFIERS = st.text(min_size=1, max_size=64).filter(lambda text: identifier_fault(text) is None)


@given(IDENTIFIERS, IDENTIFIERS)
@example("a'b", "a")
@example("' }}{{ 7 * 7 }}{% for", "x")
@example("a\\", "a")
@example("\\N{BULLET}", "•")
@example("खेत-१ 🌱", "खेत-१ 🌿")
@example("{% raw %}", "{# a #}")
@example("field 1", "field_1")
def test_any_publisher_is_only_itself(publisher_id: str, other: str) -> None:
    assert JINJA.from_string("{{ " + template_text(publisher_id) + " }}").render() == publisher_id
    found = configs(publisher_id)
    assert len(found) == 8
    assert render(found["moisture"], sent(publisher_id)) == "54.8"
    assert render(found["health_index"], analysed(publisher_id=publisher_id)) == "65"
    if other != publisher_id:
        assert render(found["moisture"], sent(other)) == ""
        assert node_of(other) != node_of(publisher_id)
    for topic, _ in discovery_messages(reading_of(publisher_id), ANALYSIS_TOPIC):
        assert DISCOVERY_TOPIC.fullmatch(topic)


@pytest.mark.parametrize(
    "changes",
    [
        {"source": Source.SIMULATOR},
        {"source": Source.API},
        {"source": Source.IMPORT},
        {"topic": ""},
        {"topic": "a/+/b"},
        {"topic": "#"},
        {"topic": "a\nb"},
        {"topic": "a" * 300},
    ],
)
def test_what_is_no_probe_on_a_plain_topic_is_not_announced(changes: dict[str, Any]) -> None:
    assert list(discovery_messages(reading_of(**changes), ANALYSIS_TOPIC)) == []


def test_a_probe_without_a_name_is_not_announced() -> None:
    assert list(discovery_messages(reading_of("unknown"), ANALYSIS_TOPIC)) == []
