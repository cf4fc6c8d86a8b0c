"""Why a device has no readings for a while: what was noted of the time, laid over the gap."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sqlalchemy import Connection, func, select

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.device import (
    INTERVAL_WINDOW,
    STALE_FLOOR_S,
    USUAL_INTERVAL_S,
    reporting_interval_s,
)
from harit_desktop.domain.gaps import GapKind, GapReason, RecordingKind
from harit_desktop.storage.reader import Cancelled, QueryCancelled, StoreReader, has_quality, never
from harit_desktop.storage.schema import recording_log, rejected_messages, sensor_readings

Stretch = tuple[int, int]
"""From, until; lists of them are in the order of time and do not touch."""
Spans = Mapping[RecordingKind, list[Stretch]]

LEAST_US = 60_000_000
LEAST_PART = 0.05
"""A part shorter than a minute, or than so much of its gap, is not told apart."""

OPEN_US = 75_000_000
"""The newest run is written once a minute, so that it goes on for a while after its end."""

_PASSES = 6
_FOR_EVER_US = 2**62

_TROUBLES = (
    (RecordingKind.BROKER_DOWN, GapKind.BROKER_DOWN),
    (RecordingKind.API_DOWN, GapKind.API_DOWN),
    (RecordingKind.DISCONNECTED, GapKind.DISCONNECTED),
)
_OVER = (RecordingKind.ASLEEP, RecordingKind.CLOCK_SET)
"""What is over when it is noted."""


def gap_reasons(
    path: Path, publisher_id: str, gaps: Sequence[Stretch], cancelled: Cancelled = never
) -> tuple[GapReason, ...]:
    """The parts of each gap with their reasons, gap after gap as they were given.

    A gap is a time without readings, from and until, such as from one reading to the next.
    Raises KnownError (store.locked, ...), and QueryCancelled soon after `cancelled()`.
    """
    return StoreReader(path).read(
        lambda c: read_gap_reasons(c, publisher_id, gaps, cancelled), empty=(), cancelled=cancelled
    )


def read_gap_reasons(
    connection: Connection, publisher_id: str, gaps: Sequence[Stretch], cancelled: Cancelled = never
) -> tuple[GapReason, ...]:
    """The same from an open store. A stretch of no length has no parts."""
    gaps = [gap for gap in gaps if gap[0] < gap[1]]
    if not gaps:
        return ()
    if not has_quality(connection):
        return tuple(GapReason(*gap, GapKind.UNKNOWN) for gap in gaps)
    whole = min(gap[0] for gap in gaps), max(gap[1] for gap in gaps)
    spans = _read_spans(connection, whole)
    since_us = connection.scalar(select(func.min(recording_log.c.from_us)))
    rejected = _read_rejected(connection, publisher_id, whole)
    found: list[GapReason] = []
    for gap in gaps:
        if cancelled():
            raise QueryCancelled
        times = rejected[bisect_left(rejected, gap[0]) : bisect_right(rejected, gap[1])]
        reach_us = _reach_us(connection, publisher_id, gap[0]) if times else 0
        found.extend(explain(gap, spans, since_us, times, reach_us))
    return tuple(found)


def explain(
    gap: Stretch, spans: Spans, since_us: int | None, rejected: Sequence[int], reach_us: int
) -> list[GapReason]:
    """The parts of one gap.

    `since_us` is where the log begins, None for an empty one. `rejected` are the times of
    messages within the gap, of which each speaks for the time within `reach_us` around it.
    """
    parts: list[GapReason] = []
    left = [gap]
    for kind, stretches in _layers(spans, since_us, rejected, reach_us):
        inside, left = _divide(left, stretches)
        parts.extend(GapReason(*stretch, kind) for stretch in inside)
    parts.sort(key=lambda part: part.from_us)
    return _merge(_counted(parts, rejected), max(LEAST_US, int((gap[1] - gap[0]) * LEAST_PART)))


def _layers(
    spans: Spans, since_us: int | None, rejected: Sequence[int], reach_us: int
) -> Iterable[tuple[GapKind, list[Stretch]]]:
    """What may be the reason when, the surest first: each takes what is left of the gap."""
    begin_us = _FOR_EVER_US if since_us is None else since_us
    yield GapKind.ASLEEP, spans.get(RecordingKind.ASLEEP, [])
    yield GapKind.UNKNOWN, [(-_FOR_EVER_US, begin_us)]
    _, idle = _divide([(-_FOR_EVER_US, _FOR_EVER_US)], spans.get(RecordingKind.RUN, []))
    unset, idle = _divide(idle, spans.get(RecordingKind.CLOCK_SET, []))
    yield GapKind.UNKNOWN, unset
    yield GapKind.APP_CLOSED, idle
    for noted, kind in _TROUBLES:
        yield kind, spans.get(noted, [])
    yield GapKind.REJECTED, _joined((time - reach_us, time + reach_us) for time in rejected)
    yield GapKind.SILENT, [(-_FOR_EVER_US, _FOR_EVER_US)]


def _divide(
    stretches: Sequence[Stretch], by: Sequence[Stretch]
) -> tuple[list[Stretch], list[Stretch]]:
    """What lies inside the others, and what outside."""
    inside: list[Stretch] = []
    outside: list[Stretch] = []
    position = 0
    for from_us, until_us in stretches:
        while position < len(by) and by[position][1] <= from_us:
            position += 1
        here = position
        while here < len(by) and by[here][0] < until_us:
            begin_us, end_us = max(from_us, by[here][0]), min(until_us, by[here][1])
            if from_us < begin_us:
                outside.append((from_us, begin_us))
            inside.append((begin_us, end_us))
            from_us = end_us
            here += 1
        if from_us < until_us:
            outside.append((from_us, until_us))
    return inside, outside


def _joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Their union."""
    found: list[Stretch] = []
    for from_us, until_us in sorted(stretches):
        if found and from_us <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], until_us)
        elif from_us < until_us:
            found.append((from_us, until_us))
    return found


