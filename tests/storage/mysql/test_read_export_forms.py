"""Kinds of file, minutes and hours of a server's readings: those of the journal alone."""

from __future__ import annotations

import csv
import json
import random
from datetime import UTC
from pathlib import Path

import pytest

from harit_desktop.domain.export import (
    ALL_COLUMNS,
    ExportContent,
    ExportFormat,
    ExportRequest,
)
from harit_desktop.domain.reading import Source
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from tests.mariadb_server import MariaDbServer
from tests.storage.builders import make_item
from tests.storage.mysql.reads import make_tables, seconds, send


def fill(journal: SqliteJournal) -> None:
    chance = random.Random(3)
    items = []
    for n in range(240):
        values = tuple(None if chance.random() < 0.1 else n / (k + 3) for k in range(7))
        flags = tuple(9 if v is None else chance.choice((1, 1, 3, 4)) for v in values)
        source = Source.SIMULATOR if n % 9 == 0 else Source.MQTT
        items.append(
            make_item(n * 25, chance.choice("abc"), values=values, flags=flags, source=source)
        )
    journal.commit(items)


@pytest.mark.parametrize("sent", [0, 100, 240])
@pytest.mark.parametrize("content", list(ExportContent))
def test_the_same_file_from_both_stores(
    server: MariaDbServer,
    journal: SqliteJournal,
    history: HistoryReader,
    db_path: Path,
    out: Path,
    sent: int,
    content: ExportContent,
) -> None:
    fill(journal)
    if sent:
        send(server, db_path, sent)
    else:
        make_tables(server)
    local = HistoryReader(db_path)
    expected = out.with_name("expected")
    for request in (
        ExportRequest(out, content=content, columns=ALL_COLUMNS),
        ExportRequest(out, seconds(100), seconds(4000), ("a", "b"), content=content),
        ExportRequest(out, content=content, include_simulated=True, format=ExportFormat.JSON),
    ):
        count = history.export(request, zone=UTC)
        assert count == history.count_export(request) == local.count_export(request)
        found = history.preview_export(request, zone=UTC)
        assert found.header == local.preview_export(request, zone=UTC).header
        assert len(found.rows) == min(count, 5)
        other = ExportRequest(
            expected,
            *(request.from_us, request.to_us, request.publisher_ids, request.include_simulated),
            *(request.format, request.content, request.columns),
        )
        assert local.export(other, zone=UTC) == count
        assert contents(out, request.format) == contents(expected, request.format)


def contents(path: Path, kind: ExportFormat) -> list[dict[str, object]]:
    """Means to ten digits: numbers are added in another order."""
    if kind is ExportFormat.JSON:
        rows = json.loads(path.read_bytes())
    else:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    for row in rows:
        for name, value in row.items():
            if name.endswith("_mean") and value not in ("", None):
                row[name] = f"{float(value):.10g}"
    return rows
