"""The kinds of file, columns and contents of an export."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.device_book import Calibration, CalibrationKind, DeviceBook, DeviceRecord
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.export import (
    ALL_COLUMNS,
    CORRECTED,
    DEFAULT_COLUMNS,
    NAME,
    QUALITY,
    ExportContent,
    ExportFormat,
    ExportRequest,
    TimeFormat,
    sheets_for,
)
from harit_desktop.domain.reading import Source
from harit_desktop.storage import export, export_xlsx
from harit_desktop.storage.device_store import DeviceStore
from harit_desktop.storage.export import export_readings, preview_rows
from harit_desktop.storage.export_layout import Layout
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.reader import QueryCancelled
from tests.storage.builders import START_US, make_item, make_items
from tests.storage.conftest import enlarge

KOLKATA = ZoneInfo("Asia/Kolkata")
NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
HOSTILE = ["=1+1", "+1", "-1", "@x", "\tx", "a<b&c>\"'", "x\x00\x1fy", "_x0041_", " x ", "ü😀"]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "exports"
    folder.mkdir()
    return folder / "readings"


def unescaped(text: str) -> str:
    return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found.group(1), 16)), text)


def cell_of(cell: ET.Element) -> Any:
    kind, value = cell.get("t"), cell.findtext("m:v", namespaces=NS)
    if kind == "inlineStr":
        return unescaped(cell.findtext("m:is/m:t", "", NS))
    assert value is not None
    if kind == "b":
        return value == "1"
    if cell.get("s") == "1":
        return datetime(1899, 12, 30, tzinfo=UTC) + timedelta(days=float(value))
    return float(value)


def sheets(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of each sheet by the names of their columns; what is absent is left out."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        book = ET.fromstring(archive.read("xl/workbook.xml"))
        found = {}
        for number, sheet in enumerate(book.iterfind("m:sheets/m:sheet", NS), 1):
            root = ET.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml"))
            rows = []
            for place, row in enumerate(root.iterfind("m:sheetData/m:row", NS), 1):
                assert row.get("r") == str(place)
                cells = {}
                for cell in row.iterfind("m:c", NS):
                    letters = (cell.get("r") or "").removesuffix(str(place))
                    cells[letters] = cell_of(cell)
                rows.append(cells)
            names = rows[0]
            found[sheet.get("name") or ""] = [
                {names[letters]: value for letters, value in row.items()} for row in rows[1:]
            ]
        return found


def csv_rows(path: Path, separator: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=separator))


EXACT = (0.1 + 0.2, -12.75, None, 1e-7, 22.0, 5e-324, 7.18)


def test_json_is_one_array_of_exact_numbers(
    journal: SqliteJournal, db_path: Path, out: Path
) -> None:
    journal.commit([make_item(1, values=EXACT), make_item(0, index=None, factors=("CO2", "pH"))])
    request = ExportRequest(out, format=ExportFormat.JSON)
    assert export_readings(db_path, request, KOLKATA) == 2
    first, second = json.loads(out.read_bytes())
    assert first["critical_factors"] == ["CO2", "pH"]
    assert first["health_index"] is None
    assert first["is_anomalous"] is True
    assert tuple(second[channel.key] for channel in CHANNELS) == EXACT
    assert second["timestamp"] == "2025-11-24T21:30:01.000000+05:30"
    assert list(second) == [
        *("timestamp", "publisher_id", *(channel.key for channel in CHANNELS)),
        *("health_index", "health_status", "is_anomalous", "anomaly_score"),
        *("critical_factors", "source"),
    ]


def test_json_of_nothing_and_of_pages(
    journal: SqliteJournal, db_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = ExportRequest(out, format=ExportFormat.JSON)
    assert export_readings(db_path, request) == 0
    assert json.loads(out.read_bytes()) == []
    monkeypatch.setattr(export, "PAGE_ROWS", 3)
    journal.commit([make_item(n, name) for n, name in enumerate(HOSTILE)])
    assert export_readings(db_path, request) == len(HOSTILE)
    assert [row["publisher_id"] for row in json.loads(out.read_bytes())] == HOSTILE


def test_a_workbook_has_numbers_dates_and_texts(
    journal: SqliteJournal, db_path: Path, out: Path
) -> None:
    items = [make_item(n, name) for n, name in enumerate(HOSTILE)]
    journal.commit([*items, make_item(60, values=EXACT, index=None, factors=("CO2",))])
    assert export_readings(db_path, ExportRequest(out, format=ExportFormat.XLSX), KOLKATA) == 11
    ((name, rows),) = sheets(out).items()
    assert name == "Readings"
    assert [row["publisher_id"] for row in rows[:-1]] == HOSTILE
    last = rows[-1]
    assert tuple(last.get(channel.key) for channel in CHANNELS) == EXACT
    assert "health_index" not in last
    assert last["is_anomalous"] is True
    assert last["critical_factors"] == '["CO2"]'
    # The wall clock of the zone, as a sheet's date has no zone.
    assert last["timestamp"] == datetime(2025, 11, 24, 21, 31, tzinfo=UTC)
    assert last["utc_offset"] == "+05:30"


def test_a_date_of_a_sheet_is_exact_to_the_microsecond(
    journal: SqliteJournal, db_path: Path, out: Path
) -> None:
    times = [START_US + n * 1_234_567 for n in range(200)]
    columns = [Layout(ExportRequest(out), DeviceBook()).columns[0]]
    with out.open("wb") as file:
        writer = export_xlsx.XlsxWriter(file, columns, UTC)
        writer.begin()
        writer.page([times])
        writer.end()
    zero = datetime(1970, 1, 1, tzinfo=UTC)
    found = [row["timestamp"] for row in sheets(out)["Readings"]]
    assert [(moment - zero) // timedelta(microseconds=1) for moment in found] == times


def test_more_rows_than_a_sheet_holds_go_to_further_sheets(
    journal: SqliteJournal, db_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_xlsx, "MAX_ROWS", 11)
    monkeypatch.setattr(export, "PAGE_ROWS", 7)
    journal.commit(make_items(0, 30))
    request = ExportRequest(out, format=ExportFormat.XLSX, time_format=TimeFormat.LOCAL)
    export_readings(db_path, request, UTC)
    found = sheets(out)
    assert list(found) == ["Readings", "Readings 2", "Readings 3"]
    assert [len(rows) for rows in found.values()] == [10, 10, 10]
    assert [sheets_for(n) for n in (0, 1_048_575, 1_048_576)] == [1, 1, 2]
    rows = [row for sheet in found.values() for row in sheet]
    assert [row["timestamp"].second for row in rows] == list(range(30))
    assert "utc_offset" not in rows[0]
    monkeypatch.setattr(export_xlsx, "MAX_ROWS", 1000)
    monkeypatch.setattr(export_xlsx, "MAX_SHEET_BYTES", 4000)
    export_readings(db_path, request, UTC)
    found = sheets(out)
    assert len(found) > 1
    assert sum(len(rows) for rows in found.values()) == 30


@pytest.mark.parametrize("kind", list(ExportFormat))
def test_cancel_and_full_disks_leave_nothing(
    journal: SqliteJournal, db_path: Path, out: Path, kind: ExportFormat
) -> None:
    journal.commit(make_items(0, 100))
    asked = iter(range(10**9))
    with pytest.raises(QueryCancelled):
        export_readings(
            db_path, ExportRequest(out, format=kind), cancelled=lambda: next(asked) >= 3
        )
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize("kind", list(ExportFormat))
def test_a_full_disk_is_said(
    journal: SqliteJournal, db_path: Path, small_disk: Path, kind: ExportFormat
) -> None:
    for first in range(0, 40_000, 2000):
        journal.commit(make_items(first, 2000))
    request = ExportRequest(small_disk / "x", format=kind)
    with pytest.raises(KnownError, match=r"export\.disk_full"):
        export_readings(db_path, request)
    assert list(small_disk.iterdir()) == []
    enlarge(small_disk)


def test_csv_for_a_spreadsheet_of_another_country(
    journal: SqliteJournal, db_path: Path, out: Path
) -> None:
    journal.commit([make_item(0, "=x", values=EXACT)])
    request = ExportRequest(
        out, separator=";", decimal_point=",", bom=True, time_format=TimeFormat.LOCAL
    )
    export_readings(db_path, request, KOLKATA)
    assert out.read_bytes().startswith(b"\xef\xbb\xbftimestamp;")
    (row,) = csv_rows(out, ";")
    assert row["timestamp"] == "2025-11-24T21:30:00.000000"
    assert row["N"] == "0,30000000000000004"
    assert row["K"] == ""
    assert row["CO2"] == "1e-07"
    assert row["publisher_id"] == "'=x"
    with pytest.raises(ValueError, match="separator"):
        ExportRequest(out, decimal_point=",")
    with pytest.raises(ValueError, match="unknown"):
        ExportRequest(out, columns=("N", "X"))


def test_columns_are_chosen(journal: SqliteJournal, db_path: Path, out: Path) -> None:
    journal.commit(make_items(0, 1))
    export_readings(db_path, ExportRequest(out, columns=("pH", "N")))
    assert list(csv_rows(out)[0]) == ["timestamp", "publisher_id", "N", "pH"]
    export_readings(db_path, ExportRequest(out, columns=DEFAULT_COLUMNS))
    assert "quality_N" not in csv_rows(out)[0]


def test_names_quality_and_corrected_values(
    journal: SqliteJournal, db_path: Path, out: Path
) -> None:
    flags = (1, 3, 4, 9, 1, 1, 1)
    values = (10.0, 20.0, 30.0, None, 22.0, 40.0, 7.0)
    journal.commit([make_item(0, values=values, flags=flags), make_item(1, "other", values=values)])
    book = DeviceStore(db_path, lambda: START_US)
    book.save(DeviceRecord("probe", name="=North"))
    for channel in ("N", "K"):
        book.add(
            Calibration(
                "probe",
                channel,
                CalibrationKind.LABORATORY,
                START_US - 1,
                ((10.0, 15.0),),
                START_US,
            )
        )
    request = ExportRequest(out, columns=("N", "K", NAME, QUALITY, CORRECTED))
    export_readings(db_path, request, UTC)
    first, second = csv_rows(out)
    assert list(first) == [
        *("timestamp", "publisher_id", "name", "N", "N_corrected", "K", "K_corrected"),
        *("quality_N", "quality_K", "quality_reasons"),
    ]
    assert first["name"] == "'=North"
    assert second["name"] == ""
    assert (first["N"], first["N_corrected"], first["quality_N"]) == ("10.0", "15.0", "1")
    # A failed value has nothing true in it to correct.
    assert (first["K"], first["K_corrected"], first["quality_K"]) == ("30.0", "30.0", "4")
    assert second["N_corrected"] == "10.0"


@pytest.mark.parametrize("kind", list(ExportFormat))
@pytest.mark.parametrize("content", list(ExportContent))
def test_a_preview_is_the_head_of_the_file(
    journal: SqliteJournal, db_path: Path, out: Path, kind: ExportFormat, content: ExportContent
) -> None:
    request = ExportRequest(out, format=kind, content=content, columns=ALL_COLUMNS)
    assert preview_rows(db_path, request).rows == ()
    assert preview_rows(db_path, request).row_bytes == 0
    journal.commit([make_item(n * 600) for n in range(300)])
    preview = preview_rows(db_path, request, UTC)
    assert len(preview.rows) == 5
    assert {len(row) for row in preview.rows} == {len(preview.header)}
    count = export_readings(db_path, request, UTC)
    assert out.stat().st_size == pytest.approx(preview.row_bytes * count, rel=0.5, abs=3000)
    if kind is ExportFormat.CSV:
        head = csv_rows(out)[:5]
        assert [tuple(row.values()) for row in head] == list(preview.rows)
        assert tuple(head[0]) == preview.header


def test_a_preview_reads_one_page(
    journal: SqliteJournal, db_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.commit(make_items(0, 1500))
    read = export._read_page
    pages = []

    def counted(*arguments: Any) -> Any:
        pages.append(1)
        return read(*arguments)

    monkeypatch.setattr(export, "_read_page", counted)
    monkeypatch.setattr(export, "PAGE_ROWS", 600)
    preview_rows(db_path, ExportRequest(out))
    assert len(pages) == 1


def test_simulated_readings_stay_out_of_minutes(
    journal: SqliteJournal, db_path: Path, out: Path
) -> None:
    journal.commit([*make_items(0, 3), make_item(5, source=Source.SIMULATOR)])
    journal.commit([make_item(n, "made-up", source=Source.SIMULATOR) for n in range(3)])
    request = ExportRequest(out, content=ExportContent.MINUTE)
    assert export_readings(db_path, request) == 1
    assert csv_rows(out)[0]["reading_count"] == "3"
    request = ExportRequest(out, content=ExportContent.MINUTE, include_simulated=True)
    assert export_readings(db_path, request) == 2
    assert sum(int(row["reading_count"]) for row in csv_rows(out)) == 7


def test_the_writer_gives_up_quietly(out: Path) -> None:
    file = io.BytesIO()
    columns = Layout(ExportRequest(out), DeviceBook()).columns
    writer = export_xlsx.XlsxWriter(file, columns, UTC)
    writer.begin()
    file.close()
    writer.give_up()
