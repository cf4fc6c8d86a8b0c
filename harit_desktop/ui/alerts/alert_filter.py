"""Which alerts the page shows: by what was done about them, device, time and text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from harit_desktop.domain.alert import Alert
from harit_desktop.domain.clock import US_PER_DAY
from harit_desktop.ui.alerts.alert_words import is_open


class Shown(StrEnum):
    """The three buttons beside the filter."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    ALL = "all"


SPANS_US: dict[str, int | None] = {
    "24h": US_PER_DAY,
    "7d": 7 * US_PER_DAY,
    "30d": 30 * US_PER_DAY,
    "all": None,
}
DEFAULT_SPAN = "7d"


@dataclass(frozen=True)
class AlertFilter:
    """`publisher_id` None is every device, "" this computer; `text` are words that all have
    to be there. What is still open is shown however old it is."""

    shown: Shown = Shown.OPEN
    publisher_id: str | None = None
    span: str = DEFAULT_SPAN
    text: str = ""

    def since_us(self, now_us: int) -> int | None:
        """The instant from which on alerts are shown."""
        span_us = SPANS_US[self.span]
        return None if span_us is None else now_us - span_us

    def matches(self, alert: Alert, words: Callable[[Alert], str], now_us: int) -> bool:
        """Whether an alert is shown; `words` gives all that its row says."""
        if self.shown is Shown.OPEN and not is_open(alert):
            return False
        if self.shown is Shown.ACKNOWLEDGED and alert.acknowledged_us is None:
            return False
        if self.publisher_id is not None and alert.publisher_id != self.publisher_id:
            return False
        since_us = self.since_us(now_us)
        over = since_us is not None and alert.ended_us is not None and alert.ended_us < since_us
        if over and not is_open(alert):
            return False
        wanted = self.text.casefold().split()
        if not wanted:
            return True
        said = words(alert).casefold()
        return all(word in said for word in wanted)
