"""The readings behind the live page: series, focus, context devices, what is wanted."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.device import DeviceState
from harit_desktop.ui.calibrated import calibrated
from harit_desktop.ui.charts.corrected import corrected
from harit_desktop.ui.charts.envelope import Trace, trace
from harit_desktop.ui.charts.gaps import breaks
from harit_desktop.ui.charts.reasons import Reasons
from harit_desktop.ui.charts.series import DeviceSeries, SeriesData, Values
from harit_desktop.ui.time_ranges import DEFAULT_RANGE, RANGES_S

MAX_CONTEXT = 8
MAX_KEPT = 16
"""Devices whose series are kept: those in view and a few that were."""
_LEAST_KEPT_US = 3600 * US_PER_S
_TRIM_PART = 0.1
_ALL_MARGIN = 1.02
"""So that the oldest reading does not lie on the edge, where it would be cut."""
_LEAST_ALL_US = 15 * 60 * US_PER_S


class LiveData:
    """Series of the devices in view. Knows no widget.

    What is kept is what the probes sent; `trace`, `devices` and `shown_values` give what is
    to be shown, with the calibrations that hold now. `sent` are the devices as they came;
    `reasons` says why readings are flagged, as far as it was heard or asked.

    `hidden` devices are drawn only in focus. `until_us` is where a frozen display ends;
    `away_text` says that a part of the store does not answer, "" while all does. Context
    devices are those of the same kind as the focus (simulated or real): a made-up curve beside
    a measured one would be taken for a measured one.
    """

    def __init__(self) -> None:
        self.range_key = DEFAULT_RANGE
        self.focus: str | None = None
        self.devices: dict[str, DeviceState] = {}
        self.sent: dict[str, DeviceState] = {}
        self.corrections = Corrections()
        self.hidden: frozenset[str] = frozenset()
        self.until_us: int | None = None
        self.away_text = ""
        self._series: dict[str, DeviceSeries] = {}
        self._fetched_for: dict[str, str] = {}
        self._asked: set[str] = set()
        self._partial: set[str] = set()
        self._traces: dict[tuple[str, int], tuple[int, Trace]] = {}
        self._gaps: dict[str, tuple[int, NDArray[np.intp]]] = {}
        self._corrected_anew = 0
        self._unusual: dict[str, dict[str, list[int]]] = {}
        self.reasons = Reasons()

    def set_range(self, key: str) -> None:
        """Raises ValueError for a key that is not in RANGES_S."""
        if key not in RANGES_S:
            raise ValueError(f"range must be one of {', '.join(RANGES_S)}, not {key!r}")
        self.range_key = key
        self._asked.clear()

    def set_devices(self, devices: Sequence[DeviceState]) -> None:
        self.sent = {device.publisher_id: device for device in devices}
        self._correct_devices()

    def set_corrections(self, corrections: Corrections) -> None:
        """Shows everything by other calibrations; nothing has to be read again."""
        self.corrections = corrections
        self._corrected_anew += 1
        self._traces.clear()
        self._correct_devices()

    def _correct_devices(self) -> None:
        known = self.sent.items()
        self.devices = {name: calibrated(device, self.corrections) for name, device in known}

    @property
    def focus_device(self) -> DeviceState | None:
        return self.devices.get(self.focus) if self.focus is not None else None

    def context(self) -> list[str]:
        """The devices drawn in grey beside the focus, at most `MAX_CONTEXT`."""
        focus = self.focus_device
        if focus is None:
            return []
        others = [
            device.publisher_id
            for device in self.devices.values()
            if device.simulated == focus.simulated
            and device.publisher_id != self.focus
            and device.publisher_id not in self.hidden
        ]
        return others[:MAX_CONTEXT]

    def shown(self) -> list[str]:
        return ([] if self.focus is None else [self.focus]) + self.context()

    def wanted(self) -> list[str]:
        """Devices whose series must be fetched; each is named once until it came."""
        wanted = []
        for publisher_id in self.shown():
            series = self._series.get(publisher_id)
            fresh = self._fetched_for.get(publisher_id) == self.range_key
            if publisher_id in self._asked or (fresh and series and not series.overflowed):
                continue
            self._asked.add(publisher_id)
            wanted.append(publisher_id)
        return wanted

    def doubt(self) -> None:
        """Everything was perhaps fetched from a part of the store: has it fetched again, for
        devices that are not shown when they are."""
        shown = self.shown()
        for known in [known for known in self._fetched_for if known not in shown]:
            del self._fetched_for[known]

    def replace(self, publisher_id: str, series: SeriesData, partial: bool = False) -> None:
        """Takes a series fetched for the range that is set now; from a part of the store
        with `partial`, which takes nothing away that is known already."""
        self._of(publisher_id).replace(series, keep_older=partial)
        (self._partial.add if partial else self._partial.discard)(publisher_id)
        self._fetched_for[publisher_id] = self.range_key
        self._asked.discard(publisher_id)

    def append(self, publisher_id: str, points: SeriesData) -> bool:
        """Adds live readings; False for a device that is not kept."""
        if publisher_id not in self._series and len(self._series) >= MAX_KEPT:
            return False
        self._of(publisher_id).append(points)
        return True

    def data(self, publisher_id: str) -> SeriesData | None:
        series = self._series.get(publisher_id)
        return None if series is None else series.data

    def version(self, publisher_id: str) -> tuple[int, int]:
        """Changes whenever the readings of a device, or their corrections, change."""
        series = self._series.get(publisher_id)
        return self._corrected_anew, -1 if series is None else series.version

    def set_unusual(self, publisher_id: str, found: Sequence[tuple[str, int]]) -> bool:
        """Takes (channel, instant) of what was believed and yet unusual at a device; whether
        that is news."""
        by_channel: dict[str, list[int]] = {}
        for key, time_us in found:
            by_channel.setdefault(key, []).append(time_us)
        # Only the focus is told of, so that of others nothing is kept.
        before, self._unusual = self._unusual, {publisher_id: by_channel}
        return before != self._unusual

    def unusual(self, publisher_id: str, channel: int) -> Sequence[int]:
        """When a channel of a device was unusual, as far as is known."""
        return self._unusual.get(publisher_id, {}).get(CHANNELS[channel].key, ())

    def shown_values(self, publisher_id: str, series: SeriesData, channel: int) -> Values:
        """A channel of some readings of a device as it is shown."""
        segments = self.corrections.segments(publisher_id, CHANNELS[channel].key)
        return corrected(series.values[:, channel], series.time_us, segments)

    def alike_since(self, channel: int) -> int:
        """From when on a channel of the focus is corrected as its newest reading is; 0 where it
        always was."""
        data = None if self.focus is None else self.data(self.focus)
        if self.focus is None or data is None or data.size == 0:
            return 0
        key, newest_us = CHANNELS[channel].key, int(data.time_us[-1])
        segment = self.corrections.segment(self.focus, key, newest_us)
        return 0 if segment is None else segment.from_us

    def trace(self, publisher_id: str, channel: int) -> Trace | None:
        """The drawable readings of a channel, made once per change of the series."""
        series = self._series.get(publisher_id)
        if series is None:
            return None
        cached = self._traces.get((publisher_id, channel))
        if cached is not None and cached[0] == series.version:
            return cached[1]
        device = self.devices.get(publisher_id)
        interval_us = device.interval_s * US_PER_S if device and device.interval_s else None
        gaps = self._gaps.get(publisher_id)
        if gaps is None or gaps[0] != series.version:
            gaps = (series.version, breaks(series.data.time_us, interval_us))
            self._gaps[publisher_id] = gaps
        segments = self.corrections.segments(publisher_id, CHANNELS[channel].key)
        made = trace(series.data, channel, interval_us, gaps[1], segments)
        self._traces[publisher_id, channel] = (series.version, made)
        return made

    def is_fetched(self, publisher_id: str | None) -> bool:
        """Whether the stored readings of a device have come, for this range or another."""
        return publisher_id in self._fetched_for

    def partial_text(self) -> str:
        """Why readings of the focus may be missing; "" where all that is stored is here."""
        whole = self.focus is not None and self._fetched_for.get(self.focus) == self.range_key
        return "" if whole and self.focus not in self._partial else self.away_text

    def never_sent(self, channel: int) -> bool:
        """Whether the focus device has no value of a channel, neither now nor in what is
        known of its past."""
        device = self.focus_device
        if device is None or device.values[channel] is not None:
            return False
        of = self.trace(device.publisher_id, channel)
        return (
            self.is_fetched(self.focus)
            and not self.partial_text()
            and not (of is not None and of.time_us.size + of.failed_us.size)
        )

    def end_us(self, now_us: int) -> int:
        """Where the range ends: now, but for "all", which holds readings of a clock that is
        ahead as well."""
        if RANGES_S[self.range_key] is not None:
            return now_us
        newest_us = max([now_us, *(int(data.time_us[-1]) for data in self._in_view())])
        return newest_us if self.until_us is None else min(newest_us, self.until_us)

    def span_us(self, now_us: int) -> int:
        """How much time the range shows; for "all" back to the oldest reading in view."""
        seconds = RANGES_S[self.range_key]
        if seconds is not None:
            return seconds * US_PER_S
        end_us = self.end_us(now_us)
        span_us = end_us - min([end_us, *(int(data.time_us[0]) for data in self._in_view())])
        return max(_LEAST_ALL_US, int(span_us * _ALL_MARGIN))

    def _in_view(self) -> list[SeriesData]:
        known = map(self.data, self.shown())
        return [data for data in known if data is not None and data.size]

    def newest_us(self) -> int:
        """The newest instant of the focus device's readings, 0 where it has none."""
        data = None if self.focus is None else self.data(self.focus)
        return int(data.time_us[-1]) if data is not None and data.size else 0

    def trim(self, now_us: int) -> None:
        """Forgets what has left the range, now and then rather than row by row."""
        if RANGES_S[self.range_key] is None:
            return
        span_us = max(self.span_us(now_us), _LEAST_KEPT_US)
        start_us = now_us - span_us
        for series in self._series.values():
            if series.data.size and series.data.time_us[0] < start_us - _TRIM_PART * span_us:
                series.trim(start_us)

    def _of(self, publisher_id: str) -> DeviceSeries:
        series = self._series.get(publisher_id)
        if series is None:
            self._make_room()
            series = self._series[publisher_id] = DeviceSeries()
        return series

    def _make_room(self) -> None:
        shown = set(self.shown())
        for known in [known for known in self._series if known not in shown]:
            if len(self._series) < MAX_KEPT:
                return
            del self._series[known]
            self._fetched_for.pop(known, None)
            self._gaps.pop(known, None)
            self._partial.discard(known)
            for key in [key for key in self._traces if key[0] == known]:
                del self._traces[key]
