"""The exported file: what is in it, and that it is complete or not there."""

from __future__ import annotations

import csv
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.export import ExportRequest
from harit_desktop.domain.reading import Source
from harit_desktop.storage import export
from harit_desktop.storage.csv_cells import original_text, text_cell
from harit_desktop.storage.export import count_rows, export_readings
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.reader import QueryCancelled
from tests.storage.builders import START_US, make_item, make_items
from tests.storage.conftest import enlarge

HEADER = (
    "timestamp,publisher_id,N,P,K,CO2,Temperature,Moisture,pH,"
    "health_index,health_status,is_anomalous,anomaly_score,critical_factors,source"
)
KOLKATA = ZoneInfo("Asia/Kolkata")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "exports"
    folder.mkdir()
    return folder / "readings.csv"


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_file(journal: SqliteJournal, db_path: Path, out: Path) -> None:
    journal.commit(
        [
            make_item(1, values=(0.1 + 0.2, -12.75, None, 1e-7, 22.0, 5e-324, 7.18)),
            make_item(0, index=None, factors=("CO2", "pH")),
        ]
    )
    assert export_readings(db_path, ExportRequest(out), KOLKATA) == 2
    lines = out.read_bytes().decode().split("\r\n")
    assert lines[0] == HEADER
    assert lines[1] == (
        "2025-11-24T21:30:00.000000+05:30,probe,22.5,17.8,152.3,498.2,22.1,54.8,7.18,"
        ',Unknown,True,0.25,"[""CO2"", ""pH""]",mqtt'
    )
    assert lines[2] == (
        "2025-11-24T21:30:01.000000+05:30,probe,0.30000000000000004,-12.75,,1e-07,22.0,"
        "5e-324,7.18,65,Good,False,0.25,[],mqtt"
    )
    assert lines[3:] == [""]


def test_values_read_back_are_the_same_doubles(
    journal: SqliteJournal, db_path: Path, out: Path
) -> None:
    items = [
        make_item(n, values=tuple((n + 1) / (k + 3) * 10.0 ** (k - 3) for k in range(7)))
        for n in range(50)
    ]
    journal.commit(items)
    export_readings(db_path, ExportRequest(out))
    for row, item in zip(read(out), items, strict=True):
        assert item.analysed is not None
        assert tuple(float(row[c.key]) for c in CHANNELS) == item.analysed.reading.values
        instant = datetime.fromisoformat(row["timestamp"]).astimezone(UTC)
        assert int(instant.timestamp()) * 10**6 == item.analysed.reading.timestamp_us


def positions(path: Path) -> list[tuple[int, str]]:
    """Second and publisher of each row."""
    start = datetime.fromtimestamp(START_US / 10**6, UTC)
    return [
        (
            round((datetime.fromisoformat(row["timestamp"]) - start).total_seconds()),
            row["publisher_id"],
        )
        for row in read(path)
    ]


@pytest.mark.parametrize("page_rows", [1, 3, 1000])
def test_order_and_choice(
    journal: SqliteJournal,
    db_path: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    page_rows: int,
) -> None:
    monkeypatch.setattr(export, "PAGE_ROWS", page_rows)
    journal.commit(make_items(0, 10, "b"))
    journal.commit(make_items(0, 10, "a"))
    journal.commit([make_item(n, "s", source=Source.SIMULATOR) for n in range(5)])

    def exported(request: ExportRequest) -> list[tuple[int, str]]:
        reported: list[float] = []
        count = export_readings(db_path, request, UTC, progress=reported.append)
        rows = positions(out)
        assert count == len(rows) == count_rows(db_path, request)
        assert reported == sorted(reported)
        assert reported[-1] == 1.0
        return rows

    everything = [(n, name) for n in range(10) for name in ("b", "a")]
    assert exported(ExportRequest(out)) == everything
    with_simulated = exported(ExportRequest(out, include_simulated=True))
    assert len(with_simulated) == 25
    assert with_simulated[2] == (0, "s")
    middle = ExportRequest(out, START_US + 3_000_000, START_US + 5_000_000)
    assert exported(middle) == everything[6:12]
    assert exported(msgspec.structs.replace(middle, publisher_ids=("a",))) == [
        (n, "a") for n in (3, 4, 5)
    ]
    assert exported(ExportRequest(out, publisher_ids=("a", "b"))) == everything
    assert exported(ExportRequest(out, publisher_ids=("a", "b", "nobody"))) == everything
    assert exported(ExportRequest(out, publisher_ids=())) == []
    assert exported(ExportRequest(out, from_us=START_US + 9_000_001)) == []


def test_an_empty_store_and_no_store(
    journal: SqliteJournal, db_path: Path, tmp_path: Path, out: Path
) -> None:
    assert export_readings(db_path, ExportRequest(out)) == 0
    assert out.read_text(encoding="utf-8").strip() == HEADER
    assert export_readings(tmp_path / "none.db", ExportRequest(out)) == 0
    assert count_rows(tmp_path / "none.db", ExportRequest(out)) == 0
    assert not (tmp_path / "none.db").exists()


