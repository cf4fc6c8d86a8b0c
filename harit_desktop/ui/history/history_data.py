"""What the History page has read: a series for each compared device, and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.domain.device import DeviceState
from harit_desktop.ui.charts.corrected import corrected
from harit_desktop.ui.charts.envelope import Trace, trace
from harit_desktop.ui.charts.gaps import breaks
from harit_desktop.ui.charts.series import SeriesData, merge
from harit_desktop.ui.history.spans import Span

MOST_COMPARED = 6
MARGIN_PART = 0.75
"""Beyond each side of the view so much of its length is read as well, for panning."""
SPARE_PART = 0.1
"""Where less than this part of the view's length is left beside it, more is read."""
AHEAD_PART = 0.4
"""The same where what lies beside it only has to be joined to what is there."""
KEEP_PART = 3.0
"""What is joined is given up so many views' lengths beyond each side of the view."""
JOINED_FOR_US = 60 * US_PER_S
"""To a series read longer ago nothing is joined: readings that came late would be missed."""
POINTS_PER_PX = 1.0
COARSER = 1.6
"""Zoomed in by more than this, buckets are read anew."""
FRESH_FOR_US = 5 * US_PER_S
AHEAD_US = US_PER_DAY
"""A probe's clock may be ahead; readings are stored under the time it sent."""
OVERVIEW_POINTS = 600


class Request(NamedTuple):
    """A series to be read: the device, from when to when, in at most so many rows.

    `wide` reads more than is shown, so that it can wait. `needed` is the part of it that
    matters, None for all. `bucket_us`, if not 0, asks for a piece in such buckets, which is
    joined to the series that is there, as far as that lies in `keep`.
    """

    publisher_id: str
    span: Span
    max_points: int
    wide: bool
    needed: Span | None = None
    bucket_us: int = 0
    keep: Span | None = None

    @property
    def matters(self) -> Span:
        return self.span if self.needed is None else self.needed


@dataclass
class Loaded:
    """A device's series and what it was asked as."""

    series: SeriesData
    span: Span
    us_per_row: float
    read_us: int
    traces: dict[int, Trace]


