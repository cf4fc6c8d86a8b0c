"""Which readings an export takes, and how one of them becomes a line of the file."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select

from harit_desktop.domain.channels import Values
from harit_desktop.domain.export import ExportRequest
from harit_desktop.domain.reading import Source
from harit_desktop.storage.csv_cells import text_cell, zoned_text
from harit_desktop.storage.rows import VALUE_COLUMNS, values_of
from harit_desktop.storage.schema import sensor_readings

_readings = sensor_readings.c

COLUMNS = (
    _readings.id,
    _readings.timestamp_us,
    _readings.publisher_id,
    *VALUE_COLUMNS,
    _readings.health_index,
    _readings.health_status,
    _readings.is_anomalous,
    _readings.anomaly_score,
    _readings.critical_factors,
    _readings.source,
)
"""What `row_of` needs of the journal."""


class ExportRow(NamedTuple):
    """A line of the file before it is text; None is an empty cell. Rows of the old backend
    may lack any part of the analysis."""

    timestamp_us: int
    publisher_id: str
    values: Values
    health_index: int | None
    health_status: str | None
    is_anomalous: bool | None
    anomaly_score: float | None
    critical_factors: str | None
    source: str


def chosen(
    statement: Select[Any],
    request: ExportRequest,
    time_us: ColumnElement[int] = _readings.timestamp_us,
    publisher_id: ColumnElement[str] = _readings.publisher_id,
    source: ColumnElement[str] = _readings.source,
) -> Select[Any]:
    """Only the rows that the request asks for, by these columns of any table of readings."""
    if request.from_us is not None:
        statement = statement.where(time_us >= request.from_us)
    if request.to_us is not None:
        statement = statement.where(time_us <= request.to_us)
    if request.publisher_ids is not None:
        statement = statement.where(publisher_id.in_(request.publisher_ids))
    if not request.include_simulated:
        statement = statement.where(source != Source.SIMULATOR.value)
    return statement


def row_of(row: Row[Any]) -> ExportRow:
    """A row of the journal that has `COLUMNS` selected."""
    return ExportRow(
        row.timestamp_us,
        row.publisher_id,
        values_of(row),
        row.health_index,
        row.health_status,
        row.is_anomalous,
        row.anomaly_score,
        row.critical_factors,
        row.source,
    )


def cells(row: ExportRow, zone: tzinfo | None) -> tuple[Any, ...]:
    """The row as cells of `EXPORT_HEADER`, times in `zone` (None: the system's)."""
    return (
        zoned_text(row.timestamp_us, zone),
        text_cell(row.publisher_id),
        *row.values,
        row.health_index,
        text_cell(row.health_status or ""),
        row.is_anomalous,
        row.anomaly_score,
        text_cell(row.critical_factors or ""),
        text_cell(row.source),
    )
