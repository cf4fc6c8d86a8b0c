"""Home Assistant's MQTT discovery: what makes a probe appear there by itself.

A retained message on `homeassistant/sensor/<node>/<object>/config` describes one entity; its
values stay where they are, on the topic of the readings and on that of the analyses. The
templates there serve many probes at once. An entity that expects a number (it has a state
class) ignores a template that renders to nothing and becomes "unknown" by "None" (Home
Assistant 2023.3 and later): so a message of another probe, or one without the channel, leaves
the state alone, and a withheld index shows as unknown. `this.state` would not do for that: it
is in the unit which the user chose to see.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from harit_desktop.domain.channels import CHANNELS, Channel
from harit_desktop.domain.reading import UNKNOWN_PUBLISHER, Reading, Source

PREFIX = "homeassistant"
"""Where Home Assistant listens unless it is told otherwise."""

MAX_TOPIC_LENGTH = 256
_PLAIN_NODE = re.compile(r"[A-Za-z0-9_-]+")
_NOT_NODE = re.compile(r"[^A-Za-z0-9_-]+")
_HASH_LENGTH = 8
_DEVICE_CLASSES = {
    "CO2": "carbon_dioxide",
    "Temperature": "temperature",
    "Moisture": "moisture",
    "pH": "ph",
}
"""Each has the catalogue's unit among those that Home Assistant takes for it; pH takes none.
There is no class for nutrients."""

_OWN = (
    "{% if value_json is mapping and value_json.get('publisher_id') == @ID@"
    " and value_json.get('simulated') is not true %}@INNER@{% endif %}"
)
_INDEX = (
    "{% set index = value_json.get('health_index', '') %}"
    "{% if index is none or (index is number and index is not boolean) %}{{ index }}{% endif %}"
)
_CHANNEL = (
    "{% set sensors = value_json.get('sensor_readings') or value_json.get('sensor_data') %}"
    "{% if sensors is mapping %}{% set found = sensors.get('@KEY@') %}"
    "{% if found is number and found is not boolean %}{{ found }}{% endif %}{% endif %}"
)

_encode = msgspec.json.Encoder().encode


def discovery_messages(reading: Reading, analysis_topic: str) -> Sequence[tuple[str, bytes]]:
    """Topic and payload, to be retained, for the index and each channel of a reading's probe.

    Empty for simulated readings, for a probe without a name, for what did not come over MQTT
    and for a topic that Home Assistant would not subscribe to.
    """
    if reading.source is not Source.MQTT or reading.publisher_id == UNKNOWN_PUBLISHER:
        return ()
    if not _is_plain_topic(reading.topic):
        return ()
    node = node_of(reading.publisher_id)
    device = {
        "identifiers": [f"harit_{node}"],
        "name": reading.publisher_id,
        "manufacturer": "Harit",
        "model": "Soil probe",
    }
    entities = [_index_entity(reading.publisher_id, analysis_topic)]
    entities += [
        _channel_entity(channel, reading.publisher_id, reading.topic) for channel in CHANNELS
    ]
    return [_message(node, device, each) for each in entities]


def node_of(publisher_id: str) -> str:
    """The id in the characters that a discovery topic may have; different ids stay different."""
    if _PLAIN_NODE.fullmatch(publisher_id):
        return publisher_id
    digest = hashlib.sha256(publisher_id.encode("utf-8")).hexdigest()[:_HASH_LENGTH]
    return f"{_NOT_NODE.sub('_', publisher_id)}_{digest}"


def template_text(text: str) -> str:
    """`text` as a literal of a Jinja template: nothing in it can end it or mean anything."""
    plain = (c if c.isascii() and c.isalnum() else f"\\U{ord(c):08x}" for c in text)
    return f"'{''.join(plain)}'"


def _message(node: str, device: dict[str, Any], entity: dict[str, Any]) -> tuple[str, bytes]:
    object_id = entity.pop("object")
    body = {
        **entity,
        "unique_id": f"harit_{node}_{object_id}",
        "state_class": "measurement",
        "qos": 1,
        "device": device,
        "origin": {"name": "Harit Desktop"},
    }
    return f"{PREFIX}/sensor/{node}/{object_id}/config", _encode(body)


def _index_entity(publisher_id: str, topic: str) -> dict[str, Any]:
    return {
        "object": "health_index",
        "name": "Soil health index",
        "icon": "mdi:sprout",
        "state_topic": topic,
        "value_template": _template(_INDEX, publisher_id),
        "suggested_display_precision": 0,
    }


def _channel_entity(channel: Channel, publisher_id: str, topic: str) -> dict[str, Any]:
    entity: dict[str, Any] = {
        "object": channel.column.lower(),
        "name": channel.factor,
        "state_topic": topic,
        "value_template": _template(_CHANNEL.replace("@KEY@", channel.key), publisher_id),
        "suggested_display_precision": channel.precision,
    }
    if channel.unit:
        entity["unit_of_measurement"] = channel.unit
    if channel.key in _DEVICE_CLASSES:
        entity["device_class"] = _DEVICE_CLASSES[channel.key]
    return entity


def _template(inner: str, publisher_id: str) -> str:
    return _OWN.replace("@ID@", template_text(publisher_id)).replace("@INNER@", inner)


def _is_plain_topic(topic: str) -> bool:
    return 0 < len(topic) <= MAX_TOPIC_LENGTH and topic.isprintable() and not set(topic) & set("+#")
