"""Conditions that are not in any value: silent devices, and the program's own state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from harit_desktop.alerting.reach import Reach
from harit_desktop.alerting.rules import patience_s, rules_for
from harit_desktop.domain.alert import Alert, AlertRule, RuleKind, Severity
from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.status import (
    ApiState,
    EngineStatus,
    LinkState,
    LocalApiState,
    ServerState,
    StoreState,
)

FORGOTTEN_AFTER_US = 7 * US_PER_DAY
"""A device that was silent for this long is taken for one that was removed."""
AWAY_AFTER_US = 60 * US_PER_S
ASLEEP_FROM_US = 30 * US_PER_S
"""Looks are a second apart: after a longer pause the computer slept or its clock was set."""

_CLOCK = "system.clock"
_SPOOL_FULL = "store.spool_full"
_DOWN_CODES = {"store.full": "system.disk", _SPOOL_FULL: "system.spool"}
_STORE_CODES = ("system.store", *_DOWN_CODES.values())
_SERVER_BAD = (ServerState.LOST, ServerState.REFUSED, ServerState.CONNECTING)

Params = Mapping[str, str | float]


class Standing(NamedTuple):
    """A condition that holds now; it is over when it is no longer named."""

    rule: AlertRule
    severity: Severity
    publisher_id: str
    code: str
    params: Params
    since_us: int


class Surroundings:
    """Looks at status and devices once a second, and says what is wrong with them."""

    def __init__(self) -> None:
        self.reach = Reach()
        self._looked_us: int | None = None
        self._since_us: dict[str, int] = {}
        self._hearing = False
        self._broker_cause = ""
        self._heard_us: dict[str, int] = {}
        self._unsure: set[tuple[str, str]] = set()

    def look(
        self,
        rules: Sequence[AlertRule],
        status: EngineStatus,
        devices: Sequence[DeviceState],
        now_us: int,
    ) -> list[Standing]:
        """Everything that is wrong now."""
        looked_us, self._looked_us = self._looked_us, now_us
        if looked_us is not None and not 0 <= now_us - looked_us <= ASLEEP_FROM_US:
            # Nobody could be heard or reached meanwhile: everything begins anew.
            self._since_us = dict.fromkeys(self._since_us, now_us)
        self._heard_us = {device.publisher_id: device.received_us for device in devices}
        self._unsure = set()
        if self.reach.look(status.link, devices):
            # What this broker brings has its time anew.
            self._since_us.pop("hearing", None)
        hearing_us = self._since("hearing", _can_hear(status), now_us)
        self._hearing = hearing_us is not None
        audible = [one for one in devices if not self.reach.is_beyond(one.publisher_id)]
        found = [] if hearing_us is None else list(_silent(rules, audible, hearing_us, now_us))
        for rule in rules_for(rules, RuleKind.SYSTEM, "", ""):
            for severity, publisher_id, code, params, since_us in self._system(
                status, devices, now_us
            ):
                worse = Severity.CRITICAL if rule.severity is Severity.CRITICAL else severity
                found.append(Standing(rule, worse, publisher_id, code, params, since_us))
        return found

    def is_moot(self, alert: Alert) -> bool:
        """Whether an alert can tell nothing any more: its device cannot be heard here."""
        return alert.kind is RuleKind.SILENT and self.reach.is_beyond(alert.publisher_id)

    def is_over(self, alert: Alert) -> bool:
        """Whether an alert that is not named any more is over.

        A device that cannot be heard, or is no longer known, is not back for that; neither
        is a connection that has just begun to try.
        """
        if alert.kind is RuleKind.SILENT:
            heard_us = self._heard_us.get(alert.publisher_id)
            return self._hearing and heard_us is not None and heard_us > alert.raised_us
        return (alert.code, alert.publisher_id) not in self._unsure

    def _since(self, name: str, holds: bool, now_us: int) -> int | None:
        """Since when a condition holds; None while it does not."""
        if not holds:
            self._since_us.pop(name, None)
            return None
        return self._since_us.setdefault(name, now_us)

    def _lasts(self, code: str, bad: bool, sure: bool, now_us: int) -> int | None:
        """Since when a condition of ours holds, once it has for a minute; else None, and while
        it is neither surely there nor surely over, it stays as it was."""
        since_us = self._since(code, bad, now_us)
        idle_us = self._since(f"{code} idle", not bad and not sure, now_us)
        if since_us is not None and now_us - since_us >= AWAY_AFTER_US:
            return since_us
        if since_us is not None or (idle_us is not None and now_us - idle_us < AWAY_AFTER_US):
            self._unsure.add((code, ""))
        return None

    def _system(
        self, status: EngineStatus, devices: Sequence[DeviceState], now_us: int
    ) -> Iterator[tuple[Severity, str, str, Params, int]]:
        link, store, server = status.link, status.store, status.server
        # Between two attempts the state changes; only a connection ends this.
        off, up = link.state is LinkState.OFF, link.state is LinkState.CONNECTED
        away_us = self._lasts("system.broker", not off and not up, up, now_us)
        # While it is tried again there is none.
        if up or link.problem is not None:
            self._broker_cause = "" if up or link.problem is None else link.problem.code
        if away_us is not None:
            address: Params = {"host": link.host, "port": link.port, "cause": self._broker_cause}
            yield Severity.WARNING, "", "system.broker", address, away_us
        bad = server.state in _SERVER_BAD
        ready = server.state is ServerState.READY
        lost_us = self._lasts("system.server", bad, ready, now_us)
        if lost_us is not None:
            waiting: Params = {"host": server.host, "waiting": server.waiting}
            yield Severity.WARNING, "", "system.server", waiting, lost_us
        cause = store.problem.code if store.problem is not None else ""
        if not store.opened:
            self._unsure |= {(code, "") for code in _STORE_CODES}
        elif store.state is StoreState.DOWN:
            code = _DOWN_CODES.get(cause, "system.store")
            since_us = self._since_us.setdefault("store", now_us)
            yield Severity.CRITICAL, "", code, {"cause": cause}, since_us
        else:
            self._since_us.pop("store", None)
        if cause != _SPOOL_FULL:
            full = next((one for one in status.problems if one.code == _SPOOL_FULL), None)
            full_us = self._since("spool", full is not None, now_us)
            if full_us is not None:
                yield Severity.CRITICAL, "", "system.spool", {"cause": _SPOOL_FULL}, full_us
        yield from self._clocks(devices, now_us)

    def _clocks(
        self, devices: Sequence[DeviceState], now_us: int
    ) -> Iterator[tuple[Severity, str, str, Params, int]]:
        """Devices whose time cannot be right; where all of them are, it is our own clock."""
        real = [d for d in devices if not d.simulated and not d.is_stale(now_us)]
        wrong = {d.publisher_id for d in real if d.clock_suspect or d.is_ahead(now_us)}
        heard = {d.publisher_id for d in real}
        own = len(heard) > 1 and wrong == heard
        if own or len(heard) < 2:
            self._unsure.add((_CLOCK, ""))
        # A device that is silent now is not right for that.
        self._unsure |= {(_CLOCK, one) for one in self._heard_us if one not in heard or own}
        named = {""} if own else wrong
        for name in [n for n in self._since_us if n.startswith(_CLOCK)]:
            if name.removeprefix(_CLOCK) not in named:
                del self._since_us[name]
        for publisher_id in sorted(named):
            since_us = self._since_us.setdefault(_CLOCK + publisher_id, now_us)
            if now_us - since_us >= AWAY_AFTER_US:
                yield Severity.WARNING, publisher_id, _CLOCK, {}, since_us
            else:
                self._unsure.add((_CLOCK, publisher_id))


def _can_hear(status: EngineStatus) -> bool:
    """Whether readings could come in at all: while nobody can be heard, no device is silent."""
    if status.link.state is LinkState.CONNECTED or status.api.state is ApiState.IN_USE:
        return True
    return status.link.state is LinkState.OFF and status.local_api.state is LocalApiState.RUNNING


def _silent(
    rules: Sequence[AlertRule], devices: Sequence[DeviceState], hearing_us: int, now_us: int
) -> Iterator[Standing]:
    for device in devices:
        heard_us = device.received_us
        if device.simulated or now_us - heard_us > FORGOTTEN_AFTER_US:
            continue
        if heard_us > now_us:
            # Our clock was set back since.
            heard_us = hearing_us
        for rule in rules_for(rules, RuleKind.SILENT, device.publisher_id, ""):
            after_s = patience_s(rule, device.interval_s)
            wait_us = (after_s + rule.on_delay_s) * US_PER_S
            if now_us - max(heard_us, hearing_us) > wait_us:
                params: Params = {"after_s": after_s}
                name = device.publisher_id
                yield Standing(rule, rule.severity, name, "device.silent", params, heard_us)
