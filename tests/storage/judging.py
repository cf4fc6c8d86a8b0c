"""Another judgement than the stored one, and what a store holds of judgements."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from harit_desktop.domain.analysis import Analysis, band_of
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.reading import Reading
from harit_desktop.storage.rows import factors_text

Row = dict[str, Any]

JUDGED = (
    *("health_index", "health_status", "is_anomalous", "anomaly_score"),
    *("critical_factors", "profile"),
)


def judge(reading: Reading, flags: tuple[int, ...]) -> Analysis:
    """Depends on the values and the flags alone, so that it can be told from a row."""
    return judgement_of(reading.values, flags)


def judgement_of(values: tuple[float | None, ...], flags: tuple[int, ...]) -> Analysis:
    known = [
        value for value, flag in zip(values, flags, strict=True) if value is not None and flag < 3
    ]
    index = None if len(known) < 4 else round(abs(sum(known)) % 100) + 1
    factors = tuple(c.factor for c, flag in zip(CHANNELS, flags, strict=True) if flag == 4)
    return Analysis(
        index=min(100, index) if index is not None else None,
        band=band_of(index),
        is_anomalous=bool(factors),
        anomaly_score=len(known) / 7,
        critical_factors=factors,
        flags=(9,) * 7,
        profile="new",
        reasons=(("N", "not.this"),),
    )


def expected_of(row: Row) -> Row:
    """The row as the judgement makes it; all but `JUDGED` stays."""
    values = tuple(row[channel.column] for channel in CHANNELS)
    flags = tuple(row[f"quality_{channel.column}"] for channel in CHANNELS)
    new = judgement_of(values, flags)
    fresh = (new.index, new.band.value, int(new.is_anomalous), new.anomaly_score)
    return {
        **row,
        **dict(zip(JUDGED, (*fresh, factors_text(new.critical_factors), "new"), strict=True)),
    }


def rows_of_store(path: Path) -> list[Row]:
    """Every reading as it lies in the journal, in the order of ids."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [
            dict(row) for row in connection.execute("SELECT * FROM sensor_readings ORDER BY id")
        ]


def counted(before: list[Row], is_chosen: Callable[[Row], bool]) -> tuple[int, int, int]:
    """What a run over these rows is to say: read, changed, band changed."""
    chosen = [(row, expected_of(row)) for row in before if is_chosen(row)]
    return (
        len(chosen),
        sum(row != new for row, new in chosen),
        sum(row["health_status"] != new["health_status"] for row, new in chosen),
    )
