"""What an alert says: a few words for the table, a sentence for the banner, and an explanation.

An alert carries a code: `value.*` and `rate.*` of a rule about values, a reason code of the
quality tests, `device.silent`, `system.*`, and `many` or `past` for one that stands for others.
A code from a newer version still gets an honest text.
"""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.alert import Alert
from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.device_book import DeviceBook
from harit_desktop.ui.alerts.alert_words import (
    channel_word,
    concerned,
    device_word,
    lasted_s,
    level_text,
    severity_word,
)
from harit_desktop.ui.alerts.broker_words import BROKER_WORDS
from harit_desktop.ui.problem_texts import printable
from harit_desktop.ui.quality_texts import WORDS, reason_phrase, reason_text
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP
from harit_desktop.ui.words import (
    channel_in_sentence,
    channel_name,
    channel_short_name,
    channel_value,
    clock_text,
    count,
    duration_text,
    joined,
)

_CONTEXT = "Alerts"


class _Words(NamedTuple):
    """`now` and `over` fill the table, `title` heads the detail pane, `banner` is a sentence
    without the device, `advice` is what somebody can do."""

    now: str
    over: str
    title: str
    banner: str
    advice: str = ""


_VALUES: dict[str, _Words] = {
    "value.low": _Words(
        QT_TRANSLATE_NOOP("Alerts", "Fell to {worst}, limit {limit}"),
        QT_TRANSLATE_NOOP("Alerts", "Fell to {worst}, limit {limit}"),
        QT_TRANSLATE_NOOP("Alerts", "{Channel} below {limit}"),
        QT_TRANSLATE_NOOP("Alerts", "{channel} fell to {worst}, below the {limit} limit."),
        QT_TRANSLATE_NOOP("Alerts", "It began with {value}; the lowest so far is {worst}."),
    ),
    "value.high": _Words(
        QT_TRANSLATE_NOOP("Alerts", "Rose to {worst}, limit {limit}"),
        QT_TRANSLATE_NOOP("Alerts", "Rose to {worst}, limit {limit}"),
        QT_TRANSLATE_NOOP("Alerts", "{Channel} above {limit}"),
        QT_TRANSLATE_NOOP("Alerts", "{channel} rose to {worst}, above the {limit} limit."),
        QT_TRANSLATE_NOOP("Alerts", "It began with {value}; the highest so far is {worst}."),
    ),
    "rate.falling": _Words(
        QT_TRANSLATE_NOOP("Alerts", "Fell by {change} in an hour, limit {step}"),
        QT_TRANSLATE_NOOP("Alerts", "Fell by {change} in an hour, limit {step}"),
        QT_TRANSLATE_NOOP("Alerts", "{Channel} falling fast"),
        QT_TRANSLATE_NOOP("Alerts", "{channel} fell by {change} within an hour."),
        QT_TRANSLATE_NOOP(
            "Alerts", "It changed by more than {step} an hour, which is the limit of the rule."
        ),
    ),
    "rate.rising": _Words(
        QT_TRANSLATE_NOOP("Alerts", "Rose by {change} in an hour, limit {step}"),
        QT_TRANSLATE_NOOP("Alerts", "Rose by {change} in an hour, limit {step}"),
        QT_TRANSLATE_NOOP("Alerts", "{Channel} rising fast"),
        QT_TRANSLATE_NOOP("Alerts", "{channel} rose by {change} within an hour."),
        QT_TRANSLATE_NOOP(
            "Alerts", "It changed by more than {step} an hour, which is the limit of the rule."
        ),
    ),
}
_DEVICES: dict[str, _Words] = {
    "device.silent": _Words(
        QT_TRANSLATE_NOOP("Alerts", "No reading for {lasted}, due within {after}"),
        QT_TRANSLATE_NOOP("Alerts", "No reading for {lasted}, due within {after}"),
        QT_TRANSLATE_NOOP("Alerts", "No reading"),
        QT_TRANSLATE_NOOP("Alerts", "no reading for {lasted}."),
        QT_TRANSLATE_NOOP(
            "Alerts",
            "The last reading came at {time}; one is due within {after}. Check the probe's power, "
            "its gateway and the way to the broker.",
        ),
    ),
    "system.clock": _Words(
        QT_TRANSLATE_NOOP("Alerts", "The time of its readings cannot be right"),
        QT_TRANSLATE_NOOP("Alerts", "The time of its readings could not be right"),
        QT_TRANSLATE_NOOP("Alerts", "Wrong time"),
        QT_TRANSLATE_NOOP("Alerts", "the time of its readings cannot be right."),
        QT_TRANSLATE_NOOP(
            "Alerts",
            "Its readings are stored under the time that it sends. Set the clock or the time zone "
            "of the probe.",
        ),
    ),
}
_SYSTEM: dict[str, _Words] = {
    "system.broker": _Words(
        QT_TRANSLATE_NOOP("Alerts", "The broker at {host}:{port} does not answer"),
        QT_TRANSLATE_NOOP("Alerts", "The broker at {host}:{port} did not answer"),
        QT_TRANSLATE_NOOP("Alerts", "Broker lost"),
        QT_TRANSLATE_NOOP("Alerts", "the broker at {host}:{port} does not answer."),
        QT_TRANSLATE_NOOP(
            "Alerts",
            "The program keeps trying. Check that the broker's computer is on and that the "
            "network works.",
        ),
    ),
    "system.store": _Words(
        QT_TRANSLATE_NOOP("Alerts", "New readings cannot be saved"),
        QT_TRANSLATE_NOOP("Alerts", "New readings could not be saved"),
        QT_TRANSLATE_NOOP("Alerts", "New readings cannot be saved"),
        QT_TRANSLATE_NOOP("Alerts", "new readings cannot be saved."),
        QT_TRANSLATE_NOOP(
            "Alerts",
            "The program keeps trying, and the broker keeps what it has not confirmed. Check the "
            "disk and the folder of the database.",
        ),
    ),
    "system.disk": _Words(
        QT_TRANSLATE_NOOP("Alerts", "The disk is full; recording has stopped"),
        QT_TRANSLATE_NOOP("Alerts", "The disk was full; recording had stopped"),
        QT_TRANSLATE_NOOP("Alerts", "Disk full"),
        QT_TRANSLATE_NOOP("Alerts", "the disk is full; recording has stopped."),
        QT_TRANSLATE_NOOP("Alerts", "Free some room: recording then goes on by itself."),
    ),
    "system.spool": _Words(
        QT_TRANSLATE_NOOP("Alerts", "The spool has reached its limit of {limit_mb} MB"),
        QT_TRANSLATE_NOOP("Alerts", "The spool had reached its limit of {limit_mb} MB"),
        QT_TRANSLATE_NOOP("Alerts", "Spool full"),
        QT_TRANSLATE_NOOP("Alerts", "the spool has reached its limit of {limit_mb} MB."),
        QT_TRANSLATE_NOOP(
            "Alerts",
            "Bring the database server back, or raise the limit under Settings > Storage.",
        ),
    ),
    "system.server": _Words(
        QT_TRANSLATE_NOOP("Alerts", "{host} does not answer; readings wait on this computer"),
        QT_TRANSLATE_NOOP("Alerts", "{host} did not answer; readings waited on this computer"),
        QT_TRANSLATE_NOOP("Alerts", "Database server lost"),
        QT_TRANSLATE_NOOP("Alerts", "the database server {host} does not answer."),
        QT_TRANSLATE_NOOP(
            "Alerts",
            "New readings wait in the spool on this computer; none is lost. Check the server and "
            "its password.",
        ),
    ),
}
_OWN_CLOCK = _Words(
    QT_TRANSLATE_NOOP("Alerts", "No device agrees with the clock of this computer"),
    QT_TRANSLATE_NOOP("Alerts", "No device agreed with the clock of this computer"),
    QT_TRANSLATE_NOOP("Alerts", "Wrong time"),
    QT_TRANSLATE_NOOP("Alerts", "no device agrees with its clock."),
    QT_TRANSLATE_NOOP("Alerts", "Check date, time and time zone of this computer."),
)
_OTHERS: dict[str, _Words] = {
    "many": _Words(
        QT_TRANSLATE_NOOP("Alerts", "Many alerts ({flood}): likely one cause"),
        QT_TRANSLATE_NOOP("Alerts", "Many alerts ({flood}): likely one cause"),
        QT_TRANSLATE_NOOP("Alerts", "Many alerts at once"),
        QT_TRANSLATE_NOOP("Alerts", "Many alerts ({flood}): likely one cause."),
        QT_TRANSLATE_NOOP(
            "Alerts",
            "So many alerts within ten minutes are told as one. Look for what the devices have in "
            "common: power, gateway, network, or weather. Each is listed under All.",
        ),
    ),
    "past": _Words(
        QT_TRANSLATE_NOOP("Alerts", "Alerts that were over before they could be told: {flood}"),
        QT_TRANSLATE_NOOP("Alerts", "Alerts that were over before they could be told: {flood}"),
        QT_TRANSLATE_NOOP("Alerts", "Over before it could be told"),
        QT_TRANSLATE_NOOP("Alerts", "Alerts that were over before they could be told: {flood}."),
        QT_TRANSLATE_NOOP(
            "Alerts",
            "Readings of the past came in later, with values beyond their limits. Each is listed "
            "under All.",
        ),
    ),
}
_DOUBT = _Words(
    QT_TRANSLATE_NOOP("Alerts", "Doubtful: {phrase}"),
    QT_TRANSLATE_NOOP("Alerts", "Doubtful: {phrase}"),
    QT_TRANSLATE_NOOP("Alerts", "{Channel}: {phrase}"),
    QT_TRANSLATE_NOOP("Alerts", "{channel} doubtful: {phrase}."),
    "{reason}",
)
_UNUSUAL = _Words(
    QT_TRANSLATE_NOOP("Alerts", "{value}, unusual for the time of day (about {limit})"),
    QT_TRANSLATE_NOOP("Alerts", "{value}, unusual for the time of day (about {limit})"),
    QT_TRANSLATE_NOOP("Alerts", "{Channel} unusual for the time of day"),
    QT_TRANSLATE_NOOP("Alerts", "{channel} {value}, unusual for the time of day."),
    "{reason}",
)
_UNKNOWN = _Words(
    QT_TRANSLATE_NOOP("Alerts", "An alert of a kind that this version does not know"),
    QT_TRANSLATE_NOOP("Alerts", "An alert of a kind that this version does not know"),
    QT_TRANSLATE_NOOP("Alerts", "Alert {code}"),
    QT_TRANSLATE_NOOP("Alerts", "an alert of a kind that this version does not know."),
)

