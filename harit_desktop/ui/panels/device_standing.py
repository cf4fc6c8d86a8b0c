"""How a device stands, in words for its row: what is wrong with it, and with its time."""

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.analysis import Flag, ProfileLimits
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.device import DeviceState
from harit_desktop.ui.extras.device_notes import low_battery, offline_told
from harit_desktop.ui.panels.probe_state import is_frozen, out_of_soil
from harit_desktop.ui.quality_texts import flag_brief
from harit_desktop.ui.words import (
    age_text,
    channel_short_name,
    day_text,
    duration_text,
    factor_name,
    joined,
)

_BELIEVED = (Flag.PASS, Flag.NOT_EVALUATED)


def standing_of(device: DeviceState, limits: ProfileLimits, now_us: int) -> tuple[str, str, str]:
    """The state of a device and the words for it at length and in brief, none where all is
    well. What is wrong with the probe goes before what its values would say of the soil."""
    tr = QCoreApplication.translate
    offline = offline_told(device, now_us)
    if device.is_stale(now_us):
        if offline[0]:
            return "stale", *offline
        template = tr("DevicesPanel", "silent for {duration}")
        return "stale", *(template.format(duration=duration_text(device.age_s(now_us))),) * 2
    if out_of_soil(device.analysis):
        return "error", *(tr("DevicesPanel", "Probe out of the soil"),) * 2
    if is_frozen(device.analysis):
        return "error", *(tr("DevicesPanel", "All values stand still"),) * 2
    long, short = _faulty(device)
    if long:
        return "error", long, short
    reason = _alarm(device, limits)
    if reason:
        return "error", reason, reason
    if offline[0]:
        return "warn", *offline
    long, short = _suspect(device)
    if long:
        return "warn", long, short
    battery = low_battery(device)
    if battery:
        return "warn", battery, battery
    if device.via_api:
        template = tr("DevicesPanel", "via API, {age}")
        return "fallback", *(template.format(age=age_text(device.age_s(now_us))),) * 2
    return "live", "", ""


def _flagged(device: DeviceState, flag: Flag) -> list[str]:
    """The channels that bear a flag, in the order of the catalogue."""
    pairs = zip(CHANNELS, device.analysis.flags, strict=False)
    return [channel.key for channel, found in pairs if found == flag]


def _faulty(device: DeviceState) -> tuple[str, str]:
    """The channels whose values were refused, at length and in brief; "" for none."""
    tr, keys = QCoreApplication.translate, _flagged(device, Flag.FAIL)
    if not keys:
        return "", ""
    if len(keys) == 1:
        one = tr("DevicesPanel", "{channel} faulty").format(channel=channel_short_name(keys[0]))
        return one, one
    long = tr("DevicesPanel", "{channels} faulty").format(channels=_named(keys))
    return long, tr("DevicesPanel", "%n values faulty", None, len(keys))


def _suspect(device: DeviceState) -> tuple[str, str]:
    """The channels whose values are doubted, at length and in brief; "" for none."""
    tr, keys = QCoreApplication.translate, _flagged(device, Flag.SUSPECT)
    if not keys:
        return "", ""
    if len(keys) > 1:
        long = tr("DevicesPanel", "{channels} suspect").format(channels=_named(keys))
        return long, tr("DevicesPanel", "%n values suspect", None, len(keys))
    name = channel_short_name(keys[0])
    flagged = flag_brief(Flag.SUSPECT, dict(device.analysis.reasons).get(keys[0], ""))
    long = tr("DevicesPanel", "{channel} {flagged}").format(channel=name, flagged=flagged)
    return long, tr("DevicesPanel", "{channel} suspect").format(channel=name)


def _named(keys: list[str]) -> str:
    return joined([channel_short_name(key) for key in keys])


def time_told_of(device: DeviceState, now_us: int) -> tuple[str, str]:
    """What has to be said of the time of the newest reading, at length and in brief: that it
    is old, is yet to come or cannot be right. Empty where it is as it should be."""
    tr = QCoreApplication.translate
    moment = day_text(device.timestamp_us, now_us)
    if device.clock_suspect:
        return (tr("DevicesPanel", "clock suspect"),) * 2
    if device.is_ahead(now_us):
        long = tr("DevicesPanel", "stamped ahead of this computer's clock: {moment}")
        short = tr("DevicesPanel", "stamped ahead: {moment}")
        return long.format(moment=moment), short.format(moment=moment)
    if device.arrived_late():
        return (tr("DevicesPanel", "measured {moment}").format(moment=moment),) * 2
    return "", ""


def _alarm(device: DeviceState, limits: ProfileLimits) -> str:
    """The first believed value beyond its alarm limits, in words; else "".

    Without limits the analysis of the reading has to do, which knows no direction.
    """
    tr = QCoreApplication.translate
    for channel, value, flag in zip(CHANNELS, device.values, device.analysis.flags, strict=False):
        if value is None or flag not in _BELIEVED:
            continue
        name = channel_short_name(channel.key)
        _, _, low, high = limits.get(channel.key, (0.0, 0.0, value, value))
        if value < low:
            return tr("DevicesPanel", "{channel} low").format(channel=name)
        if value > high:
            return tr("DevicesPanel", "{channel} high").format(channel=name)
    factors = device.analysis.critical_factors
    doubted = any(flag not in _BELIEVED for flag in device.analysis.flags)
    if limits or doubted or not device.analysis.is_anomalous or not factors:
        return ""
    return tr("DevicesPanel", "{channel} out of range").format(channel=factor_name(factors[0]))
