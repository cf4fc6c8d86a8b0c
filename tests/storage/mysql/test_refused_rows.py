"""Readings that a server refused, as they are kept for another try."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from harit_desktop.domain.errors import Problem
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.mysql import refused
from harit_desktop.storage.mysql.journal_tail import JournalTail
from harit_desktop.storage.mysql.refused import ROW_REFUSED
from harit_desktop.storage.mysql.tables import JOURNAL_COLUMNS
from harit_desktop.storage.sqlite import open_writer, transaction
from tests.storage.builders import make_item
from tests.storage.quality import with_reasons


def test_a_reading_that_an_earlier_version_kept_is_tried_again(
    journal: SqliteJournal, db_path: Path
) -> None:
    journal.commit([make_item(0), with_reasons(make_item(1), ("pH", "range.impossible"))])
    tail = JournalTail(db_path)
    rows = tail.page("store")
    assert [row[JOURNAL_COLUMNS.index("quality_reasons")] for row in rows] == [
        None,
        '{"pH": "range.impossible"}',
    ]
    connection, _ = open_writer(db_path)
    with closing(connection):
        with transaction(connection):
            refused.keep(connection, "store", [(row, Problem(ROW_REFUSED)) for row in rows])
        assert list(refused.scan(connection, "store", 0).rows.values()) == rows
        with transaction(connection):
            _forget_reasons(connection)
        found = refused.scan(connection, "store", 0).rows
    tail.close()
    assert list(found.values()) == [(*row[:-1], None) for row in rows]


def _forget_reasons(connection: sqlite3.Connection) -> None:
    kept = connection.execute("SELECT id, payload FROM rejected_messages").fetchall()
    assert len(kept) == 2
    for row_id, payload in kept:
        named = json.loads(payload)
        del named["quality_reasons"]
        text = json.dumps(named, ensure_ascii=False).encode()
        connection.execute("UPDATE rejected_messages SET payload = ? WHERE id = ?", (text, row_id))
