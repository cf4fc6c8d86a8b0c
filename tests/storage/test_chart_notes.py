"""Notes on the chart come back as they were written, and only as plain text."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.notes import MAX_NOTE_CHARS, ChartNote, NoteKind, plain_text
from harit_desktop.storage.chart_notes import NoteStore
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from tests.storage.builders import START_US

WATER = ChartNote(START_US, NoteKind.IRRIGATION, "25 mm\nपश्चिम, क्‍ष", "probe", START_US + 5)
LAB = ChartNote(START_US + 60, NoteKind.LAB, "=1+1 <b>sample</b>", "", START_US + 6)


@pytest.fixture
def store(journal: SqliteJournal, db_path: Path) -> NoteStore:
    return NoteStore(db_path, lambda: START_US)


def test_notes_come_back_in_the_order_of_time(store: NoteStore, db_path: Path) -> None:
    assert store.read(0, 2**60) == ()
    lab, water = store.add(LAB), store.add(WATER)
    assert (lab.id, water.id) == (1, 2)
    again = NoteStore(db_path, lambda: 0)
    assert again.read(0, 2**60) == (water, lab)
    assert again.read(START_US, START_US) == (water,)
    assert again.read(START_US + 1, START_US + 60) == (lab,)
    store.remove(water.id)
    store.remove(99)
    assert store.read(0, 2**60) == (lab,)
    assert store.add(WATER).id == 3, "an id is never given twice"


def test_a_note_is_entered_now_unless_it_says_when(store: NoteStore) -> None:
    assert store.add(replace(WATER, entered_us=0)).entered_us == START_US


@pytest.mark.parametrize(
    "wrong",
    [
        replace(WATER, text="x" * (MAX_NOTE_CHARS + 1)),
        replace(WATER, text="safe \u202egnp.exe"),
        replace(WATER, text="a\u2066b"),
        replace(WATER, text="\u200fa"),
        replace(WATER, text="bell\x07"),
        replace(WATER, text="line\u2028line"),
        replace(WATER, text="\ud800"),
        replace(WATER, text="\ufffe"),
        replace(WATER, text="\r\n"),
        replace(WATER, publisher_id="p" * 65),
        replace(WATER, at_us=-1),
        replace(WATER, at_us=2**62),
        replace(WATER, kind=NoteKind.OTHER, text=" \n "),
    ],
)
def test_what_is_refused_is_not_written(store: NoteStore, wrong: ChartNote) -> None:
    with pytest.raises(ValueError, match=r"text|kind|device id|time"):
        store.add(wrong)
    assert store.read(-(2**62), 2**62) == ()


def test_what_is_pasted_becomes_acceptable(store: NoteStore) -> None:
    pasted = plain_text("\ufeff25\tmm\r\n\u202eclay\x00 🚜 क्‍ष " + "x" * 600)
    assert pasted.startswith("25 mm\nclay 🚜 क्‍ष x")
    assert len(pasted) == MAX_NOTE_CHARS
    assert store.add(replace(WATER, text=pasted)).text == pasted


def test_a_kind_alone_is_enough(store: NoteStore) -> None:
    assert store.add(replace(WATER, text="")).id == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [("kind", "party"), ("text", "\u202e"), ("at_us", "noon"), ("text", b"\xff"), ("at_us", -5)],
)
def test_a_damaged_note_is_left_out(
    store: NoteStore,
    db_path: Path,
    caplog: pytest.LogCaptureFixture,
    column: str,
    value: object,
) -> None:
    damaged, sound = store.add(WATER), store.add(LAB)
    with closing(sqlite3.connect(db_path)) as connection, connection:
        connection.execute(f"UPDATE chart_notes SET {column} = ? WHERE id = ?", (value, damaged.id))
    with caplog.at_level(logging.WARNING):
        assert sound in store.read(-(2**62), 2**62)
    assert len(store.read(-(2**62), 2**62)) == 1
    assert "left out" in caplog.text or column == "at_us"


def test_no_store_and_an_old_one_have_no_notes(tmp_path: Path) -> None:
    path = tmp_path / "harit.db"
    assert NoteStore(path, lambda: START_US).read(0, 2**60) == ()
    with pytest.raises(KnownError):
        NoteStore(path, lambda: START_US).add(WATER)
    assert not path.exists()
    dump = Path(__file__).parent / "schemas" / "v3.sql"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))
    assert NoteStore(path, lambda: START_US).read(0, 2**60) == ()


def test_the_history_has_them(store: NoteStore, history: HistoryReader) -> None:
    water = store.add(WATER)
    assert history.notes(0, 2**60) == (water,)


def test_notes_outlive_a_table_that_lost_a_column(
    store: NoteStore, journal: SqliteJournal, db_path: Path
) -> None:
    store.add(WATER)
    with closing(sqlite3.connect(db_path)) as connection, connection:
        connection.execute("ALTER TABLE chart_notes DROP COLUMN entered_us")
    journal.close()
    journal.open()
    problem = journal.status().problem
    assert problem is not None
    assert problem.code == "store.repaired"
    assert store.read(0, 2**60) == (replace(WATER, entered_us=0, id=1),)
