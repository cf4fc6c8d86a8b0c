"""What one strip of the History page shows: a line for each device, gaps, limits, marks."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import numpy as np

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.ui.charts.alarm_runs import NO_RUNS, AlarmRuns, alarm_runs
from harit_desktop.ui.charts.envelope import Line, Trace, line
from harit_desktop.ui.charts.flag_marks import faulty_marks, suspect_marks
from harit_desktop.ui.charts.frame import (
    BOTTOM_PX,
    NO_FLAGS,
    TOP_PX,
    Flags,
    Limits,
    StripFrame,
    TimeView,
)
from harit_desktop.ui.charts.gaps import Gap
from harit_desktop.ui.charts.time_ticks import Tick
from harit_desktop.ui.charts.value_range import ValueRange, value_ticks
from harit_desktop.ui.history.history_data import HistoryData
from harit_desktop.ui.history.spans import Span
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.theme import SIZES
from harit_desktop.ui.words import number

TALL_STRIP_PX = 110
_LABEL_EDGE_PX = 6
_TICK_ROOM = 1.8
_TICK_STEP = 1.1
_LETTER = 0.62
"""About how wide a letter is in text sizes."""


class ComparedLine(NamedTuple):
    """One device's line: its slot chooses colour and dash; where it is beyond the limits."""

    publisher_id: str
    name: str
    slot: int
    line: Line
    runs: AlarmRuns


class NamedGap(NamedTuple):
    """A gap and what is known of its reason, in words; "" where nothing is. One that is
    `ongoing` lasts until now."""

    gap: Gap
    reason: str
    ongoing: bool = False


@dataclass(frozen=True)
class CompareFrame(StripFrame):
    """A frame with several lines of equal rank; `quick` leaves out what takes long to draw,
    for the moments in which the view moves. `notes_us` are instants with a note."""

    lines: tuple[ComparedLine, ...] = ()
    named_gaps: tuple[NamedGap, ...] = ()
    notes_us: tuple[int, ...] = ()
    quick: bool = False


class HistoryScene(NamedTuple):
    """What all strips have in common; `lead` is the device whose gaps and flags are shown,
    `names` how devices are called, `reasons` why a gap of the lead is there. `silent_us` is
    since when the lead sends nothing although it should, None where it does."""

    view: TimeView
    now_us: int
    ticks: tuple[Tick, ...]
    limits: Mapping[str, Limits]
    lead: str | None
    names: Mapping[str, str]
    reasons: Mapping[tuple[int, int], str]
    notes_us: tuple[int, ...] = ()
    simulated: str = ""
    silent_us: int | None = None
    quick: bool = False

    @property
    def span(self) -> Span:
        return Span(self.view.start_us, self.view.end_us)


