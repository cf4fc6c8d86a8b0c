"""Readings that came after newer ones of their device: what they tell of the past."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from harit_desktop.alerting import drafts
from harit_desktop.alerting.book import AlertKey, key_of
from harit_desktop.alerting.conditions import Turn
from harit_desktop.alerting.readings import Correct, ValueRules, ValueTurn
from harit_desktop.alerting.rules import AlarmLimits
from harit_desktop.domain.alert import Alert, AlertRule
from harit_desktop.domain.reading import AnalysedReading

MOST_PAST = 1000


class Backlog:
    """Judges late readings by themselves, in the order of their time, until no more come.

    What they say is over in any case: newer readings say what is.
    """

    def __init__(self, rules: Sequence[AlertRule], limits: AlarmLimits, correct: Correct) -> None:
        self._new_values: Callable[[], ValueRules] = lambda: ValueRules(rules, limits, correct)
        self._values = self._new_values()
        self._open: dict[AlertKey, Alert] = {}
        self._over: list[Alert] = []
        self._last_us: dict[str, int] = {}

    def feed(self, item: AnalysedReading) -> None:
        self._last_us[item.reading.publisher_id] = item.reading.timestamp_us
        for turn in self._values.feed(item):
            self._take(turn)

    def finish(self) -> list[Alert]:
        """The alerts of the past, each over, in the order of their end; begins anew."""
        for alert in self._open.values():
            last_us = self._last_us.get(alert.publisher_id, alert.raised_us)
            self._over.append(replace(alert, ended_us=max(alert.raised_us, last_us)))
        over = sorted(self._over, key=lambda one: one.ended_us or 0)
        self._values = self._new_values()
        self._open, self._over, self._last_us = {}, [], {}
        return over

    def _take(self, turn: ValueTurn) -> None:
        draft = drafts.of_value(turn)
        key = key_of(draft)
        if turn.turn is Turn.RAISED:
            self._open[key] = draft
        elif turn.turn is Turn.WORSE:
            self._open[key] = replace(self._open[key], worst=turn.value)
        else:
            ended = replace(self._open.pop(key), ended_us=turn.at_us)
            if len(self._over) < MOST_PAST:
                self._over.append(ended)


def is_same_time(draft: Alert, known: Alert) -> bool:
    """Whether an alert of the past is one that is known already."""
    if key_of(draft) != key_of(known) or draft.ended_us is None:
        return False
    return draft.ended_us >= known.raised_us and (
        known.ended_us is None or known.ended_us >= draft.raised_us
    )
