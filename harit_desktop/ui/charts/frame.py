"""What one strip shows at one moment, and where its parts lie in pixels."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import Channel
from harit_desktop.ui.charts.alarm_runs import Onset
from harit_desktop.ui.charts.envelope import Line
from harit_desktop.ui.charts.gaps import Gap
from harit_desktop.ui.charts.time_ticks import Tick

LEAD_PX = 8
"""Room right of "now", so that the dot of the newest reading is not cut."""
TOP_PX = 4
BOTTOM_PX = 5
FAR_PX = 4000.0
"""Values far off the scale are drawn no further out than this: the rasteriser is 16 bit."""


class Limits(NamedTuple):
    """A channel's optimal range and the alarm limits around it, in its own unit."""

    optimal_low: float
    optimal_high: float
    alarm_low: float
    alarm_high: float


def is_one_sided(limits: Limits, channel: Channel) -> bool:
    """Whether no value that the probe can report is too low, or none too high."""
    return limits.optimal_low <= channel.sensor_min or limits.optimal_high >= channel.sensor_max


class TimeView(NamedTuple):
    """The stretch of time on the shared axis: `span_us` ends `LEAD_PX` left of `end_us`."""

    start_us: int
    end_us: int
    width_px: int

    @property
    def us_per_px(self) -> float:
        return (self.end_us - self.start_us) / max(1, self.width_px)

    def x_of(self, time_us: float) -> float:
        return (time_us - self.start_us) / self.us_per_px

    def time_at(self, x: float) -> int:
        return int(self.start_us + x * self.us_per_px)

    def column_of(self, time_us: int) -> int:
        """The pixel column on a grid that does not move with the view."""
        return int(time_us // self.us_per_px)


def view_until(now_us: int, span_us: int, width_px: int) -> TimeView:
    """The view of the last `span_us`, moved on only by whole pixels.

    A redraw then always moves the picture by at least a pixel, and a column once drawn
    keeps its readings.
    """
    us_per_px = max(1.0, span_us / max(1, width_px - LEAD_PX))
    end_us = (int(now_us / us_per_px) + 1 + LEAD_PX) * us_per_px
    return TimeView(int(end_us - us_per_px * width_px), int(end_us), width_px)


class FlagMark(NamedTuple):
    """The beginning of a run of flagged readings. `value` is that of the reading as it is
    drawn; of a faulty one what the probe sent, NaN where that is not known."""

    time_us: int
    value: float


class FlagMarks(NamedTuple):
    """The marks of one flag in view, and its `bars` (m, 2): from and to in pixels.

    A run has one mark, at its beginning. Each bar lies over readings that follow one another
    and are all flagged.
    """

    marks: tuple[FlagMark, ...] = ()
    bars: NDArray[np.float64] = np.empty((0, 2))


NO_MARKS = FlagMarks()


class Flags(NamedTuple):
    """What is told of the readings in view: which are doubted, which are faulty and lie low or
    high, and (time_us, value) of what is believed and yet unusual."""

    suspect: FlagMarks = NO_MARKS
    faulty_low: FlagMarks = NO_MARKS
    faulty_high: FlagMarks = NO_MARKS
    unusual: tuple[FlagMark, ...] = ()

    def kinds(self) -> frozenset[Flag]:
        """Which of them there are; what is unusual passed."""
        there = {
            Flag.SUSPECT: _any(self.suspect),
            Flag.FAIL: _any(self.faulty_low) or _any(self.faulty_high),
            Flag.PASS: bool(self.unusual),
        }
        return frozenset(flag for flag, some in there.items() if some)


def _any(of: FlagMarks) -> bool:
    return bool(of.marks) or of.bars.size > 0


NO_FLAGS = Flags()


@dataclass(frozen=True)
class StripFrame:
    """Everything that a strip draws; `low`/`high` is the range of its value axis.

    `since` is where the running alarm began, as far as the readings behind the line tell; None
    leaves that to the line. `gaps` are hatched stretches of the focus device; `unit` and the
    texts are shown as they are. `live` puts a dot on the newest reading, `old` a pale one;
    `labelled_gaps` names also narrow gaps (first strip).
    """

    view: TimeView
    ticks: tuple[Tick, ...]
    low: float
    high: float
    value_ticks: tuple[tuple[float, str], ...]
    unit: str
    focus: Line | None
    context: tuple[Line, ...] = ()
    gaps: tuple[Gap, ...] = ()
    flags: Flags = NO_FLAGS
    limits: Limits | None = None
    live: bool = False
    old: bool = False
    labelled_gaps: bool = False
    empty_text: str = ""
    simulated_text: str = ""
    since: Onset | None = None


@dataclass(frozen=True)
class Scale:
    """Maps instants and values of a frame to pixels of a plot area of a given height."""

    view: TimeView
    low: float
    high: float
    height_px: float

    @property
    def top(self) -> float:
        return float(TOP_PX)

    @property
    def bottom(self) -> float:
        return float(max(TOP_PX + 1, self.height_px - BOTTOM_PX))

    def x(self, time_us: NDArray[np.float64]) -> NDArray[np.float64]:
        return (time_us - self.view.start_us) / self.view.us_per_px

    def y(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.clip(self._y(value), -FAR_PX, FAR_PX)

    def y_of(self, value: float) -> float:
        return float(min(max(self._y(value), -FAR_PX), FAR_PX))

    def inside(self, y: float, margin: float) -> float:
        """A y moved into the plot, `margin` pixels off its edges."""
        return min(max(y, self.top + margin), self.bottom - margin)

    def gap_rect(self, gap: Gap) -> QRectF:
        """The area of a gap as far as it is in view."""
        left = max(0.0, self.view.x_of(gap.start_us))
        right = min(float(self.view.width_px), self.view.x_of(gap.end_us))
        return QRectF(left, self.top, max(0.0, right - left), self.bottom - self.top)

    def _y(self, value: "float | NDArray[np.float64]") -> "float | NDArray[np.float64]":
        part = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.bottom - part * (self.bottom - self.top)
