"""What the alerts go by at this moment: rules, limits, calibrations, and whom to tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite

from harit_desktop.alerting.email_sink import EmailAccount, EmailSink
from harit_desktop.alerting.reach import LeftOut, nobody
from harit_desktop.alerting.readings import Correct, as_sent
from harit_desktop.alerting.rules import AlarmLimits
from harit_desktop.alerting.sinks import Sink, SinkName
from harit_desktop.alerting.texts import EnglishTexts, Texts
from harit_desktop.alerting.webhook_sink import WebhookSink
from harit_desktop.domain.alert import AlertRule
from harit_desktop.domain.analysis import ProfileLimits
from harit_desktop.domain.clock import NowUs
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.routing import Routing
from harit_desktop.settings.model import AlertSettings, RoutingSettings

SINK_SECRETS: Mapping[SinkName, str] = {
    "email": "alerts.smtp_password",
    "webhook": "alerts.webhook_token",
}
"""Where the secret of each way is kept."""


@dataclass(frozen=True)
class AlertPlan:
    """Built from settings, profile and device book, anew whenever one of them changes.

    `correct` are the calibrations (`Corrections.values`), `person` is who acknowledges here,
    `left_out` tells whose readings are not taken.
    `email` or `webhook` (address and token) None send nothing that way.
    """

    rules: Sequence[AlertRule] = ()
    limits: AlarmLimits | None = None
    correct: Correct = as_sent
    left_out: LeftOut = nobody
    quiet_from: str = ""
    quiet_to: str = ""
    person: str = ""
    email: EmailAccount | None = None
    webhook: tuple[str, str] | None = field(default=None, repr=False)

    def watches_as(self, other: AlertPlan | None) -> bool:
        """Whether nothing changed in what is watched."""
        return other is not None and (
            (tuple(self.rules), self.limits, self.correct, self.left_out)
            == (tuple(other.rules), other.limits, other.correct, other.left_out)
            and (self.quiet_from, self.quiet_to) == (other.quiet_from, other.quiet_to)
        )


def alarm_limits(limits: ProfileLimits) -> AlarmLimits:
    """The alarm limits of a profile's ranges."""
    found = {}
    for channel, (_, _, low, high) in limits.items():
        found[channel] = (low if isfinite(low) else None, high if isfinite(high) else None)
    return found


def left_out_by(rules: RoutingSettings, zones: Mapping[str, str]) -> LeftOut:
    """Whose readings these rules leave out; `zones` has the zone of a device."""
    if rules.mode == "all":
        return nobody
    routing = Routing(rules.mode, rules.devices, rules.topics, rules.zones)

    def left_out(device: DeviceState) -> bool:
        name = device.publisher_id
        return not routing.takes(device.topic, name, zones.get(name, ""))

    return left_out


def make_sink(
    name: SinkName,
    plan: AlertPlan,
    now_us: NowUs,
    name_of: Callable[[str], str] = lambda publisher_id: "",
    texts: Texts | None = None,
) -> Sink | None:
    """The way of this name; None where the plan has none."""
    words = texts or EnglishTexts(name_of)
    if name == "email":
        return EmailSink(plan.email, words) if plan.email is not None else None
    if plan.webhook is None:
        return None
    url, token = plan.webhook
    return WebhookSink(url, token, words, now_us)


def plan_of(
    settings: AlertSettings,
    limits: ProfileLimits,
    correct: Correct = as_sent,
    smtp_password: str = "",
    webhook_token: str = "",
    left_out: LeftOut = nobody,
) -> AlertPlan:
    """The plan that these settings make, with the present profile's ranges."""
    email = None
    if settings.email_to:
        email = EmailAccount(
            host=settings.smtp_host,
            port=settings.smtp_port,
            sender=settings.email_from,
            to=settings.email_to,
            user=settings.smtp_user,
            password=smtp_password,
            security=settings.smtp_tls,
        )
    return AlertPlan(
        rules=settings.rules,
        limits=alarm_limits(limits),
        correct=correct,
        left_out=left_out,
        quiet_from=settings.quiet_from,
        quiet_to=settings.quiet_to,
        person=settings.person,
        email=email,
        webhook=(settings.webhook_url, webhook_token) if settings.webhook_url else None,
    )


def send_test(name: SinkName, settings: AlertSettings, secret: str, now_us: NowUs) -> None:
    """Sends a test message as these settings say; may block for some 10 s.

    Raises KnownError(alerts.email_*, alerts.webhook_*).
    """
    plan = plan_of(settings, {}, smtp_password=secret, webhook_token=secret)
    sink = make_sink(name, plan, now_us)
    if sink is None:
        raise KnownError(f"alerts.{name}_not_set")
    sink.test()
