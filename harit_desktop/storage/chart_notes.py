"""Notes on the chart, each on the disk when the call returns."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlalchemy import Connection, Row, select

from harit_desktop.domain.clock import NowUs
from harit_desktop.domain.notes import ChartNote, check_note
from harit_desktop.storage.reader import StoreReader, has_quality
from harit_desktop.storage.schema import chart_notes
from harit_desktop.storage.sqlite import known_error, open_writer, transaction

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_READ = 5000
"""More notes than a chart could show; the newest are read."""

_BUSY_MS = 2000

_ADD = """
INSERT INTO chart_notes (publisher_id, at_us, kind, text, entered_us) VALUES (?, ?, ?, ?, ?)
"""
_REMOVE = "DELETE FROM chart_notes WHERE id = ?"


class NoteStore:
    """Adds, removes and reads notes, for any thread; every call may block.

    Each call opens a connection of its own for a moment. Raises KnownError (store.locked,
    store.failed, ...) where the store cannot be read or written.
    """

    def __init__(self, path: Path, now_us: NowUs) -> None:
        self._path = path
        self._now_us = now_us
        self._store = StoreReader(path)

    def add(self, note: ChartNote) -> ChartNote:
        """Keeps a note, entered now where it does not say when; returns it with its id.

        Raises ValueError for one that `check_note` refuses, with nothing written.
        """
        if not note.entered_us:
            note = msgspec.structs.replace(note, entered_us=self._now_us())
        check_note(note)
        row = (note.publisher_id, note.at_us, note.kind.value, note.text, note.entered_us)
        added_id = self._write(lambda writer: writer.execute(_ADD, row).lastrowid)
        return msgspec.structs.replace(note, id=added_id or 0)

    def remove(self, note_id: int) -> None:
        """Forgets a note; nothing where there is none of this id."""
        self._write(lambda writer: writer.execute(_REMOVE, (note_id,)))

    def read(self, from_us: int, to_us: int) -> tuple[ChartNote, ...]:
        """Notes of all devices from the range, both ends inclusive, in the order of time."""
        return self._store.read(lambda c: read_notes(c, from_us, to_us), empty=())

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            # Durable like a reading: nobody writes a note twice.
            writer, _ = open_writer(self._path, _BUSY_MS)
            with closing(writer), transaction(writer):
                return work(writer)
        except sqlite3.Error as error:
            raise known_error(error, self._path) from error


def read_notes(connection: Connection, from_us: int, to_us: int) -> tuple[ChartNote, ...]:
    """Notes of the range in the order of time, the newest `MAX_READ` of them.

    One that cannot be right is left out and named in the log.
    """
    if not has_quality(connection):
        return ()
    c = chart_notes.c
    statement = (
        select(chart_notes)
        .where(c.at_us >= from_us, c.at_us <= to_us)
        .order_by(c.at_us.desc(), c.id.desc())
        .limit(MAX_READ)
    )
    found = []
    for row in connection.execute(statement):
        try:
            found.append(_note_of(row))
        except (ValueError, TypeError, msgspec.MsgspecError) as error:
            log.warning("a stored note is left out: %s (%.200r)", error, tuple(row))
    return tuple(reversed(found))


def _note_of(row: Row[tuple[object, ...]]) -> ChartNote:
    found = {name: row._mapping[name] for name in ChartNote.__struct_fields__}
    note = msgspec.convert(found, ChartNote)
    check_note(note)
    return note