KNOWN_CODES: frozenset[str] = frozenset({*_VALUES, *_DEVICES, *_SYSTEM, *_OTHERS, *WORDS})


_VALUES_OVER = {
    "value.low": QT_TRANSLATE_NOOP("Alerts", "It began with {value}; the lowest was {worst}."),
    "value.high": QT_TRANSLATE_NOOP("Alerts", "It began with {value}; the highest was {worst}."),
}


def what_happened(alert: Alert, now_us: int) -> str:
    """The cell of the table: short, and without the device."""
    words = _words(alert)
    text = words.now if alert.ended_us is None else words.over
    return _filled(text, alert, now_us)


def title(alert: Alert, book: DeviceBook, now_us: int) -> str:
    """The heading of the detail pane, as in "Canal side · Moisture below 25 %"."""
    what = _filled(_words(alert).title, alert, now_us)
    if alert.code in _OTHERS:
        return what
    return QCoreApplication.translate(_CONTEXT, "{device} · {what}").format(
        device=device_word(alert, book), what=what
    )


def headline(alert: Alert, book: DeviceBook, now_us: int) -> str:
    """One sentence, as in "Canal side: moisture fell to 16.4 %, below the 25 % limit."."""
    what = _filled(_words(alert).banner, alert, now_us)
    if alert.code in _OTHERS:
        return what
    return QCoreApplication.translate(_CONTEXT, "{device}: {what}").format(
        device=device_word(alert, book), what=what
    )


