"""Response curves: from a channel's value to a score of 0..100, in straight pieces."""

from __future__ import annotations

from bisect import bisect_right

import msgspec


class ResponseCurve(msgspec.Struct, frozen=True, gc=False):
    """Straight lines through (`xs`, `ys`), `xs` rising, level beyond both ends.

    `optimal_*` and `alarm_*` are in the channel's unit: outside the first a value is a
    critical factor, outside the second it is alarming. `edge_score` is the score at the
    optimal limits. `best_*` bound the values that score 100.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    optimal_low: float
    optimal_high: float
    alarm_low: float
    alarm_high: float
    best_low: float
    best_high: float
    edge_score: float = 100.0

    def score(self, value: float) -> float:
        """0..100. Rounding keeps it monotone, as all corners are whole numbers."""
        right = bisect_right(self.xs, value)
        if right == 0:
            return self.ys[0]
        if right == len(self.xs):
            return self.ys[-1]
        x, y = self.xs[right - 1], self.ys[right - 1]
        return y + (self.ys[right] - y) * ((value - x) / (self.xs[right] - x))


def trapezium(a: float, b: float, c: float, d: float) -> ResponseCurve:
    """0 up to `a`, 100 from `b` to `c`, 0 from `d` on."""
    return ResponseCurve((a, b, c, d), (0.0, 100.0, 100.0, 0.0), b, c, a, d, b, c)


def ramp(low: float, enough: float, most: float) -> ResponseCurve:
    """A nutrient: 0 at 0, 50 at `low`, 100 from `enough` on; `most` only bounds the axis.

    Below `low` is deficient and so outside the optimal range; no amount is alarming, for
    poor soil is not a fault and plenty of a nutrient no loss.
    """
    ys = (0.0, 50.0, 100.0)
    return ResponseCurve((0.0, low, enough), ys, low, most, 0.0, most, enough, most, 50.0)


def rising(a: float, b: float, most: float) -> ResponseCurve:
    """0 up to `a`, 100 from `b` on."""
    return ResponseCurve((a, b), (0.0, 100.0), b, most, a, most, b, most)


def falling(c: float, d: float, least: float) -> ResponseCurve:
    """100 up to `c`, 0 from `d` on."""
    return ResponseCurve((c, d), (100.0, 0.0), least, c, least, d, least, c)
