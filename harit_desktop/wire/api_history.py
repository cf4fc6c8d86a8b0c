"""A remote API's history, row by row as messages of the native format."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, TypeGuard

import msgspec

from harit_desktop.domain.api import POLLED_TOPIC, ApiPage, ApiRow
from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.message import Origin, RawMessage
from harit_desktop.domain.reading import Reading
from harit_desktop.wire.harit_json import MAX_VALUE, HaritJson
from harit_desktop.wire.timestamps import TimestampReader, format_utc

_encode = msgspec.json.Encoder().encode


def read_history(body: bytes, zone: str) -> ApiPage:
    """The readings in an answer of `history`, newest first.

    Times without offset are local in `zone` ("system" or an IANA name). A row's judgement is
    never taken over, whatever it is called and whether it is there: it is made again here, and
    the index is only kept as a mark of the row. A row with
    `publisher_id` and `timestamp_us` comes from another Harit, which knows whose it is; of any
    other the publisher is not known. Rows that are not readings are counted and left out.

    Raises KnownError: api.not_json{host} where the body is no such answer (`host` is empty: it
    is not known here), timezone.unknown.
    """
    tree = _tree(body)
    timestamps = TimestampReader(zone)
    # Every payload names its offset, so the zone of this decoder never matters.
    decoder = HaritJson(timestamps)
    sent: list[Any] = tree["readings"]
    found = [row for item in sent if (row := _row(item, timestamps, decoder)) is not None]
    found.sort(key=lambda row: row.timestamp_us, reverse=True)
    return ApiPage(tuple(found), len(sent) - len(found), _total(tree.get("total")))


def read_total(body: bytes) -> int | None:
    """How many readings the server says to hold, in an answer of `stats`; None where it does
    not say."""
    try:
        tree = _decode(body)
    except (ValueError, RecursionError):
        return None
    return _total(tree.get("total_readings")) if isinstance(tree, dict) else None


def _tree(body: bytes) -> dict[str, Any]:
    try:
        tree = _decode(body)
    except (ValueError, RecursionError) as error:
        raise KnownError("api.not_json", host="") from error
    if not isinstance(tree, dict) or not isinstance(tree.get("readings"), list):
        raise KnownError("api.not_json", host="")
    return tree


def _decode(body: bytes) -> Any:
    """The existing backend writes NaN and Infinity, which JSON does not have, where a row or an
    average is that: all else can be read all the same."""
    odd = b"NaN" in body or b"Infinity" in body
    return json.loads(body) if odd else msgspec.json.decode(body)


def _total(sent: object) -> int | None:
    return sent if type(sent) is int and sent >= 0 else None


def _row(item: Any, timestamps: TimestampReader, decoder: HaritJson) -> ApiRow | None:
    """None where the row is not a reading, for any reason for which a message would not be."""
    if not isinstance(item, dict) or not isinstance(item.get("sensor_readings"), dict):
        return None
    publisher_id, instant_us = item.get("publisher_id"), item.get("timestamp_us")
    sent_at: datetime | None = None
    if publisher_id is None or type(instant_us) is not int:
        publisher_id, sent = None, item.get("timestamp")
        instant_us = timestamps.instant_us(sent) if type(sent) is str else None
        if sent is not None and instant_us is not None:
            sent_at = datetime.fromisoformat(sent.upper())
    if instant_us is None:
        return None
    timestamp = format_utc(instant_us)
    if timestamps.instant_us(timestamp) != instant_us:
        return None  # beyond the calendar
    payload = _payload(item, publisher_id, timestamp)
    if payload is None:
        return None
    message = RawMessage(POLLED_TOPIC, payload, instant_us, origin=Origin.API)
    reading = decoder.decode(message)
    if not isinstance(reading, Reading):
        return None
    return ApiRow(payload, instant_us, publisher_id, reading.values, sent_at, _index(item))


def _index(item: dict[str, Any]) -> float | None:
    sent = item.get("health_index")
    index = sent if sent is not None else item.get("soil_health_index")
    return float(index) if _is_value(index) else None


def _is_value(sent: object) -> TypeGuard[int | float]:
    if isinstance(sent, bool) or not isinstance(sent, (int, float)):
        return False
    return abs(sent) <= MAX_VALUE


def _payload(item: dict[str, Any], publisher_id: Any, timestamp: str) -> bytes | None:
    """None for what no message could say, such as a value that is no number of JSON."""
    sent = item["sensor_readings"]
    sensors = {key: sent[key] for key in CHANNEL_INDEX if key in sent}
    if not all(value is None or _is_value(value) for value in sensors.values()):
        return None
    body: dict[str, Any] = {
        "timestamp": timestamp,
        "sensor_readings": sensors,
    }
    if publisher_id is not None:
        body["publisher_id"] = publisher_id
        if item.get("message_id") is not None:
            body["message_id"] = item["message_id"]
    if item.get("simulated") is True:
        body["simulated"] = True
    try:
        return _encode(body)
    except UnicodeEncodeError:
        # Half of a surrogate pair, which only the tolerant decoder lets through.
        return None
