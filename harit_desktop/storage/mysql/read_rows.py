"""The server's table as readers see it, in both layouts, and its rows as domain types.

A row of the old backend has no flags, no key and no profile, and its FLOAT values have the
nearest single-precision number: `shortest` gives back the number that was written.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Integer,
    LargeBinary,
    Row,
    String,
    TableClause,
    case,
    column,
    func,
    table,
)

from harit_desktop.domain.analysis import Analysis, Band, Flag
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.reading import Source, TimeSource
from harit_desktop.storage.mysql.tables import EXACT_COLUMNS, READINGS
from harit_desktop.storage.quality_reads import reasons_in
from harit_desktop.storage.schema import quality_column


@dataclass(frozen=True, eq=False)
class ServerColumns:
    """Expressions over `sensor_readings`, always the same objects for a layout.

    `values` and `score` are the exact numbers; `flags` are never NULL: MISSING without a
    value, PASS for a value that nobody judged. `shown` keeps rows without a time (not yet
    taken over) and rows that are the same reading as another row out of every answer.
    """

    readings: TableClause
    adopted: bool
    values: tuple[ColumnElement[float | None], ...]
    flags: tuple[ColumnElement[int], ...]
    score: ColumnElement[float | None]
    written_by_old: ColumnElement[bool]
    shown: tuple[ColumnElement[bool], ...]

    @property
    def c(self) -> Any:
        """The table's own columns by their names."""
        return self.readings.c


@lru_cache(maxsize=2)
def server_columns(adopted: bool) -> ServerColumns:
    """The columns of an adopted database, or of one that this program made."""
    numbers = [channel.column for channel in CHANNELS] + ["anomaly_score"]
    exact = [EXACT_COLUMNS[name] for name in numbers] if adopted else []
    readings = table(
        READINGS,
        *(column(name, BigInteger) for name in ("id", "timestamp_us", "received_us", "same_as")),
        *(column(name, String) for name in ("publisher_id", "source", "time_source", "topic")),
        *(column(name, String) for name in ("health_status", "profile", "critical_factors")),
        column("quality_reasons", String),
        *(column(name, Integer) for name in ("health_index", "is_anomalous")),
        *(column(quality_column(channel), Integer) for channel in CHANNELS),
        *(column(name, Double) for name in (*numbers, *exact)),
        column("reading_key", LargeBinary),
    )
    c = readings.c

    def number(name: str) -> ColumnElement[float | None]:
        return func.coalesce(c[EXACT_COLUMNS[name]], c[name]) if adopted else c[name]

    values = tuple(number(channel.column) for channel in CHANNELS)
    missing, passed = int(Flag.MISSING), int(Flag.PASS)
    flags = tuple(
        func.coalesce(
            c[quality_column(channel)], case((c[channel.column].is_(None), missing), else_=passed)
        )
        for channel in CHANNELS
    )
    return ServerColumns(
        readings,
        adopted,
        values,
        flags,
        number("anomaly_score"),
        c.reading_key.is_(None),
        (c.timestamp_us.is_not(None), c.same_as.is_(None)),
    )


def shortest(value: float | None) -> float | None:
    """The number of fewest digits that the same single-precision number stands for."""
    return None if value is None else float(str(np.float32(value)))


def shortest_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same for an array; NaN stays NaN."""
    return values.astype(np.float32).astype(str).astype(np.float64)


def values_of(row: Row[Any], columns: ServerColumns) -> Values:
    """The channel values of a row that has `values` and `written_by_old` selected."""
    mapping = row._mapping
    values: Values = tuple(mapping[value] for value in columns.values)
    if columns.adopted and mapping[columns.written_by_old]:
        return tuple(map(shortest, values))
    return values


def score_of(row: Row[Any], columns: ServerColumns) -> float | None:
    """The anomaly score of a row that has `score` and `written_by_old` selected."""
    score: float | None = row._mapping[columns.score]
    return shortest(score) if columns.adopted and row._mapping[columns.written_by_old] else score


STATE_COLUMNS = (
    "timestamp_us",
    "received_us",
    "source",
    "time_source",
    "topic",
    "health_index",
    "health_status",
    "is_anomalous",
    "critical_factors",
    "profile",
    "quality_reasons",
)


def state_of(
    row: Row[Any],
    columns: ServerColumns,
    publisher_id: str,
    now_us: int,
    interval_s: float | None,
) -> DeviceState:
    """A device's newest row as its state; of a row of the old backend as far as it goes."""
    received_us = row.timestamp_us if row.received_us is None else row.received_us
    return DeviceState(
        publisher_id=publisher_id,
        timestamp_us=row.timestamp_us,
        received_us=min(received_us, now_us),
        values=values_of(row, columns),
        analysis=_analysis_of(row, columns),
        simulated=row.source == Source.SIMULATOR.value,
        topic=row.topic or "",
        interval_s=interval_s,
        stored_readings=0,
        clock_suspect=row.time_source == TimeSource.SUSPECT.value,
    )


def _analysis_of(row: Row[Any], columns: ServerColumns) -> Analysis:
    return Analysis(
        index=row.health_index,
        band=_band(row.health_status),
        is_anomalous=bool(row.is_anomalous),
        anomaly_score=score_of(row, columns) or 0.0,
        critical_factors=_factors(row.critical_factors),
        flags=tuple(row._mapping[flag] for flag in columns.flags),
        profile=row.profile or "",
        reasons=tuple(reasons_in(row.quality_reasons or "").items()),
    )


def _band(status: str | None) -> Band:
    """The band by its word; UNKNOWN where another program wrote something else."""
    try:
        return Band(status or Band.UNKNOWN)
    except ValueError:
        return Band.UNKNOWN


def _factors(text: str | None) -> tuple[str, ...]:
    """The names in a JSON list; none where another program wrote something else."""
    try:
        found = json.loads(text or "[]")
    except ValueError:
        return ()
    return tuple(map(str, found)) if isinstance(found, list) else ()