def test_the_history_exports_and_counts(
    journal: SqliteJournal, history: HistoryReader, out: Path
) -> None:
    journal.commit([*make_items(0, 4), make_item(9, "s", source=Source.SIMULATOR)])
    reported: list[float] = []
    assert history.export(ExportRequest(out), reported.append, lambda: False) == 4
    assert reported[-1] == 1.0
    assert history.count_export(ExportRequest(out)) == len(read(out)) == 4
    with pytest.raises(QueryCancelled):
        history.export(ExportRequest(out), cancelled=lambda: True)
    with pytest.raises(QueryCancelled):
        history.count_export(ExportRequest(out), lambda: True)
    assert len(read(out)) == 4


def test_rows_that_arrive_meanwhile_are_not_waited_for(
    journal: SqliteJournal, db_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE_ROWS", 10)
    journal.commit(make_items(0, 50))
    later = iter(range(100_000, 10**9, 20))

    def record_more(_: float) -> None:
        journal.commit(make_items(next(later), 20))

    count = export_readings(db_path, ExportRequest(out), progress=record_more)
    assert count == 50


HOSTILE = ["=1+1", "+1", "-1", "@x", "\tx", "=cmd|' /C calc'!A0", 'a"b,c', "'=1", "''-", "'x", "x"]


def test_no_cell_is_a_formula(journal: SqliteJournal, db_path: Path, out: Path) -> None:
    journal.commit([make_item(n, name) for n, name in enumerate(HOSTILE)])
    export_readings(db_path, ExportRequest(out))
    cells = [row["publisher_id"] for row in read(out)]
    assert not [cell for cell in cells if cell[0] in "=+-@\t\r"]
    assert [original_text(cell) for cell in cells] == HOSTILE
    assert cells[HOSTILE.index("x")] == "x"
    assert cells[HOSTILE.index("'x")] == "'x"


@given(st.text(st.sampled_from("'=+-@\t\rxy"), max_size=6))
def test_every_text_is_found_again(text: str) -> None:
    assert original_text(text_cell(text)) == text


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_cancel_leaves_what_was_there(
    journal: SqliteJournal, db_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE_ROWS", 10)
    journal.commit(make_items(0, 100))
    seen: list[float] = []
    with pytest.raises(QueryCancelled):
        export_readings(
            db_path,
            ExportRequest(out),
            progress=seen.append,
            cancelled=lambda: len(seen) >= 3,
        )
    assert 0 < seen[-1] < 1
    assert leftovers(out.parent) == []
    out.write_text("before")
    with pytest.raises(QueryCancelled):
        export_readings(db_path, ExportRequest(out), cancelled=lambda: True)
    assert leftovers(out.parent) == ["readings.csv"]
    assert out.read_text() == "before"


def test_an_error_of_the_store_leaves_what_was_there(tmp_path: Path, out: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"garbage" * 1000)
    out.write_text("before")
    with pytest.raises(KnownError, match=r"store\.failed"):
        export_readings(broken, ExportRequest(out))
    assert leftovers(out.parent) == ["readings.csv"]
    assert out.read_text() == "before"


def code_of(db_path: Path, out: Path) -> str:
    with pytest.raises(KnownError) as caught:
        export_readings(db_path, ExportRequest(out))
    assert caught.value.params["path"] == str(out)
    assert caught.value.params["reason"]
    return caught.value.code


def test_targets_that_are_refused(journal: SqliteJournal, db_path: Path, out: Path) -> None:
    journal.commit(make_items(0, 5))
    assert code_of(db_path, out.parent / "no" / "x.csv") == "export.no_folder"
    assert code_of(db_path, out.parent) == "export.not_a_file"
    assert code_of(db_path, db_path) == "export.not_a_file"
    assert code_of(db_path, db_path.with_name("harit.db-wal")) == "export.not_a_file"
    assert code_of(db_path, out.parent / ("x" * 300)) == "export.failed"
    assert journal.commit(make_items(5, 1)).outcomes
    assert leftovers(out.parent) == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_links_and_devices_are_left_alone(journal: SqliteJournal, db_path: Path, out: Path) -> None:
    target = out.with_name("target.csv")
    target.write_text("theirs")
    out.symlink_to(target)
    assert code_of(db_path, out) == "export.not_a_file"
    assert target.read_text() == "theirs"
    assert out.is_symlink()
    pipe = out.with_name("pipe")
    os.mkfifo(pipe)
    assert code_of(db_path, pipe) == "export.not_a_file"
    assert leftovers(out.parent) == ["pipe", "readings.csv", "target.csv"]


def test_full_disk(journal: SqliteJournal, db_path: Path, small_disk: Path) -> None:
    for first in range(0, 20_000, 2000):
        journal.commit(make_items(first, 2000))
    out = small_disk / "x.csv"
    assert code_of(db_path, out) == "export.disk_full"
    assert leftovers(small_disk) == []
    enlarge(small_disk)
    assert export_readings(db_path, ExportRequest(out)) == 20_000


def test_read_only_folder(
    journal: SqliteJournal, db_path: Path, read_only: tuple[Path, Path]
) -> None:
    assert code_of(db_path, read_only[1] / "x.csv") == "export.permission"


@pytest.mark.skipif(sys.platform == "win32", reason="has no permission bits")
def test_the_file_has_the_usual_rights(db_path: Path, out: Path) -> None:
    export_readings(db_path, ExportRequest(out))
    out.with_name("plain").touch()
    assert out.stat().st_mode == out.with_name("plain").stat().st_mode
