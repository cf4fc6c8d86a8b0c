"""Alerts as a CSV file: complete or not there, and safe to open in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Any

from harit_desktop.domain.alert import Alert
from harit_desktop.domain.errors import KnownError
from harit_desktop.settings.atomic_file import replacing
from harit_desktop.storage.csv_cells import csv_bytes, text_cell, zoned_text
from harit_desktop.storage.database_files import shm_of, wal_of
from harit_desktop.storage.export_errors import write_error
from harit_desktop.storage.reader import Cancelled, QueryCancelled

HEADER = (
    "id",
    "state",
    "severity",
    "device",
    "channel",
    "rule",
    "kind",
    "code",
    "value",
    "limit",
    "worst",
    "raised",
    "ended",
    "acknowledged",
    "acknowledged_by",
    "note",
    "stands_for",
)


def write_alerts(
    db_path: Path,
    out: Path,
    pages: Iterable[Sequence[Alert]],
    zone: tzinfo | None,
    cancelled: Cancelled,
) -> int:
    """Writes the alerts to `out` with times in `zone` (None: the system's); returns how many.

    The file is replaced at the end, in one step; after an error or a cancel it is as it was.
    Raises QueryCancelled, what `pages` raises, and KnownError export.no_folder, .not_a_file,
    .permission, .disk_full, .failed, each with `path` and `reason`.
    """
    if out.resolve() in {one.resolve() for one in (db_path, wal_of(db_path), shm_of(db_path))}:
        raise KnownError("export.not_a_file", path=str(out), reason="the program's own database")
    count = 0
    try:
        with replacing(out) as file:
            file.write(csv_bytes([HEADER]))
            for page in pages:
                file.write(csv_bytes(_cells(alert, zone) for alert in page))
                count += len(page)
            if cancelled():
                raise QueryCancelled
    except OSError as error:
        raise write_error(error, out) from error
    return count


def _cells(alert: Alert, zone: tzinfo | None) -> list[Any]:
    times = (alert.raised_us, alert.ended_us, alert.acknowledged_us)
    texts = (alert.publisher_id, alert.channel, alert.rule_id, alert.kind.value, alert.code)
    return [
        alert.id,
        alert.state.value,
        alert.severity.value,
        *map(text_cell, texts),
        alert.value,
        alert.limit,
        alert.worst,
        *("" if one is None else zoned_text(one, zone) for one in times),
        text_cell(alert.acknowledged_by),
        text_cell(alert.note),
        alert.flood or "",
    ]
