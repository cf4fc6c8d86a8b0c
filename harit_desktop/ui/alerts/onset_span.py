"""Which channel and stretch of time shows best how an alert came about."""

from __future__ import annotations

from typing import NamedTuple

from harit_desktop.domain.alert import Alert, RuleKind
from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.ui.alerts.alert_words import concerned

_HOUR_US = 3600 * US_PER_S
_SILENT_CHANNEL = "Moisture"
"""A silence is seen in every channel; this one is looked at most."""


class OnsetSpan(NamedTuple):
    channel: str
    start_us: int
    end_us: int


def onset_span(alert: Alert, now_us: int) -> OnsetSpan | None:
    """None for an alert that is in no channel of any device."""
    channels = [key for key in concerned(alert) if key in CHANNEL_INDEX]
    if not channels and alert.kind is RuleKind.SILENT:
        channels = [_SILENT_CHANNEL]
    if not channels or not alert.publisher_id:
        return None
    return OnsetSpan(channels[0], *around(alert, now_us))


def around(alert: Alert, now_us: int) -> tuple[int, int]:
    """From well before the onset to now, or to a little after the end."""
    ended_us = alert.ended_us
    until_us = max(now_us if ended_us is None else ended_us, alert.raised_us)
    lasted_us = until_us - alert.raised_us
    lead_us = min(max(5 * lasted_us // 2, _HOUR_US), US_PER_DAY)
    tail_us = 0 if ended_us is None else min(max(lasted_us // 2, _HOUR_US // 4), US_PER_DAY // 2)
    return alert.raised_us - lead_us, max(alert.raised_us, min(until_us + tail_us, now_us))