class HistoryData:
    """Series by device; knows no widget.

    A device that is compared has a slot, by which its colour and dash go, and keeps it. The
    overviews are coarse series of all that is stored: they give the extent, and stand in
    where nothing finer was read yet.
    """

    def __init__(self) -> None:
        self.slots: dict[str, int] = {}
        self.devices: dict[str, DeviceState] = {}
        self.corrections = Corrections()
        self._loaded: dict[str, Loaded] = {}
        self._overviews: dict[str, Loaded] = {}
        self._can_join = True

    # -- which devices -----------------------------------------------------------------

    def set_devices(self, devices: Sequence[DeviceState]) -> None:
        self.devices = {device.publisher_id: device for device in devices}

    def compared(self) -> list[str]:
        """The devices shown, by their slots."""
        return sorted(self.slots, key=self.slots.__getitem__)

    def compare(self, publisher_id: str) -> bool:
        """Gives a device the first free slot; False where there is none."""
        if publisher_id in self.slots:
            return True
        taken = set(self.slots.values())
        free = next((slot for slot in range(MOST_COMPARED) if slot not in taken), None)
        if free is None:
            return False
        self.slots[publisher_id] = free
        return True

    def leave(self, publisher_id: str) -> None:
        """Takes a device out; what was read of it is given up."""
        self.slots.pop(publisher_id, None)
        self._loaded.pop(publisher_id, None)

    def replace(self, old: str, new: str) -> None:
        """Puts one device into the slot of another."""
        slot = self.slots.get(old)
        self.leave(old)
        if slot is not None and new not in self.slots:
            self.slots[new] = slot

    # -- what was read -----------------------------------------------------------------

    def set_corrections(self, corrections: Corrections) -> None:
        self.corrections = corrections
        for loaded in (*self._loaded.values(), *self._overviews.values()):
            loaded.traces.clear()

    def take(self, request: Request, series: SeriesData, read_us: int) -> None:
        """Keeps the answer to a request; a coarser one never replaces what shows more."""
        known = self._loaded.get(request.publisher_id)
        if request.bucket_us:
            if series.bucket_us != request.bucket_us:
                # A server chooses the size of its buckets itself.
                self._can_join = False
            elif known is not None:
                self._loaded[request.publisher_id] = _joined(known, request, series)
            return
        us_per_row = request.span.length_us / max(1, request.max_points)
        newer = known is None or read_us >= known.read_us
        if request.publisher_id in self.slots and newer:
            self._loaded[request.publisher_id] = Loaded(
                series, request.span, us_per_row, read_us, {}
            )

    def take_overview(self, publisher_id: str, series: SeriesData, read_us: int) -> None:
        """Keeps the whole of a device's history, coarsely."""
        span = Span(0, read_us + AHEAD_US)
        self._overviews[publisher_id] = Loaded(series, span, float("inf"), read_us, {})

    def forget(self) -> None:
        """Gives up everything that was read, as when another store is open."""
        self._loaded.clear()
        self._overviews.clear()
        self._can_join = True

    def doubt(self) -> None:
        """Everything is to be read again; what is there is shown until then."""
        for loaded in (*self._loaded.values(), *self._overviews.values()):
            loaded.read_us = 0

    def wanted(self, view: Span, width_px: int, now_us: int, settled: bool) -> list[Request]:
        """What must be read to show a view; wide stretches only once it is `settled`."""
        found = (
            self._wanted(publisher_id, view, width_px, now_us, settled)
            for publisher_id in self.compared()
        )
        return [request for request in found if request is not None]

    def wanted_overviews(self, now_us: int, every_us: int) -> list[str]:
        """The compared devices whose whole history is not known, or long ago read."""
        wanted = []
        for publisher_id in self.compared():
            known = self._overviews.get(publisher_id)
            if known is None or now_us - known.read_us > every_us:
                wanted.append(publisher_id)
        return wanted

    def _wanted(
        self, publisher_id: str, view: Span, width_px: int, now_us: int, settled: bool
    ) -> Request | None:
        points = max(100, int(width_px * POINTS_PER_PX))
        near = Request(publisher_id, _reaching(view, now_us), points, False, view)
        known = self._loaded.get(publisher_id)
        if known is None:
            return near
        us_per_px = view.length_us / max(1, width_px)
        joins = self._joins(known, us_per_px, now_us)
        if not known.span.holds(_until_now(view, now_us)):
            return (_piece(known, near, now_us, 0.0) if joins else None) or near
        if known.series.bucket_us and known.us_per_row > COARSER * us_per_px:
            return near
        if self._is_outdated(known, view, us_per_px, now_us):
            return near if view.length_us * 2 > known.span.length_us else _widened(near)
        if joins:
            return _piece(known, near, now_us, AHEAD_PART)
        spare_us = int(SPARE_PART * view.length_us)
        padded = Span(view.from_us - spare_us, view.to_us + spare_us)
        short = not known.span.holds(_until_now(padded, now_us))
        return _widened(near) if settled and short else None

    def _joins(self, known: Loaded, us_per_px: float, now_us: int) -> bool:
        """Whether a piece beside the series can be joined to it, and the whole will do."""
        fits = us_per_px / COARSER <= known.us_per_row <= COARSER * us_per_px
        recent = now_us - known.read_us < JOINED_FOR_US
        return self._can_join and known.series.bucket_us > 0 and fits and recent

    def _is_outdated(self, known: Loaded, view: Span, us_per_px: float, now_us: int) -> bool:
        """Whether readings have come since, that would be seen: one a pixel is soon enough."""
        if view.to_us < known.read_us - AHEAD_US:
            return False
        patience_us = max(FRESH_FOR_US, int(us_per_px))
        return now_us - known.read_us > patience_us and view.to_us > known.read_us

    def series(self, publisher_id: str) -> SeriesData | None:
        """What is known of a device, fine or coarse."""
        best = self._best(publisher_id)
        return None if best is None else best.series

    def is_loaded(self, publisher_id: str, view: Span, now_us: int) -> bool:
        """Whether the readings of a view were read, finely or not."""
        known = self._loaded.get(publisher_id)
        return known is not None and known.span.holds(_until_now(view, now_us))

    def trace(self, publisher_id: str, channel: int, view: Span | None = None) -> Trace | None:
        """A channel as it is shown: the fine series where it covers the view, else the
        coarse one."""
        best = self._best(publisher_id, view)
        return None if best is None else self._trace_of(publisher_id, best, channel)

    def overview(self, publisher_id: str, channel: int) -> Trace | None:
        """A channel of all that is stored, coarsely."""
        known = self._overviews.get(publisher_id)
        return None if known is None else self._trace_of(publisher_id, known, channel)

    def stored(self) -> Span | None:
        """From when to when the compared devices have readings; None where none has."""
        known = [self._overviews[name].series for name in self.slots if name in self._overviews]
        ends = [(int(s.time_us[0]), int(s.time_us[-1])) for s in known if s.size]
        if not ends:
            return None
        return Span(min(end[0] for end in ends), max(end[1] for end in ends))

    def stored_of(self, publisher_id: str) -> Span | None:
        """From when to when a device has readings, as far as is known."""
        known = self._overviews.get(publisher_id)
        if known is None or known.series.size == 0:
            return None
        return Span(int(known.series.time_us[0]), int(known.series.time_us[-1]))

    def bucket_us(self) -> int:
        """The coarsest row among the devices shown, in time; 0 for single readings."""
        shown = (self.series(name) for name in self.slots)
        return max((series.bucket_us for series in shown if series is not None), default=0)

    def _best(self, publisher_id: str, view: Span | None = None) -> Loaded | None:
        fine, coarse = self._loaded.get(publisher_id), self._overviews.get(publisher_id)
        if fine is None:
            return coarse
        if view is not None and coarse is not None and not _overlap(fine.span, view):
            return coarse
        return fine

    def _trace_of(self, publisher_id: str, loaded: Loaded, channel: int) -> Trace:
        known = loaded.traces.get(channel)
        if known is None:
            device = self.devices.get(publisher_id)
            interval_us = device.interval_s * US_PER_S if device and device.interval_s else None
            gaps: NDArray[np.intp] = breaks(loaded.series.time_us, interval_us)
            segments = self.corrections.segments(publisher_id, CHANNELS[channel].key)
            known = trace(loaded.series, channel, interval_us, gaps, segments)
            loaded.traces[channel] = known
        return known

    def shown_values(self, publisher_id: str, series: SeriesData, channel: int) -> NDArray:
        """A channel of some readings of a device as it is shown."""
        segments = self.corrections.segments(publisher_id, CHANNELS[channel].key)
        return corrected(series.values[:, channel], series.time_us, segments)


