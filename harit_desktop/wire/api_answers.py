"""What our own API answers, in the fields and with the traps of the existing one.

Times are naive and local, `history` says `health_index` where the others say
`soil_health_index`: the existing page and scripts read it so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from harit_desktop.domain.analysis import Analysis
from harit_desktop.domain.api import ApiReading, ApiStats
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.wire.timestamps import SYSTEM_ZONE, format_local, load_zone

_KEYS = tuple(channel.key for channel in CHANNELS)
_NAIVE_LENGTH = len("2026-11-23T13:34:00.123456")
_encode = msgspec.json.Encoder().encode


def encode_analysis(reading: ApiReading, zone: str = SYSTEM_ZONE, mode: str | None = None) -> bytes:
    """The answer of `analyze`, and with `mode` that of `latest`.

    An absent channel and a withheld index are null. `zone` is "system" or an IANA name.
    """
    body: dict[str, Any] = {
        "timestamp": _local(reading.timestamp_us, zone),
        "soil_health_index": reading.analysis.index,
        **_judgement(reading.analysis),
        "critical_factors": reading.analysis.critical_factors,
        "sensor_readings": _sensors(reading.values),
    }
    if mode is not None:
        body["mode"] = mode
    return _encode(body)


def encode_history(
    readings: Sequence[ApiReading],
    mode: str,
    zone: str = SYSTEM_ZONE,
    *,
    total: int | None = None,
) -> bytes:
    """The answer of `history`; `readings` newest first, `total` by default their number.

    Each row also says whose it is and its exact instant, for another Harit.
    """
    rows = [
        {
            "timestamp": _local(reading.timestamp_us, zone),
            "health_index": reading.analysis.index,
            **_judgement(reading.analysis),
            "sensor_readings": _sensors(reading.values),
            "publisher_id": reading.publisher_id,
            "timestamp_us": reading.timestamp_us,
        }
        for reading in readings
    ]
    return _encode({"total": len(rows) if total is None else total, "readings": rows, "mode": mode})


def encode_stats(stats: ApiStats, mode: str) -> bytes:
    """The answer of `stats`. The mean is 0 where nothing is stored and null where no stored
    reading has an index; it and the percentage have two decimals."""
    mean = stats.index_mean if stats.readings else 0.0
    percentage = 100 * stats.anomalous / stats.readings if stats.readings else 0.0
    return _encode(
        {
            "total_readings": stats.readings,
            "average_health_index": None if mean is None else round(mean, 2),
            "anomaly_count": stats.anomalous,
            "anomaly_percentage": round(percentage, 2),
            "status_distribution": stats.by_band,
            "mode": mode,
        }
    )


def _judgement(analysis: Analysis) -> dict[str, Any]:
    return {
        "health_status": analysis.band,
        "is_anomalous": analysis.is_anomalous,
        "anomaly_score": analysis.anomaly_score,
    }


def _sensors(values: Values) -> dict[str, float | None]:
    return dict(zip(_KEYS, values, strict=True))


def _local(instant_us: int, zone: str) -> str:
    """2026-11-23T13:34:00.123456, local in `zone`."""
    return format_local(instant_us, load_zone(zone))[:_NAIVE_LENGTH]
