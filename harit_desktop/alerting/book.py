"""The alerts there are, and what is to be stored of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from harit_desktop.domain.alert import (
    Alert,
    AlertChange,
    AlertState,
    AlertTransition,
    RuleKind,
    Severity,
)
from harit_desktop.domain.clock import US_PER_S

FLOOD_RULE = "flood"
FLOOD_CODE = "many"
PAST_CODE = "past"
"""An alert with one of these codes stands for others: too many at once, or over before
anybody could be told."""

MOST_ENDED = 500
"""Ended alerts that nobody looks at give way, the oldest first; all are stored."""
_WRITE_WORSE_US = 60 * US_PER_S

AlertKey = tuple[str, str, str, str]
"""What makes two alerts the same one: rule, device, channel, and the code or kind."""


class AlertEvent(NamedTuple):
    """An alert to be stored as it is now; `transition` None is no line of its log."""

    alert: Alert
    transition: AlertTransition | None


def key_of(alert: Alert) -> AlertKey:
    """What no two open alerts have in common."""
    if alert.kind in (RuleKind.RANGE, RuleKind.RATE):
        return (alert.rule_id, alert.publisher_id, alert.channel, alert.kind.value)
    if alert.kind in (RuleKind.STUCK, RuleKind.UNUSUAL):
        # An event may spread to other channels while it goes on.
        return (alert.rule_id, alert.publisher_id, "", str(alert.params.get("kind", "")))
    return (alert.rule_id, alert.publisher_id, "", alert.code)


class AlertBook:
    """The alerts that are not ENDED, by id and by key. `version` grows with every change.

    A change is a line of the log and stored at once; what only grows (the worst value, the
    count of a flood) is stored once a minute.
    """

    def __init__(self, alerts: Iterable[Alert] = (), next_id: int = 1) -> None:
        self.version = 0
        self._alerts: dict[int, Alert] = {}
        self._open: dict[AlertKey, int] = {}
        self._next_id = next_id
        self._events: list[AlertEvent] = []
        self._grown: dict[int, None] = {}
        self._written_us = 0
        for alert in alerts:
            self.take_back(alert)

    def take_back(self, alert: Alert) -> None:
        """Knows an alert of the store again; one that is known stays as it is."""
        if alert.id not in self._alerts:
            self._alerts[alert.id] = alert
            self._next_id = max(self._next_id, alert.id + 1)
            if alert.ended_us is None:
                self._open.setdefault(key_of(alert), alert.id)

    def get(self, alert_id: int) -> Alert | None:
        return self._alerts.get(alert_id)

    def open_as(self, key: AlertKey) -> Alert | None:
        """The open alert of this key."""
        return self._alerts.get(self._open.get(key, 0))

    def active(self) -> list[Alert]:
        return [alert for alert in self._alerts.values() if alert.ended_us is None]

    def __iter__(self) -> Iterator[Alert]:
        return iter(list(self._alerts.values()))

    def add(self, alert: Alert, now_us: int) -> Alert:
        """A new alert, with its id."""
        alert = replace(alert, id=self._next_id)
        self._next_id += 1
        if alert.ended_us is None:
            self._open[key_of(alert)] = alert.id
        self.put(alert, AlertChange.RAISED, alert.raised_us if alert.ended_us else now_us)
        if alert.ended_us is not None:
            self._log(alert, AlertChange.ENDED, alert.ended_us)
            self._bound()
        return alert

    def end(self, alert: Alert, ended_us: int) -> Alert:
        """It is over."""
        if self._open.get(key_of(alert)) == alert.id:
            del self._open[key_of(alert)]
        # A value of the past can be the one that ends it.
        ended = replace(alert, ended_us=max(alert.raised_us, ended_us))
        self.put(ended, AlertChange.ENDED, ended_us)
        self._bound()
        return ended

    def put(
        self, alert: Alert, change: AlertChange, at_us: int, person: str = "", note: str = ""
    ) -> None:
        """Keeps an alert as it is now, with a line of its log."""
        self._alerts[alert.id] = alert
        self._grown.pop(alert.id, None)
        self._log(alert, change, at_us, person, note)
        self.let_go(alert)

    def mark(self, alert: Alert) -> None:
        """Keeps what is no change for people, such as that they were told."""
        self._alerts[alert.id] = alert
        self._grown.pop(alert.id, None)
        self._events.append(AlertEvent(alert, None))
        self.version += 1
        self.let_go(alert)

    def grow(self, alert: Alert) -> None:
        """Keeps a worse value or a larger count."""
        self._alerts[alert.id] = alert
        self._grown[alert.id] = None
        self.version += 1

    def take_events(self, now_us: int, *, everything: bool = False) -> list[AlertEvent]:
        """What is to be stored since the last call, in its order."""
        due = not 0 <= now_us - self._written_us < _WRITE_WORSE_US
        if self._grown and (due or everything):
            self._events += [AlertEvent(self._alerts[one], None) for one in self._grown]
            self._grown.clear()
            self._written_us = now_us
        events, self._events = self._events, []
        return events

    def shown(self) -> list[Alert]:
        """The new before the acknowledged before those that are over; of each the critical
        first, then the newest."""
        return sorted(self._alerts.values(), key=_urgency)

    def _log(
        self, alert: Alert, change: AlertChange, at_us: int, person: str = "", note: str = ""
    ) -> None:
        self.version += 1
        transition = AlertTransition(alert.id, at_us, change, person, note)
        self._events.append(AlertEvent(alert, transition))

    def let_go(self, alert: Alert) -> None:
        """Forgets it where it is over and seen."""
        if alert.state is AlertState.ENDED:
            del self._alerts[alert.id]

    def _bound(self) -> None:
        ended = [one.id for one in self._alerts.values() if one.ended_us is not None]
        for alert_id in sorted(ended)[: max(0, len(ended) - MOST_ENDED)]:
            del self._alerts[alert_id]


_STATES = tuple(AlertState)
_SEVERITIES = tuple(Severity)


def _urgency(alert: Alert) -> tuple[int, int, int, int]:
    return (
        _STATES.index(alert.state),
        -_SEVERITIES.index(alert.severity),
        -alert.raised_us,
        -alert.id,
    )
