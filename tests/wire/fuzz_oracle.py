"""What must hold of the answer to any message, however broken.

It shares no code with the decoder: it walks the payload by itself and asks of each accepted
number whether a field of a fitting name holds it, as it is or converted.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.extras import EXTRA_BY_KEY, EXTRA_CHANNELS
from harit_desktop.domain.message import Heard, Rejection
from harit_desktop.domain.reading import Reading, Readings
from harit_desktop.wire.reasons import Reason
from harit_desktop.wire.registry import MessageDecoder
from harit_desktop.wire.templates import Template, load_template
from tests.wire import fuzz_oracle_kinds
from tests.wire.fuzz_messages import RECEIVED_US
from tests.wire.fuzz_violation import Violation as Violation
from tests.wire.fuzz_violation import require

MAX_PAYLOAD = 65_536
MAX_DEVICES = 64
MAX_NUMBER = 1e6
DAY_US = 86_400_000_000
YEAR_2000_US = 946_684_800_000_000
CODES = frozenset(reason.value for reason in Reason)

TEMPLATE = """\
name = "Fuzzed NPK"
topic = "farm/+/npk"
device = "{topic:2}"

[time]
path = "timestamp"
kind = "epoch_s"

[[channel]]
path = "npk.nitrogen"
to = "N"
unit = "g/kg"

[[channel]]
path = "t"
to = "Temperature"
unit = "F"

[[channel]]
path = "wet"
to = "Moisture"
unit = "fraction"

[sample]
topic = "farm/north/npk"
payload = '{"timestamp": 1730317200, "npk": {"nitrogen": 0.5}, "t": 50, "wet": 0.25}'

[sample.expected]
device = "north"
time = 1730317200

