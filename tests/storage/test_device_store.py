"""What people entered about their devices comes back as it was, and damage stays small."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from math import inf, nan
from pathlib import Path

import pytest
from msgspec.structs import replace

from harit_desktop.domain.device_book import (
    Calibration,
    CalibrationKind,
    DeviceBook,
    DeviceRecord,
)
from harit_desktop.domain.errors import KnownError
from harit_desktop.storage.device_store import DeviceStore
from harit_desktop.storage.journal import SqliteJournal
from tests.storage.builders import START_US

TWO_POINT = Calibration(
    "probe", "Moisture", CalibrationKind.TWO_POINT, START_US, ((10.0, 0.0), (60.0, 45.5)), START_US
)
LABORATORY = Calibration(
    "probe", "pH", CalibrationKind.LABORATORY, START_US, ((7.1, 6.4),), START_US, "sample 12, Übung"
)


@pytest.fixture
def store(journal: SqliteJournal, db_path: Path) -> DeviceStore:
    return DeviceStore(db_path, lambda: START_US)


def test_a_book_comes_back(store: DeviceStore, db_path: Path) -> None:
    assert store.load() == DeviceBook()
    first = DeviceRecord("probe", "Behind the shed", "north", hidden=True, position=3)
    other = DeviceRecord("other", zone="north")
    for record in (replace(first, name="x"), first, other):
        store.save(record)
    later = store.add(replace(TWO_POINT, at_us=START_US + 5))
    added = [store.add(LABORATORY), later]
    assert [one.id for one in added] == [2, 1]
    again = DeviceStore(db_path, lambda: 0).load()
    assert again.records == {"probe": first, "other": other}
    assert again.zones() == {"probe": "north", "other": "north"}
    assert again.calibrations == tuple(added)
    store.remove(later.id)
    store.remove(99)
    assert store.load().calibrations == (added[0],)
    # An id is never given twice: a removed one may still be named by a command on its way.
    assert store.add(TWO_POINT).id == 3


def test_a_record_that_says_nothing_is_forgotten(store: DeviceStore) -> None:
    store.save(DeviceRecord("probe", "x"))
    store.save(DeviceRecord("probe"))
    assert store.load() == DeviceBook()


def test_a_calibration_is_entered_now_unless_it_says_when(store: DeviceStore) -> None:
    assert store.add(replace(TWO_POINT, entered_us=0)).entered_us == START_US


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (replace(TWO_POINT, channel="pH"), "channel 'pH'"),
        (replace(TWO_POINT, channel="nothing"), "channel 'nothing'"),
        (replace(LABORATORY, channel="Moisture"), "channel 'Moisture'"),
        (replace(TWO_POINT, points=((1.0, 2.0),)), "1 points, 2 wanted"),
        (replace(TWO_POINT, points=()), "0 points, 2 wanted"),
        (replace(LABORATORY, points=((1.0, 2.0), (2.0, 3.0))), "2 points, 1 wanted"),
        (replace(TWO_POINT, points=((1.0, 2.0), (1.0, 3.0))), "same probe value"),
        (replace(TWO_POINT, points=((1.0, 2.0), (2.0, nan))), "no number"),
        (replace(TWO_POINT, points=((5e-324, 2.0), (0.0, 30.0))), "straight line"),
        (replace(LABORATORY, points=((inf, 2.0),)), "no number"),
        (replace(LABORATORY, publisher_id=""), "no device id"),
        (replace(LABORATORY, publisher_id="x" * 65), "device id has more than 64"),
        (replace(LABORATORY, note="x" * 2001), "note has more than 2000"),
        (replace(LABORATORY, note="\ud800"), "surrogates"),
        (replace(LABORATORY, at_us=2**63), "time is beyond"),
    ],
)
def test_a_calibration_that_cannot_be_is_not_written(
    store: DeviceStore, wrong: Calibration, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        store.add(wrong)
    assert store.load() == DeviceBook()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (DeviceRecord("", "x"), "no device id"),
        (DeviceRecord("probe", "x" * 201), "name has more than 200"),
        (DeviceRecord("probe", zone="\udcff"), "surrogates"),
        (DeviceRecord("probe", position=2**70), "position is beyond"),
    ],
)
def test_a_record_that_cannot_be_is_not_written(
    store: DeviceStore, wrong: DeviceRecord, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        store.save(wrong)
    assert store.load() == DeviceBook()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("channel", "Moist"),
        ("kind", "three_point"),
        ("points", "[[1, 2], [1, 3]]"),
        ("points", "[[1, 2]]"),
        ("points", "[[1, 2, 3], [2, 3, 4]]"),
        ("points", '[["1", 2], [2, 3]]'),
        ("points", "[[1, 2], [2, 1e400]]"),
        ("points", "no list"),
        ("points", b"\xff"),
        ("at_us", "yesterday"),
        ("publisher_id", b"\xff\xfe"),
    ],
)
def test_a_damaged_row_is_left_out_and_named(
    store: DeviceStore,
    db_path: Path,
    caplog: pytest.LogCaptureFixture,
    column: str,
    value: object,
) -> None:
    sound, damaged = store.add(LABORATORY), store.add(TWO_POINT)
    with closing(sqlite3.connect(db_path)) as connection:
        connection.execute(
            f"UPDATE calibrations SET {column} = ? WHERE id = ?", (value, damaged.id)
        )
        connection.execute("INSERT INTO device_records VALUES ('a', x'00', '', 0, NULL)")
        connection.execute("INSERT INTO device_records VALUES ('b', 'x', '', 0, 'top')")
        connection.execute("INSERT INTO device_records VALUES ('c', 'x', '', 0, NULL)")
        connection.commit()
    with caplog.at_level(logging.WARNING):
        book = store.load()
    assert book.calibrations == (sound,)
    assert list(book.records) == ["c"]
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 3


def test_there_is_no_book_without_a_store(tmp_path: Path) -> None:
    store = DeviceStore(tmp_path / "none.db", lambda: START_US)
    assert store.load() == DeviceBook()
    with pytest.raises(KnownError) as caught:
        store.save(DeviceRecord("probe", "x"))
    assert caught.value.code.startswith("store.")
    assert not (tmp_path / "none.db").exists()


def test_a_store_without_these_tables_has_an_empty_book(store: DeviceStore, db_path: Path) -> None:
    store.save(DeviceRecord("probe", "x"))
    with closing(sqlite3.connect(db_path)) as connection:
        connection.execute("DROP TABLE calibrations")
    assert store.load() == DeviceBook()


WRITES: list[Callable[[DeviceStore], object]] = [
    lambda store: store.save(DeviceRecord("probe", "x")),
    lambda store: store.add(TWO_POINT),
    lambda store: store.remove(1),
]


@pytest.mark.parametrize("write", WRITES)
def test_a_locked_store_is_named(
    store: DeviceStore,
    db_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[DeviceStore], object],
) -> None:
    monkeypatch.setattr("harit_desktop.storage.device_store._BUSY_MS", 20)
    with closing(sqlite3.connect(db_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(KnownError) as caught:
            write(store)
    assert caught.value.code == "store.locked"
    assert store.load() == DeviceBook()
