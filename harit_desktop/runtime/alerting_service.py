"""The alerts as the engine sees them: kept in line with settings, profile and calibrations."""

from __future__ import annotations

from harit_desktop.alerting.reach import LeftOut
from harit_desktop.alerting.sinks import SinkName
from harit_desktop.domain.alert import AlertBoard
from harit_desktop.runtime.alert_keeper import AlertKeeper
from harit_desktop.runtime.alert_plan import SINK_SECRETS, left_out_by, plan_of
from harit_desktop.runtime.judging import Judging
from harit_desktop.settings.model import AlertSettings
from harit_desktop.settings.secrets import SecretStore
from harit_desktop.settings.store import SettingsStore


class AlertingService:
    """Builds the plan of `keeper` anew when something it follows from has changed.

    `follow` belongs to the control thread, for the keyring may ask a person.
    """

    def __init__(
        self,
        keeper: AlertKeeper,
        judging: Judging,
        settings: SettingsStore,
        secrets: SecretStore,
    ) -> None:
        self.keeper = keeper
        self._judging = judging
        self._settings = settings
        self._secrets = secrets
        self._followed: tuple[AlertSettings, object] | None = None

    @property
    def board(self) -> AlertBoard:
        return self.keeper.board

    def start(self) -> None:
        """Begins with the rules; passwords follow when the control thread has them."""
        self.keeper.use(
            plan_of(
                self._settings.current.alerts,
                self._judging.limits(),
                self._judging.corrections.values,
                left_out=self._left_out(),
            )
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
                self._judging.limits(),
                self._judging.corrections.values,
                self._secret("email") if settings.email_to and settings.smtp_user else "",
                self._secret("webhook") if settings.webhook_url else "",
                self._left_out(),
            )
        )

    def _left_out(self) -> LeftOut:
        return left_out_by(self._settings.current.routing, self._judging.book.zones())

    def follow_secrets(self) -> None:
        """A password was changed."""
        self._followed = None

    def _secret(self, kind: SinkName) -> str:
        return self._secrets.get(SINK_SECRETS[kind]) or ""
