"""Short words about an alert: its severity, place, state, times, and the glyph beside them."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication, QLocale

from harit_desktop.domain.alert import Alert, AlertState, RuleKind, Severity
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.device_book import DeviceBook
from harit_desktop.ui.device_names import device_label
from harit_desktop.ui.problem_texts import printable
from harit_desktop.ui.words import (
    DASH,
    channel_short_name,
    clock_text,
    duration_text,
    joined,
    local_time,
    moment_text,
    number,
)

FLOOD_CODE, PAST_CODE = "many", "past"
"""Codes of alerts that stand for others."""
_MOST_NAMED = 2


def severity_word(alert: Alert) -> str:
    """What the first column says. A critical alert is called so, whatever it is about."""
    tr = QCoreApplication.translate
    if alert.severity is Severity.CRITICAL:
        return tr("Alerts", "Critical")
    if alert.kind is RuleKind.SILENT:
        return tr("Alerts", "Silent")
    if alert.kind is RuleKind.SYSTEM and not stands_for_others(alert):
        return tr("Alerts", "System")
    return tr("Alerts", "Warning")


def severity_name(severity: Severity) -> str:
    """The word for a severity by itself."""
    tr = QCoreApplication.translate
    return tr("Alerts", "Critical") if severity is Severity.CRITICAL else tr("Alerts", "Warning")


def glyph(alert: Alert) -> str:
    """A key of `icons.STATUS_GLYPHS`: shape and colour of the alert as it is now."""
    if alert.ended_us is not None:
        return "ok"
    if alert.severity is Severity.CRITICAL:
        return "crit"
    return "stale" if alert.kind is RuleKind.SILENT else "warn"


def stands_for_others(alert: Alert) -> bool:
    """Whether it is one alert for many."""
    return alert.code in (FLOOD_CODE, PAST_CODE)


def device_word(alert: Alert, book: DeviceBook) -> str:
    """The device by its name; this computer for what is about no device."""
    if alert.publisher_id:
        return device_label(book, alert.publisher_id)
    tr = QCoreApplication.translate
    if stands_for_others(alert):
        return tr("Alerts", "Several")
    return tr("Alerts", "This computer")


def channel_word(alert: Alert) -> str:
    """The channel, or which part of the program."""
    tr = QCoreApplication.translate
    if alert.channel:
        return channel_short_name(alert.channel)
    parts = {
        "system.broker": tr("Alerts", "Broker"),
        "system.store": tr("Alerts", "Database"),
        "system.disk": tr("Alerts", "Disk"),
        "system.spool": tr("Alerts", "Spool"),
        "system.server": tr("Alerts", "Database server"),
        "system.clock": tr("Alerts", "Clock"),
    }
    if alert.code in parts:
        return parts[alert.code]
    if alert.kind is RuleKind.SILENT:
        return tr("Alerts", "All channels")
    if alert.kind in (RuleKind.STUCK, RuleKind.UNUSUAL):
        return _several(concerned(alert))
    return DASH


def concerned(alert: Alert) -> list[str]:
    """The channels that it is about."""
    if alert.channel:
        return [alert.channel]
    named = str(alert.params.get("channels", "")).split(",")
    return [channel.key for channel in CHANNELS if channel.key in named]


def _several(channels: list[str]) -> str:
    if len(channels) == len(CHANNELS):
        return QCoreApplication.translate("Alerts", "All channels")
    if 0 < len(channels) <= _MOST_NAMED:
        return joined([channel_short_name(key) for key in channels])
    return QCoreApplication.translate("Alerts", "Several")


def stamp_text(time_us: int, now_us: int) -> str:
    """Day and time, as in "23 Nov 12:14"; with the year where it is not this one."""
    moment, today = local_time(time_us), local_time(now_us)
    same_year = moment.date().year() == today.date().year()
    return QLocale().toString(moment, "d MMM HH:mm" if same_year else "d MMM yyyy HH:mm")


def lasted_s(alert: Alert, now_us: int) -> float:
    """How long it lasted, or has lasted so far."""
    until_us = now_us if alert.ended_us is None else alert.ended_us
    return max(0.0, (until_us - alert.raised_us) / US_PER_S)


def duration_word(alert: Alert, now_us: int) -> str:
    """As in "2 h 16 min, active"."""
    template = (
        QCoreApplication.translate("Alerts", "{duration}, active")
        if alert.ended_us is None
        else QCoreApplication.translate("Alerts", "{duration}, ended")
    )
    return template.format(duration=duration_text(lasted_s(alert, now_us)))


def acknowledged_word(alert: Alert, now_us: int) -> str:
    """Who acknowledged it and when, or what became of it without."""
    tr = QCoreApplication.translate
    if alert.acknowledged_us is not None:
        when = moment_text(alert.acknowledged_us, now_us)
        if not alert.acknowledged_by:
            return tr("Alerts", "Acknowledged {time}").format(time=when)
        return tr("Alerts", "{person}, {time}").format(
            person=printable(alert.acknowledged_by), time=when
        )
    if alert.ended_us is None and alert.is_muted(now_us):
        return muted_word(alert, now_us)
    if alert.ended_us is None:
        return tr("Alerts", "Not acknowledged")
    if alert.state is AlertState.ENDED_NEW:
        return tr("Alerts", "Over, not seen yet")
    return tr("Alerts", "Closed by itself")


def muted_word(alert: Alert, now_us: int) -> str:
    """Until when its rule and device are muted; empty where they are not."""
    if not alert.is_muted(now_us) or alert.muted_until_us is None:
        return ""
    return QCoreApplication.translate("Alerts", "Muted until {time}").format(
        time=clock_text(alert.muted_until_us)
    )


def level_text(channel: str, value: float | None) -> str:
    """A limit with its unit and no more decimals than it needs, as in "25 %"."""
    if value is None or value != value:
        return DASH
    shown = short_number(value)
    unit = CHANNELS[CHANNEL_INDEX[channel]].unit if channel in CHANNEL_INDEX else ""
    if not unit:
        return shown
    return QCoreApplication.translate("Words", "{value} {unit}").format(value=shown, unit=unit)


def short_number(value: float) -> str:
    """A number with up to two decimals, without those that are zero."""
    return number(value, next((p for p in range(2) if round(value, p) == round(value, 2)), 2))


def is_open(alert: Alert) -> bool:
    """Whether somebody should still look at it."""
    return alert.state is not AlertState.ENDED


def without_members(alerts: Iterable[Alert]) -> list[Alert]:
    """The alerts, but those for which another one that is there stands. What still goes on is
    shown by itself once the flood is over."""
    found = list(alerts)
    over = {alert.id: alert.ended_us is not None for alert in found if stands_for_others(alert)}
    return [
        one
        for one in found
        if over.get(one.flood_id or 0, True)
        and not (one.flood_id in over and one.ended_us is not None)
    ]
