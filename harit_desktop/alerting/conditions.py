"""When a bad value is bad for long enough to be told, and good for long enough to be over.

The on-delay, off-delay and deadband of alarm management (ISA-18.2, EEMUA 191): a value that
crosses its limit back and forth is one alert, and a single odd reading is none.
"""

from __future__ import annotations

from collections import deque
from enum import Enum

from harit_desktop.domain.alert import AlertRule
from harit_desktop.domain.clock import US_PER_S

HOUR_US = 3600 * US_PER_S
_REMEMBERED_US = 3 * HOUR_US
_SAMPLE_EVERY_US = HOUR_US // 60
_SELDOM_S = 60.0
_MOST_DEADBAND = 0.45
"""Of the width: with half of it from both sides no value would be inside."""


class Turn(Enum):
    """What a value changed."""

    RAISED = "raised"
    WORSE = "worse"
    ENDED = "ended"


class Bounds:
    """A rule's limits for one channel, with the deadband inside them.

    `low` or `high` is None where there is no such limit; the deadband is then a share of
    `scale`, the width that the channel usually has.
    """

    def __init__(
        self, low: float | None, high: float | None, hysteresis_percent: float, scale: float
    ) -> None:
        self.low, self.high = low, high
        share = hysteresis_percent / 100
        if low is not None and high is not None:
            self._deadband = max(0.0, high - low) * min(share, _MOST_DEADBAND)
        else:
            self._deadband = scale * share

    def broken(self, value: float) -> float | None:
        """The limit that the value is beyond."""
        if self.low is not None and value < self.low:
            return self.low
        if self.high is not None and value > self.high:
            return self.high
        return None

    def is_well_inside(self, value: float) -> bool:
        """Whether the value has come back by at least the deadband."""
        low, high = self.low, self.high
        return (low is None or value >= low + self._deadband) and (
            high is None or value <= high - self._deadband
        )

    def excess(self, value: float) -> float:
        """How far beyond its limit the value is; 0 inside."""
        limit = self.broken(value)
        return 0.0 if limit is None else abs(value - limit)


class Watch:
    """One rule on one channel of one device. Values come in the order of their time."""

    def __init__(self, rule: AlertRule, bounds: Bounds) -> None:
        self._on_delay_us = rule.on_delay_s * US_PER_S
        self._off_delay_us = rule.off_delay_s * US_PER_S
        self._on_readings = rule.on_readings
        self._seldom_us = max(rule.on_delay_s, _SELDOM_S) * rule.on_readings * US_PER_S
        self._bounds = bounds
        self._bad_since_us: int | None = None
        self._bad_readings = 0
        self._good_since_us: int | None = None
        self._worst = 0.0
        self.active = False
        self.onset_us = 0
        self.limit: float | None = None
        """The limit that the value is beyond, or was when the alert began."""

    def resume(self, worst: float | None) -> None:
        """Goes on with an alert of an earlier run, or of the rule as it was before."""
        self.active = True
        if worst is not None:
            self.limit, self._worst = self._bounds.broken(worst), self._bounds.excess(worst)

    def feed(self, value: float, at_us: int) -> Turn | None:
        """What this value changed, None for nothing."""
        limit = self._bounds.broken(value)
        if self.active:
            return self._while_active(value, limit, at_us)
        return self._while_well(value, limit, at_us)

    def _while_well(self, value: float, limit: float | None, at_us: int) -> Turn | None:
        if limit is None or limit != self.limit:
            self._bad_since_us, self._bad_readings, self.limit = None, 0, limit
        if limit is None:
            return None
        if self._bad_since_us is None:
            self._bad_since_us = at_us
        self._bad_readings += 1
        lasted_us = at_us - self._bad_since_us
        enough = self._bad_readings >= self._on_readings or (
            self._bad_readings > 1 and lasted_us >= self._seldom_us
        )
        if not enough or lasted_us < self._on_delay_us:
            return None
        self.active, self.onset_us = True, self._bad_since_us
        self._good_since_us, self._worst = None, self._bounds.excess(value)
        return Turn.RAISED

    def _while_active(self, value: float, limit: float | None, at_us: int) -> Turn | None:
        if limit is not None and self.limit is not None and limit != self.limit:
            # From too dry to too wet at once: another alert, with a time of its own.
            self.active, self.limit = False, limit
            self._bad_since_us, self._bad_readings = at_us, 1
            return Turn.ENDED
        if not self._bounds.is_well_inside(value):
            self._good_since_us = None
            excess = self._bounds.excess(value)
            if excess > self._worst:
                self._worst, self.limit = excess, limit
                return Turn.WORSE
            return None
        if self._good_since_us is None:
            self._good_since_us = at_us
        if at_us - self._good_since_us < self._off_delay_us:
            return None
        self.active = False
        self._bad_since_us, self._bad_readings = None, 0
        return Turn.ENDED


class HourlyChange:
    """How much a channel changed within the last hour, from a value a minute of it.

    A probe that reports less often is compared with its value of up to three hours ago, and
    what it changed since is brought to an hour. None where there is nothing to compare with.
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[int, float]] = deque()

    def feed(self, value: float, at_us: int) -> float | None:
        """The change in units an hour up to and with this value."""
        samples = self._samples
        while len(samples) > 1 and at_us - samples[1][0] >= HOUR_US:
            samples.popleft()
        if samples and at_us - samples[0][0] > _REMEMBERED_US:
            samples.popleft()
        change = None
        if samples:
            since_us, before = samples[0]
            change = (value - before) * HOUR_US / max(HOUR_US, at_us - since_us)
        if not samples or at_us - samples[-1][0] >= _SAMPLE_EVERY_US:
            samples.append((at_us, value))
        return change
