"""Messages of every format with something wrong in them.

The generators take their choices from a `random.Random`: hypothesis gives one whose choices it
can make smaller, `benchmarks/fuzz.py` a plain one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from random import Random
from typing import Any

from harit_desktop.domain.message import RawMessage
from tests.wire.fuzz_seeds import SEEDS

RECEIVED_US = 1_790_800_000_000_000


def message(topic: str, payload: bytes) -> RawMessage:
    return RawMessage(topic, payload, RECEIVED_US)


_NAMES = (
    *("humidity", "Humidity", "hum", "relativeHumidity", "humidityin", "air_humidity", "Hum_SHT"),
    *("moisture", "soil_moisture", "soilmoisture1", "moi", "water_SOIL", "soil_humidity"),
    *("temperature", "Temperature", "tempc", "temp_SOIL", "temp_DS18B20", "soil_temperature"),
    *("N", "P", "K", "CO2", "Moisture", "pH", "ph", "ec", "EC", "conductivity", "fer", "Fertility"),
    *("battery", "voltage", "rssi", "snr", "publisher_id", "device", "device_id", "id", "model"),
    *("timestamp", "time", "Time", "ts", "last_seen", "received_at", "sensor_readings", "status"),
    *("sensor_data", "object", "decoded_payload", "messages", "measurementId", "measurementValue"),
    *("type", "valid", "message_id", "deviceInfo", "devEui", "soil", "air", "npk", "analysis", ""),
    *("MOISTURE", "Soil Moisture", "soil.moisture", "moisture ", "\u041c\u043eisture", "__proto__"),
    *("unit", "units", "temperature_unit", "TempUnit", "simulated", "nitrogen", "potassium", "mac"),
    *("ambient", "forecast", "sensor", "soil_vwc", "data", "kind", "mode", "soil_ec"),
)
_TEXTS = (
    *("", " ", "22.5", "22,5", "22.5 C", "nan", "NaN", "inf", "-Infinity", "1e400", "0x10", "١٢"),
    *(
        "327.67",
        "65535",
        "true",
        "null",
        "a\u202egnp.exe",
        "a\x00b",
        "a\x1b[2Jb",
        "x\r\ny",
        "\ud800",
    ),
    *("=1+1", "<img src=x>", "../../x", "CON", "0" * 30_000, "a" * 65, "é" * 64, "क्\u200dष"),
    *("2026-09-30T20:20:00Z", "2026-02-30", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59.999999"),
    *(
        "online",
        "offline",
        "F",
        "fahrenheit",
        "deg F",
        "K",
        "cb",
        "77.0 F",
        "forecast",
        "soil",
        "7",
        "PASSKEY=1&soilmoisture1=40",
        "{",
        "'; DROP TABLE",
    ),
)
_NUMBERS = (
    *(0, -0.0, 1, -1, 40.5, 65535, 655.35, 327.67, -327.68, 65533, 255, 1e6, 1000001, -1e7, 1e300),
    *(float("nan"), float("inf"), 10**30, int("9" * 400), 5e-324, 2**63, 1788000000, 1788000000123),
)


def mutated(random: Random) -> tuple[str, bytes]:
    """A sample with some things wrong: names, values, places, its topic, and last its bytes."""
    topic, tree = random.choice(SEEDS)
    tree = _copied(tree)
    if random.random() < 0.6:
        tree = _renumbered(tree, random)
    for _ in range(random.choice((0, 1, 1, 1, 2, 3, 6))):
        tree = random.choice(_CHANGES)(tree, random)
    if random.random() < 0.15:
        topic = random.choice(SEEDS)[0]
    payload = _bytes_of(tree)
    if random.random() < 0.2:
        payload = random.choice(_BYTE_CHANGES)(payload, random)
    return topic, payload


def invented(random: Random) -> tuple[str, bytes]:
    """An object that no device ever sent, of the names that the formats know."""
    tree = {random.choice(_NAMES): _invented(random, 3) for _ in range(random.randint(1, 8))}
    return random.choice(SEEDS)[0], _bytes_of(tree)


def _invented(random: Random, depth: int) -> Any:
    kind = random.randrange(10 if depth else 7)
    if kind < 4:
        return round(random.uniform(-20, 700), 3)
    if kind < 7:
        return _odd(random)
    if kind == 7:
        return [_invented(random, depth - 1) for _ in range(random.randint(0, 3))]
    names = [random.choice(_NAMES) for _ in range(random.randint(0, 5))]
    return {name: _invented(random, depth - 1) for name in names}


def _odd(random: Random) -> Any:
    kind = random.randrange(8)
    if kind < 3:
        return random.choice(_NUMBERS)
    if kind < 6:
        return random.choice(_TEXTS)
    return random.choice((True, False, None, [], {}, [[]], {"value": 41.5}))


def _copied(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _copied(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_copied(value) for value in tree]
    return tree


def _renumbered(tree: Any, random: Random) -> Any:
    """Every measured number another one, so that each tells where it came from."""
    if isinstance(tree, dict):
        return {key: _renumbered(value, random) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_renumbered(value, random) for value in tree]
    if isinstance(tree, float) or (type(tree) is int and abs(tree) < 3000):
        return round(random.uniform(0, 90), 4)
    if isinstance(tree, str) and re.fullmatch(r"[0-9]{1,3}\.[0-9]+", tree):
        return f"{random.uniform(0, 90):.4f}"
    return tree


def _holders(tree: Any) -> list[dict[str, Any] | list[Any]]:
    found: list[dict[str, Any] | list[Any]] = []
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            found.append(one)
            waiting.extend(one.values())
        elif isinstance(one, list):
            found.append(one)
            waiting.extend(one)
    return [one for one in found if one]


def _at(random: Random, tree: Any) -> tuple[Any, Any]:
    """A place in a tree: what holds it, and its key; (None, None) where there is none."""
    holders = _holders(tree)
    if not holders:
        return None, None
    holder = random.choice(holders)
    keys: list[Any] = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    return holder, random.choice(keys)


def _drop(tree: Any, random: Random) -> Any:
    holder, key = _at(random, tree)
    if holder is not None:
        del holder[key]
    return tree


def _rename(tree: Any, random: Random) -> Any:
    holder, key = _at(random, tree)
    if isinstance(holder, dict):
        new = random.choice((*_NAMES, key.upper(), key.lower(), f"{key} ", f"{key}2", key[::-1]))
        holder[new] = holder.pop(key)
    return tree


def _spoil(tree: Any, random: Random) -> Any:
    holder, key = _at(random, tree)
    if holder is None:
        return _odd(random)
    holder[key] = _odd(random)
    return tree


def _as_text(tree: Any, random: Random) -> Any:
    holder, key = _at(random, tree)
    if holder is not None and not isinstance(holder[key], dict | list):
        holder[key] = str(holder[key])
    return tree


def _swap(tree: Any, random: Random) -> Any:
    one, key = _at(random, tree)
    other, its = _at(random, tree)
    if one is not None and one is not other[its] and other is not one[key]:
        value = _copied(one[key])
        one[key] = _copied(other[its])
        other[its] = value
    return tree


def _splice(tree: Any, random: Random) -> Any:
    holder, key = _at(random, tree)
    foreign = _copied(random.choice(SEEDS)[1])
    if isinstance(holder, dict) and isinstance(foreign, dict):
        holder.update(foreign) if random.random() < 0.5 else holder.update({key: foreign})
    return tree


def _add(tree: Any, random: Random) -> Any:
    holder, _ = _at(random, tree)
    if isinstance(holder, dict):
        holder[random.choice(_NAMES)] = round(random.uniform(0, 90), 4)
    return tree


def _wrap(tree: Any, random: Random) -> Any:
    return {random.choice((*_NAMES, "data", "payload")): tree}


def _multiply(tree: Any, random: Random) -> Any:
    holder, key = _at(random, tree)
    if isinstance(holder, list):
        holder.extend(_copied(holder[key]) for _ in range(random.choice((1, 5, 200))))
    elif isinstance(holder, dict):
        for number in range(random.choice((1, 3, 80))):
            holder[f"{key}{number}"] = _copied(holder[key])
    return tree


def _deepen(tree: Any, random: Random) -> Any:
    holder, key = _at(random, tree)
    if holder is not None:
        for _ in range(random.choice((1, 5, 40))):
            holder[key] = {key: holder[key]} if isinstance(key, str) else [holder[key]]
    return tree


_CHANGES: tuple[Callable[[Any, Random], Any], ...] = (
    *(_drop, _rename, _spoil, _as_text, _swap, _splice, _add, _wrap, _multiply, _deepen, _rename),
    *(_spoil, _swap),
)


def _bytes_of(tree: Any) -> bytes:
    if isinstance(tree, str):
        return tree.encode("utf-8", "surrogatepass")
    try:
        text = json.dumps(tree, ensure_ascii=False)
    except ValueError:
        text = "{}"
    return text.encode("utf-8", "surrogatepass")


def _flip(data: bytes, random: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice((1, 2, 8))):
        if changed:
            changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def _cut(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _double_a_key(data: bytes, random: Random) -> bytes:
    return re.sub(rb'("[^"]{1,40}"): ?([0-9.]+)', rb"\1: \2, \1: 77.125", data, count=1)


def _pad(data: bytes, random: Random) -> bytes:
    return data + random.choice((b" ", b"\n", b"[", b"{", b"\x00")) * random.choice((1, 9, 70_000))


def _mark(data: bytes, random: Random) -> bytes:
    return random.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b\x08", b"PK\x03\x04")) + data


def _recode(data: bytes, random: Random) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(random.choice(("utf-16", "utf-32", "latin-1")), "replace")


_BYTE_CHANGES: tuple[Callable[[bytes, Random], bytes], ...] = (
    *(_flip, _flip, _cut, _double_a_key, _pad, _mark, _recode),
)
