"""Words for rules: what one watches, when it tells, and when what it told is over."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from harit_desktop.alerting.rules import bounds_of
from harit_desktop.domain.alert import Alert, AlertRule, RuleKind
from harit_desktop.domain.analysis import ProfileLimits
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS
from harit_desktop.ui.alerts.alert_words import level_text
from harit_desktop.ui.problem_texts import printable
from harit_desktop.ui.words import channel_short_name, duration_text, range_text

_SPANS = {channel.key: channel.min_span for channel in CHANNELS}
_HALVINGS = 40


def kind_name(kind: RuleKind) -> str:
    """What a kind of rule watches."""
    tr = QCoreApplication.translate
    names = {
        RuleKind.RANGE: tr("Alerts", "Value out of range"),
        RuleKind.RATE: tr("Alerts", "Fast change"),
        RuleKind.UNUSUAL: tr("Alerts", "Unusual for the time of day"),
        RuleKind.STUCK: tr("Alerts", "Faulty probe"),
        RuleKind.SILENT: tr("Alerts", "No reading"),
        RuleKind.SYSTEM: tr("Alerts", "This program itself"),
    }
    return names[kind]


def rule_name(rule: AlertRule) -> str:
    """The name a person gave it, else what it watches."""
    if rule.name:
        return printable(rule.name)
    if rule.channel and rule.kind is RuleKind.RANGE:
        return channel_short_name(rule.channel)
    if rule.channel:
        return QCoreApplication.translate("Alerts", "{channel}: {kind}").format(
            channel=channel_short_name(rule.channel), kind=kind_name(rule.kind)
        )
    return kind_name(rule.kind)


def condition_text(rule: AlertRule, limits: ProfileLimits | None = None) -> str:
    """What it watches for, without channel and device, as in "below 25 % or above 45 %"."""
    tr = QCoreApplication.translate
    low, high = rule.low, rule.high
    if rule.kind is RuleKind.RANGE:
        if low is None and high is None:
            return _profile_text(rule, limits)
        return _sides(
            rule,
            tr("Alerts", "below {low}"),
            tr("Alerts", "above {high}"),
            tr("Alerts", "below {low} or above {high}"),
        )
    if rule.kind is RuleKind.RATE:
        return _sides(
            rule,
            tr("Alerts", "falling by more than {fall} an hour"),
            tr("Alerts", "rising by more than {high} an hour"),
            tr("Alerts", "falling by more than {fall} or rising by more than {high} an hour"),
        )
    if rule.kind is RuleKind.SILENT:
        if rule.high:
            return tr("Alerts", "none for {time}").format(time=duration_text(rule.high))
        return tr("Alerts", "none for three of the device's own intervals")
    texts = {
        RuleKind.UNUSUAL: tr("Alerts", "far from what is usual at this hour"),
        RuleKind.STUCK: tr("Alerts", "stuck, frozen, drifting, or in the air"),
        RuleKind.SYSTEM: tr("Alerts", "broker, database, spool, disk, clock"),
    }
    return texts[rule.kind]


def rule_sentence(alert: Alert, rule: AlertRule) -> str:
    """The rule as it holds for the alert: "Moisture below 25 % for 60 s (3 readings)"."""
    tr = QCoreApplication.translate
    delay = duration_text(rule.on_delay_s)
    if alert.code not in ("value.low", "value.high", "rate.falling", "rate.rising"):
        if rule.kind is RuleKind.SYSTEM or not rule.on_delay_s:
            return tr("Alerts", "{kind}: {condition}").format(
                kind=kind_name(rule.kind), condition=condition_text(rule)
            )
        return tr("Alerts", "{kind}: {condition}, for {delay}").format(
            kind=kind_name(rule.kind), condition=condition_text(rule), delay=delay
        )
    templates = {
        "value.low": tr("Alerts", "{channel} below {limit}"),
        "value.high": tr("Alerts", "{channel} above {limit}"),
        "rate.falling": tr("Alerts", "{channel} falling by more than {step} an hour"),
        "rate.rising": tr("Alerts", "{channel} rising by more than {step} an hour"),
    }
    what = templates[alert.code].format(
        channel=channel_short_name(alert.channel),
        limit=level_text(alert.channel, alert.limit),
        step=level_text(alert.channel, abs(alert.limit or 0.0)),
    )
    template = (
        tr("Alerts", "{what} for {delay} (1 reading)")
        if rule.on_readings == 1
        else tr("Alerts", "{what} for {delay} ({n} readings)")
    )
    return template.format(what=what, delay=delay, n=rule.on_readings)


def clears_text(alert: Alert, rule: AlertRule, limits: ProfileLimits) -> str:
    """When it is over: "at 26.5 % for 5 min"; empty for what ends as soon as it is mended."""
    tr = QCoreApplication.translate
    delay = duration_text(rule.off_delay_s)
    level = clear_level(alert, rule, limits)
    if level is not None:
        if rule.kind is RuleKind.RATE:
            template = tr("Alerts", "at less than {level} an hour for {delay}")
        elif not rule.off_delay_s:
            template = tr("Alerts", "at {level}")
        else:
            template = tr("Alerts", "at {level} for {delay}")
        return template.format(level=level_text(alert.channel, abs(level)), delay=delay)
    if rule.kind in (RuleKind.STUCK, RuleKind.UNUSUAL) and rule.off_delay_s:
        return tr("Alerts", "when it has been over for {delay}").format(delay=delay)
    if rule.kind is RuleKind.SILENT:
        return tr("Alerts", "with the next reading")
    return tr("Alerts", "by itself, when it is over")


def clear_level(alert: Alert, rule: AlertRule, limits: ProfileLimits) -> float | None:
    """The value at which the rule takes the alert as over; None where there is no such value.

    Found by halving, so that it is the rule's own answer and not a second formula.
    """
    if alert.limit is None or rule.kind not in (RuleKind.RANGE, RuleKind.RATE):
        return None
    alarms = {key: (one[2], one[3]) for key, one in limits.items()}
    bounds = bounds_of(rule, alert.channel, alarms)
    if bounds is None:
        return None
    low, high = bounds.low, bounds.high
    if alert.code in ("value.low", "rate.falling"):
        if low is None:
            return None
        inside = (low + high) / 2 if high is not None else low + _reach(low, alert)
    elif high is None:
        return None
    else:
        inside = (low + high) / 2 if low is not None else high - _reach(high, alert)
    if not bounds.is_well_inside(inside):
        return None
    outside = alert.limit
    for _ in range(_HALVINGS):
        middle = (outside + inside) / 2
        if bounds.is_well_inside(middle):
            inside = middle
        else:
            outside = middle
    return inside


def _reach(limit: float, alert: Alert) -> float:
    return abs(limit) + 100 * _SPANS.get(alert.channel, 1.0)


def _sides(rule: AlertRule, below: str, above: str, both: str) -> str:
    low, high = rule.low, rule.high
    if low is None and high is None:
        return QCoreApplication.translate("Alerts", "no limit is set")
    template = below if high is None else above if low is None else both
    return template.format(
        low=level_text(rule.channel, low),
        fall=level_text(rule.channel, None if low is None else abs(low)),
        high=level_text(rule.channel, high),
    )


def _profile_text(rule: AlertRule, limits: ProfileLimits | None) -> str:
    tr = QCoreApplication.translate
    found = (limits or {}).get(rule.channel)
    if found is None:
        return tr("Alerts", "beyond the profile's limits")
    unit = CHANNELS[CHANNEL_INDEX[rule.channel]].unit
    span = range_text(found[2], found[3])
    if not unit:
        return tr("Alerts", "outside the profile's {range}").format(range=span)
    return tr("Alerts", "outside the profile's {range} {unit}").format(range=span, unit=unit)
