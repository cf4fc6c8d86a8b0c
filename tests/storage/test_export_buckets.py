"""Minutes and hours of an export: the same from rollups as from the readings."""

from __future__ import annotations

import csv
import random
import sqlite3
from pathlib import Path

import pytest

from harit_desktop.domain.export import ExportContent, ExportRequest
from harit_desktop.storage import export, export_rollups
from harit_desktop.storage.export import count_rows, export_readings
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.rollup import roll_up
from tests.storage.builders import START_US, make_item, make_items

US = 1_000_000


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "buckets.csv"


def rolled(db_path: Path, rows: int) -> None:
    connection = sqlite3.connect(db_path, isolation_level=None)
    connection.execute("BEGIN")
    roll_up(connection, rows)
    connection.execute("COMMIT")
    connection.close()


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def same(found: list[dict[str, str]], expected: list[dict[str, str]]) -> None:
    assert len(found) == len(expected)
    for row, other in zip(found, expected, strict=True):
        assert row.keys() == other.keys()
        for name, cell in row.items():
            if name.endswith("_mean") and cell:
                # Numbers are added in another order.
                assert float(cell) == pytest.approx(float(other[name]), rel=1e-12)
            else:
                assert cell == other[name], name


def fill(journal: SqliteJournal) -> None:
    chance = random.Random(7)
    items = []
    for n in range(900):
        values = tuple(None if chance.random() < 0.1 else chance.uniform(0, 50) for _ in range(7))
        flags = tuple(9 if v is None else chance.choice((1, 1, 1, 3, 4)) for v in values)
        index = None if chance.random() < 0.2 else chance.randrange(100)
        name = chance.choice("abc")
        items.append(
            make_item(n * 17 + chance.randrange(9), name, values=values, flags=flags, index=index)
        )
    chance.shuffle(items)
    journal.commit(items)


@pytest.mark.parametrize("content", [ExportContent.MINUTE, ExportContent.HOUR])
@pytest.mark.parametrize("rows_rolled", [0, 500, 900])
def test_rollups_and_readings_agree(
    journal: SqliteJournal,
    db_path: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: ExportContent,
    rows_rolled: int,
) -> None:
    fill(journal)
    if rows_rolled:
        rolled(db_path, rows_rolled)
    spans = (
        (None, None),
        (START_US + 61 * US, START_US + 9_000 * US),
        (START_US + 3600 * US, START_US + 7200 * US - 1),
        (START_US + 100 * US, START_US + 110 * US),
        (START_US + 100 * US, START_US + 50 * US),
        (None, START_US - 1),
    )
    for publisher_ids in (None, ("a", "c", "nobody"), ()):
        for from_us, to_us in spans:
            request = ExportRequest(out, from_us, to_us, publisher_ids, content=content)
            with monkeypatch.context() as patch:
                patch.setattr(export_rollups, "MAX_NOT_ROLLED_UP", -1)
                count = export_readings(db_path, request)
                expected = read(out)
                assert count == len(expected) == count_rows(db_path, request)
            for at_a_time in (30, 20_000):
                with monkeypatch.context() as patch:
                    patch.setattr(export_rollups, "_ROWS_AT_A_TIME", at_a_time)
                    patch.setattr(export_rollups, "_LEAST_PAGE", 2)
                    assert export_readings(db_path, request) == count
                    assert count_rows(db_path, request) == count
                same(read(out), expected)
            places = [(row["timestamp"], row["publisher_id"]) for row in expected]
            assert places == sorted(places)


def test_what_stands_in_a_minute(journal: SqliteJournal, db_path: Path, out: Path) -> None:
    values = [(n, None, 3.0, 4.0, 5.0, 6.0, 7.0) for n in (1.0, 2.0, 6.0, 100.0)]
    flags = [(1, 9, 1, 1, 1, 1, 1)] * 3 + [(4, 9, 1, 1, 1, 1, 1)]
    journal.commit(
        [
            make_item(n, values=v, flags=f, index=60 + n)
            for n, (v, f) in enumerate(zip(values, flags, strict=True))
        ]
    )
    export_readings(db_path, ExportRequest(out, content=ExportContent.MINUTE))
    (row,) = read(out)
    assert list(row)[:6] == [
        "timestamp",
        "publisher_id",
        "reading_count",
        "N_mean",
        "N_min",
        "N_max",
    ]
    # Without the value that failed; its reading counts.
    assert (row["N_mean"], row["N_min"], row["N_max"]) == ("3.0", "1.0", "6.0")
    assert (row["P_mean"], row["P_min"]) == ("", "")
    assert (row["reading_count"], row["health_index_mean"]) == ("4", "61.5")
    assert "source" not in row


def test_rows_rolled_up_meanwhile_count_once(
    journal: SqliteJournal, db_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE_ROWS", 5)
    monkeypatch.setattr(export_rollups, "_ROWS_AT_A_TIME", 5)
    monkeypatch.setattr(export_rollups, "_LEAST_PAGE", 5)
    journal.commit([make_item(n * 30) for n in range(400)])
    rolled(db_path, 100)
    request = ExportRequest(out, content=ExportContent.MINUTE)
    export_readings(db_path, request, progress=lambda _: rolled(db_path, 20))
    assert [row["reading_count"] for row in read(out)] == ["2"] * 200


def test_many_devices(journal: SqliteJournal, db_path: Path, out: Path) -> None:
    for n in range(200):
        journal.commit(make_items(0, 2, f"d{n:03}"))
    request = ExportRequest(out, content=ExportContent.HOUR)
    assert export_readings(db_path, request) == count_rows(db_path, request) == 200
