"""Ticks on the clock: where the vertical grid lies and what stands below it."""

from enum import Enum
from typing import NamedTuple

from PySide6.QtCore import QDate, QDateTime, QTime

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.ui.words import local_time

MOST_TICKS = 8
_SLACK = 0.5
"""A view is a little longer than its range, which must not halve the ticks."""
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_STEPS_S = (
    *(1, 5, 15, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE),
    *(_HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR),
    *(_DAY, 2 * _DAY, 5 * _DAY, 10 * _DAY),
)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)


class TickKind(Enum):
    SECOND = "second"
    MINUTE = "minute"
    DAY = "day"
    MONTH = "month"


class Tick(NamedTuple):
    """An instant on the axis and how it is named."""

    time_us: int
    kind: TickKind


def tick_step_s(span_s: float, most: int = MOST_TICKS) -> int | None:
    """The smallest clock step that gives at most `most` ticks; None where months are needed."""
    return next((step for step in _STEPS_S if span_s / step <= most + _SLACK), None)


def time_ticks(start_us: int, end_us: int, most: int = MOST_TICKS) -> list[Tick]:
    """Clock-aligned ticks of the local time from `start_us` to `end_us`.

    Every tick is aligned by the zone's offset at its own instant, so that the day on which
    the clocks change keeps its midnights.
    """
    step_s = tick_step_s((end_us - start_us) / US_PER_S, most)
    if step_s is None:
        return _month_ticks(start_us, end_us, most)
    ticks: list[Tick] = []
    at_s = start_us // US_PER_S
    end_s = end_us // US_PER_S
    while True:
        tick_s = _next_aligned(at_s, step_s)
        if tick_s > end_s:
            return ticks
        if tick_s * US_PER_S >= start_us:
            ticks.append(Tick(tick_s * US_PER_S, _kind(tick_s, step_s)))
        at_s = tick_s + max(1, step_s // 2)


def _month_ticks(start_us: int, end_us: int, most: int) -> list[Tick]:
    months = (end_us - start_us) / US_PER_S / (30.44 * _DAY)
    step = next((step for step in _MONTH_STEPS if months / step <= most + _SLACK), _MONTH_STEPS[-1])
    first, last = local_time(start_us).date(), local_time(end_us).date()
    ticks: list[Tick] = []
    for number in range(first.year() * 12, last.year() * 12 + 12, step):
        day = QDate(number // 12, number % 12 + 1, 1)
        time_us = QDateTime(day, QTime(0, 0)).toMSecsSinceEpoch() * 1000
        if start_us <= time_us <= end_us:
            ticks.append(Tick(time_us, TickKind.MONTH))
    return ticks


def _next_aligned(at_s: int, step_s: int) -> int:
    offset_s = _offset_s(at_s)
    tick_s = -(-(at_s + offset_s) // step_s) * step_s - offset_s
    changed_s = _offset_s(tick_s)
    if changed_s == offset_s:
        return tick_s
    moved_s = -(-(at_s + changed_s) // step_s) * step_s - changed_s
    return moved_s if moved_s >= at_s else tick_s


def _offset_s(at_s: int) -> int:
    return local_time(at_s * US_PER_S).offsetFromUtc()


def _kind(tick_s: int, step_s: int) -> TickKind:
    if (tick_s + _offset_s(tick_s)) % _DAY == 0:
        return TickKind.DAY
    return TickKind.SECOND if step_s < _MINUTE else TickKind.MINUTE
