"""Readings and messages as rows, and rows as readings and messages again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Row

from harit_desktop.domain.analysis import Analysis, Band, Flag
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import MessageRecord, Origin, Outcome
from harit_desktop.domain.reading import AnalysedReading, Reading, Source, TimeSource
from harit_desktop.storage.schema import message_log, quality_column, sensor_readings

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MAX_PARAM_CHARS = 200
"""Longest text of a rejection's parameter that is kept; the payload itself has the rest."""


def utc_text(time_us: int) -> str:
    """ISO 8601 in UTC with all six digits, as in the column `timestamp`.

    Raises OverflowError beyond the years 1 to 9999.
    """
    second, microsecond = divmod(time_us, US_PER_S)
    return f"{_second_text(second)}.{microsecond:06d}+00:00"


@lru_cache(maxsize=4096)
def _second_text(second: int) -> str:
    # Readings come in the order of time: most seconds are asked for more than once.
    return (EPOCH + timedelta(seconds=second)).replace(tzinfo=None).isoformat()


@lru_cache(maxsize=1024)
def factors_text(factors: tuple[str, ...]) -> str:
    """Critical factors as the JSON list that the existing system writes."""
    return json.dumps(list(factors), ensure_ascii=False)


@lru_cache(maxsize=1024)
def reasons_text(reasons: tuple[tuple[str, str], ...]) -> str | None:
    """Channels and the codes of their reasons as a JSON object; None without any."""
    return json.dumps(dict(reasons)) if reasons else None


def reasons_of(text: str | None) -> tuple[tuple[str, str], ...]:
    """The reasons that `reasons_text` wrote; none where another program wrote something else."""
    if not text:
        return ()
    try:
        found = json.loads(text)
    except ValueError:
        return ()
    return tuple((str(k), str(v)) for k, v in found.items()) if isinstance(found, dict) else ()


READING_COLUMNS = tuple(f'"{c.name}"' for c in sensor_readings.columns if c.name != "id")

INSERT_READINGS = """
INSERT INTO sensor_readings ({columns}) VALUES {{rows}} ON CONFLICT (reading_key) DO NOTHING
""".format(columns=", ".join(READING_COLUMNS))
"""Takes `reading_row` as many times as there are rows; leaves out those whose key is there."""

INSERT_EXTRAS = "INSERT INTO reading_extras (reading_id, key, value) VALUES {rows}"
DELETE_EXTRAS = "DELETE FROM reading_extras WHERE reading_id = ?"


def reading_row(item: AnalysedReading) -> tuple[Any, ...]:
    """The values of `INSERT_READINGS`, in the order of the table's columns.

    Plain types only, because the driver takes the short way for them; `_value_` is the
    enumeration's own attribute behind the slower `value`.
    """
    reading, analysis = item.reading, item.analysis
    return (
        utc_text(reading.timestamp_us),
        *reading.values,
        analysis.index,
        analysis.band._value_,
        int(analysis.is_anomalous),
        analysis.anomaly_score,
        factors_text(analysis.critical_factors),
        reading.publisher_id,
        reading.timestamp_us,
        reading.received_us,
        reading.source._value_,
        item.key,
        *analysis.flags,
        reading.sent_timestamp,
        reading.time_source._value_,
        reading.topic,
        int(reading.retained),
        reading.message_id,
        analysis.profile,
        reasons_text(analysis.reasons) if analysis.reasons else None,
    )


VALUE_COLUMNS = tuple(sensor_readings.c[channel.column] for channel in CHANNELS)
QUALITY_COLUMNS = tuple(sensor_readings.c[quality_column(channel)] for channel in CHANNELS)


def values_of(row: Row[Any]) -> Values:
    """The channel values of a row of `sensor_readings`."""
    mapping = row._mapping
    return tuple(mapping[column] for column in VALUE_COLUMNS)


def reading_of(row: Row[Any]) -> AnalysedReading:
    """A full row of `sensor_readings` as the reading it was.

    `sent_us` of a clock-suspect reading is not kept as a number: its `sent_timestamp` is.
    """
    mapping = row._mapping
    column = sensor_readings.c
    time_source = TimeSource(mapping[column.time_source])
    timestamp_us = mapping[column.timestamp_us]
    reading = Reading(
        publisher_id=mapping[column.publisher_id],
        timestamp_us=timestamp_us,
        received_us=mapping[column.received_us],
        values=values_of(row),
        source=Source(mapping[column.source]),
        time_source=time_source,
        sent_us=timestamp_us if time_source is TimeSource.SENT else None,
        sent_timestamp=mapping[column.sent_timestamp],
        message_id=mapping[column.message_id],
        topic=mapping[column.topic],
        retained=mapping[column.retained],
    )
    return AnalysedReading(reading, analysis_of(row), mapping[column.reading_key])


def analysis_of(row: Row[Any]) -> Analysis:
    """The judgement kept with a reading."""
    mapping = row._mapping
    column = sensor_readings.c
    return Analysis(
        index=mapping[column.health_index],
        band=Band(mapping[column.health_status]),
        is_anomalous=mapping[column.is_anomalous],
        anomaly_score=mapping[column.anomaly_score],
        critical_factors=tuple(json.loads(mapping[column.critical_factors])),
        flags=tuple(Flag(mapping[quality]) for quality in QUALITY_COLUMNS),
        profile=mapping[column.profile],
        reasons=reasons_of(mapping[column.quality_reasons]),
    )


RECORD_COLUMNS = tuple(
    message_log.c[name]
    for name in (
        "id",
        "received_us",
        "origin",
        "topic",
        "publisher_id",
        "qos",
        "retained",
        "outcome",
        "size_bytes",
        "reason_code",
        "reason_params",
    )
)


def record_of(row: Row[Any]) -> MessageRecord:
    """A line of the message log."""
    problem = None
    if row.reason_code is not None:
        problem = Problem(row.reason_code, json.loads(row.reason_params or "{}"))
    return MessageRecord(
        id=row.id,
        received_us=row.received_us,
        origin=Origin(row.origin),
        topic=row.topic,
        publisher_id=row.publisher_id,
        qos=row.qos,
        retained=row.retained,
        outcome=Outcome(row.outcome),
        size_bytes=row.size_bytes,
        problem=problem,
    )


def shortened(problem: Problem) -> Problem:
    """The problem with long texts from outside cut to `MAX_PARAM_CHARS`."""
    if not any(isinstance(v, str) and len(v) > MAX_PARAM_CHARS for v in problem.params.values()):
        return problem
    params = {
        name: value[:MAX_PARAM_CHARS] if isinstance(value, str) else value
        for name, value in problem.params.items()
    }
    return Problem(problem.code, params)


def params_text(params: Mapping[str, str | int | float]) -> str:
    """A problem's parameters as JSON of ASCII characters only."""
    return json.dumps(dict(params))
