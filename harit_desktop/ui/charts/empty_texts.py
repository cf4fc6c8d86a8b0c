"""What stands in a plot that shows no reading: why, and where the newest one is."""

import numpy as np
from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.channels import CHANNEL_INDEX, Channel
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.device import AHEAD_AFTER_S, DeviceState
from harit_desktop.ui.charts.envelope import Trace
from harit_desktop.ui.charts.frame import LEAD_PX, TimeView
from harit_desktop.ui.words import channel_in_sentence, moment_text


def points_in_view(of: Trace | None, view: TimeView) -> int:
    """How many readings of a trace lie in the view."""
    return 0 if of is None else _between(of, view.start_us, view.end_us)


def empty_text(
    channel: Channel,
    device: DeviceState | None,
    of: Trace | None,
    view: TimeView,
    now_us: int,
    fetched: bool,
    away: str = "",
) -> str:
    """Why the plot of the focus device is empty; "" where it is not.

    `fetched` says that the stored readings of the device have come, `away` why some of them
    cannot. A reading that a clock
    has stamped ahead and that lies beyond "now" in a view is told of, as it is not seen.
    """
    tr = QCoreApplication.translate
    until_us = now_us + int(AHEAD_AFTER_S * US_PER_S)
    # Only a view that was made longer than now shows what is ahead.
    seen_us = max(until_us, view.time_at(view.width_px - LEAD_PX))
    if of is not None and _between(of, view.start_us, min(seen_us, view.end_us)):
        return ""
    newest_us = _newest_us(channel, device, of)
    if newest_us is not None and newest_us > until_us:
        text = tr("Charts", "Stamped ahead of this computer's clock: {moment}")
        return text.format(moment=moment_text(newest_us, now_us))
    if away:
        return away
    if of is not None and _any(of.failed_us, view.start_us, view.end_us):
        return tr("Charts", "Only refused values in this time range")
    if newest_us is not None:
        text = tr("Charts", "No reading in this time range; the newest is from {moment}")
        return text.format(moment=moment_text(newest_us, now_us))
    if device is None:
        return tr("Charts", "Waiting for the first reading")
    if not fetched:
        return tr("Charts", "Looking for stored readings…")
    text = tr("Charts", "This device sends no {channel}")
    return text.format(channel=channel_in_sentence(channel.key))


def _newest_us(channel: Channel, device: DeviceState | None, of: Trace | None) -> int | None:
    """The newest time of a value of this channel; refused ones count, for they were sent."""
    known = []
    if of is not None:
        known = [int(times[-1]) for times in (of.time_us, of.failed_us) if times.size]
    if device is not None and device.values[CHANNEL_INDEX[channel.key]] is not None:
        known.append(device.timestamp_us)
    return max(known, default=None)


def _between(of: Trace, start_us: int, end_us: int) -> int:
    first, last = np.searchsorted(of.time_us, [start_us, end_us])
    return int(last - first)


def _any(times: np.ndarray, start_us: int, end_us: int) -> bool:
    return bool(((times >= start_us) & (times <= end_us)).any())
