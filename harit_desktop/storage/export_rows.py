"""Which readings an export takes, and what it needs to know of each."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, select

from harit_desktop.domain.channels import CHANNEL_COUNT, Values
from harit_desktop.domain.export import CORRECTED, QUALITY, ExportRequest
from harit_desktop.domain.extras import EXTRA_CHANNELS
from harit_desktop.domain.reading import Source
from harit_desktop.storage.rows import QUALITY_COLUMNS, VALUE_COLUMNS
from harit_desktop.storage.schema import reading_extras, sensor_readings

_readings = sensor_readings.c

_BASIC = (
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
_VALUES_AT = 3
_INDEX_AT = _VALUES_AT + CHANNEL_COUNT
_FLAGS_AT = len(_BASIC)
_REASONS_AT = _FLAGS_AT + CHANNEL_COUNT

# Each looked up by the primary key; most readings have none.
_EXTRAS = tuple(
    select(reading_extras.c.value)
    .where(reading_extras.c.reading_id == _readings.id, reading_extras.c.key == extra.key)
    .scalar_subquery()
    .label(f"extra_{extra.key}")
    for extra in EXTRA_CHANNELS
)


class ExportRow(NamedTuple):
    """A reading of an export; rows of the old backend may lack any part of the analysis.

    `flags` are empty and `reasons` (a JSON object) is None where nobody asked for them;
    `extras` follow their catalogue, and are empty where nobody asked or none are known.
    """

    timestamp_us: int
    publisher_id: str
    values: Values
    health_index: int | None
    health_status: str | None
    is_anomalous: bool | None
    anomaly_score: float | None
    critical_factors: str | None
    source: str
    flags: tuple[int, ...] = ()
    reasons: str | None = None
    extras: tuple[float | None, ...] = ()


def needs_flags(request: ExportRequest) -> bool:
    """Whether the export shows flags, or works out means without failed values."""
    return request.bucketed or request.has(QUALITY) or request.has(CORRECTED)


def columns_of(request: ExportRequest) -> tuple[ColumnElement[Any], ...]:
    """What `row_of` needs of the journal for this export, in this order."""
    extras = _EXTRAS if request.with_extras else ()
    if needs_flags(request):
        return (*_BASIC, *QUALITY_COLUMNS, _readings.quality_reasons, *extras)
    return (*_BASIC, *extras)


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


def row_of(row: Row[Any], with_flags: bool, with_extras: bool = False) -> ExportRow:
    """A row of the journal that begins with `columns_of` the request."""
    cells = tuple(row)
    values, basic = cells[_VALUES_AT:_INDEX_AT], cells[_INDEX_AT:_FLAGS_AT]
    head = (cells[1], cells[2], values, *basic)
    flags = (cells[_FLAGS_AT:_REASONS_AT], cells[_REASONS_AT]) if with_flags else ()
    extras_at = _REASONS_AT + 1 if with_flags else _FLAGS_AT
    extras = cells[extras_at : extras_at + len(_EXTRAS)] if with_extras else ()
    return ExportRow._make((*head, *(flags or ((), None)), extras))
