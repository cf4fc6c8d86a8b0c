"""Which device a message may be of, and where it names its time."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from harit_desktop.wire.identifiers import identifier_fault
from harit_desktop.wire.proposal_names import METADATA_PARTS, tokens_of
from harit_desktop.wire.proposal_rows import RawRow
from harit_desktop.wire.template_paths import text_of
from harit_desktop.wire.template_spec import TimeKind
from harit_desktop.wire.timestamps import TimestampReader

_MOST = 12
_EARLIEST_S, _LATEST_S = 946_684_800, 4_102_444_800
"""2000 to 2100."""


class IdentityWhy(StrEnum):
    """Why a device id or a time was proposed."""

    NAME = "name"
    LOOKS_LIKE_ID = "looks_like_id"
    TOPIC_LEVEL = "topic_level"
    LAST_RESORT = "last_resort"


class DeviceChoice(msgspec.Struct, frozen=True):
    """`pattern` as a template has it; `example` what it gives for this message."""

    pattern: str
    example: str
    why: IdentityWhy


class TimeChoice(msgspec.Struct, frozen=True):
    """A value that names an instant; `example` is it as sent."""

    path: str
    kind: TimeKind
    example: str


_ID_NAMES = {
    "publisherid": 100, "deviceid": 95, "devid": 94, "deviceeui": 92, "deveui": 92, "eui": 60,
    "sensorid": 88, "nodeid": 87, "probeid": 87, "stationid": 85, "mac": 84, "macaddress": 84,
    "macaddr": 84, "serialnumber": 80, "serial": 80, "sn": 78, "imei": 78, "devicename": 72,
    "sensorname": 70, "identifier": 66, "id": 64, "uid": 62, "device": 60, "sensor": 55,
    "node": 55, "probe": 55, "station": 55, "hostname": 52, "name": 40, "addr": 30,
    "address": 30, "devaddr": 20, "idx": 20,
}  # fmt: skip
_NOT_DEVICES = ("message", "correlation", "deduplication", "session", "application", "tenant",
                "profile", "joineui", "measurement", "uplink")  # fmt: skip
_MAC = re.compile(r"(?i)(?:[0-9a-f]{2}[:-]?){5}[0-9a-f]{2}|[0-9a-f]{16}")
_NUMBERED_WORD = re.compile(r"status\d{1,2}|v\d")
_COMMON_LEVELS = frozenset(
    {
        "sensor", "sensors", "state", "data", "up", "uplink", "event", "events", "device",
        "devices", "home", "tele", "stat", "status", "v1", "v2", "v3", "application",
        "applications", "app", "farm", "site", "mqtt", "value", "values", "get", "set", "rtl",
        "433", "rtl_433", "bttomqtt", "telemetry", "readings", "reading", "measurement",
        "measurements", "soil", "env", "environment", "json", "out", "attributes", "result",
        "info", "msg", "message", "publish", "zigbee2mqtt", "esphome",
    }
)  # fmt: skip
_MEASURED_WORDS = frozenset(
    {
        "temperature", "temp", "humidity", "moisture", "ph", "ec", "conductivity", "nitrogen",
        "phosphorus", "potassium", "npk", "co2", "light", "lux", "battery", "rssi", "voltage",
    }
)  # fmt: skip
_TIME_NAMES = {
    "timestamp": 90, "time": 85, "datetime": 85, "ts": 80, "measuredat": 95, "sampledat": 95,
    "readat": 80, "date": 60, "utc": 70, "epoch": 75, "unixtime": 80, "unix": 70, "lastseen": 65,
    "receivedat": 60, "at": 50, "t": 40, "fecha": 60, "zeit": 60, "createdat": 55, "when": 50,
}  # fmt: skip


def device_choices(topic: str, rows: tuple[RawRow, ...]) -> tuple[DeviceChoice, ...]:
    """The likeliest first; every level of the topic is among them, and a fixed text last."""
    scored: list[tuple[int, DeviceChoice]] = []
    for row in rows:
        score = _id_score(row)
        text = text_of(row.value)
        usable = not any(sign in row.path for sign in "{}[]")
        if score and usable and text and identifier_fault(text) is None:
            choice = DeviceChoice(f"{{payload:{row.path}}}", text, IdentityWhy.NAME)
            scored.append((score, choice))
    scored += _levels(topic)
    scored.sort(key=lambda pair: -pair[0])
    found = [choice for _, choice in scored[:_MOST]]
    fixed = _fixed_text(topic)
    return (*found, DeviceChoice(fixed, fixed, IdentityWhy.LAST_RESORT))


def _id_score(row: RawRow) -> int:
    if not row.names:
        return 0
    key = "".join(tokens_of(row.names[-1]))
    score = _ID_NAMES.get(key, 0)
    way = "".join("".join(tokens_of(name)) for name in row.names)
    if not score or any(part in way for part in (*_NOT_DEVICES, *METADATA_PARTS)):
        return 0
    # The id of a part of the message says less than that of the whole.
    in_device = any("device" in name.lower() for name in row.names[:-1])
    return max(1, score - (0 if in_device else 6 * (len(row.names) - 1)))


def _levels(topic: str) -> list[tuple[int, DeviceChoice]]:
    found = []
    for number, level in enumerate(topic.split("/"), start=1):
        if identifier_fault(level) is None:
            choice = DeviceChoice(f"{{topic:{number}}}", level, _level_why(level))
            found.append((_level_score(level, number), choice))
    return found


def _level_why(level: str) -> IdentityWhy:
    return IdentityWhy.LOOKS_LIKE_ID if _MAC.fullmatch(level) else IdentityWhy.TOPIC_LEVEL


def _level_score(level: str, number: int) -> int:
    """Levels that look like an id, then those that are no word of every topic."""
    if _MAC.fullmatch(level):
        return 90
    low = level.lower()
    tokens = set(tokens_of(level))
    if low in _COMMON_LEVELS or tokens <= _COMMON_LEVELS or _NUMBERED_WORD.fullmatch(low):
        return 2
    if tokens & _MEASURED_WORDS:
        return 3
    has_digit = any(char.isdigit() for char in level)
    return (58 if has_digit and len(level) > 1 else 44) + min(number, 3)


def _fixed_text(topic: str) -> str:
    levels = [level for level in topic.split("/") if identifier_fault(level) is None]
    named = [level for level in levels if level.lower() not in _COMMON_LEVELS]
    text = (named or levels or ["device"])[-1]
    return text if "{" not in text and "}" not in text else "device"


def filter_for(topic: str, device: str, example: str) -> str:
    """The topic with a plus in place of the level that names the device."""
    levels = topic.split("/")
    number = re.fullmatch(r"\{topic:(\d+)\}", device)
    for place, level in enumerate(levels):
        named = number is not None and int(number[1]) == place + 1
        if named or (device.startswith("{payload:") and level == example):
            levels[place] = "+"
    return "/".join(levels)


def time_choices(rows: tuple[RawRow, ...]) -> tuple[TimeChoice, ...]:
    """Values that are instants, those whose name says so first."""
    reader = TimestampReader()
    scored = []
    for row in rows:
        kind = _time_kind(row.value, reader)
        if kind is None or not row.names:
            continue
        score = _TIME_NAMES.get("".join(tokens_of(row.names[-1])), 0)
        way = "".join("".join(tokens_of(name)) for name in row.names)
        if not score and kind is not TimeKind.ISO:
            continue
        if any(part in way for part in METADATA_PARTS):
            score = min(score, 5)
        scored.append((score - 6 * len(row.names), TimeChoice(row.path, kind, row.shown)))
    scored.sort(key=lambda pair: -pair[0])
    return tuple(choice for _, choice in scored[:_MOST])


def _time_kind(value: object, reader: TimestampReader) -> TimeKind | None:
    if type(value) is str:
        if reader.instant_us(value) is not None:
            return TimeKind.ISO
        value = float(value) if re.fullmatch(r"\d{10,13}(\.\d{1,9})?", value) else None
    if type(value) is not int and type(value) is not float:
        return None
    if _EARLIEST_S <= value <= _LATEST_S:
        return TimeKind.EPOCH_S
    if _EARLIEST_S * 1000 <= value <= _LATEST_S * 1000:
        return TimeKind.EPOCH_MS
    return None
