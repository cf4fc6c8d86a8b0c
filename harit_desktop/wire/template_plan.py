"""A template made ready: its words checked once, so that messages are quick to follow."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from harit_desktop.wire.identifiers import identifier_fault
from harit_desktop.wire.reasons import elide
from harit_desktop.wire.sighting import MAX_NUMBER, number
from harit_desktop.wire.template_paths import Path, parse_path
from harit_desktop.wire.template_spec import (
    ChannelSpec,
    KeyPath,
    TemplateFault,
    TemplateSpec,
    TimeKind,
)
from harit_desktop.wire.template_units import UNITS, Unit, unit_of

MAX_NAME = 64
MAX_CHANNELS = 64
_MAX_TOPIC = 500
_MOST_MATCH = 16
_MAX_FACTOR = 1e9
_PLACEHOLDER = re.compile(r"\{(topic|payload):([^{}]+)\}")


class PlannedChannel(NamedTuple):
    path: Path
    to: str
    unit: Unit
    scale: float
    offset: float
    ignore: tuple[float, ...]
    takes_text: bool

    def kept(self, sent: object) -> float | None:
        """The value in the unit of the catalogue; None for what is no measurement."""
        _, _, unit, scale, offset, ignore, takes_text = self
        if type(sent) is str and not takes_text:
            return None
        value = number(sent)
        if value is None:
            return None
        if ignore and any(math.isclose(value, each, abs_tol=1e-9) for each in ignore):
            return None
        if scale != 1.0 or offset != 0.0:
            value = round(value * scale + offset, 6)
        value = unit.kept(value)
        return value if -MAX_NUMBER <= value <= MAX_NUMBER else None


DevicePart = str | int | Path
"""Fixed text, the number of a topic level (from 1), or a path into the message."""


class Plan(NamedTuple):
    """What a template says, ready to be followed."""

    levels: tuple[str, ...]
    match: tuple[Path, ...]
    device: tuple[DevicePart, ...]
    time: Path | None
    channels: tuple[PlannedChannel, ...]


def planned(spec: TemplateSpec) -> Plan:
    """Raises TemplateFault for a template that cannot be."""
    name = spec.name.strip()
    if not name or len(spec.name) > MAX_NAME or not spec.name.isprintable():
        raise TemplateFault(("name",), "bad_name", elide(spec.name))
    if not 0 < len(spec.channel) <= MAX_CHANNELS:
        raise TemplateFault(("channel",), "no_channel")
    if len(spec.match) > _MOST_MATCH:
        raise TemplateFault(("match",), "too_many")
    channels: dict[str, PlannedChannel] = {}
    for place, row in enumerate(spec.channel):
        if row.to in channels:
            raise TemplateFault(("channel", place, "to"), "twice", elide(row.to))
        channels[row.to] = _channel(row, place)
    time = None
    if spec.time.kind is not TimeKind.NONE:
        time = _path(spec.time.path, ("time", "path"))
    return Plan(
        _levels(spec.topic),
        tuple(_path(text, ("match",)) for text in spec.match),
        _device_parts(spec.device),
        time,
        tuple(channels.values()),
    )


def _channel(row: ChannelSpec, place: int) -> PlannedChannel:
    key = ("channel", place)
    if row.to not in UNITS:
        raise TemplateFault((*key, "to"), "bad_target", elide(row.to))
    unit = unit_of(row.to, row.unit)
    if unit is None:
        raise TemplateFault((*key, "unit"), "bad_unit", elide(row.unit))
    if not (math.isfinite(row.scale) and 0 < abs(row.scale) <= _MAX_FACTOR):
        raise TemplateFault((*key, "scale"), "bad_number", elide(row.scale))
    if not (math.isfinite(row.offset) and abs(row.offset) <= _MAX_FACTOR):
        raise TemplateFault((*key, "offset"), "bad_number", elide(row.offset))
    if len(row.ignore) > _MOST_MATCH or not all(math.isfinite(each) for each in row.ignore):
        raise TemplateFault((*key, "ignore"), "bad_number")
    path = _path(row.path, (*key, "path"))
    # A topic with one bare value always carries it as text.
    takes_text = row.numeric_text or not path
    return PlannedChannel(path, row.to, unit, row.scale, row.offset, row.ignore, takes_text)


def _path(text: str, key: KeyPath) -> Path:
    try:
        return parse_path(text)
    except ValueError as error:
        raise TemplateFault(key, "bad_path", elide(text)) from error


def _levels(topic: str) -> tuple[str, ...]:
    levels = tuple(topic.split("/"))
    sound = 0 < len(topic) <= _MAX_TOPIC and topic.isprintable()
    for place, level in enumerate(levels):
        last = place == len(levels) - 1
        if ("+" in level and level != "+") or ("#" in level and not (level == "#" and last)):
            sound = False
    if not sound:
        raise TemplateFault(("topic",), "bad_topic", elide(topic))
    return levels


def _device_parts(pattern: str) -> tuple[DevicePart, ...]:
    parts: list[DevicePart] = []
    place = 0
    for found in _PLACEHOLDER.finditer(pattern):
        parts.append(pattern[place : found.start()])
        parts.append(_device_part(found, pattern))
        place = found.end()
    parts.append(pattern[place:])
    fixed = "".join(part for part in parts if isinstance(part, str))
    kept = tuple(part for part in parts if part != "")
    if not kept or "{" in fixed or "}" in fixed or len(fixed) > MAX_NAME:
        raise TemplateFault(("device",), "bad_device", elide(pattern))
    if fixed and identifier_fault(fixed) is not None and len(kept) == 1:
        raise TemplateFault(("device",), "bad_device", elide(pattern))
    return kept


def _device_part(found: re.Match[str], pattern: str) -> DevicePart:
    if found[1] == "payload":
        return _path(found[2], ("device",))
    if not (found[2].isascii() and found[2].isdigit() and 1 <= int(found[2][:4]) <= 100):
        raise TemplateFault(("device",), "bad_device", elide(pattern))
    return int(found[2][:4])
