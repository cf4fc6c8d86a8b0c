"""How a device itself is: battery, signal, how often it reports, what it says of itself."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.device import RATE_WINDOW_S, DeviceState, ExtraValue
from harit_desktop.domain.extras import EXTRA_BY_KEY
from harit_desktop.ui.extras.names import extra_name, extra_value
from harit_desktop.ui.words import day_text, duration_text, moment_text, number

LOW_BATTERY_PERCENT = 20.0
MANY_PER_S = 1.0
"""More messages a second than this are worth a word."""
_SECONDS_UP_TO_S = 120.0
_SAME_TIME_US = 60 * US_PER_S
_CONTEXT = "Extras"


def low_battery(device: DeviceState) -> str:
    """ "battery 15 %" where it is low, else "". A voltage alone does not tell: that depends on
    the kind of battery."""
    battery = device.extra("Battery")
    if battery is None or battery.value >= LOW_BATTERY_PERCENT:
        return ""
    text = QCoreApplication.translate(_CONTEXT, "battery {value}")
    return text.format(value=extra_value("Battery", battery.value))


def offline_told(device: DeviceState, now_us: int) -> tuple[str, str]:
    """That the device's publisher says it is away, at length and in brief; "" where it does not
    or where a reading has come since."""
    word = device.word
    if word is None or not device.says_offline():
        return "", ""
    tr = QCoreApplication.translate
    if word.retained:
        return (
            tr(_CONTEXT, "said it is offline (old word, retained)"),
            tr(_CONTEXT, "offline (retained)"),
        )
    moment = day_text(word.received_us, now_us)
    return (
        tr(_CONTEXT, "says it is offline since {moment}").format(moment=moment),
        tr(_CONTEXT, "offline since {moment}").format(moment=moment),
    )


def device_lines(device: DeviceState, now_us: int) -> list[str]:
    """All of it: its word, its pace, its health, and what it measured beyond the channels, a
    line each; none for what is not known."""
    told: dict[bool, list[str]] = {True: [], False: []}
    for extra in device.extras:
        text = _extra_text(extra, device, now_us)
        told[EXTRA_BY_KEY[extra.key].health].append(text)
    lines = [_word_line(device, now_us), _pace_line(device, now_us)]
    lines += [" · ".join(told[health]) for health in (True, False)]
    return [line for line in lines if line]


def _word_line(device: DeviceState, now_us: int) -> str:
    tr, word = QCoreApplication.translate, device.word
    if word is None:
        return ""
    moment = moment_text(word.received_us, now_us)
    if word.online:
        if word.retained:
            return tr(_CONTEXT, "Said that it is online (old word, retained at the broker)")
        return tr(_CONTEXT, "Says that it is online, since {moment}").format(moment=moment)
    if not device.says_offline():
        text = tr(_CONTEXT, "Said that it is offline ({moment}), but sent a reading since")
        return text.format(moment=moment)
    if word.retained:
        return tr(_CONTEXT, "Said that it is offline (old word, retained at the broker)")
    return tr(_CONTEXT, "Says that it is offline, since {moment}").format(moment=moment)


def _pace_line(device: DeviceState, now_us: int) -> str:
    tr = QCoreApplication.translate
    rate, interval_s = device.messages_per_s, device.interval_s
    if rate > MANY_PER_S and device.age_s(now_us) <= RATE_WINDOW_S:
        text = tr(_CONTEXT, "{n} messages/s: more often than soil changes, and each is stored")
        return text.format(n=number(rate, 0 if rate >= 10 else 1))
    if not interval_s:
        return ""
    if interval_s < 1:
        text = tr(_CONTEXT, "{n} readings a second")
        return text.format(n=number(1 / interval_s, 0 if interval_s <= 0.1 else 1))
    if interval_s < _SECONDS_UP_TO_S:
        text = tr(_CONTEXT, "A reading every {n} s")
        whole = interval_s >= 10 or round(interval_s, 1) == round(interval_s)
        return text.format(n=number(interval_s, 0 if whole else 1))
    text = tr(_CONTEXT, "A reading every {time}")
    return text.format(time=duration_text(round(interval_s / 60) * 60))


def _extra_text(extra: ExtraValue, device: DeviceState, now_us: int) -> str:
    tr = QCoreApplication.translate
    name, value = extra_name(extra.key), extra_value(extra.key, extra.value)
    if device.timestamp_us - extra.time_us <= _SAME_TIME_US:
        return tr(_CONTEXT, "{name} {value}").format(name=name, value=value)
    text = tr(_CONTEXT, "{name} {value} ({moment})")
    return text.format(name=name, value=value, moment=moment_text(extra.time_us, now_us))
