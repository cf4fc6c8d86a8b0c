"""Who is told of what, and when: mutes, quiet hours, floods, and what is over already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from harit_desktop.alerting.book import FLOOD_CODE, FLOOD_RULE, PAST_CODE, AlertBook
from harit_desktop.alerting.telling import FloodGuard, QuietHours
from harit_desktop.domain.alert import Alert, AlertState, RuleKind, Severity

_SEVERITIES = tuple(Severity)
MuteKey = tuple[str, str]
"""Rule and device."""


class Telling(NamedTuple):
    """Something to send to people: an alert that began, or one that is over."""

    alert: Alert
    ended: bool


class Teller:
    """Decides about every alert once. What is new waits until it may be told.

    The first look after it tells it, unless it is muted, or a warning within the quiet hours.
    What comes all at once is told as one, and so is what was over before it could be told.
    """

    def __init__(self, book: AlertBook, mutes: dict[MuteKey, int]) -> None:
        self._book = book
        self.quiet = QuietHours()
        self._mutes = dict(mutes)
        self._guard = FloodGuard()
        self._waiting = {one.id: None for one in book.active() if one.told_us is None}
        self._late: dict[int, None] = {}
        self._tellings: list[Telling] = []

    def take(self) -> list[Telling]:
        """What is to be sent since the last call."""
        tellings, self._tellings = self._tellings, []
        return tellings

    # -- mutes ---------------------------------------------------------------------------

    def mute(self, alert: Alert, until_us: int) -> None:
        self._mutes[(alert.rule_id, alert.publisher_id)] = until_us

    def muted_until(self, alert: Alert, now_us: int) -> int | None:
        until_us = self._mutes.get((alert.rule_id, alert.publisher_id), 0)
        return until_us if now_us < until_us else None

    def is_silenced(self, alert: Alert, now_us: int) -> bool:
        """Muted, or a warning within the quiet hours."""
        if self.muted_until(alert, now_us) is not None:
            return True
        return alert.severity is Severity.WARNING and self.quiet.holds(now_us)

    # -- alerts --------------------------------------------------------------------------

    def begun(self, alert: Alert, *, late: bool) -> None:
        """A new alert; `late` is one of a backlog, which may be over already."""
        self._waiting[alert.id] = None
        if late:
            self._late[alert.id] = None

    def ended(self, alert: Alert, now_us: int) -> None:
        told_alone = alert.told_us is not None and alert.flood_id is None
        told_alone = told_alone and alert.code != FLOOD_CODE
        if told_alone and not self.is_silenced(alert, now_us):
            self._tellings.append(Telling(alert, ended=True))

    def look(self, now_us: int, *, settled: bool) -> None:
        """Tells what may be told now. `settled` says that no backlog is coming in."""
        new, past = [], []
        for alert_id in list(self._waiting):
            alert, late = self._book.get(alert_id), alert_id in self._late
            if alert is None or alert.state not in (AlertState.ACTIVE_NEW, AlertState.ENDED_NEW):
                self._forget(alert_id)
            elif late and not settled:
                continue
            elif self.is_silenced(alert, now_us):
                if alert.ended_us is not None and not late:
                    self._forget(alert_id)
            elif alert.ended_us is None:
                new.append(alert)
            else:
                past.append(alert)
        self._tell_new(new, now_us)
        self._tell_past(past, now_us)
        self._mutes = {key: until for key, until in self._mutes.items() if now_us < until}

    def end_flood(self, now_us: int) -> Alert | None:
        """The flood that is over now."""
        flood = self._flood()
        if flood is None or self._guard.floods(now_us):
            return None
        members = (one for one in self._book.active() if one.flood_id == flood.id)
        # After a restart nobody knows how many came: it lasts as long as they do.
        return None if self._guard.is_new() and any(members) else flood

    def banner(self, shown: Sequence[Alert], now_us: int) -> Alert | None:
        """The first of these that was told and is still new."""
        flood = self._flood()
        for alert in shown:
            hidden = flood is not None and alert.flood_id == flood.id
            new = alert.state is AlertState.ACTIVE_NEW and alert.told_us is not None
            if new and not hidden and not self.is_silenced(alert, now_us):
                return alert
        return None

    # -- details -------------------------------------------------------------------------

    def _tell_new(self, alerts: Sequence[Alert], now_us: int) -> None:
        if not alerts:
            return
        of_floods = [one for one in alerts if one.code == FLOOD_CODE]
        alone = [one for one in alerts if one.code != FLOOD_CODE]
        if alone and (self._flood() is not None or self._guard.floods(now_us, len(alone))):
            of_floods = [self._join_flood(alone, now_us)]
            alone = []
        for alert in [*of_floods, *alone]:
            self._tell(alert, now_us)

    def _tell(self, alert: Alert, now_us: int) -> None:
        self._forget(alert.id)
        if alert.told_us is None and not self.is_silenced(alert, now_us):
            told = replace(alert, told_us=now_us)
            self._book.mark(told)
            self._guard.add(1, now_us)
            self._tellings.append(Telling(told, ended=False))
        elif alert.told_us is None:
            self._waiting[alert.id] = None

    def _join_flood(self, alerts: Sequence[Alert], now_us: int) -> Alert:
        """One alert for all that come while there are too many."""
        worst = max((one.severity for one in alerts), key=_SEVERITIES.index)
        flood = self._flood()
        if flood is None:
            flood = self._book.add(_standing_for(alerts, FLOOD_CODE, worst, now_us), now_us)
        elif _SEVERITIES.index(worst) > _SEVERITIES.index(flood.severity):
            # What was told was less than what there is: it is told again.
            count = flood.flood + len(alerts)
            flood = replace(flood, flood=count, severity=worst, told_us=None)
            self._book.mark(flood)
        else:
            flood = replace(flood, flood=flood.flood + len(alerts))
            self._book.grow(flood)
        self._guard.add(len(alerts), now_us)
        for alert in alerts:
            self._forget(alert.id)
            self._book.mark(replace(alert, told_us=now_us, flood_id=flood.id))
        return flood

    def _tell_past(self, alerts: Sequence[Alert], now_us: int) -> None:
        """What was over before it could be told, as one."""
        for alert in alerts:
            self._forget(alert.id)
        if len(alerts) == 1:
            told = replace(alerts[0], told_us=now_us)
            self._book.mark(told)
            self._tellings.append(Telling(told, ended=True))
        elif alerts:
            worst = max((one.severity for one in alerts), key=_SEVERITIES.index)
            ended_us = max(one.ended_us or 0 for one in alerts)
            begun_us = min(one.raised_us for one in alerts)
            past = _standing_for(alerts, PAST_CODE, worst, begun_us)
            past = self._book.add(replace(past, ended_us=ended_us, told_us=now_us), now_us)
            for alert in alerts:
                self._book.mark(replace(alert, told_us=now_us, flood_id=past.id))
            self._tellings.append(Telling(past, ended=True))

    def _flood(self) -> Alert | None:
        return self._book.open_as((FLOOD_RULE, "", "", FLOOD_CODE))

    def _forget(self, alert_id: int) -> None:
        self._waiting.pop(alert_id, None)
        self._late.pop(alert_id, None)


def _standing_for(alerts: Sequence[Alert], code: str, severity: Severity, raised_us: int) -> Alert:
    return Alert(
        id=0,
        rule_id=FLOOD_RULE,
        kind=RuleKind.SYSTEM,
        severity=severity,
        publisher_id="",
        channel="",
        code=code,
        params={},
        value=None,
        limit=None,
        worst=None,
        raised_us=raised_us,
        flood=len(alerts),
    )