def _counted(parts: Sequence[GapReason], rejected: Sequence[int]) -> list[GapReason]:
    counted = []
    for index, part in enumerate(parts):
        first = 0 if index == 0 else bisect_left(rejected, part.from_us)
        last = index == len(parts) - 1
        end = len(rejected) if last else bisect_left(rejected, part.until_us)
        counted.append(GapReason(part.from_us, part.until_us, part.kind, end - first))
    return counted


def _merge(parts: list[GapReason], least_us: int) -> list[GapReason]:
    """Takes parts shorter than `least_us` into their longer neighbours.

    In rounds of growing lengths, so that the shortest go first and the work stays linear.
    """
    for step in range(_PASSES, -1, -1):
        parts = _merge_below(parts, least_us >> step)
    return parts


def _merge_below(parts: list[GapReason], least_us: int) -> list[GapReason]:
    found: list[GapReason] = []
    carried: GapReason | None = None
    for index, part in enumerate(parts):
        if carried is not None:
            part, carried = _taken_in(part, carried), None
        if found and found[-1].kind is part.kind:
            found[-1] = _taken_in(found[-1], part)
            continue
        after = parts[index + 1] if index + 1 < len(parts) else None
        if _length(part) >= least_us or (not found and after is None):
            found.append(part)
        elif after is None or (found and _length(found[-1]) >= _length(after)):
            found[-1] = _taken_in(found[-1], part)
        else:
            carried = part
    return found


def _length(part: GapReason) -> int:
    return part.until_us - part.from_us


def _taken_in(part: GapReason, other: GapReason) -> GapReason:
    """The part with the time and the count of a neighbour."""
    return GapReason(
        min(part.from_us, other.from_us),
        max(part.until_us, other.until_us),
        part.kind,
        part.count + other.count,
    )


def _read_spans(connection: Connection, whole: Stretch) -> dict[RecordingKind, list[Stretch]]:
    """What the log has of the time, by kind."""
    c = recording_log.c
    newest = (
        select(c.until_us).where(c.kind == RecordingKind.RUN.value).order_by(c.id.desc()).limit(1)
    )
    open_us = connection.scalar(newest)
    statement = select(c.kind, c.from_us, c.until_us).where(
        c.until_us >= whole[0] - OPEN_US, c.from_us <= whole[1]
    )
    found: dict[RecordingKind, list[Stretch]] = {}
    known = {kind.value: kind for kind in RecordingKind}
    for name, from_us, until_us in connection.execute(statement):
        kind = known.get(name)
        if kind is None:
            continue
        if until_us == open_us and kind not in _OVER:
            # Written in one go with the run: this one still goes on as well.
            until_us += OPEN_US
        found.setdefault(kind, []).append((from_us, until_us))
    return {kind: _joined(stretches) for kind, stretches in found.items()}


def _read_rejected(connection: Connection, publisher_id: str, whole: Stretch) -> list[int]:
    c = rejected_messages.c
    statement = (
        select(c.received_us)
        .where(c.publisher_id == publisher_id, c.received_us.between(*whole))
        .order_by(c.received_us)
    )
    return list(connection.scalars(statement))


def _reach_us(connection: Connection, publisher_id: str, before_us: int) -> int:
    """Three of the device's intervals before the gap: so long it counts as heard."""
    c = sensor_readings.c
    statement = (
        select(c.timestamp_us)
        .where(c.publisher_id == publisher_id, c.timestamp_us <= before_us)
        .order_by(c.timestamp_us.desc())
        .limit(INTERVAL_WINDOW)
    )
    interval_s = reporting_interval_s(connection.scalars(statement).all())
    return int(max(3 * (interval_s or USUAL_INTERVAL_S), STALE_FLOOR_S) * US_PER_S)
