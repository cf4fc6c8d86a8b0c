"""The alerts as the engine sees them: kept in line with settings and profile, asked by views."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from harit_desktop.alerting.sinks import SinkName
from harit_desktop.alerting.trial import try_rule
from harit_desktop.domain.alert import AlertBoard, AlertRule, TriedRule
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.clock import US_PER_DAY, NowUs
from harit_desktop.runtime.alert_keeper import AlertKeeper
from harit_desktop.runtime.alert_plan import alarm_limits, plan_of, send_test
from harit_desktop.runtime.judging import Judging
from harit_desktop.runtime.judging_parts import Limits
from harit_desktop.runtime.parts import Parts
from harit_desktop.runtime.queries import QueryHandle, QueryPool
from harit_desktop.runtime.store_parts import HistoryPart
from harit_desktop.settings.model import AlertSettings
from harit_desktop.settings.secrets import SecretStore
from harit_desktop.settings.store import SettingsStore

log = logging.getLogger(__name__)

MOST_EVENTS = 5000
_SECRETS: Mapping[SinkName, str] = {
    "email": "alerts.smtp_password",
    "webhook": "alerts.webhook_token",
}


class AlertingService:
    """Builds the plan of `keeper` anew when something it follows from has changed.

    `follow` belongs to the control thread, for the keyring may ask a person; the questions
    are for any thread and answer through their handles.
    """

    def __init__(
        self,
        keeper: AlertKeeper,
        parts: Parts,
        judging: Judging,
        settings: SettingsStore,
        secrets: SecretStore,
        now_us: NowUs,
    ) -> None:
        self.keeper = keeper
        self._parts = parts
        self._judging = judging
        self._settings = settings
        self._secrets = secrets
        self._now_us = now_us
        self._followed: tuple[AlertSettings, object] | None = None

    @property
    def board(self) -> AlertBoard:
        return self.keeper.board

    def limits(self) -> Mapping[str, Limits]:
        """The present profile's ranges, for the channels that it judges."""
        found = {c.key: self._judging.analyser.limits(c.key) for c in CHANNELS}
        return {key: limits for key, limits in found.items() if limits is not None}

    def start(self) -> None:
        """Begins with the rules; passwords follow when the control thread has them."""
        self.keeper.use(
            plan_of(self._settings.current.alerts, self.limits(), self._judging.corrections.values)
        )
        self.keeper.start()

    def follow(self) -> None:
        """Takes over changed rules, profile, calibrations or passwords; costs nothing where
        there are none."""
        settings, analyser = self._settings.current.alerts, self._judging.analyser
        if self._followed is not None:
            before, judged = self._followed
            if settings == before and analyser is judged:
                return
        self._followed = (settings, analyser)
        self.keeper.use(
            plan_of(
                settings,
                self.limits(),
                self._judging.corrections.values,
                self._secret("email") if settings.email_to and settings.smtp_user else "",
                self._secret("webhook") if settings.webhook_url else "",
            )
        )

    def follow_secrets(self) -> None:
        """A password was changed."""
        self._followed = None

    def try_rule(
        self, queries: QueryPool, history: HistoryPart, rule: AlertRule, days: int
    ) -> QueryHandle[TriedRule]:
        """What a rule would have told over the last days of this computer's readings."""
        until_us = self._now_us()
        since_us = until_us - days * US_PER_DAY

        def work(handle: QueryHandle[TriedRule]) -> TriedRule:
            def cancelled() -> bool:
                return handle.token.cancelled

            return try_rule(
                rule,
                self._parts.readings_between(since_us, until_us, rule.publisher_id, cancelled),
                alarm_limits(self.limits()),
                self._judging.corrections.values,
                events=history.quality_events(
                    rule.publisher_id or None, since_us, until_us, MOST_EVENTS
                ),
                until_us=until_us,
                progress=lambda at_us: handle.report((at_us - since_us) / (until_us - since_us)),
                cancelled=cancelled,
            )

        return queries.submit("try rule", work)

    def test_sink(
        self, probes: QueryPool, kind: SinkName, changes: Mapping[str, Any], secret: str | None
    ) -> QueryHandle[None]:
        """Sends a test message as changed settings say; `secret` None is the one kept."""

        def work(_: QueryHandle[None]) -> None:
            kept = self._secret(kind) if secret is None else secret
            send_test(kind, self._settings.preview(changes).alerts, kept, self._now_us)

        return probes.submit("sink test", work)

    def _secret(self, kind: SinkName) -> str:
        return self._secrets.get(_SECRETS[kind]) or ""
