"""Settings and rules that are tried before they are in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harit_desktop.alerting.sinks import SinkName
from harit_desktop.alerting.trial import try_rule
from harit_desktop.domain.alert import AlertRule, TriedRule
from harit_desktop.domain.api import ApiTest
from harit_desktop.domain.clock import US_PER_DAY
from harit_desktop.domain.diagnosis import Checks
from harit_desktop.runtime.alert_plan import SINK_SECRETS, alarm_limits, send_test
from harit_desktop.runtime.probing import Probe, with_running_link
from harit_desktop.runtime.queries import QueryHandle, QueryPool
from harit_desktop.runtime.workbench import Workbench

MOST_EVENTS = 5000


class Trials:
    """Tries what a dialog holds; nothing of it is kept and no call waits.

    Owns the pool "probe": a server or a keyring that does not answer must not keep charts or
    exports waiting.
    """

    def __init__(self, bench: Workbench, queries: QueryPool) -> None:
        self._bench = bench
        self._settings = bench.settings_store
        self._secrets = bench.secrets
        self._queries = queries
        self._pool = QueryPool(1, "probe")

    def stop(self, deadline_s: float) -> None:
        """Cancels what runs in the pool and waits for its thread at most so long."""
        self._pool.stop(deadline_s)

    def try_rule(self, rule: AlertRule, days: int = 7) -> QueryHandle[TriedRule]:
        """What a rule would have told over the last days of this computer's readings."""
        until_us = self._bench.now_us()
        since_us = until_us - days * US_PER_DAY

        def work(handle: QueryHandle[TriedRule]) -> TriedRule:
            def cancelled() -> bool:
                return handle.token.cancelled

            return try_rule(
                rule,
                self._bench.parts.readings_between(
                    since_us, until_us, rule.publisher_id, cancelled
                ),
                alarm_limits(self._bench.judging.limits()),
                self._bench.judging.corrections.values,
                events=self._bench.keeper.history.quality_events(
                    rule.publisher_id or None, since_us, until_us, MOST_EVENTS
                ),
                until_us=until_us,
                progress=lambda at_us: handle.report((at_us - since_us) / (until_us - since_us)),
                cancelled=cancelled,
            )

        return self._queries.submit("try rule", work)

    def test_sink(
        self, kind: SinkName, changes: Mapping[str, Any], secret: str | None
    ) -> QueryHandle[None]:
        """Sends a test message as changed settings say; `secret` None is the one kept."""

        def work(_: QueryHandle[None]) -> None:
            kept = self._secrets.get(SINK_SECRETS[kind]) or "" if secret is None else secret
            send_test(kind, self._settings.preview(changes).alerts, kept, self._bench.now_us)

        return self._pool.submit("sink test", work)

    def test_api(self, changes: Mapping[str, Any], token: str | None) -> QueryHandle[ApiTest]:
        """Asks the API once, as changed settings name it; `token` None is the one kept.

        The problem of the answer is the program's own; the API's is in the `ApiTest`.
        """

        def ask(_: QueryHandle[ApiTest]) -> ApiTest:
            key = self._secrets.get("api.token") if token is None else token
            return self._bench.parts.test_api(self._settings.preview(changes), key or None)

        return self._pool.submit("api test", ask)

    def test_broker(
        self,
        changes: Mapping[str, Any],
        typed: Mapping[str, str],
        *,
        listen: bool = False,
        profile: str | None = None,
    ) -> Probe:
        """Tries the external broker as changed settings name it. Secrets that were not `typed`
        are those that are kept, for the broker `profile` where it is not the one in use; an
        empty one is none. With `listen` everything on it is heard for a while."""
        wanted = {**changes, "broker.mode": "external", "api.mode": "auto"}

        def plan() -> Checks:
            settings = self._settings.preview(wanted)
            checks = self._bench.parts.checks(
                "broker", settings, self._or_kept(typed, profile), listen=listen
            )
            client_id = self._settings.current.broker.client_id
            if settings.broker.client_id not in ("", client_id):
                return checks
            return with_running_link(
                checks, self._bench.links.link_status, settings.broker, client_id
            )

        return Probe("broker", plan)

    def test_store(self, changes: Mapping[str, Any], typed: Mapping[str, str]) -> Probe:
        """Tries the store as changed settings name it; nothing is stored."""

        def plan() -> Checks:
            return self._bench.parts.checks(
                "store", self._settings.preview(changes), self._or_kept(typed)
            )

        return Probe("store", plan)

    def builtin_password(self) -> QueryHandle[str | None]:
        """The built-in broker's password, for who has to type it into a sensor."""
        return self._pool.submit(
            "builtin password", lambda _: self._secrets.get("builtin_broker.password")
        )

    def _or_kept(
        self, typed: Mapping[str, str], profile: str | None = None
    ) -> Callable[[str], str | None]:
        def secret(key: str) -> str | None:
            return typed[key] or None if key in typed else self._secrets.get(key, profile)

        return secret