[sample.expected.values]
N = 500.0
Temperature = 10.0
Moisture = 25.0
"""


def decoder() -> MessageDecoder:
    """With the templates of these tests."""
    templates: list[Template] = [load_template(TEMPLATE, "fuzzed.toml")]
    return MessageDecoder("Asia/Kolkata", templates)


@dataclass(frozen=True)
class Leaf:
    """A number of the payload: the names that lead to it, its value, and the object around it.
    `maker` is what a network server says of the device's maker and model, in lower case;
    `root` the whole message; `unit` the text behind the number."""

    names: tuple[str, ...]
    value: float
    around: dict[str, Any]
    maker: str = ""
    root: dict[str, Any] = field(default_factory=dict)
    unit: str = ""


def judge(topic: str, payload: bytes, answer: object) -> str:
    """Raises Violation where the answer to a message is not allowed; its kind."""
    if isinstance(answer, Rejection):
        _check_rejection(answer)
        return f"refused {answer.problem.code}"
    if isinstance(answer, Heard):
        if answer.publisher_id:
            _check_id(answer.publisher_id)
        return "heard"
    if isinstance(answer, Readings):
        require(2 <= len(answer.items) <= MAX_DEVICES, "number of readings")
        named = {(one.publisher_id, one.sent_timestamp) for one in answer.items}
        require(len(named) == len(answer.items), "one device twice in a message")
        readings = answer.items
    else:
        require(type(answer) is Reading, f"an answer of {type(answer)}")
        readings = (answer,)  # type: ignore[assignment]  # just checked
    tree = _accepted_tree(payload)
    leaves = tuple(_leaves(topic, tree))
    words = _words(topic, tree)
    for reading in readings:
        _check_reading(reading, topic, leaves, words)
        fuzz_oracle_kinds.check(reading, topic, tree)
    return "readings" if len(readings) > 1 else "partial" if readings[0].partial else "reading"


def _check_rejection(answer: Rejection) -> None:
    require(answer.problem.code in CODES, f"the code {answer.problem.code}")
    for value in answer.problem.params.values():
        text = str(value)
        require(len(text) <= 400 and text.isprintable(), f"a parameter {text[:80]!r}")
        text.encode()
    if answer.publisher_id is not None:
        _check_id(answer.publisher_id)


def _check_id(name: str) -> None:
    require(type(name) is str and 0 < len(name) <= 64 and not name.isspace(), f"id {name!r}")
    for character in name:
        hidden = unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp", "Cf")
        require(not hidden or character in "\u200c\u200d", f"id {name!r}")


def _accepted_tree(payload: bytes) -> Any:
    """The payload of an accepted message: sound UTF-8, no key twice, not too large or deep."""
    require(len(payload) <= MAX_PAYLOAD, "an oversize message accepted")
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        raise Violation("bytes that are no UTF-8 accepted") from None

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        require(len(found) == len(pairs), "a key twice accepted")
        return found

    try:
        return json.loads(text, object_pairs_hook=unique)
    except ValueError:
        return text


def _leaves(topic: str, tree: Any) -> Iterator[Leaf]:
    if isinstance(tree, str) and tree.startswith("PASSKEY="):
        tree = dict(pair.partition("=")[::2] for pair in tree.split("&"))
    if isinstance(tree, dict | list):
        maker = _maker(tree) if isinstance(tree, dict) else ""
        for leaf in _walk((), tree, {}):
            yield replace(leaf, maker=maker, root=tree) if isinstance(tree, dict) else leaf
    else:
        value = _number(tree)
        if value is not None:
            yield Leaf(tuple(topic.split("/")), value, {})


def _maker(tree: dict[str, Any]) -> str:
    uplink, info = tree.get("uplink_message"), tree.get("deviceInfo")
    versions = uplink.get("version_ids") if isinstance(uplink, dict) else None
    return f"{versions} {info.get('deviceProfileName') if isinstance(info, dict) else ''}".lower()


def _walk(names: tuple[str, ...], tree: Any, around: dict[str, Any]) -> Iterator[Leaf]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _walk((*names, key), value, tree)
    elif isinstance(tree, list):
        for value in tree:
            yield from _walk(names, value, around)
    else:
        value = _number(tree)
        if value is not None:
            unit = tree.strip().partition(" ")[2] if isinstance(tree, str) else ""
            yield Leaf(names, value, around, unit=unit)


_TEXT_NUMBER = re.compile(r"\s*([+-]?[0-9]*\.?[0-9]*(?:[eE][+-]?[0-9]+)?)(?:\s.*)?", re.DOTALL)


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        found = _TEXT_NUMBER.fullmatch(value[:200])
        value = found[1] if found else ""
    try:
        number = float(value)  # type: ignore[arg-type]  # what is none raises
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


_SIGNS = str.maketrans("", "", "_-. /")


def _plain(name: str) -> str:
    return name.translate(_SIGNS).lower()


def _celsius(fahrenheit: float) -> float:
    return (fahrenheit - 32) / 1.8


def _same(value: float) -> float:
    return value


_CONVERSIONS: dict[str, tuple[Callable[[float], float], ...]] = {
    "N": (_same, lambda v: v * 1000),
    "Moisture": (_same, lambda v: v * 100),
    "Temperature": (_same, _celsius, lambda v: v - 273.15),
    "Temperature2": (_same, _celsius, lambda v: v - 273.15),
    "AirTemperature": (_same, _celsius, lambda v: v - 273.15),
    "EC": (_same, lambda v: v * 1000),
    "Battery": (_same, lambda v: v * 100),
    "BatteryVoltage": (_same, lambda v: v / 1000),
}
_MEASUREMENT_IDS = {
    "Moisture": {4103, 4110, 4138, 4139, 4140, 4141},
    "Temperature": {4102, 4112, 4142, 4143, 4144, 4145},
    "pH": {4106},
    "CO2": {4100},
    "EC": {4108, 4111},
    "AirTemperature": {4097},
    "AirHumidity": {4098},
    "Light": {4099},
    "Battery": {3000},
}
_FITTING = {
    "N": r"n|nitrogen.*|.*nitrogen|npkn|nsoil|soiln|.*nitrogenmgkg",
    "P": r"p|phosphor.*|.*phosphoro?us|npkp|psoil|soilp|.*phosphoro?usmgkg",
    "K": r"k|potassium.*|.*potassium|npkk|ksoil|soilk|.*potassiummgkg",
    "CO2": r"co2.*|.*carbondioxide.*|(soil|air)co2.*",
    "pH": r"ph|.*soilph.*|ph1?soil",
    "Moisture": r"moisture|moi|.*soil.*(moisture|hum|water|vwc).*|(water|moisture)soil2?"
    r"|.*moisture[0-9]*",
    "EC": r"ec|electricity|conduct.*|fer|fertility|.*soil.*(ec|conduct).*|ec(us|ds|ms)cm?m?",
    "AirHumidity": r".*hum.*",
    "Light": r"lux|light.*|illuminance.*|illlx",
    "MoistureRaw": r".*(raw|ad[0-9]*|moisture.*)",
    "Battery": r".*bat.*",
    "BatteryVoltage": r".*(bat|volt).*",
    "RSSI": r".*rssi.*|wifisignal.*",
    "SNR": r".*snr.*",
    "LinkQuality": r"linkquality",
    "Temperature": r"t|temp.*|.*temp|.*soil.*temp.*|tfch[0-9]+c?|temp(soil|soi)2?|.*temperature.*",
    "Temperature2": r".*temp.*",
    "AirTemperature": r".*temp.*",
}
_NAMED = {key: re.compile(pattern) for key, pattern in _FITTING.items()}
_OF_AIR = re.compile(
    r"(air|ambient|outdoor|indoor|relative|tempcsht|humsht|tempf$|tempinf|board).*"
)
_NEVER_AIR = frozenset({"N", "P", "K", "Moisture", "Temperature", "pH", "EC", "MoistureRaw"})
_SOIL_NAMES = re.compile(
    r"soil.*|.*soil|moisture|moi|fer|fertility|conductivity|ec|electricity|(water|temp).*soil.*"
)


def _fits(key: str, leaf: Leaf, topic: str) -> object:
    """Whether a number under these names may be that quantity."""
    last = _plain(leaf.names[-1]) if leaf.names else ""
    levels = topic.split("/")
    if levels[0] == "farm" and levels[-1] == "npk":
        template = {"N": ("npk", "nitrogen"), "Temperature": ("t",), "Moisture": ("wet",)}
        if template.get(key) == leaf.names:
            return True
    if last == "measurementvalue" or (topic.startswith("/device_sensor") and last == "value"):
        told = leaf.around.get("measurementId") if last == "measurementvalue" else levels[-1]
        number = _number(told)
        return number is not None and int(number) in _MEASUREMENT_IDS.get(key, set())
    if last == "val" and levels[0] == "miflora":
        last = levels[-1]
    if not leaf.around and leaf.names[:-1] and "sensor" in leaf.names[:-1]:
        # One value a topic: `<prefix>/sensor/<object id>/state`.
        last = _plain(leaf.names[-2])
    if last in ("value",) and len(leaf.names) > 1:
        last = _plain(leaf.names[-2])
    if leaf.names[0] in ("sensor_readings", "sensor_data") and len(leaf.names) > 1:
        return leaf.names[1:] == (key,)
    if key == "Moisture" and last == "humidity":
        return _is_flora(leaf) or (len(leaf.names) > 1 and _plain(leaf.names[-2]) == "soil")
    in_air = not {"air", "ambient"}.isdisjoint([_plain(name) for name in leaf.names[:-1]])
    if key in _NEVER_AIR and in_air and not re.search("SENSOR|STATUS", topic):
        return False
    if not fuzz_oracle_kinds.allows(leaf.names, leaf.around, leaf.maker, key, topic):
        return False
    joined = _plain("".join(leaf.names[-2:]))
    if not (_NAMED[key].fullmatch(last) or _NAMED[key].fullmatch(joined)):
        return False
    if key == "Moisture":
        return not _OF_AIR.match(last)
    if key == "Temperature":
        return _is_of_soil(leaf, last, topic)
    return True


def _is_flora(leaf: Leaf) -> bool:
    sensor = leaf.names[-2] if len(leaf.names) > 1 else leaf.names[-1]
    return sensor.startswith("Flora") or "Fertility" in leaf.around


def _is_of_soil(leaf: Leaf, last: str, topic: str) -> object:
    in_soil_group = any(_plain(name) == "soil" for name in leaf.names[:-1])
    if _OF_AIR.match(last) and not (_is_plant(leaf) or in_soil_group):
        return False
    around = {_plain(name) for name in leaf.around}
    if _is_flora(leaf) or "soil" in last or re.fullmatch(r"tfch[0-9]+c?", last):
        return True
    if "smt" in leaf.maker and "humidity" not in leaf.around:
        # The model is a soil probe; its temperature is that of the soil.
        return True
    path = {_plain(name) for name in leaf.names}
    if {"soil", "history"} & (path | around) or topic.startswith("miflora/"):
        return True
    if re.match("rtl_433|.*RTL_433toMQTT", topic) and "model" in leaf.around:
        model = str(leaf.around["model"])
        return "humidity" not in leaf.around and fuzz_oracle_kinds.SOIL_MODELS.fullmatch(model)
    if topic.startswith("rtl_433/") and not leaf.around:
        return True
    told = leaf.around.get("hum" if "BTtoMQTT" in topic else "humidity")
    humidity = None if isinstance(told, str) and " " in told.strip() else _number(told)
    if humidity is not None and abs(humidity) <= MAX_NUMBER:
        return False
    return _is_plant(leaf) or any(_SOIL_NAMES.fullmatch(n) for n in around | path)


def _is_plant(leaf: Leaf) -> bool:
    told = f"{leaf.around.get('model_id')}{leaf.around.get('type')}"
    return told.startswith("HHCC") or "PLANT" in told or bool({"moi", "fer"} & leaf.around.keys())


def _words(topic: str, tree: Any) -> str:
    """All text of a message, in which a device's name must be found."""
    found = [topic]
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            found.extend(one)
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, str | int) and not isinstance(one, bool):
            found.append(str(one)[:100_000])
    return "\n".join(found)


