"""Builds the frames of the strips from the readings and keeps their value ranges."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from harit_desktop.domain.channels import CHANNELS, Channel
from harit_desktop.ui.charts.alarm_runs import Onset, running_onset
from harit_desktop.ui.charts.envelope import Line, Trace, line
from harit_desktop.ui.charts.flag_marks import faulty_marks, suspect_marks, unusual_marks
from harit_desktop.ui.charts.frame import (
    NO_FLAGS,
    Flags,
    Limits,
    StripFrame,
    TimeView,
    is_one_sided,
)
from harit_desktop.ui.charts.gaps import Gap
from harit_desktop.ui.charts.live_data import LiveData
from harit_desktop.ui.charts.time_ticks import Tick
from harit_desktop.ui.charts.value_range import ValueRange, value_ticks
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.theme import SIZES
from harit_desktop.ui.words import number

LEAST_FOCUS_PART = 1 / 3
"""A context line that would press the focus below this part of the value axis is not made
room for, a nearer one is."""
TALL_STRIP_PX = 110
_LABEL_EDGE_PX = 6
_TICK_ROOM = 1.8
"""Height of a strip per tick, in sizes of the tick's text."""


class Scene(NamedTuple):
    """What all strips have in common: view, present instant, ticks, limits by channel, and
    the mark of simulated data ("" for measured ones). Nothing after `until_us` is drawn."""

    view: TimeView
    now_us: int
    ticks: tuple[Tick, ...]
    limits: Mapping[str, Limits]
    mark: str
    until_us: int


class FrameBuilder:
    """One value range per channel, followed from frame to frame."""

    def __init__(self, data: LiveData) -> None:
        self._data = data
        self._ranges = [ValueRange(channel.min_span) for channel in CHANNELS]

    def reset(self) -> None:
        """Lets every value axis fit afresh, as after a change of device or range."""
        for value_range in self._ranges:
            value_range.reset()

    def frame(
        self, channel: int, scene: Scene, state: str, height_px: int, empty_text: str
    ) -> StripFrame:
        """The frame of a channel for a strip of a given state and height.

        `empty_text` says why the focus has no reading in view.
        """
        spec = CHANNELS[channel]
        focus = self._trace(self._data.focus, channel)
        drawn = None if focus is None else self._line(focus, scene)
        blank = drawn is None or drawn.size == 0
        context = self._context(channel, scene)
        limits = scene.limits.get(spec.key)
        value_range = self._ranges[channel]
        low, high = _wanted_range(drawn, context, limits, spec)
        value_range.follow(low, high, scene.now_us)
        return StripFrame(
            view=scene.view,
            ticks=scene.ticks,
            low=value_range.low,
            high=value_range.high,
            value_ticks=_value_ticks(value_range, height_px),
            unit=spec.unit,
            focus=None if blank else drawn,
            context=tuple(context),
            gaps=_gaps(focus, scene.view, state, scene.now_us),
            limits=limits,
            flags=self._flags(focus, channel, scene, (value_range.low + value_range.high) / 2),
            live=state in ("live", "fallback", "error") and not blank and _ends_well(focus),
            old=state in ("stale", "connecting") and not blank and _ends_well(focus),
            labelled_gaps=channel == 0,
            empty_text=empty_text,
            simulated_text=scene.mark,
            since=_running(focus, limits, scene.until_us),
        )

    def _trace(self, publisher_id: str | None, channel: int) -> Trace | None:
        return None if publisher_id is None else self._data.trace(publisher_id, channel)

    def _line(self, of: Trace, scene: Scene) -> Line:
        view = scene.view
        return line(of, view.start_us, view.end_us, view.width_px, scene.until_us)

    def _flags(self, of: Trace | None, channel: int, scene: Scene, middle: float) -> Flags:
        """The flags of the focus device's readings, as far as they are drawn."""
        focus = self._data.focus
        if of is None or focus is None:
            return NO_FLAGS
        data = self._data.data(focus)
        bucket_us = data.bucket_us if data is not None else 0
        return Flags(
            suspect_marks(of, scene.view, scene.until_us, bucket_us),
            *faulty_marks(of, scene.view, scene.until_us, middle, bucket_us),
            unusual_marks(of, self._data.unusual(focus, channel), scene.view, scene.until_us),
        )

    def _context(self, channel: int, scene: Scene) -> list[Line]:
        traces = (self._trace(known, channel) for known in self._data.context())
        lines = (self._line(of, scene) for of in traces if of is not None)
        return [made for made in lines if made.size]


def _value_ticks(of: ValueRange, height_px: int) -> tuple[tuple[float, str], ...]:
    """Ticks whose labels have room: none so near the edge that it would be cut."""
    edge = (of.high - of.low) * _LABEL_EDGE_PX * text_scale() / max(20, height_px)
    most = 4 if height_px > TALL_STRIP_PX else 3
    most = max(2, min(most, int(height_px / (SIZES.tick * _TICK_ROOM * text_scale()))))
    positions, decimals = value_ticks(of.low + edge, of.high - edge, most)
    return tuple((at, number(at, decimals)) for at in positions)


def _running(of: Trace | None, limits: Limits | None, until_us: int) -> Onset | None:
    """Where the alarm that goes on now began."""
    if of is None or limits is None:
        return None
    return running_onset(of, limits.alarm_low, limits.alarm_high, until_us)


def _ends_well(of: Trace | None) -> bool:
    """Whether the newest value is one that is drawn, not one that was refused."""
    if of is None or of.time_us.size == 0:
        return False
    return of.failed_us.size == 0 or bool(of.failed_us[-1] <= of.time_us[-1])


def _wanted_range(
    focus: Line | None,
    context: Sequence[Line],
    limits: Limits | None,
    channel: Channel,
) -> tuple[float, float]:
    """The lowest and highest value that the axis should hold."""
    if focus is None or focus.size == 0:
        if context:
            return _extent(context)
        if limits is not None and not is_one_sided(limits, channel):
            return limits.optimal_low, limits.optimal_high
        return channel.start - channel.min_span / 2, channel.start + channel.min_span / 2
    low, high = float(focus.low.min()), float(focus.high.max())
    if not context:
        return low, high
    # One device far away must not press the focus flat.
    room = max(high - low, channel.min_span) / LEAST_FOCUS_PART
    for other_low, other_high in sorted(
        (_extent([one]) for one in context), key=lambda ends: max(low - ends[0], ends[1] - high)
    ):
        if max(high, other_high) - min(low, other_low) <= room:
            low, high = min(low, other_low), max(high, other_high)
    return low, high


def _extent(lines: Sequence[Line]) -> tuple[float, float]:
    return (
        float(min(one.mean.min() for one in lines)),
        float(max(one.mean.max() for one in lines)),
    )


def _gaps(of: Trace | None, view: TimeView, state: str, now_us: int) -> tuple[Gap, ...]:
    """The gaps wide enough to see, and the one that lasts until now."""
    if of is None or of.time_us.size == 0:
        return ()
    starts, ends = of.silences.T
    seen = (ends > view.start_us) & (starts < now_us) & (ends - starts >= view.us_per_px)
    gaps = [
        Gap(int(start), min(int(end), now_us))
        for start, end in zip(starts[seen], ends[seen], strict=True)
    ]
    newest_us = max(int(times[-1]) for times in (of.time_us, of.failed_us) if times.size)
    if state in ("stale", "connecting", "empty") and newest_us < now_us:
        gaps.append(Gap(newest_us, now_us))
    return tuple(gaps)
