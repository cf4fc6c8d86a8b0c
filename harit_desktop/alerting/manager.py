"""The alerts of one data folder: raised, worse, acknowledged, muted, over, seen."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

from msgspec.structs import replace

from harit_desktop.alerting import drafts
from harit_desktop.alerting.backlog import Backlog, is_same_time
from harit_desktop.alerting.book import AlertBook, AlertEvent, key_of
from harit_desktop.alerting.conditions import Turn
from harit_desktop.alerting.desk import Desk
from harit_desktop.alerting.faults import FAULT_KINDS, Faults
from harit_desktop.alerting.reach import LeftOut, nobody
from harit_desktop.alerting.readings import VALUE_KINDS, Correct, ValueRules, ValueTurn, as_sent
from harit_desktop.alerting.rules import AlarmLimits, rules_for
from harit_desktop.alerting.surroundings import Standing, Surroundings
from harit_desktop.alerting.teller import MuteKey, Teller, Telling
from harit_desktop.alerting.telling import QuietHours
from harit_desktop.domain.alert import (
    Alert,
    AlertBoard,
    AlertRule,
    RuleKind,
)
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.device import OLD_AFTER_S, DeviceState
from harit_desktop.domain.quality import QualityEvent
from harit_desktop.domain.reading import AnalysedReading
from harit_desktop.domain.status import EngineStatus

SETTLED_AFTER_US = 10 * US_PER_S
"""A backlog has come in when no late reading came for this long."""
LONGEST_BACKLOG_US = 300 * US_PER_S
_LATE_US = int(OLD_AFTER_S * US_PER_S)
_STANDING_KINDS = (RuleKind.SILENT, RuleKind.SYSTEM)
MOST_SHOWN = 2000


class AlertManager:
    """Belongs to one thread; the clock is passed in.

    `alerts` are those of earlier runs that are not ENDED, `mutes` those that still hold,
    `next_id` is the first free id. Every change waits in `take_events` to be stored, and what
    is to be sent to people in `take_tellings`; `look`, about once a second, decides on that.
    `desk` is for what people do.
    """

    def __init__(
        self,
        alerts: Iterable[Alert] = (),
        next_id: int = 1,
        mutes: Mapping[MuteKey, int] | None = None,
    ) -> None:
        self._book = AlertBook(alerts, next_id)
        self._teller = Teller(self._book, dict(mutes or {}))
        self.desk = Desk(self._book, self._teller)
        self._rules: tuple[AlertRule, ...] = ()
        self._values = ValueRules((), {}, as_sent)
        self._backlog = Backlog((), {}, as_sent)
        self._faults = Faults()
        self._surroundings = Surroundings()
        self._late_us: int | None = None
        self._late_since_us = 0

    # -- what is to be watched -----------------------------------------------------------

    def use(
        self,
        rules: Sequence[AlertRule],
        limits: AlarmLimits,
        correct: Correct,
        quiet: QuietHours,
        now_us: int,
        left_out: LeftOut = nobody,
    ) -> None:
        """Watches by these rules from now on. An alert whose rule is no more is over, without
        a word to people; of the others the severity is the rule's. The silence of a device
        that is `left_out` says nothing."""
        self._surroundings.reach.left_out = left_out
        self._rules = tuple(rules)
        self._teller.quiet = quiet
        self._values = ValueRules(rules, limits, correct, before=self._values)
        self._backlog = Backlog(rules, limits, correct)
        active = self._book.active()
        gone = self._faults.use(rules, [one for one in active if one.kind in FAULT_KINDS])
        for alert in active:
            rule: AlertRule | None
            if alert.kind in VALUE_KINDS:
                rule = self._values.resume(alert)
            else:
                rule = None if alert in gone else self._rule_of(alert)
            if rule is None and not alert.flood:
                self._book.end(alert, now_us)
            # The program's own have a severity of their own.
            elif rule is not None and alert.kind is not RuleKind.SYSTEM:
                self._use_severity(alert, rule)

    def _use_severity(self, alert: Alert, rule: AlertRule) -> None:
        if rule.severity is not alert.severity:
            self._book.mark(replace(alert, severity=rule.severity))

    def _rule_of(self, alert: Alert) -> AlertRule | None:
        if alert.kind in FAULT_KINDS:
            return next((rule for rule in self._rules if rule.id == alert.rule_id), None)
        device = alert.publisher_id if alert.kind is RuleKind.SILENT else ""
        fitting = rules_for(self._rules, alert.kind, device, "")
        return next((rule for rule in fitting if rule.id == alert.rule_id), None)

    # -- what is seen --------------------------------------------------------------------

    def feed(self, items: Iterable[AnalysedReading], now_us: int) -> None:
        """Takes stored readings, in any order; those of the simulator are left out."""
        for item in sorted(items, key=lambda one: one.reading.timestamp_us):
            reading = item.reading
            if reading.simulated:
                continue
            at_us, newest_us = reading.timestamp_us, self._values.newest_us(reading.publisher_id)
            if now_us - at_us > _LATE_US:
                self._late_since_us = now_us if self._late_us is None else self._late_since_us
                self._late_us = now_us
            if newest_us is not None and newest_us - at_us > _LATE_US:
                self._backlog.feed(item)
                continue
            for turn in self._values.feed(item):
                self._take_turn(turn, now_us)

    def take_quality(self, events: Iterable[QualityEvent]) -> None:
        """Takes what the quality tests found: faulty probes, and unusual values."""
        for event in events:
            self._faults.feed(event)

    def end_faults(self, but: Container[tuple[str, str]], now_us: int) -> None:
        """Ends what went by while nobody looked; `but` are the devices and kinds of the events
        that still go on."""
        for alert in self._book.active():
            kind = str(alert.params.get("kind", ""))
            if alert.kind in FAULT_KINDS and (alert.publisher_id, kind) not in but:
                self._end(alert, now_us, now_us)

    def look(self, status: EngineStatus, devices: Sequence[DeviceState], now_us: int) -> None:
        """Looks at what is in no reading, and tells what may be told."""
        for turn in self._faults.due(now_us):
            draft = drafts.of_fault(turn)
            alert = self._book.open_as(key_of(draft))
            if turn.ended_us is None:
                self._begin(draft, turn.event.at_us, now_us)
            elif alert is not None:
                self._end(alert, turn.ended_us, now_us)
        self._settle(self._surroundings.look(self._rules, status, devices, now_us), now_us)
        settled = self._is_settled(now_us)
        if settled and self._late_us is not None:
            self._late_us = None
            self._take_past()
        self._teller.look(now_us, settled=settled)
        flood = self._teller.end_flood(now_us)
        if flood is not None:
            self._end(flood, now_us, now_us)

    # -- what is shown, stored and sent --------------------------------------------------

    def take_events(self, now_us: int, *, everything: bool = False) -> list[AlertEvent]:
        """The changes since the last call, in their order; with `everything` also those that
        are stored once a minute."""
        return self._book.take_events(now_us, everything=everything)

    def take_tellings(self) -> list[Telling]:
        """What is to be sent since the last call."""
        return self._teller.take()

    def board(self, now_us: int) -> AlertBoard:
        """What is to be shown now."""
        shown = self._book.shown()
        banner = self._teller.banner(shown, now_us)
        version = self._book.version
        return AlertBoard(version=version, alerts=tuple(shown[:MOST_SHOWN]), telling=banner)

    # -- details -------------------------------------------------------------------------

    def _take_turn(self, turn: ValueTurn, now_us: int) -> None:
        draft = drafts.of_value(turn)
        if turn.turn is Turn.RAISED:
            self._begin(draft, turn.at_us, now_us)
            return
        alert = self._book.open_as(key_of(draft))
        if alert is None:
            return
        if turn.turn is Turn.WORSE:
            self._book.grow(replace(alert, worst=turn.value))
        else:
            self._end(alert, turn.at_us, now_us)

    def _is_settled(self, now_us: int) -> bool:
        late_us = self._late_us
        if late_us is None or not 0 <= now_us - late_us < SETTLED_AFTER_US:
            return True
        # A probe whose clock is behind is late for ever.
        return not 0 <= now_us - self._late_since_us < LONGEST_BACKLOG_US

    def _take_past(self) -> None:
        known = list(self._book)
        for draft in self._backlog.finish():
            if not any(is_same_time(draft, one) for one in known):
                self._teller.begun(self._book.add(draft, draft.raised_us), late=True)

    def _settle(self, standing: Sequence[Standing], now_us: int) -> None:
        """Raises what holds now, and ends what no longer does."""
        wanted = {key_of(draft): draft for draft in map(drafts.of_standing, standing)}
        for draft in wanted.values():
            self._begin(draft, now_us, now_us)
        for alert in self._book.active():
            named = alert.kind not in _STANDING_KINDS or key_of(alert) in wanted or alert.flood
            if not named and self._surroundings.is_moot(alert):
                self._book.end(alert, now_us)
            elif not named and self._surroundings.is_over(alert):
                self._end(alert, now_us, now_us)

    def _begin(self, draft: Alert, at_us: int, now_us: int) -> None:
        if self._book.open_as(key_of(draft)) is not None:
            return
        draft = replace(draft, muted_until_us=self._teller.muted_until(draft, now_us))
        alert = self._book.add(draft, at_us)
        self._teller.begun(alert, late=now_us - at_us > _LATE_US)

    def _end(self, alert: Alert, ended_us: int, now_us: int) -> None:
        self._teller.ended(self._book.end(alert, ended_us), now_us)
