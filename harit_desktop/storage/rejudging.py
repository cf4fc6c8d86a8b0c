"""A stored reading with its judgement, and how another judgement is stored with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from harit_desktop.domain.analysis import Analysis
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNELS
from harit_desktop.domain.reading import Reading, Source, TimeSource
from harit_desktop.storage.rows import factors_text
from harit_desktop.storage.schema import quality_column

Judge = Callable[[Reading, tuple[int, ...]], Analysis]
"""A stored reading and its flags; must give the same answer for the same reading."""

JUDGED_COLUMNS = (
    *("health_index", "health_status", "is_anomalous", "anomaly_score"),
    *("critical_factors", "profile"),
)


class Judged(NamedTuple):
    """A judgement as it is stored, in the order of `JUDGED_COLUMNS`."""

    health: int | None
    status: str
    is_anomalous: int
    score: float
    factors: str
    profile: str


class Rejudged(NamedTuple):
    """A stored reading with its judgement, and the new one; `id` is that of its store."""

    id: int
    key: bytes
    reading: Reading
    was: Judged
    now: Judged


def judged(analysis: Analysis) -> Judged:
    """The analysis as it is stored."""
    return Judged(
        analysis.index,
        analysis.band._value_,
        int(analysis.is_anomalous),
        analysis.anomaly_score,
        factors_text(analysis.critical_factors),
        analysis.profile,
    )


_SOURCES = {source.value: source for source in Source}
_TIME_SOURCES = {source.value: source for source in TimeSource}
READING_FIELDS = (
    *("publisher_id", "timestamp_us", "received_us", "source", "time_source", "sent_timestamp"),
    *("message_id", "topic", "retained"),
)
"""The columns of a reading but for its values."""


def _reading_of(fields: Sequence[Any], values: Sequence[Any]) -> Reading | None:
    """A reading of `READING_FIELDS` and its values; None where another program wrote it."""
    publisher_id, timestamp_us, received_us, source, time_source, *rest = fields
    known_source, known_time = _SOURCES.get(source), _TIME_SOURCES.get(time_source)
    if known_source is None or known_time is None:
        return None
    sent_timestamp, message_id, topic, retained = rest
    return Reading(
        publisher_id=publisher_id,
        timestamp_us=timestamp_us,
        received_us=timestamp_us if received_us is None else received_us,
        values=tuple(values),
        source=known_source,
        time_source=known_time,
        sent_us=timestamp_us if known_time is TimeSource.SENT else None,
        sent_timestamp=sent_timestamp,
        message_id=message_id,
        topic=topic or "",
        retained=bool(retained),
    )


COLUMNS = (
    *("id", "reading_key"),
    *READING_FIELDS,
    *(channel.column for channel in CHANNELS),
    *map(quality_column, CHANNELS),
    *JUDGED_COLUMNS,
)
"""What `rejudged` takes, in its order."""
TIME_AT = COLUMNS.index("timestamp_us")
VALUES_AT = 2 + len(READING_FIELDS)
FLAGS_AT = VALUES_AT + CHANNEL_COUNT
JUDGEMENT_AT = FLAGS_AT + CHANNEL_COUNT
"""Where values, flags and judgement begin in it."""


def rejudged(row: Sequence[Any], judge: Judge) -> Rejudged | None:
    """A row of `COLUMNS`, judged again; None where another program wrote it."""
    reading = _reading_of(row[2:VALUES_AT], row[VALUES_AT:FLAGS_AT])
    if reading is None:
        return None
    now = judged(judge(reading, tuple(row[FLAGS_AT:JUDGEMENT_AT])))
    return Rejudged(row[0], row[1], reading, Judged(*row[JUDGEMENT_AT:]), now)
