"""Extra quantities: stored with their reading, read back exactly, gone with it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np
import pytest

from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.domain.export import ExportFormat, ExportRequest
from harit_desktop.domain.extras import EXTRA_CHANNELS, Extras
from harit_desktop.domain.reading import AnalysedReading, Source
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.retention import retire
from tests.storage.builders import START_US, make_item, make_items

EC: Extras = (("EC", 512.5), ("Battery", 87.0))


def with_extras(
    number: int, extras: Extras, publisher_id: str = "probe", source: Source = Source.MQTT
) -> CommitItem:
    item = make_item(number, publisher_id, source=source)
    assert isinstance(item.analysed, AnalysedReading)
    reading = msgspec.structs.replace(item.analysed.reading, extras=extras)
    analysed = msgspec.structs.replace(item.analysed, reading=reading)
    return msgspec.structs.replace(item, analysed=analysed)


@pytest.fixture
def journal(db_path: Path) -> Iterator[SqliteJournal]:
    made = SqliteJournal(db_path, lambda: START_US)
    made.open()
    yield made
    made.close()


def extras_of(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT * FROM reading_extras ORDER BY 1, 2").fetchall()


def test_extras_are_stored_once_with_their_reading(journal: SqliteJournal, db_path: Path) -> None:
    odd = (("EC", 0.1 + 0.2),)
    journal.commit([make_item(0), with_extras(1, EC), with_extras(1, EC), with_extras(2, odd)])
    assert extras_of(db_path) == [(2, "Battery", 87.0), (2, "EC", 512.5), (4, "EC", 0.1 + 0.2)]
    decoded = HistoryReader(db_path).decoded(2)
    assert decoded is not None
    assert decoded.reading.extras == EC


def test_readings_of_a_time_before_extras_have_none(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit(make_items(0, 3))
    history = HistoryReader(db_path)
    assert history.newest_extras("probe") == {}
    time_us, values = history.extras_series("probe", "EC", 0, 2**60, 100)
    assert (len(time_us), len(values)) == (0, 0)
    assert HistoryReader(db_path.with_name("none.db")).newest_extras("probe") == {}


def test_a_series_holds_every_value_where_they_are_few(
    journal: SqliteJournal, db_path: Path
) -> None:
    journal.commit([with_extras(n, (("EC", 500.0 + n),)) for n in range(10)])
    journal.commit([with_extras(3, (("EC", 1.0),), "other"), with_extras(11, (("Light", 1.0),))])
    history = HistoryReader(db_path)
    from_us, to_us = START_US + 2 * US_PER_S, START_US + 5 * US_PER_S
    time_us, values = history.extras_series("probe", "EC", from_us, to_us, 100)
    assert time_us.tolist() == [START_US + n * US_PER_S for n in range(2, 6)]
    assert values.tolist() == [502.0, 503.0, 504.0, 505.0]
    assert list(history.newest_extras("probe")) == ["EC", "Light"]
    assert history.newest_extras("probe") == {
        "EC": (START_US + 9 * US_PER_S, 509.0),
        "Light": (START_US + 11 * US_PER_S, 1.0),
    }


def test_a_long_series_is_thinned_to_means(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit([with_extras(n, (("EC", float(n)),)) for n in range(1000)])
    time_us, values = HistoryReader(db_path).extras_series("probe", "EC", 0, 2**60, 100)
    assert 20 <= len(values) <= 100
    assert np.all(np.diff(time_us) > 0)
    # Of a straight line the mean value is that of the mean time.
    assert np.allclose(values, (time_us - START_US) / US_PER_S, atol=1e-6)


def test_extras_go_with_their_readings(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit([with_extras(0, EC), with_extras(90_000, EC, "younger")])
    journal.commit([with_extras(1, EC, "sim", Source.SIMULATOR)])
    journal.delete_simulated()
    assert [row[0] for row in extras_of(db_path)] == [1, 1, 2, 2]
    with closing(sqlite3.connect(db_path, isolation_level=None)) as db:
        for _ in retire(db, START_US + US_PER_DAY + 60 * US_PER_S, 1, None):
            pass
    assert [row[0] for row in extras_of(db_path)] == [2, 2]


def test_extras_of_rows_that_another_program_took_out_go_at_the_repair(
    journal: SqliteJournal, db_path: Path
) -> None:
    journal.commit([with_extras(0, EC), with_extras(1, EC)])
    journal.close()
    with closing(sqlite3.connect(db_path)) as db, db:
        db.execute("DELETE FROM sensor_readings WHERE id = 1")
        db.execute("DROP TABLE devices")
    journal.open()
    assert [row[0] for row in extras_of(db_path)] == [2, 2]


def test_columns_are_appended_to_an_export_where_they_are_asked_for(
    journal: SqliteJournal, db_path: Path, tmp_path: Path
) -> None:
    journal.commit([make_item(0), with_extras(1, EC)])
    history, out = HistoryReader(db_path), tmp_path / "out.csv"
    history.export(ExportRequest(out))
    plain = out.read_text(encoding="utf-8").splitlines()
    history.export(ExportRequest(out, extras=True))
    full = out.read_text(encoding="utf-8").splitlines()
    keys = [extra.key for extra in EXTRA_CHANNELS]
    assert full[0] == ",".join([plain[0], *keys])
    assert full[1] == plain[1] + "," * len(keys)
    cells = dict(zip(keys, full[2].removeprefix(plain[2] + ",").split(","), strict=True))
    assert {key: cell for key, cell in cells.items() if cell} == {"EC": "512.5", "Battery": "87.0"}


@pytest.mark.parametrize("columns", [("N", "quality"), ("N",)])
def test_extras_stand_beside_other_columns(
    journal: SqliteJournal, db_path: Path, tmp_path: Path, columns: tuple[str, ...]
) -> None:
    journal.commit([with_extras(1, EC)])
    out = tmp_path / "out.json"
    request = ExportRequest(out, format=ExportFormat.JSON, columns=columns, extras=True)
    HistoryReader(db_path).export(request)
    found = json.loads(out.read_text(encoding="utf-8"))
    row = found[0] if isinstance(found, list) else found["readings"][0]
    assert (row["EC"], row["Battery"], row["Light"]) == (512.5, 87.0, None)
    assert HistoryReader(db_path).count_export(request) == 1
