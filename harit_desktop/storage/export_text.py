"""Exported rows as CSV and as JSON, a page at a time."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from csv import writer as csv_writer
from datetime import tzinfo
from functools import lru_cache, partial
from typing import Any, BinaryIO, Protocol

import msgspec

from harit_desktop.domain.export import ExportFormat, ExportRequest, TimeFormat
from harit_desktop.storage.csv_cells import naive_text, offset_text, text_cell, zoned_text
from harit_desktop.storage.export_layout import Cells, Column, Kind

BOM = b"\xef\xbb\xbf"

TimeText = Callable[[int], str]


class FileWriter(Protocol):
    """Writes a file: `begin`, pages of columns as `Layout.cells` makes them, `end`."""

    def begin(self) -> None: ...
    def page(self, cells: Sequence[Cells]) -> None: ...
    def end(self) -> None: ...
    def give_up(self) -> None:
        """After an error: lets go of the file as it is. Never raises."""
        ...


def writer_for(
    file: BinaryIO, request: ExportRequest, columns: Sequence[Column], zone: tzinfo | None
) -> FileWriter:
    """The writer for the request's kind of file; times in `zone` (None: the system's)."""
    if request.format is ExportFormat.XLSX:
        from harit_desktop.storage.export_xlsx import XlsxWriter

        return XlsxWriter(file, columns, zone)
    if request.format is ExportFormat.JSON:
        return JsonWriter(file, columns, time_text(request, zone))
    return CsvWriter(file, request, columns, zone)


def time_text(request: ExportRequest, zone: tzinfo | None) -> TimeText:
    """Writes an instant as the request wants it."""
    if request.time_format is TimeFormat.LOCAL or request.format is ExportFormat.XLSX:
        return lambda time_us: naive_text(time_us, zone)
    return lambda time_us: zoned_text(time_us, zone)


class CsvWriter:
    """Lines that no spreadsheet takes for a formula, numbers that read back as the same."""

    def __init__(
        self,
        file: BinaryIO,
        request: ExportRequest,
        columns: Sequence[Column],
        zone: tzinfo | None,
    ) -> None:
        self._file = file
        self._columns = columns
        self._separator = request.separator
        self._bom = BOM if request.bom else b""
        self._forms = [_csv_form(column.kind, request, zone) for column in columns]

    def begin(self) -> None:
        self._file.write(self._bom + self._lines([[column.name for column in self._columns]]))

    def page(self, cells: Sequence[Cells]) -> None:
        self._file.write(self._lines(zip(*self.texts(cells), strict=True)))

    def texts(self, cells: Sequence[Cells]) -> list[Cells]:
        """The columns as they are written, but for quotes."""
        return [form(column) for form, column in zip(self._forms, cells, strict=True)]

    def end(self) -> None:
        pass

    def give_up(self) -> None:
        pass

    def _lines(self, rows: Any) -> bytes:
        text = io.StringIO()
        csv_writer(text, delimiter=self._separator).writerows(rows)
        return text.getvalue().encode("utf-8")


class JsonWriter:
    """One array of objects, each on a line of its own; numbers as exact as they are stored."""

    def __init__(self, file: BinaryIO, columns: Sequence[Column], written: TimeText) -> None:
        self._file = file
        self._names = [column.name for column in columns]
        self._kinds = [column.kind for column in columns]
        self._time = written
        self._before = b"\n"

    def begin(self) -> None:
        self._file.write(b"[")

    def page(self, cells: Sequence[Cells]) -> None:
        encode = msgspec.json.Encoder().encode
        names = self._names
        columns = [self._form(*pair) for pair in zip(self._kinds, cells, strict=True)]
        rows = [encode(dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]
        if rows:
            self._file.write(self._before + b",\n".join(rows))
            self._before = b",\n"

    def end(self) -> None:
        self._file.write(b"\n]\n")

    def give_up(self) -> None:
        pass

    def _form(self, kind: Kind, cells: Cells) -> Cells:
        if kind is Kind.TIME:
            return list(map(self._time, cells))
        if kind is Kind.JSON:
            return [None if cell is None else _raw(cell) for cell in cells]
        return cells


@lru_cache(maxsize=1024)
def _raw(text: str) -> msgspec.Raw | str:
    """JSON as it is; a text of another program that is none stays a text."""
    try:
        return msgspec.Raw(json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8"))
    except ValueError:
        return text


def _csv_form(kind: Kind, request: ExportRequest, zone: tzinfo | None) -> Callable[[Cells], Cells]:
    if kind is Kind.TIME:
        written = time_text(request, zone)
        return lambda cells: list(map(written, cells))
    if kind is Kind.OFFSET:
        return lambda cells: [offset_text(cell, zone) for cell in cells]
    if kind in (Kind.TEXT, Kind.JSON):
        return lambda cells: [text_cell(cell or "") for cell in cells]
    if kind is Kind.NUMBER and request.decimal_point != ".":
        return partial(_with_point, request.decimal_point)
    return lambda cells: cells


def _with_point(decimal_point: str, cells: Cells) -> Cells:
    return ["" if cell is None else repr(cell).replace(".", decimal_point) for cell in cells]