def _check_reading(reading: Reading, topic: str, leaves: tuple[Leaf, ...], words: str) -> None:
    _check_id(reading.publisher_id)
    _check_time(reading)
    require(reading.topic == topic, "another topic")
    if reading.message_id is not None:
        _check_id(reading.message_id)
        require(reading.message_id in words, f"an invented message id {reading.message_id!r}")
    require(_is_told(reading.publisher_id, words), f"an invented id {reading.publisher_id!r}")
    require(len(reading.values) == len(CHANNELS), "number of values")
    found: dict[str, float] = {}
    for channel, value in zip(CHANNELS, reading.values, strict=True):
        if value is not None:
            require(type(value) is float and math.isfinite(value), f"{channel.key} is {value!r}")
            found[channel.key] = value
    order = [extra.key for extra in EXTRA_CHANNELS]
    keys = [key for key, _ in reading.extras]
    require(keys == sorted(set(keys), key=order.index), "the order of the extras")
    for key, value in reading.extras:
        extra = EXTRA_BY_KEY[key]
        require(type(value) is float and extra.least <= value <= extra.most, f"{key} is {value!r}")
        found[key] = value
    require(found, "a reading of nothing")
    for key, value in found.items():
        require(abs(value) <= 1e9, f"{key} is {value!r}")
        backed = any(_backs(leaf, key, value, topic) for leaf in leaves)
        require(backed, f"{key} {value!r} is told by no field of that quantity")


