"""What waits to be told to other programs, and how fast it may go."""

import threading
from collections import deque
from collections.abc import Sequence

from harit_desktop.domain.reading import AnalysedReading

MAX_WAITING = 20_000
RATE_PER_S = 200.0
BURST = 400


class AnalysisQueue:
    """Analysed readings in their order, at most `limit`; beyond it the oldest go.

    May be used from any thread; holds its lock for as long as a list takes to copy.
    """

    def __init__(self, limit: int = MAX_WAITING) -> None:
        self._lock = threading.Lock()
        self._items: deque[AnalysedReading] = deque(maxlen=limit)
        self._limit = limit
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._items)

    def add(self, items: Sequence[AnalysedReading]) -> bool:
        """Whether the queue was empty before, so that whoever takes from it must be woken."""
        with self._lock:
            before = len(self._items)
            self.dropped += max(0, before + len(items) - self._limit)
            self._items.extend(items)
        return before == 0

    def take(self) -> AnalysedReading | None:
        """The oldest; None when nothing waits."""
        with self._lock:
            return self._items.popleft() if self._items else None


class Pace:
    """At most `rate_per_s` messages a second over time, and `burst` of them at once."""

    def __init__(self, rate_per_s: float = RATE_PER_S, burst: int = BURST) -> None:
        self._rate_per_s = rate_per_s
        self._burst = float(burst)
        self._allowed = self._burst
        self._at_s: float | None = None

    def allowed(self, now_s: float) -> int:
        """How many may go at `now_s` (monotonic seconds)."""
        if self._at_s is not None:
            gained = (now_s - self._at_s) * self._rate_per_s
            self._allowed = min(self._burst, self._allowed + gained)
        self._at_s = now_s
        return int(self._allowed)

    def spend(self, count: int) -> None:
        self._allowed -= count
