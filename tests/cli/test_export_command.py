"""`export` as a script runs it: what --corrected and --extras add."""

from __future__ import annotations

import csv
from pathlib import Path

import msgspec
import pytest

from harit_desktop.domain.device_book import Calibration, CalibrationKind
from harit_desktop.settings.paths import DataPaths
from harit_desktop.storage.device_store import DeviceStore
from harit_desktop.storage.journal import SqliteJournal
from tests.end_to_end.programs import run_program
from tests.storage.builders import START_US, make_item


@pytest.fixture
def paths(tmp_path: Path) -> DataPaths:
    """A store with two readings, of which a calibration of pH holds for the second."""
    paths = DataPaths(tmp_path / "data")
    journal = SqliteJournal(paths.database, lambda: START_US)
    journal.open()
    journal.commit([make_item(n, time_us=START_US + n * 1_000_000) for n in range(2)])
    journal.close()
    sampled_us = START_US + 1_000_000
    lowered = Calibration(
        "probe", "pH", CalibrationKind.LABORATORY, sampled_us, ((7.0, 6.0),), sampled_us, ""
    )
    DeviceStore(paths.database, lambda: START_US).add(lowered)
    return paths


def exported(paths: DataPaths, *more: str) -> list[dict[str, str]]:
    out = paths.root / "out.csv"
    done = run_program("export", "--out", str(out), "--data-dir", str(paths.root), *more)
    assert done.returncode == 0, done.stderr
    with out.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_corrected_values_stand_beside_those_as_sent(paths: DataPaths) -> None:
    before, after = exported(paths, "--corrected")
    assert before["pH_corrected"] == before["pH"] == after["pH"]
    assert float(after["pH_corrected"]) == pytest.approx(float(after["pH"]) - 1.0)
    assert before["N_corrected"] == before["N"]


def test_without_the_option_a_file_can_be_imported_again(paths: DataPaths) -> None:
    assert not [name for name in exported(paths)[0] if name.endswith("_corrected")]


def test_extra_channels_come_when_asked_for(paths: DataPaths) -> None:
    journal = SqliteJournal(paths.database, lambda: START_US)
    journal.open()
    item = make_item(7, time_us=START_US + 7_000_000)
    assert item.analysed is not None
    reading = msgspec.structs.replace(item.analysed.reading, extras=(("EC", 512.5),))
    analysed = msgspec.structs.replace(item.analysed, reading=reading)
    journal.commit([msgspec.structs.replace(item, analysed=analysed)])
    journal.close()
    rows = exported(paths, "--extras")
    assert [row["EC"] for row in rows] == ["", "", "512.5"]
    assert "EC" not in exported(paths)[0]
