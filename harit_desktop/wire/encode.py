"""What this program sends: readings, analyses and the publisher's status, as JSON bytes."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from harit_desktop.domain.analysis import Analysis
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.reading import Reading
from harit_desktop.wire.timestamps import format_utc

_encode = msgspec.json.Encoder().encode


def encode_reading(
    publisher_id: str,
    timestamp_text: str,
    values: Values,
    simulated: bool,
    message_id: str | None = None,
) -> bytes:
    """A sensor message as the existing publisher writes it.

    Absent channels are left out. Raises ValueError for a value that is not finite: JSON
    has no word for it and every receiver would have to refuse the message.
    """
    sensors: dict[str, float] = {}
    for channel, value in zip(CHANNELS, values, strict=True):
        if value is None:
            continue
        if not math.isfinite(value):
            raise ValueError(f"{channel.key} is not finite: {value}")
        sensors[channel.key] = value
    body: dict[str, Any] = {
        "timestamp": timestamp_text,
        "publisher_id": publisher_id,
        "sensor_readings": sensors,
    }
    if simulated:
        body["simulated"] = True
    if message_id is not None:
        body["message_id"] = message_id
    return _encode(body)


def encode_status(
    status: str, publisher_id: str, message: str, timestamp_text: str, origin: str = ""
) -> bytes:
    """The retained status message of a publisher, also used as its last will.

    `status` is "online", "offline" or "connected"; `origin` is as in `encode_analysis`.
    """
    body: dict[str, Any] = {
        "status": status,
        "publisher_id": publisher_id,
        "message": message,
        "timestamp": timestamp_text,
    }
    return _encode(_marked(body, origin))


def encode_analysis(reading: Reading, analysis: Analysis, origin: str = "") -> bytes:
    """The analysis of a stored reading.

    The nested object and the three top-level fields say the same: both spellings have
    readers. `anomalies` repeats the critical factors, the only texts that the existing system
    has for what is wrong. A withheld index is null with the status "Unknown". The time is the
    reading's canonical instant with its offset (+00:00, which older programs can read where
    they cannot read Z), so that no reader has to guess a zone. By `origin` a program knows
    what it has sent itself (see `domain.topics.origin_bytes`).
    """
    factors = list(analysis.critical_factors)
    body: dict[str, Any] = {
        "timestamp": format_utc(reading.timestamp_us),
        "publisher_id": reading.publisher_id,
        "analysis": {
            "soil_health_index": analysis.index,
            "health_status": analysis.band,
            "is_anomalous": analysis.is_anomalous,
            "anomaly_score": analysis.anomaly_score,
            "critical_factors": factors,
        },
        "health_index": analysis.index,
        "status": analysis.band,
        "anomalies": factors,
    }
    if reading.simulated:
        body["simulated"] = True
    return _encode(_marked(body, origin))


def _marked(body: dict[str, Any], origin: str) -> dict[str, Any]:
    if origin:
        body["origin"] = origin
    return body
