"""Faulty probes and unusual values: what the quality tests found, once it has lasted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harit_desktop.alerting.rules import rules_for
from harit_desktop.domain.alert import Alert, AlertRule, RuleKind
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.quality import Change, QualityEvent

FAULT_KINDS = (RuleKind.STUCK, RuleKind.UNUSUAL)
MOST_PENDING = 5000
"""Device ids come from outside, and each costs memory."""

# Not a spike, a late or a repeated reading: they are over when they are known.
FAULTY_EVENTS = ("flatline", "frozen", "drift", "in_air", "noise", "range", "drop", "jump_alone")
UNUSUAL_EVENT = "unusual"

FaultKey = tuple[str, str, str]
"""Rule, device, kind of event."""


class FaultTurn(NamedTuple):
    """`channel` is "" where the event is about more than one; `ended_us` None at its onset."""

    rule: AlertRule
    event: QualityEvent
    channel: str
    ended_us: int | None


class Faults:
    """Waits until an event has lasted for its rule's on-delay, and been over for its
    off-delay."""

    def __init__(self) -> None:
        self._rules: dict[str, AlertRule] = {}
        self._pending: dict[FaultKey, FaultTurn] = {}
        self._active: dict[FaultKey, FaultTurn | None] = {}
        self._ending: dict[FaultKey, int] = {}
        self._turns: list[FaultTurn] = []

    def use(self, rules: Sequence[AlertRule], alerts: Sequence[Alert]) -> list[Alert]:
        """Watches by these rules, with these alerts open; returns those of them whose rule
        is no more."""
        self._rules = {r.id: r for r in rules if r.kind in FAULT_KINDS and r.enabled}
        gone = []
        for alert in alerts:
            kind = str(alert.params.get("kind", ""))
            key = (alert.rule_id, alert.publisher_id, kind)
            if any(r.id == alert.rule_id for r in self._fitting(alert.publisher_id, kind, [])):
                self._active.setdefault(key, None)
            else:
                gone.append(alert)
                self._active.pop(key, None)
                self._ending.pop(key, None)
        self._pending = {key: one for key, one in self._pending.items() if key[0] in self._rules}
        return gone

    def feed(self, event: QualityEvent) -> None:
        """Takes what changed in an event; `due` tells what comes of it."""
        if event.change is Change.CLEARED:
            for rule in self._rules.values():
                self._clear((rule.id, event.publisher_id, event.kind), rule, event)
            return
        if event.kind != UNUSUAL_EVENT and (
            event.kind not in FAULTY_EVENTS or event.flag not in (Flag.SUSPECT, Flag.FAIL)
        ):
            return
        for rule in self._fitting(event.publisher_id, event.kind, event.channels):
            key = (rule.id, event.publisher_id, event.kind)
            if key in self._active:
                self._ending.pop(key, None)
            elif key not in self._pending and self._count() < MOST_PENDING:
                channels = [c for c in event.channels if rule.channel in ("", c)]
                channel = channels[0] if len(channels) == 1 else ""
                self._pending[key] = FaultTurn(rule, event, channel, None)

    def due(self, now_us: int) -> Iterator[FaultTurn]:
        """What has lasted long enough, in its order."""
        turns, self._turns = self._turns, []
        yield from turns
        for key, turn in list(self._pending.items()):
            # A probe's clock may be ahead of ours by any time.
            if abs(now_us - turn.event.at_us) >= turn.rule.on_delay_s * US_PER_S:
                del self._pending[key]
                self._active[key] = turn
                yield turn
        for key, ended_us in list(self._ending.items()):
            rule = self._rules.get(key[0])
            if rule is not None and abs(now_us - ended_us) >= rule.off_delay_s * US_PER_S:
                del self._ending[key]
                yield self._end(key, rule, ended_us)

    def _clear(self, key: FaultKey, rule: AlertRule, event: QualityEvent) -> None:
        pending = self._pending.pop(key, None)
        if pending is not None:
            if event.at_us - pending.event.at_us < rule.on_delay_s * US_PER_S:
                return
            # A backlog: it began and was over before anybody looked.
            self._active[key] = pending
            self._turns.append(pending)
        if key in self._active:
            self._ending[key] = event.at_us
            if self._active[key] is None:
                self._active[key] = FaultTurn(rule, event, "", None)

    def _end(self, key: FaultKey, rule: AlertRule, ended_us: int) -> FaultTurn:
        turn = self._active.pop(key)
        assert turn is not None, "an event that ends has been seen"
        return FaultTurn(rule, turn.event, turn.channel, ended_us)

    def _fitting(self, publisher_id: str, kind: str, channels: Sequence[str]) -> list[AlertRule]:
        wanted = RuleKind.UNUSUAL if kind == UNUSUAL_EVENT else RuleKind.STUCK
        rules = list(self._rules.values())
        found: dict[str, AlertRule] = {}
        # Of an open alert only the rule and its device count.
        for channel in channels or {"", *(rule.channel for rule in rules)}:
            found.update((r.id, r) for r in rules_for(rules, wanted, publisher_id, channel))
        return list(found.values())

    def _count(self) -> int:
        return len(self._pending) + len(self._active)
