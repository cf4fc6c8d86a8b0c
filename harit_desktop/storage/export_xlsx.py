"""Exported rows as an Excel workbook (Office Open XML, ECMA-376), row by row into the archive.

Made here rather than by a package: the usual one writes every sheet to a temporary file and
packs it in one step at the end, which can neither be cancelled nor tells how far it is, and
takes three times as long. Cells are real numbers, dates and truth values; texts are never
formulas. A sheet holds `MAX_ROWS` rows, so more rows go to further sheets with the same
header.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo
from typing import IO, BinaryIO
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from harit_desktop.domain.export import MAX_SHEET_ROWS
from harit_desktop.storage.csv_cells import offset_text
from harit_desktop.storage.export_layout import Cells, Column, Kind
from harit_desktop.storage.rows import EPOCH

MAX_ROWS = MAX_SHEET_ROWS + 1
"""Rows of a sheet, its header among them."""

MAX_SHEET_BYTES = 1_900_000_000
"""Unpacked; from 2 GiB on an entry needs an extension that not every reader knows."""

MAX_CELL_CHARS = 32_767
_LEVEL = 3
_DAY = timedelta(days=1)
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - days of a sheet have no zone
_FIRST_DATE = datetime(1900, 3, 1)  # noqa: DTZ001 - before it Excel counts a day too many
_BAD_CHARS = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4}_)")
_WIDTHS = {Kind.TIME: 24, Kind.TEXT: 16, Kind.JSON: 24}

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OF_SHEETS = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss.000"/>'
    '</numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
    '</cellStyleXfs><cellXfs count="3">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/>'
    "</cellStyles></styleSheet>"
)


class XlsxWriter:
    """A workbook with the sheets "Readings", "Readings 2", ...

    Times are dates in `zone` (None: the system's), to the microsecond.
    """

    def __init__(self, file: BinaryIO, columns: Sequence[Column], zone: tzinfo | None) -> None:
        self._archive = ZipFile(file, "w", ZIP_DEFLATED, compresslevel=_LEVEL)
        self._zone = zone
        self._columns = columns
        self._letters = [_letters(number) for number in range(len(columns))]
        self._sheet: IO[bytes] | None = None
        self._sheets = 0
        self._next_row = 0
        self._sheet_bytes = 0

    def begin(self) -> None:
        self._entry("_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))
        self._open_sheet()

    def page(self, cells: Sequence[Cells]) -> None:
        done, rows = 0, len(cells[0])
        while done < rows:
            if self._next_row > MAX_ROWS or self._sheet_bytes > MAX_SHEET_BYTES:
                self._close_sheet()
                self._open_sheet()
            end = min(rows, done + MAX_ROWS - self._next_row + 1)
            self._write_rows([column[done:end] for column in cells])
            done = end

    def end(self) -> None:
        self._close_sheet()
        numbers = range(1, self._sheets + 1)
        sheets = [f"worksheets/sheet{number}.xml" for number in numbers]
        self._entry("xl/styles.xml", _STYLES)
        self._entry("xl/workbook.xml", _workbook(self._sheets))
        targets = [("worksheet", sheet) for sheet in sheets]
        self._entry("xl/_rels/workbook.xml.rels", _relations([*targets, ("styles", "styles.xml")]))
        self._entry("[Content_Types].xml", _content_types(sheets))
        self._archive.close()

    def give_up(self) -> None:
        # The archive would else be finished by its destructor, in a file that is closed.
        with suppress(OSError, ValueError):
            if self._sheet is not None:
                self._sheet.close()
        with suppress(OSError, ValueError):
            self._archive.close()

    def _write_rows(self, cells: Sequence[Cells]) -> None:
        first = self._next_row
        columns = [
            self._formed(column.kind, letter, first, values)
            for column, letter, values in zip(self._columns, self._letters, cells, strict=True)
        ]
        rows = zip(*columns, strict=True)
        text = "".join(
            f'<row r="{number}">{"".join(row)}</row>' for number, row in enumerate(rows, first)
        )
        self._put(text)
        self._next_row = first + len(cells[0])

    def _formed(self, kind: Kind, letter: str, first: int, cells: Cells) -> list[str]:
        if kind is Kind.TIME:
            moments = [(EPOCH + timedelta(microseconds=t)).astimezone(self._zone) for t in cells]
            return [_date(f"{letter}{n}", moment) for n, moment in enumerate(moments, first)]
        if kind is Kind.OFFSET:
            return _texts(letter, first, [offset_text(cell, self._zone) for cell in cells])
        return _FORMS[kind](letter, first, cells)

    def _open_sheet(self) -> None:
        self._sheets += 1
        self._sheet = self._archive.open(f"xl/worksheets/sheet{self._sheets}.xml", "w")
        self._sheet_bytes = 0
        widths = "".join(
            f'<col min="{n}" max="{n}" width="{_WIDTHS.get(column.kind, 12)}" customWidth="1"/>'
            for n, column in enumerate(self._columns, 1)
        )
        selected = ' tabSelected="1"' if self._sheets == 1 else ""
        header = "".join(
            f'<c r="{letter}1" s="2" t="inlineStr"><is><t>{escape(column.name)}</t></is></c>'
            for letter, column in zip(self._letters, self._columns, strict=True)
        )
        self._put(
            f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView{selected}'
            ' workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft"'
            f' state="frozen"/></sheetView></sheetViews><cols>{widths}</cols><sheetData>'
            f'<row r="1">{header}</row>'
        )
        self._next_row = 2

    def _close_sheet(self) -> None:
        self._put("</sheetData></worksheet>")
        assert self._sheet is not None
        self._sheet.close()
        self._sheet = None

    def _put(self, text: str) -> None:
        assert self._sheet is not None
        data = text.encode("utf-8")
        self._sheet.write(data)
        self._sheet_bytes += len(data)

    def _entry(self, name: str, text: str) -> None:
        self._archive.writestr(name, text.encode("utf-8"))


def _letters(number: int) -> str:
    """A, B, ... Z, AA, ... of a column from 0 on."""
    name = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def _date(place: str, moment: datetime) -> str:
    local = moment.replace(tzinfo=None)
    if local < _FIRST_DATE:
        return _text(place, moment.isoformat(timespec="microseconds"))
    return f'<c r="{place}" s="1"><v>{(local - _DAY_ZERO) / _DAY!r}</v></c>'


def _text(place: str, text: str) -> str:
    if not text:
        return ""
    safe = escape(_BAD_CHARS.sub(_escaped, text[:MAX_CELL_CHARS]))
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{safe}</t></is></c>'


def _escaped(found: re.Match[str]) -> str:
    """As the standard's own texts (ST_Xstring) name what XML cannot hold."""
    return f"_x{ord(found.group()):04X}_"


def _texts(letter: str, first: int, cells: Cells) -> list[str]:
    return [_text(f"{letter}{n}", cell or "") for n, cell in enumerate(cells, first)]


def _numbers(letter: str, first: int, cells: Cells) -> list[str]:
    return [
        "" if cell is None else f'<c r="{letter}{n}"><v>{cell!r}</v></c>'
        for n, cell in enumerate(cells, first)
    ]


def _truths(letter: str, first: int, cells: Cells) -> list[str]:
    return [
        "" if cell is None else f'<c r="{letter}{n}" t="b"><v>{int(cell)}</v></c>'
        for n, cell in enumerate(cells, first)
    ]


_FORMS: dict[Kind, Callable[[str, int, Cells], list[str]]] = {
    Kind.TEXT: _texts,
    Kind.JSON: _texts,
    Kind.NUMBER: _numbers,
    Kind.YES_NO: _truths,
}


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{_DOCUMENT}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{relations}</Relationships>'


def _workbook(sheets: int) -> str:
    names = ["Readings", *(f"Readings {number}" for number in range(2, sheets + 1))]
    entries = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate(names, 1)
    )
    return (
        f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}"><bookViews><workbookView/>'
        f"</bookViews><sheets>{entries}</sheets></workbook>"
    )


def _content_types(sheets: Sequence[str]) -> str:
    parts = [("workbook.xml", "sheet.main"), ("styles.xml", "styles")]
    parts.extend((sheet, "worksheet") for sheet in sheets)
    overrides = "".join(
        f'<Override PartName="/xl/{part}" ContentType="{_OF_SHEETS}.{kind}+xml"/>'
        for part, kind in parts
    )
    return (
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )
