"""What a rule would have told: a rule over readings of the past."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from msgspec.structs import replace

from harit_desktop.alerting.conditions import Turn
from harit_desktop.alerting.faults import FAULTY_EVENTS, UNUSUAL_EVENT
from harit_desktop.alerting.readings import VALUE_KINDS, Correct, ValueRules
from harit_desktop.alerting.rules import AlarmLimits, patience_s
from harit_desktop.domain.alert import AlertRule, RuleKind, TriedRule
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.device import INTERVAL_WINDOW, reporting_interval_s
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.quality import StoredEvent
from harit_desktop.domain.reading import AnalysedReading

MOST_TOLD = 1000
"""A rule that would have told more is a bad one, whatever the exact number."""
_ASK_EVERY = 500

_Told = tuple[str, str, int, int | None]


def try_rule(
    rule: AlertRule,
    readings: Iterable[AnalysedReading],
    limits: AlarmLimits,
    correct: Correct,
    *,
    events: Iterable[StoredEvent] = (),
    until_us: int | None = None,
    progress: Callable[[int], None] = lambda time_us: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> TriedRule:
    """Runs the rule over readings, each device's in the order of its time, as if it had been
    switched on then.

    `events` are those of the quality tests, for rules about faulty probes and unusual values;
    `until_us` is when the readings end, for devices that are silent since. A rule about the
    program itself finds nothing. `progress` gets the time of the reading it is at.
    Raises KnownError(query.cancelled).
    """
    trial = _Trial(rule, limits, correct)
    count = 0
    for items in _batches(readings):
        if cancelled():
            raise KnownError("query.cancelled")
        progress(items[0].reading.timestamp_us)
        for item in items:
            if not item.reading.simulated:
                count += 1
                trial.feed(item)
    trial.finish(until_us)
    told = [*trial.told, *_of_events(rule, events)]
    return TriedRule(count, tuple(sorted(told, key=lambda one: one[2])[:MOST_TOLD]))


def _batches(readings: Iterable[AnalysedReading]) -> Iterator[list[AnalysedReading]]:
    source = iter(readings)
    while items := list(islice(source, _ASK_EVERY)):
        yield items


class _Trial:
    def __init__(self, rule: AlertRule, limits: AlarmLimits, correct: Correct) -> None:
        self._rule = rule
        # One that is switched off is tried to see whether to switch it on.
        self._values = ValueRules((replace(rule, enabled=True),), limits, correct)
        self._open: dict[tuple[str, str], int] = {}
        self._times: dict[str, deque[int]] = {}
        self.told: list[_Told] = []

    def feed(self, item: AnalysedReading) -> None:
        if self._rule.kind in VALUE_KINDS:
            for turn in self._values.feed(item):
                place = (turn.publisher_id, turn.channel)
                if turn.turn is Turn.RAISED:
                    self._open[place] = turn.onset_us
                elif turn.turn is Turn.ENDED:
                    self._tell((*place, self._open.pop(place), turn.at_us))
        elif self._rule.kind is RuleKind.SILENT:
            reading = item.reading
            self._hear(reading.publisher_id, reading.timestamp_us)

    def finish(self, until_us: int | None) -> None:
        for place, onset_us in self._open.items():
            self._tell((*place, onset_us, None))
        if until_us is not None:
            for publisher_id in self._times:
                self._hear(publisher_id, until_us, over=False)

    def _hear(self, publisher_id: str, at_us: int, *, over: bool = True) -> None:
        if self._rule.publisher_id not in ("", publisher_id):
            return
        times = self._times.setdefault(publisher_id, deque(maxlen=INTERVAL_WINDOW))
        if times and at_us - times[-1] > self._patience_us(times):
            self._tell((publisher_id, "", times[-1], at_us if over else None))
        if over and (not times or at_us > times[-1]):
            times.append(at_us)

    def _patience_us(self, times: deque[int]) -> float:
        waits_s = patience_s(self._rule, reporting_interval_s(times))
        return (waits_s + self._rule.on_delay_s) * US_PER_S

    def _tell(self, told: _Told) -> None:
        if len(self.told) < MOST_TOLD:
            self.told.append(told)


def _of_events(rule: AlertRule, events: Iterable[StoredEvent]) -> Iterator[_Told]:
    for stored in events:
        event = stored.event
        if rule.kind is RuleKind.UNUSUAL:
            fits = event.kind == UNUSUAL_EVENT
        else:
            faulty = event.kind in FAULTY_EVENTS and event.flag in (Flag.SUSPECT, Flag.FAIL)
            fits = rule.kind is RuleKind.STUCK and faulty
        channels = [one for one in event.channels if rule.channel in ("", one)]
        fits = fits and (not rule.channel or bool(channels))
        if not fits or rule.publisher_id not in ("", event.publisher_id):
            continue
        ended_us = stored.cleared_us
        if ended_us is None or ended_us - event.onset_us >= rule.on_delay_s * US_PER_S:
            channel = channels[0] if len(channels) == 1 else ""
            yield event.publisher_id, channel, event.first_us, ended_us