class FrameMaker:
    """Makes frames and keeps a value range for each channel."""

    def __init__(self, data: HistoryData) -> None:
        self._data = data
        self._ranges = [ValueRange(channel.min_span) for channel in CHANNELS]

    def reset(self) -> None:
        """Lets every value axis fit afresh."""
        for value_range in self._ranges:
            value_range.reset()

    def frame(
        self, channel: int, scene: HistoryScene, height_px: int, empty_text: str, first: bool
    ) -> CompareFrame:
        """The frame of a channel; `first` marks the topmost strip, which names every gap."""
        limits = scene.limits.get(CHANNELS[channel].key)
        lines = self._lines(channel, scene, limits)
        of = None
        if scene.lead is not None:
            of = self._data.trace(scene.lead, channel, scene.span)
        value_range = self._ranges[channel]
        self._follow(value_range, channel, lines, limits, scene.now_us)
        low, high = value_range.low, value_range.high
        gaps = lead_gaps(of, scene)
        focus = next((one.line for one in lines if one.publisher_id == scene.lead), None)
        return CompareFrame(
            view=scene.view,
            ticks=scene.ticks,
            low=low,
            high=high,
            value_ticks=axis_ticks(value_range, height_px),
            unit=axis_unit(CHANNELS[channel].unit, height_px),
            focus=focus,
            context=tuple(one.line for one in lines if one.publisher_id != scene.lead),
            gaps=tuple(named.gap for named in gaps),
            flags=self._flags(of, scene, (low + high) / 2),
            limits=limits,
            labelled_gaps=first,
            empty_text="" if any(one.line.size for one in lines) else empty_text,
            simulated_text=scene.simulated,
            lines=lines,
            named_gaps=gaps,
            notes_us=scene.notes_us,
            quick=scene.quick,
        )

    def _lines(
        self, channel: int, scene: HistoryScene, limits: Limits | None
    ) -> tuple[ComparedLine, ...]:
        made = []
        view = scene.view
        for publisher_id in self._data.compared():
            of = self._data.trace(publisher_id, channel, scene.span)
            if of is None:
                continue
            drawn = line(of, view.start_us, view.end_us, view.width_px)
            if drawn.size == 0:
                continue
            runs = NO_RUNS
            if limits is not None:
                runs = alarm_runs(drawn, limits.alarm_low, limits.alarm_high)
            name = scene.names.get(publisher_id, publisher_id)
            slot = self._data.slots[publisher_id]
            made.append(ComparedLine(publisher_id, name, slot, drawn, runs))
        return tuple(made)

    @staticmethod
    def _follow(
        value_range: ValueRange,
        channel: int,
        lines: tuple[ComparedLine, ...],
        limits: Limits | None,
        now_us: int,
    ) -> None:
        spec = CHANNELS[channel]
        if lines:
            low = min(float(one.line.low.min()) for one in lines)
            high = max(float(one.line.high.max()) for one in lines)
        elif limits is not None:
            low, high = limits.optimal_low, limits.optimal_high
        else:
            low, high = spec.start - spec.min_span / 2, spec.start + spec.min_span / 2
        value_range.follow(low, high, now_us)

    def _flags(self, of: Trace | None, scene: HistoryScene, middle: float) -> Flags:
        """The doubted and faulty readings of the lead; of several devices' flags one could
        not tell whose they are."""
        if of is None or scene.lead is None or scene.quick:
            return NO_FLAGS
        series = self._data.series(scene.lead)
        bucket_us = series.bucket_us if series is not None else 0
        until_us = scene.view.end_us
        return Flags(
            suspect_marks(of, scene.view, until_us, bucket_us),
            *faulty_marks(of, scene.view, until_us, middle, bucket_us),
        )


def lead_gaps(of: Trace | None, scene: HistoryScene) -> tuple[NamedGap, ...]:
    """The gaps of a trace that are wide enough to be seen, and the one that lasts until now."""
    if of is None:
        return ()
    starts, ends = of.silences.T
    view = scene.view
    seen = (ends > view.start_us) & (starts < view.end_us) & (ends - starts >= view.us_per_px)
    pairs = np.column_stack([starts[seen], ends[seen]]).tolist()
    gaps = [NamedGap(Gap(start, end), scene.reasons.get((start, end), "")) for start, end in pairs]
    since_us, until_us = scene.silent_us, min(scene.now_us, view.end_us)
    if since_us is not None and since_us < until_us and view.start_us < until_us:
        gaps.append(NamedGap(Gap(since_us, until_us), "", ongoing=True))
    return tuple(gaps)


def axis_ticks(of: ValueRange, height_px: int) -> tuple[tuple[float, str], ...]:
    """Ticks whose labels have room: none so near the edge that it would be cut."""
    edge = (of.high - of.low) * _LABEL_EDGE_PX * text_scale() / max(20, height_px)
    most = 4 if height_px > TALL_STRIP_PX else 3
    most = max(2, min(most, int(height_px / (SIZES.tick * _TICK_ROOM * text_scale()))))
    positions, decimals = value_ticks(of.low + edge, of.high - edge, most)
    if len(positions) > 1:
        # In a strip that is lower than most labels of a round step do not fit.
        plot_px = max(1, height_px - TOP_PX - BOTTOM_PX)
        step_px = (positions[1] - positions[0]) / (of.high - of.low) * plot_px
        every = max(1, ceil(SIZES.tick * _TICK_STEP * text_scale() / step_px))
        positions = positions[(len(positions) - 1) % every // 2 :: every]
    return tuple((at, number(at, decimals)) for at in positions)


def axis_unit(unit: str, height_px: int) -> str:
    """The unit beside the value axis, "" where the strip is too low for it."""
    length_px = len(unit) * SIZES.tick * _LETTER * text_scale()
    return unit if length_px <= height_px - TOP_PX - BOTTOM_PX else ""