def _backs(leaf: Leaf, key: str, value: float, topic: str) -> bool:
    conversions = _CONVERSIONS.get(key, (_same,))
    if "Temperature" in key:
        of_unit = fuzz_oracle_kinds.degrees(topic, leaf.names, leaf.around, leaf.root, leaf.unit)
        if of_unit is not None:
            conversions = tuple(conversions[place] for place in of_unit)
    near = (math.isclose(c(leaf.value), value, rel_tol=1e-9, abs_tol=2e-6) for c in conversions)
    return any(near) and bool(_fits(key, leaf, topic))


_MADE_PARTS = re.compile(r"(?:ch|ec|tf)[0-9]{1,2}|ecowitt|unknown|")


def _is_told(publisher_id: str, words: str) -> bool:
    """Whether each part of an id stands in the message, but for what formats add: a channel of a
    gateway, a depth or number of a probe, a MAC address without its colons."""
    if publisher_id in words:
        return True
    plain = words.replace(":", "").upper()
    for part in publisher_id.split("/"):
        bare = re.sub(r"-(?:2|-?[0-9.e+-]+cm)$", "", part)
        kind, _, own = part.partition("-")
        told = part in words or bare in words or part.upper() in plain
        told = told or (kind in words and own in words)
        if not told and not _MADE_PARTS.fullmatch(part):
            return False
    return True


def _check_time(reading: Reading) -> None:
    require(type(reading.timestamp_us) is int, "a time that is no integer")
    if reading.timestamp_us != RECEIVED_US:
        within = YEAR_2000_US <= reading.timestamp_us <= RECEIVED_US + DAY_US
        require(within, f"the time {reading.timestamp_us}")
    require(reading.sent_us is None or type(reading.sent_us) is int, "a sent time")
    require(len(reading.sent_timestamp or "") <= 200, "a long sent time")
