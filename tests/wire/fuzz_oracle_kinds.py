"""What must hold of units, of names that everybody uses, and of messages that are no measurement.

Shares no code with the decoder, like `fuzz_oracle`, of which it is a part.
"""

from __future__ import annotations

import re
from typing import Any

from harit_desktop.domain.reading import Reading
from tests.wire.fuzz_violation import require

SOIL_MODELS = re.compile("Fineoffset-(WN34|WH51L?)|Opus-XT300|Soil-MTL|Springfield-Soil")
_SIGNS = str.maketrans("", "", "_-. /")
_NUTRIENTS = {"nitrogen": "N", "phosphorus": "P", "phosphorous": "P", "potassium": "K"}
_NO_PLACE = re.compile(
    "forecast|goal|lower|upper|previous|yesterday|alarm|ideal|uncalibrated|pool|tank|drinking|wall"
    "|compost|target|limit|min|max|raw|air"
)
_ECOWITT = re.compile(r"soil(moisture|ad|batt|_ec\w*?)[0-9]+|tf_(ch|batt)[0-9]+c?|PASSKEY")
_KIND = re.compile("(message|msg|event|data|reading|value|record|payload)?type|kind|mode|category")
_NO_MEASUREMENT = re.compile(
    r"(?i)(.*[^a-z])?(forecast|setpoint|target|threshold|limit|simulation|simulated|predicted"
    r"|config|command)([^a-z].*)?"
)
_WRAPPED = frozenset({"end_device_ids", "deviceInfo", "sensor_readings", "sensor_data"})
_TYPES = frozenset({"soil", "npk", "sensor", "probe", "device", "node", "esp32", "unknown"})


def plain(name: str) -> str:
    """A name without case and signs."""
    return name.translate(_SIGNS).lower()


def is_plain_json(topic: str, tree: Any) -> bool:
    """Whether no other family but plain JSON can have decoded a message."""
    if topic not in ("garden/box", "farm/pico", "some/topic") or not isinstance(tree, dict):
        return False
    return _WRAPPED.isdisjoint(tree) and not any(_ECOWITT.fullmatch(name) for name in tree)


def check(reading: Reading, topic: str, tree: Any) -> None:
    """Raises Violation where a message is no measurement, or its id is nobody's."""
    if not isinstance(tree, dict):
        return
    if tree.get("simulated") is True:
        require(reading.simulated, "a simulated reading passes for a measured one")
    if tree.get("sensor_readings") is not None or tree.get("sensor_data") is not None:
        return
    uplink = tree.get("uplink_message")
    if "end_device_ids" in tree and isinstance(uplink, dict) and uplink.get("simulated"):
        require(reading.simulated, "a simulated uplink")
    is_wrapped = "end_device_ids" in tree or "deviceInfo" in tree
    if re.search("/(SENSOR|STATUS(8|10))$", topic) and not is_wrapped:
        require(reading.values[3] != 0, "a CO2 of 0")
    if not is_plain_json(topic, tree):
        return
    name = reading.publisher_id
    require(not (name.isdigit() and int(name) < 10_000), f"the small number {name} as an id")
    require(name.lower() not in _TYPES, f"the type {name} as an id")
    for key, told in tree.items():
        is_kind = _KIND.fullmatch(plain(key)) and isinstance(told, str)
        require(not (is_kind and _NO_MEASUREMENT.fullmatch(told[:80])), f"{key} is {told!r}")
        require(plain(key) not in ("forecast", "setpoint", "target", "prediction"), key)


def allows(
    names: tuple[str, ...], around: dict[str, Any], maker: str, key: str, topic: str
) -> bool:
    """Whether a name that may be of anything tells that quantity where it stands."""
    last = plain(names[-1])
    parent = plain(names[-2]) if len(names) > 1 else ""
    if last in _NUTRIENTS and parent not in ("soil", "npk"):
        told = {
            _NUTRIENTS[plain(n)] for n, v in around.items() if plain(n) in _NUTRIENTS and v != ""
        }
        return len(told) > 1
    if not around and "/sensor/" in topic and topic.endswith("/state"):
        return _allows_object_id(topic.split("/")[-2], key)
    is_everybodys = last == "moisture" and parent in ("object", "decodedpayload")
    if key == "Moisture" and is_everybodys and not re.search("smt|milesight|em500", maker):
        return {"battery", "temperature"} <= around.keys() <= _MILESIGHT
    return True


_MILESIGHT = frozenset(
    {"battery", "temperature", "moisture", "ec", "electricity", "conductivity", "history"}
)


def _allows_object_id(object_id: str, key: str) -> bool:
    if key == "EC":
        return "soil" in object_id and object_id.rstrip("_0123456789").endswith("us_cm")
    if key in ("N", "P", "K", "pH", "Moisture", "Temperature"):
        return "soil_" in object_id and not _NO_PLACE.search(object_id)
    return True


def degrees(
    topic: str, names: tuple[str, ...], around: dict[str, Any], root: dict[str, Any], behind: str
) -> tuple[int, ...] | None:
    """The conversions that a unit allows a temperature: as it is (0), from Fahrenheit (1), from
    Kelvin (2). `behind` is the text behind the number; None where no unit is told."""
    told = behind
    if not told and not _WRAPPED.isdisjoint(root):
        return None
    if not told and re.search("/STATUS(8|10)$", topic) and names[0] != "StatusSNS":
        # Beside what Tasmota says: a message of another shape, with words of its own.
        return None
    if not told and re.search("/(SENSOR|STATUS(8|10))$", topic):
        body = root if topic.endswith("SENSOR") else root.get("StatusSNS")
        told = _text(body.get("TempUnit")) if isinstance(body, dict) else ""
    elif not told and is_plain_json(topic, root):
        told = _unit_around(names, around, root)
    if not told:
        return None
    text = told.lower().replace(" ", "").removeprefix("degrees").removeprefix("deg").strip("°")
    if text in ("f", "fahrenheit", "℉"):
        return (1,)
    if text in ("k", "kelvin"):
        return (2,)
    return (0,) if text in ("c", "celsius", "℃") else () if behind else (0, 1, 2)


def _unit_around(names: tuple[str, ...], around: dict[str, Any], root: dict[str, Any]) -> str:
    """What a message says of the unit of a temperature whose name does not; "" for nothing."""
    last = plain(names[-1])
    if re.search("(fahrenheit|celsius|temp(erature)?[cf])$", last):
        return ""
    for place in (around, root):
        for name, told in place.items():
            subject = re.fullmatch("(|.*temp(?:erature)?)(?:units?|uom)", plain(name))
            of_it = subject and (not subject[1] or subject[1].removeprefix("soil") in last)
            # "%" beside two quantities is the unit of the other one.
            if of_it and told not in (None, "", "%", "metric"):
                return _text(told)
    return ""


def _text(told: object) -> str:
    return told if isinstance(told, str) else ""
