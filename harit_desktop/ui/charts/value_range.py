"""The height of a strip's value axis: which range it shows and where its ticks lie."""

from math import ceil, floor, log10

from harit_desktop.domain.clock import US_PER_S

PAD = 0.12
SETTLE_US = 10 * US_PER_S
LOOSE = 0.6
"""A range of which the data need less than this part is narrowed after the settle time."""


class ValueRange:
    """A range that follows the data in steps rather than at each frame.

    It widens at once where data would leave it, and narrows only when the data have needed
    much less of it for ten seconds: a range that moves all the time makes a steady value
    look restless, and every step redraws all.
    """

    def __init__(self, min_span: float) -> None:
        self._min_span = min_span
        self._loose_since_us: int | None = None
        self.low = 0.0
        self.high = min_span
        self._known = False

    def reset(self) -> None:
        """The next data set the range afresh, as for another device or time range."""
        self._known = False

    def follow(self, low: float, high: float, now_us: int) -> bool:
        """Fits the range to data between `low` and `high`; True when it changed."""
        if not self._known:
            self._known = True
            self._fit(low, high)
            return True
        if low < self.low or high > self.high:
            self._fit(low, high)
            return True
        wanted = self._padded_span(low, high)
        if wanted >= LOOSE * (self.high - self.low):
            self._loose_since_us = None
            return False
        if self._loose_since_us is None or now_us < self._loose_since_us:
            self._loose_since_us = now_us
            return False
        if now_us - self._loose_since_us < SETTLE_US:
            return False
        self._fit(low, high)
        return True

    def _padded_span(self, low: float, high: float) -> float:
        return max((high - low) * (1 + 2 * PAD), self._min_span)

    def _fit(self, low: float, high: float) -> None:
        half = self._padded_span(low, high) / 2
        middle = (low + high) / 2
        self.low, self.high = middle - half, middle + half
        self._loose_since_us = None


def value_ticks(low: float, high: float, most: int = 3) -> tuple[list[float], int]:
    """Two to `most` round values inside a range, and the decimals that name them.

    Steps are 1, 2 or 5 times a power of ten; 2.5 where those would leave only one tick.
    """
    span = high - low
    if not span > 0:
        return [low], 0
    power = floor(log10(span)) - 1
    steps = [
        factor * 10.0**exponent
        for exponent in (power, power + 1, power + 2)
        for factor in (1.0, 2.0, 5.0)
    ]
    for step in steps:
        ticks = _multiples(low, high, step)
        if len(ticks) <= most:
            if len(ticks) < 2:
                ticks = _multiples(low, high, step / 2) or ticks
                step /= 2
            return ticks, _decimals(step)
    return [low], 0


def _multiples(low: float, high: float, step: float) -> list[float]:
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _decimals(step: float) -> int:
    return next(d for d in range(16) if d == 15 or abs(round(step, d) - step) < step * 1e-6)
