"""Stored readings for a trial of a rule: only what a rule looks at, in the order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from harit_desktop.domain.analysis import Analysis, Band
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNELS
from harit_desktop.domain.reading import AnalysedReading, Reading, Source, TimeSource
from harit_desktop.storage.reader import Cancelled, StoreReader, never
from harit_desktop.storage.schema import quality_column

PAGE_ROWS = 5000

_VALUES = ", ".join(f'"{channel.column}"' for channel in CHANNELS)
_FLAGS = ", ".join(f'"{quality_column(channel)}"' for channel in CHANNELS)
_PAGE = f"""
SELECT timestamp_us, id, publisher_id, {_VALUES}, {_FLAGS} FROM sensor_readings
WHERE (timestamp_us, id) > (:time_us, :id) AND timestamp_us <= :to_us
    AND (:publisher_id = '' OR publisher_id = :publisher_id) AND source != 'simulator'
ORDER BY timestamp_us, id LIMIT :limit
"""  # noqa: S608 - the names are of the channel catalogue
_Rows = Sequence[Sequence[Any]]


def readings_between(
    path: Path, from_us: int, to_us: int, publisher_id: str = "", cancelled: Cancelled = never
) -> Iterator[AnalysedReading]:
    """The readings of the journal from `from_us` to `to_us`, without simulated ones; of one
    device where it is named. Of the judgement only the flags are read.

    Raises QueryCancelled and KnownError(store.*).
    """
    store = StoreReader(path)
    place = (from_us, -1)
    while True:
        page = partial(_read_page, place, to_us, publisher_id)
        rows: _Rows = store.read(page, empty=(), cancelled=cancelled)
        for row in rows:
            yield _reading_of(row)
        if len(rows) < PAGE_ROWS:
            return
        place = (rows[-1][0], rows[-1][1])


def _read_page(
    place: tuple[int, int], to_us: int, publisher_id: str, connection: Connection
) -> _Rows:
    scope = {
        "time_us": place[0],
        "id": place[1],
        "to_us": to_us,
        "publisher_id": publisher_id,
        "limit": PAGE_ROWS,
    }
    return connection.exec_driver_sql(_PAGE, scope).fetchall()


def _reading_of(row: Sequence[Any]) -> AnalysedReading:
    time_us, publisher_id = row[0], row[2]
    reading = Reading(
        publisher_id=publisher_id,
        timestamp_us=time_us,
        received_us=time_us,
        values=tuple(row[3 : 3 + CHANNEL_COUNT]),
        source=Source.MQTT,
        time_source=TimeSource.SENT,
    )
    flags = tuple(row[3 + CHANNEL_COUNT :])
    analysis = Analysis(None, Band.UNKNOWN, False, 0.0, (), flags, "")
    return AnalysedReading(reading, analysis, b"")
