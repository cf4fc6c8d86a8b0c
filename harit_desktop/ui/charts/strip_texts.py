"""What a strip says about the focus device: its state, its header, its spoken description."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from PySide6.QtCore import QCoreApplication, QLocale

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import CHANNEL_INDEX, Channel
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.status import LinkState
from harit_desktop.ui.charts.frame import Limits, is_one_sided
from harit_desktop.ui.charts.gaps import GAP_INTERVALS
from harit_desktop.ui.charts.strip_header import HeaderText
from harit_desktop.ui.charts.trend import Trend
from harit_desktop.ui.quality_texts import flag_brief, flag_phrase, flag_word
from harit_desktop.ui.words import (
    DASH,
    age_text,
    channel_name,
    channel_number,
    channel_value,
    day_text,
    duration_text,
    local_time,
    moment_text,
    number,
    plain,
    range_text,
    trend_spoken,
    trend_text,
    unit_spoken,
)

NEVER = 0
"""Stands for the flag of a channel whose device has never reported."""

_DROPPED = (LinkState.CONNECTING, LinkState.LOST, LinkState.REFUSED)


@dataclass(frozen=True)
class ChannelNow:
    """A channel of the focus device at this moment.

    `side` is -1 below, 1 above and 0 inside the optimal range, `alarm` whether the value is
    beyond the alarm limits too.
    """

    channel: Channel
    value: float | None
    flag: int
    state: str
    age_s: float
    limits: Limits | None
    side: int = 0
    alarm: bool = False
    late_us: int | None = None
    """When it was measured, for a reading that arrived long after that."""
    ahead_us: int | None = None
    """The time that the reading bears, where that is yet to come."""
    now_us: int = 0
    never_sent: bool = False
    """The device has not sent this channel as far as is known."""
    code: str = ""
    """Why the value is doubted or refused."""
    sent: float | None = None
    """What the probe sent, where `value` is corrected by a calibration."""
    calibrated_us: int = 0
    """From when on the calibration holds."""

    @property
    def refused(self) -> bool:
        return self.value is not None and self.flag == Flag.FAIL


def channel_now(
    channel: Channel,
    device: DeviceState | None,
    link: LinkState,
    limits: Limits | None,
    now_us: int,
    never_sent: bool = False,
) -> ChannelNow:
    """The state of a channel: empty, connecting, live, fallback, stale or error."""
    position = CHANNEL_INDEX[channel.key]
    if device is None:
        return ChannelNow(channel, None, NEVER, "empty", 0.0, limits)
    value, flag = device.values[position], device.analysis.flags[position]
    age_s = device.age_s(now_us)
    side, alarm = _against(value, limits) if flag != Flag.FAIL else (0, False)
    if link in _DROPPED and age_s > GAP_INTERVALS * (device.interval_s or 10.0):
        state = "connecting"
    elif device.is_stale(now_us):
        state = "stale"
    elif value is None:
        state = "empty"
    else:
        wrong = alarm or flag == Flag.FAIL
        state = "error" if wrong else "fallback" if device.via_api else "live"
    late_us = device.timestamp_us if device.arrived_late() else None
    ahead_us = device.timestamp_us if device.is_ahead(now_us) else None
    times = (late_us, ahead_us, now_us)
    code = dict(device.analysis.reasons).get(channel.key, "")
    return ChannelNow(
        channel, value, flag, state, age_s, limits, side, alarm, *times, never_sent, code
    )


def with_calibration(
    now: ChannelNow, sent: DeviceState | None, corrections: Corrections
) -> ChannelNow:
    """Adds what the probe sent, where the value shown is another."""
    if sent is None or now.refused or now.value is None:
        return now
    segment = corrections.segment(sent.publisher_id, now.channel.key, sent.timestamp_us)
    if segment is None:
        return now
    value = sent.values[CHANNEL_INDEX[now.channel.key]]
    return replace(now, sent=value, calibrated_us=segment.from_us)


def _against(value: float | None, limits: Limits | None) -> tuple[int, bool]:
    if value is None or limits is None:
        return 0, False
    if value < limits.optimal_low:
        return -1, value < limits.alarm_low
    if value > limits.optimal_high:
        return 1, value > limits.alarm_high
    return 0, False


def header_text(now: ChannelNow, trend: Trend) -> HeaderText:
    """The header of a strip; what is wrong takes the place of the trend."""
    key = now.channel.key
    absent = now.value is None
    severity = ""
    if now.state in ("live", "fallback", "error"):
        doubted = now.refused or now.flag == Flag.SUSPECT
        severity = "crit" if now.alarm else "warn" if doubted or now.side else ""
    return HeaderText(
        name=channel_name(key),
        value=now.value,
        shown=DASH if now.refused else channel_number(key, now.value),
        unit=now.channel.unit,
        note=_absence(now) if absent else _note(now, trend),
        state=now.state,
        severity=severity,
        aged=not absent,
        hint=_hint(now),
    )


def _hint(now: ChannelNow) -> str:
    """What the header has no room for: why a value is doubted, and what the probe sent."""
    lines = [flag_phrase(now.flag, now.code)] if now.code else []
    if now.sent is not None:
        lines.append(calibration_text(now))
    return "\n".join(lines)


def calibration_text(now: ChannelNow) -> str:
    """That a value is corrected: "calibrated 12 Nov 2026; the probe sent 31.2 %"."""
    template = QCoreApplication.translate("Charts", "calibrated {date}; the probe sent {value}")
    date = QLocale().toString(local_time(now.calibrated_us), "d MMM yyyy")
    return template.format(date=date, value=channel_value(now.channel.key, now.sent))


def _absence(now: ChannelNow) -> str:
    """Why there is no value; its age would be that of other channels."""
    tr = QCoreApplication.translate
    if now.flag == NEVER:
        return ""
    if now.never_sent:
        return tr("Charts", "not sent by this device")
    return tr("Charts", "not in the last reading")


def _note(now: ChannelNow, trend: Trend) -> str:
    if now.refused:
        return _doubt(now)
    when = _when(now)
    if now.state in ("stale", "connecting"):
        return when or age_text(now.age_s)
    suspect = now.flag == Flag.SUSPECT
    wrong = flag_brief(now.flag, now.code) if suspect else _outside(now) if now.side else ""
    if wrong and now.late_us is not None:
        template = QCoreApplication.translate("Charts", "{moment} · {wrong}")
        return template.format(moment=day_text(now.late_us, now.now_us), wrong=wrong)
    if wrong or when:
        return wrong or when
    if now.state == "fallback":
        return _through_api(now)
    return trend_text(now.channel.key, trend.delta, trend.steady, trend.span_s)


def _through_api(now: ChannelNow) -> str:
    template = QCoreApplication.translate("Charts", "via API, {age}")
    return template.format(age=age_text(now.age_s))


def _when(now: ChannelNow) -> str:
    """When it was measured, where its arrival does not tell that; else empty."""
    if now.late_us is not None:
        return moment_text(now.late_us, now.now_us)
    if now.ahead_us is None:
        return ""
    template = QCoreApplication.translate("Charts", "stamped ahead: {moment}")
    return template.format(moment=day_text(now.ahead_us, now.now_us))


def _doubt(now: ChannelNow) -> str:
    if now.refused:
        value = channel_number(now.channel.key, now.value)
        template = QCoreApplication.translate("Charts", "{flag}: {value}")
        return template.format(flag=flag_word(now.flag), value=value)
    return flag_phrase(now.flag, now.code)


def _outside(now: ChannelNow) -> str:
    """On which side of its range a value lies; a range with one end is named by that alone."""
    tr = QCoreApplication.translate
    limits = now.limits
    if limits is None:
        return ""
    template = tr("Charts", "below {range}") if now.side < 0 else tr("Charts", "above {range}")
    low, high = limits.optimal_low, limits.optimal_high
    if is_one_sided(limits, now.channel):
        end = low if now.side < 0 else high
        decimals = next((p for p in range(2) if round(end, p) == end), 2)
        return template.format(range=number(end, decimals))
    return template.format(range=range_text(low, high))


def strip_name(channel: Channel, publisher_id: str) -> str:
    """The accessible name: "Moisture, percent, soil-01"."""
    unit = unit_spoken(channel.unit)
    tr = QCoreApplication.translate
    template = (
        tr("Charts", "{channel}, {unit}, {device}") if unit else tr("Charts", "{channel}, {device}")
    )
    return template.format(
        channel=channel_name(channel.key), unit=unit, device=plain(publisher_id) or DASH
    )


def value_name(now: ChannelNow) -> str:
    """The accessible name of a value: "Moisture 30.8 percent"."""
    tr = QCoreApplication.translate
    return (
        tr("Charts", "{channel} {value} {unit}")
        .format(
            channel=channel_name(now.channel.key),
            value=channel_number(now.channel.key, now.value),
            unit=unit_spoken(now.channel.unit),
        )
        .strip()
    )


def description(
    now: ChannelNow,
    trend: Trend,
    span_s: float,
    alarms: int,
    flagged: Collection[Flag] = (),
) -> str:
    """The accessible description: "16.4, below 25–40, falling 1.2 in 1 h, 1 d shown"."""
    tr = QCoreApplication.translate
    if now.value is None:
        return _absence(now) or tr("Charts", "no reading yet")
    key = now.channel.key
    parts = [channel_number(key, now.value)]
    if now.refused or now.flag == Flag.SUSPECT:
        parts.append(_doubt(now))
    elif now.side:
        parts.append(_outside(now))
    when = _when(now)
    if now.state == "fallback":
        parts.append(_through_api(now))
    if when or now.state in ("stale", "connecting"):
        parts.append(when or age_text(now.age_s))
    else:
        parts.append(trend_spoken(key, trend.delta, trend.steady, trend.span_s))
    parts.append(tr("Charts", "{span} shown").format(span=duration_text(span_s)))
    if now.sent is not None:
        parts.append(calibration_text(now))
    if alarms:
        once = tr("Charts", "once beyond the alarm limits")
        often = tr("Charts", "%n times beyond the alarm limits", None, alarms)
        parts.append(once if alarms == 1 else often)
    if Flag.SUSPECT in flagged:
        parts.append(tr("Charts", "with suspect readings"))
    if Flag.FAIL in flagged:
        parts.append(tr("Charts", "with faulty readings"))
    return tr("Charts", ", ").join(parts)
