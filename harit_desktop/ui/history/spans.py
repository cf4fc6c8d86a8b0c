"""Which stretch of time the History page shows, and which it showed before."""

from typing import NamedTuple

from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.ui.time_ranges import RANGES_S

CUSTOM = "custom"
SHORTEST_US = 10 * US_PER_S
LONGEST_US = 40 * 365 * US_PER_DAY
MOST_KEPT = 50
SAME_GESTURE_S = 0.8
"""Turns of the wheel that follow one another so fast are one step back."""
_ALL_MARGIN = 0.01
_ALL_UNKNOWN_US = 30 * US_PER_DAY
_LEAST_ALL_US = 15 * 60 * US_PER_S


class Span(NamedTuple):
    """A stretch of time, UTC microseconds, from its begin up to its end."""

    from_us: int
    to_us: int

    @property
    def length_us(self) -> int:
        return self.to_us - self.from_us

    def holds(self, other: "Span") -> bool:
        return self.from_us <= other.from_us and other.to_us <= self.to_us

    def meets(self, other: "Span") -> bool:
        return self.from_us <= other.to_us and other.from_us <= self.to_us


class Shown(NamedTuple):
    """A view: its range key, or CUSTOM, and the stretch that it showed last."""

    key: str
    span: Span


class Views:
    """The stretch shown now and the way back.

    A range of RANGES_S ends now and moves on with `follow`; everything else stays where it
    is. No stretch is shorter than `SHORTEST_US` or begins before 1970.
    """

    def __init__(self, key: str, now_us: int) -> None:
        self._stored: Span | None = None
        self._back: list[Shown] = []
        self._gesture: tuple[str, float] = ("", 0.0)
        self._now_us = now_us
        self.key = key
        self.span = self._of_key(key)

    @property
    def can_go_back(self) -> bool:
        return bool(self._back)

    @property
    def follows(self) -> bool:
        """Whether the end of the view is the present."""
        return self.key != CUSTOM

    def set_stored(self, stored: Span | None) -> None:
        """Takes from when to when there are readings; "all" is that."""
        self._stored = stored
        if self.key == "all":
            self.span = self._of_key(self.key)

    def set_key(self, key: str) -> None:
        """Shows a range of RANGES_S; ValueError for anything else."""
        if key not in RANGES_S:
            raise ValueError(f"range must be one of {', '.join(RANGES_S)}, not {key!r}")
        self._remember("key")
        self.key = key
        self.span = self._of_key(key)

    def set_span(self, span: Span, gesture: str = "", at_s: float = 0.0) -> None:
        """Shows any stretch. Changes of one `gesture` within a moment are one step back."""
        self._remember(gesture, at_s)
        self.key = CUSTOM
        self.span = _sound(span)

    def zoom(self, factor: float, around_us: int, gesture: str = "", at_s: float = 0.0) -> None:
        """Makes the stretch `factor` times as long; what is at `around_us` stays there."""
        length_us = min(max(self.span.length_us * factor, SHORTEST_US), LONGEST_US)
        part = (around_us - self.span.from_us) / max(1, self.span.length_us)
        from_us = int(around_us - part * length_us)
        self.set_span(Span(from_us, from_us + int(length_us)), gesture, at_s)

    def pan(self, by_us: int, gesture: str = "", at_s: float = 0.0) -> None:
        """Moves the stretch, but not into the future beyond a day."""
        by_us = min(by_us, max(0, self._now_us + US_PER_DAY - self.span.to_us))
        span = self.span
        self.set_span(Span(span.from_us + by_us, span.to_us + by_us), gesture, at_s)

    def back(self) -> bool:
        """Shows what was shown before; False where there was nothing."""
        if not self._back:
            return False
        self._gesture = ("", 0.0)
        self.key, self.span = self._back.pop()
        if self.key != CUSTOM:
            self.span = self._of_key(self.key)
        return True

    def follow(self, now_us: int) -> None:
        """Moves a range that ends now on with the time."""
        self._now_us = now_us
        if self.follows:
            self.span = self._of_key(self.key)

    def _of_key(self, key: str) -> Span:
        seconds = RANGES_S.get(key)
        if seconds is not None:
            return Span(self._now_us - seconds * US_PER_S, self._now_us)
        if self._stored is None:
            return Span(self._now_us - _ALL_UNKNOWN_US, self._now_us)
        end_us = max(self._now_us, self._stored.to_us)
        length_us = max(_LEAST_ALL_US, int((end_us - self._stored.from_us) * (1 + _ALL_MARGIN)))
        return Span(max(0, end_us - length_us), end_us)

    def _remember(self, gesture: str, at_s: float = 0.0) -> None:
        before, then_s = self._gesture
        self._gesture = (gesture, at_s)
        if gesture and gesture == before and at_s - then_s < SAME_GESTURE_S:
            return
        self._back.append(Shown(self.key, self.span))
        del self._back[:-MOST_KEPT]


def _sound(span: Span) -> Span:
    from_us = max(0, span.from_us)
    return Span(from_us, max(from_us + SHORTEST_US, span.to_us))