def explanation(alert: Alert, now_us: int) -> str:
    """What more is known, or what somebody can do; may be empty, as where it is over and
    nothing is left to do."""
    if alert.ended_us is not None:
        if alert.code in _VALUES_OVER:
            return _filled(_VALUES_OVER[alert.code], alert, now_us)
        if alert.code in _DEVICES or alert.code in _SYSTEM:
            return ""
    return _filled(_words(alert).advice, alert, now_us)


def spoken(alert: Alert, book: DeviceBook, now_us: int) -> str:
    """For a screen reader, as in "Critical alert. Canal side: moisture fell ..."."""
    return QCoreApplication.translate(_CONTEXT, "{severity} alert. {what}").format(
        severity=severity_word(alert), what=headline(alert, book, now_us)
    )


def _words(alert: Alert) -> _Words:
    code = alert.code
    if code == "system.clock" and not alert.publisher_id:
        return _OWN_CLOCK
    if code == "system.broker":
        found = BROKER_WORDS.get(str(alert.params.get("cause", "")))
        return _SYSTEM[code] if found is None else _Words(*found)
    if code == "unusual.hour":
        return _UNUSUAL
    for table in (_VALUES, _DEVICES, _SYSTEM, _OTHERS):
        if code in table:
            return table[code]
    return _DOUBT if code in WORDS else _UNKNOWN


