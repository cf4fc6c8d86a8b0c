"""What other programs say, read from a message, and what we say of the same instant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harit_desktop.domain.analysis import Band, band_of
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.message import HeardKind, MessageRecord, Outcome
from harit_desktop.wire.heard import HeardAnalysis, HeardStatus, read_analysis, read_status
from harit_desktop.wire.timestamps import TimestampReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from harit_desktop.runtime.engine import Engine

NEAR_US = 300 * US_PER_S
"""Our reading counts as of the same instant up to so far from theirs."""
_NEARER_US = (NEAR_US, 10 * US_PER_S, US_PER_S)
_MAX_POINTS = 2000
_LINES = 400
"""Of the message log before and after theirs: our reading came about when they told of it."""
_MOST_TRIES = 8


@dataclass(frozen=True)
class Ours:
    """Our judgement of the stored reading that is nearest in time; `index` None: withheld,
    `is_anomalous` None: not known any more."""

    at_us: int
    index: int | None
    is_anomalous: bool | None = None

    @property
    def band(self) -> Band:
        return band_of(self.index)


@dataclass(frozen=True)
class HeardMessage:
    """A message of another program. `at_us` is the instant it speaks of, None where it names
    none; `ours` is None where we have no reading near it."""

    said: HeardAnalysis | HeardStatus
    at_us: int | None
    ours: Ours | None = None


def heard_kind(record: MessageRecord) -> HeardKind | None:
    """What a line of the log is, as far as its topic says so; None for all that is no
    message of another program, and for a topic that says nothing."""
    if record.outcome is not Outcome.HEARD:
        return None
    last = record.topic.rsplit("/", 1)[-1].lower()
    return next((kind for kind in HeardKind if kind.value == last), None)


def read_heard(
    engine: Engine, record: MessageRecord, content: bytes, cancelled: Callable[[], bool]
) -> HeardMessage | None:
    """Decodes a payload and looks for our own judgement. Blocks: for the query pool only."""
    said = read_analysis(content) or read_status(content)
    if said is None:
        return None
    reader = TimestampReader(engine.settings.broker.timezone)
    at_us = reader.instant_us(said.timestamp) if said.timestamp else None
    if isinstance(said, HeardStatus) or not said.publisher_id:
        return HeardMessage(said, at_us)
    near_us = record.received_us if at_us is None else at_us
    ours = _nearest(engine, said.publisher_id, near_us, cancelled)
    if ours is not None:
        known = _is_anomalous(engine, record, said.publisher_id, ours.at_us, cancelled)
        ours = replace(ours, is_anomalous=known)
    return HeardMessage(said, at_us, ours)


def _nearest(
    engine: Engine, publisher_id: str, at_us: int, cancelled: Callable[[], bool]
) -> Ours | None:
    best: Ours | None = None
    for span_us in _NEARER_US:
        found = engine.history.series(
            publisher_id, at_us - span_us, at_us + span_us, _MAX_POINTS, cancelled
        )
        times = found.time_us.tolist()
        if not times:
            return best
        place = min(range(len(times)), key=lambda n: abs(times[n] - at_us))
        index = float(found.index[place])
        best = Ours(times[place], None if index != index else round(index))
        if not found.bucketed:
            return best
        # A probe that reports many times a second: look closer, for a single reading.
    return best


def _is_anomalous(
    engine: Engine,
    record: MessageRecord,
    publisher_id: str,
    at_us: int,
    cancelled: Callable[[], bool],
) -> bool | None:
    """Our word on the reading of that very instant, found by the message that brought it."""
    newest = next((d for d in engine.live.devices() if d.publisher_id == publisher_id), None)
    if newest is not None and newest.timestamp_us == at_us:
        return newest.analysis.is_anomalous
    lines = engine.history.messages(record.id + _LINES, 2 * _LINES)
    brought = [
        line
        for line in lines
        if line.publisher_id == publisher_id and line.outcome in (Outcome.STORED, Outcome.DUPLICATE)
    ]
    brought.sort(key=lambda line: abs(line.received_us - record.received_us))
    for line in brought[:_MOST_TRIES]:
        if cancelled():
            return None
        found = engine.history.decoded(line.id)
        if found is not None and found.reading.timestamp_us == at_us:
            return found.analysis.is_anomalous
    return None