def _until_now(span: Span, now_us: int) -> Span:
    """A stretch without the future, of which there is nothing to read."""
    return Span(max(0, span.from_us), max(span.from_us, min(span.to_us, now_us)))


def _overlap(span: Span, view: Span) -> bool:
    """Whether most of the view was read."""
    common_us = min(span.to_us, view.to_us) - max(span.from_us, view.from_us)
    return common_us > 0.3 * view.length_us


def _reaching(view: Span, now_us: int) -> Span:
    """A view that ends now, with the time in which its answer may come: it moves on meanwhile.

    There is nothing to read yet of what is ahead.
    """
    if view.to_us < now_us - FRESH_FOR_US:
        return view
    return Span(view.from_us, view.to_us + max(FRESH_FOR_US, int(SPARE_PART * view.length_us)))


def _widened(near: Request) -> Request:
    view = near.matters
    beside_us, spare_us = (int(part * view.length_us) for part in (MARGIN_PART, SPARE_PART))
    span = Span(max(0, view.from_us - beside_us), view.to_us + beside_us)
    matters = Span(max(0, view.from_us - spare_us), view.to_us + spare_us)
    points = int(near.max_points * (1 + 2 * MARGIN_PART))
    return near._replace(span=span, max_points=points, wide=True, needed=matters)


def _piece(known: Loaded, near: Request, now_us: int, ahead: float) -> Request | None:
    """What is to be joined to a series so that it holds a view, and `ahead` of the view's
    length beside it, each side in turn; None where nothing is, or it lies too far away.

    Buckets that the end of the series cuts are read again, as a whole.
    """
    view, bucket_us = near.matters, known.series.bucket_us
    length_us = view.length_us
    padded = Span(view.from_us - int(ahead * length_us), view.to_us + int(ahead * length_us))
    needed, beside_us = _until_now(padded, now_us), int(MARGIN_PART * length_us)
    begin_us = -(-known.span.from_us // bucket_us) * bucket_us
    end_us = min(known.span.to_us + 1, known.read_us) // bucket_us * bucket_us
    if needed.from_us < known.span.from_us:
        from_us = max(0, view.from_us - beside_us) // bucket_us * bucket_us
        span = Span(from_us, begin_us - 1)
    elif needed.to_us > known.span.to_us:
        span = Span(end_us, -(-(view.to_us + beside_us) // bucket_us) * bucket_us - 1)
    else:
        return None
    if span.length_us > (1 + MARGIN_PART) * length_us:
        return None
    matters = Span(max(span.from_us, needed.from_us), min(span.to_us, needed.to_us))
    points = max(1, int(near.max_points * span.length_us / max(1, length_us)))
    far_us = int(KEEP_PART * length_us)
    keep = Span(view.from_us - far_us, view.to_us + far_us)
    return Request(near.publisher_id, span, points, ahead > 0, matters, bucket_us, keep)


def _joined(known: Loaded, request: Request, piece: SeriesData) -> Loaded:
    """A series with a piece in place of what it had there, as far as they touch."""
    span, series = request.span, known.series
    if series.bucket_us != request.bucket_us or not (
        span.from_us - 1 <= known.span.to_us and known.span.from_us <= span.to_us + 1
    ):
        return known
    before = series.take(series.time_us < span.from_us)
    after = series.take(series.time_us > span.to_us)
    whole = Span(min(span.from_us, known.span.from_us), max(span.to_us, known.span.to_us))
    series = merge(merge(before, piece), after)
    if request.keep is not None:
        keep = request.keep
        whole = Span(max(whole.from_us, keep.from_us), min(whole.to_us, keep.to_us))
        first, last = np.searchsorted(series.time_us, [whole.from_us, whole.to_us + 1])
        series = series.take(slice(first, last))
    return Loaded(series, whole, known.us_per_row, known.read_us, {})
