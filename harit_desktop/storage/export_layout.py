"""The columns of an exported file, and what stands in them, whatever the kind of file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from operator import itemgetter
from typing import Any, NamedTuple

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.device_book import DeviceBook
from harit_desktop.domain.export import (
    ANOMALY,
    CORRECTED,
    INDEX,
    NAME,
    QUALITY,
    SOURCE,
    ExportFormat,
    ExportRequest,
    TimeFormat,
)
from harit_desktop.domain.extras import EXTRA_CHANNELS
from harit_desktop.storage.export_buckets import BucketRow
from harit_desktop.storage.export_rows import ExportRow

AnyRow = ExportRow | BucketRow
Page = Sequence[AnyRow]
Cells = Sequence[Any]


class Kind(Enum):
    """What the values of a column are; None is an absent one everywhere."""

    TIME = "time"
    """int, UTC microseconds"""
    OFFSET = "offset"
    """The same: what the local time is ahead of UTC then, for a kind of file whose dates have
    no zone."""
    TEXT = "text"
    NUMBER = "number"
    YES_NO = "yes_no"
    JSON = "json"
    """str, a JSON list or object; of the old backend perhaps any text"""


class Column(NamedTuple):
    """A column's name in the file, and its kind."""

    name: str
    kind: Kind


_Pick = Callable[[Any, Sequence[Values]], Cells]


class Layout:
    """Turns rows into columns, a page at a time."""

    def __init__(self, request: ExportRequest, book: DeviceBook) -> None:
        self._names = {r.publisher_id: r.name for r in book.records.values() if r.name}
        self._corrections = Corrections(book.calibrations) if request.has(CORRECTED) else None
        self._picks: list[_Pick] = []
        self._columns: list[Column] = []
        self._add("timestamp", Kind.TIME, _field("timestamp_us"))
        if request.format is ExportFormat.XLSX and request.time_format is TimeFormat.ISO:
            self._add("utc_offset", Kind.OFFSET, _field("timestamp_us"))
        self._add("publisher_id", Kind.TEXT, _field("publisher_id"))
        if request.has(NAME):
            self._add("name", Kind.TEXT, self._device_names)
        if request.bucketed:
            self._add_bucket_columns(request)
        else:
            self._add_reading_columns(request)
        self.columns = tuple(self._columns)

    def cells(self, page: Page) -> list[Cells]:
        """The page's values, column by column."""
        corrected: Sequence[Values] = ()
        if self._corrections is not None:
            corrected = [_corrected(row, self._corrections) for row in page]  # type: ignore[arg-type]  # of readings, where it is set
        return [pick(page, corrected) for pick in self._picks]

    def _add(self, name: str, kind: Kind, pick: _Pick) -> None:
        self._columns.append(Column(name, kind))
        self._picks.append(pick)

    def _device_names(self, page: Page, _: Sequence[Values]) -> Cells:
        return [self._names.get(row.publisher_id, "") for row in page]

    def _add_reading_columns(self, request: ExportRequest) -> None:
        for place, channel in enumerate(CHANNELS):
            if request.has(channel.key):
                self._add(channel.key, Kind.NUMBER, _value(place))
                if self._corrections is not None:
                    self._add(f"{channel.key}_corrected", Kind.NUMBER, _corrected_value(place))
        if request.has(INDEX):
            self._add("health_index", Kind.NUMBER, _field("health_index"))
            self._add("health_status", Kind.TEXT, _field("health_status"))
        if request.has(ANOMALY):
            self._add("is_anomalous", Kind.YES_NO, _field("is_anomalous"))
            self._add("anomaly_score", Kind.NUMBER, _field("anomaly_score"))
            self._add("critical_factors", Kind.JSON, _field("critical_factors"))
        if request.has(SOURCE):
            self._add("source", Kind.TEXT, _field("source"))
        if request.has(QUALITY):
            for place, channel in enumerate(CHANNELS):
                if request.has(channel.key):
                    self._add(f"quality_{channel.key}", Kind.NUMBER, _flag(place))
            self._add("quality_reasons", Kind.JSON, _field("reasons"))
        if request.with_extras:
            for place, extra in enumerate(EXTRA_CHANNELS):
                self._add(extra.key, Kind.NUMBER, _extra(place))

    def _add_bucket_columns(self, request: ExportRequest) -> None:
        self._add("reading_count", Kind.NUMBER, _bucket_field("reading_count"))
        for place, channel in enumerate(CHANNELS):
            if request.has(channel.key):
                for part, name in enumerate(("mean", "min", "max")):
                    self._add(f"{channel.key}_{name}", Kind.NUMBER, _stat(place, part))
        if request.has(INDEX):
            self._add("health_index_mean", Kind.NUMBER, _bucket_field("index_mean"))


def _field(name: str) -> _Pick:
    item = itemgetter(ExportRow._fields.index(name))
    return lambda page, _: list(map(item, page))


def _bucket_field(name: str) -> _Pick:
    item = itemgetter(BucketRow._fields.index(name))
    return lambda page, _: list(map(item, page))


def _value(place: int) -> _Pick:
    return lambda page, _: [row.values[place] for row in page]


def _corrected_value(place: int) -> _Pick:
    return lambda _, corrected: [values[place] for values in corrected]


def _flag(place: int) -> _Pick:
    return lambda page, _: [int(row.flags[place]) for row in page]


def _extra(place: int) -> _Pick:
    return lambda page, _: [row.extras[place] if row.extras else None for row in page]


def _stat(place: int, part: int) -> _Pick:
    return lambda page, _: [row.stats[place][part] for row in page]


def _corrected(row: ExportRow, corrections: Corrections) -> Values:
    """As the window shows them: a failed value stays as it was sent."""
    made = corrections.values(row.publisher_id, row.values, row.timestamp_us)
    if made is row.values:
        return made
    return tuple(
        was if flag == Flag.FAIL else now
        for was, now, flag in zip(row.values, made, row.flags, strict=True)
    )
