"""The way of readings and events to the alerts: bounded, and never in the pipeline's way."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.quality import QualityEvent
from harit_desktop.domain.reading import AnalysedReading

MOST_READINGS = 20_000
MOST_EVENTS = 5000
_MOST_DEVICES = 1000


class AlertFeed:
    """Takes from the pipeline's thread, gives to the alerts' thread.

    At most one reading of a device's second is taken, the first: alerts look at minutes. Where
    more waits than there is room for, the oldest go and `dropped` counts them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: deque[AnalysedReading] = deque()
        self._events: deque[QualityEvent] = deque()
        self._seconds: dict[str, int] = {}
        self.dropped = 0

    def offer(self, items: Iterable[AnalysedReading], events: Iterable[QualityEvent] = ()) -> None:
        """Takes stored readings and what they changed; never waits for anybody's work."""
        chosen = [item for item in items if self._is_chosen(item)]
        with self._lock:
            self._items.extend(chosen)
            while len(self._items) > MOST_READINGS:
                self._items.popleft()
                self.dropped += 1
            self._events.extend(events)
            while len(self._events) > MOST_EVENTS:
                self._events.popleft()
                self.dropped += 1

    def take(self) -> tuple[list[AnalysedReading], list[QualityEvent]]:
        """What waits; nothing waits afterwards."""
        with self._lock:
            items, events = list(self._items), list(self._events)
            self._items.clear()
            self._events.clear()
        return items, events

    def _is_chosen(self, item: AnalysedReading) -> bool:
        reading = item.reading
        if reading.simulated:
            return False
        second = reading.timestamp_us // US_PER_S
        if self._seconds.get(reading.publisher_id) == second:
            return False
        if len(self._seconds) >= _MOST_DEVICES:
            self._seconds.clear()
        self._seconds[reading.publisher_id] = second
        return True