def _filled(text: str, alert: Alert, now_us: int) -> str:
    if not text:
        return ""
    return QCoreApplication.translate(_CONTEXT, text).format_map(_Params(alert, now_us))


class _Params(dict[str, str]):
    """The values of a text's placeholders, worked out when they are asked for."""

    def __init__(self, alert: Alert, now_us: int) -> None:
        super().__init__()
        self._alert = alert
        self._now_us = now_us

    def __missing__(self, name: str) -> str:
        make = _PLACEHOLDERS.get(name)
        return self._given(name) if make is None else make(self._alert, self._now_us)

    def _given(self, name: str) -> str:
        value = self._alert.params.get(name)
        if value is None:
            return "?"
        return f"{value:.0f}" if isinstance(value, float) else printable(str(value))


def _value(alert: Alert, value: float | None) -> str:
    return channel_value(alert.channel, value) if alert.channel in CHANNEL_INDEX else "?"


def _reason(alert: Alert, _now_us: int) -> str:
    value = float("nan") if alert.value is None else alert.value
    limit = float("nan") if alert.limit is None else alert.limit
    channels = concerned(alert)
    sentence = reason_text(alert.code, channels[0] if channels else "", value, limit)
    if len(channels) < 2:
        return sentence
    names = joined([channel_name(key) for key in channels])
    return QCoreApplication.translate("Quality", "{sentence} Concerned: {channels}.").format(
        sentence=sentence, channels=names
    )


def _channel_at_start(alert: Alert, _now_us: int) -> str:
    return channel_short_name(alert.channel) if alert.channel else channel_word(alert)


def _channel_inside(alert: Alert, _now_us: int) -> str:
    if alert.channel:
        return channel_in_sentence(alert.channel)
    return QCoreApplication.translate(_CONTEXT, "several values")


_PLACEHOLDERS = {
    "Channel": _channel_at_start,
    "channel": _channel_inside,
    "value": lambda alert, _: _value(alert, alert.value),
    "worst": lambda alert, _: _value(alert, alert.value if alert.worst is None else alert.worst),
    "limit": lambda alert, _: level_text(alert.channel, alert.limit),
    "change": lambda alert, _: _value(
        alert, abs((alert.value if alert.worst is None else alert.worst) or 0.0)
    ),
    "step": lambda alert, _: level_text(
        alert.channel, None if alert.limit is None else abs(alert.limit)
    ),
    "lasted": lambda alert, now_us: duration_text(lasted_s(alert, now_us)),
    "after": lambda alert, _: duration_text(float(alert.params.get("after_s", 0.0))),
    "time": lambda alert, _: clock_text(alert.raised_us),
    "flood": lambda alert, _: count(alert.flood),
    "phrase": lambda alert, _: reason_phrase(alert.code),
    "reason": _reason,
    "code": lambda alert, _: printable(alert.code),
}
