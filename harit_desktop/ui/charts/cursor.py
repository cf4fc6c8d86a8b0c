"""The time cursor that all strips share: where it stands and what it reads there."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.ui.charts.cursor_item import CursorMark
from harit_desktop.ui.charts.envelope import Trace
from harit_desktop.ui.charts.frame import LEAD_PX, TimeView
from harit_desktop.ui.charts.gaps import breaks
from harit_desktop.ui.charts.live_data import LiveData
from harit_desktop.ui.quality_texts import flag_phrase, reason_phrase
from harit_desktop.ui.words import channel_value

Times = NDArray[np.int64]
Positions = NDArray[np.intp]

NEAR_PX = 3.0
"""A cursor in a gap reads a reading this near to it."""


class TimeCursor:
    """An instant among the focus device's readings, or none.

    `follows` keeps it on the newest reading; `by_mouse` says that it goes with the mouse;
    readings after `until_us` are out of its reach.
    """

    def __init__(self, data: LiveData) -> None:
        self._data = data
        self.time_us: int | None = None
        self.follows = False
        self.by_mouse = False
        self.until_us: int | None = None

    def drop(self) -> None:
        self.time_us, self.follows, self.by_mouse = None, False, False

    def hover(self, x: float, view: TimeView) -> None:
        """Follows the mouse at `x` pixels, on the nearest reading where one is near."""
        self.follows, self.by_mouse = False, True
        at_us = min(view.time_at(x), view.time_at(view.width_px - LEAD_PX))
        times = self._times(view)
        near = _reading_at(times, breaks(times), at_us, view)
        self.time_us = at_us if near is None else int(times[near])

    def step(self, readings: int, view: TimeView) -> None:
        """Moves by a number of readings; starts from the newest where there is no cursor."""
        times = self._times(view)
        if times.size == 0:
            return
        at = times.size - 1 if self.time_us is None else _nearest(times, self.time_us) + readings
        self.time_us = int(times[min(max(at, 0), times.size - 1)])
        self.follows, self.by_mouse = False, False

    def jump(self, newest: bool, view: TimeView) -> None:
        """Goes to the newest reading and stays on it, or to the oldest in view."""
        times = self._times(view)
        if times.size:
            self.time_us = int(times[-1 if newest else 0])
            self.follows, self.by_mouse = newest, False

    def settle(self, view: TimeView) -> None:
        """Adapts to a view that has moved on."""
        if self.follows:
            self.jump(True, view)
        elif self.time_us is not None and not view.start_us <= self.time_us <= view.end_us:
            self.drop()

    def mark(self, channel: int, of: Trace | None, view: TimeView) -> CursorMark | None:
        """What one strip shows at the cursor."""
        if self.time_us is None:
            return None
        key = CHANNELS[channel].key
        refused = self._refused(of)
        if of is not None:
            near = _reading_at(of.time_us, of.gap_after, self.time_us, view)
            faulty = refused is not None and (near is None or of.time_us[near] != self.time_us)
            if near is not None and not faulty:
                value = float(of.value[near])
                flag, note = self._note(channel, of, near, view)
                return CursorMark(self.time_us, value, channel_value(key, value), flag, note)
        if refused is not None:
            note = flag_phrase(Flag.FAIL, self._code(key))
            return CursorMark(self.time_us, None, channel_value(key, refused), Flag.FAIL, note)
        none = QCoreApplication.translate("Charts", "no data")
        return CursorMark(self.time_us, None, none)

    def asks_why(self, traces: Iterable[Trace | None]) -> int | None:
        """The instant under the cursor where a channel is flagged for a reason that is not
        known; None where there is nothing to ask."""
        if self.time_us is None or self._data.focus is None:
            return None
        if self._data.reasons.knows(self._data.focus, self.time_us):
            return None
        flagged = any(of is not None and _is_flagged(of, self.time_us) for of in traces)
        return self.time_us if flagged else None

    def _note(self, channel: int, of: Trace, near: int, view: TimeView) -> tuple[int, str]:
        """The flag of a reading that is drawn, and what is said of it."""
        at_us = int(of.time_us[near])
        key = CHANNELS[channel].key
        refused = _refused_at(of, at_us) is not None
        if refused or (of.suspect is not None and of.suspect[near]):
            flag = Flag.FAIL if refused else Flag.SUSPECT
            phrase = flag_phrase(flag, self._code(key, at_us))
            if of.low is None or of.high is None or of.low[near] == of.high[near]:
                return flag, phrase
            some = QCoreApplication.translate("Charts", "some {flagged}")
            return flag, some.format(flagged=phrase)
        unusual = self._data.unusual(self._data.focus or "", channel)
        if any(abs(at_us - other) <= NEAR_PX * view.us_per_px for other in unusual):
            return Flag.PASS, reason_phrase("unusual.hour")
        return Flag.PASS, ""

    def _refused(self, of: Trace | None) -> float | None:
        return None if of is None or self.time_us is None else _refused_at(of, self.time_us)

    def _code(self, key: str, at_us: int | None = None) -> str:
        at_us = self.time_us if at_us is None else at_us
        return self._data.reasons.code(self._data.focus or "", at_us or 0, key)

    def _times(self, view: TimeView) -> Times:
        data = self._data.data(self._data.focus) if self._data.focus is not None else None
        if data is None:
            return np.empty(0, np.int64)
        end_us = view.end_us if self.until_us is None else min(view.end_us, self.until_us)
        first = np.searchsorted(data.time_us, view.start_us)
        last = np.searchsorted(data.time_us, end_us, side="right")
        return data.time_us[first:last]


def _refused_at(of: Trace, at_us: int) -> float | None:
    """What was refused at an instant, NaN where that is not known; None for nothing."""
    place = int(np.searchsorted(of.failed_us, at_us))
    if place == of.failed_us.size or of.failed_us[place] != at_us:
        return None
    return float(of.failed[place])


def _is_flagged(of: Trace, at_us: int) -> bool:
    if _refused_at(of, at_us) is not None:
        return True
    place = int(np.searchsorted(of.time_us, at_us))
    there = place < of.time_us.size and of.time_us[place] == at_us
    return there and of.suspect is not None and bool(of.suspect[place])


def _reading_at(times: Times, gap_after: Positions, at_us: int, view: TimeView) -> int | None:
    """The reading that a cursor at `at_us` reads; None in a gap and beyond the ends."""
    if times.size == 0:
        return None
    near = _nearest(times, at_us)
    if abs(int(times[near]) - at_us) <= NEAR_PX * view.us_per_px:
        return near
    before = int(np.searchsorted(times, at_us, side="right")) - 1
    if before < 0 or before == times.size - 1 or before in gap_after:
        return None
    return near


def _nearest(times: Times, at_us: int) -> int:
    after = int(np.searchsorted(times, at_us))
    if after == 0:
        return 0
    if after == times.size:
        return after - 1
    return after if times[after] - at_us < at_us - times[after - 1] else after - 1
