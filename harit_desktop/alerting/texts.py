"""The words of messages to people who are not at the window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from harit_desktop.alerting.book import FLOOD_CODE, PAST_CODE
from harit_desktop.alerting.teller import Telling
from harit_desktop.domain.alert import Alert, RuleKind, Severity
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.clock import US_PER_S

MAX_CHARS = 200
_PRECISION = {channel.key: channel.precision for channel in CHANNELS}
_UNITS = {channel.key: channel.unit for channel in CHANNELS}


class Texts(Protocol):
    """Plain text in one language; `line` is one sentence, without a line break."""

    def subject(self, tellings: Sequence[Telling]) -> str: ...
    def line(self, telling: Telling) -> str: ...
    def test_subject(self) -> str: ...
    def test_line(self) -> str: ...


class EnglishTexts:
    """Implements `Texts`; `name_of` is what people call a device."""

    def __init__(self, name_of: Callable[[str], str] = lambda publisher_id: "") -> None:
        self._name_of = name_of

    def subject(self, tellings: Sequence[Telling]) -> str:
        """The first of the worst, and how many more there are."""
        first = min(
            tellings, key=lambda one: (one.ended, one.alert.severity is not Severity.CRITICAL)
        )
        more = f" and {len(tellings) - 1} more" if len(tellings) > 1 else ""
        return plain(f"Harit: {self._what(first.alert)}{_over(first)}{more}")

    def line(self, telling: Telling) -> str:
        """What, since when, and the value."""
        alert = telling.alert
        parts = [f"{alert.severity.value.capitalize()}: {self._what(alert)}{_over(telling)}"]
        value = _value(alert)
        if value and not telling.ended:
            parts.append(value)
        times = f"since {_time(alert.raised_us)}"
        if telling.ended and alert.ended_us is not None:
            times = f"from {_time(alert.raised_us)} to {_time(alert.ended_us)}"
        parts.append(times)
        return plain("; ".join(parts))

    def test_subject(self) -> str:
        return "Harit: test message"

    def test_line(self) -> str:
        return "This is a test. Alerts of Harit Desktop will come this way."

    def _what(self, alert: Alert) -> str:
        known = _BROKER_REFUSES if _is_refused(alert) else _WHAT.get(alert.code)
        what = known or _BY_KIND.get(alert.kind, alert.code)
        what = what.format(channel=alert.channel or "a channel", count=alert.flood)
        device = self._name_of(alert.publisher_id) or alert.publisher_id
        return f"{device}: {what}" if device else what


_WHAT = {
    "value.low": "{channel} is too low",
    "value.high": "{channel} is too high",
    "rate.falling": "{channel} falls too fast",
    "rate.rising": "{channel} rises too fast",
    "device.silent": "no readings",
    "system.broker": "the broker cannot be reached",
    "system.server": "the database server cannot be reached",
    "system.store": "readings cannot be stored",
    "system.disk": "the disk is full, readings cannot be stored",
    "system.spool": "the spool is full, readings wait with the broker",
    "system.clock": "the clock is wrong",
    FLOOD_CODE: "many alerts, likely one cause ({count})",
    PAST_CODE: "{count} alerts while nothing could be received",
}
_BY_KIND = {
    RuleKind.STUCK: "the probe seems faulty",
    RuleKind.UNUSUAL: "{channel} is unusual for this hour",
}


_BROKER_REFUSES = "the broker does not let the program in"
_REFUSALS = frozenset(
    {
        "broker.auth",
        "broker.not_authorized",
        "broker.rejected",
        "broker.client_id_rejected",
        "broker.client_id_in_use",
        "broker.subscribe_denied",
    }
)


def _is_refused(alert: Alert) -> bool:
    """Whether the broker answers, and turns us away."""
    return alert.code == "system.broker" and alert.params.get("cause") in _REFUSALS


def plain(text: str) -> str:
    """One line of printable text, whatever a device calls itself."""
    shown = "".join(one if one.isprintable() else " " for one in text)
    return shown if len(shown) <= MAX_CHARS else shown[: MAX_CHARS - 1] + "…"


def _over(telling: Telling) -> str:
    return " (over)" if telling.ended and telling.alert.code != PAST_CODE else ""


def _value(alert: Alert) -> str:
    if alert.value is None:
        return ""
    unit = _UNITS.get(alert.channel, "") + ("/h" if alert.kind is RuleKind.RATE else "")
    digits = _PRECISION.get(alert.channel, 1)
    text = f"{alert.value:.{digits}f} {unit}".strip()
    if alert.limit is not None:
        text += f" (limit {alert.limit:.{digits}f})"
    return text


def _time(time_us: int) -> str:
    return datetime.fromtimestamp(time_us / US_PER_S).astimezone().strftime("%Y-%m-%d %H:%M %z")
